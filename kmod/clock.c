// SPDX-License-Identifier: GPL-2.0
/*
 * The time of a hit. The kernel's CLOCK_MONOTONIC is asked now and then; in
 * between the time stamp counter is read and scaled, where the kernel itself
 * keeps its time by it.
 */
#include "clock.h"

#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "compat.h"

u64 skbtrail_clock_now(void)
{
	unsigned long flags;
	u64 ns;

	local_irq_save(flags);
	ns = skbtrail_clock();
	local_irq_restore(flags);
	return ns;
}

#ifdef CONFIG_X86_64

/* a rate cannot be told from less, nor is one kept for longer */
#define ADJUST_MIN_NS	(10 * NSEC_PER_MSEC)
#define ADJUST_MAX_NS	(10 * NSEC_PER_SEC)
/*
 * What the line is off by is made up for over so long: much longer than the
 * time to the next adjustment, which nobody knows, or it would swing.
 */
#define HORIZON_NS	(10 * NSEC_PER_SEC)
/* a line that is further off, or rates that differ by more than one in so many, are wrong */
#define OFF_MAX_NS	NSEC_PER_MSEC
#define RATE_TOLERANCE	128
/* both clocks are read in less, or something came between */
#define MOMENT_NS	(20 * NSEC_PER_USEC)
#define MOMENT_TRIES	5

/* the last few: one may still be read when the next is written */
static struct skbtrail_anchor anchors[8];
const struct skbtrail_anchor *skbtrail_anchor = anchors;
static DEFINE_RAW_SPINLOCK(adjust_lock);

struct moment {
	u64	cycles;
	u64	ns;
};

u64 skbtrail_clock_slow(const struct skbtrail_anchor *a, u64 passed)
{
	/* this CPU's counter is a little behind the one the line began on */
	if (a->limit && (s64)passed < 0 && (s64)passed > -(s64)a->limit)
		return a->ns;
	return max(ktime_get_mono_fast_ns(), a->ns);
}

static u64 apart(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

enum met {
	MET,
	MET_NOT_NOW,	/* something came between */
	MET_NEVER,	/* the kernel's clock does not run by the counter */
};

/*
 * Both clocks at one moment: the kernel's is not read before the counter, so
 * changing over to ours never goes back.
 */
static enum met meet(struct moment *m)
{
	u64 middle, after, before_ns;
	int i;

	m->cycles = rdtsc_ordered();
	m->ns = ktime_get_ns();
	if (check_tsc_unstable())
		return MET_NEVER;
	for (i = 0; i < MOMENT_TRIES; i++) {
		before_ns = ktime_get_ns();
		m->cycles = rdtsc_ordered();
		m->ns = ktime_get_ns();
		middle = skbtrail_clock_cycles();
		after = rdtsc_ordered();
		if (middle < m->cycles || middle > after)
			return MET_NEVER;
		if (m->ns - before_ns < MOMENT_NS)
			return MET;
	}
	return MET_NOT_NOW;
}

static void publish(const struct skbtrail_anchor *a)
{
	unsigned int next = (skbtrail_anchor - anchors + 1) % ARRAY_SIZE(anchors);

	anchors[next] = *a;
	/* the anchor before the way to it */
	smp_store_release(&skbtrail_anchor, &anchors[next]);
}

/* nanoseconds per cycle times 2^SKBTRAIL_CLOCK_SHIFT; 0 when that makes no sense */
static u64 rate_of(u64 ns, u64 cycles)
{
	if (cycles < ns >> 10)
		return 0;
	return mul_u64_u64_div_u64(ns, 1ULL << SKBTRAIL_CLOCK_SHIFT, cycles);
}

static void publish_line(u64 cycles, u64 ns, u64 mult)
{
	struct skbtrail_anchor a = { .cycles = cycles, .ns = ns, .mult = mult };

	/* nobody may adjust it for as long as ADJUST_MAX_NS */
	a.limit = mul_u64_u64_div_u64(2 * ADJUST_MAX_NS, 1ULL << SKBTRAIL_CLOCK_SHIFT, mult);
	publish(&a);
}

/* the kernel's own from here on, as soon as that is past what was told */
static void publish_none(const struct skbtrail_anchor *a, const struct moment *m)
{
	u64 told = a->ns;

	if (!a->limit)
		return;
	if (m->cycles - a->cycles < a->limit)
		told += skbtrail_clock_span(a, m->cycles - a->cycles);
	publish(&(struct skbtrail_anchor){ .ns = min(told, m->ns + OFF_MAX_NS) });
}

/*
 * The new anchor lies on the old line, so that time does not jump, and its
 * rate leads back to the kernel's clock. False when there is no line to go on
 * with.
 */
static bool steer(const struct skbtrail_anchor *a, const struct moment *last,
		  const struct moment *m)
{
	u64 interval = m->ns - last->ns, cycles = m->cycles - last->cycles;
	u64 rate, ours;
	s64 behind;

	if (m->cycles <= last->cycles || interval > ADJUST_MAX_NS)
		return false;
	rate = rate_of(interval, cycles);
	if (!rate)
		return false;
	if (!a->limit) {
		publish_line(m->cycles, max(m->ns, a->ns), rate);
		return true;
	}
	ours = a->ns + skbtrail_clock_span(a, m->cycles - a->cycles);
	if (apart(rate, a->mult) > a->mult / RATE_TOLERANCE || apart(ours, m->ns) > OFF_MAX_NS)
		return false;
	behind = m->ns - ours;
	rate += div64_s64((s64)rate * behind, HORIZON_NS);
	publish_line(m->cycles, ours, rate);
	return true;
}

static void adjust(void)
{
	static struct moment last;
	struct skbtrail_anchor a = *skbtrail_anchor;
	struct moment m;
	enum met met;

	met = meet(&m);
	if (met == MET_NOT_NOW || (last.ns && m.ns - last.ns < ADJUST_MIN_NS))
		return;
	if (met == MET_NEVER || !last.ns || !steer(&a, &last, &m))
		publish_none(&a, &m);
	last = m;
	if (met == MET_NEVER)
		last.ns = 0;
}

void skbtrail_clock_adjust(void)
{
	unsigned long flags;

	/* who reads the time meanwhile on this CPU would be told more than the new line says */
	raw_spin_lock_irqsave(&adjust_lock, flags);
	adjust();
	raw_spin_unlock_irqrestore(&adjust_lock, flags);
}

#else

void skbtrail_clock_adjust(void)
{
}

#endif
