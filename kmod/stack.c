// SPDX-License-Identifier: GPL-2.0
/*
 * Who called whom until a packet was dropped, for sessions that ask for it. It
 * costs thousands of instructions, but only where a followed packet dies.
 */
#include "stack.h"

#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "session.h"
#include "stream.h"
#include "symbols.h"
#include "track.h"

/* ours and the tracepoint's are among them, and the first */
#define FRAMES	(SKBTRAIL_MAX_STACK + 32)

struct frames {
	unsigned long	at[FRAMES];
	u32		symbol[SKBTRAIL_MAX_STACK];
};

/* one is taken at a time */
static DEFINE_PER_CPU(struct frames, frames);

/* sessions that follow @life and want stacks */
static u32 wanting(const struct skbtrail_life *life)
{
	const struct skbtrail_session *se;
	unsigned long bits;
	u32 want = 0;

	for (bits = life->sessions; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		if (se && se->config.stack)
			want |= BIT(__ffs(bits));
	}
	return want;
}

/* from @location on, where it is among the frames */
static unsigned int take(struct frames *f, const void *location)
{
	unsigned int i, first = 0, n = 0;

#ifdef CONFIG_STACKTRACE
	n = stack_trace_save(f->at, FRAMES, 0);
#endif
	for (i = 0; i < n; i++)
		if (f->at[i] == (unsigned long)location)
			break;
	if (i < n)
		first = i;
	n = min(n - first, (unsigned int)SKBTRAIL_MAX_STACK);
	for (i = 0; i < n; i++)
		f->symbol[i] = skbtrail_symbol((void *)f->at[first + i]);
	return n;
}

static void write_stack(struct skbtrail_lane *lane, const struct frames *f, unsigned int n,
			u64 trail, u64 ns)
{
	u32 size = sizeof(struct skbtrail_rec_stack) + ALIGN(n * sizeof(f->symbol[0]), 8);
	struct skbtrail_rec_stack *rec = skbtrail_lane_reserve(lane, size, ns);

	if (!rec)
		return;
	memset(rec, 0, size);
	rec->size = size;
	rec->kind = SKBTRAIL_REC_KIND_STACK;
	rec->depth = n;
	rec->trail = trail;
	rec->ns = ns;
	memcpy(rec + 1, f->symbol, n * sizeof(f->symbol[0]));
}

void skbtrail_stack_tell(const struct skbtrail_life *life, const void *location, u64 ns)
{
	struct frames *f = this_cpu_ptr(&frames);
	unsigned long bits = wanting(life);
	struct skbtrail_lane *lane;
	unsigned int n;

	if (likely(!bits))
		return;
	n = take(f, location);
	while (n && (lane = skbtrail_next_lane(&bits)))
		write_stack(lane, f, n, life->trail, ns);
}
