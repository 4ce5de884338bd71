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

#include "session.h"
#include "stages.h"
#include "stream.h"
#include "track.h"
#include "view.h"

/* the per-CPU variable that would tell is not exported */
static inline bool skbtrail_in_ksoftirqd(void)
{
	return current->flags & PF_KTHREAD && !strncmp(current->comm, "ksoftirqd/", 10);
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

/** skbtrail_write_hit() - one hit record; interrupts off */
static __always_inline void skbtrail_write_hit(struct skbtrail_session *se,
					       const struct skbtrail_point *p, u64 trail,
					       u64 ns, u32 len, u32 info, u8 ctx)
{
	struct skbtrail_lane *lane = this_cpu_ptr(se->stream.lanes);
	struct skbtrail_rec_hit *rec;

	rec = skbtrail_lane_reserve(&se->stream, lane, sizeof(*rec), ns);
	if (!rec)
		return;
	memcpy(rec, &p->hit, sizeof(p->hit));
	rec->ctx = ctx;
	rec->trail = trail;
	rec->ns = ns;
	rec->len = len;
	rec->info = info;
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
 * @sk: socket it is at, or NULL
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
	if (dev && (dev->ifindex != life->ifindex ||
		    dev_net(dev)->net_cookie != life->netns))
		return false;
	if (life->mark != skb->mark)
		return false;
	if (skb_vlan_tag_present(skb) && life->vlan != skb_vlan_tag_get(skb))
		return false;
	if (sk && sk != life->sk)
		return false;
	/* most points and most lives have none of these */
	if (p->flags & (SKBTRAIL_PF_ASIDE | SKBTRAIL_PF_ANSWER | SKBTRAIL_PF_DST)) {
		if (p->flags & SKBTRAIL_PF_ASIDE ||
		    (p->flags & SKBTRAIL_PF_ANSWER && life->flow.l3proto == ETH_P_ARP) ||
		    (p->flags & SKBTRAIL_PF_DST && skb_dst(skb) != life->dst))
			return false;
	}
	if (!(life->flags & (SKBTRAIL_LIFE_ANSWERED | SKBTRAIL_LIFE_DIRTY)))
		return true;
	return !(life->flags & SKBTRAIL_LIFE_ANSWERED) && skbtrail_headers_told(life, p, skb);
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
	struct skbtrail_session *se;

	for (; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		if (likely(se))
			skbtrail_write_hit(se, p, life->trail, ns, skb->len, info, ctx);
	}
	life->last_ns = ns;
	life->merged = 0;
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
