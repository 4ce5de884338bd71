#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +---------------------+     +-------------------+     +---------------------+
#   | left  veth0.5 veth0 |-----| left  br0   right |-----| veth0 veth0.5 right |
#   +---------------------+     +------ bridge -----+     +---------------------+
#
#   +----------+     +------------+   +----------+     +------------+
#   | peer  to |-----| low        |   | one bond |=====| bond   two |
#   |      to2 |-----| low2 lower |   +----------+     +------------+
#   +----------+     +------------+
#   macvlan on low, in mac;           +----------+     +------------+
#   ipvlan on low2, in ipv            | inn veth |-----| veth   vrf |
#                                     +----------+     +------------+
#   +----------+     +------------+
#   | gso veth |-----| veth   gro |
#   +----------+     +------------+
#
# Stages of devices that stand on others, of both points of a device, of the
# bridge family, of GRO, and of packet sockets.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/stagelib.sh"

left='' bridge='' right=''
peer='' lower='' mac='' ipv=''
one='' two=''
inn='' vrf=''
gso='' gro=''

# port NS DEV NAME: DEV, its other end a port of the bridge
port()
{
	ip link add "$2" netns "$1" type veth peer name "$3" netns "$bridge"
	ip -n "$bridge" link set "$3" master br0 up
}

bridge_topology()
{
	# of another test: it would ask the bridge's hooks about what IP sends
	rmmod br_netfilter 2>/dev/null
	ip -n "$bridge" link add br0 type bridge
	at "$bridge" br0 10.20.0.254
	port "$left" veth0 left
	port "$right" veth0 right
	linked "$left" veth0 10.20.0.1 "$right" veth0 10.20.0.2
	know "$left" veth0 "$bridge" br0 10.20.0.254
	know "$bridge" br0 "$left" veth0 10.20.0.1
	ip -n "$left" link add link veth0 name veth0.5 type vlan id 5
	ip -n "$right" link add link veth0 name veth0.5 type vlan id 5
	linked "$left" veth0.5 10.25.0.1 "$right" veth0.5 10.25.0.2
	counters "$bridge" bridge prerouting input forward output postrouting
	device_counters "$bridge" left
	device_counters "$bridge" br0
}

bridge_table()
{
	nf_event
	cat <<-END
		bridge.in | same, link("$bridge", "left", "rx") + link("$bridge", "right", "rx")
		bridge.forward | same
		bridge.local | same, link("$bridge", "br0", "rx")
		bridge.xmit | same, link("$bridge", "br0", "tx")
		bridge.out | same, link("$bridge", "left", "tx") + link("$bridge", "right", "tx")
		nf.bridge_prerouting | nft("$bridge", "prerouting")
		nf.bridge_local_in | traced("nf", 7, 1), nft("$bridge", "input")
		nf.bridge_forward | traced("nf", 7, 2), nft("$bridge", "forward")
		nf.bridge_local_out | traced("nf", 7, 3), nft("$bridge", "output")
		nf.bridge_postrouting | traced("nf", 7, 4), nft("$bridge", "postrouting")
		nf.ingress | traced("nf", 5, 0), softnet(0)
		nf.egress | traced("nf", 5, 1)
		nf.ingress $bridge left | nft("$bridge", "in_left"), link("$bridge", "left", "rx")
		nf.egress $bridge left | nft("$bridge", "out_left"), link("$bridge", "left", "tx")
		nf.ingress $bridge br0 | nft("$bridge", "in_br0"), link("$bridge", "br0", "rx")
		nf.egress $bridge br0 | nft("$bridge", "out_br0"), link("$bridge", "br0", "tx")
		dev.rx | same, link("$bridge", "br0", "rx")
		vlan.in | same
		vlan.out | same, link("$left", "veth0.5", "tx") + link("$right", "veth0.5", "tx")
	END
}

# pings NS ADDRESS...
pings()
{
	local ns=$1 addr

	shift
	for addr in "$@"; do
		ip netns exec "$ns" ping -q -c 3 -i 0.05 "$addr" >/dev/null || return
	done
}

bridge_traffic()
{
	pings "$left" 10.20.0.2 10.20.0.254 10.25.0.2
}

above_topology()
{
	ip link add to netns "$peer" type veth peer name low netns "$lower"
	ip link add to2 netns "$peer" type veth peer name low2 netns "$lower"
	ip -n "$lower" link set low up
	ip -n "$lower" link set low2 up
	ip -n "$lower" link add link low name mv0 netns "$mac" type macvlan
	ip -n "$lower" link add link low2 name iv0 netns "$ipv" type ipvlan mode l2
	linked "$peer" to 10.26.0.1 "$mac" mv0 10.26.0.2
	linked "$peer" to2 10.27.0.1 "$ipv" iv0 10.27.0.2
}

above_table()
{
	cat <<-END
		macvlan.in | same, link("$mac", "mv0", "rx")
		macvlan.out | same, link("$mac", "mv0", "tx")
		ipvlan.in | same, link("$ipv", "iv0", "rx")
		ipvlan.out | same, link("$ipv", "iv0", "tx")
	END
}

above_traffic()
{
	pings "$peer" 10.26.0.2 10.27.0.2
}

bond_topology()
{
	local ns dev

	for dev in veth0 veth1; do
		ip link add "$dev" netns "$one" type veth peer name "$dev" netns "$two"
	done
	for ns in "$one" "$two"; do
		ip -n "$ns" link add bond0 type bond mode balance-rr
		for dev in veth0 veth1; do
			ip -n "$ns" link set "$dev" master bond0
		done
	done
	linked "$one" bond0 10.28.0.1 "$two" bond0 10.28.0.2
}

bond_table()
{
	cat <<-END
		bond.in | same, link("$one", "bond0", "rx") + link("$two", "bond0", "rx")
		bond.out | same, link("$one", "bond0", "tx") + link("$two", "bond0", "tx")
	END
}

bond_traffic()
{
	pings "$one" 10.28.0.2
}

vrf_topology()
{
	ip link add veth0 netns "$inn" type veth peer name veth0 netns "$vrf"
	ip -n "$vrf" link add vrf0 type vrf table 10
	ip -n "$vrf" link set vrf0 up
	ip -n "$vrf" link set veth0 master vrf0
	linked "$inn" veth0 10.29.0.1 "$vrf" veth0 10.29.0.2
}

vrf_table()
{
	cat <<-END
		vrf.in | same, link("$vrf", "vrf0", "rx")
		vrf.out | same, snmp("$vrf", "IcmpOutEchoReps")
	END
}

vrf_traffic()
{
	pings "$inn" 10.29.0.2
}

# The sender cuts segments itself; veth with GRO puts them together again.
gro_topology()
{
	ip link add veth0 netns "$gso" type veth peer name veth0 netns "$gro"
	ip netns exec "$gso" ethtool -K veth0 tso off gso on
	ip netns exec "$gro" ethtool -K veth0 gro on
	linked "$gso" veth0 10.30.0.1 "$gro" veth0 10.30.0.2
}

gro_table()
{
	cat <<-END
		event grown r128 skb_gro_receive ret=\$retval:s32 | common_pid if ret == 0
		event coalesced r128 skb_try_coalesce ret=\$retval:u8 | common_pid if ret != 0
		dev.gro | same, link("$gro", "veth0", "rx")
		dev.gro_flush | same
		dev.rx | snmp("$gro", "IpInReceives")
		ip.rcv $gro veth0 | snmp("$gro", "IpInReceives")
		dev.gso | same
		life.segment | links("segment"), all_links("tx") - hits("dev.validate") + hits("dev.gso")
		life.merge | links("merge") | traced("grown") + traced("coalesced")
	END
}

gro_traffic()
{
	local server

	start_peer tcp "$gro" tcp-server 10.30.0.2 7110
	server=$LAST
	wait_listen "$gro" 7110
	peer "$gso" tcp-client 10.30.0.2 7110 --count 60000 || return
	join "$server"
}

# A packet socket at one end of the bridge sees both ways, and sends.
packet_table()
{
	cat <<-END
		packet.rcv | same, told("sink")
		packet.send | same, told("sender")
		sock.send | told("sender") + 3
	END
}

packet_traffic()
{
	local sink

	start_peer sink "$left" packet-sink veth0 0
	sink=$LAST
	until_true 20000 grep -q . "$WORK/sink.err" || return
	pings "$left" 10.20.0.2 || return
	kill -INT "$sink"
	join "$sink"
	peer "$right" packet-send veth0 0 --count 4 >"$WORK/sender.out"
}

setup_ns left bridge right peer lower mac ipv one two inn vrf gso gro
quiet "$left" "$bridge" "$right" "$peer" "$lower" "$mac" "$ipv" "$one" "$two" "$inn" "$vrf" \
	"$gso" "$gro"
bridge_topology
above_topology
bond_topology
vrf_topology
gro_topology
run_stages bridge above bond vrf gro packet
done_testing
