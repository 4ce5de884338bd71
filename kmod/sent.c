// SPDX-License-Identifier: GPL-2.0
/*
 * What TCP sockets sent, to know it again when they send it again. Bounded:
 * of the segments that begin in the same part of a connection the oldest is
 * forgotten, and data sent again is then not linked to it.
 */
#include "sent.h"

#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#define SET_BITS	9
#define WAYS		16
/* segments that begin in the same 16 KiB stand in one set */
#define PART_SHIFT	14
/* a segment is no longer than so many parts: 64 KiB */
#define PARTS		4

static struct sent_set {
	raw_spinlock_t		lock;
	struct skbtrail_sent	way[WAYS];
} *sent_sets;

int skbtrail_sent_alloc(void)
{
	unsigned int i;

	sent_sets = kvcalloc(BIT(SET_BITS), sizeof(*sent_sets), GFP_KERNEL);
	if (!sent_sets)
		return -ENOMEM;
	for (i = 0; i < BIT(SET_BITS); i++)
		raw_spin_lock_init(&sent_sets[i].lock);
	return 0;
}

void skbtrail_sent_free(void)
{
	kvfree(sent_sets);
	sent_sets = NULL;
}

static struct sent_set *set_of(u64 cookie, u64 part)
{
	return &sent_sets[hash_64(hash_64(cookie, 64) + part, SET_BITS)];
}

void skbtrail_sent_note(const struct skbtrail_sent *sent)
{
	struct sent_set *set = set_of(sent->cookie, sent->from >> PART_SHIFT);
	struct skbtrail_sent *place = &set->way[0];
	unsigned int i;

	raw_spin_lock(&set->lock);
	/* trail ids count up: the smallest is the oldest, 0 is none */
	for (i = 1; i < WAYS; i++)
		if (set->way[i].trail < place->trail)
			place = &set->way[i];
	*place = *sent;
	raw_spin_unlock(&set->lock);
}

static void find_in(struct sent_set *set, u64 cookie, u64 at, struct skbtrail_sent *sent)
{
	const struct skbtrail_sent *way;

	raw_spin_lock(&set->lock);
	for (way = set->way; way < set->way + WAYS; way++)
		if (way->trail > sent->trail && way->cookie == cookie && way->from <= at &&
		    at < way->to)
			*sent = *way;
	raw_spin_unlock(&set->lock);
}

bool skbtrail_sent_find(u64 cookie, u64 at, struct skbtrail_sent *sent)
{
	u64 part = at >> PART_SHIFT;
	unsigned int i;

	sent->trail = 0;
	for (i = 0; i <= PARTS && i <= part; i++)
		find_in(set_of(cookie, part - i), cookie, at, sent);
	return sent->trail;
}

void skbtrail_sent_forget(unsigned int session)
{
	unsigned int i, w;

	for (i = 0; i < BIT(SET_BITS); i++) {
		raw_spin_lock_irq(&sent_sets[i].lock);
		for (w = 0; w < WAYS; w++)
			sent_sets[i].way[w].sessions &= ~BIT(session);
		raw_spin_unlock_irq(&sent_sets[i].lock);
		cond_resched();
	}
}
