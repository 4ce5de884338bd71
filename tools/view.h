/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_VIEW_H
#define SKBTRAIL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "assembly.h"
#include "drops.h"
#include "filter.h"
#include "loss.h"
#include "names.h"
#include "options.h"
#include "render.h"

/**
 * struct view - From batches to text: what trace, read and record share.
 * @verdict: told of each verdict while what it names is still there: ruletext_learn(),
 *	or NULL
 * @filter: applied to finished trails; NULL shows all
 * @missing: batches missing before the one that is being read
 * @shown: finished trails written
 * @ends: the same by enum skbtrail_end_kind
 * @drops: of these, those that were dropped, by their cause
 * @gone: the reader of our output closed it
 * @failed: the output cannot be written, which was told
 */
struct view {
	const struct options *opts;
	const struct filter *filter;
	const struct name *(*verdict)(struct names *names, const struct record *rec);
	struct canvas canvas;
	render_fn render;
	struct names *names;
	struct assembly *assembly;
	struct loss loss;
	uint64_t missing;
	uint64_t shown;
	uint64_t ends[SKBTRAIL_END_KIND_MAX + 1];
	struct drops drops;
	bool gone;
	bool failed;
};

void view_init(struct view *v, const struct options *opts, FILE *f,
	       struct style style, const struct filter *filter);
void view_release(struct view *v);

/* Takes the records of one batch and writes the trails that they finish. */
void view_batch(struct view *v, const void *records, size_t len);

/* No more output is wanted: enough was shown, or nobody reads it. */
bool view_done(const struct view *v);

/**
 * view_finish - Write what is left, and the totals on stderr.
 * @cut: the stream broke off
 *
 * Returns the exit status.
 */
int view_finish(struct view *v, bool cut);

#endif
