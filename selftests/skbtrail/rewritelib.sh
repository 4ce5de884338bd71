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

# no_add NAME REGEX ARGS...: refused, in a sentence
no_add()
{
	try no_add skbtrail rewrite add --persist "${@:3}"
	check "$1" refused no_add 1 "$2"
}
