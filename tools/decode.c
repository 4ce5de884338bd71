// SPDX-License-Identifier: GPL-2.0
#include "decode.h"

#include <stdbool.h>
#include <string.h>

#include "array.h"

#define RECORD_ALIGN 8

/* Bytes a kind must have at the least, and the bytes of it that we know. */
static const struct {
	uint16_t min;
	uint16_t known;
	bool body;
} kinds[] = {
#define FIXED(type)	{ sizeof(struct type), sizeof(struct type), false }
/* members from this one on came later */
#define GROWN(type, member) { offsetof(struct type, member), sizeof(struct type), false }
#define OPEN(type)	{ sizeof(struct type), sizeof(struct type), true }
	[SKBTRAIL_REC_KIND_BATCH]	= FIXED(skbtrail_rec_batch),
	[SKBTRAIL_REC_KIND_HIT]		= FIXED(skbtrail_rec_hit),
	[SKBTRAIL_REC_KIND_PACKET]	= OPEN(skbtrail_rec_facts),
	[SKBTRAIL_REC_KIND_CHANGE]	= OPEN(skbtrail_rec_facts),
	[SKBTRAIL_REC_KIND_END]		= FIXED(skbtrail_rec_end),
	[SKBTRAIL_REC_KIND_LINK]	= GROWN(skbtrail_rec_link, place),
	[SKBTRAIL_REC_KIND_LOST]	= FIXED(skbtrail_rec_lost),
	[SKBTRAIL_REC_KIND_MARK]	= FIXED(skbtrail_rec_mark),
	[SKBTRAIL_REC_KIND_NAME]	= OPEN(skbtrail_rec_name),
	[SKBTRAIL_REC_KIND_SUMMARY]	= FIXED(skbtrail_rec_summary),
	[SKBTRAIL_REC_KIND_VERDICT]	= OPEN(skbtrail_rec_verdict),
	[SKBTRAIL_REC_KIND_CALL]	= FIXED(skbtrail_rec_call),
	[SKBTRAIL_REC_KIND_STACK]	= OPEN(skbtrail_rec_stack),
#undef FIXED
#undef GROWN
#undef OPEN
};

#define KINDS ARRAY_SIZE(kinds)

static void skip(struct cursor *c, size_t n)
{
	c->at += n;
	c->left -= n;
}

/* Fills in @head if the record's own size can be believed. */
static bool take_head(const struct cursor *c, struct skbtrail_rec *head)
{
	if (c->left < RECORD_ALIGN)
		return false;
	memcpy(head, c->at, sizeof(*head));
	return head->size >= RECORD_ALIGN && !(head->size % RECORD_ALIGN) &&
	       head->size <= c->left;
}

static bool fill(struct record *rec, const uint8_t *at,
		 const struct skbtrail_rec *head)
{
	if (head->size < kinds[head->kind].min)
		return false;
	memset(rec, 0, sizeof(*rec));
	rec->kind = head->kind;
	memcpy(&rec->head, at, head->size < kinds[head->kind].known ?
	       head->size : kinds[head->kind].known);
	if (kinds[head->kind].body) {
		rec->body = at + kinds[head->kind].known;
		rec->body_len = head->size - kinds[head->kind].known;
	}
	return true;
}

void decode_skip(struct cursor *c, uint32_t kinds_of_no_interest)
{
	struct skbtrail_rec head;

	while (take_head(c, &head) && head.kind < 32 &&
	       kinds_of_no_interest >> head.kind & 1)
		skip(c, head.size);
}

enum decoded decode_next(struct cursor *c, struct record *rec)
{
	struct skbtrail_rec head;
	const uint8_t *at;

	while (c->left) {
		if (!take_head(c, &head)) {
			skip(c, c->left);
			return DECODED_DAMAGED;
		}
		at = c->at;
		skip(c, head.size);
		if (head.kind >= KINDS || !kinds[head.kind].min)
			continue;
		return fill(rec, at, &head) ? DECODED_RECORD : DECODED_DAMAGED;
	}
	return DECODED_END;
}

enum decoded decode_fact(struct cursor *c, struct fact *fact)
{
	struct skbtrail_fact_head head;
	size_t padded;

	/* no fact has id 0: what is left is padding of the record */
	if (c->left < sizeof(head) || !c->at[0]) {
		skip(c, c->left);
		return DECODED_END;
	}
	memcpy(&head, c->at, sizeof(head));
	if (head.len > c->left - sizeof(head)) {
		skip(c, c->left);
		return DECODED_DAMAGED;
	}
	fact->id = head.id;
	fact->len = head.len;
	fact->value = c->at + sizeof(head);

	padded = sizeof(head) + head.len;
	padded = (padded + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
	skip(c, padded < c->left ? padded : c->left);
	return DECODED_RECORD;
}
