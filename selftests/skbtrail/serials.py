#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
serials.py SENT RECORDING [FROM]: judges the trails of a flood whose datagrams carry
serial numbers from 0 on, and of a few that say "stop", together with what the
tool says of losses. Prints "ok text" or "bad text". How many trails are missing
cannot be said where kprobes were switched off; but those from FROM on are there.
"""

import json
import re
import struct
import subprocess
import sys
import tempfile

# IPv4 and UDP header
HEADERS = 28
MAGIC = b"skbtrail"
STOPS = 10

# Stages a datagram passes once between two sockets.
ONCE = {"sock.send", "udp.sendmsg", "udp.send", "ip.local_out", "nf.local_out",
        "ip.output", "nf.postrouting", "ip.finish", "neigh.output", "dev.queue",
        "dev.xmit", "dev.netif_rx", "dev.receive", "ip.rcv", "nf.prerouting",
        "route.input", "ip.local_deliver", "nf.local_in", "ip.deliver", "udp.rcv",
        "sock.lookup", "udp.queue", "sock.queue", "sock.copy"}


def verdict(ok, text):
    print("ok" if ok else "bad", text)


def serial_of(t):
    """Serial number, -1 for a stop, None when the packet record was lost."""
    if "bytes" not in t:
        return None
    data = bytes.fromhex(t["bytes"])[HEADERS:]
    if data[:len(MAGIC)] == MAGIC:
        return struct.unpack(">I", data[len(MAGIC):len(MAGIC) + 4])[0]
    return -1


def is_clone(t):
    return any(link["kind"] == "clone" for link in t["links"])


def mixed(t):
    """Stages passed twice, hits that go back in time or follow the read."""
    stages = [h["stage"] for h in t["hits"]]
    times = [h["ns"] for h in t["hits"]]
    seen = [s for s in stages if s in ONCE]
    return len(seen) != len(set(seen)) or times != sorted(times)


def told(text, what):
    m = re.search(r"(\d+) " + what, text)
    return int(m.group(1)) if m else 0


def main():
    sent = int(sys.argv[1])
    serials, twice, headless, stops, wrong, partial, unknown = {}, [], 0, 0, [], [], 0
    complaints = tempfile.TemporaryFile("w+")
    tool = subprocess.Popen(["skbtrail", "read", "--json", sys.argv[2]],
                            stdout=subprocess.PIPE, stderr=complaints, text=True)
    for line in tool.stdout:
        t = json.loads(line)
        if is_clone(t):
            continue
        serial = serial_of(t)
        if mixed(t):
            wrong.append(t)
        if t["end"] == "unknown":
            unknown += 1
        if serial is None:
            headless += 1
            continue
        if serial < 0:
            stops += 1
            continue
        # where a packet's end may have been missed its trail ends, and it begins another
        if serials.get(serial, "unknown") != "unknown":
            twice.append(serial)
        serials[serial] = t["end"]
        missing = ONCE - {h["stage"] for h in t["hits"]}
        if t["end"] == "delivered" and missing and not t["lost"]:
            partial.append((t["trail"], sorted(missing)))
    tool.wait()
    complaints.seek(0)
    losses = complaints.read()
    refused = told(losses, "packets not followed, the buffer") + \
        told(losses, "packets not followed, the identity")
    records = told(losses, "records for want")
    print("#", "%d serials, %d stops, %d headless, %d refused, %d records lost, %d unknown"
          % (len(serials), stops, headless, refused, records, unknown))
    verdict(not twice, "no serial number twice, unless the first ended unknown %s" % twice[:5])
    verdict(not wrong, "no trail holds two packets %s" % [
        (t["trail"], [h["stage"] for h in t["hits"]]) for t in wrong[:3]])
    verdict(not partial, "a trail without a gap is whole (%d are not) %s"
            % (len(partial), partial[:3]))
    verdict(all(0 <= s < sent for s in serials), "every serial number was sent")
    if told(losses, "times kprobes were switched"):
        late = set(range(int(sys.argv[3]), sent)) - set(serials)
        verdict(not late, "all that came later are there (%d are not)" % len(late))
        return
    whole = len(serials) + stops + headless + refused
    verdict(whole <= sent + STOPS and whole + records >= sent + STOPS,
            "trails and losses told are what was sent: %d and %d of %d"
            % (whole, records, sent + STOPS))
    verdict(records or whole == sent + STOPS, "exactly, if no record was lost")


main()
