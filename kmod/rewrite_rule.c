// SPDX-License-Identifier: GPL-2.0
/*
 * Rewrite rules: added by a command, removed by another one or with the socket
 * they came from. A rule leaves in two phases: it is taken out of the lists the
 * packet path reads, and after a grace period freed.
 */
#include "rewrite.h"

#include <linux/if.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/time64.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "filter.h"
#include "netlink.h"
#include "rewrite_rule.h"
#include "session.h"

static bool rewrite;
module_param(rewrite, bool, 0444);
MODULE_PARM_DESC(rewrite, "allow rules that change packets (default off)");

/*
 * In their order. Written with the control mutex, the mutex of the hooks and the
 * lock held: each of them is enough to read.
 */
static struct skbtrail_rule *rules[SKBTRAIL_MAX_RULES];
static unsigned int nr_rules;
/* guards rules[] against the notifier, which may not take a mutex */
static DEFINE_SPINLOCK(rules_lock);

static void sweep(struct work_struct *work);
/* two, as setting the alarm must not put off what is to be swept at once */
static DECLARE_WORK(sweeper, sweep);
static DECLARE_DELAYED_WORK(alarm, sweep);

void skbtrail_rule_each(void (*fn)(const struct skbtrail_rule *rule, void *arg), void *arg)
{
	unsigned int i;

	for (i = 0; i < nr_rules; i++)
		fn(rules[i], arg);
}

void skbtrail_rule_over(struct skbtrail_rule *rule, enum skbtrail_rule_state why)
{
	if (!cmpxchg(&rule->over, 0, why))
		queue_work(system_wq, &sweeper);
}

static void free_rule(struct skbtrail_rule *r)
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

/* makes the packet path see the rules of a spot as they are now; returns the old list */
static struct skbtrail_rules *publish(unsigned int spot)
{
	struct skbtrail_rules *new = NULL;
	unsigned int i, n = 0;

	lockdep_assert_held(&skbtrail_control);
	for (i = 0; i < nr_rules; i++)
		n += rules[i]->spot == spot;
	/*
	 * Three pages at most, and a rule that could not be removed would be worse.
	 * So many in a row the kernel does not like to promise.
	 */
	if (n)
		new = kvzalloc(struct_size(new, rule, n), GFP_KERNEL | __GFP_NOFAIL);
	for (i = 0; i < nr_rules; i++)
		if (rules[i]->spot == spot)
			new->rule[new->n++] = rules[i];
	return rcu_replace_pointer(skbtrail_rules[spot], new,
				   lockdep_is_held(&skbtrail_control));
}

static void lock_rules(void)
	__acquires(&rules_lock)
{
	lockdep_assert_held(&skbtrail_control);
	mutex_lock(&skbtrail_rewrite_hooks);
	spin_lock(&rules_lock);
}

static void unlock_rules(void)
	__releases(&rules_lock)
{
	spin_unlock(&rules_lock);
	mutex_unlock(&skbtrail_rewrite_hooks);
}

static void insert(struct skbtrail_rule *r)
{
	unsigned int i;

	lock_rules();
	for (i = nr_rules++; i && rules[i - 1]->number > r->number; i--)
		rules[i] = rules[i - 1];
	rules[i] = r;
	unlock_rules();
}

static void take_out(unsigned int at)
{
	lock_rules();
	nr_rules--;
	for (; at < nr_rules; at++)
		rules[at] = rules[at + 1];
	unlock_rules();
}

/* gives the module back once */
static void let_go(struct skbtrail_rule *r)
{
	lockdep_assert_held(&rules_lock);
	if (!r->dead)
		module_put(THIS_MODULE);
	r->dead = true;
}

static void unlink_rule(unsigned int at)
{
	spin_lock(&rules_lock);
	let_go(rules[at]);
	spin_unlock(&rules_lock);
	take_out(at);
}

/* first phase: no packet finds them any more; returns them, chained */
static struct skbtrail_rule *unlink_rules(bool (*gone)(const struct skbtrail_rule *r, u32 number),
					  u32 number)
{
	struct skbtrail_rule *chain = NULL, *r;
	unsigned int i = 0;

	while (i < nr_rules) {
		r = rules[i];
		if (!gone(r, number)) {
			i++;
			continue;
		}
		unlink_rule(i);
		r->next_gone = chain;
		chain = r;
	}
	return chain;
}

/* removes all that @gone says, with their hooks; returns whether there were any */
static bool remove_rules(bool (*gone)(const struct skbtrail_rule *r, u32 number), u32 number)
{
	struct skbtrail_rules *old[SKBTRAIL_RULE_SPOTS];
	struct skbtrail_rule *chain, *r;
	unsigned int i;

	lockdep_assert_held(&skbtrail_control);
	chain = unlink_rules(gone, number);
	if (!chain)
		return false;
	for (i = 0; i < SKBTRAIL_RULE_SPOTS; i++)
		old[i] = publish(i);
	skbtrail_rewrite_settle();
	/* second phase: nobody is in a hook, or in a list, that still knows them */
	synchronize_net();
	for (i = 0; i < SKBTRAIL_RULE_SPOTS; i++)
		kvfree(old[i]);
	while ((r = chain)) {
		chain = r->next_gone;
		free_rule(r);
	}
	return true;
}

static bool is_dead(const struct skbtrail_rule *r, u32 number)
{
	return r->dead;
}

static bool is_number(const struct skbtrail_rule *r, u32 number)
{
	return !number || r->number == number;
}

/* asks to be called again when the next rule's time is over */
static void expire(void)
{
	u64 now = ktime_get_ns(), next = U64_MAX;
	unsigned int i;

	for (i = 0; i < nr_rules; i++) {
		if (!rules[i]->until || rules[i]->over)
			continue;
		if (rules[i]->until <= now)
			cmpxchg(&rules[i]->over, 0, SKBTRAIL_RULE_STATE_EXPIRED);
		else
			next = min(next, rules[i]->until);
	}
	if (next != U64_MAX)
		mod_delayed_work(system_wq, &alarm, nsecs_to_jiffies(next - now) + 1);
}

static void sweep(struct work_struct *work)
{
	mutex_lock(&skbtrail_control);
	remove_rules(is_dead, 0);
	expire();
	skbtrail_rewrite_settle();
	mutex_unlock(&skbtrail_control);
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

static bool at_device(const struct skbtrail_rule *r)
{
	return r->spot >= SKBTRAIL_SPOT_INGRESS;
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

static bool given_before(const struct skbtrail_rule *r, u8 action)
{
	unsigned int i;

	for (i = 0; i < r->n; i++)
		if (r->edit[i].action == action && action != SKBTRAIL_RULE_ACTION_PAYLOAD)
			return true;
	return false;
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
	if (given_before(r, e->action))
		return refuse(extack, attr, "an action is given twice");
	if (e->action == SKBTRAIL_RULE_ACTION_VLAN && !at_device(r))
		return refuse(extack, attr,
			      "there are VLAN tags at devices only, at ingress and egress");
	r->families &= families_of(e);
	if (!(r->families & (SKBTRAIL_RULE_IPV4 | SKBTRAIL_RULE_IPV6)))
		return refuse(extack, attr, "no packet has both IPv4 and IPv6 addresses");
	r->random |= e->action == SKBTRAIL_RULE_ACTION_CORRUPT;
	r->drop |= e->action == SKBTRAIL_RULE_ACTION_DROP;
	r->n++;
	return 0;
}

static int take_actions(struct skbtrail_rule *r, struct genl_info *info)
{
	const struct nlattr *attr;
	int rem, err;

	r->families = SKBTRAIL_RULE_IPV4 | SKBTRAIL_RULE_IPV6;
	if (at_device(r))
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
	if (r->l2 && !r->l3 && !at_device(r))
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

static struct skbtrail_rule *make_rule(struct genl_info *info)
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
		free_rule(r);
		return ERR_PTR(err);
	}
	take_texts(r, info);
	return r;
}

/* a number for it, or that of its own */
static int take_number(struct skbtrail_rule *r, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[SKBTRAIL_A_RULE_NUMBER];
	u32 last = nr_rules ? rules[nr_rules - 1]->number : 0;
	unsigned int i;

	r->number = attr ? nla_get_u32(attr) : last + 1;
	if (nr_rules == SKBTRAIL_MAX_RULES) {
		refuse(info->extack, NULL, "there are 1024 rules, which is the most; delete some");
		return -EUSERS;
	}
	if (r->number > S32_MAX)
		return refuse(info->extack, NULL, "the highest number is taken; give one");
	for (i = 0; i < nr_rules; i++) {
		if (rules[i]->number != r->number)
			continue;
		refuse(info->extack, attr, "there is a rule of this number already");
		return -EEXIST;
	}
	return 0;
}

/* what is wrong with adding it now */
static int may_add(struct skbtrail_rule *r, struct genl_info *info)
{
	int err;

	err = take_number(r, info);
	if (err || nla_get_flag(info->attrs[SKBTRAIL_A_RULE_DISTURB_QUEUES]) ||
	    !skbtrail_rewrite_disturbs(r))
		return err;
	if (at_device(r))
		refuse(info->extack, NULL,
		       "packets may wait in NFQUEUE: when a device goes its hook does, and the kernel drops them; allow it with --disturb-queues");
	else
		refuse(info->extack, NULL,
		       "packets may wait in NFQUEUE: a new hook makes them pass the queueing rule again; allow it with --disturb-queues");
	return -EBUSY;
}

/* takes it over: on an error it is gone */
static int enforce(struct skbtrail_rule *r, struct sock *sk, struct genl_info *info)
{
	struct skbtrail_rules *old;
	int err;

	r->pid = task_tgid_nr(current);
	r->portid = info->snd_portid;
	if (!r->persist) {
		sock_hold(sk);
		r->sk = sk;
	}
	/* until its socket closes or it is removed; unloading waits for both */
	__module_get(THIS_MODULE);
	insert(r);
	/* hooks first: then it is in force everywhere at once */
	err = skbtrail_rewrite_settle();
	if (err) {
		refuse(info->extack, NULL, "the netfilter hooks could not be added");
		remove_rules(is_number, r->number);
		return err;
	}
	if (r->for_ms)
		r->until = ktime_get_ns() + (u64)r->for_ms * NSEC_PER_MSEC;
	old = publish(r->spot);
	expire();
	if (old)
		synchronize_net();
	kvfree(old);
	return 0;
}

static int armed(struct genl_info *info)
{
	if (rewrite)
		return 0;
	refuse(info->extack, NULL,
	       "rewriting is off: load the module with 'modprobe skbtrail rewrite=1'");
	return -EPERM;
}

int skbtrail_rewrite_add(struct sk_buff *skb, struct genl_info *info)
{
	struct skbtrail_rule *r;
	struct sk_buff *msg;
	u32 number;
	void *head;
	u64 seed;
	int err;

	err = armed(info);
	if (err)
		return err;
	r = make_rule(info);
	if (IS_ERR(r))
		return PTR_ERR(r);
	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg) {
		free_rule(r);
		return -ENOMEM;
	}
	seed = r->seed;
	mutex_lock(&skbtrail_control);
	err = may_add(r, info);
	number = r->number;
	if (err)
		free_rule(r);
	else
		err = enforce(r, NETLINK_CB(skb).sk, info);
	mutex_unlock(&skbtrail_control);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	head = genlmsg_put_reply(msg, info, &skbtrail_family, 0, SKBTRAIL_CMD_RULE_ADD);
	if (nla_put_u32(msg, SKBTRAIL_A_RULE_NUMBER, number) ||
	    nla_put_u64_64bit(msg, SKBTRAIL_A_RULE_SEED, seed, SKBTRAIL_A_RULE_PAD)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

int skbtrail_rewrite_del(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[SKBTRAIL_A_RULE_NUMBER];
	bool any;

	mutex_lock(&skbtrail_control);
	any = remove_rules(is_number, attr ? nla_get_u32(attr) : 0);
	mutex_unlock(&skbtrail_control);
	if (any || !attr)
		return 0;
	refuse(info->extack, attr, "there is no rule of this number");
	return -ENOENT;
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

static int put_rule(struct sk_buff *msg, struct netlink_callback *cb,
		    const struct skbtrail_rule *r)
{
	void *head;

	head = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &skbtrail_family, NLM_F_MULTI, SKBTRAIL_CMD_RULE_GET);
	if (!head)
		return -EMSGSIZE;
	if (nla_put_u32(msg, SKBTRAIL_A_RULE_NUMBER, r->number) ||
	    nla_put_u32(msg, SKBTRAIL_A_RULE_HOOK, r->hook) ||
	    (!at_device(r) && nla_put_u32(msg, SKBTRAIL_A_RULE_PLACE, r->place)) ||
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

/* goes on behind the number told last, whatever came and went meanwhile */
int skbtrail_rewrite_get(struct sk_buff *msg, struct netlink_callback *cb)
{
	unsigned int i;

	mutex_lock(&skbtrail_control);
	for (i = 0; i < nr_rules; i++) {
		if (rules[i]->number <= cb->args[0])
			continue;
		if (put_rule(msg, cb, rules[i]))
			break;
		cb->args[0] = rules[i]->number;
	}
	mutex_unlock(&skbtrail_control);
	return msg->len;
}

/*
 * Runs inside another process's close(): marks and leaves. The module
 * reference may go here because unloading waits for this chain and then for
 * the work.
 */
static int on_release(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *n = data;
	unsigned int i;
	bool any = false;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	spin_lock(&rules_lock);
	for (i = 0; i < nr_rules; i++) {
		/* the port may belong to somebody else already, who is alive */
		if (!rules[i]->sk || rules[i]->portid != n->portid ||
		    !sock_flag(rules[i]->sk, SOCK_DEAD))
			continue;
		let_go(rules[i]);
		any = true;
	}
	spin_unlock(&rules_lock);
	if (any)
		queue_work(system_wq, &sweeper);
	return NOTIFY_DONE;
}

static struct notifier_block release_notifier = {
	.notifier_call = on_release,
};

int skbtrail_rewrite_init(void)
{
	int err;

	if (!rewrite)
		return 0;
	err = skbtrail_rewrite_hook_init();
	if (err)
		return err;
	err = netlink_register_notifier(&release_notifier);
	if (err)
		skbtrail_rewrite_hook_exit();
	return err;
}

void skbtrail_rewrite_exit(void)
{
	if (!rewrite)
		return;
	netlink_unregister_notifier(&release_notifier);
	/* rules of sockets that are gone may be left; each holds a grace period */
	mutex_lock(&skbtrail_control);
	remove_rules(is_dead, 0);
	mutex_unlock(&skbtrail_control);
	cancel_work_sync(&sweeper);
	cancel_delayed_work_sync(&alarm);
	skbtrail_rewrite_hook_exit();
}
