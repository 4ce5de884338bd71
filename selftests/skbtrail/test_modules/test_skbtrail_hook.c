// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody else's netfilter hooks: of two functions at LOCAL_IN of IPv4 in the
 * initial namespace the second one drops UDP to port 7350.
 */
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/net_namespace.h>

static unsigned int let_pass(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

static unsigned int drop_some(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct udphdr buf, *uh;

	if (ip_hdr(skb)->protocol != IPPROTO_UDP)
		return NF_ACCEPT;
	uh = skb_header_pointer(skb, ip_hdrlen(skb), sizeof(buf), &buf);
	return uh && uh->dest == htons(7350) ? NF_DROP : NF_ACCEPT;
}

#define HOOK(fn, prio) { .hook = (fn), .pf = NFPROTO_IPV4, .hooknum = NF_INET_LOCAL_IN, \
			 .priority = (prio) }

static const struct nf_hook_ops hooks[] = {
	HOOK(let_pass, -8),
	HOOK(drop_some, -7),
	HOOK(let_pass, -6),
};

static int __init test_init(void)
{
	return nf_register_net_hooks(&init_net, hooks, ARRAY_SIZE(hooks));
}

static void __exit test_exit(void)
{
	nf_unregister_net_hooks(&init_net, hooks, ARRAY_SIZE(hooks));
}

module_init(test_init);
module_exit(test_exit);
MODULE_DESCRIPTION("drops in a netfilter hook of its own");
MODULE_LICENSE("GPL");
