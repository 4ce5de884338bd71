#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# Load, trace, kill the tool under traffic, unload: the kernel is as before.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

ROUNDS=$(scaled 25)
AT_ONCE=8

state()
{
	sort /sys/kernel/debug/kprobes/list
	sort /sys/kernel/tracing/enabled_functions
	cut -d ' ' -f 1 /proc/modules | sort
	nf_hooks "$client_ns"
	nf_hooks "$server_ns"
}

# Needs nft 1.0.1 and CONFIG_NETFILTER_NETLINK_HOOK.
nf_hooks()
{
	ip netns exec "$1" nft list hooks 2>/dev/null
}

idle()
{
	[ "$(cut -d ' ' -f 3 < <(grep '^skbtrail ' /proc/modules))" = 0 ]
}

# Traffic that goes on until it is killed, through every netfilter point.
start_traffic()
{
	background noise ip netns exec "$client_ns" ping -q -i 0.01 10.9.0.2
	NOISE=$LAST
	background noise6 ip netns exec "$client_ns" ping -q -i 0.01 fd00:9::2
	NOISE6=$LAST
}

larger_than()
{
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

# Several at once, which share what is attached.
kill_round()
{
	local i pids=()

	for ((i = 0; i < AT_ONCE; i++)); do
		rm -f "$WORK/kill$i.out"
		background "kill$i" skbtrail record -o -
		pids+=("$LAST")
	done
	# batches of packets, not only names
	for ((i = 0; i < AT_ONCE; i++)); do
		until_true 30000 larger_than "$WORK/kill$i.out" 100000 || { echo "# no trails"; return 1; }
	done
	for i in "${pids[@]}"; do
		kill -KILL "$i"
		join "$i"
		[ "$STATUS" -eq 137 ] || { echo "# the tool ended with $STATUS"; return 1; }
	done
}

kill_rounds()
{
	local i

	for ((i = 0; i < ROUNDS; i++)); do
		kill_round || { echo "# in round $i"; return 1; }
	done
}

# Killed at different moments of their start, before and while probes attach.
kill_early()
{
	local i

	for ((i = 0; i < 5; i++)); do
		background early skbtrail trace --json
		sleep "0.$((i * 2))"
		kill -KILL "$LAST"
		join "$LAST"
	done
	true
}

same_state()
{
	[ "$(state)" = "$BEFORE" ] || { diff <(echo "$BEFORE") <(state) | sed 's/^/# /'; return 1; }
}

refuses_unload()
{
	! rmmod skbtrail 2>"$WORK/rmmod.err" && loaded && alive "$TRACER"
}

# query NAME: stages of a UDP query, for comparison
query()
{
	local name=$1

	start_trace "$name" udp dst port 7601 || return
	exchange udp "$client_ns" "$server_ns" 10.9.0.2 7601
	wait_trails "$name" 1
	stop_trace
	grep -o '"stage":"[a-z_.]*"' "$WORK/$name.out" >"$WORK/$name.stages"
	[ "$STATUS" -eq 0 ] && [ -s "$WORK/$name.stages" ]
}

by_kprobe()
{
	skbtrail stages --json | grep -q '"attach":"kprobe"' &&
		! skbtrail stages --json | grep -q '"attach":"ftrace"'
}

same_stages()
{
	diff "$WORK/auto.stages" "$WORK/kprobe.stages" | sed 's/^/# /'
	cmp -s "$WORK/auto.stages" "$WORK/kprobe.stages"
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 9
unload
# whatever traffic and tools load on the way is loaded before the comparison
ip netns exec "$client_ns" ping -q -c 1 10.9.0.2 >/dev/null
ip netns exec "$client_ns" ss -Hlntu >/dev/null
modprobe -q nfnetlink_hook
# this one comes and goes below
modprobe -qr vxlan
# looking loads modules, too
state >/dev/null
BEFORE=$(state)
HOOKS_BEFORE=$(nf_hooks "$client_ns")

modprobe skbtrail
check "loading attaches nothing" nothing_attached
# has functions that are watched
modprobe vxlan
check "nor does another module that comes" nothing_attached
modprobe -r vxlan
start_traffic
check "$((ROUNDS * AT_ONCE)) tools killed under traffic" kill_rounds
check "tools killed while they start" kill_early
check "their sessions end" until_true 20000 nothing_attached
check "nobody holds the module" until_true 20000 idle
start_trace held
check "a running session refuses unloading" refuses_unload
HOOKS=$(nf_hooks "$client_ns")
stop_trace
check "it was not disturbed" test "$STATUS" -le 2
check "unloads under traffic" unload
check "probes, ftrace and modules are as before" same_state
if [ "$HOOKS" != "$HOOKS_BEFORE" ]; then
	check "netfilter hooks are as before" test "$(nf_hooks "$client_ns")" = "$HOOKS_BEFORE"
else
	ktap_test_skip "netfilter hooks are as before: the session's could not be listed"
fi
# a probe left behind in a tracepoint would run freed code now
check "traffic goes on after it" alive "$NOISE"
kill -INT "$NOISE" "$NOISE6"
join "$NOISE"
join "$NOISE6"
check "and was answered" status_is 0

modprobe skbtrail
check "a UDP query is traced after all that" query auto
unload
modprobe skbtrail attach=kprobe
check "attach=kprobe attaches by kprobes only" by_kprobe
check "attach=kprobe traces a UDP query" query kprobe
check "attach=kprobe sees the same stages" same_stages
check "unloads again" unload
check "and all is as before again" same_state
done_testing
