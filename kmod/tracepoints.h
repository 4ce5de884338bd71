/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_TRACEPOINTS_H
#define SKBTRAIL_TRACEPOINTS_H

#include "compat.h"

struct Qdisc;
struct netdev_queue;

/*
 * Probes of kernel tracepoints, prototypes as in include/trace/events with
 * the point in front. Context: any but NMI.
 */
skbtrail_tp_kfree_skb_fn skbtrail_tp_kfree_skb;
void skbtrail_tp_gro_frags(void *data, const struct sk_buff *skb);
void skbtrail_tp_qdisc_dequeue(void *data, struct Qdisc *qdisc,
			       const struct netdev_queue *txq, int packets,
			       struct sk_buff *skb);
void skbtrail_tp_start_xmit(void *data, const struct sk_buff *skb,
			    const struct net_device *dev);
void skbtrail_tp_xmit(void *data, struct sk_buff *skb, int rc,
		      struct net_device *dev, unsigned int len);

#endif /* SKBTRAIL_TRACEPOINTS_H */
