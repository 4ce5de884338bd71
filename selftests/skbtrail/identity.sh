#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +----------------+              +----------------+
#   | client   veth0 |--------------| veth0   server |
#   +----------------+              +----------------+
#
# Ground truth: a generator at full speed numbers its datagrams, and each
# trail must hold one of them, whole. What is missing must have been told.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

SENT=$(scaled 20000)

# flood NAME PORT ARGS...: record it, then judge it
flood()
{
	local name=$1 port=$2

	shift 2
	start_tool "$name" skbtrail record --snaplen 64 -o "$WORK/$name.rec" "$@" \
		"udp dst port $port and src host 10.8.0.1" || return
	serve "$server_ns" udp-sink 10.8.0.2 "$port"
	peer "$client_ns" flood 10.8.0.2 "$port" --count "$SENT"
	join "$SERVER"
	check "$name: the receiver heard the end" status_is 0
	stop_trace
	RECORDED=$STATUS
	judge_recording "$name" "$SENT"
}

# status 0 exactly when nothing was lost
honest_status()
{
	if grep -q 'nothing was lost' "$WORK/$1.err"; then
		[ "$RECORDED" -eq 0 ]
	else
		[ "$RECORDED" -eq 2 ]
	fi
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 8
flood roomy 7501 --buffer 256M
check "roomy: the status tells the truth" honest_status roomy
check "roomy: nothing was lost" test "$RECORDED" -eq 0
flood tight 7502 --buffer 512K
check "tight: the status tells the truth" honest_status tight
check "nothing stays attached" nothing_left
done_testing
