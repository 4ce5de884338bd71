// SPDX-License-Identifier: GPL-2.0
#include "fact.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <string.h>

#include "array.h"
#include "clean.h"
#include "json.h"

/**
 * struct member - One member of a record, a pair of JSON.
 * @key: its key
 * @put: adds it to an object
 * @at: where it is in the record
 * @size: in bytes
 *
 * @put gets the whole record, zeroed behind what the kernel sent.
 */
struct member {
	const char *key;
	void (*put)(struct json_object *o, const struct member *m, const uint8_t *record);
	size_t at;
	size_t size;
};

/* A member that is always there. */
static void add_or_null(struct json_object *o, const char *key, const char *s)
{
	json_add(o, key, s && *s ? json_object_new_string(s) : NULL);
}

static uint64_t number(const struct member *m, const uint8_t *record)
{
	uint64_t n = 0;

	/* members have the byte order of this machine */
	if (htons(1) == 1)
		memcpy((uint8_t *)&n + sizeof(n) - m->size, record + m->at, m->size);
	else
		memcpy(&n, record + m->at, m->size);
	return n;
}

static void put_number(struct json_object *o, const struct member *m, const uint8_t *record)
{
	json_add_number(o, m->key, number(m, record));
}

/* Text that somebody else chose, of a field that need not end in NUL. */
static void put_name(struct json_object *o, const struct member *m, const uint8_t *record)
{
	char clean[SKBTRAIL_NAME_LEN];

	clean_text(clean, sizeof(clean), (const char *)record + m->at, m->size);
	add_or_null(o, m->key, clean);
}

static void put_ack_kind(struct json_object *o, const struct member *m, const uint8_t *record)
{
	add_or_null(o, m->key, fact_ack_kind(record[m->at]));
}

static void put_tcp_flags(struct json_object *o, const struct member *m, const uint8_t *record)
{
	char buf[40];

	add_or_null(o, m->key, fact_tcp_flags(number(m, record), ',', buf, sizeof(buf)));
}

static void put_tcp_state(struct json_object *o, const struct member *m, const uint8_t *record)
{
	json_add_text(o, m->key, fact_tcp_state(number(m, record)));
}

static bool listens(const uint8_t *record)
{
	/* TCP_LISTEN */
	return record[offsetof(struct skbtrail_fact_sock, state)] == 10;
}

static void put_queue(struct json_object *o, const struct member *m, const uint8_t *record)
{
	struct skbtrail_fact_sock sock;

	memcpy(&sock, record, sizeof(sock));
	/* one of an older module says nothing of its queues */
	if (!listens(record) && sock.rcvbuf)
		put_number(o, m, record);
}

static void put_accept(struct json_object *o, const struct member *m, const uint8_t *record)
{
	if (listens(record))
		put_number(o, m, record);
}

static void put_known(struct json_object *o, const struct member *m, const uint8_t *record)
{
	if (number(m, record))
		put_number(o, m, record);
}

static void put_qdisc_handle(struct json_object *o, const struct member *m,
			     const uint8_t *record)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%x:", (unsigned int)(number(m, record) >> 16));
	json_add_text(o, m->key, buf);
}

static void put_errno(struct json_object *o, const struct member *m, const uint8_t *record)
{
	if (number(m, record))
		add_or_null(o, m->key, strerrorname_np(number(m, record)));
}

static void put_arp_op(struct json_object *o, const struct member *m, const uint8_t *record)
{
	const char *op = fact_arp_op(number(m, record));

	if (op)
		json_add_text(o, m->key, op);
	else
		put_number(o, m, record);
}

static void put_tunnel_way(struct json_object *o, const struct member *m, const uint8_t *record)
{
	const char *way = fact_tunnel_way(number(m, record));

	json_add_text(o, m->key, way ? way : "unknown");
}

static void put_ipv4(struct json_object *o, const struct member *m, const uint8_t *record)
{
	char buf[INET_ADDRSTRLEN];

	json_add_text(o, m->key, inet_ntop(AF_INET, record + m->at, buf, sizeof(buf)));
}

static void put_mac(struct json_object *o, const struct member *m, const uint8_t *record)
{
	char buf[32];

	json_add_text(o, m->key, fact_mac(record + m->at, buf, sizeof(buf)));
}

/* in hexadecimal, those that were changed */
static void put_bytes(struct json_object *o, const struct member *m, const uint8_t *record)
{
	struct skbtrail_fact_payload p;
	char buf[2 * sizeof(p.bytes) + 1] = "";
	size_t i;

	memcpy(&p, record, sizeof(p));
	for (i = 0; i < p.len && i < sizeof(p.bytes); i++)
		snprintf(buf + 2 * i, 3, "%02x", p.bytes[i]);
	add_or_null(o, m->key, buf);
}

static void put_route_type(struct json_object *o, const struct member *m, const uint8_t *record)
{
	unsigned int type = number(m, record);
	char buf[64];

	json_add_text(o, m->key, type ? fact_route_type(type, buf, sizeof(buf)) : "unknown");
}

static void put_gateway(struct json_object *o, const struct member *m, const uint8_t *record)
{
	uint8_t family = record[offsetof(struct skbtrail_fact_route, family)];
	char buf[INET6_ADDRSTRLEN];

	/* NULL for other families */
	json_add_text(o, m->key, inet_ntop(family, record + m->at, buf, sizeof(buf)));
}

#define MEMBER(fact, key, member, put) \
	{ key, put, offsetof(struct skbtrail_fact_##fact, member), \
	  sizeof(((struct skbtrail_fact_##fact *)NULL)->member) }

static const struct member tcp[] = {
	MEMBER(tcp, "flags", flags, put_tcp_flags),
	MEMBER(tcp, "seq", seq, put_number),
	MEMBER(tcp, "ack", ack, put_number),
	MEMBER(tcp, "window", window, put_number),
	MEMBER(tcp, "payload", payload, put_number),
};

static const struct member icmp[] = {
	MEMBER(icmp, "type", type, put_number),
	MEMBER(icmp, "code", code, put_number),
	MEMBER(icmp, "id", id, put_number),
	MEMBER(icmp, "seq", seq, put_number),
};

static const struct member arp[] = {
	MEMBER(arp, "op", op, put_arp_op),
	MEMBER(arp, "sip", sip, put_ipv4),
	MEMBER(arp, "tip", tip, put_ipv4),
};

static const struct member dev[] = {
	MEMBER(dev, "name", name, put_name),
	MEMBER(dev, "ifindex", ifindex, put_number),
	MEMBER(dev, "netns", inum, put_number),
};

static const struct member sock[] = {
	MEMBER(sock, "cookie", cookie, put_number),
	MEMBER(sock, "state", state, put_tcp_state),
	MEMBER(sock, "rmem", rmem, put_queue),
	MEMBER(sock, "rcvbuf", rcvbuf, put_queue),
	MEMBER(sock, "wmem", wmem, put_queue),
	MEMBER(sock, "sndbuf", sndbuf, put_queue),
	MEMBER(sock, "accept_queue", rmem, put_accept),
	MEMBER(sock, "backlog", rcvbuf, put_accept),
	MEMBER(sock, "cgroup", cgroup, put_known),
};

static const struct member qdisc[] = {
	MEMBER(qdisc, "kind", kind, put_name),
	MEMBER(qdisc, "handle", handle, put_qdisc_handle),
	MEMBER(qdisc, "qlen", qlen, put_number),
	MEMBER(qdisc, "limit", limit, put_known),
};

static const struct member ack[] = {
	MEMBER(ack, "kind", kind, put_ack_kind),
	MEMBER(ack, "bytes", bytes, put_number),
	MEMBER(ack, "flight", flight, put_number),
};

static const struct member task[] = {
	MEMBER(task, "pid", pid, put_number),
	MEMBER(task, "tid", tid, put_number),
	MEMBER(task, "comm", comm, put_name),
	MEMBER(task, "sock", cookie, put_number),
};

static const struct member route[] = {
	MEMBER(route, "type", type, put_route_type),
	MEMBER(route, "via", gateway, put_gateway),
	MEMBER(route, "dev", name, put_name),
	MEMBER(route, "ifindex", ifindex, put_number),
	MEMBER(route, "error", error, put_errno),
};

static const struct member gso[] = {
	MEMBER(gso, "size", size, put_number),
	MEMBER(gso, "segs", segs, put_number),
};

static const struct member tunnel[] = {
	MEMBER(tunnel, "way", way, put_tunnel_way),
	MEMBER(tunnel, "nth", nth, put_number),
};

static const struct member payload[] = {
	MEMBER(payload, "offset", offset, put_number),
	MEMBER(payload, "len", len, put_number),
	MEMBER(payload, "bytes", bytes, put_bytes),
};

static const struct member mac[] = {
	{ "dst", put_mac, 0, 6 },
	{ "src", put_mac, 6, 6 },
};

#define RECORD(members) { members, ARRAY_SIZE(members) }

/* The facts that are objects of JSON. */
static const struct {
	const struct member *members;
	size_t nr;
} records[SKBTRAIL_FACT_MAX + 1] = {
	[SKBTRAIL_FACT_DEV]	= RECORD(dev),
	[SKBTRAIL_FACT_TCP]	= RECORD(tcp),
	[SKBTRAIL_FACT_ICMP]	= RECORD(icmp),
	[SKBTRAIL_FACT_ARP]	= RECORD(arp),
	[SKBTRAIL_FACT_MAC]	= RECORD(mac),
	[SKBTRAIL_FACT_SOCK]	= RECORD(sock),
	[SKBTRAIL_FACT_SENDER]	= RECORD(task),
	[SKBTRAIL_FACT_READER]	= RECORD(task),
	[SKBTRAIL_FACT_OWNER]	= RECORD(task),
	[SKBTRAIL_FACT_QDISC]	= RECORD(qdisc),
	[SKBTRAIL_FACT_ACK]	= RECORD(ack),
	[SKBTRAIL_FACT_ROUTE]	= RECORD(route),
	[SKBTRAIL_FACT_GSO]	= RECORD(gso),
	[SKBTRAIL_FACT_TUNNEL]	= RECORD(tunnel),
	[SKBTRAIL_FACT_PAYLOAD]	= RECORD(payload),
};

static struct json_object *json_record(unsigned int id, const struct value *v)
{
	struct json_object *o = json_object_new_object();
	uint8_t record[FACT_VALUE_MAX];
	size_t i;

	fact_copy(v, record, sizeof(record));
	for (i = 0; i < records[id].nr; i++)
		records[id].members[i].put(o, &records[id].members[i], record);
	return o;
}

static const char *ct_tcp_state(unsigned int state)
{
	/* enum tcp_conntrack */
	static const char *const words[] = {
		NULL, "syn_sent", "syn_recv", "established", "fin_wait", "close_wait",
		"last_ack", "time_wait", "close", "syn_sent2",
	};

	return state < ARRAY_SIZE(words) ? words[state] : NULL;
}

static struct json_object *json_ct(const struct value *v)
{
	static const struct json_word status[] = {
		{ IPS_EXPECTED, "expected" }, { IPS_SEEN_REPLY, "seen_reply" },
		{ IPS_ASSURED, "assured" }, { IPS_CONFIRMED, "confirmed" },
		{ IPS_SRC_NAT, "snat" }, { IPS_DST_NAT, "dnat" }, { IPS_DYING, "dying" },
		{ IPS_HELPER, "helper" }, { IPS_OFFLOAD, "offload" },
	};
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_ct ct;
	const char *state;

	fact_copy(v, &ct, sizeof(ct));
	state = fact_ct_state(ct.state);
	json_add_text(o, "state", state ? state : "unknown");
	if (ct.state == SKBTRAIL_CT_STATE_UNTRACKED || ct.state == SKBTRAIL_CT_STATE_INVALID)
		return o;
	json_add_bool(o, "reply", ct.reply);
	json_add_number(o, "zone", ct.zone);
	json_add_number(o, "mark", ct.mark);
	json_add_words(o, "status", ct.status, status, ARRAY_SIZE(status));
	json_add_text(o, "tcp", ct_tcp_state(ct.tcp));
	return o;
}

static struct json_object *json_tuple(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_tuple t;
	char buf[INET6_ADDRSTRLEN];

	fact_copy(v, &t, sizeof(t));
	json_add_text(o, "proto", fact_protocol(t.proto, buf, sizeof(buf)));
	/* NULL for other families */
	json_add_text(o, "src", inet_ntop(t.family, t.saddr, buf, sizeof(buf)));
	json_add_text(o, "dst", inet_ntop(t.family, t.daddr, buf, sizeof(buf)));
	if (t.proto == IPPROTO_ICMP || t.proto == IPPROTO_ICMPV6) {
		json_add_number(o, "id", t.sport);
		json_add_number(o, "type", t.dport >> 8);
		json_add_number(o, "code", t.dport & 0xff);
	} else {
		json_add_number(o, "sport", t.sport);
		json_add_number(o, "dport", t.dport);
	}
	return o;
}

static struct json_object *json_netns(const struct value *v)
{
	struct skbtrail_fact_netns n;

	fact_copy(v, &n, sizeof(n));
	return json_object_new_uint64(n.inum);
}

/* The facts that are one word or one number. */
static struct json_object *json_plain(unsigned int id, const struct value *v)
{
	uint32_t n = fact_number(v);
	char buf[64];

	switch (id) {
	case SKBTRAIL_FACT_SADDR:
	case SKBTRAIL_FACT_DADDR:
		return json_object_new_string(fact_address(v, buf, sizeof(buf)));
	case SKBTRAIL_FACT_NETNS:
		return json_netns(v);
	case SKBTRAIL_FACT_CT:
		return json_ct(v);
	case SKBTRAIL_FACT_CT_ORIG:
	case SKBTRAIL_FACT_CT_REPLY:
		return json_tuple(v);
	case SKBTRAIL_FACT_L3PROTO:
		return json_object_new_string(fact_family(n, buf, sizeof(buf)));
	case SKBTRAIL_FACT_PROTO:
		return json_object_new_string(fact_protocol(n, buf, sizeof(buf)));
	case SKBTRAIL_FACT_NEIGH:
		return json_object_new_string(fact_neigh_state(n, buf, sizeof(buf)));
	default:
		return json_object_new_uint64(n);
	}
}

struct json_object *fact_json(unsigned int id, const struct value *v)
{
	if (!v->len || id > SKBTRAIL_FACT_MAX)
		return NULL;
	return records[id].nr ? json_record(id, v) : json_plain(id, v);
}
