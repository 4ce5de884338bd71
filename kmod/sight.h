/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SIGHT_H
#define SKBTRAIL_SIGHT_H

#include <linux/types.h>

struct ftrace_ops;
struct ftrace_regs;
struct nf_hook_state;
struct pt_regs;
struct sk_buff;
struct skbtrail_life;
struct skbtrail_point;

/**
 * skbtrail_sight() - a function with a probe point was entered
 * @p: first point of the function
 * @regs: its arguments, for skbtrail_arg()
 *
 * Context: any. Never sleeps, allocates, or fails towards the caller.
 */
void skbtrail_sight(const struct skbtrail_point *p, const struct pt_regs *regs);

/** skbtrail_sight_entry() - any watched function was entered; for struct ftrace_ops */
void skbtrail_sight_entry(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			  struct ftrace_regs *fregs);

/** skbtrail_sight_packet() - a tracepoint saw a packet; any context */
void skbtrail_sight_packet(const struct skbtrail_point *p, struct sk_buff *skb, u32 info);

/** skbtrail_sight_birth() - the same; whatever was known of this sk_buff is over */
void skbtrail_sight_birth(const struct skbtrail_point *p, struct sk_buff *skb);

/** skbtrail_sight_drop() - the kernel frees a packet as dropped; any context */
void skbtrail_sight_drop(const struct skbtrail_point *p, struct sk_buff *skb,
			 void *location, u32 reason);

/** skbtrail_sight_left() - @skb is through with the hooks of others at a point; any context */
void skbtrail_sight_left(struct sk_buff *skb, const struct nf_hook_state *state);

/** skbtrail_sight_followed() - whether somebody follows @skb; any context */
bool skbtrail_sight_followed(const struct sk_buff *skb);

/**
 * skbtrail_sight_tell() - let @tell write records of @skb, if somebody follows it; any context
 * @tell: called with interrupts off, the set of the life locked; now is @ns
 */
void skbtrail_sight_tell(struct sk_buff *skb,
			 void (*tell)(const struct skbtrail_life *life, u64 ns, const void *arg),
			 const void *arg);

/** skbtrail_sight_clone() - @clone was made from @skb; any context */
void skbtrail_sight_clone(const struct skbtrail_point *p, struct sk_buff *clone,
			  struct sk_buff *skb);

/**
 * skbtrail_sight_fragment() - @fragment was cut from @skb; any context
 * @left: pieces that were to be cut then, this one included
 */
void skbtrail_sight_fragment(const struct skbtrail_point *p, struct sk_buff *fragment,
			     struct sk_buff *skb, u32 left);

/** skbtrail_sight_segments() - the list @segments was cut from @skb; any context */
void skbtrail_sight_segments(const struct skbtrail_point *p, struct sk_buff *segments,
			     struct sk_buff *skb);

/** skbtrail_sight_doubt() - end all trails whose end may have gone unseen; may sleep */
void skbtrail_sight_doubt(void);

/** skbtrail_sight_return() - a read call returned; any context */
void skbtrail_sight_return(const struct skbtrail_point *p);

/** skbtrail_sight_blind() - number of sightings not looked at: in NMI, or within another */
u64 skbtrail_sight_blind(void);

#endif /* SKBTRAIL_SIGHT_H */
