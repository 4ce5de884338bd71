// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel answered: a reset, an ICMP error. It builds and sends the answer
 * within one call, with the packet that it answers in hand, and frees that one
 * behind it. So the answer is what first shows up in the same context between
 * these two, if it is what was to be sent and goes back to where the packet came from.
 */
#include "answers.h"

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <net/tcp.h>

#include "encode.h"
#include "stages.h"
#include "track.h"

/**
 * struct answered - a packet that is being answered
 * @skb: the packet; compared only
 * @task: by whom, in process context
 * @trail: its trail, 0: none is, or nobody follows it
 * @sessions: who follows it
 * @stage: where it is
 * @reset: by a reset, else by an ICMP error
 * @type: of that error
 * @code: of that error
 * @flow: headers of the packet
 */
struct answered {
	const struct sk_buff	*skb;
	const struct task_struct *task;
	u64			trail;
	u32			sessions;
	u8			stage;
	bool			reset;
	u8			type;
	u8			code;
	struct skbtrail_flow	flow;
};

/* in process context, in softirq */
static DEFINE_PER_CPU(struct answered[2], answered);

static struct answered *answered_here(void)
{
	return this_cpu_ptr(&answered[!!in_serving_softirq()]);
}

void skbtrail_answers_next(const struct skbtrail_point *p, u8 type, u8 code)
{
	struct answered *a = answered_here();

	if (in_hardirq())
		return;
	/* nor is what follows an answer to the packet before, if nobody follows this one */
	a->trail = 0;
	a->reset = p->stage == SKBTRAIL_ST_TCP_RESET;
	a->type = type;
	a->code = code;
}

void skbtrail_answers_begin(const struct skbtrail_life *life, const struct sk_buff *skb)
{
	struct answered *a = answered_here();

	if (in_hardirq())
		return;
	a->skb = skb;
	a->stage = life->stage;
	a->task = current;
	a->trail = life->trail;
	a->sessions = life->sessions;
	a->flow = life->flow;
}

/*
 * A packet may go on, such as one whose sender is told of a better route, and in process
 * context the task as well, on another CPU. Only its own trail says that it is still
 * there; it is looked up without the lock, which may not be taken inside another one.
 */
static bool still_there(const struct answered *a)
{
	const struct skbtrail_life *life;

	if (!in_serving_softirq() && a->task != current)
		return false;
	life = skbtrail_track_find(skbtrail_track_set(a->skb), a->skb);
	return life && READ_ONCE(life->trail) == a->trail &&
	       READ_ONCE(life->stage) == a->stage;
}

static bool goes_back(const struct answered *a, const struct skbtrail_flow *flow)
{
	return flow->alen && flow->alen == a->flow.alen &&
	       !memcmp(flow->daddr, a->flow.saddr, flow->alen);
}

static bool answers(const struct answered *a, const struct skbtrail_view *v)
{
	if (!goes_back(a, &v->flow))
		return false;
	if (!a->reset)
		return v->have & SKBTRAIL_VIEW_ICMP && v->icmp.type == a->type &&
		       v->icmp.code == a->code;
	return v->have & SKBTRAIL_VIEW_TCP && v->tcp.flags & TCPHDR_RST &&
	       v->flow.sport == a->flow.dport && v->flow.dport == a->flow.sport &&
	       !memcmp(v->flow.saddr, a->flow.daddr, v->flow.alen);
}

void skbtrail_answers_link(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   u32 sessions)
{
	static const struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_ANSWER };
	struct answered *a = answered_here();

	if (likely(!a->trail) || in_hardirq() || !s->outward || !answers(a, &s->view) ||
	    !still_there(a))
		return;
	skbtrail_encode_link(life->trail, a->trail, &kin, sessions & a->sessions, s->ns);
	a->trail = 0;
}

void skbtrail_answers_end(const struct skbtrail_life *life)
{
	struct answered *a = this_cpu_ptr(answered);

	if (unlikely(a[0].trail == life->trail))
		a[0].trail = 0;
	if (unlikely(a[1].trail == life->trail))
		a[1].trail = 0;
}
