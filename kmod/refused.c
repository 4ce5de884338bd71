// SPDX-License-Identifier: GPL-2.0
/*
 * Packets the table had no room for. They are remembered until they end, by
 * their sk_buff alone: a packet that is refused is counted once, and does not
 * get a trail later, when there is room: half a trail would look whole.
 *
 * This table is bounded, too. What does not fit in here is refused, and
 * counted, at every stage that asks.
 */
#include "refused.h"

#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>

#include "attach.h"

#define SET_BITS	11
#define WAYS		32

/**
 * struct refusal - a packet somebody could not follow
 * @skb: compared, never dereferenced
 * @head: its buffer; NULL: it gets another one
 * @sessions: who could not
 * @epoch: as that of a life, see struct skbtrail_life
 */
struct refusal {
	const struct sk_buff	*skb;
	const void		*head;
	u32			sessions;
	u32			epoch;
};

static struct refusal_set {
	raw_spinlock_t	lock;
	u32		used;
	struct refusal	way[WAYS];
} *refusal_sets;

/* see refused.h */
atomic_t skbtrail_refusals = ATOMIC_INIT(0);

int skbtrail_refused_alloc(void)
{
	unsigned int i;

	refusal_sets = kvcalloc(BIT(SET_BITS), sizeof(*refusal_sets), GFP_KERNEL);
	if (!refusal_sets)
		return -ENOMEM;
	for (i = 0; i < BIT(SET_BITS); i++)
		raw_spin_lock_init(&refusal_sets[i].lock);
	return 0;
}

void skbtrail_refused_free(void)
{
	kvfree(refusal_sets);
	refusal_sets = NULL;
	atomic_set(&skbtrail_refusals, 0);
}

static struct refusal_set *refusal_set_of(const struct sk_buff *skb)
{
	return &refusal_sets[hash_ptr(skb, SET_BITS)];
}

static void remove_refusal(struct refusal_set *set, unsigned int i)
{
	set->used &= ~BIT(i);
	atomic_dec(&skbtrail_refusals);
}

/* number of its place; WAYS: it has none. What its end may have been missed of is no more */
static unsigned int find_refusal(struct refusal_set *set, const struct sk_buff *skb)
{
	unsigned long bits = set->used;
	struct refusal *r;
	unsigned int i;

	for (; bits; bits &= bits - 1) {
		i = __ffs(bits);
		r = &set->way[i];
		if (r->skb != skb)
			continue;
		if (r->epoch == skbtrail_attach_life_missed())
			return i;
		remove_refusal(set, i);
	}
	return WAYS;
}

bool skbtrail_refused_note(const struct sk_buff *skb, u32 sessions)
{
	struct refusal_set *set = refusal_set_of(skb);
	unsigned int i;

	raw_spin_lock(&set->lock);
	i = find_refusal(set, skb);
	if (i == WAYS && set->used != U32_MAX) {
		i = ffz(set->used);
		set->used |= BIT(i);
		set->way[i] = (struct refusal){
			.skb = skb,
			.epoch = skbtrail_attach_life_missed(),
		};
		atomic_inc(&skbtrail_refusals);
	}
	if (i < WAYS) {
		set->way[i].head = skb->head;
		set->way[i].sessions |= sessions;
	}
	raw_spin_unlock(&set->lock);
	return i < WAYS;
}

u32 skbtrail_refused_ask(const struct sk_buff *skb)
{
	struct refusal_set *set = refusal_set_of(skb);
	u32 sessions = 0;
	unsigned int i;

	raw_spin_lock(&set->lock);
	i = find_refusal(set, skb);
	if (i < WAYS && !set->way[i].head)
		set->way[i].head = skb->head;
	if (i < WAYS && set->way[i].head == skb->head)
		sessions = set->way[i].sessions;
	else if (i < WAYS)
		remove_refusal(set, i);
	raw_spin_unlock(&set->lock);
	return sessions;
}

void skbtrail_refused_drop(const struct sk_buff *skb)
{
	struct refusal_set *set = refusal_set_of(skb);
	unsigned int i;

	raw_spin_lock(&set->lock);
	i = find_refusal(set, skb);
	if (i < WAYS)
		remove_refusal(set, i);
	raw_spin_unlock(&set->lock);
}

void skbtrail_refused_unhead(const struct sk_buff *skb)
{
	struct refusal_set *set = refusal_set_of(skb);
	unsigned int i;

	raw_spin_lock(&set->lock);
	i = find_refusal(set, skb);
	if (i < WAYS)
		set->way[i].head = NULL;
	raw_spin_unlock(&set->lock);
}

static void forget_in(struct refusal_set *set, u32 session)
{
	unsigned long bits;
	unsigned int i;

	raw_spin_lock_irq(&set->lock);
	for (bits = set->used; bits; bits &= bits - 1) {
		i = __ffs(bits);
		set->way[i].sessions &= ~session;
		if (!set->way[i].sessions)
			remove_refusal(set, i);
	}
	raw_spin_unlock_irq(&set->lock);
}

void skbtrail_refused_forget(unsigned int session)
{
	unsigned int i;

	for (i = 0; i < BIT(SET_BITS); i++) {
		forget_in(&refusal_sets[i], BIT(session));
		cond_resched();
	}
}
