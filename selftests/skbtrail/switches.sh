#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# Probes are switched off under us, for the whole system: it is refused, or
# noticed and told. What was on its way then ends unknown, and no trail ever
# holds two packets.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

KPROBES=/sys/kernel/debug/kprobes/enabled
FTRACE=/proc/sys/kernel/ftrace_enabled
PARKED=20
SENT=$(scaled 5000)

kprobes()
{
	echo "$1" >"$KPROBES"
}

# read while nobody looks; what comes then uses their memory again
unseen()
{
	kill -CONT "$SERVER"
	join "$SERVER"
	serve "$server_ns" udp-serials 10.12.0.2 7912
	peer "$client_ns" flood 10.12.0.2 7912 --count "$PARKED"
	join "$SERVER"
}

# whether a packet sent now is followed
followed_again()
{
	peer "$client_ns" udp-send 10.12.0.2 7913
	grep -q '"dport":7913' "$WORK/$1.out"
}

ftrace_stays()
{
	try sysctl sysctl kernel.ftrace_enabled=0
	[ "$STATUS" -ne 0 ] && [ "$(<"$FTRACE")" = 1 ]
}

doctor_says()
{
	try doctor skbtrail doctor
	status_is 1 && grep -q "^fail  $1" "$WORK/doctor.out"
}

# switched NAME: kprobes, while packets are on their way
switched()
{
	local name=$1

	start_trace "$name" --snaplen 64 "udp portrange 7911-7914" || return
	check "$name: kernel.ftrace_enabled=0 is refused" ftrace_stays
	check "$name: switching on what is on changes nothing" kprobes 1
	park "$client_ns" "$server_ns" 10.12.0.2 7911 "$PARKED"
	kprobes 0
	check "$name: doctor reports kprobes" doctor_says "kprobes: off"
	try second skbtrail trace --json
	check "$name: no session begins meanwhile" refused second 1 "kprobes are switched off"
	unseen
	kprobes 1
	check "$name: goes on when they are back" until_true 20000 followed_again "$name"
	exchange udp "$client_ns" "$server_ns" 10.12.0.2 7914 --count 1
	until_true 20000 grep -q '"sport":7914' "$WORK/$name.out"
	stop_trace
	check "$name: the status is that of a loss" status_is 2
	check "$name: the loss has its cause" grep -q '2 times kprobes were switched' "$WORK/$name.err"
	judge "$WORK/$name.out" <<-END
		$name: what was on its way ends unknown | [t.end for t in some(dport=7911)] == ["unknown"] * $((PARKED + STOPS))
		$name: and says why | all("kprobes were switched off" in t.summary for t in some(dport=7911))
		$name: and is flagged | all(t.lost for t in some(dport=7911))
		$name: where it waited | all(t.stages[-1] == "sock.queue" for t in some(dport=7911))
		$name: each has one packet | len(set(t.bytes for t in some(dport=7911) if "736b62747261696c" in t.bytes)) == $PARKED
		$name: what came unseen has no trail | not some(dport=7912)
		$name: what came after is whole | in_order(one(dport=7914), "sock.send ip.local_out dev.xmit ip.rcv udp.rcv sock.queue sock.copy") and one(dport=7914).end == "delivered"
		$name: and back | in_order(one(sport=7914), "sock.send ip.local_out dev.xmit ip.rcv udp.rcv sock.queue sock.copy") and one(sport=7914).end == "delivered"
	END
}

# flood_from FIRST: to a reader of its own; pids in SERVER and FLOOD
flood_from()
{
	serve "$server_ns" udp-sink 10.12.0.2 7915
	start_peer flood "$client_ns" flood 10.12.0.2 7915 --first "$1" --count "$SENT"
	FLOOD=$LAST
}

# all of it again at full speed, and at the end without
toggled()
{
	local name=$1 i watcher recorder

	start_trace watcher "udp dst port 7913" || return
	watcher=$TRACER
	start_tool "$name" skbtrail record --snaplen 64 --buffer 64M -o "$WORK/$name.rec" \
		"udp dst port 7915 and src host 10.12.0.1" || return
	recorder=$TRACER
	flood_from 0
	for ((i = 0; i < 5; i++)); do
		kprobes 0
		kprobes 1
	done
	join "$FLOOD"
	join "$SERVER"
	check "$name: goes on" until_true 20000 followed_again watcher
	flood_from "$SENT"
	join "$FLOOD"
	join "$SERVER"
	stop_trace "$watcher"
	stop_trace "$recorder"
	check "$name: the status is that of a loss" status_is 2
	judge_recording "$name" $((2 * SENT)) "$SENT"
}

# switched off before a session
switched_before()
{
	local name=$1

	if ! sysctl -qw kernel.ftrace_enabled=0; then
		check "$name: this kernel never switches ftrace off" ftrace_stays
		return
	fi
	check "$name: doctor reports ftrace" doctor_says "ftrace: switched off"
	try early skbtrail trace --json
	check "$name: no session begins without ftrace" refused early 1 "ftrace is switched off"
	sysctl -qw kernel.ftrace_enabled=1
	start_trace late && stop_trace
	check "$name: but with it" status_is 0
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 12
for mode in ftrace kprobe; do
	[ "$mode" = ftrace ] || { unload; modprobe skbtrail attach=kprobe; }
	switched "$mode"
	toggled "$mode, often"
	switched_before "$mode"
done
check "nothing stays attached" nothing_left
done_testing
