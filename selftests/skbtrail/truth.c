// SPDX-License-Identifier: GPL-2.0
/*
 * Ground truth: packets that say who they are, and what a recording makes of them.
 *
 * truth begin CASES RECEIPTS             makes the file of receipts
 * truth send CASES RECEIPTS PART PARTS   sends PART's share of every case, all at once
 * truth sink CASES RECEIPTS WHERE        reads what is for WHERE until SIGTERM; parked
 *                                        cases from SIGUSR1 on
 * truth sniff CASES RECEIPTS DEVICE      a packet socket there, read until SIGTERM
 * truth lacks CASES RECEIPTS             status 0 when all arrived, else says what did not
 * truth judge CASES RECEIPTS LABEL       judges the recording on stdin
 *
 * CASES: lines of NAME KIND WHERE ADDRESS PORT COUNT COPIES NEEDS, see truth.h.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truth.h"

struct testcase cases[CASES_MAX];
unsigned int n_cases;
struct receipts *receipts;

static enum kind kind_of(const char *word)
{
	static const char *const kinds[] = {
		[KIND_UDP] = "udp", [KIND_BIG] = "big", [KIND_CUT] = "cut",
		[KIND_SPREAD] = "spread", [KIND_PARK] = "park", [KIND_TCP] = "tcp",
		[KIND_TCPBIG] = "tcpbig",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i], word))
			return i;
	errx(1, "no kind %s", word);
}

static uint32_t number(const char *word)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(word, &end, 10);
	if (errno || end == word || *end || n > UINT32_MAX)
		errx(1, "what is %s?", word);
	return n;
}

static void parse_address(struct testcase *c, const char *address, uint16_t port)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&c->addr;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&c->addr;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		c->addrlen = sizeof(*v4);
	} else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		c->addrlen = sizeof(*v6);
	} else {
		errx(1, "no address: %s", address);
	}
}

static void parse_line(char *line)
{
	struct testcase *c = &cases[n_cases];
	char *words[8], *at = NULL;
	size_t i;

	for (i = 0; i < 8; i++) {
		words[i] = strtok_r(i ? NULL : line, " \t\n", &at);
		if (!words[i])
			errx(1, "a case of %zu words", i);
	}
	if (n_cases++ == CASES_MAX)
		errx(1, "too many cases");
	snprintf(c->name, sizeof(c->name), "%s", words[0]);
	c->kind = kind_of(words[1]);
	snprintf(c->where, sizeof(c->where), "%s", words[2]);
	parse_address(c, words[3], number(words[4]));
	c->count = number(words[5]);
	c->copies = number(words[6]);
	snprintf(c->needs, sizeof(c->needs), "%s", words[7]);
}

static void read_cases(const char *name)
{
	FILE *f = fopen(name, "re");
	char line[512];

	if (!f)
		err(1, "%s", name);
	while (fgets(line, sizeof(line), f))
		parse_line(line);
	fclose(f);
}

static void map_receipts(const char *name, bool anew)
{
	size_t size = sizeof(*receipts);
	unsigned int i;
	int fd;

	fd = open(name, O_RDWR | O_CLOEXEC | (anew ? O_CREAT | O_TRUNC : 0), 0600);
	for (i = 0; i < n_cases; i++)
		size += cases[i].count;
	if (fd < 0 || ftruncate(fd, (off_t)size))
		err(1, "%s", name);
	receipts = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (receipts == MAP_FAILED)
		err(1, "mmap");
	close(fd);
	for (size = 0, i = 0; anew && i < n_cases; i++) {
		receipts->of[i].at = size;
		size += cases[i].count;
	}
}

static int lacks(void)
{
	const struct receipt *r = receipts->of;
	const struct testcase *c;
	bool all = true, arrived;

	for (c = cases; c < cases + n_cases; c++, r++) {
		arrived = is_tcp(c) ? r->sent_bytes && r->bytes == r->sent_bytes :
			  r->got >= (uint64_t)c->count * c->copies;
		if (arrived)
			continue;
		all = false;
		printf("# %s: %llu datagrams, %llu of %llu bytes\n", c->name,
		       (unsigned long long)r->got, (unsigned long long)r->bytes,
		       (unsigned long long)r->sent_bytes);
	}
	return !all;
}

int main(int argc, char **argv)
{
	const char *role = argc > 3 ? argv[1] : "";

	if (argc < 4)
		errx(1, "usage: see truth.c");
	read_cases(argv[2]);
	map_receipts(argv[3], !strcmp(role, "begin"));
	if (!strcmp(role, "begin"))
		return 0;
	if (!strcmp(role, "lacks"))
		return lacks();
	if (!strcmp(role, "send") && argc == 6)
		return send_all(number(argv[4]), number(argv[5]));
	if (!strcmp(role, "sink") && argc == 5)
		return sink(argv[4]);
	if (!strcmp(role, "sniff") && argc == 5)
		return sniff(argv[4]);
	if (!strcmp(role, "judge") && argc == 5)
		return judge(argv[4]);
	errx(1, "no role %s", role);
}
