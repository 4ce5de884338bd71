#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# Many sessions at once, each with what it asked for, none disturbed by
# another: not by its end, not by a reader that sleeps; and CPUs come and go.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

FIRST=7800
SESSIONS=16
QUERIES=3
SENT=$(scaled 9000)
CPU1=/sys/devices/system/cpu/cpu1/online

# options of session N: everything, half of the ports, queries only, few
# stages, bytes; the rest each a port of its own
arguments()
{
	case $1 in
	0) echo "udp portrange $FIRST-$((FIRST + SESSIONS - 1))" ;;
	1) echo "udp portrange $FIRST-$((FIRST + SESSIONS / 2 - 1))" ;;
	2) echo "udp dst portrange $FIRST-$((FIRST + SESSIONS - 1))" ;;
	3) echo "--stage ip.rcv,udp.rcv udp port $((FIRST + 3))" ;;
	4) echo "--snaplen 64 --flush-ms 20 udp port $((FIRST + 4))" ;;
	5) echo "--dev veth0 --buffer 512K udp port $((FIRST + 5))" ;;
	*) echo "udp port $((FIRST + $1))" ;;
	esac
}

# trails that session N is to have
expected()
{
	case $1 in
	0) echo $((SESSIONS * QUERIES * 2)) ;;
	1 | 2) echo $((SESSIONS * QUERIES)) ;;
	*) echo $((QUERIES * 2)) ;;
	esac
}

query_all()
{
	local i

	for ((i = 0; i < SESSIONS; i++)); do
		serve "$server_ns" udp-server 10.13.0.2 $((FIRST + i)) --count "$QUERIES"
		peer "$client_ns" udp-client 10.13.0.2 $((FIRST + i)) --count "$QUERIES" || return
		join "$SERVER"
	done
}

# ids NAME: of the trails of its queries and answers, by port
ids()
{
	/usr/bin/python3 - "$WORK/$1.out" "$2" <<-'END'
		import json, sys
		trails = map(json.loads, open(sys.argv[1]))
		print(sorted(t["trail"] for t in trails if int(sys.argv[2]) in (t["sport"], t["dport"])))
	END
}

same_trails()
{
	local i

	for ((i = 6; i < SESSIONS; i++)); do
		[ "$(ids s0 $((FIRST + i)))" = "$(ids "s$i" $((FIRST + i)))" ] ||
			{ echo "# session $i has other trails"; return 1; }
	done
}

many()
{
	local i pids=()

	for ((i = 0; i < SESSIONS; i++)); do
		# shellcheck disable=SC2046 # options
		start_trace "s$i" --flush-ms $((100 * SLOW)) $(arguments "$i") ||
			{ ktap_test_fail "session $i"; return; }
		pids+=("$TRACER")
	done
	check "$SESSIONS sessions: every query is answered" query_all
	for ((i = 0; i < SESSIONS; i++)); do
		wait_trails "s$i" "$(expected "$i")"
		stop_trace "${pids[i]}"
		check "session $i: nothing was lost" status_is 0
		check "session $i: its trails, all and no others" \
			test "$(wc -l <"$WORK/s$i.out")" -eq "$(expected "$i")"
	done
	check "a packet has the same trail in every session" same_trails
	judge "$WORK/s3.out" <<-END
		only the stages asked for | all(t.stages == ["ip.rcv", "udp.rcv"] for t in T)
	END
	judge "$WORK/s4.out" <<-END
		bytes where asked for | all(len(bytes.fromhex(t.bytes)) > 28 for t in T)
	END
	judge "$WORK/s6.out" <<-END
		whole in the others | all(in_order(t, "sock.send ip.local_out dev.xmit ip.rcv udp.rcv sock.queue sock.copy") and t.end == "delivered" for t in T)
	END
}

# flood PORT: numbered datagrams, to their end
flood()
{
	serve "$server_ns" udp-sink 10.13.0.2 "$1"
	peer "$client_ns" flood 10.13.0.2 "$1" --count "$SENT"
	join "$SERVER"
}

start_record()
{
	local name=$1

	start_tool "$name" skbtrail record --snaplen 64 -o "$WORK/$name.rec" "${@:2}" \
		"udp dst port 7790 and src host 10.13.0.1"
}

sleeper()
{
	local asleep

	start_record asleep --buffer 512K || return
	asleep=$TRACER
	start_record awake --buffer 256M || return
	kill -STOP "$asleep"
	flood 7790
	stop_trace
	check "awake: nothing was lost though another slept" status_is 0
	judge_recording awake "$SENT"
	kill -CONT "$asleep"
	stop_trace "$asleep"
	check "asleep: what was lost is told" status_is 2
	judge_recording asleep "$SENT"

	start_record dead --buffer 512K || return
	kill -STOP "$TRACER"
	flood 7790
	kill -KILL "$TRACER"
	join "$TRACER"
	check "a sleeper that is killed holds nobody" unload
	modprobe skbtrail
	rm -f "$WORK/dead.rec"
}

# CPUs go while their batches are half full, and come back
hotplug()
{
	local i flood

	[ -w "$CPU1" ] || { ktap_test_skip "CPUs come and go: there is one only"; return; }
	start_record hotplug --buffer 256M || return
	serve "$server_ns" udp-sink 10.13.0.2 7790
	start_peer flood "$client_ns" flood 10.13.0.2 7790 --count "$SENT"
	flood=$LAST
	for ((i = 0; i < 5; i++)); do
		echo 0 >"$CPU1"
		echo 1 >"$CPU1"
	done
	check "traffic went on meanwhile" alive "$flood"
	join "$flood"
	join "$SERVER"
	stop_trace
	check "hotplug: nothing was lost" status_is 0
	judge_recording hotplug "$SENT"
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 13
many
sleeper
hotplug
check "nothing stays attached" nothing_left
done_testing
