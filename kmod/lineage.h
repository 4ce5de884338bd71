/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_LINEAGE_H
#define SKBTRAIL_LINEAGE_H

#include <linux/types.h>

struct inet_frag_queue;
struct sk_buff;
struct skbtrail_calls;
struct skbtrail_life;
struct skbtrail_point;
struct skbtrail_sighting;

/*
 * All of the following: interrupts off, no set locked.
 */

/** skbtrail_lineage_segments() - the list @segments was cut from @skb */
void skbtrail_lineage_segments(const struct skbtrail_point *p, struct sk_buff *segments,
			       struct sk_buff *skb);

/** skbtrail_lineage_clone() - @clone has the buffer of @skb, or is about to get it */
void skbtrail_lineage_clone(const struct skbtrail_point *p, struct sk_buff *clone,
			    struct sk_buff *skb);

/** skbtrail_lineage_copy() - @copy gets the bytes of @skb */
void skbtrail_lineage_copy(const struct skbtrail_point *p, struct sk_buff *copy,
			   struct sk_buff *skb);

/** skbtrail_lineage_fragment() - @fragment was cut from @skb; @left were, this one included */
void skbtrail_lineage_fragment(const struct skbtrail_point *p, struct sk_buff *fragment,
			       struct sk_buff *skb, u32 left);

/** skbtrail_lineage_fraglist() - @skb becomes the first fragment, its list the others */
void skbtrail_lineage_fraglist(const struct skbtrail_point *p, struct sk_buff *skb);

/**
 * skbtrail_lineage_gather() - all fragments in @q have come, @skb the last
 *
 * The sk_buff of the last will be that of the whole, with the first one's buffer.
 */
void skbtrail_lineage_gather(const struct skbtrail_point *p, const struct inet_frag_queue *q,
			     struct sk_buff *skb);

/**
 * skbtrail_lineage_whole() - @skb becomes the whole of the fragments in @q
 *
 * Return: false when nobody followed any of them.
 */
bool skbtrail_lineage_whole(const struct skbtrail_point *p, const struct inet_frag_queue *q,
			    struct sk_buff *skb);

/**
 * skbtrail_lineage_sent() - a TCP socket sends a segment; is it one it sent before?
 * @life: of the segment, locked
 * @calls: what led to it
 */
void skbtrail_lineage_sent(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   const struct skbtrail_calls *calls);

/** skbtrail_lineage_forget() - make a session's bit free for another; may sleep */
void skbtrail_lineage_forget(unsigned int session);

#endif /* SKBTRAIL_LINEAGE_H */
