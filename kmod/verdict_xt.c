// SPDX-License-Identifier: GPL-2.0
/* By which rules of x_tables does a packet go? */
#include "visit.h"

#include <linux/netfilter.h>
#include <linux/string.h>

#include "attach.h"
#include "compat.h"
#include "session.h"
#include "track.h"

/*
 * x_tables calls nothing when a rule decides, but traces when it is asked to.
 * That is the one write to a watched packet. It is done only where it is sure to
 * be taken back before others can see it: at the next hook, when the packet is
 * parked, and by our own hook, which ends the point. A copy that is made
 * meanwhile has the bit and the flag too. Somebody else's trace stays what it is.
 */
void skbtrail_xt_trace(struct skbtrail_life *life, struct sk_buff *skb)
{
	/* of a session that has ended nobody waits any more until it is taken back */
	if (!READ_ONCE(skbtrail_attach_xt) || !(life->sessions & READ_ONCE(skbtrail_active)) ||
	    skbtrail_nf_trace(skb) || skb_shared(skb))
		return;
	skbtrail_set_nf_trace(skb, true);
	life->flags |= SKBTRAIL_LIFE_TRACED;
}

void skbtrail_xt_untrace(struct skbtrail_life *life, struct sk_buff *skb)
{
	if (likely(!(life->flags & SKBTRAIL_LIFE_TRACED)))
		return;
	skbtrail_set_nf_trace(skb, false);
	life->flags &= ~SKBTRAIL_LIFE_TRACED;
}

/* a rule with the target TRACE: what was ours is somebody else's now */
void skbtrail_xt_give_up(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life = skbtrail_visit_life(set, skb);

	if (!life)
		return;
	life->flags &= ~SKBTRAIL_LIFE_TRACED;
	skbtrail_track_unlock(set);
}

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

static void note_rule(struct skbtrail_visit *v, const struct pt_regs *regs)
{
	char chain[XT_FUNCTION_MAXNAMELEN];
	struct skbtrail_xt_step *step;
	const char *comment;

	/* an address, which is only compared */
	if (!v->table || (const char *)skbtrail_stack_arg(regs, 9) != v->table)
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
		note_rule(v, regs);
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
