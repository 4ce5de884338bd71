#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# What cannot be looked at or followed is told, by its cause, as often as it
# happened. For want of buffer: identity.sh; when probes are switched off:
# switches.sh.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

PORT=7950
# the fewest the table can hold
PLACES=64
SENT=300

# summary_says NAME WORDS: NAME's last line on losses
summary_says()
{
	grep -q "^lost: $2" "$WORK/$1.err" && return
	sed 's/^/# /' "$WORK/$1.err"
	return 1
}

# happens NAME PARAMETER=N STAGE: test_modules/test_skbtrail_losses.c does so, watched
happens()
{
	start_trace "$1" --stage "$3" udp port 7960 || return
	check "$1: it happens" modprobe test_skbtrail_losses "$2"
	rmmod test_skbtrail_losses
	stop_trace
	check "$1: the status tells" status_is 2
}

# more packets wait in a socket than can be followed
table()
{
	start_trace table "udp dst port $PORT" || return
	park "$client_ns" "$server_ns" 10.15.0.2 "$PORT" "$SENT"
	kill -CONT "$SERVER"
	join "$SERVER"
	check "table: the reader had all of it" \
		test "$(wc -l <"$WORK/server.out")" -eq "$SENT"
	wait_trails table "$PLACES"
	peer "$client_ns" udp-send 10.15.0.2 "$PORT"
	wait_trails table $((PLACES + 1))
	stop_trace
	check "table: the status tells" status_is 2
	check "table: each packet that was not followed is told, once" summary_says table \
		"$((SENT + STOPS - PLACES)) ($((SENT + STOPS - PLACES)) packets not followed, the identity table was full (raise entries=))"
	judge "$WORK/table.out" <<-END
		as many trails as there are places, then one more | len(T) == $PLACES + 1
		those that waited are whole | all(in_order(t, "sock.send ip.local_out dev.xmit ip.rcv udp.rcv sock.queue sock.copy") and t.end == "delivered" for t in T[:$PLACES])
		and there is a place again when they have gone | in_order(T[-1], "sock.send ip.local_out dev.xmit ip.rcv udp.rcv")
	END
}

# a list of 600 is looked at up to its 512th packet, by both functions that get it
list()
{
	happens list list=600 dev.rx,ip.rcv
	check "list: the rest is told" summary_says list \
		"176 (176 packets at the ends of receive lists that were too long)"
	judge "$WORK/list.out" <<-END
		the others have their trails | len(T) == sum(t.stages == ["dev.rx", "ip.rcv"] for t in T) == 512
	END
}

nmi()
{
	happens nmi nmi=7 dev.done
	check "nmi: each packet is told" summary_says nmi \
		"7 (7 sightings in an NMI, or while another was looked at)"
}

nested()
{
	happens nested nested=9 dev.done
	check "nested: each skipped hit is told" summary_says nested \
		"9 (9 kprobe hits the kernel skipped)"
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 15
nmi
list
unload
modprobe skbtrail entries=$PLACES
table
check "nothing stays attached" nothing_left
unload
modprobe skbtrail attach=kprobe
nested
check "nothing stays attached" nothing_left
done_testing
