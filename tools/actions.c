// SPDX-License-Identifier: GPL-2.0
#include "actions.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "complain.h"
#include "number.h"
#include "text.h"

#define MAX_TEXT 255

static int take_range(struct action *a, const char *name, const char *text,
		      uint64_t min, uint64_t max)
{
	uint64_t n;

	if (number_parse(name, text, min, max, &n))
		return -1;
	a->value = n;
	return 0;
}

/* Decimal or, as marks are written, hexadecimal. */
static const char *take_u32(const char *text, uint32_t *n)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	value = strtoull(text, &end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
	if (errno || value > UINT32_MAX)
		return NULL;
	*n = value;
	return end;
}

static int take_mark(struct action *a, char **words)
{
	const char *at = take_u32(words[0], &a->value);

	if (at && *at == '/') {
		a->masked = true;
		at = take_u32(at + 1, &a->mask);
	}
	if (at && !*at && a->masked && a->value & ~a->mask)
		return complain("mark %s has bits outside its mask", words[0]);
	if (at && !*at)
		return 0;
	return complain("mark takes a number or NUMBER/MASK, such as 0x10/0xff, not '%s'",
			words[0]);
}

static int take_priority(struct action *a, char **words)
{
	const char *at = take_u32(words[0], &a->value);

	if (at && !*at)
		return 0;
	return complain("priority takes a number such as 6 or 0x10010, not '%s'", words[0]);
}

/* A number that may have a name. */
struct choice {
	const char *name;
	uint8_t value;
};

/* The name of one of @n choices, or a number from 0 to @max. */
static int take_choice(struct action *a, const char *name, const char *text,
		       const struct choice *choices, size_t n, uint64_t max)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(text, choices[i].name) != 0)
			continue;
		a->value = choices[i].value;
		return 0;
	}
	return take_range(a, name, text, 0, max);
}

static int take_dscp(struct action *a, char **words)
{
	static const struct choice classes[] = {
		{ "be", 0 }, { "le", 1 }, { "ef", 46 }, { "va", 44 },
		{ "cs0", 0 }, { "cs1", 8 }, { "cs2", 16 }, { "cs3", 24 },
		{ "cs4", 32 }, { "cs5", 40 }, { "cs6", 48 }, { "cs7", 56 },
		{ "af11", 10 }, { "af12", 12 }, { "af13", 14 }, { "af21", 18 },
		{ "af22", 20 }, { "af23", 22 }, { "af31", 26 }, { "af32", 28 },
		{ "af33", 30 }, { "af41", 34 }, { "af42", 36 }, { "af43", 38 },
	};

	return take_choice(a, "dscp", words[0], classes, ARRAY_SIZE(classes), 63);
}

static int take_ecn(struct action *a, char **words)
{
	static const struct choice codes[] = {
		{ "not-ect", 0 }, { "ect1", 1 }, { "ect0", 2 }, { "ce", 3 },
	};

	return take_choice(a, "ecn", words[0], codes, ARRAY_SIZE(codes), 3);
}

static int take_ttl(struct action *a, char **words)
{
	return take_range(a, "ttl", words[0], 1, 255);
}

static int take_address(struct action *a, char **words)
{
	if (inet_pton(AF_INET, words[0], a->addr) == 1)
		a->addr_len = 4;
	else if (inet_pton(AF_INET6, words[0], a->addr) == 1)
		a->addr_len = 16;
	else
		return complain("%s takes an IPv4 or IPv6 address, not '%s'",
				a->kind == SKBTRAIL_RULE_ACTION_SRC ? "src" : "dst", words[0]);
	return 0;
}

static int take_port(struct action *a, char **words)
{
	return take_range(a, a->kind == SKBTRAIL_RULE_ACTION_SPORT ? "sport" : "dport",
			  words[0], 1, 65535);
}

static const char *const flag_names[] = {
	"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr",
};

static int flag_bit(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flag_names); i++)
		if (len == 3 && !strncasecmp(name, flag_names[i], 3))
			return 1 << i;
	return 0;
}

/* "SYN,ACK": these and no others; "+URG,~PSH": these on and off, the others as they are */
static int take_flags(struct action *a, char **words)
{
	const char *at = words[0];
	size_t len;
	int bit;

	a->masked = *at == '+' || *at == '~';
	if (!strcmp(at, "none"))
		return 0;
	for (; *at; at += len + (at[len] == ',')) {
		bool off = *at == '~';

		if ((*at == '+' || off) != a->masked)
			break;
		at += a->masked;
		len = strcspn(at, ",");
		bit = flag_bit(at, len);
		if (!bit)
			break;
		a->mask |= bit;
		a->value |= off ? 0 : bit;
	}
	if (!*at && a->mask)
		return 0;
	return complain("flags takes TCP flags, SYN,ACK (these alone), +URG,~PSH or none, not '%s'",
			words[0]);
}

static int take_window(struct action *a, char **words)
{
	return take_range(a, "window", words[0], 0, 65535);
}

static int take_mss(struct action *a, char **words)
{
	return take_range(a, "mss", words[0], 1, 65535);
}

static int take_vlan(struct action *a, char **words)
{
	if (!strcmp(words[0], "none"))
		return 0;
	return take_range(a, "vlan", words[0], 1, 4094);
}

static int hex_digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static int take_hex(struct action *a, const char *text)
{
	size_t len = strlen(text), i;

	if (!len || len % 2 || len / 2 > sizeof(a->bytes))
		return -1;
	for (i = 0; i < len; i++) {
		if (hex_digit(text[i]) < 0)
			return -1;
		a->bytes[i / 2] = a->bytes[i / 2] << 4 | hex_digit(text[i]);
	}
	a->bytes_len = len / 2;
	return 0;
}

static int take_payload(struct action *a, char **words)
{
	uint64_t n;

	if (number_parse("payload", words[0], 0, 65535, &n))
		return -1;
	a->offset = n;
	if (take_hex(a, words[1]))
		return complain("payload takes 1 to 256 bytes in hexadecimal, not '%s'",
				words[1]);
	if (a->offset + a->bytes_len > 65535)
		return complain("payload ends past 65535, where no packet goes");
	return 0;
}

static int take_truncate(struct action *a, char **words)
{
	return take_range(a, "truncate", words[0], 20, 65535);
}

/* @needs: filter for what it can be done to, NULL anything */
static const struct action_def {
	const char *name;
	const char *args;
	unsigned int nr_args;
	uint8_t kind;
	int (*take)(struct action *a, char **words);
	const char *needs;
	const char *needs_text;
	const char *text;
} defs[] = {
	{ "mark", "N[/MASK]", 1, SKBTRAIL_RULE_ACTION_MARK, take_mark,
	  NULL, NULL, "firewall mark" },
	{ "priority", "N", 1, SKBTRAIL_RULE_ACTION_PRIORITY, take_priority,
	  NULL, NULL, "priority, as queueing disciplines see it" },
	{ "dscp", "N|NAME", 1, SKBTRAIL_RULE_ACTION_DSCP, take_dscp,
	  "ip or ip6", "IP", "0 to 63, or ef, cs0, af11, ..." },
	{ "ecn", "N|NAME", 1, SKBTRAIL_RULE_ACTION_ECN, take_ecn,
	  "ip or ip6", "IP", "0 to 3, or not-ect, ect1, ect0, ce" },
	{ "ttl", "N", 1, SKBTRAIL_RULE_ACTION_TTL, take_ttl,
	  "ip or ip6", "IP", "TTL or hop limit" },
	{ "src", "ADDRESS", 1, SKBTRAIL_RULE_ACTION_SRC, take_address,
	  NULL, NULL, "source address" },
	{ "dst", "ADDRESS", 1, SKBTRAIL_RULE_ACTION_DST, take_address,
	  NULL, NULL, "destination address" },
	{ "sport", "PORT", 1, SKBTRAIL_RULE_ACTION_SPORT, take_port,
	  "tcp or udp", "TCP or UDP", "source port of TCP or UDP" },
	{ "dport", "PORT", 1, SKBTRAIL_RULE_ACTION_DPORT, take_port,
	  "tcp or udp", "TCP or UDP", "destination port of TCP or UDP" },
	{ "flags", "FLAGS", 1, SKBTRAIL_RULE_ACTION_FLAGS, take_flags,
	  "tcp", "TCP", "TCP flags: SYN,ACK or +URG,~PSH or none" },
	{ "window", "N", 1, SKBTRAIL_RULE_ACTION_WINDOW, take_window,
	  "tcp", "TCP", "TCP window, as in the header" },
	{ "mss", "N", 1, SKBTRAIL_RULE_ACTION_MSS, take_mss,
	  "tcp", "TCP", "lower the TCP option MSS to this" },
	{ "vlan", "N|none", 1, SKBTRAIL_RULE_ACTION_VLAN, take_vlan,
	  NULL, NULL, "VLAN tag; at ingress and egress" },
	{ "payload", "OFFSET HEX", 2, SKBTRAIL_RULE_ACTION_PAYLOAD, take_payload,
	  "tcp or udp or icmp or icmp6", "TCP, UDP or ICMP", "bytes of the payload" },
	{ "truncate", "N", 1, SKBTRAIL_RULE_ACTION_TRUNCATE, take_truncate,
	  "ip or ip6", "IP", "cut to N bytes from the IP header on" },
	{ "corrupt", "", 0, SKBTRAIL_RULE_ACTION_CORRUPT, NULL,
	  "ip or ip6", "IP", "flip one random bit behind the IP header" },
	{ "drop", "", 0, SKBTRAIL_RULE_ACTION_DROP, NULL,
	  NULL, NULL, "drop, as if it was lost on the wire" },
};

static const struct action_def *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(defs); i++)
		if (!strcmp(defs[i].name, name))
			return &defs[i];
	return NULL;
}

static const struct action_def *def_of(const struct action *a)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(defs) && defs[i].kind != a->kind; i++)
		;
	return &defs[i];
}

/* Returns how many words it took, 0 after a sentence. */
static size_t take_action(struct actions *a, char **words, size_t n)
{
	const struct action_def *def = find(words[0]);
	struct action *action = &a->action[a->nr];

	if (!def) {
		complain("there is no action '%s'; see 'skbtrail rewrite --help'", words[0]);
		return 0;
	}
	if (a->nr == ARRAY_SIZE(a->action)) {
		complain("a rule has %zu actions at most", ARRAY_SIZE(a->action));
		return 0;
	}
	if (n <= def->nr_args) {
		complain("%s takes %s", def->name, def->args);
		return 0;
	}
	action->kind = def->kind;
	if (def->take && def->take(action, words + 1))
		return 0;
	a->nr++;
	return 1 + def->nr_args;
}

int actions_parse(struct actions *a, char **words, size_t n)
{
	size_t at = 0, used;

	memset(a, 0, sizeof(*a));
	while (at < n && strcmp(words[at], "if") != 0) {
		used = take_action(a, words + at, n - at);
		if (!used)
			return -1;
		at += used;
	}
	if (!a->nr)
		return complain("say what to do to packets; see 'skbtrail rewrite --help'");
	a->text = text_join(words, at);
	if (strlen(a->text) > MAX_TEXT)
		a->text[MAX_TEXT] = '\0';
	if (at + 1 == n)
		return complain("'if' needs a filter");
	a->filter = text_join(words + at + 1, at < n ? n - at - 1 : 0);
	return 0;
}

void actions_release(struct actions *a)
{
	free(a->text);
	free(a->filter);
}

/* libpcap knows a filter that no packet can pass when it sees one. */
static bool excludes(const char *filter, const char *needs)
{
	size_t size = strlen(filter) + strlen(needs) + 32;
	char *both = xcalloc(1, size);
	struct bpf_program prog;
	bool none = false;
	pcap_t *p = pcap_open_dead(DLT_RAW, 65535);

	snprintf(both, size, "(%s) and (%s)", filter, needs);
	if (p && pcap_compile(p, &prog, both, 1, PCAP_NETMASK_UNKNOWN))
		none = strstr(pcap_geterr(p), "rejects all");
	else if (p)
		pcap_freecode(&prog);
	if (p)
		pcap_close(p);
	free(both);
	return none;
}

int actions_fit(const struct actions *a)
{
	size_t i;

	for (i = 0; *a->filter && i < a->nr; i++) {
		const struct action_def *def = def_of(&a->action[i]);
		const char *needs = def->needs, *text = def->needs_text;

		if (a->action[i].addr_len) {
			needs = a->action[i].addr_len == 4 ? "ip" : "ip6";
			text = a->action[i].addr_len == 4 ? "IPv4" : "IPv6";
		}
		if (needs && excludes(a->filter, needs))
			return complain("%s needs %s, which the filter leaves out", def->name,
					text);
	}
	return 0;
}

void actions_help(void)
{
	char left[64];
	size_t i;

	puts("\nactions:");
	for (i = 0; i < ARRAY_SIZE(defs); i++) {
		snprintf(left, sizeof(left), "%s %s", defs[i].name, defs[i].args);
		printf("  %-24s %s\n", left, defs[i].text);
	}
}
