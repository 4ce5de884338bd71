# SPDX-License-Identifier: GPL-2.0
#
# What the tests of rewriting share; sourced behind lib.sh.
# shellcheck shell=bash

# armed: the module, loaded so that it may change packets
armed()
{
	unload || return
	no_nfqueue
	modprobe skbtrail rewrite=1
}

# add ARGS...: a rule that stays, or its sentence
add()
{
	try add skbtrail rewrite add --persist "$@"
	[ "$STATUS" -eq 0 ] && return
	sed 's/^/# /' "$WORK/add.err"
	return 1
}

flush()
{
	try flush skbtrail rewrite flush
	status_is 0
}

# list [NAME]: rules as JSON in $WORK/NAME.out
list()
{
	try "${1-list}" skbtrail rewrite list --json
	status_is 0
}

# counted RULE KEY N: what a rule has counted
counted()
{
	list counted || return
	/usr/bin/python3 - "$WORK/counted.out" "$@" <<-'END'
		import json, sys
		path, rule, key, want = sys.argv[1:]
		rules = {r["rule"]: r for r in map(json.loads, open(path))}
		r = rules.get(int(rule), {})
		have = r.get(key, r.get("refused", {}).get(key, 0))
		if have != int(want):
		    print("# rule %s: %s is %s, not %s; refused %s" % (rule, key, have, want, r.get("refused")))
		sys.exit(have != int(want))
	END
}

# listed RULE KEY N: as counted(), of the last list()
listed()
{
	local n

	n=$(sed -n "s/^{\"rule\":$1,.*\"$2\":\([0-9]*\).*/\1/p" "$WORK/list.out")
	[ "${n:-0}" -eq "$3" ] || { echo "# rule $1: $2 is ${n:-0}, not $3"; return 1; }
}

# no_add NAME REGEX ARGS...: refused, in a sentence
no_add()
{
	try no_add skbtrail rewrite add --persist "${@:3}"
	check "$1" refused no_add 1 "$2"
}

# start_wire NS DEV: tcpdump, of all of each packet that comes in, on a packet socket there
start_wire()
{
	start_dump wire "$1" "$2" -s 0 -Q in
}

on_wire_yet()
{
	tcpdump -n -r "$WORK/wire.pcap" 2>/dev/null | grep -q "\.$1: "
}

# stop_wire PORT: once a packet to it is there; then a line for each one in $WORK/wire.txt
stop_wire()
{
	until_true 20000 on_wire_yet "$1"
	stop_dump
	tcpdump -e -vv -A -t -n -r "$WORK/wire.pcap" 2>/dev/null |
		awk '/^[0-9a-f:]+ > [0-9a-f:]+, ethertype/ && n++ { printf "\n" } { printf "%s ", $0 }
			END { print "" }' >"$WORK/wire.txt"
}

# on_wire WHICH N REGEX: so many there were, each looks like that, and no checksum is wrong
on_wire()
{
	wire_has "$@" &&
		! grep -aqE 'bad udp cksum|incorrect|wrong icmp|bad icmp6' "$WORK/these" && return
	head -n 3 "$WORK/these" | cut -c 1-400 | sed "s/^/# of $1: /"
	return 1
}

# wire_has WHICH N REGEX: the same, but that of the transport may be wrong
wire_has()
{
	local n

	grep -aE -- "$1" "$WORK/wire.txt" >"$WORK/these"
	n=$(wc -l <"$WORK/these")
	[ "$n" -eq "$2" ] && ! grep -avqE -- "$3" "$WORK/these" && ! grep -aq ', bad cksum' "$WORK/these" && return
	echo "# $n of $1, not $2, or not $3"
	return 1
}
