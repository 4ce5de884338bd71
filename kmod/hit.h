/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ordinary hit: a followed packet passes a stage, and nothing about it
 * changed but its place. Most of what the module does is this, so it is here,
 * inlined into the probe; whatever is not ordinary is in encode.c.
 */
#ifndef SKBTRAIL_HIT_H
#define SKBTRAIL_HIT_H

#include <linux/hardirq.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <net/dst.h>
#include <net/net_namespace.h>
#include <net/tcp_states.h>

#include "clock.h"
#include "session.h"
#include "stages.h"
#include "stream.h"
#include "track.h"
#include "view.h"

/* the per-CPU variable that would tell is not exported */
static __always_inline bool skbtrail_in_ksoftirqd(void)
{
	return current->flags & PF_KTHREAD && !__builtin_memcmp(current->comm, "ksoftirq", 8) &&
	       current->comm[8] == 'd';
}

/** skbtrail_context() - where we are, as in a hit's ctx; any context but NMI */
static __always_inline u8 skbtrail_context(void)
{
	if (in_hardirq())
		return SKBTRAIL_CTX_HARDIRQ;
	if (!in_serving_softirq())
		return 0;
	return SKBTRAIL_CTX_SOFTIRQ |
	       (skbtrail_in_ksoftirqd() ? SKBTRAIL_CTX_KSOFTIRQD : 0);
}

/** skbtrail_hit_head() - first eight bytes of the hit records of a point, no ctx */
static inline u64 skbtrail_hit_head(const struct skbtrail_point *p)
{
	struct skbtrail_rec_hit hit = {
		.size = sizeof(hit),
		.kind = SKBTRAIL_REC_KIND_HIT,
		.point = p->id,
		.stage = p->stage,
	};
	u64 head;

	BUILD_BUG_ON(sizeof(hit) > 32);
	BUILD_BUG_ON(offsetof(struct skbtrail_rec_hit, trail) != sizeof(head));
	memcpy(&head, &hit, sizeof(head));
	return head;
}

/** skbtrail_dev_key() - the same only for the same device, in the same namespace */
static __always_inline u64 skbtrail_dev_key(const struct net_device *dev)
{
	return (unsigned long)dev ^ READ_ONCE(skbtrail_devices);
}

/** skbtrail_put_hit() - one hit record where there is room */
static __always_inline void skbtrail_put_hit(struct skbtrail_rec_hit *rec,
					     const struct skbtrail_point *p, u64 trail,
					     u64 ns, u32 len, u32 info, u8 ctx)
{
	memcpy(rec, &p->hit, sizeof(p->hit));
	rec->ctx = ctx;
	rec->trail = trail;
	rec->ns = ns;
	rec->len = len;
	rec->info = info;
}

/** skbtrail_write_hit() - one hit record; interrupts off */
static __always_inline void skbtrail_write_hit(struct skbtrail_lane *lane,
					       const struct skbtrail_point *p, u64 trail,
					       u64 ns, u32 len, u32 info, u8 ctx)
{
	struct skbtrail_rec_hit *rec;

	rec = skbtrail_lane_reserve(lane, sizeof(*rec), ns);
	if (!rec)
		return;
	skbtrail_put_hit(rec, p, trail, ns, len, info, ctx);
	lane->hits++;
}

/** skbtrail_headers_told() - looks at them again where they can have changed */
static __always_inline bool skbtrail_headers_told(struct skbtrail_life *life,
						  const struct skbtrail_point *p,
						  const struct sk_buff *skb)
{
	if (likely(skbtrail_view_still(p, skb, &life->flow))) {
		life->flags &= ~SKBTRAIL_LIFE_DIRTY;
		return true;
	}
	switch (skbtrail_view_same(p, skb, &life->flow)) {
	case SKBTRAIL_SAME_YES:
		life->flags &= ~SKBTRAIL_LIFE_DIRTY;
		return true;
	case SKBTRAIL_SAME_UNSEEN:
		return true;
	default:
		return false;
	}
}

/** skbtrail_socket_flags() - what a socket's state says of a life at it */
static inline u8 skbtrail_socket_flags(u8 state)
{
	if (state == TCP_CLOSE)
		return 0;
	if (state == TCP_LAST_ACK || state == TCP_CLOSING || state == TCP_CLOSE_WAIT)
		return SKBTRAIL_LIFE_SK_OPEN | SKBTRAIL_LIFE_SK_CLOSING;
	return SKBTRAIL_LIFE_SK_OPEN;
}

/**
 * skbtrail_all_told() - whether this hit is an ordinary one
 * @life: of the packet
 * @p: point
 * @skb: packet
 * @sk: socket it is at, or NULL; looked at where the point has one
 * @dev: device it is at, or NULL
 *
 * The questions are those of encode.c's put_surroundings(); false means no
 * more than that it must ask them.
 */
static __always_inline bool skbtrail_all_told(struct skbtrail_life *life,
					      const struct skbtrail_point *p,
					      const struct sk_buff *skb,
					      const struct sock *sk,
					      const struct net_device *dev)
{
	if (dev && life->dev != skbtrail_dev_key(dev))
		return false;
	if (life->mark != skb->mark)
		return false;
	if (unlikely(skb_vlan_tag_present(skb)) && life->vlan != skb_vlan_tag_get(skb))
		return false;
	/* half of the points have none of these */
	if (p->flags & SKBTRAIL_PF_ASKS) {
		if (!sk && p->flags & SKBTRAIL_PF_OUT)
			sk = skb->sk;
		if (sk && sk != life->sk)
			return false;
		if (p->flags & (SKBTRAIL_PF_ASIDE | SKBTRAIL_PF_ACK) ||
		    (p->flags & SKBTRAIL_PF_ANSWER &&
		     (life->flow.l3proto == ETH_P_ARP || life->stage == SKBTRAIL_ST_IP_DEFRAG)) ||
		    (p->flags & SKBTRAIL_PF_DST && skb_dst(skb) != life->dst))
			return false;
	}
	if (!(life->flags & (SKBTRAIL_LIFE_ANSWERED | SKBTRAIL_LIFE_DIRTY)))
		return true;
	if (life->flags & SKBTRAIL_LIFE_ANSWERED || !skbtrail_view_still(p, skb, &life->flow) ||
	    !skbtrail_ct_same(&life->ct, skb))
		return false;
	life->flags &= ~SKBTRAIL_LIFE_DIRTY;
	return true;
}

/**
 * skbtrail_tell_hit() - a hit record to everybody who follows and watches
 *
 * Interrupts off, the set of @life locked.
 */
static __always_inline void skbtrail_tell_hit(struct skbtrail_life *life,
					      const struct skbtrail_point *p,
					      const struct sk_buff *skb, u32 watch,
					      u64 ns, u32 info)
{
	unsigned long bits = life->sessions & watch;
	u8 ctx = skbtrail_context();
	struct skbtrail_lane *lane;

	for (; bits; bits &= bits - 1) {
		lane = skbtrail_lane_of(__ffs(bits));
		if (likely(lane))
			skbtrail_write_hit(lane, p, life->trail, ns, skb->len, info, ctx);
	}
	life->last_ns = ns;
	life->merged = 0;
}

/**
 * skbtrail_tell_quickly() - the same, if one session gets it at most and has room
 *
 * Without a call: false when there would be one; then nothing was told.
 */
static __always_inline bool skbtrail_tell_quickly(struct skbtrail_life *life,
						  const struct skbtrail_point *p,
						  const struct sk_buff *skb, u32 watch,
						  u32 info)
{
	u32 sessions = life->sessions & watch;
	u64 ns = skbtrail_clock_quick();
	struct skbtrail_rec_hit *rec;
	struct skbtrail_lane *lane;

	if (unlikely(!ns || sessions & (sessions - 1)))
		return false;
	if (likely(sessions)) {
		lane = skbtrail_lane_of(__ffs(sessions));
		if (unlikely(!lane || lane->end - lane->pos < (long)sizeof(*rec)))
			return false;
		rec = (void *)lane->pos;
		lane->pos = (u8 *)(rec + 1);
		lane->hits++;
		skbtrail_put_hit(rec, p, life->trail, ns, skb->len, info,
				 skbtrail_context());
	}
	life->last_ns = ns;
	life->merged = 0;
	return true;
}

/** skbtrail_moved_to() - @life is at @p now, at socket @sk if it is not NULL */
static __always_inline void skbtrail_moved_to(struct skbtrail_life *life,
					      const struct skbtrail_point *p,
					      const struct sock *sk, bool dirty)
{
	u8 flags = life->flags & ~(SKBTRAIL_LIFE_SK_OPEN | SKBTRAIL_LIFE_SK_CLOSING);

	if (sk)
		flags |= skbtrail_socket_flags(READ_ONCE(sk->sk_state));
	if (dirty) {
		flags |= SKBTRAIL_LIFE_DIRTY;
		life->rejected = 0;
	}
	life->flags = flags;
	life->stage = p->stage;
}

#endif /* SKBTRAIL_HIT_H */
