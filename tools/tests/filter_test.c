// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <stdlib.h>

#include "filter.h"

static void forms(void)
{
	struct filter f;

	CHECK(!filter_compile(&f, "") && !f.l2.bf_len && !f.l3.bf_len);
	filter_release(&f);
	CHECK(!filter_compile(&f, "   ") && !*f.text && !f.l2.bf_len);
	filter_release(&f);
	CHECK(!filter_compile(&f, "tcp port 80") && f.l2.bf_len && f.l3.bf_len);
	filter_release(&f);
	CHECK(!filter_compile(&f, "ether host 02:00:00:00:00:01") &&
	      f.l2.bf_len && !f.l3.bf_len);
	filter_release(&f);
}

/* The caret of a bad filter stands under the word @word. */
static void caret(const char *text, const char *error, const char *word)
{
	size_t place = filter_place(text, error);

	if (*word)
		CHECK_TEXT(text + place, strstr(text, word));
	else
		CHECK(place == strlen(text));
}

static void places(void)
{
	caret("tcp prot 80", "syntax error", "prot");
	caret("tcp port 80 and und udp", "syntax error", "und");
	caret("tcp port", "syntax error", "");
	caret("(tcp port 80", "syntax error", "");
	caret("tcp port 80)", "syntax error", ")");
	caret("host 10.0.0.1 or tcp[13 = 2", "syntax error", "= 2");
	caret("tcp[13] = 2 und udp", "syntax error", "und");
	caret("tcp and port 'x'", "'x' is bad", "x");
}

static void compile_bad(void *arg)
{
	struct filter f;

	CHECK(filter_compile(&f, arg) == -1);
	filter_release(&f);
}

static void sentence(void)
{
	char *text = unit_stderr(compile_bad, "tcp prot 80");

	CHECK_HAS(text, "skbtrail: bad filter: ");
	CHECK_HAS(text, "  tcp prot 80\n      ^\n");
	free(text);
}

static void set(struct trail *t, unsigned int id, const void *v, uint16_t len)
{
	memcpy(t->first.v[id].data, v, len);
	t->first.v[id].len = len;
}

static struct trail *udp_trail(void)
{
	struct trail *t = calloc(1, sizeof(*t));
	uint16_t sport = 1000, dport = 53, l3proto = 0x0800;
	uint8_t proto = 17;

	set(t, SKBTRAIL_FACT_L3PROTO, &l3proto, 2);
	set(t, SKBTRAIL_FACT_SADDR, "\x0a\0\0\x05", 4);
	set(t, SKBTRAIL_FACT_DADDR, "\x0a\0\0\x09", 4);
	set(t, SKBTRAIL_FACT_PROTO, &proto, 1);
	set(t, SKBTRAIL_FACT_SPORT, &sport, 2);
	set(t, SKBTRAIL_FACT_DPORT, &dport, 2);
	t->len = 60;
	return t;
}

static bool matches(const char *text, const struct trail *t)
{
	struct filter f;
	bool ret;

	CHECK(!filter_compile(&f, text));
	ret = filter_match(&f, t);
	filter_release(&f);
	return ret;
}

static void match_facts(void)
{
	struct trail *t = udp_trail();

	CHECK(matches("", t));
	CHECK(matches("udp dst port 53", t));
	CHECK(matches("src host 10.0.0.5 and greater 60", t));
	CHECK(!matches("tcp", t));
	CHECK(!matches("udp src port 53", t));
	CHECK(!matches("ip6", t));
	free(t);
}

static void match_bytes(void)
{
	/* captured bytes are what counts, whatever the facts say */
	static const uint8_t tcp[40] = { 0x45, [9] = 6, [22] = 0, [23] = 80 };
	struct trail *t = udp_trail();

	t->bytes = tcp;
	t->bytes_len = sizeof(tcp);
	CHECK(matches("tcp dst port 80", t));
	CHECK(!matches("udp", t));
	t->bytes_len = 1;
	CHECK(!matches("tcp dst port 80", t));
	free(t);
}

static void match_nothing(void)
{
	struct trail *t = calloc(1, sizeof(*t));

	CHECK(matches("", t));
	CHECK(!matches("ip", t));
	free(t);
}

void test_filter(void)
{
	RUN(forms);
	RUN(places);
	RUN(sentence);
	RUN(match_facts);
	RUN(match_bytes);
	RUN(match_nothing);
}
