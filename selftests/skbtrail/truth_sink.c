// SPDX-License-Identifier: GPL-2.0
/* The receiving end: which datagrams were read, and how often each. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "truth.h"

#define BUFFER		(256 << 20)
#define EVENTS		32
#define AT_ONCE		32

/* in the data of an event: index of the case, and what its socket is */
#define SIGNALS		UINT32_MAX
#define LISTENS		(1U << 16)

static int queue;

static void watch(int fd, uint32_t what)
{
	struct epoll_event e = {
		.events = EPOLLIN,
		.data.u64 = (uint64_t)fd << 32 | what,
	};

	if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &e))
		err(1, "epoll_ctl");
}

static int bound(const struct testcase *c)
{
	int type = is_tcp(c) ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(c->addr.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_storage any = { .ss_family = c->addr.ss_family };
	int on = 1, room = BUFFER;

	/* the port is at the same place in both */
	((struct sockaddr_in *)&any)->sin_port = ((const struct sockaddr_in *)&c->addr)->sin_port;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    (!is_tcp(c) && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room))) ||
	    (any.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on))) ||
	    bind(fd, (const struct sockaddr *)&any, c->addrlen) ||
	    (is_tcp(c) && listen(fd, 16)))
		err(1, "%s: socket", c->name);
	return fd;
}

static void took(unsigned int i, const uint8_t *buf, size_t len)
{
	struct receipt *r = &receipts->of[i];
	struct cell cell;

	if (len < sizeof(cell))
		return;
	memcpy(&cell, buf, sizeof(cell));
	if (memcmp(cell.magic, CELL_MAGIC, sizeof(cell.magic)) != 0 || cell.testcase != i ||
	    cell.value >= cases[i].count)
		return;
	receipts->each[r->at + cell.value]++;
	r->got++;
}

static void read_some(int fd, unsigned int i)
{
	static uint8_t buf[65536];
	ssize_t n;
	int k;

	for (k = 0; k < AT_ONCE; k++) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0 && is_tcp(&cases[i])) {
			close(fd);
			return;
		}
		if (n < 0)
			err(1, "%s: recv", cases[i].name);
		if (is_tcp(&cases[i]))
			receipts->of[i].bytes += n;
		else
			took(i, buf, n);
	}
}

static void accept_one(int fd, unsigned int i)
{
	int c = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (c < 0)
		err(1, "accept");
	watch(c, i);
}

static void open_cases(const char *where, int *parked)
{
	unsigned int i;
	int fd;

	for (i = 0; i < n_cases; i++) {
		parked[i] = -1;
		if (strcmp(cases[i].where, where) != 0)
			continue;
		fd = bound(&cases[i]);
		if (cases[i].kind == KIND_PARK)
			parked[i] = fd;
		else if (is_tcp(&cases[i]))
			watch(fd, i | LISTENS);
		else
			watch(fd, i);
	}
}

static int signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		err(1, "signalfd");
	return fd;
}

/* true: the end */
static bool told(int fd, const int *parked)
{
	struct signalfd_siginfo info;
	unsigned int i;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		err(1, "signalfd");
	if (info.ssi_signo == SIGTERM)
		return true;
	for (i = 0; i < n_cases; i++)
		if (parked[i] >= 0)
			watch(parked[i], i);
	return false;
}

/* true: the end */
static bool event(const struct epoll_event *e, const int *parked)
{
	uint32_t what = (uint32_t)e->data.u64;
	int fd = (int)(e->data.u64 >> 32);

	if (what == SIGNALS)
		return told(fd, parked);
	if (what & LISTENS)
		accept_one(fd, what & ~LISTENS);
	else
		read_some(fd, what);
	return false;
}

int sink(const char *where)
{
	struct epoll_event events[EVENTS];
	int parked[CASES_MAX];
	bool end = false;
	int i, n;

	queue = epoll_create1(EPOLL_CLOEXEC);
	if (queue < 0)
		err(1, "epoll");
	open_cases(where, parked);
	watch(signals(), SIGNALS);
	puts("listening");
	fflush(stdout);
	while (!end) {
		n = epoll_wait(queue, events, EVENTS, -1);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++)
			end |= event(&events[i], parked);
	}
	return 0;
}

int sniff(const char *dev)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(dev),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), room = BUFFER;
	static uint8_t buf[65536];

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		err(1, "%s: packet socket", dev);
	puts("listening");
	fflush(stdout);
	while (recv(fd, buf, sizeof(buf), 0) >= 0)
		;
	return 1;
}
