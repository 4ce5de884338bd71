/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_VERDICT_H
#define SKBTRAIL_VERDICT_H

#include <linux/percpu.h>
#include <linux/skbtrail.h>
#include <linux/types.h>

struct nf_hook_entries;
struct nf_hook_state;
struct pt_regs;
struct sk_buff;
struct skbtrail_lane;
struct skbtrail_life;
struct skbtrail_point;
struct skbtrail_sighting;

/** skbtrail_verdict_init() - memory for what is noted; 0 or -ENOMEM */
int skbtrail_verdict_init(void);

/** skbtrail_verdict_exit() - nothing is attached any more, nor running */
void skbtrail_verdict_exit(void);

/** skbtrail_verdict_forget() - nothing is followed, so nothing is inside netfilter; process */
void skbtrail_verdict_forget(void);

/**
 * skbtrail_trace_switch() - have nf_tables tell of rules that match packets that are traced
 *
 * Context: control mutex held, may sleep.
 */
void skbtrail_trace_switch(bool on);

/** skbtrail_trace_forget() - a module goes, and what was switched on in it; control mutex held */
void skbtrail_trace_forget(const char *mod);

/*
 * All of the following: interrupts off, within netfilter, which is to say within the
 * kernel's own RCU read-side section. They only look, but for nf_trace.
 */

/* the followed packet that entered a point last on this CPU; compared, never dereferenced */
DECLARE_PER_CPU(const struct sk_buff *, skbtrail_verdict_last);

/** skbtrail_verdict_inside() - false: nothing is watched of @skb inside its point; any context */
static inline bool skbtrail_verdict_inside(const struct sk_buff *skb)
{
	return this_cpu_read(skbtrail_verdict_last) == skb;
}

/** skbtrail_verdict_point() - a packet enters a netfilter point with hooks of others, at @p */
void skbtrail_verdict_point(const struct skbtrail_point *p, struct sk_buff *skb,
			    const struct nf_hook_state *state,
			    const struct nf_hook_entries *hooks);

/** skbtrail_verdict_left() - the hooks of others are through with @skb */
void skbtrail_verdict_left(struct sk_buff *skb, const struct nf_hook_state *state);

/** skbtrail_verdict_ours() - what happens to a packet from now on was done by a hook of ours */
void skbtrail_verdict_ours(const struct skbtrail_life *life);

/** skbtrail_verdict_hit() - a function of netfilter was entered, with these arguments */
void skbtrail_verdict_hit(const struct skbtrail_point *p, const struct pt_regs *regs);

/**
 * skbtrail_verdict_tell() - tell who dropped a packet, if netfilter did and it is known
 * @life: of the packet; its set is locked
 * @s: its end
 * @location: code that frees it
 */
void skbtrail_verdict_tell(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   const void *location);

/* what all verdict records begin with */

/**
 * struct skbtrail_where - where a hook is called
 * @netns: cookie of the network namespace
 * @inum: its inode number
 * @pf: family of the hook
 * @hook: its number
 */
struct skbtrail_where {
	u64	netns;
	u32	inum;
	u8	pf;
	u8	hook;
};

/** skbtrail_where_of() - fill it in, as a hook is told itself */
void skbtrail_where_of(struct skbtrail_where *w, const struct nf_hook_state *state);

/** skbtrail_record_head() - a record's head; by a function of which nothing else is known yet */
struct skbtrail_rec_verdict skbtrail_record_head(const struct skbtrail_where *w,
						 const struct skbtrail_life *life, u64 ns);

/** skbtrail_record_begin() - write the head; NULL: no room for it and what comes behind it */
struct skbtrail_rec_verdict *skbtrail_record_begin(struct skbtrail_lane *lane,
						   const struct skbtrail_rec_verdict *head,
						   u32 size);

#endif /* SKBTRAIL_VERDICT_H */
