// SPDX-License-Identifier: GPL-2.0
/*
 * Netfilter hooks for rewrite rules: at the points rules are for, in the
 * namespaces and on the devices they are for, those that come later included,
 * and only while a rule needs them.
 *
 * Before NAT is before conntrack, which then knows the packet as it has become;
 * at points conntrack does not begin at it is before mangle and filter. Behind
 * NAT is right behind the kernel's own NAT, where there is none behind filter.
 *
 * Two things the kernel does to packets that wait in NFQUEUE decide when hooks
 * come and go. It resumes at the index of the hook that queued: a hook added in
 * front makes that one queue the packet once more. So while packets can wait,
 * hooks are only added for a rule that says it may. And it drops all packets
 * that wait in a namespace when any hook of that goes. So while packets can
 * wait, hooks stay, asleep, until the module is unloaded. But those of a device
 * go with it.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_netdev.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "attach.h"
#include "dev_hooks.h"
#include "rewrite.h"
#include "rewrite_rule.h"
#include "session.h"

/* inside RTNL and the namespace lock the kernel holds around pernet operations */
DEFINE_MUTEX(skbtrail_rewrite_hooks);

#define HOOK(spot, family, hook_, prio) { \
	.hook = skbtrail_rewrite, .priv = (void *)(spot), .pf = (family), \
	.hooknum = (hook_), .priority = (prio) }

#define BEFORE_CONNTRACK	(NF_IP_PRI_CONNTRACK - 1)

/* the place in here is twice the spot and the family */
static const struct nf_hook_ops inet_hooks[] = {
	HOOK(0UL, NFPROTO_IPV4, NF_INET_PRE_ROUTING, BEFORE_CONNTRACK),
	HOOK(0UL, NFPROTO_IPV6, NF_INET_PRE_ROUTING, BEFORE_CONNTRACK),
	HOOK(1UL, NFPROTO_IPV4, NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST + 1),
	HOOK(1UL, NFPROTO_IPV6, NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST + 1),
	HOOK(2UL, NFPROTO_IPV4, NF_INET_LOCAL_IN, BEFORE_CONNTRACK),
	HOOK(2UL, NFPROTO_IPV6, NF_INET_LOCAL_IN, BEFORE_CONNTRACK),
	HOOK(3UL, NFPROTO_IPV4, NF_INET_LOCAL_IN, NF_IP_PRI_NAT_SRC + 1),
	HOOK(3UL, NFPROTO_IPV6, NF_INET_LOCAL_IN, NF_IP_PRI_NAT_SRC + 1),
	HOOK(4UL, NFPROTO_IPV4, NF_INET_FORWARD, BEFORE_CONNTRACK),
	HOOK(4UL, NFPROTO_IPV6, NF_INET_FORWARD, BEFORE_CONNTRACK),
	HOOK(5UL, NFPROTO_IPV4, NF_INET_FORWARD, NF_IP_PRI_NAT_SRC + 1),
	HOOK(5UL, NFPROTO_IPV6, NF_INET_FORWARD, NF_IP_PRI_NAT_SRC + 1),
	HOOK(6UL, NFPROTO_IPV4, NF_INET_LOCAL_OUT, BEFORE_CONNTRACK),
	HOOK(6UL, NFPROTO_IPV6, NF_INET_LOCAL_OUT, BEFORE_CONNTRACK),
	HOOK(7UL, NFPROTO_IPV4, NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST + 1),
	HOOK(7UL, NFPROTO_IPV6, NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST + 1),
	HOOK(8UL, NFPROTO_IPV4, NF_INET_POST_ROUTING, BEFORE_CONNTRACK),
	HOOK(8UL, NFPROTO_IPV6, NF_INET_POST_ROUTING, BEFORE_CONNTRACK),
	HOOK(9UL, NFPROTO_IPV4, NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC + 1),
	HOOK(9UL, NFPROTO_IPV6, NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC + 1),
};

/* behind them in a mask of hooks */
#define BIT_INGRESS	20
#define BIT_EGRESS	21
#define INET_HOOKS	(BIT(BIT_INGRESS) - 1)

/* the tables of nf_tables have their filter at 0: in front of them, as of NAT */
static const struct nf_hook_ops device_hooks[] = {
	HOOK((unsigned long)SKBTRAIL_SPOT_INGRESS, NFPROTO_NETDEV, NF_NETDEV_INGRESS, -1),
#ifdef CONFIG_NETFILTER_EGRESS
	HOOK((unsigned long)SKBTRAIL_SPOT_EGRESS, NFPROTO_NETDEV, NF_NETDEV_EGRESS, -1),
#endif
};

/* @hooked: places in inet_hooks[], a bit each */
struct rewrite_net {
	struct list_head	list;
	struct net		*net;
	unsigned long		hooked;
};

static unsigned int net_id;
static LIST_HEAD(nets);
static struct skbtrail_dev_list devs = {
	.lock = &skbtrail_rewrite_hooks,
	.ops = device_hooks,
	.n = ARRAY_SIZE(device_hooks),
};

bool skbtrail_rewrite_ours(nf_hookfn *fn)
{
	return fn == skbtrail_rewrite;
}

static unsigned long hooks_of(const struct skbtrail_rule *r)
{
	switch (r->spot) {
	case SKBTRAIL_SPOT_INGRESS:
		return BIT(BIT_INGRESS);
	case SKBTRAIL_SPOT_EGRESS:
		return BIT(BIT_EGRESS);
	default:
		return (unsigned long)(r->families & (SKBTRAIL_RULE_IPV4 | SKBTRAIL_RULE_IPV6)) <<
		       2 * r->spot;
	}
}

struct wants {
	u64		netns;
	unsigned long	mask;
};

static void add_wants(const struct skbtrail_rule *r, void *arg)
{
	struct wants *w = arg;

	if (!READ_ONCE(r->over) && (!r->netns || r->netns == w->netns))
		w->mask |= hooks_of(r);
}

static unsigned long wanted_in(const struct net *net)
{
	struct wants w = { .netns = net->net_cookie };

	lockdep_assert_held(&skbtrail_rewrite_hooks);
	skbtrail_rule_each(add_wants, &w);
	return w.mask;
}

static int hook(struct rewrite_net *n, unsigned long want)
{
	unsigned long missing = want & INET_HOOKS & ~n->hooked;
	unsigned int i;
	int err;

	for_each_set_bit(i, &missing, ARRAY_SIZE(inet_hooks)) {
		err = nf_register_net_hook(n->net, &inet_hooks[i]);
		if (err)
			return err;
		__set_bit(i, &n->hooked);
	}
	return 0;
}

static void unhook(struct rewrite_net *n, unsigned long want)
{
	unsigned long extra = n->hooked & ~want;
	unsigned int i;

	for_each_set_bit(i, &extra, ARRAY_SIZE(inet_hooks))
		nf_unregister_net_hook(n->net, &inet_hooks[i]);
	n->hooked &= ~extra;
}

static unsigned long of_devices(unsigned long want)
{
	return want >> BIT_INGRESS;
}

static int settle_devices(void)
{
	struct skbtrail_dev_hooks *d;
	unsigned long want;
	int err = 0, i;

	hash_for_each(devs.devs, i, d, node) {
		want = of_devices(wanted_in(dev_net(d->dev)));
		if (!skbtrail_nf_may_queue())
			skbtrail_dev_unhook(&devs, d, want);
		if (!err)
			err = skbtrail_dev_hook(&devs, d, want);
	}
	return err;
}

/* not under RTNL, for the reason of attach_nf.c's settle() */
int skbtrail_rewrite_settle(void)
{
	struct rewrite_net *n;
	unsigned long want;
	int err = 0;

	lockdep_assert_held(&skbtrail_control);
	mutex_lock(&skbtrail_rewrite_hooks);
	list_for_each_entry(n, &nets, list) {
		want = wanted_in(n->net);
		if (!skbtrail_nf_may_queue())
			unhook(n, want);
		if (!err)
			err = hook(n, want);
	}
	if (!err)
		err = settle_devices();
	mutex_unlock(&skbtrail_rewrite_hooks);
	return err;
}

static bool any_device_hooked(void)
{
	struct skbtrail_dev_hooks *d;
	bool any = false;
	int i;

	mutex_lock(&skbtrail_rewrite_hooks);
	hash_for_each(devs.devs, i, d, node)
		any |= d->hooked;
	mutex_unlock(&skbtrail_rewrite_hooks);
	return any;
}

void skbtrail_rewrite_queueing(bool on)
{
	/* what stayed asleep can go; what comes must not be in front of nobody knows what */
	if (!on)
		skbtrail_rewrite_settle();
	/* rules that are in force stay so */
	else if (any_device_hooked())
		pr_warn("skbtrail: rewrite rules are at ingress or egress: when a device goes, the kernel drops what waits in NFQUEUE; to avoid it remove nfnetlink_queue, delete these rules, and load it again\n");
}

bool skbtrail_rewrite_disturbs(const struct skbtrail_rule *rule)
{
	unsigned long want = hooks_of(rule);
	struct rewrite_net *n;
	bool any = false;

	lockdep_assert_held(&skbtrail_control);
	if (!skbtrail_nf_may_queue())
		return false;
	mutex_lock(&skbtrail_rewrite_hooks);
	list_for_each_entry(n, &nets, list)
		if (!rule->netns || rule->netns == n->net->net_cookie)
			any |= of_devices(want) || want & ~n->hooked;
	mutex_unlock(&skbtrail_rewrite_hooks);
	return any;
}

/* a rule must not make a new namespace fail: it is not applied there instead */
static int __net_init net_begins(struct net *net)
{
	struct rewrite_net *n = net_generic(net, net_id);

	n->net = net;
	n->hooked = 0;
	mutex_lock(&skbtrail_rewrite_hooks);
	list_add_tail(&n->list, &nets);
	if (hook(n, wanted_in(net)))
		pr_warn_once("skbtrail: rewrite rules are not applied in a new namespace\n");
	mutex_unlock(&skbtrail_rewrite_hooks);
	return 0;
}

static void __net_exit net_ends(struct net *net)
{
	struct rewrite_net *n = net_generic(net, net_id);

	mutex_lock(&skbtrail_rewrite_hooks);
	list_del(&n->list);
	unhook(n, 0);
	mutex_unlock(&skbtrail_rewrite_hooks);
}

static struct pernet_operations net_ops = {
	.init = net_begins,
	.exit = net_ends,
	.id = &net_id,
	.size = sizeof(struct rewrite_net),
};

/* a device that moves is unregistered in the one namespace, then registered in the other */
static int on_device(struct notifier_block *nb, unsigned long what, void *data)
{
	struct net_device *dev = netdev_notifier_info_to_dev(data);
	struct skbtrail_dev_hooks *d;

	mutex_lock(&skbtrail_rewrite_hooks);
	if (what == NETDEV_REGISTER) {
		d = skbtrail_dev_add(&devs, dev);
		if (!d || skbtrail_dev_hook(&devs, d, of_devices(wanted_in(dev_net(dev)))))
			pr_warn_once("skbtrail: rewrite rules are not applied on a new device\n");
	}
	if (what == NETDEV_UNREGISTER)
		skbtrail_dev_remove(&devs, dev);
	mutex_unlock(&skbtrail_rewrite_hooks);
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = { .notifier_call = on_device };

int skbtrail_rewrite_hook_init(void)
{
	int err;

	err = register_pernet_subsys(&net_ops);
	if (err)
		return err;
	err = register_netdevice_notifier(&device_notifier);
	if (err)
		unregister_pernet_subsys(&net_ops);
	return err;
}

static bool any_hooked(void)
{
	struct rewrite_net *n;
	bool any = false;

	mutex_lock(&skbtrail_rewrite_hooks);
	list_for_each_entry(n, &nets, list)
		any |= n->hooked;
	mutex_unlock(&skbtrail_rewrite_hooks);
	return any || any_device_hooked();
}

void skbtrail_rewrite_hook_exit(void)
{
	/* there are no rules any more: what is left is asleep */
	if (any_hooked())
		pr_notice("skbtrail: netfilter hooks are removed; the kernel drops what waits in NFQUEUE\n");
	unregister_netdevice_notifier(&device_notifier);
	unregister_pernet_subsys(&net_ops);
	synchronize_net();
}
