// SPDX-License-Identifier: GPL-2.0
#include "fact.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <string.h>

#include "array.h"
#include "clean.h"

const char *fact_address(const struct value *v, char *buf, size_t size)
{
	int family = v->len == 4 ? AF_INET : AF_INET6;

	if ((v->len != 4 && v->len != 16) ||
	    !inet_ntop(family, v->data, buf, size))
		*buf = '\0';
	return buf;
}

const char *fact_mac(const uint8_t *mac, char *buf, size_t size)
{
	snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buf;
}

const char *fact_protocol(unsigned int proto, char *buf, size_t size)
{
	/* not getprotobynumber(): a small system has no /etc/protocols */
	static const char *const names[256] = {
		[IPPROTO_ICMP] = "icmp", [IPPROTO_IGMP] = "igmp",
		[IPPROTO_IPIP] = "ipip", [IPPROTO_TCP] = "tcp",
		[IPPROTO_UDP] = "udp", [IPPROTO_DCCP] = "dccp",
		[IPPROTO_IPV6] = "ipv6", [IPPROTO_GRE] = "gre",
		[IPPROTO_ESP] = "esp", [IPPROTO_AH] = "ah",
		[IPPROTO_ICMPV6] = "icmpv6", [89] = "ospf",
		[IPPROTO_PIM] = "pim", [112] = "vrrp",
		[IPPROTO_SCTP] = "sctp", [IPPROTO_UDPLITE] = "udplite",
	};

	if (proto < 256 && names[proto])
		snprintf(buf, size, "%s", names[proto]);
	else
		snprintf(buf, size, "%u", proto);
	return buf;
}

const char *fact_family(unsigned int l3proto, char *buf, size_t size)
{
	const char *name = l3proto == ETH_P_IP ? "ipv4" :
			   l3proto == ETH_P_IPV6 ? "ipv6" :
			   l3proto == ETH_P_ARP ? "arp" : NULL;

	if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "0x%04x", l3proto);
	return buf;
}

const char *fact_tcp_flags(unsigned int flags, char separator, char *buf,
			   size_t size)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} names[] = {
		{ 2, "SYN" }, { 1, "FIN" }, { 4, "RST" }, { 8, "PSH" },
		{ 16, "ACK" }, { 32, "URG" }, { 64, "ECE" }, { 128, "CWR" },
	};
	size_t at = 0;
	size_t i;

	*buf = '\0';
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(flags & names[i].bit) || at + 5 > size)
			continue;
		if (at)
			buf[at++] = separator;
		memcpy(buf + at, names[i].name, 4);
		at += 3;
	}
	return buf;
}

const char *fact_icmp_type(unsigned int type, bool v6)
{
	static const char *const v4_names[256] = {
		[0] = "echo reply", [3] = "destination unreachable",
		[5] = "redirect", [8] = "echo request",
		[9] = "router advertisement", [10] = "router solicitation",
		[11] = "time exceeded", [12] = "parameter problem",
		[13] = "timestamp request", [14] = "timestamp reply",
	};
	static const char *const v6_names[256] = {
		[1] = "destination unreachable", [2] = "packet too big",
		[3] = "time exceeded", [4] = "parameter problem",
		[128] = "echo request", [129] = "echo reply",
		[130] = "multicast listener query",
		[131] = "multicast listener report",
		[132] = "multicast listener done",
		[133] = "router solicitation", [134] = "router advertisement",
		[135] = "neighbour solicitation",
		[136] = "neighbour advertisement", [137] = "redirect",
		[143] = "multicast listener report v2",
	};

	return type > 255 ? NULL : v6 ? v6_names[type] : v4_names[type];
}

const char *fact_arp_op(unsigned int op)
{
	return op == 1 ? "request" : op == 2 ? "reply" : NULL;
}

const char *fact_tunnel_way(unsigned int way)
{
	return way == SKBTRAIL_TUNNEL_WAY_ENCAP ? "encap" :
	       way == SKBTRAIL_TUNNEL_WAY_DECAP ? "decap" : NULL;
}

const char *fact_route_type(unsigned int type, char *buf, size_t size)
{
	return nl_rtntype2str(type, buf, size);
}

const char *fact_neigh_state(unsigned int state, char *buf, size_t size)
{
	if (!state)
		snprintf(buf, size, "none");
	else
		rtnl_neigh_state2str(state, buf, size);
	return buf;
}

const char *fact_tcp_state(unsigned int state)
{
	static const char *const names[] = {
		[1] = "established", [2] = "syn-sent", [3] = "syn-recv",
		[4] = "fin-wait-1", [5] = "fin-wait-2", [6] = "time-wait",
		[7] = "close", [8] = "close-wait", [9] = "last-ack",
		[10] = "listen", [11] = "closing", [12] = "new-syn-recv",
	};

	return state < ARRAY_SIZE(names) ? names[state] : NULL;
}

const char *fact_ct_state(unsigned int state)
{
	static const char *const names[] = {
		[SKBTRAIL_CT_STATE_NEW] = "new",
		[SKBTRAIL_CT_STATE_ESTABLISHED] = "established",
		[SKBTRAIL_CT_STATE_RELATED] = "related",
		[SKBTRAIL_CT_STATE_UNTRACKED] = "untracked",
		[SKBTRAIL_CT_STATE_INVALID] = "invalid",
	};

	return state < ARRAY_SIZE(names) ? names[state] : NULL;
}

bool fact_ct_differs(const struct value *a, const struct value *b)
{
	struct skbtrail_fact_ct x, y;

	fact_copy(a, &x, sizeof(x));
	fact_copy(b, &y, sizeof(y));
	return x.state != y.state || x.reply != y.reply || x.zone != y.zone || x.mark != y.mark;
}

const char *fact_ack_kind(unsigned int kind)
{
	static const char *const names[] = {
		[SKBTRAIL_ACK_KIND_NEW] = "new",
		[SKBTRAIL_ACK_KIND_DUPLICATE] = "duplicate",
		[SKBTRAIL_ACK_KIND_WINDOW] = "window",
		[SKBTRAIL_ACK_KIND_PROBE] = "probe",
		[SKBTRAIL_ACK_KIND_OLD] = "old",
		[SKBTRAIL_ACK_KIND_SAME] = "same",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

static void text_ack(FILE *f, const struct value *v)
{
	struct skbtrail_fact_ack ack;

	fact_copy(v, &ack, sizeof(ack));
	switch (ack.kind) {
	case SKBTRAIL_ACK_KIND_NEW:
		if (ack.bytes)
			fprintf(f, "of %u bytes", ack.bytes);
		else
			fputs("of a SYN or FIN", f);
		break;
	case SKBTRAIL_ACK_KIND_SAME:
		fputs("of nothing new", f);
		break;
	default:
		fputs(fact_ack_kind(ack.kind) ? fact_ack_kind(ack.kind) : "?", f);
	}
}

static void text_qdisc(FILE *f, const struct value *v)
{
	char kind[SKBTRAIL_NAME_LEN];
	struct skbtrail_fact_qdisc q;

	fact_copy(v, &q, sizeof(q));
	clean_text(kind, sizeof(kind), q.kind, sizeof(q.kind));
	fprintf(f, "%s %x: with %u packets", kind, q.handle >> 16, q.qlen);
}

static void text_ct(FILE *f, const struct value *v)
{
	struct skbtrail_fact_ct ct;
	const char *state;

	fact_copy(v, &ct, sizeof(ct));
	state = fact_ct_state(ct.state);
	fputs(state ? state : "?", f);
	if (ct.reply)
		fputs(" reply", f);
	if (ct.zone)
		fprintf(f, " zone %u", ct.zone);
	if (ct.mark)
		fprintf(f, " mark 0x%x", ct.mark);
}

static void text_end(FILE *f, const struct skbtrail_fact_tuple *t, const uint8_t *addr,
		     unsigned int port)
{
	int family = t->family == AF_INET ? AF_INET : AF_INET6;
	char buf[INET6_ADDRSTRLEN];

	inet_ntop(family, addr, buf, sizeof(buf));
	if (t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6)
		fputs(buf, f);
	else
		fprintf(f, family == AF_INET ? "%s:%u" : "[%s]:%u", buf, port);
}

static void text_tuple(FILE *f, const struct value *v)
{
	struct skbtrail_fact_tuple t;

	fact_copy(v, &t, sizeof(t));
	text_end(f, &t, t.saddr, t.sport);
	fputs(" to ", f);
	text_end(f, &t, t.daddr, t.dport);
}

static void text_route(FILE *f, const struct value *v)
{
	char buf[INET6_ADDRSTRLEN], name[SKBTRAIL_NAME_LEN];
	struct skbtrail_fact_route r;
	const char *via;

	fact_copy(v, &r, sizeof(r));
	fputs(r.type ? fact_route_type(r.type, buf, sizeof(buf)) : "unknown", f);
	/* NULL for other families */
	via = inet_ntop(r.family, r.gateway, buf, sizeof(buf));
	if (via)
		fprintf(f, " via %s", via);
	clean_text(name, sizeof(name), r.name, sizeof(r.name));
	if (*name)
		fprintf(f, " dev %s", name);
}

static void text_task(FILE *f, const struct value *v)
{
	char comm[SKBTRAIL_NAME_LEN];
	struct skbtrail_fact_task t;

	fact_copy(v, &t, sizeof(t));
	clean_text(comm, sizeof(comm), t.comm, sizeof(t.comm));
	fprintf(f, "%s[%u]", comm, t.pid);
}

static void text_tcp(FILE *f, const struct value *v)
{
	struct skbtrail_fact_tcp t;
	char flags[40];

	fact_copy(v, &t, sizeof(t));
	fprintf(f, "%s seq %u", fact_tcp_flags(t.flags, ',', flags, sizeof(flags)),
		t.seq);
	if (t.flags & 16)
		fprintf(f, " ack %u", t.ack);
	fprintf(f, " win %u", t.window);
}

static void text_sock(FILE *f, const struct value *v)
{
	struct skbtrail_fact_sock s;
	const char *state;

	fact_copy(v, &s, sizeof(s));
	state = fact_tcp_state(s.state);
	fprintf(f, "%llu%s%s", (unsigned long long)s.cookie, state ? " " : "",
		state ? state : "");
}

static void text_mac(FILE *f, const struct value *v)
{
	char dst[32], src[32];

	fprintf(f, "%s from %s", fact_mac(v->data, dst, sizeof(dst)),
		fact_mac(v->data + 6, src, sizeof(src)));
}

static void text_dev(FILE *f, const struct value *v)
{
	char name[SKBTRAIL_NAME_LEN];
	struct skbtrail_fact_dev d;

	fact_copy(v, &d, sizeof(d));
	clean_text(name, sizeof(name), d.name, sizeof(d.name));
	fprintf(f, "%s@%u", name, d.inum);
}

static void text_payload(FILE *f, const struct value *v)
{
	struct skbtrail_fact_payload p;
	size_t i;

	fact_copy(v, &p, sizeof(p));
	fprintf(f, "at %u ", p.offset);
	for (i = 0; i < p.len && i < sizeof(p.bytes); i++)
		fprintf(f, "%02x", p.bytes[i]);
	fputs(i < p.len ? "..." : "", f);
}

static void text_small(FILE *f, unsigned int id, const struct value *v)
{
	struct skbtrail_fact_tunnel t;
	struct skbtrail_fact_netns n;
	struct skbtrail_fact_icmp i;
	struct skbtrail_fact_gso g;
	struct skbtrail_fact_arp a;

	switch (id) {
	case SKBTRAIL_FACT_NETNS:
		fact_copy(v, &n, sizeof(n));
		fprintf(f, "%u", n.inum);
		break;
	case SKBTRAIL_FACT_ICMP:
		fact_copy(v, &i, sizeof(i));
		fprintf(f, "type %u code %u", i.type, i.code);
		break;
	case SKBTRAIL_FACT_GSO:
		fact_copy(v, &g, sizeof(g));
		fprintf(f, "%u x %u bytes", g.segs, g.size);
		break;
	case SKBTRAIL_FACT_TUNNEL:
		fact_copy(v, &t, sizeof(t));
		fprintf(f, "%s", fact_tunnel_way(t.way) ? fact_tunnel_way(t.way) : "?");
		break;
	case SKBTRAIL_FACT_ARP:
		fact_copy(v, &a, sizeof(a));
		fprintf(f, "%s", fact_arp_op(a.op) ? fact_arp_op(a.op) : "?");
		break;
	}
}

static void text_number(FILE *f, unsigned int id, uint32_t n)
{
	char buf[64];

	switch (id) {
	case SKBTRAIL_FACT_L3PROTO:
		fputs(fact_family(n, buf, sizeof(buf)), f);
		break;
	case SKBTRAIL_FACT_PROTO:
		fputs(fact_protocol(n, buf, sizeof(buf)), f);
		break;
	case SKBTRAIL_FACT_NEIGH:
		fputs(fact_neigh_state(n, buf, sizeof(buf)), f);
		break;
	case SKBTRAIL_FACT_MARK:
	case SKBTRAIL_FACT_TOS:
		fprintf(f, "0x%x", n);
		break;
	case SKBTRAIL_FACT_FRAG:
		fprintf(f, "offset %u%s", n & ~1u, n & 1 ? " more" : " last");
		break;
	case SKBTRAIL_FACT_VLAN:
		fprintf(f, "%u", n & 0xfff);
		break;
	case SKBTRAIL_FACT_CUT:
		fprintf(f, "%u bytes", n);
		break;
	case SKBTRAIL_FACT_CORRUPT:
		fprintf(f, "bit %u", n);
		break;
	case SKBTRAIL_FACT_DROP:
		fputs("yes", f);
		break;
	default:
		fprintf(f, "%u", n);
	}
}

void fact_text(FILE *f, unsigned int id, const struct value *v)
{
	char buf[INET6_ADDRSTRLEN];

	if (!v->len)
		return;
	switch (id) {
	case SKBTRAIL_FACT_SADDR:
	case SKBTRAIL_FACT_DADDR:
		fputs(fact_address(v, buf, sizeof(buf)), f);
		break;
	case SKBTRAIL_FACT_ROUTE:
		text_route(f, v);
		break;
	case SKBTRAIL_FACT_SENDER:
	case SKBTRAIL_FACT_READER:
	case SKBTRAIL_FACT_OWNER:
		text_task(f, v);
		break;
	case SKBTRAIL_FACT_TCP:
		text_tcp(f, v);
		break;
	case SKBTRAIL_FACT_PAYLOAD:
		text_payload(f, v);
		break;
	case SKBTRAIL_FACT_SOCK:
		text_sock(f, v);
		break;
	case SKBTRAIL_FACT_MAC:
		text_mac(f, v);
		break;
	case SKBTRAIL_FACT_DEV:
		text_dev(f, v);
		break;
	case SKBTRAIL_FACT_QDISC:
		text_qdisc(f, v);
		break;
	case SKBTRAIL_FACT_ACK:
		text_ack(f, v);
		break;
	case SKBTRAIL_FACT_CT:
		text_ct(f, v);
		break;
	case SKBTRAIL_FACT_CT_ORIG:
	case SKBTRAIL_FACT_CT_REPLY:
		text_tuple(f, v);
		break;
	case SKBTRAIL_FACT_NETNS:
	case SKBTRAIL_FACT_ICMP:
	case SKBTRAIL_FACT_GSO:
	case SKBTRAIL_FACT_TUNNEL:
	case SKBTRAIL_FACT_ARP:
		text_small(f, id, v);
		break;
	default:
		text_number(f, id, fact_number(v));
	}
}
