#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# Many sessions at once watch the same traffic, each with another filter or
# option, and each gets its own packets and no other.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

declare -A PID STATUS_OF

# watch NAME ARGS...: one more session
watch()
{
	# two dozen that flush often are all a slow machine does
	start_trace "$1" --flush-ms $((100 * SLOW)) "${@:2}" || return
	PID[$1]=$TRACER
}

has_line()
{
	[ -s "$1" ]
}

has_ended()
{
	! alive "$1"
}

# One stops by itself, the others are interrupted.
stop_all()
{
	local name

	until_true 10000 has_ended "${PID[count]}"
	for name in "${!PID[@]}"; do
		stop_trace "${PID[$name]}"
		STATUS_OF[$name]=$STATUS
	done
}

all_complete()
{
	local name bad=0

	for name in "${!PID[@]}"; do
		[ "${STATUS_OF[$name]}" -eq 0 ] && continue
		echo "# $name ended with ${STATUS_OF[$name]}"
		sed 's/^/# /' "$WORK/$name.err"
		bad=1
	done
	return "$bad"
}

# UDP to an open and to a closed port, IPv6, ping, a refused connection, and an
# address that must be resolved first
traffic()
{
	local sink

	start_peer sink "$server_ns" udp-sink 10.6.0.2 7201
	sink=$LAST
	wait_listen "$server_ns" 7201
	peer "$client_ns" udp-send 10.6.0.2 7201 --count 3
	peer "$client_ns" udp-send 10.6.0.2 7201 --text stop
	join "$sink"
	peer "$client_ns" udp-send fd00:6::2 7202
	peer "$client_ns" udp-send 10.6.0.3 7203
	peer "$client_ns" udp-send 10.6.0.2 7205
	peer "$client_ns" tcp-client 10.6.0.2 7204 2>/dev/null
	ip netns exec "$client_ns" ping -q -c 1 -W 10 10.6.0.2 >/dev/null
}

# The one that prints everything tells when the last packet has ended.
echo_reply_ended()
{
	grep -q '"type":0,' "$WORK/all.out"
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 6
ip -n "$server_ns" addr add 10.6.0.3/24 dev veth0
SERVER_MAC=$(mac_of "$server_ns" veth0)
SERVER_INUM=$(ip netns exec "$server_ns" readlink /proc/self/ns/net | tr -dc 0-9)

ip netns exec "$server_ns" nft -f - <<-END
	table ip nat {
		chain prerouting {
			type nat hook prerouting priority -100
			ip daddr 10.6.0.2 udp dport 7205 dnat to 10.6.0.3
		}
	}
END
readonly AFTER_NAT='udp and dst host 10.6.0.3 and dst port 7205'

watch all
watch natted "$AFTER_NAT"
watch subset --stage ip.rcv,ip.local_deliver "$AFTER_NAT"
watch host host 10.6.0.3
watch src src host 10.6.0.2 and udp or src host 10.6.0.2 and tcp
watch port udp port 7201
watch range udp dst portrange 7201-7203
watch net net fd00:6::/64 and udp
watch tcp tcp
watch flags 'tcp[tcpflags] & tcp-rst != 0'
watch not ip and not udp and not tcp
watch or icmp or tcp dst port 7204
watch payload 'udp[8:4] = 0x73746f70'
watch arp arp
watch ether "ether src $SERVER_MAC and arp"
watch l2 "ether dst $SERVER_MAC and udp dst port 7201"
watch none vlan 5
watch dev --dev veth0 udp dst port 7201
watch netns --netns "$server_ns" udp dst port 7201
watch stage --stage udp.send,ip.output,udp.rcv,sock.queue udp dst port 7201
watch count --count 2 udp dst port 7201
watch drops --drops
watch snap --snaplen 29 udp dst port 7201
watch bare --snaplen 0 udp dst port 7201
check "many sessions run at once" test "${#PID[@]}" -eq 24
traffic
until_true 10000 echo_reply_ended
stop_all
check "every session is complete" all_complete

judge "$WORK/all.out" <<-END
	no filter: everything | set(t.proto for t in T if t.proto) >= {"udp", "tcp", "icmp", "icmpv6"} and any(t.arp for t in T)
END
judge "$WORK/host.out" <<-END
	host: its packets and ARP for it | T and all(t.dst == "10.6.0.3" or t.src == "10.6.0.3" or "10.6.0.3" in (t.arp.sip, t.arp.tip) for t in T)
	host: the datagram | len(some(dport=7203)) == 1
END
judge "$WORK/src.out" <<-END
	src: only what the server sends | T and all((t.src, t.proto) == ("10.6.0.2", "tcp") for t in T)
END
judge "$WORK/port.out" <<-END
	port: its packets | [t.dport for t in some()] == [7201] * 4
END
judge "$WORK/range.out" <<-END
	dst portrange: its packets, of both families | sorted(t.dport for t in some()) == [7201] * 4 + [7202, 7203]
END
judge "$WORK/net.out" <<-END
	net: its packets | [t.dport for t in some()] == [7202]
END
judge "$WORK/tcp.out" <<-END
	tcp: a SYN and its reset | sorted(t.flags for t in some()) == ["RST,ACK", "SYN"]
END
judge "$WORK/flags.out" <<-END
	tcp flags: the reset | [t.flags for t in some()] == ["RST,ACK"]
END
judge "$WORK/not.out" <<-END
	not: ping only, and errors | T and all(t.proto == "icmp" for t in T)
END
judge "$WORK/or.out" <<-END
	or: either | set(t.proto for t in T) == {"icmp", "tcp"} and [t.dport for t in some(proto="tcp")] == [7204]
END
judge "$WORK/payload.out" <<-END
	bytes of the payload: one packet | len(some()) == 1 and one(dport=7201).len == 32
END
judge "$WORK/arp.out" <<-END
	arp: request and reply | sorted(t.arp.op for t in some()) == ["reply", "request"] and all(t.family == "arp" for t in T)
	arp: the request is used up | only([t for t in some() if t.arp.op == "request"]).end == "consumed"
END
judge "$WORK/ether.out" <<-END
	ether src: the server's reply | only(some()).arp.op == "reply"
END
judge "$WORK/l2.out" <<-END
	ether dst: begins where there is an Ethernet header | [(t.dport, t.stages[0]) for t in some()] == [(7201, "dev.queue")] * 4
END
judge "$WORK/none.out" <<-END
	a filter that nothing matches: nothing | T == []
END
judge "$WORK/dev.out" <<-END
	--dev: begins at the device | len(some()) == 4 and all(t.hits[0].dev == "veth0" or "earlier" in t.hits[0].ctx for t in some())
END
judge "$WORK/netns.out" <<-END
	--netns: begins in the namespace | len(some()) == 4 and all(h.netns == $SERVER_INUM for t in some() for h in t.hits)
END
judge "$WORK/stage.out" <<-END
	--stage: these stages only | [t.stages for t in some()] == [["udp.send", "ip.output", "udp.rcv", "sock.queue"]] * 4
	--stage: the end is told | all(t.end in ("delivered", "consumed") for t in some())
END
judge "$WORK/count.out" <<-END
	--count: so many | len(T) == 2
END
judge "$WORK/drops.out" <<-END
	--drops: drops only | T and all(t.end == "dropped" for t in T) and len([t for t in some() if t.dport in (7202, 7203, 7204)]) == 3
END
judge "$WORK/snap.out" <<-END
	--snaplen: so many bytes | len(some()) == 4 and all(len(t.bytes) == 58 for t in some())
END
judge "$WORK/bare.out" <<-END
	--snaplen 0: no bytes | len(some()) == 4 and not any(t.bytes for t in T)
END

judge "$WORK/natted.out" <<-END
	after NAT: what others follow already begins where it matches | [t.stages[0] for t in some()] == ["route.input"]
END
judge "$WORK/subset.out" <<-END
	after NAT, few stages: begins at the first that matches | [t.stages for t in some()] == [["ip.local_deliver"]]
END

# nobody else follows it: what was rejected is asked again behind the NAT
start_trace alone --stage ip.rcv,ip.local_deliver "$AFTER_NAT"
peer "$client_ns" udp-send 10.6.0.2 7205
until_true 10000 has_line "$WORK/alone.out"
stop_trace "$TRACER"
judge "$WORK/alone.out" <<-END
	rejected before NAT, wanted behind it | [t.stages for t in some()] == [["ip.local_deliver"]]
END

try duration skbtrail trace --json --duration 0.3 udp port 1
check "--duration: ends by itself, complete" status_is 0
try tree skbtrail trace --duration 0.2 udp port 1
check "a summary is printed" grep -q 'nothing was lost' "$WORK/tree.err"
check "nothing stays attached" nothing_left
done_testing
