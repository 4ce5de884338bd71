// SPDX-License-Identifier: GPL-2.0
/*
 * What can be said of a life as such: whether it still is the packet it was,
 * that it begins, that it ends.
 */
#include "lives.h"

#include <linux/skbuff.h>
#include <linux/string.h>

#include "refused.h"
#include "track.h"
#include "view.h"

void skbtrail_lives_introduce(struct skbtrail_life *life, struct skbtrail_sighting *s)
{
	if (likely(!life->heirs))
		return;
	life->sessions = life->heirs;
	life->heirs = 0;
	/* where it has no headers to look at those it inherited must do */
	if (s->skb && skbtrail_view_locate(s->p, s->skb, &s->view)) {
		s->located = true;
		skbtrail_view_parse(s->skb, &s->view);
		s->parsed = true;
	}
	skbtrail_encode_heir(life, s);
}

void skbtrail_lives_end(struct skbtrail_set *set, struct skbtrail_life *life,
			struct skbtrail_sighting *s, enum skbtrail_end_kind end, u32 reason,
			u32 symbol)
{
	skbtrail_lives_introduce(life, s);
	skbtrail_encode_end(life, s, end, reason, symbol);
	skbtrail_track_end(set, life);
}

void skbtrail_lives_end_unknown(struct skbtrail_set *set, struct skbtrail_life *life,
				struct skbtrail_sighting *s, u32 reason)
{
	struct sk_buff *skb = s->skb;

	/* what is looked at may be another packet */
	s->skb = NULL;
	skbtrail_lives_end(set, life, s, SKBTRAIL_END_KIND_UNKNOWN, reason, 0);
	s->skb = skb;
}

static bool still(struct skbtrail_life *life, const struct sk_buff *skb)
{
	if (life->head == skb->head)
		return true;
	if (!(life->flags & SKBTRAIL_LIFE_EXPANDING))
		return false;
	life->flags &= ~SKBTRAIL_LIFE_EXPANDING;
	life->head = skb->head;
	return true;
}

bool skbtrail_lives_same(struct skbtrail_set *set, struct skbtrail_life *life,
			 struct skbtrail_sighting *s)
{
	u32 reason = SKBTRAIL_UNKNOWN_REASON_REUSED;

	if (skbtrail_track_doubtful(life))
		reason = skbtrail_track_doubt(life);
	else if (still(life, s->skb))
		return true;
	skbtrail_lives_end_unknown(set, life, s, reason);
	return false;
}

bool skbtrail_lives_copy(struct skbtrail_sighting *s, struct skbtrail_life *copy)
{
	struct skbtrail_set *set = skbtrail_track_set(s->skb);
	struct skbtrail_life *life;
	bool followed = false;

	memset(copy, 0, sizeof(*copy));
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, s->skb);
	if (!life) {
		copy->refused = skbtrail_refused(s->skb);
	} else if (skbtrail_lives_same(set, life, s)) {
		followed = life->sessions | life->heirs;
		if (followed)
			skbtrail_lives_introduce(life, s);
		/* there, only raw sockets get clones, before its protocol gets the packet */
		if (s->p->stage == SKBTRAIL_ST_LIFE_CLONE && life->stage == SKBTRAIL_ST_IP_DELIVER)
			life->flags |= SKBTRAIL_LIFE_SHARED;
		*copy = *life;
	}
	skbtrail_track_unlock(set);
	return followed;
}
