/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_CALLS_H
#define SKBTRAIL_CALLS_H

#include <linux/skbtrail.h>
#include <linux/types.h>

#include "stages.h"

struct sk_buff;
struct sock;

#define SKBTRAIL_CALL_HITS	8

/** struct skbtrail_early - a hit that happened before its packet existed */
struct skbtrail_early {
	u64				ns;
	const struct skbtrail_point	*p;
	u32				info;
};

/**
 * struct skbtrail_calls - what is known about a packet before it exists
 * @n: hits
 * @hit: in the order they happened
 * @task: task.cookie is not 0 when the process that sends is known
 */
struct skbtrail_calls {
	unsigned int		n;
	struct skbtrail_early	hit[SKBTRAIL_CALL_HITS + 1];
	struct skbtrail_fact_task task;
};

/*
 * All of these run in the context the stack is in, with interrupts off, and
 * keep notes for that context: for the task in process context, for the CPU
 * in softirq (the interrupted task has nothing to do with the packet).
 * A slot that is taken by another task loses its notes, which only means
 * that a trail begins later than it could.
 */

/** skbtrail_calls_create() - @sk was created by the current task */
void skbtrail_calls_create(const struct skbtrail_point *p, struct sock *sk, u64 ns);

/** skbtrail_calls_begin() - the current task enters a send, connect or read call */
void skbtrail_calls_begin(const struct skbtrail_point *p, struct sock *sk, u64 ns,
			  bool read);

/** skbtrail_calls_add() - a send call reached another function */
void skbtrail_calls_add(const struct skbtrail_point *p, const struct sock *sk, u64 ns);

/**
 * skbtrail_calls_before() - a packet of @sk without headers passed @p
 * @skb: the packet, or NULL; compared later, never dereferenced
 * @fresh: it begins a packet; otherwise it only adds to what is noted
 * @info: for the hit; 0: what skbtrail_calls_why() noted
 */
void skbtrail_calls_before(const struct skbtrail_point *p, const struct sock *sk,
			   const struct sk_buff *skb, u64 ns, bool fresh, u32 info);

/** skbtrail_calls_why() - @skb of @sk will be sent again at once; info for that hit */
void skbtrail_calls_why(const struct sock *sk, const struct sk_buff *skb, u32 info);

/** skbtrail_calls_end() - the call the current task had on @sk, of TCP, is over */
void skbtrail_calls_end(const struct sock *sk);

/**
 * skbtrail_calls_take() - what is known of a packet that shows up now
 * @skb: packet, on its way out
 * @tcp: its TCP header, NULL when it is not TCP
 * @calls: filled in
 *
 * The hits of a send call belong to the packet only if it carries bytes of
 * that call (TCP) or is the first after it (everything else).
 */
void skbtrail_calls_take(const struct sk_buff *skb, const struct skbtrail_fact_tcp *tcp,
			 struct skbtrail_calls *calls);

/** skbtrail_calls_noted() - whether a stage is one of those up to which notes may wait */
static __always_inline bool skbtrail_calls_noted(const struct skbtrail_point *p)
{
	return p->stage >= SKBTRAIL_ST_IP_LOCAL_OUT && p->stage <= SKBTRAIL_ST_IP_OUTPUT;
}

/** skbtrail_calls_pass() - a packet leaves that nobody follows: its notes are not the next one's */
void skbtrail_calls_pass(const struct sk_buff *skb);

/**
 * skbtrail_calls_read() - the read call the current task is in
 * @ns: when it began
 * @p: where
 *
 * Return: false when it is in none.
 */
bool skbtrail_calls_read(u64 *ns, const struct skbtrail_point **p);

/** skbtrail_calls_copied() - remember that @trail was copied by this read call */
void skbtrail_calls_copied(u64 trail, u32 sessions);

/**
 * skbtrail_calls_return() - the read call of the current task returns
 * @trails: the last packets it copied
 * @sessions: who follows them
 * @max: room in both
 *
 * Return: how many.
 */
unsigned int skbtrail_calls_return(u64 *trails, u32 *sessions, unsigned int max);

/** skbtrail_calls_forget() - make a session's bit free for another; may sleep */
void skbtrail_calls_forget(unsigned int session);

/** skbtrail_calls_task() - describe the current task as user of socket @cookie */
void skbtrail_calls_task(struct skbtrail_fact_task *task, u64 cookie);

/** skbtrail_calls_owner() - who was seen last to use socket @cookie; false: nobody was */
bool skbtrail_calls_owner(struct skbtrail_fact_task *task, u64 cookie);

/** skbtrail_calls_clear() - forget all notes; owners stay; process context */
void skbtrail_calls_clear(void);

/** skbtrail_calls_cookie() - cookie of a socket; makes one when it has none yet */
u64 skbtrail_calls_cookie(struct sock *sk);

/** skbtrail_calls_init() - once, at load */
void skbtrail_calls_init(void);

#endif /* SKBTRAIL_CALLS_H */
