/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SIGHT_H
#define SKBTRAIL_SIGHT_H

#include <linux/types.h>

struct sk_buff;
struct skbtrail_point;

/* what a function probe hands over: arguments, and the caller behind them */
#define SKBTRAIL_ARGS		5
#define SKBTRAIL_ARG_CALLER	4

#define SKBTRAIL_SEEN_BIRTH	BIT(0)	/* whatever was known of this sk_buff is over */

/**
 * skbtrail_sight() - a function with a probe point was entered
 * @p: first point of the function
 * @arg: its first arguments, and at SKBTRAIL_ARG_CALLER its return address
 *
 * Context: any. Never sleeps, allocates, or fails towards the caller.
 */
void skbtrail_sight(const struct skbtrail_point *p, const unsigned long *arg);

/** skbtrail_sight_packet() - a tracepoint saw a packet; any context */
void skbtrail_sight_packet(const struct skbtrail_point *p, struct sk_buff *skb,
			   unsigned int seen, u32 info);

/** skbtrail_sight_drop() - the kernel frees a packet as dropped; any context */
void skbtrail_sight_drop(const struct skbtrail_point *p, struct sk_buff *skb,
			 void *location, u32 reason);

/** skbtrail_sight_followed() - whether somebody follows @skb; any context */
bool skbtrail_sight_followed(const struct sk_buff *skb);

/** skbtrail_sight_clone() - @clone was made from @skb; any context */
void skbtrail_sight_clone(const struct skbtrail_point *p, struct sk_buff *clone,
			  struct sk_buff *skb);

/** skbtrail_sight_return() - a read call returned; any context */
void skbtrail_sight_return(const struct skbtrail_point *p);

/** skbtrail_sight_blind() - number of sightings in NMI, which are not looked at */
u64 skbtrail_sight_blind(void);

#endif /* SKBTRAIL_SIGHT_H */
