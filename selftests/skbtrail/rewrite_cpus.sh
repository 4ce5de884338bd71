#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   +--------------+     +--------------+
#   | client veth0 |-----| veth0 server |
#   | 10.17.0.1    |     |    10.17.0.2 |
#   +--------------+     +--------------+
#
# Rules at the client, through which each CPU sends at the same time. The judge are counters
# of nft in the server's namespace, which drops what it has arrived: nobody answers.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=/dev/null
. "$HERE/rewritelib.sh"

SENT=$(scaled 2000)
# of the rules that are used up one behind the other
readonly RULES=10 EACH=$((SENT / 8))

# has NAME N: what a counter has seen
has()
{
	local n

	n=$(ip netns exec "$server_ns" nft list counter inet sees "$1" | sed -n 's/.*packets \([0-9]*\) .*/\1/p')
	[ "$n" = "$2" ] || { echo "# $1: $n, not $2"; return 1; }
}

# arrived NAME N: it has in the end
arrived()
{
	until_true 10000 has "$@" || has "$@"
}

# flood_on CPU PORT: SENT datagrams and the STOPS behind them, in the background
flood_on()
{
	background "flood-$1-$2" taskset -c "$1" ip netns exec "$client_ns" /usr/bin/python3 \
		"$HERE/peer.py" flood 10.17.0.2 "$2" --count "$SENT"
	FLOODS+=("$LAST")
}

floods_run()
{
	local p

	for p in "${FLOODS[@]}"; do
		alive "$p" && return
	done
	return 1
}

# ended: by themselves
ended()
{
	local p all=0

	for p in "${FLOODS[@]}"; do
		join "$p"
		all=$((all + STATUS))
	done
	STATUS=$all
	FLOODS=()
	status_is 0
}

# ttls: how often each was seen
ttls()
{
	ip netns exec "$server_ns" nft list counters table inet sees |
		awk '/counter ttl/ { n = 1 } n && /packets/ { print $2; n = 0 }'
}

# the_same WHAT WHAT: two lists
the_same()
{
	[ "$1" = "$2" ] && return
	paste <(echo "$1") <(echo "$2") | sed 's/^/# /'
	return 1
}

# come_and_go: a rule for one of the flows, and one in whose hook no rule is for any
come_and_go()
{
	add --at local_out --netns "$client_ns" ttl 99 dscp ef dport 7804 if udp dst port 7803 &&
		add --at postrouting --netns "$client_ns" ttl 98 if udp dst port 7809 &&
		flush
}

none_left()
{
	list && [ ! -s "$WORK/list.out" ]
}

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 17
ip netns exec "$server_ns" nft -f - <<-END
	table inet sees {
		$(for ((i = 1; i <= RULES; i++)); do echo "counter ttl$((100 + i)) { }"; done)
		counter sent { }
		counter unchanged { }
		counter together { }
		counter other { }
		counter spoilt { }
		counter changed { }
		chain c {
			type filter hook prerouting priority raw;
			udp dport 7801 counter name sent
			udp dport 7801 ip ttl 64 counter name unchanged
			$(for ((i = 101; i <= 100 + RULES; i++)); do
				echo "udp dport 7801 ip ttl $i counter name ttl$i"; done)
			udp dport 7802-7804 counter name together
			udp dport 7802 ip ttl 64 counter name other
			udp dport 7802 ip ttl != 64 counter name spoilt
			udp dport 7803 ip ttl != 64 counter name spoilt
			udp dport 7804 ip ttl 99 ip dscp ef counter name changed
			udp dport 7804 ip ttl != 99 counter name spoilt
			udp dport 7804 ip dscp != ef counter name spoilt
			meta l4proto udp drop
		}
	}
END
check "the module is armed" armed

# The last rule that is not used up gives the packet its TTL: if each takes as many as it may,
# each TTL is seen as often.
rules=0
for ((i = 1; i <= RULES; i++)); do
	add --at local_out --netns "$client_ns" --count $(((RULES + 1 - i) * EACH)) ttl $((100 + i)) if udp dst port 7801 &&
		rules=$((rules + 1))
done
check "rules with a count" test "$rules" -eq "$RULES"
flood_on 0 7801
flood_on 1 7801
check "two CPUs send" ended
check "all arrives" arrived sent $((2 * (SENT + STOPS)))
check "each rule takes as many as it may" the_same "$(ttls)" "$(yes "$EACH" | head -n "$RULES")"
check "the others are as they were sent" has unchanged $((2 * (SENT + STOPS) - RULES * EACH))
list
check "the rules have counted the same" the_same "$(grep -o '"changed":[0-9]*' "$WORK/list.out" | cut -d : -f 2)" \
	"$(seq $((RULES * EACH)) "-$EACH" "$EACH")"
flush

# rules come and go all the while
n=0
rounds=0
failed=0
while [ "$n" -lt 3 ] && [ "$rounds" -lt 10 ]; do
	rounds=$((rounds + 1))
	for port in 7803 7802; do
		flood_on 0 "$port"
		flood_on 1 "$port"
	done
	while floods_run; do
		come_and_go && n=$((n + 1))
	done
	ended || failed=$((failed + 1))
done
echo "# $n times rules came and went in $rounds rounds"
check "four senders on two CPUs" test "$failed" -eq 0
check "meanwhile rules come and go" test "$n" -ge 3
sent=$((rounds * 2 * (SENT + STOPS)))
check "nothing is lost" arrived together $((2 * sent))
check "what no rule is for is as it was sent" has other "$sent"
check "some was changed" eval '! has changed 0 >/dev/null'
check "and all of that as the rule says, or nothing" has spoilt 0
check "no rule is left" none_left
check "the module goes" unload
done_testing
