#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +---+  a veth pair t<N> for each subject,      +---+
#   |   |  tunnels u<N> over one of them           |   |
#   | a |------------------------------------------| b |
#   |   |      +--------------------------+        |   |
#   |   |------| r: a bridge; a NAT router |-------|   |
#   +---+      +--------------------------+        +---+
#
# Ground truth. Packets say in all of their bytes who they are, and go all these
# ways at the same time. Each trail must hold one packet's hits, each packet must
# have its trails, and what is lost must be told: see truth.h and truth_judge.c.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# of each case in each run
PACKETS=${TRUTH_PACKETS:-$(scaled 1200)}
RUNS=${TRUTH_RUNS:-1 2 4}
# which cases
WANTED=${TRUTH_CASES:-.}
# of the last cases()
COUNT='' ONLY='' PORT=''
LAST_PORT=20255
CPUS=/sys/devices/system/cpu
a='' b='' r=''
QUEUE=''
CASES=$WORK/cases
SINKS=()
SENDERS=()

# mac N 1|2: of an end
mac()
{
	printf '02:00:00:%02x:%02x:0%d' $(($1 >> 8)) $(($1 & 255)) "$2"
}

# end_of DEV NET 1|2 [MAC]: for ip -batch; MAC: of the other end, not to be asked for
end_of()
{
	echo "addr add 10.$2.0.$3/24 dev $1"
	echo "addr add fd00:$2::$3/64 dev $1 nodad"
	echo "link set $1 up"
	[ -n "${4-}" ] || return 0
	echo "neigh replace 10.$2.0.$((3 - $3)) lladdr $4 dev $1 nud permanent"
	echo "neigh replace fd00:$2::$((3 - $3)) lladdr $4 dev $1 nud permanent"
}

# pairs N...: t<N> in a and in b, 10.<N>.0.1 and .2
pairs()
{
	local n

	for n in "$@"; do
		echo "link add t$n address $(mac "$n" 1) netns $a type veth peer name t$n address $(mac "$n" 2) netns $b"
	done | ip -batch - || return
	for n in "$@"; do
		end_of "t$n" "$n" 1 "$(mac "$n" 2)"
	done | ip -n "$a" -batch - || return
	for n in "$@"; do
		end_of "t$n" "$n" 2 "$(mac "$n" 1)"
	done | ip -n "$b" -batch -
}

# tunnel_end NS N ETH MINE OTHER TYPE ARGS...
tunnel_end()
{
	local ns=$1 n=$2 eth=$3 mine=$4 other=$5 args lower=''

	shift 5
	args="$*"
	args=${args//@4/10.20.0.$mine} args=${args//#4/10.20.0.$other}
	args=${args//@6/fd00:20::$mine} args=${args//#6/fd00:20::$other}
	[ "$1" != vlan ] || lower='link t20'
	{
		echo "link add $lower u$n ${eth:+address $(mac "$n" "$mine")} type $args"
		end_of "u$n" "$n" "$mine" "${eth:+$(mac "$n" "$other")}"
	} | ip -n "$ns" -batch -
}

# tunnel N ETH TYPE ARGS...: u<N> in both, over t20, whose ends are @ and #; ETH: with
# link addresses
tunnel()
{
	tunnel_end "$a" "$1" "$2" 1 2 "${@:3}" && tunnel_end "$b" "$1" "$2" 2 1 "${@:3}"
}

tunnels()
{
	tunnel 21 eth vxlan id 5 local @4 remote '#4' dstport 4789 &&
		tunnel 22 eth vxlan id 6 local @6 remote '#6' dstport 4790 &&
		tunnel 23 eth geneve id 7 remote '#4' &&
		tunnel 24 '' gre local @4 remote '#4' &&
		tunnel 25 '' ip6gre local @6 remote '#6' &&
		tunnel 26 '' ipip local @4 remote '#4' &&
		tunnel 27 '' ip6tnl mode any local @6 remote '#6' &&
		tunnel 28 eth vlan id 9
}

# what is not a pair between the two
through_router()
{
	ip -batch - <<-END || return
		link add t30 address $(mac 30 1) netns $a type veth peer name ba netns $r
		link add t30 address $(mac 30 2) netns $b type veth peer name bb netns $r
		link add t31 address $(mac 31 1) netns $a type veth peer name na address $(mac 31 2) netns $r
		link add t32 address $(mac 32 2) netns $b type veth peer name nb address $(mac 32 1) netns $r
	END
	ip -n "$r" -batch - <<-END || return
		link add br0 type bridge
		link set ba master br0
		link set bb master br0
		link set br0 up
		link set ba up
		link set bb up
		$(end_of na 31 2 "$(mac 31 1)")
		$(end_of nb 32 1 "$(mac 32 2)")
	END
	end_of t30 30 1 "$(mac 30 2)" | ip -n "$a" -batch - &&
		end_of t30 30 2 "$(mac 30 1)" | ip -n "$b" -batch - &&
		end_of t31 31 1 "$(mac 31 2)" | ip -n "$a" -batch - &&
		end_of t32 32 2 "$(mac 32 1)" | ip -n "$b" -batch - &&
		translation
}

translation()
{
	ip netns exec "$r" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip netns exec "$r" nft -f - <<-END
		table inet translate {
			chain in {
				type nat hook prerouting priority dstnat;
				iifname "na" dnat ip to 10.32.0.2
				iifname "na" dnat ip6 to fd00:32::2
			}
			chain out {
				type nat hook postrouting priority srcnat;
				oifname "nb" masquerade
			}
		}
	END
}

filters()
{
	ip netns exec "$a" nft -f - <<-END || return
		table ip twice {
			chain c {
				type filter hook output priority 0;
				ip daddr 10.3.0.2 dup to 10.3.0.2 device "t3"
			}
		}
		table ip6 twice {
			chain c {
				type filter hook output priority 0;
				ip6 daddr fd00:3::2 dup to fd00:3::2 device "t3"
			}
		}
	END
	ip netns exec "$b" nft -f - <<-END || return
		table inet aside {
			chain c {
				type filter hook input priority 0;
				iifname "t4" queue num 4
			}
		}
	END
	background queue ip netns exec "$b" "$HERE/nfqueue" 4 1
	QUEUE=$LAST
	until_true 20000 grep -q bound "$WORK/queue.out"
}

# xdp MODE DEV: in b
xdp()
{
	background "xdp-$2" ip netns exec "$b" "$HERE/xdp_pass" "$1" "$2"
	until_true 20000 grep -q attached "$WORK/xdp-$2.out" || cat "$WORK/xdp-$2.err"
}

# many neighbours that have to be asked for
neighbours()
{
	local n

	sysctl -qw net.ipv4.neigh.default.gc_thresh3=4096 net.ipv6.neigh.default.gc_thresh3=4096
	ip -n "$a" -batch - <<-END || return
		addr add 10.7.64.1/16 dev t7
	END
	for ((n = 0; n < 256; n++)); do
		printf 'addr add fd00:7:1::1:%x/128 dev t7 nodad\n' "$n"
	done | ip -n "$b" -batch - || return
	ip -n "$b" route add local 10.7.128.0/17 dev lo
	ip -n "$b" addr add 10.7.64.2/16 dev t7
	ip -n "$a" route add fd00:7:1::/64 dev t7
}

# offload NS DEV WHAT on|off...
offload()
{
	ip netns exec "$1" ethtool -K "${@:2}" >/dev/null
}

qdiscs()
{
	ip netns exec "$a" tc qdisc replace dev t5 root netem \
		delay 2ms reorder 25% 50% duplicate 10% limit 100000 &&
		ip netns exec "$a" tc qdisc replace dev t14 root netem delay 1ms reorder 30% limit 100000 &&
		ip netns exec "$a" tc qdisc replace dev t15 root netem loss 4% limit 100000
}

topology()
{
	local ns

	setup_ns a b r
	for ns in "$a" "$b" "$r"; do
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.default.router_solicitations=0 \
			net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.accept_dad=0
		ip -n "$ns" link set lo up
	done
	pairs 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 20 &&
		tunnels && through_router && filters && neighbours && qdiscs || return
	offload "$a" t20 txvlan off
	offload "$a" t10 tx-udp-segmentation off
	offload "$a" t11 tso off gso off
	offload "$a" t12 tso off
	offload "$a" t13 tso off gso off
	offload "$b" t13 gro on
	offload "$a" t14 tso off gso off
	offload "$a" t15 tso off gso off
	printf '%x\n' $(((1 << $(getconf _NPROCESSORS_CONF)) - 1)) |
		ip netns exec "$b" tee /sys/class/net/t6/queues/rx-0/rps_cpus >/dev/null
	xdp generic t8
	xdp native t9
}

# one NAME KIND WHERE ADDRESS COPIES NEEDS: a line for truth.c
one()
{
	[[ ! $1 =~ $ONLY ]] || echo "$1 $2 $3 $4 $PORT $COUNT $5 $6" >>"$CASES"
	PORT=$((PORT + 1))
}

# both NAME KIND NET COPIES NEEDS: by IPv4 and by IPv6
both()
{
	one "$1-4" "$2" b "10.$3.0.2" "$4" "$5"
	one "$1-6" "$2" b "fd00:$3::2" "$4" "$5"
}

# cases COUNT REGEX: those whose names match
cases()
{
	COUNT=$1 ONLY=$2 PORT=20000
	: >"$CASES"
	all_cases
}

all_cases()
{
	both veth udp 1 1 veth.cross
	both parked park 1 1 sock.queue
	both fragments big 1 1 =fragment,=reassembly
	both sniffed udp 2 1 packet.rcv,=clone
	both copied udp 3 2 =copy
	both nfqueue udp 4 1 nf.local_in
	both netem udp 5 1 qdisc.enqueue,=clone
	both rps udp 6 1 dev.backlog
	one neighbour-4 spread b 10.7.128.0 1 neigh.wait
	one neighbour-6 spread b fd00:7:1::1:0 1 neigh.wait
	both xdp-generic udp 8 1 life.expand
	both xdp-native udp 9 1 =copy
	both segments cut 10 1 =segment
	both tcp tcp 11 1 tcp.transmit
	both tcp-gso tcpbig 12 1 =segment
	both tcp-gro tcp 13 1 =merge,dev.gro
	both tcp-reorder tcp 14 1 tcp.transmit
	both tcp-loss tcp 15 1 =retransmit
	both vxlan udp 21 1 tunnel.out,tunnel.in
	both vxlan6 udp 22 1 tunnel.out,tunnel.in
	both geneve udp 23 1 tunnel.out,tunnel.in
	both gre udp 24 1 tunnel.out,tunnel.in
	both ip6gre udp 25 1 tunnel.out,tunnel.in
	one ipip-4 udp b 10.26.0.2 1 tunnel.out,tunnel.in
	both ip6tnl udp 27 1 tunnel.out,tunnel.in
	both vlan udp 28 1 vlan.out,vlan.in
	both bridge udp 30 1 bridge.in,bridge.out
	one nat-4 udp b 10.31.0.2 1 ip.forward
	one nat-6 udp b fd00:31::2 1 ip.forward
	one loopback-4 udp a 127.0.0.1 1 loopback.cross
	one loopback-6 udp a ::1 1 loopback.cross
}

# cpus N: so many go on
cpus()
{
	local n

	for n in 1 2 3; do
		[ -w "$CPUS/cpu$n/online" ] || continue
		echo $((n < $1)) >"$CPUS/cpu$n/online"
	done
	[ "$(nproc)" -eq "$1" ]
}

# start_sinks NAME
start_sinks()
{
	local at

	SINKS=()
	for at in a b; do
		background "$1-sink-$at" ip netns exec "${!at}" "$HERE/truth" sink "$CASES" "$WORK/$1.got" "$at"
		SINKS+=("$LAST")
		until_true 20000 grep -q listening "$WORK/$1-sink-$at.out" || return
	done
}

# start_sniffer NAME: a packet socket gets clones
start_sniffer()
{
	background "$1-sniff" ip netns exec "$b" "$HERE/truth" sniff "$CASES" "$WORK/$1.got" t2
	SINKS+=("$LAST")
	until_true 20000 grep -q listening "$WORK/$1-sniff.out"
}

# send_all NAME PARTS: by so many processes
send_all()
{
	local i bad=0

	SENDERS=()
	for ((i = 0; i < $2; i++)); do
		background "$1-send-$i" ip netns exec "$a" "$HERE/truth" send "$CASES" "$WORK/$1.got" "$i" "$2"
		SENDERS+=("$LAST")
	done
	for i in "${SENDERS[@]}"; do
		join "$i"
		[ "$STATUS" -eq 0 ] || { bad=1; sed 's/^/# /' "$WORK/${NAME_OF[i]}.err"; }
	done
	return "$bad"
}

arrived()
{
	"$HERE/truth" lacks "$CASES" "$WORK/$1.got" >"$WORK/$1.lacks"
}

# took SINCE: seconds, as a remark
took()
{
	echo "# $2: $((($(timestamp_ms) - $1) / 1000)) s"
}

# run NAME LABEL PARTS: the cases once, while a session runs; what the judge says is in
# $WORK/NAME.verdicts, the session's status in STATUS
run()
{
	local name=$1 p begun recorded

	"$HERE/truth" begin "$CASES" "$WORK/$name.got"
	ip -n "$a" neigh flush dev t7 2>/dev/null
	mkfifo "$WORK/$name.pipe"
	tee ${TRUTH_KEEP:+"$TRUTH_KEEP/$name.rec"} <"$WORK/$name.pipe" |
		"$HERE/truth" judge "$CASES" "$WORK/$name.got" "$2" >"$WORK/$name.verdicts" &
	JUDGE=$!
	JOBS+=("$JUDGE")
	start_record "$name" && start_sinks "$name" && start_sniffer "$name" || return
	begun=$(timestamp_ms)
	check "$2: all is sent" send_all "$name" "$3"
	kill -USR1 "${SINKS[@]:0:2}"
	until_true 60000 arrived "$name" || cat "$WORK/$name.lacks"
	took "$begun" "$2: all has arrived"
	stop_trace
	recorded=$STATUS
	sed 's/^/# /' "$WORK/$name.err"
	kill "${SINKS[@]}"
	for p in "${SINKS[@]}" "$JUDGE"; do
		join "$p"
	done
	took "$begun" "$2: judged"
	STATUS=$recorded
}

start_record()
{
	background "$1" sh -c "exec skbtrail record --snaplen 192 --buffer 64M -o - \
		'udp dst portrange 20000-$LAST_PORT or tcp portrange 20000-$LAST_PORT' >'$WORK/$1.pipe'"
	TRACER=$LAST
	until_true 60000 says_listening "$1" "$TRACER"
	grep -qs '^listening$' "$WORK/$1.err"
}

# A return probe is skipped when too many CPUs are in its function: that is told.
nothing_refused()
{
	grep -q ' 0 refused or lost' "$WORK/$1.verdicts"
}

# ordinary NAME LABEL PARTS: nothing is lost, and everything is right
ordinary()
{
	run "$@" || { ktap_test_fail "$2: it listens"; return; }
	check "$2: nothing was refused" nothing_refused "$1"
	verdicts "" cat "$WORK/$1.verdicts"
}

# sums NAME: packets, wrong joins, unexplained splits and accounted losses of all cases
sums()
{
	sed -n 's/.*: \([0-9]*\) packets, [0-9]* trails, \([0-9]*\) wrong joins, \([0-9]*\) unexplained splits, \([0-9]*\) accounted losses$/\1 \2 \3 \4/p' \
		"$WORK/$1.verdicts" |
		awk '{ p += $1; w += $2; s += $3; l += $4 } END { print p + 0, w + 0, s + 0, l + 0 }'
}

# another ARGS...: the module loaded anew
another()
{
	unload
	"$@"
}

# The table is far too small: what is not followed is told, nothing is taken for another.
pressure()
{
	local packets wrong splits losses

	check "pressure: a table of 256 entries" another modprobe skbtrail entries=256
	cases $((PACKETS / 4)) "$WANTED"
	run pressure pressure "$1" || { ktap_test_fail "pressure: it listens"; return; }
	check "pressure: the status tells" status_is 2
	grep '^#' "$WORK/pressure.verdicts"
	read -r packets wrong splits losses < <(sums pressure)
	echo "# pressure: $splits unexplained splits"
	check "pressure: $packets packets, $wrong wrong joins" test "$packets" -gt 0 -a "$wrong" -eq 0
	check "pressure: $losses accounted losses" test "$losses" -gt 0
}

# With kprobes a hit can be skipped: then the trail says so.
by_kprobes()
{
	check "kprobes: the module loads" another modprobe skbtrail attach=kprobe
	cases $((PACKETS / 4)) "$WANTED"
	run kprobes kprobes "$1" || { ktap_test_fail "kprobes: it listens"; return; }
	verdicts "" cat "$WORK/kprobes.verdicts"
}

# Without its eyes on ends the module takes packets for others: the judge must see it.
blind()
{
	local packets wrong splits losses

	check "blind: a module that does not see ends" another insmod "$HERE/skbtrail-blind.ko"
	cases $((PACKETS / 4)) '^(veth|loopback|vxlan|nat)-'
	run blind blind "$1" || { ktap_test_fail "blind: it listens"; return; }
	read -r packets wrong splits losses < <(sums blind)
	echo "# blind: $splits unexplained splits, $losses accounted losses"
	check "blind: $packets packets, $wrong wrong joins" test "$wrong" -gt 0
}

main()
{
	local n i=0 most=1

	topology || { ktap_test_fail "the network is there"; return; }
	kill -USR1 "$QUEUE"
	for n in $RUNS; do
		cpus "$n" || { ktap_test_skip "$n CPUs: there are $(nproc)"; continue; }
		most=$n
		cases "$PACKETS" "$WANTED"
		ordinary "run$((++i))" "$n CPUs" "$n"
	done
	pressure "$most"
	by_kprobes "$most"
	blind "$most"
	another modprobe skbtrail
}

main
[ -z "$QUEUE" ] || kill "$QUEUE"
check "nothing stays attached" nothing_left
done_testing
