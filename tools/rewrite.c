// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that change packets. A rule lives as long as the socket that added it,
 * so unless it is to persist, adding one means to stay until it is over.
 */
#include "commands.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "array.h"
#include "complain.h"
#include "family.h"
#include "filter.h"
#include "netns.h"
#include "number.h"
#include "rulelist.h"
#include "signals.h"

/* a rule does not tell when it is over, so it is asked (ms) */
#define ASK_MS 200

#define REQUEST_BUF (128u << 10)

/**
 * struct addition - A rule to be added.
 * @netns: file descriptor, -1 for all namespaces
 * @number: told by the module
 */
struct addition {
	const struct options *opts;
	struct actions actions;
	struct filter filter;
	int netns;
	uint32_t number;
};

static void put_action(struct nlmsghdr *nlh, const struct action *a)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, SKBTRAIL_A_RULE_ACTION);

	mnl_attr_put_u32(nlh, SKBTRAIL_A_ACTION_KIND, a->kind);
	mnl_attr_put_u32(nlh, SKBTRAIL_A_ACTION_VALUE, a->value);
	if (a->masked)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_ACTION_MASK, a->mask);
	if (a->addr_len)
		mnl_attr_put(nlh, SKBTRAIL_A_ACTION_ADDRESS, a->addr_len, a->addr);
	if (a->bytes_len) {
		mnl_attr_put_u32(nlh, SKBTRAIL_A_ACTION_OFFSET, a->offset);
		mnl_attr_put(nlh, SKBTRAIL_A_ACTION_BYTES, a->bytes_len, a->bytes);
	}
	mnl_attr_nest_end(nlh, nest);
}

static void put_flag(struct nlmsghdr *nlh, uint16_t attr, bool on)
{
	if (on)
		mnl_attr_put(nlh, attr, 0, NULL);
}

static void put_limits(struct nlmsghdr *nlh, const struct options *o)
{
	if (o->count)
		mnl_attr_put_u64(nlh, SKBTRAIL_A_RULE_COUNT, o->count);
	if (o->duration_ms)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_RULE_FOR_MS, o->duration_ms);
	if (o->probability)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_RULE_PROBABILITY, o->probability);
	if (o->seeded)
		mnl_attr_put_u64(nlh, SKBTRAIL_A_RULE_SEED, o->seed);
	put_flag(nlh, SKBTRAIL_A_RULE_DRY_RUN, o->dry_run);
	put_flag(nlh, SKBTRAIL_A_RULE_PERSIST, o->persist);
	put_flag(nlh, SKBTRAIL_A_RULE_DISTURB_QUEUES, o->disturb_queues);
}

static int take_number(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a[SKBTRAIL_A_RULE_MAX + 1];
	struct addition *add = arg;

	family_parse(nlh, a, SKBTRAIL_A_RULE_MAX);
	add->number = family_u32(a[SKBTRAIL_A_RULE_NUMBER]);
	return MNL_CB_OK;
}

static int send_addition(struct addition *add, struct family *family)
{
	const struct options *o = add->opts;
	char *buf = xcalloc(1, REQUEST_BUF);
	struct nlmsghdr *nlh = family_request(family, buf, SKBTRAIL_CMD_RULE_ADD, 0);
	size_t i;
	int ret;

	if (o->number)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_RULE_NUMBER, o->number);
	mnl_attr_put_u32(nlh, SKBTRAIL_A_RULE_HOOK, rule_hook(o->at));
	if (o->before_nat || o->after_nat)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_RULE_PLACE,
				 o->after_nat ? SKBTRAIL_RULE_PLACE_AFTER_NAT :
						SKBTRAIL_RULE_PLACE_BEFORE_NAT);
	family_put_filter(nlh, &add->filter, SKBTRAIL_A_RULE_FILTER_L2,
			  SKBTRAIL_A_RULE_FILTER_L3, SKBTRAIL_A_RULE_FILTER_TEXT);
	if (o->dev)
		mnl_attr_put_strz(nlh, SKBTRAIL_A_RULE_DEV, o->dev);
	if (add->netns >= 0)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_RULE_NETNS_FD, add->netns);
	for (i = 0; i < add->actions.nr; i++)
		put_action(nlh, &add->actions.action[i]);
	mnl_attr_put_strz(nlh, SKBTRAIL_A_RULE_TEXT, add->actions.text);
	put_limits(nlh, o);
	ret = family_talk(family, nlh, take_number, add);
	free(buf);
	return ret ? family_complain(family, "cannot add the rule", ret) : 0;
}

/* Returns 1 when it is over, 0 when not, -1 after a sentence. */
static int ask(struct family *family, uint32_t number, bool last)
{
	struct rulelist list;
	const struct rule *r;
	int ret;

	ret = rulelist_get(&list, family);
	if (!ret) {
		r = rulelist_find(&list, number);
		ret = !r || r->state != SKBTRAIL_RULE_STATE_ACTIVE;
		if (!r) {
			fprintf(stderr, "rule %u was deleted\n", number);
		} else if (ret || last) {
			fprintf(stderr, "rule %u: ", number);
			rule_print_counters(stderr, r);
		}
	}
	rulelist_release(&list);
	return ret;
}

/* The rule goes with our socket: until somebody stops us, or it has done its work. */
static int stay(struct family *family, uint32_t number, int signals)
{
	struct pollfd fd = { signals, POLLIN, 0 };
	int over = 0;

	while (!over) {
		if (poll(&fd, 1, ASK_MS) < 0 && errno != EINTR)
			return complain("cannot wait: %s", strerror(errno));
		over = ask(family, number, fd.revents && signals_take(signals));
		if (fd.revents)
			break;
	}
	return over < 0 ? -1 : 0;
}

static int carry_out(struct addition *add)
{
	struct family family;
	int signals, ret;

	if (family_connect(&family, NULL))
		return -1;
	signals = signals_open();
	ret = signals < 0 ? -1 : send_addition(add, &family);
	if (!ret) {
		printf("rule %u\n", add->number);
		fflush(stdout);
		if (!add->opts->persist)
			ret = stay(&family, add->number, signals);
	}
	family_close(&family);
	if (signals >= 0)
		close(signals);
	return ret;
}

static int check_filter(const struct filter *f)
{
	if (f->l2.bf_len * sizeof(struct bpf_insn) <= FAMILY_FILTER_BYTES &&
	    f->l3.bf_len * sizeof(struct bpf_insn) <= FAMILY_FILTER_BYTES &&
	    strlen(f->text) <= FAMILY_FILTER_TEXT)
		return 0;
	return complain("the filter is too long");
}

static int prepare(struct addition *add, char **words, size_t n)
{
	const struct options *o = add->opts;

	if (!o->at)
		return complain("'skbtrail rewrite add' needs --at and a hook; see --help");
	if (!rule_hook(o->at))
		return complain("there is no hook '%s'; see 'skbtrail rewrite --help'", o->at);
	if (o->before_nat && o->after_nat)
		return complain("--before-nat and --after-nat exclude each other");
	if (actions_parse(&add->actions, words, n) ||
	    filter_compile(&add->filter, add->actions.filter) || check_filter(&add->filter) ||
	    actions_fit(&add->actions))
		return -1;
	if (!o->netns)
		return 0;
	add->netns = netns_open(o->netns);
	return add->netns < 0 ? -1 : 0;
}

static int add_rule(const struct options *opts, char **words, size_t n)
{
	struct addition add = { .opts = opts, .netns = -1, .filter.text = "" };
	int ret;

	ret = prepare(&add, words, n);
	if (!ret)
		ret = carry_out(&add);
	filter_release(&add.filter);
	actions_release(&add.actions);
	if (add.netns >= 0)
		close(add.netns);
	return ret;
}

static int list_rules(const struct options *opts, char **words, size_t n)
{
	struct rulelist list;
	struct family family;
	size_t i;
	int ret;

	if (n)
		return complain("'skbtrail rewrite list' takes no '%s'", words[0]);
	if (family_connect(&family, NULL))
		return -1;
	ret = rulelist_get(&list, &family);
	for (i = 0; !ret && i < list.nr; i++) {
		if (opts->json)
			rule_json(&list.rules[i]);
		else
			rule_print(stdout, &list.rules[i]);
	}
	rulelist_release(&list);
	family_close(&family);
	return ret;
}

/* @number: 0 for all */
static int send_del(struct family *family, uint32_t number)
{
	char buf[256];
	struct nlmsghdr *nlh = family_request(family, buf, SKBTRAIL_CMD_RULE_DEL, 0);
	char what[64] = "cannot delete the rules";
	int ret;

	if (number) {
		mnl_attr_put_u32(nlh, SKBTRAIL_A_RULE_NUMBER, number);
		snprintf(what, sizeof(what), "cannot delete rule %u", number);
	}
	ret = family_talk(family, nlh, NULL, NULL);
	return ret ? family_complain(family, what, ret) : 0;
}

static int delete_rules(const struct options *opts, char **words, size_t n)
{
	struct family family;
	uint64_t number;
	int ret = 0;
	size_t i;

	(void)opts;
	if (!n)
		return complain("'skbtrail rewrite del' needs the number of a rule");
	for (i = 0; i < n; i++)
		if (number_parse("del", words[i], 1, INT32_MAX, &number))
			return -1;
	if (family_connect(&family, NULL))
		return -1;
	for (i = 0; i < n && !ret; i++)
		ret = send_del(&family, strtoul(words[i], NULL, 10));
	family_close(&family);
	return ret;
}

static int flush_rules(const struct options *opts, char **words, size_t n)
{
	struct family family;
	int ret;

	(void)opts;
	if (n)
		return complain("'skbtrail rewrite flush' takes no '%s'", words[0]);
	if (family_connect(&family, NULL))
		return -1;
	ret = send_del(&family, 0);
	family_close(&family);
	return ret;
}

static const struct {
	const char *name;
	int (*run)(const struct options *opts, char **words, size_t n);
} verbs[] = {
	{ "add", add_rule },
	{ "list", list_rules },
	{ "del", delete_rules },
	{ "flush", flush_rules },
};

int command_rewrite(const struct options *opts)
{
	size_t i;

	for (i = 0; opts->nr_words && i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(opts->words[0], verbs[i].name))
			return verbs[i].run(opts, opts->words + 1, opts->nr_words - 1) ?
			       STATUS_ERROR : STATUS_OK;
	if (opts->nr_words)
		complain("rewrite knows add, list, del and flush, not '%s'", opts->words[0]);
	else
		complain("'skbtrail rewrite' needs add, list, del or flush");
	return STATUS_ERROR;
}

void help_rewrite(void)
{
	actions_help();
}
