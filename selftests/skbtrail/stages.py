#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Counts a stage's hits against somebody who does not know of them.

stages.py events STAGES TABLE...    lets the kernel count what the tables ask for
stages.py quiet                     the kernel counts no longer
stages.py program TABLE...          what of it is for bpftrace
stages.py snapshot TABLE NS...      counters of the namespaces the table asks for
stages.py judge COVERED STAGES NAME...

TABLE has a line for each stage, "stage | witness, witness ...": Python
expressions, each of which must be the number of its hits, and there must be
hits. "stage NS DEV | ..." is about its hits on one device, "stage | number |
witness ..." about another number of ours. Other lines tell who has to count:

event NAME DEFINITION | KEYS        a probe of tracefs (p or r, as in kprobe_events);
                                    with KEYS by these: "family if family != 16"
event NAME SYSTEM:EVENT | KEYS      an event there is
probe ...                           bpftrace; starting it takes ten seconds

STAGES is the output of "skbtrail stages --json". Files of a test NAME in the
current folder: NAME.table; NAME.trails.out, the output of "skbtrail trace --json";
snapshots NAME.before and NAME.after, and with .bpf what bpftrace had printed by
then. COVERED gets the names of the stages that passed.

A witness can be:

same                      calls of the functions behind the stage
traced(NAME, key...)      an event; with keys those that have them
bpf(MAP)                  a map of bpftrace, from "probe"; the sum over its keys
snmp(NS, NAME)            /proc/net/snmp, netstat and snmp6: IpInReceives, ...
link(NS, DEV, rx|tx)      packets of a device
dropped(NS, DEV)          packets it did not send
all_snmp(NAME), all_links(rx|tx)  the same, in all namespaces and of all devices
softnet(COLUMN)           sum over CPUs
nft(NS, NAME)             packets of a named counter
tc(NS, DEV, PARENT)       packets of the actions of its filters: ingress, egress, parent 1:
qdisc(NS, DEV)            packets of its qdiscs
xfrm(NS, SPI)             packets of a state
mfc(NS)                   packets of multicast routes
told(NAME)                what NAME printed in the background
ends(END...)              trails of IPv4 packets that ended so
links(KIND)               links between trails
payload(STAGE)            hits of packets that carry data of TCP
hits(STAGE)               hits of another stage
"""

import collections
import ctypes
import json
import os
import pathlib
import re
import subprocess
import sys

ATTACHED = ("available", "attached")
TRACING = pathlib.Path("/sys/kernel/tracing")
# what is counted now: {name: (folder, trigger)}
PLACED = pathlib.Path("/run/skbtrail-events")


# ---- snapshots ----

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(ns):
    """Reading files is much cheaper than running ip netns exec."""
    with open("/run/netns/" + ns, "rb") as f:
        if LIBC.setns(f.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns " + ns)


def read(*names):
    text = ""
    for name in names:
        path = pathlib.Path("/proc/thread-self/net", name)
        if path.exists():
            text += path.read_text(encoding="ascii")
    return text


def run(*command):
    """Output of a command, "" if there is no such thing."""
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def pairs(text):
    """/proc/net/snmp and netstat: a line of names, a line of numbers."""
    lines = text.splitlines()
    counters = {}
    for names, values in zip(lines[::2], lines[1::2]):
        names = names.split()
        for name, value in zip(names[1:], values.split()[1:]):
            counters[names[0].rstrip(":") + name] = int(value)
    return counters


def snmp6(text):
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines()}


def devices():
    """rx: bytes packets ... (8 columns), tx: bytes packets errs drop ..."""
    found = {}
    for line in read("dev").splitlines()[2:]:
        name, _, numbers = line.partition(":")
        n = [int(word) for word in numbers.split()]
        found[name.strip()] = {"rx": n[1], "tx": n[9], "dropped": n[10] + n[11]}
    return found


def named_counters():
    found = {}
    for item in json.loads(run("nft", "-j", "list", "counters"))["nftables"]:
        if "counter" in item:
            found[item["counter"]["name"]] = item["counter"]["packets"]
    return found


def action_packets(dev):
    """Packets of the actions of filters: of both sides of a device, of its qdisc."""
    found = {}
    for parent in ("ingress", "egress", "parent 1:"):
        text = run("tc", "-j", "-s", "filter", "show", "dev", dev, *parent.split())
        found[parent] = 0
        for item in json.loads(text or "[]"):
            for action in item.get("options", {}).get("actions", []):
                found[parent] += action["stats"]["packets"]
    return found


def qdisc_packets():
    total = collections.Counter()
    for item in json.loads(run("tc", "-j", "-s", "qdisc", "show")):
        # clsact only holds filters
        total[item["dev"]] += item["packets"] * (item["kind"] != "clsact")
    return total


def state_packets():
    """Packets by SPI: a state's counters stand behind "lifetime current"."""
    found, spi, current = {}, None, False
    for line in run("ip", "-s", "xfrm", "state").splitlines():
        words = line.split()
        if "spi" in words:
            spi = words[words.index("spi") + 1].split("(")[0]
        elif "lifetime current:" in line:
            current = True
        elif current:
            found[spi] = int(words[1].split("(")[0])
            current = False
    return found


def mfc_packets():
    """Group Origin Iif Pkts ...; for IPv6 the same in another file."""
    lines = read("ip_mr_cache").splitlines()[1:] + read("ip6_mr_cache").splitlines()[1:]
    return sum(int(line.split()[3]) for line in lines)


def softnet():
    with open("/proc/net/softnet_stat", encoding="ascii") as f:
        rows = [[int(word, 16) for word in line.split()] for line in f]
    return [sum(column) for column in zip(*rows)]


def protocol_counters():
    counters = pairs(read("snmp", "netstat"))
    counters.update(snmp6(read("snmp6")))
    return counters


KINDS = {
    "snmp": protocol_counters,
    "link": devices,
    "nft": named_counters,
    "tc": lambda: {dev: action_packets(dev) for dev in devices()},
    "qdisc": qdisc_packets,
    "xfrm": state_packets,
    "mfc": mfc_packets,
}


def histogram(path):
    """{"2,0": hits} of lines "{ pf:  2, hook:  0 } hitcount:  4", and the sum as ""."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        keys = re.match(r"{ (.*) } hitcount: +(\d+)", line)
        if keys:
            values = [key.split(":", 1)[1].strip() for key in keys[1].split(",")]
            found[",".join(values)] = int(keys[2])
        elif line.strip().startswith("Hits:"):
            found[""] = int(line.split()[1])
    return found


def event_counts():
    """{name: {keys: hits}}; missed ones of all probes as "missed"."""
    found = {"missed": 0}
    for line in (TRACING / "kprobe_profile").read_text(encoding="ascii").splitlines():
        name, hits, missed = line.split()
        found[name] = {"": int(hits)}
        found["missed"] += int(missed)
    for name, (folder, trigger) in json.loads(PLACED.read_text(encoding="ascii")).items():
        if trigger:
            found[name] = histogram(pathlib.Path(folder) / "hist")
    return found


def snapshot(table, *spaces):
    """Some of these take a while: only what the table asks for."""
    with open(table, encoding="ascii") as f:
        text = f.read()
    wanted = {kind: read_ for kind, read_ in KINDS.items() if kind + "(" in text}
    if "dropped(" in text or "all_links(" in text:
        wanted["link"] = devices
    found = {}
    for ns in spaces:
        enter(ns)
        found[ns] = {kind: read_() for kind, read_ in wanted.items()}
    print(json.dumps({"softnet": softnet(), "ns": found, "events": event_counts()}))


# ---- tables ----

def load_stages(path):
    with open(path, encoding="ascii") as f:
        return {s["stage"]: s for s in map(json.loads, f)}


def load_table(path):
    """Rows (stage, our number or "", witnesses), lines of bpftrace, events."""
    rows, probes, wanted = [], [], []
    with open(path, encoding="ascii") as f:
        for line in f:
            kind, _, rest = line.strip().partition(" ")
            if kind == "probe":
                probes.append(rest)
            elif kind == "event":
                wanted.append(rest)
            elif kind:
                row = [part.strip() for part in line.split("|")]
                rows.append((row[0], row[1] if len(row) > 2 else "", row[-1]))
    return rows, probes, wanted


# ---- who counts ----

def functions(stage):
    """The functions behind a stage, and the events for them: (function, name, event)."""
    for point in stage["points"]:
        if point["state"] not in ATTACHED:
            continue
        func, how = point["func"], point["attach"]
        place = "%s:%s" % (point["module"], func) if "module" in point else func
        clean = re.sub(r"\W", "_", func)
        if how in ("ftrace", "kprobe"):
            yield func, "call_" + clean, "p " + place
        elif how == "kretprobe":
            yield func, "return_" + clean, "r128 " + place
        elif how == "tracepoint":
            found = next((TRACING / "events").glob("*/" + func), None)
            if found:
                yield func, "tp_" + clean, "%s:%s | common_pid" % (found.parent.name, func)


def place_event(name, text):
    """
    text: "p function args | keys" or "system:event | keys". Returns its folder and
    the trigger that counts by keys.
    """
    event, _, keys = (part.strip() for part in text.partition("|"))
    if " " in event:
        kind, place = event.split(" ", 1)
        probe_events(os.O_APPEND, "%s:st/%s %s\n" % (kind, name, place))
        event = "st:" + name
    folder = TRACING / "events" / event.replace(":", "/")
    if keys:
        keys, _, condition = keys.partition(" if ")
        trigger = "hist:keys=" + keys + (" if " + condition if condition else "")
        (folder / "trigger").write_text(trigger, encoding="ascii")
        return str(folder), trigger
    (folder / "enable").write_text("1", encoding="ascii")
    return str(folder), ""


def probe_events(flags, text):
    """Appending, Python would look for the end, which this file does not have."""
    fd = os.open(TRACING / "kprobe_events", os.O_WRONLY | flags)
    os.write(fd, text.encode())
    os.close(fd)


def events(stages, *tables):
    stages = load_stages(stages)
    wanted, placed = {}, {}
    for table in tables:
        rows, _, lines = load_table(table)
        wanted.update(line.split(" ", 1) for line in lines)
        for row, _, witness in rows:
            name = row.split()[0]
            if "same" in witness:
                wanted.update((n, e) for _, n, e in functions(stages[name]))
    for name, text in wanted.items():
        try:
            placed[name] = place_event(name, text)
        except OSError as e:
            log = (TRACING / "error_log").read_text(encoding="ascii")
            sys.exit("event %s %s: %s\n%s" % (name, text, e, log))
    PLACED.write_text(json.dumps(placed), encoding="ascii")


def quiet():
    for folder, trigger in json.loads(PLACED.read_text(encoding="ascii")).values():
        folder = pathlib.Path(folder)
        if trigger:
            (folder / "trigger").write_text("!" + trigger, encoding="ascii")
        else:
            (folder / "enable").write_text("0", encoding="ascii")
    probe_events(os.O_TRUNC, "")
    PLACED.unlink()


def program(*tables):
    probes = []
    for table in tables:
        probes += [line for line in load_table(table)[1] if line not in probes]
    if probes:
        # prints as the last of all maps
        print("\n".join(probes + ["BEGIN { @z = 1; }"]))


# ---- judging ----

def load_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def last_maps(path):
    """What bpftrace printed last; a map without an entry is not printed."""
    maps = {}
    if not pathlib.Path(path).exists():
        return maps
    with open(path, encoding="utf-8") as f:
        for line in f:
            if '"map"' in line:
                maps.update(json.loads(line)["data"])
    return maps


class Evidence:
    """What everybody counted."""

    def __init__(self, stages, name):
        self.stages = load_stages(stages)
        self.numbers = [load_json(name + when) for when in (".before", ".after")]
        self.maps = [last_maps(name + when) for when in (".before.bpf", ".after.bpf")]
        with open(name + ".trails.out", encoding="utf-8") as f:
            self.trails = [json.loads(line) for line in f]
        self.counted = collections.Counter()
        for trail in self.trails:
            for hit in trail["hits"]:
                self.counted[hit["stage"], hit["func"], hit.get("netns_name"),
                             hit.get("dev")] += 1

    def hits(self, stage, *where):
        """Hits of a stage, of its function or on a device."""
        return sum(n for key, n in self.counted.items()
                   if key[0] == stage and (not where or key[2:] == where))

    def of_function(self, stage, func):
        return sum(n for key, n in self.counted.items() if key[:2] == (stage, func))

    def bpf(self, name):
        """A number, or the sum of those of all keys."""
        values = []
        for maps in self.maps:
            value = maps.get("@" + name, 0)
            values.append(sum(value.values()) if isinstance(value, dict) else value)
        return values[1] - values[0]

    def traced(self, name, *keys):
        values = [n["events"][name].get(",".join(map(str, keys)), 0) for n in self.numbers]
        return values[1] - values[0]

    def same(self, stage):
        """Calls of the functions behind a stage, and those we counted otherwise."""
        calls = {func: self.traced(name) for func, name, _ in functions(self.stages[stage])}
        odd = ["%s: we %d, it %d" % (func, self.of_function(stage, func), n)
               for func, n in calls.items() if self.of_function(stage, func) != n]
        return sum(calls.values()), odd

    def since(self, *path):
        values = []
        for value in self.numbers:
            for key in path:
                value = value[key]
            values.append(value)
        return values[1] - values[0]

    def all_snmp(self, name):
        return sum(self.since("ns", ns, "snmp", name) for ns in self.numbers[0]["ns"])

    def all_links(self, way):
        return sum(self.since("ns", ns, "link", dev, way)
                   for ns, kinds in self.numbers[0]["ns"].items() for dev in kinds["link"])

    def told(self, name):
        return int(pathlib.Path(name + ".out").read_text(encoding="ascii"))

    def ends(self, *kinds):
        return sum(t["end"] in kinds and t.get("family") == "ipv4" for t in self.trails)

    def payload(self, stage):
        return sum(hit["stage"] == stage for t in self.trails for hit in t["hits"]
                   if t.get("tcp", {}).get("payload"))

    def links(self, kind):
        return sum(link["kind"] == kind for t in self.trails for link in t["links"])

    def names(self):
        """What an expression can use."""
        def of_space(kind):
            return lambda ns, *path: self.since("ns", ns, kind, *path)

        names = {kind: of_space(kind)
                 for kind in ("snmp", "nft", "tc", "qdisc", "xfrm", "mfc")}
        names.update({
            "bpf": self.bpf, "traced": self.traced, "hits": self.hits, "ends": self.ends, "links": self.links,
            "told": self.told, "payload": self.payload, "same": 0,
            "all_snmp": self.all_snmp, "all_links": self.all_links,
            "link": of_space("link"),
            "dropped": lambda ns, dev: self.since("ns", ns, "link", dev, "dropped"),
            "softnet": lambda column: self.since("softnet", column),
        })
        return names

    def judge(self, row, ours, witness):
        """Our number, and what is wrong with it."""
        stage, *where = row.split()
        have = self.hits(stage, *where)
        names = self.names()
        odd = []
        if "same" in witness:
            names["same"], odd = self.same(stage)
        if ours:
            have = eval(ours, {}, names)
        said = eval("(%s,)" % witness, {}, names)
        problems = ["we counted %s, %s says %s" % (have, text.strip(), n)
                    for text, n in zip(split(witness), said) if n != have]
        problems += odd
        problems += ["bpftrace: %s" % m for m in self.maps if problems and m]
        if not have:
            problems.append("no hit")
        if self.since("events", "missed"):
            problems.append("the kernel's probes missed calls")
        return have, problems


def split(witness):
    """Expressions of a witness: at commas outside of brackets."""
    depth, word = 0, ""
    for c in witness:
        depth += (c in "([") - (c in ")]")
        if c == "," and not depth:
            yield word
            word = ""
        else:
            word += c
    yield word


def judge(covered, stages, *names):
    for name in names:
        evidence = Evidence(stages, name)
        for row, ours, witness in load_table(name + ".table")[0]:
            have = 0
            try:
                have, problems = evidence.judge(row, ours, witness)
            except Exception as e:
                problems = ["%.200r in %s" % (e, witness)]
            print("bad" if problems else "ok", "%s: %s: %d" % (name, row, have))
            for problem in problems:
                print("#", problem)
            if not problems:
                with open(covered, "a", encoding="ascii") as cover:
                    print(row.split()[0], file=cover)


COMMANDS = {c.__name__: c for c in (events, quiet, program, snapshot, judge)}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
