// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a packet, other than that it passes a stage: it is read, merged
 * into another, its buffer changes, it is sent, and it is freed or dropped.
 */
#include "sight_parts.h"

#include <linux/skbuff.h>

#include "calls.h"
#include "clock.h"
#include "compat.h"
#include "encode.h"
#include "ends.h"
#include "lives.h"
#include "refused.h"
#include "session.h"
#include "stack.h"
#include "stages.h"
#include "symbols.h"
#include "track.h"
#include "verdict.h"

void skbtrail_see_copy(const struct skbtrail_point *p, struct sk_buff *skb, bool after,
		       u32 at, u32 bytes)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	u32 watch = skbtrail_watching(p);
	struct skbtrail_sighting s __uninitialized;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, p, skb);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life)
		s.ns = skbtrail_clock();
	if (life && skbtrail_lives_same(set, life, &s) &&
	    !(after && life->flags & SKBTRAIL_LIFE_COPIED)) {
		skbtrail_lives_introduce(life, &s);
		skbtrail_encode_read(life, &s, at, bytes);
		skbtrail_encode_hit(life, &s, watch);
		life->flags |= SKBTRAIL_LIFE_COPIED;
		skbtrail_calls_copied(life->trail, life->sessions);
	}
	skbtrail_track_unlock(set);
}

void skbtrail_see_merge(const struct skbtrail_point *p, struct sk_buff *to,
			struct sk_buff *from)
{
	u64 trail = skbtrail_track_trail(to);
	struct skbtrail_set *set = skbtrail_track_set(from);
	struct skbtrail_life *life;

	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, from);
	/* it may still fail; only the way it is freed tells */
	if (life)
		life->merged = trail ? trail : U64_MAX;
	skbtrail_track_unlock(set);
}

void skbtrail_see_expand(const struct skbtrail_point *p, struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s __uninitialized;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, p, skb);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life)
		s.ns = skbtrail_clock();
	if (life && skbtrail_lives_same(set, life, &s)) {
		skbtrail_lives_introduce(life, &s);
		life->flags |= SKBTRAIL_LIFE_EXPANDING;
		skbtrail_encode_hit(life, &s, skbtrail_watching(p));
	}
	if (!life)
		skbtrail_refused_expand(skb);
	skbtrail_track_unlock(set);
}

/* drivers free with the same function what they did not send */
void skbtrail_see_done(const struct skbtrail_point *p, struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s __uninitialized;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, p, skb);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life && life->stage == SKBTRAIL_ST_DEV_XMIT) {
		s.ns = skbtrail_clock();
		if (skbtrail_lives_same(set, life, &s))
			skbtrail_encode_hit(life, &s, skbtrail_watching(p));
	}
	skbtrail_track_unlock(set);
}

static void end_freed(struct skbtrail_set *set, struct skbtrail_life *life,
		      struct skbtrail_sighting *s, const struct sk_buff *skb)
{
	const void *refused = skbtrail_end_refused(life, skb);

	if (refused)
		skbtrail_lives_end(set, life, s, SKBTRAIL_END_KIND_DROPPED, 0,
				   skbtrail_symbol(refused));
	else
		skbtrail_lives_end(set, life, s, skbtrail_end_freed(s->p, life, skb), 0, 0);
}

void skbtrail_see_free(const struct skbtrail_point *p, struct sk_buff *skb,
		       unsigned long caller)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s __uninitialized;
	struct skbtrail_life *life;

	/* who frees a packet is alone with it: nobody begins to follow it now */
	if (!skbtrail_track_find(set, skb)) {
		skbtrail_track_changed(set);
		if (skbtrail_refused_any() && !skbtrail_end_lives_on(caller))
			skbtrail_refused_end(skb);
		return;
	}
	/* its buffer may be gone: it is not looked at */
	skbtrail_sighting_init(&s, p, NULL);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life && !skbtrail_end_lives_on(caller)) {
		s.ns = skbtrail_clock();
		if (skbtrail_track_doubtful(life))
			skbtrail_lives_end_unknown(set, life, &s, skbtrail_track_doubt(life));
		else
			end_freed(set, life, &s, skb);
	}
	skbtrail_track_unlock(set);
}

static void end_dropped(struct skbtrail_set *set, struct skbtrail_life *life,
			struct skbtrail_sighting *s, const void *location, u32 reason)
{
	enum skbtrail_end_kind end = skbtrail_end_dropped(life, s->skb, location, reason);

	if (end != SKBTRAIL_END_KIND_DROPPED) {
		skbtrail_lives_end(set, life, s, end, 0, 0);
		return;
	}
	/* nobody is told of the end of a trail before its beginning */
	skbtrail_lives_introduce(life, s);
	skbtrail_encode_drop(life, s, skbtrail_reason_vague(reason));
	skbtrail_verdict_tell(life, s, location);
	skbtrail_stack_tell(life, location, s->ns);
	skbtrail_lives_end(set, life, s, end, reason, skbtrail_symbol(location));
}

void skbtrail_see_drop(const struct skbtrail_point *p, struct sk_buff *skb,
		       void *location, u32 reason)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s __uninitialized;
	struct skbtrail_life *life;

	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life) {
		skbtrail_sighting_init(&s, p, skb);
		s.ns = skbtrail_clock();
		if (skbtrail_lives_same(set, life, &s))
			end_dropped(set, life, &s, location, reason);
	}
	skbtrail_track_unlock(set);
}
