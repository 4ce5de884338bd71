/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_STREAM_H
#define SKBTRAIL_STREAM_H

#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/skbtrail.h>
#include <linux/types.h>
#include <linux/wait.h>

struct netlink_ext_ack;
struct sk_buff;
struct sock;
struct task_struct;

/**
 * struct skbtrail_ring - batches on their way between one CPU and the sender
 *
 * One side writes, one side reads: no lock.
 */
struct skbtrail_ring {
	unsigned int	head;
	unsigned int	tail;
	struct sk_buff	**slot;
};

/**
 * struct skbtrail_lane - what one CPU writes of one session
 * @stream: it belongs to
 * @batch: the message being written, NULL none
 * @pos: where the next record goes
 * @end: end of the room in the message
 * @seq: number of the current batch
 * @spare: empty batches, filled by the sender
 * @full: written batches, emptied by the sender
 * @until: head of @full when the sender last looked
 * @owed: batches the sender could not replace yet for want of memory
 * @lost: not told yet, by cause
 * @lost_total: by cause
 * @first_ns: of what is not told yet
 * @last_ns: of what is not told yet
 * @hits: written
 * @trails: written
 * @ends: written
 *
 * Only its own CPU writes it, with interrupts off.
 */
struct skbtrail_lane {
	struct skbtrail_stream	*stream;
	struct sk_buff		*batch;
	u8			*pos;
	u8			*end;
	u64			seq;
	struct skbtrail_ring	spare;
	struct skbtrail_ring	full;
	unsigned int		until;
	unsigned int		owed;
	u32			lost[__SKBTRAIL_LOST_CAUSE_MAX];
	u64			first_ns[__SKBTRAIL_LOST_CAUSE_MAX];
	u64			last_ns[__SKBTRAIL_LOST_CAUSE_MAX];
	u64			lost_total[__SKBTRAIL_LOST_CAUSE_MAX];
	u64			hits;
	u64			trails;
	u64			ends;
};

/**
 * struct skbtrail_stream - records on their way to one socket
 * @sk: the reader's socket, a reference held
 * @portid: its port, for the message header
 * @lanes: per CPU
 * @quota: batches a CPU may own
 * @flush: flush interval in jiffies
 * @sender: the thread
 * @wait: where the sender waits
 * @kick: wakes the sender from any context
 * @full: a lane has a full batch
 * @finish: write the summary and stop
 * @abandon: stop at once, the reader is gone
 * @done: the sender will send no more
 * @own_seq: number of the sender's last own batch
 * @batches: sent
 * @symbols: code locations already named
 * @missed: skipped kprobe hits already told
 * @blind: sightings in NMI already told
 * @switched: times kprobes were switched already told
 * @lost: by cause, what no CPU could book
 */
struct skbtrail_stream {
	struct sock			*sk;
	u32				portid;
	struct skbtrail_lane __percpu	*lanes;
	unsigned int			quota;
	unsigned long			flush;
	struct task_struct		*sender;
	wait_queue_head_t		wait;
	struct irq_work			kick;
	bool				full;
	bool				finish;
	bool				abandon;
	struct completion		done;
	u64				own_seq;
	u64				batches;
	unsigned int			symbols;
	u64				missed;
	u64				blind;
	u32				switched;
	u64				lost[__SKBTRAIL_LOST_CAUSE_MAX];
};

/** struct skbtrail_totals - sums over CPUs */
struct skbtrail_totals {
	u64	hits;
	u64	trails;
	u64	ends;
	u64	lost[__SKBTRAIL_LOST_CAUSE_MAX];
};

/**
 * skbtrail_stream_open() - make the stream and start its sender
 * @st: zeroed
 * @sk: the reader's socket
 * @portid: its port
 * @buffer: bytes, half for batches
 * @flush_ms: flush interval
 * @extack: gets a sentence
 *
 * Context: process, may sleep. Return: 0, -ENOMEM or -EINVAL.
 */
int skbtrail_stream_open(struct skbtrail_stream *st, struct sock *sk, u32 portid,
			 u32 buffer, u32 flush_ms, struct netlink_ext_ack *extack);

/** skbtrail_stream_join() - the packet path finds the stream by @bit from now on */
void skbtrail_stream_join(struct skbtrail_stream *st, unsigned int bit);

/** skbtrail_stream_leave() - and no more, after a grace period */
void skbtrail_stream_leave(unsigned int bit);

/** skbtrail_stream_finish() - nothing is written any more: send the rest and a summary */
void skbtrail_stream_finish(struct skbtrail_stream *st);

/** skbtrail_stream_abandon() - the reader is gone; wakes the sender, does not sleep */
void skbtrail_stream_abandon(struct skbtrail_stream *st);

/**
 * skbtrail_stream_wait() - wait until the sender is done
 *
 * After finish or abandon only; waits for a slow reader after finish.
 */
void skbtrail_stream_wait(struct skbtrail_stream *st);

/** skbtrail_stream_free() - after skbtrail_stream_wait(); nobody may look at it any more */
void skbtrail_stream_free(struct skbtrail_stream *st);

/* each CPU's lanes by the bits of sessions; NULL: there is none */
DECLARE_PER_CPU(struct skbtrail_lane *, skbtrail_lanes[SKBTRAIL_MAX_SESSIONS]);

/** skbtrail_lane_of() - this CPU's lane of a session, or NULL; interrupts off */
static __always_inline struct skbtrail_lane *skbtrail_lane_of(unsigned int bit)
{
	/* an address dependency; pairs with skbtrail_stream_join() */
	return __this_cpu_read(skbtrail_lanes[bit]);
}

/** skbtrail_next_lane() - takes the next of @bits that runs; NULL at the end; interrupts off */
static inline struct skbtrail_lane *skbtrail_next_lane(unsigned long *bits)
{
	struct skbtrail_lane *lane;

	while (*bits) {
		lane = skbtrail_lane_of(__ffs(*bits));
		*bits &= *bits - 1;
		if (lane)
			return lane;
	}
	return NULL;
}

/** skbtrail_lane_reserve_slow() - the batch is full, or something was lost */
void *skbtrail_lane_reserve_slow(struct skbtrail_lane *lane, u32 size, u64 ns);

/**
 * skbtrail_lane_reserve() - room for one record
 * @lane: this CPU's
 * @size: bytes, a multiple of 8
 * @ns: time, for the books when there is no room
 *
 * A lane behind which something was lost has no batch, so no room.
 * Context: any but NMI, interrupts off. Return: NULL when it is lost (and
 * counted); otherwise all of it must be written.
 */
static __always_inline void *skbtrail_lane_reserve(struct skbtrail_lane *lane, u32 size, u64 ns)
{
	void *room = lane->pos;

	if (unlikely(lane->end - lane->pos < size))
		return skbtrail_lane_reserve_slow(lane, size, ns);
	lane->pos += size;
	return room;
}

/** skbtrail_lane_flag() - mark the batch of the record reserved last: enum skbtrail_batch */
void skbtrail_lane_flag(struct skbtrail_lane *lane, u8 flag);

/** skbtrail_lane_lose() - count @n things lost on this CPU; interrupts off */
void skbtrail_lane_lose(struct skbtrail_lane *lane, enum skbtrail_lost_cause cause, u32 n,
			u64 ns);

/** skbtrail_lane_admits() - whether there is room for new trails; interrupts off */
bool skbtrail_lane_admits(const struct skbtrail_lane *lane);

/** skbtrail_stream_totals() - sum up; a moment's view while it runs */
void skbtrail_stream_totals(const struct skbtrail_stream *st, struct skbtrail_totals *t);

#endif /* SKBTRAIL_STREAM_H */
