// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include "array.h"
#include "clean.h"
#include "text.h"

static void durations(void)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 ns" }, { 999, "999 ns" }, { 1000, "1.00 µs" },
		{ 9994, "9.99 µs" }, { 9996, "10.0 µs" }, { 84200, "84.2 µs" },
		{ 99960, "100 µs" }, { 842000, "842 µs" }, { 999499, "999 µs" },
		{ 999500, "1.00 ms" }, { 12345678, "12.3 ms" },
		{ 999500000, "1.00 s" }, { 75000000000ull, "75.0 s" },
	};
	char buf[DURATION_LEN];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_TEXT(text_duration(buf, sizeof(buf), cases[i].ns, true),
			   cases[i].text);
	CHECK_TEXT(text_duration(buf, sizeof(buf), 84200, false), "84.2 us");
	CHECK(strlen(text_duration(buf, sizeof(buf), UINT64_MAX, true)) > 5);
}

static void columns(void)
{
	CHECK(text_columns("") == 0);
	CHECK(text_columns("84.2 µs") == 7);
	CHECK(text_columns("a→b") == 3);
}

static void clean_hostile(void)
{
	char buf[16];

	clean_text(buf, sizeof(buf), "eth0\033[2J", 8);
	CHECK_TEXT(buf, "eth0?[2J");
	clean_text(buf, sizeof(buf), "n\xc3\xa4h", 4);
	CHECK_TEXT(buf, "näh");
	clean_text(buf, sizeof(buf), "\xff\xc3", 2);
	CHECK_TEXT(buf, "??");
	clean_text(buf, sizeof(buf), "\xed\xa0\x80\xc0\x80\xc2\x9b", 7);
	CHECK_TEXT(buf, "??????");
}

static void clean_bounds(void)
{
	char buf[4];

	clean_text(buf, sizeof(buf), "abcdef", 6);
	CHECK_TEXT(buf, "abc");
	clean_text(buf, sizeof(buf), "abcdef", 2);
	CHECK_TEXT(buf, "ab");
	clean_text(buf, sizeof(buf), "ab\0cd", 5);
	CHECK_TEXT(buf, "ab");
	clean_text(buf, sizeof(buf), "abä", 4);
	CHECK_TEXT(buf, "ab");
	clean_text(buf, 1, "a", 1);
	CHECK_TEXT(buf, "");
}

void test_text(void)
{
	RUN(durations);
	RUN(columns);
	RUN(clean_hostile);
	RUN(clean_bounds);
}
