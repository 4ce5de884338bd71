/* SPDX-License-Identifier: GPL-2.0 */
/* What is noted of a packet inside netfilter; private to verdict*.c. */
#ifndef SKBTRAIL_VISIT_H
#define SKBTRAIL_VISIT_H

#include <linux/netfilter/x_tables.h>
#include <linux/skbtrail.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_tables.h>

#include "attach.h"
#include "session.h"
#include "track.h"
#include "verdict.h"

struct nf_hook_entries;
struct nf_hook_state;
struct pt_regs;
struct sk_buff;
struct skbtrail_lane;
struct skbtrail_point;

/* chains a packet can be in at once: the base chain and those it was sent to */
#define SKBTRAIL_STEPS		(NFT_JUMP_STACK_SIZE + 1)
/* the same of x_tables; how a packet came to a chain further in is not told */
#define SKBTRAIL_XT_STEPS	8
/* hook functions entered last that are remembered: of hooks that call other hooks' functions */
#define SKBTRAIL_ENTERED	4

/**
 * struct skbtrail_step - one chain of nf_tables a packet is in
 * @chain: the chain
 * @expr: the expression evaluated last in it, of those that can decide
 * @rule: handle of the rule that matched last in it; 0 none, or it is not traced
 */
struct skbtrail_step {
	const struct nft_chain	*chain;
	const struct nft_expr	*expr;
	u64			rule;
};

/**
 * struct skbtrail_xt_step - one chain of x_tables a packet is in
 * @chain: its name
 * @rule: number of the rule matched last in it
 */
struct skbtrail_xt_step {
	char	chain[XT_FUNCTION_MAXNAMELEN];
	u32	rule;
};

/**
 * struct skbtrail_entered - a hook function that was entered
 * @fn: the function
 * @priv: its argument
 */
struct skbtrail_entered {
	const void	*fn;
	const void	*priv;
};

/**
 * struct skbtrail_actor - the hook a packet is in; a base chain of nf_tables is one, too
 * @fn: its function, NULL: in none yet
 * @priv: its argument
 * @priority: its own
 * @nr: hook functions entered before it
 * @tracks: it gives packets their connections
 * @flows: it sends packets of known flows on
 * @why: it drops for this: enum skbtrail_verdict_why
 * @nat: what NAT did in it: enum skbtrail_verdict_nat
 * @undone: that was to translate back
 */
struct skbtrail_actor {
	const void	*fn;
	const void	*priv;
	s32		priority;
	u32		nr;
	bool		tracks;
	bool		flows;
	u8		why;
	u8		nat;
	bool		undone;
};

/**
 * struct skbtrail_visit - what a followed packet goes through inside netfilter
 * @lock: inside the lock of the packet's set
 * @trail: the packet's; another one that needs the place takes it
 * @where: the hook is called
 * @epoch: hits of our functions the kernel had skipped when it began
 * @hooks: of the point, NULL: not in one that is run by nf_hook_slow()
 * @outer: packet that was inside a point on this CPU then, whose hook sent this one, or was
 *	interrupted; compared only
 * @state: what its hooks are called with; compared only
 * @p: where the point is watched
 * @actor: the hook it is in
 * @hooks_gen: of the hook functions that were watched then
 * @hook_epoch: hits skipped then
 * @nr: hook functions entered so far
 * @entered: the last ones of them, by their number
 * @table: name of the table of x_tables whose rules were run last, NULL: none
 * @xt_info: its rules then
 * @xt_nr: @nr when that began
 * @xt_depth: chains in @xt_step, 0: no rule matched
 * @xt_deep: it is in more
 * @xt_policy: what matched last is the policy
 * @xt_unsure: what matched last is not known
 * @xt_said: what that said, as far as it is known: enum skbtrail_verdict_said
 * @xt_step: chains it is in, the first one is the point's
 * @regs: registers of nf_tables, on the stack of who evaluates; NULL before the first expression
 * @op: of the point that saw the last expression
 * @depth: of @step; 0: not in nf_tables
 * @closed: our own hook ends the point
 * @lost: what was noted does not fit together
 * @placed: the last expression is that of the last step
 * @taken: a rule that was told may have taken the packet
 * @step: chains it is in, the base chain first
 *
 * Pointers are followed only while the packet is where they were noted: within
 * the kernel's own RCU section around nf_hook_slow() or nft_do_chain().
 */
struct skbtrail_visit {
	arch_spinlock_t		lock;
	u64			trail;
	struct skbtrail_where	where;
	u32			epoch;
	const struct nf_hook_entries *hooks;
	const struct sk_buff	*outer;
	const struct nf_hook_state *state;
	const struct skbtrail_point *p;
	struct skbtrail_actor	actor;
	u32			hooks_gen;
	u32			hook_epoch;
	u32			nr;
	struct skbtrail_entered	entered[SKBTRAIL_ENTERED];
	const char		*table;
	const struct xt_table_info *xt_info;
	u32			xt_nr;
	u8			xt_depth;
	bool			xt_deep;
	bool			xt_policy;
	bool			xt_unsure;
	u8			xt_said;
	struct skbtrail_xt_step	xt_step[SKBTRAIL_XT_STEPS];
	const struct nft_regs	*regs;
	u8			op;
	u8			depth;
	bool			closed;
	bool			lost;
	bool			placed;
	bool			taken;
	struct skbtrail_step	step[SKBTRAIL_STEPS];
};

/*
 * All of the following: interrupts off, within netfilter, the kernel's own RCU
 * read-side section; with a life, its set is locked, and with a visit, that is, too.
 */

/* visits (verdict.c) */

/** skbtrail_visit_life() - the life of a followed packet, its set locked; NULL: nothing is */
struct skbtrail_life *skbtrail_visit_life(struct skbtrail_set *set, const struct sk_buff *skb);

/** skbtrail_visit_lock() - that of a life, locked, with @begin made if need be; or NULL */
struct skbtrail_visit *skbtrail_visit_lock(const struct skbtrail_life *life, bool begin);

static inline void skbtrail_visit_unlock(struct skbtrail_visit *v)
{
	arch_spin_unlock(&v->lock);
}

/** skbtrail_visit_sure() - with kprobes a call may have gone unseen */
static inline bool skbtrail_visit_sure(const struct skbtrail_visit *v)
{
	return !v->lost && v->epoch == skbtrail_attach_why_missed();
}

/**
 * skbtrail_visit_here() - whether the point that was noted is the one the packet is in
 *
 * What it was noted with lies on a stack, where that of another namespace can lie as well,
 * and says so only while every point is seen to be entered: not where a call was skipped, nor
 * once nobody waits for the packet any more, as probes and hooks go then. Only of a visit
 * that is here may hooks be followed.
 */
static inline bool skbtrail_visit_here(const struct skbtrail_visit *v,
				       const struct skbtrail_life *life,
				       const struct nf_hook_state *state)
{
	return v->hooks && v->state == state && v->where.netns == state->net->net_cookie &&
	       v->hook_epoch == skbtrail_attach_why_missed() &&
	       life->sessions & READ_ONCE(skbtrail_active);
}

/* hooks (verdict_hook.c) */

/** skbtrail_hook_note() - a hook function of that kind was entered */
void skbtrail_hook_note(struct skbtrail_visit *v, const void *fn, const void *priv,
			enum skbtrail_hook_kind kind);

/** skbtrail_hook_place() - where in its point a hook is: -1 nowhere, -2 more than once */
int skbtrail_hook_place(const struct nf_hook_entries *e, const void *fn, const void *priv);

/** skbtrail_hook_certain() - whether nobody unseen came between the actor and the hook at @end */
bool skbtrail_hook_certain(const struct skbtrail_visit *v, int end);

/** skbtrail_hook_tell() - tell which hook drops a packet */
void skbtrail_hook_tell(const struct skbtrail_visit *v, const struct skbtrail_life *life, u64 ns);

/* what hooks do (verdict_change.c) */

/** skbtrail_deed_act() - a hook of its point is entered: with the one before it is through */
void skbtrail_deed_act(struct skbtrail_visit *v, struct skbtrail_life *life, struct sk_buff *skb,
		       const struct nf_hook_state *state, const void *fn, const void *priv);

/** skbtrail_deed_hand() - the hook that was entered may do what is said of no packet */
void skbtrail_deed_hand(struct skbtrail_visit *v, const struct sk_buff *skb,
			enum skbtrail_hook_kind kind);

/** skbtrail_deed_done() - tell what changed: by the hook it was in, unless one unseen can have */
void skbtrail_deed_done(struct skbtrail_visit *v, struct skbtrail_life *life, struct sk_buff *skb,
			const struct nf_hook_state *state, int end);

/** skbtrail_deed_queue() - tell that this hook gives the packet to user space; @verdict: its own */
void skbtrail_deed_queue(const struct skbtrail_visit *v, const struct skbtrail_life *life,
			 u32 verdict);

/* without any lock */

/** skbtrail_deed_next() - such a hook is entered, by a packet that may not be followed */
void skbtrail_deed_next(void);

/** skbtrail_deed_full() - conntrack has no room for a connection */
void skbtrail_deed_full(void);

/** skbtrail_deed_flow() - a flowtable sends a packet on */
void skbtrail_deed_flow(void);

/** skbtrail_deed_doing() - what the hook a packet is in does with it, as @op says */
void skbtrail_deed_doing(u8 op, const struct pt_regs *regs);

/* rules that match (verdict_trace.c) */

/** skbtrail_trace_on() - have us, and nobody else, told by x_tables of rules that match */
void skbtrail_trace_on(struct skbtrail_life *life, struct sk_buff *skb);

/** skbtrail_trace_off() - end that */
void skbtrail_trace_off(struct skbtrail_life *life, struct sk_buff *skb);

/** skbtrail_said() - enum skbtrail_verdict_said of NF_* or NFT_* */
u16 skbtrail_said(u32 code);

/** skbtrail_trace_give_up() - somebody else wants it traced now; without any lock */
void skbtrail_trace_give_up(const struct sk_buff *skb);

/* nf_tables (verdict_nft.c) */

/** skbtrail_nft_enter() - a packet enters a base chain, which may be a hook, or called by one */
void skbtrail_nft_enter(const struct nft_pktinfo *pkt, const struct nft_chain *chain);

/** skbtrail_nft_evaluate() - an expression that can decide is evaluated; without any lock */
void skbtrail_nft_evaluate(const struct skbtrail_point *p, const struct nft_expr *expr,
			   const struct nft_regs *regs, const struct nft_pktinfo *pkt);

/** skbtrail_nft_matched() - nf_tables tells of a rule that matched; without any lock */
void skbtrail_nft_matched(const struct pt_regs *regs);

/** skbtrail_nft_tell() - tell which rule drops a packet, or that the policy does */
void skbtrail_nft_tell(const struct skbtrail_visit *v, const struct skbtrail_life *life, u64 ns);

/** skbtrail_nft_deed() - fill in the rule behind a deed, if it is known, else the base chain */
void skbtrail_nft_deed(const struct skbtrail_visit *v, struct skbtrail_rec_verdict *head,
		       u64 *handle);

/* x_tables (verdict_xt.c) */

/** skbtrail_xt_matched() - a rule matched a packet that is traced; without any lock */
void skbtrail_xt_matched(const struct pt_regs *regs);

/** skbtrail_xt_drops() - whether what matched last is a rule or policy that drops */
bool skbtrail_xt_drops(const struct skbtrail_visit *v);

/** skbtrail_xt_first_chain() - the chain a packet enters first at this point */
const char *skbtrail_xt_first_chain(const struct skbtrail_visit *v);

/** skbtrail_xt_cause() - what matched last: enum skbtrail_verdict_cause */
u8 skbtrail_xt_cause(const struct skbtrail_visit *v);

/** skbtrail_xt_steps() - chains to tell; of a policy it is the point's */
u8 skbtrail_xt_steps(const struct skbtrail_visit *v, u8 cause);

/* records (verdict_record.c) */

/** skbtrail_record_nft() - one of nf_tables; @handle: the rule in each chain */
void skbtrail_record_nft(struct skbtrail_lane *lane, const struct skbtrail_visit *v,
			 const struct skbtrail_rec_verdict *head, const u64 *handle);

/** skbtrail_record_hook() - one of any other hook; @chain: the first one of x_tables, or NULL */
void skbtrail_record_hook(struct skbtrail_lane *lane, const struct skbtrail_visit *v,
			  const struct skbtrail_rec_verdict *head, const char *chain);

#endif /* SKBTRAIL_VISIT_H */
