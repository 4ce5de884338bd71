// SPDX-License-Identifier: GPL-2.0
/*
 * Sessions: started by a command, bound to the socket it came from, ended by
 * another command or by the end of the socket. A session leaves in two
 * phases: it is unlinked, so that the packet path no longer finds it, and
 * after a grace period taken apart.
 */
#include "session.h"

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "attach.h"
#include "calls.h"
#include "lineage.h"
#include "sent.h"
#include "switches.h"
#include "track.h"

/* 64 Ki with room to spare */
static unsigned int entries = 128 * 1024;

static int set_entries(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 64, 1 << 23);
}

static const struct kernel_param_ops entries_ops = {
	.set = set_entries,
	.get = param_get_uint,
};

module_param_cb(entries, &entries_ops, &entries, 0444);
MODULE_PARM_DESC(entries, "packets that can be followed at once, 64 to 8388608; rounded down to a power of two (default 131072)");

/* see session.h */
DEFINE_MUTEX(skbtrail_control);
unsigned long skbtrail_active;
u32 skbtrail_want_rules;
struct skbtrail_interest skbtrail_interest[SKBTRAIL_ST_COUNT];
struct skbtrail_session __rcu *skbtrail_sessions[SKBTRAIL_MAX_SESSIONS];

/* sessions by bit, also those that are being taken apart; control mutex */
static struct skbtrail_session *slots[SKBTRAIL_MAX_SESSIONS];
/* guards slots[] against the notifier, which may not take the mutex */
static DEFINE_SPINLOCK(slots_lock);
static struct workqueue_struct *enders;
static unsigned int users;
static u32 last_id;

void skbtrail_config_release(struct skbtrail_config *config)
{
	if (config->l2)
		bpf_prog_destroy(config->l2);
	if (config->l3)
		bpf_prog_destroy(config->l3);
	config->l2 = NULL;
	config->l3 = NULL;
}

struct skbtrail_session *skbtrail_session_of(const struct sock *sk)
{
	unsigned int i;

	lockdep_assert_held(&skbtrail_control);
	for (i = 0; i < SKBTRAIL_MAX_SESSIONS; i++)
		if (slots[i] && !slots[i]->stopped && !slots[i]->closed &&
		    slots[i]->stream.sk == sk)
			return slots[i];
	return NULL;
}

struct skbtrail_session *skbtrail_session_nth(unsigned int bit)
{
	lockdep_assert_held(&skbtrail_control);
	return slots[bit];
}

static void set_interest(const struct skbtrail_session *s, bool on)
{
	struct skbtrail_interest *in;
	unsigned int i;

	for (i = 0; i < SKBTRAIL_ST_COUNT; i++) {
		in = &skbtrail_interest[i];
		WRITE_ONCE(in->watch, on && test_bit(i, s->config.stages) ?
			   in->watch | BIT(s->bit) : in->watch & ~BIT(s->bit));
		WRITE_ONCE(in->begin, on && test_bit(i, s->config.begin) ?
			   in->begin | BIT(s->bit) : in->begin & ~BIT(s->bit));
	}
}

static void unlink_session(struct skbtrail_session *s)
{
	set_interest(s, false);
	clear_bit(s->bit, &skbtrail_active);
	WRITE_ONCE(skbtrail_want_rules, skbtrail_want_rules & ~BIT(s->bit));
	RCU_INIT_POINTER(skbtrail_sessions[s->bit], NULL);
	skbtrail_stream_leave(s->bit);
	/* the packet path runs with interrupts off: this waits for it */
	synchronize_rcu();
}

static void put_table(void)
{
	if (--users)
		return;
	skbtrail_sent_free();
	skbtrail_track_free();
}

static int get_table(void)
{
	int err;

	if (!users) {
		err = skbtrail_track_alloc(entries);
		if (err)
			return err;
		err = skbtrail_sent_alloc();
		if (err) {
			skbtrail_track_free();
			return err;
		}
	}
	users++;
	return 0;
}

/* gives the module back once; the caller's work or chain still holds it */
static void let_go(struct skbtrail_session *s)
{
	lockdep_assert_held(&slots_lock);
	if (s->holds)
		module_put(THIS_MODULE);
	s->holds = false;
}

static void end_session(struct work_struct *work)
{
	struct skbtrail_session *s = container_of(work, struct skbtrail_session, end);

	mutex_lock(&skbtrail_control);
	if (!s->stopped)
		unlink_session(s);
	s->stopped = true;
	skbtrail_detach(s->config.begin);
	skbtrail_track_forget(s->bit);
	skbtrail_lineage_forget(s->bit);
	skbtrail_calls_forget(s->bit);
	mutex_unlock(&skbtrail_control);

	/* the rest is still on its way to the reader, unless that is gone */
	skbtrail_stream_wait(&s->stream);

	mutex_lock(&skbtrail_control);
	put_table();
	spin_lock(&slots_lock);
	slots[s->bit] = NULL;
	let_go(s);
	spin_unlock(&slots_lock);
	skbtrail_stream_free(&s->stream);
	mutex_unlock(&skbtrail_control);
	skbtrail_config_release(&s->config);
	kfree(s);
}

static int free_bit(void)
{
	int i;

	for (i = 0; i < SKBTRAIL_MAX_SESSIONS; i++)
		if (!slots[i])
			return i;
	return -1;
}

static int open_session(struct skbtrail_session *s, struct sock *sk,
			struct netlink_ext_ack *extack)
{
	u32 points, missing;
	int err;

	err = get_table();
	if (err) {
		NL_SET_ERR_MSG(extack, "no memory for the table of packets");
		return err;
	}
	err = skbtrail_stream_open(&s->stream, sk, s->portid, s->config.buffer,
				   s->config.flush_ms, extack);
	if (err)
		goto out_table;
	spin_lock(&slots_lock);
	slots[s->bit] = s;
	spin_unlock(&slots_lock);
	rcu_assign_pointer(skbtrail_sessions[s->bit], s);
	skbtrail_stream_join(&s->stream, s->bit);
	set_bit(s->bit, &skbtrail_active);
	err = skbtrail_attach(s->config.begin, &points, &missing, extack);
	if (err)
		goto out_unlink;
	if (s->config.rules)
		err = skbtrail_attach_rules(s->bit, extack);
	if (err) {
		unlink_session(s);
		skbtrail_detach(s->config.begin);
		goto out_slot;
	}
	/* trails begin only now: none is to lack hits of probes not in place yet */
	set_interest(s, true);
	s->points = points;
	s->missing = missing;
	return 0;

out_unlink:
	unlink_session(s);
out_slot:
	spin_lock(&slots_lock);
	slots[s->bit] = NULL;
	spin_unlock(&slots_lock);
	skbtrail_stream_abandon(&s->stream);
	skbtrail_stream_wait(&s->stream);
	skbtrail_stream_free(&s->stream);
out_table:
	put_table();
	return err;
}

struct skbtrail_session *skbtrail_session_start(struct skbtrail_config *config,
						struct sock *sk, u32 portid,
						struct netlink_ext_ack *extack)
{
	struct skbtrail_session *s;
	int bit = free_bit(), err;

	lockdep_assert_held(&skbtrail_control);
	if (skbtrail_session_of(sk)) {
		NL_SET_ERR_MSG(extack, "this socket has a session already; open another socket");
		return ERR_PTR(-EBUSY);
	}
	if (bit < 0) {
		NL_SET_ERR_MSG(extack, "too many sessions are running; stop one of them");
		return ERR_PTR(-EUSERS);
	}
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	/* until the socket closes or the session is gone; unloading waits for both */
	if (!try_module_get(THIS_MODULE)) {
		NL_SET_ERR_MSG(extack, "the module is being unloaded");
		kfree(s);
		return ERR_PTR(-ENODEV);
	}
	s->id = ++last_id;
	s->bit = bit;
	s->pid = task_tgid_nr(current);
	s->portid = portid;
	s->net = sock_net(sk);
	s->config = *config;
	INIT_WORK(&s->end, end_session);
	s->holds = true;
	err = open_session(s, sk, extack);
	if (err) {
		module_put(THIS_MODULE);
		kfree(s);
		return ERR_PTR(err);
	}
	return s;
}

void skbtrail_session_stop(struct skbtrail_session *s)
{
	lockdep_assert_held(&skbtrail_control);
	if (s->stopped)
		return;
	/* what is to be told of them cannot be told later */
	skbtrail_switch_look();
	unlink_session(s);
	s->stopped = true;
	skbtrail_stream_finish(&s->stream);
	spin_lock(&slots_lock);
	if (!s->ending)
		queue_work(enders, &s->end);
	s->ending = true;
	spin_unlock(&slots_lock);
}

/*
 * Runs inside another process's close(): marks and leaves. The module
 * reference may go here because unloading waits for this chain and then for
 * the work.
 */
static int on_release(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *n = data;
	struct skbtrail_session *s;
	unsigned int i;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	spin_lock(&slots_lock);
	for (i = 0; i < SKBTRAIL_MAX_SESSIONS; i++) {
		s = slots[i];
		if (!s || s->closed || s->net != n->net || s->portid != n->portid)
			continue;
		/* the port may belong to somebody else already, who is alive */
		if (!sock_flag(s->stream.sk, SOCK_DEAD))
			continue;
		s->closed = true;
		skbtrail_stream_abandon(&s->stream);
		/* a session that was stopped is being taken apart already */
		if (!s->ending)
			queue_work(enders, &s->end);
		s->ending = true;
		let_go(s);
	}
	spin_unlock(&slots_lock);
	return NOTIFY_DONE;
}

static struct notifier_block release_notifier = {
	.notifier_call = on_release,
};

int skbtrail_session_init(void)
{
	int err;

	enders = alloc_workqueue("skbtrail", WQ_UNBOUND, 0);
	if (!enders)
		return -ENOMEM;
	err = netlink_register_notifier(&release_notifier);
	if (err)
		destroy_workqueue(enders);
	return err;
}

void skbtrail_session_exit(void)
{
	netlink_unregister_notifier(&release_notifier);
	destroy_workqueue(enders);
}
