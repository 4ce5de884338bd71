/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_DROPS_H
#define SKBTRAIL_DROPS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trail.h"

#define DROPS_MAX 256

/**
 * struct drop_cause - What drops have in common.
 * @text: in words
 * @count: how many there were
 */
struct drop_cause {
	char *text;
	uint64_t count;
};

/**
 * struct drops - Drops by their cause.
 * @nr: causes
 * @others: drops of causes for which there was no room
 */
struct drops {
	struct drop_cause cause[DROPS_MAX];
	size_t nr;
	uint64_t others;
};

/* Counts a finished trail if it was dropped. */
void drops_count(struct drops *d, const struct trail *t);

/* A line for each cause, the most frequent first; nothing when there was none. */
void drops_print(FILE *f, struct drops *d);

void drops_release(struct drops *d);

#endif
