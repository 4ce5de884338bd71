/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_TRACK_H
#define SKBTRAIL_TRACK_H

#include <linux/hash.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "attach.h"
#include "ct.h"
#include "view.h"

struct dst_entry;
struct sock;

#define SKBTRAIL_WAYS	32

/* flags of a life */
#define SKBTRAIL_LIFE_EXPANDING	BIT(0)	/* pskb_expand_head() was seen: the head may change */
#define SKBTRAIL_LIFE_COPIED	BIT(1)	/* a process read its data */
#define SKBTRAIL_LIFE_DIRTY	BIT(2)	/* headers may have changed since they were compared */
#define SKBTRAIL_LIFE_ANSWERED	BIT(3)	/* answered with an ICMP error */
#define SKBTRAIL_LIFE_SK_CLOSING BIT(5)	/* the peer of that socket has closed its side */
#define SKBTRAIL_LIFE_SK_OPEN	BIT(4)	/* the socket it was last at was not closed then */
#define SKBTRAIL_LIFE_TRACED	BIT(6)	/* its nf_trace is set, on our behalf */
#define SKBTRAIL_LIFE_SHARED	BIT(7)	/* raw sockets got clones of it */

/**
 * struct skbtrail_life - one followed packet
 * @head: its buffer; a known sk_buff with another buffer is another packet
 * @trail: id of the trail
 * @merged: trail it may be merging into, 0 none
 * @last_ns: time of the last hit
 * @dev: device last looked at, see skbtrail_dev_key()
 * @netns: cookie of the namespace last told
 * @cookie: cookie of the socket last told
 * @sk: socket the cookie belongs to; compared, never dereferenced
 * @dst: route last told; compared, never dereferenced
 * @sessions: sessions that follow it, a bit each
 * @heirs: sessions that will, but have not been told yet: it comes from one they follow
 * @refused: sessions that had no room when it began and will not begin later
 * @rejected: sessions whose filter said no to headers as they are
 * @shape: of the packet then
 * @epoch: hits that had been skipped at points that end lives when it began,
 *	and how often kprobes had been switched
 * @ifindex: device last told
 * @mark: mark last told
 * @vlan: VLAN tag last told
 * @pieces: fragments that were cut from it
 * @tunnels: how often it was wrapped or unwrapped
 * @stage: stage it was last at
 * @flags: SKBTRAIL_LIFE_*
 * @flow: headers last told
 * @ct: what conntrack says of it, last told
 *
 * Protected by the lock of its set.
 */
struct skbtrail_life {
	const void		*head;
	u64			trail;
	u64			merged;
	u64			last_ns;
	u64			shape;
	u64			dev;
	u64			netns;
	u64			cookie;
	const struct sock	*sk;
	const struct dst_entry	*dst;
	u32			sessions;
	u32			heirs;
	u32			refused;
	u32			rejected;
	u32			epoch;
	int			ifindex;
	u32			mark;
	u16			vlan;
	u16			pieces;
	u8			stage;
	u8			flags;
	u8			tunnels;
	struct skbtrail_flow	flow;
	struct skbtrail_ct	ct;
};

/**
 * struct skbtrail_set - where the life of an sk_buff can be
 * @lock: held for all of a sighting, interrupts off; inside it only the locks
 *	of calls.c and symbols.c are taken. As in kernel/trace it is one that
 *	lockdep does not know: most of the cost of a lock is in the call
 * @gen: counts what may make an sk_buff of this set another packet: its end
 * @dirty: counts what may change headers of one that nobody follows
 * @used: ways that are taken, a bit each
 * @key: sk_buff of each life, NULL: free; together, to be found fast
 * @way: the lives
 */
struct skbtrail_set {
	arch_spinlock_t		lock;
	atomic_t		gen;
	atomic_t		dirty;
	u32			used;
	const struct sk_buff	*key[SKBTRAIL_WAYS];
	struct skbtrail_life	way[SKBTRAIL_WAYS];
};

/*
 * Bytes of a packet that are compared: headers up to the ports, of IPv6 too. The
 * structure behind every buffer, struct skb_shared_info, is larger: so many can be read.
 */
#define SKBTRAIL_PRINT	48

/**
 * struct skbtrail_unwanted - the last packet that nobody wanted, of each CPU
 * @skb: the packet; compared, never dereferenced
 * @head: its buffer
 * @gen: of its set then
 * @dirty: of its set then
 * @epoch: hits that had been skipped at points behind which headers can change
 * @sessions: whose filter said no
 * @shape: where its network header and its end were
 * @printed: no filter looked further than @print
 * @print: its bytes from the network header on
 *
 * A packet passes many stages and is asked about once: all of these stay the
 * same while it is the same packet with the same headers. Where headers can
 * change they are compared, if that is enough.
 */
struct skbtrail_unwanted {
	const struct sk_buff	*skb;
	const void		*head;
	int			gen;
	int			dirty;
	u32			epoch;
	u32			sessions;
	u64			shape;
	bool			printed;
	u64			print[SKBTRAIL_PRINT / 8];
};

DECLARE_PER_CPU(struct skbtrail_unwanted, skbtrail_unwanted);

/**
 * skbtrail_track_alloc() - make the table
 * @entries: packets that can be followed at once; rounded down to a power of two, but
 *	no less than two sets
 *
 * Context: process, may sleep; nothing may be attached.
 * Return: 0 or -ENOMEM.
 */
int skbtrail_track_alloc(unsigned int entries);

/** skbtrail_track_free() - free the table; nothing may be attached any more */
void skbtrail_track_free(void);

/* the table; in the header so that the packet path has no calls in it */
extern struct skbtrail_set *skbtrail_sets;
extern unsigned int skbtrail_set_shift;

/** skbtrail_track_set() - the set an sk_buff belongs to; lock it with interrupts off */
static __always_inline struct skbtrail_set *skbtrail_track_set(const struct sk_buff *skb)
{
	/* hash_ptr() */
	return &skbtrail_sets[(unsigned long)skb * GOLDEN_RATIO_64 >> skbtrail_set_shift];
}

static __always_inline void skbtrail_track_lock(struct skbtrail_set *set)
{
	lockdep_assert_irqs_disabled();
	arch_spin_lock(&set->lock);
}

static __always_inline bool skbtrail_track_trylock(struct skbtrail_set *set)
{
	lockdep_assert_irqs_disabled();
	return arch_spin_trylock(&set->lock);
}

static __always_inline void skbtrail_track_unlock(struct skbtrail_set *set)
{
	arch_spin_unlock(&set->lock);
}

/**
 * skbtrail_track_find() - the life of @skb in a locked set, or NULL
 *
 * Whether there is one may be asked without the lock by who alone has @skb.
 */
static __always_inline struct skbtrail_life *skbtrail_track_find(struct skbtrail_set *set,
								 const struct sk_buff *skb)
{
	unsigned long bits;

	if (likely(READ_ONCE(set->key[0]) == skb))
		return &set->way[0];
	for (bits = READ_ONCE(set->used) & ~1; bits; bits &= bits - 1)
		if (READ_ONCE(set->key[__ffs(bits)]) == skb)
			return &set->way[__ffs(bits)];
	return NULL;
}

/**
 * struct skbtrail_latest - the followed packet that was looked at last, of each CPU
 * @skb: the packet; compared, never dereferenced
 * @set: it belongs to
 * @way: where it was in there; with the set locked its key tells whether it still is
 *
 * A packet passes many stages one after the other, mostly on one CPU: it need not be
 * looked for, however many are followed.
 */
struct skbtrail_latest {
	const struct sk_buff	*skb;
	struct skbtrail_set	*set;
	unsigned int		way;
};

DECLARE_PER_CPU(struct skbtrail_latest, skbtrail_latest);

/** skbtrail_track_seen() - remember where a packet of a locked set was found */
static __always_inline void skbtrail_track_seen(struct skbtrail_set *set,
						const struct skbtrail_life *life,
						const struct sk_buff *skb)
{
	unsigned int way = life - set->way;

	__this_cpu_write(skbtrail_latest.skb, skb);
	__this_cpu_write(skbtrail_latest.set, set);
	__this_cpu_write(skbtrail_latest.way, way);
}

/**
 * skbtrail_track_begin() - begin to follow @skb
 *
 * Return: a life with a new trail id and nothing told yet; NULL when the set
 * is full.
 */
struct skbtrail_life *skbtrail_track_begin(struct skbtrail_set *set,
					   const struct sk_buff *skb);

/** skbtrail_track_changed() - some packet of the set ended, or is another */
static inline void skbtrail_track_changed(struct skbtrail_set *set)
{
	atomic_inc(&set->gen);
}

/** skbtrail_track_dirty() - some packet of the set may get other headers */
static inline void skbtrail_track_dirty(struct skbtrail_set *set)
{
	atomic_inc(&set->dirty);
}

/** skbtrail_track_end() - forget a life of a locked set */
static inline void skbtrail_track_end(struct skbtrail_set *set, struct skbtrail_life *life)
{
	unsigned int i = life - set->way;

	WRITE_ONCE(set->key[i], NULL);
	WRITE_ONCE(set->used, set->used & ~BIT(i));
	skbtrail_track_changed(set);
}

/** skbtrail_track_trail() - trail of @skb, 0 when nobody follows it; takes the lock */
u64 skbtrail_track_trail(const struct sk_buff *skb);

/** skbtrail_track_forget() - make a session's bit free for another; may sleep */
void skbtrail_track_forget(unsigned int session);

/**
 * skbtrail_track_doubtful() - whether @life may have ended unseen
 *
 * With kprobes the kernel skips a hit while another kprobe runs on the CPU;
 * one that was skipped since @life began may have been its end. So may one
 * that was not there because kprobes were switched off.
 */
static inline bool skbtrail_track_doubtful(const struct skbtrail_life *life)
{
	return unlikely(skbtrail_attach_skips) && life->epoch != skbtrail_attach_life_missed();
}

/** skbtrail_track_doubt() - why a doubtful life is: enum skbtrail_unknown_reason */
static inline u32 skbtrail_track_doubt(const struct skbtrail_life *life)
{
	return (life->epoch ^ skbtrail_attach_life_missed()) >> SKBTRAIL_SWITCH_SHIFT ?
	       SKBTRAIL_UNKNOWN_REASON_SWITCHED : SKBTRAIL_UNKNOWN_REASON_MISSED;
}

/** skbtrail_track_nsets() - number of sets in the table */
unsigned int skbtrail_track_nsets(void);

/**
 * skbtrail_track_shape() - where the network header and the end of @skb are, in its buffer
 *
 * Pulling a header off leaves it as it is; a filter can tell two shapes apart.
 */
static __always_inline u64 skbtrail_track_shape(const struct sk_buff *skb)
{
	return (u64)skb->network_header << 32 | (skb->len + (u32)(skb->data - skb->head));
}

/* where a print begins; only of a packet whose shape was compared */
static __always_inline const u64 *skbtrail_track_print(const struct sk_buff *skb)
{
	return (const u64 *)(skb->head + skb->network_header);
}

static __always_inline bool skbtrail_track_same_print(const struct skbtrail_unwanted *u,
						      const struct sk_buff *skb)
{
	const u64 *h = skbtrail_track_print(skb);

	BUILD_BUG_ON(SKBTRAIL_PRINT != 48);
	BUILD_BUG_ON(sizeof(struct skb_shared_info) < SKBTRAIL_PRINT);
	return !((h[0] ^ u->print[0]) | (h[1] ^ u->print[1]) | (h[2] ^ u->print[2]) |
		 (h[3] ^ u->print[3]) | (h[4] ^ u->print[4]) | (h[5] ^ u->print[5]));
}

/**
 * skbtrail_track_is_unwanted() - whether @sessions said no to this packet already
 *
 * Context: interrupts off, no lock: who changes the packet bumps @gen or @dirty first.
 */
static __always_inline bool skbtrail_track_is_unwanted(const struct skbtrail_set *set,
						       const struct sk_buff *skb, u32 sessions)
{
	const struct skbtrail_unwanted *u;

	if (__this_cpu_read(skbtrail_unwanted.skb) != skb)
		return false;
	u = this_cpu_ptr(&skbtrail_unwanted);
	return u->head == skb->head && u->gen == atomic_read(&set->gen) &&
	       u->shape == skbtrail_track_shape(skb) && !(sessions & ~u->sessions) &&
	       (u->printed ? skbtrail_track_same_print(u, skb) :
		u->dirty == atomic_read(&set->dirty) &&
		u->epoch == skbtrail_attach_dirty_missed());
}

/**
 * skbtrail_track_unwanted() - remember that @sessions said no; the set is locked
 * @near: no further than SKBTRAIL_PRINT bytes behind skb->network_header
 */
void skbtrail_track_unwanted(const struct skbtrail_set *set, const struct sk_buff *skb,
			     u32 sessions, bool near);

#endif /* SKBTRAIL_TRACK_H */
