/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What conntrack says of a packet. It is read in the packet, which holds its
 * connection: nf_conntrack need not be loaded, and cannot go while one is held.
 */
#ifndef SKBTRAIL_CT_H
#define SKBTRAIL_CT_H

#include <linux/skbtrail.h>
#include <linux/skbuff.h>

#include "compat.h"

/* told, though nothing is in the packet */
#define SKBTRAIL_CT_INVALID	1ul

/**
 * struct skbtrail_ct - what was told of a packet's connection
 * @nfct: skb->_nfct; compared, never followed. 0 none, SKBTRAIL_CT_INVALID
 * @mark: mark of the connection
 * @nat: what of its status NAT has set; with it change its tuples
 */
struct skbtrail_ct {
	unsigned long	nfct;
	u32		mark;
	u32		nat;
};

/** skbtrail_ct_now() - what there is to tell now; any context, @skb is the caller's */
static inline struct skbtrail_ct skbtrail_ct_now(const struct sk_buff *skb)
{
	struct skbtrail_ct now = { .nfct = skbtrail_nfct(skb) };
	const struct nf_conn *ct = skbtrail_nf_conn(now.nfct);

	if (!ct)
		return now;
	/* not a connection, but how to make one */
	if (READ_ONCE(ct->status) & IPS_TEMPLATE)
		return (struct skbtrail_ct){ 0 };
	now.mark = skbtrail_ct_mark(ct);
	now.nat = READ_ONCE(ct->status) & IPS_NAT_MASK;
	return now;
}

/** skbtrail_ct_same() - whether that is what was told */
static inline bool skbtrail_ct_same(const struct skbtrail_ct *told, const struct sk_buff *skb)
{
	struct skbtrail_ct now = skbtrail_ct_now(skb);

	if (!now.nfct)
		return told->nfct <= SKBTRAIL_CT_INVALID;
	return now.nfct == told->nfct && now.mark == told->mark && now.nat == told->nat;
}

/** skbtrail_ct_fact() - what conntrack calls a packet that has something of it */
struct skbtrail_fact_ct skbtrail_ct_fact(const struct sk_buff *skb);

/** skbtrail_ct_tuples() - its connection, both directions; false: it has none */
bool skbtrail_ct_tuples(const struct sk_buff *skb, struct skbtrail_fact_tuple *orig,
			struct skbtrail_fact_tuple *reply);

#endif /* SKBTRAIL_CT_H */
