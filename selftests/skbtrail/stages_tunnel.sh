#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------------------+     +--------------------------+
#   | one   10.50.0.1    veth0 |-----| veth0    10.50.0.2   two |
#   |       fd00:50::1         |     |         fd00:50::2       |
#   |   ipip gre ... 10.6N.0.1 | ... | 10.6N.0.2                |
#   +--------------------------+     +--------------------------+
#
# Stages of tunnels, one of each kind; outer headers show as a change.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/stagelib.sh"

one='' two=''
# name, and what "ip link add" wants; LOCAL and REMOTE are outer addresses
KINDS='
ipip	type ipip local LOCAL remote REMOTE
gre1	type gre local LOCAL remote REMOTE
tap1	type gretap local LOCAL remote REMOTE key 7
ersp	type erspan seq key 9 local LOCAL remote REMOTE erspan_ver 1 erspan 1
ip6t	type ip6tnl mode ipip6 local LOCAL6 remote REMOTE6
ip6g	type ip6gre local LOCAL6 remote REMOTE6
sit1	type sit local LOCAL remote REMOTE
vxl1	type vxlan id 5 local LOCAL remote REMOTE dstport 4789
gen1	type geneve id 6 remote REMOTE
'
NAMES=()

# silent NS DEV: nothing is sent there on its own
silent()
{
	ip -n "$1" link set "$2" arp off multicast off
	ip netns exec "$1" sysctl -qw "net.ipv6.conf.$2.addr_gen_mode=1" \
		"net.ipv6.conf.$2.router_solicitations=0" "net.ipv6.conf.$2.accept_dad=0"
}

# tunnel NS DEV LOCAL REMOTE LOCAL6 REMOTE6 ARGS: one end
tunnel()
{
	local args=$7

	args=${args//LOCAL6/$5}
	args=${args//REMOTE6/$6}
	args=${args//LOCAL/$3}
	# shellcheck disable=SC2086 # a list of words
	ip -n "$1" link add "$2" ${args//REMOTE/$4} && silent "$1" "$2"
}

# inner N DEV: addresses, and the other end's
inner()
{
	at "$one" "$2" "10.$((60 + $1)).0.1"
	at "$two" "$2" "10.$((60 + $1)).0.2"
	case $2 in
	tap1 | ersp | vxl1 | gen1)
		know "$one" "$2" "$two" "$2" "10.$((60 + $1)).0.2"
		know "$two" "$2" "$one" "$2" "10.$((60 + $1)).0.1"
		;;
	sit1)
		ip -n "$one" addr add fd00:60::1/64 dev sit1 nodad
		ip -n "$two" addr add fd00:60::2/64 dev sit1 nodad
		;;
	esac
}

topology()
{
	local ns dev args n=0

	ip link add veth0 netns "$one" type veth peer name veth0 netns "$two"
	for ns in "$one" "$two"; do
		ip -n "$ns" link set lo up
		silent "$ns" veth0
	done
	count_in "$one" "$two"
	linked "$one" veth0 10.50.0.1 "$two" veth0 10.50.0.2
	ip -n "$one" addr add fd00:50::1/64 dev veth0 nodad
	ip -n "$two" addr add fd00:50::2/64 dev veth0 nodad
	know "$one" veth0 "$two" veth0 fd00:50::2
	know "$two" veth0 "$one" veth0 fd00:50::1
	while read -r dev args; do
		[ -n "$dev" ] || continue
		tunnel "$one" "$dev" 10.50.0.1 10.50.0.2 fd00:50::1 fd00:50::2 "$args" &&
			tunnel "$two" "$dev" 10.50.0.2 10.50.0.1 fd00:50::2 fd00:50::1 "$args" ||
			return
		inner "$n" "$dev" || return
		NAMES+=("$dev")
		n=$((n + 1))
	done <<<"$KINDS"
}

# sum rx|tx: packets of all tunnels at both ends
sum()
{
	local dev

	for dev in "${NAMES[@]}"; do
		printf 'link("%s", "%s", "%s") + link("%s", "%s", "%s") + ' \
			"$one" "$dev" "$1" "$two" "$dev" "$1"
	done
	echo 0
}

tunnels_table()
{
	cat <<-END
		tunnel.out | same, $(sum tx)
		tunnel.in | same, $(sum rx)
	END
}

tunnels_traffic()
{
	local n

	for n in "${!NAMES[@]}"; do
		# takes IPv6 only
		[ "${NAMES[n]}" != sit1 ] || continue
		ip netns exec "$one" ping -q -c 2 -i 0.05 "10.$((60 + n)).0.2" >/dev/null || {
			echo "# no way through ${NAMES[n]}"
			return 1
		}
	done
	ip netns exec "$one" ping -q -c 2 -i 0.05 fd00:60::2 >/dev/null
}

# wireguard has packets of its own
keys()
{
	local ns

	for ns in "$one" "$two"; do
		(umask 077; wg genkey >"$WORK/$ns.key")
		wg pubkey <"$WORK/$ns.key" >"$WORK/$ns.pub"
	done
}

# wireguard NS OTHER ADDRESS REMOTE
wireguard()
{
	ip -n "$1" link add wg0 type wireguard
	silent "$1" wg0
	ip netns exec "$1" wg set wg0 private-key "$WORK/$1.key" listen-port 51820 \
		peer "$(<"$WORK/$2.pub")" allowed-ips 10.59.0.0/24 endpoint "$4:51820"
	at "$1" wg0 "$3"
}

wireguard_table()
{
	cat <<-END
		tunnel.out | same, all_snmp("IcmpOutEchos") + all_snmp("IcmpOutEchoReps")
		tunnel.in | same, snmp("$one", "UdpInDatagrams") + snmp("$two", "UdpInDatagrams")
	END
}

wireguard_traffic()
{
	ip netns exec "$one" ping -q -c 3 -i 0.05 10.59.0.2 >/dev/null
}

setup_ns one two
check "tunnels of all kinds" topology
keys
wireguard "$one" "$two" 10.59.0.1 10.50.0.2
wireguard "$two" "$one" 10.59.0.2 10.50.0.1
run_stages tunnels wireguard
judge "$WORK/tunnels.trails.out" <<-END
	outer headers show behind every tunnel | all(min(i for i, h in enumerate(t.hits) if "dst" in h.get("changes", {})) > t.stages.index("tunnel.out") for t in T if "tunnel.out" in t.stages)
	and are those of the tunnel | {c[2] for t in T if "tunnel.out" in t.stages for c in t.changed("dst")[:1]} == {"10.50.0.1", "10.50.0.2", "fd00:50::1", "fd00:50::2"}
	inner headers show again behind it | all(t.changed("dst")[-1][2].startswith(("10.6", "fd00:60:")) for t in T if "tunnel.in" in t.stages and "icmp.rcv" in t.stages)
END
done_testing
