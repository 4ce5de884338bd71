/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_STAGELIST_H
#define SKBTRAIL_STAGELIST_H

#include <stddef.h>
#include <stdint.h>

#include "family.h"

/**
 * struct stage_point - One place where a stage can be watched.
 * @kind: enum skbtrail_attach_kind
 * @state: enum skbtrail_point_state
 * @reason: why it is unavailable, else empty
 * @module: the module it is in, empty for the kernel itself
 */
struct stage_point {
	uint32_t kind;
	uint32_t state;
	char func[128];
	char reason[160];
	char module[64];
};

/**
 * struct stage - One line of the module's table.
 * @users: sessions that use it now
 */
struct stage {
	uint32_t id;
	uint32_t layer;
	uint32_t direction;
	uint32_t users;
	char name[64];
	char doc[256];
	struct stage_point *points;
	size_t nr_points;
	size_t cap_points;
};

struct stagelist {
	struct stage *stages;
	size_t nr;
	size_t cap;
};

/* Asks the module for its table: 0, or -1 after a sentence. */
int stagelist_get(struct stagelist *list, struct family *f);
void stagelist_release(struct stagelist *list);

/* Returns NULL when there is none of that name. */
const struct stage *stagelist_find(const struct stagelist *list,
				   const char *name);

/* enum skbtrail_point_state of the stage as a whole. */
uint32_t stage_state(const struct stage *s);

/* The reason of the first point that is unavailable, or "". */
const char *stage_reason(const struct stage *s);

/* Words for the enums; "?" for what is not known here. */
const char *stage_layer_word(uint32_t layer);
const char *stage_direction_word(uint32_t direction);
const char *stage_kind_word(uint32_t kind);
const char *stage_state_word(uint32_t state);

#endif
