/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ATTACH_H
#define SKBTRAIL_ATTACH_H

#include <linux/netfilter.h>
#include <linux/types.h>

struct netlink_ext_ack;
struct skbtrail_point;

/**
 * skbtrail_attach() - watch stages for one more session
 * @stages: bitmap
 * @points: number of probe points in place for it
 * @missing: number of its stages this kernel does not offer
 * @extack: gets a sentence
 *
 * Points are counted over sessions; lifetime points come first. Context:
 * control mutex held, may sleep for grace periods. Return: 0 or an error,
 * then nothing is attached for it.
 */
int skbtrail_attach(const unsigned long *stages, u32 *points, u32 *missing,
		    struct netlink_ext_ack *extack);

/** skbtrail_detach() - undo skbtrail_attach(); when it returns no probe is running */
void skbtrail_detach(const unsigned long *stages);

/**
 * skbtrail_attach_rules() - have a session that was attached told of rules that match
 * @bit: its own; it is taken back in skbtrail_want_rules, before skbtrail_detach()
 * @extack: says why that cannot be
 */
int skbtrail_attach_rules(unsigned int bit, struct netlink_ext_ack *extack);

/** skbtrail_attach_kind() - how function entries are attached: enum skbtrail_attach_kind */
u32 skbtrail_attach_kind(void);

/** skbtrail_attach_missed() - kprobe hits the kernel skipped since load */
u64 skbtrail_attach_missed(void);

/* function entry to first point of it: open addressing, read by probes at any time */
struct skbtrail_entry {
	unsigned long		ip;
	struct skbtrail_point	*p;
};

#define SKBTRAIL_ENTRIES	1024

extern struct skbtrail_entry skbtrail_entries[SKBTRAIL_ENTRIES];

static __always_inline unsigned int skbtrail_entry_slot(unsigned long ip)
{
	return (ip >> 4) % SKBTRAIL_ENTRIES;
}

/* where it is, if it did not have to give way to another */
static __always_inline const struct skbtrail_entry *skbtrail_entry_at(unsigned long ip)
{
	return &skbtrail_entries[skbtrail_entry_slot(ip)];
}

/** skbtrail_point_at() - first point at a function entry, or NULL; any context */
static inline struct skbtrail_point *skbtrail_point_at(unsigned long ip)
{
	const struct skbtrail_entry *e = skbtrail_entry_at(ip);
	unsigned long at;

	/* modules come and go meanwhile; pairs with note_ip() in attach_find.c. It is never full */
	while (unlikely((at = smp_load_acquire(&e->ip)) != ip)) {
		if (!at)
			return NULL;
		if (++e == skbtrail_entries + SKBTRAIL_ENTRIES)
			e = skbtrail_entries;
	}
	return READ_ONCE(e->p);
}

/* ends of lives may go unseen: kprobes can be skipped, and were switched */
extern bool skbtrail_attach_skips;

/* of the next, the upper bits change when kprobes are switched */
#define SKBTRAIL_SWITCH_SHIFT	20

/** skbtrail_attach_life_skipped() - kprobe hits skipped at points that end lives; any context */
u32 skbtrail_attach_life_skipped(void);

/** skbtrail_attach_dirty_skipped() - the same, where headers can change */
u32 skbtrail_attach_dirty_skipped(void);

/** skbtrail_attach_life_missed() - skipped where lives end; 0 where none can be */
static inline u32 skbtrail_attach_life_missed(void)
{
	return unlikely(skbtrail_attach_skips) ? skbtrail_attach_life_skipped() : 0;
}

/** skbtrail_attach_dirty_missed() - and where headers can change */
static inline u32 skbtrail_attach_dirty_missed(void)
{
	return unlikely(skbtrail_attach_skips) ?
	       skbtrail_attach_life_skipped() + skbtrail_attach_dirty_skipped() : 0;
}

/** skbtrail_attach_why_skipped() - the same, where it is told why a packet is dropped */
u32 skbtrail_attach_why_skipped(void);

/** skbtrail_attach_why_missed() - and there; 0 where none can be */
static inline u32 skbtrail_attach_why_missed(void)
{
	return unlikely(skbtrail_attach_skips) ? skbtrail_attach_why_skipped() : 0;
}

/** skbtrail_attach_hooks_gen() - changes when hook functions are added; any context */
u32 skbtrail_attach_hooks_gen(void);

/** skbtrail_attach_hook_fn() - the hook function of a point with that op */
const void *skbtrail_attach_hook_fn(const struct skbtrail_point *p);

/** enum skbtrail_hook_kind - what is known of a hook function by its name */
enum skbtrail_hook_kind {
	SKBTRAIL_HOOK_ANY,
	SKBTRAIL_HOOK_TABLES,		/* it runs rules of x_tables, its argument a table */
	SKBTRAIL_HOOK_EBTABLES,		/* the same of ebtables */
	SKBTRAIL_HOOK_CONNTRACK,	/* it gives a packet its connection */
	SKBTRAIL_HOOK_FLOWTABLE,	/* it sends a packet of a known flow on by itself */
};

/** skbtrail_attach_hook_kind() - of the hook function of a point with that op */
enum skbtrail_hook_kind skbtrail_attach_hook_kind(const struct skbtrail_point *p);

/** skbtrail_attach_hook_watched() - whether calls of a hook function are seen; any context */
bool skbtrail_attach_hook_watched(const void *fn);

/** skbtrail_attach_hook_new() - somebody is about to register a hook; process context */
void skbtrail_attach_hook_new(const struct nf_hook_ops *ops);

/* packets may be traced through x_tables, and what does not concern others is kept from them */
extern bool skbtrail_attach_xt;

int skbtrail_attach_init(void);
void skbtrail_attach_exit(void);

/* the ways to find and attach function entries (attach_find.c, attach_func.c) */

/** skbtrail_func_resolve() - find the functions of all points; once, at load; 0 or an error */
int skbtrail_func_resolve(void);

/**
 * skbtrail_func_gain() - find functions of modules that came
 * @mod: the module that comes, NULL: any that was missed
 *
 * Context: control mutex held. Return: whether points can have become available.
 */
bool skbtrail_func_gain(const char *mod);

/** skbtrail_func_lose() - detach and forget functions of a module that goes; control mutex held */
void skbtrail_func_lose(const char *mod);

/**
 * skbtrail_func_hooks() - know hook functions of netfilter
 * @fns: functions
 * @n: how many
 * @wanted: whether calls of all that are known are to be seen
 *
 * Those for which there is no room are not seen. Context: control mutex held.
 */
void skbtrail_func_hooks(void **fns, unsigned int n, bool wanted);

/** skbtrail_func_sees() - whether all points with these ops, a bit each, are watched */
bool skbtrail_func_sees(u64 ops);

/** skbtrail_func_hooks_tables() - whether a watched hook function has rules of x_tables */
bool skbtrail_func_hooks_tables(void);

/** skbtrail_func_exit() - once, at unload, nothing attached */
void skbtrail_func_exit(void);

/** skbtrail_func_add() - attach points that are wanted and not attached; 0 or an error */
int skbtrail_func_add(bool life);

/** skbtrail_func_remove() - detach points nobody wants any more */
void skbtrail_func_remove(void);

/* netfilter hooks (attach_nf.c) */

/** skbtrail_nf_resolve() - what of netfilter this kernel has; once, at load; control mutex held */
void skbtrail_nf_resolve(void);

/**
 * skbtrail_nf_watch() - keep hooks where somebody watches
 * @wanted: number of sessions for each stage
 *
 * Context: control mutex held, may sleep. Return: 0 or an error.
 */
int skbtrail_nf_watch(const unsigned int *wanted);

/**
 * skbtrail_nf_functions() - hook functions of others that are in use
 * @fns: gets each once, but those of nf_tables
 * @max: room
 *
 * Context: process, control mutex held. Return: how many.
 */
unsigned int skbtrail_nf_functions(void **fns, unsigned int max);

/** skbtrail_nf_ours() - whether a hook function is one of ours */
bool skbtrail_nf_ours(nf_hookfn *fn);

/** skbtrail_nf_ours_ends() - whether a hook of ours is behind all tables of a point, and awake */
bool skbtrail_nf_ours_ends(const struct nf_hook_entries *e);

/** skbtrail_nf_never_drops() - whether a hook is ours or leaves dropping to nf_tables itself */
bool skbtrail_nf_never_drops(const struct nf_hook_entries *e, unsigned int i);

/** skbtrail_nf_queueing() - NFQUEUE comes or has gone; control mutex held */
void skbtrail_nf_queueing(bool on);

/** skbtrail_nf_may_queue() - whether packets can wait in NFQUEUE; control mutex held */
bool skbtrail_nf_may_queue(void);

/* its upper bits change when a device comes, goes, moves or gets another name */
extern u64 skbtrail_devices;

/* our hook: it only makes points visible that have no other */
unsigned int skbtrail_nf_pass(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);

/** skbtrail_nf_only_ours() - whether nobody but us hooks a point; on the packet path */
static __always_inline bool skbtrail_nf_only_ours(const struct nf_hook_entries *hooks)
{
	return hooks->num_hook_entries == 1 && hooks->hooks[0].hook == skbtrail_nf_pass;
}

/** skbtrail_nf_dev() - the device a packet is at in a netfilter point */
static inline const struct net_device *skbtrail_nf_dev(const struct nf_hook_state *state)
{
	return state->in && state->hook != NF_INET_POST_ROUTING ? state->in : state->out;
}

int skbtrail_nf_init(void);
void skbtrail_nf_exit(void);

#endif /* SKBTRAIL_ATTACH_H */
