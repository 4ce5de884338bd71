#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# Each way to lose a packet on this path is told with its place and reason.
# The destination port says which way a packet is to die:
#   7101 to 7105 in the five netfilter hooks, 7106 TTL, 7107 no route,
#   7108 no listener, 7109 reverse path; 7111 to 7115 are IPv6 twins.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

topology()
{
	routed "$client_ns" "$router_ns" "$server_ns"
	# a source that the server would answer through another device
	ip -n "$client_ns" addr add 10.77.0.1/32 dev lo
	ip -n "$server_ns" link add dummy0 type dummy
	ip -n "$server_ns" link set dummy0 up
	ip -n "$server_ns" addr add 10.77.0.2/24 dev dummy0
	ip netns exec "$server_ns" sysctl -qw net.ipv4.conf.veth0.rp_filter=1
}

# drop_at NS HOOK PORT
drop_at()
{
	ip netns exec "$1" nft -f - <<-END
		table inet fw_$2 {
			chain c {
				type filter hook $2 priority 0;
				udp dport { $3, $(($3 + 10)) } drop
			}
		}
	END
}

# send PORT ADDRESS ...: a local refusal is an answer too
send()
{
	local port=$1 to=$2

	shift 2
	peer "$client_ns" udp-send "$to" "$port" "$@" 2>/dev/null
}

# dropped_in HOOK STAGE PORT
dropped_in()
{
	judge "$WORK/drops.out" <<-END
		$1: dropped | one(dport=$3).end == "dropped"
		$1: by netfilter | one(dport=$3).reason == "NETFILTER_DROP"
		$1: in $2 | (one(dport=$3).where, one(dport=$3).stages[-1]) == ("$2", "$2")
		$1: the sentence says so | one(dport=$3).summary.startswith('dropped by nft inet fw_$1 c handle ') and " in $2 after " in one(dport=$3).summary
		$1: IPv6 dropped | (one(dport=$3 + 10).end, one(dport=$3 + 10).reason, one(dport=$3 + 10).where) == ("dropped", "NETFILTER_DROP", "$2")
	END
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
topology
drop_at "$server_ns" prerouting 7101
drop_at "$server_ns" input 7102
drop_at "$router_ns" forward 7103
drop_at "$client_ns" output 7104
drop_at "$client_ns" postrouting 7105

start_trace drops "udp portrange 7101-7120"
for port in 7101 7102 7103 7104 7105; do
	send "$port" 10.4.0.2
	send $((port + 10)) fd00:4::2
done
send 7106 10.4.0.2 --ttl 1
send 7107 10.99.0.1
send 7108 10.4.0.2
send 7109 10.4.0.2 --source 10.77.0.1
send 7118 fd00:4::2
wait_trails drops 15
stop_trace
check "nothing was lost" status_is 0

judge "$WORK/drops.out" <<-END
	as many trails as packets | len(T) == 15
	all of them dropped | [brief(t) for t in T if t.end != "dropped"] == []
END
dropped_in prerouting nf.prerouting 7101
dropped_in input nf.local_in 7102
dropped_in forward nf.forward 7103
dropped_in output nf.local_out 7104
dropped_in postrouting nf.postrouting 7105
judge "$WORK/drops.out" <<-END
	TTL: dropped in the router's forward | (one(dport=7106).where, netns_of(one(dport=7106))[-1]) == ("ip.forward", "$router_ns")
	TTL: answered with an ICMP error | "icmp.error" in one(dport=7106).stages
	TTL: with a reason | one(dport=7106).reason == "IP_INHDR" and "its TTL ran out" in one(dport=7106).summary
	no route: dropped after the route lookup in the router | (one(dport=7107).where, netns_of(one(dport=7107))[-1]) == ("route.input", "$router_ns")
	no route: answered with an ICMP error | "icmp.error" in one(dport=7107).stages
	no route: with a reason | one(dport=7107).reason == "IP_INNOROUTES"
	no listener: dropped in UDP | (one(dport=7108).where, one(dport=7108).reason) == ("udp.rcv", "NO_SOCKET")
	no listener: answered with an ICMP error | "icmp.error" in one(dport=7108).stages
	no listener: IPv6 | (one(dport=7118).where, one(dport=7118).reason) == ("udp.rcv", "NO_SOCKET")
	reverse path: dropped by the route lookup | (one(dport=7109).where, one(dport=7109).reason) == ("route.input", "IP_RPFILTER")
END

# who called whom, for one that asks and for one beside it that does not
start_trace without udp port 7108
without=$TRACER
start_trace stacks --stack "udp port 7108 or udp port 7102"
send 7102 10.4.0.2
send 7108 10.4.0.2
wait_trails stacks 2
stop_trace
check "stacks: nothing was lost" status_is 0
stop_trace "$without"
judge "$WORK/stacks.out" <<-END
	stacks: begin where the packet was dropped | all(t.stack[0] == t.symbol for t in some()) and len(some()) == 2
	stacks: a rule's goes through netfilter | all(any(f.startswith(func) for f in one(dport=7102).stack) for func in ("nf_hook_slow+", "ip_local_deliver+"))
	stacks: go on to who received it | all(any(f.startswith("__netif_receive_skb") for f in t.stack) for t in some())
	stacks: end somewhere | all(2 < len(t.stack) <= 24 for t in some())
END
judge "$WORK/without.out" <<-END
	stacks: for who asks only | one(dport=7108).end == "dropped" and one(dport=7108).stack is None
END
check "nothing stays attached" nothing_left
done_testing
