/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_REASON_H
#define SKBTRAIL_REASON_H

/**
 * struct reason - What a drop reason means.
 * @name: the kernel's name without SKB_DROP_REASON_, or that@function
 * @text: a plain half-sentence; may hold {listens}
 * @advice: what to check
 */
struct reason {
	const char *name;
	const char *text;
	const char *advice;
};

/*
 * What is known of a reason that is given at @symbol, a function+offset or NULL.
 * Returns NULL for one of which nothing certain is known.
 */
const struct reason *reason_find(const char *name, const char *symbol);

#endif
