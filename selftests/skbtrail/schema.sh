#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every line of --json is an object with the keys and types of the contract,
# whatever the packet and its fate.

# shellcheck source=/dev/null
. "$(dirname "$(readlink -f "$0")")/lib.sh"

client_ns='' server_ns=''
setup_ns client_ns server_ns
pair "$client_ns" "$server_ns" 10
ip -n "$server_ns" addr add 10.10.0.3/24 dev veth0

start_trace all
exchange tcp "$client_ns" "$server_ns" 10.10.0.2 7701 --count 200000
peer "$client_ns" udp-send 10.10.0.3 7702
peer "$client_ns" udp-send fd00:10::2 7703
peer "$client_ns" udp-send 10.10.0.2 7704 --text "$(printf '%02000d' 0)"
ip netns exec "$client_ns" ping -q -c 1 -s 4000 10.10.0.2 >/dev/null
ip netns exec "$client_ns" ping -q -c 1 fd00:10::2 >/dev/null
stop_trace
check "the session was complete" status_is 0
judge "$WORK/all.out" <<-END
	many kinds of packets | len(T) > 20 and set(t.proto for t in T) >= {"tcp", "udp", "icmp", "icmpv6"} and any(t.family == "arp" for t in T)
	several kinds of ends | set(t.end for t in T) >= {"delivered", "dropped", "consumed"}
	every trail keeps the contract | all(valid(t) for t in T)
	trail numbers are unique | len(set(t.trail for t in T)) == len(T)
	times of hits never go back | all([h.ns for h in t.hits] == sorted(h.ns for h in t.hits) for t in T)
	no kernel address leaves | "ffff8" not in json.dumps([{k: v for k, v in t.items() if k != "bytes"} for t in T])
	names of namespaces are told | all(h.netns_name in ("$client_ns", "$server_ns") for t in T for h in t.hits if h.netns_name)
	a process is a pid and a name | any(t.process and t.process.pid and t.process.comm for t in T)
	addresses are text, ports are numbers | one(dport=7702).src == "10.10.0.1" and one(dport=7703).dst == "fd00:10::2"
	the length is that of the IP packet | one(dport=7702).len == 41
	a link names another trail of this module | all(link.trail > 0 and link.trail != t.trail for t in T for link in t.links)
END
try stages skbtrail stages --json
check "stages --json" status_is 0
judge "$WORK/stages.out" <<-END
	every stage has a name, a layer and points | T and all(isinstance(s[k], str) for s in T for k in ("stage", "layer", "direction", "state", "doc")) and all(s.points for s in T)
END
check "nothing stays attached" nothing_left
done_testing
