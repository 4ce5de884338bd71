#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# A recording shows the same trails as a trace of the same packets.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# The session's own idea of the wall clock may differ by a moment.
trails_of()
{
	sed 's/"start_real_ns":[0-9]*,//' "$WORK/$1.out" | sort
}

# same NAME NAME: the same trails, in whatever order they were finished
same()
{
	[ -s "$WORK/$1.out" ] && cmp -s <(trails_of "$1") <(trails_of "$2") && return
	diff <(trails_of "$1") <(trails_of "$2") | head -n 4 | cut -c 1-800 | sed 's/^/# /'
	return 1
}

traffic()
{
	local port

	for port in 7401 7402 7403; do
		serve "$server_ns" udp-server 10.7.0.2 "$port" --count 3
		peer "$client_ns" udp-client 10.7.0.2 "$port" --count 3
		join "$SERVER"
	done
	peer "$client_ns" udp-send 10.7.0.2 7404
}

hits_of()
{
	grep -o '"stage":' "$WORK/$1.out" | wc -l
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 7
FILTER='udp portrange 7401-7404'

start_trace trace "$FILTER"
LIVE=$TRACER
start_tool record skbtrail record -o "$WORK/file" "$FILTER"
RECORD=$TRACER
start_tool both skbtrail record --json -o "$WORK/file2" "$FILTER"
BOTH=$TRACER
start_tool pipe sh -c "exec skbtrail record -o - '$FILTER'"
PIPE=$TRACER
traffic
wait_trails trace 19
wait_trails both 19
for p in "$RECORD" "$BOTH" "$PIPE" "$LIVE"; do
	stop_trace "$p"
	check "SIGINT ends a session cleanly" status_is 0
done
mv "$WORK/pipe.out" "$WORK/file3"

try read skbtrail read --json "$WORK/file"
check "read: complete" status_is 0
check "read shows the trails that trace showed" same trace read
check "record --json shows them as well" same trace both
try read2 skbtrail read --json "$WORK/file2"
check "and so does its file" same trace read2
try read3 skbtrail read --json "$WORK/file3"
check "record -o - writes the same to a pipe" same trace read3
try read4 sh -c "skbtrail read --json - <'$WORK/file'"
check "read - takes a pipe" same trace read4
try part skbtrail read --json "$WORK/file" udp port 7402
judge "$WORK/part.out" <<-END
	read: a filter chooses among the trails | len(T) == 6 and all(7402 in (t.sport, t.dport) for t in T)
END
try drops skbtrail read --json --drops "$WORK/file"
judge "$WORK/drops.out" <<-END
	read --drops: the drop only | [(t.dport, t.end) for t in T] == [(7404, "dropped")]
END
try count skbtrail read --json --count 5 "$WORK/file"
check "read --count: so many" test "$(wc -l <"$WORK/count.out")" -eq 5
try flat skbtrail read --flat "$WORK/file"
check "read --flat: complete" status_is 0
check "read --flat: a line for each hit at least" has_lines "$WORK/flat.out" "$(hits_of read)"
try tree skbtrail read "$WORK/file"
check "read: a tree for each trail" test "$(grep -c '^#[0-9]' "$WORK/tree.out")" -eq 19
check "nothing stays attached" nothing_left
done_testing
