#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests of stages share. Such a test has pairs of functions: NAME_table
# prints which stages are passed and who else counted (see stages.py), and
# NAME_traffic makes packets pass them. "run_stages NAME..." runs them all.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/lib.sh"

# Survives the script: stages_all.sh wants to know that none was forgotten.
COVERED=/run/skbtrail-stages
# namespaces whose counters are compared
SPACES=()
# bpftrace if a table wants it, what it prints, and how often it did
BPFTRACE=
COUNTS=$WORK/counts.bpf
DUMPS=0

no_nfqueue

# count_in NS...: counters of these are compared
count_in()
{
	SPACES+=("$@")
}

# quiet NS...: the same, and nothing is sent there but what a test sends. For namespaces
# without devices yet: IPv6 would join groups and look for routers on each.
quiet()
{
	local ns

	ipv4_only "$@"
	for ns in "$@"; do
		ip -n "$ns" link set lo up
	done
	count_in "$@"
}

# counters NS FAMILY HOOK...: rules that count; a counter's name is its hook
counters()
{
	local ns=$1 family=$2 hook

	shift 2
	{
		echo "add table $family t"
		for hook in "$@"; do
			echo "add counter $family t $hook"
			echo "add chain $family t c_$hook { type filter hook $hook priority 0; }"
			echo "add rule $family t c_$hook counter name $hook"
		done
	} | ip netns exec "$ns" nft -f -
}

# device_counters NS DEV: the same at both points of a device: in_DEV, out_DEV
device_counters()
{
	ip netns exec "$1" nft -f - <<-END
		add table netdev t
		add counter netdev t in_$2
		add counter netdev t out_$2
		add chain netdev t c_in_$2 { type filter hook ingress device "$2" priority 0; }
		add chain netdev t c_out_$2 { type filter hook egress device "$2" priority 0; }
		add rule netdev t c_in_$2 counter name in_$2
		add rule netdev t c_out_$2 counter name out_$2
	END
}

# nf_event: calls by family and point
nf_event()
{
	echo "event nf p nf_hook_slow hook=+0(\$arg2):u8 pf=+1(\$arg2):u8 | pf,hook"
}

stages_py()
{
	/usr/bin/python3 "$HERE/stages.py" "$@"
}

# The tables tell what has to be counted: by the kernel's events, and by bpftrace
# what these cannot. Starting that takes long, so it is started once. Its counts
# are printed on SIGUSR1, "@z" as the last.
start_counting()
{
	local name

	skbtrail stages --json >"$WORK/stages"
	for name in "$@"; do
		"${name}_table" >"$WORK/$name.table"
	done
	stages_py events "$WORK/stages" "${@/%/.table}" 2>"$WORK/events.err" || {
		sed 's/^/# /' "$WORK/events.err"
		return 1
	}
	stages_py program "${@/%/.table}" >"$WORK/counts.bt"
	[ ! -s "$WORK/counts.bt" ] || count_by_bpftrace
}

count_by_bpftrace()
{
	start_bpftrace bpftrace -f json -o "$COUNTS" "$WORK/counts.bt"
	BPFTRACE=$LAST
	until_true 180000 counting
	grep -qs '"attached_probes"' "$COUNTS" && return
	sed 's/^/# /' "$WORK/bpftrace.err" "$WORK/bpftrace.out"
	return 1
}

stop_counting()
{
	stages_py quiet
	[ -z "$BPFTRACE" ] || stop_bpftrace "$BPFTRACE"
}

counting()
{
	! alive "$BPFTRACE" || grep -qs '"attached_probes"' "$COUNTS"
}

dumped()
{
	[ "$(grep -c '"@z"' "$COUNTS")" -gt "$DUMPS" ]
}

# snapshot NAME WHEN: counters of the kernel, and of bpftrace
snapshot()
{
	stages_py snapshot "$WORK/$1.table" "${SPACES[@]}" >"$WORK/$1.$2" || return
	grep -q '^probe ' "$WORK/$1.table" || return 0
	kill -USR1 "$BPFTRACE"
	until_true 60000 dumped || return
	DUMPS=$(grep -c '"@z"' "$COUNTS")
	cp "$COUNTS" "$WORK/$1.$2.bpf"
}

count_stages()
{
	local name=$1

	start_trace "$name.trails" || { ktap_test_fail "$name: listens"; return; }
	snapshot "$name" before
	check "$name: traffic" "${name}_traffic"
	snapshot "$name" after
	stop_trace
	check "$name: nothing was lost" status_is 0
}

# run_stages NAME...
run_stages()
{
	local name

	cd "$WORK" || return
	echo "${0##*/}" >>"$COVERED.scripts"
	check "the kernel counts" start_counting "$@"
	for name in "$@"; do
		count_stages "$name"
	done
	stop_counting
	verdicts "" stages_py judge "$COVERED" stages "$@"
	check "nothing stays attached" nothing_left
}
