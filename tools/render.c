// SPDX-License-Identifier: GPL-2.0
/* What the renderers for people share. */
#include "render.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

const char *render_endpoint(const struct value *addr, const struct value *port,
			    char *buf, size_t size)
{
	char text[INET6_ADDRSTRLEN];

	fact_address(addr, text, sizeof(text));
	if (!*text)
		snprintf(buf, size, "?");
	else if (!port->len)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, addr->len == 16 ? "[%s]:%u" : "%s:%u", text,
			 fact_number(port));
	return buf;
}

const char *render_place(const struct canvas *c, const struct place *place,
			 char *buf, size_t size)
{
	const char *name = names_text(c->names, DICT_NETNS, place->inum);

	if (!place->inum)
		snprintf(buf, size, "%s", place->dev);
	else if (name)
		snprintf(buf, size, "%s@%s", place->dev, name);
	else
		snprintf(buf, size, "%s@%u", place->dev, place->inum);
	return buf;
}

static const char *or_id(const char *text, const char *what, unsigned int id,
			 char *buf, size_t size)
{
	if (text)
		return text;
	snprintf(buf, size, "%s-%u", what, id);
	return buf;
}

const char *render_stage(const struct hit *h, char *buf, size_t size)
{
	return or_id(h->stage, "stage", h->stage_id, buf, size);
}

const char *render_func(const struct hit *h, char *buf, size_t size)
{
	return or_id(h->func, "point", h->point_id, buf, size);
}

const struct value *render_process(const struct trail *t)
{
	const struct value *sender = &t->last.v[SKBTRAIL_FACT_SENDER];
	const struct value *reader = &t->last.v[SKBTRAIL_FACT_READER];

	return sender->len ? sender : reader->len ? reader : NULL;
}

const char *render_protocol(const struct trail *t, char *buf, size_t size)
{
	if (t->first.v[SKBTRAIL_FACT_PROTO].len)
		return fact_protocol(fact_number(&t->first.v[SKBTRAIL_FACT_PROTO]),
				     buf, size);
	if (t->first.v[SKBTRAIL_FACT_L3PROTO].len)
		return fact_family(fact_number(&t->first.v[SKBTRAIL_FACT_L3PROTO]),
				   buf, size);
	snprintf(buf, size, "packet");
	return buf;
}

/* Facts of the heading: telling them again where they became known would be noise. */
static bool in_heading(unsigned int id)
{
	switch (id) {
	case SKBTRAIL_FACT_L3PROTO:
	case SKBTRAIL_FACT_SADDR:
	case SKBTRAIL_FACT_DADDR:
	case SKBTRAIL_FACT_PROTO:
	case SKBTRAIL_FACT_SPORT:
	case SKBTRAIL_FACT_DPORT:
	case SKBTRAIL_FACT_TCP:
	case SKBTRAIL_FACT_ICMP:
	case SKBTRAIL_FACT_ARP:
	case SKBTRAIL_FACT_TTL:
	case SKBTRAIL_FACT_TOS:
	case SKBTRAIL_FACT_IP_ID:
	case SKBTRAIL_FACT_MAC:
	case SKBTRAIL_FACT_SENDER:
	case SKBTRAIL_FACT_GSO:
		return true;
	default:
		return false;
	}
}

bool render_worth_telling(const struct change *ch)
{
	if (ch->rule)
		return true;
	/* the first two have a column of their own; a cookie says nothing */
	if (ch->fact == SKBTRAIL_FACT_DEV || ch->fact == SKBTRAIL_FACT_NETNS ||
	    ch->fact == SKBTRAIL_FACT_SOCK)
		return false;
	if (ch->fact == SKBTRAIL_FACT_CT && ch->old.len)
		return fact_ct_differs(&ch->old, &ch->new);
	/* the other direction is worth a word where NAT has made it another */
	if (ch->fact == SKBTRAIL_FACT_CT_ORIG ||
	    (ch->fact == SKBTRAIL_FACT_CT_REPLY && !ch->old.len))
		return false;
	if (ch->fact == SKBTRAIL_FACT_MARK && !ch->old.len)
		return fact_number(&ch->new);
	return ch->old.len || !in_heading(ch->fact);
}

static void render_change(const struct canvas *c, const struct change *ch)
{
	fprintf(c->f, "%s ", fact_key(ch->fact));
	/* a route replaces no route: the old one was for another place */
	if (ch->old.len && ch->fact != SKBTRAIL_FACT_ROUTE && ch->fact != SKBTRAIL_FACT_TUNNEL) {
		fact_text(c->f, ch->fact, &ch->old);
		fprintf(c->f, " %s ", text_arrow(&c->style));
	}
	if (ch->new.len)
		fact_text(c->f, ch->fact, &ch->new);
	else
		fputs("none", c->f);
}

/* What was given to user space is told by that alone. */
static bool tells_deed(const struct trail *t, const struct deed *d)
{
	uint32_t i;

	if (d->v->rec.action != SKBTRAIL_VERDICT_ACTION_CHANGE)
		return !verdict_matches(d->v);
	for (i = 0; i < d->nr_changes; i++)
		if (render_worth_telling(&t->done[d->changes + i]))
			return true;
	return false;
}

/* Who made a change, behind the last one of his. */
static void render_rule(const struct canvas *c, const struct change *ch)
{
	if (!ch->rule)
		return;
	fprintf(c->f, " %s skbtrail rule %u", ch->dry ? "in a dry run of" : "by", ch->rule);
}

static bool by_deed(const struct trail *t, size_t hit, unsigned int fact)
{
	const struct deed *d;
	uint32_t i;

	for (d = t->deeds; d < t->deeds + t->nr_deeds; d++)
		for (i = 0; d->hit == hit && i < d->nr_changes; i++)
			if (t->done[d->changes + i].fact == fact)
				return true;
	return false;
}

/* What is changed here, but not by a hook that is known. */
static bool tells_change(const struct trail *t, const struct hit *h, uint32_t i)
{
	const struct change *ch = &t->changes[h->changes + i];

	return render_worth_telling(ch) && !by_deed(t, h - t->hits, ch->fact);
}

bool render_tells_changes(const struct trail *t, const struct hit *h)
{
	const struct deed *d;
	uint32_t i;

	for (i = 0; i < h->nr_changes; i++)
		if (tells_change(t, h, i))
			return true;
	for (d = t->deeds; d < t->deeds + t->nr_deeds; d++)
		if (t->hits + d->hit == h && tells_deed(t, d))
			return true;
	return false;
}

/* conntrack says what it says; of what else changes it matters by whom */
static bool only_tracked(const struct trail *t, const struct deed *d)
{
	uint32_t i;

	for (i = 0; i < d->nr_changes; i++)
		if (render_worth_telling(&t->done[d->changes + i]) &&
		    t->done[d->changes + i].fact != SKBTRAIL_FACT_CT)
			return false;
	return d->v->rec.action == SKBTRAIL_VERDICT_ACTION_CHANGE;
}

static void render_deed(const struct canvas *c, const struct trail *t, const struct deed *d)
{
	const char *nat = verdict_nat(d->v);
	const struct change *ch;
	const char *join = "";
	uint32_t i;

	for (i = 0; i < d->nr_changes; i++) {
		ch = &t->done[d->changes + i];
		/* what it changed in this packet tells what replies look like */
		if (!render_worth_telling(ch) ||
		    (nat && ch->fact == SKBTRAIL_FACT_CT_REPLY && d->nr_changes > 1))
			continue;
		fputs(join, c->f);
		render_change(c, ch);
		join = ", ";
	}
	if (only_tracked(t, d))
		return;
	fputs(*join ? " (" : "(", c->f);
	if (verdict_queues(d->v))
		fprintf(c->f, "to NFQUEUE %u%s ", d->v->rec.detail,
			d->v->rec.action == SKBTRAIL_VERDICT_ACTION_QUEUE_BYPASS ?
			" with bypass" : "");
	if (d->v->rec.action == SKBTRAIL_VERDICT_ACTION_STEAL)
		fputs("sent on in the fast path of a flowtable, ", c->f);
	if (nat)
		fprintf(c->f, "%s%s ", nat, d->v->rec.detail ? " undone" : "");
	fputs("by ", c->f);
	verdict_print(c->f, d->v);
	fputc(')', c->f);
}

void render_changes(const struct canvas *c, const struct trail *t,
		    const struct hit *h)
{
	const struct change *last = NULL, *ch;
	const char *join = "";
	const struct deed *d;
	uint32_t i;

	for (i = 0; i < h->nr_changes; i++) {
		ch = &t->changes[h->changes + i];
		if (!tells_change(t, h, i))
			continue;
		if (last && (last->rule != ch->rule || last->dry != ch->dry))
			render_rule(c, last);
		fputs(join, c->f);
		render_change(c, ch);
		join = ", ";
		last = ch;
	}
	if (last)
		render_rule(c, last);
	for (d = t->deeds; d < t->deeds + t->nr_deeds; d++) {
		if (t->hits + d->hit != h || !tells_deed(t, d))
			continue;
		/* who did it is said of what stands before, back to here */
		fputs(*join ? "; " : "", c->f);
		render_deed(c, t, d);
		join = "; ";
	}
}

void render_match(const struct canvas *c, const struct deed *d)
{
	const char *said = verdict_said(d->v);

	fputs("matched ", c->f);
	verdict_print(c->f, d->v);
	if (said)
		fprintf(c->f, " %s %s", text_arrow(&c->style), said);
	fputc('\n', c->f);
}

static void heading_icmp(const struct canvas *c, const struct trail *t)
{
	struct skbtrail_fact_icmp icmp;
	const char *type;
	bool v6;

	if (!fact_copy(&t->first.v[SKBTRAIL_FACT_ICMP], &icmp, sizeof(icmp)))
		return;
	v6 = fact_number(&t->first.v[SKBTRAIL_FACT_L3PROTO]) == ETH_P_IPV6;
	type = fact_icmp_type(icmp.type, v6);
	if (type)
		fprintf(c->f, " %s", type);
	else
		fprintf(c->f, " type %u", icmp.type);
	if (icmp.code)
		fprintf(c->f, " code %u", icmp.code);
	if (type && !strncmp(type, "echo", 4))
		fprintf(c->f, " seq %u", icmp.seq);
}

static void heading_arp(const struct canvas *c, const struct trail *t)
{
	struct skbtrail_fact_arp arp;
	char sip[INET_ADDRSTRLEN], tip[INET_ADDRSTRLEN];

	if (!fact_copy(&t->first.v[SKBTRAIL_FACT_ARP], &arp, sizeof(arp)))
		return;
	inet_ntop(AF_INET, &arp.sip, sip, sizeof(sip));
	inet_ntop(AF_INET, &arp.tip, tip, sizeof(tip));
	if (arp.op == 1)
		fprintf(c->f, " request: who has %s, asks %s", tip, sip);
	else if (arp.op == 2)
		fprintf(c->f, " reply: %s to %s", sip, tip);
	else
		fprintf(c->f, " operation %u", arp.op);
}

static void heading_tcp(const struct canvas *c, const struct trail *t)
{
	struct skbtrail_fact_tcp tcp;
	char flags[40];

	if (fact_copy(&t->first.v[SKBTRAIL_FACT_TCP], &tcp, sizeof(tcp)))
		fprintf(c->f, " %s", fact_tcp_flags(tcp.flags, ',', flags,
						    sizeof(flags)));
}

static void heading_flow(const struct canvas *c, const struct trail *t)
{
	const struct value *v = t->first.v;
	char src[64], dst[64];

	if (!v[SKBTRAIL_FACT_SADDR].len && !v[SKBTRAIL_FACT_DADDR].len)
		return;
	render_endpoint(&v[SKBTRAIL_FACT_SADDR], &v[SKBTRAIL_FACT_SPORT], src,
			sizeof(src));
	render_endpoint(&v[SKBTRAIL_FACT_DADDR], &v[SKBTRAIL_FACT_DPORT], dst,
			sizeof(dst));
	fprintf(c->f, " %s %s %s", src, text_arrow(&c->style), dst);
}

void render_flow(const struct canvas *c, const struct trail *t)
{
	heading_flow(c, t);
	heading_tcp(c, t);
	heading_icmp(c, t);
	heading_arp(c, t);
}
