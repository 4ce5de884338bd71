// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <stdlib.h>

#include "assembly.h"
#include "tests/stream.h"

#define MS 1000000ull

/* What finished, in order. */
static struct {
	uint64_t ids[64];
	uint8_t ends[64];
	uint8_t unknowns[64];
	size_t hits[64];
	uint64_t lost[64];
	size_t n;
	char order[256];
	char changes[512];
} seen;

static void note_changes(const struct trail *t)
{
	FILE *f = fmemopen(seen.changes, sizeof(seen.changes), "w");
	size_t i;
	uint32_t k;

	for (i = 0; i < t->nr_hits; i++) {
		for (k = 0; k < t->hits[i].nr_changes; k++) {
			const struct change *ch =
				&t->changes[t->hits[i].changes + k];

			fprintf(f, "%s:%s:", t->hits[i].stage, fact_key(ch->fact));
			fact_text(f, ch->fact, &ch->old);
			fputc('>', f);
			fact_text(f, ch->fact, &ch->new);
			fputc(' ', f);
		}
	}
	fclose(f);
}

static void finished(void *arg, struct trail *t)
{
	size_t i, at = 0;

	(void)arg;
	seen.order[0] = '\0';
	for (i = 0; i < t->nr_hits && i < 8; i++)
		at += snprintf(seen.order + at, sizeof(seen.order) - at, "%s ",
			       t->hits[i].stage ? t->hits[i].stage : "?");
	note_changes(t);
	seen.ids[seen.n] = t->id;
	seen.ends[seen.n] = t->end;
	seen.unknowns[seen.n] = t->unknown;
	seen.hits[seen.n] = t->nr_hits;
	seen.lost[seen.n] = t->lost;
	seen.n = (seen.n + 1) % 64;
}

struct bench {
	struct names *names;
	struct assembly *a;
	struct stream *s;
};

static struct bench begin(void)
{
	struct bench b = { names_new(), NULL, stream_new() };

	memset(&seen, 0, sizeof(seen));
	b.a = assembly_new(b.names, finished, NULL);
	stream_names(b.s);
	return b;
}

/* Hands over what the stream holds, as written by @cpu, and empties it. */
static void feed(struct bench *b, uint32_t cpu)
{
	struct cursor c = { b->s->buf, b->s->len };
	struct record rec;

	while (decode_next(&c, &rec) == DECODED_RECORD) {
		if (rec.kind == SKBTRAIL_REC_KIND_NAME)
			names_add(b->names, rec.name.dict, rec.name.id,
				  rec.name.parent, rec.name.info, rec.body,
				  rec.body_len);
		else if (rec.kind == SKBTRAIL_REC_KIND_MARK)
			assembly_mark(b->a, &rec.mark);
		else
			assembly_record(b->a, &rec, cpu);
	}
	b->s->len = 0;
}

static void end(struct bench *b)
{
	assembly_free(b->a);
	names_free(b->names);
	free(b->s);
}

static void waits_for_mark(void)
{
	struct bench b = begin();

	stream_syn(b.s, 1, 100 * MS);
	stream_hit(b.s, 1, ST_IP_RCV, 100 * MS, 0);
	stream_end(b.s, 1, 101 * MS, SKBTRAIL_END_KIND_CONSUMED, ST_IP_RCV, 0);
	stream_mark(b.s, 100 * MS);
	feed(&b, 0);
	CHECK(seen.n == 0);
	stream_mark(b.s, 200 * MS);
	feed(&b, 0);
	CHECK(seen.n == 1 && seen.ids[0] == 1);
	CHECK(seen.ends[0] == SKBTRAIL_END_KIND_CONSUMED);
	end(&b);
}

/* CPU 1 tells the beginning after CPU 0 has told the end. */
static void crosses_cpus(void)
{
	struct bench b = begin();

	stream_hit(b.s, 1, ST_TCP_RCV, 103 * MS, 0);
	stream_end(b.s, 1, 104 * MS, SKBTRAIL_END_KIND_DROPPED, ST_TCP_RCV, 3);
	feed(&b, 0);
	stream_syn(b.s, 1, 100 * MS);
	stream_hit(b.s, 1, ST_IP_RCV, 100 * MS, 0);
	stream_hit(b.s, 1, ST_NF_LOCAL_IN, 101 * MS, 0);
	feed(&b, 1);
	stream_mark(b.s, 200 * MS);
	feed(&b, ~0u);
	CHECK(seen.n == 1);
	CHECK_TEXT(seen.order, "ip.rcv nf.local_in tcp.rcv ");
	end(&b);
}

static void order_of_starts(void)
{
	struct bench b = begin();
	int i;

	for (i = 5; i; i--) {
		stream_syn(b.s, i, i * MS);
		stream_hit(b.s, i, ST_IP_RCV, i * MS, 0);
		stream_end(b.s, i, 50 * MS, SKBTRAIL_END_KIND_SENT, ST_IP_RCV, 0);
	}
	stream_mark(b.s, 200 * MS);
	feed(&b, 0);
	CHECK(seen.n == 5);
	for (i = 0; i < 5; i++)
		CHECK(seen.ids[i] == (uint64_t)i + 1);
	end(&b);
}

/* An old socket does not make its packet the first. */
static void order_of_births(void)
{
	struct bench b = begin();

	stream_syn(b.s, 2, 20 * MS);
	stream_hit(b.s, 2, ST_SOCK_CREATE, 1 * MS, SKBTRAIL_CTX_EARLIER);
	stream_hit(b.s, 2, ST_IP_RCV, 20 * MS, 0);
	stream_syn(b.s, 1, 10 * MS);
	stream_hit(b.s, 1, ST_IP_RCV, 10 * MS, 0);
	feed(&b, 0);
	assembly_stop(b.a, false);
	CHECK(seen.n == 2 && seen.ids[0] == 1 && seen.ids[1] == 2);
	end(&b);
}

static void changes(void)
{
	uint32_t mark = 7;
	struct bench b = begin();

	stream_syn(b.s, 1, 100);
	stream_hit(b.s, 1, ST_IP_RCV, 100, 0);
	stream_change(b.s, 1, 200);
	stream_dst(b.s, "10.0.0.10");
	stream_hit(b.s, 1, ST_NF_LOCAL_IN, 200, 0);
	/* the same value again is no change */
	stream_change(b.s, 1, 300);
	stream_dst(b.s, "10.0.0.10");
	stream_hit(b.s, 1, ST_TCP_RCV, 300, 0);
	/* after the last hit: belongs to it */
	stream_change(b.s, 1, 400);
	stream_fact(b.s, SKBTRAIL_FACT_MARK, &mark, sizeof(mark));
	feed(&b, 0);
	assembly_stop(b.a, false);
	CHECK_TEXT(seen.changes,
		   "nf.local_in:dst:10.0.0.9>10.0.0.10 tcp.rcv:mark:>0x7 ");
	CHECK(seen.ends[0] == SKBTRAIL_END_KIND_OPEN);
	end(&b);
}

static void merged_changes(void)
{
	struct bench b = begin();

	stream_syn(b.s, 1, 100);
	stream_change(b.s, 1, 150);
	stream_dst(b.s, "10.0.0.10");
	stream_change(b.s, 1, 200);
	stream_dst(b.s, "10.0.0.11");
	stream_hit(b.s, 1, ST_TCP_RCV, 200, 0);
	feed(&b, 0);
	assembly_stop(b.a, false);
	CHECK_TEXT(seen.changes, "tcp.rcv:dst:10.0.0.9>10.0.0.11 ");
	end(&b);
}

static void earlier_hits(void)
{
	struct bench b = begin();

	stream_syn(b.s, 1, 500);
	stream_hit(b.s, 1, ST_SOCK_SEND, 100, SKBTRAIL_CTX_EARLIER);
	stream_hit(b.s, 1, ST_IP_RCV, 500, 0);
	feed(&b, 0);
	assembly_stop(b.a, false);
	CHECK_TEXT(seen.order, "sock.send ip.rcv ");
	end(&b);
}

/* A read call returns after the packet is freed; later still comes too late. */
static void after_the_end(void)
{
	struct bench b = begin();

	stream_syn(b.s, 1, 100 * MS);
	stream_hit(b.s, 1, ST_IP_RCV, 100 * MS, 0);
	stream_end(b.s, 1, 101 * MS, SKBTRAIL_END_KIND_DELIVERED, ST_IP_RCV, 0);
	stream_hit(b.s, 1, ST_SOCK_COPY, 102 * MS, 0);
	stream_mark(b.s, 200 * MS);
	stream_hit(b.s, 1, ST_SOCK_COPY, 201 * MS, 0);
	feed(&b, 0);
	assembly_stop(b.a, false);
	CHECK(seen.n == 1 && seen.hits[0] == 2);
	CHECK(assembly_late(b.a) == 1);
	end(&b);
}

static void losses(void)
{
	struct bench b = begin();

	stream_syn(b.s, 1, 100);
	stream_hit(b.s, 1, ST_IP_RCV, 100, 0);
	stream_hit(b.s, 1, ST_TCP_RCV, 200, 0);
	stream_syn(b.s, 2, 300);
	stream_hit(b.s, 2, ST_IP_RCV, 300, 0);
	feed(&b, 0);
	assembly_gap(b.a, 150, 160, 9);
	assembly_stop(b.a, false);
	CHECK(seen.n == 2 && seen.lost[0] == 9 && seen.lost[1] == 0);
	end(&b);
}

static void many_hits(void)
{
	struct bench b = begin();
	int i, n;

	stream_syn(b.s, 1, 100);
	for (n = 0; n < 10; n++) {
		for (i = 0; i < 1000; i++)
			stream_hit(b.s, 1, ST_IP_RCV, 100 + n * 1000 + i, 0);
		feed(&b, 0);
	}
	assembly_stop(b.a, false);
	CHECK(seen.n == 1 && seen.hits[0] == 4096);
	end(&b);
}

static void crowd(void)
{
	struct bench b = begin();
	int i;

	assembly_limit(b.a, 4);
	for (i = 1; i <= 6; i++)
		stream_hit(b.s, i, ST_IP_RCV, i, 0);
	feed(&b, 0);
	CHECK(seen.n == 2 && seen.ids[0] == 1 && seen.ids[1] == 2);
	CHECK(seen.unknowns[0] == UNKNOWN_CROWDED);
	assembly_stop(b.a, true);
	CHECK(seen.n == 6 && seen.unknowns[5] == UNKNOWN_CUT);
	end(&b);
}

/* A crowd in which those with an end are given up as well. */
static void crowd_of_ended(void)
{
	struct bench b = begin();
	int i;

	assembly_limit(b.a, 2);
	for (i = 1; i <= 6; i++) {
		stream_hit(b.s, i, ST_IP_RCV, i, 0);
		stream_end(b.s, i, i, SKBTRAIL_END_KIND_SENT, ST_IP_RCV, 0);
	}
	stream_mark(b.s, 500 * MS);
	feed(&b, 0);
	CHECK(seen.n == 6 && seen.ends[0] == SKBTRAIL_END_KIND_SENT);
	end(&b);
}

void test_assembly(void)
{
	RUN(waits_for_mark);
	RUN(crosses_cpus);
	RUN(order_of_starts);
	RUN(order_of_births);
	RUN(changes);
	RUN(merged_changes);
	RUN(earlier_hits);
	RUN(after_the_end);
	RUN(losses);
	RUN(many_hits);
	RUN(crowd);
	RUN(crowd_of_ended);
}
