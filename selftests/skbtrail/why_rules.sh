#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# Every rule a packet matches, for who asks: in nf_tables, where "nft monitor trace" is the
# second opinion, and in iptables-legacy. And what is the last rule there, and what the end.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

server_rules()
{
	ip netns exec "$server_ns" nft -f - <<-'END'
		table inet fw {
			map services {
				type inet_service : verdict
				elements = { 7360 : jump deep, 7460 : jump deep, 7361 : accept, 7461 : accept }
			}
			chain deeper {
				udp sport 1 accept
				meta mark set 7
				udp dport { 7360, 7460 } return
				drop
			}
			chain deep {
				counter
				goto deeper
			}
			chain seen {
				udp dport { 7363, 7463 } meta nftrace set 1
			}
			chain input {
				type filter hook input priority filter; policy accept;
				ct state vmap { established : accept, invalid : drop }
				jump seen
				udp sport 1 counter
				udp dport vmap @services
				udp dport 7360-7469 limit rate 1000/second
				udp dport { 7362, 7462 } counter drop
				udp dport { 7363, 7463 } jump deep
				udp dport { 7368, 7468 } reject
			}
			chain second {
				type filter hook input priority filter + 10; policy accept;
			}
		}
		table netdev early {
			chain in {
				type filter hook ingress device veth0 priority 0; policy accept;
				udp dport { 7360, 7460 } counter
				udp dport { 7364, 7464 } fwd to veth0
			}
		}
	END
}

# both ARGS...: to iptables-legacy and its IPv6 twin, of the client; PORT is replaced
both()
{
	ip netns exec "$client_ns" iptables-legacy "${@/PORT/$PORT}"
	ip netns exec "$client_ns" ip6tables-legacy "${@/PORT/$((PORT + 100))}"
}

client_rules()
{
	both -N log_drop
	both -N back
	PORT=7365
	both -A log_drop -p udp -m comment --comment "say so"
	both -A log_drop -j DROP
	both -A back -p udp --dport PORT -j RETURN
	both -A OUTPUT -p udp --sport 1 -j ACCEPT
	both -A OUTPUT -p udp -j back
	both -A OUTPUT -p udp --dport PORT -j log_drop
	PORT=7366
	both -A OUTPUT -p udp ! --dport PORT -j ACCEPT
	both -A OUTPUT -m comment --comment "but not this one" -p udp --sport 1
	both -A OUTPUT -j DROP
	PORT=7367
	both -t raw -A PREROUTING -p udp --dport PORT -j ACCEPT
	both -t raw -P OUTPUT ACCEPT
}

# udp PORT: a datagram, and its IPv6 twin
udp()
{
	peer "$client_ns" udp-send 10.1.0.2 "$1" 2>/dev/null
	peer "$client_ns" udp-send fd00:1::2 $(($1 + 100)) 2>/dev/null
}

# what nft says of a packet to a port: text and verdict of every rule
traced()
{
	local id

	id=$(sed -n "s/^trace id \([0-9a-f]*\) .* udp dport $1 .*/\1/p" "$WORK/monitor.out" | head -n 1)
	sed -n "s/^trace id $id inet fw [a-z]* rule \(.*\) (verdict \([a-z]*\).*/\1 -> \2/p" "$WORK/monitor.out" |
		sed 's/counter packets [0-9]* bytes [0-9]*/counter/'
}

monitor_saw()
{
	grep -q " udp dport $1 .*" "$WORK/monitor.out" && [ "$(traced "$1" | wc -l)" -ge "$2" ]
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 1
server_rules
client_rules

background monitor ip netns exec "$server_ns" nft monitor trace
start_trace plain "udp portrange 7360-7469"
PLAIN=$TRACER
start_trace rules --rules "udp portrange 7360-7469"
for port in 7360 7361 7362 7363 7364 7365 7366 7368; do
	udp "$port"
done
wait_trails rules 16
check "who traces rules sees what he asked for" until_true 20000 monitor_saw 7463 5
stop_trace
check "nothing was lost" status_is 0
stop_trace "$PLAIN"
check "nor there" status_is 0

cat >>"$WORK/expected" <<-END
	jump, goto, return, and the end of the way | matched(one(dport=7360), "inet") == matched(one(dport=7460), "inet") == [("input", "jump"), ("input", "jump"), ("deep", "continue"), ("deep", "goto"), ("deeper", "continue"), ("deeper", "return"), ("input", "continue"), ("input", "policy accept"), ("second", "policy accept")]
	the chains on the way | [[s["chain"] for s in d.rule["path"]] for d in matches(one(dport=7360), "inet")][4:6] == [["input", "deep", "deeper"]] * 2
	the rules on the way | all(s["handle"] for d in matches(one(dport=7360), "inet") for s in d.rule["path"] if "policy" not in d.rule)
	their texts | [d.rule.get("text") for d in matches(one(dport=7460), "inet")][1:6] == ["udp dport vmap @services", "counter", "goto deeper", "meta mark set 0x00000007", "udp dport { 7360, 7460 } return"]
	a verdict map that accepts | matched(one(dport=7361), "inet") == matched(one(dport=7461), "inet") == [("input", "jump"), ("input", "accept"), ("second", "policy accept")]
	a rule that drops | matched(one(dport=7362), "inet") == matched(one(dport=7462), "inet") == [("input", "jump"), ("input", "continue"), ("input", "drop")]
	a rule that answers | matched(one(dport=7368), "inet") == matched(one(dport=7468), "inet") == [("input", "jump"), ("input", "continue"), ("input", "drop")]
	a device's chain | matched(one(dport=7360), "netdev") == [("in", "continue"), ("in", "policy accept")]
	a rule that takes the packet | matched(one(dport=7364), "netdev") == matched(one(dport=7464), "netdev") == [("in", None)]
	where they are told | {d.stage for d in matches(one(dport=7362), "inet")} == {"nf.local_in"}
	who dropped it is told as ever | one(dport=7362).summary.startswith("dropped by nft inet fw input handle ")
	legacy: all of them, and no end of a chain that returns | matched(one(dport=7365), "ip") == matched(one(dport=7465), "ip6") == [("OUTPUT", "policy accept"), ("OUTPUT", None), ("back", None), ("OUTPUT", None), ("log_drop", None), ("log_drop", "drop")]
	legacy: their numbers | [rule(d)[1:] for d in matches(one(dport=7365), "ip")] == [("raw", "OUTPUT", None), ("filter", "OUTPUT", 2), ("filter", "back", 1), ("filter", "OUTPUT", 3), ("filter", "log_drop", 1), ("filter", "log_drop", 2)]
END
for port in 7363 7463; do
	traced "$port" >"$WORK/traced"
	sed 's/^/# /' "$WORK/traced"
	cat >>"$WORK/expected" <<-END
		$port: nft monitor trace says the same | ["%s -> %s" % (d.rule["text"], d.verdict) for d in matches(one(dport=$port), "inet") if "text" in d.rule][1:] == $(python3 -c 'import sys; print(sys.stdin.read().splitlines())' <"$WORK/traced") != []
	END
done
for p in 7365 7465; do
	cat >>"$WORK/expected" <<-END
		$p: the last rule of a chain, that drops everything | (rule(one(dport=$p))[2:], [(s["chain"], s["number"]) for s in one(dport=$p).rule["path"]]) == (("log_drop", 2), [("OUTPUT", 3), ("log_drop", 2)])
		$p: its text | one(dport=$p).rule["text"] == "-A log_drop -j DROP"
	END
done
for p in 7366 7466; do
	cat >>"$WORK/expected" <<-END
		$p: the last rule of the first chain is no policy | (rule(one(dport=$p))[2:], one(dport=$p).rule.get("policy"), one(dport=$p).rule["text"]) == (("OUTPUT", 6), None, "-A OUTPUT -j DROP")
		$p: the sentence | 'tables filter OUTPUT rule 6 "-A OUTPUT -j DROP" in nf.local_out after ' in one(dport=$p).summary
	END
done
judge "$WORK/rules.out" <"$WORK/expected"
sed 's/^/# /' "$WORK/rules.err"

judge "$WORK/plain.out" <<-'END'
	for who does not ask there are none | len(some()) > 0 and not [d for t in some() for d in deeds(t) if d.action == "match"]
END
# of inet, where nf_tables has the packet at a point of its own
ip netns exec "$server_ns" nft -f - <<-END
	table inet soon {
		chain c {
			type filter hook ingress device veth0 priority 10; policy accept;
			udp dport { 7369, 7469 } counter
		}
	}
END
start_trace ingress --rules "udp port 7369 or udp port 7469"
udp 7369
wait_trails ingress 2
stop_trace
judge "$WORK/ingress.out" <<-'END'
	a chain of inet at ingress | [[(d.stage, d.rule["chain"], d.verdict) for d in matches(one(dport=p), "inet") if d.rule["table"] == "soon" and "policy" not in d.rule] for p in (7369, 7469)] == [[("nf.ingress", "c", "continue")]] * 2
END
check "who traces rules sees nothing else" test -z "$(grep ' packet: ' "$WORK/monitor.out" | grep -v ' udp dport 7[34]63 ')"
check "nothing stays attached" nothing_left
done_testing
