/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_VERDICT_H
#define SKBTRAIL_VERDICT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "decode.h"
#include "names.h"

#define VERDICT_NAME 256
#define VERDICT_STEPS 17

struct json_object;

/**
 * struct verdict - Who in netfilter dropped or changed a packet.
 * @rec: as told; its steps are those of @step
 * @table: name of the table, empty where there is none; text of a rewrite rule
 * @step: chains from the base chain on, the rule in each that mattered; 0 none
 * @text: the deciding rule as its tool writes it, NULL unknown
 * @func: hook function, NULL unknown
 * @module: module of @func, empty: the kernel itself
 */
struct verdict {
	struct skbtrail_rec_verdict rec;
	char table[VERDICT_NAME];
	struct verdict_step {
		uint64_t handle;
		char chain[VERDICT_NAME];
	} step[VERDICT_STEPS];
	const char *text;
	char func[VERDICT_NAME];
	char module[VERDICT_NAME];
};

/* Returns NULL for a record that makes no sense, else what the caller frees. */
struct verdict *verdict_take(const struct record *rec);

/* Fills in what names tell: function, module, text. */
void verdict_name(struct verdict *v, const struct names *names);

/* The last chain: where the rule is, or whose policy it was; NULL where there is none. */
const struct verdict_step *verdict_last(const struct verdict *v);

/* "inet", "ip", "ip6", "arp", "bridge", "netdev"; NULL for others. */
const char *verdict_family(const struct verdict *v);

/* Where the text of a rule stands in DICT_RULE: an id, and a parent to be sure. */
struct verdict_key {
	uint32_t id;
	uint32_t parent;
};

struct verdict_key verdict_key(const struct verdict *v);

/* For people: "nft inet fw input handle 7 "tcp dport 25 drop"", and the way there. */
void verdict_print(FILE *f, const struct verdict *v);

/* "snat", "masquerade", ...; NULL where NAT did nothing. */
const char *verdict_nat(const struct verdict *v);

/* Whether it only matched; it is told of no rule but for who asked. */
bool verdict_matches(const struct verdict *v);

/* What a rule that matched said, such as "accept"; NULL: not known. */
const char *verdict_said(const struct verdict *v);

/* Whether it was given to NFQUEUE, or would have been had somebody read that. */
bool verdict_queues(const struct verdict *v);

/* "conntrack_table_full", "conntrack_clash": why conntrack dropped it; NULL unknown. */
const char *verdict_why(const struct verdict *v);

/* For programs: keys "rule" and "hook". */
void verdict_json(struct json_object *o, const struct verdict *v);

/* The same for what was done but a drop, with "action" and what belongs to that. */
void verdict_json_deed(struct json_object *o, const struct verdict *v);

#endif
