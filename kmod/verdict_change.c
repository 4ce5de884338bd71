// SPDX-License-Identifier: GPL-2.0
/*
 * What does a hook do to a packet, short of dropping it? What it has become is looked
 * at whenever it enters the next hook: what is different then was changed by the one
 * before. How, conntrack and NAT tell by the functions they call.
 */
#include "visit.h"

#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <net/netfilter/nf_nat.h>

#include "attach.h"
#include "clock.h"
#include "compat.h"
#include "encode.h"
#include "lives.h"
#include "stages.h"
#include "stream.h"
#include "symbols.h"
#include "track.h"

/**
 * struct hand - a packet that conntrack or a flowtable has in its hands
 * @skb: the packet; compared only
 * @task: for whom, in process context
 * @trail: its trail, 0: nobody follows it
 *
 * They do some things of which they say of no packet. Who is meant is in their hook
 * here: a softirq has a place of its own, and in process context, where others may
 * have come between, it must be the same task.
 */
struct hand {
	const struct sk_buff		*skb;
	const struct task_struct	*task;
	u64				trail;
};

/* in process context, in softirq */
static DEFINE_PER_CPU(struct hand[2], hand);

static struct hand *hand_here(void)
{
	return this_cpu_ptr(&hand[!!in_serving_softirq()]);
}

void skbtrail_deed_next(void)
{
	if (!in_hardirq())
		hand_here()->trail = 0;
}

void skbtrail_deed_hand(struct skbtrail_visit *v, const struct sk_buff *skb,
			enum skbtrail_hook_kind kind)
{
	v->actor.tracks = kind == SKBTRAIL_HOOK_CONNTRACK;
	v->actor.flows = kind == SKBTRAIL_HOOK_FLOWTABLE;
	if (!in_hardirq())
		*hand_here() = (struct hand){ skb, current, v->trail };
}

/* the life of the packet that is meant, its set locked; NULL: it is not known */
static struct skbtrail_life *life_in_hand(struct skbtrail_set **set)
{
	const struct hand *h = hand_here();
	struct skbtrail_life *life;

	if (in_hardirq() || !h->trail || (!in_serving_softirq() && h->task != current))
		return NULL;
	*set = skbtrail_track_set(h->skb);
	life = skbtrail_visit_life(*set, h->skb);
	if (!life || life->trail == h->trail)
		return life;
	skbtrail_track_unlock(*set);
	return NULL;
}

void skbtrail_deed_full(void)
{
	struct skbtrail_set *set;
	struct skbtrail_life *life = life_in_hand(&set);
	struct skbtrail_visit *v;

	if (!life)
		return;
	v = skbtrail_visit_lock(life, false);
	if (v) {
		if (v->actor.fn && v->actor.tracks)
			v->actor.why = SKBTRAIL_VERDICT_WHY_TABLE_FULL;
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

/* nf_nat_manip_pkt(skb, ct, type, direction) */
static void translate(struct skbtrail_actor *a, unsigned long type, unsigned long dir)
{
	a->undone = dir == IP_CT_DIR_REPLY;
	/* how its connection was set up says more */
	if (a->nat)
		return;
	a->nat = (type == NF_NAT_MANIP_SRC) != a->undone ? SKBTRAIL_VERDICT_NAT_SNAT :
							   SKBTRAIL_VERDICT_NAT_DNAT;
}

static void note_doing(struct skbtrail_actor *a, u8 op, const struct pt_regs *regs)
{
	switch (op) {
	case SKBTRAIL_OP_CT_CLASH:
		a->why = SKBTRAIL_VERDICT_WHY_CLASH;
		break;
	case SKBTRAIL_OP_NAT:
		translate(a, skbtrail_arg(regs, 3), skbtrail_arg(regs, 4));
		break;
	case SKBTRAIL_OP_MASQUERADE:
		a->nat = SKBTRAIL_VERDICT_NAT_MASQUERADE;
		break;
	case SKBTRAIL_OP_REDIRECT:
		a->nat = SKBTRAIL_VERDICT_NAT_REDIRECT;
		break;
	}
}

/* what the hook a packet is in does with it; the first argument is the packet */
void skbtrail_deed_doing(u8 op, const struct pt_regs *regs)
{
	const struct sk_buff *skb = (const struct sk_buff *)skbtrail_arg(regs, 1);
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, skb);
	struct skbtrail_visit *v;

	if (!life)
		return;
	v = skbtrail_visit_lock(life, false);
	if (v) {
		note_doing(&v->actor, op, regs);
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

/* what was done by the hook a packet is in, as far as that is known before its rule */
static struct skbtrail_rec_verdict deed_of(const struct skbtrail_visit *v,
					   const struct skbtrail_life *life,
					   enum skbtrail_verdict_action action, u64 ns)
{
	struct skbtrail_rec_verdict head = skbtrail_record_head(&v->where, life, ns);

	head.action = action;
	head.symbol = skbtrail_symbol(v->actor.fn);
	head.priority = v->actor.priority;
	return head;
}

/*
 * The rule behind a deed is told where one that can do it was evaluated last: for
 * NAT, and for what is queued. That other rules change a packet is not seen, so there
 * it is the base chain.
 */
static void tell_deed(const struct skbtrail_visit *v, const struct skbtrail_life *life,
		      struct skbtrail_rec_verdict *head)
{
	bool queued = head->action != SKBTRAIL_VERDICT_ACTION_CHANGE;
	unsigned long bits = life->sessions;
	const char *chain = NULL;
	struct skbtrail_lane *lane;
	u64 handle[SKBTRAIL_STEPS] = { 0 };

	if (v->depth && skbtrail_visit_sure(v)) {
		skbtrail_nft_deed(v, head, handle);
	} else if (v->table && v->xt_nr >= v->actor.nr &&
		   v->hook_epoch == skbtrail_attach_why_missed()) {
		head->engine = SKBTRAIL_VERDICT_ENGINE_XTABLES;
		if ((queued || head->nat) && !v->xt_policy)
			head->cause = skbtrail_xt_cause(v);
		head->steps = skbtrail_xt_steps(v, head->cause);
		chain = skbtrail_xt_first_chain(v);
	}
	while ((lane = skbtrail_next_lane(&bits))) {
		if (head->engine == SKBTRAIL_VERDICT_ENGINE_NFTABLES)
			skbtrail_record_nft(lane, v, head, handle);
		else
			skbtrail_record_hook(lane, v, head, chain);
	}
}

static void tell_changes(const struct skbtrail_visit *v, struct skbtrail_life *life,
			 struct skbtrail_sighting *s)
{
	struct skbtrail_rec_verdict head;

	s->tracked = v->actor.tracks;
	if (!skbtrail_encode_find(life, s))
		return;
	head = deed_of(v, life, SKBTRAIL_VERDICT_ACTION_CHANGE, s->ns);
	head.nat = v->actor.nat;
	head.detail = v->actor.undone;
	tell_deed(v, life, &head);
	skbtrail_encode_inside(life, s);
}

/*
 * What was changed by nobody knows whom is told as well: found later it would be
 * taken for a deed of the hook that comes next.
 */
void skbtrail_deed_done(struct skbtrail_visit *v, struct skbtrail_life *life, struct sk_buff *skb,
			const struct nf_hook_state *state, int end)
{
	struct skbtrail_sighting s;

	if (!v->p)
		return;
	skbtrail_sighting_of(&s, v->p, skb, NULL, state, true, 0);
	s.ns = skbtrail_clock();
	if (skbtrail_hook_certain(v, end))
		tell_changes(v, life, &s);
	else
		skbtrail_encode_changes(life, &s);
	/* the point goes on, and with it whoever changes headers */
	life->flags |= SKBTRAIL_LIFE_DIRTY;
}

void skbtrail_deed_queue(const struct skbtrail_visit *v, const struct skbtrail_life *life,
			 u32 verdict)
{
	struct skbtrail_rec_verdict head;

	head = deed_of(v, life, verdict & NF_VERDICT_FLAG_QUEUE_BYPASS ?
		       SKBTRAIL_VERDICT_ACTION_QUEUE_BYPASS : SKBTRAIL_VERDICT_ACTION_QUEUE,
		       skbtrail_clock());
	head.detail = verdict >> NF_VERDICT_QBITS;
	tell_deed(v, life, &head);
}

/* a hook is entered: with the one before it is through */
void skbtrail_deed_act(struct skbtrail_visit *v, struct skbtrail_life *life, struct sk_buff *skb,
		       const struct nf_hook_state *state, const void *fn, const void *priv)
{
	int place = skbtrail_hook_place(v->hooks, fn, priv);

	/* what is no hook here is called by the one it is in */
	if (place < 0)
		return;
	skbtrail_deed_done(v, life, skb, state, place);
	v->actor = (struct skbtrail_actor){
		.fn = fn, .priv = priv, .nr = v->nr,
		.priority = nf_hook_entries_get_hook_ops(v->hooks)[place]->priority,
	};
	v->depth = 0;
}

/*
 * Behind this a flowtable changes the packet and sends it on: the hook does not return it
 * to its point. Others call this function as well, of packets that are not at a hook.
 */
void skbtrail_deed_flow(void)
{
	struct skbtrail_rec_verdict head;
	struct skbtrail_set *set;
	struct skbtrail_life *life = life_in_hand(&set);
	struct skbtrail_visit *v;

	if (!life)
		return;
	v = skbtrail_visit_lock(life, false);
	if (v) {
		if (v->actor.fn && v->actor.flows && v->p && v->p->stage == life->stage &&
		    v->hook_epoch == skbtrail_attach_why_missed()) {
			head = deed_of(v, life, SKBTRAIL_VERDICT_ACTION_STEAL, skbtrail_clock());
			tell_deed(v, life, &head);
		}
		v->actor.fn = NULL;
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}
