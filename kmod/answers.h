/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ANSWERS_H
#define SKBTRAIL_ANSWERS_H

#include <linux/types.h>

struct sk_buff;
struct skbtrail_life;
struct skbtrail_point;
struct skbtrail_sighting;

/*
 * All of these: interrupts off; where there is a life, its set is locked.
 */

/**
 * skbtrail_answers_next() - the kernel is about to answer a packet, followed or not
 * @p: where: a reset, an error
 * @type: of an ICMP error
 * @code: of an ICMP error
 */
void skbtrail_answers_next(const struct skbtrail_point *p, u8 type, u8 code);

/** skbtrail_answers_begin() - it is this packet, which is followed */
void skbtrail_answers_begin(const struct skbtrail_life *life, const struct sk_buff *skb);

/** skbtrail_answers_link() - a packet shows up first; tell @sessions if it answers */
void skbtrail_answers_link(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   u32 sessions);

/** skbtrail_answers_end() - a packet ends: what is sent from now on is no answer to it */
void skbtrail_answers_end(const struct skbtrail_life *life);

#endif /* SKBTRAIL_ANSWERS_H */
