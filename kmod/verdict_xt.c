// SPDX-License-Identifier: GPL-2.0
/* By which rules of x_tables does a packet go? */
#include "visit.h"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/string.h>

#include "attach.h"
#include "clock.h"
#include "compat.h"
#include "session.h"
#include "stream.h"
#include "symbols.h"
#include "track.h"

/* in so many rules the last one of a chain is looked for, interrupts off; else it is unknown */
#define MAX_ENTRIES	16384

/* what the end of a chain is, or looks like it */
enum {
	END_UNKNOWN,
	END_RULE,	/* a rule that decides */
	END_RETURN,	/* one that returns, or the end of a chain of the user */
	END_POLICY,	/* that of the point's chain */
};

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

/* a rule of a table */
struct entry {
	const void			*at;
	const struct xt_entry_target	*target;
	unsigned int			size;
};

static struct entry entry_at(u8 pf, const void *at)
{
	const struct ip6t_entry *e6 = at;
	const struct ipt_entry *e4 = at;

	if (pf == NFPROTO_IPV6)
		return (struct entry){ at, at + e6->target_offset, e6->next_offset };
	return (struct entry){ at, at + e4->target_offset, e4->next_offset };
}

/* a chain of the user begins behind an entry of its own */
static bool is_head(const struct entry *e, const char *chain)
{
	const struct xt_error_target *t = container_of(e->target, struct xt_error_target, target);

	return !strcmp(e->target->u.kernel.target->name, XT_ERROR_TARGET) &&
	       !strcmp(t->errorname, chain);
}

/* as x_tables numbers them, from 1; NULL: it was not found in so many */
static const void *find_rule(const struct skbtrail_visit *v, const struct skbtrail_xt_step *step)
{
	const struct xt_table_info *info = v->xt_info;
	bool inside = !strcmp(step->chain, skbtrail_xt_first_chain(v));
	const void *at = info->entries + (inside ? info->hook_entry[v->where.hook] : 0);
	const void *end = info->entries + info->size;
	unsigned int budget = MAX_ENTRIES;
	u32 number = step->rule;
	struct entry e;

	for (; budget && at < end; budget--, at += e.size) {
		e = entry_at(v->where.pf, at);
		if (inside && !--number)
			return at;
		if (!inside)
			inside = is_head(&e, step->chain);
	}
	return NULL;
}

/*
 * The last rule of a chain is told like the end of that chain: as "policy" or "return", if
 * it matches everything and has one of the builtin targets. Which it is, the rules
 * say. They are read as long as they are those the packet came to: once
 * others have taken their place, these wait for it to leave them.
 */
static u8 which_end(struct skbtrail_visit *v, const struct skbtrail_xt_step *step)
{
	const struct xt_table *table = container_of(v->table, struct xt_table, name[0]);
	const struct xt_standard_target *t;
	const void *at;

	if (!v->xt_info || READ_ONCE(table->private) != v->xt_info)
		return END_UNKNOWN;
	at = find_rule(v, step);
	if (!at)
		return END_UNKNOWN;
	t = container_of(entry_at(v->where.pf, at).target, struct xt_standard_target, target);
	if (t->verdict == XT_RETURN)
		return END_RETURN;
	v->xt_said = skbtrail_said(-t->verdict - 1);
	return at == (const void *)v->xt_info->entries + v->xt_info->underflow[v->where.hook] ?
	       END_POLICY : END_RULE;
}

bool skbtrail_xt_drops(const struct skbtrail_visit *v)
{
	const struct xt_table *table = container_of(v->table, struct xt_table, name[0]);
	const struct xt_entry_target *t;
	const void *at;

	if (!v->xt_depth || v->xt_unsure)
		return false;
	if (v->xt_said == SKBTRAIL_VERDICT_SAID_DROP)
		return true;
	if (v->xt_policy || v->xt_deep || !v->xt_info || READ_ONCE(table->private) != v->xt_info)
		return false;
	at = find_rule(v, &v->xt_step[v->xt_depth - 1]);
	if (!at)
		return false;
	t = entry_at(v->where.pf, at).target;
	if (strcmp(t->u.kernel.target->name, XT_STANDARD_TARGET))
		return !strcmp(t->u.kernel.target->name, "REJECT");
	return container_of(t, struct xt_standard_target, target)->verdict == -NF_DROP - 1;
}

/* false: it was none, or of another table; the end of a chain is told as if it were a rule */
static bool note_rule(struct skbtrail_visit *v, const struct pt_regs *regs)
{
	char chain[XT_FUNCTION_MAXNAMELEN];
	struct skbtrail_xt_step *step;
	u8 end = END_RULE;

	/* an address, which is only compared */
	if (!v->table || (const char *)skbtrail_stack_arg(regs, 9) != v->table)
		return false;
	strscpy(chain, (const char *)skbtrail_stack_arg(regs, 10), sizeof(chain));
	step = xt_step_of(v, chain);
	memcpy(step->chain, chain, sizeof(chain));
	step->rule = skbtrail_stack_arg(regs, 12);
	v->xt_said = SKBTRAIL_VERDICT_SAID_UNKNOWN;
	if (strcmp((const char *)skbtrail_stack_arg(regs, 11), "rule"))
		end = which_end(v, step);
	v->xt_policy = end == END_POLICY;
	v->xt_unsure = end == END_UNKNOWN;
	/* at the end of a chain it goes on behind the rule that sent it there */
	if (end == END_RETURN && v->xt_depth > 1)
		v->xt_depth--;
	return end != END_RETURN;
}

static void tell_match(const struct skbtrail_visit *v, const struct skbtrail_life *life)
{
	struct skbtrail_rec_verdict head = skbtrail_record_head(&v->where, life, skbtrail_clock());
	unsigned long bits = life->sessions & READ_ONCE(skbtrail_want_rules);
	struct skbtrail_lane *lane;

	head.engine = SKBTRAIL_VERDICT_ENGINE_XTABLES;
	head.action = SKBTRAIL_VERDICT_ACTION_MATCH;
	head.cause = skbtrail_xt_cause(v);
	head.detail = v->xt_said;
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
	if (!v->xt_depth || v->xt_unsure)
		return SKBTRAIL_VERDICT_CAUSE_UNKNOWN;
	return v->xt_policy ? SKBTRAIL_VERDICT_CAUSE_POLICY : SKBTRAIL_VERDICT_CAUSE_RULE;
}

/* chains to tell; of a policy it is the point's */
u8 skbtrail_xt_steps(const struct skbtrail_visit *v, u8 cause)
{
	return cause == SKBTRAIL_VERDICT_CAUSE_RULE && !v->xt_deep ? v->xt_depth : 1;
}
