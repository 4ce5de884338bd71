#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# What conntrack and NAT make of packets on the router, and which hook and rule did it. The
# client's destination port says what is to happen; ports from 7600 on are the IPv6 twins of
# those from 7500 on, and those ten higher are where a destination is changed to.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

in_ns()
{
	ip netns exec "$@"
}

# router_rules FAMILY SERVER ROUTER PORT BRACKET BRACKET
router_rules()
{
	in_ns "$router_ns" nft -f - <<-END
		table $1 nat {
			chain inside {
				udp dport $4 dnat to $5$2$6:$(($4 + 10)) comment "to the server"
			}
			chain pre {
				type nat hook prerouting priority dstnat;
				udp dport { $4, $(($4 + 1)) } jump inside
				udp dport $(($4 + 1)) redirect to :$(($4 + 11))
				$1 daddr $3 udp dport $(($4 + 4)) dnat to $2
			}
			chain post {
				type nat hook postrouting priority srcnat;
				udp dport $(($4 + 2)) counter snat to $3
				udp dport $(($4 + 3)) masquerade
				$1 saddr $2 $1 daddr $2 masquerade
			}
		}
		table $1 marks {
			chain pre {
				type filter hook prerouting priority mangle;
				udp dport $(($4 + 5)) ct mark set 7 meta mark set 9
			}
			chain zones {
				type filter hook prerouting priority raw;
				udp dport $(($4 + 6)) ct zone set 5
				udp dport $(($4 + 7)) notrack
			}
			chain through {
				type filter hook forward priority filter;
				ct state invalid counter drop
			}
		}
	END
}

# legacy COMMAND SERVER PORT BRACKET BRACKET
legacy()
{
	in_ns "$router_ns" "$1" -t nat -A PREROUTING -p udp --dport "$3" -j DNAT --to-destination "$4$2$5:$(($3 + 10))"
	in_ns "$router_ns" "$1" -t nat -A PREROUTING -p udp --dport $(($3 + 1)) -j REDIRECT --to-ports $(($3 + 11))
	in_ns "$router_ns" "$1" -t nat -N out
	in_ns "$router_ns" "$1" -t nat -A POSTROUTING -p udp --dport 1 -j ACCEPT
	in_ns "$router_ns" "$1" -t nat -A POSTROUTING -j out
	in_ns "$router_ns" "$1" -t nat -A out -p udp -m udp --dport $(($3 + 3)) -j MASQUERADE
}

handle()
{
	in_ns "$router_ns" nft -a -s list chain "$1" nat "$2" | grep -F -- "$3" |
		sed -n 's/.* # handle \([0-9]*\)$/\1/p'
}

# ask NS ADDRESS PORT ADDRESS2 PORT2 [FROM]: a query to the first, which the second has to answer
ask()
{
	serve "$1" udp-server "$4" "$5"
	start_peer client "${6-$client_ns}" udp-client "$2" "$3"
	CLIENT=$LAST
	join "$CLIENT"
	check "$3: the client had its answer" status_is 0
	join "$SERVER"
}

# ask_all SERVER ROUTER-INSIDE ROUTER-OUTSIDE PORT: what is changed by nft
ask_all()
{
	ask "$server_ns" "$2" "$4" "$1" $(($4 + 10))
	ask "$router_ns" "$1" $(($4 + 1)) "$2" $(($4 + 11))
	ask "$server_ns" "$1" $(($4 + 2)) "$1" $(($4 + 2))
	ask "$server_ns" "$1" $(($4 + 3)) "$1" $(($4 + 3))
	ask "$server_ns" "$3" $(($4 + 4)) "$1" $(($4 + 4)) "$server_ns"
	ask "$server_ns" "$1" $(($4 + 5)) "$1" $(($4 + 5))
	ask "$server_ns" "$1" $(($4 + 6)) "$1" $(($4 + 6))
	ask "$server_ns" "$1" $(($4 + 7)) "$1" $(($4 + 7))
}

# ask_legacy SERVER ROUTER-INSIDE PORT
ask_legacy()
{
	ask "$server_ns" "$2" "$3" "$1" $(($3 + 10))
	ask "$router_ns" "$1" $(($3 + 1)) "$2" $(($3 + 11))
	ask "$server_ns" "$1" $(($3 + 3)) "$1" $(($3 + 3))
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
routed "$client_ns" "$router_ns" "$server_ns"
in_ns "$router_ns" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0 2>/dev/null ||
	{ modprobe nf_conntrack; in_ns "$router_ns" sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0; }
set -o errexit
router_rules ip 10.4.0.2 10.4.0.1 7500 "" ""
router_rules ip6 fd00:4::2 fd00:4::1 7600 "[" "]"

set +o errexit

start_trace nft "udp"
ask_all 10.4.0.2 10.3.0.1 10.4.0.1 7500
ask_all fd00:4::2 fd00:3::1 fd00:4::1 7600
stop_trace
check "nft: nothing was lost" status_is 0

# expectations for one family: FAMILY SERVER INSIDE OUTSIDE CLIENT PORT 4|6 FUNCTION
expect_nft()
{
	cat <<-END
		$1 dnat: the hook's point | (deed(query($6), "dnat").stage, deed(query($6), "dnat").action) == ("nf.prerouting", "change")
		$1 dnat: the hook | deed(query($6), "dnat").hook == {"func": "$8", "module": "nf_nat", "priority": -100}
		$1 dnat: the rule | rule(deed(query($6), "dnat")) == ("$1", "nat", "inside", $(handle "$1" inside "to the server"))
		$1 dnat: its text | 'comment "to the server"' in deed(query($6), "dnat").rule["text"]
		$1 dnat: the way to it | [s["chain"] for s in deed(query($6), "dnat").rule["path"]] == ["pre", "inside"]
		$1 dnat: before and after | (deed(query($6), "dnat").changes["dst"], deed(query($6), "dnat").changes["dport"]) == (["$3", "$2"], [$6, $6 + 10])
		$1 dnat: nothing else did it | [d.nat for d in deeds(query($6)) if d.nat] == ["dnat"]
		$1 dnat: undone for the answer | [(d.nat, d.undone, d.stage, d.changes["src"], d.rule) for d in deeds(answer($6 + 10)) if d.nat] == [("dnat", True, "nf.postrouting", ["$2", "$3"], None)]
		$1 new, by conntrack | [(d.hook["func"], d.changes["ct"][1]["state"], d.stage) for d in deeds(query($6)) if "ct" in d.changes][0] == ("ipv$7_conntrack_in", "new", "nf.prerouting")
		$1 the connection | (query($6).ct_orig["src"], query($6).ct_orig["dst"], query($6).ct_orig["dport"], query($6).ct_reply["src"], query($6).ct_reply["sport"]) == ("$5", "$3", $6, "$2", $6 + 10)
		$1 established, the other way | (answer($6 + 10).ct["state"], answer($6 + 10).ct["reply"], answer($6 + 10).ct_orig) == ("established", True, query($6).ct_orig)
		$1 redirect | [(d.nat, d.stage, d.changes["dport"], rule(d)[:3]) for d in deeds(query($6 + 1)) if d.nat] == [("redirect", "nf.prerouting", [$6 + 1, $6 + 11], ("$1", "nat", "pre"))]
		$1 snat | [(d.nat, d.stage, d.changes["src"], rule(d)) for d in deeds(query($6 + 2)) if d.nat] == [("snat", "nf.postrouting", ["$5", "$4"], ("$1", "nat", "post", $(handle "$1" post "snat to")))]
		$1 snat: undone for the answer | [(d.nat, d.undone, d.stage, d.changes["dst"]) for d in deeds(answer($6 + 2)) if d.nat] == [("snat", True, "nf.prerouting", ["$4", "$5"])]
		$1 masquerade | [(d.nat, d.stage, d.changes["src"], rule(d)) for d in deeds(query($6 + 3)) if d.nat] == [("masquerade", "nf.postrouting", ["$5", "$4"], ("$1", "nat", "post", $(handle "$1" post "dport $(($6 + 3)) masquerade")))]
		$1 hairpin: both | [(d.nat, d.stage) for d in deeds(query($6 + 4)) if d.nat] == [("dnat", "nf.prerouting"), ("masquerade", "nf.postrouting")]
		$1 hairpin: both undone | [(d.nat, d.undone, d.stage) for d in deeds(answer($6 + 4)) if d.nat] == [("masquerade", True, "nf.prerouting")] * 0 + [("snat", True, "nf.prerouting"), ("dnat", True, "nf.postrouting")]
		$1 marks | [(d.changes["mark"][1], d.changes["ct"][1]["mark"], d.rule["chain"], d.rule["table"]) for d in deeds(query($6 + 5)) if "mark" in d.changes] == [(9, 7, "pre", "marks")]
		$1 zone | (query($6 + 6).ct["zone"], query($6 + 5).ct["zone"]) == (5, 0)
		$1 untracked | query($6 + 7).ct == {"state": "untracked"}
		$1 the hit has all changes of its hooks | query($6).hit("nf.prerouting")["changes"]["dst"] == ["$3", "$2"] or query($6).changed("dst") == [["nf.prerouting", "$3", "$2"]]
	END
}

{
	expect_nft ip 10.4.0.2 10.3.0.1 10.4.0.1 10.3.0.2 7500 4 nf_nat_ipv4_pre_routing
	expect_nft ip6 fd00:4::2 fd00:3::1 fd00:4::1 fd00:3::2 7600 6 nf_nat_ipv6_in
	echo 'all delivered | [brief(t) for t in some() if t.end != "delivered"] == []'
	echo 'every trail keeps the contract | all(valid(t) for t in T)'
} >"$WORK/expected"
judge "$WORK/nft.out" <"$WORK/expected"

legacy iptables-legacy 10.4.0.2 7540 "" ""
legacy ip6tables-legacy fd00:4::2 7640 "[" "]"
start_trace legacy "udp"
ask_legacy 10.4.0.2 10.3.0.1 7540
ask_legacy fd00:4::2 fd00:3::1 7640
stop_trace
check "iptables-legacy: nothing was lost" status_is 0

# expect_legacy FAMILY PORT SERVER
expect_legacy()
{
	cat <<-END
		$1 legacy dnat | [(d.nat, d.stage, rule(d), d.changes["dport"]) for d in deeds(query($2)) if d.nat] == [("dnat", "nf.prerouting", ("$1", "nat", "PREROUTING", 1), [$2, $2 + 10])]
		$1 legacy dnat: its text | deed(query($2), "dnat").rule["text"].startswith("-A PREROUTING -p udp -m udp --dport $2 -j DNAT ")
		$1 legacy redirect | [(d.nat, d.stage, rule(d)) for d in deeds(query($2 + 1)) if d.nat] == [("redirect", "nf.prerouting", ("$1", "nat", "PREROUTING", 2))]
		$1 legacy masquerade, in a chain of the user | [(d.nat, d.stage, rule(d)) for d in deeds(query($2 + 3)) if d.nat] == [("masquerade", "nf.postrouting", ("$1", "nat", "out", 1))]
	END
}

{
	expect_legacy ip 7540
	expect_legacy ip6 7640
} >"$WORK/expected"
judge "$WORK/legacy.out" <"$WORK/expected"

# chains of nft in the same hooks, which come first there
in_ns "$router_ns" nft -f - <<-END
	table ip aside {
		chain pre {
			type nat hook prerouting priority dstnat;
			tcp dport 1 redirect
		}
		chain post {
			type nat hook postrouting priority srcnat;
			tcp dport 1 masquerade
		}
	}
END
start_trace beside "udp"
ask_legacy 10.4.0.2 10.3.0.1 7540
stop_trace
expect_legacy ip 7540 | sed 's/legacy/& beside nft/' >"$WORK/expected"
judge "$WORK/beside.out" <"$WORK/expected"
in_ns "$router_ns" nft delete table ip aside

# what conntrack refuses: one that belongs to nothing, one that clashes, one too many; and NFQUEUE
MAC=$(mac_of "$router_ns" to_client)
# nobody is there, and nobody says so: a reset would end the connection that another one clashes with
ip -n "$router_ns" neigh add 10.4.0.77 lladdr 02:00:00:00:00:77 dev to_serv nud permanent
in_ns "$router_ns" nft -f - <<-END
	table inet held {
		chain through {
			type filter hook forward priority filter + 1;
			tcp dport 7509 queue num 3
			tcp dport 7508 queue num 4
			tcp dport 7506 queue num 5
			tcp dport 7505 queue num 6
			tcp dport 7504 queue num 7 bypass
		}
	}
END

# hold NAME NUMBER COUNT: packets of a queue of the router; pid in LAST
hold()
{
	background "$1" ip netns exec "$router_ns" "$HERE/nfqueue" "$2" "$3"
	until_true 20000 in_ns "$router_ns" grep -q "^ *$2 " /proc/net/netfilter/nfnetlink_queue
}

# segment PORT FLAGS [COUNT [ADDRESS]]
segment()
{
	peer "$client_ns" frame-send "${4-10.4.0.2}" "$1" --devices veth0 --source 10.3.0.2 \
		--mac "$MAC" --flags "$2" --count "${3-1}"
}

clashed()
{
	[ "$(grep -c '"dport":7505' "$WORK/refused.out")" -ge 2 ]
}

hold held 3 1
QUEUE=$LAST
hold dropped 5 1
REFUSES=$LAST
hold clash 6 2
CLASHES=$LAST
start_trace refused "tcp portrange 7500-7520 or udp portrange 7560-7569"
segment 7507 16
segment 7509 2
until_true 20000 grep -qx full "$WORK/held.out"
kill -USR1 "$QUEUE"
wait_trails refused 2
segment 7508 2
segment 7506 2
until_true 20000 grep -qx full "$WORK/dropped.out"
kill -USR2 "$REFUSES"
# both have no connection yet when they come there; the first one to go on makes it
segment 7505 2 2 10.4.0.77
until_true 20000 grep -qx full "$WORK/clash.out"
kill -USR1 "$CLASHES"
until_true 20000 clashed
segment 7504 2
wait_trails refused 8
before=$(sysctl -n net.netfilter.nf_conntrack_max)
sysctl -qw net.netfilter.nf_conntrack_max=1
for port in 7560 7561 7562 7563; do
	peer "$client_ns" udp-send 10.4.0.2 "$port" 2>/dev/null
done
wait_trails refused 12
sysctl -qw net.netfilter.nf_conntrack_max="$before"
stop_trace
check "refused: nothing was lost" status_is 0
kill -TERM "$QUEUE" "$REFUSES" "$CLASHES"
CLASHED='([("dropped", "nf.postrouting", "conntrack_clash")],)'
[[ $(uname -r) = 6.12.* ]] || CLASHED='([("dropped", "nf.postrouting", "conntrack_clash")], [])'
judge "$WORK/refused.out" <<-END
	invalid | one(dport=7507).ct == {"state": "invalid"}
	invalid: the rule | rule(one(dport=7507))[:3] == ("ip", "marks", "through")
	invalid: the sentence | one(dport=7507).summary.startswith('dropped by nft ip marks through handle ') and "; conntrack calls it invalid" in one(dport=7507).summary
	queued, by a rule | [(d.action, d.queue, d.stage, rule(d)[:3]) for d in deeds(one(dport=7509, src="10.3.0.2")) if d.action == "queue"] == [("queue", 3, "nf.forward", ("inet", "held", "through"))]
	queued: it went on | one(dport=7509, src="10.3.0.2").reason == "NO_SOCKET"
	dropped by who reads the queue | (one(dport=7506).end, one(dport=7506).where, [d.queue for d in deeds(one(dport=7506)) if d.action == "queue"]) == ("dropped", "nf.forward", [5]) and ": the program behind NFQUEUE 5 dropped it, or ended (" in one(dport=7506).summary
	clash: both were held | [[(d.queue, d.bypass) for d in deeds(t) if d.action == "queue"] for t in some(dport=7505)] == [[(6, False)], [(6, False)]]
	clash: one of them, where conntrack does not look again behind the queue | [(t.end, t.where, t.hook.get("why")) for t in some(dport=7505) if t.hook] in $CLASHED
	clash: the sentence | all("another packet had made its connection meanwhile" in t.summary for t in some(dport=7505) if t.hook)
	clash: who was not dropped went on | all(t.reason == "OTHERHOST" for t in some(dport=7505) if not t.hook)
	nobody need read the queue | [(d.queue, d.bypass, rule(d)[:3]) for d in deeds(one(dport=7504, src="10.3.0.2")) if d.action == "queue"] == [(7, True, ("inet", "held", "through"))]
	nobody need read the queue: it went on | one(dport=7504, src="10.3.0.2").reason == "NO_SOCKET"
	nobody reads the queue | one(dport=7508).end == "dropped" and "nobody takes packets from NFQUEUE 4, or the queue is full" in one(dport=7508).summary
	table full | [(t.where, t.hook["why"], t.hook["func"]) for t in some() if t.hook and t.hook.get("why") == "conntrack_table_full"][:1] == [("nf.prerouting", "conntrack_table_full", "ipv4_conntrack_in")]
	table full: the sentence | all("dropped by the netfilter hook ipv4_conntrack_in [nf_conntrack] in nf.prerouting: conntrack's table is full after " in t.summary for t in some() if t.hook and t.hook.get("why") == "conntrack_table_full")
	every trail keeps the contract | all(valid(t) for t in T)
END
sed 's/^/# /' "$WORK/refused.err"

# the first packet makes a connection, the second one a flow, the others need no more than that
in_ns "$router_ns" nft -f - <<-END
	table inet fast {
		flowtable known {
			hook ingress priority filter; devices = { to_client, to_serv };
		}
		chain through {
			type filter hook forward priority filter + 2;
			udp dport 7590 flow add @known
		}
	}
END
start_trace flow "udp port 7590"
peer "$client_ns" udp-send 10.4.0.2 7590 --count 6
wait_trails flow 6
stop_trace
check "flowtable: nothing was lost" status_is 0
judge "$WORK/flow.out" <<-END
	flowtable: some are sent on by it | 2 <= len([t for t in some(dport=7590) if any(d.action == "steal" for d in deeds(t))]) <= 4
	flowtable: its hook | {(d.stage, d.hook["func"], d.hook["module"], d.hook["priority"]) for t in some(dport=7590) for d in deeds(t) if d.action == "steal"} == {("nf.ingress", "nf_flow_offload_inet_hook", "nf_flow_table_inet", 0)}
	flowtable: those and no others pass the router by | all(("ip.forward" in t.stages) != any(d.action == "steal" for d in deeds(t)) for t in some(dport=7590))
	flowtable: all arrive | [t.reason for t in some(dport=7590)] == ["NO_SOCKET"] * 6
	every trail keeps the contract | all(valid(t) for t in T)
END
check "nothing stays attached" nothing_left
done_testing
