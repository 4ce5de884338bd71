// SPDX-License-Identifier: GPL-2.0
/*
 * What most rules do, in a few instructions: the header of IP of a packet that is
 * nobody else's, and what is beside its bytes. Whatever is not so simple, or is
 * to be refused, is left to the editor, which does the same the long way.
 */
#include "rewrite_edit.h"

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>

#define QUICK_IP	(BIT(SKBTRAIL_RULE_ACTION_DSCP) | BIT(SKBTRAIL_RULE_ACTION_ECN) | \
			 BIT(SKBTRAIL_RULE_ACTION_TTL))
#define QUICK		(QUICK_IP | BIT(SKBTRAIL_RULE_ACTION_MARK) | \
			 BIT(SKBTRAIL_RULE_ACTION_PRIORITY))

static void learn(struct skbtrail_quick *q, const struct skbtrail_edit *e)
{
	switch (e->action) {
	case SKBTRAIL_RULE_ACTION_DSCP:
		q->tos_keep &= INET_ECN_MASK;
		q->tos |= e->value << 2;
		break;
	case SKBTRAIL_RULE_ACTION_ECN:
		q->tos_keep &= ~INET_ECN_MASK;
		q->tos |= e->value;
		break;
	case SKBTRAIL_RULE_ACTION_TTL:
		q->ttl = e->value;
		break;
	case SKBTRAIL_RULE_ACTION_MARK:
		q->mark_keep = ~e->mask;
		q->mark = e->value & e->mask;
		break;
	case SKBTRAIL_RULE_ACTION_PRIORITY:
		q->has_priority = true;
		q->priority = e->value;
		break;
	}
}

struct skbtrail_quick skbtrail_quick_of(const struct skbtrail_edit *edit, unsigned int n)
{
	struct skbtrail_quick q = { .tos_keep = 0xff, .mark_keep = ~0u };
	u32 actions = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		actions |= BIT(edit[i].action);
		learn(&q, &edit[i]);
	}
	q.able = !(actions & ~QUICK);
	q.in_ip = actions & QUICK_IP;
	return q;
}

/*
 * A sum over all of the packet (CHECKSUM_COMPLETE) stays as it is, as what the
 * header sums up to does.
 */
static bool edit_v4(const struct skbtrail_quick *q, struct sk_buff *skb, int nh, u8 *touched)
{
	struct iphdr *iph = (struct iphdr *)(skb->data + nh);
	u32 len;

	if (iph->version != 4 || iph->ihl < 5)
		return false;
	len = ntohs(iph->tot_len);
	if (len < iph->ihl * 4 || len > skb->len - nh)
		return false;
	if (((iph->tos & q->tos_keep) | q->tos) != iph->tos) {
		ipv4_change_dsfield(iph, q->tos_keep, q->tos);
		*touched |= SKBTRAIL_TOUCHED_TOS;
	}
	if (q->ttl) {
		csum_replace2(&iph->check, htons(iph->ttl << 8), htons(q->ttl << 8));
		iph->ttl = q->ttl;
	}
	return true;
}

static bool edit_v6(const struct skbtrail_quick *q, struct sk_buff *skb, int nh, u8 *touched)
{
	struct ipv6hdr *iph = (struct ipv6hdr *)(skb->data + nh);
	u8 tos;

	if (skb->ip_summed == CHECKSUM_COMPLETE)
		return false;
	if (iph->version != 6 || ntohs(iph->payload_len) + sizeof(*iph) > skb->len - nh)
		return false;
	tos = ipv6_get_dsfield(iph);
	if (((tos & q->tos_keep) | q->tos) != tos) {
		ipv6_change_dsfield(iph, q->tos_keep, q->tos);
		*touched |= SKBTRAIL_TOUCHED_TOS;
	}
	if (q->ttl)
		iph->hop_limit = q->ttl;
	return true;
}

/* as skb_ensure_writable() has it; and each packet of a list has headers of its own */
static bool is_ours(const struct sk_buff *skb, u32 len)
{
	if (skb_cloned(skb) && !skb_clone_writable(skb, len))
		return false;
	return !skb_is_gso(skb) || !(skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST);
}

static bool edit_ip(const struct skbtrail_quick *q, struct sk_buff *skb, int nh, u16 l3proto,
		    u8 *touched)
{
	bool v4 = l3proto == ETH_P_IP;
	u32 len = nh + (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));

	if (len > skb_headlen(skb) || !is_ours(skb, len))
		return false;
	return v4 ? edit_v4(q, skb, nh, touched) : edit_v6(q, skb, nh, touched);
}

bool skbtrail_quick_edit(const struct skbtrail_quick *q, struct sk_buff *skb, int nh, u16 l3proto,
			 u8 *touched)
{
	u32 mark;

	if (skb_shared(skb))
		return false;
	if (q->in_ip && !edit_ip(q, skb, nh, l3proto, touched))
		return false;
	mark = (skb->mark & q->mark_keep) | q->mark;
	if (mark != skb->mark) {
		skb->mark = mark;
		*touched |= SKBTRAIL_TOUCHED_MARK;
	}
	if (q->has_priority)
		skb->priority = q->priority;
	return true;
}
