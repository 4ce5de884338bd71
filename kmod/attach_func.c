// SPDX-License-Identifier: GPL-2.0
/*
 * Function entries: one ftrace_ops for all of them where the kernel has
 * ftrace with arguments, kprobes for the rest, or for all of them with the
 * module parameter attach=kprobe. Both kinds are never put on one function.
 */
#include "attach_func.h"

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "attach.h"
#include "compat.h"
#include "sight.h"
#include "stages.h"
#include "switches.h"
#include "track.h"

static char *attach = "auto";
module_param(attach, charp, 0444);
MODULE_PARM_DESC(attach, "how to attach function entries: auto (ftrace where possible) or kprobe");

/* of kprobes that were taken off since; control mutex */
static u64 missed_before;

/* what is being added or removed; too large for a stack; control mutex */
static unsigned long ips[SKBTRAIL_MAX_POINTS + SKBTRAIL_SWITCH_IPS];
static struct skbtrail_point *batch[SKBTRAIL_MAX_POINTS];
static struct kprobe *kps[SKBTRAIL_MAX_POINTS];

static int on_kprobe(struct kprobe *kp, struct pt_regs *regs)
{
	skbtrail_sight(container_of(kp, struct skbtrail_point, kp), regs);
	return 0;
}

/**
 * struct returning - a function watched at its return
 * @func: its name
 * @point: once it was found
 * @probe: the probe
 */
struct returning {
	const char		*func;
	struct skbtrail_point	*point;
	struct kretprobe	probe;
};

static const struct skbtrail_point *returning_point(struct kretprobe_instance *ri)
{
	return container_of(get_kretprobe(ri), struct returning, probe)->point;
}

/**
 * struct making - a function that makes a packet from another is running
 * @parent: the other
 * @left: fragments still to be made, this one included
 */
struct making {
	struct sk_buff	*parent;
	u32		left;
};

static int on_recv_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	skbtrail_sight_return(returning_point(ri));
	return 0;
}

/* most packets are not followed: for them the return is left alone */
static int on_making(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct making *m = (void *)ri->data;

	m->parent = (struct sk_buff *)regs_get_kernel_argument(regs, 0);
	return !skbtrail_sight_followed(m->parent);
}

static int on_clone_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct making *m = (void *)ri->data;
	struct sk_buff *clone = (struct sk_buff *)regs_return_value(regs);

	if (clone)
		skbtrail_sight_clone(returning_point(ri), clone, m->parent);
	return 0;
}

/* as ip_frag_next() and ip6_frag_next() do it: all but the last are multiples of 8 */
static u32 fragments_left(unsigned int left, unsigned int mtu)
{
	if (left <= mtu || mtu < 8)
		return 1;
	return 1 + DIV_ROUND_UP(left - mtu, mtu & ~7U);
}

static int on_frag(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct ip_frag_state *state = (void *)regs_get_kernel_argument(regs, 1);
	struct making *m = (void *)ri->data;

	m->left = fragments_left(state->left, state->mtu);
	return on_making(ri, regs);
}

static int on_frag6(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct ip6_frag_state *state = (void *)regs_get_kernel_argument(regs, 1);
	struct making *m = (void *)ri->data;

	m->left = fragments_left(state->left, state->mtu);
	return on_making(ri, regs);
}

static int on_frag_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct making *m = (void *)ri->data;
	struct sk_buff *fragment = (struct sk_buff *)regs_return_value(regs);

	if (!IS_ERR_OR_NULL(fragment))
		skbtrail_sight_fragment(returning_point(ri), fragment, m->parent, m->left);
	return 0;
}

static int on_segments_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct making *m = (void *)ri->data;
	struct sk_buff *segments = (struct sk_buff *)regs_return_value(regs);

	/* none: it need not be cut, or was only checked */
	if (!IS_ERR_OR_NULL(segments))
		skbtrail_sight_segments(returning_point(ri), segments, m->parent);
	return 0;
}

#define MAKING(func_, entry_, handler_) \
	{ .func = (func_), .probe = { .entry_handler = (entry_), .handler = (handler_), \
	  .data_size = sizeof(struct making), .maxactive = 256 } }

static struct returning returns[] = {
	{ .func = "sock_recvmsg", .probe = { .handler = on_recv_return, .maxactive = 4096 } },
	MAKING("skb_clone", on_making, on_clone_return),
	MAKING("__skb_gso_segment", on_making, on_segments_return),
	MAKING("ip_frag_next", on_frag, on_frag_return),
	MAKING("ip6_frag_next", on_frag6, on_frag_return),
};

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
/* PERMANENT: the end of a life must not be missed because of a sysctl, by kprobes neither */
static struct ftrace_ops ops = {
	.func = skbtrail_sight_entry,
	.flags = FTRACE_OPS_FL_SAVE_ARGS | FTRACE_OPS_FL_PERMANENT,
};

static bool ops_registered;

static bool ftrace_wanted(void)
{
	return strcmp(attach, "kprobe") != 0;
}

static int ftrace_set(unsigned int n, bool remove)
{
	int err;

	if (!n)
		return 0;
	err = ftrace_set_filter_ips(&ops, ips, n, remove, 0);
	if (err || remove || ops_registered)
		return err;
	err = register_ftrace_function(&ops);
	ops_registered = !err;
	return err;
}

/*
 * An ops without a filter would trace every function: it goes first. The
 * filter is emptied, not freed: 6.1 leaves freed hashes in the ops.
 */
static void ftrace_clear(void)
{
	if (!ops_registered)
		return;
	unregister_ftrace_function(&ops);
	ftrace_set_filter(&ops, NULL, 0, 1);
	ops_registered = false;
}

static void ftrace_exit(void)
{
	/* one that stays behind would be the end of the kernel */
	if (WARN_ON_ONCE(ops_registered))
		ftrace_clear();
	ftrace_free_filter(&ops);
}
#else
static const bool ops_registered = true;
static bool ftrace_wanted(void) { return false; }
static int ftrace_set(unsigned int n, bool remove) { return n ? -EOPNOTSUPP : 0; }
static void ftrace_clear(void) { }
static void ftrace_exit(void) { }
#endif

/* changes with what is attached, hook functions of netfilter among it */
static u32 hooks_gen;

bool skbtrail_attach_skips;
/*
 * Hits the kernel skipped at points that end lives, of those it has. Asked for at
 * every hit by kprobe: as many as there can be, some of nothing, cost less than to
 * ask how many there are.
 */
#define MAX_LIFE	16
static const unsigned long no_miss;
static const unsigned long *life_misses[MAX_LIFE] = { [0 ... MAX_LIFE - 1] = &no_miss };
/* points behind which headers can change */
static const struct skbtrail_point *dirty[SKBTRAIL_MAX_POINTS];
static unsigned int ndirty;
/* first and behind the last point that tells why a packet is dropped */
static const struct skbtrail_point *why_first = skbtrail_points, *why_end = skbtrail_points;

u32 skbtrail_attach_kind(void)
{
	return ftrace_wanted() ? SKBTRAIL_ATTACH_KIND_FTRACE : SKBTRAIL_ATTACH_KIND_KPROBE;
}

/* points that share a function share its probe: the first one has it */
static bool shared_users(const struct skbtrail_point *p)
{
	for (; p; p = p->same)
		if (p->users)
			return true;
	return false;
}

static void set_attached(struct skbtrail_point *p, bool on)
{
	WRITE_ONCE(hooks_gen, hooks_gen + 1);
	/* pairs with skbtrail_attach_hooks_gen(): who sees it attached sees it counted */
	smp_wmb();
	for (; p; p = p->same) {
		WRITE_ONCE(p->attached, on);
		p->state = on ? SKBTRAIL_POINT_STATE_ATTACHED : SKBTRAIL_POINT_STATE_AVAILABLE;
	}
}

static int add_kprobe(struct skbtrail_point *p)
{
	unsigned long missed;
	int err;

	/* in this order: a sum taken meanwhile is too small, not too large */
	missed = p->kp.nmissed;
	memset(&p->kp, 0, sizeof(p->kp));
	WRITE_ONCE(missed_before, missed_before + missed);
	p->kp.addr = p->addr;
	p->kp.pre_handler = on_kprobe;
	err = register_kprobe(&p->kp);
	if (!err)
		set_attached(p, true);
	return err;
}

static int add_returns(void)
{
	struct skbtrail_point *p;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(returns); i++) {
		p = returns[i].point;
		if (!p || !p->users || p->attached)
			continue;
		memset(&returns[i].probe.kp, 0, sizeof(returns[i].probe.kp));
		returns[i].probe.kp.addr = p->addr;
		err = register_kretprobe(&returns[i].probe);
		if (err)
			return err;
		set_attached(p, true);
	}
	return 0;
}

int skbtrail_func_add(bool life)
{
	struct skbtrail_point *p;
	unsigned int i, n = 0, more;
	int err;

	for (i = 0; i < ARRAY_SIZE(skbtrail_entries); i++) {
		p = skbtrail_entries[i].p;
		if (!p || p->attached || !shared_users(p) ||
		    (life && !(p->flags & SKBTRAIL_PF_LIFE)))
			continue;
		if (p->kind == SKBTRAIL_ATTACH_KIND_FTRACE) {
			batch[n] = p;
			ips[n++] = (unsigned long)p->addr;
			continue;
		}
		err = add_kprobe(p);
		if (err)
			return err;
	}
	more = ops_registered ? 0 : skbtrail_switch_ips(ips + n);
	err = ftrace_set(n + more, false);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		set_attached(batch[i], true);
	return life ? add_returns() : 0;
}

static void remove_returns(void)
{
	struct skbtrail_point *p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(returns); i++) {
		p = returns[i].point;
		if (!p || p->users || !p->attached)
			continue;
		unregister_kretprobe(&returns[i].probe);
		set_attached(p, false);
	}
}

void skbtrail_func_remove(void)
{
	unsigned int i, n = 0, nkp = 0, left = 0;
	struct skbtrail_point *p;

	remove_returns();
	for (i = 0; i < ARRAY_SIZE(skbtrail_entries); i++) {
		p = skbtrail_entries[i].p;
		if (!p || !p->attached)
			continue;
		if (shared_users(p)) {
			left++;
			continue;
		}
		if (p->kind == SKBTRAIL_ATTACH_KIND_FTRACE)
			ips[n++] = (unsigned long)p->addr;
		else
			kps[nkp++] = &p->kp;
		set_attached(p, false);
	}
	if (!left)
		ftrace_clear();
	else
		ftrace_set(n, true);
	if (!left)
		skbtrail_attach_skips = !ftrace_wanted();
	if (nkp)
		unregister_kprobes(kps, nkp);
}

void skbtrail_func_detach(struct skbtrail_point *p)
{
	if (p->attached && p->kind == SKBTRAIL_ATTACH_KIND_KPROBE)
		unregister_kprobe(&p->kp);
	if (p->attached && p->kind == SKBTRAIL_ATTACH_KIND_FTRACE) {
		ips[0] = (unsigned long)p->addr;
		ftrace_set(1, true);
	}
}

void skbtrail_func_returns(struct skbtrail_point *p)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(returns); i++)
		if (!strcmp(p->func, returns[i].func))
			returns[i].point = p;
}

void skbtrail_func_keep_missed(const struct skbtrail_point *p)
{
	WRITE_ONCE(missed_before, missed_before + p->kp.nmissed);
}

u64 skbtrail_attach_missed(void)
{
	u64 sum = READ_ONCE(missed_before);
	unsigned int i;

	/* the kernel counts on meanwhile */
	for (i = 0; i < skbtrail_point_count; i++)
		sum += READ_ONCE(skbtrail_points[i].kp.nmissed);
	for (i = 0; i < SKBTRAIL_MAX_HOOKS; i++)
		sum += READ_ONCE(skbtrail_hooks[i].kp.nmissed);
	for (i = 0; i < ARRAY_SIZE(returns); i++)
		sum += READ_ONCE(returns[i].probe.kp.nmissed) +
		       READ_ONCE(returns[i].probe.nmissed);
	return sum;
}

u32 skbtrail_attach_life_skipped(void)
{
	const unsigned long **m;
	u32 sum = 0;

	for (m = life_misses; m < life_misses + MAX_LIFE; m += 4)
		sum += READ_ONCE(*m[0]) + READ_ONCE(*m[1]) + READ_ONCE(*m[2]) + READ_ONCE(*m[3]);
	return (skbtrail_switch_count() << SKBTRAIL_SWITCH_SHIFT) +
	       (sum & (BIT(SKBTRAIL_SWITCH_SHIFT) - 1));
}

u32 skbtrail_attach_dirty_skipped(void)
{
	unsigned int i;
	u32 sum = 0;

	for (i = 0; i < ndirty; i++)
		sum += READ_ONCE(dirty[i]->kp.nmissed);
	return sum;
}

u32 skbtrail_attach_why_skipped(void)
{
	/* points of netfilter are among those behind which headers can change */
	u32 sum = skbtrail_switch_count() + skbtrail_attach_dirty_skipped();
	const struct skbtrail_point *p;

	/* they stand together in the table */
	for (p = why_first; p < why_end; p++)
		sum += READ_ONCE(p->kp.nmissed);
	for (p = skbtrail_hooks; p < skbtrail_hooks + READ_ONCE(skbtrail_nhooks); p++)
		sum += READ_ONCE(p->kp.nmissed);
	return sum;
}

u32 skbtrail_attach_hooks_gen(void)
{
	/* pairs with set_attached() */
	smp_rmb();
	return READ_ONCE(hooks_gen);
}

bool skbtrail_func_sees(u64 ops)
{
	const struct skbtrail_point *p;

	for (p = why_first; p < why_end; p++)
		if (ops & BIT_ULL(p->op) && !p->attached &&
		    p->state != SKBTRAIL_POINT_STATE_ABSENT)
			return false;
	return true;
}

static void list_points_by_flag(void)
{
	const struct skbtrail_point *p, *end = skbtrail_points + skbtrail_point_count;
	unsigned int n = 0;

	for (p = skbtrail_points; p < end; p++) {
		if (!(p->flags & SKBTRAIL_PF_WHY))
			continue;
		if (why_end == skbtrail_points)
			why_first = p;
		why_end = p + 1;
	}
	/* they stand first in the table */
	for (p = skbtrail_points; p < end && p->flags & SKBTRAIL_PF_LIFE; p++)
		if (skbtrail_is_func(p) && p->addr && !WARN_ON(n == MAX_LIFE))
			life_misses[n++] = &p->kp.nmissed;
	for (p = skbtrail_points; p < end; p++)
		if (p->flags & SKBTRAIL_PF_DIRTY && skbtrail_is_func(p))
			dirty[ndirty++] = p;
}

int skbtrail_func_resolve(void)
{
	int err;

	if (strcmp(attach, "auto") && strcmp(attach, "kprobe")) {
		pr_err("skbtrail: attach=%s is not known; use auto or kprobe\n", attach);
		return -EINVAL;
	}
	skbtrail_attach_skips = !ftrace_wanted();
	err = skbtrail_func_find();
	if (!err)
		list_points_by_flag();
	return err;
}

void skbtrail_func_exit(void)
{
	ftrace_exit();
}
