#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Traffic for the tests of rewriting, and the judge of what came of it.

send N...        for each number one packet of each kind: UDP and TCP over IPv4 and IPv6,
                 from port 30000+N to port 20000+N; payload "p" and 199 letters
judge FILE KIND  FILE: what tcpdump -vv -A -t -n -r printed. stdin: lines "N | regex", of
                 which each names what the packet of that kind and number must look like,
                 "absent", or "spoilt"; its checksum must be right, unless it is spoilt
hash-server      reads connections to their end; prints SHA-256 of each
hash-client      sends --size bytes of a pattern, prints their SHA-256
"""

import argparse
import hashlib
import re
import socket
import struct
import sys

SO_NO_CHECK = 11
UDP_NO_CHECK6_TX = 101
IPV6_HOPOPTS = 54
IP_OPTIONS = 4
PAYLOAD = b"p" + b"abcdefghij" * 20
TARGETS = (("10.4.0.2", socket.AF_INET), ("fd00:4::2", socket.AF_INET6))

BAD = re.compile(r"bad udp cksum|incorrect|bad cksum|wrong icmp")
GOOD = re.compile(r"udp sum ok|\(correct\)|no cksum")


def bind(family, kind, n):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 30000 + n))
    return s


def with_options(s, family):
    if OPTIONS.options and family == socket.AF_INET:
        s.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, b"\1\1\1\1\7\7\4\0\0\0\0\0")
    elif OPTIONS.options:
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_HOPOPTS, b"\0\0\1\4\0\0\0\0")
    return s


def send_udp(addr, family, n):
    s = with_options(bind(family, socket.SOCK_DGRAM, n), family)
    if OPTIONS.no_check and family == socket.AF_INET:
        s.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
    elif OPTIONS.no_check:
        s.setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_TX, 1)
    s.sendto(PAYLOAD, (addr, 20000 + n))
    s.close()


def send_tcp(addr, family, n):
    s = with_options(bind(family, socket.SOCK_STREAM, n), family)
    s.setblocking(False)
    try:
        s.connect((addr, 20000 + n))
    except OSError:
        pass
    # no second SYN, and no FIN
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def send():
    for n in map(int, OPTIONS.args):
        for addr, family in TARGETS:
            send_udp(addr, family, n)
            send_tcp(addr, family, n)


def packets(path):
    """Text of each packet; its payload follows its headers."""
    text = open(path, encoding="latin-1").read()
    # behind an extension header ports stand apart from their addresses
    text = re.sub(r"(\S+) > (\S+): HBH \(padn\) (\d+) > (\d+):", r"\1.\3 > \2.\4: HBH", text)
    return re.split(r"^(?=IP6? \()", text, flags=re.M)[1:]


def kind_of(text):
    v6 = text.startswith("IP6")
    if " Flags [" in text:
        return "tcp6" if v6 else "tcp4"
    return "udp6" if v6 else "udp4"


def number_of(text):
    ports = re.search(r"\.(\d+) > \S*?\.(\d+): ", text)
    if not ports:
        return None
    for port, base in zip(ports.groups(), (30000, 20000)):
        if base < int(port) < base + 100:
            return int(port) - base
    return None


def verdict(found, want):
    if want == "absent":
        return not found, "it is there"
    if len(found) != 1:
        return False, "%d packets" % len(found)
    bad, good = BAD.search(found[0]), GOOD.search(found[0])
    if want == "spoilt":
        return bad or not good, "its checksum is right"
    if bad or not good:
        return False, "its checksum"
    return re.search(want, found[0], re.S), "not " + want


def judge():
    path, kind = OPTIONS.args
    found = {}
    for text in packets(path):
        # answers come from where it was sent to
        if kind_of(text) == kind and "Flags [R" not in text:
            found.setdefault(number_of(text), []).append(text)
    for line in sys.stdin:
        n, _, want = (part.strip() for part in line.partition("|"))
        name, _, want = want.partition("|")
        ok, why = verdict(found.get(int(n), []), want.strip())
        print("ok" if ok else "bad", kind, name.strip())
        if not ok:
            print("#", why)
            for text in found.get(int(n), [])[:2]:
                print("#", text.replace("\n", "\n# "))


def hash_server():
    family = socket.AF_INET6 if ":" in OPTIONS.args[0] else socket.AF_INET
    s = socket.socket(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((OPTIONS.args[0], int(OPTIONS.args[1])))
    s.listen()
    c = s.accept()[0]
    digest = hashlib.sha256()
    while True:
        data = c.recv(1 << 20)
        if not data:
            break
        digest.update(data)
    c.sendall(digest.hexdigest().encode())
    c.close()
    print(digest.hexdigest())


def hash_client():
    family = socket.AF_INET6 if ":" in OPTIONS.args[0] else socket.AF_INET
    s = socket.socket(family)
    s.connect((OPTIONS.args[0], int(OPTIONS.args[1])))
    digest = hashlib.sha256()
    # no two pieces are alike
    block = bytearray(hashlib.shake_128(b"skbtrail").digest(1 << 16))
    for n in range(OPTIONS.size >> 16):
        block[0:8] = struct.pack(">Q", n)
        digest.update(block)
        s.sendall(block)
    s.shutdown(socket.SHUT_WR)
    told = s.recv(100, socket.MSG_WAITALL).decode()
    print(digest.hexdigest())
    sys.exit(told != digest.hexdigest())


def options():
    p = argparse.ArgumentParser()
    p.add_argument("role", choices=("send", "judge", "hash-server", "hash-client"))
    p.add_argument("args", nargs="*")
    p.add_argument("--options", action="store_true")
    p.add_argument("--no-check", action="store_true")
    p.add_argument("--size", type=int, default=0)
    return p.parse_args()


OPTIONS = options()
globals()[OPTIONS.role.replace("-", "_")]()
