/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_NUMBER_H
#define SKBTRAIL_NUMBER_H

#include <stdint.h>

/* Each returns 0, or -1 after a sentence that names @option. */

/* A decimal number between @min and @max. */
int number_parse(const char *option, const char *text, uint64_t min,
		 uint64_t max, uint64_t *n);

/* A number of bytes with an optional K, M or G (powers of 1024). */
int number_bytes(const char *option, const char *text, uint64_t min,
		 uint64_t max, uint64_t *n);

/* Seconds with up to three decimals, as milliseconds; at least one. */
int number_seconds(const char *option, const char *text, uint64_t *ms);

/* A share with up to nine decimals, more than 0 and at most 1, in billionths. */
int number_share(const char *option, const char *text, uint32_t *billionths);

#endif
