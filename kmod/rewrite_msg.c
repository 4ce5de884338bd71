// SPDX-License-Identifier: GPL-2.0
/*
 * A rewrite rule as netlink tells it: made of a request that adds one, with a
 * sentence for what cannot be, and put into an answer with what it has counted.
 */
#include "rewrite_rule.h"

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "filter.h"
#include "netlink.h"

void skbtrail_rule_free(struct skbtrail_rule *r)
{
	unsigned int i;

	for (i = 0; i < r->n; i++)
		kfree(r->edit[i].bytes);
	if (r->l2)
		bpf_prog_destroy(r->l2);
	if (r->l3)
		bpf_prog_destroy(r->l3);
	free_percpu(r->stats);
	if (r->sk)
		sock_put(r->sk);
	kfree(r);
}

/* what an action takes */
static const struct {
	u32		min;
	u32		max;
	bool		value;
	const char	*why;
} takes[SKBTRAIL_RULE_ACTION_MAX + 1] = {
#define TAKES(min, max, why)	{ min, max, true, why }
	[SKBTRAIL_RULE_ACTION_MARK]	= TAKES(0, U32_MAX, "mark takes a number"),
	[SKBTRAIL_RULE_ACTION_PRIORITY]	= TAKES(0, U32_MAX, "priority takes a number"),
	[SKBTRAIL_RULE_ACTION_DSCP]	= TAKES(0, 63, "dscp takes a number from 0 to 63"),
	[SKBTRAIL_RULE_ACTION_ECN]	= TAKES(0, 3, "ecn takes a number from 0 to 3"),
	[SKBTRAIL_RULE_ACTION_TTL]	= TAKES(1, 255, "ttl takes a number from 1 to 255"),
	[SKBTRAIL_RULE_ACTION_SPORT]	= TAKES(1, 65535, "sport takes a port from 1 to 65535"),
	[SKBTRAIL_RULE_ACTION_DPORT]	= TAKES(1, 65535, "dport takes a port from 1 to 65535"),
	[SKBTRAIL_RULE_ACTION_FLAGS]	= TAKES(0, 255, "flags takes a byte"),
	[SKBTRAIL_RULE_ACTION_WINDOW]	= TAKES(0, 65535, "window takes 0 to 65535"),
	[SKBTRAIL_RULE_ACTION_MSS]	= TAKES(1, 65535, "mss takes 1 to 65535"),
	[SKBTRAIL_RULE_ACTION_VLAN]	= TAKES(0, 4094, "vlan takes 1 to 4094, or 0 for none"),
	[SKBTRAIL_RULE_ACTION_TRUNCATE]	= TAKES(20, 65535, "truncate takes 20 to 65535 bytes"),
#undef TAKES
};

static int refuse(struct netlink_ext_ack *extack, const struct nlattr *attr, const char *why)
{
	NL_SET_BAD_ATTR(extack, attr);
	if (extack)
		extack->_msg = why;
	return -EINVAL;
}

static int take_address(struct skbtrail_edit *e, const struct nlattr *attr)
{
	if (!attr || (nla_len(attr) != 4 && nla_len(attr) != 16))
		return -EINVAL;
	e->alen = nla_len(attr);
	memcpy(e->addr, nla_data(attr), e->alen);
	return 0;
}

static int take_bytes(struct skbtrail_edit *e, struct nlattr **a)
{
	if (!a[SKBTRAIL_A_ACTION_BYTES] || !nla_len(a[SKBTRAIL_A_ACTION_BYTES]))
		return -EINVAL;
	e->len = nla_len(a[SKBTRAIL_A_ACTION_BYTES]);
	e->offset = a[SKBTRAIL_A_ACTION_OFFSET] ? nla_get_u32(a[SKBTRAIL_A_ACTION_OFFSET]) : 0;
	if (e->offset + e->len > 65535)
		return -ERANGE;
	e->bytes = nla_memdup(a[SKBTRAIL_A_ACTION_BYTES], GFP_KERNEL);
	return e->bytes ? 0 : -ENOMEM;
}

static int take_value(struct skbtrail_edit *e, struct nlattr **a)
{
	const struct nlattr *value = a[SKBTRAIL_A_ACTION_VALUE];

	e->mask = a[SKBTRAIL_A_ACTION_MASK] ? nla_get_u32(a[SKBTRAIL_A_ACTION_MASK]) : U32_MAX;
	if (!takes[e->action].value)
		return 0;
	if (!value)
		return -EINVAL;
	e->value = nla_get_u32(value);
	return e->value < takes[e->action].min || e->value > takes[e->action].max ? -EINVAL : 0;
}

static int take_action(struct skbtrail_edit *e, const struct nlattr *attr,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *a[SKBTRAIL_A_ACTION_MAX + 1];
	int err;

	err = nla_parse_nested(a, SKBTRAIL_A_ACTION_MAX, attr, skbtrail_action_policy, extack);
	if (err)
		return err;
	if (!a[SKBTRAIL_A_ACTION_KIND])
		return refuse(extack, attr, "an action has no kind");
	e->action = nla_get_u32(a[SKBTRAIL_A_ACTION_KIND]);
	switch (e->action) {
	case SKBTRAIL_RULE_ACTION_SRC:
	case SKBTRAIL_RULE_ACTION_DST:
		if (take_address(e, a[SKBTRAIL_A_ACTION_ADDRESS]))
			return refuse(extack, attr, "src and dst take an IPv4 or IPv6 address");
		return 0;
	case SKBTRAIL_RULE_ACTION_PAYLOAD:
		err = take_bytes(e, a);
		if (err == -EINVAL)
			return refuse(extack, attr, "payload takes an offset and 1 to 256 bytes");
		if (err == -ERANGE)
			return refuse(extack, attr, "payload ends past 65535: no packet does");
		return err;
	default:
		if (take_value(e, a))
			return refuse(extack, attr, takes[e->action].why);
		return 0;
	}
}

/* what packets the actions leave a choice of; 0: none */
static u8 families_of(const struct skbtrail_edit *e)
{
	switch (e->action) {
	case SKBTRAIL_RULE_ACTION_MARK:
	case SKBTRAIL_RULE_ACTION_PRIORITY:
	case SKBTRAIL_RULE_ACTION_VLAN:
	case SKBTRAIL_RULE_ACTION_DROP:
		return SKBTRAIL_RULE_IPV4 | SKBTRAIL_RULE_IPV6 | SKBTRAIL_RULE_OTHER;
	case SKBTRAIL_RULE_ACTION_SRC:
	case SKBTRAIL_RULE_ACTION_DST:
		return e->alen == 4 ? SKBTRAIL_RULE_IPV4 : SKBTRAIL_RULE_IPV6;
	default:
		return SKBTRAIL_RULE_IPV4 | SKBTRAIL_RULE_IPV6;
	}
}

static int add_action(struct skbtrail_rule *r, const struct nlattr *attr,
		      struct netlink_ext_ack *extack)
{
	struct skbtrail_edit *e = &r->edit[r->n];
	int err;

	if (r->n == SKBTRAIL_MAX_ACTIONS)
		return refuse(extack, attr, "a rule has 16 actions at most");
	err = take_action(e, attr, extack);
	if (err)
		return err;
	if (r->actions & BIT(e->action) && e->action != SKBTRAIL_RULE_ACTION_PAYLOAD)
		return refuse(extack, attr, "an action is given twice");
	if (e->action == SKBTRAIL_RULE_ACTION_VLAN && !skbtrail_rule_at_device(r))
		return refuse(extack, attr,
			      "there are VLAN tags at devices only, at ingress and egress");
	r->families &= families_of(e);
	if (!(r->families & (SKBTRAIL_RULE_IPV4 | SKBTRAIL_RULE_IPV6)))
		return refuse(extack, attr, "no packet has both IPv4 and IPv6 addresses");
	r->random |= e->action == SKBTRAIL_RULE_ACTION_CORRUPT;
	r->drop |= e->action == SKBTRAIL_RULE_ACTION_DROP;
	r->actions |= BIT(e->action);
	r->n++;
	return 0;
}

static int take_actions(struct skbtrail_rule *r, struct genl_info *info)
{
	const struct nlattr *attr;
	int rem, err;

	r->families = SKBTRAIL_RULE_IPV4 | SKBTRAIL_RULE_IPV6;
	if (skbtrail_rule_at_device(r))
		r->families |= SKBTRAIL_RULE_OTHER;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != SKBTRAIL_A_RULE_ACTION)
			continue;
		err = add_action(r, attr, info->extack);
		if (err)
			return err;
	}
	if (!r->n)
		return refuse(info->extack, NULL, "the rule does nothing; give it an action");
	if (r->drop && r->n > 1)
		return refuse(info->extack, NULL, "what is dropped needs no other action");
	r->quick = skbtrail_quick_of(r->edit, r->n);
	return 0;
}

static int take_spot(struct skbtrail_rule *r, struct genl_info *info)
{
	struct nlattr **a = info->attrs;

	if (!a[SKBTRAIL_A_RULE_HOOK])
		return refuse(info->extack, NULL, "the rule has no hook");
	r->hook = nla_get_u32(a[SKBTRAIL_A_RULE_HOOK]);
	r->place = a[SKBTRAIL_A_RULE_PLACE] ? nla_get_u32(a[SKBTRAIL_A_RULE_PLACE]) :
					      SKBTRAIL_RULE_PLACE_BEFORE_NAT;
	switch (r->hook) {
	case SKBTRAIL_RULE_HOOK_INGRESS:
		r->spot = SKBTRAIL_SPOT_INGRESS;
		break;
	case SKBTRAIL_RULE_HOOK_EGRESS:
		if (!IS_ENABLED(CONFIG_NETFILTER_EGRESS))
			return refuse(info->extack, a[SKBTRAIL_A_RULE_HOOK],
				      "this kernel is built without a netfilter point at egress");
		r->spot = SKBTRAIL_SPOT_EGRESS;
		break;
	default:
		r->spot = 2 * (r->hook - 1) + (r->place == SKBTRAIL_RULE_PLACE_AFTER_NAT);
		return 0;
	}
	if (a[SKBTRAIL_A_RULE_PLACE])
		return refuse(info->extack, a[SKBTRAIL_A_RULE_PLACE],
			      "there is no NAT at devices");
	return 0;
}

static int take_filter(struct skbtrail_rule *r, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct bpf_prog *prog;

	prog = skbtrail_filter_compile(a[SKBTRAIL_A_RULE_FILTER_L2], NULL, info->extack);
	if (IS_ERR(prog))
		return PTR_ERR(prog);
	r->l2 = prog;
	prog = skbtrail_filter_compile(a[SKBTRAIL_A_RULE_FILTER_L3], NULL, info->extack);
	if (IS_ERR(prog))
		return PTR_ERR(prog);
	r->l3 = prog;
	if (r->l2 && !r->l3 && !skbtrail_rule_at_device(r))
		return refuse(info->extack, a[SKBTRAIL_A_RULE_FILTER_L2],
			      "the filter needs the Ethernet header, which is there at ingress and egress only");
	return 0;
}

static int take_place(struct skbtrail_rule *r, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct net *net;

	if (a[SKBTRAIL_A_RULE_DEV])
		nla_strscpy(r->dev, a[SKBTRAIL_A_RULE_DEV], sizeof(r->dev));
	if (!a[SKBTRAIL_A_RULE_NETNS_FD])
		return 0;
	net = get_net_ns_by_fd(nla_get_u32(a[SKBTRAIL_A_RULE_NETNS_FD]));
	if (IS_ERR(net)) {
		refuse(info->extack, a[SKBTRAIL_A_RULE_NETNS_FD],
		       "the file descriptor is not a network namespace");
		return PTR_ERR(net);
	}
	r->netns = net->net_cookie;
	r->inum = net->ns.inum;
	put_net(net);
	return 0;
}

static int take_limits(struct skbtrail_rule *r, struct genl_info *info)
{
	struct nlattr **a = info->attrs;

	r->count = a[SKBTRAIL_A_RULE_COUNT] ? nla_get_u64(a[SKBTRAIL_A_RULE_COUNT]) : 0;
	if (a[SKBTRAIL_A_RULE_COUNT] && (!r->count || r->count > S64_MAX))
		return refuse(info->extack, a[SKBTRAIL_A_RULE_COUNT],
			      "count takes a number from 1 on");
	r->limited = r->count;
	atomic64_set(&r->left, r->count);
	r->for_ms = a[SKBTRAIL_A_RULE_FOR_MS] ? nla_get_u32(a[SKBTRAIL_A_RULE_FOR_MS]) : 0;
	r->probability = a[SKBTRAIL_A_RULE_PROBABILITY] ?
			 nla_get_u32(a[SKBTRAIL_A_RULE_PROBABILITY]) : NSEC_PER_SEC;
	r->random |= r->probability < NSEC_PER_SEC;
	r->seed = a[SKBTRAIL_A_RULE_SEED] ? nla_get_u64(a[SKBTRAIL_A_RULE_SEED]) : get_random_u64();
	r->dry = nla_get_flag(a[SKBTRAIL_A_RULE_DRY_RUN]);
	r->persist = nla_get_flag(a[SKBTRAIL_A_RULE_PERSIST]);
	return 0;
}

static void take_texts(struct skbtrail_rule *r, struct genl_info *info)
{
	struct nlattr **a = info->attrs;

	if (a[SKBTRAIL_A_RULE_TEXT])
		nla_strscpy(r->text, a[SKBTRAIL_A_RULE_TEXT], sizeof(r->text));
	if (a[SKBTRAIL_A_RULE_FILTER_TEXT])
		nla_strscpy(r->filter_text, a[SKBTRAIL_A_RULE_FILTER_TEXT],
			    sizeof(r->filter_text));
}

struct skbtrail_rule *skbtrail_rule_make(struct genl_info *info)
{
	struct skbtrail_rule *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int err;

	if (!r)
		return ERR_PTR(-ENOMEM);
	r->stats = alloc_percpu(struct skbtrail_rule_stats);
	err = r->stats ? take_spot(r, info) : -ENOMEM;
	if (!err)
		err = take_actions(r, info);
	if (!err)
		err = take_filter(r, info);
	if (!err)
		err = take_place(r, info);
	if (!err)
		err = take_limits(r, info);
	if (err) {
		/* what an action that was refused holds is behind those counted */
		if (r->n < SKBTRAIL_MAX_ACTIONS)
			kfree(r->edit[r->n].bytes);
		skbtrail_rule_free(r);
		return ERR_PTR(err);
	}
	take_texts(r, info);
	return r;
}

static void sum_up(const struct skbtrail_rule *r, struct skbtrail_rule_stats *sum)
{
	const struct skbtrail_rule_stats *s;
	unsigned int i;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		s = per_cpu_ptr(r->stats, cpu);
		sum->matched += READ_ONCE(s->matched);
		sum->spared += READ_ONCE(s->spared);
		sum->changed += READ_ONCE(s->changed);
		sum->dropped += READ_ONCE(s->dropped);
		for (i = 0; i < ARRAY_SIZE(sum->refused); i++)
			sum->refused[i] += READ_ONCE(s->refused[i]);
	}
}

static bool put_u64(struct sk_buff *msg, int attr, u64 value)
{
	return nla_put_u64_64bit(msg, attr, value, SKBTRAIL_A_RULE_PAD);
}

static bool put_counters(struct sk_buff *msg, const struct skbtrail_rule *r)
{
	struct skbtrail_rule_stats sum;
	struct nlattr *nest;
	unsigned int i;

	sum_up(r, &sum);
	if (put_u64(msg, SKBTRAIL_A_RULE_MATCHED, sum.matched) ||
	    put_u64(msg, SKBTRAIL_A_RULE_SPARED, sum.spared) ||
	    put_u64(msg, SKBTRAIL_A_RULE_CHANGED, sum.changed) ||
	    put_u64(msg, SKBTRAIL_A_RULE_DROPPED, sum.dropped))
		return true;
	nest = nla_nest_start(msg, SKBTRAIL_A_RULE_REFUSED);
	if (!nest)
		return true;
	/* attributes of this nest are numbered as the refusals are */
	BUILD_BUG_ON((int)SKBTRAIL_A_REFUSALS_SHARED != (int)SKBTRAIL_RULE_REFUSAL_MAX);
	for (i = 1; i <= SKBTRAIL_RULE_REFUSAL_MAX; i++)
		if (sum.refused[i] && nla_put_u64_64bit(msg, i, sum.refused[i],
							SKBTRAIL_A_REFUSALS_PAD))
			return true;
	nla_nest_end(msg, nest);
	return false;
}

static bool put_limits(struct sk_buff *msg, const struct skbtrail_rule *r)
{
	u32 state = READ_ONCE(r->over);

	return (r->limited && (put_u64(msg, SKBTRAIL_A_RULE_COUNT, r->count) ||
			       put_u64(msg, SKBTRAIL_A_RULE_LEFT, atomic64_read(&r->left)))) ||
	       (r->for_ms && nla_put_u32(msg, SKBTRAIL_A_RULE_FOR_MS, r->for_ms)) ||
	       (r->probability < NSEC_PER_SEC &&
		nla_put_u32(msg, SKBTRAIL_A_RULE_PROBABILITY, r->probability)) ||
	       (r->random && put_u64(msg, SKBTRAIL_A_RULE_SEED, r->seed)) ||
	       (r->dry && nla_put_flag(msg, SKBTRAIL_A_RULE_DRY_RUN)) ||
	       (r->persist && nla_put_flag(msg, SKBTRAIL_A_RULE_PERSIST)) ||
	       nla_put_u32(msg, SKBTRAIL_A_RULE_STATE, state ? state : SKBTRAIL_RULE_STATE_ACTIVE);
}

int skbtrail_rule_put(struct sk_buff *msg, struct netlink_callback *cb,
		      const struct skbtrail_rule *r)
{
	void *head;

	head = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &skbtrail_family, NLM_F_MULTI, SKBTRAIL_CMD_RULE_GET);
	if (!head)
		return -EMSGSIZE;
	if (nla_put_u32(msg, SKBTRAIL_A_RULE_NUMBER, r->number) ||
	    nla_put_u32(msg, SKBTRAIL_A_RULE_HOOK, r->hook) ||
	    (!skbtrail_rule_at_device(r) && nla_put_u32(msg, SKBTRAIL_A_RULE_PLACE, r->place)) ||
	    nla_put_string(msg, SKBTRAIL_A_RULE_TEXT, r->text) ||
	    nla_put_string(msg, SKBTRAIL_A_RULE_FILTER_TEXT, r->filter_text) ||
	    (r->dev[0] && nla_put_string(msg, SKBTRAIL_A_RULE_DEV, r->dev)) ||
	    (r->netns && nla_put_u32(msg, SKBTRAIL_A_RULE_NETNS, r->inum)) ||
	    nla_put_u32(msg, SKBTRAIL_A_RULE_PORTID, r->portid) ||
	    nla_put_u32(msg, SKBTRAIL_A_RULE_PID, r->pid) ||
	    put_limits(msg, r) || put_counters(msg, r)) {
		genlmsg_cancel(msg, head);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return 0;
}
