// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel answered: a reset, an ICMP error. It builds and sends the answer
 * within one call, with the packet that it answers in hand, and frees that one
 * behind it. So the answer is what first shows up in the same context between
 * these two, if it is of that kind and goes back to where the packet came from.
 */
#include "answers.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
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
 * @life: of it; compared, and read without its lock
 * @stage: where it is
 * @task: by whom, in process context
 * @trail: its trail, 0: none is
 * @sessions: who follows it
 * @reset: by a reset, else by an ICMP error
 * @flow: its headers
 */
struct answered {
	const struct skbtrail_life	*life;
	const struct task_struct	*task;
	u64				trail;
	u32				sessions;
	u8				stage;
	bool				reset;
	struct skbtrail_flow		flow;
};

/* in process context, in softirq */
static DEFINE_PER_CPU(struct answered[2], answered);

void skbtrail_answers_begin(const struct skbtrail_life *life, const struct skbtrail_sighting *s)
{
	struct answered *a = this_cpu_ptr(&answered[!!in_serving_softirq()]);

	if (in_hardirq() || (s->p->stage != SKBTRAIL_ST_TCP_RESET &&
			     s->p->stage != SKBTRAIL_ST_ICMP_ERROR))
		return;
	a->life = life;
	a->stage = life->stage;
	a->task = current;
	a->trail = life->trail;
	a->sessions = life->sessions;
	a->reset = s->p->stage == SKBTRAIL_ST_TCP_RESET;
	a->flow = life->flow;
}

static bool is_icmp_error(const struct skbtrail_view *v)
{
	if (!(v->have & SKBTRAIL_VIEW_ICMP))
		return false;
	if (v->flow.proto == IPPROTO_ICMPV6)
		return !(v->icmp.type & ICMPV6_INFOMSG_MASK);
	return v->icmp.type == ICMP_DEST_UNREACH || v->icmp.type == ICMP_TIME_EXCEEDED ||
	       v->icmp.type == ICMP_PARAMETERPROB || v->icmp.type == ICMP_REDIRECT;
}

/* a packet may go on, such as one whose sender is told of a better route */
static bool still_there(const struct answered *a)
{
	return READ_ONCE(a->life->stage) == a->stage &&
	       (in_serving_softirq() || a->task == current);
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
		return is_icmp_error(v);
	return v->have & SKBTRAIL_VIEW_TCP && v->tcp.flags & TCPHDR_RST &&
	       v->flow.sport == a->flow.dport && v->flow.dport == a->flow.sport &&
	       !memcmp(v->flow.saddr, a->flow.daddr, v->flow.alen);
}

void skbtrail_answers_link(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   u32 sessions)
{
	static const struct skbtrail_kin kin = { .kind = SKBTRAIL_LINK_KIND_ANSWER };
	struct answered *a = this_cpu_ptr(&answered[!!in_serving_softirq()]);

	if (likely(!a->trail) || in_hardirq() || !still_there(a) || !answers(a, &s->view))
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
