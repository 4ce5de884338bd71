// SPDX-License-Identifier: GPL-2.0
/*
 * Makes happen, as often as its parameters say and before it is loaded, what
 * skbtrail cannot look at: a packet in an NMI (nmi=N), a probe hit while a kprobe
 * runs (nested=N), and a receive list of N packets (list=N).
 */
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/net_namespace.h>

/* of the packets in a list, for filters */
#define PORT	7960

static unsigned int nmi;
module_param(nmi, uint, 0444);
static unsigned int nested;
module_param(nested, uint, 0444);
static unsigned int list;
module_param(list, uint, 0444);

static struct sk_buff *held;

/* a function that is watched, and here only gives back a reference */
static void pass_one(void)
{
	napi_consume_skb(skb_get(held), 1);
}

static void in_nmi_context(void)
{
	unsigned int i;

	local_irq_disable();
	preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	for (i = 0; i < nmi; i++)
		pass_one();
	preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	local_irq_enable();
}

static noinline void probed(void)
{
	barrier();
}

static int on_probed(struct kprobe *p, struct pt_regs *regs)
{
	pass_one();
	return 0;
}

static struct kprobe outer = {
	.addr = (kprobe_opcode_t *)probed,
	.pre_handler = on_probed,
};

static void in_kprobe(void)
{
	unsigned int i;

	for (i = 0; i < nested; i++)
		probed();
}

/* from a place no packet comes from: routing turns it away */
static struct sk_buff *packet(struct net_device *dev)
{
	struct sk_buff *skb = netdev_alloc_skb(dev, 64);
	struct udphdr *uh;
	struct iphdr *iph;

	if (!skb)
		return NULL;
	iph = skb_put_zero(skb, sizeof(*iph) + sizeof(*uh));
	uh = (struct udphdr *)(iph + 1);
	uh->dest = htons(PORT);
	uh->len = htons(sizeof(*uh));
	iph->version = 4;
	iph->ihl = 5;
	iph->ttl = 64;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = htonl(INADDR_LOOPBACK);
	iph->daddr = htonl(INADDR_LOOPBACK);
	iph->tot_len = htons(skb->len);
	ip_send_check(iph);
	skb->protocol = htons(ETH_P_IP);
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	return skb;
}

static int receive_list(void)
{
	struct sk_buff *skb;
	unsigned int i;
	LIST_HEAD(packets);

	for (i = 0; i < list; i++) {
		skb = packet(init_net.loopback_dev);
		if (!skb)
			break;
		list_add_tail(&skb->list, &packets);
	}
	netif_receive_skb_list(&packets);
	return i == list ? 0 : -ENOMEM;
}

static int __init test_skbtrail_losses_init(void)
{
	int err;

	held = alloc_skb(64, GFP_KERNEL);
	if (!held)
		return -ENOMEM;
	err = register_kprobe(&outer);
	if (err)
		goto out;
	/* where drivers free packets, too */
	local_bh_disable();
	in_nmi_context();
	in_kprobe();
	err = receive_list();
	local_bh_enable();
	unregister_kprobe(&outer);
out:
	kfree_skb(held);
	return err;
}

static void __exit test_skbtrail_losses_exit(void)
{
}

module_init(test_skbtrail_losses_init);
module_exit(test_skbtrail_losses_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Makes happen what skbtrail cannot look at");
