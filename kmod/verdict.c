// SPDX-License-Identifier: GPL-2.0
/*
 * Which rule dropped it, or changed it? Nothing is switched on for that and nothing is
 * evaluated again: functions that netfilter calls on the way to a verdict are
 * watched, and of followed packets what they were called with is noted. When
 * the packet is freed, the kernel is still where it decided that, so what was
 * noted can be read: chain, rule, and whether it was a rule at all.
 *
 * What a packet goes through is noted in a visit; verdict_*.c say what is in it.
 * What does not fit together is told as unknown.
 */
#include "verdict.h"

#include <linux/cpumask.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attach.h"
#include "code.h"
#include "compat.h"
#include "encode.h"
#include "stages.h"
#include "track.h"
#include "visit.h"

#define WAYS		4
/* packets are inside netfilter one a CPU, but for those a softirq or NFQUEUE makes wait */
#define PER_CPU		8
#define MIN_SETS	64u

/**
 * struct visit_set - visits of the packets whose trails fall here
 * @tag: trail of each visit, to find it by, 0: empty; the visit has the last word
 * @idle: its packet has passed our hook, behind which there may be one or the other
 *	hook of its priority, but nothing that has rules
 * @next: where none is empty or idle, the one that is given away next, in turn
 * @way: visits
 */
struct visit_set {
	u64			tag[WAYS];
	bool			idle[WAYS];
	u32			next;
	struct skbtrail_visit	way[WAYS];
};

static struct visit_set *visit_sets;
static unsigned int visit_bits;

DEFINE_PER_CPU(const struct sk_buff *, skbtrail_verdict_last);

int skbtrail_verdict_init(void)
{
	visit_bits = order_base_2(max(num_possible_cpus() * PER_CPU / WAYS, MIN_SETS));
	visit_sets = kvcalloc(1u << visit_bits, sizeof(*visit_sets), GFP_KERNEL);
	return visit_sets ? 0 : -ENOMEM;
}

void skbtrail_verdict_exit(void)
{
	kvfree(visit_sets);
}

void skbtrail_verdict_forget(void)
{
	memset(visit_sets, 0, sizeof(*visit_sets) << visit_bits);
}

static struct visit_set *visit_set_of(u64 trail)
{
	return &visit_sets[hash_64(trail, visit_bits)];
}

/* where it may be, or with @begin is to be; NULL: nowhere */
static struct skbtrail_visit *find_way(struct visit_set *set, u64 trail, bool begin)
{
	struct skbtrail_visit *empty = NULL, *idle = NULL;
	unsigned int i;
	u64 tag;

	for (i = 0; i < WAYS; i++) {
		tag = READ_ONCE(set->tag[i]);
		if (tag == trail)
			return &set->way[i];
		if (!tag && !empty)
			empty = &set->way[i];
		if (READ_ONCE(set->idle[i]) && !idle)
			idle = &set->way[i];
	}
	if (!begin || empty || idle)
		return begin ? empty ?: idle : NULL;
	i = READ_ONCE(set->next) % WAYS;
	WRITE_ONCE(set->next, i + 1);
	return &set->way[i];
}

static void set_idle(struct visit_set *set, const struct skbtrail_visit *v, bool idle)
{
	WRITE_ONCE(set->idle[v - set->way], idle);
}

/* it is locked, and its packet is gone */
static void give_back(struct skbtrail_visit *v)
{
	struct visit_set *set = visit_set_of(v->trail);

	WRITE_ONCE(set->tag[v - set->way], 0);
	v->trail = 0;
}

/* the life of a packet that is followed, its set locked; NULL: it is not, nothing is locked */
struct skbtrail_life *skbtrail_visit_life(struct skbtrail_set *set, const struct sk_buff *skb)
{
	struct skbtrail_life *life;

	/* who runs hooks is alone with the packet */
	if (!skbtrail_track_find(set, skb))
		return NULL;
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life && life->sessions | life->heirs)
		return life;
	skbtrail_track_unlock(set);
	return NULL;
}

/*
 * The visit of a life, locked; NULL: there is none. Of two CPUs that begin one in
 * the same way, the first one loses it: what it is about stays unknown.
 */
struct skbtrail_visit *skbtrail_visit_lock(const struct skbtrail_life *life, bool begin)
{
	struct visit_set *set = visit_set_of(life->trail);
	struct skbtrail_visit *v;

	if (skbtrail_track_doubtful(life))
		return NULL;
	v = find_way(set, life->trail, begin);
	if (!v)
		return NULL;
	arch_spin_lock(&v->lock);
	if (begin)
		set_idle(set, v, false);
	if (begin && v->trail != life->trail) {
		WRITE_ONCE(set->tag[v - set->way], life->trail);
		v->trail = life->trail;
		v->hooks = NULL;
		v->table = NULL;
		v->depth = 0;
	}
	if (v->trail == life->trail)
		return v;
	arch_spin_unlock(&v->lock);
	return NULL;
}

void skbtrail_where_of(struct skbtrail_where *w, const struct nf_hook_state *state)
{
	w->netns = state->net->net_cookie;
	w->inum = state->net->ns.inum;
	w->pf = state->pf;
	w->hook = state->hook;
	/* nf_tables has a state of its own for chains of inet there */
	if (state->hook == NF_INET_INGRESS &&
	    (state->pf == NFPROTO_IPV4 || state->pf == NFPROTO_IPV6)) {
		w->pf = NFPROTO_NETDEV;
		w->hook = NF_NETDEV_INGRESS;
	}
}

/*
 * A packet that is not seen to enter the next hook was dropped by this one. Some
 * hooks call what elsewhere is a hook itself, as that of the table mangle does.
 */
static void enter_hook(const struct skbtrail_point *p, const void *priv, struct sk_buff *skb,
		       const struct nf_hook_state *state)
{
	enum skbtrail_hook_kind kind = skbtrail_attach_hook_kind(p);
	bool hand = kind == SKBTRAIL_HOOK_CONNTRACK || kind == SKBTRAIL_HOOK_FLOWTABLE;
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, skb);
	struct skbtrail_visit *v;

	if (hand)
		skbtrail_deed_next();
	if (!life)
		return;
	skbtrail_trace_off(life, skb);
	v = skbtrail_visit_lock(life, false);
	if (v) {
		if (skbtrail_visit_here(v, life, state)) {
			skbtrail_deed_act(v, life, skb, state, skbtrail_attach_hook_fn(p), priv);
			skbtrail_hook_note(v, skbtrail_attach_hook_fn(p), priv, kind);
			if (hand)
				skbtrail_deed_hand(v, skb, kind);
			/* those of ARP have no trace, nor has ebtables */
			if (kind == SKBTRAIL_HOOK_TABLES && v->closed &&
			    state->pf != NFPROTO_ARP && READ_ONCE(skbtrail_attach_xt))
				skbtrail_trace_on(life, skb);
		}
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

void skbtrail_verdict_point(const struct skbtrail_point *p, struct sk_buff *skb,
			    const struct nf_hook_state *state,
			    const struct nf_hook_entries *hooks)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, skb);
	const struct sk_buff *outer;
	struct skbtrail_visit *v;

	if (!life)
		return;
	skbtrail_trace_off(life, skb);
	v = skbtrail_visit_lock(life, true);
	if (v) {
		outer = this_cpu_read(skbtrail_verdict_last);
		this_cpu_write(skbtrail_verdict_last, skb);
		skbtrail_where_of(&v->where, state);
		v->hooks = hooks;
		v->state = state;
		v->p = p;
		v->actor = (struct skbtrail_actor){ NULL };
		v->outer = outer;
		v->closed = skbtrail_nf_ours_ends(hooks);
		v->hooks_gen = skbtrail_attach_hooks_gen();
		v->hook_epoch = skbtrail_attach_why_missed();
		v->nr = 0;
		v->table = NULL;
		v->depth = 0;
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

/* of the point a packet is in, in the hands of its caller */
static struct skbtrail_visit *visit_at(struct skbtrail_life *life,
				       const struct nf_hook_state *state)
{
	struct skbtrail_visit *v = skbtrail_visit_lock(life, false);

	if (!v || skbtrail_visit_here(v, life, state))
		return v;
	skbtrail_visit_unlock(v);
	return NULL;
}

void skbtrail_verdict_left(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, skb);
	struct skbtrail_visit *v;

	this_cpu_write(skbtrail_verdict_last, NULL);
	if (!life)
		return;
	skbtrail_trace_off(life, skb);
	v = visit_at(life, state);
	if (v) {
		skbtrail_deed_done(v, life, skb, state, v->hooks->num_hook_entries);
		v->actor.fn = NULL;
		this_cpu_write(skbtrail_verdict_last, v->outer);
		set_idle(visit_set_of(life->trail), v, true);
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

void skbtrail_verdict_ours(const struct skbtrail_life *life)
{
	struct skbtrail_visit *v = skbtrail_visit_lock(life, false);

	if (!v)
		return;
	v->actor.fn = NULL;
	skbtrail_visit_unlock(v);
}

/* nf_queue(skb, state, index of the hook, verdict) */
static void park(struct sk_buff *skb, const struct nf_hook_state *state, u32 index, u32 verdict)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, skb);
	struct skbtrail_visit *v;

	if (!life)
		return;
	skbtrail_trace_off(life, skb);
	v = visit_at(life, state);
	if (v) {
		if (skbtrail_hook_place(v->hooks, v->actor.fn, v->actor.priv) == (int)index) {
			skbtrail_deed_done(v, life, skb, state, index);
			skbtrail_deed_queue(v, life, verdict);
		}
		v->actor.fn = NULL;
		/* it may come back when that is gone */
		v->table = NULL;
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

static void tell_drop(const struct skbtrail_visit *v, const struct skbtrail_life *life, u64 ns,
		      const void *location)
{
	if (skbtrail_code_in((unsigned long)location, SKBTRAIL_IN_NFT)) {
		if (v->depth && v->epoch == skbtrail_attach_why_missed())
			skbtrail_nft_tell(v, life, ns);
	} else if (skbtrail_code_in((unsigned long)location, SKBTRAIL_IN_HOOKS)) {
		if (v->hooks)
			skbtrail_hook_tell(v, life, ns);
	}
}

void skbtrail_verdict_tell(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   const void *location)
{
	struct skbtrail_visit *v = skbtrail_visit_lock(life, false);

	if (!v)
		return;
	/* once nobody waits for it, what was noted need not be of the point it is in */
	if (life->sessions & READ_ONCE(skbtrail_active))
		tell_drop(v, life, s->ns, location);
	if (skbtrail_verdict_inside(s->skb))
		this_cpu_write(skbtrail_verdict_last, v->outer);
	give_back(v);
	skbtrail_visit_unlock(v);
}

void skbtrail_verdict_hit(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	switch (p->op) {
	case SKBTRAIL_OP_HOOK:
		enter_hook(p, (const void *)skbtrail_arg(regs, 1),
			   (struct sk_buff *)skbtrail_arg(regs, 2),
			   (const struct nf_hook_state *)skbtrail_arg(regs, 3));
		break;
	case SKBTRAIL_OP_XT_TRACE:
		skbtrail_xt_matched(regs);
		break;
	case SKBTRAIL_OP_XT_OTHERS:
		skbtrail_trace_give_up((const struct sk_buff *)skbtrail_arg(regs, 1));
		break;
	case SKBTRAIL_OP_XT_PARK:
		park((struct sk_buff *)skbtrail_arg(regs, 1),
		     (const struct nf_hook_state *)skbtrail_arg(regs, 2),
		     skbtrail_arg(regs, 3), skbtrail_arg(regs, 4));
		break;
	case SKBTRAIL_OP_CT_FULL:
		skbtrail_deed_full();
		break;
	case SKBTRAIL_OP_FLOW:
		skbtrail_deed_flow();
		break;
	case SKBTRAIL_OP_CT_CLASH:
	case SKBTRAIL_OP_NAT:
	case SKBTRAIL_OP_MASQUERADE:
	case SKBTRAIL_OP_REDIRECT:
		skbtrail_deed_doing(p->op, regs);
		break;
	case SKBTRAIL_OP_HOOK_NEW:
		skbtrail_attach_hook_new((const struct nf_hook_ops *)skbtrail_arg(regs, 2));
		break;
	case SKBTRAIL_OP_NFT_CHAIN:
		skbtrail_nft_enter((const struct nft_pktinfo *)skbtrail_arg(regs, 1),
				   (const struct nft_chain *)skbtrail_arg(regs, 2));
		break;
	case SKBTRAIL_OP_NFT_WORD:
		skbtrail_nft_matched(regs);
		break;
	default:
		skbtrail_nft_evaluate(p, (const struct nft_expr *)skbtrail_arg(regs, 1),
				      (const struct nft_regs *)skbtrail_arg(regs, 2),
				      (const struct nft_pktinfo *)skbtrail_arg(regs, 3));
		break;
	}
}
