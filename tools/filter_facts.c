// SPDX-License-Identifier: GPL-2.0
/* A header made of facts, so that a filter can judge a trail without captured bytes. */
#include "filter.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

static uint32_t number(const struct trail *t, unsigned int id)
{
	return fact_number(&t->first.v[id]);
}

static size_t make_ipv4(const struct trail *t, uint8_t *buf)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5,
		.tos = number(t, SKBTRAIL_FACT_TOS),
		.tot_len = htons(t->len),
		.id = htons(number(t, SKBTRAIL_FACT_IP_ID)),
		.ttl = number(t, SKBTRAIL_FACT_TTL),
		.protocol = number(t, SKBTRAIL_FACT_PROTO),
	};
	uint32_t frag = number(t, SKBTRAIL_FACT_FRAG);

	ip.frag_off = htons((frag & ~7u) / 8 | (frag & 1 ? 0x2000 : 0));
	fact_copy(&t->first.v[SKBTRAIL_FACT_SADDR], &ip.saddr, 4);
	fact_copy(&t->first.v[SKBTRAIL_FACT_DADDR], &ip.daddr, 4);
	memcpy(buf, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t make_ipv6(const struct trail *t, uint8_t *buf)
{
	struct ipv6hdr ip = {
		.version = 6,
		.nexthdr = number(t, SKBTRAIL_FACT_PROTO),
		.hop_limit = number(t, SKBTRAIL_FACT_TTL),
	};

	if (t->len > sizeof(ip))
		ip.payload_len = htons(t->len - sizeof(ip));
	fact_copy(&t->first.v[SKBTRAIL_FACT_SADDR], &ip.saddr, 16);
	fact_copy(&t->first.v[SKBTRAIL_FACT_DADDR], &ip.daddr, 16);
	memcpy(buf, &ip, sizeof(ip));
	return sizeof(ip);
}

static size_t make_tcp(const struct trail *t, uint8_t *buf)
{
	struct skbtrail_fact_tcp fact;
	struct tcphdr tcp = {
		.source = htons(number(t, SKBTRAIL_FACT_SPORT)),
		.dest = htons(number(t, SKBTRAIL_FACT_DPORT)),
		.doff = sizeof(tcp) / 4,
	};

	if (fact_copy(&t->first.v[SKBTRAIL_FACT_TCP], &fact, sizeof(fact))) {
		tcp.seq = htonl(fact.seq);
		tcp.ack_seq = htonl(fact.ack);
		tcp.window = htons(fact.window);
	}
	memcpy(buf, &tcp, sizeof(tcp));
	buf[13] = fact.flags;
	return sizeof(tcp);
}

static size_t make_udp(const struct trail *t, uint8_t *buf)
{
	struct udphdr udp = {
		.source = htons(number(t, SKBTRAIL_FACT_SPORT)),
		.dest = htons(number(t, SKBTRAIL_FACT_DPORT)),
	};

	memcpy(buf, &udp, sizeof(udp));
	return sizeof(udp);
}

static size_t make_icmp(const struct trail *t, uint8_t *buf)
{
	struct skbtrail_fact_icmp icmp;

	fact_copy(&t->first.v[SKBTRAIL_FACT_ICMP], &icmp, sizeof(icmp));
	memset(buf, 0, 8);
	buf[0] = icmp.type;
	buf[1] = icmp.code;
	buf[4] = icmp.id >> 8;
	buf[5] = icmp.id;
	buf[6] = icmp.seq >> 8;
	buf[7] = icmp.seq;
	return 8;
}

static size_t make_transport(const struct trail *t, uint8_t *buf)
{
	switch (number(t, SKBTRAIL_FACT_PROTO)) {
	case IPPROTO_TCP:
		return make_tcp(t, buf);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
		return make_udp(t, buf);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return make_icmp(t, buf);
	default:
		return 0;
	}
}

size_t filter_packet(const struct trail *t, uint8_t *buf, size_t size,
		     uint32_t *len)
{
	size_t n;

	if (size < sizeof(struct ipv6hdr) + sizeof(struct tcphdr))
		return 0;
	if (t->first.v[SKBTRAIL_FACT_SADDR].len == 4)
		n = make_ipv4(t, buf);
	else if (t->first.v[SKBTRAIL_FACT_SADDR].len == 16)
		n = make_ipv6(t, buf);
	else
		return 0;
	n += make_transport(t, buf + n);
	*len = t->len > n ? t->len : n;
	return n;
}
