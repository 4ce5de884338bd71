// SPDX-License-Identifier: GPL-2.0
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"

#define MAX_SECONDS 31536000	/* a year */
#define BILLION 1000000000

/* Reads digits, and digits only, up to *@end. strtoull() alone would take "-1" and " 1". */
static int digits(const char *text, char **end, uint64_t *n)
{
	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*n = strtoull(text, end, 10);
	return errno ? -1 : 0;
}

static int refuse_range(const char *option, const char *text, uint64_t min, uint64_t max)
{
	return complain("%s takes a number from %llu to %llu, not '%s'", option,
			(unsigned long long)min, (unsigned long long)max, text);
}

int number_parse(const char *option, const char *text, uint64_t min,
		 uint64_t max, uint64_t *n)
{
	char *end;

	if (!digits(text, &end, n) && !*end && *n >= min && *n <= max)
		return 0;
	return refuse_range(option, text, min, max);
}

static int scale(const char *suffix)
{
	if (!*suffix)
		return 0;
	if (suffix[1])
		return -1;
	switch (*suffix) {
	case 'k': case 'K':
		return 10;
	case 'm': case 'M':
		return 20;
	case 'g': case 'G':
		return 30;
	default:
		return -1;
	}
}

int number_bytes(const char *option, const char *text, uint64_t min,
		 uint64_t max, uint64_t *n)
{
	int shift = -1;
	char *end;

	if (!digits(text, &end, n))
		shift = scale(end);
	if (shift < 0)
		return complain("%s takes a number of bytes such as 4096, 512K or 16M, not '%s'",
				option, text);
	if (*n > UINT64_MAX >> shift)
		*n = UINT64_MAX;
	else
		*n <<= shift;
	return *n >= min && *n <= max ? 0 : refuse_range(option, text, min, max);
}

/* Digits, of which @max is the most, and decimals: in parts of which @parts make one. */
static int decimal(const char *text, uint64_t max, uint64_t parts, uint64_t *n)
{
	char *end;

	if (digits(text, &end, n) || *n > max)
		return -1;
	*n *= parts;
	if (*end == '.') {
		for (end++; isdigit((unsigned char)*end); end++) {
			parts /= 10;
			*n += parts * (*end - '0');
		}
		if (!isdigit((unsigned char)end[-1]))
			return -1;
	}
	return *end ? -1 : 0;
}

int number_seconds(const char *option, const char *text, uint64_t *ms)
{
	if (!decimal(text, MAX_SECONDS, 1000, ms) && *ms)
		return 0;
	return complain("%s takes seconds such as 5 or 0.5, not '%s'", option, text);
}

int number_share(const char *option, const char *text, uint32_t *billionths)
{
	uint64_t n;

	if (!decimal(text, 1, BILLION, &n) && n && n <= BILLION) {
		*billionths = n;
		return 0;
	}
	return complain("%s takes a share such as 0.01, more than 0 and at most 1, not '%s'",
			option, text);
}
