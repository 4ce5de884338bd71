#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# Which rule of iptables-legacy, and which hook function of anybody, dropped it.
# The destination port says which it is to be; 7400 and more: the IPv6 twins.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=/dev/null
. "$HERE/iptables.sh"
rules_of legacy

router_rules()
{
	three_jumps 7340
	port 7341
	both -A FORWARD -p udp --dport PORT -j REJECT
	port 7342
	both -t raw -A PREROUTING -p udp --dport PORT -j DROP
	port 7344
	both -t mangle -A POSTROUTING -p udp --dport PORT -j DROP
	# a copy goes to the server as well
	port 7347
	ip netns exec "$router_ns" iptables-legacy -t mangle -A FORWARD -p udp --dport 7347 -j TEE --gateway 10.4.0.2
	# to the router itself
	both -P INPUT DROP
	# somebody else traces, and keeps doing so
	port 7349
	both -t raw -A PREROUTING -p udp --dport PORT -j TRACE
	both -A FORWARD -p udp --dport PORT -j DROP
}

# expect PORT WHERE TABLE CHAIN NUMBER: the same for both families
expect()
{
	local family port

	for family in ip ip6; do
		port=$1
		[ $family = ip ] || port=$((port + 100))
		cat <<-END
			$port: the rule | rule(one(dport=$port)) == ("$family", "$3", "$4", $5)
			$port: where | (one(dport=$port).end, one(dport=$port).where) == ("dropped", "$2")
			$port: its text | one(dport=$port).rule["text"].startswith("-A $4 ")
			$port: the sentence | one(dport=$port).summary.startswith('dropped by ${family}tables $3 $4 rule $5 "-A $4 ')
		END
	done
}

traced_lines()
{
	dmesg | grep -c 'TRACE: .*DPT=7[34]49 '
}

others_traced()
{
	dmesg | grep 'TRACE: ' | grep -v 'DPT=7[34]49 ' | sed 's/^/# /' | head -n 5 | grep .
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
routed "$client_ns" "$router_ns" "$server_ns"
router_rules
no_way 7351 7352
# the kernel log is where traces of iptables-legacy go
modprobe nf_log_syslog
sysctl -qw net.netfilter.nf_log_all_netns=1
background monitor ip netns exec "$router_ns" nft monitor trace
modprobe test_skbtrail_hook

start_trace drops "udp portrange 7340-7499"
for port in 7340 7341 7342 7344 7349 7351 7352; do
	send "$port"
done
send 7345 10.3.0.1 fd00:3::1
peer "$client_ns" udp-send 10.4.0.2 7346
peer "$client_ns" udp-send 10.4.0.2 7347
ip link set lo up
# not by ip netns: the hooks are in the initial namespace
/usr/bin/python3 "$HERE/peer.py" udp-send 127.0.0.1 7350
wait_trails drops 20
rmmod test_skbtrail_hook
modprobe test_skbtrail_hook
/usr/bin/python3 "$HERE/peer.py" udp-send 127.0.0.1 7350
wait_trails drops 21
stop_trace
rmmod test_skbtrail_hook
check "nothing was lost" status_is 0

# without a hook of ours at its points nothing would take a trace back
start_trace few --stage ip.rcv,ip.forward "udp port 7341 or udp port 7441"
send 7341
wait_trails few 2
stop_trace
check "few stages: nothing was lost" status_is 0

{
	expect 7340 nf.forward filter deep 2
	expect 7341 nf.forward filter FORWARD 2
	expect 7342 nf.prerouting raw PREROUTING 1
	expect 7344 nf.postrouting mangle POSTROUTING 1
	expect 7349 nf.forward filter FORWARD 3
	expect 7352 nf.local_out mangle OUTPUT 2
	cat <<-END
		the way through chains | [(s["chain"], s["number"]) for s in one(dport=7340).rule["path"]] == [("FORWARD", 1), ("web", 2), ("shop", 2), ("deep", 2)]
		the way through chains, IPv6 | [(s["chain"], s["number"]) for s in one(dport=7440).rule["path"]] == [("FORWARD", 1), ("web", 2), ("shop", 2), ("deep", 2)]
		the way through chains, in the sentence | '-j DROP" (by FORWARD, web, shop, deep) in nf.forward after ' in one(dport=7340).summary
		no chain, no way | [(s["chain"], s["number"]) for s in one(dport=7341).rule["path"]] == [("FORWARD", 2)]
		policy | [(rule(t), t.rule["policy"]) for t in some(dport=7345)] == [(("ip", "filter", "INPUT", None), "drop")]
		policy of IPv6 | [(rule(t), t.rule["policy"]) for t in some(dport=7445)] == [(("ip6", "filter", "INPUT", None), "drop")]
		no route for what a rule made of it | [(t.end, t.where, t.rule, t.hook["func"], t.hook["module"]) for t in (one(dport=7351), one(dport=7451))] == [("dropped", "nf.local_out", None, f + "table_mangle_hook", f + "table_mangle") for f in ("ip", "ip6")]
		no route: the sentence | one(dport=7351).summary.startswith("dropped by the netfilter hook iptable_mangle_hook [iptable_mangle] in nf.local_out: there is no route for what its rules made of it, or one of them dropped it after ")
		policy: the sentence | one(dport=7345).summary.startswith("dropped by the policy of iptables filter INPUT in nf.local_in after ")
		a table's hook | (one(dport=7340).hook["func"], one(dport=7340).hook["module"], one(dport=7340).hook["priority"]) == ("ipt_do_table", "ip_tables", 0)
		somebody's hook | [(t.hook["func"], t.hook["module"], t.hook["priority"]) for t in some(dport=7350)][0] == ("drop_some", "test_skbtrail_hook", -7)
		somebody's hook: the sentence | some(dport=7350)[0].summary.startswith("dropped by the netfilter hook drop_some [test_skbtrail_hook] in nf.local_in after ")
		somebody's hook: it is no rule | some(dport=7350)[0].rule == None
		somebody's hook that came meanwhile | [(t.hook or {}).get("func", "drop_some") for t in some(dport=7350)] == ["drop_some"] * 2
		a packet and its copy | [(t.end, t.where, t.rule) for t in some(dport=7347)] == [("dropped", "udp.rcv", None)] * 2
		what was not dropped | one(dport=7346).rule == None and one(dport=7346).where == "udp.rcv"
	END
} >"$WORK/expected"
judge "$WORK/drops.out" <"$WORK/expected"
judge "$WORK/few.out" <<-END
	few stages: the table is known, the rule is not | [rule(one(dport=p)) for p in (7341, 7441)] == [("ip", "filter", "FORWARD", None), ("ip6", "filter", "FORWARD", None)]
	few stages: the sentence | one(dport=7341).summary.startswith("dropped by a rule or the policy of iptables filter FORWARD in nf.forward after ")
END
check "who traces packets of iptables still has them in the log" test "$(traced_lines)" -ge 2
others_traced
check "the log has no others" test -z "$(others_traced)"
check "nft monitor trace sees none of it" test ! -s "$WORK/monitor.out"
sed 's/^/# /' "$WORK/drops.err"
check "nothing stays attached" nothing_left
done_testing
