// SPDX-License-Identifier: GPL-2.0
/*
 * Who wrote which bytes of a TCP stream. A segment is cut from the stream long
 * after the calls that wrote it, often by the CPU that an acknowledgment came
 * to: so pieces of the stream are remembered, each written by one call.
 *
 * Who owns a socket is the only one to write to it. So all that was added since
 * somebody was seen to own it was added by him: where a call gets the socket
 * and where it lets go of it are enough, and what somebody else wrote, in a way
 * that is not seen, is in no piece.
 */
#include "writes.h"

#include <linux/hash.h>
#include <linux/minmax.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "calls.h"

#define STREAM_BITS	6
#define STREAM_WAYS	4
#define PIECES		8

/**
 * struct piece - bytes that follow each other, of one call
 * @task: whose call goes on, NULL: it is over; compared only
 * @who: the caller
 * @begun: when the call got the socket
 * @from: position of the first byte
 * @len: bytes
 * @asked: bytes the call was to write
 * @at: bytes the call had written before
 */
struct piece {
	const struct task_struct	*task;
	struct skbtrail_fact_task	who;
	u64				begun;
	u64				from;
	u32				len;
	u32				asked;
	u32				at;
};

/**
 * struct stream - what a socket sends
 * @cookie: of the socket, 0 free
 * @used: time of the last call, for replacement
 * @pos: position of what will be written next, as far as that was seen
 * @seq: its sequence number
 * @next: piece that will be used next, counted up
 * @piece: the last ones, in a ring
 */
struct stream {
	u64		cookie;
	u64		used;
	u64		pos;
	u32		seq;
	u32		next;
	struct piece	piece[PIECES];
};

struct stream_set {
	raw_spinlock_t	lock;
	struct stream	way[STREAM_WAYS];
};

static struct stream_set streams[1 << STREAM_BITS];

static struct stream_set *set_of(u64 cookie)
{
	return &streams[hash_64(cookie, STREAM_BITS)];
}

static struct stream *stream_of(struct stream_set *set, u64 cookie)
{
	int i;

	for (i = 0; i < STREAM_WAYS; i++)
		if (set->way[i].cookie == cookie)
			return &set->way[i];
	return NULL;
}

static struct stream *stream_new(struct stream_set *set, u64 cookie)
{
	struct stream *st = &set->way[0];
	int i;

	for (i = 1; i < STREAM_WAYS; i++)
		if (set->way[i].used < st->used)
			st = &set->way[i];
	memset(st, 0, sizeof(*st));
	st->cookie = cookie;
	return st;
}

/* whoever added these bytes */
static void advance(struct stream *st, const struct tcp_sock *tp)
{
	st->pos += tp->write_seq - st->seq;
	st->seq = tp->write_seq;
}

static struct piece *add_piece(struct stream *st)
{
	return &st->piece[st->next++ % PIECES];
}

/* the newest of the current task's call, NULL: it is in none */
static struct piece *mine(struct stream *st)
{
	unsigned int i;

	for (i = st->next; i && i + PIECES > st->next; i--)
		if (st->piece[(i - 1) % PIECES].task == current)
			return &st->piece[(i - 1) % PIECES];
	return NULL;
}

/* A connection of which no bytes are seen yet, or another one on the same socket. */
static void renew(struct stream *st, const struct tcp_sock *tp)
{
	u64 pos = READ_ONCE(tp->bytes_acked) + (u32)(tp->write_seq - tp->snd_una);

	advance(st, tp);
	if (st->pos == pos)
		return;
	memset(st->piece, 0, sizeof(st->piece));
	st->next = 0;
	st->pos = pos;
}

void skbtrail_writes_begin(struct sock *sk, u32 asked, u64 ns)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct skbtrail_fact_task who;
	struct stream_set *set;
	struct stream *st;
	struct piece *p;

	/* before that there is no sequence number that lasts */
	if (!(BIT(sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)))
		return;
	skbtrail_calls_task(&who, skbtrail_calls_cookie(sk));
	set = set_of(who.cookie);
	raw_spin_lock(&set->lock);
	st = stream_of(set, who.cookie);
	if (!st)
		st = stream_new(set, who.cookie);
	renew(st, tp);
	st->used = ns;
	for (p = mine(st); p; p = mine(st))
		p->task = NULL;
	*add_piece(st) = (struct piece){
		.task = current,
		.who = who,
		.begun = ns,
		.from = st->pos,
		.asked = asked,
	};
	raw_spin_unlock(&set->lock);
}

/* more was written by @p's call; between its bytes there may be another's */
static struct piece *extend(struct stream *st, struct piece *p, u32 n)
{
	struct piece *more;

	n = min(n, p->asked - p->at - p->len);
	if (n && p->from + p->len != st->pos) {
		more = add_piece(st);
		*more = *p;
		more->at = p->at + p->len;
		more->from = st->pos;
		more->len = 0;
		p->task = NULL;
		p = more;
	}
	p->len += n;
	return p;
}

void skbtrail_writes_so_far(struct sock *sk, bool over)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	const struct tcp_sock *tp = tcp_sk(sk);
	struct stream_set *set = set_of(cookie);
	struct stream *st;
	struct piece *p;

	if (!cookie)
		return;
	raw_spin_lock(&set->lock);
	st = stream_of(set, cookie);
	if (st) {
		p = mine(st);
		if (p)
			p = extend(st, p, tp->write_seq - st->seq);
		if (p && over)
			p->task = NULL;
		advance(st, tp);
	}
	raw_spin_unlock(&set->lock);
}

/* bytes [@from, @to) of the segment were written by @p's call, from its byte @at on */
static unsigned int tell(struct skbtrail_write *w, unsigned int n, const struct piece *p,
			 u64 from, u64 to, u32 at)
{
	struct skbtrail_write *last = w + n - 1;

	if (from >= to)
		return n;
	if (n && last->who.tid == p->who.tid && last->begun == p->begun &&
	    last->pos + last->bytes == from) {
		last->bytes += to - from;
		return n;
	}
	if (n == SKBTRAIL_WRITES)
		return n;
	w[n] = (struct skbtrail_write){
		.who = p->who,
		.begun = p->begun,
		.pos = from,
		.asked = p->asked,
		.at = at,
		.bytes = to - from,
	};
	return n + 1;
}

static unsigned int tell_all(struct stream *st, u64 from, u64 to, struct skbtrail_write *w)
{
	unsigned int i = st->next > PIECES ? st->next - PIECES : 0;
	const struct piece *p;
	unsigned int n = 0;
	u64 first;

	for (; i < st->next; i++) {
		p = &st->piece[i % PIECES];
		first = max(from, p->from);
		n = tell(w, n, p, first, min(to, p->from + p->len), p->at + (first - p->from));
	}
	/* what the current task sends while it writes was not seen being written yet */
	p = in_task() ? mine(st) : NULL;
	if (p) {
		first = max(from, st->pos);
		n = tell(w, n, p, first, min(to, st->pos + p->asked - p->at - p->len),
			 p->at + p->len + (first - st->pos));
	}
	return n;
}

unsigned int skbtrail_writes_of(u64 cookie, const struct skbtrail_fact_tcp *tcp,
				struct skbtrail_write *w)
{
	struct stream_set *set = set_of(cookie);
	unsigned int n = 0;
	struct stream *st;
	u64 from;

	if (!cookie || !tcp->payload)
		return 0;
	raw_spin_lock(&set->lock);
	st = stream_of(set, cookie);
	if (st) {
		from = st->pos + (s32)(tcp->seq - st->seq);
		n = tell_all(st, from, from + tcp->payload, w);
	}
	raw_spin_unlock(&set->lock);
	return n;
}

void skbtrail_writes_clear(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(streams); i++) {
		raw_spin_lock_irq(&streams[i].lock);
		memset(streams[i].way, 0, sizeof(streams[i].way));
		raw_spin_unlock_irq(&streams[i].lock);
	}
}

void skbtrail_writes_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(streams); i++)
		raw_spin_lock_init(&streams[i].lock);
}
