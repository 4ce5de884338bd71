#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The words for drop reasons are ours, the list of reasons is the kernel's: each
# core reason that the running kernel knows must have its line.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# {2, "NO_SOCKET"}, ...: as the tracepoint prints them
kernel_reasons()
{
	sed -n 's/^print fmt//p' /sys/kernel/tracing/events/skb/kfree_skb/format |
		grep -o '"[A-Z][A-Z0-9_]*"' | tr -d '"' | sort -u
}

explained()
{
	kernel_reasons >"$WORK/reasons"
	sed -n 's/^\([A-Z][A-Z0-9_]*\)|[^|]\+|[^|]\+$/\1/p' "$HERE/reasons.txt" | sort -u \
		>"$WORK/explained"
	comm -23 "$WORK/reasons" "$WORK/explained" | grep -vx 'MAX' >"$WORK/silent"
	[ "$(wc -l <"$WORK/reasons")" -gt 60 ] && [ ! -s "$WORK/silent" ] && return
	sed 's/^/# not explained: /' "$WORK/silent"
	return 1
}

check "each reason of this kernel has a sentence and an advice" explained
done_testing
