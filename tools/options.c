// SPDX-License-Identifier: GPL-2.0
#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/skbtrail.h>

#include "array.h"
#include "complain.h"
#include "number.h"
#include "text.h"

#define DEFAULT_BUFFER	(16u << 20)
#define MIN_BUFFER	262144
#define MAX_BUFFER	1073741824

static int set_count(struct options *opts, const char *arg)
{
	return number_parse("--count", arg, 1, UINT32_MAX, &opts->count);
}

static int set_duration(struct options *opts, const char *arg)
{
	return number_seconds("--duration", arg, &opts->duration_ms);
}

static int set_snaplen(struct options *opts, const char *arg)
{
	uint64_t n;

	if (number_bytes("--snaplen", arg, 0, SKBTRAIL_MAX_SNAPLEN, &n))
		return -1;
	opts->snaplen = n;
	return 0;
}

/* The module refuses less than MIN_BUFFER for each CPU there can be. */
static uint32_t default_buffer(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t least = cpus > 0 ? (uint64_t)cpus * MIN_BUFFER : 0;

	if (least > MAX_BUFFER)
		return MAX_BUFFER;
	return least > DEFAULT_BUFFER ? least : DEFAULT_BUFFER;
}

static int set_buffer(struct options *opts, const char *arg)
{
	uint64_t n;

	if (number_bytes("--buffer", arg, MIN_BUFFER, MAX_BUFFER, &n))
		return -1;
	opts->buffer = n;
	return 0;
}

static int set_flush(struct options *opts, const char *arg)
{
	uint64_t n;

	if (number_parse("--flush-ms", arg, 1, 10000, &n))
		return -1;
	opts->flush_ms = n;
	return 0;
}

static int set_dev(struct options *opts, const char *arg)
{
	if (!*arg || strlen(arg) >= SKBTRAIL_NAME_LEN)
		return complain("--dev takes a device name of 1 to %d characters, not '%s'",
				SKBTRAIL_NAME_LEN - 1, arg);
	opts->dev = arg;
	return 0;
}

static int set_text(const char **to, const char *option, const char *what,
		    const char *arg)
{
	if (!*arg)
		return complain("%s takes %s", option, what);
	*to = arg;
	return 0;
}

static int set_netns(struct options *opts, const char *arg)
{
	return set_text(&opts->netns, "--netns",
			"the name, process id or path of a network namespace", arg);
}

/* each time it is given adds to those before */
static int set_stage(struct options *opts, const char *arg)
{
	size_t len = opts->stages ? strlen(opts->stages) : 0;
	size_t size = len + strlen(arg) + 2;
	char *all;

	if (set_text(&arg, "--stage", "names of stages", arg))
		return -1;
	all = xcalloc(size, 1);
	snprintf(all, size, "%s%s%s", len ? opts->stages : "", len ? "," : "", arg);
	free(opts->stages);
	opts->stages = all;
	return 0;
}

static int set_output(struct options *opts, const char *arg)
{
	return set_text(&opts->output, "--output", "a file name", arg);
}

static int set_at(struct options *opts, const char *arg)
{
	return set_text(&opts->at, "--at", "the name of a hook", arg);
}

static int set_number(struct options *opts, const char *arg)
{
	uint64_t n;

	if (number_parse("--number", arg, 1, INT32_MAX, &n))
		return -1;
	opts->number = n;
	return 0;
}

static int set_for(struct options *opts, const char *arg)
{
	if (number_seconds("--for", arg, &opts->duration_ms))
		return -1;
	if (opts->duration_ms > UINT32_MAX)
		return complain("--for takes at most %u seconds, not '%s'",
				UINT32_MAX / 1000, arg);
	return 0;
}

static int set_probability(struct options *opts, const char *arg)
{
	return number_share("--probability", arg, &opts->probability);
}

static int set_seed(struct options *opts, const char *arg)
{
	opts->seeded = true;
	return number_parse("--seed", arg, 0, UINT64_MAX, &opts->seed);
}

/*
 * @set: takes the argument; NULL where there is none
 * @flag: what is set instead, a bool in struct options
 */
static const struct option_def {
	const char *name;
	char letter;
	const char *arg;
	unsigned int commands;
	const char *text;
	int (*set)(struct options *opts, const char *arg);
	size_t flag;
} defs[] = {
#define FLAG(member) .flag = offsetof(struct options, member)
	{ "at", 'a', "HOOK", FOR_REWRITE,
	  "prerouting, local_in, forward, local_out, postrouting, ingress, egress",
	  .set = set_at },
	{ "before-nat", 0, NULL, FOR_REWRITE,
	  "in front of conntrack and NAT (the default)", FLAG(before_nat) },
	{ "after-nat", 0, NULL, FOR_REWRITE, "behind NAT", FLAG(after_nat) },
	{ "number", 0, "N", FOR_REWRITE,
	  "number of the rule: its name, and its place in the order", .set = set_number },
	{ "json", 'j', NULL, FOR_TRAILS | FOR_STAGES | FOR_REWRITE,
	  "one JSON object per line", FLAG(json) },
	{ "flat", 'f', NULL, FOR_TRAILS, "one line per hit", FLAG(flat) },
	{ "drops", 0, NULL, FOR_TRAILS, "only trails that end dropped", FLAG(drops) },
	{ "count", 'c', "N", FOR_TRAILS, "stop after N finished trails", .set = set_count },
	{ "count", 'c', "N", FOR_REWRITE, "apply it to N packets, then no more", .set = set_count },
	{ "for", 'd', "S", FOR_REWRITE, "apply it for S seconds", .set = set_for },
	{ "probability", 'p', "P", FOR_REWRITE,
	  "apply it to this share of the packets, such as 0.01", .set = set_probability },
	{ "seed", 0, "N", FOR_REWRITE, "have chance repeat itself", .set = set_seed },
	{ "dry-run", 0, NULL, FOR_REWRITE, "count and show, change nothing", FLAG(dry_run) },
	{ "persist", 0, NULL, FOR_REWRITE,
	  "leave the rule behind; else it goes when this command ends", FLAG(persist) },
	{ "disturb-queues", 0, NULL, FOR_REWRITE,
	  "add hooks though packets may wait in NFQUEUE", FLAG(disturb_queues) },
	{ "duration", 'd', "S", FOR_SESSION,
	  "stop after S seconds", .set = set_duration },
	{ "snaplen", 's', "N", FOR_SESSION,
	  "capture N bytes of each packet, at most 2048", .set = set_snaplen },
	{ "stack", 0, NULL, FOR_TRAILS,
	  "tell who called whom where a packet is dropped (read: as it was recorded)",
	  FLAG(stack) },
	{ "rules", 0, NULL, FOR_TRAILS,
	  "tell every rule of netfilter a packet matches (read: as it was recorded)",
	  FLAG(rules) },
	{ "dev", 'i', "NAME", FOR_SESSION,
	  "only packets first seen on this device", .set = set_dev },
	{ "dev", 'i', "NAME", FOR_REWRITE,
	  "only packets that come in or go out by this device", .set = set_dev },
	{ "netns", 'n', "NS", FOR_REWRITE,
	  "only in this network namespace: name, pid or path", .set = set_netns },
	{ "netns", 'n', "NS", FOR_SESSION,
	  "only packets first seen in this network namespace: name, pid or path",
	  .set = set_netns },
	{ "stage", 0, "NAME,...", FOR_SESSION,
	  "watch only these stages (see 'skbtrail stages')", .set = set_stage },
	{ "buffer", 'B', "BYTES", FOR_SESSION,
	  "memory for records, 256K to 1G (default 16M, or 256K per CPU)", .set = set_buffer },
	{ "flush-ms", 0, "MS", FOR_SESSION,
	  "milliseconds until a record is sent at the latest, 1 to 10000", .set = set_flush },
	{ "output", 'o', "FILE", FOR_RECORD, "file to write; - for stdout",
	  .set = set_output },
	{ "help", 'h', NULL, ~0u, "this text", FLAG(help) },
#undef FLAG
};

#define DEFS ARRAY_SIZE(defs)

static int has_arg(const struct option_def *def)
{
	return def->arg ? required_argument : no_argument;
}

/* getopt's tables for the options that @cmd takes; val is 256 + index. */
static void fill_tables(const struct command *cmd, struct option *longs,
			char *shorts)
{
	size_t i;

	/* a leading ':' tells a missing argument from an unknown option */
	*shorts++ = '+';
	*shorts++ = ':';
	for (i = 0; i < DEFS; i++) {
		if (!(defs[i].commands & cmd->bit))
			continue;
		*longs++ = (struct option) {
			defs[i].name, has_arg(&defs[i]), NULL, 256 + i,
		};
		if (defs[i].letter)
			*shorts++ = defs[i].letter;
		if (defs[i].letter && defs[i].arg)
			*shorts++ = ':';
	}
	*shorts = '\0';
	memset(longs, 0, sizeof(*longs));
}

static const struct option_def *find(const struct command *cmd, int val)
{
	size_t i;

	if (val >= 256)
		return &defs[val - 256];
	for (i = 0; i < DEFS; i++)
		if (defs[i].letter == val && defs[i].commands & cmd->bit)
			return &defs[i];
	return NULL;
}

static int set(struct options *opts, const struct option_def *def, const char *arg)
{
	if (def->set)
		return def->set(opts, arg);
	*(bool *)((char *)opts + def->flag) = true;
	return 0;
}

/* What the user typed that getopt refused: a short option, or the whole word. */
static int refuse(const struct command *cmd, int c, char **argv)
{
	char letter[3] = { '-', optopt, '\0' };
	const char *typed = optopt && optopt < 256 ? letter : argv[optind - 1];

	if (c == ':')
		return complain("option '%s' needs an argument", typed);
	if (optopt >= 256)
		return complain("option '%s' takes no argument", typed);
	return complain("'%s' is no option of 'skbtrail %s'; see 'skbtrail %s --help'",
			typed, cmd->name, cmd->name);
}

/* Options may stand between operands, as people type them; "--" ends them. */
static int parse_options(struct options *opts, const struct command *cmd,
			 int argc, char **argv, char **operands, int *nr)
{
	struct option longs[DEFS + 1];
	char shorts[DEFS * 2 + 3];
	int c;

	fill_tables(cmd, longs, shorts);
	opterr = 0;
	optind = 0;
	for (;;) {
		c = getopt_long(argc, argv, shorts, longs, NULL);
		if (c == '?' || c == ':')
			return refuse(cmd, c, argv);
		if (c != -1) {
			if (set(opts, find(cmd, c), optarg))
				return -1;
			continue;
		}
		if (optind >= argc)
			return 0;
		if (!strcmp(argv[optind - 1], "--")) {
			while (optind < argc)
				operands[(*nr)++] = argv[optind++];
			return 0;
		}
		operands[(*nr)++] = argv[optind++];
	}
}

static int take_operands(struct options *opts, const struct command *cmd,
			 char **operands, int nr)
{
	if (opts->help)
		return 0;
	if (cmd->operands == OPERANDS_NONE && nr)
		return complain("'skbtrail %s' takes no operand such as '%s'",
				cmd->name, operands[0]);
	if (cmd->operands == OPERANDS_WORDS) {
		opts->words = xcalloc(nr, sizeof(*opts->words));
		memcpy(opts->words, operands, nr * sizeof(*opts->words));
		opts->nr_words = nr;
		return 0;
	}
	if (cmd->operands == OPERANDS_FILE) {
		if (!nr)
			return complain("'skbtrail %s' needs the name of a recording",
					cmd->name);
		opts->file = *operands++;
		nr--;
	}
	opts->filter = text_join(operands, nr);
	return 0;
}

int options_parse(struct options *opts, const struct command *cmd, int argc,
		  char **argv)
{
	char **operands = xcalloc(argc, sizeof(*operands));
	int nr = 0;
	int ret;

	*opts = (struct options) { .snaplen = -1, .buffer = default_buffer() };
	ret = parse_options(opts, cmd, argc, argv, operands, &nr);
	if (!ret)
		ret = take_operands(opts, cmd, operands, nr);
	free(operands);
	if (!ret && opts->json && opts->flat)
		ret = complain("--json and --flat exclude each other");
	return ret;
}

void options_release(struct options *opts)
{
	free(opts->filter);
	free(opts->words);
	free(opts->stages);
}

void options_help(FILE *f, const struct command *cmd)
{
	char left[64];
	size_t i;

	fprintf(f, "usage: skbtrail %s %s\n\n%s.\n\n", cmd->name, cmd->synopsis,
		cmd->text);
	for (i = 0; i < DEFS; i++) {
		if (!(defs[i].commands & cmd->bit))
			continue;
		snprintf(left, sizeof(left), "%c%c%c --%s %s",
			 defs[i].letter ? '-' : ' ',
			 defs[i].letter ? defs[i].letter : ' ',
			 defs[i].letter ? ',' : ' ', defs[i].name,
			 defs[i].arg ? defs[i].arg : "");
		fprintf(f, "  %-24s %s\n", left, defs[i].text);
	}
	if (cmd->help)
		cmd->help();
}
