// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel tells which rule it was; what the rule says, libnftables writes,
 * which is loaded only when there is a rule to write. The handle of a table is
 * never given to another one, nor is a rule's within its table: a text that is
 * found is that of the rule. Rules of x_tables have no name but their number,
 * and no library; their own tool is asked at once, and anew some time later.
 */
#include "ruletext.h"

#include <ctype.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "array.h"
#include "complain.h"
#include "netns.h"
#include "verdict.h"

/* so long a number of a rule is taken to mean the same rule */
#define ASK_MS 1000

static struct {
	bool tried;
	bool found;
	struct nft_ctx *(*ctx_new)(uint32_t flags);
	void (*ctx_free)(struct nft_ctx *ctx);
	void (*set_flags)(struct nft_ctx *ctx, unsigned int flags);
	int (*buffer_output)(struct nft_ctx *ctx);
	int (*buffer_error)(struct nft_ctx *ctx);
	const char *(*get_output)(struct nft_ctx *ctx);
	int (*run)(struct nft_ctx *ctx, const char *cmd);
} lib;

static bool load(void)
{
	static const struct {
		const char *name;
		void *to;
	} symbols[] = {
		{ "nft_ctx_new", &lib.ctx_new },
		{ "nft_ctx_free", &lib.ctx_free },
		{ "nft_ctx_output_set_flags", &lib.set_flags },
		{ "nft_ctx_buffer_output", &lib.buffer_output },
		{ "nft_ctx_buffer_error", &lib.buffer_error },
		{ "nft_ctx_get_output_buffer", &lib.get_output },
		{ "nft_run_cmd_from_buffer", &lib.run },
	};
	void *handle, *symbol;
	size_t i;

	if (lib.tried)
		return lib.found;
	lib.tried = true;
	handle = dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		complain("note: rules are shown without their text: %s", dlerror());
		return false;
	}
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		symbol = dlsym(handle, symbols[i].name);
		if (!symbol)
			return false;
		memcpy(symbols[i].to, &symbol, sizeof(symbol));
	}
	lib.found = true;
	return true;
}

static struct nft_ctx *open_context(void)
{
	struct nft_ctx *ctx = lib.ctx_new(NFT_CTX_DEFAULT);

	if (!ctx)
		return NULL;
	lib.set_flags(ctx, NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_STATELESS |
		      NFT_CTX_OUTPUT_TERSE);
	if (!lib.buffer_output(ctx) && !lib.buffer_error(ctx))
		return ctx;
	lib.ctx_free(ctx);
	return NULL;
}

/*
 * Names go into a command: one that is more than a name must not become
 * another command.
 */
static bool plain(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || (*name && strchr("_-./\\", *name)))
		name++;
	return !*name;
}

/* The number behind " # handle " at the end of a line; 0 where there is none. */
static uint64_t handle_of(const char *line, size_t *len)
{
	static const char mark[] = " # handle ";
	const size_t n = sizeof(mark) - 1;
	size_t at = *len;

	while (at && isdigit((unsigned char)line[at - 1]))
		at--;
	if (at == *len || at < n || memcmp(line + at - n, mark, n) != 0)
		return 0;
	*len = at - n;
	return strtoull(line + at, NULL, 10);
}

/* its handle stands behind what closes a chain that a rule holds */
static bool closes(const char *line, size_t len)
{
	return len && line[len - 1] == '}' && strspn(line, " \t") == len - 1;
}

static char *take_line(const char *line, size_t len)
{
	while (len && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	return strndup(line, len);
}

/* of a rule that holds a chain, by its first line */
static char *take_block(const char *line, size_t len)
{
	char *text, *first = take_line(line, len);

	if (!first || asprintf(&text, "%s ... }", first) < 0)
		text = NULL;
	free(first);
	return text;
}

/*
 * The first line with a handle is the table's, the next ones are of chains and rules. A rule
 * that jumps to a chain without a name is told by the line which begins that.
 */
static char *find_rule(const char *list, uint64_t table, uint64_t rule)
{
	const char *outer = NULL;
	bool in_chain = false;
	size_t len, whole, outer_len = 0;
	uint64_t handle;

	for (; *list; list += whole + (list[whole] == '\n')) {
		whole = strcspn(list, "\n");
		len = whole;
		handle = handle_of(list, &len);
		if (!handle && in_chain && !strncmp(list, "\t\t", 2) && list[2] != '\t' &&
		    len && list[len - 1] == '{') {
			outer = list;
			outer_len = len;
		}
		if (!handle)
			continue;
		if (!isspace((unsigned char)*list)) {
			if (handle != table)
				return NULL;
		} else if (len && list[len - 1] == '{') {
			in_chain = !strncmp(list, "\tchain ", 7);
		} else if (in_chain && handle == rule) {
			return outer && closes(list, len) ? take_block(outer, outer_len) :
							    take_line(list, len);
		}
	}
	return NULL;
}

/**
 * struct question - What is asked in a namespace.
 * @text: the answer, NULL when there was none
 */
struct question {
	const struct verdict *v;
	char *text;
};

/* A context that was kept would keep its namespace, and the devices in it. */
static void ask_nft(void *arg)
{
	struct question *q = arg;
	const struct verdict_step *last = verdict_last(q->v);
	char cmd[2 * VERDICT_NAME + 64];
	struct nft_ctx *ctx = open_context();

	if (!ctx)
		return;
	snprintf(cmd, sizeof(cmd), "list chain %s %s %s", verdict_family(q->v),
		 q->v->table, last->chain);
	if (!lib.run(ctx, cmd))
		q->text = find_rule(lib.get_output(ctx), q->v->rec.table, last->handle);
	lib.ctx_free(ctx);
}

static const char *tool_of(const struct verdict *v)
{
	switch (v->rec.family) {
	case NFPROTO_IPV4:
		return "iptables-legacy";
	case NFPROTO_IPV6:
		return "ip6tables-legacy";
	default:
		return NULL;
	}
}

/* Never returns. */
static void run_tool(const struct verdict *v, int out)
{
	const struct verdict_step *last = verdict_last(v);
	int null = open("/dev/null", O_RDWR);
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)last->handle);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execlp(tool_of(v), tool_of(v), "--wait=1", "-t", v->table, "-S", last->chain, number,
	       NULL);
	_exit(127);
}

/* The first line; NULL when there is none. */
static char *read_line(int fd)
{
	char buf[1024];
	size_t n = 0;
	ssize_t got;

	do {
		got = read(fd, buf + n, sizeof(buf) - 1 - n);
		n += got > 0 ? got : 0;
	} while (got > 0);
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return *buf ? xstrdup(buf) : NULL;
}

static void ask_xtables(void *arg)
{
	struct question *q = arg;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return;
	pid = fork();
	if (!pid)
		run_tool(q->v, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		q->text = read_line(ends[0]);
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
}

static char *ask(const struct verdict *v)
{
	bool nft = v->rec.engine == SKBTRAIL_VERDICT_ENGINE_NFTABLES;
	struct question q = { .v = v };

	if (v->rec.cause != SKBTRAIL_VERDICT_CAUSE_RULE || !plain(v->table) ||
	    !plain(verdict_last(v)->chain) || (nft ? !verdict_family(v) || !load() : !tool_of(v)))
		return NULL;
	netns_run(v->rec.inum, v->rec.netns, nft ? ask_nft : ask_xtables, &q);
	return q.text;
}

/* Marks a rule as asked for now; returns whether it was within the last ASK_MS. */
static bool asked_lately(struct verdict_key key)
{
	static struct {
		struct verdict_key key;
		uint64_t ms;
	} asked[64], *a;
	struct timespec ts;
	uint64_t ms;
	bool lately;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	ms = ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
	a = &asked[key.id % ARRAY_SIZE(asked)];
	lately = a->ms && a->key.id == key.id && a->key.parent == key.parent &&
		 ms - a->ms < ASK_MS;
	if (!lately) {
		a->key = key;
		a->ms = ms;
	}
	return lately;
}

/* A handle is never another rule's, nor is it asked for in vain again; a number may be. */
static bool is_known(const struct names *names, const struct verdict *v,
		     struct verdict_key key)
{
	const struct name *known = names_get(names, DICT_RULE, key.id);
	bool lately = v->rec.engine == SKBTRAIL_VERDICT_ENGINE_NFTABLES || asked_lately(key);

	return known && known->parent == key.parent && lately;
}

const struct name *ruletext_learn(struct names *names, const struct record *rec)
{
	const struct name *old, *now;
	struct verdict_key key;
	struct verdict *v;
	char *text;

	/* a rewrite rule comes with its text */
	if (rec->verdict.cause != SKBTRAIL_VERDICT_CAUSE_RULE ||
	    rec->verdict.engine == SKBTRAIL_VERDICT_ENGINE_SKBTRAIL)
		return NULL;
	v = verdict_take(rec);
	if (!v)
		return NULL;
	key = verdict_key(v);
	old = names_get(names, DICT_RULE, key.id);
	if (!is_known(names, v, key)) {
		text = ask(v);
		names_add(names, DICT_RULE, key.id, key.parent, 0, text ? text : "",
			  text ? strlen(text) : 0);
		free(text);
	}
	free(v);
	now = names_get(names, DICT_RULE, key.id);
	return now != old && (old || *now->text) ? now : NULL;
}
