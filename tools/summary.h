/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SUMMARY_H
#define SKBTRAIL_SUMMARY_H

#include <stdbool.h>

#include "reason.h"
#include "trail.h"

/**
 * summary_sentence - What became of a packet, in one sentence.
 * @t: a finished trail
 * @utf8: whether the micro sign may be used
 *
 * Returns text that the caller frees.
 */
char *summary_sentence(const struct trail *t, bool utf8);

/* "delivered", "sent", ...: the word of JSON and of the totals. */
const char *summary_end_word(unsigned int end);

/* "clone", "segment", ...: NULL for kinds not known here. */
const char *summary_link_word(unsigned int kind);

/* Why and where it was dropped, the same for all alike; NULL unless it was. The caller frees it. */
char *summary_cause(const struct trail *t);

/* What the drop reason means, in words; NULL where that is not certain. The caller frees it. */
char *summary_reason_text(const struct trail *t);

/* What is known of its drop reason; NULL where nothing is certain, or it was not dropped. */
const struct reason *summary_meaning(const struct trail *t);

/* "NETFILTER_DROP" or "reason 83", NULL unless dropped. */
const char *summary_reason(const struct trail *t, char *buf, size_t size);

#endif
