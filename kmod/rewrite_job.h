/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the editor share: reading a packet from its network header
 * on, and what values become, which is told before it is done.
 */
#ifndef SKBTRAIL_REWRITE_JOB_H
#define SKBTRAIL_REWRITE_JOB_H

#include <linux/if_vlan.h>
#include <linux/skbuff.h>

#include "compat.h"
#include "rewrite_edit.h"

/* where there are fewer than @len bytes in a row they are copied; NULL: not there at all */
static inline const void *skbtrail_job_peek(const struct skbtrail_job *job, u32 off, u32 len,
					    void *buf)
{
	return skb_header_pointer(job->skb, job->nh + off, len, buf);
}

/* where the payload of the transport is, from the network header on */
static inline u32 skbtrail_job_payload(const struct skbtrail_job *job)
{
	return job->l4 + job->l4_len;
}

/* 0 where there are no two bytes */
static inline u16 skbtrail_job_half(const struct skbtrail_job *job, u32 off)
{
	__be16 half;

	return skb_copy_bits(job->skb, job->nh + off, &half, sizeof(half)) ? 0 : ntohs(half);
}

/* what flags, tag and mark become */
static inline u8 skbtrail_job_flags(u8 old, const struct skbtrail_edit *e)
{
	return (old & ~e->mask) | (e->value & e->mask);
}

static inline u16 skbtrail_job_tag(const struct sk_buff *skb, u16 vid)
{
	u16 tci = skb_vlan_tag_present(skb) ? skb_vlan_tag_get(skb) : 0;

	return (tci & ~VLAN_VID_MASK) | vid;
}

static inline u32 skbtrail_job_mark(const struct sk_buff *skb, const struct skbtrail_edit *e)
{
	return (skb->mark & ~e->mask) | (e->value & e->mask);
}

/**
 * skbtrail_job_find() - where the headers of a packet are
 * @job: @skb, @nh and @transport are set; the rest up to @routed is filled in
 * @l3proto: Ethertype of what is there, host order
 *
 * Looks only. Return: false for headers that cannot be trusted.
 */
bool skbtrail_job_find(struct skbtrail_job *job, u16 l3proto);

#endif /* SKBTRAIL_REWRITE_JOB_H */
