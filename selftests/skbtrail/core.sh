#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads the module that tests the parts of skbtrail.ko from inside; what it
# found wrong stands in the kernel's log.

"$(dirname "$(readlink -f "$0")")/../kselftest/module.sh" "skbtrail core" test_skbtrail_core "$@"
rc=$?
dmesg | grep -E 'test_skbtrail_core: (TC|failed|all)' | sed 's/^[^]]*\] /# /' | uniq | head -n 40
exit "$rc"
