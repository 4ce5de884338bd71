#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# A UDP query and its answer, socket to socket, IPv4 and IPv6: the trails are
# complete, in order, and name the processes.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# out of the sender's socket, through the device, into the receiver's; IPv6
# sends by way of the same stages
OUT='sock.send udp.sendmsg udp.send ip.local_out nf.local_out ip.output nf.postrouting ip.finish neigh.output dev.queue dev.xmit'
IN='dev.netif_rx dev.receive ip.rcv nf.prerouting route.input ip.local_deliver nf.local_in ip.deliver udp.rcv sock.lookup udp.queue sock.queue sock.copy'

# query NAME SERVER-ADDRESS CLIENT-ADDRESS PORT
query()
{
	local name=$1 to=$2 from=$3 port=$4 captured

	start_dump "$name" "$server_ns" veth0 "udp port $port"
	traced_query "$name" "$client_ns" "$server_ns" "$to" "$port" || return
	stop_dump
	captured=$(tcpdump -nr "$WORK/$name.pcap" 2>/dev/null | wc -l)
	judge "$WORK/$name.out" "dump=$WORK/$name.pcap" <<-END
		$name: as many trails as tcpdump saw packets | len(some()) == len(dump) == $captured == 2
		$name: the query passes every stage in order | in_order(one(dport=$port), "$OUT $IN")
		$name: the answer passes every stage in order | in_order(one(sport=$port), "$OUT $IN")
		$name: the query has its addresses | (one(dport=$port).src, one(dport=$port).dst) == ("$from", "$to")
		$name: the answer has its addresses | (one(sport=$port).src, one(sport=$port).dst) == ("$to", "$from")
		$name: the query was delivered | one(dport=$port).end == "delivered"
		$name: the answer was delivered | one(sport=$port).end == "delivered"
		$name: the query passes the namespaces in order | netns_of(one(dport=$port)) == ["$client_ns", "$server_ns"]
		$name: the answer passes the namespaces in order | netns_of(one(sport=$port)) == ["$server_ns", "$client_ns"]
		$name: the client sent the query | (one(dport=$port).process.pid, one(dport=$port).process.comm) == ($CLIENT, "python3")
		$name: the server read the query | (one(dport=$port).reader.pid, one(dport=$port).reader.comm) == ($SERVER, "python3")
		$name: the server sent the answer | one(sport=$port).process.pid == $SERVER
		$name: the client read the answer | one(sport=$port).reader.pid == $CLIENT
		$name: nothing is related to another trail | all(not t.links for t in some())
	END
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 1
query IPv4 10.1.0.2 10.1.0.1 7001
query IPv6 fd00:1::2 fd00:1::1 7002
check "nothing stays attached" nothing_left
done_testing
