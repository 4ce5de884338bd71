#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Which of two sockets gets a packet that was sent to the one of them.

early.py CLIENT-NS SERVER-NS FROM...: stdin has lines
"NAME udp|tcp OLD-ADDRESS OLD-PORT NEW-ADDRESS NEW-PORT"; for each of them a packet with data
is sent from the address FROM of that family to the old one. Both are connected to where it
comes from, so that the kernel can choose the socket before it routes the packet. Prints
"NAME old", "new", "both" or "none".
"""

import ctypes
import os
import select
import socket
import struct
import sys

CLONE_NEWNET = 0x40000000
# in struct tcp_info
DATA_SEGS_IN = 152
WAIT = 5 * int(os.environ.get("SKBTRAIL_SLOW", 1))

LIBC = ctypes.CDLL(None, use_errno=True)


def enter(ns):
    fd = os.open("/run/netns/" + ns, os.O_RDONLY)
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)


def make(ns, kind, addr, port):
    enter(ns)
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(WAIT)
    s.bind((addr, port))
    return s


def udp_ends(here, old, new):
    """The socket that sends, and two that take nothing but what it sends."""
    sender = make(NAMESPACES[0], socket.SOCK_DGRAM, *here)
    sender.connect(old)
    takers = [make(NAMESPACES[1], socket.SOCK_DGRAM, *end) for end in (old, new)]
    for s in takers:
        s.connect(here)
    return [sender] + takers


def connection(here, there):
    listener = make(NAMESPACES[1], socket.SOCK_STREAM, *there)
    listener.listen()
    client = make(NAMESPACES[0], socket.SOCK_STREAM, *here)
    # closed, it sends nothing again
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.connect(there)
    server = listener.accept()[0]
    listener.close()
    return client, server


def tcp_ends(here, old, new):
    """The same of two connections from the same port; the second one's sender only stays."""
    first, second = connection(here, old), connection(here, new)
    return [*first, second[1], second[0]]


def segments(s):
    return struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256),
                              DATA_SEGS_IN)[0]


def has(s):
    # a segment of another connection is counted, too, and then not taken
    if s.type == socket.SOCK_STREAM:
        return segments(s) > 0
    return bool(select.select([s], [], [], 0)[0])


def which(old, new):
    for _ in range(50 * WAIT):
        got = has(old), has(new)
        if any(got):
            return {(1, 0): "old", (0, 1): "new", (1, 1): "both"}[got]
        select.select([], [], [], 0.02)
    return "none"


def main():
    for line in sys.stdin:
        name, kind, *to = line.split()
        old, new = (to[0], int(to[1])), (to[2], int(to[3]))
        source = next(a for a in SOURCES if (":" in a) == (":" in old[0]))
        ends = (tcp_ends if kind == "tcp" else udp_ends)((source, old[1] + 20000), old, new)
        ends[0].send(b"skbtrail")
        print(name, which(*ends[1:3]), flush=True)
        for s in ends:
            s.close()


NAMESPACES, SOURCES = sys.argv[1:3], sys.argv[3:]
main()
