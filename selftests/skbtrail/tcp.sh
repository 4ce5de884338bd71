#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# TCP connections, IPv4 and IPv6: each packet that tcpdump saw has exactly one
# trail, the bytes are delivered, and a closed port tells why.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

OUT='tcp.transmit ip.local_out nf.local_out ip.output nf.postrouting ip.finish neigh.output dev.queue dev.xmit'
# a packet of a known connection needs no route: early demux has it
KNOWN='dev.netif_rx dev.receive ip.rcv nf.prerouting ip.local_deliver nf.local_in ip.deliver tcp.rcv'
IN='dev.netif_rx dev.receive ip.rcv nf.prerouting route.input ip.local_deliver nf.local_in ip.deliver tcp.rcv'

# connection NAME ADDRESS PORT BYTES
connection()
{
	local name=$1 to=$2 port=$3 bytes=$4

	start_dump "$name" "$server_ns" veth0 "tcp port $port"
	start_trace "$name" "tcp port $port" || return
	exchange tcp "$client_ns" "$server_ns" "$to" "$port" --count "$bytes"
	check "$name: the client had its answer" status_is 0
	# what is still on its way is awaited by comparing with the dump
	until_true 5000 closed "$name"
	stop_trace
	check "$name: nothing was lost" status_is 0
	stop_dump
	judge "$WORK/$name.out" "dump=$WORK/$name.pcap" <<-END
		$name: tcpdump saw the connection | len(dump) >= 9
		$name: each packet has exactly one trail | same_packets(dump, some())
		$name: two packets never share a trail | len(set(t.trail for t in T)) == len(T)
		$name: the connection is opened once | len(some(flags="SYN")) == len(some(flags="SYN,ACK")) == 1
		$name: and closed from both ends | len([t for t in some() if "FIN" in t.flags]) == 2
		$name: the SYN passes every stage in order | in_order(one(flags="SYN"), "sock.connect $OUT $IN sock.lookup tcp.listen")
		$name: the SYN-ACK passes every stage in order | in_order(one(flags="SYN,ACK"), "$OUT $IN sock.lookup".replace("tcp.transmit", ""))
		$name: the client sent the SYN | one(flags="SYN").process.pid == $CLIENT
		$name: data passes every stage in order | all(in_order(t, "$OUT $KNOWN sock.queue sock.copy") for t in some(dport=$port) if t.tcp.payload and t.end == "delivered")
		$name: its socket is looked up, or just made by the ACK another CPU still has | sum("sock.lookup" not in t.stages for t in some(dport=$port) if t.tcp.payload and t.end == "delivered") <= 1
		$name: the first of it from the call on | in_order([t for t in some(dport=$port) if t.tcp.payload][0], "sock.send tcp.sendmsg tcp.transmit")
		$name: data was delivered | all(t.end in ("delivered", "merged") for t in some() if t.tcp.payload)
		$name: the server read the last of it | [t for t in some(dport=$port) if t.tcp.payload and t.end == "delivered"][-1].reader.pid == $SERVER
		$name: all bytes are there | sum(t.tcp.payload for t in some(dport=$port)) == $bytes
		$name: the answer was delivered to the client | only([t for t in some(sport=$port) if t.tcp.payload]).reader.pid == $CLIENT
		$name: no packet of a good connection is dropped, but that ACK | not [brief(t) for t in some() if t.end == "dropped" and (t.flags, t.reason) != ("ACK", "TCP_RFC7323_PAWS")]
		$name: what carries no data is used up by the kernel | all(t.end in ("consumed", "merged") for t in some() if not t.tcp.payload and t.end != "dropped")
	END
}

# one trail per packet of the dump, clones aside
closed()
{
	local packets

	packets=$(tcpdump -nr "$WORK/$1.pcap" 2>/dev/null | wc -l)
	[ "$(grep -vc '"kind":"clone"' "$WORK/$1.out")" -ge "$packets" ]
}

# refusal NAME ADDRESS PORT
refusal()
{
	local name=$1 to=$2 port=$3

	start_trace "$name" "tcp port $port" || return
	try client peer "$client_ns" tcp-client "$to" "$port"
	check "$name: the client is refused" grep -q ConnectionRefusedError "$WORK/client.err"
	wait_trails "$name" 2
	stop_trace
	judge "$WORK/$name.out" <<-END
		$name: two packets | len(T) == 2
		$name: the SYN is dropped for want of a socket | (one(flags="SYN").end, one(flags="SYN").reason) == ("dropped", "NO_SOCKET")
		$name: in TCP | one(flags="SYN").where == "tcp.rcv"
		$name: answered with a reset | in_order(one(flags="SYN"), "sock.connect $OUT $IN tcp.reset")
		$name: the sentence says so | "NO_SOCKET" in one(flags="SYN").summary and "$port" in one(flags="SYN").summary
		$name: the reset has its own trail | in_order(one(flags="RST,ACK"), "ip.local_out dev.xmit $IN") and one(flags="RST,ACK").sport == $port
	END
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 2
connection IPv4 10.2.0.2 7011 100
connection IPv6 fd00:2::2 7012 100
connection many 10.2.0.2 7013 300000
refusal closed4 10.2.0.2 7014
refusal closed6 fd00:2::2 7015
check "nothing stays attached" nothing_left
done_testing
