/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ENDS_H
#define SKBTRAIL_ENDS_H

#include <linux/skbtrail.h>

struct sk_buff;
struct skbtrail_life;
struct skbtrail_point;
struct sock;

/*
 * All of these: interrupts off, the set of @life locked. They only look.
 */

/** skbtrail_end_freed() - what became of a packet that was freed, at @p, not as dropped */
enum skbtrail_end_kind skbtrail_end_freed(const struct skbtrail_point *p,
					  const struct skbtrail_life *life,
					  const struct sk_buff *skb);

/**
 * skbtrail_end_dropped() - what became of a packet the kernel frees as dropped
 * @location: code that frees it
 * @reason: as the kernel gives it
 *
 * Return: not dropped only where the kernel, without a reason, so calls what it used up.
 */
enum skbtrail_end_kind skbtrail_end_dropped(const struct skbtrail_life *life,
					    const struct sk_buff *skb,
					    const void *location, u32 reason);

/** skbtrail_end_request() - a connection request comes to listening socket @sk; any packet */
void skbtrail_end_request(const struct sk_buff *skb, const struct sock *sk);

/**
 * skbtrail_end_refused() - whether a request that the kernel calls used up was refused
 *
 * Return: code that refused it; NULL: nobody did.
 */
const void *skbtrail_end_refused(const struct skbtrail_life *life, const struct sk_buff *skb);

/** skbtrail_end_lives_on() - whether who calls the free function is not done with the packet */
bool skbtrail_end_lives_on(unsigned long caller);

#endif /* SKBTRAIL_ENDS_H */
