// SPDX-License-Identifier: GPL-2.0
/*
 * Which hook of a point is a packet in, and which one dropped it? Hooks are run in
 * their order, but not all of them are seen: what follows from that, and no more.
 */
#include "visit.h"

#include <linux/minmax.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_bridge/ebtables.h>

#include "attach.h"
#include "stream.h"
#include "symbols.h"
#include "track.h"

static const char *table_of(const void *priv, enum skbtrail_hook_kind kind)
{
	switch (kind) {
	case SKBTRAIL_HOOK_TABLES:
		return ((const struct xt_table *)priv)->name;
	case SKBTRAIL_HOOK_EBTABLES:
		return ((const struct ebt_table *)priv)->name;
	default:
		return NULL;
	}
}

void skbtrail_hook_note(struct skbtrail_visit *v, const void *fn, const void *priv,
			enum skbtrail_hook_kind kind)
{
	const char *table = table_of(priv, kind);

	v->entered[v->nr % SKBTRAIL_ENTERED].fn = fn;
	v->entered[v->nr % SKBTRAIL_ENTERED].priv = priv;
	if (table) {
		/* a base chain that the same hook may have called before is through */
		v->depth = 0;
		v->table = table;
		v->xt_nr = v->nr;
		v->xt_depth = 0;
		v->xt_deep = false;
		v->xt_unsure = false;
		v->xt_info = kind == SKBTRAIL_HOOK_TABLES ?
			     READ_ONCE(((const struct xt_table *)priv)->private) : NULL;
	}
	v->nr++;
}

/* where in its point a hook is: -1 nowhere, -2 more than once */
int skbtrail_hook_place(const struct nf_hook_entries *e, const void *fn, const void *priv)
{
	unsigned int i;
	int found = -1;

	for (i = 0; i < e->num_hook_entries; i++) {
		if (e->hooks[i].hook != fn || e->hooks[i].priv != priv)
			continue;
		if (found >= 0)
			return -2;
		found = i;
	}
	return found;
}

/*
 * The place of the hook entered last, @nr the number of that entry; -1 none was,
 * -2 it cannot be told. What is no hook here was called by the one before.
 */
static int entered_last(const struct skbtrail_visit *v, u32 *nr)
{
	const struct skbtrail_entered *e;
	int place;
	u32 i;

	for (i = 1; i <= min_t(u32, v->nr, SKBTRAIL_ENTERED); i++) {
		*nr = v->nr - i;
		e = &v->entered[*nr % SKBTRAIL_ENTERED];
		place = skbtrail_hook_place(v->hooks, e->fn, e->priv);
		if (place != -1)
			return place;
	}
	return v->nr > SKBTRAIL_ENTERED ? -2 : -1;
}

/*
 * Hooks are run in their order: it was the one entered last, or one behind it
 * whose calls are not seen, up to the next whose calls are. -1: not known.
 */
static int dropped_by(const struct skbtrail_visit *v, int last)
{
	int i;

	if (last == -2)
		return -1;
	for (i = last + 1; i < v->hooks->num_hook_entries; i++) {
		if (skbtrail_nf_never_drops(v->hooks, i))
			continue;
		if (skbtrail_attach_hook_watched(v->hooks->hooks[i].hook))
			break;
		/* any of two can have done it */
		if (last >= 0)
			return -1;
		last = i;
	}
	/* one that came to be watched meanwhile may have been entered before */
	return v->hooks_gen == skbtrail_attach_hooks_gen() ? last : -1;
}

/*
 * Of the hooks that call their table (the one entered as @nr), those at LOCAL_OUT look for another
 * route behind it, and drop what finds none. A policy that lets pass never drops.
 */
static bool drops_behind_rules(const struct skbtrail_visit *v, u32 nr)
{
	if (v->xt_depth && v->xt_policy && v->xt_said != SKBTRAIL_VERDICT_SAID_DROP)
		return true;
	return v->xt_nr > nr && v->where.hook == NF_INET_LOCAL_OUT && !skbtrail_xt_drops(v);
}

/* fills in which hook it was; whether that runs rules of x_tables, and nothing ran since */
static bool find_hook(const struct skbtrail_visit *v, struct skbtrail_rec_verdict *head)
{
	const struct nf_hook_ops *ops;
	int place, last;
	u32 nr;

	/* the point that was noted may not be the one we are in */
	if (v->hook_epoch != skbtrail_attach_why_missed())
		return false;
	last = entered_last(v, &nr);
	place = dropped_by(v, last);
	if (place < 0)
		return false;
	ops = nf_hook_entries_get_hook_ops(v->hooks)[place];
	head->symbol = skbtrail_symbol(v->hooks->hooks[place].hook);
	head->priority = ops->priority;
	if (v->hooks->hooks[place].hook == v->actor.fn)
		head->detail = v->actor.why;
	return place == last && v->table && v->xt_nr >= nr && !drops_behind_rules(v, nr);
}

void skbtrail_hook_tell(const struct skbtrail_visit *v, const struct skbtrail_life *life, u64 ns)
{
	struct skbtrail_rec_verdict head = skbtrail_record_head(&v->where, life, ns);
	unsigned long bits = life->sessions;
	const char *chain = NULL;
	struct skbtrail_lane *lane;

	if (find_hook(v, &head)) {
		head.engine = SKBTRAIL_VERDICT_ENGINE_XTABLES;
		head.cause = skbtrail_xt_cause(v);
		head.steps = skbtrail_xt_steps(v, head.cause);
		chain = skbtrail_xt_first_chain(v);
	}
	while ((lane = skbtrail_next_lane(&bits)))
		skbtrail_record_hook(lane, v, &head, chain);
}

/* hooks behind the actor whose calls are not seen can have done what it is taken to have */
bool skbtrail_hook_certain(const struct skbtrail_visit *v, int end)
{
	int i = skbtrail_hook_place(v->hooks, v->actor.fn, v->actor.priv);

	if (i < 0 || v->hooks_gen != skbtrail_attach_hooks_gen())
		return false;
	for (i++; i < end; i++)
		if (!skbtrail_nf_never_drops(v->hooks, i) &&
		    !skbtrail_attach_hook_watched(v->hooks->hooks[i].hook))
			return false;
	return true;
}
