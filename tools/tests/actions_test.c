// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <stdlib.h>

#include "actions.h"

struct call {
	const char *line;
	struct actions actions;
	int ret;
};

static char copy[2048];

static void parse(void *arg)
{
	struct call *call = arg;
	char *words[64];
	char *save, *word;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", call->line);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		words[n++] = strcmp(word, "''") ? word : "";
	call->ret = actions_parse(&call->actions, words, n);
	if (!call->ret)
		call->ret = actions_fit(&call->actions);
}

static void refused(const char *line, const char *part)
{
	struct call call = { .line = line };
	char *text = unit_stderr(parse, &call);

	CHECK(call.ret == -1);
	CHECK_HAS(text, part);
	CHECK(strchr(text, '\n') == text + strlen(text) - 1);
	actions_release(&call.actions);
	free(text);
}

static struct actions taken(const char *line)
{
	struct call call = { .line = line };

	parse(&call);
	CHECK(!call.ret);
	return call.actions;
}

static void values(void)
{
	static const char line[] =
		"mark 0x10/0xff dscp ef flags +URG,~psh src 10.0.0.1 payload 3 00f0 drop if tcp";
	struct actions a = taken(line);

	CHECK(a.nr == 6);
	CHECK(a.action[0].value == 0x10 && a.action[0].masked && a.action[0].mask == 0xff);
	CHECK(a.action[1].value == 46);
	CHECK(a.action[2].value == 32 && a.action[2].masked && a.action[2].mask == 40);
	CHECK(a.action[3].addr_len == 4 && a.action[3].addr[0] == 10);
	CHECK(a.action[4].offset == 3 && a.action[4].bytes_len == 2);
	CHECK(a.action[4].bytes[1] == 0xf0);
	CHECK(a.action[5].kind == SKBTRAIL_RULE_ACTION_DROP);
	CHECK_TEXT(a.filter, "tcp");
	CHECK_HAS(a.text, "payload 3 00f0 drop");
	actions_release(&a);
}

static void tcp_flags(void)
{
	struct actions a = taken("flags SYN,FIN");
	struct actions b = taken("flags none");

	CHECK(a.action[0].value == 3 && !a.action[0].masked);
	CHECK(!b.action[0].value && !b.action[0].masked);
	CHECK_TEXT(a.filter, "");
	actions_release(&a);
	actions_release(&b);
}

static void refusals(void)
{
	char many[6 * SKBTRAIL_MAX_ACTIONS + 7];
	size_t i;

	refused("", "say what to do");
	refused("if tcp", "say what to do");
	refused("explode", "no action 'explode'");
	refused("ttl", "ttl takes N");
	refused("ttl 0", "from 1 to 255");
	refused("mark 0x1ffffffff", "mark takes");
	refused("mark 1/", "mark takes");
	refused("mark 0x100/0xff", "outside its mask");
	refused("flags SYN,+ACK", "flags takes");
	refused("flags SYNACK", "flags takes");
	refused("flags +", "flags takes");
	refused("flags ''", "flags takes");
	refused("payload 0 0", "hexadecimal");
	refused("payload 0 zz", "hexadecimal");
	refused("payload 65535 0000", "past 65535");
	refused("dst 1.2.3", "dst takes");
	refused("drop if", "needs a filter");
	for (i = 0; i <= SKBTRAIL_MAX_ACTIONS; i++)
		snprintf(many + 6 * i, 7, "ttl 1 ");
	refused(many, "at most");
}

static void fit_the_filter(void)
{
	struct actions a = taken("dport 80 ttl 9 if ip6 and not icmp6");

	refused("dport 80 if icmp", "dport needs TCP or UDP");
	refused("window 1 if udp port 53", "window needs TCP");
	refused("src fd00::1 if ip and tcp", "src needs IPv6");
	refused("dst 10.0.0.1 if ip6", "dst needs IPv4");
	refused("ttl 9 if arp", "ttl needs IP");
	actions_release(&a);
}

void test_actions(void)
{
	RUN(values);
	RUN(tcp_flags);
	RUN(refusals);
	RUN(fit_the_filter);
}
