#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +------------------------+     +--------------+
#   | left   veth0 |-----| left     br0     right |-----| veth0  right |
#   | 10.5.0.1     |     +------------------------+     |     10.5.0.2 |
#   +--------------+                                    +--------------+
#
# Who drops it where no IP is: on a bridge, by nf_tables and by ebtables-legacy, and ARP.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

in_ns()
{
	ip netns exec "$@"
}

topology()
{
	ipv4_only "$left" "$bridge" "$right"
	ip link add veth0 netns "$left" type veth peer name left netns "$bridge"
	ip link add veth0 netns "$right" type veth peer name right netns "$bridge"
	ip -n "$left" addr add 10.5.0.1/24 dev veth0
	ip -n "$right" addr add 10.5.0.2/24 dev veth0
	ip -n "$left" link set veth0 up
	ip -n "$right" link set veth0 up
	ip -n "$bridge" link add br0 type bridge
	ip -n "$bridge" link set left master br0 up
	ip -n "$bridge" link set right master br0 up
	ip -n "$bridge" addr add 10.5.0.9/24 dev br0
	ip -n "$bridge" link set br0 up
	know "$left" veth0 "$right" veth0 10.5.0.2
	know "$left" veth0 "$bridge" br0 10.5.0.9
	know "$bridge" br0 "$right" veth0 10.5.0.2
}

# all ports forward at once, as the bridge does not speak STP
forwards()
{
	[ "$(ip -n "$bridge" -o link show master br0 | grep -c 'state UP')" -eq 2 ]
}

rules()
{
	in_ns "$bridge" nft -f - <<-END
		table bridge fw {
			chain inside {
				udp dport 7590 counter drop comment "not over this bridge"
			}
			chain through {
				type filter hook forward priority 0;
				ether type ip jump inside
			}
			chain before {
				type filter hook prerouting priority 0;
				udp dport 7593 drop
			}
			chain up {
				type filter hook input priority 0;
				udp dport 7594 drop
			}
			chain down {
				type filter hook output priority 0;
				udp dport 7595 drop
			}
			chain behind {
				type filter hook postrouting priority 0;
				udp dport 7596 drop
			}
		}
	END
	in_ns "$right" nft -f - <<-END
		table arp fw {
			chain comes {
				type filter hook input priority 0;
				arp operation request counter drop
			}
		}
	END
}

# handle NS FAMILY CHAIN TEXT
handle()
{
	in_ns "$1" nft -a list chain "$2" fw "$3" | grep -F -- "$4" |
		sed -n 's/.* # handle \([0-9]*\)$/\1/p'
}

# at_point PORT CHAIN POINT WHERE: the point is the hook's, the other one what the packet passed
at_point()
{
	local handle

	handle=$(handle "$bridge" bridge "$2" "$1")
	echo "$1: the rule | (one(dport=$1).where, rule(one(dport=$1))) == ('$4', ('bridge', 'fw', '$2', ${handle:-0}))"
	echo "	$1: the point | one(dport=$1).summary.startswith('dropped by nft bridge fw $2 handle $handle \"udp dport $1 drop\" in $3 after ')"
}

# of an ARP request others than its receiver get copies
both_dropped()
{
	grep -q '"where":"nf.bridge_postrouting"' "$WORK/nft.out" &&
		grep -q '"where":"nf.arp_in"' "$WORK/nft.out"
}

left='' bridge='' right=''
setup_ns left bridge right
topology
until_true 20000 forwards
rules

start_trace nft "udp portrange 7590-7599 or arp"
peer "$left" udp-send 10.5.0.2 7590
peer "$left" udp-send 10.5.0.2 7593
peer "$left" udp-send 10.5.0.9 7594
peer "$bridge" udp-send 10.5.0.2 7595 2>/dev/null
peer "$left" udp-send 10.5.0.2 7596
# nobody has told who that is
peer "$left" udp-send 10.5.0.3 7591
until_true 20000 both_dropped
stop_trace
check "nft: nothing was lost" status_is 0
judge "$WORK/nft.out" <<-END
	bridge: dropped there | (one(dport=7590).end, one(dport=7590).where) == ("dropped", "nf.bridge_forward")
	bridge: by the rule | rule(one(dport=7590)) == ("bridge", "fw", "inside", $(handle "$bridge" bridge inside 7590))
	bridge: the way to it | [s["chain"] for s in one(dport=7590).rule["path"]] == ["through", "inside"]
	bridge: its text | 'comment "not over this bridge"' in one(dport=7590).rule["text"]
	bridge: the sentence | one(dport=7590).summary.startswith('dropped by nft bridge fw inside handle $(handle "$bridge" bridge inside 7590) "udp dport 7590 counter drop ')
	$(at_point 7593 before "nf.bridge_prerouting" bridge.in)
	$(at_point 7594 up nf.bridge_local_in nf.bridge_local_in)
	$(at_point 7595 down nf.bridge_local_out nf.bridge_local_out)
	$(at_point 7596 behind nf.bridge_postrouting nf.bridge_postrouting)
	arp: the sentence | all(t.summary.startswith('dropped by nft arp fw comes handle $(handle "$right" arp comes request) "arp operation request counter drop" in nf.arp_in after ') for t in T if t.rule and t.rule["family"] == "arp")
	arp: dropped there | {(t.end, t.where) for t in T if t.rule and t.rule["family"] == "arp"} == {("dropped", "nf.arp_in")}
	arp: by the rule | {rule(t) for t in T if t.rule and t.rule["family"] == "arp"} == {("arp", "fw", "comes", $(handle "$right" arp comes request))}
	every trail keeps the contract | all(valid(t) for t in T)
END
in_ns "$bridge" nft flush ruleset

if modprobe -q ebtable_filter; then
	peer "$bridge" ebtables-drop FORWARD 0
	start_trace ebtables "udp portrange 7590-7599"
	peer "$left" udp-send 10.5.0.2 7592
	wait_trails ebtables 1
	stop_trace
	check "ebtables: nothing was lost" status_is 0
	judge "$WORK/ebtables.out" <<-END
		ebtables: dropped there | (one(dport=7592).end, one(dport=7592).where) == ("dropped", "nf.bridge_forward")
		ebtables: by its hook | (one(dport=7592).hook["func"], one(dport=7592).hook["module"], one(dport=7592).hook["priority"]) == ("ebt_do_table", "ebtables", -200)
		ebtables: in its table | rule(one(dport=7592)) == ("bridge", "filter", "FORWARD", None)
		ebtables: the sentence | one(dport=7592).summary.startswith("dropped by a rule or the policy of ebtables filter FORWARD in nf.bridge_forward after ")
		every trail keeps the contract | all(valid(t) for t in T)
	END
else
	echo "# this kernel has no ebtables-legacy"
fi
check "nothing stays attached" nothing_left
done_testing
