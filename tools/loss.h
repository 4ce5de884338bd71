/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_LOSS_H
#define SKBTRAIL_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/skbtrail.h>

/**
 * struct loss - Everything that is missing from a stream.
 * @told: by enum skbtrail_lost_cause, from lost records
 * @summary: the totals of the module
 * @summed: they came, so the stream has its end
 * @batches: numbers missing from the sequences of the CPUs
 * @overruns: times the socket's queue ran over
 * @damaged: records that made no sense
 * @truncated: the recording ends in the middle of a batch
 * @cpus: last number and last time of each CPU
 */
struct loss {
	uint64_t told[SKBTRAIL_LOST_CAUSE_MAX + 1];
	struct skbtrail_rec_summary summary;
	bool summed;
	uint64_t batches;
	uint64_t overruns;
	uint64_t damaged;
	bool truncated;
	struct {
		uint32_t cpu;
		uint64_t seq;
		uint64_t ns;
	} *cpus;
	size_t nr_cpus;
	size_t cap_cpus;
};

/* Checks the number of a batch; returns how many are missing before it. */
uint64_t loss_batch(struct loss *l, const struct skbtrail_rec_batch *batch);

/* Remembers the time of a record of @cpu; returns the time of the one before. */
uint64_t loss_time(struct loss *l, uint32_t cpu, uint64_t ns);

void loss_record(struct loss *l, const struct skbtrail_rec_lost *lost);
void loss_summary(struct loss *l, const struct skbtrail_rec_summary *sum);

/* All that is known to be missing. */
uint64_t loss_total(const struct loss *l);

/* Nothing lost and the stream has its end. */
bool loss_complete(const struct loss *l);

/* "lost: 0 (nothing was lost)", or what and why; one line. */
void loss_print(FILE *f, const struct loss *l);

void loss_release(struct loss *l);

#endif
