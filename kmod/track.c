// SPDX-License-Identifier: GPL-2.0
/*
 * Which packet is this? A bounded table of followed packets, keyed by the
 * address of the sk_buff together with its head.
 *
 * An address alone says nothing: memory is reused. So a life is forgotten at
 * every function that ends an sk_buff (the points with SKBTRAIL_OP_FREE), and
 * an sk_buff that shows up with another head than it had is the same packet
 * only if pskb_expand_head() was seen on it. Nothing is ever evicted: a full
 * set refuses new packets, see refused.c.
 */
#include "track.h"

#include <linux/atomic.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/string.h>

#include "attach.h"
#include "refused.h"

struct skbtrail_set *skbtrail_sets;
unsigned int skbtrail_set_shift;
static unsigned int nsets;
static atomic64_t last_trail;
DEFINE_PER_CPU(struct skbtrail_unwanted, skbtrail_unwanted);
DEFINE_PER_CPU(struct skbtrail_latest, skbtrail_latest);

int skbtrail_track_alloc(unsigned int entries)
{
	unsigned int i;
	int cpu;

	/* what was remembered went with the generations of another table */
	for_each_possible_cpu(cpu) {
		per_cpu(skbtrail_unwanted, cpu).skb = NULL;
		per_cpu(skbtrail_latest, cpu).skb = NULL;
	}

	nsets = rounddown_pow_of_two(max(entries / SKBTRAIL_WAYS, 2U));
	skbtrail_set_shift = 64 - ilog2(nsets);
	skbtrail_sets = kvcalloc(nsets, sizeof(*skbtrail_sets), GFP_KERNEL);
	if (!skbtrail_sets || skbtrail_refused_alloc()) {
		skbtrail_track_free();
		return -ENOMEM;
	}
	for (i = 0; i < nsets; i++)
		skbtrail_sets[i].lock = (arch_spinlock_t)__ARCH_SPIN_LOCK_UNLOCKED;
	return 0;
}

void skbtrail_track_free(void)
{
	skbtrail_refused_free();
	kvfree(skbtrail_sets);
	skbtrail_sets = NULL;
}

struct skbtrail_life *skbtrail_track_begin(struct skbtrail_set *set,
					   const struct sk_buff *skb)
{
	struct skbtrail_life *life;
	unsigned int i;

	BUILD_BUG_ON(BITS_PER_TYPE(set->used) != SKBTRAIL_WAYS);
	if (set->used == U32_MAX)
		return NULL;
	i = ffz(set->used);
	life = &set->way[i];
	memset(life, 0, sizeof(*life));
	set->key[i] = skb;
	WRITE_ONCE(set->used, set->used | BIT(i));
	life->head = skb->head;
	life->trail = atomic64_inc_return(&last_trail);
	life->epoch = skbtrail_attach_life_missed();
	skbtrail_track_changed(set);
	return life;
}

unsigned int skbtrail_track_nsets(void)
{
	return nsets;
}

void skbtrail_track_unwanted(const struct skbtrail_set *set, const struct sk_buff *skb,
			     u32 sessions, bool near)
{
	struct skbtrail_unwanted *u = this_cpu_ptr(&skbtrail_unwanted);

	u->skb = skb;
	u->head = skb->head;
	u->gen = atomic_read(&set->gen);
	u->dirty = atomic_read(&set->dirty);
	u->epoch = skbtrail_attach_dirty_missed();
	u->sessions = sessions;
	u->shape = skbtrail_track_shape(skb);
	u->printed = near;
	if (near)
		memcpy(u->print, skbtrail_track_print(skb), SKBTRAIL_PRINT);
}

static bool same_head(const struct skbtrail_life *life, const struct sk_buff *skb)
{
	return life->head == skb->head || life->flags & SKBTRAIL_LIFE_EXPANDING;
}

u64 skbtrail_track_trail(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;
	u64 trail;

	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	trail = life && (life->sessions | life->heirs) && same_head(life, skb) ? life->trail : 0;
	skbtrail_track_unlock(set);
	return trail;
}

void skbtrail_track_forget(unsigned int session)
{
	struct skbtrail_life *life;
	unsigned int i, w;

	skbtrail_refused_forget(session);
	for (i = 0; i < nsets; i++) {
		local_irq_disable();
		skbtrail_track_lock(&skbtrail_sets[i]);
		/* the bit will mean another filter */
		skbtrail_track_changed(&skbtrail_sets[i]);
		for (w = 0; w < SKBTRAIL_WAYS; w++) {
			if (!skbtrail_sets[i].key[w])
				continue;
			life = &skbtrail_sets[i].way[w];
			life->sessions &= ~BIT(session);
			life->heirs &= ~BIT(session);
			life->refused &= ~BIT(session);
			life->rejected &= ~BIT(session);
			if (!(life->sessions | life->heirs | life->refused))
				skbtrail_track_end(&skbtrail_sets[i], life);
		}
		skbtrail_track_unlock(&skbtrail_sets[i]);
		local_irq_enable();
		cond_resched();
	}
}
