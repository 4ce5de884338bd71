/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_REWRITE_RULE_H
#define SKBTRAIL_REWRITE_RULE_H

#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/skbtrail.h>
#include <linux/types.h>

#include "rewrite_edit.h"

struct genl_info;
struct netlink_callback;
struct sk_buff;
struct sock;

/* where rules are kept: each hook of IP twice, before and behind NAT; then devices */
#define SKBTRAIL_RULE_SPOTS	12
#define SKBTRAIL_SPOT_INGRESS	10
#define SKBTRAIL_SPOT_EGRESS	11

/* what a packet is, as rules choose by it */
#define SKBTRAIL_RULE_IPV4	BIT(0)
#define SKBTRAIL_RULE_IPV6	BIT(1)
#define SKBTRAIL_RULE_OTHER	BIT(2)

/** struct skbtrail_rule_stats - of one CPU; see the attributes of a rule */
struct skbtrail_rule_stats {
	u64	matched;
	u64	spared;
	u64	changed;
	u64	dropped;
	u64	refused[SKBTRAIL_RULE_REFUSAL_MAX + 1];
};

/**
 * struct skbtrail_rule - one rewrite rule
 * @number: name and order
 * @spot: where it is kept
 * @families: SKBTRAIL_RULE_*; others it does not match
 * @drop: it drops
 * @dry: it only tells
 * @limited: @left counts
 * @random: something about it is, so @nth counts
 * @over: enum skbtrail_rule_state; set once it is not active any more
 * @probability: in billionths
 * @netns: cookie of the namespace, 0 all
 * @until: CLOCK_MONOTONIC, 0 for ever
 * @l2: filter over the Ethernet header, NULL none
 * @l3: filter over the IP header, NULL none
 * @dev: device name, empty for all
 * @n: edits; one that drops is alone
 * @actions: what is among them, a bit each
 * @edit: them
 * @quick: the same in short
 * @seed: of what is random
 * @nth: matches so far
 * @left: packets it may still be applied to
 * @done: packets it was applied to; only where @limited
 * @stats: per CPU
 * @text: actions as written
 * @filter_text: filter as written
 * @count: as asked for
 * @for_ms: as asked for
 * @inum: inode number of the namespace
 * @pid: process that added it
 * @portid: its netlink port
 * @place: enum skbtrail_rule_place
 * @hook: enum skbtrail_rule_hook
 * @persist: outlives its socket
 * @dead: its socket is gone
 * @sk: that socket, a reference is held; NULL when it persists
 * @next_gone: while it is being removed
 *
 * Fixed from the moment it is published on, but for @over, @nth, @left, @done, @stats, @dead.
 */
struct skbtrail_rule {
	u32					number;
	u8					spot;
	u8					families;
	bool					drop;
	bool					dry;
	bool					limited;
	bool					random;
	u8					over;
	u32					probability;
	u64					netns;
	u64					until;
	struct bpf_prog				*l2;
	struct bpf_prog				*l3;
	char					dev[SKBTRAIL_NAME_LEN];
	unsigned int				n;
	u32					actions;
	struct skbtrail_quick			quick;
	struct skbtrail_edit			edit[SKBTRAIL_MAX_ACTIONS];
	u64					seed;
	atomic64_t				nth;
	atomic64_t				left;
	atomic64_t				done;
	struct skbtrail_rule_stats __percpu	*stats;
	char					text[256];
	char					filter_text[1024];
	u64					count;
	u32					for_ms;
	u32					inum;
	u32					pid;
	u32					portid;
	u8					place;
	u8					hook;
	bool					persist;
	bool					dead;
	struct sock				*sk;
	struct skbtrail_rule			*next_gone;
};

/**
 * struct skbtrail_rules - rules of one spot, in their order
 *
 * Read under RCU, replaced as a whole.
 */
struct skbtrail_rules {
	unsigned int		n;
	struct skbtrail_rule	*rule[];
};

extern struct skbtrail_rules __rcu *skbtrail_rules[SKBTRAIL_RULE_SPOTS];

/** skbtrail_rule_at_device() - whether a rule is for ingress or egress */
static inline bool skbtrail_rule_at_device(const struct skbtrail_rule *r)
{
	return r->spot >= SKBTRAIL_SPOT_INGRESS;
}

/* as netlink tells it (rewrite_msg.c) */

/**
 * skbtrail_rule_make() - make a rule of a request that adds one
 *
 * It has no number yet, is in no list and holds no socket. Context: process.
 * Return: rule, skbtrail_rule_free() it; or ERR_PTR(), with a sentence.
 */
struct skbtrail_rule *skbtrail_rule_make(struct genl_info *info);

/** skbtrail_rule_free() - also puts its socket, if it has one; no packet must find it any more */
void skbtrail_rule_free(struct skbtrail_rule *r);

/** skbtrail_rule_put() - one message of a dump; -EMSGSIZE when there is no room for it */
int skbtrail_rule_put(struct sk_buff *msg, struct netlink_callback *cb,
		      const struct skbtrail_rule *r);

/* their lives (rewrite_rule.c) */

/** skbtrail_rule_over() - a rule has done its work; any context but NMI */
void skbtrail_rule_over(struct skbtrail_rule *rule, enum skbtrail_rule_state why);

/** skbtrail_rule_each() - call @fn for every rule; hook or rule lock held */
void skbtrail_rule_each(void (*fn)(const struct skbtrail_rule *rule, void *arg), void *arg);

/* the packet path (rewrite.c) */

/** skbtrail_rewrite() - the hook function; @priv is the number of a spot */
unsigned int skbtrail_rewrite(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);

/* netfilter hooks (rewrite_hook.c) */

extern struct mutex skbtrail_rewrite_hooks;

/**
 * skbtrail_rewrite_settle() - have hooks where rules need them, and nowhere else
 *
 * Hooks behind which packets may wait in NFQUEUE stay, asleep. Context: control
 * mutex held, may sleep. Return: 0 or an error, then some are missing.
 */
int skbtrail_rewrite_settle(void);

/** skbtrail_rewrite_disturbs() - whether a rule needs a hook while packets can wait in NFQUEUE */
bool skbtrail_rewrite_disturbs(const struct skbtrail_rule *rule);

int skbtrail_rewrite_hook_init(void);
void skbtrail_rewrite_hook_exit(void);

#endif /* SKBTRAIL_REWRITE_RULE_H */
