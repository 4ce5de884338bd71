// SPDX-License-Identifier: GPL-2.0
#include "fact.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <string.h>

#include "clean.h"

static void add_number(struct json_object *o, const char *key, uint64_t n)
{
	json_object_object_add(o, key, json_object_new_uint64(n));
}

static void add_text(struct json_object *o, const char *key, const char *s)
{
	json_object_object_add(o, key, s && *s ? json_object_new_string(s) : NULL);
}

/* Text that somebody else chose, of a field that need not end in NUL. */
static void add_name(struct json_object *o, const char *key, const char *name)
{
	char clean[SKBTRAIL_NAME_LEN];

	clean_text(clean, sizeof(clean), name, SKBTRAIL_NAME_LEN);
	add_text(o, key, clean);
}

static struct json_object *json_address(const struct value *v)
{
	char buf[INET6_ADDRSTRLEN];

	return json_object_new_string(fact_address(v, buf, sizeof(buf)));
}

static struct json_object *json_route(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_route r;
	struct value gw = { 0 };
	char buf[64];

	fact_copy(v, &r, sizeof(r));
	add_text(o, "type", r.type ? fact_route_type(r.type, buf, sizeof(buf)) :
				     "unknown");
	gw.len = r.family == AF_INET ? 4 : r.family == AF_INET6 ? 16 : 0;
	memcpy(gw.data, r.gateway, gw.len);
	if (gw.len)
		add_text(o, "via", fact_address(&gw, buf, sizeof(buf)));
	add_name(o, "dev", r.name);
	add_number(o, "ifindex", r.ifindex);
	return o;
}

static struct json_object *json_task(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_task t;

	fact_copy(v, &t, sizeof(t));
	add_number(o, "pid", t.pid);
	add_number(o, "tid", t.tid);
	add_name(o, "comm", t.comm);
	add_number(o, "sock", t.cookie);
	return o;
}

static struct json_object *json_tcp(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_tcp t;
	char flags[40];

	fact_copy(v, &t, sizeof(t));
	add_text(o, "flags", fact_tcp_flags(t.flags, ',', flags, sizeof(flags)));
	add_number(o, "seq", t.seq);
	add_number(o, "ack", t.ack);
	add_number(o, "window", t.window);
	add_number(o, "payload", t.payload);
	return o;
}

static struct json_object *json_icmp(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_icmp i;

	fact_copy(v, &i, sizeof(i));
	add_number(o, "type", i.type);
	add_number(o, "code", i.code);
	add_number(o, "id", i.id);
	add_number(o, "seq", i.seq);
	return o;
}

static struct json_object *json_arp(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_arp a;
	char buf[INET_ADDRSTRLEN];

	fact_copy(v, &a, sizeof(a));
	if (fact_arp_op(a.op))
		add_text(o, "op", fact_arp_op(a.op));
	else
		add_number(o, "op", a.op);
	add_text(o, "sip", inet_ntop(AF_INET, &a.sip, buf, sizeof(buf)));
	add_text(o, "tip", inet_ntop(AF_INET, &a.tip, buf, sizeof(buf)));
	return o;
}

static struct json_object *json_dev(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_dev d;

	fact_copy(v, &d, sizeof(d));
	add_name(o, "name", d.name);
	add_number(o, "ifindex", d.ifindex);
	add_number(o, "netns", d.inum);
	return o;
}

static struct json_object *json_sock(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_sock s;

	fact_copy(v, &s, sizeof(s));
	add_number(o, "cookie", s.cookie);
	if (fact_tcp_state(s.state))
		add_text(o, "state", fact_tcp_state(s.state));
	return o;
}

static struct json_object *json_gso(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	struct skbtrail_fact_gso g;

	fact_copy(v, &g, sizeof(g));
	add_number(o, "size", g.size);
	add_number(o, "segs", g.segs);
	return o;
}

static struct json_object *json_netns(const struct value *v)
{
	struct skbtrail_fact_netns n;

	fact_copy(v, &n, sizeof(n));
	return json_object_new_uint64(n.inum);
}

static struct json_object *json_mac(const struct value *v)
{
	struct json_object *o = json_object_new_object();
	const uint8_t *m = v->data;
	char buf[32];
	size_t i;

	for (i = 0; i < 12; i += 6) {
		snprintf(buf, sizeof(buf), "%02x:%02x:%02x:%02x:%02x:%02x",
			 m[i], m[i + 1], m[i + 2], m[i + 3], m[i + 4], m[i + 5]);
		add_text(o, i ? "src" : "dst", buf);
	}
	return o;
}

static struct json_object *json_number(unsigned int id, uint32_t n)
{
	char buf[64];

	switch (id) {
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
	static struct json_object *(*const writers[])(const struct value *) = {
		[SKBTRAIL_FACT_SADDR]	= json_address,
		[SKBTRAIL_FACT_DADDR]	= json_address,
		[SKBTRAIL_FACT_DEV]	= json_dev,
		[SKBTRAIL_FACT_NETNS]	= json_netns,
		[SKBTRAIL_FACT_TCP]	= json_tcp,
		[SKBTRAIL_FACT_ICMP]	= json_icmp,
		[SKBTRAIL_FACT_ARP]	= json_arp,
		[SKBTRAIL_FACT_MAC]	= json_mac,
		[SKBTRAIL_FACT_SOCK]	= json_sock,
		[SKBTRAIL_FACT_SENDER]	= json_task,
		[SKBTRAIL_FACT_READER]	= json_task,
		[SKBTRAIL_FACT_ROUTE]	= json_route,
		[SKBTRAIL_FACT_GSO]	= json_gso,
		[SKBTRAIL_FACT_MAX]	= NULL,
	};

	if (!v->len || id > SKBTRAIL_FACT_MAX)
		return NULL;
	return writers[id] ? writers[id](v) : json_number(id, fact_number(v));
}
