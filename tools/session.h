/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SESSION_H
#define SKBTRAIL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

/**
 * struct session_ops - What becomes of the batches of a session.
 * @begin: called when nothing but the kernel can refuse any more; -1 after a
 *	sentence gives up. May be NULL
 * @batch: takes the records of one batch; returns whether the session has
 *	seen its summary, which is the last of its records
 * @done: asked after each message; true stops the session
 * @overrun: the socket's queue ran over, something is missing
 * @watch_stdout: stop when nobody reads our output any more
 */
struct session_ops {
	int (*begin)(void *arg);
	bool (*batch)(void *arg, const void *records, size_t len);
	bool (*done)(void *arg);
	void (*overrun)(void *arg);
	bool watch_stdout;
};

/**
 * session_run - Start a session, pass on what it sends, stop it.
 * @opts: filter, stages, when to stop
 * @ops: called with @arg
 *
 * Ends after SIGINT, SIGTERM, @opts->duration_ms or when @ops->done says so,
 * with all records received that were written until then. Returns 0, or -1
 * after a sentence.
 */
int session_run(const struct options *opts, const struct session_ops *ops,
		void *arg);

#endif
