#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The two ends of the tests' traffic.

udp-server  answers COUNT datagrams, each with its text reversed
udp-client  sends COUNT datagrams, waits for the answer to each
udp-send    sends COUNT datagrams, waits for nothing
udp-corked  sends a datagram of COUNT bytes in two calls, reads stdin to its end between them
udp-segments sends COUNT datagrams in one call, for the kernel to cut
udp-self    sends COUNT datagrams to itself, then reads them
cgroup-self does the same in --cgroup with BPF programs; prints how often they ran
raw-self    the same with a raw socket of protocol PORT; prints COUNT
multicast-router forwards what --source sends to group ADDRESS between --devices, until SIGINT
tcp-half-closed  connects to itself and closes the one end before the other
tcp-backlog connects to itself and receives while it is about to send; prints how often
packet-sink counts packets of the device ADDRESS until SIGINT, as the kernel does
packet-send sends COUNT frames by the device ADDRESS
frame-send  sends COUNT frames to ADDRESS and PORT by --devices, --source and --mac whatever they
            are: a datagram, or a TCP segment with --flags; --wrong ip or l4: that checksum
udp-mute    never reads; its buffer is as small as can be. With --wrong filter it lets nothing in
tcp-mute    listens with a backlog of COUNT, and accepts nothing
tcp-connect connects, and no more
udp-sink    reads datagrams until one says "stop"; prints how many
udp-serials reads those of a flood; prints the number of each
fragments-send sends a datagram of COUNT bytes as fragments of its own making, in --order
tcp-server  answers COUNT connections: reads to the end, says "bye"
tcp-client  sends COUNT bytes, closes its side, reads to the end
tcp-told    the same, but says "connected" and reads a line before it sends, and one before it closes
ebtables-drop  makes drop the policy of chain ADDRESS of the table filter of ebtables-legacy
tcp-reader  receives one connection by calls of --piece bytes each; its buffer is small
tcp-calls   connects and does what --text says: "send:N", "cork", "uncork"; waits after each of
            them, but for "cork", until the other end has acknowledged everything
batch       does what stdin says, a line of arguments each; what is refused is left
flood       sends COUNT datagrams with serial numbers, then "stop" ten times
"""

import argparse
import ctypes
import fcntl
import mmap
import os
import signal
import socket
import struct
import sys
import threading

# not in Python's socket
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
SO_ATTACH_FILTER = 26
EBT_SO_SET_ENTRIES, EBT_ACCEPT, EBT_DROP = 128, -1, -2
UDP_SEGMENT = 103
SIOCOUTQ = 0x5411
TCP_FIN_WAIT2 = 5
MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC = 200, 202, 204
VIFF_USE_IFINDEX = 8
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_COPY = 0xc018aa3f, 0xc020aa00, 0xc028aa03
SOL_PACKET = 263
PACKET_STATISTICS = 6
ETH_P_ALL = 3
SERIAL = b"skbtrail"


OPTIONS = None

LIBC = ctypes.CDLL(None, use_errno=True)
# system calls of x86-64 and arm64
BPF, USERFAULTFD = (321, 323) if os.uname().machine == "x86_64" else (280, 282)


def system_call(number, *args):
    done = LIBC.syscall(number, *args)
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


def make(addr, kind):
    v6 = ":" in addr
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, kind)
    s.settimeout(20 * int(os.environ.get("SKBTRAIL_SLOW", 1)))
    if OPTIONS.ttl and v6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, OPTIONS.ttl)
    elif OPTIONS.ttl:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, OPTIONS.ttl)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, OPTIONS.ttl)
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


def udp_corked(addr, port, count):
    s = make(addr, socket.SOCK_DGRAM)
    s.connect((addr, port))
    s.send(b"x" * (count - 1), socket.MSG_MORE)
    print("corked", flush=True)
    sys.stdin.read()
    s.send(b"x")


def udp_segments(addr, port, count):
    s = make(addr, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
    s.sendto(b"x" * 1000 * count, (addr, port))


def udp_self(addr, port, count):
    reader = make(addr, socket.SOCK_DGRAM)
    reader.bind((addr, port))
    udp_send(addr, port, count)
    for _ in range(count):
        reader.recv(2048)


def raw_self(addr, protocol, count):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
    s.bind((addr, 0))
    print(sum(s.sendto(b"skbtrail", (addr, 0)) > 0 for _ in range(count)))
    for _ in range(count):
        s.recv(2048)


def multicast_router(group, _, __):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
    s.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
    for n, dev in enumerate(OPTIONS.devices):
        s.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF, struct.pack(
            "=HBBIi4x", n, VIFF_USE_IFINDEX, 1, 0, socket.if_nametoindex(dev)))
    s.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC, struct.pack(
        "=4s4sH32s2xIIIi", socket.inet_aton(OPTIONS.source), socket.inet_aton(group), 0,
        b"\0\1" + bytes(30), 0, 0, 0, 0))
    print("listening", file=sys.stderr, flush=True)
    signal.pause()


def connected(addr, port):
    """Both ends of a connection."""
    server = make(addr, socket.SOCK_STREAM)
    server.bind((addr, port))
    server.listen()
    client = make(addr, socket.SOCK_STREAM)
    client.connect((addr, port))
    return client, server.accept()[0]


def tcp_half_closed(addr, port, _):
    client, server = connected(addr, port)
    client.sendall(b"skbtrail")
    server.recv(2048)
    client.shutdown(socket.SHUT_WR)
    while client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != TCP_FIN_WAIT2:
        pass
    client.close()
    server.close()


class MissingPage:
    """A page that is not there: who reads it waits until it is provided."""

    def __init__(self):
        self.fd = system_call(USERFAULTFD, os.O_CLOEXEC)
        self.page = mmap.mmap(-1, mmap.PAGESIZE)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.page))
        self.ioctl(UFFDIO_API, "QQQ", 0xaa, 0, 0)
        self.ioctl(UFFDIO_REGISTER, "QQQQ", self.start, mmap.PAGESIZE, 1, 0)

    def ioctl(self, command, form, *values):
        fcntl.ioctl(self.fd, command, struct.pack(form, *values))

    def wait_reader(self):
        os.read(self.fd, 32)

    def provide(self):
        text = ctypes.create_string_buffer(2 * mmap.PAGESIZE)
        page = -(-ctypes.addressof(text) // mmap.PAGESIZE) * mmap.PAGESIZE
        self.ioctl(UFFDIO_COPY, "QQQQQ", self.start, page, mmap.PAGESIZE, 0, 0)


def tcp_backlog(addr, port, _):
    client, server = connected(addr, port)
    missing = MissingPage()
    sender = threading.Thread(target=client.send, args=(missing.page,))
    sender.start()
    missing.wait_reader()
    # the client's socket is in use now: this has to wait, and so has nothing else
    server.send(b"skbtrail")
    missing.provide()
    sender.join()
    client.recv(2048)
    server.recv(mmap.PAGESIZE, socket.MSG_WAITALL)
    print(1, flush=True)
    # pages of a userfaultfd that is closed must not be read again
    os._exit(0)


class Program:
    """A BPF program that lets everything pass, or nothing, attached to a cgroup."""

    LOAD, ATTACH = 5, 8
    CGROUP_SKB = 8

    def __init__(self, cgroup, where, passes=1):
        # r0 = passes; exit
        code = ctypes.create_string_buffer(struct.pack("<QQ", passes << 32 | 0xb7, 0x95))
        text = ctypes.create_string_buffer(b"GPL")
        self.fd = self.bpf(self.LOAD, struct.pack(
            "<IIQQIIQII16sII", self.CGROUP_SKB, 2, ctypes.addressof(code),
            ctypes.addressof(text), 0, 0, 0, 0, 0, b"", 0, where))
        folder = os.open(cgroup, os.O_RDONLY)
        self.bpf(self.ATTACH, struct.pack("<IIII", folder, self.fd, where, 0))

    @staticmethod
    def bpf(command, attr):
        return system_call(BPF, command, attr, len(attr))

    def runs(self):
        with open("/proc/self/fdinfo/%d" % self.fd, encoding="ascii") as f:
            return int(dict(line.split(":") for line in f)["run_cnt"])


def join_cgroup():
    with open(OPTIONS.cgroup + "/cgroup.procs", "w", encoding="ascii") as f:
        f.write(str(os.getpid()))


def cgroup_self(addr, port, count):
    with open("/proc/sys/kernel/bpf_stats_enabled", "w", encoding="ascii") as f:
        f.write("1")
    join_cgroup()
    programs = [Program(OPTIONS.cgroup, where) for where in (0, 1)]
    udp_self(addr, port, count)
    print(*[p.runs() for p in programs])


def packet_socket(dev, protocol):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    s.bind((dev, protocol))
    return s


def packet_sink(dev, _, __):
    s = packet_socket(dev, ETH_P_ALL)
    print("listening", file=sys.stderr, flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    packets, _ = struct.unpack("II", s.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    print(packets)


def packet_send(dev, _, count):
    s = packet_socket(dev, 0)
    # local experimental Ethertype
    frame = b"\xff" * 6 + b"\x02\0\0\0\0\1" + b"\x88\xb5" + bytes(50)
    print(sum(s.send(frame) == len(frame) for _ in range(count)))


def say_and_wait():
    print("listening", file=sys.stderr, flush=True)
    signal.pause()


def udp_mute(addr, port, _):
    if OPTIONS.wrong == "cgroup":
        join_cgroup()
        Program(OPTIONS.cgroup, 0, passes=0)
    s = make(addr, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    if OPTIONS.wrong == "filter":
        # ret 0
        code = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0))
        s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                     struct.pack("@HP", 1, ctypes.addressof(code)))
    s.bind((addr, port))
    say_and_wait()


def tcp_mute(addr, port, count):
    s = make(addr, socket.SOCK_STREAM)
    s.bind((addr, port))
    s.listen(count)
    say_and_wait()


def tcp_connect(addr, port, _):
    s = make(addr, socket.SOCK_STREAM)
    s.connect((addr, port))
    say_and_wait()


def tcp_connects(addr, port, count):
    """All at once."""
    sockets = [make(addr, socket.SOCK_STREAM) for _ in range(count)]
    for s in sockets:
        s.setblocking(False)
    for s in sockets:
        s.connect_ex((addr, port))
    say_and_wait()


def checksum(data):
    total = sum(struct.unpack(">%dH" % ((len(data) + 1) // 2), data + bytes(len(data) % 2)))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def with_checksum(data, at, covers, wrong):
    return data[:at] + struct.pack(">H", checksum(covers + data) ^ wrong) + data[at + 2:]


def transport(src, dst, port):
    """A header and what it covers; from the port to the same one."""
    text = OPTIONS.text.encode()
    wrong = 0x1234 if OPTIONS.wrong == "l4" else 0
    if OPTIONS.flags is None:
        proto, at = socket.IPPROTO_UDP, 6
        data = struct.pack(">HHHH", port, port, 8 + len(text), 0) + text
    else:
        proto, at = socket.IPPROTO_TCP, 16
        data = struct.pack(">HHIIBBHHH", port, port, 1000, 2000, 5 << 4, OPTIONS.flags, 1000, 0, 0)
    return proto, with_checksum(data, at, src + dst + struct.pack(">II", len(data), proto), wrong)


def frame_send(addr, port, count):
    dev, = OPTIONS.devices
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    src, dst = socket.inet_pton(family, OPTIONS.source), socket.inet_pton(family, addr)
    proto, data = transport(src, dst, port)
    if family == socket.AF_INET:
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(data), 1, 0, OPTIONS.ttl or 64, proto, 0)
        ip = with_checksum(ip + src + dst, 10, b"", 0x1234 if OPTIONS.wrong == "ip" else 0)
    else:
        ip = struct.pack(">IHBB", 6 << 28, len(data), proto, OPTIONS.ttl or 64) + src + dst
    with open("/sys/class/net/%s/address" % dev, encoding="ascii") as f:
        own = f.read()
    macs = [bytes.fromhex(mac.strip().replace(":", "")) for mac in (OPTIONS.mac, own)]
    kind = b"\x08\x00" if family == socket.AF_INET else b"\x86\xdd"
    s = packet_socket(dev, 0)
    for _ in range(count):
        s.send(b"".join(macs) + kind + ip + data)


def ebtables_drop(chain, *_):
    # chains without rules, in the order of their hooks
    chains = [struct.pack("=I32sIiI", 0, name.encode(), 0,
                          EBT_DROP if name == chain else EBT_ACCEPT, 0)
              for name in ("INPUT", "FORWARD", "OUTPUT")]
    entries = ctypes.create_string_buffer(b"".join(chains), 48 * len(chains))
    at = ctypes.addressof(entries)
    head = struct.pack("=32sIII4x6QI4xQQ", b"filter", 0b1110, 0, len(entries),
                       0, at, at + 48, at + 96, 0, 0, 0, 0, at)
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    s.setsockopt(socket.IPPROTO_IP, EBT_SO_SET_ENTRIES, head + entries.raw)


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


def fragment_header(addr, at, length, more):
    number, family = OPTIONS.first or 1, socket.AF_INET6 if ":" in addr else socket.AF_INET
    ends = b"".join(socket.inet_pton(family, end) for end in (OPTIONS.source, addr))
    if family == socket.AF_INET:
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, number, more << 13 | at // 8, 64,
                           socket.IPPROTO_UDP, 0) + ends
    return (struct.pack(">IHBB", 6 << 28, 8 + length, socket.IPPROTO_FRAGMENT, 64) + ends +
            struct.pack(">BBHI", socket.IPPROTO_UDP, 0, at | more, number))


def fragments_send(addr, port, count):
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_RAW,
                      socket.IPPROTO_RAW)
    datagram = struct.pack(">HHHH", port, port, 8 + count, 0) + b"x" * count
    pieces = [datagram[i:i + OPTIONS.piece] for i in range(0, len(datagram), OPTIONS.piece)]
    for n in OPTIONS.order:
        s.sendto(fragment_header(addr, n * OPTIONS.piece, len(pieces[n]), n + 1 < len(pieces)) +
                 pieces[n], (addr, 0))


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


def tcp_told(addr, port, count):
    tcp_client(addr, port, count, sys.stdin)


def tcp_client(addr, port, count, wait_for=None):
    s = make(addr, socket.SOCK_STREAM)
    s.connect((addr, port))
    if wait_for:
        print("connected", flush=True)
        wait_for.readline()
    s.sendall(b"x" * count)
    if wait_for:
        wait_for.readline()
    s.shutdown(socket.SHUT_WR)
    answer = b""
    while True:
        data = s.recv(2048)
        if not data:
            break
        answer += data
    assert answer == b"bye %d" % count, answer


def tcp_reader(addr, port, _):
    s = make(addr, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    s.bind((addr, port))
    s.listen()
    c = s.accept()[0]
    while c.recv(OPTIONS.piece):
        pass


def wait_acknowledged(s):
    waiting = b"\1"
    while any(waiting):
        waiting = fcntl.ioctl(s, SIOCOUTQ, bytes(4))


def tcp_calls(addr, port, _):
    s = make(addr, socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect((addr, port))
    corked = False
    for word in OPTIONS.text.split():
        what, _, n = word.partition(":")
        if what == "send":
            s.sendall(b"x" * int(n))
        else:
            corked = what == "cork"
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, corked)
        if not corked:
            wait_acknowledged(s)


def flood(addr, port, count):
    s = make(addr, socket.SOCK_DGRAM)
    # what waits on its way counts as the sender's
    s.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20)
    s.connect((addr, port))
    for i in range(OPTIONS.first, OPTIONS.first + count):
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


def batch(*_):
    global OPTIONS
    for line in sys.stdin:
        OPTIONS = options(line.split())
        try:
            ROLES[OPTIONS.role](OPTIONS.address, OPTIONS.port, OPTIONS.count)
        except OSError:
            pass


ROLES = {
    "batch": batch,
    "udp-server": udp_server,
    "udp-client": udp_client,
    "udp-send": udp_send,
    "udp-corked": udp_corked,
    "udp-segments": udp_segments,
    "udp-self": udp_self,
    "raw-self": raw_self,
    "multicast-router": multicast_router,
    "tcp-half-closed": tcp_half_closed,
    "tcp-backlog": tcp_backlog,
    "cgroup-self": cgroup_self,
    "packet-sink": packet_sink,
    "packet-send": packet_send,
    "frame-send": frame_send,
    "ebtables-drop": ebtables_drop,
    "udp-mute": udp_mute,
    "tcp-mute": tcp_mute,
    "tcp-connect": tcp_connect,
    "tcp-connects": tcp_connects,
    "udp-sink": udp_sink,
    "udp-serials": udp_serials,
    "fragments-send": fragments_send,
    "tcp-server": tcp_server,
    "tcp-client": tcp_client,
    "tcp-told": tcp_told,
    "tcp-reader": tcp_reader,
    "tcp-calls": tcp_calls,
    "flood": flood,
}


def options(arguments=None):
    p = argparse.ArgumentParser()
    p.add_argument("role", choices=ROLES)
    p.add_argument("address")
    p.add_argument("port", type=int)
    p.add_argument("--count", type=int, default=1)
    p.add_argument("--first", type=int, default=0)
    p.add_argument("--text", default="skbtrail test")
    p.add_argument("--ttl", type=int)
    p.add_argument("--source")
    p.add_argument("--devices", nargs="*")
    p.add_argument("--order", type=int, nargs="*")
    p.add_argument("--piece", type=int, default=1024)
    p.add_argument("--cgroup")
    p.add_argument("--mac")
    p.add_argument("--flags", type=int)
    p.add_argument("--wrong")
    return p.parse_args(arguments)


OPTIONS = options()
ROLES[OPTIONS.role](OPTIONS.address, OPTIONS.port, OPTIONS.count)
