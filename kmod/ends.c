// SPDX-License-Identifier: GPL-2.0
/*
 * How did it end? What the kernel says of a freed packet is not always what
 * became of it; where it was seen last tells.
 */
#include "ends.h"

#include <linux/icmpv6.h>
#include <linux/in.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/uaccess.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "code.h"
#include "compat.h"
#include "stages.h"
#include "symbols.h"
#include "track.h"

enum skbtrail_end_kind skbtrail_end_freed(const struct skbtrail_point *p,
					  const struct skbtrail_life *life,
					  const struct sk_buff *skb)
{
	if (life->flags & SKBTRAIL_LIFE_COPIED)
		return SKBTRAIL_END_KIND_DELIVERED;
	if (life->stage == SKBTRAIL_ST_DEV_XMIT || life->stage == SKBTRAIL_ST_DEV_DONE)
		return SKBTRAIL_END_KIND_SENT;
	/*
	 * After a failed merge it is owned by its socket, until a reader is done with it.
	 * But so is what waited out of order, whether its merge fails or not.
	 */
	if (life->merged && (p->flags & SKBTRAIL_PF_PARTIAL ||
			     (!skb->sk && !(p->flags & SKBTRAIL_PF_ASIDE))))
		return SKBTRAIL_END_KIND_MERGED;
	return SKBTRAIL_END_KIND_CONSUMED;
}

/**
 * struct request - a connection request in its listener's hands
 * @skb: the packet; compared only
 * @net: where
 * @drops: requests refused on this CPU by then
 *
 * The kernel says of requests that it refuses that they are used up, but counts them. From
 * the one function to the other it is in the same softirq, and nothing else is.
 */
struct request {
	const struct sk_buff	*skb;
	const struct net	*net;
	unsigned long		drops;
};

static DEFINE_PER_CPU(struct request, request);

static unsigned long refused(const struct net *net)
{
	return this_cpu_read(net->mib.net_statistics->mibs[LINUX_MIB_LISTENDROPS]);
}

void skbtrail_end_request(const struct sk_buff *skb, const struct sock *sk)
{
	struct request *r = this_cpu_ptr(&request);

	if (!in_serving_softirq())
		return;
	r->skb = skb;
	r->net = sock_net(sk);
	r->drops = refused(r->net);
}

const void *skbtrail_end_refused(const struct skbtrail_life *life, const struct sk_buff *skb)
{
	struct request *r = this_cpu_ptr(&request);

	if (life->stage != SKBTRAIL_ST_TCP_LISTEN || r->skb != skb || !in_serving_softirq())
		return NULL;
	r->skb = NULL;
	return refused(r->net) != r->drops ? skbtrail_code_start(SKBTRAIL_IN_CONN_REQUEST) : NULL;
}

/* skb_segment() drops the state of segments that live on */
bool skbtrail_end_lives_on(unsigned long caller)
{
	return skbtrail_code_in(caller, SKBTRAIL_IN_SEGMENT) ||
	       skbtrail_code_in(caller, SKBTRAIL_IN_SEGMENT_LIST);
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

/* its handlers were told; what is cut off or refused before that is shorter, or has a reason */
static bool icmpv6_error(const struct skbtrail_life *life, const struct sk_buff *skb)
{
	return life->flow.proto == IPPROTO_ICMPV6 && skb_transport_header_was_set(skb) &&
	       skb_transport_offset(skb) == -(int)sizeof(struct icmp6hdr) &&
	       !(icmp6_hdr(skb)->icmp6_type & ICMPV6_INFOMSG_MASK) &&
	       skb->len >= sizeof(struct ipv6hdr);
}

/*
 * Here and there the kernel frees as dropped, without a reason, what it has
 * used up. Only where it is certain is it told so:
 * a FIN, which did its work when it arrived, but waits in the receive queue
 * until its socket is closed; an answered ICMPv6 echo request and processed
 * neighbour discovery (6.1: icmpv6_rcv()), and an ICMPv6 error; a segment without data that closed
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
	case SKBTRAIL_ST_ICMP_RCV:
		return icmpv6_error(life, skb);
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

/*
 * An IP fragment or a GRO segment, freed with the packet it became part of, for that
 * one's reason. Where the kernel names who frees a list (not 6.1), only
 * skb_release_data() frees parts.
 */
static bool freed_with_whole(const struct skbtrail_life *life, const void *location,
			     u32 reason)
{
	if (skbtrail_code_in((unsigned long)location, SKBTRAIL_IN_RELEASE_DATA))
		return true;
	return skbtrail_reason_vague(reason) &&
	       (life->merged || life->stage == SKBTRAIL_ST_IP_DEFRAG) &&
	       skbtrail_code_in((unsigned long)location, SKBTRAIL_IN_LIST_FREE);
}

enum skbtrail_end_kind skbtrail_end_dropped(const struct skbtrail_life *life,
					    const struct sk_buff *skb,
					    const void *location, u32 reason)
{
	if (spent(life, skb, reason))
		return SKBTRAIL_END_KIND_CONSUMED;
	if (freed_with_whole(life, location, reason))
		return SKBTRAIL_END_KIND_MERGED;
	/* ICMP for raw sockets; nobody else has to take it */
	if (reason == SKB_DROP_REASON_NO_SOCKET && life->stage == SKBTRAIL_ST_ICMP_RCV &&
	    life->flags & SKBTRAIL_LIFE_SHARED)
		return SKBTRAIL_END_KIND_CONSUMED;
	return SKBTRAIL_END_KIND_DROPPED;
}
