#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# Packets that wait for a verdict of user space are left alone while sessions
# start and stop and the module comes and goes: none is lost, none enters its
# queue again, and their order is kept. The destination port says where:
#   7801 output of the client, 7802 forward of the router, 7803 input of the
#   server by iptables, 7804 input of the server behind every other hook.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

SENT=1000
# what a flood says at its end
STOPS=10
QUEUES='1 2 3 4'
declare -A HOLDER

# queue_at NS HOOK PRIORITY NUMBER
queue_at()
{
	ip netns exec "$1" nft -f - <<-END
		table ip queue_$4 {
			chain c {
				type filter hook $2 priority $3;
				udp dport 780$4 queue num $4
			}
		}
	END
}

topology()
{
	routed "$client_ns" "$router_ns" "$server_ns"
	queue_at "$client_ns" output 0 1
	queue_at "$router_ns" forward 0 2
	ip netns exec "$server_ns" iptables-legacy -A INPUT -p udp --dport 7803 -j NFQUEUE --queue-num 3
	queue_at "$server_ns" input 2147483647 4
	NS=('' "$client_ns" "$router_ns" "$server_ns" "$server_ns")
}

# hold NUMBER: the queue is full of what the client has sent. Who sends stays on
# its CPU: each has a backlog of its own, and packets would overtake each other.
hold()
{
	background "queue$1" ip netns exec "${NS[$1]}" taskset -c 0 "$HERE/nfqueue" "$1" $((SENT + STOPS))
	HOLDER[$1]=$LAST
	until_true 10000 grep -q bound "$WORK/queue$1.out"
	taskset -c 0 ip netns exec "$client_ns" /usr/bin/python3 "$HERE/peer.py" flood 10.4.0.2 "780$1" --count "$SENT"
	until_true 20000 grep -q full "$WORK/queue$1.out"
}

all_held()
{
	local n

	for n in $QUEUES; do
		hold "$n" || { sed 's/^/# /' "$WORK/queue$n.err"; return 1; }
	done
}

# release NUMBER: to a receiver that is there only now
release()
{
	start_peer "received$1" "$server_ns" udp-serials 10.4.0.2 "780$1"
	SERVER=$LAST
	wait_listen "$server_ns" "780$1"
	kill -USR1 "${HOLDER[$1]}"
	join "$SERVER"
	let_go "$1"
}

let_go()
{
	kill -TERM "${HOLDER[$1]}"
	join "${HOLDER[$1]}"
}

# in_order FILE: the serial numbers, each once, in their order
in_order()
{
	cmp -s <(grep '^[0-9]' "$1") <(seq 0 $((SENT - 1))) && return
	diff <(grep '^[0-9]' "$1") <(seq 0 $((SENT - 1))) | head -n 4 | sed 's/^/# /'
	return 1
}

# released NAME
released()
{
	local n

	for n in $QUEUES; do
		release "$n"
		check "$1, queue $n: nobody was queued again" in_order "$WORK/queue$n.out"
		check "$1, queue $n: all arrived in order" in_order "$WORK/received$n.out"
	done
}

# sessions N: start and stop
sessions()
{
	local i

	for ((i = 0; i < $1; i++)); do
		start_trace session || return
		stop_trace
	done
}

# A session that watches, and a namespace that comes and goes meanwhile.
namespace_meanwhile()
{
	start_trace session || return
	ip netns add "$client_ns-more" && ip netns del "$client_ns-more"
	stop_trace
}

waiting()
{
	awk '{ n += $3 } END { print n + 0 }' <(ip netns exec "$1" cat /proc/net/netfilter/nfnetlink_queue)
}

none_waits()
{
	local ns

	for ns in "$client_ns" "$router_ns" "$server_ns"; do
		[ "$(waiting "$ns")" -eq 0 ] || return
	done
}

told()
{
	dmesg | grep -q 'skbtrail: .*NFQUEUE'
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
topology

check "packets wait in every queue" all_held
check "20 sessions start and stop meanwhile" sessions 20
check "and a namespace" namespace_meanwhile
released "20 sessions"
check "unloads when none waits" unload

check "packets wait again" all_held
check "the module comes" modprobe skbtrail
check "and goes" unload
check "and comes to use kprobes" modprobe skbtrail attach=kprobe
check "sessions start and stop" sessions 3
released "loaded meanwhile"
check "nothing was said of it" eval '! told || dmesg | grep skbtrail: | sed "s/^/# /"'

check "packets wait once more" all_held
check "hooks of ended sessions go with the module" unload
check "the kernel drops what waits" none_waits
check "the log says so" told
for n in $QUEUES; do
	let_go "$n"
done
done_testing
