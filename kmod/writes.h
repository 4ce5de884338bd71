/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_WRITES_H
#define SKBTRAIL_WRITES_H

#include <linux/skbtrail.h>
#include <linux/types.h>

struct sock;

/* calls that are told for one segment */
#define SKBTRAIL_WRITES	4

/**
 * struct skbtrail_write - what of a segment one send call wrote
 * @who: the caller, and the socket
 * @begun: when the call got the socket, in ns of skbtrail_clock()
 * @pos: of the first of these bytes, as in struct skbtrail_rec_call
 * @asked: bytes the call was to write
 * @at: the first of these bytes in those of the call, from 0
 * @bytes: how many
 */
struct skbtrail_write {
	struct skbtrail_fact_task	who;
	u64				begun;
	u64				pos;
	u32				asked;
	u32				at;
	u32				bytes;
};

/*
 * All of these run with interrupts off. The first two are called by who owns
 * the socket, a TCP one; the sockets that were written to last are remembered.
 */

/** skbtrail_writes_begin() - the current task begins to write @asked bytes */
void skbtrail_writes_begin(struct sock *sk, u32 asked, u64 ns);

/** skbtrail_writes_so_far() - the current task lets go of the socket; @over: and its call ends */
void skbtrail_writes_so_far(struct sock *sk, bool over);

/**
 * skbtrail_writes_of() - which send calls wrote the bytes of a segment
 * @cookie: of the socket that sends it
 * @tcp: its header
 * @w: filled in, in the order of the bytes; room for SKBTRAIL_WRITES
 *
 * What was written in a way that is not seen, such as by sendfile() before 6.5,
 * is of no call.
 *
 * Return: how many.
 */
unsigned int skbtrail_writes_of(u64 cookie, const struct skbtrail_fact_tcp *tcp,
				struct skbtrail_write *w);

/** skbtrail_writes_clear() - forget all; process context */
void skbtrail_writes_clear(void);

/** skbtrail_writes_init() - once, at load */
void skbtrail_writes_init(void);

#endif /* SKBTRAIL_WRITES_H */
