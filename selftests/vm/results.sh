#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sourced by the tests of the virtual machine: runs it, and says as TAP what
# came of it.

VM=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/vm
DIR=$(mktemp -d)
trap 'rm -rf -- "$DIR"' EXIT
RC=0
N=0
FAILED=0

# vm ARGS...: output in $DIR/stdout and $DIR/stderr, status in RC
vm()
{
	RC=0
	"$VM" "$@" >"$DIR/stdout" 2>"$DIR/stderr" || RC=$?
}

# result NAME COMMAND...: one line of TAP; what the machine said follows a failure.
result()
{
	local name=$1

	shift
	N=$((N + 1))
	if "$@"; then
		echo "ok $N $name"
		return
	fi
	FAILED=$((FAILED + 1))
	echo "not ok $N $name"
	echo "# status $RC"
	sed 's/^/# stdout: /' "$DIR/stdout"
	sed 's/^/# stderr: /' "$DIR/stderr"
}

done_testing()
{
	echo "1..$N"
	[ "$FAILED" -eq 0 ]
}

status_is()
{
	[ "$RC" -eq "$1" ]
}

stderr_has()
{
	grep -qE -- "$1" "$DIR/stderr"
}

echo "TAP version 13"
