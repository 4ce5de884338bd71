// SPDX-License-Identifier: GPL-2.0
/*
 * The sending end: a burst of each case in turn, so that packets of all of them
 * are on their ways at the same time, and memory one gives back is the next one's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "truth.h"

#define BURST		16
#define BUFFER		(64 << 20)
#define PAYLOAD_MAX	32768U
#define BIG_WRITE	20480U

/**
 * struct flow - What this process sends of a case.
 * @fd: its socket
 * @next: datagram or write
 * @offset: bytes of the stream
 * @left: of the write that is under way
 */
struct flow {
	int fd;
	uint32_t next;
	uint64_t offset;
	uint32_t left;
};

static struct flow flows[CASES_MAX];
static uint32_t me, all;

static void option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		err(1, "setsockopt %d", name);
}

static int open_flow(const struct testcase *c)
{
	int type = is_tcp(c) ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(c->addr.ss_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	if (is_tcp(c)) {
		option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	} else {
		/* what waits on its way counts as the sender's */
		option(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER);
		option(fd, SOL_SOCKET, SO_BROADCAST, 1);
	}
	if (c->kind == KIND_CUT)
		option(fd, IPPROTO_UDP, UDP_SEGMENT, CUT_SIZE);
	if (c->kind != KIND_SPREAD && connect(fd, (const struct sockaddr *)&c->addr, c->addrlen))
		err(1, "%s: connect", c->name);
	return fd;
}

/* cells that stand where they would in a stream; @from is where @buf begins */
static void fill(uint8_t *buf, size_t len, const struct testcase *c, uint64_t from)
{
	struct cell cell = { .magic = CELL_MAGIC, .testcase = c - cases, .part = me };
	size_t at;

	for (at = 0; at < len; at += sizeof(cell)) {
		cell.value = from + at;
		memcpy(buf + at, &cell, len - at < sizeof(cell) ? len - at : sizeof(cell));
	}
}

static void fill_serial(uint8_t *buf, size_t len, const struct testcase *c, uint32_t serial)
{
	struct cell cell = {
		.magic = CELL_MAGIC, .testcase = c - cases, .part = me, .value = serial,
	};
	size_t at;

	for (at = 0; at < len; at += sizeof(cell))
		memcpy(buf + at, &cell, len - at < sizeof(cell) ? len - at : sizeof(cell));
}

static struct sockaddr_storage spread(const struct testcase *c, uint32_t serial)
{
	struct sockaddr_storage to = c->addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
	uint32_t n = serial / SPREAD_EACH % SPREAD_OVER;

	if (to.ss_family == AF_INET)
		v4->sin_addr.s_addr = htonl(ntohl(v4->sin_addr.s_addr) + n);
	else
		v6->sin6_addr.s6_addr32[3] = htonl(ntohl(v6->sin6_addr.s6_addr32[3]) + n);
	return to;
}

static void send_one(const struct testcase *c, struct flow *f)
{
	static uint8_t buf[PAYLOAD_MAX];
	uint32_t n = c->kind == KIND_CUT ? CUT_SEGMENTS : 1, len = 0;
	struct sockaddr_storage to;
	ssize_t sent;

	while (n-- && f->next < c->count) {
		fill_serial(buf + len, payload_of(c, f->next), c, f->next);
		len += payload_of(c, f->next++);
	}
	to = spread(c, f->next - 1);
	if (c->kind == KIND_SPREAD)
		sent = sendto(f->fd, buf, len, 0, (const struct sockaddr *)&to, c->addrlen);
	else
		sent = send(f->fd, buf, len, 0);
	if (sent != (ssize_t)len)
		err(1, "%s: send", c->name);
}

/* of each case each process has every all'th datagram, or as many at a time as it takes */
static bool send_burst(const struct testcase *c, struct flow *f)
{
	uint32_t each = c->kind == KIND_CUT ? CUT_SEGMENTS :
			c->kind == KIND_SPREAD ? SPREAD_EACH : 1;
	unsigned int i;

	for (i = 0; i < BURST && f->next < c->count; i++) {
		if (f->next / each % all != me) {
			f->next += each;
			continue;
		}
		send_one(c, f);
	}
	return f->next < c->count;
}

static uint32_t next_write(const struct testcase *c, uint32_t n)
{
	return c->kind == KIND_TCPBIG ? BIG_WRITE : 64 + n * 37 % 41 * 32;
}

/* as much as the socket takes without waiting; false when all was written */
static bool write_burst(const struct testcase *c, struct flow *f)
{
	static uint8_t buf[PAYLOAD_MAX];
	unsigned int skip, i;
	ssize_t n;

	for (i = 0; i < BURST; i++) {
		if (!f->left) {
			if (f->next >= c->count / all)
				return false;
			f->left = next_write(c, f->next++);
		}
		skip = f->offset % sizeof(struct cell);
		fill(buf, f->left + skip, c, f->offset - skip);
		n = send(f->fd, buf + skip, f->left, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0)
			err(1, "%s: send", c->name);
		f->offset += n;
		f->left -= n;
	}
	return true;
}

static bool burst(const struct testcase *c, struct flow *f)
{
	if (is_tcp(c))
		return write_burst(c, f);
	return send_burst(c, f);
}

/* until everything has arrived and was read */
static void finish_tcp(const struct testcase *c, const struct flow *f)
{
	struct receipt *r = &receipts->of[c - cases];
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int unsent = 1;
	char byte;

	while (unsent) {
		if (ioctl(f->fd, SIOCOUTQ, &unsent))
			err(1, "SIOCOUTQ");
		if (unsent)
			poll(NULL, 0, 1);
	}
	if (getsockopt(f->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		err(1, "TCP_INFO");
	__atomic_fetch_add(&r->segments, info.tcpi_data_segs_out, __ATOMIC_RELAXED);
	__atomic_fetch_add(&r->sent_bytes, f->offset, __ATOMIC_RELAXED);
	shutdown(f->fd, SHUT_WR);
	while (recv(f->fd, &byte, 1, 0) > 0)
		;
}

int send_all(unsigned int part, unsigned int parts)
{
	bool more = true;
	unsigned int i;

	me = part;
	all = parts;
	for (i = 0; i < n_cases; i++)
		flows[i].fd = open_flow(&cases[i]);
	while (more) {
		more = false;
		for (i = 0; i < n_cases; i++)
			more |= burst(&cases[i], &flows[i]);
	}
	for (i = 0; i < n_cases; i++)
		if (is_tcp(&cases[i]))
			finish_tcp(&cases[i], &flows[i]);
	return 0;
}
