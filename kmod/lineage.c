// SPDX-License-Identifier: GPL-2.0
/*
 * Which packet was made from which. Only the kernel's own word counts: a
 * function returned the one for the other, or has both as arguments. What is
 * made gets a trail of its own, followed by those who follow what it was made
 * from, and a link says so; nothing is joined.
 *
 * When a packet is made it has no headers yet, or not the final ones. So it is
 * only inherited at first (life->heirs), and told of when it passes a stage,
 * or ends.
 */
#include "lineage.h"

#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <net/inet_frag.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "calls.h"
#include "clock.h"
#include "compat.h"
#include "encode.h"
#include "lives.h"
#include "refused.h"
#include "sent.h"
#include "session.h"
#include "stages.h"
#include "track.h"

/* a packet made of more than this is not looked at to its end */
#define PIECES_MAX	512
/* and its pieces are counted up to here */
#define PIECES_COUNTED	65536

/**
 * struct gathered - the two fragments whose sk_buffs change hands when all are there
 * @lock: nobody else but the end of a session wants it
 * @q: the queue they are in; compared, never dereferenced; NULL: nothing here
 * @first: the first fragment; no sessions: nobody follows it
 * @last: the last that came, the same
 *
 * The kernel gives the sk_buff of the last to the first, that of the first
 * back, and a new one to the last. On the same CPU at once, bottom halves off,
 * it then puts all of them together.
 */
struct gathered {
	raw_spinlock_t			lock;
	const struct inet_frag_queue	*q;
	struct skbtrail_life		first;
	struct skbtrail_life		last;
};

static DEFINE_PER_CPU(struct gathered, gathered) = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(gathered.lock),
};

/* what is known of a packet, if somebody follows it or refused to; no set is locked */
static bool known(const struct skbtrail_point *p, struct sk_buff *skb, u64 ns,
		  struct skbtrail_life *life)
{
	struct skbtrail_sighting s;

	skbtrail_sighting_init(&s, p, skb);
	s.ns = ns;
	return skbtrail_lives_copy(&s, life) || life->refused;
}

/*
 * A trail of its own for a packet made from others that @sessions follow: a life
 * with heirs, nothing told yet; NULL when there is no room. @set is locked.
 */
static struct skbtrail_life *begin(struct skbtrail_set *set, struct skbtrail_sighting *s,
				   u32 sessions)
{
	struct skbtrail_life *life = skbtrail_track_find(set, s->skb);

	if (life)
		skbtrail_lives_end_unknown(set, life, s, SKBTRAIL_UNKNOWN_REASON_REUSED);
	/* not those that ended meanwhile: their bit may be given anew */
	sessions &= READ_ONCE(skbtrail_active);
	if (!sessions)
		return NULL;
	life = skbtrail_track_begin(set, s->skb);
	if (life) {
		life->heirs = sessions;
		return life;
	}
	skbtrail_encode_lost(sessions, SKBTRAIL_LOST_CAUSE_TABLE, 1, s->ns);
	skbtrail_refused_note(s->skb, sessions);
	return NULL;
}

/*
 * Who refused a packet does not follow what is made of it: its trail would begin
 * in the middle. @life: of what is made, NULL: none; @s: it. Its set is locked.
 */
static void pass_refusal(struct skbtrail_life *life, const struct skbtrail_life *parent,
			 const struct skbtrail_sighting *s)
{
	u32 sessions = parent->refused & READ_ONCE(skbtrail_active);

	if (likely(!sessions))
		return;
	/* one that is in the table was refused by the stream */
	skbtrail_encode_lost(sessions, parent->trail ? SKBTRAIL_LOST_CAUSE_ADMISSION :
			     SKBTRAIL_LOST_CAUSE_TABLE, 1, s->ns);
	if (life)
		life->refused |= sessions;
	else
		skbtrail_refused_note(s->skb, sessions);
}

/* what it looks like until its own headers are seen; and where it was made */
static void begin_at(struct skbtrail_life *life, const struct skbtrail_life *like,
		     const struct skbtrail_sighting *s)
{
	life->flow = like->flow;
	life->mark = like->mark;
	life->stage = s->p->stage;
	life->last_ns = s->ns;
	skbtrail_encode_bare_hit(s->p, life->trail, life->heirs & skbtrail_watching(s->p), s->ns);
}

/*
 * A piece of what @parent is. Unless it is @fresh: a packet that was parked in
 * a list comes out of it as what it was, and keeps its trail.
 */
static void piece(const struct skbtrail_point *p, struct sk_buff *skb, bool fresh,
		  const struct skbtrail_life *parent, const struct skbtrail_kin *kin, u64 ns)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s;
	struct skbtrail_life *life;

	skbtrail_sighting_init(&s, p, skb);
	s.ns = ns;
	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (fresh || !life || !skbtrail_lives_same(set, life, &s)) {
		life = begin(set, &s, parent->sessions);
		pass_refusal(life, parent, &s);
		if (life) {
			begin_at(life, parent, &s);
			/* what the kernel copies of it includes that */
			life->flags |= parent->flags & SKBTRAIL_LIFE_TRACED;
		}
	}
	if (life)
		skbtrail_encode_link(life->trail, parent->trail, kin,
				     (life->sessions | life->heirs) & parent->sessions, ns);
	skbtrail_track_unlock(set);
}

/* counts one more piece of a packet; its number, or 0 */
static u32 count_piece(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;
	u32 n = 0;

	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life)
		n = ++life->pieces;
	skbtrail_track_unlock(set);
	return n;
}

void skbtrail_lineage_fragment(const struct skbtrail_point *p, struct sk_buff *fragment,
			       struct sk_buff *skb, u32 left)
{
	struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_FRAGMENT };
	u64 ns = skbtrail_clock();
	struct skbtrail_life parent;

	if (!known(p, skb, ns, &parent))
		return;
	kin.place = count_piece(skb);
	kin.of = kin.place ? kin.place - 1 + left : 0;
	piece(p, fragment, true, &parent, &kin, ns);
}

/* what is not looked at is counted as lost */
static u32 count_list(const struct sk_buff *skb, u32 sessions, u64 ns)
{
	u32 n = 0;

	for (; skb && n < PIECES_COUNTED; skb = skb->next)
		n++;
	if (n > PIECES_MAX)
		skbtrail_encode_lost(sessions, SKBTRAIL_LOST_CAUSE_LIST, n - PIECES_MAX, ns);
	return n;
}

void skbtrail_lineage_fraglist(const struct skbtrail_point *p, struct sk_buff *skb)
{
	struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_FRAGMENT, .place = 1 };
	u64 ns = skbtrail_clock();
	struct skbtrail_life parent;
	struct sk_buff *next;

	if (!known(p, skb, ns, &parent))
		return;
	next = skb_shinfo(skb)->frag_list;
	kin.of = 1 + count_list(next, parent.sessions, ns);
	for (; next && kin.place <= PIECES_MAX; next = next->next) {
		kin.place++;
		piece(p, next, false, &parent, &kin, ns);
	}
}

void skbtrail_lineage_segments(const struct skbtrail_point *p, struct sk_buff *segments,
			       struct sk_buff *skb)
{
	struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_SEGMENT };
	u64 ns = skbtrail_clock();
	struct skbtrail_life parent;

	if (!known(p, skb, ns, &parent))
		return;
	kin.of = count_list(segments, parent.sessions, ns);
	for (; segments && kin.place < PIECES_MAX; segments = segments->next) {
		kin.place++;
		/* a list of packets falls apart: the first is the one that had the list */
		if (segments != skb)
			piece(p, segments, false, &parent, &kin, ns);
	}
}

void skbtrail_lineage_copy(const struct skbtrail_point *p, struct sk_buff *copy,
			   struct sk_buff *skb)
{
	static const struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_COPY };
	u64 ns = skbtrail_clock();
	struct skbtrail_life parent;

	if (known(p, skb, ns, &parent))
		piece(p, copy, true, &parent, &kin, ns);
}

void skbtrail_lineage_clone(const struct skbtrail_point *p, struct sk_buff *clone,
			    struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(clone);
	struct skbtrail_life parent, *life;
	struct skbtrail_sighting s;

	s.ns = skbtrail_clock();
	if (!known(p, skb, s.ns, &parent))
		return;
	skbtrail_sighting_init(&s, p, clone);
	skbtrail_track_lock(set);
	life = begin(set, &s, parent.sessions);
	pass_refusal(life, &parent, &s);
	/* it has no buffer yet */
	if (!life)
		skbtrail_refused_expand(clone);
	if (life) {
		/* the clone itself is not looked at, it may be empty yet */
		s.skb = skb;
		life->head = skb->head;
		life->sessions = life->heirs;
		life->heirs = 0;
		life->flags |= parent.flags & SKBTRAIL_LIFE_TRACED;
		skbtrail_encode_clone(life, &parent, &s, skbtrail_watching(p));
	}
	skbtrail_track_unlock(set);
}

/* a segment with bytes, or that opens or closes: TCP sends it again if it is lost */
static u32 takes_numbers(const struct skbtrail_fact_tcp *tcp)
{
	return tcp->payload + !!(tcp->flags & TCPHDR_SYN) + !!(tcp->flags & TCPHDR_FIN);
}

static bool just_sent(const struct skbtrail_calls *calls, u32 *why)
{
	bool sent = false;
	unsigned int i;

	*why = SKBTRAIL_RETRANSMIT_WHY_UNKNOWN;
	for (i = 0; i < calls->n; i++) {
		sent |= calls->hit[i].p->stage == SKBTRAIL_ST_TCP_TRANSMIT;
		if (calls->hit[i].p->stage == SKBTRAIL_ST_TCP_RETRANSMIT && calls->hit[i].info)
			*why = calls->hit[i].info;
	}
	return sent;
}

void skbtrail_lineage_sent(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   const struct skbtrail_calls *calls)
{
	struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_RETRANSMIT };
	const struct skbtrail_fact_tcp *tcp = &s->view.tcp;
	struct skbtrail_sent now, earlier;
	struct sock *sk = s->skb->sk;

	/* in the call that sends it the socket is locked; later its numbers may have moved on */
	if (!sk || !sk_fullsock(sk) || !sk_is_tcp(sk) || !takes_numbers(tcp) ||
	    !just_sent(calls, &kin.info))
		return;
	now.cookie = skbtrail_calls_cookie(sk);
	/* never the same twice, unlike sequence numbers */
	now.from = tcp_sk(sk)->bytes_acked + (s32)(tcp->seq - tcp_sk(sk)->snd_una);
	now.to = now.from + takes_numbers(tcp);
	now.trail = life->trail;
	now.sessions = life->sessions;
	now.nth = 1;
	/* what is sent for the first time begins where the next has to begin */
	if (before(tcp->seq, tcp_sk(sk)->snd_nxt)) {
		now.nth = 0;
		if (skbtrail_sent_find(now.cookie, now.from, &earlier)) {
			now.nth = earlier.nth ? earlier.nth + 1 : 0;
			kin.place = now.nth;
			skbtrail_encode_link(life->trail, earlier.trail, &kin,
					     life->sessions & earlier.sessions, s->ns);
		}
	}
	skbtrail_sent_note(&now);
}

/* takes the life of @skb out of the table, untold; no sessions when there is none */
static void take(const struct skbtrail_point *p, struct sk_buff *skb, u64 ns,
		 struct skbtrail_life *life)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *found;

	memset(life, 0, sizeof(*life));
	if (!known(p, skb, ns, life))
		return;
	skbtrail_track_lock(set);
	found = skbtrail_track_find(set, skb);
	if (found)
		skbtrail_track_end(set, found);
	skbtrail_track_unlock(set);
}

static void never_put_together(const struct skbtrail_point *p, struct gathered *g, u64 ns)
{
	struct skbtrail_sighting s;

	skbtrail_sighting_init(&s, p, NULL);
	s.ns = ns;
	skbtrail_encode_end(&g->first, &s, SKBTRAIL_END_KIND_UNKNOWN,
			    SKBTRAIL_UNKNOWN_REASON_REASSEMBLY, 0);
	skbtrail_encode_end(&g->last, &s, SKBTRAIL_END_KIND_UNKNOWN,
			    SKBTRAIL_UNKNOWN_REASON_REASSEMBLY, 0);
	memset(&g->first, 0, sizeof(g->first));
	memset(&g->last, 0, sizeof(g->last));
	g->q = NULL;
}

void skbtrail_lineage_gather(const struct skbtrail_point *p, const struct inet_frag_queue *q,
			     struct sk_buff *skb)
{
	struct gathered *g = this_cpu_ptr(&gathered);
	struct rb_node *first = rb_first(&q->rb_fragments);
	u64 ns = skbtrail_clock();

	raw_spin_lock(&g->lock);
	if (g->q)
		never_put_together(p, g, ns);
	if (first && rb_to_skb(first) != skb) {
		take(p, rb_to_skb(first), ns, &g->first);
		take(p, skb, ns, &g->last);
		if (g->first.sessions | g->last.sessions | g->first.refused | g->last.refused)
			g->q = q;
	}
	raw_spin_unlock(&g->lock);
}

/**
 * struct fragments - a walk over the fragments in a queue, in order
 * @node: of the run of fragments it is in
 * @skb: the fragment
 */
struct fragments {
	struct rb_node	*node;
	struct sk_buff	*skb;
};

static void at_node(struct fragments *f, struct rb_node *node)
{
	f->node = node;
	f->skb = node ? rb_to_skb(node) : NULL;
}

/* how runs are chained is the kernel's own affair: what is read may be no address */
static bool next_fragment(struct fragments *f)
{
	struct sk_buff *next;

	if (copy_from_kernel_nofault(&next, &skbtrail_frag_cb(f->skb)->next_frag, sizeof(next)))
		return false;
	if (next)
		f->skb = next;
	else
		at_node(f, rb_next(f->node));
	return true;
}

/* number of fragments; 0 unless they are, byte by byte, the datagram */
static u32 count_fragments(const struct inet_frag_queue *q)
{
	unsigned int len, sum = 0;
	struct fragments f;
	u32 n = 0;

	for (at_node(&f, rb_first(&q->rb_fragments)); f.skb; n++) {
		if (n == PIECES_MAX ||
		    copy_from_kernel_nofault(&len, &f.skb->len, sizeof(len)))
			return 0;
		sum += len;
		if (!next_fragment(&f))
			return 0;
	}
	return sum == q->len ? n : 0;
}

/* sessions that follow a fragment in the table */
static u32 followers(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;
	u32 sessions;

	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	sessions = life ? life->sessions | life->heirs : 0;
	skbtrail_track_unlock(set);
	return sessions;
}

static u32 all_followers(const struct inet_frag_queue *q, const struct gathered *g)
{
	u32 sessions = g->first.sessions | g->last.sessions;
	struct fragments f;

	for (at_node(&f, rb_first(&q->rb_fragments)); f.skb; next_fragment(&f))
		sessions |= followers(f.skb);
	return sessions;
}

/* the trail of the whole; 0: no room for it */
static u64 begin_whole(const struct skbtrail_point *p, struct sk_buff *skb, u32 sessions,
		       const struct skbtrail_life *first, u64 ns)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s;
	struct skbtrail_life *life;
	u64 trail = 0;

	skbtrail_sighting_init(&s, p, skb);
	s.ns = ns;
	skbtrail_track_lock(set);
	life = begin(set, &s, sessions);
	if (life) {
		begin_at(life, first, &s);
		trail = life->trail;
	}
	skbtrail_track_unlock(set);
	return trail;
}

/* a fragment became part of the whole */
static void goes_into(const struct skbtrail_point *p, u64 whole, struct skbtrail_life *life,
		      u32 place, u32 of, u64 ns)
{
	struct skbtrail_kin kin = {
		.kind = SKBTRAIL_LINK_KIND_REASSEMBLY, .place = place, .of = of,
	};
	struct skbtrail_sighting s;

	if (!life->sessions)
		return;
	skbtrail_sighting_init(&s, p, NULL);
	s.ns = ns;
	life->merged = whole;
	if (whole)
		skbtrail_encode_link(whole, life->trail, &kin, life->sessions, ns);
	skbtrail_encode_end(life, &s, SKBTRAIL_END_KIND_MERGED, 0, 0);
	life->sessions = 0;
}

static void put_together(const struct skbtrail_point *p, const struct inet_frag_queue *q,
			 struct sk_buff *skb, struct gathered *g, u32 of)
{
	u32 place = 1, sessions = all_followers(q, g);
	u64 whole, ns = skbtrail_clock();
	struct skbtrail_life life;
	struct fragments f;

	/* the first fragment came last: its sk_buff is that of the whole */
	if (!g->first.sessions)
		take(p, skb, ns, &g->first);
	whole = begin_whole(p, skb, sessions, g->first.sessions ? &g->first : &g->last, ns);
	for (at_node(&f, rb_first(&q->rb_fragments)); f.skb; next_fragment(&f), place++) {
		if (place == 1) {
			goes_into(p, whole, &g->first, place, of, ns);
		} else if (g->last.sessions && f.skb->head == g->last.head) {
			goes_into(p, whole, &g->last, place, of, ns);
		} else {
			take(p, f.skb, ns, &life);
			goes_into(p, whole, &life, place, of, ns);
		}
	}
}

/* nobody follows any of it, and somebody would have */
static void refuse_whole(const struct skbtrail_point *p, struct sk_buff *skb, struct gathered *g)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_sighting s;

	g->first.refused |= g->last.refused;
	skbtrail_sighting_init(&s, p, skb);
	s.ns = skbtrail_clock();
	skbtrail_track_lock(set);
	pass_refusal(skbtrail_track_find(set, skb), &g->first, &s);
	skbtrail_track_unlock(set);
	memset(&g->first, 0, sizeof(g->first));
	memset(&g->last, 0, sizeof(g->last));
	g->q = NULL;
}

bool skbtrail_lineage_whole(const struct skbtrail_point *p, const struct inet_frag_queue *q,
			    struct sk_buff *skb)
{
	struct gathered *g = this_cpu_ptr(&gathered);
	u32 of = count_fragments(q);
	bool any = false;

	raw_spin_lock(&g->lock);
	/* of another queue, or of one whose fragments are too many or not understood */
	if (g->q && (g->q != q || !of))
		never_put_together(p, g, skbtrail_clock());
	if (of && all_followers(q, g)) {
		put_together(p, q, skb, g, of);
		g->q = NULL;
		any = true;
	} else if (g->q) {
		refuse_whole(p, skb, g);
	}
	raw_spin_unlock(&g->lock);
	return any;
}

void skbtrail_lineage_forget(unsigned int session)
{
	struct gathered *g;
	int cpu;

	skbtrail_sent_forget(session);
	for_each_possible_cpu(cpu) {
		g = per_cpu_ptr(&gathered, cpu);
		raw_spin_lock_irq(&g->lock);
		g->first.sessions &= ~BIT(session);
		g->first.refused &= ~BIT(session);
		g->last.sessions &= ~BIT(session);
		g->last.refused &= ~BIT(session);
		raw_spin_unlock_irq(&g->lock);
	}
}
