/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_COMPLAIN_H
#define SKBTRAIL_COMPLAIN_H

#include <stddef.h>

/**
 * enum status - Exit status of every command.
 * @STATUS_OK: complete
 * @STATUS_ERROR: usage or system error, told in one sentence
 * @STATUS_INCOMPLETE: done, but something was lost
 */
enum status {
	STATUS_OK = 0,
	STATUS_ERROR = 1,
	STATUS_INCOMPLETE = 2,
};

/* Writes "skbtrail: ...\n" to stderr; always returns -1. */
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* These end the program with a sentence when there is no memory, which a NULL @p means. */
void *xcheck(void *p);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *old, size_t n, size_t size);
char *xstrdup(const char *s);

/* Makes room for one more element of @size bytes in an array of @n. */
void *grow(void *array, size_t n, size_t *cap, size_t size);

#endif
