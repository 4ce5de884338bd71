#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | source veth0 |-----| to_source  mr   to_group |-----| veth0  group |
#   | 10.70.0.2    |     | 10.70.0.1      10.71.0.1 |     |    10.71.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#   +--------------+     +--------------+
#   | a      veth0 |-----| veth0      b |   neighbours not known,
#   | 10.72.0.1    |     |    10.72.0.2 |   and the same for IPv6
#   +--------------+     +--------------+
#   +-------------------------------------+
#   | left   veth0 --- br0 --- veth0 right|   a bridge that shows ARP to netfilter
#   +-------------------------------------+
#
# Stages off the plain way: fragments, multicast routing, raw sockets, neighbours
# that have to be asked for, and what TCP does when something is lost or late.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/stagelib.sh"

source='' mr='' group=''
a='' b=''
a6='' b6=''
alone=''
left='' bridge='' right=''

multicast_topology()
{
	ip link add veth0 netns "$source" type veth peer name to_source netns "$mr"
	ip link add veth0 netns "$group" type veth peer name to_group netns "$mr"
	linked "$source" veth0 10.70.0.2 "$mr" to_source 10.70.0.1
	linked "$group" veth0 10.71.0.2 "$mr" to_group 10.71.0.1
	ip -n "$source" route add 239.0.0.0/8 dev veth0
	ip netns exec "$mr" sysctl -qw net.ipv4.ip_forward=1
	start_peer router "$mr" multicast-router 239.1.1.1 0 --source 10.70.0.2 \
		--devices to_source to_group
	until_true 20000 grep -q listening "$WORK/router.err"
}

multicast_table()
{
	cat <<-END
		mroute.input | same, mfc("$mr")
		mroute.forward | same, mfc("$mr"), link("$mr", "to_group", "tx")
	END
}

multicast_traffic()
{
	peer "$source" udp-send 239.1.1.1 7130 --count 4 --ttl 8
}

# patient NS FAMILY: no neighbour is asked again whether it is still there, which
# would happen after five seconds, in the middle of a snapshot on a slow machine
patient()
{
	ip netns exec "$1" sysctl -qw "net.$2.neigh.veth0.delay_first_probe_time=3600"
}

neighbours_topology()
{
	ip link add veth0 netns "$a" type veth peer name veth0 netns "$b"
	patient "$a" ipv4
	patient "$b" ipv4
	at "$a" veth0 10.72.0.1
	at "$b" veth0 10.72.0.2
	counters "$a" arp input output
	counters "$b" arp input output
}

# An address that was not asked for yet, with a packet that has to wait.
neighbours_table()
{
	nf_event
	cat <<-END
		event waits p __neigh_event_send skb=\$arg2:u64 | common_pid if skb != 0
		neigh.wait | traced("waits")
		neigh.resolve | same
		arp.xmit | same
		arp.rcv | same
		arp.process | same
		nf.arp_in | traced("nf", 3, 0), nft("$a", "input") + nft("$b", "input")
		nf.arp_out | traced("nf", 3, 1), nft("$a", "output") + nft("$b", "output")
	END
}

neighbours_traffic()
{
	ip netns exec "$a" ping -q -c 2 -i 0.05 10.72.0.2 >/dev/null
}

neighbours6_topology()
{
	local ns

	ip link add veth0 netns "$a6" type veth peer name veth0 netns "$b6"
	for ns in "$a6" "$b6"; do
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.veth0.addr_gen_mode=1 \
			net.ipv6.conf.veth0.router_solicitations=0
		patient "$ns" ipv6
		ip -n "$ns" link set veth0 up
	done
	ip -n "$a6" addr add fd00:72::1/64 dev veth0 nodad
	ip -n "$b6" addr add fd00:72::2/64 dev veth0 nodad
	count_in "$a6" "$b6"
}

neighbours6_table()
{
	cat <<-END
		event waits p __neigh_event_send skb=\$arg2:u64 | common_pid if skb != 0
		neigh.wait | traced("waits")
		ndisc.rcv | same, all_snmp("Icmp6InNeighborSolicits") + all_snmp("Icmp6InNeighborAdvertisements")
	END
}

neighbours6_traffic()
{
	ip netns exec "$a6" ping -q -c 2 -i 0.05 fd00:72::2 >/dev/null
}

# the same two hosts, neighbours known by now; and IPv6
fragments_table()
{
	cat <<-END
		ip.fragment | same, all_snmp("IpFragOKs") + all_snmp("Ip6FragOKs")
		ip.defrag | same, all_snmp("IpReasmReqds") + all_snmp("Ip6ReasmReqds")
		event whole p inet_frag_reasm_finish
		ip.reassembled | traced("whole"), all_snmp("IpReasmOKs") + all_snmp("Ip6ReasmOKs")
		life.fragment | all_snmp("IpFragCreates") + all_snmp("Ip6FragCreates") - all_snmp("IpFragOKs") - all_snmp("Ip6FragOKs")
	END
}

fragments_traffic()
{
	ip netns exec "$a" ping -q -c 2 -i 0.05 -s 4000 10.72.0.2 >/dev/null &&
		ip netns exec "$a6" ping -q -c 2 -i 0.05 -s 4000 fd00:72::2 >/dev/null
}

raw_table()
{
	cat <<-END
		raw.sendmsg | same, told("raw_sent")
		raw.rcv | same, told("raw_sent")
		sock.send | told("raw_sent")
	END
}

raw_traffic()
{
	peer "$alone" raw-self 127.0.0.1 253 --count 4 >"$WORK/raw_sent.out"
}

# One end closes before the other: its socket is gone, TIME_WAIT sees the FIN.
tcp_table()
{
	cat <<-END
		event tcp_sent p tcp_sendmsg_locked
		tcp.timewait | same
		tcp.sendmsg | traced("tcp_sent")
		sock.connect | same, snmp("$alone", "TcpActiveOpens")
	END
}

tcp_traffic()
{
	peer "$alone" tcp-half-closed 127.0.0.1 7131
}

# A page the sender waits for, under its socket's lock, while a packet comes.
backlog_table()
{
	cat <<-END
		sock.backlog | same
		sock.backlog | payload("sock.backlog") | told("late")
	END
}

backlog_traffic()
{
	peer "$alone" tcp-backlog 127.0.0.1 7132 >"$WORK/late.out"
}

# The network loses what the first rule matches, once; TCP sends again.
retransmit_table()
{
	echo "tcp.retransmit | snmp(\"$a\", \"TcpRetransSegs\")"
}

retransmit_traffic()
{
	local server

	ip netns exec "$b" nft -f - <<-END
		table inet lossy {
			chain in {
				type filter hook input priority 0;
				tcp dport 7133 tcp flags & (psh | ack) == (psh | ack) limit rate 1/day burst 1 packets drop
			}
		}
	END
	start_peer tcp "$b" tcp-server 10.72.0.2 7133
	server=$LAST
	wait_listen "$b" 7133
	peer "$a" tcp-client 10.72.0.2 7133 --count 500 || return
	join "$server"
	ip netns exec "$b" nft delete table inet lossy
}

# ARP is forwarded by a bridge, and netfilter asked because br_netfilter is there.
arp_forward_topology()
{
	local side

	modprobe br_netfilter
	ip -n "$bridge" link add br0 type bridge
	ip -n "$bridge" link set br0 up
	for side in left right; do
		ip link add veth0 netns "${!side}" type veth peer name "$side" netns "$bridge"
		ip -n "$bridge" link set "$side" master br0 up
		patient "${!side}" ipv4
	done
	at "$left" veth0 10.73.0.1
	at "$right" veth0 10.73.0.2
	ip netns exec "$bridge" sysctl -qw net.bridge.bridge-nf-call-arptables=1 \
		net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
}

arp_forward_table()
{
	nf_event
	echo "nf.arp_forward | traced(\"nf\", 3, 2)"
}

arp_forward_traffic()
{
	ip netns exec "$left" ping -q -c 1 10.73.0.2 >/dev/null
}

# What ends how, and what is made of what: datagrams to one who is not there,
# answers that say so, a copy of some, and a clone of all for who listens at the router's device.
# The router writes into packets that are shared with the copy: that takes a new head.
# What is consumed are the answers; segments of earlier tests can follow later, when
# their CPU gets to them.
life_topology()
{
	ip -n "$source" route add 10.71.0.0/24 via 10.70.0.1
	ip -n "$group" route add 10.70.0.0/24 via 10.71.0.1
	# netfilter sends a copy of what it counts, and counts that, too
	ip netns exec "$source" nft -f - <<-END
		table ip t {
			counter twice { }
			chain out {
				type filter hook output priority 0;
				udp dport 7135 counter name twice dup to 10.70.0.1 device "veth0"
			}
		}
	END
}


life_table()
{
	local is_ip="->protocol == 8" skb="((struct sk_buff *)args->skbaddr)"
	local is_icmp="((struct iphdr *)($skb->head + $skb->network_header))->protocol == 1"

	cat <<-END
		probe kretprobe:skb_clone /retval && ((struct sk_buff *)retval)$is_ip/ { @cloned = count(); }
		probe kprobe:pskb_expand_head /((struct sk_buff *)arg0)$is_ip/ { @expanded = count(); }
		probe tracepoint:skb:consume_skb /$skb$is_ip && $is_icmp/ { @consumed[kstack(4)] = count(); }
		event dropped skb:kfree_skb | common_pid if protocol == 2048
		life.copy | same, nft("$source", "twice") // 2
		life.clone | bpf("cloned"), told("sink")
		life.expand | bpf("expanded")
		life.drop | ends("dropped") | traced("dropped")
		life.free | ends("delivered", "consumed", "sent") | bpf("consumed")
	END
}

life_traffic()
{
	local sink

	start_peer sink "$mr" packet-sink to_source 0
	sink=$LAST
	until_true 20000 grep -q . "$WORK/sink.err" || return
	peer "$source" udp-send 10.71.0.2 7134 --count 3
	peer "$source" udp-send 10.71.0.2 7135 --count 2
	kill -INT "$sink"
	join "$sink"
}

setup_ns source mr group a b a6 b6 alone left bridge right
quiet "$source" "$mr" "$group" "$a" "$b" "$alone" "$left" "$bridge" "$right"
check "there is a multicast router" multicast_topology
neighbours_topology
neighbours6_topology
arp_forward_topology
life_topology
run_stages multicast neighbours neighbours6 fragments raw tcp backlog retransmit arp_forward life
done_testing
