#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What bad input gets: one sentence on stderr, status 1 (2 where something is
# incomplete), and nothing stays attached.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# refuse NAME REGEX ARGS...: the tool says so and ends with 1
refuse()
{
	local name=$1 regex=$2

	shift 2
	try refuse timeout $((30 * SLOW)) skbtrail "$@"
	check "$name" refused refuse 1 "$regex"
	check "$name: stdout is empty" test ! -s "$WORK/refuse.out"
}

# points_at WORD FILTER: sentence, filter, and a caret below WORD
points_at()
{
	local word=$1 filter=$2 line

	try filter timeout $((30 * SLOW)) skbtrail trace --json "$filter"
	status_is 1 || return
	mapfile -t line <"$WORK/filter.err"
	[ "${#line[@]}" -eq 3 ] && [[ ${line[0]} == 'skbtrail: bad filter: '* ]] &&
		[ "${line[1]}" = "  $filter" ] && [[ ${line[2]} =~ ^\ *\^$ ]] &&
		[[ ${filter:$((${#line[2]} - 3))} == "$word"* ]] && return
	sed 's/^/# stderr: /' "$WORK/filter.err"
	return 1
}

test_filters()
{
	check "bad filter: unknown word" points_at foo "udp foo"
	check "bad filter: unknown port" points_at nosuchport "tcp and port nosuchport"
	check "bad filter: unfinished" points_at "" "udp and"
	check "bad filter: parenthesis" points_at ")" "udp )"
	check "bad filter: no host" points_at 10.0.0.300 "src host 10.0.0.300"
}

test_options()
{
	refuse "no such device" "no device 'nosuch0'" trace --dev nosuch0
	refuse "no such namespace" nosuch-ns trace --netns nosuch-ns
	refuse "a file that is no namespace" passwd trace --netns /etc/passwd
	refuse "no such process" 999999999 trace --netns 999999999
	refuse "no such stage" "no stage 'nosuch'" trace --stage ip.rcv,nosuch
	refuse "no stage at all" stage trace --stage ,
	refuse "snaplen too large" snaplen trace --snaplen 2049
	refuse "snaplen negative" snaplen trace --snaplen -1
	refuse "buffer too small" buffer trace --buffer 1000
	refuse "buffer too large" buffer trace --buffer 2G
	refuse "buffer too small for the CPUs" buffer trace --buffer 262144
	refuse "flush interval of 0" flush-ms trace --flush-ms 0
	refuse "count that is no number" count trace --count many
	refuse "count of 0" count trace --count 0
	refuse "negative duration" duration trace --duration -1
	refuse "unknown option" "no option of 'skbtrail trace'" trace --nosuch
	refuse "option without argument" "needs an argument" trace --count
	refuse "json and flat" exclude trace --json --flat
	refuse "unknown command" "no command 'nosuch'" nosuch
	refuse "device name too long" dev trace --dev abcdefghijklmnopq
}

# libpcap takes minutes for a filter like this one.
long_filter()
{
	local i

	printf 'udp port 1'
	for ((i = 2; i < 1500; i++)); do
		printf ' or udp port %d' "$i"
	done
}

dead()
{
	! alive "$LAST"
}

test_long_filter()
{
	background long skbtrail trace "$(long_filter)"
	# long enough to be in libpcap: it has the processor to itself
	until_true 10000 grep -q '^State:.R' "/proc/$LAST/status"
	kill -INT "$LAST"
	check "a filter that compiles for ever can be interrupted" until_true 10000 dead
	kill -KILL "$LAST" 2>/dev/null
	join "$LAST"
}

test_files()
{
	refuse "record without a file" "-o FILE" record udp
	refuse "record to nowhere" /nonexistent record -o /nonexistent/file udp
	refuse "record to a folder" "$WORK" record -o "$WORK" udp
	refuse "record and --json to stdout" output record -o - --json udp
	refuse "read without a file" recording read
	refuse "no such recording" nosuch read "$WORK/nosuch"
	refuse "foreign recording" "" read /bin/true
	: >"$WORK/empty"
	refuse "empty recording" "" read "$WORK/empty"
	refuse "recording that is a folder" "" read "$WORK"
	try bad skbtrail read "$WORK/empty" "udp foo"
	check "read: bad filter" status_is 1
}

recorded()
{
	[ -s "$WORK/whole" ]
}

traffic()
{
	local i

	for ((i = 0; i < 20; i++)); do
		ping -q -c 1 -W 5 127.0.0.1 >/dev/null
	done
}

test_truncated()
{
	local size

	start_tool rec skbtrail record -o "$WORK/whole" icmp
	traffic
	stop_trace
	check "recording: complete" status_is 0
	size=$(stat -c %s "$WORK/whole")
	head -c $((size - 3)) "$WORK/whole" >"$WORK/cut"
	try cut skbtrail read --json "$WORK/cut"
	check "truncated recording: status 2" status_is 2
	check "truncated recording: a sentence" grep -q '^skbtrail: .*truncated' "$WORK/cut.err"
	check "truncated recording: trails before the cut are shown" has_lines "$WORK/cut.out" 20
	head -c 10 "$WORK/whole" >"$WORK/stump"
	refuse "recording cut in its head" "" read "$WORK/stump"
	{ head -c 64 "$WORK/whole"; head -c "$size" /dev/urandom; } >"$WORK/noise"
	try noise timeout $((30 * SLOW)) skbtrail read --json "$WORK/noise"
	check "damaged recording: status 2" status_is 2
}

test_disk_full()
{
	mkdir "$WORK/small"
	mount -t tmpfs -o size=64k small "$WORK/small"
	background full skbtrail record --flush-ms 5 -o "$WORK/small/file" icmp
	TRACER=$LAST
	until_true 30000 says_listening full "$TRACER"
	until_true 60000 flood_until_gone
	join "$TRACER"
	check "disk full: status 1" status_is 1
	sed -i '/^listening$/d' "$WORK/full.err"
	check "disk full: a sentence" stderr_is full "No space left"
	check "disk full: what fitted can be read" readable
	umount "$WORK/small"
	background devfull skbtrail record -o /dev/full icmp
	join "$LAST"
	check "/dev/full: status 1" status_is 1
	check "/dev/full: a sentence" grep -q '^skbtrail: .*No space left' "$WORK/devfull.err"
}

flood_until_gone()
{
	ping -q -f -c 50 127.0.0.1 >/dev/null
	! alive "$TRACER"
}

readable()
{
	try part skbtrail read --json "$WORK/small/file"
	status_is 2 && has_lines "$WORK/part.out" 5
}

test_permission()
{
	try perm setpriv --reuid 65534 --regid 65534 --clear-groups skbtrail trace
	check "no permission" refused perm 1 root
	try perm setpriv --bounding-set -net_admin --inh-caps -net_admin skbtrail trace
	check "root without CAP_NET_ADMIN" refused perm 1 CAP_NET_ADMIN
	try perm unshare --user --map-root-user --net skbtrail trace
	check "root of another user namespace" refused perm 1 root
	try perm setpriv --reuid 65534 --regid 65534 --clear-groups skbtrail stages
	check "stages without permission" refused perm 1 root
	try perm setpriv --reuid 65534 --regid 65534 --clear-groups skbtrail record -o "$WORK/never" udp
	check "record without permission" refused perm 1 root
	check "record without permission: no file" test ! -e "$WORK/never"
}

# The kernel loads the module by its family's name when root asks for it.
test_not_loaded()
{
	local modprobe

	unload
	try auto skbtrail stages
	check "the module is loaded when it is needed" status_is 0
	unload
	modprobe=$(cat /proc/sys/kernel/modprobe)
	echo /bin/false >/proc/sys/kernel/modprobe
	refuse "module not loaded" "modprobe skbtrail" trace udp
	refuse "module not loaded: stages" "modprobe skbtrail" stages
	echo "keep" >"$WORK/keep"
	refuse "module not loaded: record" "modprobe skbtrail" record -o "$WORK/keep" udp
	check "module not loaded: the file is left alone" grep -q keep "$WORK/keep"
	test_other_abi
	echo "$modprobe" >/proc/sys/kernel/modprobe
	modprobe skbtrail
}

# stands in for the module of another release
test_other_abi()
{
	if ! modprobe -q test_skbtrail_abi; then
		ktap_test_skip "module of another version"
		return
	fi
	refuse "module of another version" "protocol.* 999" trace udp
	refuse "module of another version: stages" "protocol.* 999" stages
	modprobe -r test_skbtrail_abi
}

test_filters
check "nothing attached after bad filters" nothing_left
test_options
test_long_filter
check "nothing attached after bad options" nothing_left
test_files
check "nothing attached after bad files" nothing_left
test_truncated
check "nothing attached after a recording" nothing_left
test_disk_full
check "nothing attached after a full disk" nothing_left
test_permission
check "nothing attached without permission" nothing_left
test_not_loaded
check "nothing attached at the end" nothing_left
done_testing
