/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_VERDICT_H
#define SKBTRAIL_VERDICT_H

#include <linux/percpu.h>
#include <linux/types.h>

struct nf_hook_entries;
struct nf_hook_state;
struct pt_regs;
struct sk_buff;
struct skbtrail_life;
struct skbtrail_point;
struct skbtrail_sighting;

/** skbtrail_verdict_forget() - nothing is followed, so nothing is inside netfilter; process */
void skbtrail_verdict_forget(void);

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

#endif /* SKBTRAIL_VERDICT_H */
