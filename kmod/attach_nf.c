// SPDX-License-Identifier: GPL-2.0
/*
 * Netfilter points are watched at the entry of nf_hook_slow(), before the
 * first hook of anybody. The kernel only goes there when a point has a hook,
 * so while a session watches we keep one of our own at every NF_INET point of
 * every namespace. It does nothing: it makes the point visible.
 *
 * It is the last hook of its point, so that adding it moves no other hook
 * under a packet that waits in NFQUEUE. Removing any hook makes the kernel
 * drop all packets that wait in NFQUEUE of that namespace: where that could
 * be (nfnetlink_queue is loaded) the hooks stay, asleep, until the module is
 * unloaded.
 */
#include "attach.h"

#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

static unsigned int pass(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

bool skbtrail_nf_only_ours(const struct nf_hook_entries *hooks)
{
	return hooks->num_hook_entries == 1 && hooks->hooks[0].hook == pass;
}

#define POINT(family_, hook_) \
	{ .hook = pass, .pf = (family_), .hooknum = (hook_), .priority = INT_MAX }

static const struct nf_hook_ops nf_points[] = {
	POINT(NFPROTO_IPV4, NF_INET_PRE_ROUTING),
	POINT(NFPROTO_IPV4, NF_INET_LOCAL_IN),
	POINT(NFPROTO_IPV4, NF_INET_FORWARD),
	POINT(NFPROTO_IPV4, NF_INET_LOCAL_OUT),
	POINT(NFPROTO_IPV4, NF_INET_POST_ROUTING),
	POINT(NFPROTO_IPV6, NF_INET_PRE_ROUTING),
	POINT(NFPROTO_IPV6, NF_INET_LOCAL_IN),
	POINT(NFPROTO_IPV6, NF_INET_FORWARD),
	POINT(NFPROTO_IPV6, NF_INET_LOCAL_OUT),
	POINT(NFPROTO_IPV6, NF_INET_POST_ROUTING),
};

struct nf_net {
	struct list_head	list;
	struct net		*net;
	bool			hooked;
};

static unsigned int nf_net_id;
/* inside the namespace lock the kernel holds around pernet operations */
static DEFINE_MUTEX(nf_lock);
static LIST_HEAD(nf_nets);
static bool nf_wanted;

static int hook(struct nf_net *n)
{
	int err;

	if (n->hooked)
		return 0;
	err = nf_register_net_hooks(n->net, nf_points, ARRAY_SIZE(nf_points));
	n->hooked = !err;
	return err;
}

static void unhook(struct nf_net *n)
{
	if (!n->hooked)
		return;
	nf_unregister_net_hooks(n->net, nf_points, ARRAY_SIZE(nf_points));
	n->hooked = false;
}

/* a tracer must not make a new namespace fail: its points stay dark instead */
static int __net_init nf_net_init(struct net *net)
{
	struct nf_net *n = net_generic(net, nf_net_id);

	n->net = net;
	n->hooked = false;
	mutex_lock(&nf_lock);
	list_add_tail(&n->list, &nf_nets);
	if (nf_wanted && hook(n))
		pr_warn_once("skbtrail: no netfilter hooks in a new namespace\n");
	mutex_unlock(&nf_lock);
	return 0;
}

static void __net_exit nf_net_exit(struct net *net)
{
	struct nf_net *n = net_generic(net, nf_net_id);

	mutex_lock(&nf_lock);
	list_del(&n->list);
	unhook(n);
	mutex_unlock(&nf_lock);
}

static struct pernet_operations nf_net_ops = {
	.init = nf_net_init,
	.exit = nf_net_exit,
	.id = &nf_net_id,
	.size = sizeof(struct nf_net),
};

/* whether packets may wait in NFQUEUE: its module has this function */
static bool nfqueue_possible(void)
{
	struct kprobe kp = {
		.symbol_name = "nfqnl_enqueue_packet",
		.flags = KPROBE_FLAG_DISABLED,
	};

	if (register_kprobe(&kp))
		return false;
	unregister_kprobe(&kp);
	return true;
}

int skbtrail_nf_want(void)
{
	struct nf_net *n;
	int err = 0;

	mutex_lock(&nf_lock);
	list_for_each_entry(n, &nf_nets, list) {
		err = hook(n);
		if (err)
			break;
	}
	nf_wanted = !err;
	mutex_unlock(&nf_lock);
	if (err)
		skbtrail_nf_unwant();
	return err;
}

void skbtrail_nf_unwant(void)
{
	bool keep = nfqueue_possible();
	struct nf_net *n;

	mutex_lock(&nf_lock);
	nf_wanted = false;
	if (!keep)
		list_for_each_entry(n, &nf_nets, list)
			unhook(n);
	mutex_unlock(&nf_lock);
}

int skbtrail_nf_init(void)
{
	return register_pernet_subsys(&nf_net_ops);
}

void skbtrail_nf_exit(void)
{
	/* unhooks; the hook function may still be running until the grace period */
	unregister_pernet_subsys(&nf_net_ops);
	synchronize_net();
}
