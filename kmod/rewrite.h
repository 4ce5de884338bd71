/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_REWRITE_H
#define SKBTRAIL_REWRITE_H

#include <linux/netfilter.h>
#include <linux/types.h>
#include <net/genetlink.h>

struct sk_buff;

#ifdef CONFIG_SKBTRAIL_REWRITE

int skbtrail_rewrite_init(void);
void skbtrail_rewrite_exit(void);

/* control (rewrite_rule.c); process context */

int skbtrail_rewrite_add(struct sk_buff *skb, struct genl_info *info);
int skbtrail_rewrite_del(struct sk_buff *skb, struct genl_info *info);
int skbtrail_rewrite_get(struct sk_buff *msg, struct netlink_callback *cb);

/** skbtrail_rewrite_ours() - whether a hook function is that of rewriting */
bool skbtrail_rewrite_ours(nf_hookfn *fn);

/** skbtrail_rewrite_queueing() - NFQUEUE comes or has gone; control mutex held */
void skbtrail_rewrite_queueing(bool on);

#else

static inline int skbtrail_rewrite_init(void) { return 0; }
static inline void skbtrail_rewrite_exit(void) { }

static inline int skbtrail_rewrite_add(struct sk_buff *skb, struct genl_info *info)
{
	GENL_SET_ERR_MSG(info, "this module was built without rewriting");
	return -EOPNOTSUPP;
}

static inline int skbtrail_rewrite_del(struct sk_buff *skb, struct genl_info *info)
{
	return skbtrail_rewrite_add(skb, info);
}

static inline int skbtrail_rewrite_get(struct sk_buff *msg, struct netlink_callback *cb)
{
	return 0;
}

static inline bool skbtrail_rewrite_ours(nf_hookfn *fn) { return false; }
static inline void skbtrail_rewrite_queueing(bool on) { }

#endif
#endif /* SKBTRAIL_REWRITE_H */
