// SPDX-License-Identifier: GPL-2.0
#include "fact.h"

#include <string.h>

/* What a fact is called and how long its value is; min 0 is a fact without a value here. */
static const struct {
	const char *key;
	uint16_t min;
	uint16_t max;
} facts[] = {
#define EXACT(type) sizeof(type), sizeof(type)
	[SKBTRAIL_FACT_L3PROTO]	= { "l3proto", EXACT(uint16_t) },
	[SKBTRAIL_FACT_SADDR]	= { "src", 4, 16 },
	[SKBTRAIL_FACT_DADDR]	= { "dst", 4, 16 },
	[SKBTRAIL_FACT_PROTO]	= { "proto", EXACT(uint8_t) },
	[SKBTRAIL_FACT_SPORT]	= { "sport", EXACT(uint16_t) },
	[SKBTRAIL_FACT_DPORT]	= { "dport", EXACT(uint16_t) },
	[SKBTRAIL_FACT_DEV]	= { "dev", EXACT(struct skbtrail_fact_dev) },
	[SKBTRAIL_FACT_NETNS]	= { "netns", EXACT(struct skbtrail_fact_netns) },
	[SKBTRAIL_FACT_MARK]	= { "mark", EXACT(uint32_t) },
	[SKBTRAIL_FACT_TTL]	= { "ttl", EXACT(uint8_t) },
	[SKBTRAIL_FACT_TOS]	= { "tos", EXACT(uint8_t) },
	[SKBTRAIL_FACT_IP_ID]	= { "ip_id", EXACT(uint16_t) },
	[SKBTRAIL_FACT_FRAG]	= { "frag", EXACT(uint16_t) },
	[SKBTRAIL_FACT_TCP]	= { "tcp", EXACT(struct skbtrail_fact_tcp) },
	[SKBTRAIL_FACT_ICMP]	= { "icmp", EXACT(struct skbtrail_fact_icmp) },
	[SKBTRAIL_FACT_ARP]	= { "arp", EXACT(struct skbtrail_fact_arp) },
	[SKBTRAIL_FACT_MAC]	= { "mac", 12, 12 },
	[SKBTRAIL_FACT_VLAN]	= { "vlan", EXACT(uint16_t) },
	[SKBTRAIL_FACT_SOCK]	= { "sock", EXACT(struct skbtrail_fact_sock) },
	[SKBTRAIL_FACT_SENDER]	= { "sender", EXACT(struct skbtrail_fact_task) },
	[SKBTRAIL_FACT_READER]	= { "reader", EXACT(struct skbtrail_fact_task) },
	[SKBTRAIL_FACT_ROUTE]	= { "route", EXACT(struct skbtrail_fact_route) },
	[SKBTRAIL_FACT_GSO]	= { "gso", EXACT(struct skbtrail_fact_gso) },
	[SKBTRAIL_FACT_BYTES]	= { "bytes", 0, 0 },
	[SKBTRAIL_FACT_NEIGH]	= { "neigh", EXACT(uint8_t) },
#undef EXACT
};

_Static_assert(sizeof(facts) / sizeof(facts[0]) == SKBTRAIL_FACT_MAX + 1,
	       "a fact has no line in the table");

enum decoded fact_take(const struct fact *fact, struct value *value)
{
	unsigned int id = fact->id;
	uint16_t len = fact->len;

	if (id > SKBTRAIL_FACT_MAX || !facts[id].max)
		return DECODED_END;
	value->len = 0;
	memset(value->data, 0, sizeof(value->data));
	/* a fact that ceased to hold comes without a value */
	if (!len)
		return DECODED_RECORD;
	if (len < facts[id].min)
		return DECODED_DAMAGED;
	if ((id == SKBTRAIL_FACT_SADDR || id == SKBTRAIL_FACT_DADDR) &&
	    len != 4 && len != 16)
		return DECODED_DAMAGED;
	if (len > facts[id].max)
		len = facts[id].max;
	memcpy(value->data, fact->value, len);
	value->len = len;
	return DECODED_RECORD;
}

bool fact_equal(const struct value *a, const struct value *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

const char *fact_key(unsigned int id)
{
	return id <= SKBTRAIL_FACT_MAX ? facts[id].key : NULL;
}

uint32_t fact_number(const struct value *v)
{
	uint16_t half;
	uint32_t word;

	switch (v->len) {
	case 1:
		return v->data[0];
	case 2:
		memcpy(&half, v->data, sizeof(half));
		return half;
	case 4:
		memcpy(&word, v->data, sizeof(word));
		return word;
	default:
		return 0;
	}
}

bool fact_copy(const struct value *v, void *dst, size_t size)
{
	memset(dst, 0, size);
	memcpy(dst, v->data, v->len < size ? v->len : size);
	return v->len;
}
