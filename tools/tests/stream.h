/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_TEST_STREAM_H
#define SKBTRAIL_TEST_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <linux/skbtrail.h>

/**
 * struct stream - Records built by hand.
 * @len: bytes of @buf that are used
 * @facts: offset of the record that fact functions append to
 */
struct stream {
	uint8_t buf[1 << 20];
	size_t len;
	size_t facts;
};

/* Stage and point ids of stream_names(). */
enum {
	ST_IP_RCV = 1,
	ST_NF_LOCAL_IN,
	ST_TCP_RCV,
	ST_TCP_RESET,
	ST_SOCK_COPY,
	ST_SOCK_SEND,
	ST_DEV_XMIT,
	ST_NEIGH_WAIT,
	ST_ICMP_ECHO,
	ST_ICMP_REPLY,
	ST_TCP_ESTABLISHED,
	ST_SOCK_CREATE,
	ST_SOCK_READ,
	ST_SOCK_QUEUE,
	ST_COUNT,
};

#define NETNS_INUM 4026532201u

struct stream *stream_new(void);
void stream_batch(struct stream *s, uint32_t cpu, uint64_t seq);
void stream_name(struct stream *s, uint8_t dict, uint32_t id, uint32_t parent,
		 const char *text);

/* All stages above, a point for each with the same id, two reasons, a symbol 1. */
void stream_names(struct stream *s);

void stream_hit(struct stream *s, uint64_t trail, uint16_t stage, uint64_t ns,
		uint8_t ctx);
void stream_packet(struct stream *s, uint64_t trail, uint64_t ns);
void stream_change(struct stream *s, uint64_t trail, uint64_t ns);
void stream_fact(struct stream *s, uint8_t id, const void *value, uint16_t len);
void stream_end(struct stream *s, uint64_t trail, uint64_t ns, uint8_t end,
		uint16_t stage, uint32_t reason);
/* Of table inet "fw", handle 5: chains "c1", "c2", ... with rules 1, 2, ...; hook symbol 1. */
void stream_verdict(struct stream *s, uint64_t trail, uint8_t engine, uint8_t cause,
		    uint8_t steps);
/* What a hook did; what it changed follows with stream_inside(). */
void stream_deed(struct stream *s, uint64_t trail, uint64_t ns, uint8_t action, uint8_t nat,
		 uint16_t detail);
void stream_inside(struct stream *s, uint64_t trail, uint16_t stage, uint64_t ns);

/* Of a socket with cookie 5, by process 195, "curl": bytes from 100 on of 20000. */
void stream_call(struct stream *s, uint64_t trail, uint64_t ns, uint8_t way, uint32_t bytes);
void stream_link(struct stream *s, uint64_t trail, uint64_t parent, uint8_t kind);
/* The same with place, number of all, and info. */
void stream_kin(struct stream *s, uint64_t trail, uint64_t parent, uint8_t kind,
		uint32_t place, uint32_t of, uint32_t info);
void stream_lost(struct stream *s, uint8_t cause, uint64_t count, uint64_t first,
		 uint64_t last);
void stream_mark(struct stream *s, uint64_t ns);
void stream_summary(struct stream *s);
void stream_raw(struct stream *s, const void *data, size_t len);

/* A whole packet record: TCP SYN 10.0.0.5:4711 to 10.0.0.9:25 on eth0. */
void stream_syn(struct stream *s, uint64_t trail, uint64_t ns);

/* Facts by value. */
void stream_dst(struct stream *s, const char *address);
void stream_task(struct stream *s, uint8_t id, uint32_t pid, const char *comm);

#endif
