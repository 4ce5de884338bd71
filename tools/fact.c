// SPDX-License-Identifier: GPL-2.0
#include "fact.h"

#include <assert.h>
#include <string.h>

#include "array.h"

/* What a fact is called and how long its value is; min 0 is a fact without a value here. */
static const struct {
	const char *key;
	uint16_t min;
	uint16_t max;
} facts[] = {
#define FACT(key, type)		{ key, sizeof(type), sizeof(type) }
#define RANGE(key, min, max)	{ key, min, max }
#define PAIR(key, type)		{ key, 2 * sizeof(type), 2 * sizeof(type) }
	[SKBTRAIL_FACT_L3PROTO]	= FACT("l3proto", uint16_t),
	[SKBTRAIL_FACT_SADDR]	= RANGE("src", 4, 16),
	[SKBTRAIL_FACT_DADDR]	= RANGE("dst", 4, 16),
	[SKBTRAIL_FACT_PROTO]	= FACT("proto", uint8_t),
	[SKBTRAIL_FACT_SPORT]	= FACT("sport", uint16_t),
	[SKBTRAIL_FACT_DPORT]	= FACT("dport", uint16_t),
	[SKBTRAIL_FACT_DEV]	= FACT("dev", struct skbtrail_fact_dev),
	[SKBTRAIL_FACT_NETNS]	= FACT("netns", struct skbtrail_fact_netns),
	[SKBTRAIL_FACT_MARK]	= FACT("mark", uint32_t),
	[SKBTRAIL_FACT_TTL]	= FACT("ttl", uint8_t),
	[SKBTRAIL_FACT_TOS]	= FACT("tos", uint8_t),
	[SKBTRAIL_FACT_IP_ID]	= FACT("ip_id", uint16_t),
	[SKBTRAIL_FACT_FRAG]	= FACT("frag", uint16_t),
	[SKBTRAIL_FACT_TCP]	= FACT("tcp", struct skbtrail_fact_tcp),
	[SKBTRAIL_FACT_ICMP]	= FACT("icmp", struct skbtrail_fact_icmp),
	[SKBTRAIL_FACT_ARP]	= FACT("arp", struct skbtrail_fact_arp),
	[SKBTRAIL_FACT_MAC]	= RANGE("mac", 12, 12),
	[SKBTRAIL_FACT_VLAN]	= FACT("vlan", uint16_t),
	/* it has grown */
	[SKBTRAIL_FACT_SOCK]	= RANGE("sock", offsetof(struct skbtrail_fact_sock, rmem),
					sizeof(struct skbtrail_fact_sock)),
	[SKBTRAIL_FACT_SENDER]	= FACT("sender", struct skbtrail_fact_task),
	[SKBTRAIL_FACT_READER]	= FACT("reader", struct skbtrail_fact_task),
	[SKBTRAIL_FACT_ROUTE]	= FACT("route", struct skbtrail_fact_route),
	[SKBTRAIL_FACT_GSO]	= FACT("gso", struct skbtrail_fact_gso),
	[SKBTRAIL_FACT_BYTES]	= RANGE("bytes", 0, 0),
	[SKBTRAIL_FACT_NEIGH]	= FACT("neigh", uint8_t),
	[SKBTRAIL_FACT_TUNNEL]	= FACT("tunnel", struct skbtrail_fact_tunnel),
	[SKBTRAIL_FACT_REWRITE]	= FACT("rewrite", struct skbtrail_fact_rewrite),
	/* before and after, see fact_halves() */
	[SKBTRAIL_FACT_PRIORITY] = PAIR("priority", uint32_t),
	[SKBTRAIL_FACT_MSS]	= PAIR("mss", uint32_t),
	[SKBTRAIL_FACT_PAYLOAD]	= PAIR("payload", struct skbtrail_fact_payload),
	[SKBTRAIL_FACT_CUT]	= PAIR("cut", uint32_t),
	[SKBTRAIL_FACT_CORRUPT]	= FACT("corrupt", uint32_t),
	[SKBTRAIL_FACT_DROP]	= FACT("drop", uint8_t),
	[SKBTRAIL_FACT_CT]	= FACT("ct", struct skbtrail_fact_ct),
	[SKBTRAIL_FACT_CT_ORIG]	= FACT("ct_orig", struct skbtrail_fact_tuple),
	[SKBTRAIL_FACT_CT_REPLY] = FACT("ct_reply", struct skbtrail_fact_tuple),
	[SKBTRAIL_FACT_OWNER]	= FACT("owner", struct skbtrail_fact_task),
	[SKBTRAIL_FACT_QDISC]	= FACT("qdisc", struct skbtrail_fact_qdisc),
	[SKBTRAIL_FACT_ACK]	= FACT("ack", struct skbtrail_fact_ack),
#undef FACT
#undef RANGE
#undef PAIR
};

static_assert(2 * sizeof(struct skbtrail_fact_payload) <= FACT_VALUE_MAX, "a pair fits");
static_assert(sizeof(struct skbtrail_fact_tuple) <= FACT_VALUE_MAX, "a fact that is too long");
static_assert(sizeof(struct skbtrail_fact_sock) <= FACT_VALUE_MAX, "a fact that is too long");
static_assert(ARRAY_SIZE(facts) == SKBTRAIL_FACT_MAX + 1, "a fact without a line");

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

bool fact_halves(unsigned int id, const struct value *v, struct value *old,
		 struct value *new)
{
	switch (id) {
	case SKBTRAIL_FACT_PRIORITY:
	case SKBTRAIL_FACT_MSS:
	case SKBTRAIL_FACT_PAYLOAD:
	case SKBTRAIL_FACT_CUT:
		break;
	default:
		return false;
	}
	memset(old, 0, sizeof(*old));
	memset(new, 0, sizeof(*new));
	old->len = v->len / 2;
	new->len = v->len / 2;
	memcpy(old->data, v->data, old->len);
	memcpy(new->data, v->data + old->len, new->len);
	return true;
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
