#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------+        +----------------+     +----------------+
#   | client veth0 |-----| veth0 server |        | plain veth0    |-----| veth0   sealed |
#   | 10.40.0.1    |     |    10.40.0.2 |        | 10.41.0.1  ESP |     | ESP  10.41.0.2 |
#   +--------------+     +--------------+        +----------------+     +----------------+
#
# Stages of traffic control, queueing disciplines, programs of cgroups, IPsec,
# and a driver that says when it is busy and when it is done.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/stagelib.sh"

client='' server=''
plain='' sealed=''
driven=''

# A filter with an action, at both sides of a device and in its qdisc, counts.
tc_topology()
{
	ip link add veth0 netns "$client" type veth peer name veth0 netns "$server"
	linked "$client" veth0 10.40.0.1 "$server" veth0 10.40.0.2
	tc -n "$client" qdisc add dev veth0 root handle 1: prio
	tc -n "$client" filter add dev veth0 parent 1: matchall classid 1:1 action pass
	tc -n "$client" qdisc add dev veth0 clsact
	tc -n "$client" filter add dev veth0 ingress matchall action pass
	tc -n "$client" filter add dev veth0 egress matchall action pass
}

tc_table()
{
	cat <<-END
		tc.in | tc("$client", "veth0", "ingress"), link("$client", "veth0", "rx")
		tc.out | tc("$client", "veth0", "egress"), link("$client", "veth0", "tx")
		qdisc.classify | tc("$client", "veth0", "parent 1:"), qdisc("$client", "veth0")
		qdisc.enqueue | same, qdisc("$client", "veth0")
		qdisc.dequeue | qdisc("$client", "veth0")
		qdisc.xmit | same, qdisc("$client", "veth0")
	END
}

tc_traffic()
{
	ip netns exec "$client" ping -q -c 3 -i 0.05 10.40.0.2 >/dev/null
}

# The programs' own count of runs, and the kernel's of datagrams.
cgroup_table()
{
	cat <<-END
		event cgroup p __cgroup_bpf_run_filter_skb type=\$arg3:u32 | type
		cgroup.in | traced("cgroup", 0), told("in"), snmp("$client", "UdpInDatagrams")
		cgroup.out | traced("cgroup", 1), told("out"), snmp("$client", "UdpOutDatagrams")
	END
}

cgroup_traffic()
{
	peer "$client" cgroup-self 127.0.0.1 7120 --count 4 --cgroup "$CGROUP" \
		>"$WORK/cgroup.runs" || return
	read -r in out <"$WORK/cgroup.runs"
	echo "$in" >"$WORK/in.out"
	echo "$out" >"$WORK/out.out"
}

# esp FROM TO SPI: a state in both namespaces; nothing is secret
esp()
{
	local ns

	for ns in "$plain" "$sealed"; do
		ip -n "$ns" xfrm state add src "$1" dst "$2" proto esp spi "$3" mode transport \
			auth 'hmac(sha256)' 0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef \
			enc 'ecb(cipher_null)' ''
	done
}

# policy NS DIR FROM TO
policy()
{
	ip -n "$1" xfrm policy add src "$3" dst "$4" dir "$2" \
		tmpl src "$3" dst "$4" proto esp mode transport
}

xfrm_topology()
{
	ip link add veth0 netns "$plain" type veth peer name veth0 netns "$sealed"
	linked "$plain" veth0 10.41.0.1 "$sealed" veth0 10.41.0.2
	esp 10.41.0.1 10.41.0.2 0x101
	esp 10.41.0.2 10.41.0.1 0x102
	policy "$plain" out 10.41.0.1 10.41.0.2
	policy "$plain" in 10.41.0.2 10.41.0.1
	policy "$sealed" out 10.41.0.2 10.41.0.1
	policy "$sealed" in 10.41.0.1 10.41.0.2
}

xfrm_table()
{
	cat <<-END
		xfrm.out | same, xfrm("$plain", "0x00000101") + xfrm("$sealed", "0x00000102")
		xfrm.in | same, xfrm("$sealed", "0x00000101") + xfrm("$plain", "0x00000102")
	END
}

xfrm_traffic()
{
	ip netns exec "$plain" ping -q -c 3 -i 0.05 10.41.0.2 >/dev/null
}

# test_modules/test_skbtrail_driver.c counts what it did
driver_topology()
{
	modprobe test_skbtrail_driver || return
	ip link set sktest0 netns "$driven"
	at "$driven" sktest0 10.42.0.1
	ip -n "$driven" neigh add 10.42.0.2 lladdr 02:00:00:00:00:02 dev sktest0 nud permanent
}

driver_says()
{
	cat "/sys/module/test_skbtrail_driver/parameters/$1"
}

driver_table()
{
	cat <<-END
		dev.busy | told("busy")
		dev.done | told("done"), link("$driven", "sktest0", "tx")
	END
}

# the driver is busy for every second packet, and done a softirq later
driver_traffic()
{
	peer "$driven" udp-send 10.42.0.2 7121 --count 6
	until_true 20000 all_done || return
	driver_says busy >"$WORK/busy.out"
	driver_says "done" >"$WORK/done.out"
}

all_done()
{
	[ "$(driver_says "done")" -eq 6 ]
}

setup_ns client server plain sealed driven
quiet "$client" "$server" "$plain" "$sealed" "$driven"
tc_topology
xfrm_topology
check "there is a cgroup" make_cgroup skbtrail-test
check "there is a driver to test with" driver_topology
run_stages tc cgroup xfrm driver
no_cgroup
ip -n "$driven" link set sktest0 netns 1
modprobe -r test_skbtrail_driver
done_testing
