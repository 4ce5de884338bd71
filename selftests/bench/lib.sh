#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What measurements share: a network, a recorder, and the lines they print.
# Sourced; HERE is the folder, BUILD that of built files.
#
# shellcheck disable=SC2034 # results are read by who sources this

# the receiver's, in every pair of namespaces
ADDRESS=10.0.0.2
WORK=
# in the background, to be ended
TRACER=
HOLDER=
# of the last stop_record()
HITS=0 LOST=0

die()
{
	echo "bench: $*" >&2
	exit 1
}

report()
{
	printf 'bench: %-34s %10s %s\n' "$1" "$2" "$3"
}

# shellcheck disable=SC2317 # reached through trap
cleanup()
{
	[ -z "$TRACER" ] || kill -KILL "$TRACER" 2>/dev/null || true
	[ -z "$HOLDER" ] || kill -KILL "$HOLDER" 2>/dev/null || true
	ip -all netns del
	[ -z "$WORK" ] || rm -rf -- "$WORK"
}

prepare()
{
	command -v skbtrail >/dev/null || die "run this with selftests/vm/vm"
	make -s -C "$HERE" O="$BUILD/bench"
	WORK=$(mktemp -d)
	trap cleanup EXIT
}

# network SUFFIX: two namespaces, from and to, and a veth pair; neighbours known
network()
{
	local n from=from$1 to=to$1 from_mac to_mac

	for n in "$from" "$to"; do
		ip netns add "$n"
		ip -n "$n" link set lo up
		# no packets but ours
		ip netns exec "$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
			net.ipv6.conf.default.disable_ipv6=1
	done
	ip link add veth0 netns "$from" type veth peer name veth0 netns "$to"
	ip -n "$from" addr add 10.0.0.1/24 dev veth0
	ip -n "$to" addr add "$ADDRESS/24" dev veth0
	ip -n "$from" link set veth0 up
	ip -n "$to" link set veth0 up
	from_mac=$(ip netns exec "$from" cat /sys/class/net/veth0/address)
	to_mac=$(ip netns exec "$to" cat /sys/class/net/veth0/address)
	ip -n "$from" neigh replace "$ADDRESS" lladdr "$to_mac" dev veth0 nud permanent
	ip -n "$to" neigh replace 10.0.0.1 lladdr "$from_mac" dev veth0 nud permanent
}

# measure N: N passes of COUNT datagrams; sets MEDIAN and MEAN
measure()
{
	read -r _ MEDIAN MEAN < <("$BUILD/bench/datagrams" from to "$ADDRESS" "$1" "$COUNT")
	[ -n "${MEAN-}" ] || die "the datagrams did not arrive"
}

ns()
{
	local t=${EPOCHREALTIME/./}

	echo "${t}000"
}

# start_record OPTION...: sets ATTACH, ns until every probe is in place
start_record()
{
	local t line

	mkfifo "$WORK/err"
	t=$(ns)
	skbtrail record -o "$WORK/rec" "$@" 2>"$WORK/err" &
	TRACER=$!
	exec 3<"$WORK/err"
	read -r line <&3
	ATTACH=$(($(ns) - t))
	[ "$line" = listening ] || die "$line"
}

sum()
{
	local n total=0

	while read -r n; do
		total=$((total + n))
	done
	echo "$total"
}

# sums FILE...: what recorders said at their ends; sets HITS and LOST
sums()
{
	grep -q '^lost: ' "$@" || die "no sums in: $(cat "$@")"
	HITS=$(sed -n 's/^recorded:.* hits \([0-9]*\),.*/\1/p' "$@" | sum)
	LOST=$(sed -n 's/^lost: \([0-9]*\).*/\1/p' "$@" | sum)
}

# until no session holds the module
until_idle()
{
	until [ "$(</sys/module/skbtrail/refcnt)" = 0 ]; do
		sleep 0.005
	done
}

# Sets DETACH, ns until the command has ended; GONE, until nothing is attached;
# HITS and LOST; a status of 2 is told by LOST.
stop_record()
{
	local t rc=0

	t=$(ns)
	kill -INT "$TRACER"
	wait "$TRACER" || rc=$?
	TRACER=
	DETACH=$(($(ns) - t))
	until_idle
	GONE=$(($(ns) - t))
	cat <&3 >"$WORK/said"
	exec 3<&-
	rm -f "$WORK/err"
	[ "$rc" -eq 0 ] || [ "$rc" -eq 2 ] || die "skbtrail ended with status $rc: $(<"$WORK/said")"
	sums "$WORK/said"
	[ "$rc" -eq 0 ] || [ "$LOST" -gt 0 ] || die "status $rc without a loss: $(<"$WORK/said")"
}
