/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ANSWERS_H
#define SKBTRAIL_ANSWERS_H

#include <linux/types.h>

struct skbtrail_life;
struct skbtrail_sighting;

/*
 * All of these: interrupts off, the set of @life locked.
 */

/** skbtrail_answers_begin() - the kernel is about to answer the packet at @s: a reset, an error */
void skbtrail_answers_begin(const struct skbtrail_life *life, const struct skbtrail_sighting *s);

/** skbtrail_answers_link() - a packet shows up on its way out; tell @sessions if it answers */
void skbtrail_answers_link(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   u32 sessions);

/** skbtrail_answers_end() - a packet ends: what is sent from now on is no answer to it */
void skbtrail_answers_end(const struct skbtrail_life *life);

#endif /* SKBTRAIL_ANSWERS_H */
