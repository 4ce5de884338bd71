// SPDX-License-Identifier: GPL-2.0
/* The records of verdict.c: a head, the table's name, and the chains with their rules. */
#include "visit.h"

#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/netfilter/x_tables.h>
#include <linux/string.h>
#include <net/netfilter/nf_tables.h>

#include "stream.h"

/* names of nf_tables can be the longest */
static u32 text_len(const char *text)
{
	return min_t(size_t, strlen(text), NFT_NAME_MAXLEN - 1);
}

static u32 text_size(const char *text)
{
	return ALIGN(text_len(text) + 1, 8);
}

/* returns where the next may go */
static void *put_text(void *to, const char *text)
{
	u32 size = text_size(text);

	memset((u8 *)to + size - 8, 0, 8);
	memcpy(to, text, text_len(text));
	return (u8 *)to + size;
}

static void *put_step(void *to, const char *chain, u64 rule)
{
	*(u64 *)to = rule;
	return put_text((u8 *)to + sizeof(u64), chain);
}

struct skbtrail_rec_verdict skbtrail_record_head(const struct skbtrail_where *w,
						 const struct skbtrail_life *life, u64 ns)
{
	return (struct skbtrail_rec_verdict){
		.kind = SKBTRAIL_REC_KIND_VERDICT,
		.engine = SKBTRAIL_VERDICT_ENGINE_FUNCTION,
		.cause = SKBTRAIL_VERDICT_CAUSE_UNKNOWN,
		.family = w->pf,
		.hook = w->hook,
		.trail = life->trail,
		.ns = ns,
		.netns = w->netns,
		.inum = w->inum,
	};
}

struct skbtrail_rec_verdict *skbtrail_record_begin(struct skbtrail_lane *lane,
						   const struct skbtrail_rec_verdict *head,
						   u32 size)
{
	struct skbtrail_rec_verdict *rec = skbtrail_lane_reserve(lane, size, head->ns);

	if (!rec)
		return NULL;
	if (head->cause == SKBTRAIL_VERDICT_CAUSE_RULE)
		skbtrail_lane_flag(lane, SKBTRAIL_BATCH_VERDICT);
	*rec = *head;
	rec->size = size;
	return rec;
}

void skbtrail_record_nft(struct skbtrail_lane *lane, const struct skbtrail_visit *v,
			 const struct skbtrail_rec_verdict *head, const u64 *handle)
{
	const struct nft_table *table = v->step[0].chain->table;
	struct skbtrail_rec_verdict *rec;
	u32 size = sizeof(*rec) + text_size(table->name);
	void *at;
	u8 i;

	for (i = 0; i < head->steps; i++)
		size += sizeof(u64) + text_size(v->step[i].chain->name);
	rec = skbtrail_record_begin(lane, head, size);
	if (!rec)
		return;
	at = put_text(rec + 1, table->name);
	for (i = 0; i < head->steps; i++)
		at = put_step(at, v->step[i].chain->name, handle[i]);
}

void skbtrail_record_hook(struct skbtrail_lane *lane, const struct skbtrail_visit *v,
			  const struct skbtrail_rec_verdict *head, const char *chain)
{
	u8 i, rules = head->cause == SKBTRAIL_VERDICT_CAUSE_RULE ? head->steps : 0;
	const struct skbtrail_xt_step *step = &v->xt_step[v->xt_depth - rules];
	struct skbtrail_rec_verdict *rec;
	u32 size = sizeof(*rec);
	void *at;

	if (chain)
		size += text_size(v->table);
	if (chain && !rules)
		size += sizeof(u64) + text_size(chain);
	for (i = 0; i < rules; i++)
		size += sizeof(u64) + text_size(step[i].chain);
	rec = skbtrail_record_begin(lane, head, size);
	if (!rec || !chain)
		return;
	at = put_text(rec + 1, v->table);
	for (i = 0; i < rules; i++)
		at = put_step(at, step[i].chain, step[i].rule);
	if (!rules)
		put_step(at, chain, 0);
}
