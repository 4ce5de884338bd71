// SPDX-License-Identifier: GPL-2.0
/*
 * Trails in flight. A trail is finished when its end was told and a mark has
 * passed it, because only then all CPUs have sent what they know of it.
 *
 * Memory is bounded on an endless stream and on a hostile recording: finished
 * trails are freed, each keeps so many records at most, and when too many are
 * in flight, the one that was quiet longest is given up.
 */
#include "assembly.h"

#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "flight.h"
#include "gaps.h"

#define BUCKETS		65536
#define MAX_FLIGHTS	131072
#define MAX_BYTES	0x20000000
#define MAX_HITS	4096	/* of one trail; further ones are counted */
#define MAX_EVENTS	(2ul * MAX_HITS)
#define MAX_FACTS	0x100000	/* bytes of facts of one trail */
#define MAX_LINKS	1024
#define RECENT		65536

/* A read call returns, and is told, shortly after it freed the packet. */
#define GRACE_NS	10000000ull

struct assembly {
	const struct names *names;
	void (*finished)(void *arg, struct trail *t);
	void *arg;
	struct flight *bucket[BUCKETS];
	struct flight quiet;		/* head of a ring: older is the newest */
	size_t nr;
	size_t limit;
	size_t bytes;
	struct flight **ended;
	size_t nr_ended;
	size_t cap_ended;
	struct gaps gaps;
	uint64_t recent[RECENT];	/* ids of trails finished last */
	uint64_t damaged;
	uint64_t late;
	int64_t real_offset;
};

static size_t hash(uint64_t id)
{
	return (id * 0x9e3779b97f4a7c15ull) >> 48;
}

struct assembly *assembly_new(const struct names *names,
			      void (*finished)(void *arg, struct trail *t),
			      void *arg)
{
	struct assembly *a = xcalloc(1, sizeof(*a));

	a->names = names;
	a->finished = finished;
	a->arg = arg;
	a->limit = MAX_FLIGHTS;
	a->quiet.newer = &a->quiet;
	a->quiet.older = &a->quiet;
	return a;
}

void assembly_limit(struct assembly *a, size_t flights)
{
	a->limit = flights;
}

uint64_t assembly_damaged(const struct assembly *a)
{
	return a->damaged;
}

uint64_t assembly_late(const struct assembly *a)
{
	return a->late;
}

static size_t flight_bytes(const struct flight *f)
{
	return sizeof(*f) + (f->verdict ? sizeof(*f->verdict) : 0) +
	       f->cap_events * sizeof(*f->events) + f->cap_facts +
	       (f->links.cap + f->linked_by.cap) * sizeof(*f->links.v);
}

static void ring_remove(struct flight *f)
{
	f->older->newer = f->newer;
	f->newer->older = f->older;
}

static void ring_add(struct assembly *a, struct flight *f)
{
	f->newer = &a->quiet;
	f->older = a->quiet.older;
	f->older->newer = f;
	a->quiet.older = f;
}

static void flight_free(struct assembly *a, struct flight *f)
{
	struct flight **p = &a->bucket[hash(f->id)];

	while (*p != f)
		p = &(*p)->hash_next;
	*p = f->hash_next;
	ring_remove(f);
	a->nr--;
	a->bytes -= flight_bytes(f);
	free(f->events);
	free(f->facts);
	free(f->links.v);
	free(f->linked_by.v);
	free(f->verdict);
	free(f);
}

void assembly_free(struct assembly *a)
{
	while (a->quiet.newer != &a->quiet)
		flight_free(a, a->quiet.newer);
	free(a->ended);
	free(a);
}

static void finish(struct assembly *a, struct flight *f, uint8_t unknown)
{
	struct trail t;

	trail_build(&t, f, a->names, &a->damaged);
	if (unknown && !f->end.end) {
		t.end = SKBTRAIL_END_KIND_UNKNOWN;
		t.unknown = unknown;
	}
	t.lost = gaps_lost(&a->gaps, t.start_ns, t.end_ns);
	t.real_offset = a->real_offset;
	a->finished(a->arg, &t);
	trail_release(&t);
	a->recent[hash(f->id) % RECENT] = f->id;
	flight_free(a, f);
}

static void forget_ended(struct assembly *a, const struct flight *f)
{
	size_t i;

	for (i = 0; i < a->nr_ended; i++) {
		if (a->ended[i] != f)
			continue;
		a->ended[i] = a->ended[--a->nr_ended];
		return;
	}
}

static void make_room(struct assembly *a)
{
	while (a->nr > 1 && (a->nr > a->limit || a->bytes > MAX_BYTES)) {
		struct flight *f = a->quiet.newer;

		if (f->end.end)
			forget_ended(a, f);
		finish(a, f, UNKNOWN_CROWDED);
	}
}

static struct flight *flight_find(struct assembly *a, uint64_t id)
{
	struct flight *f = a->bucket[hash(id)];

	while (f && f->id != id)
		f = f->hash_next;
	return f;
}

static struct flight *flight_get(struct assembly *a, uint64_t id, uint64_t ns)
{
	struct flight **bucket = &a->bucket[hash(id)];
	struct flight *f = flight_find(a, id);

	if (f) {
		ring_remove(f);
		ring_add(a, f);
		if (ns < f->first_ns)
			f->first_ns = ns;
		if (ns > f->last_ns)
			f->last_ns = ns;
		return f;
	}
	if (a->recent[hash(id) % RECENT] == id) {
		a->late++;
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->id = id;
	f->first_ns = ns;
	f->last_ns = ns;
	f->born_ns = UINT64_MAX;
	f->hash_next = *bucket;
	*bucket = f;
	ring_add(a, f);
	a->nr++;
	a->bytes += sizeof(*f);
	make_room(a);
	return f;
}

static struct event *add_event(struct assembly *a, struct flight *f)
{
	struct event *e;

	a->bytes -= flight_bytes(f);
	f->events = grow(f->events, f->nr_events, &f->cap_events,
			 sizeof(*f->events));
	a->bytes += flight_bytes(f);
	e = &f->events[f->nr_events];
	memset(e, 0, sizeof(*e));
	e->order = f->nr_events++;
	return e;
}

static void take_hit(struct assembly *a, const struct skbtrail_rec_hit *hit,
		     uint32_t cpu)
{
	struct flight *f = flight_get(a, hit->trail, hit->ns);
	struct event *e;

	if (!f)
		return;
	if (f->nr_hits == MAX_HITS) {
		f->skipped++;
		return;
	}
	f->nr_hits++;
	if (!(hit->ctx & SKBTRAIL_CTX_EARLIER) && hit->ns < f->born_ns)
		f->born_ns = hit->ns;
	e = add_event(a, f);
	e->kind = SKBTRAIL_REC_KIND_HIT;
	e->ns = hit->ns;
	e->cpu = cpu;
	e->len = hit->len;
	e->info = hit->info;
	e->point = hit->point;
	e->stage = hit->stage;
	e->ctx = hit->ctx;
}

/* Returns room for @len more bytes of facts. */
static uint8_t *more_facts(struct assembly *a, struct flight *f, size_t len)
{
	uint8_t *at;

	a->bytes -= flight_bytes(f);
	while (f->cap_facts < f->len_facts + len)
		f->cap_facts = f->cap_facts ? f->cap_facts * 2 : 256;
	f->facts = xrealloc(f->facts, f->cap_facts, 1);
	a->bytes += flight_bytes(f);
	at = f->facts + f->len_facts;
	f->len_facts += len;
	return at;
}

/*
 * Keeps what a record tells: @len bytes of @head, and its body behind them. NULL
 * where that is too much for one trail.
 */
static struct event *keep(struct assembly *a, struct flight *f, const struct record *rec,
			  uint64_t ns, const void *head, size_t len)
{
	struct event *e;
	uint8_t *at;

	if (f->nr_events >= MAX_EVENTS || f->len_facts + len + rec->body_len > MAX_FACTS) {
		f->skipped++;
		return NULL;
	}
	e = add_event(a, f);
	e->kind = rec->kind;
	e->ns = ns;
	e->facts = f->len_facts;
	e->facts_len = len + rec->body_len;
	at = more_facts(a, f, e->facts_len);
	if (len)
		memcpy(at, head, len);
	if (rec->body_len)
		memcpy(at + len, rec->body, rec->body_len);
	return e;
}

static void take_facts(struct assembly *a, const struct record *rec,
		       uint32_t cpu)
{
	struct flight *f = flight_get(a, rec->facts.trail, rec->facts.ns);
	struct event *e = f ? keep(a, f, rec, rec->facts.ns, NULL, 0) : NULL;

	if (!e)
		return;
	e->cpu = cpu;
	e->point = rec->facts.point;
	e->stage = rec->facts.stage;
	e->ctx = rec->facts.flags;
}

/* Adds to one list of @f the link to @other; returns whether there was room. */
static bool add_link(struct assembly *a, const struct flight *f, struct links *list,
		     const struct skbtrail_rec_link *link, uint64_t other)
{
	if (list->nr == MAX_LINKS)
		return false;
	a->bytes -= flight_bytes(f);
	list->v = grow(list->v, list->nr, &list->cap, sizeof(*list->v));
	a->bytes += flight_bytes(f);
	list->v[list->nr++] = (struct link) {
		.kind = link->link, .trail = other, .info = link->info,
		.place = link->place, .of = link->of,
	};
	return true;
}

static void take_link(struct assembly *a, const struct skbtrail_rec_link *link)
{
	struct flight *f = flight_get(a, link->trail, link->ns);
	struct flight *parent;

	if (!f || !add_link(a, f, &f->links, link, link->parent))
		return;
	/* the other one may be finished, or not followed: it is not made up */
	parent = flight_find(a, link->parent);
	if (parent)
		add_link(a, parent, &parent->linked_by, link, link->trail);
}

static void take_call(struct assembly *a, const struct record *rec)
{
	struct flight *f = flight_get(a, rec->call.trail, rec->call.ns);

	if (f)
		keep(a, f, rec, rec->call.ns, &rec->call, sizeof(rec->call));
}

static void take_stack(struct assembly *a, const struct record *rec)
{
	struct flight *f = flight_get(a, rec->stack.trail, rec->stack.ns);
	size_t len = rec->stack.depth * sizeof(f->stack[0]);

	if (!f)
		return;
	if (rec->stack.depth > SKBTRAIL_MAX_STACK || len > rec->body_len) {
		a->damaged++;
		return;
	}
	memcpy(f->stack, rec->body, len);
	f->depth = rec->stack.depth;
}

static void take_verdict(struct assembly *a, const struct record *rec)
{
	struct flight *f = flight_get(a, rec->verdict.trail, rec->verdict.ns);
	struct verdict *v;

	if (!f)
		return;
	/* what was done is a step on the way, and kept as it was told until the end */
	if (rec->verdict.action != SKBTRAIL_VERDICT_ACTION_DROP) {
		keep(a, f, rec, rec->verdict.ns, &rec->verdict, sizeof(rec->verdict));
		return;
	}
	v = verdict_take(rec);
	if (!v) {
		a->damaged++;
		return;
	}
	a->bytes -= flight_bytes(f);
	free(f->verdict);
	f->verdict = v;
	a->bytes += flight_bytes(f);
}

static void take_end(struct assembly *a, const struct skbtrail_rec_end *end)
{
	struct flight *f = flight_get(a, end->trail, end->ns);

	/* the first end is the true one; 0 is none */
	if (!f || f->end.end || !end->end)
		return;
	f->end = *end;
	a->ended = grow(a->ended, a->nr_ended, &a->cap_ended,
			sizeof(*a->ended));
	a->ended[a->nr_ended++] = f;
}

void assembly_record(struct assembly *a, const struct record *rec, uint32_t cpu)
{
	switch (rec->kind) {
	case SKBTRAIL_REC_KIND_HIT:
		take_hit(a, &rec->hit, cpu);
		break;
	case SKBTRAIL_REC_KIND_PACKET:
	case SKBTRAIL_REC_KIND_CHANGE:
		take_facts(a, rec, cpu);
		break;
	case SKBTRAIL_REC_KIND_LINK:
		take_link(a, &rec->link);
		break;
	case SKBTRAIL_REC_KIND_VERDICT:
		take_verdict(a, rec);
		break;
	case SKBTRAIL_REC_KIND_CALL:
		take_call(a, rec);
		break;
	case SKBTRAIL_REC_KIND_STACK:
		take_stack(a, rec);
		break;
	case SKBTRAIL_REC_KIND_END:
		take_end(a, &rec->end);
		break;
	}
}

void assembly_gap(struct assembly *a, uint64_t first, uint64_t last,
		  uint64_t count)
{
	gaps_add(&a->gaps, first, last, count);
}

/*
 * Gaps that ended before every trail in flight began concern nobody any more,
 * nor do they concern a trail that is still to come: it begins after @mark.
 */
static void drop_gaps(struct assembly *a, uint64_t mark)
{
	uint64_t oldest = mark;
	struct flight *f;

	if (!a->gaps.nr)
		return;
	for (f = a->quiet.newer; f != &a->quiet; f = f->newer)
		if (f->first_ns < oldest)
			oldest = f->first_ns;
	gaps_drop(&a->gaps, oldest);
}

static int by_start(const void *va, const void *vb)
{
	const struct flight *a = *(struct flight *const *)va;
	const struct flight *b = *(struct flight *const *)vb;

	if (a->born_ns != b->born_ns)
		return a->born_ns < b->born_ns ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* Finishes the first @n of @list, in the order in which they began. */
static void finish_all(struct assembly *a, struct flight **list, size_t n,
		       uint8_t unknown)
{
	size_t i;

	if (n)
		qsort(list, n, sizeof(*list), by_start);
	for (i = 0; i < n; i++)
		finish(a, list[i], unknown);
}

void assembly_mark(struct assembly *a, const struct skbtrail_rec_mark *mark)
{
	struct flight **ready = xcalloc(a->nr_ended, sizeof(*ready));
	size_t i, nr = 0, kept = 0;

	a->real_offset = (int64_t)(mark->real_ns - mark->ns);
	for (i = 0; i < a->nr_ended; i++) {
		struct flight *f = a->ended[i];

		if (mark->ns > GRACE_NS && f->end.ns < mark->ns - GRACE_NS)
			ready[nr++] = f;
		else
			a->ended[kept++] = f;
	}
	a->nr_ended = kept;
	finish_all(a, ready, nr, 0);
	free(ready);
	drop_gaps(a, mark->ns);
}

void assembly_stop(struct assembly *a, bool cut)
{
	struct flight **rest = xcalloc(a->nr, sizeof(*rest));
	struct flight *f;
	size_t nr = 0;

	for (f = a->quiet.newer; f != &a->quiet; f = f->newer)
		rest[nr++] = f;
	a->nr_ended = 0;
	finish_all(a, rest, nr, cut ? UNKNOWN_CUT : 0);
	free(rest);
}
