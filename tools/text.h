/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_TEXT_H
#define SKBTRAIL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct style - What the output can show.
 * @utf8: arrows and the micro sign as they are, else in ASCII
 * @colour: escape sequences for weight and colour
 */
struct style {
	bool utf8;
	bool colour;
};

/* What stdout and the locale allow; call setlocale() first. */
struct style style_of_stdout(void);

#define DURATION_LEN 32

/* Writes @ns nanoseconds with three significant digits and the unit that fits; returns @buf. */
const char *text_duration(char *buf, size_t size, uint64_t ns, bool utf8);

/* Columns that @s takes on a UTF-8 terminal, one per character. */
size_t text_columns(const char *s);

const char *text_arrow(const struct style *st);

/* @n words with a space between, to be freed; "" for none. */
char *text_join(char **words, size_t n);

/* Writes @s to @f and pads it with spaces to @width columns. */
void text_pad(FILE *f, const char *s, size_t width);

#endif
