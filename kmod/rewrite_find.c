// SPDX-License-Identifier: GPL-2.0
/*
 * Where things are in a packet: the transport, its checksum and what that
 * covers, behind options and extension headers, in fragments and tunnels.
 */
#include "rewrite_job.h"

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#define MAX_EXTHDRS	8

/* where the checksums are that cover a pseudo header, and those that do not */
static void find_check(struct skbtrail_job *job)
{
	switch (job->proto) {
	case IPPROTO_TCP:
		job->check = job->l4 + offsetof(struct tcphdr, check);
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		job->check = job->l4 + offsetof(struct udphdr, check);
		break;
	case IPPROTO_ICMPV6:
		job->check = job->family == 6 ? job->l4 + 2 : 0;
		break;
	case IPPROTO_ICMP:
		job->check = job->family == 4 ? job->l4 + 2 : 0;
		break;
	}
	job->pseudo = job->proto != IPPROTO_ICMP;
}

/* whether the packet holds no more of our checksum than the sum of its pseudo header */
static bool is_partial(const struct skbtrail_job *job)
{
	const struct sk_buff *skb = job->skb;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return false;
	if (skb_checksum_start_offset(skb) == job->nh + job->l4)
		return true;
	/* computed for each segment, beside that of the packet within */
	return skb->encapsulation && skb_is_gso(skb) &&
	       skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM;
}

/*
 * Over IPv6 only tunnels may do without (RFC 8200, 8.1; RFC 6935). What is changed gets
 * one, unless others are still to make something of it, or it is not all here.
 */
static bool can_be_made(const struct skbtrail_job *job)
{
	const struct sk_buff *skb = job->skb;
	__be16 buf;
	const __be16 *len = skbtrail_job_peek(job, job->l4 + offsetof(struct udphdr, len),
					      sizeof(buf), &buf);

	return job->family == 6 && !job->fragment && !job->routed && !skb_is_gso(skb) &&
	       skb->ip_summed != CHECKSUM_PARTIAL && len && ntohs(*len) == job->len - job->l4;
}

static bool find_transport(struct skbtrail_job *job)
{
	__sum16 buf;
	const __sum16 *check;
	u32 need;

	if (job->later)
		return true;
	find_check(job);
	need = job->proto == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	if (job->l4 + need > job->len) {
		job->beyond = job->fragment && job->check && job->pseudo;
		job->check = 0;
		return true;
	}
	job->l4_len = need;
	if (!job->check)
		return true;
	check = skbtrail_job_peek(job, job->check, sizeof(buf), &buf);
	if (!check)
		return false;
	job->partial = is_partial(job);
	/* zero: the sender made none */
	if (job->proto == IPPROTO_UDP && !*check && !job->partial) {
		job->none = can_be_made(job) ? job->check : 0;
		job->check = 0;
	}
	return true;
}

static bool find_tcp(struct skbtrail_job *job)
{
	const struct tcphdr *th;
	struct tcphdr buf SKBTRAIL_UNINITIALIZED;

	if (job->proto != IPPROTO_TCP || !job->l4_len)
		return true;
	th = skbtrail_job_peek(job, job->l4, sizeof(buf), &buf);
	if (!th || th->doff < 5 || job->l4 + th->doff * 4 > job->len)
		return false;
	job->l4_len = th->doff * 4;
	return true;
}

/* what IP says of its length must be there; padding of the link is behind it */
static bool length_fits(struct skbtrail_job *job, u32 told)
{
	u32 there = job->skb->len - job->nh;

	/* more than IP can say of a packet that will be cut, or a jumbogram */
	job->len = told ? told : there;
	return job->len <= there;
}

/* a source route that is not used up: the destination of the checksum is another one */
static bool is_source_routed(const struct skbtrail_job *job)
{
	u32 i = 0, n = job->l4 - sizeof(struct iphdr);
	u8 buf[MAX_IPOPTLEN] SKBTRAIL_UNINITIALIZED;
	const u8 *o;

	o = n ? skbtrail_job_peek(job, sizeof(struct iphdr), n, buf) : NULL;
	while (o && i + 2 < n && o[i] != IPOPT_END) {
		if (o[i] == IPOPT_NOOP) {
			i++;
			continue;
		}
		if (o[i] == IPOPT_LSRR || o[i] == IPOPT_SSRR)
			return o[i + 2] <= o[i + 1];
		if (o[i + 1] < 2)
			return false;
		i += o[i + 1];
	}
	return false;
}

static bool find_v4(struct skbtrail_job *job)
{
	const struct iphdr *iph;
	struct iphdr buf SKBTRAIL_UNINITIALIZED;

	iph = skbtrail_job_peek(job, 0, sizeof(buf), &buf);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return false;
	if (!iph->tot_len && !skb_is_gso(job->skb))
		return false;
	if (!length_fits(job, ntohs(iph->tot_len)) || job->len < iph->ihl * 4)
		return false;
	job->family = 4;
	job->l4 = iph->ihl * 4;
	job->proto = iph->protocol;
	job->fragment = iph->frag_off & htons(IP_MF | IP_OFFSET);
	job->later = iph->frag_off & htons(IP_OFFSET);
	job->routed = job->transport && is_source_routed(job);
	return true;
}

/* passes one extension header; false: what is behind it is not known */
static bool pass_extension(struct skbtrail_job *job)
{
	const u8 *h;
	u8 buf[8] SKBTRAIL_UNINITIALIZED;

	h = skbtrail_job_peek(job, job->l4, sizeof(buf), buf);
	if (!h)
		return false;
	if (job->proto == NEXTHDR_FRAGMENT) {
		job->fragment = true;
		job->later = (h[2] << 8 | h[3]) & IP6_OFFSET;
		job->proto = h[0];
		job->l4 += sizeof(struct frag_hdr);
		return job->l4 <= job->len;
	}
	/* segments left: the destination of the checksum is another one */
	if (job->proto == NEXTHDR_ROUTING && h[3])
		job->routed = true;
	job->proto = h[0];
	job->l4 += (h[1] + 1) * 8;
	return job->l4 <= job->len;
}

/* what is signed (AH) or encrypted is taken for a transport nothing is known of */
static bool is_extension(u8 proto)
{
	return proto == NEXTHDR_HOP || proto == NEXTHDR_ROUTING || proto == NEXTHDR_DEST ||
	       proto == NEXTHDR_FRAGMENT;
}

static bool find_v6(struct skbtrail_job *job)
{
	const struct ipv6hdr *iph;
	struct ipv6hdr buf SKBTRAIL_UNINITIALIZED;
	int i;

	iph = skbtrail_job_peek(job, 0, sizeof(buf), &buf);
	if (!iph || iph->version != 6)
		return false;
	if (!length_fits(job, iph->payload_len ? ntohs(iph->payload_len) + sizeof(*iph) : 0))
		return false;
	job->family = 6;
	job->l4 = sizeof(*iph);
	job->proto = iph->nexthdr;
	for (i = 0; job->transport && is_extension(job->proto); i++)
		if (i == MAX_EXTHDRS || job->later || !pass_extension(job))
			return job->later;
	return true;
}

bool skbtrail_job_find(struct skbtrail_job *job, u16 l3proto)
{
	/* of others there is nothing to be found, nor is it known where */
	if (l3proto != ETH_P_IP && l3proto != ETH_P_IPV6)
		return true;
	if (job->nh < 0 || job->nh > (int)job->skb->len)
		return false;
	if (!(l3proto == ETH_P_IP ? find_v4(job) : find_v6(job)))
		return false;
	return !job->transport || (find_transport(job) && find_tcp(job));
}
