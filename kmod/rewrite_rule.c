// SPDX-License-Identifier: GPL-2.0
/*
 * The life of rewrite rules: added by a command, removed by another one or with
 * the socket they came from. A rule leaves in two phases: it is taken out of
 * the lists the packet path reads, and after a grace period freed.
 */
#include "rewrite.h"

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/sock.h>

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

/* gives the module back once; no packet matches any more, though it may yet be listed */
static void let_go(struct skbtrail_rule *r)
{
	lockdep_assert_held(&rules_lock);
	cmpxchg(&r->over, 0, SKBTRAIL_RULE_STATE_EXPIRED);
	if (!r->dead)
		module_put(THIS_MODULE);
	WRITE_ONCE(r->dead, true);
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
		skbtrail_rule_free(r);
	}
	return true;
}

static bool is_dead(const struct skbtrail_rule *r, u32 number)
{
	return READ_ONCE(r->dead);
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
		if (!rules[i]->until || READ_ONCE(rules[i]->over))
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

/* a number for it, or that of its own */
static int take_number(struct skbtrail_rule *r, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[SKBTRAIL_A_RULE_NUMBER];
	u32 last = nr_rules ? rules[nr_rules - 1]->number : 0;
	unsigned int i;

	r->number = attr ? nla_get_u32(attr) : last + 1;
	if (nr_rules == SKBTRAIL_MAX_RULES) {
		GENL_SET_ERR_MSG(info, "there are 1024 rules, which is the most; delete some");
		return -EUSERS;
	}
	if (r->number > S32_MAX) {
		GENL_SET_ERR_MSG(info, "the highest number is taken; give one");
		return -EINVAL;
	}
	for (i = 0; i < nr_rules; i++) {
		if (rules[i]->number != r->number)
			continue;
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "there is a rule of this number already");
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
	if (skbtrail_rule_at_device(r))
		GENL_SET_ERR_MSG(info,
				 "packets may wait in NFQUEUE: when a device goes its hook does, and the kernel drops them; allow it with --disturb-queues");
	else
		GENL_SET_ERR_MSG(info,
				 "packets may wait in NFQUEUE: a new hook makes them pass the queueing rule again; allow it with --disturb-queues");
	return -EBUSY;
}

/* takes it over: on an error it is gone */
static int enforce(struct skbtrail_rule *r, struct sock *sk, struct genl_info *info)
{
	struct skbtrail_rules *old;
	int err;

	/* until its socket closes or it is removed; unloading waits for both */
	if (!try_module_get(THIS_MODULE)) {
		GENL_SET_ERR_MSG(info, "the module is being unloaded");
		skbtrail_rule_free(r);
		return -ENODEV;
	}
	r->pid = task_tgid_nr(current);
	r->portid = info->snd_portid;
	if (!r->persist) {
		sock_hold(sk);
		r->sk = sk;
	}
	insert(r);
	/* hooks first: then it is in force everywhere at once */
	err = skbtrail_rewrite_settle();
	if (err) {
		GENL_SET_ERR_MSG(info, "the netfilter hooks could not be added");
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
	GENL_SET_ERR_MSG(info,
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
	r = skbtrail_rule_make(info);
	if (IS_ERR(r))
		return PTR_ERR(r);
	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg) {
		skbtrail_rule_free(r);
		return -ENOMEM;
	}
	seed = r->seed;
	mutex_lock(&skbtrail_control);
	err = may_add(r, info);
	number = r->number;
	if (err)
		skbtrail_rule_free(r);
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
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "there is no rule of this number");
	return -ENOENT;
}

/* goes on behind the number told last, whatever came and went meanwhile */
int skbtrail_rewrite_get(struct sk_buff *msg, struct netlink_callback *cb)
{
	unsigned int i;

	mutex_lock(&skbtrail_control);
	for (i = 0; i < nr_rules; i++) {
		if (rules[i]->number <= cb->args[0])
			continue;
		if (skbtrail_rule_put(msg, cb, rules[i]))
			break;
		cb->args[0] = rules[i]->number;
	}
	mutex_unlock(&skbtrail_control);
	return msg->len;
}

/*
 * Runs inside another process's close(): marks and leaves, as removing a rule
 * may have to wait. The module reference may go here because unloading waits for
 * this chain and then for the work.
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
