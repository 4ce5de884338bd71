/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_CLOCK_H
#define SKBTRAIL_CLOCK_H

#include <linux/compiler.h>
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

#ifdef CONFIG_X86_64
#include <asm/tsc.h>

/**
 * struct skbtrail_anchor - where the counter and CLOCK_MONOTONIC met
 * @cycles: counter then
 * @ns: CLOCK_MONOTONIC then
 * @mult: nanoseconds per cycle since, times 2^SKBTRAIL_CLOCK_SHIFT
 * @limit: cycles for which that holds; 0: ask the kernel instead
 */
struct skbtrail_anchor {
	u64	cycles;
	u64	ns;
	u64	mult;
	u64	limit;
};

/* 36 s of nanoseconds, shifted so far, are just 64 bits; a bit is 11 ns in a second */
#define SKBTRAIL_CLOCK_SHIFT	28

extern const struct skbtrail_anchor *skbtrail_anchor;

/* cycles, no more than the limit, in ns */
static __always_inline u64 skbtrail_clock_span(const struct skbtrail_anchor *a, u64 cycles)
{
	return cycles * a->mult >> SKBTRAIL_CLOCK_SHIFT;
}

/** skbtrail_clock_slow() - there is no line, or @passed does not lie on it */
u64 skbtrail_clock_slow(const struct skbtrail_anchor *a, u64 passed);

/** skbtrail_clock_quick() - skbtrail_clock() where it is known quickly; otherwise 0 */
static __always_inline u64 skbtrail_clock_quick(void)
{
	/* an address dependency; pairs with publish() */
	const struct skbtrail_anchor *a = READ_ONCE(skbtrail_anchor);
	u64 passed = rdtsc() - a->cycles;

	return likely(passed < a->limit) ? a->ns + skbtrail_clock_span(a, passed) : 0;
}

/**
 * skbtrail_clock() - CLOCK_MONOTONIC in ns, cheaper than the kernel's way
 *
 * Context: any, interrupts off. Does not go back on a CPU; off the kernel's own
 * by what that was slewed since the last skbtrail_clock_adjust().
 */
static __always_inline u64 skbtrail_clock(void)
{
	const struct skbtrail_anchor *a = READ_ONCE(skbtrail_anchor);
	u64 passed = rdtsc() - a->cycles;

	if (unlikely(passed >= a->limit))
		return skbtrail_clock_slow(a, passed);
	return a->ns + skbtrail_clock_span(a, passed);
}
#else
static __always_inline u64 skbtrail_clock(void)
{
	return ktime_get_mono_fast_ns();
}

static __always_inline u64 skbtrail_clock_quick(void)
{
	return skbtrail_clock();
}
#endif

/**
 * skbtrail_clock_adjust() - follow the kernel's clock
 *
 * To be called now and then while somebody asks for the time. Context: process.
 */
void skbtrail_clock_adjust(void);

/** skbtrail_clock_now() - skbtrail_clock() for where interrupts are on */
u64 skbtrail_clock_now(void);

#endif /* SKBTRAIL_CLOCK_H */
