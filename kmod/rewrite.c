// SPDX-License-Identifier: GPL-2.0
/*
 * A packet passes a hook where there are rules: each one that matches is
 * applied, in their order, to what those before have made of it. Any context
 * but NMI; nothing sleeps, and memory is only asked for by the kernel's own
 * helpers where a packet's data is shared. What cannot be done is counted and
 * the packet goes on as it was.
 *
 * A rule that drops frees the packet itself and says it was stolen: whoever
 * sent it hears nothing of it, as if it had been lost on the wire.
 */
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#include "compat.h"
#include "filter.h"
#include "rewrite_rule.h"
#include "session.h"
#include "sight.h"
#include "stream.h"
#include "track.h"
#include "verdict.h"

/**
 * struct visit - a packet at a hook
 * @skb: packet
 * @state: hook
 * @nh: network header, from skb->data
 * @l3proto: Ethertype, host order
 * @family: SKBTRAIL_RULE_*
 * @cast: @shadow is of the packet as it is, from the network header on
 * @touched: SKBTRAIL_TOUCHED_* by any rule
 * @last: rule that last did so
 * @shadow: what filters read it through
 */
struct visit {
	struct sk_buff			*skb;
	const struct nf_hook_state	*state;
	int				nh;
	u16				l3proto;
	u8				family;
	bool				cast;
	u8				touched;
	struct skbtrail_rule		*last;
	struct sk_buff			shadow;
};

struct skbtrail_rules __rcu *skbtrail_rules[SKBTRAIL_RULE_SPOTS];

static void look(struct visit *v, struct sk_buff *skb, const struct nf_hook_state *state)
{
	v->skb = skb;
	v->state = state;
	v->cast = false;
	v->touched = 0;
	v->last = NULL;
	v->nh = skb_network_offset(skb);
	if (state->pf == NFPROTO_IPV4)
		v->l3proto = ETH_P_IP;
	else if (state->pf == NFPROTO_IPV6)
		v->l3proto = ETH_P_IPV6;
	else
		v->l3proto = ntohs(skb->protocol);
	v->family = v->l3proto == ETH_P_IP ? SKBTRAIL_RULE_IPV4 :
		    v->l3proto == ETH_P_IPV6 ? SKBTRAIL_RULE_IPV6 : SKBTRAIL_RULE_OTHER;
	/*
	 * Who sends raw frames may not say where it is. The header may be all in page
	 * fragments, but not begin within one: a shadow has nothing to point to there.
	 */
	if (v->family != SKBTRAIL_RULE_OTHER &&
	    (v->nh < 0 || v->nh >= (int)skb->len || v->nh > (int)skb_headlen(skb)))
		v->family = SKBTRAIL_RULE_OTHER;
}

static bool run(struct visit *v, const struct skbtrail_rule *r)
{
	const struct sk_buff *skb = v->skb;

	if (!r->l2 && !r->l3)
		return true;
	if (r->l3 && v->family != SKBTRAIL_RULE_OTHER) {
		if (!v->cast)
			skbtrail_filter_shadow(&v->shadow, skb, v->nh);
		v->cast = true;
		return bpf_prog_run(r->l3, &v->shadow);
	}
	/* of IP the header below is of no interest; only devices have it for sure */
	if (!r->l2 || v->state->pf != NFPROTO_NETDEV || !skb_mac_header_was_set(skb) ||
	    !skb->dev || skb->dev->type != ARPHRD_ETHER)
		return false;
	v->cast = false;
	skbtrail_filter_shadow(&v->shadow, skb, skb_mac_offset(skb));
	return bpf_prog_run(r->l2, &v->shadow);
}

static bool device_is(const struct nf_hook_state *state, const char *name)
{
	return (state->in && !strncmp(state->in->name, name, IFNAMSIZ)) ||
	       (state->out && !strncmp(state->out->name, name, IFNAMSIZ));
}

static __always_inline bool matches(struct visit *v, const struct skbtrail_rule *r)
{
	if (!(r->families & v->family) || READ_ONCE(r->over))
		return false;
	if (r->netns && r->netns != v->state->net->net_cookie)
		return false;
	if (r->dev[0] && !device_is(v->state, r->dev))
		return false;
	return run(v, r);
}

/* splitmix64: of a rule's seed and the number of the match, so that it can be repeated */
static u64 draw(u64 seed, u64 nth)
{
	u64 x = seed + nth * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static bool by_chance(const struct skbtrail_rule *r, u64 random)
{
	/* the upper half decides; the lower one is left to what is done */
	return mul_u32_u32(random >> 32, NSEC_PER_SEC) >> 32 < r->probability;
}

/* takes one of those it may be applied to */
static bool takes(struct skbtrail_rule *r)
{
	s64 left;

	if (r->until && ktime_get_ns() >= r->until) {
		skbtrail_rule_over(r, SKBTRAIL_RULE_STATE_EXPIRED);
		return false;
	}
	if (!r->limited)
		return true;
	left = atomic64_dec_if_positive(&r->left);
	return left >= 0;
}

/*
 * It was applied: that may have been the last time. That none is left to be
 * taken does not say so, as another CPU may yet give one back.
 */
static void took(struct skbtrail_rule *r)
{
	if (r->limited && atomic64_inc_return(&r->done) == r->count)
		skbtrail_rule_over(r, SKBTRAIL_RULE_STATE_USED_UP);
}

static void write_change(const struct skbtrail_life *life, u64 ns, const void *arg)
{
	const struct skbtrail_told *told = arg;
	u32 size = sizeof(struct skbtrail_rec_facts) + told->len;
	unsigned long bits = life->sessions;
	struct skbtrail_rec_facts *rec;
	struct skbtrail_lane *lane;

	while ((lane = skbtrail_next_lane(&bits))) {
		rec = skbtrail_lane_reserve(lane, size, ns);
		if (!rec)
			continue;
		*rec = (struct skbtrail_rec_facts){
			.size = size,
			.kind = SKBTRAIL_REC_KIND_CHANGE,
			.stage = life->stage,
			.trail = life->trail,
			.ns = ns,
		};
		memcpy(rec + 1, told->buf, told->len);
	}
}

/* what is told of a packet a rule drops */
struct told_drop {
	const struct skbtrail_rule	*rule;
	const struct nf_hook_state	*state;
};

static void write_drop(const struct skbtrail_life *life, u64 ns, const void *arg)
{
	const struct told_drop *d = arg;
	u32 len = strlen(d->rule->text);
	u32 room = ALIGN(len + 1, 8);
	u32 size = sizeof(struct skbtrail_rec_verdict) + room;
	unsigned long bits = life->sessions;
	struct skbtrail_rec_verdict *rec;
	struct skbtrail_rec_verdict head;
	struct skbtrail_where where;
	struct skbtrail_lane *lane;

	skbtrail_where_of(&where, d->state);
	head = skbtrail_record_head(&where, life, ns);
	head.engine = SKBTRAIL_VERDICT_ENGINE_SKBTRAIL;
	head.cause = SKBTRAIL_VERDICT_CAUSE_RULE;
	head.table = d->rule->number;
	while ((lane = skbtrail_next_lane(&bits))) {
		rec = skbtrail_record_begin(lane, &head, size);
		if (!rec)
			continue;
		memset((u8 *)(rec + 1) + room - 8, 0, 8);
		memcpy(rec + 1, d->rule->text, len);
	}
}

static void begin_told(struct skbtrail_told *told, const struct skbtrail_rule *r)
{
	struct skbtrail_fact_rewrite fact = {
		.rule = r->number,
		.flags = r->dry ? SKBTRAIL_REWRITE_DRY : 0,
	};

	told->len = 0;
	skbtrail_edit_put(told, SKBTRAIL_FACT_REWRITE, &fact, sizeof(fact));
}

static noinline void drop(const struct visit *v, const struct skbtrail_rule *r,
			  enum skb_drop_reason reason)
{
	struct told_drop d = { r, v->state };

	this_cpu_inc(r->stats->dropped);
	skbtrail_sight_tell(v->skb, write_drop, &d);
	kfree_skb_reason(v->skb, reason);
}

static noinline void pretend_to_drop(const struct visit *v, const struct skbtrail_rule *r)
{
	struct skbtrail_told told;
	u8 yes = 1;

	this_cpu_inc(r->stats->dropped);
	begin_told(&told, r);
	skbtrail_edit_put(&told, SKBTRAIL_FACT_DROP, &yes, sizeof(yes));
	skbtrail_sight_tell(v->skb, write_change, &told);
}

static noinline void tell_edits(const struct visit *v, const struct skbtrail_rule *r,
				const struct skbtrail_job *job)
{
	struct skbtrail_told told;

	begin_told(&told, r);
	skbtrail_edit_tell(job, &told);
	skbtrail_sight_tell(v->skb, write_change, &told);
}

/* it was done */
static void note(struct visit *v, struct skbtrail_rule *r, u8 touched)
{
	v->touched |= touched;
	if (touched)
		v->last = r;
}

static noinline unsigned int edit_at_length(struct visit *v, struct skbtrail_rule *r, u32 random)
{
	struct skbtrail_job job = {
		.edit = r->edit, .n = r->n, .actions = r->actions, .random = random,
		.skb = v->skb, .nh = v->nh,
	};
	unsigned int refusal;

	refusal = skbtrail_edit_check(&job, v->family == SKBTRAIL_RULE_OTHER ? 0 : v->l3proto);
	if (!refusal && !r->dry) {
		refusal = skbtrail_edit_prepare(&job);
		/* even where that failed, what the filters read may be elsewhere now */
		v->cast = false;
	}
	if (refusal)
		return refusal;
	/* before it is done: it cannot fail any more, and what was is still there */
	if (READ_ONCE(skbtrail_active))
		tell_edits(v, r, &job);
	this_cpu_inc(r->stats->changed);
	if (r->dry)
		return 0;
	skbtrail_edit_apply(&job);
	note(v, r, job.touched);
	return 0;
}

/* returns 0, or why not: enum skbtrail_rule_refusal */
static unsigned int edit(struct visit *v, struct skbtrail_rule *r, u32 random)
{
	u8 touched = 0;

	/* who watches is told what was before, and that takes longer */
	if (!r->quick.able || r->dry || v->family == SKBTRAIL_RULE_OTHER ||
	    READ_ONCE(skbtrail_active) ||
	    !skbtrail_quick_edit(&r->quick, v->skb, v->nh, v->l3proto, &touched))
		return edit_at_length(v, r, random);
	this_cpu_inc(r->stats->changed);
	v->cast = false;
	note(v, r, touched);
	return 0;
}

/* true: the packet is gone */
static bool apply(struct visit *v, struct skbtrail_rule *r)
{
	unsigned int refusal;
	u64 random = 0;

	this_cpu_inc(r->stats->matched);
	if (r->random)
		random = draw(r->seed, atomic64_inc_return(&r->nth));
	if (r->probability < NSEC_PER_SEC && !by_chance(r, random)) {
		this_cpu_inc(r->stats->spared);
		return false;
	}
	if (!takes(r))
		return false;
	if (r->drop && !r->dry) {
		took(r);
		drop(v, r, SKB_DROP_REASON_NETFILTER_DROP);
		return true;
	}
	if (r->drop) {
		pretend_to_drop(v, r);
		took(r);
		return false;
	}
	refusal = edit(v, r, (u32)random);
	if (refusal) {
		this_cpu_inc(r->stats->refused[refusal]);
		if (r->limited)
			atomic64_inc(&r->left);
	} else {
		took(r);
	}
	return false;
}

/*
 * What was decided by what has changed is decided anew, as the kernel's own NAT
 * and mangle tables have it: on the way out the route; on the way in that a
 * route was found, or the socket.
 */
static int decide_anew(const struct visit *v)
{
	const struct nf_hook_state *state = v->state;
	struct sk_buff *skb = v->skb;

	switch (state->hook) {
	case NF_INET_PRE_ROUTING:
		if (v->touched & SKBTRAIL_TOUCHED_DST)
			skb_dst_drop(skb);
		return 0;
	case NF_INET_LOCAL_IN:
		/* early demux found a socket by what it saw; TPROXY was told which one */
		if (v->touched & (SKBTRAIL_TOUCHED_SRC | SKBTRAIL_TOUCHED_DST |
				  SKBTRAIL_TOUCHED_PORT) &&
		    skb->sk && !inet_sk_transparent(skb->sk))
			skb_orphan(skb);
		return 0;
	case NF_INET_LOCAL_OUT:
		if (!(v->touched & (SKBTRAIL_TOUCHED_SRC | SKBTRAIL_TOUCHED_DST |
				    SKBTRAIL_TOUCHED_TOS | SKBTRAIL_TOUCHED_MARK)))
			return 0;
		if (state->pf == NFPROTO_IPV4)
			return ip_route_me_harder(state->net, state->sk, skb, RTN_UNSPEC);
		return nf_ip6_route_me_harder(state->net, state->sk, skb);
	default:
		return 0;
	}
}

/* whether a packet is left to others; false: a rule has taken it */
static bool pass(struct visit *v, const struct skbtrail_rules *rules)
{
	unsigned int i;

	for (i = 0; i < rules->n; i++)
		if (matches(v, rules->rule[i]) && apply(v, rules->rule[i]))
			return false;
	return true;
}

unsigned int skbtrail_rewrite(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct skbtrail_rules *rules;
	struct visit v SKBTRAIL_UNINITIALIZED;
	bool pin, left;

	rules = rcu_dereference(skbtrail_rules[(unsigned long)priv]);
	if (!rules || in_nmi())
		return NF_ACCEPT;
	look(&v, skb, state);
	/* what a process sends comes by where it may be preempted: programs must not move */
	pin = preemptible();
	if (pin)
		migrate_disable();
	left = pass(&v, rules);
	if (pin)
		migrate_enable();
	if (!left)
		return NF_STOLEN;
	if (!v.touched || state->pf == NFPROTO_NETDEV || !decide_anew(&v))
		return NF_ACCEPT;
	drop(&v, v.last, SKB_DROP_REASON_IP_OUTNOROUTES);
	return NF_STOLEN;
}
