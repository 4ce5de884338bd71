// SPDX-License-Identifier: GPL-2.0
/*
 * Turns sightings into records. What a life was last told is kept in it, so
 * that a fact is sent when the trail begins and again only when it changed.
 */
#include "encode.h"

#include <linux/hardirq.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <net/dst.h>
#include <net/dst_metadata.h>
#include <net/ip6_fib.h>
#include <net/route.h>
#include <net/sch_generic.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "ack.h"
#include "answers.h"
#include "calls.h"
#include "hit.h"
#include "session.h"
#include "stages.h"
#include "track.h"

/* all facts but the packet's bytes fit in here; checked by put() */
#define FACTS_MAX	640

/**
 * struct facts - a record with facts, being written
 * @lane: it is written where it will be sent from, for the one session that gets it;
 *	NULL: into @spare, to be copied
 * @rec: the record
 * @at: where the next fact goes: struct skbtrail_fact_head and value, padded
 * @end: of the room
 * @spare: room for a record that is copied
 */
struct facts {
	struct skbtrail_lane		*lane;
	struct skbtrail_rec_facts	*rec;
	u8				*at;
	u8				*end;
	u8	spare[sizeof(struct skbtrail_rec_facts) + FACTS_MAX] __aligned(8);
};

/* one is written at a time */
static DEFINE_PER_CPU(struct facts, facts);

/* begin a record for @sessions, which will have @more bytes behind its facts */
static __always_inline struct facts *open_facts(u32 sessions, u32 more)
{
	struct facts *f = this_cpu_ptr(&facts);
	struct skbtrail_lane *lane = NULL;

	if (likely(is_power_of_2(sessions)))
		lane = skbtrail_lane_of(__ffs(sessions));
	if (unlikely(!lane || lane->end - lane->pos < (long)(sizeof(f->spare) + more))) {
		f->lane = NULL;
		f->rec = (void *)f->spare;
	} else {
		f->lane = lane;
		f->rec = (void *)lane->pos;
	}
	f->at = (u8 *)(f->rec + 1);
	f->end = f->at + FACTS_MAX;
	return f;
}

/* the same, not in place: something else will be written before it */
static struct facts *open_aside(void)
{
	struct facts *f = this_cpu_ptr(&facts);

	f->lane = NULL;
	f->rec = (void *)f->spare;
	f->at = (u8 *)(f->rec + 1);
	f->end = f->at + FACTS_MAX;
	return f;
}

/* inlined: the length is known nearly everywhere */
static __always_inline void put(struct facts *f, u8 id, const void *value, u16 len)
{
	struct skbtrail_fact_head *head = (void *)f->at;
	u32 size = ALIGN(sizeof(*head) + len, 8);

	if (unlikely(f->end - f->at < size)) {
		WARN_ON_ONCE(1);
		return;
	}
	if ((sizeof(*head) + len) % 8)
		*(u64 *)(f->at + size - 8) = 0;
	*head = (struct skbtrail_fact_head){ .id = id, .len = len };
	memcpy(head + 1, value, len);
	f->at += size;
}

/* an address; both lengths there are, each known */
static __always_inline void put_addr(struct facts *f, u8 id, const u8 *addr, u8 alen)
{
	if (alen == 4)
		put(f, id, addr, 4);
	else
		put(f, id, addr, 16);
}

#define PUT(f, id, value) do { \
	typeof(value) v_ = (value); \
	put(f, SKBTRAIL_FACT_##id, &v_, sizeof(v_)); \
} while (0)

static void put_flow(struct facts *f, const struct skbtrail_flow *flow)
{
	PUT(f, L3PROTO, flow->l3proto);
	if (!flow->alen)
		return;
	put_addr(f, SKBTRAIL_FACT_SADDR, flow->saddr, flow->alen);
	put_addr(f, SKBTRAIL_FACT_DADDR, flow->daddr, flow->alen);
	PUT(f, PROTO, flow->proto);
	if (flow->sport || flow->dport) {
		PUT(f, SPORT, flow->sport);
		PUT(f, DPORT, flow->dport);
	}
	PUT(f, TTL, flow->ttl);
	PUT(f, TOS, flow->tos);
}

static void put_flow_changes(struct facts *f, const struct skbtrail_flow *old,
			     const struct skbtrail_flow *new)
{
	if (!old->alen || old->alen != new->alen || old->l3proto != new->l3proto) {
		put_flow(f, new);
		return;
	}
	if (memcmp(old->saddr, new->saddr, new->alen))
		put_addr(f, SKBTRAIL_FACT_SADDR, new->saddr, new->alen);
	if (memcmp(old->daddr, new->daddr, new->alen))
		put_addr(f, SKBTRAIL_FACT_DADDR, new->daddr, new->alen);
	if (old->proto != new->proto)
		PUT(f, PROTO, new->proto);
	if (old->sport != new->sport)
		PUT(f, SPORT, new->sport);
	if (old->dport != new->dport)
		PUT(f, DPORT, new->dport);
	if (old->ttl != new->ttl)
		PUT(f, TTL, new->ttl);
	if (old->tos != new->tos)
		PUT(f, TOS, new->tos);
}

static void put_details(struct facts *f, const struct skbtrail_view *v)
{
	if (v->have & SKBTRAIL_VIEW_IPID)
		PUT(f, IP_ID, v->ip_id);
	if (v->have & SKBTRAIL_VIEW_FRAG)
		PUT(f, FRAG, v->frag);
	if (v->have & SKBTRAIL_VIEW_TCP)
		PUT(f, TCP, v->tcp);
	if (v->have & SKBTRAIL_VIEW_ICMP)
		PUT(f, ICMP, v->icmp);
	if (v->have & SKBTRAIL_VIEW_ARP)
		PUT(f, ARP, v->arp);
}

static void put_layout(struct facts *f, const struct skbtrail_sighting *s)
{
	const struct sk_buff *skb = s->skb;

	if (skb_is_gso(skb)) {
		struct skbtrail_fact_gso gso = {
			.size = skb_shinfo(skb)->gso_size,
			.segs = skb_shinfo(skb)->gso_segs,
		};

		PUT(f, GSO, gso);
	}
	if (s->p->l2 == SKBTRAIL_L2_MACHDR && skb_mac_header_was_set(skb) &&
	    skb->dev && skb->dev->type == ARPHRD_ETHER)
		put(f, SKBTRAIL_FACT_MAC, skb_mac_header(skb), 2 * ETH_ALEN);
}

/* the device a packet is at, as far as this point knows it */
static const struct net_device *device_of(const struct skbtrail_sighting *s)
{
	if (s->nf)
		return skbtrail_nf_dev(s->nf);
	return s->p->flags & SKBTRAIL_PF_DEV ? s->skb->dev : NULL;
}

/* what conntrack could make nothing of, it said in the one before */
static void enter_netns(struct skbtrail_life *life, const struct net *net)
{
	if (life->netns != net->net_cookie && life->ct.nfct == SKBTRAIL_CT_INVALID)
		life->ct.nfct = 0;
	life->netns = net->net_cookie;
}

/*
 * Facts with a struct are put out of line: what is asked at every hit that is
 * not an ordinary one needs no stack then.
 */
static noinline void put_dev(struct facts *f, struct skbtrail_life *life,
			     const struct net_device *dev)
{
	const struct net *net = dev_net(dev);
	struct skbtrail_fact_dev d;

	life->dev = skbtrail_dev_key(dev);
	if (life->ifindex == dev->ifindex && life->netns == net->net_cookie)
		return;
	life->ifindex = dev->ifindex;
	enter_netns(life, net);
	d.ifindex = dev->ifindex;
	d.inum = net->ns.inum;
	d.cookie = net->net_cookie;
	BUILD_BUG_ON(sizeof(d.name) != sizeof(dev->name));
	memcpy(d.name, dev->name, sizeof(d.name));
	PUT(f, DEV, d);
}

static noinline void put_netns(struct facts *f, struct skbtrail_life *life, const struct net *net)
{
	struct skbtrail_fact_netns n = {
		.cookie = net->net_cookie,
		.inum = net->ns.inum,
	};

	if (life->netns == net->net_cookie)
		return;
	enter_netns(life, net);
	/* the device is in another one: it must be told anew */
	life->dev = 0;
	PUT(f, NETNS, n);
}

static void queues_of(struct skbtrail_fact_sock *so, const struct sock *sk)
{
	if (so->state == TCP_LISTEN) {
		so->rmem = READ_ONCE(sk->sk_ack_backlog);
		so->rcvbuf = READ_ONCE(sk->sk_max_ack_backlog);
		return;
	}
	so->rmem = atomic_read(&sk->sk_rmem_alloc);
	so->rcvbuf = READ_ONCE(sk->sk_rcvbuf);
	so->wmem = sk_is_tcp(sk) ? READ_ONCE(sk->sk_wmem_queued) :
				   max(refcount_read(&sk->sk_wmem_alloc), 1U) - 1;
	so->sndbuf = READ_ONCE(sk->sk_sndbuf);
}

static noinline void put_sock(struct facts *f, struct skbtrail_life *life, struct sock *sk,
			      bool outward)
{
	struct skbtrail_fact_sock so = { .cookie = skbtrail_calls_cookie(sk) };
	struct skbtrail_fact_task owner;

	life->sk = sk;
	if (life->cookie == so.cookie)
		return;
	life->cookie = so.cookie;
	if (sk_is_tcp(sk))
		so.state = READ_ONCE(sk->sk_state);
	queues_of(&so, sk);
	so.cgroup = skbtrail_cgroup(sk);
	PUT(f, SOCK, so);
	if (!outward && skbtrail_calls_owner(&owner, so.cookie))
		PUT(f, OWNER, owner);
}

static void route_v4(struct skbtrail_fact_route *r, const struct rtable *rt)
{
	r->type = rt->rt_type;
	r->family = rt->rt_gw_family;
	if (rt->rt_gw_family == AF_INET)
		memcpy(r->gateway, &rt->rt_gw4, 4);
	else if (rt->rt_gw_family == AF_INET6)
		memcpy(r->gateway, &rt->rt_gw6, 16);
}

static void route_v6(struct skbtrail_fact_route *r, const struct rt6_info *rt)
{
	r->type = rt->rt6i_flags & RTF_LOCAL ? RTN_LOCAL :
		  rt->rt6i_flags & RTF_ANYCAST ? RTN_ANYCAST : RTN_UNICAST;
	if (rt->rt6i_flags & RTF_GATEWAY) {
		r->family = AF_INET6;
		memcpy(r->gateway, &rt->rt6i_gateway, 16);
	}
}

static noinline void put_route(struct facts *f, struct skbtrail_life *life,
			       const struct dst_entry *dst, u16 l3proto)
{
	struct skbtrail_fact_route r = { .type = 0 };

	if (dst->flags & DST_METADATA)
		return;
	life->dst = dst;
	if (l3proto == ETH_P_IP && dst->ops->family == AF_INET)
		route_v4(&r, container_of(dst, struct rtable, dst));
	else if (l3proto == ETH_P_IPV6 && dst->ops->family == AF_INET6)
		route_v6(&r, container_of(dst, struct rt6_info, dst));
	r.error = abs(dst->error);
	if (dst->dev) {
		r.ifindex = dst->dev->ifindex;
		memcpy(r.name, dst->dev->name, sizeof(r.name));
	}
	PUT(f, ROUTE, r);
}

static noinline void put_qdisc(struct facts *f, const struct skbtrail_life *life,
			       const struct sk_buff *skb)
{
	const struct netdev_queue *txq;
	struct skbtrail_fact_qdisc fact = { 0 };
	const struct Qdisc *q;

	/* a discipline may keep packets in a tree, whose links lie where their device is */
	if (!skb->dev || life->dev != skbtrail_dev_key(skb->dev) ||
	    skb_get_queue_mapping(skb) >= skb->dev->num_tx_queues)
		return;
	txq = netdev_get_tx_queue(skb->dev, skb_get_queue_mapping(skb));
	q = rcu_dereference_raw(txq->qdisc);
	if (!q)
		return;
	fact.handle = q->handle;
	fact.qlen = READ_ONCE(q->q.qlen);
	fact.limit = READ_ONCE(q->limit);
	BUILD_BUG_ON(sizeof(fact.kind) != sizeof(q->ops->id));
	memcpy(fact.kind, q->ops->id, sizeof(fact.kind));
	PUT(f, QDISC, fact);
}

/* nothing in the packet means nothing, but right behind conntrack */
static noinline void put_ct(struct facts *f, struct skbtrail_life *life,
			    const struct skbtrail_sighting *s)
{
	struct skbtrail_ct now = skbtrail_ct_now(s->skb);
	struct skbtrail_fact_tuple orig, reply;

	if (!now.nfct && s->tracked)
		now.nfct = SKBTRAIL_CT_INVALID;
	else if (!now.nfct && life->ct.nfct == SKBTRAIL_CT_INVALID)
		return;
	if (!memcmp(&life->ct, &now, sizeof(now)))
		return;
	life->ct = now;
	if (!now.nfct)
		return;
	PUT(f, CT, skbtrail_ct_fact(s->skb));
	if (!skbtrail_ct_tuples(s->skb, &orig, &reply))
		return;
	PUT(f, CT_ORIG, orig);
	PUT(f, CT_REPLY, reply);
}

/* facts that are cheap to compare at every point that has them */
static __always_inline void put_surroundings(struct facts *f, struct skbtrail_life *life,
					     const struct skbtrail_sighting *s)
{
	const struct net_device *dev = device_of(s);
	const struct sk_buff *skb = s->skb;
	const struct dst_entry *dst;
	struct sock *sk = s->sk;

	if (dev && life->dev != skbtrail_dev_key(dev))
		put_dev(f, life, dev);
	if (life->mark != skb->mark) {
		life->mark = skb->mark;
		PUT(f, MARK, life->mark);
	}
	if (skb_vlan_tag_present(skb) && life->vlan != skb_vlan_tag_get(skb)) {
		life->vlan = skb_vlan_tag_get(skb);
		PUT(f, VLAN, life->vlan);
	}
	if (!sk && s->outward)
		sk = skb->sk;
	if (sk && sk != life->sk && sk_fullsock(sk))
		put_sock(f, life, sk, s->outward);
	if (s->nf && !dev)
		put_netns(f, life, s->nf->net);
	dst = s->p->flags & SKBTRAIL_PF_DST ? skb_dst(skb) : NULL;
	if (dst && dst != life->dst)
		put_route(f, life, dst, s->p->l3proto);
	if (s->tracked || !skbtrail_ct_same(&life->ct, skb))
		put_ct(f, life, s);
}

static __always_inline void write_head(struct skbtrail_rec_facts *rec, u32 size,
				       const struct skbtrail_life *life,
				       const struct skbtrail_sighting *s, u8 kind)
{
	rec->size = size;
	rec->kind = kind;
	rec->flags = 0;
	rec->point = s->p->id;
	rec->stage = s->p->stage;
	rec->trail = life->trail;
	rec->ns = s->ns;
}

static noinline void copy_facts(const struct facts *f, u32 sessions, u64 ns)
{
	u32 size = f->at - (u8 *)f->rec;
	unsigned long bits = sessions;
	struct skbtrail_lane *lane;
	void *room;

	while ((lane = skbtrail_next_lane(&bits))) {
		room = skbtrail_lane_reserve(lane, size, ns);
		if (room)
			memcpy(room, f->rec, size);
	}
}

/* the record is what it is: to all of @sessions */
static __always_inline void close_facts(struct facts *f, const struct skbtrail_life *life,
					const struct skbtrail_sighting *s, u8 kind,
					u32 sessions)
{
	write_head(f->rec, f->at - (u8 *)f->rec, life, s, kind);
	if (likely(f->lane))
		f->lane->pos = f->at;
	else
		copy_facts(f, sessions, s->ns);
}

static u32 bytes_room(u32 bytes)
{
	return bytes ? ALIGN(sizeof(struct skbtrail_fact_head) + bytes, 8) : 0;
}

/* the packet's bytes, behind its facts */
static void write_bytes(void *to, const struct skbtrail_sighting *s, u32 bytes, u32 room)
{
	struct skbtrail_fact_head *head = to;

	memset((u8 *)to + room - 8, 0, 8);
	*head = (struct skbtrail_fact_head){ .id = SKBTRAIL_FACT_BYTES, .len = bytes };
	if (!skbtrail_view_copy(s->skb, &s->view, 0, head + 1, bytes))
		memset(head + 1, 0, bytes);
}

/* a session's record, with as many bytes of the packet as it asked for */
static void write_packet(struct skbtrail_session *se, struct skbtrail_lane *lane,
			 const struct facts *f, const struct skbtrail_life *life,
			 const struct skbtrail_sighting *s)
{
	u32 bytes = min(se->config.snaplen, s->view.len);
	u32 room = bytes_room(bytes);
	u32 size = f->at - (u8 *)f->rec;
	struct skbtrail_rec_facts *rec;

	rec = skbtrail_lane_reserve(lane, size + room, s->ns);
	if (!rec)
		return;
	/* in place there was room for all of it */
	if (!f->lane)
		memcpy(rec, f->rec, size);
	write_head(rec, size + room, life, s, SKBTRAIL_REC_KIND_PACKET);
	if (bytes)
		write_bytes((u8 *)rec + size, s, bytes, room);
}

u32 skbtrail_encode_admitted(u32 sessions, const struct skbtrail_sighting *s)
{
	struct skbtrail_lane *lane;
	unsigned long bits;
	u32 admitted = 0;

	for (bits = sessions; bits; bits &= bits - 1) {
		lane = skbtrail_lane_of(__ffs(bits));
		if (!lane)
			continue;
		if (likely(skbtrail_lane_admits(lane)))
			admitted |= BIT(__ffs(bits));
		else
			skbtrail_lane_lose(lane, SKBTRAIL_LOST_CAUSE_ADMISSION, 1, s->ns);
	}
	return admitted;
}

void skbtrail_encode_lost(u32 sessions, enum skbtrail_lost_cause cause, u32 n, u64 ns)
{
	unsigned long bits = sessions;
	struct skbtrail_lane *lane;

	while ((lane = skbtrail_next_lane(&bits)))
		skbtrail_lane_lose(lane, cause, n, ns);
}

/* a trail begins, of which only what it inherited is known */
static void tell_flow(const struct skbtrail_life *life, const struct skbtrail_sighting *s)
{
	struct facts *f = open_facts(life->sessions, 0);
	unsigned long bits = life->sessions;
	struct skbtrail_lane *lane;

	put_flow(f, &life->flow);
	if (life->mark)
		PUT(f, MARK, life->mark);
	close_facts(f, life, s, SKBTRAIL_REC_KIND_PACKET, life->sessions);
	while ((lane = skbtrail_next_lane(&bits)))
		lane->trails++;
}

static void write_calls(const struct skbtrail_session *se, struct skbtrail_lane *lane,
			const struct skbtrail_life *life, const struct skbtrail_calls *calls)
{
	unsigned int i;

	for (i = 0; i < calls->n; i++)
		if (test_bit(calls->hit[i].p->stage, se->config.stages))
			skbtrail_write_hit(lane, calls->hit[i].p, life->trail,
					   calls->hit[i].ns, 0, calls->hit[i].info,
					   SKBTRAIL_CTX_EARLIER);
}

/* room for the packet's bytes if one session follows; otherwise each has its own */
static u32 bytes_wanted(u32 sessions, const struct skbtrail_sighting *s)
{
	const struct skbtrail_session *se;

	if (!is_power_of_2(sessions))
		return 0;
	se = skbtrail_session_at(__ffs(sessions));
	return se ? bytes_room(min(se->config.snaplen, s->view.len)) : 0;
}

void skbtrail_encode_packet(struct skbtrail_life *life, struct skbtrail_sighting *s,
			    u32 sessions, const struct skbtrail_calls *calls)
{
	struct facts *f = open_facts(sessions, bytes_wanted(sessions, s));
	struct skbtrail_session *se;
	struct skbtrail_lane *lane;
	unsigned long bits;

	/* everything is told anew: a second session has not heard it */
	life->dev = 0;
	life->ifindex = 0;
	life->netns = 0;
	life->sk = NULL;
	life->cookie = 0;
	life->dst = NULL;
	life->mark = 0;
	life->vlan = 0;
	life->ct = (struct skbtrail_ct){ 0 };
	life->flow = s->view.flow;
	put_flow(f, &life->flow);
	put_details(f, &s->view);
	put_layout(f, s);
	put_surroundings(f, life, s);
	if (calls->task.cookie)
		PUT(f, SENDER, calls->task);
	for (bits = sessions; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		lane = skbtrail_lane_of(__ffs(bits));
		if (!se || !lane)
			continue;
		write_packet(se, lane, f, life, s);
		write_calls(se, lane, life, calls);
		lane->trails++;
	}
}

void skbtrail_encode_heir(struct skbtrail_life *life, struct skbtrail_sighting *s)
{
	static const struct skbtrail_calls none;

	if (s->parsed) {
		skbtrail_encode_packet(life, s, life->sessions, &none);
		return;
	}
	tell_flow(life, s);
	life->flags |= SKBTRAIL_LIFE_DIRTY;
}

void skbtrail_encode_link(u64 trail, u64 parent, const struct skbtrail_kin *kin,
			  u32 sessions, u64 ns)
{
	unsigned long bits = sessions;
	struct skbtrail_rec_link *rec;
	struct skbtrail_lane *lane;

	while ((lane = skbtrail_next_lane(&bits))) {
		rec = skbtrail_lane_reserve(lane, sizeof(*rec), ns);
		if (rec)
			*rec = (struct skbtrail_rec_link){
				.size = sizeof(*rec),
				.kind = SKBTRAIL_REC_KIND_LINK,
				.link = kin->kind,
				.info = kin->info,
				.trail = trail,
				.parent = parent,
				.ns = ns,
				.place = kin->place,
				.of = kin->of,
			};
	}
}

void skbtrail_encode_clone(struct skbtrail_life *life, const struct skbtrail_life *parent,
			   struct skbtrail_sighting *s, u32 watch)
{
	static const struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_CLONE };

	life->flow = parent->flow;
	life->mark = parent->mark;
	tell_flow(life, s);
	skbtrail_encode_link(life->trail, parent->trail, &kin, life->sessions, s->ns);
	skbtrail_tell_hit(life, s->p, s->skb, watch, s->ns, 0);
	life->stage = s->p->stage;
}

static noinline void put_ack(struct facts *f, const struct skbtrail_sighting *s)
{
	struct skbtrail_fact_ack ack;

	if (s->sk && skbtrail_ack_of(&ack, s->sk, s->skb))
		PUT(f, ACK, ack);
}

/* behind these, and before any other stage, only the tunnel touches a packet */
static void put_tunnel(struct facts *f, struct skbtrail_life *life)
{
	struct skbtrail_fact_tunnel t = { .way = SKBTRAIL_TUNNEL_WAY_ENCAP };

	if (life->stage == SKBTRAIL_ST_TUNNEL_IN)
		t.way = SKBTRAIL_TUNNEL_WAY_DECAP;
	else if (life->stage != SKBTRAIL_ST_TUNNEL_OUT)
		return;
	t.nth = ++life->tunnels;
	PUT(f, TUNNEL, t);
}

/* headers are read again only where they can have changed */
static noinline void put_header_changes(struct facts *f, struct skbtrail_life *life,
					struct skbtrail_sighting *s)
{
	if (skbtrail_headers_told(life, s->p, s->skb))
		return;
	if (!s->located && !skbtrail_view_locate(s->p, s->skb, &s->view))
		return;
	if (!s->parsed)
		skbtrail_view_parse(s->skb, &s->view);
	s->located = true;
	s->parsed = true;
	life->flags &= ~SKBTRAIL_LIFE_DIRTY;
	if (!s->view.flow.alen && life->flow.alen)
		return;
	put_tunnel(f, life);
	put_flow_changes(f, &life->flow, &s->view.flow);
	life->flow = s->view.flow;
}

static __always_inline void put_changes(struct skbtrail_life *life, struct skbtrail_sighting *s)
{
	struct facts *f = open_facts(life->sessions, 0);

	put_surroundings(f, life, s);
	if (life->flags & SKBTRAIL_LIFE_DIRTY)
		put_header_changes(f, life, s);
	if (s->p->flags & SKBTRAIL_PF_ACK)
		put_ack(f, s);
	if (f->at != (u8 *)(f->rec + 1))
		close_facts(f, life, s, SKBTRAIL_REC_KIND_CHANGE, life->sessions);
}

void skbtrail_encode_changes(struct skbtrail_life *life, struct skbtrail_sighting *s)
{
	put_changes(life, s);
}

bool skbtrail_encode_find(struct skbtrail_life *life, struct skbtrail_sighting *s)
{
	struct facts *f = open_aside();

	put_surroundings(f, life, s);
	if (life->flags & SKBTRAIL_LIFE_DIRTY)
		put_header_changes(f, life, s);
	return f->at != (u8 *)(f->rec + 1);
}

void skbtrail_encode_inside(const struct skbtrail_life *life, const struct skbtrail_sighting *s)
{
	struct facts *f = this_cpu_ptr(&facts);

	write_head(f->rec, f->at - (u8 *)f->rec, life, s, SKBTRAIL_REC_KIND_CHANGE);
	f->rec->flags = SKBTRAIL_FACTS_INSIDE;
	copy_facts(f, life->sessions, s->ns);
}

/*
 * The route of an answer is looked up with the packet that is answered: an
 * ICMP error's, before that is sent where a fragment waited in vain, and an ARP
 * reply's. The packet itself goes nowhere.
 */
static bool lookup_for_answer(const struct skbtrail_life *life, const struct skbtrail_point *p)
{
	return p->stage == SKBTRAIL_ST_ROUTE_INPUT &&
	       (life->flags & SKBTRAIL_LIFE_ANSWERED || life->flow.l3proto == ETH_P_ARP ||
		life->stage == SKBTRAIL_ST_IP_DEFRAG);
}

void skbtrail_encode_hit(struct skbtrail_life *life, struct skbtrail_sighting *s, u32 watch)
{
	put_changes(life, s);
	skbtrail_tell_hit(life, s->p, s->skb, watch, s->ns, s->info);
	if (s->p->op == SKBTRAIL_OP_ANSWER)
		skbtrail_answers_begin(life, s->skb);
	if (s->p->stage == SKBTRAIL_ST_ICMP_ERROR)
		life->flags |= SKBTRAIL_LIFE_ANSWERED;
	if (s->p->flags & SKBTRAIL_PF_ASIDE || lookup_for_answer(life, s->p)) {
		if (s->dirty) {
			life->flags |= SKBTRAIL_LIFE_DIRTY;
			life->rejected = 0;
		}
		return;
	}
	life->flags &= ~SKBTRAIL_LIFE_ANSWERED;
	skbtrail_moved_to(life, s->p, s->sk, s->dirty);
}

void skbtrail_encode_drop(struct skbtrail_life *life, const struct skbtrail_sighting *s, bool vague)
{
	/* elsewhere other things can lie in its place */
	const struct dst_entry *dst = life->stage == SKBTRAIL_ST_ROUTE_INPUT ?
				      skb_dst(s->skb) : NULL;
	struct facts *f = open_facts(life->sessions, 0);

	if (dst && !(dst->flags & DST_METADATA) && dst->error && dst != life->dst)
		put_route(f, life, dst, dst->ops->family == AF_INET ? ETH_P_IP : ETH_P_IPV6);
	/* a queue that is emptied may be that of one that went */
	if (life->stage == SKBTRAIL_ST_QDISC_ENQUEUE && !vague)
		put_qdisc(f, life, s->skb);
	if (f->at != (u8 *)(f->rec + 1))
		close_facts(f, life, s, SKBTRAIL_REC_KIND_CHANGE, life->sessions);
}

void skbtrail_encode_reader(struct skbtrail_life *life, const struct skbtrail_sighting *s,
			    const struct skbtrail_fact_task *task, const struct skbtrail_point *p,
			    u64 begun)
{
	struct facts *f = open_facts(life->sessions, 0);
	const struct skbtrail_session *se;
	struct skbtrail_lane *lane;
	unsigned long bits;

	PUT(f, READER, *task);
	close_facts(f, life, s, SKBTRAIL_REC_KIND_CHANGE, life->sessions);
	/* a reader that waited already did not pass that stage with the packet */
	if (!begun || begun < life->last_ns)
		return;
	for (bits = life->sessions; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		lane = skbtrail_lane_of(__ffs(bits));
		if (se && lane && test_bit(p->stage, se->config.stages))
			skbtrail_write_hit(lane, p, life->trail, begun, s->skb->len, 0,
					   SKBTRAIL_CTX_EARLIER);
	}
}

void skbtrail_encode_bare_hit(const struct skbtrail_point *p, u64 trail, u32 sessions, u64 ns)
{
	unsigned long bits = sessions;
	struct skbtrail_lane *lane;

	while ((lane = skbtrail_next_lane(&bits)))
		skbtrail_write_hit(lane, p, trail, ns, 0, 0, skbtrail_context());
}

void skbtrail_encode_end(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			 enum skbtrail_end_kind end, u32 reason, u32 symbol)
{
	unsigned long bits = life->sessions;
	static const struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_MERGE };
	struct skbtrail_lane *lane;
	struct skbtrail_rec_end *rec;

	skbtrail_answers_end(life);
	if (end == SKBTRAIL_END_KIND_MERGED && life->merged && life->merged != U64_MAX)
		skbtrail_encode_link(life->trail, life->merged, &kin, life->sessions, s->ns);
	while ((lane = skbtrail_next_lane(&bits))) {
		rec = skbtrail_lane_reserve(lane, sizeof(*rec), s->ns);
		if (!rec)
			continue;
		*rec = (struct skbtrail_rec_end){
			.size = sizeof(*rec),
			.kind = SKBTRAIL_REC_KIND_END,
			.end = end,
			.point = s->p->id,
			.stage = life->stage,
			.trail = life->trail,
			.ns = s->ns,
			.reason = reason,
			.symbol = symbol,
		};
		lane->ends++;
	}
}
