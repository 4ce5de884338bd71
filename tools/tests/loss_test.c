// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <stdlib.h>

#include "loss.h"

static char *printed(const struct loss *l)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	loss_print(f, l);
	fclose(f);
	return text;
}

static uint64_t batch(struct loss *l, uint32_t cpu, uint64_t seq)
{
	struct skbtrail_rec_batch b = { .cpu = cpu, .seq = seq };

	return loss_batch(l, &b);
}

static void gaps(void)
{
	struct loss l = { 0 };

	CHECK(batch(&l, 0, 1) == 0);
	CHECK(batch(&l, 1, 1) == 0);
	CHECK(batch(&l, 0, 2) == 0);
	CHECK(batch(&l, 1, 4) == 2);
	CHECK(batch(&l, ~0u, 2) == 1);
	CHECK(l.batches == 3 && loss_total(&l) == 3);
	/* going back is damage, not a gap */
	CHECK(batch(&l, 0, 2) == 0 && l.damaged == 1);
	loss_release(&l);
}

static void complete(void)
{
	struct skbtrail_rec_summary sum = { 0 };
	struct loss l = { 0 };
	char *text;

	CHECK(!loss_complete(&l));
	loss_summary(&l, &sum);
	CHECK(loss_complete(&l));
	text = printed(&l);
	CHECK_TEXT(text, "lost: 0 (nothing was lost)\n");
	free(text);
	l.truncated = true;
	CHECK(!loss_complete(&l));
	loss_release(&l);
}

/* Lost records and totals tell of the same thing: it counts once. */
static void counted_once(void)
{
	struct skbtrail_rec_lost lost = {
		.cause = SKBTRAIL_LOST_CAUSE_BUFFER, .count = 20,
	};
	struct skbtrail_rec_summary sum = { .lost_buffer = 30, .lost_table = 2 };
	struct loss l = { 0 };
	char *text;

	loss_record(&l, &lost);
	CHECK(loss_total(&l) == 20);
	loss_summary(&l, &sum);
	CHECK(loss_total(&l) == 32);
	text = printed(&l);
	CHECK_HAS(text, "lost: 32 (30 records for want of buffer");
	CHECK_HAS(text, "2 packets not followed, the identity table was full (raise entries=)");
	free(text);
	lost.cause = 250;
	loss_record(&l, &lost);
	CHECK(loss_total(&l) == 52);
	loss_release(&l);
}

void test_loss(void)
{
	RUN(gaps);
	RUN(complete);
	RUN(counted_once);
}
