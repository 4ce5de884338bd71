/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_GAPS_H
#define SKBTRAIL_GAPS_H

#include <stddef.h>
#include <stdint.h>

#define MAX_GAPS 256

/**
 * struct gaps - When records went missing.
 * @first: earliest time of one of them (ns)
 * @last: latest
 * @count: how many
 */
struct gaps {
	struct {
		uint64_t first;
		uint64_t last;
		uint64_t count;
	} gap[MAX_GAPS];
	size_t nr;
};

void gaps_add(struct gaps *g, uint64_t first, uint64_t last, uint64_t count);

/* How many records went missing at a time between @start and @end. */
uint64_t gaps_lost(const struct gaps *g, uint64_t start, uint64_t end);

/* Forgets the gaps that ended before @oldest. */
void gaps_drop(struct gaps *g, uint64_t oldest);

#endif
