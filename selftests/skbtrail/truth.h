/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TRUTH_H
#define TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * What the generator puts into its packets, over and over: wherever they are
 * cut, each piece of 31 bytes and more holds a whole cell.
 */
#define CELL_MAGIC	"skbT"

/**
 * struct cell - Sixteen bytes of payload that say whose they are.
 * @magic: CELL_MAGIC
 * @testcase: index of the case
 * @part: sending process
 * @value: UDP: serial number of the datagram; TCP: byte of the stream it stands at
 */
struct cell {
	char magic[4];
	uint16_t testcase;
	uint16_t part;
	uint64_t value;
};

#define CASES_MAX	256
#define NAME_MAX_LEN	24

/**
 * enum kind - How the packets of a case are sent, and read.
 * @KIND_UDP: datagrams, each of a length of its own
 * @KIND_BIG: datagrams that have to be cut into fragments
 * @KIND_CUT: CUT_SEGMENTS datagrams at a time, for the kernel to cut
 * @KIND_SPREAD: four at a time to each of many addresses from the given one on
 * @KIND_PARK: read when all was sent
 * @KIND_TCP: writes of many sizes
 * @KIND_TCPBIG: writes of twenty kilobytes
 */
enum kind {
	KIND_UDP,
	KIND_BIG,
	KIND_CUT,
	KIND_SPREAD,
	KIND_PARK,
	KIND_TCP,
	KIND_TCPBIG,
};

#define CUT_SEGMENTS	8U
#define CUT_SIZE	512U
#define SPREAD_EACH	4U
#define SPREAD_OVER	256U

/**
 * struct testcase - One line of the list of cases.
 * @name: of the case
 * @kind: enum kind
 * @where: name of the sink that receives it
 * @count: datagrams, or writes
 * @copies: how often each arrives
 * @needs: names of stages that some of its packets must pass, "=" before kinds of links
 * @addr: destination
 * @addrlen: of @addr
 */
struct testcase {
	char name[NAME_MAX_LEN];
	enum kind kind;
	char where[NAME_MAX_LEN];
	uint32_t count;
	uint32_t copies;
	char needs[64];
	struct sockaddr_storage addr;
	socklen_t addrlen;
};

/**
 * struct receipt - What the two ends know of a case; in a file all of them map.
 * @got: datagrams that were read
 * @bytes: of TCP, that were read
 * @sent_bytes: of TCP, that were sent
 * @segments: of TCP, with data, that were sent
 * @at: where its datagrams are in struct receipts' @each
 */
struct receipt {
	uint64_t got;
	uint64_t bytes;
	uint64_t sent_bytes;
	uint64_t segments;
	uint64_t at;
};

/**
 * struct receipts - All of it.
 * @of: of each case
 * @each: how often each datagram was read
 */
struct receipts {
	struct receipt of[CASES_MAX];
	uint8_t each[];
};

extern struct testcase cases[CASES_MAX];
extern unsigned int n_cases;
extern struct receipts *receipts;

static inline bool is_tcp(const struct testcase *c)
{
	return c->kind == KIND_TCP || c->kind == KIND_TCPBIG;
}

/* payload of a datagram: neighbours differ, and no two of a thousand are the same */
static inline uint32_t payload_of(const struct testcase *c, uint32_t serial)
{
	switch (c->kind) {
	case KIND_CUT:
		return CUT_SIZE;
	case KIND_BIG:
		return 3000 + serial * 37 % 1009;
	default:
		return 32 + serial * 37 % 1009;
	}
}

int send_all(unsigned int part, unsigned int parts);
int sink(const char *where);
int sniff(const char *dev);
int judge(const char *label);

#endif
