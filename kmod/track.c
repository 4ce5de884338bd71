// SPDX-License-Identifier: GPL-2.0
/*
 * Which packet is this? A bounded table of followed packets, keyed by the
 * address of the sk_buff together with its head.
 *
 * An address alone says nothing: memory is reused. So a life is forgotten at
 * every function that ends an sk_buff (the points with SKBTRAIL_OP_FREE), and
 * an sk_buff that shows up with another head than it had is the same packet
 * only if pskb_expand_head() was seen on it. Nothing is ever evicted: a full
 * set refuses new packets, which is counted where it happens.
 */
#include "track.h"

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/string.h>

static struct skbtrail_set *sets;
static unsigned int set_bits;
static atomic64_t last_trail;
static u32 epoch;

int skbtrail_track_alloc(unsigned int entries)
{
	unsigned int i;

	set_bits = ilog2(roundup_pow_of_two(max(entries / SKBTRAIL_WAYS, 16U)));
	sets = kvcalloc(1UL << set_bits, sizeof(*sets), GFP_KERNEL);
	if (!sets)
		return -ENOMEM;
	for (i = 0; i < 1U << set_bits; i++)
		raw_spin_lock_init(&sets[i].lock);
	return 0;
}

void skbtrail_track_free(void)
{
	kvfree(sets);
	sets = NULL;
}

struct skbtrail_set *skbtrail_track_set(const struct sk_buff *skb)
{
	return &sets[hash_ptr(skb, set_bits)];
}

struct skbtrail_life *skbtrail_track_find(struct skbtrail_set *set,
					  const struct sk_buff *skb)
{
	unsigned int i;

	for (i = 0; i < SKBTRAIL_WAYS; i++)
		if (set->way[i].skb == skb)
			return &set->way[i];
	return NULL;
}

struct skbtrail_life *skbtrail_track_begin(struct skbtrail_set *set,
					   const struct sk_buff *skb)
{
	struct skbtrail_life *life = skbtrail_track_find(set, NULL);

	if (!life)
		return NULL;
	memset(life, 0, sizeof(*life));
	life->skb = skb;
	life->head = skb->head;
	life->trail = atomic64_inc_return(&last_trail);
	life->epoch = READ_ONCE(epoch);
	return life;
}

u64 skbtrail_track_trail(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;
	u64 trail;

	raw_spin_lock(&set->lock);
	life = skbtrail_track_find(set, skb);
	trail = life && life->head == skb->head ? life->trail : 0;
	raw_spin_unlock(&set->lock);
	return trail;
}

void skbtrail_track_forget(unsigned int session)
{
	struct skbtrail_life *life;
	unsigned int i, w;

	for (i = 0; i < 1U << set_bits; i++) {
		raw_spin_lock_irq(&sets[i].lock);
		for (w = 0; w < SKBTRAIL_WAYS; w++) {
			life = &sets[i].way[w];
			life->sessions &= ~BIT(session);
			life->refused &= ~BIT(session);
			if (life->skb && !life->sessions && !life->refused)
				skbtrail_track_end(life);
		}
		raw_spin_unlock_irq(&sets[i].lock);
		cond_resched();
	}
}

void skbtrail_track_doubt(void)
{
	WRITE_ONCE(epoch, epoch + 1);
}

bool skbtrail_track_doubtful(const struct skbtrail_life *life)
{
	return unlikely(life->epoch != READ_ONCE(epoch));
}
