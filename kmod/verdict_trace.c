// SPDX-License-Identifier: GPL-2.0
/*
 * x_tables and nf_tables call nothing when a rule matches, but tell of it who traces.
 *
 * nf_tables has a switch for that. While it is on, a function is called for every packet,
 * and looks there whether that one is traced. So it is watched, and the packet left alone.
 *
 * x_tables looks at the packet before. We have followed packets traced, and what is told of
 * them told to us, and nobody else.
 * That is the one write to a watched packet. It is done only where it is sure to be
 * taken back before others can see it: at the next hook, when the packet is parked,
 * and by our own hook, which ends the point. A copy that is made meanwhile has the
 * bit and the flag too. Somebody else's trace stays what it is.
 */
#include "verdict.h"
#include "visit.h"

#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/netfilter/nf_tables_core.h>

#include "attach.h"
#include "compat.h"
#include "session.h"
#include "track.h"

void skbtrail_trace_on(struct skbtrail_life *life, struct sk_buff *skb)
{
	/* of a session that has ended nobody waits any more until it is taken back */
	if (!(life->sessions & READ_ONCE(skbtrail_active)) || skbtrail_nf_trace(skb) ||
	    skb_shared(skb))
		return;
	skbtrail_set_nf_trace(skb, true);
	life->flags |= SKBTRAIL_LIFE_TRACED;
}

void skbtrail_trace_off(struct skbtrail_life *life, struct sk_buff *skb)
{
	if (likely(!(life->flags & SKBTRAIL_LIFE_TRACED)))
		return;
	skbtrail_set_nf_trace(skb, false);
	life->flags &= ~SKBTRAIL_LIFE_TRACED;
}

/* a rule that has packets traced: what was ours is somebody else's now */
void skbtrail_trace_give_up(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, skb);

	if (!life)
		return;
	life->flags &= ~SKBTRAIL_LIFE_TRACED;
	skbtrail_track_unlock(set);
}

u16 skbtrail_said(u32 code)
{
	switch ((int)code) {
	case NFT_CONTINUE:
		return SKBTRAIL_VERDICT_SAID_CONTINUE;
	case NFT_JUMP:
		return SKBTRAIL_VERDICT_SAID_JUMP;
	case NFT_GOTO:
		return SKBTRAIL_VERDICT_SAID_GOTO;
	case NFT_RETURN:
		return SKBTRAIL_VERDICT_SAID_RETURN;
	}
	switch (code & NF_VERDICT_MASK) {
	case NF_ACCEPT:
		return SKBTRAIL_VERDICT_SAID_ACCEPT;
	case NF_DROP:
		return SKBTRAIL_VERDICT_SAID_DROP;
	case NF_QUEUE:
		return SKBTRAIL_VERDICT_SAID_QUEUE;
	default:
		return SKBTRAIL_VERDICT_SAID_UNKNOWN;
	}
}

#if IS_ENABLED(CONFIG_NF_TABLES)
/* we have it switched on; control mutex */
static bool switched;

/* nf_tables tells of no rule that matches unless this says so: who traces has it switched on */
void skbtrail_trace_switch(bool on)
{
	struct static_key_false *key;

	lockdep_assert_held(&skbtrail_control);
	if (on == switched)
		return;
	/* held on to only now: it may be unloaded while packets are followed */
	key = symbol_get(nft_trace_enabled);
	if (!key)
		return;
	if (on)
		static_branch_inc(key);
	else
		static_branch_dec(key);
	symbol_put(nft_trace_enabled);
	switched = on;
}

void skbtrail_trace_forget(const char *mod)
{
	lockdep_assert_held(&skbtrail_control);
	if (!strcmp(mod, "nf_tables"))
		switched = false;
}
#else
void skbtrail_trace_switch(bool on) { }
void skbtrail_trace_forget(const char *mod) { }
#endif
