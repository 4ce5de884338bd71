// SPDX-License-Identifier: GPL-2.0
/*
 * One sentence per trail. Nothing is guessed: what is not known is left out
 * or said to be unknown.
 */
#include "summary.h"

#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "clean.h"
#include "complain.h"
#include "lineage.h"
#include "reason.h"
#include "text.h"

#define TCP_FIN	1
#define TCP_SYN	2
#define TCP_RST	4
#define TCP_ACK	16
/* a state */
#define TCP_LISTEN	10

static const char *last_stage(const struct trail *t)
{
	return t->where ? t->where : "an unknown stage";
}

static void print_after(FILE *f, const struct trail *t, bool utf8)
{
	char buf[DURATION_LEN];

	fprintf(f, " after %s", text_duration(buf, sizeof(buf),
					      t->end_ns - t->start_ns, utf8));
}

/* Returns whether it is known which process it was. */
static bool print_task(FILE *f, const char *before, const struct trail *t, unsigned int fact)
{
	struct skbtrail_fact_task task;
	char comm[SKBTRAIL_NAME_LEN];

	if (!fact_copy(&t->last.v[fact], &task, sizeof(task)))
		return false;
	clean_text(comm, sizeof(comm), task.comm, sizeof(task.comm));
	fprintf(f, "%s%s (pid %u)", before, comm, task.pid);
	return true;
}

static void print_delivered(FILE *f, const struct trail *t, bool utf8)
{
	char buf[DURATION_LEN];

	if (!print_task(f, "delivered to ", t, SKBTRAIL_FACT_READER))
		fputs("delivered to an unknown process", f);
	print_after(f, t, utf8);
	if (t->queued_ns)
		fprintf(f, ", %s of it in the socket's queue",
			text_duration(buf, sizeof(buf), t->queued_ns, utf8));
}

static void print_sent(FILE *f, const struct trail *t, bool utf8)
{
	const char *dev = t->nr_hits ? t->hits[t->nr_hits - 1].place.dev : "";

	if (*dev)
		fprintf(f, "sent out of %s", dev);
	else
		fprintf(f, "sent");
	print_after(f, t, utf8);
}

const char *summary_reason(const struct trail *t, char *buf, size_t size)
{
	if (t->end != SKBTRAIL_END_KIND_DROPPED)
		return NULL;
	if (t->reason_name)
		return t->reason_name;
	if (!t->reason)
		return "NOT_SPECIFIED";
	snprintf(buf, size, "reason %u", t->reason);
	return buf;
}

static bool by_hook(const struct trail *t)
{
	return t->verdict && t->verdict->rec.engine == SKBTRAIL_VERDICT_ENGINE_FUNCTION;
}

const struct reason *summary_meaning(const struct trail *t)
{
	const char *at = t->symbol;
	char buf[32];

	/* whoever added a rule of ours knows */
	if (t->verdict && t->verdict->rec.engine == SKBTRAIL_VERDICT_ENGINE_SKBTRAIL)
		return NULL;
	if (by_hook(t))
		at = verdict_why(t->verdict) ? verdict_why(t->verdict) : t->verdict->func;
	return reason_find(summary_reason(t, buf, sizeof(buf)), at);
}

/* whether what a socket is found by are ports */
static bool has_ports(const struct trail *t)
{
	switch (fact_number(&t->last.v[SKBTRAIL_FACT_PROTO])) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
		return true;
	default:
		return false;
	}
}

static void print_listens(FILE *f, const struct trail *t)
{
	const struct value *port = &t->last.v[SKBTRAIL_FACT_DPORT];

	if (has_ports(t) && port->len)
		fprintf(f, "is listening on port %u", fact_number(port));
	else
		fputs("takes it", f);
}

/* addresses for which ip6_rcv_core() refuses what comes in from outside */
static bool cannot_come_in(const struct trail *t)
{
	struct in6_addr from, to;

	if (!fact_copy(&t->last.v[SKBTRAIL_FACT_SADDR], &from, sizeof(from)) ||
	    !fact_copy(&t->last.v[SKBTRAIL_FACT_DADDR], &to, sizeof(to)))
		return false;
	return IN6_IS_ADDR_LOOPBACK(&from) || IN6_IS_ADDR_MULTICAST(&from) ||
	       IN6_IS_ADDR_LOOPBACK(&to) || IN6_IS_ADDR_MC_NODELOCAL(&to);
}

/* ip_forward() has no reason of its own for what may not be forwarded once more */
static void print_header(FILE *f, const struct trail *t)
{
	const struct value *ttl = &t->last.v[SKBTRAIL_FACT_TTL];

	if (trail_passed(t, "ip.forward") && ttl->len && fact_number(ttl) <= 1)
		fputs("its TTL ran out", f);
	else if (cannot_come_in(t))
		fputs("an address of it cannot come in here (martian)", f);
	else
		fputs("the IP header is malformed", f);
}

static void print_buffer(FILE *f, const struct trail *t)
{
	(void)t;
	fputs("the socket's receive buffer is full", f);
}

static void print_fill(FILE *f, const struct trail *t)
{
	struct skbtrail_fact_sock s;

	if (fact_copy(&t->last.v[SKBTRAIL_FACT_SOCK], &s, sizeof(s)) && s.rcvbuf)
		fprintf(f, " (%u of %u bytes)", s.rmem, s.rcvbuf);
}

/* as the kernel compares them; with a backlog of 0 one connection can wait */
static bool backlog_full(const struct trail *t, struct skbtrail_fact_sock *s)
{
	return fact_copy(&t->last.v[SKBTRAIL_FACT_SOCK], s, sizeof(*s)) &&
	       s->state == TCP_LISTEN && s->rmem > s->rcvbuf;
}

static void print_refused(FILE *f, const struct trail *t)
{
	struct skbtrail_fact_sock s;

	fputs(backlog_full(t, &s) ? "the listen backlog is full" :
	      "its listening socket refused the connection", f);
}

static void print_waiting(FILE *f, const struct trail *t)
{
	struct skbtrail_fact_sock s;

	if (backlog_full(t, &s))
		fprintf(f, " (%u connections wait, backlog %u)", s.rmem, s.rcvbuf);
}

/* tcp_v4_rcv() says nothing of the ACK that would have made the connection */
static void print_request(FILE *f, const struct trail *t)
{
	struct skbtrail_fact_sock s;

	fputs(backlog_full(t, &s) ? "the listen backlog is full" :
	      "the kernel gave no reason", f);
}

/* the kernel says the same of both; a program of a cgroup is asked before the socket is */
static void print_filter(FILE *f, const struct trail *t)
{
	fputs(!strcmp(last_stage(t), "cgroup.in") ? "a BPF program of its cgroup refused it" :
	      "a filter attached to the socket refused it", f);
}

static void print_queue(FILE *f, const struct trail *t)
{
	size_t i;

	for (i = t->nr_deeds; i--;) {
		if (!verdict_queues(t->deeds[i].v))
			continue;
		fprintf(f, "NFQUEUE %u", t->deeds[i].v->rec.detail);
		return;
	}
	fputs("its NFQUEUE", f);
}

static void print_qdisc(FILE *f, const struct trail *t)
{
	char kind[SKBTRAIL_NAME_LEN];
	struct skbtrail_fact_qdisc q;

	fputs("the queueing discipline", f);
	if (!fact_copy(&t->last.v[SKBTRAIL_FACT_QDISC], &q, sizeof(q)))
		return;
	clean_text(kind, sizeof(kind), q.kind, sizeof(q.kind));
	fprintf(f, " %s", kind);
	if (q.handle)
		fprintf(f, " %x:", q.handle >> 16);
}

static void print_route(FILE *f, const struct trail *t)
{
	struct skbtrail_fact_route r = { .error = 0 };

	fact_copy(&t->last.v[SKBTRAIL_FACT_ROUTE], &r, sizeof(r));
	switch (r.error) {
	case EINVAL:
		fputs("its route is a blackhole", f);
		break;
	case EACCES:
		fputs("its route prohibits it", f);
		break;
	case EHOSTUNREACH:
		fputs("its route is unreachable, or this host does not forward", f);
		break;
	case ENETUNREACH:
		fputs("no route leads to its destination", f);
		break;
	default:
		fputs("no route leads to its destination", f);
		/* that is a reason of its own */
		if (!t->reason_name || strcmp(t->reason_name, "IP_INNOROUTES") != 0)
			fputs(", or one that refuses it", f);
	}
}

/* a hole in a text: what fills it, and figures of this packet alone */
static const struct hole {
	const char *name;
	void (*print)(FILE *f, const struct trail *t);
	void (*figures)(FILE *f, const struct trail *t);
} holes[] = {
	{ "{listens}", print_listens, NULL },
	{ "{header}", print_header, NULL },
	{ "{buffer}", print_buffer, print_fill },
	{ "{refused}", print_refused, print_waiting },
	{ "{request}", print_request, print_waiting },
	{ "{filter}", print_filter, NULL },
	{ "{queue}", print_queue, NULL },
	{ "{qdisc}", print_qdisc, NULL },
	{ "{route}", print_route, NULL },
};

/* The reason's text with what the trail knows filled in. */
static void print_meaning(FILE *f, const struct trail *t, const char *text, bool figures)
{
	const char *at;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(holes); i++) {
		at = strstr(text, holes[i].name);
		if (!at)
			continue;
		fwrite(text, 1, at - text, f);
		holes[i].print(f, t);
		if (figures && holes[i].figures)
			holes[i].figures(f, t);
		fputs(at + strlen(holes[i].name), f);
		return;
	}
	fputs(text, f);
}

char *summary_reason_text(const struct trail *t)
{
	const struct reason *reason = summary_meaning(t);
	char *text = NULL;
	size_t size;
	FILE *f;

	if (!reason)
		return NULL;
	f = xcheck(open_memstream(&text, &size));
	print_meaning(f, t, reason->text, true);
	fclose(f);
	return text;
}

/* nobody answers a reset, though the function that would is called */
static const char *answer_due(const struct trail *t)
{
	struct skbtrail_fact_tcp tcp;

	if (trail_passed(t, "tcp.reset"))
		return fact_copy(&t->last.v[SKBTRAIL_FACT_TCP], &tcp, sizeof(tcp)) &&
		       tcp.flags & TCP_RST ? NULL : "a reset";
	return trail_passed(t, "icmp.error") ? "an ICMP error" : NULL;
}

/* The kernel can still withhold an answer: that it went is known of one that is followed. */
static void print_answer(FILE *f, const struct trail *t)
{
	const char *due = answer_due(t);
	size_t i, n = 0;

	for (i = 0; i < t->nr_linked_by; i++) {
		if (t->linked_by[i].kind != SKBTRAIL_LINK_KIND_ANSWER)
			continue;
		if (n++)
			fputs(", ", f);
		else if (due)
			fprintf(f, "; answered with %s, ", due);
		else
			fputs("; answered by ", f);
		fprintf(f, "#%llu", (unsigned long long)t->linked_by[i].trail);
	}
	if (!n && due)
		fprintf(f, "; to be answered with %s", due);
}

/* Queues of sockets are emptied without a reason of their own (QUEUE_PURGE since 6.6). */
static bool closed_unread(const struct trail *t, const char *reason)
{
	static const char *const closers[] = {
		"inet_sock_destruct+", "udp_destruct_common+", "sk_stream_kill_queues+",
		"skb_queue_purge", "__skb_queue_purge", "tcp_disconnect+",
	};
	size_t i;

	if (strcmp(last_stage(t), "sock.queue") != 0 || !t->symbol ||
	    (strcmp(reason, "NOT_SPECIFIED") != 0 && strcmp(reason, "QUEUE_PURGE") != 0))
		return false;
	for (i = 0; i < ARRAY_SIZE(closers); i++)
		if (!strncmp(t->symbol, closers[i], strlen(closers[i])))
			return true;
	return false;
}

/* bridges run the hooks of PRE_ROUTING themselves: what these drop never passes the stage */
static const char *drop_stage(const struct trail *t)
{
	const struct skbtrail_rec_verdict *v = &t->verdict->rec;

	return v->engine != SKBTRAIL_VERDICT_ENGINE_SKBTRAIL && v->family == NFPROTO_BRIDGE &&
	       v->hook == NF_INET_PRE_ROUTING ? "nf.bridge_prerouting" : last_stage(t);
}

/* with figures of this packet; without them others can have died of the same */
static void print_cause(FILE *f, const struct trail *t, bool figures)
{
	char buf[32];
	const char *name = summary_reason(t, buf, sizeof(buf));
	const struct reason *reason = summary_meaning(t);
	const char *join = ": ";

	if (t->verdict) {
		fputs("dropped by ", f);
		verdict_print(f, t->verdict);
		fprintf(f, " in %s", drop_stage(t));
		/* what is known of this hook, not of drops by netfilter at large */
		if (by_hook(t) && reason && strchr(reason->name, '@'))
			fprintf(f, ": %s", reason->text);
		return;
	}
	fprintf(f, "dropped in %s", last_stage(t));
	if (!strcmp(name, "NETFILTER_DROP"))
		join = " by ";
	if (closed_unread(t, name)) {
		fputs(": its socket was closed before it was read", f);
	} else if (reason) {
		fputs(join, f);
		print_meaning(f, t, reason->text, figures);
	}
	fprintf(f, " (%s", name);
	if (t->symbol)
		fprintf(f, " at %s", t->symbol);
	fputc(')', f);
}

/* what a ruleset that drops often goes by */
static void print_tracking(FILE *f, const struct trail *t)
{
	struct skbtrail_fact_ct ct;

	if (t->verdict && fact_copy(&t->last.v[SKBTRAIL_FACT_CT], &ct, sizeof(ct)) &&
	    ct.state == SKBTRAIL_CT_STATE_INVALID)
		fputs("; conntrack calls it invalid", f);
}

static void print_dropped(FILE *f, const struct trail *t, bool utf8)
{
	print_cause(f, t, true);
	print_after(f, t, utf8);
	print_task(f, "; its socket is used by ", t, SKBTRAIL_FACT_OWNER);
	print_tracking(f, t);
	print_answer(f, t);
}

char *summary_cause(const struct trail *t)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	if (t->end != SKBTRAIL_END_KIND_DROPPED)
		return NULL;
	f = xcheck(open_memstream(&text, &size));
	print_cause(f, t, false);
	fclose(f);
	return text;
}

/* What a segment said of what was sent; NULL where that is not known. */
static const char *ack_did(const struct trail *t, char *buf, size_t size)
{
	struct skbtrail_fact_ack ack;

	if (!fact_copy(&t->last.v[SKBTRAIL_FACT_ACK], &ack, sizeof(ack)))
		return NULL;
	switch (ack.kind) {
	case SKBTRAIL_ACK_KIND_NEW:
		if (!ack.bytes)
			return "acknowledged a SYN or FIN";
		snprintf(buf, size, "acknowledged %u bytes", ack.bytes);
		return buf;
	case SKBTRAIL_ACK_KIND_DUPLICATE:
		return "duplicate ACK";
	case SKBTRAIL_ACK_KIND_WINDOW:
		return "window update";
	case SKBTRAIL_ACK_KIND_PROBE:
		return "keep-alive or window probe";
	case SKBTRAIL_ACK_KIND_OLD:
		return "old ACK";
	case SKBTRAIL_ACK_KIND_SAME:
		return "acknowledged nothing new";
	default:
		return NULL;
	}
}

/* What a TCP segment without data did, told by its flags; NULL with data. */
static const char *segment_did(const struct trail *t, char *buf, size_t size)
{
	struct skbtrail_fact_tcp tcp;
	const char *did;

	if (!fact_copy(&t->last.v[SKBTRAIL_FACT_TCP], &tcp, sizeof(tcp)))
		return NULL;
	if (tcp.payload)
		return NULL;
	did = ack_did(t, buf, size);
	if (tcp.flags & TCP_RST)
		return "reset the connection";
	if (tcp.flags & TCP_SYN)
		return tcp.flags & TCP_ACK ? "accepted the connection" :
					     "asked for a connection";
	if (tcp.flags & TCP_FIN)
		return "closed its side of the connection";
	return did ? did : tcp.flags == TCP_ACK ? "pure ACK" : NULL;
}

static void print_consumed(FILE *f, const struct trail *t, bool utf8)
{
	char buf[64];
	const char *where = last_stage(t), *how = segment_did(t, buf, sizeof(buf));

	if (lineage_cut(f, t)) {
		print_after(f, t, utf8);
		return;
	}
	fprintf(f, "consumed by the kernel in %s", where);
	if (trail_passed(t, "icmp.reply") || !strcmp(where, "icmp.echo"))
		how = "answered";
	else if (!strcmp(where, "life.clone"))
		how = "a clone that went nowhere";
	else if (!how && !strcmp(where, "sock.queue"))
		how = "never read";
	if (how)
		fprintf(f, " (%s)", how);
	print_after(f, t, utf8);
}

static void print_merged(FILE *f, const struct trail *t, bool utf8)
{
	size_t i;

	for (i = 0; i < t->nr_links; i++)
		if (t->links[i].kind == SKBTRAIL_LINK_KIND_MERGE)
			break;
	if (i < t->nr_links)
		fprintf(f, "merged into #%llu",
			(unsigned long long)t->links[i].trail);
	else
		fputs("merged into another packet", f);
	print_after(f, t, utf8);
}

/* Stages where a packet stays until somebody fetches it. */
static bool waits(const char *where)
{
	static const char *const stages[] = {
		"neigh.wait", "qdisc.enqueue", "sock.queue", "udp.queue",
		"sock.backlog", "tcp.data", "ip.defrag",
	};
	size_t i;

	for (i = 0; where && i < ARRAY_SIZE(stages); i++)
		if (!strcmp(where, stages[i]))
			return true;
	return false;
}

static void print_open(FILE *f, const struct trail *t, bool utf8)
{
	(void)utf8;
	fprintf(f, "open: %s %s when the session stopped",
		waits(t->where) ? "still queued in" : "last seen in", last_stage(t));
}

static void print_unknown(FILE *f, const struct trail *t, bool utf8)
{
	const char *why = "its end was not told";

	(void)utf8;
	switch (t->unknown) {
	case SKBTRAIL_UNKNOWN_REASON_REUSED:
		why = "its memory was seen in use by another packet";
		break;
	case SKBTRAIL_UNKNOWN_REASON_MISSED:
		why = "probes were skipped, so its end may have been missed";
		break;
	case SKBTRAIL_UNKNOWN_REASON_EVICTED:
		why = "its place in the identity table was taken";
		break;
	case SKBTRAIL_UNKNOWN_REASON_SWITCHED:
		why = "kprobes were switched off, so its end may have been missed";
		break;
	case SKBTRAIL_UNKNOWN_REASON_REASSEMBLY:
		why = "it was being put together with others and that was not finished";
		break;
	case UNKNOWN_CROWDED:
		why = "too many trails were in flight to wait for its end";
		break;
	case UNKNOWN_CUT:
		why = "the recording ends before it";
		break;
	}
	fprintf(f, "unknown: %s; last seen in %s", why, last_stage(t));
}

static const struct {
	const char *word;
	void (*print)(FILE *f, const struct trail *t, bool utf8);
} ends[] = {
	[SKBTRAIL_END_KIND_DELIVERED]	= { "delivered", print_delivered },
	[SKBTRAIL_END_KIND_SENT]	= { "sent", print_sent },
	[SKBTRAIL_END_KIND_DROPPED]	= { "dropped", print_dropped },
	[SKBTRAIL_END_KIND_CONSUMED]	= { "consumed", print_consumed },
	[SKBTRAIL_END_KIND_MERGED]	= { "merged", print_merged },
	[SKBTRAIL_END_KIND_OPEN]	= { "open", print_open },
	[SKBTRAIL_END_KIND_UNKNOWN]	= { "unknown", print_unknown },
};

/* An end that is not known here is unknown. */
static unsigned int known_end(unsigned int end)
{
	return end && end < ARRAY_SIZE(ends) ?
	       end : SKBTRAIL_END_KIND_UNKNOWN;
}

const char *summary_end_word(unsigned int end)
{
	return ends[known_end(end)].word;
}

const char *summary_link_word(unsigned int kind)
{
	static const char *const words[] = {
		[SKBTRAIL_LINK_KIND_CLONE]	= "clone",
		[SKBTRAIL_LINK_KIND_COPY]	= "copy",
		[SKBTRAIL_LINK_KIND_SEGMENT]	= "segment",
		[SKBTRAIL_LINK_KIND_MERGE]	= "merge",
		[SKBTRAIL_LINK_KIND_FRAGMENT]	= "fragment",
		[SKBTRAIL_LINK_KIND_REASSEMBLY]	= "reassembly",
		[SKBTRAIL_LINK_KIND_RETRANSMIT]	= "retransmit",
		[SKBTRAIL_LINK_KIND_ENCAP]	= "encap",
		[SKBTRAIL_LINK_KIND_DECAP]	= "decap",
		[SKBTRAIL_LINK_KIND_ANSWER]	= "answer",
	};

	return kind < ARRAY_SIZE(words) ? words[kind] : NULL;
}

char *summary_sentence(const struct trail *t, bool utf8)
{
	char *text = NULL;
	size_t size;
	FILE *f = xcheck(open_memstream(&text, &size));

	ends[known_end(t->end)].print(f, t, utf8);
	lineage_tail(f, t);
	if (t->headless)
		fputs("; its beginning is missing", f);
	if (t->skipped)
		fprintf(f, "; %llu further records are not shown",
			(unsigned long long)t->skipped);
	if (t->lost)
		fprintf(f, "; %llu records were lost meanwhile",
			(unsigned long long)t->lost);
	fclose(f);
	return text;
}
