#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+               +--------------+
#   | client veth0 |---------------| veth0 server |
#   | 10.15.0.1    |               |    10.15.0.2 |
#   |        veth1 |---------------| veth1        |
#   | 10.16.0.1    |               |    10.16.0.2 |
#   +--------------+               +--------------+
#
# Which socket, route and NAT a packet gets that a rule has changed, where the kernel has
# chosen before the rule or does so behind it.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=/dev/null
. "$HERE/rewritelib.sh"

in_ns()
{
	ip netns exec "$@"
}

# datagrams ADDRESS PORT...
datagrams()
{
	# shellcheck disable=SC2016 # expands in there
	in_ns "$client_ns" bash -c 'for port in "${@:2}"; do
		echo skbtrail >"/dev/udp/$1/$port"
	done' datagrams "$@"
}

# went DEVICE ADDRESS PORT: one datagram to there came in by that device, none by another
went()
{
	grep -E "> $2\.$3: " "$WORK/any.out" >"$WORK/these"
	[ "$(wc -l <"$WORK/these")" -eq 1 ] && grep -q "^$1 " "$WORK/these" && return
	sed 's/^/# /' "$WORK/these"
	return 1
}

# saw NAME N: a counter of the server
saw()
{
	local n

	n=$(in_ns "$server_ns" nft list counter inet sees "$1" | sed -n 's/.*packets \([0-9]*\) .*/\1/p')
	[ "$n" = "$2" ] || { echo "# $1: $n, not $2"; return 1; }
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 15
pair "$client_ns" "$server_ns" 16 veth1
ip -n "$server_ns" addr add 10.15.0.3/24 dev veth0
ip -n "$server_ns" addr add fd00:15::3/64 dev veth0 nodad
check "the module is armed" armed

# local_in: sockets chosen before. Rules leave the beginning of a connection alone.
add --at local_in --netns "$server_ns" dport 7702 if udp dst port 7701
add --at local_in --netns "$server_ns" dst 10.15.0.3 if ip and udp dst port 7703
add --at local_in --netns "$server_ns" dst fd00:15::3 if ip6 and udp dst port 7703
add --at local_in --netns "$server_ns" dport 7705 if "ip and tcp dst port 7704 and tcp[tcpflags] & tcp-push != 0"
add --at local_in --netns "$server_ns" dport 7705 if "ip6 and tcp dst port 7704 and ip6[53] & 8 != 0"
add --at local_in --netns "$server_ns" --after-nat dport 7707 if udp dst port 7706
# what nft changes there goes to the socket chosen before: so one was
in_ns "$server_ns" nft -f - <<-'END'
	table inet changes {
		chain c {
			type filter hook input priority -50;
			udp dport 7711 udp dport set 7712
			tcp dport 7713 tcp flags & psh != 0 tcp dport set 7714
		}
	}
END
cases()
{
	cat <<-END
		$1-untouched udp $2 7708 $2 7709
		$1-dport udp $2 7701 $2 7702
		$1-dst udp $2 7703 $3 7703
		$1-tcp-dport tcp $2 7704 $2 7705
		$1-after-nat udp $2 7706 $2 7707
		$1-nft udp $2 7711 $2 7712
		$1-tcp-nft tcp $2 7713 $2 7714
	END
}
{ cases IPv4 10.15.0.2 10.15.0.3; cases IPv6 fd00:15::2 fd00:15::3; } >"$WORK/cases"
/usr/bin/python3 "$HERE/early.py" "$client_ns" "$server_ns" 10.15.0.1 fd00:15::1 <"$WORK/cases" >"$WORK/early"
sed 's/^/# /' "$WORK/early"
for v in IPv4 IPv6; do
	check "$v: a datagram no rule is for goes to its socket" grep -qx "$v-untouched old" "$WORK/early"
	check "$v: a connected socket of UDP is chosen early" grep -qx "$v-nft old" "$WORK/early"
	check "$v: and one of TCP" grep -qx "$v-tcp-nft old" "$WORK/early"
	check "$v: with another port it is looked up anew" grep -qx "$v-dport new" "$WORK/early"
	check "$v: and with another address" grep -qx "$v-dst new" "$WORK/early"
	check "$v: that of an established connection" grep -qx "$v-tcp-dport new" "$WORK/early"
	check "$v: behind NAT, too" grep -qx "$v-after-nat new" "$WORK/early"
done
flush
in_ns "$server_ns" nft delete table inet changes

# local_out: routes chosen before
for v in '-4 10.15.0.2 10.16.0.2' '-6 fd00:15::2 fd00:16::2'; do
	read -r family to via <<<"$v"
	ip -n "$client_ns" "$family" rule add fwmark 7 table 100
	ip -n "$client_ns" "$family" route add "$to" via "$via" dev veth1 table 100
done
add --at local_out --netns "$client_ns" mark 7 if udp dst port 7721
add --at local_out --netns "$client_ns" dst fd00:16::2 if ip6 and udp dst port 7722
add --at local_out --netns "$client_ns" dst 10.16.0.2 if ip and udp dst port 7722
add --at local_out --netns "$client_ns" --after-nat mark 7 if udp dst port 7723
add --at local_out --netns "$client_ns" mark 8 ttl 9 if udp dst port 7724
add --at postrouting --netns "$client_ns" mark 7 if udp dst port 7725
background any ip netns exec "$server_ns" tcpdump -Z root -l -n -t -i any "udp and dst portrange 7721-7799"
# shellcheck disable=SC2034 # for stop_dump
DUMP=$LAST
until_true 20000 grep -q 'listening on' "$WORK/any.err"
datagrams fd00:15::2 7721 7722 7723 7724 7725 7726
datagrams 10.15.0.2 7721 7722 7723 7724 7725 7726 7799
until_true 20000 grep -q '\.7799: ' "$WORK/any.out"
stop_dump
for v in 'IPv6 fd00:15::2 fd00:16::2' 'IPv4 10.15.0.2 10.16.0.2'; do
	read -r v to other <<<"$v"
	check "$v: another mark, another route" went veth1 "$to" 7721
	check "$v: another destination, another route" went veth1 "$other" 7722
	check "$v: behind NAT, too" went veth1 "$to" 7723
	check "$v: a mark no rule of routing is for leaves it" went veth0 "$to" 7724
	check "$v: at postrouting the route is chosen" went veth0 "$to" 7725
	check "$v: what no rule is for is not routed anew" went veth0 "$to" 7726
done
flush

# before and behind the kernel's NAT; port 7731 is made 7732, and the answers' back
in_ns "$server_ns" nft -f - <<-'END'
	table ip nat {
		chain pre {
			type nat hook prerouting priority dstnat;
			udp dport 7731 redirect to :7732
		}
	}
	table inet sees {
		counter translated { }
		counter behind { }
		chain in {
			type filter hook input priority filter;
			udp dport 7732 counter name translated
			udp dport 7731 counter name behind
		}
	}
END
add --at prerouting --netns "$server_ns" ttl 71 if udp dst port 7731
add --at prerouting --netns "$server_ns" ttl 72 if udp dst port 7732
add --at prerouting --netns "$server_ns" --after-nat ttl 73 if udp dst port 7731
add --at prerouting --netns "$server_ns" --after-nat ttl 74 if udp dst port 7732
add --at postrouting --netns "$server_ns" ttl 75 if udp src port 7731
add --at postrouting --netns "$server_ns" ttl 76 if udp src port 7732
add --at postrouting --netns "$server_ns" --after-nat ttl 77 if udp src port 7731
add --at postrouting --netns "$server_ns" --after-nat ttl 78 if udp src port 7732
serve "$server_ns" udp-server 10.15.0.2 7732 --count 2
peer "$client_ns" udp-client 10.15.0.2 7731 --count 2
join "$SERVER"
list
check "in front of NAT: the port it was sent to" eval 'listed 1 changed 2 && listed 2 matched 0'
check "behind it: the one NAT has made of it" eval 'listed 3 matched 0 && listed 4 changed 2'
check "answers in front: the port they were sent from" eval 'listed 5 matched 0 && listed 6 changed 2'
check "behind: the one NAT gives them back" eval 'listed 7 changed 2 && listed 8 matched 0'
check "NAT was at work" saw translated 2
flush
add --at prerouting --netns "$server_ns" dport 7731 if udp dst port 7733
add --at prerouting --netns "$server_ns" --after-nat dport 7731 if udp dst port 7734
datagrams 10.15.0.2 7733
check "NAT knows what a rule in front of it has made" eval 'until_true 10000 saw translated 3 && saw behind 0'
datagrams 10.15.0.2 7734
check "of what one behind it makes it does not hear" eval 'until_true 10000 saw behind 1 && saw translated 3'
flush
check "the module goes" unload
done_testing
