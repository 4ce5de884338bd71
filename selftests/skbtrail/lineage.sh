#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +-----------------+          +-----------------+
#   | a         veth0 |----------| veth0         b |
#   | 10.81.0.1       |          |       10.81.0.2 |
#   | fd00:81::1      |          |      fd00:81::2 |
#   +-----------------+          +-----------------+
#   +--------+     +-------------------------+     +--------+
#   | client |-----| to_client r     to_serv |-----| server |   see forward.sh; the
#   +--------+     +-------------------------+     +--------+   left link has MTU 9000
#
# Which packet was made from which: what is cut or put together has trails that
# name each other.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

a='' b=''
client='' router='' server=''
# of serve(), see lib.sh
SERVER=
# who is told to go on may be gone
trap '' PIPE
BIG=$(printf '%09000d' 0)

# send_big FROM AT ADDRESS PORT: a datagram of 9,000 bytes, read by its sink
send_big()
{
	serve "$2" udp-sink "$3" "$4"
	peer "$1" udp-send "$3" "$4" --text "$BIG"
	peer "$1" udp-send "$3" "$4" --text stop
	join "$SERVER"
}

# traced_big NAME FILTER FROM AT ADDRESS PORT: with its trails, to their ends
traced_big()
{
	local name=$1 filter=$2

	shift 2
	start_trace "$name" "$filter" || return
	send_big "$@"
	stop_trace
	check "$name: nothing was lost" status_is 0
}

# The kernel built the datagram as a list of what is to be its fragments.
whole_family()
{
	local name=$1 filter=$2 to=$3 port=$4 headers=$5 each=$6

	traced_big "$name" "$filter" "$a" "$b" "$to" "$port"
	judge "$WORK/$name.out" <<-END
		$name: all of it is valid | all(valid(t) for t in T)
		$name: one datagram was cut | only([t for t in some() if "ip.fragment" in t.stages]).end == "merged"
		$name: it went on as the first of its fragments | only([t for t in some() if "ip.fragment" in t.stages]).linked_by and "went on as the first of 7 fragments, others: #" in only([t for t in some() if "ip.fragment" in t.stages]).summary
		$name: each other fragment has its place | [places(t, "fragment") for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")] == [[(n, 7)] for n in range(2, 8)]
		$name: fragments are where their places are | [t.frag & ~1 for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")] == [$each * n for n in range(1, 7)]
		$name: fragments passed the wire | all(in_order(t, "life.fragment neigh.output dev.xmit veth.cross dev.receive ip.rcv ip.defrag") for t in T if "fragment" in t.parents)
		$name: the whole names all fragments | places(only([t for t in T if "reassembly" in t.parents]), "reassembly") == [(n, 7) for n in range(1, 8)]
		$name: in their order | [t.trail for t in named(only([t for t in T if "reassembly" in t.parents]), "reassembly")] == [only([t for t in some() if "ip.fragment" in t.stages]).trail] + [t.trail for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")]
		$name: fragments went into the whole | all(t.end == "merged" and t.parents["merge"] == only([t for t in T if "reassembly" in t.parents]).trail for t in named(only([t for t in T if "reassembly" in t.parents]), "reassembly"))
		$name: the whole was read | only([t for t in T if "reassembly" in t.parents]).end == "delivered" and only([t for t in T if "reassembly" in t.parents]).len == $headers + 9000
		$name: and is one packet | "frag" not in only([t for t in T if "reassembly" in t.parents]) and only([t for t in T if "reassembly" in t.parents]).dport == $port
		$name: nothing else | len(T) == 9
	END
}

# Only those without ports are asked for: the whole is known to consist of more.
part_of_it()
{
	traced_big part "ip[6:2] & 0x1fff != 0" "$a" "$b" 10.81.0.2 7203
	judge "$WORK/part.out" <<-END
		part: the whole names those that are followed | places(only([t for t in T if "reassembly" in t.parents]), "reassembly") == [(n, 7) for n in range(2, 8)]
		part: and is followed to its end | only([t for t in T if "reassembly" in t.parents]).end == "delivered"
		part: fragments of what nobody follows name nothing | not any("fragment" in t.parents for t in T) and len(T) == 7
	END
}

# fragments_in NAME ORDER...: made by hand, 3,000 bytes in three
fragments_in()
{
	local name=$1

	shift
	start_trace "$name" "host 10.81.0.2" || return
	serve "$b" udp-sink 10.81.0.2 7204
	peer "$a" fragments-send 10.81.0.2 7204 --count 3000 --source 10.81.0.1 --order "$@"
	peer "$a" udp-send 10.81.0.2 7204 --text stop
	join "$SERVER"
	stop_trace
	check "$name: nothing was lost" status_is 0
}

any_order()
{
	local name=$1

	fragments_in "$@"
	judge "$WORK/$name.out" <<-END
		$name: the whole names them by their places | [t.frag for t in named(only([t for t in T if "reassembly" in t.parents]), "reassembly")] == [1, 1025, 2048]
		$name: each ended in it | all(t.end == "merged" for t in named(only([t for t in T if "reassembly" in t.parents]), "reassembly"))
		$name: the whole was read | only([t for t in T if "reassembly" in t.parents]).end == "delivered"
		$name: nothing else | len(T) == 5
	END
}

# A router cuts what it got in one: piece by piece.
router_cuts()
{
	ip -n "$client" link set veth0 mtu 9200
	ip -n "$router" link set to_client mtu 9200
	ip netns exec "$client" sysctl -qw net.ipv4.ip_no_pmtu_disc=1
	traced_big router "udp port 7205" "$client" "$server" 10.4.0.2 7205
	judge "$WORK/router.out" <<-END
		router: all of it is valid | all(valid(t) for t in T)
		router: each fragment has its place | [places(t, "fragment") for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")] == [[(n, 7)] for n in range(1, 8)]
		router: fragments are where their places are | [t.frag & ~1 for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")] == [1480 * n for n in range(7)]
		router: the datagram says what became of it | only([t for t in some() if "ip.fragment" in t.stages]).end == "consumed" and only([t for t in some() if "ip.fragment" in t.stages]).summary.startswith("cut into 7 fragments, #")
		router: the datagram names its fragments | [(l.kind, l.trail) for l in only([t for t in some() if "ip.fragment" in t.stages]).linked_by] == [("fragment", t.trail) for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")]
		router: the whole names all fragments | [t.trail for t in named(only([t for t in T if "reassembly" in t.parents]), "reassembly")] == [t.trail for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")]
		router: the whole was read | only([t for t in T if "reassembly" in t.parents]).end == "delivered"
		router: nothing else | len(T) == 10
	END
}

# The list was made for a link that takes less by the time it is sent: no list any more.
list_does_not_fit()
{
	local name=$1 to=$2 port=$3 each=$4

	mkfifo "$WORK/$name.go"
	start_trace "$name" "udp port $port" || return
	serve "$b" udp-sink "$to" "$port"
	ip netns exec "$a" /usr/bin/python3 "$HERE/peer.py" udp-corked "$to" "$port" --count 9000 \
		<"$WORK/$name.go" >"$WORK/$name.told" 2>&1 &
	LAST=$!
	JOBS+=("$LAST")
	exec 3>"$WORK/$name.go"
	until_true 20000 grep -q corked "$WORK/$name.told"
	ip -n "$a" link set veth0 mtu 1400
	exec 3>&-
	join "$LAST"
	peer "$a" udp-send "$to" "$port" --text stop
	join "$SERVER"
	ip -n "$a" link set veth0 mtu 1500
	stop_trace
	check "$name: nothing was lost" status_is 0
	judge "$WORK/$name.out" <<-END
		$name: each fragment has its place | [places(t, "fragment") for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")] == [[(n, 7)] for n in range(1, 8)]
		$name: fragments are where their places are | [t.frag & ~1 for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")] == [$each * n for n in range(7)]
		$name: the datagram says what became of it | only([t for t in some() if "ip.fragment" in t.stages]).summary.startswith("cut into 7 fragments, #")
		$name: the whole names all fragments | [t.trail for t in named(only([t for t in T if "reassembly" in t.parents]), "reassembly")] == [t.trail for t in pieces(only([t for t in some() if "ip.fragment" in t.stages]), "fragment")]
		$name: the whole was read | only([t for t in T if "reassembly" in t.parents]).end == "delivered"
		$name: nothing else | len(T) == 10
	END
}

# What a tunnel sends is larger than the link: the packet is cut in the tunnel.
tunnel_cuts()
{
	ip -n "$a" link add vx type vxlan id 81 remote 10.81.0.2 dstport 4789
	ip -n "$b" link add vx type vxlan id 81 remote 10.81.0.1 dstport 4789
	ip -n "$a" link set vx mtu 1500
	ip -n "$b" link set vx mtu 1500
	linked "$a" vx 10.82.0.1 "$b" vx 10.82.0.2
	start_trace tunnel "icmp" || return
	ip netns exec "$a" ping -q -c 1 -s 1450 10.82.0.2 >/dev/null
	stop_trace
	check "tunnel: nothing was lost" status_is 0
	judge "$WORK/tunnel.out" <<-END
		tunnel: both packets were cut | [[places(f, "fragment") for f in pieces(t, "fragment")] for t in some() if "ip.fragment" in t.stages] == [[[(1, 2)], [(2, 2)]]] * 2
		tunnel: and put together | [places(t, "reassembly") for t in some() if "reassembly" in t.parents] == [[(1, 2), (2, 2)]] * 2
		tunnel: what was wrapped was unwrapped when it was whole | sorted([new.way for _, _, new in t.changed("tunnel")] for t in some() if "reassembly" in t.parents or "ip.fragment" in t.stages) == [["decap"]] * 2 + [["encap"]] * 2
		tunnel: the request was answered | [t.end for t in T if "reassembly" in t.parents and "icmp.echo" in t.stages] == ["consumed"]
	END
}

# What is too long for the device is cut by the kernel: it only does so for real
# when the device cannot.
software_gso()
{
	ip netns exec "$1" ethtool -K veth0 "$3" "$2" >/dev/null
}

# segments NAME FILTER ADDRESS PORT: 20,000 bytes in one write
segments()
{
	local name=$1 filter=$2 to=$3 port=$4

	start_trace "$name" "$filter" || return
	serve "$b" tcp-server "$to" "$port"
	peer "$a" tcp-client "$to" "$port" --count 20000
	join "$SERVER"
	stop_trace
	check "$name: nothing was lost" status_is 0
	judge "$WORK/$name.out" <<-END
		$name: all of it is valid | all(valid(t) for t in T)
		$name: something was cut | [t for t in some() if t.linked_by and t.linked_by[0].kind == "segment"]
		$name: each segment has its place | all([places(s, "segment") for s in pieces(t, "segment")] == [[(n, len(pieces(t, "segment")))] for n in range(1, 1 + len(pieces(t, "segment")))] for t in some() if pieces(t, "segment"))
		$name: as many as the packet was to have | all(len(pieces(t, "segment")) == t.gso.segs for t in some() if pieces(t, "segment"))
		$name: segments carry what the packet did, in order | all([s.tcp.seq for s in pieces(t, "segment")] == [t.tcp.seq + n * t.gso.size for n in range(t.gso.segs)] and sum(s.tcp.payload for s in pieces(t, "segment")) == t.tcp.payload for t in some() if pieces(t, "segment"))
		$name: the packet says what became of it | all(t.end == "consumed" and t.summary.startswith("cut into %d segments, #" % len(pieces(t, "segment"))) for t in some() if pieces(t, "segment"))
		$name: segments passed the wire, and were read | all(s.end in ("delivered", "merged") and in_order(s, "life.segment dev.xmit veth.cross dev.receive ip.rcv tcp.rcv") for s in T if "segment" in s.parents)
		$name: all bytes are in a segment, or went by themselves | sum(t.tcp.payload for t in T if t.sport != $port and "ip.rcv" in t.stages and "clone" not in t.parents) == 20000
	END
}

udp_segments()
{
	start_trace usegs "udp port 7213" || return
	serve "$b" udp-sink 10.81.0.2 7213
	peer "$a" udp-segments 10.81.0.2 7213 --count 3
	peer "$a" udp-send 10.81.0.2 7213 --text stop
	join "$SERVER"
	stop_trace
	judge "$WORK/usegs.out" <<-END
		usegs: each datagram has its place | [places(s, "segment") for s in T if "segment" in s.parents] == [[(n, 3)] for n in (1, 2, 3)]
		usegs: each was read | all(s.end == "delivered" for s in T if "segment" in s.parents)
		usegs: nothing else | len(T) == 5
	END
}

again()
{
	[ "$(ip netns exec "$a" nstat -asz TcpRetransSegs | awk '/Retrans/ { print $2 }')" -ge "$1" ]
}

# arrived NS PORT: its one connection got what was sent
arrived()
{
	ip netns exec "$1" ss -Htin "sport = :$2" | grep -q bytes_received:500
}

# lost_for_a_while NAME ADDRESS PORT: the network loses all, until TCP tried again thrice
lost_for_a_while()
{
	local name=$1 to=$2 port=$3 before

	mkfifo "$WORK/$name.go"
	start_trace "$name" "tcp dst port $port" || return
	serve "$b" tcp-server "$to" "$port"
	before=$(ip netns exec "$a" nstat -asz TcpRetransSegs | awk '/Retrans/ { print $2 }')
	ip netns exec "$a" /usr/bin/python3 "$HERE/peer.py" tcp-told "$to" "$port" --count 500 \
		<"$WORK/$name.go" >"$WORK/$name.told" 2>&1 &
	LAST=$!
	JOBS+=("$LAST")
	exec 3>"$WORK/$name.go"
	until_true 20000 grep -q connected "$WORK/$name.told"
	ip netns exec "$a" tc qdisc replace dev veth0 root netem loss 100%
	echo >&3
	until_true 20000 again $((before + 3))
	ip netns exec "$a" tc qdisc del dev veth0 root
	until_true 20000 arrived "$b" "$port"
	echo >&3
	exec 3>&-
	join "$LAST"
	join "$SERVER"
	stop_trace
	check "$name: nothing was lost" status_is 0
	judge "$WORK/$name.out" <<-END
		$name: all of it is valid | all(valid(t) for t in T)
		$name: sent more than twice | len([t for t in T if t.tcp and t.tcp.payload == 500]) > 2
		$name: each transmission names the one before | [t.parents.get("retransmit") for t in T if t.tcp and t.tcp.payload == 500] == [None] + [t.trail for t in T if t.tcp and t.tcp.payload == 500][:-1]
		$name: and counts | [l.place for t in T for l in linked(t, "retransmit") if t.tcp.payload == 500] == list(range(2, 1 + len([t for t in T if t.tcp and t.tcp.payload == 500])))
		$name: the tail was probed, then the timer ran out | [l.why for t in T for l in linked(t, "retransmit") if t.tcp.payload == 500][:2] == ["tlp", "rto"]
		$name: one arrived | [t.end for t in T if t.tcp and t.tcp.payload == 500 and t.end in ("delivered", "merged")]
		$name: what was sent once is linked to nothing | not [t for t in T if "retransmit" in t.parents and not t.tcp.payload and t.flags != "FIN,ACK"]
	END
}

# One segment is lost, those behind it arrive.
lost_once()
{
	ip netns exec "$b" nft -f - <<-END
		table inet lossy {
			chain in {
				type filter hook input priority 0;
				tcp dport 7233 meta length > 1000 limit rate 1/day burst 1 packets drop
			}
		}
	END
	start_trace once "tcp dst port 7233" || return
	serve "$b" tcp-server 10.81.0.2 7233
	peer "$a" tcp-client 10.81.0.2 7233 --count 40000
	join "$SERVER"
	stop_trace
	ip netns exec "$b" nft delete table inet lossy
	judge "$WORK/once.out" <<-END
		once: one was dropped | only([t for t in T if t.reason == "NETFILTER_DROP"]).tcp.payload > 900
		once: its data was sent again, fast | [l.why for t in T for l in linked(t, "retransmit") if t.tcp.seq == only([t for t in T if t.reason == "NETFILTER_DROP"]).tcp.seq][:1] == ["fast"]
		once: for the second time | [l.place for t in T for l in linked(t, "retransmit") if t.tcp.seq == only([t for t in T if t.reason == "NETFILTER_DROP"]).tcp.seq][:1] == [2]
		once: what carried it before is named | all(o.tcp.seq <= t.tcp.seq < o.tcp.seq + o.tcp.payload + ("FIN" in o.flags) for t in T if "retransmit" in t.parents for o in named(t, "retransmit"))
	END
}

# Netfilter sends a copy elsewhere.
copies()
{
	local family=$1 ip=$2 to=$3 other=$4 port=$5

	ip netns exec "$a" nft -f - <<-END
		table $ip twice {
			chain out {
				type filter hook output priority 0;
				udp dport $port dup to $other device "veth0"
			}
		}
	END
	traced_small "$family" "udp port $port" "$to" "$port"
	ip netns exec "$a" nft delete table "$ip" twice
	judge "$WORK/$family.out" <<-END
		$family: a copy names its original | [only([o for o in T if o.trail == t.parents["copy"]]).sport for t in T if "copy" in t.parents] == [t.sport for t in T if "copy" in t.parents] and len([t for t in T if "copy" in t.parents]) == 2
		$family: it went another way | all(in_order(t, "life.copy ip.output dev.xmit") for t in T if "copy" in t.parents)
		$family: nothing else | len(T) == 4
	END
}

traced_small()
{
	start_trace "$1" "$2" || return
	serve "$b" udp-sink "$3" "$4"
	peer "$a" udp-send "$3" "$4"
	peer "$a" udp-send "$3" "$4" --text stop
	join "$SERVER"
	stop_trace
	check "$1: nothing was lost" status_is 0
}

# through KIND ARGS: a packet stays what it is in a tunnel, in other headers
through()
{
	local kind=$1 n=$2

	shift 2
	ip -n "$a" link add "t$kind" type "$kind" "${@//REMOTE/10.81.0.2}" || return
	ip -n "$b" link add "t$kind" type "$kind" "${@//REMOTE/10.81.0.1}"
	linked "$a" "t$kind" "10.9$n.0.1" "$b" "t$kind" "10.9$n.0.2" 2>/dev/null
	start_trace "$kind" "icmp[icmptype] == icmp-echo" || return
	ip netns exec "$a" ping -q -c 1 "10.9$n.0.2" >/dev/null
	stop_trace
	judge "$WORK/$kind.out" <<-END
		$kind: wrapped and unwrapped | [(old, new.way, new.nth) for _, old, new in only(T).changed("tunnel")][0] == (None, "encap", 1) and [new.way for _, _, new in only(T).changed("tunnel")] == ["encap", "decap"]
		$kind: in the tunnel | [stage for stage, _, _ in only(T).changed("tunnel")][0] == "ip.local_out"
		$kind: its headers are the outer ones in between, and its own again | [c[1:] for c in only(T).changed("src")] == [["10.9$n.0.1", "10.81.0.1"], ["10.81.0.1", "10.9$n.0.1"]]
		$kind: it was answered | only(T).end == "consumed"
	END
}

setup_ns a b client router server
pair "$a" "$b" 81
routed "$client" "$router" "$server"
whole_family udp4 "udp port 7201" 10.81.0.2 7201 28 1480
# behind its own header all of IPv6 is seen without
whole_family udp6 "udp port 7202" fd00:81::2 7202 8 1448
part_of_it
any_order in_order 0 1 2
any_order reverse 2 1 0
any_order middle_last 0 2 1
any_order first_last 1 2 0
router_cuts
list_does_not_fit corked4 10.81.0.2 7206 1376
list_does_not_fit corked6 fd00:81::2 7207 1352
tunnel_cuts
through ipip 1 remote REMOTE
through gre 2 remote REMOTE
through vxlan 3 id 93 remote REMOTE dstport 4790
through geneve 4 id 94 remote REMOTE
# what the other end would do with it again is another matter
software_gso "$b" off gro
software_gso "$a" off tx-tcp-segmentation
software_gso "$a" off tx-tcp6-segmentation
software_gso "$a" off tx-udp-segmentation
segments tcp4 "tcp port 7211" 10.81.0.2 7211
segments tcp6 "tcp port 7212" fd00:81::2 7212
udp_segments
lost_for_a_while lost4 10.81.0.2 7231
lost_for_a_while lost6 fd00:81::2 7232
lost_once
know "$a" veth0 "$b" veth0 10.81.0.3 fd00:81::3
copies copy4 ip 10.81.0.2 10.81.0.3 7241
copies copy6 ip6 fd00:81::2 fd00:81::3 7242
check "nothing stays attached" nothing_left
done_testing
