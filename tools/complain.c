// SPDX-License-Identifier: GPL-2.0
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int complain(const char *fmt, ...)
{
	va_list ap;

	/* what was printed so far comes before what went wrong */
	fflush(stdout);
	fputs("skbtrail: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -1;
}

void *xcheck(void *p)
{
	if (!p) {
		complain("out of memory");
		exit(STATUS_ERROR);
	}
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return xcheck(calloc(n ? n : 1, size));
}

void *xrealloc(void *old, size_t n, size_t size)
{
	return xcheck(reallocarray(old, n ? n : 1, size));
}

char *xstrdup(const char *s)
{
	return xcheck(strdup(s));
}

void *grow(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 8;
	return xrealloc(array, *cap, size);
}
