// SPDX-License-Identifier: GPL-2.0
#include "filter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "complain.h"

#define SNAPLEN 65535

/* Compiles for one link type; @error is at least PCAP_ERRBUF_SIZE, or NULL. */
static bool compile(const char *text, int linktype, struct bpf_program *prog,
		    char *error)
{
	pcap_t *p = xcheck(pcap_open_dead(linktype, SNAPLEN));
	int ret = pcap_compile(p, prog, text, 1, PCAP_NETMASK_UNKNOWN);

	if (ret && error)
		snprintf(error, PCAP_ERRBUF_SIZE, "%s", pcap_geterr(p));
	pcap_close(p);
	return !ret;
}

static bool compiles(const char *text)
{
	struct bpf_program prog;

	if (!compile(text, DLT_EN10MB, &prog, NULL))
		return false;
	pcap_freecode(&prog);
	return true;
}

/* Whether some continuation makes a filter of the first @n characters. */
static bool can_begin(const char *text, size_t n)
{
	static const char *const rests[] = {
		"", " 80", " 1.2.3.4", " tcp", " src host 1.2.3.4", " = 1",
		" & 1 = 1", "] = 1", " 0] = 1",
		" 02:00:00:00:00:01", " host 02:00:00:00:00:01", " proto 1",
	};
	char *try = xcalloc(1, n + 64);
	bool ok = false;
	int depth = 0;
	size_t i;

	for (i = 0; i < n; i++)
		depth += (text[i] == '(') - (text[i] == ')');
	for (i = 0; !ok && depth >= 0 && depth < 16 &&
	     i < ARRAY_SIZE(rests); i++) {
		snprintf(try, n + 64, "%.*s%s%.*s", (int)n, text, rests[i],
			 depth, "))))))))))))))))");
		ok = compiles(try);
	}
	free(try);
	return ok;
}

/* End of the word at @at: a run of letters and the like, or one other character. */
static size_t word_end(const char *text, size_t at)
{
	if (strchr("()[]", text[at]))
		return at + 1;
	while (text[at] && !isspace((unsigned char)text[at]) &&
	       !strchr("()[]", text[at]))
		at++;
	return at;
}

static size_t skip_space(const char *text, size_t at)
{
	while (isspace((unsigned char)text[at]))
		at++;
	return at;
}

/* libpcap quotes the word it dislikes in some of its messages. */
static bool quoted_word(const char *text, const char *error, size_t *place)
{
	const char *open = strchr(error, '\'');
	const char *close = open ? strchr(open + 1, '\'') : NULL;
	char word[128];
	const char *found;

	if (!close || close == open + 1 || close - open > (long)sizeof(word))
		return false;
	memcpy(word, open + 1, close - open - 1);
	word[close - open - 1] = '\0';
	found = strstr(text, word);
	if (found)
		*place = found - text;
	return found;
}

size_t filter_place(const char *text, const char *error)
{
	size_t at = skip_space(text, 0);
	size_t place;
	size_t end;

	if (quoted_word(text, error, &place))
		return place;
	/* the first word with which no filter can begin any more */
	while (text[at]) {
		end = word_end(text, at);
		if (!can_begin(text, end))
			return at;
		at = skip_space(text, end);
	}
	return strlen(text);
}

static int refuse(const char *text, const char *error)
{
	static const char prefix[] = "can't parse filter expression: ";
	size_t place = filter_place(text, error);

	if (!strncmp(error, prefix, strlen(prefix)))
		error += strlen(prefix);
	complain("bad filter: %s", error);
	fprintf(stderr, "  %s\n  %*s^\n", text, (int)place, "");
	return -1;
}

int filter_compile(struct filter *f, const char *text)
{
	char error[PCAP_ERRBUF_SIZE];
	bool l2, l3;

	memset(f, 0, sizeof(*f));
	f->text = text;
	if (!text[skip_space(text, 0)]) {
		f->text = "";
		return 0;
	}
	l2 = compile(text, DLT_EN10MB, &f->l2, error);
	l3 = compile(text, DLT_RAW, &f->l3, NULL);
	if (!l2)
		memset(&f->l2, 0, sizeof(f->l2));
	if (!l3)
		memset(&f->l3, 0, sizeof(f->l3));
	return l2 || l3 ? 0 : refuse(text, error);
}

void filter_release(struct filter *f)
{
	pcap_freecode(&f->l2);
	pcap_freecode(&f->l3);
}

bool filter_match(const struct filter *f, const struct trail *t)
{
	const uint8_t *bytes = t->bytes;
	size_t size = t->bytes_len;
	uint32_t len = t->len;
	uint8_t made[128];

	if (!*f->text)
		return true;
	if (!size) {
		size = filter_packet(t, made, sizeof(made), &len);
		bytes = made;
	}
	if (!size || !f->l3.bf_len)
		return false;
	return bpf_filter(f->l3.bf_insns, bytes, len < size ? size : len, size);
}
