#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the shell tests share: a work folder, tracers, tcpdump, and results as
# TAP. Sourced; a test ends with "done_testing".

HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=/dev/null
. "$HERE/results.sh"
# shellcheck source=/dev/null
. "$HERE/../net/lib.sh"

WORK=$(mktemp -d)
JOBS=()
# by pid
NAME_OF=()
LIFE_OF=()
# of the last command run by try()
STATUS=0
# of the last start_trace()
TRACER=
# of the last exchange() or park()
SERVER=
CLIENT=

# datagrams that say stop at the end of a flood
STOPS=10

# how much longer than usual everything may take
SLOW=${SKBTRAIL_SLOW:-1}

# scaled N: so often where everything takes that much longer
scaled()
{
	echo $(($1 / SLOW))
}

# Own jobs take SIGINT only with job control.
set -m

cleanup()
{
	local p

	for p in "${JOBS[@]}"; do
		kill -KILL "$p" 2>/dev/null
	done
	wait 2>/dev/null
	cleanup_all_ns
	unload
	rm -rf -- "$WORK"
}
trap cleanup EXIT

# Waits so many ms at most for a condition; unlike busywait, gives way to others.
until_true()
{
	local ms=$1 end

	shift
	end=$(($(timestamp_ms) + ms * SLOW))
	until "$@" >/dev/null 2>&1; do
		[ "$(timestamp_ms)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

loaded()
{
	grep -q '^skbtrail ' /proc/modules
}

gone()
{
	modprobe -r skbtrail 2>/dev/null
	! loaded
}

unload()
{
	until_true 20000 gone
}

# Another test may have left it. Where packets can wait in NFQUEUE there are no hooks on
# devices, and no rule is taken that could disturb it: see --disturb-queues.
no_nfqueue()
{
	modprobe -qr nfnetlink_queue
}

# background NAME COMMAND...: output in $WORK/NAME.out and .err, pid in $LAST
background()
{
	local name=$1

	shift
	"$@" >"$WORK/$name.out" 2>"$WORK/$name.err" </dev/null &
	LAST=$!
	JOBS+=("$LAST")
	NAME_OF[LAST]=$name
}

alive()
{
	kill -0 "$1" 2>/dev/null
}

says_listening()
{
	! alive "$2" || grep -q '^listening$' "$WORK/$1.err"
}

# start_trace NAME ARGS...: until it listens; trails in $WORK/NAME.out
start_trace()
{
	local name=$1

	shift
	start_tool "$name" skbtrail trace --json "$@"
}

start_tool()
{
	local name=$1

	shift
	background "$name" "$@"
	TRACER=$LAST
	until_true 30000 says_listening "$name" "$TRACER"
	grep -qs '^listening$' "$WORK/$name.err" || {
		echo "# $* does not listen"
		sed 's/^/# /' "$WORK/$name.err"
		return 1
	}
}

# stop_trace [PID]: SIGINT, status in STATUS; says what was lost
stop_trace()
{
	local pid=${1-$TRACER}

	kill -INT "$pid" 2>/dev/null
	join "$pid"
	[ "$STATUS" -eq 0 ] || grep '^lost: ' "$WORK/${NAME_OF[pid]-}.err" 2>/dev/null | sed 's/^/# /'
}

join()
{
	STATUS=0
	# the shell's own remark on a killed job is no news, and that it was stopped none either
	{ wait -f "$1" || STATUS=$?; } 2>/dev/null
}

# start_bpftrace NAME ARGUMENT...: it ends with the process it was told to look
# at. SIGINT is no way: 0.17 forgets one that does not find it asleep, and a
# second one kills it before it has printed its maps.
start_bpftrace()
{
	local life

	background "$1.life" sleep infinity
	life=$LAST
	background "$1" bpftrace -p "$life" "${@:2}"
	LIFE_OF[LAST]=$life
}

# stop_bpftrace PID
stop_bpftrace()
{
	kill "${LIFE_OF[$1]}"
	join "${LIFE_OF[$1]}"
	join "$1"
}

# try NAME COMMAND...: to its end, output in $WORK/NAME.out and .err
try()
{
	local name=$1

	shift
	STATUS=0
	"$@" >"$WORK/$name.out" 2>"$WORK/$name.err" </dev/null || STATUS=$?
}

has_lines()
{
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# wait_trails NAME N: until so many trails are printed
wait_trails()
{
	until_true 20000 has_lines "$WORK/$1.out" "$2"
}

# start_dump NAME NS DEV [FILTER]: tcpdump into $WORK/NAME.pcap
start_dump()
{
	local name=$1 ns=$2 dev=$3

	shift 3
	background "$name" ip netns exec "$ns" tcpdump -Z root -U --immediate-mode -s 256 \
		-i "$dev" -w "$WORK/$name.pcap" "$@"
	DUMP=$LAST
	until_true 20000 grep -q 'listening on' "$WORK/$name.err"
}

stop_dump()
{
	stop_trace "$DUMP"
}

listens()
{
	ip netns exec "$1" ss -Hlntu "sport = :$2" | grep -q .
}

# wait_listen NS PORT: until somebody has bound it
wait_listen()
{
	until_true 20000 listens "$1" "$2"
}

# peer NS ROLE ADDRESS PORT ...: one end of the traffic, to its end
peer()
{
	local ns=$1

	shift
	ip netns exec "$ns" /usr/bin/python3 "$HERE/peer.py" "$@"
}

# start_peer NAME NS ROLE ADDRESS PORT ...: the same in the background; pid in LAST
start_peer()
{
	local name=$1 ns=$2

	shift 2
	background "$name" ip netns exec "$ns" /usr/bin/python3 "$HERE/peer.py" "$@"
}

# make_cgroup NAME: in CGROUP; ip netns shows its commands a /sys without cgroups
make_cgroup()
{
	CGROUP=$WORK/cgroup/$1
	mkdir "$WORK/cgroup" && mount -t cgroup2 none "$WORK/cgroup" && mkdir "$CGROUP"
}

# no_cgroup: that one goes, with who is in it
no_cgroup()
{
	xargs -r kill -KILL <"$CGROUP/cgroup.procs"
	until_true 20000 rmdir "$CGROUP"
	umount "$WORK/cgroup"
}

# serve NS ROLE ADDRESS PORT ...: in the background, until it listens; pid in SERVER
serve()
{
	start_peer server "$@"
	SERVER=$LAST
	wait_listen "$1" "$4"
}

# delivered NS: IPv4 packets given to a protocol there since it was made
delivered()
{
	ip netns exec "$1" cat /proc/net/snmp | awk '/^Ip:/ && n++ { print $9 }'
}

all_delivered()
{
	[ "$(delivered "$1")" -ge "$2" ]
}

# park CLIENT-NS SERVER-NS ADDRESS PORT N: numbered datagrams and the STOPS behind them wait
# in the socket of a reader that sleeps; pid in SERVER
park()
{
	local from=$1 at=$2 to=$3 port=$4 n=$5 before

	before=$(delivered "$at")
	serve "$at" udp-serials "$to" "$port"
	kill -STOP "$SERVER"
	peer "$from" flood "$to" "$port" --count "$n"
	until_true 20000 all_delivered "$at" $((before + n + STOPS))
}

# exchange PROTOCOL CLIENT-NS SERVER-NS ADDRESS PORT ...: server and client to
# their ends; pids in SERVER and CLIENT, the client's status in STATUS
exchange()
{
	local proto=$1 from=$2 at=$3 to=$4 port=$5 status

	shift 5
	serve "$at" "$proto-server" "$to" "$port"
	start_peer client "$from" "$proto-client" "$to" "$port" "$@"
	CLIENT=$LAST
	join "$CLIENT"
	status=$STATUS
	join "$SERVER"
	STATUS=$status
}

# traced_query NAME CLIENT-NS SERVER-NS ADDRESS PORT: a UDP query and its answer;
# trails in $WORK/NAME.out
traced_query()
{
	local name=$1

	start_trace "$name" "udp port $5" || return
	exchange udp "${@:2}"
	check "$name: the client had its answer" status_is 0
	wait_trails "$name" 2
	stop_trace
	check "$name: nothing was lost" status_is 0
}

# pair NS1 NS2 NET [DEV]: veth0 in both, or DEV, 10.NET.0.1 and .2, fd00:NET::1 and ::2;
# neighbours known, so that no resolution disturbs.
pair()
{
	local a=$1 b=$2 net=$3 dev=${4-veth0}

	ip link add "$dev" netns "$a" type veth peer name "$dev" netns "$b"
	ends "$a" "$dev" "10.$net.0.1" "fd00:$net::1"
	ends "$b" "$dev" "10.$net.0.2" "fd00:$net::2"
	know "$a" "$dev" "$b" "$dev" "10.$net.0.2" "fd00:$net::2"
	know "$b" "$dev" "$a" "$dev" "10.$net.0.1" "fd00:$net::1"
}

# ends NS DEV ADDRESS...
ends()
{
	local ns=$1 dev=$2 addr

	shift 2
	ip netns exec "$ns" sysctl -qw "net.ipv6.conf.$dev.router_solicitations=0" \
		"net.ipv6.conf.$dev.addr_gen_mode=1"
	for addr in "$@"; do
		case $addr in
		*:*) ip -n "$ns" addr add "$addr/64" dev "$dev" nodad ;;
		*) ip -n "$ns" addr add "$addr/24" dev "$dev" ;;
		esac
	done
	ip -n "$ns" link set lo up
	ip -n "$ns" link set "$dev" up
}

mac_of()
{
	ip netns exec "$1" cat "/sys/class/net/$2/address"
}

# know NS DEV NS2 DEV2 ADDRESS...: neighbour entries for addresses of DEV2
know()
{
	local ns=$1 dev=$2 mac addr

	mac=$(mac_of "$3" "$4")
	shift 4
	for addr in "$@"; do
		ip -n "$ns" neigh replace "$addr" lladdr "$mac" dev "$dev" nud permanent
	done
}

# ipv4_only NS...: in namespaces without devices yet, IPv6 sends nothing of its own
ipv4_only()
{
	local ns

	for ns in "$@"; do
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1
	done
}

# at NS DEV ADDRESS: an IPv4 address, and up
at()
{
	ip -n "$1" addr add "$3/24" dev "$2"
	ip -n "$1" link set "$2" up
}

# linked NS DEV ADDRESS NS2 DEV2 ADDRESS2: both ends of a link; neighbours known
linked()
{
	at "$1" "$2" "$3"
	at "$4" "$5" "$6"
	know "$1" "$2" "$4" "$5" "$6"
	know "$4" "$5" "$1" "$2" "$3"
}

# routed CLIENT ROUTER SERVER: three namespaces in a row, see forward.sh
routed()
{
	local c=$1 r=$2 s=$3

	ip link add veth0 netns "$c" type veth peer name to_client netns "$r"
	ip link add veth0 netns "$s" type veth peer name to_serv netns "$r"
	ends "$c" veth0 10.3.0.2 fd00:3::2
	ends "$s" veth0 10.4.0.2 fd00:4::2
	ends "$r" to_client 10.3.0.1 fd00:3::1
	ends "$r" to_serv 10.4.0.1 fd00:4::1
	know "$c" veth0 "$r" to_client 10.3.0.1 fd00:3::1
	know "$s" veth0 "$r" to_serv 10.4.0.1 fd00:4::1
	know "$r" to_client "$c" veth0 10.3.0.2 fd00:3::2
	know "$r" to_serv "$s" veth0 10.4.0.2 fd00:4::2
	ip netns exec "$r" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$c" route add default via 10.3.0.1
	ip -n "$c" route add default via fd00:3::1
	ip -n "$s" route add default via 10.4.0.1
	ip -n "$s" route add default via fd00:4::1
}

status_is()
{
	[ "$STATUS" -eq "$1" ] || { echo "# status $STATUS, not $1"; return 1; }
}

# stderr_is NAME REGEX: one sentence that matches, in the manner of skbtrail
stderr_is()
{
	[ "$(wc -l <"$WORK/$1.err")" -eq 1 ] && grep -qE "^skbtrail: .*$2" "$WORK/$1.err" && return
	sed 's/^/# stderr: /' "$WORK/$1.err"
	return 1
}

# refused NAME STATUS REGEX: what try() ran ended so
refused()
{
	status_is "$2" && stderr_is "$1" "$3"
}

# judge FILE: lines "name | Python expression" on stdin, each one result; FILE
# holds trails as JSON; see trails.py for what an expression can use.
judge()
{
	verdicts "" /usr/bin/python3 "$HERE/trails.py" "$@"
}

# verdicts PREFIX COMMAND...: its lines "ok NAME" and "bad NAME" are results
verdicts()
{
	local prefix=$1 verdict name

	shift
	"$@" >"$WORK/verdicts" || {
		ktap_test_fail "${prefix}the output can be judged"
		return
	}
	while read -r verdict name; do
		case $verdict in
		ok) ktap_test_pass "$prefix$name" ;;
		bad) ktap_test_fail "$prefix$name" ;;
		*) echo "# $name" ;;
		esac
	done <"$WORK/verdicts"
}

# judge_recording NAME SENT [FROM]: $WORK/NAME.rec of numbered datagrams against ground
# truth, see serials.py; the file goes
judge_recording()
{
	local name=$1

	sed 's/^/# /' "$WORK/$name.err"
	verdicts "$name: " /usr/bin/python3 "$HERE/serials.py" "$2" "$WORK/$name.rec" "${@:3}"
	rm -f "$WORK/$name.rec"
}

# what attaching leaves in the kernel, to compare before and after
attachments()
{
	cat /sys/kernel/debug/kprobes/list
	grep -v '^$' /sys/kernel/tracing/enabled_functions
	true
}

nothing_attached()
{
	[ -z "$(attachments)" ] || { attachments | sed 's/^/# left: /'; return 1; }
}

nothing_left()
{
	until_true 10000 nothing_attached && return
	nothing_attached
}

ktap_print_header
[ "$(id -u)" -eq 0 ] || { ktap_skip_all "not root"; exit "$KSFT_SKIP"; }
modprobe skbtrail || { echo "Bail out! skbtrail does not load"; exit "$KSFT_FAIL"; }
