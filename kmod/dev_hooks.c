// SPDX-License-Identifier: GPL-2.0
/*
 * Devices come and go, and with them their netfilter hooks: the list of those there
 * are, so that hooks can come and go without RTNL, which the kernel's own list takes.
 */
#include "dev_hooks.h"

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/overflow.h>
#include <linux/slab.h>

struct skbtrail_dev_hooks *skbtrail_dev_add(struct skbtrail_dev_list *list,
					    struct net_device *dev)
{
	struct skbtrail_dev_hooks *d;
	unsigned int i;

	lockdep_assert_held(list->lock);
	d = kzalloc(struct_size(d, ops, list->n), GFP_KERNEL);
	if (!d)
		return NULL;
	d->dev = dev;
	for (i = 0; i < list->n; i++) {
		d->ops[i] = list->ops[i];
		d->ops[i].dev = dev;
	}
	hash_add(list->devs, &d->node, (unsigned long)dev);
	return d;
}

static struct skbtrail_dev_hooks *find(const struct skbtrail_dev_list *list,
				       const struct net_device *dev)
{
	struct skbtrail_dev_hooks *d;

	hash_for_each_possible(list->devs, d, node, (unsigned long)dev)
		if (d->dev == dev)
			return d;
	return NULL;
}

int skbtrail_dev_hook(const struct skbtrail_dev_list *list, struct skbtrail_dev_hooks *d,
		      unsigned long want)
{
	unsigned long missing = want & ~d->hooked;
	unsigned int i;
	int err;

	lockdep_assert_held(list->lock);
	for_each_set_bit(i, &missing, list->n) {
		err = nf_register_net_hook(dev_net(d->dev), &d->ops[i]);
		if (err)
			return err;
		__set_bit(i, &d->hooked);
	}
	return 0;
}

void skbtrail_dev_unhook(const struct skbtrail_dev_list *list, struct skbtrail_dev_hooks *d,
			 unsigned long want)
{
	unsigned long extra = d->hooked & ~want;
	unsigned int i;

	lockdep_assert_held(list->lock);
	for_each_set_bit(i, &extra, list->n)
		nf_unregister_net_hook(dev_net(d->dev), &d->ops[i]);
	d->hooked &= ~extra;
}

void skbtrail_dev_remove(struct skbtrail_dev_list *list, const struct net_device *dev)
{
	struct skbtrail_dev_hooks *d;

	lockdep_assert_held(list->lock);
	d = find(list, dev);
	if (!d)
		return;
	skbtrail_dev_unhook(list, d, 0);
	hash_del(&d->node);
	/* who lists hooks reads them under RCU */
	kfree_rcu(d, rcu);
}
