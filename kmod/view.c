// SPDX-License-Identifier: GPL-2.0
/*
 * Reads packet headers for the filter and the records. Works on a copy of
 * the first bytes, so that nothing here depends on skb->data, on the headers
 * being linear, or on lengths a header claims.
 */
#include "view.h"

#include <linux/icmp.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "stages.h"

/* IPv4 with all options and a TCP header; or IPv6, some extensions and TCP */
#define HEAD_MAX	120
#define MAX_EXTHDRS	8

/* network header in bytes from skb->data; false when there is none here */
static __always_inline bool locate(const struct skbtrail_point *p, const struct sk_buff *skb,
				   int *offset)
{
	if (unlikely(!skb->head))
		return false;
	switch (p->l3) {
	case SKBTRAIL_L3_DATA:
		*offset = 0;
		break;
	case SKBTRAIL_L3_NETHDR:
		if (!skb->network_header || skb->network_header == (typeof(skb->network_header))~0U)
			return false;
		*offset = skb_network_offset(skb);
		break;
	default:
		return false;
	}
	/* an offset that points outside the linear part is not a header */
	return *offset >= (int)(skb->head - skb->data) && *offset <= (int)skb_headlen(skb);
}

static u16 l3proto_at(const struct skbtrail_point *p, const struct sk_buff *skb)
{
	return p->l3proto ? p->l3proto : ntohs(skb->protocol);
}

bool skbtrail_view_locate(const struct skbtrail_point *p,
			  const struct sk_buff *skb, struct skbtrail_view *v)
{
	int offset;

	if (!locate(p, skb, &offset))
		return false;
	v->offset = offset;
	v->len = skb->len - offset;
	v->flow.l3proto = l3proto_at(p, skb);
	return true;
}

bool skbtrail_view_copy(const struct sk_buff *skb, const struct skbtrail_view *v,
			u32 off, void *to, u32 len)
{
	if (off > v->len || len > v->len - off)
		return false;
	return !skb_copy_bits(skb, v->offset + (int)off, to, len);
}

/* IPv6 without extension headers */
static bool same_v6(const struct ipv6hdr *iph, const struct skbtrail_flow *flow)
{
	if (iph->version != 6 || flow->proto != iph->nexthdr || ipv6_ext_hdr(iph->nexthdr))
		return false;
	if (memcmp(flow->saddr, &iph->saddr, 16) || memcmp(flow->daddr, &iph->daddr, 16) ||
	    flow->ttl != iph->hop_limit || flow->tos != ipv6_get_dsfield(iph))
		return false;
	return skbtrail_view_same_ports((const void *)(iph + 1), flow);
}

enum skbtrail_same skbtrail_view_same(const struct skbtrail_point *p,
				      const struct sk_buff *skb,
				      const struct skbtrail_flow *flow)
{
	u16 proto = l3proto_at(p, skb);
	int offset, linear;
	bool same = false;

	if (!locate(p, skb, &offset))
		return SKBTRAIL_SAME_UNSEEN;
	linear = (int)skb_headlen(skb) - offset;
	if (proto != flow->l3proto || !flow->alen)
		return SKBTRAIL_SAME_PERHAPS;
	if (proto == ETH_P_IP && linear >= (int)sizeof(struct iphdr) + 4)
		same = skbtrail_view_same_v4((const void *)(skb->data + offset), flow);
	else if (proto == ETH_P_IPV6 && linear >= (int)sizeof(struct ipv6hdr) + 4)
		same = same_v6((const void *)(skb->data + offset), flow);
	return same ? SKBTRAIL_SAME_YES : SKBTRAIL_SAME_PERHAPS;
}

static void parse_l4(const u8 *h, u32 avail, u32 off, struct skbtrail_view *v)
{
	const struct tcphdr *th = (const void *)(h + off);
	const struct icmphdr *ih = (const void *)(h + off);

	switch (v->flow.proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
		if (off + 4 > avail)
			return;
		v->flow.sport = ntohs(th->source);
		v->flow.dport = ntohs(th->dest);
		if (v->flow.proto != IPPROTO_TCP || off + sizeof(*th) > avail)
			return;
		v->tcp.seq = ntohl(th->seq);
		v->tcp.ack = ntohl(th->ack_seq);
		v->tcp.window = ntohs(th->window);
		v->tcp.flags = h[off + 13];
		v->tcp.doff = th->doff * 4;
		if (v->len > off + v->tcp.doff)
			v->tcp.payload = v->len - off - v->tcp.doff;
		v->have |= SKBTRAIL_VIEW_TCP;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (off + sizeof(*ih) > avail)
			return;
		v->icmp.type = ih->type;
		v->icmp.code = ih->code;
		v->icmp.id = ntohs(ih->un.echo.id);
		v->icmp.seq = ntohs(ih->un.echo.sequence);
		v->have |= SKBTRAIL_VIEW_ICMP;
		break;
	}
}

static void parse_ipv4(const u8 *h, u32 avail, struct skbtrail_view *v)
{
	const struct iphdr *iph = (const void *)h;
	u16 frag;

	if (avail < sizeof(*iph) || iph->version != 4 || iph->ihl < 5)
		return;
	v->flow.alen = 4;
	memcpy(v->flow.saddr, &iph->saddr, 4);
	memcpy(v->flow.daddr, &iph->daddr, 4);
	v->flow.proto = iph->protocol;
	v->flow.ttl = iph->ttl;
	v->flow.tos = iph->tos;
	v->ip_id = ntohs(iph->id);
	v->have |= SKBTRAIL_VIEW_IPID;
	frag = ntohs(iph->frag_off);
	if (frag & (IP_MF | IP_OFFSET)) {
		v->frag = (frag & IP_OFFSET) << 3;
		if (frag & IP_MF)
			v->frag |= 1;
		v->have |= SKBTRAIL_VIEW_FRAG;
	}
	if (!(frag & IP_OFFSET))
		parse_l4(h, avail, iph->ihl * 4, v);
}

static void parse_ipv6(const u8 *h, u32 avail, struct skbtrail_view *v)
{
	const struct ipv6hdr *iph = (const void *)h;
	const struct ipv6_opt_hdr *ext;
	const struct frag_hdr *fh;
	u32 off = sizeof(*iph);
	int i;

	if (avail < sizeof(*iph) || iph->version != 6)
		return;
	v->flow.alen = 16;
	memcpy(v->flow.saddr, &iph->saddr, 16);
	memcpy(v->flow.daddr, &iph->daddr, 16);
	v->flow.ttl = iph->hop_limit;
	v->flow.tos = ipv6_get_dsfield(iph);
	v->flow.proto = iph->nexthdr;
	for (i = 0; i < MAX_EXTHDRS && ipv6_ext_hdr(v->flow.proto); i++) {
		if (v->flow.proto == NEXTHDR_NONE || off + 8 > avail)
			return;
		ext = (const void *)(h + off);
		if (v->flow.proto == NEXTHDR_FRAGMENT) {
			fh = (const void *)ext;
			v->frag = ntohs(fh->frag_off) & (IP6_OFFSET | IP6_MF);
			v->have |= SKBTRAIL_VIEW_FRAG;
			v->flow.proto = fh->nexthdr;
			off += 8;
			if (v->frag & IP6_OFFSET)
				return;
			continue;
		}
		off += v->flow.proto == NEXTHDR_AUTH ? ipv6_authlen(ext) : ipv6_optlen(ext);
		v->flow.proto = ext->nexthdr;
	}
	parse_l4(h, avail, off, v);
}

static void parse_arp(const u8 *h, u32 avail, struct skbtrail_view *v)
{
	const struct arphdr *ah = (const void *)h;
	const u8 *p = h + sizeof(*ah);

	/* only ARP for IPv4 over addresses of six bytes has a known layout */
	if (avail < sizeof(*ah) + 2 * (ETH_ALEN + 4) ||
	    ah->ar_hln != ETH_ALEN || ah->ar_pln != 4)
		return;
	v->arp.op = ntohs(ah->ar_op);
	memcpy(&v->arp.sip, p + ETH_ALEN, 4);
	memcpy(&v->arp.tip, p + ETH_ALEN + 4 + ETH_ALEN, 4);
	v->have |= SKBTRAIL_VIEW_ARP;
}

void skbtrail_view_parse(const struct sk_buff *skb, struct skbtrail_view *v)
{
	u32 avail = min_t(u32, v->len, HEAD_MAX);
	u8 h[HEAD_MAX] __aligned(8);

	v->have = 0;
	v->frag = 0;
	v->ip_id = 0;
	memset(&v->tcp, 0, sizeof(v->tcp));
	memset(&v->icmp, 0, sizeof(v->icmp));
	memset(&v->arp, 0, sizeof(v->arp));
	memset((u8 *)&v->flow + sizeof(v->flow.l3proto), 0,
	       sizeof(v->flow) - sizeof(v->flow.l3proto));
	if (!skbtrail_view_copy(skb, v, 0, h, avail))
		return;
	switch (v->flow.l3proto) {
	case ETH_P_IP:
		parse_ipv4(h, avail, v);
		break;
	case ETH_P_IPV6:
		parse_ipv6(h, avail, v);
		break;
	case ETH_P_ARP:
		parse_arp(h, avail, v);
		break;
	}
}
