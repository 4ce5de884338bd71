// SPDX-License-Identifier: GPL-2.0
/*
 * Which functions there are to watch: those of the table of points, as this kernel
 * and its modules have them, and the hook functions of netfilter. They come and go
 * with their modules. How they are watched is attach_func.c's.
 */
#include "attach_func.h"

#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attach.h"
#include "code.h"
#include "session.h"
#include "stages.h"

/* never full: a search ends */
#define ADDR_MAX	(SKBTRAIL_ENTRIES / 4 * 3)

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

/*
 * Hook functions of netfilter: any module may bring some, so they are no stages.
 * Control mutex; how many there are is read by probes, which forget nothing meanwhile.
 */
struct skbtrail_point skbtrail_hooks[SKBTRAIL_MAX_HOOKS];
unsigned int skbtrail_nhooks;
static void *hook_fn[SKBTRAIL_MAX_HOOKS];
static u8 hook_kind[SKBTRAIL_MAX_HOOKS];

const void *skbtrail_attach_hook_fn(const struct skbtrail_point *p)
{
	return READ_ONCE(hook_fn[p - skbtrail_hooks]);
}

enum skbtrail_hook_kind skbtrail_attach_hook_kind(const struct skbtrail_point *p)
{
	return READ_ONCE(hook_kind[p - skbtrail_hooks]);
}

bool skbtrail_attach_hook_watched(const void *fn)
{
	unsigned int i;

	for (i = 0; i < READ_ONCE(skbtrail_nhooks); i++)
		if (READ_ONCE(hook_fn[i]) == fn)
			return READ_ONCE(skbtrail_hooks[i].attached);
	return false;
}

bool skbtrail_func_hooks_tables(void)
{
	unsigned int i;

	for (i = 0; i < skbtrail_nhooks; i++)
		if (hook_fn[i] && hook_kind[i] == SKBTRAIL_HOOK_TABLES)
			return true;
	return false;
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
/* control mutex, too large for a stack */
static struct kprobe *held[SKBTRAIL_MAX_POINTS];

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
	held[nlookups++] = &l->kp;
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
		unregister_kprobes(held, nlookups);
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

	p->addr = find_entry(NULL, p->func, &by_ftrace);
	p->state = p->addr ? SKBTRAIL_POINT_STATE_AVAILABLE : SKBTRAIL_POINT_STATE_UNAVAILABLE;
	p->why = "this kernel has no such function, or it is inlined";
	if (p->addr)
		skbtrail_func_returns(p);
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
		if (skbtrail_is_func(p) && i && p[-1].addr && !strcmp(p->func, p[-1].func)) {
			p->addr = p[-1].addr;
			p->kind = p[-1].kind;
			p->state = SKBTRAIL_POINT_STATE_AVAILABLE;
			note_ip(p);
			continue;
		}
		if (skbtrail_is_func(p))
			resolve(p);
		else
			resolve_return(p);
	}
}

/* a function's first point has its address, probe and users; all are its module's */
static void lose(struct skbtrail_point *p)
{
	skbtrail_func_detach(p);
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
		if (skbtrail_is_func(p) && p->state == SKBTRAIL_POINT_STATE_AVAILABLE)
			note_ip(p);
	}
	for (i = 0; i < skbtrail_nhooks; i++)
		if (hook_fn[i])
			note_ip(&skbtrail_hooks[i]);
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
	for (i = 0; i < skbtrail_nhooks; i++) {
		if (!hook_fn[i] || !skbtrail_hooks[i].mod || strcmp(skbtrail_hooks[i].mod, mod))
			continue;
		lose(&skbtrail_hooks[i]);
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
	unsigned int i, at = skbtrail_nhooks;

	for (i = 0; i < skbtrail_nhooks; i++) {
		if (hook_fn[i] == fn)
			return NULL;
		if (!hook_fn[i])
			at = i;
	}
	return at < SKBTRAIL_MAX_HOOKS ? &skbtrail_hooks[at] : NULL;
}

static void resolve_hook(struct skbtrail_point *p, void *fn)
{
	bool by_ftrace = false;

	/* a probe may still look at what was here before its module went */
	if (p < skbtrail_hooks + skbtrail_nhooks)
		synchronize_rcu();
	skbtrail_func_keep_missed(p);
	memset(p, 0, sizeof(*p));
	p->stage = SKBTRAIL_ST_LIFE_DROP;
	p->op = SKBTRAIL_OP_HOOK;
	p->flags = SKBTRAIL_PF_WHY;
	p->kind = skbtrail_attach_kind();
	p->addr = entry_at(fn, &by_ftrace);
	/* what is not known to go with its module must not be watched */
	if (describe_hook(fn, p->sym, sizeof(p->sym), &hook_kind[p - skbtrail_hooks]))
		return;
	p->mod = *p->sym ? p->sym : NULL;
	if (!p->addr || !by_ftrace || skbtrail_point_at((unsigned long)p->addr) || !note_ip(p))
		return;
	p->state = SKBTRAIL_POINT_STATE_AVAILABLE;
	WRITE_ONCE(hook_fn[p - skbtrail_hooks], fn);
	if (p == skbtrail_hooks + skbtrail_nhooks)
		WRITE_ONCE(skbtrail_nhooks, skbtrail_nhooks + 1);
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
	for (i = 0; i < skbtrail_nhooks; i++)
		skbtrail_hooks[i].users = hook_fn[i] && wanted;
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

int skbtrail_func_find(void)
{
	BUILD_BUG_ON(SKBTRAIL_MAX_POINTS * 2 > ARRAY_SIZE(skbtrail_entries));
	/* of what is looked up, too, there is no more than that */
	BUILD_BUG_ON(SKBTRAIL_CODES + ARRAY_SIZE(runners) > SKBTRAIL_MAX_HOOKS);
	if (WARN_ON(skbtrail_point_count + SKBTRAIL_MAX_HOOKS > SKBTRAIL_MAX_POINTS))
		return -E2BIG;
	if (begin_lookups())
		return -ENOMEM;
	skbtrail_code_find(find_code);
	resolve_all();
	end_lookups();
	return 0;
}
