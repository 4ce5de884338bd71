/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_REFUSED_H
#define SKBTRAIL_REFUSED_H

#include <linux/atomic.h>
#include <linux/types.h>

struct sk_buff;

/* number of sk_buffs that are remembered; in the header so that asking is cheap */
extern atomic_t skbtrail_refusals;

/** skbtrail_refused_alloc() - make room to remember; may sleep. Return: 0 or -ENOMEM */
int skbtrail_refused_alloc(void);

/** skbtrail_refused_free() - nothing may be attached any more */
void skbtrail_refused_free(void);

/*
 * What follows runs with interrupts off. Called for one sk_buff, not for the
 * same one on two CPUs; takes the lock of a set of its own.
 */

/**
 * skbtrail_refused_note() - @sessions could not follow @skb for want of a place
 *
 * Return: false when that cannot be remembered either.
 */
bool skbtrail_refused_note(const struct sk_buff *skb, u32 sessions);

u32 skbtrail_refused_ask(const struct sk_buff *skb);
void skbtrail_refused_drop(const struct sk_buff *skb);
void skbtrail_refused_unhead(const struct sk_buff *skb);

static inline bool skbtrail_refused_any(void)
{
	return unlikely(atomic_read(&skbtrail_refusals));
}

/** skbtrail_refused() - sessions that could not follow @skb from its beginning */
static inline u32 skbtrail_refused(const struct sk_buff *skb)
{
	return skbtrail_refused_any() ? skbtrail_refused_ask(skb) : 0;
}

/** skbtrail_refused_end() - @skb ends */
static inline void skbtrail_refused_end(const struct sk_buff *skb)
{
	if (skbtrail_refused_any())
		skbtrail_refused_drop(skb);
}

/** skbtrail_refused_expand() - @skb gets another buffer */
static inline void skbtrail_refused_expand(const struct sk_buff *skb)
{
	if (skbtrail_refused_any())
		skbtrail_refused_unhead(skb);
}

/** skbtrail_refused_forget() - make a session's bit free for another; may sleep */
void skbtrail_refused_forget(unsigned int session);

#endif /* SKBTRAIL_REFUSED_H */
