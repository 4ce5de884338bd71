// SPDX-License-Identifier: GPL-2.0
/*
 * By which rules of nf_tables does a packet go? Expressions that can decide are
 * seen when they are evaluated; the rule around one, and its chain, are found
 * when somebody has to be told.
 */
#include "visit.h"

#include <linux/string.h>
#include <linux/uaccess.h>
#include <net/netfilter/nf_tables.h>
#include <net/netfilter/nf_tables_core.h>

#include "attach.h"
#include "clock.h"
#include "compat.h"
#include "session.h"
#include "stages.h"
#include "stream.h"
#include "symbols.h"
#include "track.h"

/* for one drop so many rules are passed, interrupts off; in a longer chain it is told as unknown */
#define MAX_RULES	16384

void skbtrail_nft_enter(const struct nft_pktinfo *pkt, const struct nft_chain *chain)
{
	struct skbtrail_set *set = skbtrail_track_set(pkt->skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, pkt->skb);
	struct skbtrail_visit *v;

	if (!life)
		return;
	skbtrail_trace_off(life, pkt->skb);
	v = skbtrail_visit_lock(life, true);
	if (v) {
		if (skbtrail_visit_here(v, life, pkt->state))
			skbtrail_deed_act(v, life, pkt->skb, pkt->state,
					  nft_base_chain(chain)->ops.hook,
					  nft_base_chain(chain)->ops.priv);
		skbtrail_where_of(&v->where, pkt->state);
		v->epoch = skbtrail_attach_why_missed();
		v->regs = NULL;
		v->lost = false;
		v->placed = false;
		v->taken = false;
		v->depth = 1;
		v->step[0] = (struct skbtrail_step){ .chain = chain };
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

static const struct nft_rule_blob *blob_of(const struct nft_chain *chain, unsigned int gen)
{
	return gen ? rcu_dereference_raw(chain->blob_gen_1) :
		     rcu_dereference_raw(chain->blob_gen_0);
}

static bool in_blob(const struct nft_rule_blob *blob, const void *at)
{
	return blob && (u8 *)at >= blob->data && (u8 *)at < blob->data + blob->size;
}

/* the rules of a chain lie together, in each of its two generations */
static const struct nft_rule_blob *blob_with(const struct nft_chain *chain, const void *at)
{
	unsigned int gen;

	for (gen = 0; gen < 2; gen++)
		if (in_blob(blob_of(chain, gen), at))
			return blob_of(chain, gen);
	return NULL;
}

/*
 * The same of what may be no chain: nobody need have written to the registers
 * yet. What has rules that are being evaluated and is in the same table is one.
 */
static bool chain_with(const struct nft_chain *maybe, const struct nft_table *table,
		       const u8 *at)
{
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
 * A rule, and what is in it, is in a chain the packet is in already, perhaps after a
 * return, or in the one the verdict before has sent it to. (Chains have no loops.)
 * An expression can also be in an element of a set: then it is in none.
 */
static bool find_step(struct skbtrail_visit *v, const void *at)
{
	const struct nft_chain *target;
	u8 i;

	for (i = v->depth; i--;) {
		if (!blob_with(v->step[i].chain, at))
			continue;
		v->depth = i + 1;
		return true;
	}
	/* before the first expression nobody has set the target */
	if (!v->regs || v->depth == SKBTRAIL_STEPS)
		return false;
	target = v->regs->verdict.chain;
	if (!chain_with(target, v->step[0].chain->table, at))
		return false;
	v->step[v->depth++] = (struct skbtrail_step){ .chain = target };
	return true;
}

static void note_expr(struct skbtrail_visit *v, const struct skbtrail_point *p,
		      const struct nft_expr *expr, const struct nft_regs *regs)
{
	if (!v->depth || (v->regs && v->regs != regs) || !skbtrail_visit_sure(v)) {
		v->lost = true;
		return;
	}
	v->placed = find_step(v, expr);
	v->regs = regs;
	v->op = p->op;
	if (v->placed)
		v->step[v->depth - 1].expr = expr;
}

/* most immediate values are verdicts; others are for registers */
static bool is_verdict(const struct nft_expr *expr)
{
	const struct nft_immediate_expr *imm = nft_expr_priv(expr);

	return imm->dreg == NFT_REG_VERDICT;
}

/* the rule around the last expression of a step; @budget: rules that may be passed */
static const struct nft_rule_dp *rule_with(const struct skbtrail_step *step, unsigned int *budget)
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

/* codes of nf_tables itself are small and negative; a large number of a queue is negative, too */
static bool is_code(u32 code, u32 verdict)
{
	return ((int)code >= 0 || (int)code < NFT_RETURN) && (code & NF_VERDICT_MASK) == verdict;
}

/* whether the last expression seen is what set that verdict */
static bool decided(const struct skbtrail_visit *v, const struct nft_rule_dp *rule, u32 verdict)
{
	const struct nft_expr *expr = v->step[v->depth - 1].expr;
	const struct nft_immediate_expr *imm;

	if (!v->placed)
		return false;
	switch (v->op) {
	case SKBTRAIL_OP_NFT_IMMEDIATE:
		imm = nft_expr_priv(expr);
		return is_code(imm->data.verdict.code, verdict);
	case SKBTRAIL_OP_NFT_LOOKUP:
		return ends_rule(rule, expr);
	case SKBTRAIL_OP_NFT_NAT:
		return verdict == NF_DROP;
	default:
		return true;
	}
}

/* an expression behind which nothing is evaluated, if it is one of NAT; it was placed */
static bool did_nat(const struct skbtrail_visit *v)
{
	const struct nft_expr *expr = v->step[v->depth - 1].expr;
	const struct xt_target *target;

	if (v->op != SKBTRAIL_OP_NFT_TARGET)
		return v->op == SKBTRAIL_OP_NFT_NAT;
	target = expr->ops->data;
	return target && target->table && !strcmp(target->table, "nat");
}

/* the one with the last expression, and the rules on the way there; NULL: not all are known */
static const struct nft_rule_dp *find_rules(const struct skbtrail_visit *v, u64 *handle)
{
	const struct nft_rule_dp *rule = NULL;
	unsigned int budget = MAX_RULES;
	u8 i;

	for (i = 0; i < v->depth; i++) {
		rule = rule_with(&v->step[i], &budget);
		if (!rule)
			return NULL;
		handle[i] = rule->handle;
	}
	return rule;
}

static u8 nft_cause(const struct skbtrail_visit *v, u64 *handle)
{
	const struct nft_chain *base = v->step[0].chain;
	u32 code = v->regs ? v->regs->verdict.code : NFT_CONTINUE;
	const struct nft_rule_dp *rule;

	if (is_code(code, NF_DROP)) {
		rule = find_rules(v, handle);
		return rule && decided(v, rule, NF_DROP) ? SKBTRAIL_VERDICT_CAUSE_RULE :
							   SKBTRAIL_VERDICT_CAUSE_UNKNOWN;
	}
	if ((code == NFT_CONTINUE || code == NFT_RETURN) &&
	    nft_base_chain(base)->policy == NF_DROP)
		return SKBTRAIL_VERDICT_CAUSE_POLICY;
	return SKBTRAIL_VERDICT_CAUSE_UNKNOWN;
}

/* of a record, as far as the base chain says it */
static struct skbtrail_rec_verdict nft_head(const struct skbtrail_visit *v,
					    const struct skbtrail_life *life, u64 ns)
{
	struct skbtrail_rec_verdict head = skbtrail_record_head(&v->where, life, ns);
	const struct nft_chain *base = v->step[0].chain;

	head.engine = SKBTRAIL_VERDICT_ENGINE_NFTABLES;
	head.family = base->table->family;
	head.table = base->table->handle;
	head.symbol = skbtrail_symbol(nft_base_chain(base)->ops.hook);
	head.priority = nft_base_chain(base)->ops.priority;
	return head;
}

void skbtrail_nft_tell(const struct skbtrail_visit *v, const struct skbtrail_life *life, u64 ns)
{
	struct skbtrail_rec_verdict head = nft_head(v, life, ns);
	unsigned long bits = life->sessions;
	u64 handle[SKBTRAIL_STEPS] = { 0 };
	struct skbtrail_lane *lane;

	if (skbtrail_visit_sure(v))
		head.cause = nft_cause(v, handle);
	head.steps = head.cause == SKBTRAIL_VERDICT_CAUSE_RULE ? v->depth : 1;
	if (head.cause != SKBTRAIL_VERDICT_CAUSE_RULE)
		handle[0] = 0;
	while ((lane = skbtrail_next_lane(&bits)))
		skbtrail_record_nft(lane, v, &head, handle);
}

void skbtrail_nft_deed(const struct skbtrail_visit *v, struct skbtrail_rec_verdict *head,
		       u64 *handle)
{
	bool queued = head->action != SKBTRAIL_VERDICT_ACTION_CHANGE;
	bool asked = queued || (head->nat && v->placed && did_nat(v));
	const struct nft_rule_dp *rule = asked ? find_rules(v, handle) : NULL;
	bool known = rule && (!queued || decided(v, rule, NF_QUEUE));

	head->engine = SKBTRAIL_VERDICT_ENGINE_NFTABLES;
	head->family = v->step[0].chain->table->family;
	head->table = v->step[0].chain->table->handle;
	if (known)
		head->cause = SKBTRAIL_VERDICT_CAUSE_RULE;
	else
		handle[0] = 0;
	head->steps = known ? v->depth : 1;
}

/* a rule matched; the rules on the way there were told, so they are known */
static void tell_match(const struct skbtrail_visit *v, const struct skbtrail_life *life, u8 cause,
		       u16 said)
{
	struct skbtrail_rec_verdict head = nft_head(v, life, skbtrail_clock());
	unsigned long bits = life->sessions & READ_ONCE(skbtrail_want_rules);
	u64 handle[SKBTRAIL_STEPS] = { 0 };
	struct skbtrail_lane *lane;
	u8 i;

	head.action = SKBTRAIL_VERDICT_ACTION_MATCH;
	head.cause = cause;
	head.detail = said;
	head.steps = cause == SKBTRAIL_VERDICT_CAUSE_RULE ? v->depth : 1;
	for (i = 0; cause == SKBTRAIL_VERDICT_CAUSE_RULE && i < v->depth; i++)
		handle[i] = v->step[i].rule;
	while ((lane = skbtrail_next_lane(&bits)))
		skbtrail_record_nft(lane, v, &head, handle);
}

static void note_word(struct skbtrail_visit *v, const struct skbtrail_life *life,
		      const struct skbtrail_nft_word *w)
{
	const struct nft_regs *regs = container_of(w->verdict, struct nft_regs, verdict);
	bool told = v->taken;

	/* it was not taken, or this would not be told of it */
	v->taken = false;
	if (!v->depth || !skbtrail_visit_sure(v))
		return;
	/* what was noted is of another base chain: the entry of this one was not seen */
	if (w->info->basechain != nft_base_chain(v->step[0].chain)) {
		v->lost = true;
		return;
	}
	if (w->type == NFT_TRACETYPE_POLICY) {
		tell_match(v, life, SKBTRAIL_VERDICT_CAUSE_POLICY,
			   skbtrail_said(nft_base_chain(v->step[0].chain)->policy));
		return;
	}
	/* the end of a chain is told as well */
	if (!w->verdict || !w->rule || w->rule->is_last)
		return;
	if ((v->regs && v->regs != regs) || !find_step(v, w->rule)) {
		v->lost = true;
		return;
	}
	v->regs = regs;
	if (told && v->step[v->depth - 1].rule == w->rule->handle)
		return;
	v->step[v->depth - 1].rule = w->rule->handle;
	tell_match(v, life, SKBTRAIL_VERDICT_CAUSE_RULE, skbtrail_said(w->verdict->code));
}

/*
 * While its trace is switched on, nf_tables calls this of every packet, and looks only then
 * whether that one is traced: none has to be.
 */
void skbtrail_nft_matched(const struct pt_regs *regs)
{
	struct skbtrail_nft_word w = skbtrail_nft_word(regs);
	struct skbtrail_set *set;
	struct skbtrail_life *life;
	struct skbtrail_visit *v;

	/*
	 * Switched on or off meanwhile: where the packet entered nothing was filled in, and
	 * before 6.12 the packet is told there.
	 */
	if (!w.info->trace)
		return;
	/* it is somebody else's already; see take() */
	if (w.verdict && is_code(w.verdict->code, NF_STOLEN))
		return;
	set = skbtrail_track_set(w.pkt->skb);
	life = skbtrail_visit_life(set, w.pkt->skb);
	if (!life)
		return;
	v = skbtrail_visit_lock(life, false);
	if (v) {
		if (life->sessions & READ_ONCE(skbtrail_want_rules))
			note_word(v, life, &w);
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}

/* A rule is about to take the packet, or may be: told of that, it may be gone. */
static void take(struct skbtrail_visit *v, const struct skbtrail_life *life)
{
	const struct nft_rule_dp *rule;
	unsigned int budget = MAX_RULES;

	/* where nobody entered a chain, or what was noted is of another, there is no step */
	if (!v->depth || !v->placed || !skbtrail_visit_sure(v) ||
	    !(life->sessions & READ_ONCE(skbtrail_want_rules)))
		return;
	rule = rule_with(&v->step[v->depth - 1], &budget);
	v->taken = true;
	if (!rule)
		return;
	v->step[v->depth - 1].rule = rule->handle;
	tell_match(v, life, SKBTRAIL_VERDICT_CAUSE_RULE, SKBTRAIL_VERDICT_SAID_UNKNOWN);
}

void skbtrail_nft_evaluate(const struct skbtrail_point *p, const struct nft_expr *expr,
			   const struct nft_regs *regs, const struct nft_pktinfo *pkt)
{
	struct skbtrail_set *set;
	struct skbtrail_life *life;
	struct skbtrail_visit *v;

	if (p->op == SKBTRAIL_OP_NFT_IMMEDIATE && !is_verdict(expr))
		return;
	set = skbtrail_track_set(pkt->skb);
	life = skbtrail_visit_life(set, pkt->skb);
	if (!life)
		return;
	v = skbtrail_visit_lock(life, false);
	if (v) {
		note_expr(v, p, expr, regs);
		if (p->op == SKBTRAIL_OP_NFT_TAKES)
			take(v, life);
		skbtrail_visit_unlock(v);
	}
	skbtrail_track_unlock(set);
}
