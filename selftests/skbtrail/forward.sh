#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# A router with masquerade: one trail from the sender's call to the receiver's
# read, through three namespaces; what the router changed shows as a change.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

topology()
{
	routed "$client_ns" "$router_ns" "$server_ns"
	ip netns exec "$router_ns" nft -f - <<-END
		table ip nat {
			chain post {
				type nat hook postrouting priority srcnat;
				oifname "to_serv" masquerade
			}
		}
	END
}

# through NAME ADDRESS PORT
through()
{
	local name=$1 to=$2 port=$3

	traced_query "$name" "$client_ns" "$server_ns" "$to" "$port" || return
	judge "$WORK/$name.out" <<-END
		$name: one trail each | len(T) == 2
		$name: query through three namespaces | netns_of(one(dport=$port)) == ["$client_ns", "$router_ns", "$server_ns"]
		$name: answer through three namespaces | netns_of(one(sport=$port)) == ["$server_ns", "$router_ns", "$client_ns"]
		$name: query forwarded, in order | in_order(one(dport=$port), "sock.send ip.local_out dev.xmit ip.rcv nf.prerouting route.input ip.forward nf.forward nf.postrouting ip.finish neigh.output dev.xmit dev.receive ip.rcv nf.local_in udp.rcv sock.queue sock.copy")
		$name: answer forwarded, in order | in_order(one(sport=$port), "sock.send ip.local_out dev.xmit ip.rcv nf.prerouting route.input ip.forward nf.forward nf.postrouting ip.finish neigh.output dev.xmit dev.receive ip.rcv nf.local_in udp.rcv sock.queue sock.copy")
		$name: both delivered | [t.end for t in T] == ["delivered"] * 2
		$name: from the client to the server | (one(dport=$port).process.pid, one(dport=$port).reader.pid) == ($CLIENT, $SERVER)
		$name: one hop less | [c[1:] for c in one(dport=$port).changed("ttl")] == [c[1:] for c in one(sport=$port).changed("ttl")] == [[64, 63]]
		$name: at the router's forward | all(only(t.changed("ttl"))[0] == after(t, "ip.forward") for t in T)
	END
}

masquerade()
{
	judge "$WORK/IPv4.out" <<-END
		the query's source becomes the router's | [c[1:] for c in one(dport=7021).changed("src")] == [["10.3.0.2", "10.4.0.1"]]
		in POST_ROUTING | [c[0] for c in one(dport=7021).changed("src")] == ["nf.postrouting"]
		the answer's destination becomes the client's | [c[1:] for c in one(sport=7021).changed("dst")] == [["10.4.0.1", "10.3.0.2"]]
		in PRE_ROUTING | [c[0] for c in one(sport=7021).changed("dst")] == ["nf.prerouting"]
		nothing else of the addresses changes | not one(dport=7021).changed("dst") and not one(sport=7021).changed("src")
	END
	judge "$WORK/IPv6.out" <<-END
		IPv6 addresses do not change | not any(t.changed(f) for t in T for f in ("src", "dst", "sport", "dport"))
	END
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
topology
through IPv4 10.4.0.2 7021
through IPv6 fd00:4::2 7022
masquerade
check "nothing stays attached" nothing_left
done_testing
