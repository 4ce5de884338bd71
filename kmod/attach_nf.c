// SPDX-License-Identifier: GPL-2.0
/*
 * Netfilter points are watched at the entry of nf_hook_slow(), before the
 * first hook of anybody. The kernel only goes there when a point has a hook,
 * so while a session watches we keep one of our own at every point it asked
 * for, in every namespace and on every device. It does nothing: it makes the
 * point visible. Only the bridge family's PRE_ROUTING is not run by
 * nf_hook_slow(): there our hook is what sees the packet.
 *
 * It is the last hook of its point, so that adding it moves no other hook
 * under a packet that waits in NFQUEUE; where that cannot be, there is none.
 * Removing any hook makes the kernel
 * drop all packets that wait in NFQUEUE of that namespace: where that could
 * be (nfnetlink_queue is loaded) the hooks of a namespace stay, asleep, until
 * the module is unloaded. Those of a device cannot stay, as devices go away.
 * They are removed before nfnetlink_queue can queue anything, and none are
 * added while it is there: INGRESS and EGRESS then show where somebody else
 * has a hook.
 */
#include "attach.h"

#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_bridge.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_tables.h>
#include <net/netns/generic.h>

#include "compat.h"
#include "dev_hooks.h"
#include "rewrite.h"
#include "session.h"
#include "sight.h"
#include "stages.h"
#include "verdict.h"

/* groups of hooks, a bit each; hooks that see 0 are through before the table of packets goes */
static unsigned int nf_wanted;

u64 skbtrail_devices;

unsigned int skbtrail_nf_pass(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	/* the last hook: what we watch inside ends here. Asleep there is no table of packets */
	if (unlikely(skbtrail_nf_trace(skb) || skbtrail_verdict_inside(skb)) &&
	    READ_ONCE(nf_wanted))
		skbtrail_sight_left(skb, state);
	return NF_ACCEPT;
}

static unsigned int see(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);

bool skbtrail_nf_ours(nf_hookfn *fn)
{
	return fn == skbtrail_nf_pass || fn == see || skbtrail_rewrite_ours(fn);
}

bool skbtrail_nf_ours_ends(const struct nf_hook_entries *e)
{
	unsigned int i = e->num_hook_entries;

	/* of the same priority there can be others behind it, but nothing that has rules */
	while (i--)
		if (e->hooks[i].hook == skbtrail_nf_pass)
			return READ_ONCE(nf_wanted);
	return false;
}

/*
 * nf_tables frees what its rules drop. But behind chains of the type route a packet can
 * find no route any more, and before those of inet at ingress its header may be malformed.
 */
static bool frees_drops(const struct nf_hook_ops *ops)
{
	if (ops->hook_ops_type != NF_HOOK_OP_NF_TABLES ||
	    (ops->pf == NFPROTO_INET && ops->hooknum == NF_INET_INGRESS))
		return false;
	return nft_base_chain(ops->priv)->type->type != NFT_CHAIN_T_ROUTE;
}

bool skbtrail_nf_never_drops(const struct nf_hook_entries *e, unsigned int i)
{
	return skbtrail_nf_ours(e->hooks[i].hook) ||
	       frees_drops(nf_hook_entries_get_hook_ops(e)[i]);
}

/* the point of the bridge family's PRE_ROUTING */
static struct skbtrail_point *bridge_point;

static unsigned int see(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	/* a hook may be asleep, with no session and no table of packets */
	if (READ_ONCE(bridge_point->attached))
		skbtrail_sight_packet(bridge_point, skb, state->pf << 8 | state->hook);
	return NF_ACCEPT;
}

#define HOOK(fn, family_, hook_) \
	{ .hook = (fn), .pf = (family_), .hooknum = (hook_), .priority = INT_MAX }

static const struct nf_hook_ops inet_hooks[] = {
	HOOK(skbtrail_nf_pass, NFPROTO_IPV4, NF_INET_PRE_ROUTING),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV4, NF_INET_LOCAL_IN),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV4, NF_INET_FORWARD),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV4, NF_INET_LOCAL_OUT),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV4, NF_INET_POST_ROUTING),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV6, NF_INET_PRE_ROUTING),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV6, NF_INET_LOCAL_IN),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV6, NF_INET_FORWARD),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV6, NF_INET_LOCAL_OUT),
	HOOK(skbtrail_nf_pass, NFPROTO_IPV6, NF_INET_POST_ROUTING),
};

static const struct nf_hook_ops arp_hooks[] = {
	HOOK(skbtrail_nf_pass, NFPROTO_ARP, NF_ARP_IN),
	HOOK(skbtrail_nf_pass, NFPROTO_ARP, NF_ARP_OUT),
	HOOK(skbtrail_nf_pass, NFPROTO_ARP, NF_ARP_FORWARD),
};

static const struct nf_hook_ops bridge_hooks[] = {
	HOOK(see, NFPROTO_BRIDGE, NF_BR_PRE_ROUTING),
	HOOK(skbtrail_nf_pass, NFPROTO_BRIDGE, NF_BR_LOCAL_IN),
	HOOK(skbtrail_nf_pass, NFPROTO_BRIDGE, NF_BR_FORWARD),
	HOOK(skbtrail_nf_pass, NFPROTO_BRIDGE, NF_BR_LOCAL_OUT),
	HOOK(skbtrail_nf_pass, NFPROTO_BRIDGE, NF_BR_POST_ROUTING),
};

/* NF_INET_INGRESS is the same point, see nf_hook_entry_head() */
static const struct nf_hook_ops device_hooks[] = {
#ifdef CONFIG_NETFILTER_INGRESS
	HOOK(skbtrail_nf_pass, NFPROTO_NETDEV, NF_NETDEV_INGRESS),
#endif
#ifdef CONFIG_NETFILTER_EGRESS
	HOOK(skbtrail_nf_pass, NFPROTO_NETDEV, NF_NETDEV_EGRESS),
#endif
};

/* what hooks are added and removed together; those of devices last */
enum { INET, ARP, BRIDGE, DEVICE };

static const struct {
	const struct nf_hook_ops	*hooks;
	unsigned int			n;
} groups[] = {
	[INET]		= { inet_hooks, ARRAY_SIZE(inet_hooks) },
	[ARP]		= { arp_hooks, ARRAY_SIZE(arp_hooks) },
	[BRIDGE]	= { bridge_hooks, ARRAY_SIZE(bridge_hooks) },
};

static const struct {
	u8	stage;
	u8	group;
	bool	built;
} nf_stages[] = {
	{ SKBTRAIL_ST_NF_PREROUTING, INET, true },
	{ SKBTRAIL_ST_NF_LOCAL_IN, INET, true },
	{ SKBTRAIL_ST_NF_FORWARD, INET, true },
	{ SKBTRAIL_ST_NF_LOCAL_OUT, INET, true },
	{ SKBTRAIL_ST_NF_POSTROUTING, INET, true },
	{ SKBTRAIL_ST_NF_INGRESS, DEVICE, IS_ENABLED(CONFIG_NETFILTER_INGRESS) },
	{ SKBTRAIL_ST_NF_EGRESS, DEVICE, IS_ENABLED(CONFIG_NETFILTER_EGRESS) },
	{ SKBTRAIL_ST_NF_ARP_IN, ARP, IS_ENABLED(CONFIG_NETFILTER_FAMILY_ARP) },
	{ SKBTRAIL_ST_NF_ARP_OUT, ARP, IS_ENABLED(CONFIG_NETFILTER_FAMILY_ARP) },
	{ SKBTRAIL_ST_NF_ARP_FORWARD, ARP, IS_ENABLED(CONFIG_NETFILTER_FAMILY_ARP) },
	{ SKBTRAIL_ST_NF_BRIDGE_PREROUTING, BRIDGE, IS_ENABLED(CONFIG_NETFILTER_FAMILY_BRIDGE) },
	{ SKBTRAIL_ST_NF_BRIDGE_LOCAL_IN, BRIDGE, IS_ENABLED(CONFIG_NETFILTER_FAMILY_BRIDGE) },
	{ SKBTRAIL_ST_NF_BRIDGE_FORWARD, BRIDGE, IS_ENABLED(CONFIG_NETFILTER_FAMILY_BRIDGE) },
	{ SKBTRAIL_ST_NF_BRIDGE_LOCAL_OUT, BRIDGE, IS_ENABLED(CONFIG_NETFILTER_FAMILY_BRIDGE) },
	{ SKBTRAIL_ST_NF_BRIDGE_POSTROUTING, BRIDGE, IS_ENABLED(CONFIG_NETFILTER_FAMILY_BRIDGE) },
};

/* @hooked: hooks of each group, a bit each */
struct nf_net {
	struct list_head	list;
	struct net		*net;
	unsigned long		hooked[ARRAY_SIZE(groups)];
};

static unsigned int nf_net_id;
/* inside RTNL and the namespace lock the kernel holds around pernet operations */
static DEFINE_MUTEX(nf_lock);
static LIST_HEAD(nf_nets);
static struct skbtrail_dev_list nf_devs = {
	.lock = &nf_lock,
	.ops = device_hooks,
	.n = ARRAY_SIZE(device_hooks),
};

/* packets can wait in NFQUEUE */
static bool nf_queueing;

/* of the families that know NFQUEUE */
static const struct nf_hook_entries *hooks_at(const struct net *net, const struct nf_hook_ops *ops)
{
	switch (ops->pf) {
	case NFPROTO_IPV4:
		return rcu_dereference(net->nf.hooks_ipv4[ops->hooknum]);
	case NFPROTO_IPV6:
		return rcu_dereference(net->nf.hooks_ipv6[ops->hooknum]);
#ifdef CONFIG_NETFILTER_FAMILY_BRIDGE
	case NFPROTO_BRIDGE:
		return rcu_dereference(net->nf.hooks_bridge[ops->hooknum]);
#endif
	default:
		return NULL;
	}
}

/*
 * Of hooks with one priority the newest comes first: ours would stand in front
 * of a chain of nft with the last priority, and what that has queued would
 * enter it again. (What else has that priority, such as conntrack, does not
 * queue.) With such a chain the point can be seen without us.
 */
static bool would_move(const struct net *net, const struct nf_hook_ops *ours)
{
	const struct nf_hook_entries *e;
	struct nf_hook_ops **ops;
	bool found = false;
	unsigned int i;

	rcu_read_lock();
	e = hooks_at(net, ours);
	for (i = 0; e && i < e->num_hook_entries; i++) {
		ops = nf_hook_entries_get_hook_ops(e);
		if (ops[i]->priority == ours->priority &&
		    ops[i]->hook_ops_type == NF_HOOK_OP_NF_TABLES)
			found = true;
	}
	rcu_read_unlock();
	return found;
}

struct functions {
	void		**fns;
	unsigned int	n;
	unsigned int	max;
};

static void add_function(struct functions *f, void *fn)
{
	unsigned int i;

	for (i = 0; i < f->n && f->fns[i] != fn; i++)
		;
	if (i == f->n && f->n < f->max)
		f->fns[f->n++] = fn;
}

static void add_functions(struct functions *f, const struct nf_hook_entries *e)
{
	unsigned int i;

	for (i = 0; e && i < e->num_hook_entries; i++)
		if (!skbtrail_nf_never_drops(e, i))
			add_function(f, e->hooks[i].hook);
}

static void add_points(struct functions *f, struct nf_hook_entries __rcu *const *points,
		       unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		add_functions(f, rcu_dereference(points[i]));
}

static void add_net_functions(struct functions *f, struct net *net)
{
	struct net_device *dev;

	add_points(f, net->nf.hooks_ipv4, ARRAY_SIZE(net->nf.hooks_ipv4));
	add_points(f, net->nf.hooks_ipv6, ARRAY_SIZE(net->nf.hooks_ipv6));
#ifdef CONFIG_NETFILTER_FAMILY_ARP
	add_points(f, net->nf.hooks_arp, ARRAY_SIZE(net->nf.hooks_arp));
#endif
#ifdef CONFIG_NETFILTER_FAMILY_BRIDGE
	add_points(f, net->nf.hooks_bridge, ARRAY_SIZE(net->nf.hooks_bridge));
#endif
	for_each_netdev_rcu(net, dev) {
#ifdef CONFIG_NETFILTER_INGRESS
		add_functions(f, rcu_dereference(dev->nf_hooks_ingress));
#endif
#ifdef CONFIG_NETFILTER_EGRESS
		add_functions(f, rcu_dereference(dev->nf_hooks_egress));
#endif
	}
}

unsigned int skbtrail_nf_functions(void **fns, unsigned int max)
{
	struct functions f = { .fns = fns, .max = max };
	struct nf_net *n;

	mutex_lock(&nf_lock);
	rcu_read_lock();
	list_for_each_entry(n, &nf_nets, list)
		add_net_functions(&f, n->net);
	rcu_read_unlock();
	mutex_unlock(&nf_lock);
	return f.n;
}

static int hook_group(struct nf_net *n, unsigned int g)
{
	const struct nf_hook_ops *ops;
	unsigned int i;
	int err;

	for (i = 0; i < groups[g].n; i++) {
		ops = &groups[g].hooks[i];
		if (test_bit(i, &n->hooked[g]) || would_move(n->net, ops))
			continue;
		err = nf_register_net_hook(n->net, ops);
		if (err)
			return err;
		__set_bit(i, &n->hooked[g]);
	}
	return 0;
}

static int hook(struct nf_net *n)
{
	unsigned int g;
	int err = 0;

	lockdep_assert_held(&nf_lock);
	for (g = 0; g < ARRAY_SIZE(groups) && !err; g++)
		if (nf_wanted & BIT(g))
			err = hook_group(n, g);
	return err;
}

static void unhook(struct nf_net *n, unsigned int which)
{
	unsigned int g, i;

	lockdep_assert_held(&nf_lock);
	for (g = 0; g < ARRAY_SIZE(groups); g++) {
		if (!(which & BIT(g)))
			continue;
		for_each_set_bit(i, &n->hooked[g], groups[g].n)
			nf_unregister_net_hook(n->net, &groups[g].hooks[i]);
		n->hooked[g] = 0;
	}
}

static bool devices_wanted(void)
{
	return nf_wanted & BIT(DEVICE) && !nf_queueing;
}

/* all of a device's, or none */
static int hook_dev(struct skbtrail_dev_hooks *d)
{
	int err = skbtrail_dev_hook(&nf_devs, d, ~0UL);

	if (err)
		skbtrail_dev_unhook(&nf_devs, d, 0);
	return err;
}

static int settle_devices(void)
{
	struct skbtrail_dev_hooks *d;
	int err = 0, i;

	hash_for_each(nf_devs.devs, i, d, node)
		if (!devices_wanted())
			skbtrail_dev_unhook(&nf_devs, d, 0);
		else if (!err)
			err = hook_dev(d);
	return err;
}

/*
 * Makes hooks be as they are wanted; an error leaves some out. Not under RTNL: who holds
 * that may be waiting for a module to be loaded, and that for us (on_module()). A device
 * stays in its namespace as long as it is in our list.
 */
static int settle(unsigned int want)
{
	struct nf_net *n;
	int err = 0, late;

	mutex_lock(&nf_lock);
	WRITE_ONCE(nf_wanted, want);
	list_for_each_entry(n, &nf_nets, list) {
		if (!nf_queueing)
			unhook(n, ~want);
		if (!err)
			err = hook(n);
	}
	late = settle_devices();
	mutex_unlock(&nf_lock);
	return err ? err : late;
}

/* what a bridge's packets may still be in */
static void set_bridge_point(bool on)
{
	bool was = bridge_point->attached;

	WRITE_ONCE(bridge_point->attached, on);
	if (was && !on)
		synchronize_rcu();
	if (was != on)
		bridge_point->state = on ? SKBTRAIL_POINT_STATE_ATTACHED :
					   SKBTRAIL_POINT_STATE_AVAILABLE;
}

int skbtrail_nf_watch(const unsigned int *wanted)
{
	unsigned int i, want = 0;

	lockdep_assert_held(&skbtrail_control);
	for (i = 0; i < ARRAY_SIZE(nf_stages); i++)
		if (nf_stages[i].built && wanted[nf_stages[i].stage])
			want |= BIT(nf_stages[i].group);
	set_bridge_point(bridge_point->users);
	return want == nf_wanted ? 0 : settle(want);
}

void skbtrail_nf_queueing(bool on)
{
	lockdep_assert_held(&skbtrail_control);
	mutex_lock(&nf_lock);
	nf_queueing = on;
	mutex_unlock(&nf_lock);
	if (settle(nf_wanted))
		pr_warn_once("skbtrail: some devices have no netfilter hooks\n");
}

bool skbtrail_nf_may_queue(void)
{
	lockdep_assert_held(&skbtrail_control);
	return nf_queueing;
}

/* a tracer must not make a new namespace fail: its points stay dark instead */
static int __net_init nf_net_init(struct net *net)
{
	struct nf_net *n = net_generic(net, nf_net_id);

	n->net = net;
	memset(n->hooked, 0, sizeof(n->hooked));
	mutex_lock(&nf_lock);
	list_add_tail(&n->list, &nf_nets);
	if (hook(n))
		pr_warn_once("skbtrail: no netfilter hooks in a new namespace\n");
	mutex_unlock(&nf_lock);
	return 0;
}

static void __net_exit nf_net_exit(struct net *net)
{
	struct nf_net *n = net_generic(net, nf_net_id);

	mutex_lock(&nf_lock);
	list_del(&n->list);
	unhook(n, ~0);
	mutex_unlock(&nf_lock);
}

static struct pernet_operations nf_net_ops = {
	.init = nf_net_init,
	.exit = nf_net_exit,
	.id = &nf_net_id,
	.size = sizeof(struct nf_net),
};

/* a device that moves is unregistered in the one namespace, then registered in the other */
static int on_device(struct notifier_block *nb, unsigned long what, void *data)
{
	struct net_device *dev = netdev_notifier_info_to_dev(data);
	struct skbtrail_dev_hooks *d;

	/* pointers have nothing to tell in these bits */
	if (what == NETDEV_REGISTER || what == NETDEV_UNREGISTER || what == NETDEV_CHANGENAME)
		WRITE_ONCE(skbtrail_devices, skbtrail_devices + (1ULL << 48));
	mutex_lock(&nf_lock);
	if (what == NETDEV_REGISTER) {
		d = skbtrail_dev_add(&nf_devs, dev);
		if (!d || (devices_wanted() && hook_dev(d)))
			pr_warn_once("skbtrail: no netfilter hooks on a new device\n");
	}
	if (what == NETDEV_UNREGISTER)
		skbtrail_dev_remove(&nf_devs, dev);
	mutex_unlock(&nf_lock);
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = { .notifier_call = on_device };

/* whether packets may wait in NFQUEUE: its module has this function */
static bool queueing(void)
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

static void mark_missing(u8 stage)
{
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++) {
		if (skbtrail_points[i].stage != stage)
			continue;
		skbtrail_points[i].state = SKBTRAIL_POINT_STATE_UNAVAILABLE;
		skbtrail_points[i].why = "this kernel is built without this netfilter point";
	}
}

void skbtrail_nf_resolve(void)
{
	unsigned int i;

	lockdep_assert_held(&skbtrail_control);
	for (i = 0; i < skbtrail_point_count; i++) {
		if (skbtrail_points[i].kind != SKBTRAIL_ATTACH_KIND_NETFILTER)
			continue;
		bridge_point = &skbtrail_points[i];
		bridge_point->state = SKBTRAIL_POINT_STATE_AVAILABLE;
	}
	for (i = 0; i < ARRAY_SIZE(nf_stages); i++)
		if (!nf_stages[i].built)
			mark_missing(nf_stages[i].stage);
	nf_queueing = queueing();
}

int skbtrail_nf_init(void)
{
	int err;

	err = register_pernet_subsys(&nf_net_ops);
	if (err)
		return err;
	err = register_netdevice_notifier(&device_notifier);
	if (err)
		unregister_pernet_subsys(&nf_net_ops);
	return err;
}

/* whether hooks stayed because packets may wait */
static bool any_asleep(void)
{
	struct nf_net *n;
	unsigned int g;
	bool any = false;

	mutex_lock(&nf_lock);
	list_for_each_entry(n, &nf_nets, list)
		for (g = 0; g < ARRAY_SIZE(groups); g++)
			any |= n->hooked[g] && nf_queueing;
	mutex_unlock(&nf_lock);
	return any;
}

void skbtrail_nf_exit(void)
{
	if (any_asleep())
		pr_notice("skbtrail: netfilter hooks are removed; the kernel drops what waits in NFQUEUE\n");
	/* both unhook; a hook function may still be running until the grace period */
	unregister_netdevice_notifier(&device_notifier);
	unregister_pernet_subsys(&nf_net_ops);
	synchronize_net();
}
