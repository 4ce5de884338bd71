#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +---------------+     +--------------+     +---------------+
#   | left    veth0 |-----|   bridge     |-----| veth0   right |
#   | 10.80.0.1     |     |              |     |     10.80.0.2 |
#   +---------------+     +--------------+     +---------------+
#
# What a session watches can come after it began, go, and come again: modules
# with functions, rules, devices, namespaces, and NFQUEUE, which wants no hooks on
# devices.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

left='' right='' bridge=''

# with the module loaded as "$@" says
reload()
{
	unload
	modprobe skbtrail "$@"
}

make_bridge()
{
	ip -n "$bridge" link add br0 type bridge
	ip -n "$bridge" link set left master br0 up
	ip -n "$bridge" link set right master br0 up
	ip -n "$bridge" link set br0 up
}

no_bridge()
{
	ip -n "$bridge" link del br0
	rmmod bridge
}

ping_through()
{
	ip netns exec "$left" ping -q -c "$1" -i 0.05 -W 10 10.80.0.2 >/dev/null
}

topology()
{
	ipv4_only "$left" "$right" "$bridge"
	ip link add veth0 netns "$left" type veth peer name left netns "$bridge"
	ip link add veth0 netns "$right" type veth peer name right netns "$bridge"
	linked "$left" veth0 10.80.0.1 "$right" veth0 10.80.0.2
}

state_of()
{
	skbtrail stages --json | sed -n "s/^{\"stage\":\"$1\",.*\"state\":\"\([a-z]*\)\",\"users.*/\1/p"
}

stage_is()
{
	[ "$(state_of "$1")" = "$2" ] || { echo "# $1 is $(state_of "$1"), not $2"; return 1; }
}

# with what uses its module; rules that do go with their namespaces, a moment later
bridge_is_gone()
{
	local user

	for user in /sys/module/bridge/holders/*; do
		[ ! -d "$user" ] || modprobe -qr "${user##*/}"
	done
	modprobe -qr bridge
	[ ! -d /sys/module/bridge ]
}

# modules NAME: the bridge's module comes twice while a session runs, goes in between
modules()
{
	check "$1: absent without its module" stage_is bridge.in absent
	start_trace "$1" --stage bridge.in,ip.rcv icmp || return
	modprobe bridge
	check "$1: attached with it" stage_is bridge.in attached
	make_bridge
	check "$1: pings pass" ping_through 2
	no_bridge
	check "$1: absent when it has gone" stage_is bridge.in absent
	modprobe bridge
	make_bridge
	check "$1: pings pass again" ping_through 3
	no_bridge
	stop_trace
	check "$1: nothing was lost" status_is 0
	judge "$WORK/$1.out" <<-END
		$1: each ping and its answer passed the bridge | sum(t.stages.count("bridge.in") for t in T) == 10
		$1: and was received once | sum(t.stages.count("ip.rcv") for t in T) == 10
	END
	check "$1: nothing stays attached" nothing_left
}

unknown_stays()
{
	try unknown skbtrail trace --count 1 --duration 1 --stage bridge.never
	refused unknown 1 'bridge.never'
}

# How often devices have received, all hooks on them being ours.
devices()
{
	local later='' new=''

	start_trace devices --stage nf.ingress,nf.egress,veth.cross icmp || return
	setup_ns later new
	ipv4_only "$later" "$new"
	ip link add veth1 netns "$later" type veth peer name veth1 netns "$new"
	linked "$later" veth1 10.81.0.1 "$new" veth1 10.81.0.2
	ip netns exec "$later" ping -q -c 3 -i 0.05 10.81.0.2 >/dev/null
	modprobe nfnetlink_queue
	ip netns exec "$later" ping -q -c 3 -i 0.05 10.81.0.2 >/dev/null
	ip -n "$new" link del veth1
	rmmod nfnetlink_queue
	stop_trace
	check "devices: nothing was lost" status_is 0
	judge "$WORK/devices.out" <<-END
		devices that come later have both points | sum(t.stages.count("nf.ingress") for t in T) == sum(t.stages.count("nf.egress") for t in T) == 6
		and have none while NFQUEUE is there | sum(t.stages.count("veth.cross") for t in T) == 12
		each trail shows both or none | all(t.stages in (["nf.egress", "veth.cross", "nf.ingress"], ["veth.cross"]) for t in some())
	END
}

# all modules of netfilter that nobody uses go; rules that did leave a moment after their table
no_netfilter()
{
	lsmod | awk '$3 == 0 && $1 ~ /^(nf|x|ip|ip6|arp|eb)t?_|^nfnetlink|table_/ { print $1 }' |
		xargs -r rmmod 2>/dev/null
	[ ! -d /sys/module/nf_tables ] && [ ! -d /sys/module/nf_conntrack ]
}

# nf_tables and conntrack come twice while a session runs, and can go
rulesets()
{
	local from='' to='' n

	setup_ns from to
	pair "$from" "$to" 9
	check "no rules are there" until_true 20000 no_netfilter
	start_trace rulesets "udp port 7998" || return
	for n in 1 2; do
		ip netns exec "$to" nft -f - <<-END
			table inet fw {
				chain in {
					type filter hook input priority 0;
					ct state invalid drop
					udp dport 7998 drop
				}
			}
		END
		peer "$from" udp-send 10.9.0.2 7998
		wait_trails rulesets "$n"
		ip netns exec "$to" nft flush ruleset
		check "nf_tables and conntrack can go: $n" until_true 20000 no_netfilter
	done
	stop_trace
	check "rulesets: nothing was lost" status_is 0
	judge "$WORK/rulesets.out" <<-END
		the rule is told, both times | [rule(t)[:3] for t in some(dport=7998)] == [("inet", "fw", "in")] * 2
		and what conntrack says | [t.ct["state"] for t in some(dport=7998)] == ["new"] * 2
	END
}

# Whoever holds RTNL may wait for a module, and that for us: we must not wait for RTNL.
rtnl()
{
	local driver=/sys/module/test_skbtrail_driver/parameters holder

	modprobe test_skbtrail_driver hold=1
	background up ip link set sktest0 up
	holder=$LAST
	check "RTNL is held" until_true 10000 grep -q Y "$driver/held"
	check "a session begins meanwhile" start_trace rtnl udp port 7999
	check "a module comes" timeout $((20 * SLOW)) modprobe test_skbtrail_hook
	check "and goes" timeout $((20 * SLOW)) modprobe -r test_skbtrail_hook
	stop_trace
	check "the session ends, complete" status_is 0
	check "RTNL was held all the time" grep -q Y "$driver/held"
	echo 0 >"$driver/hold"
	join "$holder"
	modprobe -r test_skbtrail_driver
}

setup_ns left right bridge
topology
no_nfqueue
# another test may have left it
check "no bridge is there" until_true 10000 bridge_is_gone
modules ftrace
devices
rulesets
rtnl
check "a stage nobody knows is refused" unknown_stays
reload attach=kprobe
modules kprobe
done_testing
