/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_CLEAN_H
#define SKBTRAIL_CLEAN_H

#include <stddef.h>

/**
 * clean_text - Copy text that somebody else chose.
 * @dst: destination, always NUL-terminated
 * @size: bytes of @dst, at least 1
 * @src: source, which need not be NUL-terminated
 * @len: bytes of @src that may be read
 *
 * Process and device names, and every text of a recording, may hold bytes
 * that command a terminal or are no UTF-8; each of those becomes a '?'.
 */
void clean_text(char *dst, size_t size, const void *src, size_t len);

#endif
