// SPDX-License-Identifier: GPL-2.0
#include "verdict.h"

#include <json-c/json.h>
#include <linux/netfilter.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "clean.h"
#include "complain.h"
#include "json.h"

/* Takes a NUL-terminated text that is padded to 8. */
static bool take_text(struct cursor *c, char *buf)
{
	size_t len = strnlen((const char *)c->at, c->left);
	size_t padded = (len + 8) / 8 * 8;

	if (len == c->left || padded > c->left)
		return false;
	clean_text(buf, VERDICT_NAME, c->at, len);
	c->at += padded;
	c->left -= padded;
	return true;
}

static bool take_step(struct cursor *c, struct verdict_step *step)
{
	if (c->left < sizeof(step->handle))
		return false;
	memcpy(&step->handle, c->at, sizeof(step->handle));
	c->at += sizeof(step->handle);
	c->left -= sizeof(step->handle);
	return take_text(c, step->chain);
}

static bool take_body(struct verdict *v, struct cursor c)
{
	unsigned int i;

	if (v->rec.steps > VERDICT_STEPS)
		return false;
	if (v->rec.engine == SKBTRAIL_VERDICT_ENGINE_FUNCTION)
		return true;
	if (v->rec.engine == SKBTRAIL_VERDICT_ENGINE_SKBTRAIL)
		return take_text(&c, v->table);
	if (!v->rec.steps || !take_text(&c, v->table))
		return false;
	for (i = 0; i < v->rec.steps; i++)
		if (!take_step(&c, &v->step[i]))
			return false;
	return true;
}

struct verdict *verdict_take(const struct record *rec)
{
	struct verdict *v = xcalloc(1, sizeof(*v));

	v->rec = rec->verdict;
	if (take_body(v, (struct cursor) { rec->body, rec->body_len }))
		return v;
	free(v);
	return NULL;
}

const struct verdict_step *verdict_last(const struct verdict *v)
{
	return v->rec.steps ? &v->step[v->rec.steps - 1] : NULL;
}

const char *verdict_family(const struct verdict *v)
{
	static const char *const words[] = {
		[NFPROTO_INET] = "inet", [NFPROTO_IPV4] = "ip", [NFPROTO_ARP] = "arp",
		[NFPROTO_NETDEV] = "netdev", [NFPROTO_BRIDGE] = "bridge",
		[NFPROTO_IPV6] = "ip6",
	};

	return v->rec.family < ARRAY_SIZE(words) ? words[v->rec.family] : NULL;
}

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *at = data;

	/* FNV-1a */
	while (len--)
		hash = (hash ^ *at++) * 0x100000001b3ull;
	return hash;
}

struct verdict_key verdict_key(const struct verdict *v)
{
	const struct verdict_step *last = verdict_last(v);
	uint64_t hash = 0xcbf29ce484222325ull;

	hash = mix(hash, &v->rec.engine, sizeof(v->rec.engine));
	hash = mix(hash, &v->rec.family, sizeof(v->rec.family));
	hash = mix(hash, &v->rec.netns, sizeof(v->rec.netns));
	hash = mix(hash, &v->rec.table, sizeof(v->rec.table));
	hash = mix(hash, v->table, strlen(v->table) + 1);
	if (last) {
		hash = mix(hash, &last->handle, sizeof(last->handle));
		hash = mix(hash, last->chain, strlen(last->chain));
	}
	return (struct verdict_key) { hash, hash >> 32 };
}

/* "function+0x0 [module]" */
static void take_symbol(struct verdict *v, const char *symbol)
{
	const char *plus = strchrnul(symbol, '+');
	const char *module = strchr(plus, '[');

	snprintf(v->func, sizeof(v->func), "%.*s", (int)(plus - symbol), symbol);
	if (module)
		snprintf(v->module, sizeof(v->module), "%.*s",
			 (int)strcspn(module + 1, "]"), module + 1);
}

void verdict_name(struct verdict *v, const struct names *names)
{
	const char *symbol = names_text(names, SKBTRAIL_DICT_SYMBOL, v->rec.symbol);
	struct verdict_key key = verdict_key(v);
	const struct name *text = names_get(names, DICT_RULE, key.id);

	if (v->rec.engine == SKBTRAIL_VERDICT_ENGINE_SKBTRAIL)
		v->text = v->table;
	if (symbol && strcmp(symbol, "unknown") != 0)
		take_symbol(v, symbol);
	if (text && text->parent == key.parent && *text->text)
		v->text = text->text;
}

static void print_path(FILE *f, const struct verdict *v)
{
	unsigned int i;

	if (v->rec.steps < 2)
		return;
	for (i = 0; i < v->rec.steps; i++)
		fprintf(f, "%s%s", i ? ", " : " (by ", v->step[i].chain);
	fputc(')', f);
}

/* a target stands at the end, or has options; within quotes it is a comment */
static bool has_target(const char *rule, const char *target)
{
	bool quoted = false;
	size_t n = strlen(target);

	for (; *rule; rule++) {
		if (*rule == '"')
			quoted = !quoted;
		else if (*rule == '\\' && rule[1])
			rule++;
		else if (!quoted && !strncmp(rule, target, n) && (!rule[n] || rule[n] == ' '))
			return true;
	}
	return false;
}

/*
 * A match can drop by itself, and x_tables then tells of the rule before. Unless
 * that one is seen to drop it may have been what stands behind it.
 */
static bool behind(const struct verdict *v)
{
	return v->rec.engine == SKBTRAIL_VERDICT_ENGINE_XTABLES &&
	       v->rec.cause == SKBTRAIL_VERDICT_CAUSE_RULE &&
	       v->rec.action == SKBTRAIL_VERDICT_ACTION_DROP &&
	       !(v->text && (has_target(v->text, " -j DROP") || has_target(v->text, " -j REJECT")));
}

static void print_rule(FILE *f, const struct verdict *v)
{
	const struct verdict_step *last = verdict_last(v);
	const char *family = verdict_family(v);
	bool nft = v->rec.engine == SKBTRAIL_VERDICT_ENGINE_NFTABLES;

	if (v->rec.cause == SKBTRAIL_VERDICT_CAUSE_POLICY)
		fputs("the policy of ", f);
	else if (v->rec.cause != SKBTRAIL_VERDICT_CAUSE_RULE)
		fputs(v->rec.action == SKBTRAIL_VERDICT_ACTION_DROP ?
		      "a rule or the policy of " : "an unknown rule of ", f);
	else if (behind(v))
		fputs("a rule at or behind ", f);
	if (!family)
		family = "x";
	else if (!nft && v->rec.family == NFPROTO_BRIDGE)
		family = "eb";
	fprintf(f, nft ? "nft %s %s %s" : "%stables %s %s", family, v->table, last->chain);
	if (v->rec.cause != SKBTRAIL_VERDICT_CAUSE_RULE)
		return;
	fprintf(f, " %s %llu", nft ? "handle" : "rule", (unsigned long long)last->handle);
	if (v->text)
		fprintf(f, " \"%s\"", v->text);
	print_path(f, v);
}

void verdict_print(FILE *f, const struct verdict *v)
{
	if (v->rec.engine == SKBTRAIL_VERDICT_ENGINE_SKBTRAIL) {
		fprintf(f, "skbtrail rule %llu", (unsigned long long)v->rec.table);
		if (*v->table)
			fprintf(f, " \"%s\"", v->table);
		return;
	}
	if (v->rec.engine != SKBTRAIL_VERDICT_ENGINE_FUNCTION) {
		print_rule(f, v);
		return;
	}
	fprintf(f, "the netfilter hook %s", *v->func ? v->func : "of an unknown function");
	if (*v->module)
		fprintf(f, " [%s]", v->module);
}

const char *verdict_nat(const struct verdict *v)
{
	static const char *const words[] = {
		[SKBTRAIL_VERDICT_NAT_SNAT] = "snat",
		[SKBTRAIL_VERDICT_NAT_DNAT] = "dnat",
		[SKBTRAIL_VERDICT_NAT_MASQUERADE] = "masquerade",
		[SKBTRAIL_VERDICT_NAT_REDIRECT] = "redirect",
	};

	return v->rec.nat < ARRAY_SIZE(words) ? words[v->rec.nat] : NULL;
}

const char *verdict_said(const struct verdict *v)
{
	static const char *const words[] = {
		[SKBTRAIL_VERDICT_SAID_CONTINUE] = "continue",
		[SKBTRAIL_VERDICT_SAID_ACCEPT] = "accept",
		[SKBTRAIL_VERDICT_SAID_DROP] = "drop",
		[SKBTRAIL_VERDICT_SAID_JUMP] = "jump",
		[SKBTRAIL_VERDICT_SAID_GOTO] = "goto",
		[SKBTRAIL_VERDICT_SAID_RETURN] = "return",
		[SKBTRAIL_VERDICT_SAID_QUEUE] = "queue",
		[SKBTRAIL_VERDICT_SAID_STOLEN] = "stolen",
	};

	if (!verdict_matches(v) || v->rec.detail >= ARRAY_SIZE(words))
		return NULL;
	return words[v->rec.detail];
}

bool verdict_matches(const struct verdict *v)
{
	return v->rec.action == SKBTRAIL_VERDICT_ACTION_MATCH;
}

bool verdict_queues(const struct verdict *v)
{
	return v->rec.action == SKBTRAIL_VERDICT_ACTION_QUEUE ||
	       v->rec.action == SKBTRAIL_VERDICT_ACTION_QUEUE_BYPASS;
}

const char *verdict_why(const struct verdict *v)
{
	if (v->rec.action != SKBTRAIL_VERDICT_ACTION_DROP)
		return NULL;
	return v->rec.detail == SKBTRAIL_VERDICT_WHY_TABLE_FULL ? "conntrack_table_full" :
	       v->rec.detail == SKBTRAIL_VERDICT_WHY_CLASH ? "conntrack_clash" : NULL;
}

static void add_step(struct json_object *o, const struct verdict *v,
		     const struct verdict_step *step)
{
	json_add_text(o, "chain", step->chain);
	if (step->handle)
		json_add_number(o, v->rec.engine == SKBTRAIL_VERDICT_ENGINE_NFTABLES ?
				"handle" : "number", step->handle);
}

static struct json_object *json_path(const struct verdict *v)
{
	struct json_object *list = json_object_new_array(), *o;
	unsigned int i;

	for (i = 0; i < v->rec.steps; i++) {
		o = json_object_new_object();
		add_step(o, v, &v->step[i]);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *json_rule(const struct verdict *v)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "engine", v->rec.engine == SKBTRAIL_VERDICT_ENGINE_NFTABLES ?
		      "nftables" : "xtables");
	json_add_text(o, "family", verdict_family(v));
	json_add_text(o, "table", v->table);
	add_step(o, v, verdict_last(v));
	if (behind(v))
		json_add_bool(o, "behind", true);
	if (v->rec.cause == SKBTRAIL_VERDICT_CAUSE_POLICY)
		json_add_text(o, "policy", verdict_matches(v) ? verdict_said(v) : "drop");
	json_add_text(o, "text", v->text);
	json_add(o, "path", json_path(v));
	return o;
}

static struct json_object *json_hook(const struct verdict *v)
{
	struct json_object *o = json_object_new_object();

	if (!v->rec.symbol)
		return o;
	json_add_text(o, "func", v->func);
	json_add_text(o, "module", v->module);
	json_add(o, "priority", json_object_new_int((int32_t)v->rec.priority));
	json_add_text(o, "why", verdict_why(v));
	return o;
}

static struct json_object *json_own_rule(const struct verdict *v)
{
	struct json_object *o = json_object_new_object();

	json_add_text(o, "engine", "skbtrail");
	json_add_number(o, "number", v->rec.table);
	json_add_text(o, "text", v->table);
	return o;
}

void verdict_json_deed(struct json_object *o, const struct verdict *v)
{
	const bool bypass = v->rec.action == SKBTRAIL_VERDICT_ACTION_QUEUE_BYPASS;
	const char *nat = verdict_nat(v);

	if (verdict_queues(v)) {
		json_add_text(o, "action", "queue");
		json_add_number(o, "queue", v->rec.detail);
		json_add_bool(o, "bypass", bypass);
	} else if (verdict_matches(v)) {
		json_add_text(o, "action", "match");
		json_add_text(o, "verdict", verdict_said(v));
	} else {
		json_add_text(o, "action",
			      v->rec.action == SKBTRAIL_VERDICT_ACTION_CHANGE ? "change" :
			      v->rec.action == SKBTRAIL_VERDICT_ACTION_STEAL ? "steal" :
									       "unknown");
	}
	if (nat) {
		json_add_text(o, "nat", nat);
		json_add_bool(o, "undone", v->rec.detail);
	}
	verdict_json(o, v);
}

void verdict_json(struct json_object *o, const struct verdict *v)
{
	if (v->rec.engine == SKBTRAIL_VERDICT_ENGINE_SKBTRAIL) {
		json_add(o, "rule", json_own_rule(v));
		return;
	}
	if (v->rec.engine != SKBTRAIL_VERDICT_ENGINE_FUNCTION)
		json_add(o, "rule", json_rule(v));
	json_add(o, "hook", json_hook(v));
}
