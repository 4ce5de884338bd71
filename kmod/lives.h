/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_LIVES_H
#define SKBTRAIL_LIVES_H

#include <linux/types.h>

#include "encode.h"
#include "stages.h"

struct skbtrail_life;
struct skbtrail_set;

static inline bool skbtrail_outward(const struct skbtrail_point *p)
{
	return p->flags & SKBTRAIL_PF_OUT;
}

/** skbtrail_sighting_of() - a packet at a point, nothing looked at yet */
static __always_inline void skbtrail_sighting_of(struct skbtrail_sighting *s,
						 const struct skbtrail_point *p,
						 struct sk_buff *skb, struct sock *sk,
						 const struct nf_hook_state *nf,
						 bool dirty, u32 info)
{
	s->p = p;
	s->skb = skb;
	s->sk = sk;
	s->nf = nf;
	s->info = info;
	s->outward = skbtrail_outward(p);
	s->dirty = dirty;
	s->tracked = false;
	s->located = false;
	s->parsed = false;
}

/** skbtrail_sighting_init() - the same, where only the packet is known */
static inline void skbtrail_sighting_init(struct skbtrail_sighting *s,
					  const struct skbtrail_point *p, struct sk_buff *skb)
{
	skbtrail_sighting_of(s, p, skb, NULL, NULL, p->flags & SKBTRAIL_PF_DIRTY, 0);
}

/*
 * All of these: interrupts off, the set of @life locked.
 */

/** skbtrail_lives_introduce() - tell of a life that was only inherited so far */
void skbtrail_lives_introduce(struct skbtrail_life *life, struct skbtrail_sighting *s);

/** skbtrail_lives_end() - tell how @life ends, and forget it */
void skbtrail_lives_end(struct skbtrail_set *set, struct skbtrail_life *life,
			struct skbtrail_sighting *s, enum skbtrail_end_kind end, u32 reason,
			u32 symbol);

/** skbtrail_lives_end_unknown() - the same, not known how: enum skbtrail_unknown_reason */
void skbtrail_lives_end_unknown(struct skbtrail_set *set, struct skbtrail_life *life,
				struct skbtrail_sighting *s, u32 reason);

/**
 * skbtrail_lives_same() - whether a life in the table is the packet we look at
 *
 * If it is not, its trail ends here, honestly unknown.
 */
bool skbtrail_lives_same(struct skbtrail_set *set, struct skbtrail_life *life,
			 struct skbtrail_sighting *s);

/**
 * skbtrail_lives_copy() - what is known of @s->skb, if somebody follows it
 * @copy: filled in; at least who refused it, which need not be in the table
 *
 * Context: interrupts off, no set locked. Return: whether somebody follows it.
 */
bool skbtrail_lives_copy(struct skbtrail_sighting *s, struct skbtrail_life *copy);

#endif /* SKBTRAIL_LIVES_H */
