// SPDX-License-Identifier: GPL-2.0
/*
 * What is told of the edits of a rule: facts of what becomes of the packet,
 * worked out before anything is done to it.
 */
#include "rewrite_job.h"

#include <linux/align.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <net/inet_ecn.h>

void skbtrail_edit_put(struct skbtrail_told *told, u8 id, const void *value, u16 len)
{
	struct skbtrail_fact_head *head = (void *)(told->buf + told->len);
	u32 size = ALIGN(sizeof(*head) + len, 8);

	/* there is room for all a rule can do */
	if (told->len + size > sizeof(told->buf))
		return;
	memset(head, 0, size);
	*head = (struct skbtrail_fact_head){ .id = id, .len = len };
	memcpy(head + 1, value, len);
	told->len += size;
}

#define PUT(told, id, value) do { \
	typeof(value) v_ = (value); \
	skbtrail_edit_put(told, SKBTRAIL_FACT_##id, &v_, sizeof(v_)); \
} while (0)

static void tell_pair(struct skbtrail_told *told, u8 id, u32 old, u32 new)
{
	u32 pair[2] = { old, new };

	if (old != new)
		skbtrail_edit_put(told, id, pair, sizeof(pair));
}

static u8 old_tos(const struct skbtrail_job *job)
{
	u16 word = skbtrail_job_half(job, 0);

	return job->family == 4 ? word & 0xff : word >> 4 & 0xff;
}

/* of both parts; the one that is not changed stays */
static void tell_tos(const struct skbtrail_job *job, struct skbtrail_told *told)
{
	u8 tos = old_tos(job);
	bool any = false;
	unsigned int i;

	for (i = 0; i < job->n; i++) {
		const struct skbtrail_edit *e = &job->edit[i];

		if (e->action == SKBTRAIL_RULE_ACTION_DSCP)
			tos = (tos & INET_ECN_MASK) | e->value << 2;
		else if (e->action == SKBTRAIL_RULE_ACTION_ECN)
			tos = (tos & ~INET_ECN_MASK) | e->value;
		else
			continue;
		any = true;
	}
	if (any)
		PUT(told, TOS, tos);
}

/* flags and window, which are one fact */
static void tell_tcp(const struct skbtrail_job *job, struct skbtrail_told *told)
{
	struct skbtrail_fact_tcp fact = { .doff = job->l4_len };
	const struct tcphdr *th;
	struct tcphdr buf;
	bool any = false;
	unsigned int i;

	if (job->proto != IPPROTO_TCP || !job->l4_len)
		return;
	th = skbtrail_job_peek(job, job->l4, sizeof(buf), &buf);
	if (!th)
		return;
	fact.seq = ntohl(th->seq);
	fact.ack = ntohl(th->ack_seq);
	fact.window = ntohs(th->window);
	fact.flags = ((const u8 *)th)[13];
	fact.payload = job->len - skbtrail_job_payload(job);
	for (i = 0; i < job->n; i++) {
		const struct skbtrail_edit *e = &job->edit[i];

		if (e->action == SKBTRAIL_RULE_ACTION_FLAGS)
			fact.flags = skbtrail_job_flags(fact.flags, e);
		else if (e->action == SKBTRAIL_RULE_ACTION_WINDOW)
			fact.window = e->value;
		else
			continue;
		any = true;
	}
	if (any)
		PUT(told, TCP, fact);
}

static void tell_payload(const struct skbtrail_job *job, const struct skbtrail_edit *e,
			 struct skbtrail_told *told)
{
	struct skbtrail_fact_payload pair[2] = { };
	u32 at = job->nh + skbtrail_job_payload(job) + e->offset;
	u32 n = min_t(u32, e->len, sizeof(pair[0].bytes));

	pair[0].offset = e->offset;
	pair[0].len = e->len;
	pair[1] = pair[0];
	if (skb_copy_bits(job->skb, at, pair[0].bytes, n))
		return;
	memcpy(pair[1].bytes, e->bytes, n);
	skbtrail_edit_put(told, SKBTRAIL_FACT_PAYLOAD, pair, sizeof(pair));
}

static void tell_edit(const struct skbtrail_job *job, const struct skbtrail_edit *e,
		      struct skbtrail_told *told)
{
	struct sk_buff *skb = job->skb;

	switch (e->action) {
	case SKBTRAIL_RULE_ACTION_MARK:
		PUT(told, MARK, skbtrail_job_mark(skb, e));
		break;
	case SKBTRAIL_RULE_ACTION_PRIORITY:
		tell_pair(told, SKBTRAIL_FACT_PRIORITY, skb->priority, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_TTL:
		PUT(told, TTL, (u8)e->value);
		break;
	case SKBTRAIL_RULE_ACTION_SRC:
		skbtrail_edit_put(told, SKBTRAIL_FACT_SADDR, e->addr, e->alen);
		break;
	case SKBTRAIL_RULE_ACTION_DST:
		skbtrail_edit_put(told, SKBTRAIL_FACT_DADDR, e->addr, e->alen);
		break;
	case SKBTRAIL_RULE_ACTION_SPORT:
		PUT(told, SPORT, (u16)e->value);
		break;
	case SKBTRAIL_RULE_ACTION_DPORT:
		PUT(told, DPORT, (u16)e->value);
		break;
	case SKBTRAIL_RULE_ACTION_MSS:
		tell_pair(told, SKBTRAIL_FACT_MSS, skbtrail_job_half(job, job->mss),
			  min_t(u32, skbtrail_job_half(job, job->mss), e->value));
		break;
	case SKBTRAIL_RULE_ACTION_VLAN:
		if (e->value)
			PUT(told, VLAN, skbtrail_job_tag(skb, e->value));
		else if (skb_vlan_tag_present(skb))
			skbtrail_edit_put(told, SKBTRAIL_FACT_VLAN, NULL, 0);
		break;
	case SKBTRAIL_RULE_ACTION_PAYLOAD:
		tell_payload(job, e, told);
		break;
	}
}

void skbtrail_edit_tell(const struct skbtrail_job *job, struct skbtrail_told *told)
{
	unsigned int i;

	for (i = 0; i < job->n; i++)
		tell_edit(job, &job->edit[i], told);
	tell_tos(job, told);
	tell_tcp(job, told);
	if (job->cut)
		tell_pair(told, SKBTRAIL_FACT_CUT, job->len, job->cut);
	if (job->bit)
		PUT(told, CORRUPT, job->bit);
}
