// SPDX-License-Identifier: GPL-2.0
#include "tests/stream.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stream *stream_new(void)
{
	return calloc(1, sizeof(struct stream));
}

void stream_raw(struct stream *s, const void *data, size_t len)
{
	if (s->len + len > sizeof(s->buf))
		abort();
	memcpy(s->buf + s->len, data, len);
	s->len += len;
}

void stream_batch(struct stream *s, uint32_t cpu, uint64_t seq)
{
	struct skbtrail_rec_batch r = {
		.size = sizeof(r), .kind = SKBTRAIL_REC_KIND_BATCH,
		.cpu = cpu, .seq = seq,
	};

	stream_raw(s, &r, sizeof(r));
}

void stream_name(struct stream *s, uint8_t dict, uint32_t id, uint32_t parent,
		 const char *text)
{
	static const char zero[8];
	size_t len = strlen(text) + 1;
	size_t pad = (8 - len % 8) % 8;
	struct skbtrail_rec_name r = {
		.size = sizeof(r) + len + pad, .kind = SKBTRAIL_REC_KIND_NAME,
		.dict = dict, .id = id, .parent = parent,
		.info = !strcmp(text, "sock.read") ?
			SKBTRAIL_LAYER_SOCKET | SKBTRAIL_DIRECTION_IN << 8 : 0,
	};

	stream_raw(s, &r, sizeof(r));
	stream_raw(s, text, len);
	stream_raw(s, zero, pad);
}

void stream_names(struct stream *s)
{
	static const char *const stages[ST_COUNT][2] = {
		[ST_IP_RCV] = { "ip.rcv", "ip_rcv" },
		[ST_NF_LOCAL_IN] = { "nf.local_in", "nf_hook_slow" },
		[ST_TCP_RCV] = { "tcp.rcv", "tcp_v4_rcv" },
		[ST_TCP_RESET] = { "tcp.reset", "tcp_v4_send_reset" },
		[ST_SOCK_COPY] = { "sock.copy", "skb_copy_datagram_iter" },
		[ST_SOCK_SEND] = { "sock.send", "security_socket_sendmsg" },
		[ST_DEV_XMIT] = { "dev.xmit", "net_dev_start_xmit" },
		[ST_NEIGH_WAIT] = { "neigh.wait", "__neigh_event_send" },
		[ST_ICMP_ECHO] = { "icmp.echo", "icmp_echo" },
		[ST_ICMP_REPLY] = { "icmp.reply", "icmp_reply" },
		[ST_TCP_ESTABLISHED] = { "tcp.established", "tcp_rcv_established" },
		[ST_SOCK_READ] = { "sock.read", "security_socket_recvmsg" },
		[ST_SOCK_QUEUE] = { "sock.queue", "tcp_queue_rcv" },
		[ST_SOCK_CREATE] = { "sock.create", "security_socket_post_create" },
	};
	uint32_t i;

	for (i = 1; i < ST_COUNT; i++) {
		stream_name(s, SKBTRAIL_DICT_STAGE, i, 0, stages[i][0]);
		stream_name(s, SKBTRAIL_DICT_POINT, i, i, stages[i][1]);
	}
	stream_name(s, SKBTRAIL_DICT_REASON, 3, 0, "NO_SOCKET");
	stream_name(s, SKBTRAIL_DICT_REASON, 8, 0, "NETFILTER_DROP");
	stream_name(s, SKBTRAIL_DICT_SYMBOL, 1, 0, "nf_hook_slow+0x9a");
}

void stream_hit(struct stream *s, uint64_t trail, uint16_t stage, uint64_t ns,
		uint8_t ctx)
{
	struct skbtrail_rec_hit r = {
		.size = sizeof(r), .kind = SKBTRAIL_REC_KIND_HIT, .ctx = ctx,
		.point = stage, .stage = stage, .trail = trail, .ns = ns,
		.len = 60,
	};

	stream_raw(s, &r, sizeof(r));
}

static void begin_facts(struct stream *s, uint8_t kind, uint64_t trail,
			uint64_t ns)
{
	struct skbtrail_rec_facts r = {
		.size = sizeof(r), .kind = kind, .trail = trail, .ns = ns,
	};

	s->facts = s->len;
	stream_raw(s, &r, sizeof(r));
}

void stream_packet(struct stream *s, uint64_t trail, uint64_t ns)
{
	begin_facts(s, SKBTRAIL_REC_KIND_PACKET, trail, ns);
}

void stream_change(struct stream *s, uint64_t trail, uint64_t ns)
{
	begin_facts(s, SKBTRAIL_REC_KIND_CHANGE, trail, ns);
}

void stream_fact(struct stream *s, uint8_t id, const void *value, uint16_t len)
{
	static const char zero[8];
	struct skbtrail_fact_head head = { .id = id, .len = len };
	uint16_t size;

	stream_raw(s, &head, sizeof(head));
	stream_raw(s, value, len);
	stream_raw(s, zero, (8 - (sizeof(head) + len) % 8) % 8);
	size = s->len - s->facts;
	memcpy(s->buf + s->facts, &size, sizeof(size));
}

void stream_end(struct stream *s, uint64_t trail, uint64_t ns, uint8_t end,
		uint16_t stage, uint32_t reason)
{
	struct skbtrail_rec_end r = {
		.size = sizeof(r), .kind = SKBTRAIL_REC_KIND_END, .end = end,
		.stage = stage, .trail = trail, .ns = ns, .reason = reason,
		.symbol = end == SKBTRAIL_END_KIND_DROPPED,
	};

	stream_raw(s, &r, sizeof(r));
}

void stream_verdict(struct stream *s, uint64_t trail, uint8_t engine, uint8_t cause,
		    uint8_t steps)
{
	struct skbtrail_rec_verdict r = {
		.kind = SKBTRAIL_REC_KIND_VERDICT, .engine = engine,
		.cause = cause, .family = engine == SKBTRAIL_VERDICT_ENGINE_XTABLES ? 2 : 1,
		.hook = 1, .steps = steps, .trail = trail, .ns = 2000, .table = 5,
		.symbol = 1, .priority = -7, .inum = NETNS_INUM,
		.netns = 1,
	};
	char names[8] = "fw";
	uint64_t i;

	r.size = sizeof(r) + (steps ? 8 + steps * 16 : 0);
	stream_raw(s, &r, sizeof(r));
	if (steps)
		stream_raw(s, names, sizeof(names));
	for (i = 1; i <= steps; i++) {
		snprintf(names, sizeof(names), "c%u", (unsigned int)i);
		stream_raw(s, &i, sizeof(i));
		stream_raw(s, names, sizeof(names));
	}
}

void stream_deed(struct stream *s, uint64_t trail, uint64_t ns, uint8_t action, uint8_t nat,
		 uint16_t detail)
{
	struct skbtrail_rec_verdict r;
	size_t at = s->len;

	stream_verdict(s, trail, SKBTRAIL_VERDICT_ENGINE_NFTABLES, SKBTRAIL_VERDICT_CAUSE_RULE, 2);
	memcpy(&r, s->buf + at, sizeof(r));
	r.ns = ns;
	r.action = action;
	r.nat = nat;
	r.detail = detail;
	memcpy(s->buf + at, &r, sizeof(r));
}

void stream_call(struct stream *s, uint64_t trail, uint64_t ns, uint8_t way, uint32_t bytes)
{
	struct skbtrail_rec_call r = {
		.size = sizeof(r), .kind = SKBTRAIL_REC_KIND_CALL, .way = way, .bytes = bytes,
		.trail = trail, .ns = ns, .begun = 900, .cookie = 5, .pos = 5000000100ull,
		.asked = way == SKBTRAIL_CALL_WAY_SEND ? 20000 : 0, .at = 100, .pid = 195,
		.tid = 196, .comm = "curl",
	};

	stream_raw(s, &r, sizeof(r));
}

void stream_inside(struct stream *s, uint64_t trail, uint16_t stage, uint64_t ns)
{
	struct skbtrail_rec_facts r;

	stream_change(s, trail, ns);
	memcpy(&r, s->buf + s->facts, sizeof(r));
	r.flags = SKBTRAIL_FACTS_INSIDE;
	r.stage = stage;
	memcpy(s->buf + s->facts, &r, sizeof(r));
}

/* As a recording has it that was made before links had a place. */
void stream_link(struct stream *s, uint64_t trail, uint64_t parent, uint8_t kind)
{
	struct skbtrail_rec_link r = {
		.size = offsetof(struct skbtrail_rec_link, place),
		.kind = SKBTRAIL_REC_KIND_LINK, .link = kind,
		.trail = trail, .parent = parent,
	};

	stream_raw(s, &r, r.size);
}

void stream_kin(struct stream *s, uint64_t trail, uint64_t parent, uint8_t kind,
		uint32_t place, uint32_t of, uint32_t info)
{
	struct skbtrail_rec_link r = {
		.size = sizeof(r), .kind = SKBTRAIL_REC_KIND_LINK, .link = kind,
		.trail = trail, .parent = parent, .place = place, .of = of, .info = info,
	};

	stream_raw(s, &r, sizeof(r));
}

void stream_lost(struct stream *s, uint8_t cause, uint64_t count, uint64_t first,
		 uint64_t last)
{
	struct skbtrail_rec_lost r = {
		.size = sizeof(r), .kind = SKBTRAIL_REC_KIND_LOST,
		.cause = cause, .count = count, .first_ns = first,
		.last_ns = last,
	};

	stream_raw(s, &r, sizeof(r));
}

void stream_mark(struct stream *s, uint64_t ns)
{
	struct skbtrail_rec_mark r = {
		.size = sizeof(r), .kind = SKBTRAIL_REC_KIND_MARK, .ns = ns,
		.boot_ns = ns, .real_ns = ns + 1000000000000000000ull,
	};

	stream_raw(s, &r, sizeof(r));
}

void stream_summary(struct stream *s)
{
	struct skbtrail_rec_summary r = {
		.size = sizeof(r), .kind = SKBTRAIL_REC_KIND_SUMMARY,
	};

	stream_raw(s, &r, sizeof(r));
}

void stream_dst(struct stream *s, const char *address)
{
	struct in_addr a;

	inet_pton(AF_INET, address, &a);
	stream_fact(s, SKBTRAIL_FACT_DADDR, &a, sizeof(a));
}

void stream_task(struct stream *s, uint8_t id, uint32_t pid, const char *comm)
{
	struct skbtrail_fact_task t = { .pid = pid, .tid = pid };

	memcpy(t.comm, comm, strnlen(comm, sizeof(t.comm)));
	stream_fact(s, id, &t, sizeof(t));
}

void stream_syn(struct stream *s, uint64_t trail, uint64_t ns)
{
	struct skbtrail_fact_dev dev = {
		.ifindex = 2, .inum = NETNS_INUM, .name = "eth0",
	};
	struct skbtrail_fact_tcp tcp = { .seq = 1000, .flags = 2, .doff = 40 };
	uint16_t l3proto = 0x0800, sport = 4711, dport = 25;
	struct in_addr src;
	uint8_t proto = 6;

	inet_pton(AF_INET, "10.0.0.5", &src);
	stream_packet(s, trail, ns);
	stream_fact(s, SKBTRAIL_FACT_L3PROTO, &l3proto, sizeof(l3proto));
	stream_fact(s, SKBTRAIL_FACT_SADDR, &src, sizeof(src));
	stream_dst(s, "10.0.0.9");
	stream_fact(s, SKBTRAIL_FACT_PROTO, &proto, sizeof(proto));
	stream_fact(s, SKBTRAIL_FACT_SPORT, &sport, sizeof(sport));
	stream_fact(s, SKBTRAIL_FACT_DPORT, &dport, sizeof(dport));
	stream_fact(s, SKBTRAIL_FACT_TCP, &tcp, sizeof(tcp));
	stream_fact(s, SKBTRAIL_FACT_DEV, &dev, sizeof(dev));
}
