#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Judges the output of "skbtrail trace --json".

trails.py FILE [NAME=PCAP]...: reads "name | expression" lines from stdin and
prints "ok name" or "bad name", after a failure lines that begin with "#".
In an expression T is the list of trails and every function here can be used;
NAME is the list of packets of a pcap file.
"""

import json
import socket
import struct
import sys


class Trail(dict):
    """A trail; keys are attributes, missing ones None."""

    def __getattr__(self, key):
        return self.get(key)

    @property
    def stages(self):
        return [h["stage"] for h in self["hits"]]

    @property
    def flags(self):
        return self["tcp"]["flags"] if "tcp" in self else None

    @property
    def parents(self):
        return {link["kind"]: link["trail"] for link in self["links"]}

    def hit(self, stage):
        """The first hit of a stage."""
        for h in self["hits"]:
            if h["stage"] == stage:
                return h
        raise Failure("no hit in %s: %s" % (stage, brief(self)))

    def changed(self, fact):
        """[stage, old, new] for every change of a fact."""
        return [[h["stage"]] + h["changes"][fact] for h in self["hits"]
                if fact in h.get("changes", {})]


class Failure(Exception):
    pass


def brief(t):
    text = "%s %s %s:%s -> %s:%s end=%s" % (
        t.trail, t.proto, t.src, t.sport, t.dst, t.dport, t.end)
    if t.reason:
        text += " " + t.reason
    if t.flags is not None:
        text += " [%s] seq %s ack %s payload %s" % (
            t.flags, t["tcp"]["seq"], t["tcp"]["ack"], t["tcp"]["payload"])
    return text + " links=%s stages=%s" % (t.links, " ".join(map(str, t.stages)))


def some(**want):
    """Trails that match; clones made for packet sockets and the like aside."""
    clones = want.pop("clones", False)
    return [t for t in T if (clones or "clone" not in t.parents)
            and all(getattr(t, k) == v for k, v in want.items())]


def one(**want):
    found = some(**want)
    if len(found) != 1:
        raise Failure("%d trails match %s" % (len(found), want))
    return found[0]


def only(found):
    if len(found) != 1:
        raise Failure("%d found: %s" % (len(found), [brief(t) for t in found]))
    return found[0]


def linked(t, kind):
    """Links of a kind, in the order of their places."""
    return sorted((l for l in t.links if l.kind == kind), key=lambda l: l.place)


def places(t, kind):
    return [(l.place, l.of) for l in linked(t, kind)]


def named(t, kind):
    """The trails a trail names in its links of a kind, by their places."""
    return [only([o for o in T if o.trail == l.trail]) for l in linked(t, kind)]


def pieces(t, kind):
    """Trails that say they were cut from a trail, by their places."""
    found = [o for o in T if any(l.trail == t.trail for l in linked(o, kind))]
    return sorted(found, key=lambda o: linked(o, kind)[0].place)


def in_order(t, names):
    """Whether the stages stand in the trail in this order, others between."""
    stages = iter(t.stages)
    for name in names.split():
        if name not in stages:
            raise Failure("no %s in its place: %s" % (name, brief(t)))
    times = [h["ns"] for h in t["hits"]]
    if times != sorted(times):
        raise Failure("times go back: %s" % brief(t))
    return True


def after(t, stage, nth=0):
    """The stage behind the nth hit of a stage."""
    at = [i for i, name in enumerate(t.stages) if name == stage][nth]
    return t.stages[at + 1]


def between(t, fact, first, last):
    """Whether a fact changed once, behind stage first and not behind last."""
    stage = only(t.changed(fact))[0]
    at = t.stages.index(stage)
    return first in t.stages[:at] and last not in t.stages[:at]


def of(kind):
    """Trails of an ICMP type, clones aside."""
    return [t for t in some() if t.icmp and t.icmp.type == kind]


def rule(t):
    """What a rule of netfilter is called; its number is None where it is a policy."""
    r = t.rule or {}
    return (r.get("family"), r.get("table"), r.get("chain"), r.get("handle", r.get("number")))


def deeds(t):
    """What hooks of netfilter did with a trail, with the stage of each."""
    return [Trail(d, stage=h["stage"], changes=d.get("changes", {}))
            for h in t["hits"] for d in h.get("by", ())]


def matches(t, family):
    """The rules of a family that a trail matched, as told with --rules."""
    return [d for d in deeds(t) if d.action == "match" and d.rule["family"] == family]


def matched(t, family):
    """The same as [(chain, verdict)], a policy as (chain, "policy accept")."""
    return [(d.rule["chain"], "policy " + d.rule["policy"] if "policy" in d.rule else d.verdict)
            for d in matches(t, family)]


def deed(t, nat):
    return only_deed([d for d in deeds(t) if d.nat == nat and not d.undone], t)


def only_deed(found, t):
    if len(found) != 1:
        raise Failure("%d deeds: %s of %s" % (len(found), deeds(t), brief(t)))
    return found[0]


def query(port):
    """The first packet to a port that a client sent, by the port it asked for."""
    return only([t for t in some(dport=port) if t.sport != port])


def answer(port):
    return only([t for t in some(sport=port) if t.dport != port])


def answers(t):
    """Trails that say they were sent because of this one."""
    return [o for o in T if o.parents.get("answer") == t.trail]


def netns_of(t):
    """Names of the namespaces in the order they were entered."""
    names = []
    for h in t["hits"]:
        name = h.get("netns_name")
        if name and (not names or names[-1] != name):
            names.append(name)
    return names


def rewrites(t):
    """What rewrite rules did: (rule, dry run, changes), in their order."""
    return [(r.rule, r.dry_run, dict(r.changes)) for h in t["hits"] for r in h.rewrites or []]


# ---- packets of a pcap file ----

class Packet(dict):
    __getattr__ = dict.get


TCP_FLAGS = ((1, "FIN"), (2, "SYN"), (4, "RST"), (8, "PSH"), (16, "ACK"),
             (32, "URG"), (64, "ECE"), (128, "CWR"))


def parse_l4(p, proto, data, length):
    p["proto"] = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}.get(proto, proto)
    if proto in (6, 17):
        p["sport"], p["dport"] = struct.unpack(">HH", data[:4])
    if proto == 6:
        p["seq"], p["ack"], off, bits = struct.unpack(">IIBB", data[4:14])
        p["flags"] = sorted(name for bit, name in TCP_FLAGS if bits & bit)
        p["payload"] = length - (off >> 4) * 4


def parse(frame):
    p = Packet()
    kind, = struct.unpack(">H", frame[12:14])
    ip = frame[14:]
    if kind == 0x0800:
        p["src"] = socket.inet_ntop(socket.AF_INET, ip[12:16])
        p["dst"] = socket.inet_ntop(socket.AF_INET, ip[16:20])
        ihl = (ip[0] & 15) * 4
        total, = struct.unpack(">H", ip[2:4])
        parse_l4(p, ip[9], ip[ihl:], total - ihl)
    elif kind == 0x86dd:
        p["src"] = socket.inet_ntop(socket.AF_INET6, ip[8:24])
        p["dst"] = socket.inet_ntop(socket.AF_INET6, ip[24:40])
        total, = struct.unpack(">H", ip[4:6])
        parse_l4(p, ip[6], ip[40:], total)
    else:
        p["proto"] = kind
    return p


def pcap(path):
    packets = []
    with open(path, "rb") as f:
        f.read(24)
        while True:
            head = f.read(16)
            if len(head) < 16:
                return packets
            size, = struct.unpack("=I", head[8:12])
            packets.append(parse(f.read(size)))


def key_of_packet(p):
    return (p.src, p.dst, p.sport, p.dport, p.seq, p.ack, tuple(p.flags), p.payload)


def key_of_trail(t):
    tcp = t["tcp"]
    flags = tuple(sorted(f.upper() for f in (tcp["flags"] or "").split(",") if f))
    return (t.src, t.dst, t.sport, t.dport, tcp["seq"], tcp["ack"], flags, tcp["payload"])


def same_packets(packets, trails):
    """Whether each TCP packet of the dump has exactly one trail, and vice versa."""
    want = sorted(map(key_of_packet, packets))
    have = sorted(map(key_of_trail, trails))
    if want == have:
        return True
    missing = list(want)
    extra = []
    for key in have:
        if key in missing:
            missing.remove(key)
        else:
            extra.append(key)
    raise Failure("without a trail: %s; without a packet: %s" % (missing, extra))


# ---- the contract ----

def is_int(v):
    return isinstance(v, int) and not isinstance(v, bool)


NUMBER = ("trail", "start_ns", "end_ns", "len", "lost")
TEXT = ("end", "where", "summary", "family")
ENDS = ("delivered", "sent", "dropped", "consumed", "merged", "open", "unknown")


def expect(ok, what, t):
    if not ok:
        raise Failure("%s: %s" % (what, json.dumps(t)[:600]))


def valid_hit(h, t):
    expect(is_int(h.get("ns")), "ns of a hit", t)
    expect(isinstance(h.get("stage"), str), "stage of a hit", t)
    expect(isinstance(h.get("func"), str), "func of a hit", t)
    expect(is_int(h.get("cpu")), "cpu of a hit", t)
    expect(is_int(h.get("len")), "len of a hit", t)
    if "netns" in h:
        expect(is_int(h["netns"]), "netns of a hit", t)
    if "dev" in h:
        expect(isinstance(h["dev"], str), "dev of a hit", t)
    for key, pair in h.get("changes", {}).items():
        expect(isinstance(pair, list) and len(pair) == 2 and
               (pair[0] != pair[1] or key.startswith("payload")), "changes of a hit", t)


def valid(t):
    """Whether a trail is what the JSON contract promises."""
    for key in NUMBER:
        expect(is_int(t.get(key)), key, t)
    for key in TEXT:
        expect(isinstance(t.get(key), str), key, t)
    expect(t["end"] in ENDS, "end", t)
    expect(t["start_ns"] <= t["end_ns"], "times", t)
    expect((t["end"] == "dropped") == ("reason" in t), "reason", t)
    expect(isinstance(t.get("reason", ""), str), "reason", t)
    if t["family"] in ("ipv4", "ipv6"):
        for key in ("src", "dst", "proto"):
            expect(isinstance(t.get(key), str), key, t)
    # fragments have none, and clones of fragments do not say what they are
    if t.get("proto") in ("tcp", "udp") and "frag" not in t and "clone" not in t.parents:
        for key in ("sport", "dport"):
            expect(is_int(t.get(key)) and t[key] < 65536, key, t)
    if "process" in t:
        expect(is_int(t["process"].get("pid")), "process.pid", t)
        expect(isinstance(t["process"].get("comm"), str), "process.comm", t)
    expect(isinstance(t.get("links"), list), "links", t)
    for link in t["links"]:
        expect(isinstance(link.get("kind"), str), "kind of a link", t)
        expect(is_int(link.get("trail")), "trail of a link", t)
    expect(isinstance(t.get("hits"), list), "hits", t)
    for h in t["hits"]:
        valid_hit(h, t)
    return True


def run(line):
    name, _, expression = line.partition("|")
    name = name.strip()
    try:
        result = eval(expression.strip(), globals())
        problem = None if result else "not true: " + expression.strip()
    except Failure as e:
        problem = str(e)
    except Exception as e:
        problem = "%s in %s" % (repr(e), expression.strip())
    if problem is None:
        print("ok", name)
        return
    print("bad", name)
    print("#", problem)
    for t in T[:12]:
        print("#  ", brief(t))


T = []


def main():
    with open(sys.argv[1]) as f:
        T.extend(json.loads(line, object_pairs_hook=Trail) for line in f)
    for arg in sys.argv[2:]:
        name, _, path = arg.partition("=")
        globals()[name] = pcap(path)
    for line in sys.stdin:
        if line.strip():
            run(line)


if __name__ == "__main__":
    main()
