// SPDX-License-Identifier: GPL-2.0
/* By which rules of x_tables does a packet go? */
#include "visit.h"

#include <linux/netfilter.h>
#include <linux/string.h>

#include "attach.h"
#include "clock.h"
#include "compat.h"
#include "session.h"
#include "stream.h"
#include "symbols.h"
#include "track.h"

/*
 * Each rule that matches is told, those that send the packet to another chain as well.
 * So a chain it is in already is one it has returned to. (Chains have no loops.)
 */
static struct skbtrail_xt_step *xt_step_of(struct skbtrail_visit *v, const char *chain)
{
	u8 i;

	for (i = 0; i < v->xt_depth; i++)
		if (!strcmp(v->xt_step[i].chain, chain))
			break;
	if (i == SKBTRAIL_XT_STEPS) {
		v->xt_deep = true;
		return &v->xt_step[i - 1];
	}
	v->xt_depth = i + 1;
	return &v->xt_step[i];
}

/* false: it was none, or of another table; the end of a chain is told as if it were a rule */
static bool note_rule(struct skbtrail_visit *v, const struct pt_regs *regs)
{
	char chain[XT_FUNCTION_MAXNAMELEN];
	struct skbtrail_xt_step *step;
	const char *comment;

	/* an address, which is only compared */
	if (!v->table || (const char *)skbtrail_stack_arg(regs, 9) != v->table)
		return false;
	strscpy(chain, (const char *)skbtrail_stack_arg(regs, 10), sizeof(chain));
	step = xt_step_of(v, chain);
	memcpy(step->chain, chain, sizeof(chain));
	step->rule = skbtrail_stack_arg(regs, 12);
	comment = (const char *)skbtrail_stack_arg(regs, 11);
	v->xt_policy = !strcmp(comment, "policy");
	if (strcmp(comment, "return"))
		return true;
	/* at the end of a chain it goes on behind the rule that sent it there */
	if (v->xt_depth > 1)
		v->xt_depth--;
	return false;
}

static void tell_match(const struct skbtrail_visit *v, const struct skbtrail_life *life)
{
	struct skbtrail_rec_verdict head = skbtrail_record_head(&v->where, life, skbtrail_clock());
	unsigned long bits = life->sessions & READ_ONCE(skbtrail_want_rules);
	struct skbtrail_lane *lane;

	head.engine = SKBTRAIL_VERDICT_ENGINE_XTABLES;
	head.action = SKBTRAIL_VERDICT_ACTION_MATCH;
	head.cause = skbtrail_xt_cause(v);
	head.steps = skbtrail_xt_steps(v, head.cause);
	if (v->actor.fn && v->xt_nr >= v->actor.nr) {
		head.symbol = skbtrail_symbol(v->actor.fn);
		head.priority = v->actor.priority;
	}
	while ((lane = skbtrail_next_lane(&bits)))
		skbtrail_record_hook(lane, v, &head, skbtrail_xt_first_chain(v));
}

/* nf_log_trace(net, pf, hook, skb, in, out, loginfo, format, table, chain, comment, rule) */
void skbtrail_xt_matched(const struct pt_regs *regs)
{
	const struct sk_buff *skb = (const struct sk_buff *)skbtrail_arg(regs, 4);
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, skb);
	struct skbtrail_visit *v;

	if (!life)
		return;
	v = skbtrail_visit_lock(life, false);
	if (v) {
		if (note_rule(v, regs) && life->sessions & READ_ONCE(skbtrail_want_rules))
			tell_match(v, life);
		skbtrail_visit_unlock(v);
	}
	/* no logger is that of no family: what we asked for goes into no log */
	if (life->flags & SKBTRAIL_LIFE_TRACED)
		skbtrail_set_arg2(regs, NFPROTO_UNSPEC);
	skbtrail_track_unlock(set);
}

/* chains a packet enters first; those of ARP have names of their own */
const char *skbtrail_xt_first_chain(const struct skbtrail_visit *v)
{
	static const char *const inet[] = {
		[NF_INET_PRE_ROUTING] = "PREROUTING", [NF_INET_LOCAL_IN] = "INPUT",
		[NF_INET_FORWARD] = "FORWARD", [NF_INET_LOCAL_OUT] = "OUTPUT",
		[NF_INET_POST_ROUTING] = "POSTROUTING",
	};
	static const char *const arp[] = { "INPUT", "OUTPUT", "FORWARD" };

	if (v->where.pf == NFPROTO_ARP)
		return v->where.hook < ARRAY_SIZE(arp) ? arp[v->where.hook] : "";
	return v->where.hook < ARRAY_SIZE(inet) ? inet[v->where.hook] : "";
}

u8 skbtrail_xt_cause(const struct skbtrail_visit *v)
{
	if (!v->xt_depth)
		return SKBTRAIL_VERDICT_CAUSE_UNKNOWN;
	return v->xt_policy ? SKBTRAIL_VERDICT_CAUSE_POLICY : SKBTRAIL_VERDICT_CAUSE_RULE;
}

/* chains to tell; of a policy it is the point's */
u8 skbtrail_xt_steps(const struct skbtrail_visit *v, u8 cause)
{
	return cause == SKBTRAIL_VERDICT_CAUSE_RULE && !v->xt_deep ? v->xt_depth : 1;
}
