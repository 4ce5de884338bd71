#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# The ends of trails at sockets: whose calls wrote the bytes of a segment, whose
# call read the last of them, how long they lay there, and what a segment
# without data told the sender.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# calls NAME PORT PIECE WORDS [UNTIL]: what the words say to a reader of such pieces, who
# sleeps until UNTIL is true
calls()
{
	local name=$1 port=$2 piece=$3

	start_trace "$name" "tcp port $port" || return
	serve "$server_ns" tcp-reader 10.16.0.2 "$port" --piece "$piece"
	[ $# -lt 5 ] || kill -STOP "$SERVER"
	start_peer client "$client_ns" tcp-calls 10.16.0.2 "$port" --text "$4"
	CLIENT=$LAST
	[ $# -lt 5 ] || until_true 60000 "$5"
	kill -CONT "$SERVER"
	join "$CLIENT"
	check "$name: all was sent" status_is 0
	join "$SERVER"
	# the last packet of the connection acknowledges the last FIN
	until_true 10000 closed_both "$name"
	stop_trace
	check "$name: nothing was lost" status_is 0
}

closed_both()
{
	[ "$(grep -c 'FIN' "$WORK/$1.out")" -ge 2 ]
}

# the window is closed, and probed
probing()
{
	ip netns exec "$client_ns" ss -Htno dport = :7104 | grep -q 'timer:(persist,' &&
		grep -q '"kind":"same"' "$WORK/closed.out"
}

written()
{
	calls one 7101 65536 'send:20000'
	judge "$WORK/one.out" <<-END
		one write: every segment names its call | all(len(t.sends or []) == 1 for t in some(dport=7101) if t.tcp.payload)
		one write: who made it | all((s.pid, s.size, s.comm) == ($CLIENT, 20000, "python3") for t in some(dport=7101) for s in t.sends or [])
		one write: each byte is in one segment | [s.at for t in sorted([t for t in some(dport=7101) if t.sends], key=lambda t: t.tcp.seq) for s in t.sends] + [20000] == [0] + list(__import__("itertools").accumulate(t.tcp.payload for t in sorted([t for t in some(dport=7101) if t.sends], key=lambda t: t.tcp.seq)))
		one write: positions follow the bytes | len(set(s.pos - s.at for t in some(dport=7101) for s in t.sends or [])) == 1
		one write: the sentence says how long it waited | all("in the socket's queue" in t.summary and 0 < t.queued_ns <= t.end_ns - t.start_ns for t in some(dport=7101, end="delivered"))
		one write: what came back acknowledged it | sum(t.ack.bytes for t in some(sport=7101) if t.ack and t.ack.kind == "new") == 20000
		one write: everything that came back said so | all(t.ack for t in some(sport=7101) if t.end == "consumed" and "RST" not in t.flags and "tcp.timewait" not in t.stages)
		one write: the handshake is completed | [t.ack.bytes for t in some(dport=7101, flags="ACK") if t.ack and t.ack.kind == "new"][:1] == [0]
		one write: in words | any("acknowledged %u bytes" % t.ack.bytes in t.summary for t in some(sport=7101, flags="ACK") if t.ack.bytes)
	END

	calls two 7102 65536 'cork send:100 send:200 uncork send:300'
	judge "$WORK/two.out" <<-END
		two writes in a segment: both are named | [(s.at, s.bytes, s.size) for s in only([t for t in some(dport=7102) if t.tcp.payload == 300 and len(t.sends) == 2]).sends] == [(0, 100, 100), (0, 200, 200)]
		two writes in a segment: the next has its own | [(s.at, s.bytes, s.size) for s in only([t for t in some(dport=7102) if t.tcp.payload == 300 and len(t.sends) == 1]).sends] == [(0, 300, 300)]
	END
}

was_read()
{
	calls pieces 7103 50 'send:180'
	judge "$WORK/pieces.out" <<-END
		read in pieces: by the call that took the last byte | (lambda r: (r.pid, r.at, r.bytes, r.pos))(only([t for t in some(dport=7103) if t.tcp.payload]).read) == ($SERVER, 150, 30, 150)
		read in pieces: every copy is a hit | only([t for t in some(dport=7103) if t.tcp.payload]).stages.count("sock.copy") == 4
	END
}

told()
{
	calls closed 7104 65536 'send:60000' probing
	judge "$WORK/closed.out" <<-END
		closed window: it is probed | any(t.ack and t.ack.kind == "probe" for t in some(dport=7104))
		closed window: which is answered | any(t.ack and t.ack.kind == "same" for t in some(sport=7104))
		closed window: then it opens | any(t.ack and t.ack.kind == "window" and "window update" in t.summary for t in some(sport=7104))
		closed window: no probe carries what a call wrote, unless it does | all(not t.sends for t in some(dport=7104) if not t.tcp.payload)
		closed window: every byte was acknowledged | sum(t.ack.bytes for t in some(sport=7104) if t.ack and t.ack.kind == "new") == 60000
		closed window: every byte was of the call | sum(s.bytes for t in some(dport=7104) if "retransmit" not in t.parents for s in t.sends or []) == 60000
	END
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 16
written
was_read
told
check "nothing stays attached" nothing_left
done_testing
