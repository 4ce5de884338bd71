// SPDX-License-Identifier: GPL-2.0
/*
 * Socket calls. A send call is over, or a segment half built, before there
 * is a packet with headers a filter can look at. What happened until then is
 * kept here and told when the packet shows up.
 *
 * Owners are learnt here as well: a task seen in a call on a socket, in
 * process context, is a user of that socket. Nothing else is.
 */
#include "calls.h"

#include <linux/hash.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sock_diag.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "stages.h"
#include "writes.h"

#define BUCKET_BITS	7
#define BUCKET_WAYS	4
#define OWNER_BITS	8
#define READ_TRAILS	4

/**
 * struct slot - notes on what one context does with one socket
 * @task: context it belongs to; NULL: free, or the CPU's own slot
 * @sk: the socket; compared, never dereferenced
 * @skb: the packet being built, where it is known; compared, never dereferenced
 * @why: it is sent again for this reason, which no hit tells yet; 0 none
 * @used: time of the last use, for replacement
 * @begun: time the current call began; 0 in none
 * @write_seq: first sequence number the current send call can have written
 * @read: the call is a read call
 * @ncall: hits of the call itself, first in @hit
 * @nhit: all hits
 * @hit: of the call, then of the packet being built
 * @who: the caller
 * @ntrail: trails copied by this read call
 * @trail: the last of them
 * @sessions: who follows them
 */
struct slot {
	const struct task_struct *task;
	const struct sock	*sk;
	const struct sk_buff	*skb;
	u32			why;
	u64			used;
	u64			begun;
	u32			write_seq;
	bool			read;
	u8			ncall;
	u8			nhit;
	u8			ntrail;
	struct skbtrail_early	hit[SKBTRAIL_CALL_HITS];
	struct skbtrail_fact_task who;
	u64			trail[READ_TRAILS];
	u32			sessions[READ_TRAILS];
};

/* @own: the CPU's own, for softirq: one slot, no task */
struct bucket {
	raw_spinlock_t	lock;
	bool		own;
	struct slot	way[BUCKET_WAYS];
};

/* @created: time the socket was created, 0 when unknown or already told */
struct owner {
	struct skbtrail_fact_task	task;
	struct skbtrail_early		created;
};

struct owner_set {
	raw_spinlock_t	lock;
	u8		next;
	struct owner	way[BUCKET_WAYS];
};

static struct bucket buckets[1 << BUCKET_BITS];
static struct owner_set owners[1 << OWNER_BITS];
static DEFINE_PER_CPU(struct bucket, softirq_bucket);

u64 skbtrail_calls_cookie(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	u32 c[2];

	if (likely(cookie))
		return cookie;
	/* sock_gen_cookie() is not exported, but this calls it */
	sock_diag_save_cookie(sk, c);
	return (u64)c[1] << 32 | c[0];
}

void skbtrail_calls_task(struct skbtrail_fact_task *task, u64 cookie)
{
	task->cookie = cookie;
	task->pid = current->tgid;
	task->tid = current->pid;
	memcpy(task->comm, current->comm, sizeof(task->comm));
	task->comm[sizeof(task->comm) - 1] = '\0';
}

static struct owner_set *owner_set(u64 cookie)
{
	return &owners[hash_64(cookie, OWNER_BITS)];
}

static struct owner *owner_find(struct owner_set *set, u64 cookie)
{
	int i;

	for (i = 0; i < BUCKET_WAYS; i++)
		if (set->way[i].task.cookie == cookie)
			return &set->way[i];
	return NULL;
}

static void owner_learn(const struct skbtrail_fact_task *task,
			const struct skbtrail_early *created)
{
	struct owner_set *set = owner_set(task->cookie);
	struct owner *o;

	raw_spin_lock(&set->lock);
	o = owner_find(set, task->cookie);
	if (!o) {
		o = &set->way[set->next++ % BUCKET_WAYS];
		memset(&o->created, 0, sizeof(o->created));
	}
	o->task = *task;
	if (created)
		o->created = *created;
	raw_spin_unlock(&set->lock);
}

/* tells the owner of a socket, and its creation once */
static void owner_tell(u64 cookie, struct skbtrail_calls *calls)
{
	struct owner_set *set = owner_set(cookie);
	struct owner *o;

	raw_spin_lock(&set->lock);
	o = owner_find(set, cookie);
	if (o) {
		if (!calls->task.cookie)
			calls->task = o->task;
		if (o->created.ns)
			calls->hit[calls->n++] = o->created;
		o->created.ns = 0;
	}
	raw_spin_unlock(&set->lock);
}

bool skbtrail_calls_owner(struct skbtrail_fact_task *task, u64 cookie)
{
	struct owner_set *set = owner_set(cookie);
	struct owner *o;

	raw_spin_lock(&set->lock);
	o = owner_find(set, cookie);
	if (o)
		*task = o->task;
	raw_spin_unlock(&set->lock);
	return o;
}

/* where the notes of this context are; NULL in hard interrupts */
static struct bucket *bucket_here(void)
{
	if (in_hardirq())
		return NULL;
	if (in_serving_softirq())
		return this_cpu_ptr(&softirq_bucket);
	return &buckets[hash_ptr(current, BUCKET_BITS)];
}

/* the slot of this context in its locked bucket; NULL: none, and none made */
static struct slot *slot_find(struct bucket *b, u64 ns, bool make)
{
	struct slot *s, *oldest = &b->way[0];
	int i;

	lockdep_assert_held(&b->lock);
	if (b->own)
		return oldest;
	for (i = 0; i < BUCKET_WAYS; i++) {
		s = &b->way[i];
		if (s->task == current) {
			s->used = max(s->used, ns);
			return s;
		}
		if (s->used < oldest->used)
			oldest = s;
	}
	if (!make)
		return NULL;
	memset(oldest, 0, sizeof(*oldest));
	oldest->task = current;
	oldest->used = ns;
	return oldest;
}

static void slot_reset(struct slot *s, const struct sock *sk)
{
	s->sk = sk;
	s->skb = NULL;
	s->why = 0;
	s->begun = 0;
	s->read = false;
	s->ncall = 0;
	s->nhit = 0;
	s->ntrail = 0;
}

static void slot_add(struct slot *s, const struct skbtrail_point *p, u64 ns, u32 info)
{
	if (s->nhit < SKBTRAIL_CALL_HITS)
		s->hit[s->nhit++] = (struct skbtrail_early){ .ns = ns, .p = p, .info = info };
}

void skbtrail_calls_create(const struct skbtrail_point *p, struct sock *sk, u64 ns)
{
	struct skbtrail_early created = { .ns = ns, .p = p };
	struct skbtrail_fact_task task;

	/* a tunnel's socket does not belong to who set up the tunnel */
	if (!in_task() || sk->sk_kern_sock)
		return;
	skbtrail_calls_task(&task, skbtrail_calls_cookie(sk));
	owner_learn(&task, &created);
}

void skbtrail_calls_begin(const struct skbtrail_point *p, struct sock *sk, u64 ns,
			  bool read)
{
	struct bucket *b = bucket_here();
	struct slot *s;

	/* a kernel's own socket is used in whatever task comes along */
	if (!b || b->own || sk->sk_kern_sock)
		return;
	raw_spin_lock(&b->lock);
	s = slot_find(b, ns, true);
	slot_reset(s, sk);
	s->begun = ns;
	s->read = read;
	skbtrail_calls_task(&s->who, skbtrail_calls_cookie(sk));
	slot_add(s, p, ns, 0);
	s->ncall = s->nhit;
	if (sk_is_tcp(sk))
		s->write_seq = READ_ONCE(tcp_sk(sk)->write_seq);
	owner_learn(&s->who, NULL);
	raw_spin_unlock(&b->lock);
}

void skbtrail_calls_add(const struct skbtrail_point *p, const struct sock *sk, u64 ns)
{
	struct bucket *b = bucket_here();
	struct slot *s;

	if (!b || b->own)
		return;
	raw_spin_lock(&b->lock);
	s = slot_find(b, ns, false);
	if (s && s->sk == sk && s->begun && !s->read) {
		s->nhit = s->ncall;
		slot_add(s, p, ns, 0);
		s->ncall = s->nhit;
		/* under the socket lock now: what follows is this call's */
		if (sk_is_tcp(sk))
			s->write_seq = tcp_sk(sk)->write_seq;
	}
	raw_spin_unlock(&b->lock);
}

void skbtrail_calls_before(const struct skbtrail_point *p, const struct sock *sk,
			   const struct sk_buff *skb, u64 ns, bool fresh, u32 info)
{
	struct bucket *b = bucket_here();
	struct slot *s;
	unsigned int i;

	if (!b)
		return;
	raw_spin_lock(&b->lock);
	s = slot_find(b, ns, fresh);
	if (!s)
		goto out;
	if (s->sk != sk)
		slot_reset(s, sk);
	/*
	 * The same again: the packet these notes were for never showed up.
	 * Only a connect call may look up a route twice for one packet.
	 */
	for (i = s->ncall; i < s->nhit; i++)
		if ((fresh || b->own) && s->hit[i].p->stage == p->stage)
			s->nhit = s->ncall;
	/* told for this very segment, or not at all */
	if (!info && s->skb == skb)
		info = s->why;
	s->why = 0;
	slot_add(s, p, ns, info);
	if (skb)
		s->skb = skb;
out:
	raw_spin_unlock(&b->lock);
}

void skbtrail_calls_why(const struct sock *sk, const struct sk_buff *skb, u32 info)
{
	struct bucket *b = bucket_here();
	struct slot *s;

	if (!b || !info)
		return;
	raw_spin_lock(&b->lock);
	s = slot_find(b, 0, true);
	if (s->sk != sk)
		slot_reset(s, sk);
	s->skb = skb;
	s->why = info;
	raw_spin_unlock(&b->lock);
}

void skbtrail_calls_end(const struct sock *sk)
{
	struct bucket *b = bucket_here();
	struct slot *s;

	if (!b || b->own)
		return;
	raw_spin_lock(&b->lock);
	s = slot_find(b, 0, false);
	if (s && s->sk == sk && !s->read)
		slot_reset(s, NULL);
	raw_spin_unlock(&b->lock);
}

/*
 * Whether the notes are about @skb. Most packets have the socket that sends
 * them; a SYN-ACK has its request's, a reset none.
 */
static bool about(const struct slot *s, const struct sk_buff *skb)
{
	return !s->read && ((skb->sk && s->sk == skb->sk) || s->skb == skb);
}

/* whether a segment carries bytes the call in @s wrote */
static bool carries(const struct slot *s, const struct skbtrail_fact_tcp *tcp)
{
	if (!s->ncall)
		return false;
	if (s->hit[0].p->stage == SKBTRAIL_ST_SOCK_CONNECT)
		return tcp->flags & TCPHDR_SYN;
	return tcp->payload && after(tcp->seq + tcp->payload, s->write_seq);
}

void skbtrail_calls_take(const struct sk_buff *skb, const struct skbtrail_fact_tcp *tcp,
			 struct skbtrail_calls *calls)
{
	struct bucket *b = bucket_here();
	unsigned int i;
	struct slot *s;
	u64 cookie = 0;

	calls->n = 0;
	calls->task.cookie = 0;
	if (skb->sk && sk_fullsock(skb->sk))
		cookie = atomic64_read(&skb->sk->sk_cookie);
	if (cookie)
		owner_tell(cookie, calls);
	if (!b)
		return;
	raw_spin_lock(&b->lock);
	s = slot_find(b, 0, false);
	if (s && about(s, skb)) {
		bool mine = tcp ? carries(s, tcp) : s->ncall;

		if (mine)
			calls->task = s->who;
		for (i = mine ? 0 : s->ncall; i < s->nhit; i++)
			calls->hit[calls->n++] = s->hit[i];
		if (!tcp)
			s->ncall = 0;
		s->nhit = s->ncall;
		s->skb = NULL;
	}
	raw_spin_unlock(&b->lock);
}

void skbtrail_calls_pass(const struct sk_buff *skb)
{
	struct bucket *b = bucket_here();
	struct slot *s;

	if (!b)
		return;
	raw_spin_lock(&b->lock);
	s = slot_find(b, 0, false);
	if (s && about(s, skb))
		s->nhit = s->ncall;
	raw_spin_unlock(&b->lock);
}

bool skbtrail_calls_read(u64 *ns, const struct skbtrail_point **p)
{
	struct bucket *b = bucket_here();
	struct slot *s;
	bool reading;

	if (!b || b->own)
		return false;
	raw_spin_lock(&b->lock);
	s = slot_find(b, 0, false);
	reading = s && s->read && s->begun;
	if (reading) {
		*ns = s->begun;
		*p = s->hit[0].p;
	}
	raw_spin_unlock(&b->lock);
	return reading;
}

void skbtrail_calls_copied(u64 trail, u32 sessions)
{
	struct bucket *b = bucket_here();
	struct slot *s;

	if (!b || b->own)
		return;
	raw_spin_lock(&b->lock);
	s = slot_find(b, 0, false);
	if (s && s->read && s->begun &&
	    (!s->ntrail || s->trail[(s->ntrail - 1) % READ_TRAILS] != trail)) {
		s->trail[s->ntrail % READ_TRAILS] = trail;
		s->sessions[s->ntrail % READ_TRAILS] = sessions;
		/* wraps at a multiple: the ring stays in order */
		if (++s->ntrail == 2 * READ_TRAILS)
			s->ntrail = READ_TRAILS;
	}
	raw_spin_unlock(&b->lock);
}

unsigned int skbtrail_calls_return(u64 *trails, u32 *sessions, unsigned int max)
{
	struct bucket *b = bucket_here();
	unsigned int i, n = 0;
	struct slot *s;

	if (!b || b->own)
		return 0;
	raw_spin_lock(&b->lock);
	s = slot_find(b, 0, false);
	if (s && s->read) {
		n = min3((unsigned int)s->ntrail, (unsigned int)READ_TRAILS, max);
		for (i = 0; i < n; i++) {
			trails[i] = s->trail[i];
			sessions[i] = s->sessions[i];
		}
		slot_reset(s, NULL);
	}
	raw_spin_unlock(&b->lock);
	return n;
}

void skbtrail_calls_forget(unsigned int session)
{
	unsigned int i, w, t;

	for (i = 0; i < ARRAY_SIZE(buckets); i++) {
		raw_spin_lock_irq(&buckets[i].lock);
		for (w = 0; w < BUCKET_WAYS; w++)
			for (t = 0; t < READ_TRAILS; t++)
				buckets[i].way[w].sessions[t] &= ~BIT(session);
		raw_spin_unlock_irq(&buckets[i].lock);
	}
}

static void bucket_clear(struct bucket *b)
{
	raw_spin_lock_irq(&b->lock);
	memset(b->way, 0, sizeof(b->way));
	raw_spin_unlock_irq(&b->lock);
}

void skbtrail_calls_clear(void)
{
	unsigned int i;
	int cpu;

	skbtrail_writes_clear();
	for_each_possible_cpu(cpu)
		bucket_clear(per_cpu_ptr(&softirq_bucket, cpu));
	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		bucket_clear(&buckets[i]);
}

void skbtrail_calls_init(void)
{
	struct bucket *own;
	unsigned int i;
	int cpu;

	skbtrail_writes_init();
	for_each_possible_cpu(cpu) {
		own = per_cpu_ptr(&softirq_bucket, cpu);
		raw_spin_lock_init(&own->lock);
		own->own = true;
	}
	for (i = 0; i < ARRAY_SIZE(buckets); i++)
		raw_spin_lock_init(&buckets[i].lock);
	for (i = 0; i < ARRAY_SIZE(owners); i++)
		raw_spin_lock_init(&owners[i].lock);
}
