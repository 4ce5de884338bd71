#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The two ends of the tests' traffic.

udp-server  answers COUNT datagrams, each with its text reversed
udp-client  sends COUNT datagrams, waits for the answer to each
udp-send    sends COUNT datagrams, waits for nothing
udp-sink    reads datagrams until one says "stop"; prints how many
udp-serials reads those of a flood; prints the number of each
tcp-server  answers COUNT connections: reads to the end, says "bye"
tcp-client  sends COUNT bytes, closes its side, reads to the end
flood       sends COUNT datagrams with serial numbers, then "stop" ten times
"""

import argparse
import os
import socket
import struct

# not in Python's socket
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
SERIAL = b"skbtrail"


OPTIONS = None


def make(addr, kind):
    v6 = ":" in addr
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
    s.settimeout(20 * int(os.environ.get("SKBTRAIL_SLOW", 1)))
    if OPTIONS.ttl and v6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, OPTIONS.ttl)
    elif OPTIONS.ttl:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, OPTIONS.ttl)
    if OPTIONS.source:
        s.bind((OPTIONS.source, 0))
    return s


def udp_server(addr, port, count):
    s = make(addr, socket.SOCK_DGRAM)
    s.bind((addr, port))
    for _ in range(count):
        data, who = s.recvfrom(2048)
        s.sendto(data[::-1], who)


def udp_client(addr, port, count):
    s = make(addr, socket.SOCK_DGRAM)
    text = OPTIONS.text.encode()
    for _ in range(count):
        s.sendto(text, (addr, port))
        assert s.recvfrom(2048)[0] == text[::-1]


def udp_send(addr, port, count):
    s = make(addr, socket.SOCK_DGRAM)
    for _ in range(count):
        s.sendto(OPTIONS.text.encode(), (addr, port))


def until_stop(addr, port):
    s = make(addr, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    s.bind((addr, port))
    return iter(lambda: s.recv(2048), b"stop")


def udp_sink(addr, port, _):
    print(sum(1 for _ in until_stop(addr, port)))


def udp_serials(addr, port, _):
    for data in until_stop(addr, port):
        print(struct.unpack(">I", data[len(SERIAL):])[0], flush=True)


def tcp_server(addr, port, count):
    s = make(addr, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((addr, port))
    s.listen()
    for _ in range(count):
        c = s.accept()[0]
        n = 0
        while True:
            data = c.recv(65536)
            if not data:
                break
            n += len(data)
        c.sendall(b"bye %d" % n)
        c.close()


def tcp_client(addr, port, count):
    s = make(addr, socket.SOCK_STREAM)
    s.connect((addr, port))
    s.sendall(b"x" * count)
    s.shutdown(socket.SHUT_WR)
    answer = b""
    while True:
        data = s.recv(2048)
        if not data:
            break
        answer += data
    assert answer == b"bye %d" % count, answer


def flood(addr, port, count):
    s = make(addr, socket.SOCK_DGRAM)
    # what waits on its way counts as the sender's
    s.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20)
    s.connect((addr, port))
    for i in range(count):
        s.send(SERIAL + struct.pack(">I", i))
    for _ in range(10):
        stop(s)


def stop(s):
    """The receiver leaves at the first; then ICMP makes the next send fail, unsent."""
    while True:
        try:
            s.send(b"stop")
            return
        except ConnectionRefusedError:
            pass


ROLES = {
    "udp-server": udp_server,
    "udp-client": udp_client,
    "udp-send": udp_send,
    "udp-sink": udp_sink,
    "udp-serials": udp_serials,
    "tcp-server": tcp_server,
    "tcp-client": tcp_client,
    "flood": flood,
}


def options():
    p = argparse.ArgumentParser()
    p.add_argument("role", choices=ROLES)
    p.add_argument("address")
    p.add_argument("port", type=int)
    p.add_argument("--count", type=int, default=1)
    p.add_argument("--text", default="skbtrail test")
    p.add_argument("--ttl", type=int)
    p.add_argument("--source")
    return p.parse_args()


OPTIONS = options()
ROLES[OPTIONS.role](OPTIONS.address, OPTIONS.port, OPTIONS.count)
