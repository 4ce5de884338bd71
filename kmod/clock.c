// SPDX-License-Identifier: GPL-2.0
/*
 * The time of a hit. The kernel's CLOCK_MONOTONIC is asked now and then; in
 * between the time stamp counter is read and scaled, where the kernel itself
 * keeps its time by it.
 */
#include "clock.h"

#include <linux/irqflags.h>
#include <linux/mutex.h>
#include <linux/timekeeping.h>

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
/* rates that differ by more than one in so many are not of the same line */
#define RATE_TOLERANCE	128

struct skbtrail_anchor skbtrail_anchors[SKBTRAIL_ANCHORS];
unsigned int skbtrail_anchor;
static DEFINE_MUTEX(adjust_lock);

struct moment {
	u64	cycles;
	u64	ns;
};

/*
 * Both clocks at one moment: the kernel's is not read before the counter, so
 * changing over to ours never goes back. False when it does not run by it.
 */
static bool now(struct moment *m)
{
	struct system_time_snapshot snap;
	unsigned long flags;
	u64 after;

	if (check_tsc_unstable())
		return false;
	local_irq_save(flags);
	m->cycles = rdtsc_ordered();
	m->ns = ktime_get_ns();
	ktime_get_snapshot(&snap);
	after = rdtsc_ordered();
	local_irq_restore(flags);
	return snap.cycles >= m->cycles && snap.cycles <= after;
}

static void publish(u64 cycles, u64 ns, u64 mult)
{
	unsigned int next = skbtrail_anchor + 1;

	skbtrail_anchors[next % SKBTRAIL_ANCHORS] = (struct skbtrail_anchor){
		.cycles = cycles, .ns = ns, .mult = mult,
	};
	/* the anchor before its number, by which it is found */
	smp_store_release(&skbtrail_anchor, next);
}

/* nanoseconds per cycle times 2^32; 0 when that makes no sense */
static u64 rate_of(u64 ns, u64 cycles)
{
	if (cycles < ns >> 10)
		return 0;
	return mul_u64_u64_div_u64(ns, 1ULL << 32, cycles);
}

static u64 apart(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

static bool far_from(u64 rate, u64 other)
{
	return apart(rate, other) > other / RATE_TOLERANCE;
}

/*
 * The new anchor lies on the old line, so that time does not jump, and its
 * rate is such that the kernel's clock is met one interval later. False when
 * there is no line to go on with.
 */
static bool steer(const struct skbtrail_anchor *a, const struct moment *last,
		  const struct moment *m)
{
	u64 interval = m->ns - last->ns;
	u64 rate = rate_of(interval, m->cycles - last->cycles);
	u64 ours;

	if (m->cycles <= last->cycles || interval > ADJUST_MAX_NS || !rate)
		return false;
	if (!a->mult) {
		publish(m->cycles, m->ns, rate);
		return true;
	}
	ours = a->ns + mul_u64_u64_shr(m->cycles - a->cycles, a->mult, 32);
	if (far_from(rate, a->mult) || apart(ours, m->ns) > interval / RATE_TOLERANCE)
		return false;
	publish(m->cycles, ours, rate_of(interval + m->ns - ours, m->cycles - last->cycles));
	return true;
}

void skbtrail_clock_adjust(void)
{
	static struct moment last;
	struct skbtrail_anchor a;
	struct moment m;

	mutex_lock(&adjust_lock);
	a = skbtrail_anchors[skbtrail_anchor % SKBTRAIL_ANCHORS];
	if (!now(&m)) {
		m.ns = 0;
	} else if (last.ns && m.ns - last.ns < ADJUST_MIN_NS) {
		goto out;
	} else if (last.ns && steer(&a, &last, &m)) {
		last = m;
		goto out;
	}
	/* the kernel's own, until there is a line again */
	if (a.mult)
		publish(0, 0, 0);
	last = m;
out:
	mutex_unlock(&adjust_lock);
}

#else

void skbtrail_clock_adjust(void)
{
}

#endif
