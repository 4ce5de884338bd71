#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads the module that edits a million random packets; what it found wrong
# stands in the kernel's log.

"$(dirname "$(readlink -f "$0")")/../kselftest/module.sh" "skbtrail rewrite" test_skbtrail_rewrite \
	"cases=$((1000000 / ${SKBTRAIL_SLOW:-1}))" "$@"
rc=$?
dmesg | grep -E 'test_skbtrail_rewrite: ' | sed 's/^[^]]*\] /# /' | uniq | head -n 60
exit "$rc"
