// SPDX-License-Identifier: GPL-2.0
/* Which send calls wrote a packet's bytes, and which read calls took them. */
#include "encode.h"

#include <linux/preempt.h>
#include <linux/string.h>
#include <net/sock.h>

#include "ack.h"
#include "calls.h"
#include "session.h"
#include "stream.h"
#include "track.h"
#include "writes.h"

static void write_call(const struct skbtrail_rec_call *call, u32 sessions)
{
	unsigned long bits = sessions;
	struct skbtrail_rec_call *rec;
	struct skbtrail_lane *lane;

	while ((lane = skbtrail_next_lane(&bits))) {
		rec = skbtrail_lane_reserve(lane, sizeof(*rec), call->ns);
		if (rec)
			*rec = *call;
	}
}

/* @way: its bytes @at and on of what that counts, @bytes of them, from position @pos on */
static struct skbtrail_rec_call call_of(const struct skbtrail_life *life, u64 ns,
					const struct skbtrail_fact_task *who,
					enum skbtrail_call_way way, u64 pos, u32 at, u32 bytes)
{
	struct skbtrail_rec_call call = {
		.size = sizeof(call),
		.kind = SKBTRAIL_REC_KIND_CALL,
		.way = way,
		.bytes = bytes,
		.trail = life->trail,
		.ns = ns,
		.cookie = who->cookie,
		.pos = pos,
		.at = at,
		.pid = who->pid,
		.tid = who->tid,
	};

	BUILD_BUG_ON(sizeof(call) % 8);
	memcpy(call.comm, who->comm, sizeof(call.comm));
	return call;
}

void skbtrail_encode_sends(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   u32 sessions)
{
	struct skbtrail_write w[SKBTRAIL_WRITES] __uninitialized;
	const struct sock *sk = s->skb->sk;
	struct skbtrail_rec_call call;
	unsigned int i, n;

	if (!sk || !sk_fullsock(sk))
		return;
	n = skbtrail_writes_of(atomic64_read(&sk->sk_cookie), &s->view.tcp, w);
	for (i = 0; i < n; i++) {
		call = call_of(life, s->ns, &w[i].who, SKBTRAIL_CALL_WAY_SEND, w[i].pos, w[i].at,
			       w[i].bytes);
		call.begun = w[i].begun;
		call.asked = w[i].asked;
		write_call(&call, sessions);
	}
}

void skbtrail_encode_read(struct skbtrail_life *life, const struct skbtrail_sighting *s,
			  u32 at, u32 bytes)
{
	const struct skbtrail_point *p = NULL;
	struct skbtrail_fact_task task;
	struct skbtrail_rec_call call;
	u64 begun = 0, pos;

	/* data is copied by who reads it, so here the current task is the reader */
	if (!in_task())
		return;
	skbtrail_calls_read(&begun, &p);
	skbtrail_calls_task(&task, life->cookie);
	if (!(life->flags & SKBTRAIL_LIFE_COPIED))
		skbtrail_encode_reader(life, s, &task, p, begun);
	if (!skbtrail_ack_read_pos(&pos, s->skb, at))
		return;
	call = call_of(life, s->ns, &task, SKBTRAIL_CALL_WAY_READ, pos, at, bytes);
	call.begun = begun;
	write_call(&call, life->sessions);
}
