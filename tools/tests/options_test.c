// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <stdlib.h>

#include "complain.h"
#include "options.h"

static const struct command trace = {
	"trace", FOR_TRACE, "[options] [FILTER]", "Follow", OPERANDS_FILTER, NULL, NULL,
};

static const struct command read_cmd = {
	"read", FOR_READ, "[options] FILE [FILTER]", "Show", OPERANDS_FILE, NULL, NULL,
};

static const struct command stages = {
	"stages", FOR_STAGES, "", "Show", OPERANDS_NONE, NULL, NULL,
};

struct call {
	const struct command *cmd;
	const char *line;
	struct options opts;
	int ret;
};

static char copy[256];

static void parse(void *arg)
{
	struct call *call = arg;
	char *argv[32] = { (char *)call->cmd->name };
	char *save, *word;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", call->line);
	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	call->ret = options_parse(&call->opts, call->cmd, argc, argv);
}

/* Expects @line to be refused in a sentence that holds @part. */
static void refused(const struct command *cmd, const char *line,
		    const char *part)
{
	struct call call = { .cmd = cmd, .line = line };
	char *text = unit_stderr(parse, &call);

	CHECK(call.ret == -1);
	CHECK_HAS(text, part);
	CHECK(strchr(text, '\n') == text + strlen(text) - 1);
	options_release(&call.opts);
	free(text);
}

static struct options taken(const struct command *cmd, const char *line)
{
	struct call call = { .cmd = cmd, .line = line };

	parse(&call);
	CHECK(!call.ret);
	return call.opts;
}

static void values(void)
{
	struct options o = taken(&trace,
		"--json -c 5 -d 1.5 --buffer 32M -s 128 --flush-ms 20 --drops");

	CHECK(o.json && o.drops && o.count == 5 && o.duration_ms == 1500);
	CHECK(o.buffer == 32u << 20 && o.snaplen == 128 && o.flush_ms == 20);
	CHECK_TEXT(o.filter, "");
	options_release(&o);
	o = taken(&trace, "");
	CHECK(o.snaplen == -1 && o.buffer == 16u << 20 && !o.count);
	options_release(&o);
	o = taken(&trace, "--stage ip.rcv --stage tcp.rcv,udp.rcv");
	CHECK_TEXT(o.stages, "ip.rcv,tcp.rcv,udp.rcv");
	options_release(&o);
	o = taken(&trace, "--duration 0.001");
	CHECK(o.duration_ms == 1);
	options_release(&o);
}

static void filters(void)
{
	struct options o = taken(&trace, "tcp port 80 --json and host 10.0.0.1");

	CHECK(o.json);
	CHECK_TEXT(o.filter, "tcp port 80 and host 10.0.0.1");
	options_release(&o);
	o = taken(&trace, "-- -x and not --json");
	CHECK(!o.json);
	CHECK_TEXT(o.filter, "-x and not --json");
	options_release(&o);
	o = taken(&read_cmd, "file.rec udp");
	CHECK_TEXT(o.file, "file.rec");
	CHECK_TEXT(o.filter, "udp");
	options_release(&o);
}

static void refusals(void)
{
	refused(&trace, "--count 0", "--count takes a number from 1");
	refused(&trace, "--count -1", "not '-1'");
	refused(&trace, "--count 1x", "not '1x'");
	refused(&trace, "--count 99999999999999999999", "--count takes");
	refused(&trace, "--count", "'--count' needs an argument");
	refused(&trace, "-c", "'-c' needs an argument");
	refused(&trace, "--json=1", "takes no argument");
	refused(&trace, "--nope", "'--nope' is no option of 'skbtrail trace'");
	refused(&trace, "-q", "'-q' is no option");
	refused(&trace, "--duration 0", "--duration takes seconds");
	refused(&trace, "--duration 1e3", "--duration takes seconds");
	refused(&trace, "--duration .", "--duration takes seconds");
	refused(&trace, "--duration 1.", "--duration takes seconds");
	refused(&trace, "--buffer 1K", "--buffer takes a number from 262144");
	refused(&trace, "--buffer 99999999999G", "--buffer takes a number");
	refused(&trace, "--buffer 16MB", "--buffer takes a number of bytes");
	refused(&trace, "--snaplen 4096", "from 0 to 2048");
	refused(&trace, "--dev averyveryverylongname", "--dev takes a device name");
	refused(&trace, "--json --flat", "exclude each other");
	refused(&read_cmd, "", "needs the name of a recording");
	refused(&read_cmd, "--dev eth0 f", "'--dev' is no option");
	refused(&stages, "tcp", "takes no operand");
}

void test_options(void)
{
	RUN(values);
	RUN(filters);
	RUN(refusals);
}
