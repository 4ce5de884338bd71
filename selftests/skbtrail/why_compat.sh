#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# Rules of iptables-nft, which are nf_tables' with matches and targets of x_tables in them. The
# destination port says which one it is to be; 7400 and more: the IPv6 twins.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=/dev/null
. "$HERE/iptables.sh"
rules_of nft

# nat ARGS...: as both(), in the table nat; DST and SRC are replaced, too
nat()
{
	local args=("${@/PORT/$PORT}")

	args=("${args[@]/DST/10.4.0.2:$((PORT + 10))}")
	must ip netns exec "$router_ns" iptables-nft -t nat "${args[@]/SRC/10.4.0.1}"
	args=("${@/PORT/$((PORT + 100))}")
	args=("${args[@]/DST/[fd00:4::2]:$((PORT + 110))}")
	must ip netns exec "$router_ns" ip6tables-nft -t nat "${args[@]/SRC/fd00:4::1}"
}

router_rules()
{
	three_jumps 7360
	port 7361
	both -A FORWARD -p udp --dport PORT -j REJECT
	port 7362
	both -t raw -A PREROUTING -p udp --dport PORT -j DROP
	port 7363
	both -t mangle -A POSTROUTING -p udp -m conntrack --ctstate NEW,INVALID -m udp --dport PORT -j DROP
	port 7366
	both -A FORWARD -p tcp --dport PORT -m conntrack --ctstate INVALID -j DROP
	# to the router itself
	both -P INPUT DROP
	port 7370
	nat -A PREROUTING -p udp --dport PORT -j DNAT --to-destination DST
	port 7372
	nat -A POSTROUTING -p udp --dport PORT -j SNAT --to-source SRC
	port 7373
	nat -N out
	nat -A POSTROUTING -p udp --dport 1 -j ACCEPT
	nat -A POSTROUTING -j out
	nat -A out -p udp -m udp --dport PORT -j MASQUERADE
}

# invalid PORT: an ACK out of nowhere
invalid()
{
	local args=(--devices veth0 --mac "$(mac_of "$router_ns" to_client)" --flags 16)

	peer "$client_ns" frame-send 10.4.0.2 "$1" --source 10.3.0.2 "${args[@]}"
	peer "$client_ns" frame-send fd00:4::2 $(($1 + 100)) --source fd00:3::2 "${args[@]}"
}

# handle FAMILY TABLE CHAIN PATTERN
handle()
{
	ip netns exec "$router_ns" nft -a list chain "$1" "$2" "$3" | grep -E -- "$4" |
		sed -n 's/.* # handle \([0-9]*\)$/\1/p'
}

# expect PORT WHERE TABLE CHAIN: the same for both families
expect()
{
	local family port handle

	for family in ip ip6; do
		port=$1
		[ $family = ip ] || port=$((port + 100))
		handle=$(handle $family "$3" "$4" "dport $port")
		cat <<-END
			$port: the rule | rule(one(dport=$port)) == ("$family", "$3", "$4", ${handle:-0})
			$port: where | (one(dport=$port).end, one(dport=$port).where) == ("dropped", "$2")
			$port: its text | "$port" in one(dport=$port).rule["text"]
			$port: the sentence | one(dport=$port).summary.startswith('dropped by nft $family $3 $4 handle $handle "')
		END
	done
}

# expect_nat FAMILY PORT CLIENT
expect_nat()
{
	cat <<-END
		$1 dnat | [(d.nat, d.stage, rule(d), d.changes["dport"]) for t in some(src="$3") for d in deeds(t) if d.nat == "dnat"] == [("dnat", "nf.prerouting", ("$1", "nat", "PREROUTING", $(handle "$1" nat PREROUTING "dport $2")), [$2, $2 + 10])]
		$1 snat | [(d.nat, d.stage, rule(d)) for d in deeds(one(dport=$2 + 2)) if d.nat] == [("snat", "nf.postrouting", ("$1", "nat", "POSTROUTING", $(handle "$1" nat POSTROUTING "dport $(($2 + 2))")))]
		$1 masquerade, in a chain of the user | [(d.nat, d.stage, rule(d)) for d in deeds(one(dport=$2 + 3)) if d.nat] == [("masquerade", "nf.postrouting", ("$1", "nat", "out", $(handle "$1" nat out "dport $(($2 + 3))")))]
		$1 masquerade: the way to it | [s["chain"] for d in deeds(one(dport=$2 + 3)) if d.nat for s in d.rule["path"]] == ["POSTROUTING", "out"]
	END
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
routed "$client_ns" "$router_ns" "$server_ns"
router_rules
no_way 7367 7368
modprobe nf_conntrack
ip netns exec "$router_ns" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0

start_trace drops "portrange 7340-7369 or portrange 7440-7469"
for port in 7360 7361 7362 7363; do
	send "$port"
done
send 7365 10.3.0.1 fd00:3::1
invalid 7366
send 7367
send 7368
wait_trails drops 16
stop_trace
check "nothing was lost" status_is 0
{
	expect 7360 nf.forward filter deep
	expect 7361 nf.forward filter FORWARD
	expect 7362 nf.prerouting raw PREROUTING
	expect 7363 nf.postrouting mangle POSTROUTING
	expect 7366 nf.forward filter FORWARD
	cat <<-END
		the way through chains | [[s["chain"] for s in one(dport=p).rule["path"]] for p in (7360, 7460)] == [["FORWARD", "web", "shop", "deep"]] * 2
		policy | [(rule(t), t.rule["policy"]) for t in some(dport=7365) + some(dport=7465)] == [((f, "filter", "INPUT", None), "drop") for f in ("ip", "ip6")]
		policy: the sentence | one(dport=7365).summary.startswith("dropped by the policy of nft ip filter INPUT in nf.local_in after ")
		no route for what a rule made of it | [(t.end, t.where, t.rule, t.hook["func"], t.hook["module"]) for t in (one(dport=7367), one(dport=7467))] == [("dropped", "nf.local_out", None, f, "nf_tables") for f in ("nf_route_table_hook4", "nf_route_table_hook6")]
		no route: the sentence | one(dport=7367).summary.startswith("dropped by the netfilter hook nf_route_table_hook4 [nf_tables] in nf.local_out: there is no route for what its rules made of it after ")
		a rule there | [rule(one(dport=p))[:3] for p in (7368, 7468)] == [(f, "mangle", "OUTPUT") for f in ("ip", "ip6")]
		invalid: the sentence | all("; conntrack calls it invalid" in one(dport=p).summary for p in (7366, 7466))
		reject: the answer is told | all("answered with an ICMP error" in one(dport=p).summary for p in (7361, 7461))
		every trail keeps the contract | all(valid(t) for t in T)
	END
} >"$WORK/expected"
judge "$WORK/drops.out" <"$WORK/expected"

start_trace nat "udp portrange 7370-7399 or udp portrange 7470-7499"
send 7370 10.3.0.1 fd00:3::1
send 7372
send 7373
wait_trails nat 6
stop_trace
check "NAT: nothing was lost" status_is 0
{
	expect_nat ip 7370 10.3.0.2
	expect_nat ip6 7470 fd00:3::2
} >"$WORK/expected"
judge "$WORK/nat.out" <"$WORK/expected"
check "nothing stays attached" nothing_left
done_testing
