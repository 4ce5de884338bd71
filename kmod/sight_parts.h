/* SPDX-License-Identifier: GPL-2.0 */
/* What sight.c leaves to sight_*.c; private to them. Interrupts off. */
#ifndef SKBTRAIL_SIGHT_PARTS_H
#define SKBTRAIL_SIGHT_PARTS_H

#include <linux/types.h>

struct sk_buff;
struct skbtrail_life;
struct skbtrail_point;
struct skbtrail_set;
struct skbtrail_sighting;
struct sock;

/* does somebody want it (sight_begin.c) */

/**
 * skbtrail_see_closely() - all questions, of a packet that may be new
 * @set: its set, locked
 * @life: it was known as, or NULL
 * @s: what is seen of it
 */
void skbtrail_see_closely(struct skbtrail_set *set, struct skbtrail_life *life,
			  struct skbtrail_sighting *s);

/* sockets (sight_sock.c); no set locked */

/** skbtrail_see_socket() - a call is made, or about to send: with @skb, if it has one by now */
void skbtrail_see_socket(const struct skbtrail_point *p, struct sock *sk,
			 const struct sk_buff *skb, u32 info);

/** skbtrail_see_write() - so many bytes are about to be written to a TCP socket */
void skbtrail_see_write(const struct skbtrail_point *p, struct sock *sk, unsigned long bytes);

/** skbtrail_see_release() - a socket is released, by code at @caller: the call is over, or waits */
void skbtrail_see_release(struct sock *sk, unsigned long caller);

/** skbtrail_why_again() - why code at @caller sends data again: enum skbtrail_retransmit_why */
u32 skbtrail_why_again(const struct sock *sk, unsigned long caller);

/* what becomes of it (sight_fate.c); no set locked */

/**
 * skbtrail_see_copy() - a packet's bytes are copied to who reads it
 * @p: where
 * @skb: packet
 * @after: they were
 * @at: bytes from there on; of a packet that is copied whole that says nothing
 * @bytes: so many of them
 */
void skbtrail_see_copy(const struct skbtrail_point *p, struct sk_buff *skb, bool after,
		       u32 at, u32 bytes);

/** skbtrail_see_merge() - @from is about to be merged into @to */
void skbtrail_see_merge(const struct skbtrail_point *p, struct sk_buff *to,
			struct sk_buff *from);

/** skbtrail_see_expand() - a packet is about to get another buffer */
void skbtrail_see_expand(const struct skbtrail_point *p, struct sk_buff *skb);

/** skbtrail_see_done() - a driver frees what it is done with */
void skbtrail_see_done(const struct skbtrail_point *p, struct sk_buff *skb);

/** skbtrail_see_free() - a packet is freed, by code at @caller */
void skbtrail_see_free(const struct skbtrail_point *p, struct sk_buff *skb,
		       unsigned long caller);

/** skbtrail_see_drop() - a packet is freed as dropped */
void skbtrail_see_drop(const struct skbtrail_point *p, struct sk_buff *skb,
		       void *location, u32 reason);

#endif /* SKBTRAIL_SIGHT_PARTS_H */
