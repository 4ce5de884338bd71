// SPDX-License-Identifier: GPL-2.0
/* What conntrack says of a packet, as facts. */
#include "ct.h"

#include <linux/in.h>
#include <linux/string.h>

static u8 state_of(unsigned int info)
{
	switch (info) {
	case IP_CT_NEW:
		return SKBTRAIL_CT_STATE_NEW;
	case IP_CT_RELATED:
	case IP_CT_RELATED_REPLY:
		return SKBTRAIL_CT_STATE_RELATED;
	case IP_CT_ESTABLISHED:
	case IP_CT_ESTABLISHED_REPLY:
		return SKBTRAIL_CT_STATE_ESTABLISHED;
	default:
		return SKBTRAIL_CT_STATE_UNTRACKED;
	}
}

static bool is_icmp(u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

struct skbtrail_fact_ct skbtrail_ct_fact(const struct sk_buff *skb)
{
	unsigned long nfct = skbtrail_nfct(skb);
	const struct nf_conn *ct = skbtrail_nf_conn(nfct);
	unsigned int info = skbtrail_ctinfo(nfct);
	struct skbtrail_fact_ct fact = { .state = SKBTRAIL_CT_STATE_INVALID };

	/* a template that is left there is no connection */
	if (ct && READ_ONCE(ct->status) & IPS_TEMPLATE)
		return fact;
	if (nfct)
		fact.state = state_of(info);
	if (!ct)
		return fact;
	fact.reply = info >= IP_CT_IS_REPLY;
	fact.zone = skbtrail_ct_zone(ct);
	fact.mark = skbtrail_ct_mark(ct);
	fact.status = READ_ONCE(ct->status);
	if (ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple.dst.protonum == IPPROTO_TCP)
		fact.tcp = READ_ONCE(ct->proto.tcp.state);
	return fact;
}

static void put_tuple(struct skbtrail_fact_tuple *to, const struct nf_conntrack_tuple *t)
{
	size_t alen = t->src.l3num == AF_INET ? 4 : 16;

	memset(to, 0, sizeof(*to));
	to->family = t->src.l3num;
	to->proto = t->dst.protonum;
	memcpy(to->saddr, &t->src.u3, alen);
	memcpy(to->daddr, &t->dst.u3, alen);
	to->sport = ntohs(t->src.u.all);
	to->dport = is_icmp(to->proto) ? t->dst.u.icmp.type << 8 | t->dst.u.icmp.code :
					 ntohs(t->dst.u.all);
}

bool skbtrail_ct_tuples(const struct sk_buff *skb, struct skbtrail_fact_tuple *orig,
			struct skbtrail_fact_tuple *reply)
{
	const struct nf_conn *ct = skbtrail_nf_conn(skbtrail_nfct(skb));

	if (!ct || READ_ONCE(ct->status) & IPS_TEMPLATE)
		return false;
	put_tuple(orig, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple);
	put_tuple(reply, &ct->tuplehash[IP_CT_DIR_REPLY].tuple);
	return true;
}
