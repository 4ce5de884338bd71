# SPDX-License-Identifier: GPL-2.0
#
# Rules of iptables and ip6tables as administrators write them; sourced behind lib.sh. The
# namespaces are those of routed().
# shellcheck shell=bash

KIND='' PORT='' client_ns='' router_ns=''

# rules_of legacy|nft: whose rules they are
rules_of()
{
	KIND=$1
}

# port N: of the rules that follow
port()
{
	PORT=$1
}

# must COMMAND...: a kernel without such rules has not passed, whatever the tool calls that
must()
{
	"$@" || { echo "# cannot $*"; exit 1; }
}

# both ARGS...: to iptables and its IPv6 twin, of the router; PORT is replaced
both()
{
	must ip netns exec "$router_ns" "iptables-$KIND" "${@/PORT/$PORT}"
	must ip netns exec "$router_ns" "ip6tables-$KIND" "${@/PORT/$((PORT + 100))}"
}

# three_jumps PORT: and a goto, to a rule that drops
three_jumps()
{
	port "$1"
	both -N web
	both -N shop
	both -N deep
	both -A FORWARD -p udp -m conntrack --ctstate NEW -m udp --dport PORT -j web
	both -A web -p udp --dport 1 -j ACCEPT
	both -A web -j shop
	both -A shop -p udp -m multiport --dports 1,2 -j RETURN
	both -A shop -p udp -g deep
	both -A deep -p udp --dport 1 -j DROP
	both -A deep -p udp --dport PORT -m comment --comment "three jumps down" -j DROP
}

# no_way PORT DROPPED: what the client sends to the first is marked, and has no route any more
no_way()
{
	local tool

	for tool in "iptables-$KIND" "ip6tables-$KIND"; do
		must ip netns exec "$client_ns" "$tool" -A OUTPUT -m conntrack --ctstate INVALID -j DROP
		must ip netns exec "$client_ns" "$tool" -t mangle -A OUTPUT -p udp -m multiport \
			--dports "$1,$(($1 + 100))" -j MARK --set-mark 1
		must ip netns exec "$client_ns" "$tool" -t mangle -A OUTPUT -p udp -m multiport \
			--dports "$2,$(($2 + 100))" -j DROP
		must ip netns exec "$client_ns" "$tool" -t mangle -A OUTPUT -p udp --dport 1 -j ACCEPT
	done
	for tool in -4 -6; do
		ip -n "$client_ns" $tool rule add fwmark 1 table 100
		ip -n "$client_ns" $tool route add unreachable default table 100
	done
}

# send PORT [ADDRESS ADDRESS6]: to the server, or so
send()
{
	peer "$client_ns" udp-send "${2-10.4.0.2}" "$1" 2>/dev/null
	peer "$client_ns" udp-send "${3-fd00:4::2}" $(($1 + 100)) 2>/dev/null
}
