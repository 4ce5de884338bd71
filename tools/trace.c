// SPDX-License-Identifier: GPL-2.0
#include "commands.h"

#include "complain.h"
#include "netns.h"
#include "ruletext.h"
#include "session.h"
#include "view.h"

static bool take_batch(void *arg, const void *records, size_t len)
{
	struct view *v = arg;

	netns_scan(v->names);
	view_batch(v, records, len);
	return v->loss.summed;
}

static bool done(void *arg)
{
	return view_done(arg);
}

static void overrun(void *arg)
{
	struct view *v = arg;

	v->loss.overruns++;
}

int command_trace(const struct options *opts)
{
	static const struct session_ops ops = {
		.batch = take_batch, .done = done, .overrun = overrun,
		.watch_stdout = true,
	};
	int status = STATUS_ERROR;
	struct view view;

	view_init(&view, opts, stdout, style_of_stdout(), NULL);
	view.verdict = ruletext_learn;
	if (!session_run(opts, &ops, &view))
		status = view_finish(&view, !view.loss.summed);
	view_release(&view);
	return status;
}
