// SPDX-License-Identifier: GPL-2.0
#include "rulelist.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "clean.h"
#include "complain.h"
#include "json.h"
#include "netns.h"

static const char *const hooks[] = {
	[SKBTRAIL_RULE_HOOK_PREROUTING]		= "prerouting",
	[SKBTRAIL_RULE_HOOK_LOCAL_IN]		= "local_in",
	[SKBTRAIL_RULE_HOOK_FORWARD]		= "forward",
	[SKBTRAIL_RULE_HOOK_LOCAL_OUT]		= "local_out",
	[SKBTRAIL_RULE_HOOK_POSTROUTING]	= "postrouting",
	[SKBTRAIL_RULE_HOOK_INGRESS]		= "ingress",
	[SKBTRAIL_RULE_HOOK_EGRESS]		= "egress",
};

static const char *const states[] = {
	[SKBTRAIL_RULE_STATE_ACTIVE]	= "active",
	[SKBTRAIL_RULE_STATE_USED_UP]	= "used up",
	[SKBTRAIL_RULE_STATE_EXPIRED]	= "expired",
};

/* for programs, and why in words */
static const struct {
	const char *key;
	const char *text;
} refusals[] = {
	[SKBTRAIL_RULE_REFUSAL_HEADERS]	 = { "headers", "with headers that cannot be read" },
	[SKBTRAIL_RULE_REFUSAL_MISSING]	 = { "missing", "without what was to be changed" },
	[SKBTRAIL_RULE_REFUSAL_FRAGMENT] = { "fragment", "in fragments" },
	[SKBTRAIL_RULE_REFUSAL_GSO]	 = { "gso", "yet to be cut into segments" },
	[SKBTRAIL_RULE_REFUSAL_LENGTH]	 = { "length", "too short" },
	[SKBTRAIL_RULE_REFUSAL_MEMORY]	 = { "memory", "for want of memory" },
	[SKBTRAIL_RULE_REFUSAL_SHARED]	 = { "shared", "in use by somebody else" },
};

static const char *word(const char *const *words, size_t n, uint32_t i)
{
	return i < n && words[i] ? words[i] : "unknown";
}

uint32_t rule_hook(const char *name)
{
	uint32_t i;

	for (i = 1; i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(hooks[i], name))
			return i;
	return 0;
}

static void take_refused(struct rule *r, const struct nlattr *nest)
{
	const struct nlattr *a[SKBTRAIL_A_REFUSALS_MAX + 1];
	size_t i;

	if (!nest)
		return;
	family_parse_nested(nest, a, SKBTRAIL_A_REFUSALS_MAX);
	for (i = 1; i < ARRAY_SIZE(r->refused); i++)
		r->refused[i] = family_u64(a[i]);
}

static void take_limits(struct rule *r, const struct nlattr *const *a)
{
	r->count = family_u64(a[SKBTRAIL_A_RULE_COUNT]);
	r->left = family_u64(a[SKBTRAIL_A_RULE_LEFT]);
	r->for_ms = family_u32(a[SKBTRAIL_A_RULE_FOR_MS]);
	r->probability = family_u32(a[SKBTRAIL_A_RULE_PROBABILITY]);
	r->random = a[SKBTRAIL_A_RULE_SEED];
	r->seed = family_u64(a[SKBTRAIL_A_RULE_SEED]);
	r->dry = a[SKBTRAIL_A_RULE_DRY_RUN];
	r->persist = a[SKBTRAIL_A_RULE_PERSIST];
	r->state = family_u32(a[SKBTRAIL_A_RULE_STATE]);
}

static int take_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a[SKBTRAIL_A_RULE_MAX + 1];
	struct rulelist *l = arg;
	struct rule *r;

	family_parse(nlh, a, SKBTRAIL_A_RULE_MAX);
	l->rules = grow(l->rules, l->nr, &l->cap, sizeof(*l->rules));
	r = &l->rules[l->nr++];
	memset(r, 0, sizeof(*r));
	r->number = family_u32(a[SKBTRAIL_A_RULE_NUMBER]);
	r->hook = family_u32(a[SKBTRAIL_A_RULE_HOOK]);
	r->place = family_u32(a[SKBTRAIL_A_RULE_PLACE]);
	family_text(r->filter, sizeof(r->filter), a[SKBTRAIL_A_RULE_FILTER_TEXT]);
	family_text(r->dev, sizeof(r->dev), a[SKBTRAIL_A_RULE_DEV]);
	family_text(r->text, sizeof(r->text), a[SKBTRAIL_A_RULE_TEXT]);
	take_limits(r, a);
	r->inum = family_u32(a[SKBTRAIL_A_RULE_NETNS]);
	r->pid = family_u32(a[SKBTRAIL_A_RULE_PID]);
	r->matched = family_u64(a[SKBTRAIL_A_RULE_MATCHED]);
	r->spared = family_u64(a[SKBTRAIL_A_RULE_SPARED]);
	r->changed = family_u64(a[SKBTRAIL_A_RULE_CHANGED]);
	r->dropped = family_u64(a[SKBTRAIL_A_RULE_DROPPED]);
	take_refused(r, a[SKBTRAIL_A_RULE_REFUSED]);
	return MNL_CB_OK;
}

int rulelist_get(struct rulelist *l, struct family *family)
{
	char buf[256];
	int ret;

	memset(l, 0, sizeof(*l));
	ret = family_talk(family, family_request(family, buf, SKBTRAIL_CMD_RULE_GET, NLM_F_DUMP),
			  take_rule, l);
	return ret ? family_complain(family, "cannot list the rules", ret) : 0;
}

void rulelist_release(struct rulelist *l)
{
	free(l->rules);
}

const struct rule *rulelist_find(const struct rulelist *l, uint32_t number)
{
	size_t i;

	for (i = 0; i < l->nr; i++)
		if (l->rules[i].number == number)
			return &l->rules[i];
	return NULL;
}

/**
 * struct wanted - A namespace whose name is looked for.
 * @name: empty when it has none
 */
struct wanted {
	uint32_t inum;
	char name[256];
};

static void match(void *arg, const char *name, uint32_t inum)
{
	struct wanted *w = arg;

	if (inum == w->inum)
		clean_text(w->name, sizeof(w->name), name, strlen(name));
}

static void print_netns(FILE *f, uint32_t inum)
{
	struct wanted w = { .inum = inum };

	netns_for_each(match, &w);
	if (*w.name)
		fprintf(f, " netns %s", w.name);
	else
		fprintf(f, " netns %u", inum);
}

static void print_limits(FILE *f, const struct rule *r)
{
	if (r->count)
		fprintf(f, " count %llu", (unsigned long long)r->count);
	if (r->for_ms)
		fprintf(f, " for %g s", r->for_ms / 1000.0);
	if (r->probability)
		fprintf(f, " probability %.10g", r->probability / 1e9);
	if (r->random)
		fprintf(f, " seed %llu", (unsigned long long)r->seed);
	if (r->dry)
		fputs(" dry run", f);
	if (r->persist)
		fputs(" persistent", f);
	else
		fprintf(f, " of process %u", r->pid);
}

static void print_count(FILE *f, const char *what, uint64_t n)
{
	if (n)
		fprintf(f, ", %s %llu", what, (unsigned long long)n);
}

void rule_print_counters(FILE *f, const struct rule *r)
{
	size_t i;

	fprintf(f, "matched %llu", (unsigned long long)r->matched);
	print_count(f, "spared by chance", r->spared);
	print_count(f, r->dry ? "would have changed" : "changed", r->changed);
	print_count(f, r->dry ? "would have dropped" : "dropped", r->dropped);
	for (i = 1; i < ARRAY_SIZE(r->refused); i++)
		if (r->refused[i])
			fprintf(f, ", refused %llu %s", (unsigned long long)r->refused[i],
				refusals[i].text);
	fputc('\n', f);
}

void rule_print(FILE *f, const struct rule *r)
{
	fprintf(f, "rule %u: %s", r->number, word(hooks, ARRAY_SIZE(hooks), r->hook));
	if (r->place)
		fputs(r->place == SKBTRAIL_RULE_PLACE_AFTER_NAT ? " after NAT" : " before NAT", f);
	if (*r->dev)
		fprintf(f, " dev %s", r->dev);
	if (r->inum)
		print_netns(f, r->inum);
	fprintf(f, ": %s", r->text);
	if (*r->filter)
		fprintf(f, " if %s", r->filter);
	fprintf(f, "\n  %s;", word(states, ARRAY_SIZE(states), r->state));
	print_limits(f, r);
	fputs("\n  ", f);
	rule_print_counters(f, r);
}

static void add_limits(struct json_object *o, const struct rule *r)
{
	if (r->count) {
		json_add_number(o, "count", r->count);
		json_add_number(o, "left", r->left);
	}
	if (r->for_ms)
		json_add_number(o, "for_ms", r->for_ms);
	if (r->probability)
		json_add(o, "probability", json_object_new_double(r->probability / 1e9));
	if (r->random)
		json_add_number(o, "seed", r->seed);
	json_add_bool(o, "dry_run", r->dry);
	json_add_bool(o, "persistent", r->persist);
}

void rule_json(const struct rule *r)
{
	struct json_object *o = json_object_new_object(), *refused;
	size_t i;

	json_add_number(o, "rule", r->number);
	json_add_text(o, "hook", word(hooks, ARRAY_SIZE(hooks), r->hook));
	if (r->place)
		json_add_text(o, "place", r->place == SKBTRAIL_RULE_PLACE_AFTER_NAT ?
			      "after_nat" : "before_nat");
	json_add_text(o, "dev", r->dev);
	if (r->inum)
		json_add_number(o, "netns", r->inum);
	json_add_text(o, "text", r->text);
	json_add_text(o, "filter", r->filter);
	json_add_text(o, "state", word(states, ARRAY_SIZE(states), r->state));
	add_limits(o, r);
	json_add_number(o, "pid", r->pid);
	json_add_number(o, "matched", r->matched);
	json_add_number(o, "spared", r->spared);
	json_add_number(o, "changed", r->changed);
	json_add_number(o, "dropped", r->dropped);
	refused = json_object_new_object();
	for (i = 1; i < ARRAY_SIZE(r->refused); i++)
		if (r->refused[i])
			json_add_number(refused, refusals[i].key, r->refused[i]);
	json_add(o, "refused", refused);
	json_print(stdout, o);
}
