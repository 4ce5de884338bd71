#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest is what the other tests take it for. What selftests/vm/vm promises
# to the host is tested by selftests/vm/test.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/results.sh"

mount_of()
{
	awk -v point="$1" '$2 == point { print $3; exit }' /proc/mounts
}

overlay_root()
{
	[ "$(mount_of /)" = overlay ]
}

# The write must land in the tmpfs: the host would refuse it.
root_is_writable()
{
	local f

	f=/var/skbtrail-vm-test
	echo x >"$f" && [ "$(cat "$f")" = x ] && rm "$f"
}

mounted()
{
	local m

	for m in /proc:proc /sys:sysfs /dev:devtmpfs /dev/pts:devpts /dev/shm:tmpfs /run:tmpfs \
		/sys/kernel/debug:debugfs /sys/kernel/tracing:tracefs /sys/fs/bpf:bpf \
		/sys/fs/cgroup:cgroup2; do
		[ "$(mount_of "${m%:*}")" = "${m#*:}" ] || { echo "# ${m%:*} is not ${m#*:}"; return 1; }
	done
}

descriptors()
{
	[ "$(echo x | cat /dev/stdin)" = x ] && [ "$(cat <(echo y))" = y ] &&
		[ "$(sh -c 'echo z >/dev/stdout')" = z ]
}

quiet_console()
{
	[ "$(cut -f 1 /proc/sys/kernel/printk)" -le 4 ]
}

loopback()
{
	ping -q -c 1 -W 5 127.0.0.1 >/dev/null
}

namespaces()
{
	local ns="vm-$$"

	ip netns add "$ns" && ip -n "$ns" link add type veth && ip netns del "$ns"
}

# A shell's background job ignores SIGINT without job control: that is the
# shell's doing, and `set -m` must undo it.
interrupt()
{
	bash -c 'set -m; sleep 60 & p=$!
		until [ "$(</proc/$p/comm)" = sleep ]; do :; done
		kill -INT $p; wait $p; [ $? -eq 130 ]'
}

module_loads()
{
	modprobe skbtrail && grep -q '^skbtrail ' /proc/modules && modprobe -r skbtrail
}

module_stays_away()
{
	! grep -q '^skbtrail ' /proc/modules
}

tool_on_path()
{
	[ -x "$(command -v skbtrail)" ]
}

[ -d /run/vm ] || { ktap_skip_all "not in the virtual machine"; exit "$KSFT_SKIP"; }

ktap_print_header
check "the root is an overlay" overlay_root
check "the root takes writes" root_is_writable
check "pseudo file systems are mounted" mounted
check "/dev/fd, stdin and stdout work" descriptors
check "the console is quiet" quiet_console
check "loopback answers" loopback
check "network namespaces and veth work" namespaces
check "SIGINT reaches a job" interrupt
check "modprobe loads and removes skbtrail" module_loads
check "skbtrail is gone afterwards" module_stays_away
check "the tool is on PATH" tool_on_path
check "this is root" test "$(id -u)" -eq 0
done_testing
