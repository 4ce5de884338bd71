/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_RULELIST_H
#define SKBTRAIL_RULELIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "family.h"

/**
 * struct rule - A rewrite rule as the module tells it.
 * @place: enum skbtrail_rule_place, 0 none
 * @probability: in billionths, 0 always
 * @inum: of its network namespace, 0 all
 * @random: @seed counts
 */
struct rule {
	uint32_t number;
	uint32_t hook;
	uint32_t place;
	char filter[1024];
	char dev[16];
	char text[256];
	uint64_t count;
	uint64_t left;
	uint32_t for_ms;
	uint32_t probability;
	bool random;
	uint64_t seed;
	bool dry;
	bool persist;
	uint32_t state;
	uint32_t inum;
	uint32_t pid;
	uint64_t matched;
	uint64_t spared;
	uint64_t changed;
	uint64_t dropped;
	uint64_t refused[SKBTRAIL_RULE_REFUSAL_MAX + 1];
};

struct rulelist {
	struct rule *rules;
	size_t nr;
	size_t cap;
};

/* Returns 0, or -1 after a sentence; rulelist_release() in any case. */
int rulelist_get(struct rulelist *l, struct family *family);
void rulelist_release(struct rulelist *l);

/* NULL when there is none. */
const struct rule *rulelist_find(const struct rulelist *l, uint32_t number);

/* Returns 0 for a word that names no hook. */
uint32_t rule_hook(const char *name);

/* For people: two lines or more; what it did alone. */
void rule_print(FILE *f, const struct rule *r);
void rule_print_counters(FILE *f, const struct rule *r);

/* For programs: one object on a line. */
void rule_json(const struct rule *r);

#endif
