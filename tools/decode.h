/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_DECODE_H
#define SKBTRAIL_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include <linux/skbtrail.h>

/**
 * struct cursor - A place in the records of one batch.
 * @at: next record; need not be aligned
 * @left: bytes from there on
 */
struct cursor {
	const uint8_t *at;
	size_t left;
};

/**
 * struct record - One record, copied out and checked.
 * @kind: enum skbtrail_rec_kind; no other kind is ever returned
 * @body: facts of packet and change, text of name, names of verdict, numbers of stack; points
 *	into the batch
 * @body_len: bytes of @body; a name's text need not end in NUL
 *
 * Members that an older writer did not know are zero.
 */
struct record {
	uint8_t kind;
	union {
		struct skbtrail_rec head;
		struct skbtrail_rec_batch batch;
		struct skbtrail_rec_hit hit;
		struct skbtrail_rec_facts facts;
		struct skbtrail_rec_end end;
		struct skbtrail_rec_link link;
		struct skbtrail_rec_lost lost;
		struct skbtrail_rec_mark mark;
		struct skbtrail_rec_name name;
		struct skbtrail_rec_summary summary;
		struct skbtrail_rec_verdict verdict;
		struct skbtrail_rec_call call;
		struct skbtrail_rec_stack stack;
	};
	const uint8_t *body;
	size_t body_len;
};

/**
 * enum decoded - What decode_next() found.
 * @DECODED_END: no record left
 * @DECODED_RECORD: @rec is filled in
 * @DECODED_DAMAGED: a record that lies about its size; the cursor moved past
 *	it, or to the end where nothing after it can be trusted
 */
enum decoded {
	DECODED_END,
	DECODED_RECORD,
	DECODED_DAMAGED,
};

/*
 * Moves @c past whole records whose kind is in @kinds_of_no_interest, a bit
 * each. Cheaper than decode_next(): nothing but their size is looked at.
 */
void decode_skip(struct cursor *c, uint32_t kinds_of_no_interest);

/* Moves @c past the next record of a known kind and fills in @rec. */
enum decoded decode_next(struct cursor *c, struct record *rec);

/**
 * struct fact - One fact of a packet or change record.
 * @id: enum skbtrail_fact, or an id of the future
 * @len: bytes of @value
 * @value: points into the batch; need not be aligned
 */
struct fact {
	uint8_t id;
	uint16_t len;
	const uint8_t *value;
};

/* Moves @c past the next fact of a record body and fills in @fact. */
enum decoded decode_fact(struct cursor *c, struct fact *fact);

#endif
