// SPDX-License-Identifier: GPL-2.0
/*
 * From the packet path to the reader's socket. Each CPU writes records into a
 * batch of its own, which is the netlink message itself; a thread per session
 * sends full batches, half-filled ones when the flush interval is over, and
 * brings back empty ones. It waits when the reader is behind; then a CPU runs
 * out of empty batches and counts what it cannot write. Nobody else waits.
 *
 * The message goes to the very socket that started the session, which is
 * held. A port id could belong to somebody else by the time of sending.
 */
#include "stream.h"

#include <linux/cpu.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/utsname.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "attach.h"
#include "clock.h"
#include "compat.h"
#include "netlink.h"
#include "sight.h"
#include "stages.h"
#include "switches.h"
#include "symbols.h"

DEFINE_PER_CPU(struct skbtrail_lane *, skbtrail_lanes[SKBTRAIL_MAX_SESSIONS]);

#define MIN_QUOTA	4
/* of the reader's receive buffer; an answer to a request that finds no room is lost */
#define ANSWER_ROOM	16384
/* after so long the clock has a rate; until then the time costs more to tell */
#define CLOCK_FIRST_MS	20
/* CPU number in batches of the sender itself */
#define OWN_CPU		(~0U)

static unsigned int ring_count(const struct skbtrail_ring *r)
{
	return READ_ONCE(r->head) - READ_ONCE(r->tail);
}

static unsigned int ring_size(unsigned int quota)
{
	return roundup_pow_of_two(quota);
}

static void ring_push(struct skbtrail_ring *r, unsigned int quota, struct sk_buff *skb)
{
	r->slot[r->head & (ring_size(quota) - 1)] = skb;
	/* the batch before its place in the ring; pairs with ring_pop() */
	smp_store_release(&r->head, r->head + 1);
}

static struct sk_buff *ring_pop(struct skbtrail_ring *r, unsigned int quota)
{
	struct sk_buff *skb;

	/* pairs with ring_push() */
	if (smp_load_acquire(&r->head) == r->tail)
		return NULL;
	skb = r->slot[r->tail & (ring_size(quota) - 1)];
	/* the place is free once it was read */
	smp_store_release(&r->tail, r->tail + 1);
	return skb;
}

/* order 3: better no batch than a process killed for it */
#define BATCH_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* an empty message: headers up to and with the attribute that holds records */
static struct sk_buff *batch_alloc(const struct skbtrail_stream *st)
{
	struct sk_buff *skb = alloc_skb(SKB_WITH_OVERHEAD(SKBTRAIL_BATCH_SIZE), BATCH_GFP);
	struct nlattr *attr;

	if (!skb)
		return NULL;
	genlmsg_put(skb, st->portid, 0, &skbtrail_family, 0, SKBTRAIL_CMD_BATCH);
	attr = skb_put(skb, sizeof(*attr));
	attr->nla_type = SKBTRAIL_A_BATCH_RECORDS;
	return skb;
}

static unsigned int batch_headers(void)
{
	return NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN;
}

static void lane_open(struct skbtrail_lane *lane, struct sk_buff *skb, u32 cpu, u64 seq)
{
	struct skbtrail_rec_batch *rec = (void *)skb_tail_pointer(skb);

	*rec = (struct skbtrail_rec_batch){
		.size = sizeof(*rec),
		.kind = SKBTRAIL_REC_KIND_BATCH,
		.cpu = cpu,
		.seq = seq,
	};
	lane->pos = (u8 *)(rec + 1);
	lane->end = skb_end_pointer(skb);
	WRITE_ONCE(lane->batch, skb);
}

static struct skbtrail_rec_batch *lane_head(const struct skbtrail_lane *lane)
{
	/* the records are not put into the message before it is closed */
	return (void *)skb_tail_pointer(lane->batch);
}

static struct sk_buff *lane_close(struct skbtrail_lane *lane)
{
	struct sk_buff *skb = lane->batch;
	struct nlattr *attr;

	__skb_put(skb, lane->pos - skb_tail_pointer(skb));
	nlmsg_hdr(skb)->nlmsg_len = skb->len;
	attr = (void *)(skb->data + NLMSG_HDRLEN + GENL_HDRLEN);
	attr->nla_len = skb->len - NLMSG_HDRLEN - GENL_HDRLEN;
	WRITE_ONCE(lane->batch, NULL);
	lane->pos = NULL;
	lane->end = NULL;
	return skb;
}

static bool lane_next(struct skbtrail_stream *st, struct skbtrail_lane *lane)
{
	struct sk_buff *skb;

	if (lane->batch) {
		ring_push(&lane->full, st->quota, lane_close(lane));
		WRITE_ONCE(st->full, true);
		/* waking up takes locks the stack may hold here */
		irq_work_queue(&st->kick);
	}
	skb = ring_pop(&lane->spare, st->quota);
	if (!skb)
		return false;
	lane_open(lane, skb, smp_processor_id(), ++lane->seq);
	return true;
}

static void *lane_room(struct skbtrail_stream *st, struct skbtrail_lane *lane, u32 size)
{
	void *room;

	if (unlikely(lane->end - lane->pos < size) && !lane_next(st, lane))
		return NULL;
	room = lane->pos;
	lane->pos += size;
	return room;
}

/* tells of losses at this place of the CPU's sequence */
static void lane_tell_lost(struct skbtrail_stream *st, struct skbtrail_lane *lane)
{
	struct skbtrail_rec_lost *rec;
	int i;

	for (i = 1; i < __SKBTRAIL_LOST_CAUSE_MAX; i++) {
		if (!lane->lost[i])
			continue;
		rec = lane_room(st, lane, sizeof(*rec));
		if (!rec)
			return;
		*rec = (struct skbtrail_rec_lost){
			.size = sizeof(*rec),
			.kind = SKBTRAIL_REC_KIND_LOST,
			.cause = i,
			.count = lane->lost[i],
			.first_ns = lane->first_ns[i],
			.last_ns = lane->last_ns[i],
		};
		lane_head(lane)->flags |= SKBTRAIL_BATCH_LOST;
		lane->lost[i] = 0;
	}
}

void skbtrail_lane_flag(struct skbtrail_lane *lane, u8 flag)
{
	lane_head(lane)->flags |= flag;
}

void skbtrail_lane_lose(struct skbtrail_lane *lane, enum skbtrail_lost_cause cause, u32 n,
			u64 ns)
{
	if (!lane->lost[cause])
		lane->first_ns[cause] = ns;
	lane->last_ns[cause] = ns;
	lane->lost[cause] += n;
	lane->lost_total[cause] += n;
}

void *skbtrail_lane_reserve_slow(struct skbtrail_lane *lane, u32 size, u64 ns)
{
	void *room;

	if (unlikely(lane->lost[SKBTRAIL_LOST_CAUSE_BUFFER]))
		lane_tell_lost(lane->stream, lane);
	/* never a record behind a gap that is not told */
	if (unlikely(lane->lost[SKBTRAIL_LOST_CAUSE_BUFFER]))
		room = NULL;
	else
		room = lane_room(lane->stream, lane, size);
	if (unlikely(!room))
		skbtrail_lane_lose(lane, SKBTRAIL_LOST_CAUSE_BUFFER, 1, ns);
	return room;
}

bool skbtrail_lane_admits(const struct skbtrail_lane *lane)
{
	return ring_count(&lane->spare) >= lane->stream->quota / 4;
}

void skbtrail_stream_totals(const struct skbtrail_stream *st, struct skbtrail_totals *t)
{
	const struct skbtrail_lane *lane;
	int cpu, i;

	memset(t, 0, sizeof(*t));
	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(st->lanes, cpu);
		t->hits += READ_ONCE(lane->hits);
		t->trails += READ_ONCE(lane->trails);
		t->ends += READ_ONCE(lane->ends);
		for (i = 1; i < __SKBTRAIL_LOST_CAUSE_MAX; i++)
			t->lost[i] += READ_ONCE(lane->lost_total[i]);
	}
	for (i = 1; i < __SKBTRAIL_LOST_CAUSE_MAX; i++)
		t->lost[i] += READ_ONCE(st->lost[i]);
}

/* ---- from here on: the sender, process context ---- */

static bool over(const struct skbtrail_stream *st)
{
	return READ_ONCE(st->abandon) || kthread_should_stop();
}

/* hands @skb over to the socket, or frees it when nobody will read it */
static void deliver(struct skbtrail_stream *st, struct sk_buff *skb)
{
	struct sock *sk = st->sk;

	while (!over(st) && !sock_flag(sk, SOCK_DEAD)) {
		unsigned int queued = atomic_read(&sk->sk_rmem_alloc);

		/* asking in vain would count as a drop of the socket */
		if ((!queued || queued + skb->truesize + ANSWER_ROOM <=
				(unsigned int)READ_ONCE(sk->sk_rcvbuf)) &&
		    !__sock_queue_rcv_skb(sk, skb)) {
			st->batches++;
			return;
		}
		wait_event_interruptible_timeout(st->wait, over(st), msecs_to_jiffies(4));
		skbtrail_clock_adjust();
	}
	kfree_skb(skb);
}

/* a batch that is mostly empty is not worth the memory it holds in the queue */
static struct sk_buff *shrink(struct skbtrail_stream *st, struct skbtrail_lane *lane,
			      struct sk_buff *skb)
{
	struct sk_buff *small;

	if (skb->len > SKBTRAIL_BATCH_SIZE / 2)
		return NULL;
	small = alloc_skb(skb->len, GFP_KERNEL | __GFP_NOWARN);
	if (!small)
		return NULL;
	skb_put_data(small, skb->data, skb->len);
	skb_trim(skb, batch_headers());
	ring_push(&lane->spare, st->quota, skb);
	return small;
}

static void repay(struct skbtrail_stream *st, struct skbtrail_lane *lane)
{
	struct sk_buff *skb;

	for (; lane->owed; lane->owed--) {
		skb = batch_alloc(st);
		if (!skb)
			return;
		ring_push(&lane->spare, st->quota, skb);
	}
}

/*
 * What is full now is what may be sent next. Names of what it refers to are
 * known by now; those of later batches may not be.
 */
static void fix_full(struct skbtrail_stream *st)
{
	struct skbtrail_lane *lane;
	int cpu;

	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(st->lanes, cpu);
		/* pairs with ring_push() */
		lane->until = smp_load_acquire(&lane->full.head);
	}
}

static void drain(struct skbtrail_stream *st)
{
	struct skbtrail_lane *lane;
	struct sk_buff *skb, *small;
	int cpu;

	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(st->lanes, cpu);
		while (lane->full.tail != lane->until &&
		       (skb = ring_pop(&lane->full, st->quota))) {
			small = shrink(st, lane, skb);
			deliver(st, small ? small : skb);
			lane->owed += !small;
			repay(st, lane);
		}
		repay(st, lane);
	}
}

/* own batches: names, marks, the summary */
static void own_send(struct skbtrail_stream *st, struct skbtrail_lane *own)
{
	if (own->batch)
		deliver(st, lane_close(own));
}

static void *own_room(struct skbtrail_stream *st, struct skbtrail_lane *own, u32 size)
{
	struct sk_buff *skb;
	void *room;

	if (own->batch && own->end - own->pos < size)
		own_send(st, own);
	while (!own->batch) {
		skb = batch_alloc(st);
		if (skb)
			lane_open(own, skb, OWN_CPU, ++st->own_seq);
		else if (!over(st))
			schedule_timeout_interruptible(HZ / 10);
		else
			return NULL;
	}
	room = own->pos;
	own->pos += size;
	return room;
}

/* the sender's notes while it writes own records */
struct own {
	struct skbtrail_stream	*st;
	struct skbtrail_lane	lane;
};

static void put_name(struct own *o, u8 dict, u32 id, u32 parent, u32 info, const char *text)
{
	u32 len = strlen(text) + 1;
	u32 size = ALIGN(sizeof(struct skbtrail_rec_name) + len, 8);
	struct skbtrail_rec_name *rec = own_room(o->st, &o->lane, size);

	if (!rec)
		return;
	memset(rec, 0, size);
	rec->size = size;
	rec->kind = SKBTRAIL_REC_KIND_NAME;
	rec->dict = dict;
	rec->id = id;
	rec->parent = parent;
	rec->info = info;
	memcpy(rec + 1, text, len);
}

struct reasons {
	u32		from;
	u32		n;
	u32		number[64];
	char		name[64][48];
};

static bool gather_reason(u32 reason, const char *name, void *data)
{
	struct reasons *r = data;

	if (reason < r->from)
		return true;
	r->number[r->n] = reason;
	strscpy(r->name[r->n], name, sizeof(r->name[0]));
	return ++r->n < ARRAY_SIZE(r->name);
}

/* the walk may not sleep, writing may: so many at a time */
static void put_reasons(struct own *o)
{
	struct reasons *r = kzalloc(sizeof(*r), GFP_KERNEL);
	u32 i;

	if (!r)
		return;
	do {
		r->n = 0;
		skbtrail_each_reason(gather_reason, r);
		for (i = 0; i < r->n; i++)
			put_name(o, SKBTRAIL_DICT_REASON, r->number[i], 0, 0, r->name[i]);
		if (r->n)
			r->from = r->number[r->n - 1] + 1;
	} while (r->n == ARRAY_SIZE(r->name));
	kfree(r);
}

static void put_table(struct own *o)
{
	const struct skbtrail_stage *stage;
	const struct skbtrail_point *p;
	unsigned int i;

	put_name(o, SKBTRAIL_DICT_KERNEL, 0, 0, 0, init_utsname()->release);
	for (i = 0; i < SKBTRAIL_ST_COUNT; i++) {
		stage = &skbtrail_stages[i];
		put_name(o, SKBTRAIL_DICT_STAGE, i, 0, stage->layer | stage->direction << 8,
			 stage->name);
	}
	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		put_name(o, SKBTRAIL_DICT_POINT, p->id, p->stage, p->kind,
			 p->func);
	}
}

static void put_symbols(struct own *o)
{
	unsigned int count = skbtrail_symbol_count();
	char text[128];

	while (o->st->symbols < count) {
		skbtrail_symbol_name(++o->st->symbols, text, sizeof(text));
		put_name(o, SKBTRAIL_DICT_SYMBOL, o->st->symbols, 0, 0, text);
	}
}

static void put_mark(struct own *o, u64 ns)
{
	struct skbtrail_rec_mark *rec = own_room(o->st, &o->lane, sizeof(*rec));
	u64 now, boot, real;

	if (!rec)
		return;
	now = skbtrail_clock_now();
	boot = ktime_get_boottime_ns();
	real = ktime_get_real_ns();
	*rec = (struct skbtrail_rec_mark){
		.size = sizeof(*rec),
		.kind = SKBTRAIL_REC_KIND_MARK,
		.ns = ns,
		.boot_ns = boot - (now - ns),
		.real_ns = real - (now - ns),
	};
}

static void put_summary(struct own *o)
{
	struct skbtrail_rec_summary *rec = own_room(o->st, &o->lane, sizeof(*rec));
	struct skbtrail_totals t;

	if (!rec)
		return;
	skbtrail_stream_totals(o->st, &t);
	*rec = (struct skbtrail_rec_summary){
		.size = sizeof(*rec),
		.kind = SKBTRAIL_REC_KIND_SUMMARY,
		.ns = skbtrail_clock_now(),
		.hits = t.hits,
		.trails = t.trails,
		.ends = t.ends,
		.batches = o->st->batches,
		.lost_buffer = t.lost[SKBTRAIL_LOST_CAUSE_BUFFER],
		.lost_table = t.lost[SKBTRAIL_LOST_CAUSE_TABLE],
		.lost_admission = t.lost[SKBTRAIL_LOST_CAUSE_ADMISSION],
		.lost_other = t.lost[SKBTRAIL_LOST_CAUSE_NMI] +
			      t.lost[SKBTRAIL_LOST_CAUSE_LIST] +
			      t.lost[SKBTRAIL_LOST_CAUSE_MISSED] +
			      t.lost[SKBTRAIL_LOST_CAUSE_SWITCHED],
	};
}

/* runs on the CPU whose lane it is, interrupts off */
static void lane_flush(void *data)
{
	struct skbtrail_stream *st = data;
	struct skbtrail_lane *lane = this_cpu_ptr(st->lanes);

	lane_tell_lost(st, lane);
	if (lane->batch)
		ring_push(&lane->full, st->quota, lane_close(lane));
}

/*
 * After this, everything that was seen before is in a ring. CPUs without a
 * batch are asked as well: one may have looked at the clock and not written
 * yet. A CPU that is off line writes nothing, so its lane can be taken here.
 */
static void flush_lanes(struct skbtrail_stream *st)
{
	struct skbtrail_lane *lane;
	int cpu;

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(st->lanes, cpu);
		if (cpu_online(cpu))
			smp_call_function_single(cpu, lane_flush, st, true);
		else if (lane->batch)
			ring_push(&lane->full, st->quota, lane_close(lane));
	}
	cpus_read_unlock();
}

/* of the time from the last flush to @until */
static void tell_lost(struct own *o, enum skbtrail_lost_cause cause, u64 count, u64 now,
		      u64 until)
{
	struct skbtrail_rec_lost *rec = own_room(o->st, &o->lane, sizeof(*rec));

	o->st->lost[cause] += count;
	if (rec)
		*rec = (struct skbtrail_rec_lost){
			.size = sizeof(*rec),
			.kind = SKBTRAIL_REC_KIND_LOST,
			.cause = cause,
			.count = count,
			.first_ns = now - jiffies_to_nsecs(o->st->flush),
			.last_ns = until,
		};
}

/*
 * Losses the packet path cannot book to a session: sightings in NMI, kprobes
 * the kernel skipped because another one was running on the CPU or too many
 * functions were waiting to return, and what happened while all were off.
 */
static void check_unseen(struct own *o, u64 ns)
{
	u64 missed = skbtrail_attach_missed(), blind = skbtrail_sight_blind();
	struct skbtrail_stream *st = o->st;
	u32 switched = skbtrail_switch_look();

	if (missed > st->missed)
		tell_lost(o, SKBTRAIL_LOST_CAUSE_MISSED, missed - st->missed, ns, ns);
	st->missed = missed;
	if (blind > st->blind)
		tell_lost(o, SKBTRAIL_LOST_CAUSE_NMI, blind - st->blind, ns, ns);
	st->blind = blind;
	/* packets that are on their way when kprobes are on again have half a trail */
	if (switched != st->switched)
		tell_lost(o, SKBTRAIL_LOST_CAUSE_SWITCHED, switched - st->switched, ns,
			  ns + NSEC_PER_SEC);
	st->switched = switched;
}

static void flush(struct own *o)
{
	u64 ns = skbtrail_clock_now();

	check_unseen(o, ns);

	flush_lanes(o->st);
	fix_full(o->st);
	put_symbols(o);
	own_send(o->st, &o->lane);
	drain(o->st);
	put_mark(o, ns);
	own_send(o->st, &o->lane);
}

static bool wanted(const struct skbtrail_stream *st)
{
	return READ_ONCE(st->full) || READ_ONCE(st->finish) || over(st);
}

static int sender(void *data)
{
	struct own o = { .st = data };
	struct skbtrail_stream *st = data;
	unsigned long last = jiffies, wait = min(st->flush, msecs_to_jiffies(CLOCK_FIRST_MS));
	bool finish = false;

	put_table(&o);
	put_reasons(&o);
	own_send(st, &o.lane);
	while (!finish && !over(st)) {
		wait_event_interruptible_timeout(st->wait, wanted(st), wait);
		skbtrail_clock_adjust();
		wait = st->flush;
		WRITE_ONCE(st->full, false);
		finish = READ_ONCE(st->finish);
		if (!finish && time_before(jiffies, last + st->flush)) {
			fix_full(st);
			put_symbols(&o);
			own_send(st, &o.lane);
			drain(st);
			continue;
		}
		last = jiffies;
		flush(&o);
	}
	if (finish) {
		/* a loss may have waited for the batch that was just sent */
		flush(&o);
		put_summary(&o);
		own_send(st, &o.lane);
	}
	if (o.lane.batch)
		kfree_skb(lane_close(&o.lane));
	complete(&st->done);
	wait_event_interruptible(st->wait, kthread_should_stop());
	return 0;
}

static void wake_sender(struct irq_work *work)
{
	wake_up(&container_of(work, struct skbtrail_stream, kick)->wait);
}

static void free_ring(struct skbtrail_ring *r, unsigned int quota)
{
	struct sk_buff *skb;

	if (!r->slot)
		return;
	while ((skb = ring_pop(r, quota)))
		kfree_skb(skb);
	kfree(r->slot);
}

static void free_lanes(struct skbtrail_stream *st)
{
	struct skbtrail_lane *lane;
	int cpu;

	if (!st->lanes)
		return;
	for_each_possible_cpu(cpu) {
		lane = per_cpu_ptr(st->lanes, cpu);
		free_ring(&lane->spare, st->quota);
		free_ring(&lane->full, st->quota);
		kfree_skb(lane->batch);
	}
	free_percpu(st->lanes);
}

static int fill_lane(struct skbtrail_stream *st, struct skbtrail_lane *lane)
{
	struct sk_buff *skb;
	unsigned int i;

	lane->stream = st;
	lane->spare.slot = kcalloc(ring_size(st->quota), sizeof(skb), GFP_KERNEL);
	lane->full.slot = kcalloc(ring_size(st->quota), sizeof(skb), GFP_KERNEL);
	if (!lane->spare.slot || !lane->full.slot)
		return -ENOMEM;
	for (i = 0; i < st->quota; i++) {
		skb = batch_alloc(st);
		if (!skb)
			return -ENOMEM;
		ring_push(&lane->spare, st->quota, skb);
	}
	return 0;
}

void skbtrail_stream_join(struct skbtrail_stream *st, unsigned int bit)
{
	int cpu;

	for_each_possible_cpu(cpu)
		/* what is in the lane before the way to it; pairs with skbtrail_lane_of() */
		smp_store_release(per_cpu_ptr(&skbtrail_lanes[bit], cpu),
				  per_cpu_ptr(st->lanes, cpu));
}

void skbtrail_stream_leave(unsigned int bit)
{
	int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(*per_cpu_ptr(&skbtrail_lanes[bit], cpu), NULL);
}

int skbtrail_stream_open(struct skbtrail_stream *st, struct sock *sk, u32 portid,
			 u32 buffer, u32 flush_ms, struct netlink_ext_ack *extack)
{
	int cpu, err = 0;

	st->quota = buffer / 2 / SKBTRAIL_BATCH_SIZE / num_possible_cpus();
	if (st->quota < MIN_QUOTA) {
		NL_SET_ERR_MSG(extack,
			       "the buffer is too small for the number of CPUs; give 256 KiB for each");
		return -EINVAL;
	}
	/* nothing may be told by a line nobody kept since the last session */
	skbtrail_clock_adjust();
	st->sk = sk;
	st->portid = portid;
	st->missed = skbtrail_attach_missed();
	st->blind = skbtrail_sight_blind();
	st->switched = skbtrail_switch_look();
	st->flush = max(msecs_to_jiffies(flush_ms), 1UL);
	init_waitqueue_head(&st->wait);
	init_completion(&st->done);
	init_irq_work(&st->kick, wake_sender);
	st->lanes = alloc_percpu(struct skbtrail_lane);
	if (!st->lanes)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		err = fill_lane(st, per_cpu_ptr(st->lanes, cpu));
		if (err) {
			NL_SET_ERR_MSG(extack, "no memory for the buffer; ask for a smaller one");
			goto out_lanes;
		}
	}
	st->sender = kthread_create(sender, st, "skbtrail/%u", portid);
	if (IS_ERR(st->sender)) {
		err = PTR_ERR(st->sender);
		goto out_lanes;
	}
	sock_hold(sk);
	wake_up_process(st->sender);
	return 0;

out_lanes:
	free_lanes(st);
	st->lanes = NULL;
	return err;
}

void skbtrail_stream_finish(struct skbtrail_stream *st)
{
	WRITE_ONCE(st->finish, true);
	wake_up(&st->wait);
}

void skbtrail_stream_abandon(struct skbtrail_stream *st)
{
	WRITE_ONCE(st->abandon, true);
	wake_up(&st->wait);
}

void skbtrail_stream_wait(struct skbtrail_stream *st)
{
	/* interruptible, though nobody does: a slow reader is not a hung task */
	while (wait_for_completion_interruptible(&st->done))
		schedule_timeout_interruptible(HZ / 10);
	kthread_stop(st->sender);
	irq_work_sync(&st->kick);
}

void skbtrail_stream_free(struct skbtrail_stream *st)
{
	free_lanes(st);
	sock_put(st->sk);
}
