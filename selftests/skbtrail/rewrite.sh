#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------------------+     +--------------+
#   | client veth0 |-----| to_client router to_serv |-----| veth0 server |
#   | 10.3.0.2     |     | 10.3.0.1      10.4.0.1   |     |     10.4.0.2 |
#   +--------------+     +--------------------------+     +--------------+
#
# Rewrite rules as such: that they are off until asked for, where and when they are
# applied, how long they live, what trails say of them. What becomes of the
# packet's bytes is tested in rewrite_bytes.sh.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=/dev/null
. "$HERE/rewritelib.sh"

# gets NS ADDRESS PORT: a reader of datagrams in the background; pid in SINK
gets()
{
	start_peer sink "$1" udp-sink "$2" "$3"
	SINK=$LAST
	wait_listen "$1" "$3"
}

# datagrams UDP was given in the server's namespace, also for nobody
udp_in()
{
	ip netns exec "$server_ns" cat /proc/net/snmp | awk '/^Udp:/ && n++ { print $2 + $3 }'
}

# send PORT [N]: datagrams to the server
send()
{
	# shellcheck disable=SC2016 # expands in there
	ip netns exec "$client_ns" bash -c 'for ((i = 0; i < $2; i++)); do
		echo skbtrail test >/dev/udp/10.4.0.2/$1; done' send "$1" "${2-1}"
}

# passed N: that many to port 7501, and how many arrived
passed()
{
	local before

	before=$(udp_in)
	send 7501 "$1"
	# what is behind them on the way
	pings "$client_ns" 10.4.0.2
	echo $(($(udp_in) - before))
}

# sent N: the same, and the rules go
sent()
{
	passed "$1"
	flush >/dev/null
}

arrive()
{
	local n

	n=$(sent "$2")
	[ "$n" -eq "$1" ] || { echo "# $n arrived, not $1"; return 1; }
}

# send_by DEVICE PORT: a datagram that its socket has told the device, to 10.4.0.3
send_by()
{
	ip netns exec "$client_ns" /usr/bin/python3 - "$@" <<-'END'
		import socket, struct, sys
		IP_UNICAST_IF = 50
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		dev = struct.pack("!I", socket.if_nametoindex(sys.argv[1]))
		s.setsockopt(socket.IPPROTO_IP, IP_UNICAST_IF, dev)
		s.sendto(b"skbtrail", ("10.4.0.3", int(sys.argv[2])))
	END
}

# by_device N PORT: how many of one arrive
by_device()
{
	local before n

	before=$(udp_in)
	send_by veth0 "$2"
	pings "$client_ns" 10.4.0.2
	n=$(($(udp_in) - before))
	[ "$n" -eq "$1" ] || { echo "# $n arrived, not $1"; return 1; }
}

# pings NS ADDRESS: whether it answers
pings()
{
	ip netns exec "$1" ping -q -c 1 -W $((2 * SLOW)) "$2" >/dev/null
}

# left N: rules
left()
{
	list && [ "$(wc -l <"$WORK/list.out")" -eq "$1" ]
}

fails()
{
	! "$@" 2>/dev/null
}

no_rule()
{
	list gone && [ ! -s "$WORK/gone.out" ]
}

says_rule()
{
	grep -q '^rule ' "$WORK/$1.out"
}

# start_rule NAME ARGS...: that goes with its command
start_rule()
{
	background "$1" skbtrail rewrite add "${@:2}"
	RULE=$LAST
	until_true 20000 says_rule "$1"
}

client_ns='' router_ns='' server_ns=''
setup_ns client_ns router_ns server_ns
routed "$client_ns" "$router_ns" "$server_ns"

try off skbtrail rewrite add --at local_in drop
check "off until the module is told" refused off 1 "rewriting is off.*modprobe skbtrail rewrite=1"
try off skbtrail rewrite list
check "there is nothing to list then" no_rule
check "the module is armed" armed

# nonsense, one sentence each
no_add "no hook" "needs --at" drop
no_add "an unknown hook" "there is no hook 'nowhere'" --at nowhere drop
no_add "no action" "say what to do" --at local_in
no_add "an unknown action" "there is no action 'explode'" --at local_in explode
no_add "an action without its value" "ttl takes N" --at local_in ttl
no_add "a value out of range" "ttl takes a number from 1 to 255" --at local_in ttl 256
no_add "a port on ICMP" "dport needs TCP or UDP, which the filter leaves out" --at local_in dport 80 if icmp
no_add "TCP flags on UDP" "flags needs TCP" --at local_in flags SYN if udp
no_add "an IPv6 address on IPv4" "src needs IPv6" --at local_in src fd00::1 if ip
no_add "an IPv4 address on IPv6" "dst needs IPv4" --at local_in dst 10.0.0.1 if ip6
no_add "both kinds of addresses" "no packet has both" --at local_in src fd00::1 dst 10.0.0.1
no_add "no address" "src takes an IPv4 or IPv6 address" --at local_in src 10.0.0.256
no_add "an offset past the end of any packet" "payload takes a number from 0 to 65535" --at local_in payload 70000 00
no_add "bytes past the end of any packet" "payload ends past 65535" --at local_in payload 65535 0000
no_add "half a byte" "payload takes 1 to 256 bytes in hexadecimal" --at local_in payload 0 000
no_add "flags that are none" "flags takes TCP flags" --at local_in flags SYN,NIX
no_add "a VLAN tag where there is none" "VLAN tags at devices only" --at local_in vlan 7
no_add "NAT at a device" "there is no NAT at devices" --at ingress --after-nat drop
no_add "both places" "exclude each other" --at local_in --before-nat --after-nat drop
no_add "more than a drop" "what is dropped needs no other action" --at local_in drop ttl 9
no_add "an action twice" "given twice" --at local_in ttl 9 ttl 8
try filter skbtrail rewrite add --persist --at local_in drop if nonsense ==
check "a filter that is none" grep -q "^skbtrail: bad filter" "$WORK/filter.err"
no_add "if without a filter" "'if' needs a filter" --at local_in drop if
no_add "an Ethernet filter without Ethernet" "needs the Ethernet header" --at local_in drop if ether host 02:00:00:00:00:01
no_add "no such probability" "takes a share such as 0.01" --at local_in --probability 2 drop
no_add "no such namespace" "nowhere" --at local_in --netns nowhere drop
try verb skbtrail rewrite improve
check "an unknown verb" refused verb 1 "rewrite knows add, list, del and flush"
try del skbtrail rewrite del 7
check "a rule that is not there" refused del 1 "there is no rule of this number"
check "nothing of it was added" no_rule

# what is dropped
check "a datagram arrives" arrive 1 1
for at in prerouting local_in; do
	add --at $at --netns "$server_ns" drop if udp port 7501
	check "none arrives: $at" arrive 0 3
done
add --at forward --netns "$router_ns" drop if udp port 7501
check "none arrives: forward" arrive 0 3
for at in local_out postrouting; do
	add --at $at --netns "$client_ns" drop if udp port 7501
	check "none arrives: $at" arrive 0 3
done
add --at ingress --netns "$server_ns" drop if udp port 7501
check "none arrives: ingress" arrive 0 3
if add --at egress --netns "$client_ns" drop if udp port 7501; then
	check "none arrives: egress" arrive 0 3
fi
add --at forward --after-nat drop if udp port 7501
check "none arrives: behind NAT, in all namespaces" arrive 0 3
add --at ingress --dev to_client drop if udp port 7501
check "none arrives: by the device" arrive 0 3
add --at ingress --netns "$router_ns" --dev to_serv drop if udp port 7501
check "by the other device they do" arrive 3 3
add --at local_in --netns "$router_ns" drop if udp port 7501
check "in another namespace they do" arrive 3 3
add --at local_in --netns "$server_ns" drop if udp port 7509
check "and what does not match" arrive 3 3

# limits
add --at local_in --netns "$server_ns" --count 2 drop if udp port 7501
check "a count" arrive 3 5
add --at local_in --netns "$server_ns" --dry-run drop if udp port 7501
send 7501 3
check "a dry run counts" counted 1 dropped 3
check "and drops nothing" arrive 3 3
add --at local_in --netns "$server_ns" --probability 0.5 --seed 7 drop if udp port 7501
first=$(sent 100)
add --at local_in --netns "$server_ns" --probability 0.5 --seed 7 drop if udp port 7501
check "half of them, as chance has it" test "$first" -gt 25 -a "$first" -lt 75
check "chance with a seed repeats itself" arrive "$first" 100
add --at local_in --netns "$server_ns" --for 0.2 drop if udp port 7501
expired()
{
	list && grep -q '"state":"expired"' "$WORK/list.out"
}
check "its time goes by" until_true 10000 expired
check "then it does nothing" arrive 3 3

# what cannot be done
add --at ingress --netns "$server_ns" vlan none if udp port 7501
send 7501
check "no tag to be taken off" counted 1 missing 1
flush
if add --at egress --netns "$client_ns" --dev tun0 vlan 7 if icmp; then
	ip -n "$client_ns" link add tun0 type ipip local 10.3.0.2 remote 10.4.0.2
	ip -n "$client_ns" addr add 10.7.0.1/24 dev tun0
	ip -n "$client_ns" link set tun0 up
	check "no Ethernet header to put one in" fails pings "$client_ns" 10.7.0.2
	check "which is counted" counted 1 missing 1
	ip -n "$client_ns" link del tun0
fi
flush

# order
add --number 20 --at local_in --netns "$server_ns" drop if udp port 7501 and ip[8] == 77
add --number 10 --at local_in --netns "$server_ns" ttl 77 if udp port 7501
add --number 30 --at local_in --netns "$server_ns" ttl 78 if udp port 7501
send 7501
check "the lower number comes first" counted 10 changed 1
check "the next one sees what it made" counted 20 dropped 1
check "behind a drop nothing comes" counted 30 matched 0
no_add "a number that is taken" "there is a rule of this number already" --number 20 --at local_in drop
try del skbtrail rewrite del 20
check "one is deleted" left 2
check "flush removes the rest" eval 'flush && no_rule'

# life
start_rule mine --at local_in --netns "$server_ns" drop if udp port 7501
check "a rule in force is told" says_rule mine
check "the module is in use" fails modprobe -q -r skbtrail
kill -KILL "$RULE"
join "$RULE"
check "it is over with its command, killed" test "$(passed 1)" -eq 1
check "and goes" until_true 10000 no_rule
start_rule mine --at local_in --netns "$server_ns" --count 2 drop if udp port 7501
send 7501 2
join "$RULE"
check "a command ends when its rule is used up" status_is 0
check "and says what it did" grep -q '^rule 1: matched 2, dropped 2$' "$WORK/mine.err"
check "with its rule" until_true 10000 no_rule
start_rule mine --at local_in --netns "$server_ns" drop
stop_trace "$RULE"
check "SIGINT ends it" eval 'status_is 0 && until_true 10000 no_rule'

# what comes later
add --at local_in drop if icmp
add --at ingress --dev later0 drop if icmp6
later_ns=''
setup_ns later_ns
ip -n "$later_ns" link set lo up
check "a namespace that came later" fails pings "$later_ns" 127.0.0.1
check "was counted" counted 1 dropped 1
ip -n "$later_ns" link add later0 type veth peer name later1
ip -n "$later_ns" link set later1 netns "$client_ns"
ends "$later_ns" later0 fd00:9::1
ends "$client_ns" later1 fd00:9::2
check "a device that came later" fails pings "$client_ns" fd00:9::1
ip -n "$later_ns" link del later0
check "it can go with the rule in force" flush
check "then ICMP passes again" pings "$client_ns" 10.4.0.2

# trails
add --at forward --netns "$router_ns" ttl 9 dscp ef mark 0x70/0xf0 if udp port 7511
add --at postrouting --netns "$router_ns" src 10.4.0.7 sport 4711 if udp port 7511
add --at local_in --netns "$server_ns" drop if udp port 7512
add --at local_in --netns "$server_ns" --dry-run ttl 77 if udp port 7513
add --at local_in --netns "$server_ns" --dry-run drop if udp port 7513
add --at local_in --netns "$server_ns" priority 6 payload 2 585858 if udp port 7514
add --at local_out --netns "$client_ns" window 1234 flags +URG mss 700 if tcp dst port 7515
start_trace trails "portrange 7511-7519"
for port in 7511 7512 7513 7514; do
	send $port
done
exchange tcp "$client_ns" "$server_ns" 10.4.0.2 7515 --count 100
check "a connection through a rule" status_is 0
stop_trace
check "nothing was lost" status_is 0
judge "$WORK/trails.out" <<-END
	a change is told | one(dport=7511).changed("ttl")[-1][1:] == [63, 9]
	and of what it is | one(dport=7511).changed("tos")[0][1:] == [0, 184] and one(dport=7511).changed("mark")[0][1:] == [None, 112]
	with the rule that made it | rewrites(one(dport=7511))[0] == (1, False, {"ttl": [63, 9], "tos": [0, 184], "mark": [None, 112]})
	behind the hook it was made in | only([h for h in one(dport=7511).hits if [r for r in h.rewrites or [] if r.rule == 1]]).stage == after(one(dport=7511), "nf.forward")
	another rule, another change | rewrites(one(dport=7511))[1] == (2, False, {"src": ["10.3.0.2", "10.4.0.7"], "sport": [one(dport=7511).sport, 4711]})
	the same is not told twice | len(one(dport=7511).changed("src")) == 1 and len(one(dport=7511).changed("sport")) == 1
	a drop names the rule | one(dport=7512).rule == {"engine": "skbtrail", "number": 3, "text": "drop"}
	in a sentence | one(dport=7512).summary.startswith('dropped by skbtrail rule 3 "drop" in nf.local_in after ')
	it is a drop as any | (one(dport=7512).end, one(dport=7512).reason) == ("dropped", "NETFILTER_DROP")
	a dry run tells what it would change | rewrites(one(dport=7513)) == [(4, True, {"ttl": [63, 77]}), (5, True, {"drop": [None, 1]})]
	and changes nothing | not [c for c in one(dport=7513).changed("ttl") if c[2] == 77] and one(dport=7513).rule is None
	priority and payload | rewrites(one(dport=7514)) == [(6, False, {"priority": [0, 6], "payload": [{"offset": 2, "len": 3, "bytes": "627472"}, {"offset": 2, "len": 3, "bytes": "585858"}]})]
	flags, window and MSS of a SYN | [(r[2]["mss"], r[2]["tcp"][1].window, "URG" in r[2]["tcp"][1]["flags"]) for r in rewrites(one(dport=7515, flags="SYN"))] == [([1460, 700], 1234, True)]
	every trail keeps the contract | all(valid(t) for t in T)
END
background tree skbtrail trace "udp port 7511"
TRACER=$LAST
until_true 30000 says_listening tree "$TRACER"
send 7511
stop_trace
check "the tree names the rule" grep -q 'ttl 63 .* 9.* by skbtrail rule 1' "$WORK/tree.out"
flush

# what was decided before is decided anew
ip -n "$server_ns" addr add 10.4.0.3/24 dev veth0
know "$router_ns" to_serv "$server_ns" veth0 10.4.0.3
ip -n "$client_ns" route add blackhole 10.8.0.0/16
add --at local_out --netns "$client_ns" dst 10.4.0.2 if udp and dst host 10.8.0.1
add --at prerouting --netns "$server_ns" dst 10.4.0.3 if udp dst port 7521
add --at local_in --netns "$server_ns" dport 7524 if udp dst port 7523
add --at local_out --netns "$client_ns" dst 10.8.0.1 if udp dst port 7525
add --at local_out --netns "$client_ns" ttl 50 if udp dst port 7525
gets "$server_ns" 10.4.0.3 7521
send 7521 2
peer "$client_ns" udp-send 10.4.0.2 7521 --text stop
join "$SINK"
check "prerouting: the new destination is found" test "$(cat "$WORK/sink.out")" = 2
gets "$server_ns" 10.4.0.2 7524
send 7523 2
peer "$client_ns" udp-send 10.4.0.2 7523 --text stop
join "$SINK"
check "local_in: so is the socket" test "$(cat "$WORK/sink.out")" = 2
start_trace noroute "udp port 7525"
send 7525
stop_trace
judge "$WORK/noroute.out" <<-END
	local_out: where there is no route it is dropped | (one(dport=7525).end, one(dport=7525).reason, one(dport=7525).rule.number) == ("dropped", "IP_OUTNOROUTES", 4)
END
check "that is counted" counted 4 dropped 1
check "not by the rule behind it" eval 'counted 5 changed 1 && counted 5 dropped 0'
flush
# the table alone would have it go by lo
ip -n "$client_ns" route add 10.4.0.3/32 dev lo
add --at local_out --netns "$client_ns" mark 0 dscp 0 if udp dst port 7526
add --at local_out --netns "$client_ns" mark 1 if udp dst port 7527
check "local_out: what is the same as before is not routed anew" by_device 1 7526
check "what is not the same is" by_device 0 7527
flush
check "nothing stays attached" nothing_left
check "the module goes" unload
done_testing
