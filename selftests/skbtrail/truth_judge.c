// SPDX-License-Identifier: GPL-2.0
/*
 * Does each trail hold the hits of one packet? What is known from outside the
 * module: the serial numbers in captured bytes; the length of a datagram, which
 * follows from its serial number, and which every hit tells, but for the headers
 * that are on or off at that stage; what was read; of TCP, that bytes of a stream
 * are where the sequence number says, and how many segments the socket sent.
 *
 * "ok" or "bad" for each case, then for the whole recording; "#" before reasons.
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/skbtrail.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

#define NONE		UINT32_MAX
#define TOLD_MAX	2
#define BASE		4096
#define ADDED_MAX	8192
#define STAGES_MAX	256
#define MERGED_MAX	(1U << 20)
#define ULL(n)		((unsigned long long)(n))

/**
 * struct trail - What the recording says of one.
 * @id: of the trail, 0: this place is free
 * @value: of the cell found in its bytes; TCP: the byte of the stream its payload begins with
 * @end_ns: time of its end
 * @hits: the last of its hits in the array of all; they are chained backwards
 * @testcase: index of the case, NONE not known
 * @part: sending process
 * @payload: of the datagram or segment
 * @seq: TCP
 * @segs: segments it is to be cut into
 * @top: of the family it belongs to, by way of others
 * @kinds: of links that name a parent, a bit each
 * @grown: bytes that were merged into it
 * @cut: something was cut from it
 * @end: enum skbtrail_end_kind, 0 none
 */
struct trail {
	uint64_t id;
	uint64_t value;
	uint64_t end_ns;
	uint32_t hits;
	uint32_t testcase;
	uint16_t part;
	uint16_t sport;
	uint16_t dport;
	uint32_t payload;
	uint32_t seq;
	uint32_t segs;
	uint32_t top;
	uint32_t kinds;
	uint32_t grown;
	uint64_t first_ns;
	bool begun;
	bool valued;
	bool cut;
	bool wrong;
	bool queued;
	bool tcp;
	uint8_t end;
};

struct hit {
	uint64_t ns;
	uint32_t len;
	uint32_t before;
	uint16_t stage;
	bool earlier;
};

struct link {
	uint64_t trail, parent, ns;
	uint32_t place;
	uint8_t kind;
};

/**
 * struct findings - What is printed of a case.
 */
struct findings {
	uint32_t trails, wrong, splits, losses, missing, told;
	uint32_t needed[8];
	uint32_t added[ADDED_MAX];
};

static struct trail *trails;
static size_t n_trails, room_trails;
static struct hit *hits;
static size_t n_hits, room_hits;
static struct link *links;
static size_t n_links, room_links;
static struct findings found[CASES_MAX];
static uint64_t lost[16], begun, ended;
static bool summed;
static uint32_t whole_wrong;

static char stage_names[STAGES_MAX][32];

static void complain(struct findings *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* the first few of each case */
static void complain(struct findings *f, const char *format, ...)
{
	va_list args;

	if (f->told++ >= TOLD_MAX)
		return;
	printf("# %s: ", cases[f - found].name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void *grow(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : 65536;
	array = realloc(array, *room * size);
	if (!array)
		err(1, "realloc");
	return array;
}

/* ---- trails by id ---- */

static size_t place_of(uint64_t id)
{
	size_t i = (id * 0x9e3779b97f4a7c15ULL >> 20) & (room_trails - 1);

	while (trails[i].id && trails[i].id != id)
		i = (i + 1) & (room_trails - 1);
	return i;
}

static void rehash(void)
{
	struct trail *old = trails;
	size_t i, n = room_trails;

	room_trails = n ? n * 2 : 1 << 17;
	trails = calloc(room_trails, sizeof(*trails));
	if (!trails)
		err(1, "calloc");
	for (i = 0; i < n; i++)
		if (old[i].id)
			trails[place_of(old[i].id)] = old[i];
	free(old);
}

static struct trail *find(uint64_t id)
{
	struct trail *t = &trails[place_of(id)];

	return t->id ? t : NULL;
}

static struct trail *trail(uint64_t id)
{
	struct trail *t;

	if (n_trails * 2 >= room_trails)
		rehash();
	t = &trails[place_of(id)];
	if (!t->id) {
		n_trails++;
		*t = (struct trail){ .id = id, .hits = NONE, .testcase = NONE };
	}
	return t;
}

/* ---- records ---- */

static void take_serial(struct trail *t, const struct cell *cell, const uint8_t *bytes, size_t at)
{
	const struct testcase *c = &cases[cell->testcase];
	uint64_t value = cell->value;
	size_t payload_at;

	if (is_tcp(c)) {
		payload_at = bytes[0] >> 4 == 4 ? (bytes[0] & 15UL) * 4 : 40;
		payload_at += (bytes[payload_at + 12] >> 4) * 4UL;
		value -= at - payload_at;
	}
	if (t->valued && (t->value != value || t->testcase != cell->testcase))
		t->wrong = true;
	t->testcase = cell->testcase;
	t->part = cell->part;
	t->value = value;
	t->valued = true;
}

static void take_bytes(struct trail *t, const uint8_t *bytes, size_t len)
{
	const uint8_t *at = memmem(bytes, len, CELL_MAGIC, sizeof(((struct cell *)0)->magic));
	struct cell cell;

	if (!at || at + sizeof(cell) > bytes + len)
		return;
	memcpy(&cell, at, sizeof(cell));
	if (cell.testcase < n_cases)
		take_serial(t, &cell, bytes, at - bytes);
}

static void take_fact(struct trail *t, uint8_t id, const uint8_t *value, uint16_t len)
{
	struct skbtrail_fact_tcp tcp;
	struct skbtrail_fact_gso gso;

	switch (id) {
	case SKBTRAIL_FACT_BYTES:
		take_bytes(t, value, len);
		break;
	case SKBTRAIL_FACT_SPORT:
		memcpy(&t->sport, value, sizeof(t->sport));
		break;
	case SKBTRAIL_FACT_DPORT:
		memcpy(&t->dport, value, sizeof(t->dport));
		break;
	case SKBTRAIL_FACT_TCP:
		memcpy(&tcp, value, sizeof(tcp));
		t->tcp = true;
		t->seq = tcp.seq;
		t->payload = tcp.payload;
		break;
	case SKBTRAIL_FACT_GSO:
		memcpy(&gso, value, sizeof(gso));
		t->segs = gso.segs;
		break;
	default:
		break;
	}
}

static void take_packet(const uint8_t *rec, size_t size)
{
	struct skbtrail_fact_head fact;
	struct skbtrail_rec_facts r;
	struct trail *t;
	size_t at;

	memcpy(&r, rec, sizeof(r));
	t = trail(r.trail);
	t->begun = true;
	for (at = sizeof(r); at + sizeof(fact) <= size; at = (at + 7) & ~7UL) {
		memcpy(&fact, rec + at, sizeof(fact));
		at += sizeof(fact);
		take_fact(t, fact.id, rec + at, fact.len);
		at += fact.len;
	}
}

static void take_hit(const uint8_t *rec)
{
	struct skbtrail_rec_hit r;
	struct trail *t;

	memcpy(&r, rec, sizeof(r));
	hits = grow(hits, n_hits, &room_hits, sizeof(*hits));
	t = trail(r.trail);
	hits[n_hits] = (struct hit){
		.ns = r.ns, .len = r.len, .stage = r.stage, .before = t->hits,
		.earlier = r.ctx & SKBTRAIL_CTX_EARLIER,
	};
	t->hits = n_hits++;
}

static void take_end(const uint8_t *rec)
{
	struct skbtrail_rec_end r;
	struct trail *t;

	memcpy(&r, rec, sizeof(r));
	t = trail(r.trail);
	/* one life, one end */
	if (t->end)
		t->wrong = true;
	t->end = r.end;
	t->end_ns = r.ns;
}

static void take_link(const uint8_t *rec)
{
	struct skbtrail_rec_link r;

	memcpy(&r, rec, sizeof(r));
	links = grow(links, n_links, &room_links, sizeof(*links));
	links[n_links++] = (struct link){
		.trail = r.trail, .parent = r.parent, .ns = r.ns, .place = r.place, .kind = r.link,
	};
}

static void take_name(const uint8_t *rec, size_t size)
{
	struct skbtrail_rec_name r;

	memcpy(&r, rec, sizeof(r));
	if (r.dict == SKBTRAIL_DICT_STAGE && r.id < STAGES_MAX)
		snprintf(stage_names[r.id], sizeof(stage_names[0]), "%.*s",
			 (int)(size - sizeof(r)), (const char *)rec + sizeof(r));
}

static void take_lost(const uint8_t *rec)
{
	struct skbtrail_rec_lost r;

	memcpy(&r, rec, sizeof(r));
	lost[r.cause & 15] += r.count;
}

static void take_summary(const uint8_t *rec)
{
	struct skbtrail_rec_summary r;

	memcpy(&r, rec, sizeof(r));
	summed = true;
	begun = r.trails;
	ended = r.ends;
}

static void take(const uint8_t *rec, size_t size, uint8_t kind)
{
	switch (kind) {
	case SKBTRAIL_REC_KIND_HIT:
		take_hit(rec);
		break;
	case SKBTRAIL_REC_KIND_PACKET:
		take_packet(rec, size);
		break;
	case SKBTRAIL_REC_KIND_END:
		take_end(rec);
		break;
	case SKBTRAIL_REC_KIND_LINK:
		take_link(rec);
		break;
	case SKBTRAIL_REC_KIND_NAME:
		take_name(rec, size);
		break;
	case SKBTRAIL_REC_KIND_LOST:
		take_lost(rec);
		break;
	case SKBTRAIL_REC_KIND_SUMMARY:
		take_summary(rec);
		break;
	default:
		break;
	}
}

static void take_batch(const uint8_t *batch, size_t len)
{
	struct skbtrail_rec rec;
	size_t at;

	for (at = 0; at + sizeof(rec) <= len; at += rec.size) {
		memcpy(&rec, batch + at, sizeof(rec));
		if (rec.size < sizeof(rec) || at + rec.size > len)
			errx(1, "a record of %u bytes", rec.size);
		take(batch + at, rec.size, rec.kind);
	}
}

static void read_recording(void)
{
	static uint8_t batch[SKBTRAIL_BATCH_SIZE];
	uint8_t head[16];
	uint32_t len;

	rehash();
	if (fread(head, sizeof(head), 1, stdin) != 1)
		errx(1, "no recording");
	while (fread(&len, sizeof(len), 1, stdin) == 1) {
		if (len > sizeof(batch) || fread(batch, len, 1, stdin) != 1)
			errx(1, "a batch of %u bytes", len);
		take_batch(batch, len);
	}
	if (!summed)
		errx(1, "the recording ends early");
}

/* ---- families: datagrams and what was made of them ---- */

static uint32_t index_of(const struct trail *t)
{
	return t - trails;
}

static uint32_t top_of(uint32_t i)
{
	while (trails[i].top != i) {
		trails[i].top = trails[trails[i].top].top;
		i = trails[i].top;
	}
	return i;
}

static void wrong(struct trail *t, const char *why)
{
	struct findings *f = t->testcase == NONE ? NULL : &found[t->testcase];
	const struct hit *h;
	uint32_t i;

	if (!f) {
		if (whole_wrong++ < TOLD_MAX)
			printf("# trail %llu: %s\n", ULL(t->id), why);
		return;
	}
	f->wrong++;
	complain(f, "trail %llu, packet %llu: %s", ULL(t->id), ULL(t->value), why);
	if (f->told > TOLD_MAX)
		return;
	printf("#   end %u at %llu; from the last on:", t->end, ULL(t->end_ns));
	for (i = t->hits; i != NONE; i = h->before) {
		h = &hits[i];
		printf(" %s(%u)", stage_names[h->stage], h->len);
	}
	putchar('\n');
}

static void split(struct trail *t, const char *why)
{
	struct findings *f = &found[t->testcase];

	/* that something was skipped is told, but not of which packet */
	if (lost[SKBTRAIL_LOST_CAUSE_MISSED]) {
		f->losses++;
		return;
	}
	f->splits++;
	complain(f, "trail %llu, packet %llu, end %u, links %#x: %s", ULL(t->id),
		 ULL(t->value), t->end, t->kinds, why);
}

/*
 * GRO and TCP put packets together that were different ones before, and what is
 * sent again is different packet with the same bytes.
 */
static bool makes_family(const struct link *l, const struct trail *t)
{
	return l->kind != SKBTRAIL_LINK_KIND_RETRANSMIT &&
	       !(l->kind == SKBTRAIL_LINK_KIND_MERGE && t->testcase != NONE &&
		 is_tcp(&cases[t->testcase]));
}

static void join(const struct link *l)
{
	struct trail *t = find(l->trail), *parent = find(l->parent);

	if (!t || !parent)
		return;
	t->kinds |= 1U << l->kind;
	if (l->kind == SKBTRAIL_LINK_KIND_MERGE) {
		parent->grown += t->payload;
	} else {
		parent->cut |= l->kind == SKBTRAIL_LINK_KIND_SEGMENT ||
			       l->kind == SKBTRAIL_LINK_KIND_FRAGMENT;
	}
	if (makes_family(l, t))
		trails[top_of(index_of(t))].top = top_of(index_of(parent));
}

static void join_families(void)
{
	size_t i;

	for (i = 0; i < room_trails; i++)
		trails[i].top = i;
	for (i = 0; i < n_links; i++)
		join(&links[i]);
}

/* which packet it is of a trail whose bytes were not captured */
static bool inherit(const struct link *l)
{
	struct trail *t = find(l->trail), *parent = find(l->parent);

	if (!t || !parent || t->testcase != NONE || parent->testcase == NONE ||
	    !makes_family(l, parent))
		return false;
	t->testcase = parent->testcase;
	t->part = parent->part;
	t->value = parent->value;
	if (l->kind == SKBTRAIL_LINK_KIND_SEGMENT && cases[t->testcase].kind == KIND_CUT)
		t->value += l->place - 1;
	t->valued = !is_tcp(&cases[t->testcase]);
	return true;
}

/* links of several CPUs stand in any order */
static void inherit_all(void)
{
	bool more = true;
	size_t i;

	while (more) {
		more = false;
		for (i = 0; i < n_links; i++)
			more |= inherit(&links[i]);
	}
}

/* what TCP has no cell in is told by its port */
static void by_port(struct trail *t)
{
	const struct sockaddr_in *a;
	unsigned int i;

	if (t->testcase != NONE || !t->tcp || !t->payload)
		return;
	for (i = 0; i < n_cases; i++) {
		a = (const struct sockaddr_in *)&cases[i].addr;
		if (is_tcp(&cases[i]) && a->sin_port == htons(t->dport))
			t->testcase = i;
	}
}

/* packets, or records of them */
static uint64_t refused(void)
{
	return lost[SKBTRAIL_LOST_CAUSE_TABLE] + lost[SKBTRAIL_LOST_CAUSE_ADMISSION] +
	       lost[SKBTRAIL_LOST_CAUSE_LIST] + lost[SKBTRAIL_LOST_CAUSE_BUFFER];
}

/* hits; trails that may have missed one begin or end without saying more */
static uint64_t skipped(void)
{
	return lost[SKBTRAIL_LOST_CAUSE_MISSED] + lost[SKBTRAIL_LOST_CAUSE_SWITCHED];
}

/* ---- one trail ---- */

/* of no other packet's making */
static bool original(const struct trail *t)
{
	uint32_t own = 1U << SKBTRAIL_LINK_KIND_RETRANSMIT | 1U << SKBTRAIL_LINK_KIND_MERGE;

	return !(t->kinds & ~own);
}

static bool stage_is(const struct hit *h, const char *name)
{
	return !strcmp(stage_names[h->stage], name);
}

/* a socket can be read in pieces, but not one of datagrams */
static bool once(const struct trail *t, const struct hit *h)
{
	static const char *const names[] = {
		"sock.send", "udp.sendmsg", "udp.send", "sock.queue", "tcp.sendmsg", "tcp.transmit",
	};
	size_t i;

	if (!t->tcp && stage_is(h, "sock.copy"))
		return true;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (stage_is(h, names[i]))
			return true;
	return false;
}

/* where a packet that was made of no other can be seen first */
static bool birth(const struct hit *h)
{
	static const char *const names[] = {
		"sock.send", "sock.create", "sock.connect", "udp.sendmsg", "udp.send",
		"tcp.sendmsg", "tcp.transmit", "tcp.retransmit", "ip.queue_xmit",
		"route.output", "ip.local_out",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (stage_is(h, names[i]))
			return true;
	return false;
}

static uint64_t bits_of(const struct hit *h, uint64_t *high)
{
	if (h->stage < 64)
		return 1ULL << h->stage;
	if (h->stage < 128)
		*high |= 1ULL << (h->stage - 64);
	return 0;
}

/* the length of what is not one datagram of a known length throughout is no evidence */
static bool length_tells(const struct trail *t)
{
	const struct testcase *c = &cases[t->testcase];

	if (t->cut || t->grown || !t->valued)
		return false;
	/* what has no trail can have gone into it */
	if ((is_tcp(c) || c->kind == KIND_BIG) && (refused() || skipped()))
		return false;
	return is_tcp(c) ? t->tcp : !(t->kinds & 1U << SKBTRAIL_LINK_KIND_FRAGMENT) &&
	       !(c->kind == KIND_CUT && !(t->kinds & 1U << SKBTRAIL_LINK_KIND_SEGMENT));
}

static uint32_t payload_now(const struct trail *t)
{
	const struct testcase *c = &cases[t->testcase];

	return is_tcp(c) ? t->payload : payload_of(c, t->value);
}

/* headers that were on or off, as a positive number */
static uint32_t added(const struct trail *t, const struct hit *h)
{
	int64_t n = (int64_t)h->len - payload_now(t) + BASE;

	return n < 0 || n >= ADDED_MAX ? 0 : n;
}

static bool tells_length(const struct hit *h)
{
	return h->len && !h->earlier;
}

static void learn(const struct trail *t)
{
	uint32_t i;

	if (t->testcase == NONE || !length_tells(t))
		return;
	found[t->testcase].trails++;
	for (i = t->hits; i != NONE; i = hits[i].before)
		if (tells_length(&hits[i]))
			found[t->testcase].added[added(t, &hits[i])]++;
}

/* a header of a case is on many of its packets */
static bool known_length(const struct trail *t, const struct hit *h)
{
	const struct findings *f = &found[t->testcase];

	return f->added[added(t, h)] > 2 + f->trails / 50;
}

static const char *problem(const struct trail *t, uint64_t *seen, uint64_t *high)
{
	const char *why = NULL;
	const struct hit *h;
	uint64_t bit, above;
	uint32_t i;

	for (i = t->hits; i != NONE; i = h->before) {
		h = &hits[i];
		above = *high;
		bit = bits_of(h, high);
		if (once(t, h) && (bit ? *seen & bit : above == *high))
			why = "passes a stage again";
		*seen |= bit;
		if (t->end && h->ns > t->end_ns && !stage_is(h, "sock.return"))
			why = "goes on behind its end";
		if (t->testcase != NONE && length_tells(t) && tells_length(h) &&
		    !known_length(t, h))
			why = "has the length of another packet";
	}
	return t->wrong ? "has two packets' bytes, or two ends" : why;
}

static const struct hit *first_hit(const struct trail *t)
{
	const struct hit *first = NULL;
	uint32_t i;

	for (i = t->hits; i != NONE; i = hits[i].before)
		if (!first || hits[i].ns <= first->ns)
			first = &hits[i];
	return first;
}

static bool passed(const struct trail *t, const char *name)
{
	uint32_t i;

	for (i = t->hits; i != NONE; i = hits[i].before)
		if (stage_is(&hits[i], name))
			return true;
	return false;
}

static void count_needs(const struct trail *t)
{
	static const char *const kinds[] = {
		[SKBTRAIL_LINK_KIND_CLONE] = "=clone", [SKBTRAIL_LINK_KIND_COPY] = "=copy",
		[SKBTRAIL_LINK_KIND_SEGMENT] = "=segment", [SKBTRAIL_LINK_KIND_MERGE] = "=merge",
		[SKBTRAIL_LINK_KIND_FRAGMENT] = "=fragment",
		[SKBTRAIL_LINK_KIND_REASSEMBLY] = "=reassembly",
		[SKBTRAIL_LINK_KIND_RETRANSMIT] = "=retransmit",
	};
	char needs[sizeof(cases[0].needs)], *at = NULL, *word;
	unsigned int i, k;

	snprintf(needs, sizeof(needs), "%s", cases[t->testcase].needs);
	for (i = 0; (word = strtok_r(i ? NULL : needs, ",", &at)) && i < 8; i++) {
		if (*word != '=')
			found[t->testcase].needed[i] += passed(t, word);
		for (k = 1; *word == '=' && k < ARRAY_SIZE(kinds); k++)
			if (!strcmp(kinds[k], word))
				found[t->testcase].needed[i] += t->kinds >> k & 1;
	}
}

static void judge_trail(struct trail *t)
{
	uint64_t seen = 0, high = 0;
	const struct hit *first;
	const char *why;

	why = problem(t, &seen, &high);
	if (why)
		wrong(t, why);
	if (t->testcase == NONE)
		return;
	first = first_hit(t);
	t->first_ns = first ? first->ns : 0;
	t->queued = passed(t, "udp.queue");
	count_needs(t);
	if (t->end == SKBTRAIL_END_KIND_UNKNOWN) {
		found[t->testcase].losses++;
		return;
	}
	if (!t->begun && !lost[SKBTRAIL_LOST_CAUSE_BUFFER])
		split(t, "has no beginning");
	else if (!t->end)
		split(t, "has no end");
	else if (original(t) && (!first || !birth(first)))
		split(t, "begins in the middle");
}

/* ---- all trails of one packet ---- */

static int by_packet(const void *a, const void *b)
{
	const struct trail *x = *(const struct trail *const *)a;
	const struct trail *y = *(const struct trail *const *)b;

	if (x->testcase != y->testcase)
		return x->testcase < y->testcase ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* of a family of datagrams all carry the same serial number */
static void judge_parent(const struct link *l)
{
	struct trail *t = find(l->trail), *parent = find(l->parent);
	uint64_t want;

	if (!t || !parent || t->testcase == NONE || parent->testcase == NONE)
		return;
	if (is_tcp(&cases[t->testcase])) {
		if (t->testcase != parent->testcase || (t->sport != parent->sport && t->sport))
			wrong(t, "is of another connection than its parent");
		else if (l->kind == SKBTRAIL_LINK_KIND_MERGE &&
			 t->seq - parent->seq - 1 >= MERGED_MAX)
			wrong(t, "went into what comes later");
		return;
	}
	want = parent->value;
	if (l->kind == SKBTRAIL_LINK_KIND_SEGMENT && cases[t->testcase].kind == KIND_CUT)
		want += l->place - 1;
	if (t->testcase != parent->testcase || t->value != want)
		wrong(t, "is another packet than its parent");
}

static void judge_packet(struct trail **t, size_t n)
{
	const struct receipt *r = &receipts->of[t[0]->testcase];
	struct findings *f = &found[t[0]->testcase];
	uint32_t delivered = 0, unknown = 0, apart = 0, got;
	size_t i;

	if (t[0]->value >= cases[t[0]->testcase].count) {
		wrong(t[0], "was never sent");
		return;
	}
	got = receipts->each[r->at + t[0]->value];
	for (i = 0; i < n; i++) {
		delivered += t[i]->end == SKBTRAIL_END_KIND_DELIVERED && t[i]->queued;
		unknown += t[i]->end == SKBTRAIL_END_KIND_UNKNOWN;
		/* what was cut into several datagrams is a family of its own */
		apart += i && top_of(index_of(t[i])) != top_of(index_of(t[i - 1]));
	}
	if (apart > unknown)
		split(t[n - 1], "is not linked to others of its packet");
	if (delivered > got)
		wrong(t[n - 1], "was read more often than that");
	else if (delivered + unknown < got)
		f->missing += got - delivered - unknown;
}

/* datagrams without any trail */
static void count_missing(unsigned int c, struct trail **t, size_t n)
{
	uint32_t different = 0;
	size_t i;

	for (i = 0; i < n; i++)
		different += !i || t[i]->value != t[i - 1]->value;
	/* a datagram that is to be cut carries the first of several numbers */
	found[c].missing += cases[c].count - different;
}

static void judge_datagrams(unsigned int c, struct trail **t, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n && t[k]->value == t[i]->value; k++)
			;
		judge_packet(t + i, k - i);
	}
	count_missing(c, t, n);
}

/* ---- all trails of one stream ---- */

static int by_sequence(const void *a, const void *b)
{
	const struct trail *x = *(const struct trail *const *)a;
	const struct trail *y = *(const struct trail *const *)b;

	if (x->sport != y->sport)
		return x->sport < y->sport ? -1 : 1;
	if (x->seq != y->seq)
		return (int32_t)(x->seq - y->seq) < 0 ? -1 : 1;
	return x->first_ns < y->first_ns ? -1 : x->first_ns > y->first_ns;
}

/* bytes of the stream are where the sequence number says; sent again is linked */
static void judge_connection(struct trail **t, size_t n, uint64_t *segments)
{
	uint32_t start = 0;
	bool known = false;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!t[i]->tcp || !t[i]->payload)
			continue;
		if (original(t[i]))
			*segments += t[i]->segs ? t[i]->segs : 1;
		if (!t[i]->valued || t[i]->kinds & 1U << SKBTRAIL_LINK_KIND_CLONE)
			continue;
		if (known && t[i]->seq - (uint32_t)t[i]->value != start)
			wrong(t[i], "has bytes of another place of the stream");
		start = t[i]->seq - (uint32_t)t[i]->value;
		known = true;
	}
}

static void judge_stream(unsigned int c, struct trail **t, size_t n)
{
	uint64_t segments = 0;
	size_t i, k;

	qsort(t, n, sizeof(struct trail *), by_sequence);
	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n && t[k]->sport == t[i]->sport; k++)
			;
		judge_connection(t + i, k - i, &segments);
	}
	if (segments > receipts->of[c].segments && lost[SKBTRAIL_LOST_CAUSE_MISSED]) {
		/* where a return probe was skipped a segment does not name its origin */
		found[c].losses += segments - receipts->of[c].segments;
	} else if (segments > receipts->of[c].segments) {
		found[c].splits += segments - receipts->of[c].segments;
		complain(&found[c], "%llu segments have trails, %llu were sent",
			 ULL(segments), ULL(receipts->of[c].segments));
	} else {
		found[c].missing += receipts->of[c].segments - segments;
	}
}

/* ---- the whole ---- */

static bool happened(unsigned int c)
{
	char needs[sizeof(cases[0].needs)], *at = NULL, *word;
	unsigned int i;
	bool all = true;

	snprintf(needs, sizeof(needs), "%s", cases[c].needs);
	for (i = 0; (word = strtok_r(i ? NULL : needs, ",", &at)) && i < 8; i++) {
		if (!strcmp(word, "-") || found[c].needed[i] > cases[c].count / 100)
			continue;
		printf("# %s: %u passed %s\n", cases[c].name, found[c].needed[i], word);
		all = false;
	}
	return all;
}

static void verdict(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void verdict(bool ok, const char *format, ...)
{
	va_list args;

	fputs(ok ? "ok " : "bad ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* what is missing is accounted for as far as losses were told */
static void print_case(unsigned int c, const char *label, uint32_t n, uint64_t *budget)
{
	struct findings *f = &found[c];
	uint64_t packets = cases[c].count;
	uint32_t told = f->missing;
	char sums[100];

	if (told > *budget)
		told = *budget;
	if (is_tcp(&cases[c]))
		packets = receipts->of[c].segments;
	/* who is refused can be many segments, as yet in one */
	if (is_tcp(&cases[c]) && *budget)
		told = f->missing;
	else
		*budget -= told;
	if (f->missing > told)
		complain(f, "%u packets are missing", f->missing - told);
	f->splits += f->missing - told;
	f->losses += told;
	snprintf(sums, sizeof(sums), "%u wrong joins, %u unexplained splits, %u accounted losses",
		 f->wrong, f->splits, f->losses);
	verdict(happened(c) && packets && !f->wrong && !f->splits,
		"%s: %s: %llu packets, %u trails, %s", label, cases[c].name, ULL(packets), n, sums);
}

static void judge_case(unsigned int c, struct trail **t, size_t n, const char *label,
		       uint64_t *budget)
{
	if (is_tcp(&cases[c]))
		judge_stream(c, t, n);
	else
		judge_datagrams(c, t, n);
	print_case(c, label, n, budget);
}

static void judge_cases(struct trail **t, size_t n, const char *label)
{
	uint64_t budget = refused();
	size_t from = 0, to;
	unsigned int c;

	for (c = 0; c < n_cases; c++, from = to) {
		for (to = from; to < n && t[to]->testcase == c; to++)
			;
		judge_case(c, t + from, to - from, label, &budget);
	}
}

static void judge_whole(const char *label)
{
	verdict(!whole_wrong, "%s: no trail of other packets is wrong", label);
	verdict(begun == ended || skipped(), "%s: births equal ends, %llu and %llu", label,
		ULL(begun), ULL(ended));
	printf("# %s: %zu trails, %zu hits, %llu refused or lost, %llu hits missed\n",
	       label, n_trails, n_hits, ULL(refused()), ULL(skipped()));
}

int judge(const char *label)
{
	struct trail **list;
	size_t i, n = 0;

	read_recording();
	inherit_all();
	list = calloc(n_trails + 1, sizeof(*list));
	if (!list)
		err(1, "calloc");
	for (i = 0; i < room_trails; i++)
		by_port(&trails[i]);
	join_families();
	for (i = 0; i < room_trails; i++)
		if (trails[i].id)
			learn(&trails[i]);
	for (i = 0; i < room_trails; i++) {
		if (!trails[i].id)
			continue;
		judge_trail(&trails[i]);
		if (trails[i].testcase != NONE)
			list[n++] = &trails[i];
	}
	for (i = 0; i < n_links; i++)
		judge_parent(&links[i]);
	qsort(list, n, sizeof(*list), by_packet);
	judge_cases(list, n, label);
	judge_whole(label);
	free(list);
	return 0;
}
