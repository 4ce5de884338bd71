// SPDX-License-Identifier: GPL-2.0
/* Tracepoints carry what no function argument does: one small probe each. */
#include "tracepoints.h"

#include <linux/netdevice.h>
#include <trace/events/net.h>
#include <trace/events/qdisc.h>
#include <trace/events/skb.h>

#include "sight.h"
#include "stages.h"

void skbtrail_tp_kfree_skb(SKBTRAIL_TP_KFREE_SKB)
{
	skbtrail_sight_drop(data, skb, location, reason);
}

/* napi_reuse_skb() recycles an sk_buff and its head without freeing either */
void skbtrail_tp_gro_frags(void *data, const struct sk_buff *skb)
{
	skbtrail_sight_birth(data, (struct sk_buff *)skb);
}

void skbtrail_tp_qdisc_dequeue(void *data, struct Qdisc *qdisc,
			       const struct netdev_queue *txq, int packets,
			       struct sk_buff *skb)
{
	/* a bulk dequeue reports its first packet; the others follow it */
	while (skb && packets-- > 0) {
		skbtrail_sight_packet(data, skb, 0);
		skb = skb->next;
	}
}

void skbtrail_tp_start_xmit(void *data, const struct sk_buff *skb,
			    const struct net_device *dev)
{
	skbtrail_sight_packet(data, (struct sk_buff *)skb, 0);
}

void skbtrail_tp_xmit(void *data, struct sk_buff *skb, int rc,
		      struct net_device *dev, unsigned int len)
{
	/* once the driver took it, the packet may be gone or somebody else */
	if (rc == NETDEV_TX_BUSY)
		skbtrail_sight_packet(data, skb, rc);
}

/*
 * A tracepoint that is found by name takes any pointer: the compiler compares
 * here with what this kernel's headers say, and makes no code of it.
 */
static void __maybe_unused check_prototypes(void)
{
	check_trace_callback_type_kfree_skb(skbtrail_tp_kfree_skb);
	check_trace_callback_type_napi_gro_frags_entry(skbtrail_tp_gro_frags);
	check_trace_callback_type_qdisc_dequeue(skbtrail_tp_qdisc_dequeue);
	check_trace_callback_type_net_dev_start_xmit(skbtrail_tp_start_xmit);
	check_trace_callback_type_net_dev_xmit(skbtrail_tp_xmit);
}
