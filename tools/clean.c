// SPDX-License-Identifier: GPL-2.0
#include "clean.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Without overlong forms, surrogates and what is above U+10FFFF. */
static bool may_follow(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second <= 0x9f;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second <= 0x8f;
	default:
		return true;
	}
}

/* Returns the bytes of the UTF-8 sequence at @s, 0 if it is none. */
static size_t sequence(const uint8_t *s, size_t len)
{
	size_t n = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 :
		   *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;
	size_t i;

	if (n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n > 1 && !may_follow(s[0], s[1]) ? 0 : n;
}

static bool commands(const uint8_t *s, size_t n)
{
	if (n == 1)
		return *s < 0x20 || *s == 0x7f;
	return n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

void clean_text(char *dst, size_t size, const void *src, size_t len)
{
	const uint8_t *s = src;
	size_t at = 0;
	size_t n;

	len = strnlen(src, len);
	while (len) {
		n = sequence(s, len);
		if (at + (n ? n : 1) >= size)
			break;
		if (!n || commands(s, n)) {
			dst[at++] = '?';
			n = n ? n : 1;
		} else {
			memcpy(dst + at, s, n);
			at += n;
		}
		s += n;
		len -= n;
	}
	dst[at] = '\0';
}
