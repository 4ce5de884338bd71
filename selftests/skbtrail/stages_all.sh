#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No stage was forgotten: each that this kernel offers was passed in one of the
# tests before (stages_*.sh), and stands in the page of stages by kernel.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/stagelib.sh"

kernel()
{
	uname -r | sed 's/^\([0-9]*\.[0-9]*\).*/\1/'
}

# the names of the stages that can be watched here
offered()
{
	grep -E '^\{[^[]*"state":"(available|attached)"' "$WORK/here" |
		sed 's/^{"stage":"\([^"]*\)".*/\1/' | sort
}

none_forgotten()
{
	offered | comm -23 - <(sort -u "$COVERED") >"$WORK/forgotten"
	[ -s "$WORK/here" ] && [ ! -s "$WORK/forgotten" ] && return
	sed 's/^/# never passed: /' "$WORK/forgotten"
	return 1
}

page_is_current()
{
	/usr/bin/python3 "$HERE/kernels.py" check "$HERE/kernels.md" "$(kernel)" <"$WORK/here"
}

"$HERE/stages_here" >"$WORK/here"
case $(uname -r) in
*-skbtrail-*) ktap_test_skip "the page of stages by kernel says the same: it has no debug kernels" ;;
*) check "the page of stages by kernel says the same" page_is_current ;;
esac
# this is one of them
scripts=("$HERE"/stages_*.sh)
if [ "$(sort -u "$COVERED.scripts" 2>/dev/null | wc -l)" -eq $((${#scripts[@]} - 1)) ]; then
	check "every stage was passed and counted" none_forgotten
else
	ktap_test_skip "every stage was passed and counted: run all of stages_*.sh before"
fi
done_testing
