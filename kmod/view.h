/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_VIEW_H
#define SKBTRAIL_VIEW_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/skbtrail.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "stages.h"

/**
 * struct skbtrail_flow - what is compared to notice that a packet changed
 * @l3proto: Ethertype, host order; 0: not parsed
 * @sport: host order; 0 with ICMP and fragments
 * @dport: host order
 * @proto: IP protocol after extension headers
 * @alen: bytes of an address: 4, 16, or 0 when there are none
 * @ttl: TTL or hop limit
 * @tos: TOS or traffic class
 * @saddr: network order
 * @daddr: network order
 */
struct skbtrail_flow {
	u16	l3proto;
	u16	sport;
	u16	dport;
	u8	proto;
	u8	alen;
	u8	ttl;
	u8	tos;
	u8	saddr[16];
	u8	daddr[16];
};

/* which of the details in struct skbtrail_view are filled in */
#define SKBTRAIL_VIEW_TCP	BIT(0)
#define SKBTRAIL_VIEW_ICMP	BIT(1)
#define SKBTRAIL_VIEW_ARP	BIT(2)
#define SKBTRAIL_VIEW_FRAG	BIT(3)
#define SKBTRAIL_VIEW_IPID	BIT(4)

/**
 * struct skbtrail_view - a packet's headers, read without touching the packet
 * @offset: network header, in bytes from skb->data; may be negative
 * @len: bytes of the packet from its network header on
 * @flow: see struct skbtrail_flow
 * @have: SKBTRAIL_VIEW_*
 * @ip_id: IPv4 identification, host order
 * @frag: fragment offset in bytes, bit 0: more follow
 * @tcp: as in the protocol
 * @icmp: as in the protocol
 * @arp: as in the protocol
 */
struct skbtrail_view {
	int				offset;
	u32				len;
	struct skbtrail_flow		flow;
	u8				have;
	u16				ip_id;
	u16				frag;
	struct skbtrail_fact_tcp	tcp;
	struct skbtrail_fact_icmp	icmp;
	struct skbtrail_fact_arp	arp;
};

/**
 * skbtrail_view_locate() - find the network header of a packet
 * @p: point it is seen at; says where the header is
 * @skb: packet
 * @v: offset, len and flow.l3proto are set
 *
 * Context: any. Return: false when there is no network header here.
 */
bool skbtrail_view_locate(const struct skbtrail_point *p,
			  const struct sk_buff *skb, struct skbtrail_view *v);

/**
 * skbtrail_view_parse() - read the headers of a located packet
 * @skb: packet; linear or not
 * @v: located; the rest is filled in
 *
 * Fields a packet is too short for, or that a header says are not there, stay
 * zero: parsing never fails and never reads outside the packet.
 * Context: any.
 */
void skbtrail_view_parse(const struct sk_buff *skb, struct skbtrail_view *v);

/** enum skbtrail_same - whether a packet has the headers it had */
enum skbtrail_same {
	SKBTRAIL_SAME_UNSEEN,	/* no network header can be seen at this point */
	SKBTRAIL_SAME_YES,
	SKBTRAIL_SAME_PERHAPS,	/* they must be parsed to know */
};

/**
 * skbtrail_view_same() - whether a packet still has the headers in @flow
 *
 * Quick, for the common shapes of packets. Context: any.
 */
enum skbtrail_same skbtrail_view_same(const struct skbtrail_point *p,
				      const struct sk_buff *skb,
				      const struct skbtrail_flow *flow);

static __always_inline bool skbtrail_view_same_ports(const struct udphdr *uh,
						     const struct skbtrail_flow *flow)
{
	return !(flow->sport | flow->dport) ||
	       (htons(flow->sport) == uh->source && htons(flow->dport) == uh->dest);
}

/* IPv4 without options, not a later fragment; four bytes behind it can be read */
static __always_inline bool skbtrail_view_same_v4(const struct iphdr *iph,
						  const struct skbtrail_flow *flow)
{
	if (*(const u8 *)iph != 0x45 || iph->frag_off & htons(IP_OFFSET))
		return false;
	if (*(const __be32 *)flow->saddr != iph->saddr ||
	    *(const __be32 *)flow->daddr != iph->daddr ||
	    flow->ttl != iph->ttl || flow->tos != iph->tos || flow->proto != iph->protocol)
		return false;
	return skbtrail_view_same_ports((const void *)(iph + 1), flow);
}

/**
 * skbtrail_view_still() - quicker, in line: true only for IPv4 as it was
 *
 * Where the network header is known to be at skb->network_header.
 */
static __always_inline bool skbtrail_view_still(const struct skbtrail_point *p,
						const struct sk_buff *skb,
						const struct skbtrail_flow *flow)
{
	u32 at = skb->network_header;

	if (p->l3 != SKBTRAIL_L3_NETHDR || flow->l3proto != ETH_P_IP || flow->alen != 4)
		return false;
	if (p->l3proto ? p->l3proto != ETH_P_IP : skb->protocol != htons(ETH_P_IP))
		return false;
	/* where it is not set yet there is no room behind it, or nothing at all */
	return at && skb->head &&
	       at + sizeof(struct iphdr) + 4 <= (u32)(skb_tail_pointer(skb) - skb->head) &&
	       skbtrail_view_same_v4((const void *)(skb->head + at), flow);
}

/** skbtrail_view_copy() - copy @len bytes from @off of the network header, or fail */
bool skbtrail_view_copy(const struct sk_buff *skb, const struct skbtrail_view *v,
			u32 off, void *to, u32 len);

#endif /* SKBTRAIL_VIEW_H */
