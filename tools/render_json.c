// SPDX-License-Identifier: GPL-2.0
#include "render.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "array.h"
#include "call.h"
#include "complain.h"
#include "json.h"
#include "lineage.h"
#include "reason.h"
#include "summary.h"

static void add_fact(struct json_object *o, const struct facts *facts,
		     unsigned int id)
{
	if (facts->v[id].len)
		json_add(o, fact_key(id), fact_json(id, &facts->v[id]));
}

static void add_drop(struct json_object *o, const struct trail *t)
{
	const struct reason *reason;
	char buf[32], *text;

	if (t->end != SKBTRAIL_END_KIND_DROPPED)
		return;
	json_add_text(o, "reason", summary_reason(t, buf, sizeof(buf)));
	text = summary_reason_text(t);
	json_add_text(o, "reason_text", text);
	free(text);
	reason = summary_meaning(t);
	if (reason)
		json_add_text(o, "advice", reason->advice);
	if (t->verdict)
		verdict_json(o, t->verdict);
}

static void add_stack(struct json_object *o, const struct trail *t)
{
	struct json_object *list;
	size_t i;

	if (!t->depth)
		return;
	list = json_object_new_array_ext(t->depth);
	for (i = 0; i < t->depth; i++)
		json_object_array_add(list, json_object_new_string(t->stack[i] ? t->stack[i] :
								   "unknown"));
	json_add(o, "stack", list);
}

static void add_end(struct json_object *o, const struct trail *t)
{
	char *sentence = summary_sentence(t, true);

	json_add_number(o, "start_ns", t->start_ns);
	json_add_number(o, "end_ns", t->end_ns);
	if (t->real_offset)
		json_add_number(o, "start_real_ns", t->start_ns + t->real_offset);
	json_add_text(o, "end", summary_end_word(t->end));
	add_drop(o, t);
	json_add_text(o, "where", t->where);
	json_add_text(o, "symbol", t->symbol);
	add_stack(o, t);
	json_add_text(o, "summary", sentence);
	free(sentence);
}

static void add_packet(struct json_object *o, const struct trail *t)
{
	static const uint8_t told[] = {
		SKBTRAIL_FACT_SADDR, SKBTRAIL_FACT_SPORT, SKBTRAIL_FACT_DADDR,
		SKBTRAIL_FACT_DPORT, SKBTRAIL_FACT_TCP, SKBTRAIL_FACT_ICMP,
		SKBTRAIL_FACT_ARP, SKBTRAIL_FACT_TTL, SKBTRAIL_FACT_TOS,
		SKBTRAIL_FACT_IP_ID, SKBTRAIL_FACT_FRAG, SKBTRAIL_FACT_MARK,
		SKBTRAIL_FACT_MAC, SKBTRAIL_FACT_VLAN, SKBTRAIL_FACT_GSO,
	};
	const struct facts *first = &t->first;
	size_t i;

	if (first->v[SKBTRAIL_FACT_L3PROTO].len)
		json_add(o, "family", fact_json(SKBTRAIL_FACT_L3PROTO,
						&first->v[SKBTRAIL_FACT_L3PROTO]));
	add_fact(o, first, SKBTRAIL_FACT_PROTO);
	for (i = 0; i < sizeof(told); i++)
		add_fact(o, first, told[i]);
	json_add_number(o, "len", t->len);
}

/* "bytes": the captured part of the packet in hexadecimal. */
static void add_bytes(struct json_object *o, const struct trail *t)
{
	static const char digits[] = "0123456789abcdef";
	char *hex;
	size_t i;

	if (!t->bytes_len)
		return;
	hex = malloc(t->bytes_len * 2);
	if (!hex)
		return;
	for (i = 0; i < t->bytes_len; i++) {
		hex[i * 2] = digits[t->bytes[i] >> 4];
		hex[i * 2 + 1] = digits[t->bytes[i] & 15];
	}
	json_add(o, "bytes", json_object_new_string_len(hex, t->bytes_len * 2));
	free(hex);
}

static void add_processes(struct json_object *o, const struct trail *t)
{
	const struct value *process = render_process(t);

	if (process)
		json_add(o, "process", fact_json(SKBTRAIL_FACT_SENDER, process));
	add_fact(o, &t->last, SKBTRAIL_FACT_SENDER);
	add_fact(o, &t->last, SKBTRAIL_FACT_READER);
}

static struct json_object *json_link(const struct link *l)
{
	struct json_object *o = json_object_new_object();
	const char *word = summary_link_word(l->kind);

	json_add_text(o, "kind", word ? word : "unknown");
	json_add_number(o, "trail", l->trail);
	if (l->place)
		json_add_number(o, "place", l->place);
	if (l->of)
		json_add_number(o, "of", l->of);
	if (l->kind == SKBTRAIL_LINK_KIND_RETRANSMIT)
		json_add_text(o, "why", lineage_why(l->info) ? lineage_why(l->info) : "unknown");
	return o;
}

static struct json_object *json_links(const struct link *links, size_t n)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_object_array_add(list, json_link(&links[i]));
	return list;
}

/**
 * struct span - What several rules in a row made of one fact, at one place.
 * @fact: enum skbtrail_fact
 * @old: before the first of them
 * @new: behind the last one
 */
struct span {
	uint8_t fact;
	const struct value *old;
	const struct value *new;
};

struct spans {
	struct span *v;
	size_t n;
	size_t cap;
};

static bool same_place(const struct span *span, const struct change *ch)
{
	struct skbtrail_fact_payload a, b;

	if (span->fact != ch->fact)
		return false;
	/* which bit was flipped */
	if (ch->fact == SKBTRAIL_FACT_CORRUPT)
		return fact_equal(span->new, &ch->new);
	if (ch->fact != SKBTRAIL_FACT_PAYLOAD)
		return true;
	fact_copy(span->new, &a, sizeof(a));
	fact_copy(&ch->new, &b, sizeof(b));
	return a.offset == b.offset && a.len == b.len;
}

static void merge(struct spans *all, const struct change *ch)
{
	size_t i;

	for (i = 0; i < all->n && !same_place(&all->v[i], ch); i++)
		;
	if (i < all->n && ch->fact == SKBTRAIL_FACT_CORRUPT) {
		/* flipped twice it is what it was */
		all->v[i] = all->v[--all->n];
		return;
	}
	if (i == all->n) {
		all->v = grow(all->v, all->n, &all->cap, sizeof(*all->v));
		all->v[all->n++] = (struct span) { .fact = ch->fact, .old = &ch->old };
	}
	all->v[i].new = &ch->new;
}

/* only the begin of a long one is told, which need not be where it changed */
static bool told_whole(const struct span *span)
{
	struct skbtrail_fact_payload p;

	if (span->fact != SKBTRAIL_FACT_PAYLOAD)
		return true;
	fact_copy(span->new, &p, sizeof(p));
	return p.len <= sizeof(p.bytes);
}

/* What was changed and changed back, or is told with no difference, is no change. */
static void add_span(struct json_object *o, const struct span *span)
{
	struct json_object *old = fact_json(span->fact, span->old);
	struct json_object *new = fact_json(span->fact, span->new);
	struct json_object *pair;
	char key[64];
	int n;

	if (json_object_equal(old, new) && told_whole(span)) {
		json_object_put(old);
		json_object_put(new);
		return;
	}
	snprintf(key, sizeof(key), "%s", fact_key(span->fact));
	for (n = 2; json_object_object_get_ex(o, key, NULL); n++)
		snprintf(key, sizeof(key), "%s_%d", fact_key(span->fact), n);
	pair = json_object_new_array_ext(2);
	json_object_array_add(pair, old);
	json_object_array_add(pair, new);
	json_add(o, key, pair);
}

/* Of @n changes those of one rewrite rule, or with @rule 0 all but what was a dry run. */
static struct json_object *json_changes(const struct change *ch, size_t n, uint32_t rule)
{
	struct json_object *o = json_object_new_object();
	struct spans all = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		if (rule ? ch[i].rule == rule : !ch[i].dry)
			merge(&all, &ch[i]);
	for (i = 0; i < all.n; i++)
		add_span(o, &all.v[i]);
	free(all.v);
	return o;
}

static void add_changes(struct json_object *o, const struct change *ch, size_t n)
{
	struct json_object *changes = json_changes(ch, n, 0);

	if (json_object_object_length(changes))
		json_add(o, "changes", changes);
	else
		json_object_put(changes);
}

/* Rules change one after the other. */
static void add_rewrites(struct json_object *hit, const struct change *ch, size_t n)
{
	struct json_object *list = json_object_new_array(), *o;
	size_t i, end;

	for (i = 0; i < n; i = end) {
		end = i + 1;
		if (!ch[i].rule)
			continue;
		while (end < n && (!ch[end].rule || ch[end].rule == ch[i].rule))
			end++;
		o = json_object_new_object();
		json_add_number(o, "rule", ch[i].rule);
		json_add_bool(o, "dry_run", ch[i].dry);
		json_add(o, "changes", json_changes(&ch[i], end - i, ch[i].rule));
		json_object_array_add(list, o);
	}
	if (json_object_array_length(list))
		json_add(hit, "rewrites", list);
	else
		json_object_put(list);
}

/* What hooks did at the point of a hit; NULL: nothing that is known. */
static struct json_object *json_deeds(const struct trail *t, size_t hit)
{
	struct json_object *list = NULL, *o;
	const struct deed *d;

	for (d = t->deeds; d < t->deeds + t->nr_deeds; d++) {
		/* what had changed was told already, by a rewrite rule */
		if (d->hit != hit || (d->v->rec.action == SKBTRAIL_VERDICT_ACTION_CHANGE &&
				      !d->nr_changes))
			continue;
		o = json_object_new_object();
		verdict_json_deed(o, d->v);
		add_changes(o, &t->done[d->changes], d->nr_changes);
		if (!list)
			list = json_object_new_array();
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_hit(const struct canvas *c,
				    const struct trail *t, const struct hit *h)
{
	static const struct json_word contexts[] = {
		{ SKBTRAIL_CTX_SOFTIRQ, "softirq" },
		{ SKBTRAIL_CTX_HARDIRQ, "hardirq" },
		{ SKBTRAIL_CTX_KSOFTIRQD, "ksoftirqd" },
		{ SKBTRAIL_CTX_EARLIER, "earlier" },
	};
	struct json_object *o = json_object_new_object();
	struct json_object *deeds = json_deeds(t, h - t->hits);

	json_add_number(o, "ns", h->ns);
	if (h->stage)
		json_add_text(o, "stage", h->stage);
	else
		json_add_number(o, "stage", h->stage_id);
	json_add_text(o, "func", h->func);
	if (h->cpu != NO_CPU)
		json_add_number(o, "cpu", h->cpu);
	json_add_words(o, "ctx", h->ctx, contexts, ARRAY_SIZE(contexts));
	if (h->place.inum)
		json_add_number(o, "netns", h->place.inum);
	json_add_text(o, "netns_name", names_text(c->names, DICT_NETNS, h->place.inum));
	json_add_text(o, "dev", h->place.dev);
	json_add_number(o, "len", h->len);
	if (h->info)
		json_add_number(o, "info", h->info);
	add_changes(o, &t->changes[h->changes], h->nr_changes);
	add_rewrites(o, &t->changes[h->changes], h->nr_changes);
	if (deeds)
		json_add(o, "by", deeds);
	return o;
}

static struct json_object *json_hits(const struct canvas *c,
				     const struct trail *t)
{
	struct json_object *list = json_object_new_array_ext(t->nr_hits);
	size_t i;

	for (i = 0; i < t->nr_hits; i++)
		json_object_array_add(list, json_hit(c, t, &t->hits[i]));
	return list;
}

void render_json(const struct canvas *c, const struct trail *t)
{
	struct json_object *o = json_object_new_object();

	json_add_number(o, "trail", t->id);
	add_end(o, t);
	add_packet(o, t);
	add_bytes(o, t);
	add_processes(o, t);
	add_fact(o, &t->last, SKBTRAIL_FACT_OWNER);
	add_fact(o, &t->last, SKBTRAIL_FACT_ACK);
	call_json(o, t);
	if (t->queued_ns)
		json_add_number(o, "queued_ns", t->queued_ns);
	add_fact(o, &t->last, SKBTRAIL_FACT_QDISC);
	add_fact(o, &t->last, SKBTRAIL_FACT_CT);
	add_fact(o, &t->last, SKBTRAIL_FACT_CT_ORIG);
	add_fact(o, &t->last, SKBTRAIL_FACT_CT_REPLY);
	json_add_number(o, "lost", t->lost);
	if (t->skipped)
		json_add_number(o, "skipped", t->skipped);
	json_add(o, "links", json_links(t->links, t->nr_links));
	if (t->nr_linked_by)
		json_add(o, "linked_by", json_links(t->linked_by, t->nr_linked_by));
	json_add(o, "hits", json_hits(c, t));
	json_print(c->f, o);
}
