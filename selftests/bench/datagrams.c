// SPDX-License-Identifier: GPL-2.0
/*
 * datagrams FROM TO ADDRESS REPEATS COUNT: in lockstep, sends a datagram in
 * namespace FROM and receives it at ADDRESS in namespace TO, COUNT times for
 * each of REPEATS, after one repeat to warm up. Prints minimum, median and
 * mean of nanoseconds per datagram. Where a nanosecond is an instruction,
 * these are instructions, of everything that ran meanwhile on the one CPU.
 *
 * datagrams hold FROM TO ADDRESS COUNT: sends so many, which wait in their
 * socket, unread; says "holding" and waits for a signal.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD 64
#define PORT 7777
#define PORT_HELD 7778

static void enter(const char *netns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	close(fd);
}

static int udp_socket(void)
{
	struct timeval patience = { .tv_sec = 2 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "SO_RCVTIMEO");
	return fd;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static uint64_t pass(int out, int in, unsigned int count)
{
	char payload[PAYLOAD] = "skbtrail bench";
	uint64_t begin = now();
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (send(out, payload, sizeof(payload), 0) != sizeof(payload))
			err(1, "send");
		if (recv(in, payload, sizeof(payload), 0) != sizeof(payload))
			err(1, "recv");
	}
	return (now() - begin) / count;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void connect_pair(char **where, unsigned int port, int *out, int *in)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (!inet_aton(where[2], &to.sin_addr))
		errx(1, "%s is no IPv4 address", where[2]);
	enter(where[0]);
	*out = udp_socket();
	enter(where[1]);
	*in = udp_socket();
	if (bind(*in, (struct sockaddr *)&to, sizeof(to)))
		err(1, "bind");
	if (connect(*out, (struct sockaddr *)&to, sizeof(to)))
		err(1, "connect");
}

static unsigned int dropped(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		err(1, "SO_MEMINFO");
	return info[SK_MEMINFO_DROPS];
}

static int hold(char **where, unsigned int count)
{
	char payload[PAYLOAD] = "skbtrail bench";
	int out, in, room = 1 << 30;
	unsigned int i;

	connect_pair(where, PORT_HELD, &out, &in);
	if (setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(out, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		err(1, "buffers");
	for (i = 0; i < count; i++)
		if (send(out, payload, sizeof(payload), 0) != sizeof(payload))
			err(1, "send");
	if (dropped(in))
		errx(1, "%u of %u were dropped", dropped(in), count);
	puts("holding");
	fflush(stdout);
	pause();
	return 0;
}

static int measure(char **where, unsigned int repeats, unsigned int count)
{
	uint64_t *took = calloc(repeats, sizeof(*took)), sum = 0;
	unsigned int i;
	int in, out;

	if (!took)
		err(1, "calloc");
	connect_pair(where, PORT, &out, &in);
	pass(out, in, count);
	for (i = 0; i < repeats; i++)
		took[i] = pass(out, in, count);
	for (i = 0; i < repeats; i++)
		sum += took[i];
	qsort(took, repeats, sizeof(*took), ascending);
	printf("%llu %llu %llu\n", (unsigned long long)took[0],
	       (unsigned long long)took[repeats / 2], (unsigned long long)(sum / repeats));
	return 0;
}

static unsigned int positive(const char *text)
{
	unsigned long n = strtoul(text, NULL, 10);

	if (!n || n > UINT32_MAX)
		errx(1, "%s is no number from 1", text);
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		errx(1, "usage: datagrams FROM TO ADDRESS REPEATS COUNT\n"
			"       datagrams hold FROM TO ADDRESS COUNT");
	if (!strcmp(argv[1], "hold"))
		return hold(argv + 2, positive(argv[5]));
	return measure(argv + 1, positive(argv[4]), positive(argv[5]));
}
