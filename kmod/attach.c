// SPDX-License-Identifier: GPL-2.0
/*
 * Probes exist only while a session needs them. Points are counted; those
 * that end lives are attached before and detached after all others, so that
 * no packet is followed whose end would not be seen.
 */
#include "attach.h"

#include <linux/bitmap.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <net/netlink.h>

#include "compat.h"
#include "hit.h"
#include "rewrite.h"
#include "session.h"
#include "stages.h"
#include "switches.h"
#include "verdict.h"

/* sessions that want a stage, also where no point is available now; control mutex */
static unsigned int wanted[SKBTRAIL_ST_COUNT];
/* all of them; control mutex */
static unsigned int sessions;

static bool available(const struct skbtrail_point *p)
{
	return p->state == SKBTRAIL_POINT_STATE_AVAILABLE ||
	       p->state == SKBTRAIL_POINT_STATE_ATTACHED;
}

/*
 * What ends lives and what can change headers is watched for every session:
 * what is remembered of a packet holds until then. And every session hears why
 * a packet was dropped.
 */
#define PF_ALWAYS	(SKBTRAIL_PF_LIFE | SKBTRAIL_PF_DIRTY | SKBTRAIL_PF_WHY)

static bool wants(const struct skbtrail_point *p, const unsigned long *stages)
{
	return available(p) && (p->flags & PF_ALWAYS || test_bit(p->stage, stages));
}

static int tracepoints_add(void)
{
	struct skbtrail_point *p;
	unsigned int i;
	int err;

	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		if (!p->tp || !p->users || p->attached)
			continue;
		err = tracepoint_probe_register(p->tp, p->probe, p);
		if (err)
			return err;
		p->attached = true;
		p->state = SKBTRAIL_POINT_STATE_ATTACHED;
	}
	return 0;
}

static void tracepoints_remove(void)
{
	struct skbtrail_point *p;
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		if (!p->tp || p->users || !p->attached)
			continue;
		tracepoint_probe_unregister(p->tp, p->probe, p);
		p->attached = false;
		p->state = SKBTRAIL_POINT_STATE_AVAILABLE;
	}
	tracepoint_synchronize_unregister();
}

static void count_users(const unsigned long *stages, int by, u32 *points)
{
	unsigned int i;

	sessions += by;
	for_each_set_bit(i, stages, SKBTRAIL_ST_COUNT)
		wanted[i] += by;
	for (i = 0; i < skbtrail_point_count; i++) {
		if (!wants(&skbtrail_points[i], stages))
			continue;
		skbtrail_points[i].users += by;
		if (points)
			++*points;
	}
}

static u32 count_missing(const unsigned long *stages)
{
	DECLARE_BITMAP(here, SKBTRAIL_ST_COUNT) = { 0 };
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++)
		if (available(&skbtrail_points[i]) ||
		    skbtrail_points[i].state == SKBTRAIL_POINT_STATE_ABSENT)
			__set_bit(skbtrail_points[i].stage, here);
	bitmap_andnot(here, stages, here, SKBTRAIL_ST_COUNT);
	return bitmap_weight(here, SKBTRAIL_ST_COUNT);
}

static const char *vital_missing(void)
{
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++)
		if (skbtrail_points[i].flags & SKBTRAIL_PF_VITAL &&
		    !available(&skbtrail_points[i]))
			return skbtrail_points[i].func;
	return NULL;
}

bool skbtrail_attach_xt;
/* rules of nf_tables that match are seen; control mutex */
static bool attach_nft;

/* what has to be seen while packets are traced through x_tables, for rules of nf_tables */
#define XT_OPS	(BIT_ULL(SKBTRAIL_OP_XT_TRACE) | BIT_ULL(SKBTRAIL_OP_XT_OTHERS) | \
		 BIT_ULL(SKBTRAIL_OP_XT_PARK) | BIT_ULL(SKBTRAIL_OP_NFT_CHAIN))
#define NFT_OPS	(BIT_ULL(SKBTRAIL_OP_NFT_CHAIN) | BIT_ULL(SKBTRAIL_OP_NFT_TAKES) | \
		 BIT_ULL(SKBTRAIL_OP_NFT_WORD))

/*
 * With kprobes a call can be skipped that would keep a trace to ourselves, or tell of
 * a rule. Process context, control mutex.
 */
static void trace_tables(bool on)
{
	lockdep_assert_held(&skbtrail_control);
	on = on && !skbtrail_attach_skips;
	WRITE_ONCE(skbtrail_attach_xt, SKBTRAIL_XT_TRACE && on && skbtrail_func_sees(XT_OPS));
	attach_nft = on && skbtrail_func_sees(NFT_OPS);
}

/* nf_tables tells of the rules that match while somebody asks for them */
static void switch_rules(void)
{
	skbtrail_trace_switch(attach_nft && skbtrail_want_rules);
}

/* hooks and probes that take traces back may go after this: nothing is traced any more */
static void untrace_tables(void)
{
	if (!skbtrail_attach_xt)
		return;
	trace_tables(false);
	/* points are run within one RCU read-side section */
	if (skbtrail_func_hooks_tables())
		synchronize_rcu();
}

int skbtrail_attach_rules(unsigned int bit, struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&skbtrail_control);
	if (attach_nft) {
		WRITE_ONCE(skbtrail_want_rules, skbtrail_want_rules | BIT(bit));
		switch_rules();
		return 0;
	}
	if (skbtrail_attach_skips)
		NL_SET_ERR_MSG(extack,
			       "which rules match is told by ftrace only; load the module with attach=auto");
	else
		NL_SET_ERR_MSG(extack,
			       "this kernel does not show which rules match; leave that out");
	return -EOPNOTSUPP;
}

/* points that become available are used by the sessions that run */
static void gain(const char *mod)
{
	struct skbtrail_point *p;
	unsigned int i;

	if (!skbtrail_func_gain(mod))
		return;
	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		if (p->mod && p->state == SKBTRAIL_POINT_STATE_AVAILABLE)
			p->users = p->flags & PF_ALWAYS ? sessions : wanted[p->stage];
	}
	if (skbtrail_func_add(false))
		pr_warn_once("skbtrail: the functions of a new module cannot be watched\n");
	/* what has come could see traces; none of it has run */
	trace_tables(sessions);
	switch_rules();
}

#define HOOKS_MAX	64
#define HOOKS_PENDING	16

/* hook functions about to be registered, for the work; NULL: free */
static const void *pending[HOOKS_PENDING];

static void take_pending(struct work_struct *work)
{
	void *fns[HOOKS_PENDING];
	unsigned int i, n = 0;

	for (i = 0; i < HOOKS_PENDING; i++) {
		fns[n] = (void *)xchg(&pending[i], NULL);
		n += !!fns[n];
	}
	mutex_lock(&skbtrail_control);
	if (sessions) {
		skbtrail_func_hooks(fns, n, true);
		if (skbtrail_func_add(false))
			pr_warn_once("skbtrail: new netfilter hooks cannot be watched\n");
	}
	mutex_unlock(&skbtrail_control);
}

static DECLARE_WORK(pending_work, take_pending);

/* what finds no room stays unseen, and drops of it are told as such */
void skbtrail_attach_hook_new(const struct nf_hook_ops *ops)
{
	const void *fn = ops->hook;
	unsigned int i;

	/* when chains of nf_tables drop, they say so themselves */
	if (ops->hook_ops_type == NF_HOOK_OP_NF_TABLES || skbtrail_nf_ours(ops->hook))
		return;
	for (i = 0; i < HOOKS_PENDING; i++)
		if (!cmpxchg(&pending[i], NULL, fn))
			break;
	schedule_work(&pending_work);
}

static void watch_hooks(void)
{
	void **fns = kcalloc(HOOKS_MAX, sizeof(*fns), GFP_KERNEL);

	skbtrail_func_hooks(fns, fns ? skbtrail_nf_functions(fns, HOOKS_MAX) : 0, true);
	kfree(fns);
}

int skbtrail_attach(const unsigned long *stages, u32 *points, u32 *missing,
		    struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&skbtrail_control);
	if (vital_missing()) {
		NL_SET_ERR_MSG(extack,
			       "this kernel hides a function that frees packets; see life.* in 'skbtrail stages'");
		return -EOPNOTSUPP;
	}
	err = skbtrail_switch_begin();
	if (err) {
		NL_SET_ERR_MSG(extack, "no kprobe can be attached; 'skbtrail doctor' may say why");
		return err;
	}
	gain(NULL);
	*points = 0;
	*missing = count_missing(stages);
	if (!sessions)
		skbtrail_verdict_forget();
	count_users(stages, 1, points);
	watch_hooks();
	err = skbtrail_func_add(true);
	if (!err)
		err = tracepoints_add();
	if (!err)
		err = skbtrail_func_add(false);
	if (!err)
		err = skbtrail_nf_watch(wanted);
	if (!err && skbtrail_switch_on() && !READ_ONCE(skbtrail_switch_doubt)) {
		trace_tables(true);
		switch_rules();
		return 0;
	}
	if (err == -EBUSY)
		NL_SET_ERR_MSG(extack,
			       "ftrace is switched off; run 'sysctl kernel.ftrace_enabled=1'");
	else if (err)
		NL_SET_ERR_MSG(extack,
			       "the probes could not be attached; 'skbtrail doctor' may say why");
	else
		NL_SET_ERR_MSG(extack,
			       "kprobes are switched off; run 'echo 1 >/sys/kernel/debug/kprobes/enabled'");
	skbtrail_detach(stages);
	return err ? err : -EBUSY;
}

void skbtrail_detach(const unsigned long *stages)
{
	lockdep_assert_held(&skbtrail_control);
	count_users(stages, -1, NULL);
	untrace_tables();
	skbtrail_nf_watch(wanted);
	if (!sessions)
		skbtrail_func_hooks(NULL, 0, false);
	skbtrail_func_remove();
	tracepoints_remove();
	skbtrail_switch_end();
	trace_tables(sessions);
	switch_rules();
}

/* the points were looked for; control mutex */
static bool resolved;

/* while a module comes or goes its functions can be named and patched, and none runs */
static int on_module(struct notifier_block *nb, unsigned long what, void *data)
{
	const struct module *mod = data;

	mutex_lock(&skbtrail_control);
	if (resolved && what == MODULE_STATE_COMING)
		gain(mod->name);
	/* only now does it lend what it offers */
	if (resolved && what == MODULE_STATE_LIVE)
		switch_rules();
	if (resolved && what == MODULE_STATE_GOING) {
		skbtrail_func_lose(mod->name);
		skbtrail_trace_forget(mod->name);
	}
	if (resolved && (what == MODULE_STATE_COMING || what == MODULE_STATE_GOING) &&
	    !strcmp(mod->name, "nfnetlink_queue")) {
		skbtrail_nf_queueing(what == MODULE_STATE_COMING);
		skbtrail_rewrite_queueing(what == MODULE_STATE_COMING);
	}
	mutex_unlock(&skbtrail_control);
	return NOTIFY_OK;
}

/* before the kernel's own kprobes notifier, which kills the probes of a module that goes */
static struct notifier_block module_notifier = {
	.notifier_call = on_module,
	.priority = INT_MAX,
};

static void find_tracepoint(struct tracepoint *tp, void *priv)
{
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++)
		if (skbtrail_points[i].probe && !strcmp(tp->name, skbtrail_points[i].func))
			skbtrail_points[i].tp = tp;
}

/* what the packet path would otherwise work out at every hit */
static void describe(struct skbtrail_point *p)
{
	p->hit = skbtrail_hit_head(p);
	if (skbtrail_stages[p->stage].direction == SKBTRAIL_DIRECTION_OUT)
		p->flags |= SKBTRAIL_PF_OUT;
	if (p->sk)
		p->flags |= SKBTRAIL_PF_SK;
	if (p->op == SKBTRAIL_OP_PACKET && !(p->flags & SKBTRAIL_PF_ODD_ARGS))
		p->flags |= SKBTRAIL_PF_PLAIN;
	p->skb_at = skbtrail_arg_place(p->skb);
	p->sk_at = skbtrail_arg_place(p->sk);
}

static int resolve_points(void)
{
	struct skbtrail_point *p;
	unsigned int i;
	int err;

	lockdep_assert_held(&skbtrail_control);
	/* few tracepoints are exported; all have names */
	for_each_kernel_tracepoint(find_tracepoint, NULL);
	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		p->id = i + 1;
		describe(p);
		if (!p->probe)
			continue;
		p->state = p->tp ? SKBTRAIL_POINT_STATE_AVAILABLE :
				   SKBTRAIL_POINT_STATE_UNAVAILABLE;
		p->why = "this kernel has no such tracepoint";
	}
	err = skbtrail_func_resolve();
	skbtrail_switch_resolve();
	skbtrail_nf_resolve();
	resolved = !err;
	return err;
}

int skbtrail_attach_init(void)
{
	int err;

	err = skbtrail_nf_init();
	if (err)
		return err;
	/* before the points are looked for: a module must not go unseen then */
	err = register_module_notifier(&module_notifier);
	if (err)
		goto out_nf;
	mutex_lock(&skbtrail_control);
	err = resolve_points();
	mutex_unlock(&skbtrail_control);
	if (!err)
		return 0;
	unregister_module_notifier(&module_notifier);
out_nf:
	skbtrail_nf_exit();
	return err;
}

void skbtrail_attach_exit(void)
{
	cancel_work_sync(&pending_work);
	unregister_module_notifier(&module_notifier);
	skbtrail_nf_exit();
	skbtrail_func_exit();
}
