/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_FACT_H
#define SKBTRAIL_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/skbtrail.h>

#include "decode.h"

struct json_object;

#define FACT_VALUE_MAX sizeof(struct skbtrail_fact_route)

/**
 * struct value - What is known of one fact.
 * @len: bytes of @data; 0 when nothing is known
 * @data: as the kernel sent it
 */
struct value {
	uint16_t len;
	uint8_t data[FACT_VALUE_MAX];
};

/**
 * struct facts - All that is known of a packet at one moment.
 * @v: by enum skbtrail_fact; fact bytes is not held here
 */
struct facts {
	struct value v[SKBTRAIL_FACT_MAX + 1];
};

/**
 * fact_take - Check a fact and copy its value.
 * @fact: as decoded
 * @value: filled in; bytes that a newer kernel appended are left out
 *
 * Returns DECODED_RECORD, DECODED_END for a fact that is not known here, and
 * DECODED_DAMAGED for one whose length cannot be true.
 */
enum decoded fact_take(const struct fact *fact, struct value *value);

/* Facts of rewriting tell what was as well: false for other ones. */
bool fact_halves(unsigned int id, const struct value *v, struct value *old,
		 struct value *new);

bool fact_equal(const struct value *a, const struct value *b);

/* Name of a fact as a key of JSON; NULL for ids not known here. */
const char *fact_key(unsigned int id);

/* Unsigned integer of 1, 2 or 4 bytes; 0 when nothing is known. */
uint32_t fact_number(const struct value *v);

/* Copies the value into @dst, zeroes what is missing. Returns whether something is known. */
bool fact_copy(const struct value *v, void *dst, size_t size);

/* For people: one fact, the way it reads after its key. Nothing for an unknown value. */
void fact_text(FILE *f, unsigned int id, const struct value *v);

/* For JSON: a new object, NULL (null) for an unknown value. */
struct json_object *fact_json(unsigned int id, const struct value *v);

/* Address of 4 or 16 bytes as text; returns @buf, empty when unknown. */
const char *fact_address(const struct value *v, char *buf, size_t size);

/* MAC address of 6 bytes, "52:54:00:12:34:56"; returns @buf. */
const char *fact_mac(const uint8_t *mac, char *buf, size_t size);

/* "tcp", "udp", ...; a number for protocols without a name here. */
const char *fact_protocol(unsigned int proto, char *buf, size_t size);

/* "ipv4", "ipv6", "arp", else the Ethertype in hexadecimal. */
const char *fact_family(unsigned int l3proto, char *buf, size_t size);

/* "SYN,ACK" with @separator for the comma. */
const char *fact_tcp_flags(unsigned int flags, char separator, char *buf,
			   size_t size);

/* "echo request", "destination unreachable"; NULL for types without a name here. */
const char *fact_icmp_type(unsigned int type, bool v6);

const char *fact_arp_op(unsigned int op);

/* "encap", "decap"; NULL for what is not known here. */
const char *fact_tunnel_way(unsigned int way);

/* Names from libnl, "unicast", "reachable". */
const char *fact_route_type(unsigned int type, char *buf, size_t size);
const char *fact_neigh_state(unsigned int state, char *buf, size_t size);

/* "new", "established", ...: what conntrack calls a packet; NULL for what is not known here. */
const char *fact_ct_state(unsigned int state);

/* Whether conntrack calls the packet something else, or its connection has another mark. */
bool fact_ct_differs(const struct value *a, const struct value *b);

/* What a TCP segment says of what was sent: "new", "duplicate"; NULL for what is not known here. */
const char *fact_ack_kind(unsigned int kind);

/* "established", ...; NULL for 0 and for states without a name. */
const char *fact_tcp_state(unsigned int state);

#endif
