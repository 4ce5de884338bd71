#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# Echo requests are used up by the kernel, the replies are read by ping:
# through a raw socket, which gets a clone, and through a ping socket.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# echoes NAME FILTER ADDRESS REQUEST REPLY TRAILS
echoes()
{
	local name=$1 filter=$2 to=$3 request=$4 reply=$5 ping

	start_trace "$name" "$filter" || return
	background ping ip netns exec "$client_ns" ping -c 1 -W 10 "$to"
	ping=$LAST
	join "$ping"
	check "$name: ping had its answer" status_is 0
	wait_trails "$name" "$6"
	stop_trace
	check "$name: nothing was lost" status_is 0
	judge "$WORK/$name.out" <<-END
		$name: one request, one reply | len(some(clones=True)) >= 2 and len(of($request)) == len(of($reply)) == 1
		$name: the request passes every stage in order | in_order(only(of($request)), "sock.send ip.local_out nf.local_out nf.postrouting dev.xmit dev.receive ip.rcv nf.prerouting nf.local_in ip.deliver icmp.rcv icmp.echo")
		$name: the request is used up | only(of($request)).end == "consumed"
		$name: ping sent it | (only(of($request)).process.pid, only(of($request)).process.comm) == ($ping, "ping")
		$name: the reply passes every stage in order | in_order(only(of($reply)), "ip.local_out nf.local_out nf.postrouting dev.xmit dev.receive ip.rcv nf.prerouting nf.local_in ip.deliver")
		$name: nobody sent the reply | only(of($reply)).process is None or only(of($reply)).process.pid == $ping
		$name: ping read it | only([t for t in T if t.end == "delivered"]).reader.pid == $ping
		$name: request and reply belong together | only(of($request)).icmp.id == only(of($reply)).icmp.id and only(of($request)).icmp.seq == only(of($reply)).icmp.seq == 1
	END
}

# fragments NAME FILTER TO: what becomes part of a whole is not told dropped
fragments()
{
	start_trace "$1" "$2" || return
	check "$1: a large ping has its answer" ip netns exec "$client_ns" ping -q -c 1 -W 10 -s 3000 "$3"
	stop_trace
	check "$1: nothing was lost" status_is 0
	judge "$WORK/$1.out" <<-END
		$1: fragments passed | sum("ip.defrag" in t.stages for t in T) >= 6
		$1: none of them was dropped | not [t for t in T if t.end == "dropped" and "ip.defrag" in t.stages]
	END
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 5
echoes raw4 icmp 10.5.0.2 8 0 3
fragments fragments4 icmp 10.5.0.2
echoes raw6 "icmp6 and host fd00:5::2" fd00:5::2 128 129 3
fragments fragments6 "icmp6 or ip6 proto 44" fd00:5::2
ip netns exec "$client_ns" sysctl -qw net.ipv4.ping_group_range='0 0'
echoes ping4 icmp 10.5.0.2 8 0 2
echoes ping6 "icmp6 and host fd00:5::2" fd00:5::2 128 129 2
check "nothing stays attached" nothing_left
done_testing
