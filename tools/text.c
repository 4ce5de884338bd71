// SPDX-License-Identifier: GPL-2.0
#include "text.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"

struct style style_of_stdout(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct style st = {
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.colour = isatty(STDOUT_FILENO) &&
			  !(no_color && *no_color) &&
			  !(term && !strcmp(term, "dumb")),
	};

	return st;
}

static void three_digits(char *buf, size_t size, double v, const char *unit)
{
	/* 9.995 would print as 10.00: the digits are chosen after rounding */
	int digits = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;

	snprintf(buf, size, "%.*f %s", digits, v, unit);
}

const char *text_duration(char *buf, size_t size, uint64_t ns, bool utf8)
{
	if (ns < 1000)
		snprintf(buf, size, "%u ns", (unsigned int)ns);
	else if (ns < 999500)
		three_digits(buf, size, ns / 1e3, utf8 ? "µs" : "us");
	else if (ns < 999500000)
		three_digits(buf, size, ns / 1e6, "ms");
	else
		three_digits(buf, size, ns / 1e9, "s");
	return buf;
}

size_t text_columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

const char *text_arrow(const struct style *st)
{
	return st->utf8 ? "→" : "->";
}

void text_pad(FILE *f, const char *s, size_t width)
{
	size_t n = text_columns(s);

	fputs(s, f);
	if (n < width)
		fprintf(f, "%*s", (int)(width - n), "");
}

char *text_join(char **words, size_t n)
{
	size_t len = 1, at = 0, i;
	char *text;

	for (i = 0; i < n; i++)
		len += strlen(words[i]) + 1;
	text = xcalloc(1, len);
	for (i = 0; i < n; i++)
		at += snprintf(text + at, len - at, "%s%s", i ? " " : "", words[i]);
	return text;
}
