/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_LINEAGE_H
#define SKBTRAIL_LINEAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "trail.h"

/* "  fragment 2 of 7 of #17": what @t comes from; nothing when it comes from none. */
void lineage_heading(FILE *f, const struct trail *t);

/* "rto", "fast", ...: why TCP sent again; NULL for what is not known here, and "unknown". */
const char *lineage_why(uint32_t info);

/* "cut into 7 fragments, #18 to #24": returns false, and writes nothing, when it was not cut. */
bool lineage_cut(FILE *f, const struct trail *t);

/* "; went on as the first of 7 fragments, ...": where the rest of @t went. */
void lineage_tail(FILE *f, const struct trail *t);

#endif
