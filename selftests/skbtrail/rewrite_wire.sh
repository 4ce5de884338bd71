#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +---------------------+     +--------------+
#   | client veth0 |-----| port0 bridge  port1 |-----| veth0 server |
#   | 10.3.0.2     |     |                     |     |     10.3.0.3 |
#   +--------------+     +---------------------+     +--------------+
#
# What rewrite_bytes.sh does not look at: VLAN tags, where the packet is cut, datagrams
# the kernel is yet to cut, payload and flags of TCP as it is used, ICMP. Rules are at the
# client, and at ingress of the bridge; the judge is tcpdump on a packet socket of the
# server, which sees what left the bridge: nothing is computed behind that.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=/dev/null
. "$HERE/rewritelib.sh"

readonly V4=10.3.0.3 V6=fd00:3::3
# where the client's VLAN devices reach
readonly BESIDE=10.5.0.3 WITHIN=10.6.0.3

# bridged CLIENT BRIDGE SERVER: the namespaces above
bridged()
{
	local c=$1 r=$2 s=$3 dev

	ip link add veth0 netns "$c" type veth peer name port0 netns "$r"
	ip link add veth0 netns "$s" type veth peer name port1 netns "$r"
	ip netns exec "$r" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n "$r" link add br0 type bridge
	for dev in port0 port1; do
		ip -n "$r" link set dev "$dev" master br0 up
	done
	ip -n "$r" link set br0 up
	ends "$c" veth0 10.3.0.2 fd00:3::2
	ends "$s" veth0 "$V4" "$V6"
	know "$c" veth0 "$s" veth0 "$V4" "$V6"
	know "$s" veth0 "$c" veth0 10.3.0.2 fd00:3::2
}

# vlan_device ID ADDRESS PEER ARGS...: of the client; the tag is beside the packet, or within
vlan_device()
{
	ip -n "$client_ns" link add link veth0 name "veth0.$1" type vlan id "$1" "${@:4}"
	at "$client_ns" "veth0.$1" "$2"
	know "$client_ns" "veth0.$1" "$server_ns" veth0 "$3"
}

# the stdin: lines "ADDRESS PORT", a datagram of 200 bytes to each
datagrams()
{
	# shellcheck disable=SC2016 # expands in there
	ip netns exec "$client_ns" bash -c 'while read -r to port; do
		printf %0200d 0 >"/dev/udp/$to/$port"
	done'
}

client_ns='' bridge_ns='' server_ns=''
setup_ns client_ns bridge_ns server_ns
bridged "$client_ns" "$bridge_ns" "$server_ns"
# what has a tag within, the kernel's own device does not make where the one below takes it beside
ip netns exec "$client_ns" ethtool -K veth0 txvlan off >/dev/null
vlan_device 5 10.5.0.2 "$BESIDE" egress-qos-map 0:3
vlan_device 6 10.6.0.2 "$WITHIN" reorder_hdr off
# checksums are computed when packets leave the bridge, datagrams cut; not before
ip netns exec "$bridge_ns" ethtool -K port1 tx off tx-udp-segmentation off >/dev/null
ip netns exec "$client_ns" ethtool -K veth0 tx on tx-udp-segmentation on >/dev/null
check "the module is armed" armed

# VLAN tags, and where it is cut: ports 7601 on at egress of the client, 7621 on at ingress
tags()
{
	local port=$1

	shift
	add "$@" vlan 7 if udp dst port $((port + 1)) &&
		add "$@" vlan 7 if udp dst port $((port + 2)) &&
		add "$@" vlan none if udp dst port $((port + 3)) &&
		add "$@" truncate 60 if udp dst port $((port + 5)) &&
		add "$@" vlan 9 truncate 80 ttl 9 if udp dst port $((port + 6))
}

# to each port, so that it is the packet the rule is for
tagged_traffic()
{
	cat <<-END
		$V4 $(($1 + 1))
		$BESIDE $(($1 + 2))
		$BESIDE $(($1 + 3))
		$BESIDE $(($1 + 4))
		$V4 $(($1 + 5))
		$V6 $(($1 + 5))
		$BESIDE $(($1 + 6))
		$WITHIN $(($1 + 7))
	END
}

# tagged NAME PORT
tagged()
{
	local ip='ethertype IPv4 \(0x0800\)'

	check "$1: a tag is put" on_wire "\.$(($2 + 1)): " 1 "802.1Q.*: vlan 7, p 0, $ip,.*udp sum ok.*length 200"
	check "$1: a tag is changed, but for its priority" on_wire "\.$(($2 + 2)): " 1 "802.1Q.*: vlan 7, p 3, $ip"
	check "$1: a tag is taken off" on_wire "\.$(($2 + 3)): " 1 "^[^,]*, $ip,"
	check "$1: one that no rule is for stays" on_wire "\.$(($2 + 4)): " 1 "vlan 5, p 3, $ip,.*length 228\)"
	# the checksum is that of all of it
	check "$1: it is cut, and its header says so" wire_has "$V4\.$(($2 + 5)): " 1 "^[^,]*, $ip, length 74: .*length 60\).*bad udp cksum.*bad length 200 > 32"
	check "$1: so it is over IPv6" wire_has "$V6\.$(($2 + 5)): " 1 "^[^,]*, [^,]*, length 74: .*payload length: 20\).*bad udp cksum.*bad length 200 > 12"
	check "$1: all at once" wire_has "\.$(($2 + 6)): " 1 "length 98: vlan 9, p 3, $ip, .*ttl 9,.*length 80\).*bad udp cksum.*bad length 200 > 52"
}

start_wire "$server_ns" veth0
if add --at egress --netns "$client_ns" --dev veth0 vlan 7 if "ether[12:2] == 0x8100 and ether[40:2] == 7607"; then
	check "rules at egress" tags 7600 --at egress --netns "$client_ns" --dev veth0
	EGRESS=y
fi
check "rules at ingress" tags 7620 --at ingress --netns "$bridge_ns" --dev port0
check "where all tags are beside their packets" add --at ingress --netns "$bridge_ns" --dev port0 vlan 7 if udp dst port 7627
{ tagged_traffic 7600; tagged_traffic 7620; echo "$V4" 7699; } | datagrams
stop_wire 7699
if [ -n "${EGRESS-}" ]; then
	tagged "egress" 7600
	check "a tag within the packet is left" on_wire '\.7607: ' 1 'vlan 6, p 0'
	check "which is counted" eval 'list && listed 1 missing 1'
fi
tagged "ingress" 7620
check "a tag that was within is changed" on_wire '\.7627: ' 1 'vlan 7, p 0'
flush

# datagrams that are yet to be cut when the rule changes them; the last one is for no rule
add --at local_out --netns "$client_ns" ttl 9 dscp ef dport 7641 if udp dst port 7631
add --at postrouting --netns "$client_ns" ttl 9 dscp ef dport 7642 if udp dst port 7632
add --at ingress --netns "$bridge_ns" --dev port0 ttl 9 dscp ef dport 7643 if udp dst port 7633
start_wire "$server_ns" veth0
ip netns exec "$client_ns" /usr/bin/python3 "$HERE/peer.py" batch x 0 < <(
	for port in 7631 7632 7633 7634; do
		printf 'udp-segments %s '$port' --count 5\n' "$V4" "$V6"
	done
	echo "udp-send $V4 7699")
stop_wire 7699
list
for port in 7641 7642 7643; do
	rule=$((port - 7640))
	check "rule $rule: each datagram cut from one is changed" on_wire "$V4\.$port: " 5 'tos 0xb8, ttl 9,.*length 1028\).*udp sum ok'
	check "rule $rule: so it is over IPv6" on_wire "$V6\.$port: " 5 'class 0xb8,.*hlim 9,.*payload length: 1008\).*udp sum ok'
	check "rule $rule: which was one packet" listed $rule changed 2
	check "rule $rule: none is as it was" on_wire "\.$((port - 10)): " 0 .
done
check "what no rule is for is not" on_wire "$V4\.7634: " 5 'tos 0x0, ttl 64,.*length 1028\).*udp sum ok'
flush

# flags and payload of TCP as it is used; echoes
# says ADDRESS PORT: "skbtrail data" by TCP; what arrives in $WORK/said.out
says()
{
	background said ip netns exec "$server_ns" nc -l "$1" "$2"
	SERVER=$LAST
	wait_listen "$server_ns" "$2"
	ip netns exec "$client_ns" nc -N "$1" "$2" <<<"skbtrail data"
	join "$SERVER"
}

# echoes ADDRESS: and complains of what does not come back as it was sent
echoes()
{
	try echoes ip netns exec "$client_ns" ping -n -c 1 -W $((5 * SLOW)) -p 61 -s 56 "$1"
	status_is 0 && grep -q 'wrong data byte #20 should be 0x61 but was 0x58' "$WORK/echoes.out"
}

add --at local_out --netns "$client_ns" flags ~PSH payload 4 58595a if tcp dst port 7651
add --at ingress --netns "$bridge_ns" --dev port0 flags ~PSH payload 4 58595a if tcp dst port 7652
add --at ingress --netns "$bridge_ns" --dev port0 flags ~PSH,+ECE if tcp dst port 7653
add --at local_out --netns "$client_ns" payload 20 58595a if "icmp[icmptype] == icmp-echo"
add --at ingress --netns "$bridge_ns" --dev port0 payload 20 58595a if "icmp6 and ip6[40] == 128"
start_wire "$server_ns" veth0
says "$V4" 7651
check "local_out: TCP is given other bytes" grep -qx 'skbtXYZl data' "$WORK/said.out"
says "$V6" 7652
check "ingress: TCP is given other bytes" grep -qx 'skbtXYZl data' "$WORK/said.out"
says "$V4" 7653
check "flags alone leave the bytes" grep -qx 'skbtrail data' "$WORK/said.out"
says "$V4" 7654
check "ICMP: the answer has other bytes" echoes "$V4"
check "ICMPv6: the answer has other bytes" echoes "$V6"
echo "$V4" 7699 | datagrams
stop_wire 7699
check "local_out: the segment does not say PSH" on_wire '\.7651: .*length 14' 1 'Flags \[\.\], cksum 0x[0-9a-f]* \(correct\).*skbtXYZl data'
check "ingress: the segment does not say PSH" on_wire '\.7652: .*length 14' 1 'Flags \[\.\], cksum 0x[0-9a-f]* \(correct\).*skbtXYZl data'
check "a flag is set, another taken off" on_wire '\.7653: .*length 14' 1 'Flags \[\.E\], cksum 0x[0-9a-f]* \(correct\).*skbtrail data'
check "what no rule is for says it" on_wire '\.7654: .*length 14' 1 'Flags \[P\.\], cksum 0x[0-9a-f]* \(correct\).*skbtrail data'
check "ICMP: the question has other bytes" on_wire "> $V4: ICMP echo request" 1 'aaaaXYZaaa'
check "ICMPv6: the question has other bytes" on_wire "> $V6: .*ICMP6, echo request" 1 'icmp6 sum ok.*aaaaXYZaaa'
flush
check "the module goes" unload
done_testing
