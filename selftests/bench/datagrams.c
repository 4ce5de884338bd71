// SPDX-License-Identifier: GPL-2.0
/*
 * datagrams FROM TO ADDRESS REPEATS COUNT: in lockstep, sends a datagram in
 * namespace FROM and receives it at ADDRESS in namespace TO, COUNT times for
 * each of REPEATS, after one repeat to warm up. Prints minimum, median and
 * mean of nanoseconds per datagram. Where a nanosecond is an instruction,
 * these are instructions, of everything that ran meanwhile on the one CPU.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
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

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	unsigned int repeats, count, i;
	uint64_t *took, sum = 0;
	int in, out;

	if (argc != 6 || !inet_aton(argv[3], &to.sin_addr))
		errx(1, "usage: datagrams FROM TO ADDRESS REPEATS COUNT");
	repeats = strtoul(argv[4], NULL, 10);
	count = strtoul(argv[5], NULL, 10);
	took = calloc(repeats, sizeof(*took));
	if (!repeats || !count || !took)
		errx(1, "REPEATS and COUNT are numbers from 1");

	enter(argv[1]);
	out = udp_socket();
	enter(argv[2]);
	in = udp_socket();
	if (bind(in, (struct sockaddr *)&to, sizeof(to)))
		err(1, "bind");
	if (connect(out, (struct sockaddr *)&to, sizeof(to)))
		err(1, "connect");

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
