#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# What becomes of a packet's bytes: each action on UDP and TCP over IPv4 and IPv6,
# where the checksum is yet to be computed (client: its device does so behind the
# rule), where a device has checked it and where it is just bytes (router). The
# judge is tcpdump on a packet socket in the server's namespace. Then TCP as it
# is used: what arrives has the SHA-256 of what was sent.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=/dev/null
. "$HERE/rewritelib.sh"

traffic()
{
	ip netns exec "$1" /usr/bin/python3 "$HERE/rewrite_traffic.py" "${@:2}"
}

# rule N ACTION...: at SPOT, for the packets of a number, if those are sent; filters find a
# port behind an extension header of IPv6 by its place only
rule()
{
	local dst=$((20000 + $1)) src=$((30000 + $1)) behind=''

	[[ " $NUMBERS " = *" $1 "* ]] || return 0
	[ -z "$OPTIONS" ] || behind="or (ip6[6] == 0 and (ip6[50:2] == $dst or ip6[48:2] == $src))"
	add "${SPOT[@]}" "${@:2}" if "(dst port $dst or src port $src $behind)"
}

# what tcpdump must say of each number: UDP and TCP over IPv4, then IPv6
expect()
{
	local kind=$1 v6=${1#???}

	if [ "$v6" = 4 ]; then
		cat <<-END
			1 | $2: ttl | ttl $TTL,
			2 | $2: dscp | tos 0xb8
			3 | $2: ecn | tos 0x3,CE
			4 | $2: src | 10\\.9\\.9\\.9\\.30004 >
			5 | $2: dst | > 10\\.4\\.0\\.3\\.20005:
			11 | $2: many | tos 0x2b.* ttl $TTL,.*10\\.9\\.9\\.9\\.31011 > 10\\.4\\.0\\.3\\.20011:
		END
	else
		cat <<-END
			1 | $2: ttl | hlim $TTL,
			2 | $2: dscp | class 0xb8
			3 | $2: ecn | class 0x03
			14 | $2: src | fd00:9::9\\.30014 >
			15 | $2: dst | > fd00:4::3\\.20015:
			16 | $2: many | class 0x2b.* hlim $TTL,.*fd00:9::9\\.31016 > fd00:4::3\\.20016:
		END
	fi
	cat <<-END
		6 | $2: sport | \\.31006 > .*\\.20006:
		7 | $2: dport | \\.30007 > .*\\.21007:
		9 | $2: drop | absent
		10 | $2: corrupt | spoilt
		19 | $2: what no rule is for | .
	END
	if [ "${kind%?}" = tcp ]; then
		cat <<-END
			12 | $2: flags | Flags \\[SU\\]
			13 | $2: window and MSS | win 1000,.*\\[mss 1000,
		END
	else
		cat <<-END
			8 | $2: payload | pXYZZYfghij
		END
	fi
}

# and of datagrams sent without a checksum: over IPv6 it is made with what it covers
expect_unchecked()
{
	local sum

	if [ "$1" = udp4 ]; then
		sum='\[no cksum\]'
		cat <<-END
			1 | $2: ttl | ttl $TTL,.*$sum
			5 | $2: dst | > 10\\.4\\.0\\.3\\.20005: $sum
		END
	else
		sum='\[udp sum ok\]'
		cat <<-END
			1 | $2: ttl | spoilt
			15 | $2: dst | > fd00:4::3\\.20015: $sum
		END
	fi
	cat <<-END
		6 | $2: sport | \\.31006 > .*\\.20006: $sum
		7 | $2: dport | \\.30007 > .*\\.21007: $sum
		8 | $2: payload | $sum.*pXYZZYfghij
	END
}

# rules for all numbers at SPOT
rules()
{
	rule 1 ttl 9
	rule 2 dscp ef
	rule 3 ecn ce
	rule 4 src 10.9.9.9
	rule 5 dst 10.4.0.3
	rule 6 sport 31006
	rule 7 dport 21007
	rule 8 payload 1 58595a5a59
	rule 9 drop
	rule 10 --seed 5 corrupt
	rule 11 dscp 10 ecn ce ttl 9 src 10.9.9.9 dst 10.4.0.3 sport 31011
	rule 12 flags +URG
	rule 13 window 1000 mss 1000
	rule 14 src fd00:9::9
	rule 15 dst fd00:4::3
	rule 16 dscp 10 ecn ce ttl 9 src fd00:9::9 dst fd00:4::3 sport 31016
}

NUMBERS=$(seq -s ' ' 1 16)
KINDS='udp4 udp6 tcp4 tcp6'
EXPECT=expect
# rules are for packets with options
OPTIONS=

# pass NAME TTL-AT-THE-SERVER SEND-ARGS...: traffic through the rules at SPOT, judged
pass()
{
	local name=$1 kind

	TTL=$2
	# all of each packet, but for ICMPv6 that has options, too
	background dump ip netns exec "$server_ns" tcpdump -Z root -U --immediate-mode \
		-i veth0 -w "$WORK/dump.pcap" "(tcp or udp) and (portrange 20000-21099 or portrange 30000-31099)
			or (ip6[6] == 0 and ip6[40] != 58)"
	# shellcheck disable=SC2034 # for stop_dump
	DUMP=$LAST
	until_true 20000 grep -q 'listening on' "$WORK/dump.err"
	# shellcheck disable=SC2086 # numbers
	traffic "$client_ns" send $NUMBERS 19 "${@:3}"
	traffic "$client_ns" send 99
	until_true 20000 seen_last
	stop_dump
	tcpdump -vv -A -t -n -r "$WORK/dump.pcap" >"$WORK/dump.txt" 2>/dev/null
	for kind in $KINDS; do
		$EXPECT "$kind" "$name" >"$WORK/expected"
		verdicts "" traffic "$client_ns" judge "$WORK/dump.txt" "$kind" <"$WORK/expected"
	done
}

seen_last()
{
	[ "$(tcpdump -n -r "$WORK/dump.pcap" 'dst port 20099' 2>/dev/null | wc -l)" -ge 2 ]
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
routed "$client_ns" "$router_ns" "$server_ns"
ip -n "$server_ns" addr add 10.4.0.3/24 dev veth0
ip -n "$server_ns" addr add fd00:4::3/64 dev veth0 nodad
know "$router_ns" to_serv "$server_ns" veth0 10.4.0.3 fd00:4::3
# what is answered to made-up sources leads nowhere
ip -n "$server_ns" route add blackhole 10.9.9.0/24
ip -n "$server_ns" route add blackhole fd00:9::/64
# the sender's device computes checksums: what leaves it can be judged
ip netns exec "$client_ns" ethtool -K veth0 tx off >/dev/null
check "the module is armed" armed

# PARTIAL: at these the checksum is not computed yet
for at in local_out postrouting egress; do
	SPOT=(--at "$at" --netns "$client_ns")
	check "rules at $at" rules
	pass "$at, PARTIAL" 8
	flush
done
# the receiving device says whether it has checked them
for rx in on off; do
	ip netns exec "$router_ns" ethtool -K to_client rx "$rx" >/dev/null
	for at in prerouting forward; do
		SPOT=(--at "$at" --netns "$router_ns")
		check "rules at $at" rules
		pass "$at, rx $rx" "$([ "$at" = prerouting ] && echo 8 || echo 9)"
		flush
	done
done
SPOT=(--at ingress --netns "$router_ns" --dev to_client)
check "rules at ingress" rules
pass "ingress" 8
flush
OPTIONS=y
check "rules at ingress" rules
pass "ingress, options" 8 --options
flush
SPOT=(--at forward --netns "$router_ns")
check "rules at forward" rules
pass "forward, options" 9 --options
flush
OPTIONS=
NUMBERS='1 5 6 7 8 15'
KINDS='udp4 udp6'
EXPECT=expect_unchecked
SPOT=(--at local_out --netns "$client_ns")
check "rules at local_out" rules
pass "local_out, no checksum" 8 --no-check
flush
SPOT=(--at forward --netns "$router_ns")
check "rules at forward" rules
pass "forward, no checksum" 9 --no-check
flush

# transfer NAME MEGABYTES ADDRESS PORT: arrives as it was sent
transfer()
{
	background "server" ip netns exec "$server_ns" /usr/bin/python3 \
		"$HERE/rewrite_traffic.py" hash-server 10.4.0.2 7551
	SERVER=$LAST
	wait_listen "$server_ns" 7551
	try transfer traffic "$client_ns" hash-client "$3" "$4" --size $(($(scaled "$2") << 20))
	check "$1: arrives as it was sent" status_is 0
	join "$SERVER"
	check "$1: the receiver says so, too" cmp "$WORK/transfer.out" "$WORK/server.out"
}

changed()
{
	list && /usr/bin/python3 - "$WORK/list.out" <<-'END'
		import json, sys
		rules = [json.loads(line) for line in open(sys.argv[1])]
		for r in rules:
		    print("#", r["text"], r["changed"], r["refused"])
		sys.exit(not rules or any(not r["changed"] for r in rules))
	END
}

# TCP as it is used, with segments the device is to cut
ip netns exec "$client_ns" ethtool -K veth0 tx on tso on gso on >/dev/null
ip -n "$client_ns" route add 10.5.0.9 via 10.3.0.1
add --at prerouting --netns "$router_ns" dst 10.4.0.2 dport 7551 if tcp and dst host 10.5.0.9 and dst port 7550
add --at postrouting --netns "$router_ns" src 10.5.0.9 sport 7550 if tcp and src host 10.4.0.2 and src port 7551
transfer "another address and port, both ways" 100 10.5.0.9 7550
check "both rules were at work" changed
flush
add --at local_out --netns "$client_ns" ttl 50 if tcp port 7551
add --at postrouting --netns "$client_ns" mark 7 if tcp port 7551
add --at forward --netns "$router_ns" dscp af21 if tcp port 7551
add --at ingress --netns "$server_ns" ttl 33 dscp 0 if tcp port 7551
add --at forward --netns "$router_ns" mss 1000 if "tcp port 7551 and tcp[tcpflags] & tcp-syn != 0"
transfer "ttl, mark, dscp and MSS" 100 10.4.0.2 7551
check "all rules were at work" changed
flush

# a packet that is to be cut cannot be spoilt; so none is
ip netns exec "$client_ns" ethtool -K veth0 tso off gso off >/dev/null
add --at forward --netns "$router_ns" --probability 0.02 --seed 3 corrupt if tcp dst port 7551 and greater 200
start_trace corrupt --drops "tcp port 7551"
transfer "some of it corrupted" 4 10.4.0.2 7551
stop_trace
list
judge "$WORK/corrupt.out" <<-END
	what was corrupted is dropped | len([t for t in T if rewrites(t)]) == $(sed 's/.*"changed":\([0-9]*\).*/\1/' "$WORK/list.out") and len(T) > $((20 / SLOW))
	for its checksum, or what its header says, where that is read before | all(t.reason in ("TCP_CSUM", "PKT_TOO_SMALL", "TCP_AUTH_HDR") for t in T if rewrites(t))
	and no other for that, whatever TCP makes of what it gets again | all(t.reason not in ("TCP_CSUM", "PKT_TOO_SMALL") for t in T if not rewrites(t))
	by the rule | all([r[0] for r in rewrites(t)] == [1] and list(rewrites(t)[0][2]) == ["corrupt"] for t in T if rewrites(t))
END
flush
check "the module goes" unload
done_testing
