// SPDX-License-Identifier: GPL-2.0
/*
 * A probe saw a packet: this file reads as the product. For each sighting:
 * which packet is it (track), does somebody want it (filter), what changed
 * about it, and tell everybody who follows it (encode).
 *
 * Everything here runs with interrupts off in whatever context the stack is
 * in, watches only, and gives up silently towards the stack: what it cannot
 * do is counted.
 */
#include "sight.h"

#include <linux/bpf-cgroup-defs.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/pkt_sched.h>
#include <linux/skbuff.h>
#include <net/sch_generic.h>
#include <net/sock.h>

#include "answers.h"
#include "attach.h"
#include "calls.h"
#include "clock.h"
#include "code.h"
#include "compat.h"
#include "encode.h"
#include "ends.h"
#include "hit.h"
#include "lineage.h"
#include "lives.h"
#include "refused.h"
#include "session.h"
#include "sight_parts.h"
#include "stages.h"
#include "switches.h"
#include "track.h"
#include "verdict.h"

/* of a receive list so many packets are looked at, and the rest, up to so many, counted */
#define LIST_MAX	512
#define LIST_COUNTED	65536

static DEFINE_PER_CPU(u64, blind);

/* a CPU's look at something: whether there is one, and what interrupts were before */
struct look {
	bool		on;
	unsigned long	flags;
};

static DEFINE_PER_CPU(struct look, look);

/* an NMI must not take our locks */
static __always_inline bool in_the_dark(void)
{
	if (likely(!in_nmi()))
		return false;
	this_cpu_inc(blind);
	return true;
}

/* every probe begins and ends with these; what we call must not make us look again */
static __always_inline bool open_eyes(void)
{
	unsigned long flags;

	if (in_the_dark())
		return false;
	local_irq_save(flags);
	if (unlikely(__this_cpu_read(look.on))) {
		__this_cpu_inc(blind);
		local_irq_restore(flags);
		return false;
	}
	__this_cpu_write(look.on, true);
	__this_cpu_write(look.flags, flags);
	return true;
}

static __always_inline void close_eyes(void)
{
	unsigned long flags = __this_cpu_read(look.flags);

	__this_cpu_write(look.on, false);
	local_irq_restore(flags);
}

u64 skbtrail_sight_blind(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(blind, cpu));
	return sum;
}

/* of a hit in a netfilter point, see the protocol */
static __always_inline u32 nf_info(const struct nf_hook_state *nf)
{
	return nf->pf << 8 | nf->hook;
}

/* what see() leaves to others */
static void sighting_at(struct skbtrail_sighting *s, const struct skbtrail_point *p,
			struct sk_buff *skb, struct sock *sk, const struct nf_hook_state *nf)
{
	/* other hooks are not asked about here: headers are compared once more at worst */
	skbtrail_sighting_of(s, p, skb, sk, nf, p->flags & SKBTRAIL_PF_DIRTY,
			     nf ? nf_info(nf) : 0);
}

/* both unlock the set: so there is nothing to be done behind them, nor to be kept for it */
static noinline void see_new(struct skbtrail_set *set, struct skbtrail_life *life,
			     const struct skbtrail_point *p, struct sk_buff *skb,
			     struct sock *sk, const struct nf_hook_state *nf)
{
	struct skbtrail_sighting s __uninitialized;

	sighting_at(&s, p, skb, sk, nf);
	skbtrail_see_closely(set, life, &s);
	skbtrail_track_unlock(set);
}

static noinline void see_changed(struct skbtrail_set *set, struct skbtrail_life *life,
				 const struct skbtrail_point *p, struct sk_buff *skb,
				 struct sock *sk, const struct nf_hook_state *nf)
{
	struct skbtrail_sighting s __uninitialized;

	sighting_at(&s, p, skb, sk, nf);
	s.ns = skbtrail_clock();
	skbtrail_encode_hit(life, &s, skbtrail_watching(p));
	skbtrail_track_unlock(set);
}

/* the long way, where a hit has something to say of its own */
static void see_info(const struct skbtrail_point *p, struct sk_buff *skb, u32 info)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s __uninitialized;

	skbtrail_sighting_of(&s, p, skb, NULL, NULL, p->flags & SKBTRAIL_PF_DIRTY, info);
	skbtrail_track_lock(set);
	skbtrail_see_closely(set, skbtrail_track_find(set, skb), &s);
	skbtrail_track_unlock(set);
}

/* the same packet as before, followed, and nobody else may begin to follow it here */
static __always_inline bool known(struct skbtrail_life *life, const struct sk_buff *skb, u32 begin)
{
	if (life->head != skb->head || skbtrail_track_doubtful(life))
		return false;
	if (begin & ~(life->sessions | life->refused) &&
	    (life->shape != skbtrail_track_shape(skb) ||
	     begin & ~(life->sessions | life->refused | life->rejected)))
		return false;
	return life->sessions;
}

/* somebody else has the set */
static noinline void see_waiting(struct skbtrail_set *set, const struct skbtrail_point *p,
				 struct sk_buff *skb, struct sock *sk,
				 const struct nf_hook_state *nf)
{
	struct skbtrail_life *life;

	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life && known(life, skb, READ_ONCE(skbtrail_interest[p->stage].begin)))
		see_changed(set, life, p, skb, sk, nf);
	else
		see_new(set, life, p, skb, sk, nf);
}

/* nobody wants it; who remembers that must know where that could change */
static noinline void see_unwanted(struct skbtrail_set *set, const struct skbtrail_point *p,
				  const struct sk_buff *skb, bool dirty)
{
	if (skbtrail_calls_noted(p))
		skbtrail_calls_pass(skb);
	if (dirty)
		skbtrail_track_dirty(set);
}

/*
 * Whether headers may change behind a point. tc programs run behind those of a
 * device, without a function we know.
 */
static __always_inline bool dirties(const struct skbtrail_point *p, const struct nf_hook_state *nf,
				    bool others)
{
	return nf ? others || nf->pf == NFPROTO_NETDEV : p->flags & SKBTRAIL_PF_DIRTY;
}

/*
 * The core: one packet, one point. Inlined, and without a call behind which there is
 * something left to do, as it is most of what is done.
 */
static __always_inline void see(const struct skbtrail_point *p, struct sk_buff *skb,
				struct sock *sk, const struct nf_hook_state *nf,
				const struct net_device *dev, bool others)
{
	u32 begin = READ_ONCE(skbtrail_interest[p->stage].begin);
	bool again = __this_cpu_read(skbtrail_latest.skb) == skb;
	struct skbtrail_life *life;
	struct skbtrail_set *set;
	unsigned int way;

	set = likely(again) ? __this_cpu_read(skbtrail_latest.set) : skbtrail_track_set(skb);
	if (!again && skbtrail_track_is_unwanted(set, skb, begin)) {
		if (dirties(p, nf, others) || skbtrail_calls_noted(p))
			see_unwanted(set, p, skb, dirties(p, nf, others));
		return;
	}
	if (unlikely(!skbtrail_track_trylock(set)))
		return see_waiting(set, p, skb, sk, nf);
	way = __this_cpu_read(skbtrail_latest.way);
	if (likely(again && set->key[way] == skb)) {
		life = &set->way[way];
	} else {
		life = skbtrail_track_find(set, skb);
		if (likely(life))
			skbtrail_track_seen(set, life, skb);
	}
	if (unlikely(!life || !known(life, skb, begin)))
		return see_new(set, life, p, skb, sk, nf);
	if (unlikely(!skbtrail_all_told(life, p, skb, sk, dev) ||
		     !skbtrail_tell_quickly(life, p, skb, skbtrail_watching(p),
					    nf ? nf_info(nf) : 0)))
		return see_changed(set, life, p, skb, sk, nf);
	skbtrail_moved_to(life, p, sk, dirties(p, nf, others));
	skbtrail_track_unlock(set);
}

static __always_inline void see_packet(const struct skbtrail_point *p, struct sk_buff *skb,
				       struct sock *sk)
{
	/* neighbour probing asks for resolution without a packet */
	if (unlikely(!skb))
		return;
	see(p, skb, sk, NULL, p->flags & SKBTRAIL_PF_DEV ? skb->dev : NULL, false);
}

/*
 * Rows on one function stand together in the table: which of them a call is
 * about. A bridge's PRE_ROUTING has a hook of its own to see it.
 */
static const struct skbtrail_point *chosen_nf(const struct skbtrail_point *p,
					      const struct nf_hook_state *state)
{
	/* by hook number, from 1 */
	static const u8 rows[NFPROTO_NUMPROTO][NF_INET_NUMHOOKS] = {
		[NFPROTO_IPV4] = { 1, 2, 3, 4, 5 },
		[NFPROTO_IPV6] = { 1, 2, 3, 4, 5 },
		[NFPROTO_NETDEV] = { 6, 7 },
		[NFPROTO_ARP] = { 8, 9, 10 },
		[NFPROTO_BRIDGE] = { 0, 11, 12, 13, 14 },
	};

	if (unlikely(state->pf >= NFPROTO_NUMPROTO || state->hook >= NF_INET_NUMHOOKS ||
		     !rows[state->pf][state->hook]))
		return NULL;
	return p + rows[state->pf][state->hook] - 1;
}

/*
 * The filters at a device's two points belong to its qdisc of that kind, or are
 * shared between such. The block among the arguments says less: on 6.1 there is
 * none at the way out.
 */
static const struct skbtrail_point *chosen_tc(const struct skbtrail_point *p,
					      const struct sk_buff *skb,
					      const struct tcf_proto *filters)
{
	const struct Qdisc *q;

	if (!filters)
		return p + 2;
	q = filters->chain->block->q;
	if (q && q->parent != TC_H_CLSACT)
		return p + 2;
	return p + !skb_at_tc_ingress(skb);
}

static __always_inline void see_nf_point(const struct skbtrail_point *p, struct sk_buff *skb,
					 const struct nf_hook_state *state, bool others)
{
	p = chosen_nf(p, state);
	if (p)
		see(p, skb, NULL, state, skbtrail_nf_dev(state), others);
}

static noinline void see_nf_hooks(const struct skbtrail_point *p, struct sk_buff *skb,
				  const struct nf_hook_state *state,
				  const struct nf_hook_entries *hooks)
{
	see_nf_point(p, skb, state, true);
	skbtrail_verdict_point(chosen_nf(p, state), skb, state, hooks);
}

static __always_inline void see_nf(const struct skbtrail_point *p, struct sk_buff *skb,
				   const struct nf_hook_state *state,
				   const struct nf_hook_entries *hooks)
{
	if (skbtrail_nf_only_ours(hooks))
		see_nf_point(p, skb, state, false);
	else
		see_nf_hooks(p, skb, state, hooks);
}

static void see_birth(const struct skbtrail_point *p, struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s __uninitialized;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, p, skb);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life) {
		s.ns = skbtrail_clock();
		skbtrail_lives_end_unknown(set, life, &s, SKBTRAIL_UNKNOWN_REASON_REUSED);
	}
	skbtrail_track_changed(set);
	skbtrail_refused_end(skb);
	skbtrail_see_closely(set, NULL, &s);
	skbtrail_track_unlock(set);
}

static void see_list(const struct skbtrail_point *p, const struct list_head *list)
{
	struct sk_buff *skb;
	u32 n = 0;

	list_for_each_entry(skb, list, list) {
		if (n++ < LIST_MAX)
			see_packet(p, skb, NULL);
		else if (n == LIST_COUNTED)
			break;
	}
	if (unlikely(n > LIST_MAX))
		skbtrail_encode_lost(skbtrail_watching(p), SKBTRAIL_LOST_CAUSE_LIST, n - LIST_MAX,
				     skbtrail_clock());
}

static struct sk_buff *packet_of(const struct skbtrail_point *p,
				 const struct pt_regs *regs)
{
	unsigned long skb = skbtrail_arg(regs, p->skb);

	if (p->flags & SKBTRAIL_PF_PSKB)
		return *(struct sk_buff **)skb;
	return (struct sk_buff *)skb;
}

static struct sock *socket_of(const struct skbtrail_point *p,
			      const struct pt_regs *regs)
{
	const struct socket *sock;

	if (!p->sk)
		return NULL;
	if (!(p->flags & SKBTRAIL_PF_SOCKET))
		return (struct sock *)skbtrail_arg(regs, p->sk);
	sock = (const struct socket *)skbtrail_arg(regs, p->sk);
	return sock ? sock->sk : NULL;
}

/* a packet that is known already passes as any other; a new one has no headers */
static void see_before(const struct skbtrail_point *p, struct sk_buff *skb, struct sock *sk,
		       u32 info)
{
	if (skb && skbtrail_track_trail(skb))
		see_packet(p, skb, sk);
	else
		skbtrail_see_socket(p, sk ? sk : skb ? skb->sk : NULL, skb, info);
}

static noinline void see_odd(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	if (p->flags & SKBTRAIL_PF_LIST)
		see_list(p, (const struct list_head *)skbtrail_arg(regs, p->skb));
	else
		see_packet(p, packet_of(p, regs), socket_of(p, regs));
}

static noinline void see_chosen(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	struct sk_buff *skb = packet_of(p, regs);

	if (p->op == SKBTRAIL_OP_TC)
		p = chosen_tc(p, skb, (const struct tcf_proto *)skbtrail_arg(regs, 3));
	else
		p += skbtrail_arg(regs, 3) == CGROUP_INET_EGRESS;
	see_packet(p, skb, socket_of(p, regs));
}

/* what nobody followed in pieces is a packet like any other */
static void see_whole(const struct skbtrail_point *p, const struct inet_frag_queue *q,
		      struct sk_buff *skb)
{
	if (!skbtrail_lineage_whole(p, q, skb))
		see_packet(p, skb, NULL);
}

static noinline void see_otherwise(const struct skbtrail_point *p, const struct pt_regs *regs,
				   unsigned long caller)
{
	switch (p->op) {
	case SKBTRAIL_OP_TC:
	case SKBTRAIL_OP_CGROUP:
		see_chosen(p, regs);
		break;
	case SKBTRAIL_OP_LISTEN:
		skbtrail_end_request(packet_of(p, regs), socket_of(p, regs));
		see_packet(p, packet_of(p, regs), socket_of(p, regs));
		break;
	case SKBTRAIL_OP_ANSWER:
		skbtrail_answers_next(p, skbtrail_arg(regs, 2), skbtrail_arg(regs, 3));
		see_packet(p, packet_of(p, regs), NULL);
		break;
	case SKBTRAIL_OP_DONE:
		skbtrail_see_done(p, packet_of(p, regs));
		break;
	case SKBTRAIL_OP_EXPAND:
		skbtrail_see_expand(p, packet_of(p, regs));
		break;
	case SKBTRAIL_OP_MERGE:
		skbtrail_see_merge(p, (struct sk_buff *)skbtrail_arg(regs, 1), packet_of(p, regs));
		break;
	case SKBTRAIL_OP_CLONE:
		if (skbtrail_code_in(caller, SKBTRAIL_IN_CLONE) ||
		    skbtrail_code_in(caller, SKBTRAIL_IN_CLONE_INNER))
			skbtrail_lineage_clone(p, packet_of(p, regs),
					       (struct sk_buff *)skbtrail_arg(regs, 2));
		break;
	case SKBTRAIL_OP_COPY_OF:
		if (skbtrail_code_copies(caller))
			skbtrail_lineage_copy(p, packet_of(p, regs),
					      (struct sk_buff *)skbtrail_arg(regs, 2));
		break;
	case SKBTRAIL_OP_WHY:
		skbtrail_calls_why(socket_of(p, regs), packet_of(p, regs),
				   skbtrail_why_again(socket_of(p, regs), caller));
		break;
	case SKBTRAIL_OP_FRAGLIST:
		skbtrail_lineage_fraglist(p, packet_of(p, regs));
		break;
	case SKBTRAIL_OP_GATHER:
		skbtrail_lineage_gather(p, (const void *)skbtrail_arg(regs, 1),
					packet_of(p, regs));
		break;
	case SKBTRAIL_OP_WHOLE:
		see_whole(p, (const void *)skbtrail_arg(regs, 1), packet_of(p, regs));
		break;
	case SKBTRAIL_OP_WRITE:
		skbtrail_see_write(p, socket_of(p, regs), skbtrail_arg(regs, 3));
		break;
	case SKBTRAIL_OP_CALL_END:
		skbtrail_see_release(socket_of(p, regs), caller);
		break;
	case SKBTRAIL_OP_COPY:
		skbtrail_see_copy(p, packet_of(p, regs), false, skbtrail_arg(regs, 2),
				  skbtrail_arg(regs, 4));
		break;
	case SKBTRAIL_OP_COPIED:
		/* a negative length: only peeked at, it stays in the queue */
		if ((int)skbtrail_arg(regs, 3) >= 0)
			skbtrail_see_copy(p, packet_of(p, regs), true, 0, 0);
		break;
	case SKBTRAIL_OP_HOOK:
	case SKBTRAIL_OP_HOOK_NEW:
	case SKBTRAIL_OP_XT_TRACE:
	case SKBTRAIL_OP_XT_OTHERS:
	case SKBTRAIL_OP_XT_PARK:
	case SKBTRAIL_OP_CT_FULL:
	case SKBTRAIL_OP_CT_CLASH:
	case SKBTRAIL_OP_FLOW:
	case SKBTRAIL_OP_NAT:
	case SKBTRAIL_OP_MASQUERADE:
	case SKBTRAIL_OP_REDIRECT:
	case SKBTRAIL_OP_NFT_CHAIN:
	case SKBTRAIL_OP_NFT_IMMEDIATE:
	case SKBTRAIL_OP_NFT_LOOKUP:
	case SKBTRAIL_OP_NFT_NAT:
	case SKBTRAIL_OP_NFT_TARGET:
	case SKBTRAIL_OP_NFT_TAKES:
	case SKBTRAIL_OP_NFT_OTHER:
	case SKBTRAIL_OP_NFT_WORD:
		skbtrail_verdict_hit(p, regs);
		break;
	case SKBTRAIL_OP_BEFORE:
	case SKBTRAIL_OP_TRANSMIT:
		see_before(p, p->skb ? packet_of(p, regs) : NULL, socket_of(p, regs),
			   skbtrail_code_in(caller, SKBTRAIL_IN_LOSS_PROBE) ?
			   SKBTRAIL_RETRANSMIT_WHY_TLP : 0);
		break;
	default:
		skbtrail_see_socket(p, socket_of(p, regs), NULL, 0);
		break;
	}
}

static noinline void sight_nf(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	if (!open_eyes())
		return;
	see_nf(p, (struct sk_buff *)skbtrail_arg(regs, 1),
	       (const struct nf_hook_state *)skbtrail_arg(regs, 2),
	       (const struct nf_hook_entries *)skbtrail_arg(regs, 3));
	close_eyes();
}

/* everything but a packet that passes an ordinary function, or a netfilter point */
static noinline void sight_other(const struct skbtrail_point *p, const struct pt_regs *regs,
				 unsigned long caller)
{
	if (!open_eyes())
		return;
	switch (p->op) {
	case SKBTRAIL_OP_PACKET:
		see_odd(p, regs);
		break;
	case SKBTRAIL_OP_FREE:
		skbtrail_see_free(p, packet_of(p, regs), caller);
		break;
	default:
		see_otherwise(p, regs, caller);
		break;
	}
	close_eyes();
}

static noinline void sight_plain(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	if (!open_eyes())
		return;
	see_packet(p, (struct sk_buff *)skbtrail_arg_at(regs, p->skb_at),
		   p->sk_at ? (struct sock *)skbtrail_arg_at(regs, p->sk_at) : NULL);
	close_eyes();
}

void skbtrail_sight(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	if (p->flags & SKBTRAIL_PF_PLAIN)
		sight_plain(p, regs);
	else if (p->op == SKBTRAIL_OP_NF)
		sight_nf(p, regs);
	else
		sight_other(p, regs, skbtrail_caller(regs));
}

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
static noinline void sight_found(const struct skbtrail_point *p, unsigned long ip,
				 unsigned long parent_ip, const struct pt_regs *regs)
{
	if (!p)
		skbtrail_switch_hit(ip, regs);
	else if (p->flags & SKBTRAIL_PF_PLAIN)
		sight_plain(p, regs);
	else if (p->op == SKBTRAIL_OP_NF)
		sight_nf(p, regs);
	else
		sight_other(p, regs, parent_ip);
}

/* most functions are where they are looked for first */
void skbtrail_sight_entry(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			  struct ftrace_regs *fregs)
{
	const struct skbtrail_entry *e = skbtrail_entry_at(ip);
	const struct skbtrail_point *p;

	if (unlikely(e->ip != ip))
		return sight_found(skbtrail_point_at(ip), ip, parent_ip,
				   skbtrail_ftrace_args(fregs));
	p = READ_ONCE(e->p);
	if (likely(p && p->flags & SKBTRAIL_PF_PLAIN))
		sight_plain(p, skbtrail_ftrace_args(fregs));
	else
		sight_found(p, ip, parent_ip, skbtrail_ftrace_args(fregs));
}
#endif

void skbtrail_sight_packet(const struct skbtrail_point *p, struct sk_buff *skb, u32 info)
{
	if (!open_eyes())
		return;
	if (unlikely(info))
		see_info(p, skb, info);
	else
		see_packet(p, skb, NULL);
	close_eyes();
}

void skbtrail_sight_birth(const struct skbtrail_point *p, struct sk_buff *skb)
{
	if (!open_eyes())
		return;
	see_birth(p, skb);
	close_eyes();
}

void skbtrail_sight_drop(const struct skbtrail_point *p, struct sk_buff *skb,
			 void *location, u32 reason)
{
	if (!open_eyes())
		return;
	skbtrail_see_drop(p, skb, location, reason);
	close_eyes();
}

void skbtrail_sight_left(struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (!open_eyes())
		return;
	skbtrail_verdict_left(skb, state);
	close_eyes();
}

bool skbtrail_sight_followed(const struct sk_buff *skb)
{
	bool followed;

	if (!open_eyes())
		return false;
	followed = skbtrail_track_trail(skb);
	close_eyes();
	return followed;
}

void skbtrail_sight_clone(const struct skbtrail_point *p, struct sk_buff *clone,
			  struct sk_buff *skb)
{
	if (!open_eyes())
		return;
	skbtrail_lineage_clone(p, clone, skb);
	close_eyes();
}

void skbtrail_sight_fragment(const struct skbtrail_point *p, struct sk_buff *fragment,
			     struct sk_buff *skb, u32 left)
{
	if (!open_eyes())
		return;
	skbtrail_lineage_fragment(p, fragment, skb, left);
	close_eyes();
}

void skbtrail_sight_segments(const struct skbtrail_point *p, struct sk_buff *segments,
			     struct sk_buff *skb)
{
	if (!open_eyes())
		return;
	skbtrail_lineage_segments(p, segments, skb);
	close_eyes();
}

/* where nothing was seen: a point without a number */
static const struct skbtrail_point nowhere;

static void tell_of(struct sk_buff *skb,
		    void (*tell)(const struct skbtrail_life *life, u64 ns, const void *arg),
		    const void *arg)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s __uninitialized;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, &nowhere, skb);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life)
		s.ns = skbtrail_clock();
	if (life && skbtrail_lives_same(set, life, &s)) {
		skbtrail_lives_introduce(life, &s);
		tell(life, s.ns, arg);
		skbtrail_verdict_ours(life);
	}
	skbtrail_track_unlock(set);
}

void skbtrail_sight_tell(struct sk_buff *skb,
			 void (*tell)(const struct skbtrail_life *life, u64 ns, const void *arg),
			 const void *arg)
{
	if (!READ_ONCE(skbtrail_active) || !open_eyes())
		return;
	/* no probe called: only as long as a session is seen from here there is a table */
	if (READ_ONCE(skbtrail_active))
		tell_of(skb, tell, arg);
	close_eyes();
}

static void doubt_set(struct skbtrail_set *set)
{
	struct skbtrail_sighting s __uninitialized;
	struct skbtrail_life *life;
	unsigned int i;

	skbtrail_track_lock(set);
	for (i = 0; i < SKBTRAIL_WAYS; i++) {
		life = &set->way[i];
		if (!set->key[i] || !skbtrail_track_doubtful(life))
			continue;
		skbtrail_sighting_init(&s, &nowhere, NULL);
		s.ns = skbtrail_clock();
		skbtrail_lives_end_unknown(set, life, &s, skbtrail_track_doubt(life));
	}
	skbtrail_track_unlock(set);
}

void skbtrail_sight_doubt(void)
{
	unsigned int i;

	for (i = 0; i < skbtrail_track_nsets(); i++) {
		if (!open_eyes())
			continue;
		doubt_set(&skbtrail_sets[i]);
		close_eyes();
		cond_resched();
	}
}

static void see_return(const struct skbtrail_point *p)
{
	u64 trails[4], ns = skbtrail_clock();
	u32 sessions[4];
	unsigned int i, n;

	n = skbtrail_calls_return(trails, sessions, ARRAY_SIZE(trails));
	for (i = 0; i < n; i++)
		skbtrail_encode_bare_hit(p, trails[i], sessions[i] & skbtrail_watching(p), ns);
}

void skbtrail_sight_return(const struct skbtrail_point *p)
{
	if (!open_eyes())
		return;
	see_return(p);
	close_eyes();
}
