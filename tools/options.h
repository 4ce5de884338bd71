/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_OPTIONS_H
#define SKBTRAIL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct options;

/**
 * struct command - One line of the dispatch table.
 * @name: what the user types
 * @bit: its place in the option table's masks
 * @synopsis: what follows the name
 * @text: what it does
 * @operands: FILE comes first, then a filter may follow; WORDS are the command's affair
 * @run: returns an exit status
 * @help: prints what is to be said behind the options, NULL nothing
 */
struct command {
	const char *name;
	unsigned int bit;
	const char *synopsis;
	const char *text;
	enum {
		OPERANDS_NONE,
		OPERANDS_FILTER,
		OPERANDS_FILE,
		OPERANDS_WORDS,
	} operands;
	int (*run)(const struct options *opts);
	void (*help)(void);
};

enum {
	FOR_TRACE	= 1,
	FOR_RECORD	= 2,
	FOR_READ	= 4,
	FOR_STAGES	= 8,
	FOR_DOCTOR	= 16,
	FOR_REWRITE	= 32,
	FOR_SESSION	= FOR_TRACE | FOR_RECORD,
	FOR_TRAILS	= FOR_SESSION | FOR_READ,
};

/**
 * struct options - What the user asked for.
 * @count: stop after so many finished trails; 0 no limit
 * @duration_ms: stop after so many milliseconds; 0 no limit
 * @snaplen: packet bytes to capture; -1 as the module likes
 * @buffer: memory for batches in bytes
 * @flush_ms: flush interval in milliseconds; 0 as the module likes
 * @stages: names, separated by commas; NULL for all
 * @output: file to write; NULL none
 * @file: file to read
 * @filter: as typed, words joined by one space; empty for none
 * @words: operands one by one, where the command wants them so
 * @at: hook of a rewrite rule
 * @number: of a rewrite rule; 0 the next one
 * @probability: in billionths; 0 always
 * @seeded: @seed counts
 */
struct options {
	bool help;
	bool json;
	bool flat;
	bool drops;
	bool stack;
	bool rules;
	uint64_t count;
	uint64_t duration_ms;
	int snaplen;
	uint32_t buffer;
	uint32_t flush_ms;
	const char *dev;
	const char *netns;
	char *stages;
	const char *output;
	const char *file;
	char *filter;
	char **words;
	size_t nr_words;
	const char *at;
	bool before_nat;
	bool after_nat;
	uint32_t number;
	uint32_t probability;
	bool seeded;
	uint64_t seed;
	bool dry_run;
	bool persist;
	bool disturb_queues;
};

/**
 * options_parse - Read a command line.
 * @opts: filled in; options_release() frees what it holds
 * @cmd: the command; argv[0] is its name
 *
 * Returns 0, or -1 after a sentence on stderr.
 */
int options_parse(struct options *opts, const struct command *cmd, int argc,
		  char **argv);
void options_release(struct options *opts);

/* Prints what @cmd takes. */
void options_help(FILE *f, const struct command *cmd);

#endif
