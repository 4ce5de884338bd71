#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +-------+     +--------------+     +--------------------------+     +--------------+
#   | alone |     | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   +-------+     | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#                 +--------------+     +--------------------------+     +--------------+
#
# Stages of sockets, TCP, UDP, ICMP, IP, the five netfilter points, and the
# plain way through devices: how often each is passed, against who else counted.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/stagelib.sh"

alone=''
c='' r='' s=''
c6='' r6='' s6=''

# row CLIENT ROUTER SERVER: devices
row()
{
	ip link add veth0 netns "$1" type veth peer name to_client netns "$2"
	ip link add veth0 netns "$3" type veth peer name to_serv netns "$2"
}

topology4()
{
	row "$c" "$r" "$s"
	linked "$c" veth0 10.3.0.2 "$r" to_client 10.3.0.1
	linked "$s" veth0 10.4.0.2 "$r" to_serv 10.4.0.1
	ip netns exec "$r" sysctl -qw net.ipv4.ip_forward=1
	ip -n "$c" route add default via 10.3.0.1
	ip -n "$s" route add default via 10.4.0.1
}

# Without ARP and multicast, IPv6 joins no groups that it had to tell of.
ends6()
{
	ip -n "$1" link set "$2" arp off multicast off
	ip netns exec "$1" sysctl -qw "net.ipv6.conf.$2.addr_gen_mode=1" \
		"net.ipv6.conf.$2.router_solicitations=0"
	ip -n "$1" addr add "$3/64" dev "$2" nodad
	ip -n "$1" link set "$2" up
}

linked6()
{
	ends6 "$1" "$2" "$3"
	ends6 "$4" "$5" "$6"
	know "$1" "$2" "$4" "$5" "$6"
	know "$4" "$5" "$1" "$2" "$3"
}

topology6()
{
	local ns

	for ns in "$c6" "$r6" "$s6"; do
		ip -n "$ns" link set lo up
	done
	count_in "$c6" "$r6" "$s6"
	row "$c6" "$r6" "$s6"
	linked6 "$c6" veth0 fd00:3::2 "$r6" to_client fd00:3::1
	linked6 "$s6" veth0 fd00:4::2 "$r6" to_serv fd00:4::1
	ip netns exec "$r6" sysctl -qw net.ipv6.conf.all.forwarding=1
	ip -n "$c6" route add default via fd00:3::1
	ip -n "$s6" route add default via fd00:4::1
}

# also called for netlink sockets, of family 16
socket_events()
{
	cat <<-END
		event filtered p sk_filter_trim_cap family=+16(\$arg1):u16 | common_pid if family != 16
		event secured p security_sock_rcv_skb family=+16(\$arg1):u16 | common_pid if family != 16
	END
}

# One process sends to itself and reads later: nobody waits in a read call. Of
# the two sockets the reader's is not told of: it sends nothing.
local_table()
{
	socket_events
	cat <<-END
		event created p security_socket_post_create family=\$arg2:s32 | common_pid if comm == "python3" && family == 2
		event read p security_socket_recvmsg | common_pid if comm == "python3"
		event returned r128 sock_recvmsg | common_pid if comm == "python3"
		event queued p __udp_enqueue_schedule_skb
		sock.create | traced("created") - 1
		sock.send | snmp("$alone", "UdpOutDatagrams")
		udp.sendmsg | same, snmp("$alone", "UdpOutDatagrams")
		udp.send | same
		route.output | same, snmp("$alone", "UdpOutDatagrams")
		loopback.cross | same, link("$alone", "lo", "tx")
		dev.netif_rx | same, link("$alone", "lo", "rx")
		udp.rcv | same, snmp("$alone", "UdpInDatagrams")
		sock.lookup | same
		udp.queue | same
		sock.filter | traced("filtered")
		sock.security | traced("secured")
		sock.queue | traced("queued")
		sock.read | traced("read")
		sock.copy | snmp("$alone", "UdpInDatagrams")
		sock.return | traced("returned")
	END
}

local_traffic()
{
	peer "$alone" udp-self 127.0.0.1 7100 --count 5
}

# path_table PF SNMP...: what both families share; names of SNMP differ
path_table()
{
	local pf=$1 hook i=0

	socket_events
	nf_event
	for hook in prerouting:prerouting local_in:input forward:forward local_out:output \
		postrouting:postrouting; do
		echo "nf.${hook%:*} | traced(\"nf\", $pf, $i), nft(\"$2\", \"${hook#*:}\") + nft(\"$3\", \"${hook#*:}\") + nft(\"$4\", \"${hook#*:}\")"
		i=$((i + 1))
	done
	cat <<-END
		dev.queue | same
		dev.validate | same
		dev.xmit | all_links("tx")
		veth.cross | same, all_links("tx")
		dev.netif_rx | same, all_links("rx")
		dev.backlog | same
		dev.receive | same, softnet(0)
		route.input | same
		ip.local_deliver | same
		ip.local_out | same
		ip.output | same
		ip.finish | same
		neigh.output | same
		ip.queue_xmit | same
		sock.filter | traced("filtered")
		sock.security | traced("secured")
		tcp.rcv | same
		tcp.listen | same, all_snmp("TcpPassiveOpens")
		tcp.established | same
		tcp.state | same
		tcp.data | same
		tcp.transmit | same
		tcp.reset | same, all_snmp("TcpOutRsts")
		icmp.echo | same
		icmp.error | same
		raw.rcv | same
	END
}

routed4_table()
{
	path_table 2 "$c" "$r" "$s"
	cat <<-END
		ip.rcv | same, all_snmp("IpInReceives")
		ip.forward | same, snmp("$r", "IpForwDatagrams")
		ip.deliver | same, all_snmp("IpInDelivers")
		udp.rcv | same, all_snmp("UdpInDatagrams") + all_snmp("UdpNoPorts")
		icmp.rcv | same, all_snmp("IcmpInMsgs")
		icmp.echo | same, all_snmp("IcmpInEchos")
		icmp.reply | same, all_snmp("IcmpOutEchoReps")
		icmp.error | same, all_snmp("IcmpOutDestUnreachs")
		tcp.rcv | same, all_snmp("TcpInSegs")
	END
}

routed6_table()
{
	path_table 10 "$c6" "$r6" "$s6"
	cat <<-END
		ip.rcv | same, all_snmp("Ip6InReceives")
		ip.forward | same, snmp("$r6", "Ip6OutForwDatagrams")
		ip.deliver | same, all_snmp("Ip6InDelivers")
		udp.rcv | same, all_snmp("Udp6InDatagrams") + all_snmp("Udp6NoPorts")
		icmp.rcv | same, all_snmp("Icmp6InMsgs")
		icmp.echo | same, all_snmp("Icmp6InEchos")
		icmp.error | same, all_snmp("Icmp6OutDestUnreachs")
	END
}

# all_kinds CLIENT SERVER ADDRESS: UDP, TCP, ICMP, and both kinds of refusals
all_kinds()
{
	local from=$1 to=$2 addr=$3 server

	start_peer udp "$to" udp-server "$addr" 7101 --count 5
	server=$LAST
	wait_listen "$to" 7101
	peer "$from" udp-client "$addr" 7101 --count 5 || return
	join "$server"
	start_peer tcp "$to" tcp-server "$addr" 7102
	server=$LAST
	wait_listen "$to" 7102
	peer "$from" tcp-client "$addr" 7102 --count 1000 || return
	join "$server"
	ip netns exec "$from" ping -q -c 3 -i 0.05 "$addr" >/dev/null || return
	peer "$from" udp-send "$addr" 7103 || return
	! ip netns exec "$from" nc -z "$addr" 7103
}

routed4_traffic()
{
	all_kinds "$c" "$s" 10.4.0.2
}

routed6_traffic()
{
	all_kinds "$c6" "$s6" fd00:4::2
}

setup_ns alone c r s c6 r6 s6
quiet "$alone" "$c" "$r" "$s"
topology4
topology6
for ns in "$c" "$r" "$s" "$c6" "$r6" "$s6"; do
	counters "$ns" inet prerouting input forward output postrouting
done
run_stages local routed4 routed6
done_testing
