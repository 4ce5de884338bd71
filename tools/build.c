// SPDX-License-Identifier: GPL-2.0
/*
 * From the events of a flight to a trail: sort by time, walk once with the
 * facts known so far in hand, note at each hit what changed.
 */
#include "flight.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "clean.h"
#include "complain.h"

/**
 * struct walk - State of the walk over the events.
 * @now: facts that hold at this moment
 * @place: where the packet is
 * @first_inum: first namespace that was told, 0 none
 * @seen: a hit was passed at which the packet existed
 * @pending: first change that belongs to no hit yet
 * @rule: rewrite rule whose changes are being told, 0 none
 * @inside: changes belong to the last deed, and to this hit; NULL: to the next one
 */
struct walk {
	struct trail *t;
	const struct flight *f;
	const struct names *names;
	uint64_t *damaged;
	struct facts now;
	struct place place;
	uint32_t first_inum;
	bool seen;
	struct hit *inside;
	size_t cap_changes;
	size_t cap_deeds;
	size_t cap_done;
	size_t pending;
	struct skbtrail_fact_rewrite rule;
};

bool hit_awaits(const struct hit *h)
{
	return h->ctx & SKBTRAIL_CTX_EARLIER &&
	       h->direction == SKBTRAIL_DIRECTION_IN;
}

bool trail_passed(const struct trail *t, const char *stage)
{
	return trail_last(t, stage);
}

const struct hit *trail_last(const struct trail *t, const char *stage)
{
	size_t i;

	for (i = t->nr_hits; i--;)
		if (t->hits[i].stage && !strcmp(t->hits[i].stage, stage))
			return &t->hits[i];
	return NULL;
}

void trail_release(struct trail *t)
{
	while (t->nr_deeds)
		free(t->deeds[--t->nr_deeds].v);
	free(t->deeds);
	free(t->done);
	free(t->hits);
	free(t->changes);
}

static int by_time(const void *va, const void *vb)
{
	const struct event *a = va, *b = vb;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* What a packet record tells describes the packet; but these are events. */
static bool tells_at_first(unsigned int id)
{
	return id == SKBTRAIL_FACT_ROUTE || id == SKBTRAIL_FACT_NEIGH;
}

static void add_change(struct walk *w, unsigned int id, const struct value *old,
		       const struct value *new)
{
	struct trail *t = w->t;
	size_t first = w->inside ? w->inside->changes : w->pending;
	size_t i = t->nr_changes;

	/* two changes of a fact before one hit are one change to it, unless a rule made one */
	while (i > first && t->changes[i - 1].fact != id)
		i--;
	if (i > first && !t->changes[i - 1].rule && !w->rule.rule) {
		t->changes[i - 1].new = *new;
		return;
	}
	t->changes = grow(t->changes, t->nr_changes, &w->cap_changes,
			  sizeof(*t->changes));
	t->changes[t->nr_changes++] = (struct change) {
		.fact = id, .old = *old, .new = *new, .rule = w->rule.rule,
		.dry = w->rule.flags & SKBTRAIL_REWRITE_DRY,
	};
}

static void add_done(struct walk *w, unsigned int id, const struct value *old,
		     const struct value *new)
{
	struct trail *t = w->t;

	t->done = grow(t->done, t->nr_done, &w->cap_done, sizeof(*t->done));
	t->done[t->nr_done++] = (struct change) { .fact = id, .old = *old, .new = *new };
	t->deeds[t->nr_deeds - 1].nr_changes++;
}

/* what conntrack could make nothing of, it said in the namespace that is left */
static void leave_netns(struct walk *w)
{
	struct value *v = &w->now.v[SKBTRAIL_FACT_CT];
	struct skbtrail_fact_ct ct;

	if (fact_copy(v, &ct, sizeof(ct)) && ct.state == SKBTRAIL_CT_STATE_INVALID)
		*v = (struct value) { 0 };
}

static void enter_place(struct walk *w, unsigned int id, const struct value *v)
{
	struct skbtrail_fact_netns netns;
	struct skbtrail_fact_dev dev;

	if (id == SKBTRAIL_FACT_DEV) {
		fact_copy(v, &dev, sizeof(dev));
		clean_text(w->place.dev, sizeof(w->place.dev), dev.name,
			   sizeof(dev.name));
		/* a device that is gone says nothing about the namespace */
		if (v->len)
			w->place.inum = dev.inum;
	} else if (id == SKBTRAIL_FACT_NETNS && v->len) {
		fact_copy(v, &netns, sizeof(netns));
		w->place.inum = netns.inum;
		w->place.dev[0] = '\0';
	}
	if (!w->first_inum)
		w->first_inum = w->place.inum;
}

static void move_place(struct walk *w, unsigned int id, const struct value *v)
{
	uint32_t before = w->place.inum;

	enter_place(w, id, v);
	if (before && before != w->place.inum)
		leave_netns(w);
}

/* What the packet record did not tell of the headers was not in them. */
static bool was_absent(const struct trail *t, unsigned int id)
{
	switch (id) {
	case SKBTRAIL_FACT_SADDR:
	case SKBTRAIL_FACT_DADDR:
	case SKBTRAIL_FACT_PROTO:
	case SKBTRAIL_FACT_SPORT:
	case SKBTRAIL_FACT_DPORT:
	case SKBTRAIL_FACT_TTL:
	case SKBTRAIL_FACT_TOS:
		return t->first.v[SKBTRAIL_FACT_L3PROTO].len;
	default:
		return false;
	}
}

static void learn(struct walk *w, unsigned int id, const struct value *v,
		  bool first)
{
	struct value *now = &w->now.v[id];

	if (fact_equal(now, v))
		return;
	if (!first || tells_at_first(id))
		add_change(w, id, now, v);
	if (w->inside)
		add_done(w, id, now, v);
	*now = *v;
	if (!w->t->first.v[id].len && (first || !was_absent(w->t, id)))
		w->t->first.v[id] = *v;
	move_place(w, id, v);
}

static void take_bytes(struct trail *t, const struct fact *fact)
{
	if (t->bytes)
		return;
	t->bytes = fact->value;
	t->bytes_len = fact->len;
}

/* What a rule changed, or would have: the kernel sees the rest of it at the next stage. */
static void learn_rewrite(struct walk *w, unsigned int id, const struct value *v)
{
	struct value old, new;

	if (fact_halves(id, v, &old, &new))
		add_change(w, id, &old, &new);
	else if (id == SKBTRAIL_FACT_CORRUPT || id == SKBTRAIL_FACT_DROP)
		add_change(w, id, &(struct value) { 0 }, v);
	else if (!(w->rule.flags & SKBTRAIL_REWRITE_DRY))
		learn(w, id, v, false);
	else if (!fact_equal(&w->now.v[id], v))
		add_change(w, id, &w->now.v[id], v);
}

static void learn_fact(struct walk *w, unsigned int id, const struct value *v, bool first)
{
	if (id == SKBTRAIL_FACT_REWRITE)
		fact_copy(v, &w->rule, sizeof(w->rule));
	else if (w->rule.rule)
		learn_rewrite(w, id, v);
	else
		learn(w, id, v, first);
}

static void walk_facts(struct walk *w, const struct event *e, bool first)
{
	struct cursor c = { w->f->facts + e->facts, e->facts_len };
	enum decoded got;
	struct value v;
	struct fact fact;

	while ((got = decode_fact(&c, &fact)) == DECODED_RECORD) {
		if (fact.id == SKBTRAIL_FACT_BYTES) {
			take_bytes(w->t, &fact);
			continue;
		}
		switch (fact_take(&fact, &v)) {
		case DECODED_RECORD:
			learn_fact(w, fact.id, &v, first);
			break;
		case DECODED_DAMAGED:
			++*w->damaged;
			break;
		case DECODED_END:
			break;
		}
	}
	if (got == DECODED_DAMAGED)
		++*w->damaged;
	w->rule = (struct skbtrail_fact_rewrite) { 0 };
}

static void add_hit(struct walk *w, const struct event *e)
{
	const struct name *stage = names_get(w->names, SKBTRAIL_DICT_STAGE,
					     e->stage);
	struct trail *t = w->t;
	struct hit *h = &t->hits[t->nr_hits++];

	*h = (struct hit) {
		.ns = e->ns, .cpu = e->cpu, .len = e->len, .info = e->info,
		.ctx = e->ctx, .stage_id = e->stage, .point_id = e->point,
		.stage = stage ? stage->text : NULL,
		.layer = stage ? stage->info & 0xff : 0,
		.direction = stage ? stage->info >> 8 & 0xff : 0,
		.func = names_text(w->names, SKBTRAIL_DICT_POINT, e->point),
		.place = w->place,
	};
	/* before the packet existed it was on no device */
	if (e->ctx & SKBTRAIL_CTX_EARLIER && !w->seen) {
		memset(&h->place, 0, sizeof(h->place));
		return;
	}
	w->seen = true;
	h->changes = w->pending;
	h->nr_changes = t->nr_changes - w->pending;
	w->pending = t->nr_changes;
}

/* What a packet meets without leaving the point it is in. */
static bool is_aside(const struct hit *h)
{
	static const char *const stages[] = { "icmp.error", "tcp.reset", "packet.rcv" };
	size_t i;

	for (i = 0; h->stage && i < ARRAY_SIZE(stages); i++)
		if (!strcmp(h->stage, stages[i]))
			return true;
	return h->layer == SKBTRAIL_LAYER_LIFE;
}

/* The hit of the netfilter point the packet may still be in; NULL: it is elsewhere. */
static const struct hit *last_point(const struct trail *t)
{
	const struct hit *h;
	size_t i;

	for (i = t->nr_hits; i--;) {
		h = &t->hits[i];
		if (!is_aside(h))
			return !h->layer || h->layer == SKBTRAIL_LAYER_NETFILTER ? h : NULL;
	}
	return NULL;
}

/* Whether a hit is that of the point where something was done: that need not be shown. */
static bool is_point(const struct hit *h, const struct skbtrail_rec_verdict *v)
{
	return h && (!h->info || (h->info & 0xff) == v->hook);
}

/* Who did what, at the point the packet is at; what was changed follows. */
static void add_deed(struct walk *w, const struct event *e)
{
	struct trail *t = w->t;
	struct record rec = { .kind = SKBTRAIL_REC_KIND_VERDICT };
	const uint8_t *at = w->f->facts + e->facts;
	const struct hit *h = last_point(t);
	struct verdict *v;

	if (e->facts_len < sizeof(rec.verdict))
		return;
	memcpy(&rec.verdict, at, sizeof(rec.verdict));
	if (!is_point(h, &rec.verdict))
		return;
	rec.body = at + sizeof(rec.verdict);
	rec.body_len = e->facts_len - sizeof(rec.verdict);
	v = verdict_take(&rec);
	if (!v) {
		++*w->damaged;
		return;
	}
	verdict_name(v, w->names);
	t->deeds = grow(t->deeds, t->nr_deeds, &w->cap_deeds, sizeof(*t->deeds));
	t->deeds[t->nr_deeds++] = (struct deed) {
		.v = v, .hit = h - t->hits, .changes = t->nr_done,
	};
}

/* The first send calls, in the order of their bytes; of read calls the last: it took the rest. */
static void add_call(struct walk *w, const struct event *e)
{
	struct skbtrail_rec_call call;
	struct trail *t = w->t;

	if (e->facts_len != sizeof(call))
		return;
	memcpy(&call, w->f->facts + e->facts, sizeof(call));
	if (call.way == SKBTRAIL_CALL_WAY_READ)
		t->read = call;
	else if (call.way == SKBTRAIL_CALL_WAY_SEND && t->nr_sends < TRAIL_SENDS)
		t->sends[t->nr_sends++] = call;
}

/*
 * Whether changes were made at the point of the last hit, by the hook that was told with
 * them; that may be lost, and the one before is another.
 */
static bool is_inside(const struct walk *w, const struct event *e)
{
	const struct trail *t = w->t;
	const struct deed *last;
	const struct hit *h;

	if (!(e->ctx & SKBTRAIL_FACTS_INSIDE) || !t->nr_deeds || w->pending != t->nr_changes)
		return false;
	h = last_point(t);
	/* they stand together */
	if (!h || (h->nr_changes && h->changes + h->nr_changes != t->nr_changes))
		return false;
	last = &t->deeds[t->nr_deeds - 1];
	return last->v->rec.ns == e->ns && t->hits + last->hit == h &&
	       last->v->rec.action == SKBTRAIL_VERDICT_ACTION_CHANGE && h->stage_id == e->stage;
}

static void walk_inside(struct walk *w, const struct event *e)
{
	struct trail *t = w->t;
	struct hit *h = &t->hits[t->deeds[t->nr_deeds - 1].hit];

	if (!h->nr_changes)
		h->changes = t->nr_changes;
	w->inside = h;
	walk_facts(w, e, false);
	w->inside = NULL;
	h->nr_changes = t->nr_changes - h->changes;
	w->pending = t->nr_changes;
}

/*
 * Only a device leads from one namespace to another, so before the first one
 * that is known the packet, and the call that made it, were in the same. A
 * call that waits for the packet is in the one where it arrives.
 */
static void fill_namespaces(struct walk *w)
{
	uint32_t first = w->first_inum;
	size_t i;

	for (i = 0; i < w->t->nr_hits; i++) {
		struct hit *h = &w->t->hits[i];

		if (!h->place.inum)
			h->place.inum = hit_awaits(h) ? w->place.inum : first;
	}
}

/* Changes told after the last hit belong to it. */
static void adopt_rest(struct walk *w)
{
	struct trail *t = w->t;
	struct hit *h;

	if (!t->nr_hits || w->pending == t->nr_changes)
		return;
	h = &t->hits[t->nr_hits - 1];
	if (!h->nr_changes)
		h->changes = w->pending;
	h->nr_changes = t->nr_changes - h->changes;
}

/*
 * The packet record describes the packet before anything is told of it, also
 * where hits of an earlier time come with it.
 */
static const struct event *describe(struct walk *w)
{
	size_t i;

	for (i = 0; i < w->f->nr_events; i++) {
		const struct event *e = &w->f->events[i];

		if (e->kind != SKBTRAIL_REC_KIND_PACKET)
			continue;
		walk_facts(w, e, true);
		return e;
	}
	w->t->headless = true;
	return NULL;
}

static void walk_events(struct walk *w)
{
	const struct event *packet = describe(w);
	size_t i;

	for (i = 0; i < w->f->nr_events; i++) {
		const struct event *e = &w->f->events[i];

		if (e->kind == SKBTRAIL_REC_KIND_HIT)
			add_hit(w, e);
		else if (e->kind == SKBTRAIL_REC_KIND_VERDICT)
			add_deed(w, e);
		else if (e->kind == SKBTRAIL_REC_KIND_CALL)
			add_call(w, e);
		else if (e != packet && is_inside(w, e))
			walk_inside(w, e);
		else if (e != packet)
			walk_facts(w, e, false);
	}
	adopt_rest(w);
	fill_namespaces(w);
	w->t->last = w->now;
}

/* Stages that see the packet with its network header and nothing before it. */
static bool sees_whole(const struct hit *h)
{
	static const char *const stages[] = {
		"ip.rcv", "nf.prerouting", "nf.local_in", "nf.local_out",
		"nf.forward", "nf.postrouting", "ip.local_out", "ip.output",
		"ip.forward", "ip.finish", "arp.rcv",
	};
	size_t i;

	for (i = 0; h->stage && i < ARRAY_SIZE(stages); i++)
		if (!strcmp(h->stage, stages[i]))
			return h->len;
	return false;
}

static uint32_t packet_length(const struct trail *t)
{
	size_t i;

	for (i = 0; i < t->nr_hits; i++)
		if (sees_whole(&t->hits[i]))
			return t->hits[i].len;
	for (i = 0; i < t->nr_hits; i++)
		if (t->hits[i].len)
			return t->hits[i].len;
	return 0;
}

static bool creates(const struct hit *h)
{
	return h->stage && !strcmp(h->stage, "sock.create");
}

/*
 * A socket may have been created, and a reader may have waited, long before
 * there was anything to send: that is no part of the packet's time.
 */
static uint64_t start_of(const struct trail *t, const struct flight *f)
{
	size_t i;

	for (i = 0; i < t->nr_hits; i++)
		if (!hit_awaits(&t->hits[i]) && !creates(&t->hits[i]))
			return t->hits[i].ns;
	return t->nr_hits ? t->hits[0].ns : f->first_ns;
}

static void build_end(struct trail *t, const struct flight *f,
		      const struct names *names)
{
	const struct hit *copied = trail_last(t, "sock.copy");
	const struct hit *queued = trail_last(t, "sock.queue");

	t->end = f->end.end ? f->end.end : SKBTRAIL_END_KIND_OPEN;
	t->end_ns = f->end.end ? f->end.ns : f->last_ns;
	t->reason = f->end.reason;
	if (t->end == SKBTRAIL_END_KIND_DROPPED)
		t->reason_name = names_text(names, SKBTRAIL_DICT_REASON,
					    f->end.reason);
	if (t->end == SKBTRAIL_END_KIND_DROPPED && f->verdict) {
		verdict_name(f->verdict, names);
		t->verdict = f->verdict;
	}
	if (t->end == SKBTRAIL_END_KIND_UNKNOWN)
		t->unknown = f->end.reason;
	if (f->end.symbol)
		t->symbol = names_text(names, SKBTRAIL_DICT_SYMBOL,
				       f->end.symbol);
	for (; t->depth < f->depth; t->depth++)
		t->stack[t->depth] = names_text(names, SKBTRAIL_DICT_SYMBOL, f->stack[t->depth]);
	/* without an end record, its stage member says nothing */
	if (f->end.end)
		t->where = names_text(names, SKBTRAIL_DICT_STAGE, f->end.stage);
	if (!t->where && t->nr_hits)
		t->where = t->hits[t->nr_hits - 1].stage;
	/* its memory is freed whenever the kernel likes; it was delivered when read */
	if (t->end == SKBTRAIL_END_KIND_DELIVERED && copied)
		t->end_ns = copied->ns;
	if (t->end_ns < t->start_ns)
		t->end_ns = t->start_ns;
	if (t->end == SKBTRAIL_END_KIND_DELIVERED && copied && queued && queued->ns < copied->ns)
		t->queued_ns = copied->ns - queued->ns;
}

void trail_build(struct trail *t, struct flight *f, const struct names *names,
		 uint64_t *damaged)
{
	struct walk w = {
		.t = t, .f = f, .names = names, .damaged = damaged,
	};

	memset(t, 0, sizeof(*t));
	t->id = f->id;
	t->hits = xcalloc(f->nr_hits, sizeof(*t->hits));
	if (f->nr_events)
		qsort(f->events, f->nr_events, sizeof(*f->events), by_time);
	walk_events(&w);
	t->start_ns = start_of(t, f);
	t->len = packet_length(t);
	t->skipped = f->skipped;
	t->links = f->links.v;
	t->nr_links = f->links.nr;
	t->linked_by = f->linked_by.v;
	t->nr_linked_by = f->linked_by.nr;
	build_end(t, f, names);
}
