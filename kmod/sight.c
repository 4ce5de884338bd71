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

#include <linux/ktime.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/uaccess.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "attach.h"
#include "calls.h"
#include "compat.h"
#include "encode.h"
#include "filter.h"
#include "session.h"
#include "stages.h"
#include "symbols.h"
#include "track.h"

/* a receive list longer than this is not looked at to its end */
#define LIST_MAX	512

static DEFINE_PER_CPU(u64, blind);

static bool blinded(void)
{
	if (likely(!in_nmi()))
		return false;
	this_cpu_inc(blind);
	return true;
}

u64 skbtrail_sight_blind(void)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(blind, cpu);
	return sum;
}

/* sessions that get hits of this point */
static u32 watching(const struct skbtrail_point *p)
{
	return READ_ONCE(skbtrail_interest[p->stage].watch);
}

/*
 * Whether a life in the table is the packet we look at. If it is not, its
 * trail ends here, honestly unknown.
 */
static __always_inline bool same_life(struct skbtrail_set *set,
				      struct skbtrail_life *life,
				      const struct skbtrail_sighting *s,
				      unsigned int seen)
{
	u32 reason = SKBTRAIL_UNKNOWN_REASON_REUSED;

	if (skbtrail_track_doubtful(life)) {
		reason = SKBTRAIL_UNKNOWN_REASON_MISSED;
	} else if (!(seen & SKBTRAIL_SEEN_BIRTH)) {
		if (likely(life->head == s->skb->head))
			return true;
		if (life->flags & SKBTRAIL_LIFE_EXPANDING) {
			life->flags &= ~SKBTRAIL_LIFE_EXPANDING;
			life->head = s->skb->head;
			return true;
		}
	}
	skbtrail_encode_end(life, s, SKBTRAIL_END_KIND_UNKNOWN, reason, 0);
	skbtrail_track_end(set, life);
	return false;
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
		skbtrail_encode_lost(asked, SKBTRAIL_LOST_CAUSE_TABLE, s->ns);
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
	return life;
}

static u8 direction(const struct skbtrail_point *p)
{
	return skbtrail_stages[p->stage].direction;
}

/* the core: one packet, one point; inlined, as it is most of what is done */
static __always_inline void see(struct skbtrail_sighting *s, unsigned int seen)
{
	const struct skbtrail_point *p = s->p;
	struct skbtrail_set *set = skbtrail_track_set(s->skb);
	struct skbtrail_life *life;
	u32 fresh;

	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, s->skb);
	if (life) {
		s->ns = ktime_get_mono_fast_ns();
		if (!same_life(set, life, s, seen))
			life = NULL;
	}
	fresh = READ_ONCE(skbtrail_interest[p->stage].begin);
	if (life)
		fresh &= ~(life->sessions | life->refused);
	s->outward = direction(p) == SKBTRAIL_DIRECTION_OUT;
	if (fresh && skbtrail_view_locate(p, s->skb, &s->view)) {
		s->located = true;
		fresh = skbtrail_filter(fresh, s);
		if (fresh) {
			s->ns = ktime_get_mono_fast_ns();
			skbtrail_view_parse(s->skb, &s->view);
			s->parsed = true;
			life = admit(set, life, s, fresh);
		}
	}
	if (life && life->sessions) {
		skbtrail_encode_hit(life, s, watching(p));
	} else if (s->outward && p->stage >= SKBTRAIL_ST_IP_LOCAL_OUT &&
		   p->stage <= SKBTRAIL_ST_IP_OUTPUT) {
		skbtrail_calls_pass(s->skb);
	}
	raw_spin_unlock(&set->lock);
}

static __always_inline void see_packet(const struct skbtrail_point *p,
				       struct sk_buff *skb, struct sock *sk,
				       unsigned int seen, u32 info)
{
	struct skbtrail_sighting s;

	/* neighbour probing asks for resolution without a packet */
	if (unlikely(!skb))
		return;
	s.p = p;
	s.skb = skb;
	s.sk = sk;
	s.nf = NULL;
	s.info = info;
	s.located = false;
	s.parsed = false;
	see(&s, seen);
}

static void see_nf(const struct skbtrail_point *p, struct sk_buff *skb,
		   const struct nf_hook_state *state)
{
	struct skbtrail_sighting s;
	unsigned int i;

	if (state->pf != NFPROTO_IPV4 && state->pf != NFPROTO_IPV6)
		return;
	/* the points stand in the order of the hook numbers */
	for (i = 0; p && i < state->hook; i++)
		p = p->same;
	if (!p)
		return;
	s.p = p;
	s.skb = skb;
	s.sk = NULL;
	s.nf = state;
	s.info = state->pf << 8 | state->hook;
	s.located = false;
	s.parsed = false;
	see(&s, 0);
}

static void see_list(const struct skbtrail_point *p, const struct list_head *list)
{
	struct sk_buff *skb;
	int n = 0;

	list_for_each_entry(skb, list, list) {
		if (n++ == LIST_MAX) {
			skbtrail_encode_lost(READ_ONCE(skbtrail_active),
					     SKBTRAIL_LOST_CAUSE_LIST,
					     ktime_get_mono_fast_ns());
			break;
		}
		see_packet(p, skb, NULL, 0, 0);
	}
}

static void see_copy(const struct skbtrail_point *p, struct sk_buff *skb, bool after)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;
	struct skbtrail_sighting s = {
		.p = p, .skb = skb, .ns = ktime_get_mono_fast_ns(),
	};
	u32 watch = watching(p);

	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, skb);
	if (life && same_life(set, life, &s, 0) &&
	    !(after && life->flags & SKBTRAIL_LIFE_COPIED)) {
		skbtrail_encode_read(life, &s);
		skbtrail_encode_hit(life, &s, watch);
		life->flags |= SKBTRAIL_LIFE_COPIED;
		skbtrail_calls_copied(life->trail, life->sessions);
	}
	raw_spin_unlock(&set->lock);
}

/* a followed packet has a clone: a trail of its own, followed by the same */
static void see_clone(const struct skbtrail_point *p, struct sk_buff *clone,
		      struct sk_buff *skb)
{
	u64 ns = ktime_get_mono_fast_ns();
	struct skbtrail_sighting sp = { .p = p, .skb = skb, .ns = ns };
	struct skbtrail_sighting s = { .p = p, .skb = clone, .ns = ns };
	struct skbtrail_life parent, *life;
	struct skbtrail_set *set;

	set = skbtrail_track_set(skb);
	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, skb);
	if (!life || !life->sessions || !same_life(set, life, &sp, 0)) {
		raw_spin_unlock(&set->lock);
		return;
	}
	parent = *life;
	raw_spin_unlock(&set->lock);

	set = skbtrail_track_set(clone);
	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, clone);
	if (life)
		same_life(set, life, &s, SKBTRAIL_SEEN_BIRTH);
	life = skbtrail_track_begin(set, clone);
	if (!life) {
		skbtrail_encode_lost(parent.sessions, SKBTRAIL_LOST_CAUSE_TABLE, s.ns);
	} else {
		/* not those that ended meanwhile: their bit may be given anew */
		life->sessions = parent.sessions & READ_ONCE(skbtrail_active);
		skbtrail_encode_clone(life, &parent, &s);
	}
	raw_spin_unlock(&set->lock);
}

static void see_merge(const struct skbtrail_point *p, struct sk_buff *to,
		      struct sk_buff *from)
{
	u64 trail = skbtrail_track_trail(to);
	struct skbtrail_set *set = skbtrail_track_set(from);
	struct skbtrail_life *life;

	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, from);
	/* it may still fail; only the way it is freed tells */
	if (life)
		life->merged = trail ? trail : U64_MAX;
	raw_spin_unlock(&set->lock);
}

static void see_expand(const struct skbtrail_point *p, struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;
	struct skbtrail_sighting s = {
		.p = p, .skb = skb, .ns = ktime_get_mono_fast_ns(),
	};

	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, skb);
	if (life && same_life(set, life, &s, 0)) {
		life->flags |= SKBTRAIL_LIFE_EXPANDING;
		skbtrail_encode_hit(life, &s, watching(p));
	}
	raw_spin_unlock(&set->lock);
}

static enum skbtrail_end_kind how_it_ended(const struct skbtrail_point *p,
					   const struct skbtrail_life *life,
					   const struct sk_buff *skb)
{
	if (life->flags & SKBTRAIL_LIFE_COPIED)
		return SKBTRAIL_END_KIND_DELIVERED;
	if (life->stage == SKBTRAIL_ST_DEV_XMIT)
		return SKBTRAIL_END_KIND_SENT;
	/* after a failed merge it is owned by its socket, until a reader is done with it */
	if (life->merged && !skb->sk && !(p->flags & SKBTRAIL_PF_ASIDE))
		return SKBTRAIL_END_KIND_MERGED;
	return SKBTRAIL_END_KIND_CONSUMED;
}

/* skb_segment() drops the state of segments that live on */
static bool lives_on(unsigned long caller)
{
	return skbtrail_code_in(caller, SKBTRAIL_IN_SEGMENT) ||
	       skbtrail_code_in(caller, SKBTRAIL_IN_SEGMENT_LIST);
}

static void see_free(const struct skbtrail_point *p, struct sk_buff *skb,
		     unsigned long caller)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;
	struct skbtrail_sighting s = { .p = p, .skb = skb };

	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, skb);
	if (life && !lives_on(caller)) {
		s.ns = ktime_get_mono_fast_ns();
		if (skbtrail_track_doubtful(life))
			skbtrail_encode_end(life, &s, SKBTRAIL_END_KIND_UNKNOWN,
					    SKBTRAIL_UNKNOWN_REASON_MISSED, 0);
		else
			skbtrail_encode_end(life, &s, how_it_ended(p, life, skb), 0, 0);
		skbtrail_track_end(set, life);
	}
	raw_spin_unlock(&set->lock);
}

static bool inet_sock_of(const struct sock *sk)
{
	return sk && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6);
}

static void see_socket(const struct skbtrail_point *p, struct sock *sk,
		       const struct sk_buff *skb)
{
	u64 ns;

	if (!inet_sock_of(sk) || !sk_fullsock(sk))
		return;
	ns = ktime_get_mono_fast_ns();
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
		skbtrail_calls_before(p, sk, skb, ns, false);
		break;
	case SKBTRAIL_OP_TRANSMIT:
		skbtrail_calls_before(p, sk, skb, ns, true);
		break;
	}
}

static struct sk_buff *packet_of(const struct skbtrail_point *p, const unsigned long *arg)
{
	if (p->flags & SKBTRAIL_PF_PSKB)
		return *(struct sk_buff **)arg[p->skb - 1];
	return (struct sk_buff *)arg[p->skb - 1];
}

static struct sock *socket_of(const struct skbtrail_point *p, const unsigned long *arg)
{
	const struct socket *sock;

	if (!p->sk)
		return NULL;
	if (!(p->flags & SKBTRAIL_PF_SOCKET))
		return (struct sock *)arg[p->sk - 1];
	sock = (const struct socket *)arg[p->sk - 1];
	return sock ? sock->sk : NULL;
}

/* a packet that is known already passes as any other; a new one has no headers */
static void see_before(const struct skbtrail_point *p, struct sk_buff *skb, struct sock *sk)
{
	if (skb && skbtrail_track_trail(skb))
		see_packet(p, skb, sk, 0, 0);
	else
		see_socket(p, sk ? sk : skb ? skb->sk : NULL, skb);
}

static void dispatch(const struct skbtrail_point *p, const unsigned long *arg)
{
	switch (p->op) {
	case SKBTRAIL_OP_PACKET:
		if (p->flags & SKBTRAIL_PF_LIST)
			see_list(p, (const struct list_head *)arg[p->skb - 1]);
		else
			see_packet(p, packet_of(p, arg), socket_of(p, arg), 0, 0);
		break;
	case SKBTRAIL_OP_NF:
		see_nf(p, packet_of(p, arg), (const struct nf_hook_state *)arg[1]);
		break;
	case SKBTRAIL_OP_FREE:
		see_free(p, packet_of(p, arg), arg[SKBTRAIL_ARG_CALLER]);
		break;
	case SKBTRAIL_OP_EXPAND:
		see_expand(p, packet_of(p, arg));
		break;
	case SKBTRAIL_OP_MERGE:
		see_merge(p, (struct sk_buff *)arg[0], packet_of(p, arg));
		break;
	case SKBTRAIL_OP_COPY:
		see_copy(p, packet_of(p, arg), false);
		break;
	case SKBTRAIL_OP_COPIED:
		/* a negative length: only peeked at, it stays in the queue */
		if ((int)arg[2] >= 0)
			see_copy(p, packet_of(p, arg), true);
		break;
	case SKBTRAIL_OP_BEFORE:
	case SKBTRAIL_OP_TRANSMIT:
		see_before(p, p->skb ? packet_of(p, arg) : NULL, socket_of(p, arg));
		break;
	default:
		see_socket(p, socket_of(p, arg), NULL);
		break;
	}
}

void skbtrail_sight(const struct skbtrail_point *p, const unsigned long *arg)
{
	unsigned long flags;

	if (blinded())
		return;
	local_irq_save(flags);
	dispatch(p, arg);
	local_irq_restore(flags);
}

void skbtrail_sight_packet(const struct skbtrail_point *p, struct sk_buff *skb,
			   unsigned int seen, u32 info)
{
	unsigned long flags;

	if (blinded())
		return;
	local_irq_save(flags);
	see_packet(p, skb, NULL, seen, info);
	local_irq_restore(flags);
}

/* a TCP segment without data, at the transport layer */
static bool no_payload(const struct sk_buff *skb)
{
	return skb_transport_header_was_set(skb) &&
	       skb->len <= (u32)(skb_transport_offset(skb) + tcp_hdrlen(skb));
}

/* the last ACK, or a reset: it closed the socket that is processing it */
static bool closed_socket(const struct skbtrail_life *life)
{
	u8 state;

	return life->flags & SKBTRAIL_LIFE_SK_OPEN && life->sk &&
	       !copy_from_kernel_nofault(&state, (const void *)&life->sk->sk_state, 1) &&
	       state == TCP_CLOSE;
}

/*
 * Here and there the kernel frees as dropped, without a reason, what it has
 * used up. Only where it is certain is it told so:
 * a FIN, which did its work when it arrived, but waits in the receive queue
 * until its socket is closed; an answered ICMPv6 echo request and processed
 * neighbour discovery (6.1: icmpv6_rcv()); a segment without data that closed
 * its connection or came while it was closing (tcp_rcv_state_process()), or
 * belongs to one in TIME_WAIT (tcp_v4_rcv()).
 */
static bool spent(const struct skbtrail_life *life, const struct sk_buff *skb, u32 reason)
{
	if (!skbtrail_reason_vague(reason))
		return false;
	switch (life->stage) {
	case SKBTRAIL_ST_SOCK_QUEUE:
		return !skb->len && life->flow.proto == IPPROTO_TCP;
	case SKBTRAIL_ST_ICMP_ECHO:
	case SKBTRAIL_ST_NDISC_RCV:
		return true;
	case SKBTRAIL_ST_TCP_TIMEWAIT:
		return no_payload(skb);
	case SKBTRAIL_ST_TCP_STATE:
	case SKBTRAIL_ST_TCP_ESTABLISHED:
		return no_payload(skb) &&
		       (life->flags & SKBTRAIL_LIFE_SK_CLOSING || closed_socket(life));
	default:
		return false;
	}
}

/* an IP fragment or a GRO segment, freed with the packet it became part of */
static bool freed_with_whole(const struct skbtrail_life *life, const void *location,
			     u32 reason)
{
	return skbtrail_reason_vague(reason) &&
	       (life->merged || life->stage == SKBTRAIL_ST_IP_DEFRAG) &&
	       skbtrail_code_in((unsigned long)location, SKBTRAIL_IN_LIST_FREE);
}

static void end_dropped(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			const void *location, u32 reason)
{
	enum skbtrail_end_kind end = SKBTRAIL_END_KIND_DROPPED;

	if (spent(life, s->skb, reason))
		end = SKBTRAIL_END_KIND_CONSUMED;
	else if (freed_with_whole(life, location, reason))
		end = SKBTRAIL_END_KIND_MERGED;
	if (end == SKBTRAIL_END_KIND_DROPPED)
		skbtrail_encode_end(life, s, end, reason, skbtrail_symbol(location));
	else
		skbtrail_encode_end(life, s, end, 0, 0);
}

void skbtrail_sight_drop(const struct skbtrail_point *p, struct sk_buff *skb,
			 void *location, u32 reason)
{
	struct skbtrail_sighting s = { .p = p, .skb = skb };
	struct skbtrail_life *life;
	struct skbtrail_set *set;
	unsigned long flags;

	if (blinded())
		return;
	local_irq_save(flags);
	set = skbtrail_track_set(skb);
	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, skb);
	s.ns = life ? ktime_get_mono_fast_ns() : 0;
	if (life && same_life(set, life, &s, 0)) {
		end_dropped(life, &s, location, reason);
		skbtrail_track_end(set, life);
	}
	raw_spin_unlock(&set->lock);
	local_irq_restore(flags);
}

bool skbtrail_sight_followed(const struct sk_buff *skb)
{
	unsigned long flags;
	bool followed;

	if (blinded())
		return false;
	local_irq_save(flags);
	followed = skbtrail_track_trail(skb);
	local_irq_restore(flags);
	return followed;
}

void skbtrail_sight_clone(const struct skbtrail_point *p, struct sk_buff *clone,
			  struct sk_buff *skb)
{
	unsigned long flags;

	if (blinded())
		return;
	local_irq_save(flags);
	see_clone(p, clone, skb);
	local_irq_restore(flags);
}

void skbtrail_sight_return(const struct skbtrail_point *p)
{
	u64 trails[4], ns = ktime_get_mono_fast_ns();
	unsigned int i, n;
	unsigned long flags;
	u32 sessions[4];

	if (blinded())
		return;
	local_irq_save(flags);
	n = skbtrail_calls_return(trails, sessions, ARRAY_SIZE(trails));
	for (i = 0; i < n; i++)
		skbtrail_encode_bare_hit(p, trails[i], sessions[i] & watching(p), ns);
	local_irq_restore(flags);
}
