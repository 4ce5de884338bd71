// SPDX-License-Identifier: GPL-2.0
/*
 * Function entries: one ftrace_ops for all of them where the kernel has
 * ftrace with arguments, kprobes for the rest, or for all of them with the
 * module parameter attach=kprobe. Both kinds are never put on one function.
 */
#include "attach.h"

#include <linux/ftrace.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "code.h"
#include "compat.h"
#include "session.h"
#include "sight.h"
#include "stages.h"
#include "switches.h"
#include "track.h"

static char *attach = "auto";
module_param(attach, charp, 0444);
MODULE_PARM_DESC(attach, "how to attach function entries: auto (ftrace where possible) or kprobe");

/* never full: a search ends */
#define ADDR_MAX	(SKBTRAIL_ENTRIES / 4 * 3)

/* of kprobes that were taken off since; control mutex */
static u64 missed_before;

/* what is being added or removed; too large for a stack; control mutex */
static unsigned long ips[SKBTRAIL_MAX_POINTS + SKBTRAIL_SWITCH_IPS];
static struct skbtrail_point *batch[SKBTRAIL_MAX_POINTS];
static struct kprobe *kps[SKBTRAIL_MAX_POINTS];

/* what went with its module leaves a tombstone until nothing is attached */
struct skbtrail_entry skbtrail_entries[SKBTRAIL_ENTRIES];

#define TOMBSTONE	1UL

/* slots of skbtrail_entries that are taken, tombstones too; control mutex */
static unsigned int addr_taken;

static bool note_ip(struct skbtrail_point *p)
{
	unsigned long ip = (unsigned long)p->addr;
	struct skbtrail_point *first = skbtrail_point_at(ip);
	unsigned int i = skbtrail_entry_slot(ip);

	if (first) {
		while (first->same)
			first = first->same;
		first->same = p;
		return true;
	}
	while (skbtrail_entries[i].ip > TOMBSTONE)
		i = (i + 1) & (ARRAY_SIZE(skbtrail_entries) - 1);
	if (!skbtrail_entries[i].ip && addr_taken == ADDR_MAX)
		return false;
	addr_taken += !skbtrail_entries[i].ip;
	WRITE_ONCE(skbtrail_entries[i].p, p);
	/* a probe that finds the address must find the point; pairs with skbtrail_point_at() */
	smp_store_release(&skbtrail_entries[i].ip, ip);
	return true;
}

static void forget_ip(const struct skbtrail_point *p)
{
	unsigned int i = skbtrail_entry_slot((unsigned long)p->addr);

	while (skbtrail_entries[i].ip && skbtrail_entries[i].ip != (unsigned long)p->addr)
		i = (i + 1) & (ARRAY_SIZE(skbtrail_entries) - 1);
	if (!skbtrail_entries[i].ip)
		return;
	WRITE_ONCE(skbtrail_entries[i].p, NULL);
	WRITE_ONCE(skbtrail_entries[i].ip, TOMBSTONE);
}

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

/*
 * Hook functions of netfilter: any module may bring some, so they are no stages.
 * Control mutex; @nhooks is read by probes, which forget nothing meanwhile.
 */
#define MAX_HOOKS	64

static struct skbtrail_point hooks[MAX_HOOKS];
static void *hook_fn[MAX_HOOKS];
static u8 hook_kind[MAX_HOOKS];
static unsigned int nhooks;
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

static bool is_func(const struct skbtrail_point *p)
{
	return !p->probe && p->kind != SKBTRAIL_ATTACH_KIND_KRETPROBE &&
	       p->kind != SKBTRAIL_ATTACH_KIND_NETFILTER;
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

u64 skbtrail_attach_missed(void)
{
	u64 sum = READ_ONCE(missed_before);
	unsigned int i;

	/* the kernel counts on meanwhile */
	for (i = 0; i < skbtrail_point_count; i++)
		sum += READ_ONCE(skbtrail_points[i].kp.nmissed);
	for (i = 0; i < MAX_HOOKS; i++)
		sum += READ_ONCE(hooks[i].kp.nmissed);
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
	for (p = hooks; p < hooks + READ_ONCE(nhooks); p++)
		sum += READ_ONCE(p->kp.nmissed);
	return sum;
}

u32 skbtrail_attach_hooks_gen(void)
{
	/* pairs with set_attached() */
	smp_rmb();
	return READ_ONCE(hooks_gen);
}

const void *skbtrail_attach_hook_fn(const struct skbtrail_point *p)
{
	return READ_ONCE(hook_fn[p - hooks]);
}

enum skbtrail_hook_kind skbtrail_attach_hook_kind(const struct skbtrail_point *p)
{
	return READ_ONCE(hook_kind[p - hooks]);
}

bool skbtrail_attach_hook_watched(const void *fn)
{
	unsigned int i;

	for (i = 0; i < READ_ONCE(nhooks); i++)
		if (READ_ONCE(hook_fn[i]) == fn)
			return READ_ONCE(hooks[i].attached);
	return false;
}

bool skbtrail_func_hooks_tables(void)
{
	unsigned int i;

	for (i = 0; i < nhooks; i++)
		if (hook_fn[i] && hook_kind[i] == SKBTRAIL_HOOK_TABLES)
			return true;
	return false;
}

bool skbtrail_func_sees_traces(void)
{
	const struct skbtrail_point *p;

	for (p = why_first; p < why_end; p++) {
		if (p->op != SKBTRAIL_OP_XT_TRACE && p->op != SKBTRAIL_OP_XT_OTHERS &&
		    p->op != SKBTRAIL_OP_XT_PARK && p->op != SKBTRAIL_OP_NFT_CHAIN)
			continue;
		if (!p->attached && p->state != SKBTRAIL_POINT_STATE_ABSENT)
			return false;
	}
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
		if (is_func(p) && p->addr && !WARN_ON(n == MAX_LIFE))
			life_misses[n++] = &p->kp.nmissed;
	for (p = skbtrail_points; p < end; p++)
		if (p->flags & SKBTRAIL_PF_DIRTY && is_func(p))
			dirty[ndirty++] = p;
}

/*
 * A kprobe that is registered but never armed finds a function by name and
 * tells the address ftrace knows it by. Giving them back one by one would
 * wait for a grace period each.
 */
struct lookup {
	struct kprobe	kp;
	char		name[64];
};

static struct lookup *lookups;
static unsigned int nlookups;

/* the name a kprobe knows it by: its module's name makes it unique */
static void full_name(char *buf, size_t size, const char *mod, const char *name)
{
	snprintf(buf, size, "%s%s%s", mod ? mod : "", mod ? ":" : "", name);
}

static void *look_up(struct lookup *l, bool *by_ftrace)
{
	l->kp.flags = KPROBE_FLAG_DISABLED;
	if (register_kprobe(&l->kp)) {
		memset(&l->kp, 0, sizeof(l->kp));
		return NULL;
	}
	kps[nlookups++] = &l->kp;
	*by_ftrace = kprobe_ftrace(&l->kp);
	return l->kp.addr;
}

static void *find_entry(const char *mod, const char *name, bool *by_ftrace)
{
	struct lookup *l = &lookups[nlookups];

	full_name(l->name, sizeof(l->name), mod, name);
	l->kp.symbol_name = l->name;
	return look_up(l, by_ftrace);
}

/* the same for a function whose address is known */
static void *entry_at(void *fn, bool *by_ftrace)
{
	struct lookup *l = &lookups[nlookups];

	l->kp.addr = fn;
	return look_up(l, by_ftrace);
}

static int begin_lookups(void)
{
	lookups = kcalloc(SKBTRAIL_MAX_POINTS, sizeof(*lookups), GFP_KERNEL);
	nlookups = 0;
	return lookups ? 0 : -ENOMEM;
}

static void end_lookups(void)
{
	if (nlookups)
		unregister_kprobes(kps, nlookups);
	kfree(lookups);
	lookups = NULL;
}

static const char *const variants[] = { ".constprop.0", ".isra.0", ".part.0" };

static void unavailable(struct skbtrail_point *p, const char *why)
{
	p->addr = NULL;
	p->state = SKBTRAIL_POINT_STATE_UNAVAILABLE;
	p->why = why;
}

#ifdef MODULE
/* every module that is loaded has a folder in sysfs; find_module() is not exported */
static bool module_loaded(const char *name)
{
	struct kobject *kobj = kset_find_obj(THIS_MODULE->mkobj.kobj.kset, name);

	kobject_put(kobj);
	return kobj;
}
#else
static bool module_loaded(const char *name)
{
	bool loaded;

	rcu_read_lock_sched();
	loaded = find_module(name);
	rcu_read_unlock_sched();
	return loaded;
}
#endif

static void no_function(struct skbtrail_point *p)
{
	unavailable(p, "there is no such function, or it is inlined");
}

static void absent(struct skbtrail_point *p)
{
	unavailable(p, "the module with this function is not loaded");
	p->state = SKBTRAIL_POINT_STATE_ABSENT;
}

static bool in_module(const void *addr)
{
	char sym[KSYM_SYMBOL_LEN];

	/* name+0x4/0x123 [module]: the only exported way to it */
	sprint_symbol(sym, (unsigned long)addr);
	return strchr(sym, '[');
}

static void resolve(struct skbtrail_point *p)
{
	bool by_ftrace = false;
	unsigned int i;

	p->addr = find_entry(p->mod, p->func, &by_ftrace);
	/* of a module that comes again the variant is known */
	for (i = 0; !p->addr && p->flags & SKBTRAIL_PF_VARIANT && p->func != p->sym &&
	     i < ARRAY_SIZE(variants); i++) {
		snprintf(p->sym, sizeof(p->sym), "%s%s", p->func, variants[i]);
		p->addr = find_entry(p->mod, p->sym, &by_ftrace);
		if (p->addr)
			p->func = p->sym;
	}
	if (!p->addr && p->mod) {
		/* built into this kernel? A function of another module goes with that one */
		p->addr = find_entry(NULL, p->func, &by_ftrace);
		if (p->addr && in_module(p->addr))
			p->addr = NULL;
		else if (p->addr)
			p->mod = NULL;
	}
	p->kind = skbtrail_attach_kind();
	p->state = SKBTRAIL_POINT_STATE_AVAILABLE;
	if (!p->addr && p->mod && !module_loaded(p->mod))
		absent(p);
	else if (!p->addr)
		no_function(p);
	else if (!by_ftrace)
		/* and what runs in a breakpoint cannot be told from an NMI */
		unavailable(p, "ftrace does not know this function, it would need a breakpoint");
	else if (p->op == SKBTRAIL_OP_CLONE && !skbtrail_code_clones((unsigned long)p->addr))
		unavailable(p, "skb_clone() does not come by this function");
	else if (!note_ip(p))
		unavailable(p, "too many modules came and went during sessions; stop them all");
}

static void resolve_return(struct skbtrail_point *p)
{
	bool by_ftrace = false;
	unsigned int i;

	p->addr = find_entry(NULL, p->func, &by_ftrace);
	p->state = p->addr ? SKBTRAIL_POINT_STATE_AVAILABLE : SKBTRAIL_POINT_STATE_UNAVAILABLE;
	p->why = "this kernel has no such function, or it is inlined";
	if (!p->addr)
		return;
	for (i = 0; i < ARRAY_SIZE(returns); i++)
		if (!strcmp(p->func, returns[i].func))
			returns[i].point = p;
}

static void *find_code(const char *name)
{
	bool by_ftrace;

	return find_entry(NULL, name, &by_ftrace);
}

/* one function tells whether a module that is not loaded is part of the kernel */
static bool surely_absent(const struct skbtrail_point *p)
{
	const struct skbtrail_point *q;

	if (!p->mod || module_loaded(p->mod))
		return false;
	for (q = skbtrail_points; q < p; q++)
		if (q->mod && !strcmp(q->mod, p->mod))
			return true;
	return false;
}

static void resolve_all(void)
{
	struct skbtrail_point *p;
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		if (p->probe || p->kind == SKBTRAIL_ATTACH_KIND_NETFILTER)
			continue;
		if (surely_absent(p)) {
			p->kind = skbtrail_attach_kind();
			absent(p);
			continue;
		}
		if (p->flags & SKBTRAIL_PF_ALT &&
		    p[-1].state != SKBTRAIL_POINT_STATE_UNAVAILABLE) {
			p->state = SKBTRAIL_POINT_STATE_SHADOWED;
			p->why = "an earlier choice for the same point exists";
			continue;
		}
		/* rows on one function stand together */
		if (is_func(p) && i && p[-1].addr && !strcmp(p->func, p[-1].func)) {
			p->addr = p[-1].addr;
			p->kind = p[-1].kind;
			p->state = SKBTRAIL_POINT_STATE_AVAILABLE;
			note_ip(p);
			continue;
		}
		if (is_func(p))
			resolve(p);
		else
			resolve_return(p);
	}
}

/* a function's first point has its address, probe and users; all are its module's */
static void lose(struct skbtrail_point *p)
{
	if (p->attached && p->kind == SKBTRAIL_ATTACH_KIND_KPROBE)
		unregister_kprobe(&p->kp);
	if (p->attached && p->kind == SKBTRAIL_ATTACH_KIND_FTRACE) {
		ips[0] = (unsigned long)p->addr;
		ftrace_set(1, true);
	}
	if (p->op == SKBTRAIL_OP_NFT_CHAIN)
		skbtrail_code_forget(SKBTRAIL_IN_NFT);
	if (p->stage == SKBTRAIL_ST_VETH_CROSS)
		skbtrail_code_forget(SKBTRAIL_IN_VETH_XDP);
	forget_ip(p);
	p->same = NULL;
	p->attached = false;
	p->users = 0;
	absent(p);
}

/* with nothing attached nobody reads skbtrail_entries: tombstones can go */
static void tidy_ips(void)
{
	struct skbtrail_point *p;
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++)
		if (skbtrail_points[i].attached)
			return;
	memset(skbtrail_entries, 0, sizeof(skbtrail_entries));
	addr_taken = 0;
	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		p->same = NULL;
		if (is_func(p) && p->state == SKBTRAIL_POINT_STATE_AVAILABLE)
			note_ip(p);
	}
	for (i = 0; i < nhooks; i++)
		if (hook_fn[i])
			note_ip(&hooks[i]);
}

void skbtrail_func_lose(const char *mod)
{
	struct skbtrail_point *p;
	unsigned int i;

	lockdep_assert_held(&skbtrail_control);
	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		if (p->mod && p->addr && !strcmp(p->mod, mod))
			lose(p);
	}
	for (i = 0; i < nhooks; i++) {
		if (!hook_fn[i] || !hooks[i].mod || strcmp(hooks[i].mod, mod))
			continue;
		lose(&hooks[i]);
		WRITE_ONCE(hook_fn[i], NULL);
	}
}

static bool came(const struct skbtrail_point *p, const char *mod)
{
	if (!p->mod || p->addr)
		return false;
	if (mod)
		return !strcmp(p->mod, mod);
	return p->state == SKBTRAIL_POINT_STATE_ABSENT && module_loaded(p->mod);
}

/* these have rules of x_tables, and a table as their argument */
static const struct {
	const char	*mod;
	const char	*name;
} runners[] = {
	{ "ip_tables", "ipt_do_table" },
	{ "ip6_tables", "ip6t_do_table" },
	{ "arp_tables", "arpt_do_table" },
};

/* after these, a packet without a connection belongs to none */
static const char *const trackers[] = {
	"ipv4_conntrack_in", "ipv4_conntrack_local", "ipv6_conntrack_in", "ipv6_conntrack_local",
};

static const char *const flowtables[] = {
	"nf_flow_offload_inet_hook", "nf_flow_offload_ip_hook", "nf_flow_offload_ipv6_hook",
};

static u8 kind_of_hook(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(runners); i++)
		if (!strcmp(name, runners[i].name))
			return SKBTRAIL_HOOK_TABLES;
	for (i = 0; i < ARRAY_SIZE(trackers); i++)
		if (!strcmp(name, trackers[i]))
			return SKBTRAIL_HOOK_CONNTRACK;
	for (i = 0; i < ARRAY_SIZE(flowtables); i++)
		if (!strcmp(name, flowtables[i]))
			return SKBTRAIL_HOOK_FLOWTABLE;
	return !strcmp(name, "ebt_do_table") ? SKBTRAIL_HOOK_EBTABLES : SKBTRAIL_HOOK_ANY;
}

/* name+0x0/0x12 [module]: fills in the module, empty for the kernel itself */
static int describe_hook(const void *fn, char *mod, size_t size, u8 *kind)
{
	char sym[KSYM_SYMBOL_LEN], *at;
	int err;

	sprint_symbol(sym, (unsigned long)fn);
	at = strchr(sym, '[');
	if (at)
		at[strcspn(at, "]")] = '\0';
	err = strscpy(mod, at ? at + 1 : "", size);
	sym[strcspn(sym, "+")] = '\0';
	*kind = kind_of_hook(sym);
	return err < 0 ? err : 0;
}

/* where a function that is not known yet could go; NULL: it is known, or there is no room */
static struct skbtrail_point *free_hook(const void *fn)
{
	unsigned int i, at = nhooks;

	for (i = 0; i < nhooks; i++) {
		if (hook_fn[i] == fn)
			return NULL;
		if (!hook_fn[i])
			at = i;
	}
	return at < MAX_HOOKS ? &hooks[at] : NULL;
}

static void resolve_hook(struct skbtrail_point *p, void *fn)
{
	bool by_ftrace = false;

	/* a probe may still look at what was here before its module went */
	if (p < hooks + nhooks)
		synchronize_rcu();
	WRITE_ONCE(missed_before, missed_before + p->kp.nmissed);
	memset(p, 0, sizeof(*p));
	p->stage = SKBTRAIL_ST_LIFE_DROP;
	p->op = SKBTRAIL_OP_HOOK;
	p->flags = SKBTRAIL_PF_WHY;
	p->kind = skbtrail_attach_kind();
	p->addr = entry_at(fn, &by_ftrace);
	/* what is not known to go with its module must not be watched */
	if (describe_hook(fn, p->sym, sizeof(p->sym), &hook_kind[p - hooks]))
		return;
	p->mod = *p->sym ? p->sym : NULL;
	if (!p->addr || !by_ftrace || skbtrail_point_at((unsigned long)p->addr) || !note_ip(p))
		return;
	p->state = SKBTRAIL_POINT_STATE_AVAILABLE;
	WRITE_ONCE(hook_fn[p - hooks], fn);
	if (p == hooks + nhooks)
		WRITE_ONCE(nhooks, nhooks + 1);
}

static void add_hook(void *fn)
{
	struct skbtrail_point *p = free_hook(fn);

	if (p)
		resolve_hook(p, fn);
}

/* hooks of some tables, as mangle, are functions of their own that call these */
static void add_runners(void)
{
	char sym[KSYM_SYMBOL_LEN], *at;
	unsigned long offset;
	bool by_ftrace;
	unsigned int i;
	void *addr;

	for (i = 0; i < ARRAY_SIZE(runners); i++) {
		addr = module_loaded(runners[i].mod) ?
		       find_entry(runners[i].mod, runners[i].name, &by_ftrace) : NULL;
		if (!addr)
			continue;
		/* a kprobe is behind what may stand at the beginning: name+0x4/0x123 */
		sprint_symbol(sym, (unsigned long)addr);
		at = strchr(sym, '+');
		if (!at)
			continue;
		at[strcspn(at, "/")] = '\0';
		if (!kstrtoul(at + 1, 16, &offset))
			add_hook(addr - offset);
	}
}

void skbtrail_func_hooks(void **fns, unsigned int n, bool wanted)
{
	unsigned int i;

	lockdep_assert_held(&skbtrail_control);
	if (wanted && !begin_lookups()) {
		for (i = 0; i < n; i++)
			add_hook(fns[i]);
		add_runners();
		end_lookups();
	}
	for (i = 0; i < nhooks; i++)
		hooks[i].users = hook_fn[i] && wanted;
}

bool skbtrail_func_gain(const char *mod)
{
	struct skbtrail_point *p;
	unsigned int i;
	bool any = false;

	lockdep_assert_held(&skbtrail_control);
	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		if (!came(p, mod))
			continue;
		if (!any && begin_lookups())
			return false;
		if (!any)
			tidy_ips();
		any = true;
		resolve(p);
		/* one that is coming is not listed yet */
		if (mod && p->state == SKBTRAIL_POINT_STATE_ABSENT)
			no_function(p);
	}
	if (any) {
		skbtrail_code_find(find_code);
		end_lookups();
	}
	return any;
}

int skbtrail_func_resolve(void)
{
	BUILD_BUG_ON(SKBTRAIL_MAX_POINTS * 2 > ARRAY_SIZE(skbtrail_entries));
	if (strcmp(attach, "auto") && strcmp(attach, "kprobe")) {
		pr_err("skbtrail: attach=%s is not known; use auto or kprobe\n", attach);
		return -EINVAL;
	}
	/* of what is looked up, too, there is no more than that */
	BUILD_BUG_ON(SKBTRAIL_CODES + ARRAY_SIZE(runners) > MAX_HOOKS);
	if (WARN_ON(skbtrail_point_count + MAX_HOOKS > SKBTRAIL_MAX_POINTS))
		return -E2BIG;
	if (begin_lookups())
		return -ENOMEM;
	skbtrail_attach_skips = !ftrace_wanted();
	skbtrail_code_find(find_code);
	resolve_all();
	list_points_by_flag();
	end_lookups();
	return 0;
}

void skbtrail_func_exit(void)
{
	ftrace_exit();
}
