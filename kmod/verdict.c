// SPDX-License-Identifier: GPL-2.0
/*
 * Which rule dropped it, or changed it? Nothing is switched on for that and nothing is
 * evaluated again: functions that netfilter calls on the way to a verdict are
 * watched, and of followed packets what they were called with is noted. When
 * the packet is freed, the kernel is still where it decided that, so what was
 * noted can be read: chain, rule, and whether it was a rule at all.
 *
 * What a packet has become is looked at whenever it enters the next hook: what is
 * different then was changed by the one before.
 *
 * What does not fit together is told as unknown.
 */
#include "verdict.h"

#include <linux/hash.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <net/netfilter/nf_nat.h>
#include <net/netfilter/nf_tables.h>
#include <net/netfilter/nf_tables_core.h>

#include "attach.h"
#include "clock.h"
#include "code.h"
#include "compat.h"
#include "encode.h"
#include "lives.h"
#include "session.h"
#include "stages.h"
#include "symbols.h"
#include "track.h"

#define VISIT_BITS	8
/* chains a packet can be in at once: the base chain and those it was sent to */
#define STEPS		(NFT_JUMP_STACK_SIZE + 1)
/* for one drop so many rules are passed, interrupts off; in a longer chain it is told as unknown */
#define MAX_RULES	16384
/* the same of x_tables; how a packet came to a chain further in is not told */
#define XT_STEPS	8
/* hook functions entered last that are remembered: of hooks that call other hooks' functions */
#define ENTERED		4

/**
 * struct step - one chain of nf_tables a packet is in
 * @chain: the chain
 * @expr: the expression evaluated last in it, of those that can decide
 */
struct step {
	const struct nft_chain	*chain;
	const struct nft_expr	*expr;
};

/**
 * struct xt_step - one chain of x_tables a packet is in
 * @chain: its name
 * @rule: number of the rule matched last in it
 */
struct xt_step {
	char	chain[XT_FUNCTION_MAXNAMELEN];
	u32	rule;
};

/**
 * struct entered - a hook function that was entered
 * @fn: the function
 * @priv: its argument
 */
struct entered {
	const void	*fn;
	const void	*priv;
};

/**
 * struct actor - the hook a packet is in; a base chain of nf_tables is one, too
 * @fn: its function, NULL: in none yet
 * @priv: its argument
 * @nr: hook functions entered before it
 * @tracks: it gives packets their connections
 * @why: it drops for this: enum skbtrail_verdict_why
 * @nat: what NAT did in it: enum skbtrail_verdict_nat
 * @undone: that was to translate back
 */
struct actor {
	const void	*fn;
	const void	*priv;
	u32		nr;
	bool		tracks;
	u8		why;
	u8		nat;
	bool		undone;
};

/**
 * struct visit - what a followed packet goes through inside netfilter
 * @lock: inside the lock of the packet's set
 * @trail: the packet's; another one that needs the place takes it
 * @netns: cookie of the network namespace
 * @inum: its inode number
 * @epoch: hits of our functions the kernel had skipped when it began
 * @hooks: of the point, NULL: not in one that is run by nf_hook_slow()
 * @state: what its hooks are called with; compared only
 * @p: where the point is watched
 * @actor: the hook it is in
 * @hooks_gen: of the hook functions that were watched then
 * @hook_epoch: hits skipped then
 * @nr: hook functions entered so far
 * @entered: the last ones of them, by their number
 * @xt: table of x_tables whose rules were run last, NULL: none
 * @xt_nr: @nr when that began
 * @xt_depth: chains in @xt_step, 0: no rule matched
 * @xt_deep: it is in more
 * @xt_policy: what matched last is the policy
 * @xt_step: chains it is in, the first one is the point's
 * @regs: registers of nf_tables, on the stack of who evaluates; NULL before the first expression
 * @pf: family of the hook
 * @hook: its number
 * @op: of the point that saw the last expression
 * @depth: of @step; 0: not in nf_tables
 * @closed: our own hook ends the point
 * @lost: what was noted does not fit together
 * @placed: the last expression is that of the last step
 * @step: chains it is in, the base chain first
 *
 * Pointers are followed only while the packet is where they were noted: within
 * the kernel's own RCU section around nf_hook_slow() or nft_do_chain().
 */
struct visit {
	arch_spinlock_t		lock;
	u64			trail;
	u64			netns;
	u32			inum;
	u32			epoch;
	const struct nf_hook_entries *hooks;
	const struct nf_hook_state *state;
	const struct skbtrail_point *p;
	struct actor		actor;
	u32			hooks_gen;
	u32			hook_epoch;
	u32			nr;
	struct entered		entered[ENTERED];
	const struct xt_table	*xt;
	u32			xt_nr;
	u8			xt_depth;
	bool			xt_deep;
	bool			xt_policy;
	struct xt_step		xt_step[XT_STEPS];
	const struct nft_regs	*regs;
	u8			pf;
	u8			hook;
	u8			op;
	u8			depth;
	bool			closed;
	bool			lost;
	bool			placed;
	struct step		step[STEPS];
};

static struct visit visits[1 << VISIT_BITS];

/**
 * struct tracking - a packet that conntrack has in its hands
 * @task: for whom, in process context
 * @trail: its trail
 */
struct tracking {
	const struct task_struct	*task;
	u64				trail;
};

/* in process context, in softirq */
static DEFINE_PER_CPU(struct tracking[2], tracking);

DEFINE_PER_CPU(const struct sk_buff *, skbtrail_verdict_last);

static struct visit *visit_of(u64 trail)
{
	return &visits[hash_64(trail, VISIT_BITS)];
}

void skbtrail_verdict_forget(void)
{
	memset(visits, 0, sizeof(visits));
}

/* the life of a packet that is followed, its set locked; NULL: it is not, nothing is locked */
static struct skbtrail_life *life_lock(struct skbtrail_set *set, const struct sk_buff *skb)
{
	struct skbtrail_life *life;

	/* who runs hooks is alone with the packet */
	if (!skbtrail_track_find(set, skb))
		return NULL;
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life && life->sessions | life->heirs)
		return life;
	skbtrail_track_unlock(set);
	return NULL;
}

/* the visit of a life, locked; NULL: there is none, and with @begin another has its place */
static struct visit *visit_lock(const struct skbtrail_life *life, bool begin)
{
	struct visit *v = visit_of(life->trail);

	if (skbtrail_track_doubtful(life))
		return NULL;
	arch_spin_lock(&v->lock);
	if (begin && v->trail != life->trail) {
		v->trail = life->trail;
		v->hooks = NULL;
		v->depth = 0;
	}
	if (v->trail == life->trail)
		return v;
	arch_spin_unlock(&v->lock);
	return NULL;
}

static void visit_unlock(struct visit *v)
{
	arch_spin_unlock(&v->lock);
}

/* with kprobes a call may have gone unseen */
static bool sure(const struct visit *v)
{
	return !v->lost && v->epoch == skbtrail_attach_why_missed();
}

/*
 * x_tables calls nothing when a rule decides, but traces when it is asked to.
 * That is the one write to a watched packet. It is done only where it is sure to
 * be taken back before others can see it: at the next hook, when the packet is
 * parked, and by our own hook, which ends the point. A copy that is made
 * meanwhile has the bit and the flag too. Somebody else's trace stays what it is.
 */
static void begin_trace(struct skbtrail_life *life, struct sk_buff *skb)
{
	/* of a session that has ended nobody waits any more until it is taken back */
	if (!READ_ONCE(skbtrail_attach_xt) || !(life->sessions & READ_ONCE(skbtrail_active)) ||
	    skbtrail_nf_trace(skb) || skb_shared(skb))
		return;
	skbtrail_set_nf_trace(skb, true);
	life->flags |= SKBTRAIL_LIFE_TRACED;
}

static void end_trace(struct skbtrail_life *life, struct sk_buff *skb)
{
	if (likely(!(life->flags & SKBTRAIL_LIFE_TRACED)))
		return;
	skbtrail_set_nf_trace(skb, false);
	life->flags &= ~SKBTRAIL_LIFE_TRACED;
}

/* a rule with the target TRACE: what was ours is somebody else's now */
static void give_up_trace(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = life_lock(set, skb);

	if (!life)
		return;
	life->flags &= ~SKBTRAIL_LIFE_TRACED;
	skbtrail_track_unlock(set);
}

static void note_where(struct visit *v, const struct nf_hook_state *state)
{
	v->netns = state->net->net_cookie;
	v->inum = state->net->ns.inum;
	v->pf = state->pf;
	v->hook = state->hook;
}

static void act(struct visit *v, struct skbtrail_life *life, struct sk_buff *skb,
		const struct nf_hook_state *state, const void *fn, const void *priv);

/* nf_tables: a packet enters a base chain, which may be a hook, or called by one */
static void enter_chain(const struct nft_pktinfo *pkt, const struct nft_chain *chain)
{
	struct skbtrail_set *set = skbtrail_track_set(pkt->skb);
	struct skbtrail_life *life = life_lock(set, pkt->skb);
	struct visit *v;

	if (!life)
		return;
	end_trace(life, pkt->skb);
	v = visit_lock(life, true);
	if (v) {
		act(v, life, pkt->skb, pkt->state, nft_base_chain(chain)->ops.hook,
		    nft_base_chain(chain)->ops.priv);
		note_where(v, pkt->state);
		v->epoch = skbtrail_attach_why_missed();
		v->regs = NULL;
		v->lost = false;
		v->placed = false;
		v->depth = 1;
		v->step[0].chain = chain;
		v->step[0].expr = NULL;
		visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

static const struct nft_rule_blob *blob_of(const struct nft_chain *chain, unsigned int gen)
{
	return gen ? rcu_dereference_raw(chain->blob_gen_1) :
		     rcu_dereference_raw(chain->blob_gen_0);
}

static bool in_blob(const struct nft_rule_blob *blob, const struct nft_expr *expr)
{
	const u8 *at = (const u8 *)expr;

	return blob && at >= blob->data && at < blob->data + blob->size;
}

/* the rules of a chain lie together, in each of its two generations */
static const struct nft_rule_blob *blob_with(const struct nft_chain *chain,
					     const struct nft_expr *expr)
{
	unsigned int gen;

	for (gen = 0; gen < 2; gen++)
		if (in_blob(blob_of(chain, gen), expr))
			return blob_of(chain, gen);
	return NULL;
}

/*
 * The same of what may be no chain: nobody need have written to the registers
 * yet. What has rules that are being evaluated and is in the same table is one.
 */
static bool chain_with(const struct nft_chain *maybe, const struct nft_table *table,
		       const struct nft_expr *expr)
{
	const u8 *at = (const u8 *)expr;
	const struct nft_rule_blob *blob[2];
	const struct nft_table *its;
	unsigned long size;
	unsigned int gen;

	if (copy_from_kernel_nofault(&its, &maybe->table, sizeof(its)) || its != table ||
	    copy_from_kernel_nofault(&blob[0], &maybe->blob_gen_0, sizeof(blob[0])) ||
	    copy_from_kernel_nofault(&blob[1], &maybe->blob_gen_1, sizeof(blob[1])))
		return false;
	for (gen = 0; gen < 2; gen++)
		if (at >= blob[gen]->data &&
		    !copy_from_kernel_nofault(&size, &blob[gen]->size, sizeof(size)) &&
		    at < blob[gen]->data + size)
			return true;
	return false;
}

/*
 * An expression is in a chain the packet is in already, perhaps after a return,
 * or in the one the verdict before has sent it to. (Chains have no loops.) It
 * can also be in an element of a set: then it is in none.
 */
static bool find_step(struct visit *v, const struct nft_expr *expr)
{
	const struct nft_chain *target;
	u8 i;

	for (i = v->depth; i--;) {
		if (!blob_with(v->step[i].chain, expr))
			continue;
		v->depth = i + 1;
		return true;
	}
	/* before the first expression nobody has set the target */
	if (!v->regs || v->depth == STEPS)
		return false;
	target = v->regs->verdict.chain;
	if (!chain_with(target, v->step[0].chain->table, expr))
		return false;
	v->step[v->depth++].chain = target;
	return true;
}

static void note_expr(struct visit *v, const struct skbtrail_point *p,
		      const struct nft_expr *expr, const struct nft_regs *regs)
{
	if (!v->depth || (v->regs && v->regs != regs) || !sure(v)) {
		v->lost = true;
		return;
	}
	v->placed = find_step(v, expr);
	v->regs = regs;
	v->op = p->op;
	if (v->placed)
		v->step[v->depth - 1].expr = expr;
}

static void evaluate(const struct skbtrail_point *p, const struct nft_expr *expr,
		     const struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	struct skbtrail_set *set = skbtrail_track_set(pkt->skb);
	struct skbtrail_life *life = life_lock(set, pkt->skb);
	struct visit *v;

	if (!life)
		return;
	v = visit_lock(life, false);
	if (v) {
		note_expr(v, p, expr, regs);
		visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

/* most immediate values are verdicts; others are for registers */
static bool is_verdict(const struct nft_expr *expr)
{
	const struct nft_immediate_expr *imm = nft_expr_priv(expr);

	return imm->dreg == NFT_REG_VERDICT;
}

/*
 * Each rule that matches is told, those that send the packet to another chain as well.
 * So a chain it is in already is one it has returned to. (Chains have no loops.)
 */
static struct xt_step *xt_step_of(struct visit *v, const char *chain)
{
	u8 i;

	for (i = 0; i < v->xt_depth; i++)
		if (!strcmp(v->xt_step[i].chain, chain))
			break;
	if (i == XT_STEPS) {
		v->xt_deep = true;
		return &v->xt_step[i - 1];
	}
	v->xt_depth = i + 1;
	return &v->xt_step[i];
}

static void note_rule(struct visit *v, const struct pt_regs *regs)
{
	char chain[XT_FUNCTION_MAXNAMELEN];
	struct xt_step *step;
	const char *comment;

	/* an address, which is only compared */
	if (!v->xt || (const char *)skbtrail_stack_arg(regs, 9) != v->xt->name)
		return;
	strscpy(chain, (const char *)skbtrail_stack_arg(regs, 10), sizeof(chain));
	step = xt_step_of(v, chain);
	memcpy(step->chain, chain, sizeof(chain));
	step->rule = skbtrail_stack_arg(regs, 12);
	comment = (const char *)skbtrail_stack_arg(regs, 11);
	v->xt_policy = !strcmp(comment, "policy");
	/* at the end of a chain it goes on behind the rule that sent it there */
	if (!strcmp(comment, "return") && v->xt_depth > 1)
		v->xt_depth--;
}

/* nf_log_trace(net, pf, hook, skb, in, out, loginfo, format, table, chain, comment, rule) */
static void matched(const struct pt_regs *regs)
{
	const struct sk_buff *skb = (const struct sk_buff *)skbtrail_arg(regs, 4);
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = life_lock(set, skb);
	struct visit *v;

	if (!life)
		return;
	v = visit_lock(life, false);
	if (v) {
		note_rule(v, regs);
		visit_unlock(v);
	}
	/* no logger is that of no family: what we asked for goes into no log */
	if (life->flags & SKBTRAIL_LIFE_TRACED)
		skbtrail_set_arg2(regs, NFPROTO_UNSPEC);
	skbtrail_track_unlock(set);
}

static void note_entry(struct visit *v, const void *fn, const void *priv, bool tables)
{
	v->entered[v->nr % ENTERED].fn = fn;
	v->entered[v->nr % ENTERED].priv = priv;
	if (tables) {
		v->xt = priv;
		v->xt_nr = v->nr;
		v->xt_depth = 0;
		v->xt_deep = false;
	}
	v->nr++;
}

static struct tracking *tracking_here(void)
{
	return this_cpu_ptr(&tracking[in_serving_softirq()]);
}

static void begin_tracking(struct visit *v)
{
	v->actor.tracks = true;
	*tracking_here() = (struct tracking){ current, v->trail };
}

/*
 * conntrack has no room, and says so of no packet. Who is meant is in its hook
 * here: a softirq has a place of its own, and in process context, where others may
 * have come between, it must be the same task.
 */
static void table_full(void)
{
	const struct tracking *t = tracking_here();
	struct visit *v = visit_of(t->trail);

	if (in_hardirq() || (!in_serving_softirq() && t->task != current))
		return;
	arch_spin_lock(&v->lock);
	if (v->trail == t->trail && v->actor.tracks)
		v->actor.why = SKBTRAIL_VERDICT_WHY_TABLE_FULL;
	arch_spin_unlock(&v->lock);
}

/* nf_nat_manip_pkt(skb, ct, type, direction) */
static void translate(struct actor *a, unsigned long type, unsigned long dir)
{
	a->undone = dir == IP_CT_DIR_REPLY;
	/* how its connection was set up says more */
	if (a->nat)
		return;
	a->nat = (type == NF_NAT_MANIP_SRC) != a->undone ? SKBTRAIL_VERDICT_NAT_SNAT :
							   SKBTRAIL_VERDICT_NAT_DNAT;
}

static void note_doing(struct actor *a, u8 op, const struct pt_regs *regs)
{
	switch (op) {
	case SKBTRAIL_OP_CT_CLASH:
		a->why = SKBTRAIL_VERDICT_WHY_CLASH;
		break;
	case SKBTRAIL_OP_NAT:
		translate(a, skbtrail_arg(regs, 3), skbtrail_arg(regs, 4));
		break;
	case SKBTRAIL_OP_MASQUERADE:
		a->nat = SKBTRAIL_VERDICT_NAT_MASQUERADE;
		break;
	case SKBTRAIL_OP_REDIRECT:
		a->nat = SKBTRAIL_VERDICT_NAT_REDIRECT;
		break;
	}
}

/* what the hook a packet is in does with it; the first argument is the packet */
static void doing(u8 op, const struct pt_regs *regs)
{
	const struct sk_buff *skb = (const struct sk_buff *)skbtrail_arg(regs, 1);
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = life_lock(set, skb);
	struct visit *v;

	if (!life)
		return;
	v = visit_lock(life, false);
	if (v) {
		note_doing(&v->actor, op, regs);
		visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

/*
 * A packet that is not seen to enter the next hook was dropped by this one. Some
 * hooks call what elsewhere is a hook itself, as that of the table mangle does.
 */
static void enter_hook(const struct skbtrail_point *p, const void *priv, struct sk_buff *skb,
		       const struct nf_hook_state *state)
{
	enum skbtrail_hook_kind kind = skbtrail_attach_hook_kind(p);
	bool tables = kind == SKBTRAIL_HOOK_TABLES;
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = life_lock(set, skb);
	struct visit *v;

	if (!life)
		return;
	end_trace(life, skb);
	v = visit_lock(life, false);
	if (v) {
		if (v->hooks && v->state == state) {
			act(v, life, skb, state, skbtrail_attach_hook_fn(p), priv);
			note_entry(v, skbtrail_attach_hook_fn(p), priv, tables);
			if (kind == SKBTRAIL_HOOK_CONNTRACK)
				begin_tracking(v);
			/* those of ARP have no trace */
			if (tables && v->closed && state->pf != NFPROTO_ARP)
				begin_trace(life, skb);
		}
		visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

void skbtrail_verdict_point(const struct skbtrail_point *p, struct sk_buff *skb,
			    const struct nf_hook_state *state,
			    const struct nf_hook_entries *hooks)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = life_lock(set, skb);
	struct visit *v;

	if (!life)
		return;
	end_trace(life, skb);
	v = visit_lock(life, true);
	if (v) {
		this_cpu_write(skbtrail_verdict_last, skb);
		note_where(v, state);
		v->hooks = hooks;
		v->state = state;
		v->p = p;
		v->actor = (struct actor){ NULL };
		v->closed = skbtrail_nf_ours_ends(hooks);
		v->hooks_gen = skbtrail_attach_hooks_gen();
		v->hook_epoch = skbtrail_attach_why_missed();
		v->nr = 0;
		v->xt = NULL;
		v->depth = 0;
		visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

/* the rule around the last expression of a step; @budget: rules that may be passed */
static const struct nft_rule_dp *rule_with(const struct step *step, unsigned int *budget)
{
	const struct nft_rule_blob *blob = step->expr ? blob_with(step->chain, step->expr) : NULL;
	const u8 *at = (const u8 *)step->expr;
	const struct nft_rule_dp *rule;

	if (!blob)
		return NULL;
	rule = (const struct nft_rule_dp *)blob->data;
	for (; *budget && at >= rule->data && !rule->is_last; --*budget) {
		if (at < rule->data + rule->dlen)
			return rule;
		rule = (const void *)(rule->data + rule->dlen);
	}
	return NULL;
}

/* a set that is only asked decides nothing: what does so comes behind it */
static bool ends_rule(const struct nft_rule_dp *rule, const struct nft_expr *expr)
{
	return (const u8 *)expr + expr->ops->size == rule->data + rule->dlen;
}

static bool drops(u32 code)
{
	/* codes of nf_tables itself are small and negative */
	return (int)code >= 0 && (code & NF_VERDICT_MASK) == NF_DROP;
}

/* whether the last expression seen is what set the verdict the packet is dropped for */
static bool decided(const struct visit *v, const struct nft_rule_dp *rule)
{
	const struct nft_expr *expr = v->step[v->depth - 1].expr;
	const struct nft_immediate_expr *imm;

	if (!v->placed)
		return false;
	switch (v->op) {
	case SKBTRAIL_OP_NFT_IMMEDIATE:
		imm = nft_expr_priv(expr);
		return drops(imm->data.verdict.code);
	case SKBTRAIL_OP_NFT_LOOKUP:
		return ends_rule(rule, expr);
	default:
		return true;
	}
}

/* an expression behind which nothing is evaluated, if it does what a rule is asked about for */
static bool did_nat(const struct visit *v)
{
	const struct nft_expr *expr = v->step[v->depth - 1].expr;
	const struct xt_target *target;

	if (v->op != SKBTRAIL_OP_NFT_TARGET)
		return v->op == SKBTRAIL_OP_NFT_NAT;
	target = v->placed ? expr->ops->data : NULL;
	return target && target->table && !strcmp(target->table, "nat");
}

/* the rules on the way to the one with the last expression; all of them must be known */
static bool find_rules(const struct visit *v, u64 *handle, bool dropped)
{
	const struct nft_rule_dp *rule = NULL;
	unsigned int budget = MAX_RULES;
	u8 i;

	for (i = 0; i < v->depth; i++) {
		rule = rule_with(&v->step[i], &budget);
		if (!rule)
			return false;
		handle[i] = rule->handle;
	}
	return rule && (dropped ? decided(v, rule) : v->placed);
}

static u8 nft_cause(const struct visit *v, u64 *handle)
{
	const struct nft_chain *base = v->step[0].chain;
	u32 code = v->regs ? v->regs->verdict.code : NFT_CONTINUE;

	if (drops(code))
		return find_rules(v, handle, true) ? SKBTRAIL_VERDICT_CAUSE_RULE :
					       SKBTRAIL_VERDICT_CAUSE_UNKNOWN;
	if ((code == NFT_CONTINUE || code == NFT_RETURN) &&
	    nft_base_chain(base)->policy == NF_DROP)
		return SKBTRAIL_VERDICT_CAUSE_POLICY;
	return SKBTRAIL_VERDICT_CAUSE_UNKNOWN;
}

/* names of nf_tables can be the longest */
static u32 text_len(const char *text)
{
	return min_t(size_t, strlen(text), NFT_NAME_MAXLEN - 1);
}

static u32 text_size(const char *text)
{
	return ALIGN(text_len(text) + 1, 8);
}

/* returns where the next may go */
static void *put_text(void *to, const char *text)
{
	u32 size = text_size(text);

	memset((u8 *)to + size - 8, 0, 8);
	memcpy(to, text, text_len(text));
	return (u8 *)to + size;
}

static void *put_step(void *to, const char *chain, u64 rule)
{
	*(u64 *)to = rule;
	return put_text((u8 *)to + sizeof(u64), chain);
}

static void write_nft(struct skbtrail_session *se, const struct visit *v,
		      const struct skbtrail_rec_verdict *head, const u64 *handle)
{
	const struct nft_table *table = v->step[0].chain->table;
	struct skbtrail_rec_verdict *rec;
	u32 size = sizeof(*rec) + text_size(table->name);
	void *at;
	u8 i;

	for (i = 0; i < head->steps; i++)
		size += sizeof(u64) + text_size(v->step[i].chain->name);
	rec = skbtrail_stream_reserve(&se->stream, size, head->ns);
	if (!rec)
		return;
	if (head->cause == SKBTRAIL_VERDICT_CAUSE_RULE)
		skbtrail_stream_flag(&se->stream, SKBTRAIL_BATCH_VERDICT);
	*rec = *head;
	rec->size = size;
	at = put_text(rec + 1, table->name);
	for (i = 0; i < head->steps; i++)
		at = put_step(at, v->step[i].chain->name, handle[i]);
}

static void tell_nft(const struct visit *v, const struct skbtrail_life *life, u64 ns)
{
	const struct nft_chain *base = v->step[0].chain;
	unsigned long bits = life->sessions;
	u64 handle[STEPS] = { 0 };
	struct skbtrail_session *se;
	struct skbtrail_rec_verdict head = {
		.kind = SKBTRAIL_REC_KIND_VERDICT,
		.engine = SKBTRAIL_VERDICT_ENGINE_NFTABLES,
		.cause = sure(v) ? nft_cause(v, handle) : SKBTRAIL_VERDICT_CAUSE_UNKNOWN,
		.family = base->table->family,
		.hook = v->hook,
		.trail = life->trail,
		.ns = ns,
		.table = base->table->handle,
		.netns = v->netns,
		.symbol = skbtrail_symbol(nft_base_chain(base)->ops.hook),
		.priority = nft_base_chain(base)->ops.priority,
		.inum = v->inum,
	};

	head.steps = head.cause == SKBTRAIL_VERDICT_CAUSE_RULE ? v->depth : 1;
	if (head.cause != SKBTRAIL_VERDICT_CAUSE_RULE)
		handle[0] = 0;
	for (; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		if (se)
			write_nft(se, v, &head, handle);
	}
}

/* where in its point a hook is: -1 nowhere, -2 more than once */
static int place_of(const struct nf_hook_entries *e, const void *fn, const void *priv)
{
	unsigned int i;
	int found = -1;

	for (i = 0; i < e->num_hook_entries; i++) {
		if (e->hooks[i].hook != fn || e->hooks[i].priv != priv)
			continue;
		if (found >= 0)
			return -2;
		found = i;
	}
	return found;
}

/*
 * The place of the hook entered last, @nr the number of that entry; -1 none was,
 * -2 it cannot be told. What is no hook here was called by the one before.
 */
static int entered_last(const struct visit *v, u32 *nr)
{
	const struct entered *e;
	int place;
	u32 i;

	for (i = 1; i <= min_t(u32, v->nr, ENTERED); i++) {
		*nr = v->nr - i;
		e = &v->entered[*nr % ENTERED];
		place = place_of(v->hooks, e->fn, e->priv);
		if (place != -1)
			return place;
	}
	return v->nr > ENTERED ? -2 : -1;
}

/*
 * Hooks are run in their order: it was the one entered last, or one behind it
 * whose calls are not seen, up to the next whose calls are. -1: not known.
 */
static int dropped_by(const struct visit *v, int last)
{
	int i;

	if (last == -2)
		return -1;
	for (i = last + 1; i < v->hooks->num_hook_entries; i++) {
		if (skbtrail_nf_never_drops(v->hooks, i))
			continue;
		if (skbtrail_attach_hook_watched(v->hooks->hooks[i].hook))
			break;
		/* any of two can have done it */
		if (last >= 0)
			return -1;
		last = i;
	}
	/* one that came to be watched meanwhile may have been entered before */
	return v->hooks_gen == skbtrail_attach_hooks_gen() ? last : -1;
}

static void write_hook(struct skbtrail_session *se, const struct visit *v,
		       const struct skbtrail_rec_verdict *head, const char *chain)
{
	u8 i, rules = head->cause == SKBTRAIL_VERDICT_CAUSE_RULE ? head->steps : 0;
	const struct xt_step *step = &v->xt_step[v->xt_depth - rules];
	struct skbtrail_rec_verdict *rec;
	u32 size = sizeof(*rec);
	void *at;

	if (chain)
		size += text_size(v->xt->name);
	if (chain && !rules)
		size += sizeof(u64) + text_size(chain);
	for (i = 0; i < rules; i++)
		size += sizeof(u64) + text_size(step[i].chain);
	rec = skbtrail_stream_reserve(&se->stream, size, head->ns);
	if (!rec)
		return;
	if (head->cause == SKBTRAIL_VERDICT_CAUSE_RULE)
		skbtrail_stream_flag(&se->stream, SKBTRAIL_BATCH_VERDICT);
	*rec = *head;
	rec->size = size;
	if (!chain)
		return;
	at = put_text(rec + 1, v->xt->name);
	for (i = 0; i < rules; i++)
		at = put_step(at, step[i].chain, step[i].rule);
	if (!rules)
		put_step(at, chain, 0);
}

/* chains a packet enters first; those of ARP have names of their own */
static const char *first_chain(const struct visit *v)
{
	static const char *const inet[] = {
		[NF_INET_PRE_ROUTING] = "PREROUTING", [NF_INET_LOCAL_IN] = "INPUT",
		[NF_INET_FORWARD] = "FORWARD", [NF_INET_LOCAL_OUT] = "OUTPUT",
		[NF_INET_POST_ROUTING] = "POSTROUTING",
	};
	static const char *const arp[] = { "INPUT", "OUTPUT", "FORWARD" };

	if (v->pf == NFPROTO_ARP)
		return v->hook < ARRAY_SIZE(arp) ? arp[v->hook] : "";
	return v->hook < ARRAY_SIZE(inet) ? inet[v->hook] : "";
}

static u8 xt_cause(const struct visit *v)
{
	if (!v->xt_depth)
		return SKBTRAIL_VERDICT_CAUSE_UNKNOWN;
	return v->xt_policy ? SKBTRAIL_VERDICT_CAUSE_POLICY : SKBTRAIL_VERDICT_CAUSE_RULE;
}

/* chains to tell; of a policy it is the point's */
static u8 xt_steps(const struct visit *v, u8 cause)
{
	return cause == SKBTRAIL_VERDICT_CAUSE_RULE && !v->xt_deep ? v->xt_depth : 1;
}

/* fills in which hook it was; whether that runs rules of x_tables, and nothing ran since */
static bool find_hook(const struct visit *v, struct skbtrail_rec_verdict *head)
{
	const struct nf_hook_ops *ops;
	int place, last;
	u32 nr;

	/* the point that was noted may not be the one we are in */
	if (v->hook_epoch != skbtrail_attach_why_missed())
		return false;
	last = entered_last(v, &nr);
	place = dropped_by(v, last);
	if (place < 0)
		return false;
	ops = nf_hook_entries_get_hook_ops(v->hooks)[place];
	head->symbol = skbtrail_symbol(v->hooks->hooks[place].hook);
	head->priority = ops->priority;
	if (v->hooks->hooks[place].hook == v->actor.fn)
		head->detail = v->actor.why;
	return place == last && v->xt && v->xt_nr >= nr;
}

static void tell_hook(const struct visit *v, const struct skbtrail_life *life, u64 ns)
{
	unsigned long bits = life->sessions;
	const char *chain = NULL;
	struct skbtrail_session *se;
	struct skbtrail_rec_verdict head = {
		.kind = SKBTRAIL_REC_KIND_VERDICT,
		.engine = SKBTRAIL_VERDICT_ENGINE_FUNCTION,
		.cause = SKBTRAIL_VERDICT_CAUSE_UNKNOWN,
		.family = v->pf,
		.hook = v->hook,
		.trail = life->trail,
		.ns = ns,
		.netns = v->netns,
		.inum = v->inum,
	};

	if (find_hook(v, &head)) {
		head.engine = SKBTRAIL_VERDICT_ENGINE_XTABLES;
		head.cause = xt_cause(v);
		head.steps = xt_steps(v, head.cause);
		chain = first_chain(v);
	}
	for (; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		if (se)
			write_hook(se, v, &head, chain);
	}
}

void skbtrail_verdict_tell(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   const void *location)
{
	bool by_nft = skbtrail_code_in((unsigned long)location, SKBTRAIL_IN_NFT);
	struct visit *v;

	if (!by_nft && !skbtrail_code_in((unsigned long)location, SKBTRAIL_IN_HOOKS))
		return;
	v = visit_lock(life, false);
	if (!v)
		return;
	if (by_nft && v->depth && v->epoch == skbtrail_attach_why_missed())
		tell_nft(v, life, s->ns);
	if (!by_nft && v->hooks)
		tell_hook(v, life, s->ns);
	visit_unlock(v);
}

/* what was done by the hook a packet is in, as far as that is known before its rule */
static void begin_deed(const struct visit *v, const struct skbtrail_life *life,
		       struct skbtrail_rec_verdict *head)
{
	const struct nf_hook_ops *ops;
	int place = place_of(v->hooks, v->actor.fn, v->actor.priv);

	head->kind = SKBTRAIL_REC_KIND_VERDICT;
	head->engine = SKBTRAIL_VERDICT_ENGINE_FUNCTION;
	head->cause = SKBTRAIL_VERDICT_CAUSE_UNKNOWN;
	head->family = v->pf;
	head->hook = v->hook;
	head->trail = life->trail;
	head->netns = v->netns;
	head->inum = v->inum;
	head->symbol = skbtrail_symbol(v->actor.fn);
	if (place < 0)
		return;
	ops = nf_hook_entries_get_hook_ops(v->hooks)[place];
	head->priority = ops->priority;
}

/*
 * The rule behind a deed is told where one that can do it was evaluated last: for
 * NAT, and for what is queued. That other rules change a packet is not seen, so there
 * it is the base chain.
 */
static void tell_deed(const struct visit *v, const struct skbtrail_life *life,
		      struct skbtrail_rec_verdict *head)
{
	bool queued = head->action == SKBTRAIL_VERDICT_ACTION_QUEUE;
	unsigned long bits = life->sessions;
	const char *chain = NULL;
	struct skbtrail_session *se;
	u64 handle[STEPS] = { 0 };

	if (v->depth && sure(v)) {
		head->engine = SKBTRAIL_VERDICT_ENGINE_NFTABLES;
		head->family = v->step[0].chain->table->family;
		head->table = v->step[0].chain->table->handle;
		if ((queued || (head->nat && did_nat(v))) && find_rules(v, handle, false))
			head->cause = SKBTRAIL_VERDICT_CAUSE_RULE;
		else
			handle[0] = 0;
		head->steps = head->cause == SKBTRAIL_VERDICT_CAUSE_RULE ? v->depth : 1;
	} else if (v->xt && v->xt_nr >= v->actor.nr &&
		   v->hook_epoch == skbtrail_attach_why_missed()) {
		head->engine = SKBTRAIL_VERDICT_ENGINE_XTABLES;
		if ((queued || head->nat) && !v->xt_policy)
			head->cause = xt_cause(v);
		head->steps = xt_steps(v, head->cause);
		chain = first_chain(v);
	}
	for (; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		if (se && head->engine == SKBTRAIL_VERDICT_ENGINE_NFTABLES)
			write_nft(se, v, head, handle);
		else if (se)
			write_hook(se, v, head, chain);
	}
}

/* what is different now was changed by the hook it was in */
static void tell_changes(struct visit *v, struct skbtrail_life *life, struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	struct skbtrail_rec_verdict head = { .action = SKBTRAIL_VERDICT_ACTION_CHANGE };
	struct skbtrail_sighting s;

	if (!v->actor.fn || !v->p || v->hook_epoch != skbtrail_attach_why_missed())
		return;
	skbtrail_sighting_of(&s, v->p, skb, NULL, state, true, 0);
	s.tracked = v->actor.tracks;
	if (!skbtrail_encode_find(life, &s))
		return;
	s.ns = skbtrail_clock();
	begin_deed(v, life, &head);
	head.ns = s.ns;
	head.nat = v->actor.nat;
	head.detail = v->actor.undone;
	tell_deed(v, life, &head);
	skbtrail_encode_inside(life, &s);
}

/* hooks behind the actor whose calls are not seen can have done what it is taken to have */
static bool certain(const struct visit *v, int end)
{
	int i = place_of(v->hooks, v->actor.fn, v->actor.priv);

	if (i < 0 || v->hooks_gen != skbtrail_attach_hooks_gen())
		return false;
	for (i++; i < end; i++)
		if (!skbtrail_nf_never_drops(v->hooks, i) &&
		    !skbtrail_attach_hook_watched(v->hooks->hooks[i].hook))
			return false;
	return true;
}

/* a hook is entered: with the one before it is through */
static void act(struct visit *v, struct skbtrail_life *life, struct sk_buff *skb,
		const struct nf_hook_state *state, const void *fn, const void *priv)
{
	int place;

	if (!v->hooks || v->state != state)
		return;
	place = place_of(v->hooks, fn, priv);
	/* what is no hook here is called by the one it is in */
	if (place < 0)
		return;
	if (certain(v, place))
		tell_changes(v, life, skb, state);
	v->actor = (struct actor){ .fn = fn, .priv = priv, .nr = v->nr };
	v->depth = 0;
}

/* of the point a packet is in, in the hands of its caller */
static struct visit *visit_at(struct skbtrail_life *life, const struct nf_hook_state *state)
{
	struct visit *v = visit_lock(life, false);

	if (!v || (v->hooks && v->state == state))
		return v;
	visit_unlock(v);
	return NULL;
}

void skbtrail_verdict_left(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = life_lock(set, skb);
	struct visit *v;

	this_cpu_write(skbtrail_verdict_last, NULL);
	if (!life)
		return;
	end_trace(life, skb);
	v = visit_at(life, state);
	if (v) {
		if (certain(v, v->hooks->num_hook_entries))
			tell_changes(v, life, skb, state);
		v->actor.fn = NULL;
		visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

/* nf_queue(skb, state, index of the hook, verdict) */
static void park(struct sk_buff *skb, const struct nf_hook_state *state, u32 index, u32 verdict)
{
	struct skbtrail_rec_verdict head = { .action = SKBTRAIL_VERDICT_ACTION_QUEUE };
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = life_lock(set, skb);
	struct visit *v;

	if (!life)
		return;
	end_trace(life, skb);
	v = visit_at(life, state);
	if (v && index < v->hooks->num_hook_entries &&
	    place_of(v->hooks, v->actor.fn, v->actor.priv) == index) {
		tell_changes(v, life, skb, state);
		begin_deed(v, life, &head);
		head.ns = skbtrail_clock();
		head.detail = verdict >> NF_VERDICT_QBITS;
		tell_deed(v, life, &head);
		v->actor.fn = NULL;
	}
	if (v)
		visit_unlock(v);
	skbtrail_track_unlock(set);
}

void skbtrail_verdict_hit(const struct skbtrail_point *p, const struct pt_regs *regs)
{
	const struct nft_expr *expr = (const struct nft_expr *)skbtrail_arg(regs, 1);

	switch (p->op) {
	case SKBTRAIL_OP_HOOK:
		enter_hook(p, (const void *)skbtrail_arg(regs, 1),
			   (struct sk_buff *)skbtrail_arg(regs, 2),
			   (const struct nf_hook_state *)skbtrail_arg(regs, 3));
		break;
	case SKBTRAIL_OP_XT_TRACE:
		matched(regs);
		break;
	case SKBTRAIL_OP_XT_OTHERS:
		give_up_trace((const struct sk_buff *)skbtrail_arg(regs, 1));
		break;
	case SKBTRAIL_OP_XT_PARK:
		park((struct sk_buff *)skbtrail_arg(regs, 1),
		     (const struct nf_hook_state *)skbtrail_arg(regs, 2),
		     skbtrail_arg(regs, 3), skbtrail_arg(regs, 4));
		break;
	case SKBTRAIL_OP_CT_FULL:
		table_full();
		break;
	case SKBTRAIL_OP_CT_CLASH:
	case SKBTRAIL_OP_NAT:
	case SKBTRAIL_OP_MASQUERADE:
	case SKBTRAIL_OP_REDIRECT:
		doing(p->op, regs);
		break;
	case SKBTRAIL_OP_HOOK_NEW:
		skbtrail_attach_hook_new((const struct nf_hook_ops *)skbtrail_arg(regs, 2));
		break;
	case SKBTRAIL_OP_NFT_CHAIN:
		enter_chain((const struct nft_pktinfo *)skbtrail_arg(regs, 1),
			    (const struct nft_chain *)skbtrail_arg(regs, 2));
		break;
	case SKBTRAIL_OP_NFT_IMMEDIATE:
		if (!is_verdict(expr))
			break;
		fallthrough;
	default:
		evaluate(p, expr, (const struct nft_regs *)skbtrail_arg(regs, 2),
			 (const struct nft_pktinfo *)skbtrail_arg(regs, 3));
		break;
	}
}
