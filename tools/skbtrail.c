// SPDX-License-Identifier: GPL-2.0
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "commands.h"
#include "complain.h"

static const struct command commands[] = {
	{ "trace", FOR_TRACE, "[options] [FILTER]",
	  "Follow packets live; prints each when it is finished",
	  OPERANDS_FILTER, command_trace, NULL },
	{ "record", FOR_RECORD, "[options] -o FILE [FILTER]",
	  "Follow packets and keep the stream in a file",
	  OPERANDS_FILTER, command_record, NULL },
	{ "read", FOR_READ, "[options] FILE [FILTER]",
	  "Show a recording as trace would have shown it",
	  OPERANDS_FILE, command_read, NULL },
	{ "stages", FOR_STAGES, "[options]",
	  "Show the stage table and what is available here",
	  OPERANDS_NONE, command_stages, NULL },
	{ "rewrite", FOR_REWRITE, "add|list|del|flush [options] ...",
	  "Change packets by rules: add --at HOOK ACTION... [if FILTER], del NUMBER...",
	  OPERANDS_WORDS, command_rewrite, help_rewrite },
	{ "doctor", FOR_DOCTOR, "",
	  "Say what works on this machine, and what to do about the rest",
	  OPERANDS_NONE, command_doctor, NULL },
};

#define COMMANDS ARRAY_SIZE(commands)

static void print_help(FILE *f)
{
	size_t i;

	fputs("skbtrail follows packets through the running network stack.\n\n"
	      "usage: skbtrail COMMAND ...\n\n", f);
	for (i = 0; i < COMMANDS; i++)
		fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].text);
	fputs("\n'skbtrail COMMAND --help' tells more, and so does skbtrail(8).\n",
	      f);
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct options opts;
	int status = STATUS_ERROR;

	if (!options_parse(&opts, cmd, argc, argv)) {
		if (opts.help) {
			options_help(stdout, cmd);
			status = STATUS_OK;
		} else {
			status = cmd->run(&opts);
		}
	}
	options_release(&opts);
	return status;
}

int main(int argc, char **argv)
{
	const struct command *cmd;

	/* not LC_NUMERIC: durations are written with a point everywhere */
	setlocale(LC_CTYPE, "");
	/* a reader that closes the pipe is told by write() */
	signal(SIGPIPE, SIG_IGN);

	if (argc < 2) {
		print_help(stderr);
		return STATUS_ERROR;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		print_help(stdout);
		return STATUS_OK;
	}
	cmd = find(argv[1]);
	if (!cmd) {
		complain("there is no command '%s'; see 'skbtrail --help'", argv[1]);
		return STATUS_ERROR;
	}
	return run(cmd, argc - 1, argv + 1);
}
