// SPDX-License-Identifier: GPL-2.0
#include "start.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "netns.h"
#include "stagelist.h"

static int add_stage(struct start *s, size_t *cap, const struct stagelist *list,
		     const char *name)
{
	const struct stage *stage = stagelist_find(list, name);

	if (!stage)
		return complain("there is no stage '%s'; see 'skbtrail stages'",
				name);
	if (stage_state(stage) == SKBTRAIL_POINT_STATE_UNAVAILABLE)
		complain("note: stage %s is not available on this kernel: %s",
			 name, *stage_reason(stage) ? stage_reason(stage) :
						      "reason unknown");
	s->stages = grow(s->stages, s->nr_stages, cap, sizeof(*s->stages));
	s->stages[s->nr_stages++] = stage->id;
	return 0;
}

static int resolve_stages(struct start *s, struct family *family)
{
	struct stagelist list;
	size_t cap = 0;
	char *names, *name, *save;
	int ret = 0;

	if (!s->opts->stages)
		return 0;
	if (stagelist_get(&list, family))
		return -1;
	names = xstrdup(s->opts->stages);
	for (name = strtok_r(names, ",", &save); name && !ret;
	     name = strtok_r(NULL, ",", &save))
		ret = add_stage(s, &cap, &list, name);
	if (!ret && !s->nr_stages)
		ret = complain("--stage takes names of stages");
	free(names);
	stagelist_release(&list);
	return ret;
}

static int check_size(const struct bpf_program *prog)
{
	if (prog->bf_len * sizeof(struct bpf_insn) <= FAMILY_FILTER_BYTES)
		return 0;
	return complain("the filter is too long: %u instructions, at most %zu",
			prog->bf_len, FAMILY_FILTER_BYTES / sizeof(struct bpf_insn));
}

static int resolve(struct start *s, struct family *family)
{
	const struct options *opts = s->opts;

	if (filter_compile(&s->filter, opts->filter) ||
	    check_size(&s->filter.l2) || check_size(&s->filter.l3))
		return -1;
	if (opts->netns) {
		s->netns = netns_open(opts->netns);
		if (s->netns < 0)
			return -1;
	}
	if (opts->dev && !netns_has_device(s->netns, opts->dev))
		return complain("there is no device '%s' in %s", opts->dev,
				opts->netns ? "that network namespace" :
					      "any network namespace");
	return resolve_stages(s, family);
}

int start_prepare(struct start *s, const struct options *opts,
		  struct family *family)
{
	memset(s, 0, sizeof(*s));
	s->opts = opts;
	s->netns = -1;
	if (!resolve(s, family))
		return 0;
	start_release(s);
	return -1;
}

void start_release(struct start *s)
{
	filter_release(&s->filter);
	if (s->netns >= 0)
		close(s->netns);
	free(s->stages);
}

struct nlmsghdr *start_request(const struct start *s, struct family *family,
			       void *buf)
{
	struct nlmsghdr *nlh = family_request(family, buf,
					      SKBTRAIL_CMD_SESSION_START, 0);
	const struct options *opts = s->opts;
	size_t i;

	family_put_filter(nlh, &s->filter, SKBTRAIL_A_SESSION_FILTER_L2,
			  SKBTRAIL_A_SESSION_FILTER_L3, SKBTRAIL_A_SESSION_FILTER_TEXT);
	for (i = 0; i < s->nr_stages; i++)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_SESSION_STAGE, s->stages[i]);
	if (opts->dev)
		mnl_attr_put_strz(nlh, SKBTRAIL_A_SESSION_DEV, opts->dev);
	if (s->netns >= 0)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_SESSION_NETNS_FD, s->netns);
	if (opts->snaplen >= 0)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_SESSION_SNAPLEN, opts->snaplen);
	mnl_attr_put_u32(nlh, SKBTRAIL_A_SESSION_BUFFER, opts->buffer);
	if (opts->stack)
		mnl_attr_put(nlh, SKBTRAIL_A_SESSION_STACK, 0, NULL);
	if (opts->rules)
		mnl_attr_put(nlh, SKBTRAIL_A_SESSION_RULES, 0, NULL);
	if (opts->flush_ms)
		mnl_attr_put_u32(nlh, SKBTRAIL_A_SESSION_FLUSH_MS, opts->flush_ms);
	return nlh;
}
