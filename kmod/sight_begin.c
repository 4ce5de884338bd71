// SPDX-License-Identifier: GPL-2.0
/*
 * Does somebody want this packet? All the questions that an ordinary hit of a packet
 * that is known spares itself.
 */
#include "sight_parts.h"

#include <linux/skbuff.h>

#include "answers.h"
#include "calls.h"
#include "clock.h"
#include "encode.h"
#include "filter.h"
#include "lineage.h"
#include "lives.h"
#include "refused.h"
#include "session.h"
#include "stages.h"
#include "switches.h"
#include "track.h"

/*
 * A packet begins to be followed, or more sessions begin to follow it. Who has
 * no room for it now is remembered: half a trail later would look whole.
 */
static struct skbtrail_life *admit(struct skbtrail_set *set, struct skbtrail_life *life,
				   struct skbtrail_sighting *s, u32 asked)
{
	struct skbtrail_calls calls __uninitialized;
	u32 fresh;

	if (!life)
		life = skbtrail_track_begin(set, s->skb);
	if (!life) {
		skbtrail_encode_lost(asked, SKBTRAIL_LOST_CAUSE_TABLE, 1, s->ns);
		skbtrail_refused_note(s->skb, asked);
		return NULL;
	}
	fresh = skbtrail_encode_admitted(asked, s);
	life->refused |= asked & ~fresh;
	if (!fresh)
		return life;
	calls.n = 0;
	calls.task.cookie = 0;
	if (s->outward)
		skbtrail_calls_take(s->skb,
				    s->view.have & SKBTRAIL_VIEW_TCP ? &s->view.tcp : NULL,
				    &calls);
	/* those who follow it already must hear what changed before it is told anew */
	if (life->sessions)
		skbtrail_encode_changes(life, s);
	life->sessions |= fresh;
	skbtrail_encode_packet(life, s, fresh, &calls);
	skbtrail_answers_link(life, s, fresh);
	if (s->outward && s->view.have & SKBTRAIL_VIEW_TCP) {
		skbtrail_encode_sends(life, s, fresh);
		skbtrail_lineage_sent(life, s, &calls);
	}
	return life;
}

/* sessions this packet may begin to be followed by */
static u32 candidates(const struct skbtrail_life *life, const struct skbtrail_sighting *s)
{
	u32 begin = READ_ONCE(skbtrail_interest[s->p->stage].begin);

	if (unlikely(READ_ONCE(skbtrail_switch_doubt)))
		return 0;
	if (!life)
		return begin & ~skbtrail_refused(s->skb);
	begin &= ~(life->sessions | life->refused);
	return life->shape == skbtrail_track_shape(s->skb) ? begin & ~life->rejected : begin;
}

/* whether who said no will do so while the bytes that are compared are the same */
static bool print_tells(const struct skbtrail_sighting *s, u32 rejected)
{
	const struct sk_buff *skb = s->skb;

	return s->view.offset == (int)skb_network_offset(skb) &&
	       skb->network_header != (typeof(skb->network_header))~0U &&
	       skbtrail_filter_near(rejected, s, SKBTRAIL_PRINT);
}

/* asks the filters; returns the life if somebody follows the packet now */
static struct skbtrail_life *ask(struct skbtrail_set *set, struct skbtrail_life *life,
				 struct skbtrail_sighting *s, u32 asked)
{
	u32 wanted, rejected;

	if (!skbtrail_view_locate(s->p, s->skb, &s->view))
		return life;
	s->located = true;
	wanted = skbtrail_filter(asked, s, &rejected);
	if (wanted) {
		s->ns = skbtrail_clock();
		skbtrail_view_parse(s->skb, &s->view);
		s->parsed = true;
		life = admit(set, life, s, wanted);
	}
	if (!rejected)
		return life;
	if (!life) {
		skbtrail_track_unwanted(set, s->skb, rejected, print_tells(s, rejected));
	} else {
		if (life->shape != skbtrail_track_shape(s->skb))
			life->rejected = 0;
		life->shape = skbtrail_track_shape(s->skb);
		life->rejected |= rejected;
	}
	return life;
}

void skbtrail_see_closely(struct skbtrail_set *set, struct skbtrail_life *life,
			  struct skbtrail_sighting *s)
{
	u32 asked;

	if (life) {
		s->ns = skbtrail_clock();
		if (!skbtrail_lives_same(set, life, s))
			life = NULL;
		else
			skbtrail_lives_introduce(life, s);
	}
	asked = candidates(life, s);
	if (asked)
		life = ask(set, life, s, asked);
	if (life && life->sessions)
		skbtrail_encode_hit(life, s, skbtrail_watching(s->p));
	else if (skbtrail_calls_noted(s->p))
		skbtrail_calls_pass(s->skb);
	if (!s->dirty)
		return;
	skbtrail_track_dirty(set);
	if (life)
		life->rejected = 0;
}
