#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# Others watch the same functions at the same time, whoever comes and goes
# first: each side sees every packet. The namespaces speak IPv4 only, so that
# each query and answer is one call of each function and nothing else is.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

FUNCTIONS='ip_rcv udp_queue_rcv_skb __dev_queue_xmit'
TRACEFS=/sys/kernel/tracing
BTF=/sys/kernel/btf/vmlinux
PORT=7901

topology()
{
	ipv4_only "$client_ns" "$server_ns"
	ip link add veth0 netns "$client_ns" type veth peer name veth0 netns "$server_ns"
	ends "$client_ns" veth0 10.11.0.1
	ends "$server_ns" veth0 10.11.0.2
	know "$client_ns" veth0 "$server_ns" veth0 10.11.0.2
	know "$server_ns" veth0 "$client_ns" veth0 10.11.0.1
}

# queries N: each with its answer
queries()
{
	serve "$server_ns" udp-server 10.11.0.2 "$PORT" --count "$1"
	peer "$client_ns" udp-client 10.11.0.2 "$PORT" --count "$1"
	join "$SERVER"
	[ "$STATUS" -eq 0 ] || ktap_test_fail "every query is answered"
}

# script KIND: for bpftrace
script()
{
	local f

	for f in $FUNCTIONS; do
		echo "$1:$f { @$f = count(); }"
	done
}

# kprobes_on N: so many of each function, whoever's
kprobes_on()
{
	local f

	for f in $FUNCTIONS; do
		[ "$(grep -v DISABLED /sys/kernel/debug/kprobes/list | grep -c "[[:space:]]$f+")" -eq "$1" ] ||
			return
	done
}

direct_calls()
{
	[ "$(grep -c 'direct-->' "$TRACEFS/enabled_functions")" -eq 3 ]
}

# others_start KPROBES: that are on each function already
others_start()
{
	start_bpftrace bpf_kprobe -e "$(script kprobe)"
	BPF_KPROBE=$LAST
	until_true 60000 kprobes_on $(($1 + 1)) || return
	background perf perf stat -a -x, -e 'coexist:*' -o "$WORK/perf.count"
	PERF=$LAST
	until_true 60000 kprobes_on $(($1 + 2)) || return
	if [ -e "$BTF" ]; then
		start_bpftrace bpf_kfunc -e "$(script kfunc)"
		BPF_KFUNC=$LAST
		until_true 60000 direct_calls || return
	fi
	# shellcheck disable=SC2046,SC2086 # lists
	trace-cmd start -p function $(printf -- '-l %s ' $FUNCTIONS) >/dev/null
}

others_stop()
{
	trace-cmd stop
	trace-cmd show >"$WORK/function.out"
	trace-cmd reset
	stop_bpftrace "$BPF_KPROBE"
	[ ! -e "$BTF" ] || stop_bpftrace "$BPF_KFUNC"
	stop_trace "$PERF"
}

# count_of OTHER FUNCTION
count_of()
{
	case $1 in
	bpf_*) sed -n "s/^@$2: //p" "$WORK/$1.out" ;;
	perf) sed -n "s/^\([0-9]*\),.*coexist:$2,.*/\1/p" "$WORK/perf.count" ;;
	function) grep -c ": $2 <-" "$WORK/function.out" ;;
	esac
}

# counted OTHER N
counted()
{
	local f

	for f in $FUNCTIONS; do
		[ "$(count_of "$1" "$f")" = "$2" ] && continue
		echo "# $f: $(count_of "$1" "$f"), not $2"
		return 1
	done
}

# others_counted NAME N
others_counted()
{
	check "$1: bpftrace, kprobe" counted bpf_kprobe "$2"
	if [ -e "$BTF" ]; then
		check "$1: bpftrace, fentry" counted bpf_kfunc "$2"
	else
		ktap_test_skip "$1: bpftrace, fentry: this kernel has no BTF"
	fi
	check "$1: perf" counted perf "$2"
	check "$1: function tracer" counted function "$2"
}

# we_saw NAME N: queries and answers
we_saw()
{
	check "$1: nothing was lost" status_is 0
	judge "$WORK/trace.out" <<-END
		$1: every packet has one trail | len(T) == len(some()) == $2
		$1: as many each way | len(some(dport=$PORT)) == len(some(sport=$PORT)) == $2 // 2
		$1: whole and in order | all(in_order(t, "sock.send ip.local_out dev.queue dev.xmit ip.rcv udp.rcv udp.queue sock.queue sock.copy") for t in T)
		$1: all delivered | all(t.end == "delivered" for t in T)
	END
}

start_ours()
{
	start_trace trace "udp port $PORT"
}

stop_ours()
{
	wait_trails trace "$1"
	stop_trace
	OURS=$STATUS
}

# ours first, to their middle
we_come_first()
{
	start_ours || return
	queries 11
	check "$1: others start while we watch" others_start "$2"
	queries 13
	stop_ours 48
	queries 17
	others_stop
	STATUS=$OURS
	we_saw "$1" 48
	others_counted "$1" 60
}

# theirs first, to our middle
we_come_second()
{
	check "$1: others start" others_start 0
	queries 11
	start_ours || return
	queries 13
	others_stop
	queries 17
	stop_ours 60
	STATUS=$OURS
	we_saw "$1" 60
	others_counted "$1" 48
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
topology
for f in $FUNCTIONS; do
	echo "p:coexist/$f $f" >>"$TRACEFS/kprobe_events"
done
we_come_first "ftrace, we first" 0
we_come_second "ftrace, they first"
unload
modprobe skbtrail attach=kprobe
we_come_first "kprobe, we first" 1
we_come_second "kprobe, they first"
echo >"$TRACEFS/kprobe_events"
check "nothing stays attached" nothing_left
done_testing
