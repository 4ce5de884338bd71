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
#include <net/inet_connection_sock.h>
#include <net/sch_generic.h>
#include <net/sock.h>

#include "attach.h"
#include "calls.h"
#include "clock.h"
#include "code.h"
#include "compat.h"
#include "encode.h"
#include "ends.h"
#include "filter.h"
#include "hit.h"
#include "lineage.h"
#include "lives.h"
#include "refused.h"
#include "session.h"
#include "stages.h"
#include "switches.h"
#include "symbols.h"
#include "track.h"
#include "verdict.h"

/* of a receive list so many packets are looked at, and the rest, up to so many, counted */
#define LIST_MAX	512
#define LIST_COUNTED	65536

static DEFINE_PER_CPU(u64, blind);
static DEFINE_PER_CPU(bool, looking);

/* an NMI must not take our locks */
static __always_inline bool in_the_dark(void)
{
	if (likely(!in_nmi()))
		return false;
	this_cpu_inc(blind);
	return true;
}

/* what we call must not make us look again; interrupts off */
static __always_inline bool look_up(void)
{
	if (unlikely(__this_cpu_read(looking))) {
		__this_cpu_inc(blind);
		return false;
	}
	__this_cpu_write(looking, true);
	return true;
}

/* every probe begins and ends with these */
static __always_inline bool open_eyes(unsigned long *flags)
{
	if (in_the_dark())
		return false;
	local_irq_save(*flags);
	if (look_up())
		return true;
	local_irq_restore(*flags);
	return false;
}

static __always_inline void close_eyes(unsigned long flags)
{
	__this_cpu_write(looking, false);
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

/* sessions that get hits of this point */
static u32 watching(const struct skbtrail_point *p)
{
	return READ_ONCE(skbtrail_interest[p->stage].watch);
}

/*
 * A packet begins to be followed, or more sessions begin to follow it. Who has
 * no room for it now is remembered: half a trail later would look whole.
 */
static struct skbtrail_life *admit(struct skbtrail_set *set, struct skbtrail_life *life,
				   struct skbtrail_sighting *s, u32 asked)
{
	struct skbtrail_calls calls = { .n = 0 };
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
	if (s->outward)
		skbtrail_calls_take(s->skb,
				    s->view.have & SKBTRAIL_VIEW_TCP ? &s->view.tcp : NULL,
				    &calls);
	/* those who follow it already must hear what changed before it is told anew */
	if (life->sessions)
		skbtrail_encode_changes(life, s);
	life->sessions |= fresh;
	skbtrail_encode_packet(life, s, fresh, &calls);
	if (s->outward && s->view.have & SKBTRAIL_VIEW_TCP)
		skbtrail_lineage_sent(life, s, &calls);
	return life;
}

/* a packet nobody follows passes: what was noted for it is not the next one's */
static void pass(const struct skbtrail_point *p, const struct sk_buff *skb)
{
	if (p->stage >= SKBTRAIL_ST_IP_LOCAL_OUT && p->stage <= SKBTRAIL_ST_IP_OUTPUT)
		skbtrail_calls_pass(skb);
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

/* all questions; see() knows when most of them need not be asked */
static noinline void see_closely(struct skbtrail_set *set, struct skbtrail_life *life,
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
		skbtrail_encode_hit(life, s, watching(s->p));
	else
		pass(s->p, s->skb);
	if (!s->dirty)
		return;
	skbtrail_track_dirty(set);
	if (life)
		life->rejected = 0;
}

static noinline void see_new(struct skbtrail_set *set, struct skbtrail_life *life,
			     const struct skbtrail_point *p, struct sk_buff *skb,
			     struct sock *sk, const struct nf_hook_state *nf, bool dirty,
			     u32 info)
{
	struct skbtrail_sighting s;

	skbtrail_sighting_of(&s, p, skb, sk, nf, dirty, info);
	see_closely(set, life, &s);
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

static noinline void see_changed(struct skbtrail_life *life, const struct skbtrail_point *p,
				 struct sk_buff *skb, struct sock *sk,
				 const struct nf_hook_state *nf, bool dirty, u32 info)
{
	struct skbtrail_sighting s;

	skbtrail_sighting_of(&s, p, skb, sk, nf, dirty, info);
	s.ns = skbtrail_clock();
	skbtrail_encode_hit(life, &s, watching(p));
}

/* the core: one packet, one point; inlined, as it is most of what is done */
static __always_inline void see(const struct skbtrail_point *p, struct sk_buff *skb,
				struct sock *sk, const struct nf_hook_state *nf,
				const struct net_device *dev, bool dirty, u32 info)
{
	const struct skbtrail_interest *interest = &skbtrail_interest[p->stage];
	struct skbtrail_set *set = skbtrail_track_set(skb);
	u32 begin = READ_ONCE(interest->begin);
	struct skbtrail_life *life;

	if (skbtrail_track_is_unwanted(set, skb, begin)) {
		pass(p, skb);
		if (dirty)
			skbtrail_track_dirty(set);
		return;
	}
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (unlikely(!life || !known(life, skb, begin))) {
		see_new(set, life, p, skb, sk, nf, dirty, info);
	} else if (likely(skbtrail_all_told(life, p, skb,
					    sk || !skbtrail_outward(p) ? sk : skb->sk, dev))) {
		skbtrail_tell_hit(life, p, skb, READ_ONCE(interest->watch),
				  skbtrail_clock(), info);
		skbtrail_moved_to(life, p, sk, dirty);
	} else {
		see_changed(life, p, skb, sk, nf, dirty, info);
	}
	skbtrail_track_unlock(set);
}

static __always_inline void see_packet(const struct skbtrail_point *p, struct sk_buff *skb,
				       struct sock *sk, u32 info)
{
	/* neighbour probing asks for resolution without a packet */
	if (unlikely(!skb))
		return;
	see(p, skb, sk, NULL, p->flags & SKBTRAIL_PF_DEV ? skb->dev : NULL,
	    p->flags & SKBTRAIL_PF_DIRTY, info);
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

static void see_nf(const struct skbtrail_point *p, struct sk_buff *skb,
		   const struct nf_hook_state *state, const struct nf_hook_entries *hooks)
{
	bool others = !skbtrail_nf_only_ours(hooks);

	p = chosen_nf(p, state);
	/* tc programs run behind a device's points, without a function we know */
	if (p)
		see(p, skb, NULL, state, skbtrail_nf_dev(state),
		    others || state->pf == NFPROTO_NETDEV, state->pf << 8 | state->hook);
	if (others)
		skbtrail_verdict_point(skb, state, hooks);
}

static void see_birth(const struct skbtrail_point *p, struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s;
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
	see_closely(set, NULL, &s);
	skbtrail_track_unlock(set);
}

static void see_list(const struct skbtrail_point *p, const struct list_head *list)
{
	struct sk_buff *skb;
	u32 n = 0;

	list_for_each_entry(skb, list, list) {
		if (n++ < LIST_MAX)
			see_packet(p, skb, NULL, 0);
		else if (n == LIST_COUNTED)
			break;
	}
	if (unlikely(n > LIST_MAX))
		skbtrail_encode_lost(watching(p), SKBTRAIL_LOST_CAUSE_LIST, n - LIST_MAX,
				     skbtrail_clock());
}

static void see_copy(const struct skbtrail_point *p, struct sk_buff *skb, bool after)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	u32 watch = watching(p);
	struct skbtrail_sighting s;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, p, skb);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life)
		s.ns = skbtrail_clock();
	if (life && skbtrail_lives_same(set, life, &s) &&
	    !(after && life->flags & SKBTRAIL_LIFE_COPIED)) {
		skbtrail_lives_introduce(life, &s);
		skbtrail_encode_read(life, &s);
		skbtrail_encode_hit(life, &s, watch);
		life->flags |= SKBTRAIL_LIFE_COPIED;
		skbtrail_calls_copied(life->trail, life->sessions);
	}
	skbtrail_track_unlock(set);
}

static void see_merge(const struct skbtrail_point *p, struct sk_buff *to,
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

static void see_expand(const struct skbtrail_point *p, struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, p, skb);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life)
		s.ns = skbtrail_clock();
	if (life && skbtrail_lives_same(set, life, &s)) {
		skbtrail_lives_introduce(life, &s);
		life->flags |= SKBTRAIL_LIFE_EXPANDING;
		skbtrail_encode_hit(life, &s, watching(p));
	}
	if (!life)
		skbtrail_refused_expand(skb);
	skbtrail_track_unlock(set);
}

/* drivers free with the same function what they did not send */
static void see_done(const struct skbtrail_point *p, struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, p, skb);
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life && life->stage == SKBTRAIL_ST_DEV_XMIT) {
		s.ns = skbtrail_clock();
		if (skbtrail_lives_same(set, life, &s))
			skbtrail_encode_hit(life, &s, watching(p));
	}
	skbtrail_track_unlock(set);
}

static noinline void see_free(const struct skbtrail_point *p, struct sk_buff *skb,
			      unsigned long caller)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s;
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
			skbtrail_lives_end(set, life, &s, skbtrail_end_freed(p, life, skb), 0, 0);
	}
	skbtrail_track_unlock(set);
}

static bool network_sock(const struct sock *sk)
{
	return sk && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6 ||
		      sk->sk_family == AF_PACKET);
}

static void see_socket(const struct skbtrail_point *p, struct sock *sk,
		       const struct sk_buff *skb, u32 info)
{
	u64 ns;

	if (!network_sock(sk) || !sk_fullsock(sk))
		return;
	ns = skbtrail_clock();
	switch (p->op) {
	case SKBTRAIL_OP_CREATE:
		skbtrail_calls_create(p, sk, ns);
		break;
	case SKBTRAIL_OP_CALL:
		skbtrail_calls_begin(p, sk, ns, false);
		break;
	case SKBTRAIL_OP_READ:
		skbtrail_calls_begin(p, sk, ns, true);
		break;
	case SKBTRAIL_OP_CALLED:
		skbtrail_calls_add(p, sk, ns);
		break;
	case SKBTRAIL_OP_CALL_END:
		skbtrail_calls_end(sk);
		break;
	case SKBTRAIL_OP_BEFORE:
		skbtrail_calls_before(p, sk, skb, ns, false, 0);
		break;
	case SKBTRAIL_OP_TRANSMIT:
		skbtrail_calls_before(p, sk, skb, ns, true,
				      p->stage == SKBTRAIL_ST_TCP_RETRANSMIT ? info : 0);
		break;
	}
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
		see_packet(p, skb, sk, 0);
	else
		see_socket(p, sk ? sk : skb ? skb->sk : NULL, skb, info);
}

static noinline void see_odd(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	if (p->flags & SKBTRAIL_PF_LIST)
		see_list(p, (const struct list_head *)skbtrail_arg(regs, p->skb));
	else
		see_packet(p, packet_of(p, regs), socket_of(p, regs), 0);
}

static noinline void see_chosen(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	struct sk_buff *skb = packet_of(p, regs);

	if (p->op == SKBTRAIL_OP_TC)
		p = chosen_tc(p, skb, (const struct tcf_proto *)skbtrail_arg(regs, 3));
	else
		p += skbtrail_arg(regs, 3) == CGROUP_INET_EGRESS;
	see_packet(p, skb, socket_of(p, regs), 0);
}

/* as far as the kernel's code says it for sure */
static u32 why_again(const struct sock *sk, unsigned long caller)
{
	if (skbtrail_code_in(caller, SKBTRAIL_IN_RETRANSMIT_TIMER))
		return SKBTRAIL_RETRANSMIT_WHY_RTO;
	if (!skbtrail_code_in(caller, SKBTRAIL_IN_RETRANSMIT_QUEUE))
		return SKBTRAIL_RETRANSMIT_WHY_UNKNOWN;
	switch (inet_csk(sk)->icsk_ca_state) {
	case TCP_CA_Recovery:
		return SKBTRAIL_RETRANSMIT_WHY_FAST;
	case TCP_CA_Loss:
		return SKBTRAIL_RETRANSMIT_WHY_LOSS;
	default:
		return SKBTRAIL_RETRANSMIT_WHY_UNKNOWN;
	}
}

/* what nobody followed in pieces is a packet like any other */
static void see_whole(const struct skbtrail_point *p, const struct inet_frag_queue *q,
		      struct sk_buff *skb)
{
	if (!skbtrail_lineage_whole(p, q, skb))
		see_packet(p, skb, NULL, 0);
}

static noinline void see_otherwise(const struct skbtrail_point *p, const struct pt_regs *regs,
				   unsigned long caller)
{
	switch (p->op) {
	case SKBTRAIL_OP_TC:
	case SKBTRAIL_OP_CGROUP:
		see_chosen(p, regs);
		break;
	case SKBTRAIL_OP_DONE:
		see_done(p, packet_of(p, regs));
		break;
	case SKBTRAIL_OP_EXPAND:
		see_expand(p, packet_of(p, regs));
		break;
	case SKBTRAIL_OP_MERGE:
		see_merge(p, (struct sk_buff *)skbtrail_arg(regs, 1), packet_of(p, regs));
		break;
	case SKBTRAIL_OP_CLONE:
		if (skbtrail_code_in(caller, SKBTRAIL_IN_CLONE) ||
		    skbtrail_code_in(caller, SKBTRAIL_IN_CLONE_INNER))
			skbtrail_lineage_clone(p, packet_of(p, regs),
					       (struct sk_buff *)skbtrail_arg(regs, 2));
		break;
	case SKBTRAIL_OP_COPY_OF:
		if (skbtrail_code_in(caller, SKBTRAIL_IN_COPY) ||
		    skbtrail_code_in(caller, SKBTRAIL_IN_COPY_EXPAND) ||
		    skbtrail_code_in(caller, SKBTRAIL_IN_PSKB_COPY))
			skbtrail_lineage_copy(p, packet_of(p, regs),
					      (struct sk_buff *)skbtrail_arg(regs, 2));
		break;
	case SKBTRAIL_OP_WHY:
		skbtrail_calls_why(socket_of(p, regs), packet_of(p, regs),
				   why_again(socket_of(p, regs), caller));
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
	case SKBTRAIL_OP_COPY:
		see_copy(p, packet_of(p, regs), false);
		break;
	case SKBTRAIL_OP_COPIED:
		/* a negative length: only peeked at, it stays in the queue */
		if ((int)skbtrail_arg(regs, 3) >= 0)
			see_copy(p, packet_of(p, regs), true);
		break;
	case SKBTRAIL_OP_HOOK:
	case SKBTRAIL_OP_HOOK_NEW:
	case SKBTRAIL_OP_XT_TRACE:
	case SKBTRAIL_OP_XT_OTHERS:
	case SKBTRAIL_OP_XT_PARK:
	case SKBTRAIL_OP_NFT_CHAIN:
	case SKBTRAIL_OP_NFT_IMMEDIATE:
	case SKBTRAIL_OP_NFT_LOOKUP:
	case SKBTRAIL_OP_NFT_OTHER:
		skbtrail_verdict_hit(p, regs);
		break;
	case SKBTRAIL_OP_BEFORE:
	case SKBTRAIL_OP_TRANSMIT:
		see_before(p, p->skb ? packet_of(p, regs) : NULL, socket_of(p, regs),
			   skbtrail_code_in(caller, SKBTRAIL_IN_LOSS_PROBE) ?
			   SKBTRAIL_RETRANSMIT_WHY_TLP : 0);
		break;
	default:
		see_socket(p, socket_of(p, regs), NULL, 0);
		break;
	}
}

/* no buffer is on this stack: only a lock makes the compiler want a canary */
__no_stack_protector
void skbtrail_sight(const struct skbtrail_point *p, const struct pt_regs *regs,
		    unsigned long caller)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	if (likely(p->op == SKBTRAIL_OP_PACKET)) {
		if (unlikely(p->flags & SKBTRAIL_PF_ODD_ARGS))
			see_odd(p, regs);
		else
			see_packet(p, (struct sk_buff *)skbtrail_arg(regs, p->skb),
				   p->sk ? (struct sock *)skbtrail_arg(regs, p->sk) : NULL, 0);
	} else if (p->op == SKBTRAIL_OP_NF) {
		see_nf(p, packet_of(p, regs),
		       (const struct nf_hook_state *)skbtrail_arg(regs, 2),
		       (const struct nf_hook_entries *)skbtrail_arg(regs, 3));
	} else if (p->op == SKBTRAIL_OP_FREE) {
		see_free(p, packet_of(p, regs), caller ? caller : skbtrail_caller(regs));
	} else {
		see_otherwise(p, regs, caller ? caller : skbtrail_caller(regs));
	}
	close_eyes(flags);
}

void skbtrail_sight_packet(const struct skbtrail_point *p, struct sk_buff *skb, u32 info)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	see_packet(p, skb, NULL, info);
	close_eyes(flags);
}

void skbtrail_sight_birth(const struct skbtrail_point *p, struct sk_buff *skb)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	see_birth(p, skb);
	close_eyes(flags);
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
	skbtrail_verdict_tell(life, s, location);
	skbtrail_lives_end(set, life, s, end, reason, skbtrail_symbol(location));
}

static void see_drop(const struct skbtrail_point *p, struct sk_buff *skb,
		     void *location, u32 reason)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s;
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

void skbtrail_sight_drop(const struct skbtrail_point *p, struct sk_buff *skb,
			 void *location, u32 reason)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	see_drop(p, skb, location, reason);
	close_eyes(flags);
}

void skbtrail_sight_left(struct sk_buff *skb)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	skbtrail_verdict_untrace(skb);
	close_eyes(flags);
}

bool skbtrail_sight_followed(const struct sk_buff *skb)
{
	unsigned long flags;
	bool followed;

	if (!open_eyes(&flags))
		return false;
	followed = skbtrail_track_trail(skb);
	close_eyes(flags);
	return followed;
}

void skbtrail_sight_clone(const struct skbtrail_point *p, struct sk_buff *clone,
			  struct sk_buff *skb)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	skbtrail_lineage_clone(p, clone, skb);
	close_eyes(flags);
}

void skbtrail_sight_fragment(const struct skbtrail_point *p, struct sk_buff *fragment,
			     struct sk_buff *skb, u32 left)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	skbtrail_lineage_fragment(p, fragment, skb, left);
	close_eyes(flags);
}

void skbtrail_sight_segments(const struct skbtrail_point *p, struct sk_buff *segments,
			     struct sk_buff *skb)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	skbtrail_lineage_segments(p, segments, skb);
	close_eyes(flags);
}

static void doubt_set(struct skbtrail_set *set)
{
	/* nothing was seen: its point has no number */
	static const struct skbtrail_point nowhere;
	struct skbtrail_sighting s;
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
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < skbtrail_track_nsets(); i++) {
		if (!open_eyes(&flags))
			continue;
		doubt_set(&skbtrail_sets[i]);
		close_eyes(flags);
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
		skbtrail_encode_bare_hit(p, trails[i], sessions[i] & watching(p), ns);
}

void skbtrail_sight_return(const struct skbtrail_point *p)
{
	unsigned long flags;

	if (!open_eyes(&flags))
		return;
	see_return(p);
	close_eyes(flags);
}
