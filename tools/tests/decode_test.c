// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <stdlib.h>

#include "array.h"
#include "decode.h"
#include "fact.h"
#include "tests/stream.h"

static void whole_batch(void)
{
	struct stream *s = stream_new();
	struct cursor c = { s->buf, 0 };
	struct record rec;

	stream_batch(s, 3, 1);
	stream_hit(s, 17, ST_IP_RCV, 1000, 0);
	stream_syn(s, 17, 900);
	c.left = s->len;
	CHECK(decode_next(&c, &rec) == DECODED_RECORD);
	CHECK(rec.kind == SKBTRAIL_REC_KIND_BATCH && rec.batch.cpu == 3);
	CHECK(decode_next(&c, &rec) == DECODED_RECORD);
	CHECK(rec.hit.trail == 17 && rec.hit.ns == 1000 && rec.hit.len == 60);
	CHECK(decode_next(&c, &rec) == DECODED_RECORD);
	CHECK(rec.kind == SKBTRAIL_REC_KIND_PACKET && rec.body_len > 100);
	CHECK(decode_next(&c, &rec) == DECODED_END);
	free(s);
}

/* Each record in memory of exactly its size, so that a read beyond it is caught. */
static enum decoded decode_alone(const void *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct cursor c = { copy, len };
	struct record rec;
	enum decoded got;

	memcpy(copy, data, len);
	got = decode_next(&c, &rec);
	free(copy);
	return got;
}

static void hostile_sizes(void)
{
	uint16_t sizes[] = { 0, 1, 4, 7, 12, 33, 40, 65528, 65535 };
	struct skbtrail_rec_hit hit = { .kind = SKBTRAIL_REC_KIND_HIT };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		hit.size = sizes[i];
		CHECK(decode_alone(&hit, sizeof(hit)) == DECODED_DAMAGED);
	}
	hit.size = 24;	/* multiple of 8, inside the batch, but too short for its kind */
	CHECK(decode_alone(&hit, sizeof(hit)) == DECODED_DAMAGED);
	hit.size = sizeof(hit);
	CHECK(decode_alone(&hit, sizeof(hit)) == DECODED_RECORD);
	for (i = 1; i < sizeof(hit); i++)
		CHECK(decode_alone(&hit, i) == DECODED_DAMAGED);
	CHECK(decode_alone(&hit, 0) == DECODED_END);
}

static void unknown_kinds(void)
{
	uint64_t future[3] = { 24 | 200 << 16 };
	uint64_t zero[1] = { 8 };
	struct stream *s = stream_new();
	struct cursor c = { s->buf, 0 };
	struct record rec;

	stream_raw(s, future, sizeof(future));
	stream_raw(s, zero, sizeof(zero));
	stream_mark(s, 5);
	c.left = s->len;
	CHECK(decode_next(&c, &rec) == DECODED_RECORD);
	CHECK(rec.kind == SKBTRAIL_REC_KIND_MARK && rec.mark.ns == 5);
	free(s);
}

/* A newer kernel appends members: they are skipped. */
static void appended_members(void)
{
	struct {
		struct skbtrail_rec_hit hit;
		uint64_t more;
	} r = { .hit = { .size = sizeof(r), .kind = SKBTRAIL_REC_KIND_HIT,
			 .trail = 4 }, .more = 99 };
	struct cursor c = { (const uint8_t *)&r, sizeof(r) };
	struct record rec;

	CHECK(decode_next(&c, &rec) == DECODED_RECORD && rec.hit.trail == 4);
	CHECK(decode_next(&c, &rec) == DECODED_END);
}

static void hostile_facts(void)
{
	uint8_t body[] = { SKBTRAIL_FACT_TTL, 0, 1, 0, 64, 0, 0, 0,
			   SKBTRAIL_FACT_MARK, 0, 0xff, 0xff, 1, 2, 3, 4 };
	struct cursor c = { body, sizeof(body) };
	struct fact fact;
	struct value v;

	CHECK(decode_fact(&c, &fact) == DECODED_RECORD);
	CHECK(fact_take(&fact, &v) == DECODED_RECORD && fact_number(&v) == 64);
	CHECK(decode_fact(&c, &fact) == DECODED_DAMAGED);
	CHECK(decode_fact(&c, &fact) == DECODED_END);
}

static void fact_lengths(void)
{
	uint8_t bytes[64] = { 1, 2, 3, 4, 5, 6 };
	struct fact fact = { .value = bytes };
	struct value v;

	for (fact.id = 0; fact.id < 40; fact.id++) {
		for (fact.len = 0; fact.len < sizeof(bytes); fact.len++) {
			fact_take(&fact, &v);
			CHECK(v.len <= sizeof(v.data));
		}
	}
	fact.id = SKBTRAIL_FACT_SADDR;
	fact.len = 5;
	CHECK(fact_take(&fact, &v) == DECODED_DAMAGED);
	fact.len = 16;
	CHECK(fact_take(&fact, &v) == DECODED_RECORD && v.len == 16);
	fact.id = SKBTRAIL_FACT_DEV;
	CHECK(fact_take(&fact, &v) == DECODED_DAMAGED);
	fact.len = 48;	/* appended members */
	CHECK(fact_take(&fact, &v) == DECODED_RECORD &&
	      v.len == sizeof(struct skbtrail_fact_dev));
	fact.id = 77;
	CHECK(fact_take(&fact, &v) == DECODED_END);
}

/* Pseudo-random damage: nothing may be read beyond the batch or loop for ever. */
static void random_damage(void)
{
	struct stream *s = stream_new();
	uint32_t seed = 12345;
	unsigned int i, n;

	stream_batch(s, 0, 1);
	stream_names(s);
	stream_syn(s, 1, 100);
	stream_hit(s, 1, ST_IP_RCV, 100, 0);
	stream_end(s, 1, 200, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 3);
	for (i = 0; i < 2000; i++) {
		uint8_t *copy = malloc(s->len);
		struct cursor c = { copy, s->len };
		struct record rec;

		memcpy(copy, s->buf, s->len);
		for (n = 0; n < 8; n++) {
			seed = seed * 1664525 + 1013904223;
			copy[seed % s->len] = seed >> 24;
		}
		while (decode_next(&c, &rec) != DECODED_END) {
			struct cursor f = { rec.body, rec.body_len };
			struct fact fact;

			if (rec.kind != SKBTRAIL_REC_KIND_PACKET)
				continue;
			while (decode_fact(&f, &fact) != DECODED_END)
				;
		}
		free(copy);
	}
	CHECK(true);
	free(s);
}

void test_decode(void)
{
	RUN(whole_batch);
	RUN(hostile_sizes);
	RUN(unknown_kinds);
	RUN(appended_members);
	RUN(hostile_facts);
	RUN(fact_lengths);
	RUN(random_damage);
}
