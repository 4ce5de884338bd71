#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Results of shell tests as TAP. Sourced; a test ends with "done_testing".

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/../kselftest/ktap_helpers.sh"

# check NAME COMMAND...: one result
check()
{
	local name=$1

	shift
	if "$@"; then
		ktap_test_pass "$name"
	else
		ktap_test_fail "$name"
	fi
}

done_testing()
{
	KSFT_NUM_TESTS=$((KTAP_TESTNO - 1))
	echo "1..$KSFT_NUM_TESTS"
	ktap_finished
}
