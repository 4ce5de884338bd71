/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_START_H
#define SKBTRAIL_START_H

#include <stddef.h>

#include "family.h"
#include "filter.h"
#include "options.h"

/**
 * struct start - What a session-start request needs, resolved.
 * @netns: file descriptor of the namespace to watch, -1 for all
 * @stages: ids to watch
 * @nr_stages: how many; 0 for all
 */
struct start {
	const struct options *opts;
	struct filter filter;
	int netns;
	uint32_t *stages;
	size_t nr_stages;
};

/* Resolves names and compiles the filter: 0, or -1 after a sentence. */
int start_prepare(struct start *s, const struct options *opts,
		  struct family *family);
void start_release(struct start *s);

/* Bytes enough for any request. */
#define START_LEN (96u << 10)

/* Writes the request into @buf of START_LEN bytes. */
struct nlmsghdr *start_request(const struct start *s, struct family *family,
			       void *buf);

#endif
