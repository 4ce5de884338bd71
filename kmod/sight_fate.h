/* SPDX-License-Identifier: GPL-2.0 */
/* What sight.c leaves to sight_fate.c; private to them. Interrupts off, no set locked. */
#ifndef SKBTRAIL_SIGHT_FATE_H
#define SKBTRAIL_SIGHT_FATE_H

#include <linux/types.h>

struct sk_buff;
struct skbtrail_point;

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

#endif /* SKBTRAIL_SIGHT_FATE_H */
