#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# Packets that die of something other than a ruleset, each told in a sentence. The destination
# port says what is to happen; ports from 7800 on are the IPv6 twins of those from 7700 on.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

in_ns()
{
	ip netns exec "$@"
}

# start_until_says NAME NS ROLE ...: a peer in the background, until it is ready; pid in LAST
start_until_says()
{
	start_peer "$@"
	until_true 20000 grep -q listening "$WORK/$1.err"
}

dropped()
{
	[ "$(grep -c '"end":"dropped"' "$WORK/$1.out")" -ge "$2" ]
}

# wait_dropped NAME N: until so many are told
wait_dropped()
{
	until_true 20000 dropped "$1" "$2"
}

# of both families
fragments_given_up()
{
	[ "$(grep -c '"end":"dropped".*"where":"ip.defrag"' "$WORK/drops.out")" -ge 2 ]
}

# client: does what stdin says, in one go
client()
{
	peer "$client_ns" batch - 0
}

# both ROLE PORT [OPTION...]: for the client, to the server, and the IPv6 twin
both()
{
	echo "$1 10.4.0.2 $2 ${*:3}"
	echo "$1 fd00:4::2 $(($2 + 100)) ${*:3}"
}

# send PORT ADDRESS ADDRESS6 [OPTION...]
send()
{
	echo "udp-send $2 $1 ${*:4}"
	echo "udp-send $3 $(($1 + 100)) ${*:4}"
}

# frame ADDRESS PORT [OPTION...]: past the client's own stack, to the router
frame()
{
	echo "frame-send $1 $2 --devices veth0 --source 10.3.0.2 --mac $MAC ${*:3}"
}

frame6()
{
	echo "frame-send $1 $2 --devices veth0 --source fd00:3::2 --mac $MAC ${*:3}"
}

setup()
{
	local n ns

	# no limits but the one of ip_error(), which lets five pass at once. icmp_ratelimit=0 would
	# leave it none: with both what is left for an address is counted in one place
	for ns in "$client_ns" "$router_ns" "$server_ns"; do
		in_ns "$ns" sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv6.icmp.ratelimit=0
	done
	in_ns "$server_ns" sysctl -qw net.ipv4.ipfrag_time=1 net.ipv6.ip6frag_time=1
	in_ns "$client_ns" sysctl -qw net.ipv4.neigh.veth0.retrans_time_ms=50 \
		net.ipv4.neigh.veth0.mcast_solicit=1 net.ipv6.neigh.veth0.retrans_time_ms=50 \
		net.ipv6.neigh.veth0.mcast_solicit=1
	n=0
	for kind in blackhole unreachable prohibit; do
		n=$((n + 1))
		ip -n "$router_ns" route add $kind 10.98.$n.0/24
		ip -n "$router_ns" -6 route add $kind fd00:98:$n::/64
	done
	ip -n "$router_ns" link set to_serv mtu 1300
	ip -n "$server_ns" link set veth0 mtu 1281
	# it is the server's address by nobody's word but the router's
	for n in 10.4.0.99 fd00:4::99; do
		ip -n "$router_ns" neigh add "$n" dev to_serv nud permanent \
			lladdr "$(mac_of "$server_ns" veth0)"
	done
	MAC=$(mac_of "$router_ns" to_client)
}

servers()
{
	start_until_says mute "$server_ns" udp-mute 10.4.0.2 7703
	start_until_says mute6 "$server_ns" udp-mute fd00:4::2 7803
	start_until_says backlog "$server_ns" tcp-mute 10.4.0.2 7704 --count 0
	start_until_says backlog6 "$server_ns" tcp-mute fd00:4::2 7804 --count 0
	start_until_says connected "$client_ns" tcp-connect 10.4.0.2 7704
	start_until_says connected6 "$client_ns" tcp-connect fd00:4::2 7804
	start_until_says filter "$server_ns" udp-mute 10.4.0.2 7721 --wrong filter
	FILTER=$LAST
	start_until_says filter6 "$server_ns" udp-mute fd00:4::2 7821 --wrong filter
	start_until_says cgroup "$server_ns" udp-mute 10.4.0.2 7731 --wrong cgroup --cgroup "$CGROUP"
	start_until_says cgroup6 "$server_ns" udp-mute fd00:4::2 7831 --wrong cgroup --cgroup "$CGROUP"
	start_until_says late "$server_ns" tcp-mute 10.4.0.2 7727 --count 0
	start_until_says late6 "$server_ns" tcp-mute fd00:4::2 7827 --count 0
	# two that wait, and room for a third
	start_until_says third "$server_ns" tcp-mute 10.4.0.2 7732 --count 2
	start_until_says third6 "$server_ns" tcp-mute fd00:4::2 7832 --count 2
	start_until_says waits "$client_ns" tcp-connects 10.4.0.2 7732 --count 2
	start_until_says waits6 "$client_ns" tcp-connects fd00:4::2 7832 --count 2
	until_true 20000 accept_queues 2 7732 7832
	start_peer reads "$server_ns" udp-sink 10.4.0.2 7725
	start_peer reads6 "$server_ns" udp-sink fd00:4::2 7825
	until_true 20000 bound 7725 7825
}

sockets()
{
	both tcp-client 7701
	both udp-send 7702
	both udp-send 7703 --text "$(printf '%0500d' 0)" --count 8
	frame 10.4.0.2 7704 --flags 2
	frame6 fd00:4::2 7804 --flags 2
	both udp-send 7721
	both udp-send 7731
}

damaged()
{
	frame 10.4.0.2 7705 --wrong ip
	frame 10.3.0.1 7706 --flags 2 --wrong l4
	frame6 fd00:3::1 7806 --flags 2 --wrong l4
	frame 10.3.0.1 7707 --wrong l4
	frame6 fd00:3::1 7807 --wrong l4
	frame 10.4.0.2 7708 --mac 02:00:00:00:00:99
	frame6 fd00:4::2 7808 --mac 02:00:00:00:00:99
	frame 10.4.0.2 7709 --source 127.0.0.1
	frame 10.4.0.2 7710 --source 10.3.0.1
	echo fragments-send 10.4.0.2 7722 --source 10.3.0.2 --count 2000 --order 0
	echo fragments-send fd00:4::2 7822 --source fd00:3::2 --count 2000 --order 0
	frame 10.4.0.2 7724 --flags 4
	frame6 fd00:4::2 7824 --flags 4
	# longer than what is checked at once
	frame 10.4.0.2 7725 --wrong l4 --text "$(printf '%0100d' 0)"
	frame6 fd00:4::2 7825 --wrong l4 --text "$(printf '%0100d' 0)"
	frame6 fd00:4::2 7809 --source ::1
	frame6 fd00:4::2 7810 --source ff02::1
}

routes()
{
	send 7711 10.98.1.1 fd00:98:1::1
	send 7712 10.98.2.1 fd00:98:2::1
	send 7713 10.98.3.1 fd00:98:3::1
	send 7714 10.99.0.1 fd00:99::1
	send 7715 10.4.0.2 fd00:4::2 --ttl 1
	send 7716 10.4.0.2 fd00:4::2 --text "$(printf '%01350d' 0)"
	send 7717 10.3.0.77 fd00:3::77
	send 7723 10.4.0.99 fd00:4::99
	# what may leave the router, but not come in at the server
	echo "udp-send 10.4.0.2 7729 --text $(printf '%01272d' 0)"
	echo "udp-send fd00:4::2 7829 --text $(printf '%01252d' 0)"
}

queue_empty()
{
	in_ns "$router_ns" tc -s qdisc show dev to_serv | grep -A2 'qdisc tbf' | grep -q 'backlog 0b 0p'
}

# both families'
overflown()
{
	[ "$(in_ns "$server_ns" nstat -asz TcpExtListenOverflows | awk '/Overflows/ { print $2 }')" -ge 6 ]
}

# accept_queues N PORT...: so many connections wait there
accept_queues()
{
	local port

	for port in "${@:2}"; do
		[ "$(in_ns "$server_ns" ss -Hltn "sport = :$port" | awk '{ print $2 }')" -eq "$1" ] || return
	done
}

# bound PORT...: by sockets of UDP
bound()
{
	local port

	for port in "$@"; do
		in_ns "$server_ns" ss -Hlnu "sport = :$port" | grep -q . || return
	done
}

queues()
{
	in_ns "$router_ns" tc qdisc add dev to_serv root handle 7: netem delay 100s limit 1
	# this one fills it
	{
		echo udp-send 10.4.0.2 7730
		send 7718 10.4.0.2 fd00:4::2
	} | client
	in_ns "$router_ns" tc qdisc replace dev to_serv root handle 8: netem loss 100%
	send 7719 10.4.0.2 fd00:4::2 | client
	in_ns "$router_ns" tc qdisc replace dev to_serv root handle 9: tbf rate 200kbit burst 2000 limit 1m
	in_ns "$router_ns" tc qdisc add dev to_serv parent 9:1 codel target 1us interval 10us
	send 7728 10.4.0.2 fd00:4::2 --count 12 --text "$(printf '%0500d' 0)" | client
	until_true 20000 queue_empty
	# all ask for a connection before the first one has it
	in_ns "$router_ns" tc qdisc replace dev to_serv root netem delay 100ms
	start_until_says together "$client_ns" tcp-connects 10.4.0.2 7727 --count 2
	start_until_says together6 "$client_ns" tcp-connects fd00:4::2 7827 --count 2
	start_until_says others "$client_ns" tcp-connects 10.4.0.2 7732 --count 2
	start_until_says others6 "$client_ns" tcp-connects fd00:4::2 7832 --count 2
	until_true 20000 overflown
	in_ns "$router_ns" tc qdisc del dev to_serv root
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
make_cgroup skbtrail-why
routed "$client_ns" "$router_ns" "$server_ns"
setup

# ports of fragments of IPv6 are not seen by a filter
start_trace drops "portrange 7700-7899 or icmp or icmp6 or ip6[6] = 44"
servers
{
	sockets
	damaged
	routes
} | client
queues
wait_dropped drops 56
until_true 20000 fragments_given_up
stop_trace
check "nothing was lost" status_is 0

# answered PORT TYPE CODE PROTOCOL: by an ICMP error
answered()
{
	echo "$1 is answered | [(a.icmp['type'], a.icmp['code'], a.proto) for a in answers(one(dport=$1))] == [($2, $3, '$4')]"
}

# told NAME PORT WHERE SENTENCE[|SENTENCE] [REASON...]: dropped there, once, and said so
told()
{
	cat <<-END
		$1 | (one(dport=$2).end, one(dport=$2).where) == ("dropped", "$3")
		$1: the sentence | any(s in one(dport=$2).summary for s in """$4""".split("|"))
		$1: the reason | one(dport=$2).reason in "${*:5}".split()
	END
}

# twins NAME PORT WHERE SENTENCE REASON...: the same for IPv6
twins()
{
	told "$@"
	told "$1, IPv6" $(($2 + 100)) "${@:3}"
}

{
	twins "closed TCP port" 7701 tcp.rcv "no socket is listening on port " NO_SOCKET
	twins "closed UDP port" 7702 udp.rcv "no socket is listening on port " NO_SOCKET
	twins "bad TCP checksum" 7706 tcp.rcv "the TCP checksum is wrong" TCP_CSUM
	twins "bad UDP checksum" 7707 udp.rcv "the UDP checksum is wrong" UDP_CSUM
	told "bad IP checksum" 7705 ip.rcv "the IP header checksum is wrong" IP_CSUM
	twins "foreign MAC" 7708 ip.rcv "its MAC address belongs to another host" OTHERHOST
	# since 6.14 with reasons of their own
	told "martian source" 7709 route.input "martian|a loopback address came from outside" \
		NOT_SPECIFIED IP_LOCALNET
	told "own source" 7710 route.input "martian|its source address is one of this host's own" \
		NOT_SPECIFIED IP_LOCAL_SOURCE
	twins "blackhole" 7711 route.input "its route is a blackhole" NOT_SPECIFIED
	twins "unreachable" 7712 route.input "its route is unreachable" NOT_SPECIFIED IP_INNOROUTES
	twins "prohibit" 7713 route.input "its route prohibits it" NOT_SPECIFIED IP_INNOROUTES
	twins "no route" 7714 route.input "no route leads to its destination" IP_INNOROUTES NOT_SPECIFIED
	twins "TTL" 7715 ip.forward "its TTL ran out" IP_INHDR
	twins "MTU" 7716 ip.forward "larger than the MTU" PKT_TOO_BIG
	twins "neighbour" 7717 neigh.wait "the next hop did not answer" NEIGH_FAILED NOT_SPECIFIED
	twins "qdisc full" 7718 qdisc.enqueue "netem 7:" QDISC_DROP QDISC_OVERLIMIT
	twins "netem loss" 7719 qdisc.enqueue "the queueing discipline netem 8: dropped it" QDISC_DROP
	twins "socket filter" 7721 sock.security "a filter attached to the socket refused it" SOCKET_FILTER
	answered 7702 3 3 icmp
	answered 7712 3 1 icmp
	answered 7713 3 13 icmp
	answered 7714 3 0 icmp
	answered 7715 11 0 icmp
	answered 7716 3 4 icmp
	answered 7802 1 4 icmpv6
	answered 7812 1 0 icmpv6
	answered 7813 1 1 icmpv6
	answered 7814 1 0 icmpv6
	answered 7815 3 0 icmpv6
	answered 7816 2 0 icmpv6
	twins "fragment" 7722 ip.defrag "not all fragments came in time" FRAG_REASM_TIMEOUT NOT_SPECIFIED
	twins "cgroup" 7731 cgroup.in "a BPF program of its cgroup refused it" SOCKET_FILTER
	told "does not forward" 7723 route.input "its destination is not this host, and this host does not forward" \
		IP_INADDRERRORS
	told "does not forward, IPv6" 7823 ip.forward "this host does not forward IPv6" IP_INADDRERRORS
	twins "a reset for a closed port" 7724 tcp.rcv "no socket is listening on port " NO_SOCKET
	told "martian source, IPv6" 7809 ip.rcv "martian" IP_INHDR
	told "multicast source, IPv6" 7810 ip.rcv "martian" IP_INHDR
	twins "smaller MTU on the other side" 7729 veth.cross "its MTU is smaller" NOT_SPECIFIED
	cat <<-END
		backlog | [(t.end, t.where, "the listen backlog is full (1 connections wait, backlog 0)" in t.summary) for t in some() if t.dport in (7704, 7804) and t.sport == t.dport] == [("dropped", "tcp.listen", True)] * 2
		backlog, connections that come together, by a cookie | [{"the listen backlog is full (1 connections wait, backlog 0)" in t.summary for t in some(dport=p) if t.end == "dropped"} for p in (7727, 7827)] == [{True}] * 2
		backlog, connections that come together | [{"the listen backlog is full (" in t.summary for t in some(dport=p) if t.end == "dropped"} for p in (7732, 7832)] == [{True}] * 2
		nobody answers a reset | [t.summary for p in (7724, 7824) for t in some(dport=p) if "answered" in t.summary] == []
		bad UDP checksum, seen by the reader | [" UDP checksum is wrong" in one(dport=p).summary for p in (7725, 7825)] == [True] * 2
		an answer that nobody follows | all("; to be answered with" not in t.summary for t in T)
		CoDel | [any(t.end == "dropped" and "CoDel" in t.summary for t in some(dport=p)) for p in (7728, 7828)] == [True] * 2
		receive buffer | all([(t.end, t.where) for t in some(dport=p) if t.end == "dropped"] for p in (7703, 7803)) and all("the socket's receive buffer is full (" in t.summary for p in (7703, 7803) for t in some(dport=p) if t.end == "dropped")
		receive buffer: whose | all("; its socket is used by python3 (pid " in t.summary for p in (7703, 7803) for t in some(dport=p) if t.end == "dropped")
		socket filter: whose | one(dport=7721).owner["pid"] == $FILTER and one(dport=7721).owner["comm"] == "python3"
		a reset answers | [(only(answers(one(dport=p))).flags, only(answers(one(dport=p))).dst) for p in (7701, 7801)] == [("RST,ACK", "10.3.0.2"), ("RST,ACK", "fd00:3::2")]
		nobody answers a blackhole | answers(one(dport=7711)) == answers(one(dport=7811)) == []
		what is answered says so | one(dport=7701).summary.endswith("; answered with a reset, #%d" % only(answers(one(dport=7701))).trail)
		every answer has its cause | all(l.kind != "answer" or only([c for c in T if c.trail == l.trail]) for t in T for l in t.links)
		every answer goes back | all(only([c for c in T if c.trail == l.trail]).src == t.dst for t in T for l in t.links if l.kind == "answer")
		every trail keeps the contract | all(valid(t) for t in T)
	END
} >"$WORK/expected"
judge "$WORK/drops.out" <"$WORK/expected"
sed 's/^/# /' "$WORK/drops.err"
check "nothing stays attached" nothing_left
check "the cgroup is gone" no_cgroup
done_testing
