#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------+
#   | client veth0 |-----| veth0 server |
#   | 10.12.0.1    |     |    10.12.0.2 |
#   +--------------+     +--------------+
#
# Packets wait in NFQUEUE while rewrite rules come and go: none is lost. What
# the kernel itself forces is refused until it is asked for.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=/dev/null
. "$HERE/rewritelib.sh"

SENT=200

# how many wait in the server's namespace
waiting()
{
	awk '{ n += $3 } END { print n + 0 }' <(ip netns exec "$server_ns" cat /proc/net/netfilter/nfnetlink_queue)
}

wait_held()
{
	[ "$(waiting)" -eq $((SENT + STOPS)) ]
}

none_waits()
{
	[ "$(waiting)" -eq 0 ]
}

# hold: packets in the queue; pid in HOLDER
hold()
{
	background queue ip netns exec "$server_ns" taskset -c 0 "$HERE/nfqueue" 1 $((SENT + STOPS))
	HOLDER=$LAST
	until_true 10000 grep -q bound "$WORK/queue.out"
	taskset -c 0 ip netns exec "$client_ns" /usr/bin/python3 "$HERE/peer.py" flood 10.12.0.2 7801 --count "$SENT"
	until_true 20000 grep -q full "$WORK/queue.out"
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 12
check "the module is armed" armed

# in force before there is a queue
add --at local_in --netns "$server_ns" ttl 99 if udp dst port 7599
add --at ingress --netns "$server_ns" mark 1 if udp dst port 7600
modprobe nfnetlink_queue
check "what may be lost is told" eval 'dmesg | grep -q "skbtrail: rewrite rules are at ingress or egress.*drops what waits in NFQUEUE"'
ip netns exec "$server_ns" nft -f - <<-'END'
	table ip waits {
		chain c {
			type filter hook input priority 0;
			udp dport 7801 queue num 1
		}
	}
END
hold
check "packets wait" wait_held

no_add "a hook in front of them" "packets may wait in NFQUEUE.*--disturb-queues" --at local_in --after-nat drop if udp port 7598
check "a rule where there is a hook already" add --at local_in --netns "$server_ns" ttl 98 if udp dst port 7598
check "rules go" flush
check "none is lost" wait_held
check "a rule comes back" add --at local_in --netns "$server_ns" ttl 97 if udp dst port 7597
check "and goes" flush
check "still none is lost" wait_held
background received ip netns exec "$server_ns" /usr/bin/python3 "$HERE/peer.py" udp-serials 10.12.0.2 7801
SERVER=$LAST
wait_listen "$server_ns" 7801
kill -USR1 "$HOLDER"
join "$SERVER"
check "all arrive, in order" cmp <(grep '^[0-9]' "$WORK/received.out") <(seq 0 $((SENT - 1)))
check "it is done where it is asked for" add --at local_out --netns "$server_ns" --disturb-queues drop if udp port 7596
flush
kill -TERM "$HOLDER"
join "$HOLDER"

# devices go while packets wait, without a hook of ours and with one
ip -n "$server_ns" link add gone0 type dummy
ip -n "$server_ns" link add gone1 type dummy
hold
check "packets wait again" wait_held
ip -n "$server_ns" link del gone0
check "a device without a hook takes none with it" wait_held
no_add "a hook of devices" "packets may wait in NFQUEUE.*--disturb-queues" --at ingress --netns "$server_ns" ttl 96 if udp dst port 7595
check "it is added where it is asked for" add --at ingress --netns "$server_ns" --disturb-queues ttl 96 if udp dst port 7595
check "it takes none with it" wait_held
check "its rule goes" flush
check "still none is lost" wait_held
ip -n "$server_ns" link del gone1
check "its device goes: the kernel drops what waits" until_true 10000 none_waits
kill -TERM "$HOLDER"
join "$HOLDER"
dmesg -C
check "the module goes" unload
check "the log says that hooks go" eval 'dmesg | grep -q "skbtrail: netfilter hooks are removed"'
done_testing
