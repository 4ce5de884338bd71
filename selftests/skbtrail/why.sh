#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# Which rule dropped it, on rulesets as administrators write them. What each rule
# is called is asked of nft itself; the destination port says which one it is to
# be. Ports from 7400 on are the IPv6 twins of those from 7300 on.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

in_ns()
{
	ip netns exec "$@"
}

# the firewall of a server: sets, maps, chains that jump, and a policy
server_rules()
{
	in_ns "$server_ns" nft -f - <<-'END'
		table inet fw {
			set closed {
				type inet_service
				flags interval
				elements = { 7305, 7405 }
			}
			map fates {
				type inet_service : verdict
				elements = { 7306 : drop, 7406 : drop, 7303 : goto deep, 7403 : goto deep }
			}
			set busy {
				type ipv4_addr
				flags dynamic
			}
			set busy6 {
				type ipv6_addr
				flags dynamic
			}
			chain deep {
				meta mark 77 accept
				udp dport { 7303, 7403 } counter drop comment "three jumps down"
			}
			chain services {
				udp dport { 1, 2 } accept
				udp dport vmap @fates
			}
			chain udp_in {
				udp dport { 7301, 7401 } counter packets 0 bytes 0 drop
				udp sport 9 return
				jump services
				udp dport { 7308, 7408 } meta mark set 5 drop
				udp dport { 7309, 7409 } return
				udp dport { 7311, 7411 } accept
			}
			chain input {
				type filter hook input priority filter; policy drop;
				ct state vmap { established : accept, related : accept, invalid : drop }
				iif lo accept
				udp dport @closed counter drop
				meta l4proto vmap { tcp : jump udp_in, udp : jump udp_in }
				meta l4proto { icmp, ipv6-icmp } accept
				udp dport { 7307, 7407 } counter reject
				udp dport 7312 add @busy { ip saddr ct count over 0 } counter drop
				udp dport 7412 add @busy6 { ip6 saddr ct count over 0 } counter drop
			}
			chain second {
				type filter hook input priority filter + 10; policy accept;
				udp dport { 7311, 7411 } ip dscp cs0 drop
				udp dport { 7311, 7411 } ip6 dscp cs0 drop
			}
		}
	END
}

# drop_at NS FAMILY HOOK-AND-PRIORITY PORT
drop_at()
{
	in_ns "$1" nft -f - <<-END
		table $2 at_$4 {
			chain c {
				type filter hook $3;
				udp dport { $4, $(($4 + 100)) } drop
			}
		}
	END
}

no_device()
{
	! ip -n "$1" link show "$2"
}

# handle NS FAMILY TABLE CHAIN PATTERN: of the rule that holds the text
handle()
{
	in_ns "$1" nft -a -s list chain "$2" "$3" "$4" | grep -F -- "$5" |
		sed -n 's/.* # handle \([0-9]*\)$/\1/p'
}

# send PORT: a datagram, and its IPv6 twin
send()
{
	peer "$client_ns" udp-send 10.4.0.2 "$1" 2>/dev/null
	peer "$client_ns" udp-send fd00:4::2 $(($1 + 100)) 2>/dev/null
}

client_ns='' router_ns='' server_ns='' gone_ns=''
setup_ns client_ns router_ns server_ns gone_ns
routed "$client_ns" "$router_ns" "$server_ns"
server_rules
drop_at "$client_ns" inet "output priority 0" 7320
drop_at "$client_ns" inet "postrouting priority 0" 7321
drop_at "$router_ns" inet "prerouting priority raw" 7322
drop_at "$router_ns" inet "forward priority 0" 7323
drop_at "$router_ns" netdev "ingress device to_client priority 0" 7324
PORTS='7301 7303 7304 7305 7306 7307 7308 7309 7311 7312 7320 7321 7322 7323 7324'
# 6.1 has it, but needs the tool to know it
if drop_at "$router_ns" netdev "egress device to_serv priority 0" 7325 2>/dev/null; then
	PORTS+=" 7325"
fi
in_ns "$client_ns" iptables-nft -N shop
in_ns "$client_ns" iptables-nft -A OUTPUT -p udp --dport 7330 -j shop
in_ns "$client_ns" iptables-nft -A shop -m comment --comment "not this one" -p udp --dport 1 -j ACCEPT
in_ns "$client_ns" iptables-nft -A shop -p udp -m multiport --dports 7330,7331 -j DROP
in_ns "$client_ns" ip6tables-nft -A OUTPUT -p udp --dport 7430 -j REJECT
PORTS+=" 7330"
# this one will go while packets are followed
ip link add veth9 netns "$gone_ns" type veth peer name to_gone netns "$client_ns"
ip -n "$gone_ns" link set lo up
drop_at "$gone_ns" inet "output priority 0" 7326

background monitor ip netns exec "$server_ns" nft monitor trace
start_trace drops "udp portrange 7300-7499"
for port in $PORTS; do
	send "$port"
done
peer "$gone_ns" udp-send 127.0.0.1 7326 2>/dev/null
TRAILS=$(($(wc -w <<<"$PORTS") * 2 + 1))
wait_trails drops $TRAILS
ip netns del "$gone_ns"
check "who was asked for its rules can go" until_true 20000 no_device "$client_ns" to_gone
stop_trace
check "nothing was lost" status_is 0

# expected: dropped PORT WHERE NS FAMILY TABLE CHAIN PATTERN [PATH]
dropped()
{
	local port=$1 where=$2 handle

	handle=$(handle "$3" "$4" "$5" "$6" "$7")
	cat >>"$WORK/expected" <<-END
		$port: the rule | rule(one(dport=$port)) == ("$4", "$5", "$6", ${handle:-0})
		$port: its text | one(dport=$port).rule["text"] == '$7'
		$port: where | (one(dport=$port).end, one(dport=$port).where) == ("dropped", "$where")
		$port: the sentence | one(dport=$port).summary.startswith('dropped by nft $4 $5 $6 handle $handle "')
		$port: the way to it | [s["chain"] for s in one(dport=$port).rule["path"]] == "${8-$6}".split()
	END
}

# both PORT ...: and its IPv6 twin
both()
{
	dropped "$@"
	dropped $(($1 + 100)) "${@:2}"
}

both 7301 nf.local_in "$server_ns" inet fw udp_in "udp dport { 7301, 7401 } counter drop" "input udp_in"
both 7303 nf.local_in "$server_ns" inet fw deep 'udp dport { 7303, 7403 } counter drop comment "three jumps down"' \
	"input udp_in services deep"
both 7305 nf.local_in "$server_ns" inet fw input "udp dport @closed counter drop"
both 7306 nf.local_in "$server_ns" inet fw services "udp dport vmap @fates" "input udp_in services"
both 7307 nf.local_in "$server_ns" inet fw input "udp dport { 7307, 7407 } counter reject"
both 7308 nf.local_in "$server_ns" inet fw udp_in "udp dport { 7308, 7408 } meta mark set 0x00000005 drop" "input udp_in"
both 7320 nf.local_out "$client_ns" inet at_7320 c "udp dport { 7320, 7420 } drop"
both 7321 nf.postrouting "$client_ns" inet at_7321 c "udp dport { 7321, 7421 } drop"
both 7322 nf.prerouting "$router_ns" inet at_7322 c "udp dport { 7322, 7422 } drop"
both 7323 nf.forward "$router_ns" inet at_7323 c "udp dport { 7323, 7423 } drop"
both 7324 nf.ingress "$router_ns" netdev at_7324 c "udp dport { 7324, 7424 } drop"
[[ $PORTS != *7325* ]] ||
	both 7325 nf.egress "$router_ns" netdev at_7325 c "udp dport { 7325, 7425 } drop"
dropped 7312 nf.local_in "$server_ns" inet fw input "udp dport 7312 add @busy { ip saddr ct count over 0 } counter drop"
dropped 7412 nf.local_in "$server_ns" inet fw input "udp dport 7412 add @busy6 { ip6 saddr ct count over 0 } counter drop"
dropped 7311 nf.local_in "$server_ns" inet fw second "udp dport { 7311, 7411 } ip dscp cs0 drop"
dropped 7411 nf.local_in "$server_ns" inet fw second "udp dport { 7311, 7411 } ip6 dscp cs0 drop"
cat >>"$WORK/expected" <<-END
	as many trails as packets | len(some()) == $TRAILS
	a namespace that is gone: its text was known | one(dport=7326).rule["text"] == "udp dport { 7326, 7426 } drop"
	policy | [(rule(t), t.rule["policy"]) for t in some(dport=7304) + some(dport=7404) + some(dport=7309)] == [(("inet", "fw", "input", None), "drop")] * 3
	policy: the sentence | one(dport=7304).summary.startswith("dropped by the policy of nft inet fw input in nf.local_in after ")
	policy: the hook | (one(dport=7304).hook["func"], one(dport=7304).hook["module"], one(dport=7304).hook["priority"]) == ("nft_do_chain_inet", "nf_tables", 0)
	a priority | one(dport=7322).hook["priority"] == -300
	reject: the answer is told | "answered with an ICMP error" in one(dport=7307).summary and "answered with an ICMP error" in one(dport=7407).summary
	iptables-nft: the rule | rule(one(dport=7330)) == ("ip", "filter", "shop", $(handle "$client_ns" ip filter shop "7331"))
	iptables-nft: the way to it | [s["chain"] for s in one(dport=7330).rule["path"]] == ["OUTPUT", "shop"]
	ip6tables-nft: the rule | rule(one(dport=7430)) == ("ip6", "filter", "OUTPUT", $(handle "$client_ns" ip6 filter OUTPUT "7430"))
END
judge "$WORK/drops.out" <"$WORK/expected"
check "who traces rules sees none of it" test ! -s "$WORK/monitor.out"
check "drops are grouped by their cause" grep -qE '^ +4  dropped by the policy of nft inet fw input' "$WORK/drops.err"
sed 's/^/# /' "$WORK/drops.err"
check "nothing stays attached" nothing_left
done_testing
