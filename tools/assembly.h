/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ASSEMBLY_H
#define SKBTRAIL_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "decode.h"
#include "names.h"
#include "trail.h"

/* Collects the records of each packet and hands out whole trails. */
struct assembly;

/**
 * assembly_new - Start with nothing in flight.
 * @names: texts, filled by somebody else
 * @finished: called for every finished trail, which it may read until it returns
 * @arg: passed to @finished
 */
struct assembly *assembly_new(const struct names *names,
			      void (*finished)(void *arg, struct trail *t),
			      void *arg);
void assembly_free(struct assembly *a);

/* Takes a hit, packet, change, end or link record written by @cpu; ignores others. */
void assembly_record(struct assembly *a, const struct record *rec, uint32_t cpu);

/* Records are missing: @count of them, between @first and @last (ns). */
void assembly_gap(struct assembly *a, uint64_t first, uint64_t last,
		  uint64_t count);

/* All records before @ns have come: finishes the trails that ended well before. */
void assembly_mark(struct assembly *a, const struct skbtrail_rec_mark *mark);

/**
 * assembly_stop - No record will follow: finishes everything.
 * @cut: the stream did not end by itself, so trails without an end are
 *	unknown and not open
 */
void assembly_stop(struct assembly *a, bool cut);

/* Facts that made no sense, so far. */
uint64_t assembly_damaged(const struct assembly *a);

/* Records that came after their trail was finished, so far. */
uint64_t assembly_late(const struct assembly *a);

/* For tests: how many trails to wait for at once (default 131072). */
void assembly_limit(struct assembly *a, size_t flights);

#endif
