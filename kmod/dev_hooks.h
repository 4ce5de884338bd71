/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_DEV_HOOKS_H
#define SKBTRAIL_DEV_HOOKS_H

#include <linux/hashtable.h>
#include <linux/netfilter.h>
#include <linux/types.h>

struct mutex;
struct net_device;

/**
 * struct skbtrail_dev_hooks - hooks on one device
 * @node: in its list
 * @dev: the device; it stays in its namespace as long as this is in the list
 * @hooked: places in the list's @ops, a bit each
 * @rcu: who lists hooks reads them under RCU
 * @ops: the list's, for this device
 */
struct skbtrail_dev_hooks {
	struct hlist_node	node;
	struct net_device	*dev;
	unsigned long		hooked;
	struct rcu_head		rcu;
	struct nf_hook_ops	ops[];
};

/**
 * struct skbtrail_dev_list - every device there is, and which of some hooks it has
 * @lock: held for all of the following, and to walk @devs
 * @ops: the hooks there can be
 * @n: how many
 * @devs: by the address of the device
 */
struct skbtrail_dev_list {
	struct mutex			*lock; /* the owner's */
	const struct nf_hook_ops	*ops;
	unsigned int			n;
	DECLARE_HASHTABLE(devs, 8);
};

/** skbtrail_dev_add() - a device begins; nothing is hooked there. NULL: no memory */
struct skbtrail_dev_hooks *skbtrail_dev_add(struct skbtrail_dev_list *list,
					    struct net_device *dev);

/** skbtrail_dev_remove() - a device ends, and with it its hooks; if it is listed */
void skbtrail_dev_remove(struct skbtrail_dev_list *list, const struct net_device *dev);

/** skbtrail_dev_hook() - add those of @want that are missing; an error leaves some out */
int skbtrail_dev_hook(const struct skbtrail_dev_list *list, struct skbtrail_dev_hooks *d,
		      unsigned long want);

/** skbtrail_dev_unhook() - remove those that are not in @want */
void skbtrail_dev_unhook(const struct skbtrail_dev_list *list, struct skbtrail_dev_hooks *d,
			 unsigned long want);

#endif /* SKBTRAIL_DEV_HOOKS_H */
