/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_FLIGHT_H
#define SKBTRAIL_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names.h"
#include "trail.h"

/**
 * struct event - One hit, packet or change record, or what a hook or a call did, in its order of
 *	arrival.
 * @facts: offset into the flight's facts; what a hook or a call did is there as its whole record
 * @facts_len: bytes there; 0 for hits
 * @ctx: of a hit; flags of a change record
 */
struct event {
	uint64_t ns;
	uint32_t order;
	uint32_t cpu;
	uint32_t len;
	uint32_t info;
	uint32_t facts;
	uint16_t facts_len;
	uint16_t point;
	uint16_t stage;
	uint8_t kind;
	uint8_t ctx;
};

/* Links, in an array that grows. */
struct links {
	struct link *v;
	size_t nr;
	size_t cap;
};

/**
 * struct flight - A trail that is not finished yet.
 * @hash_next: next of its hash bucket
 * @older: towards the one that was quiet longest
 * @newer: towards the one that was heard of last
 * @first_ns: earliest time of any of its records
 * @last_ns: latest
 * @born_ns: earliest time at which the packet existed, UINT64_MAX unknown
 * @verdict: of netfilter, the last one told; NULL none
 * @stack: numbers of the calls that led to its being dropped, from there outwards
 * @depth: how many; 0 not known
 * @end: as told by the kernel; end.end is 0 before that
 */
struct flight {
	struct flight *hash_next;
	struct flight *older;
	struct flight *newer;
	uint64_t id;
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t born_ns;
	struct event *events;
	size_t nr_events;
	size_t cap_events;
	uint8_t *facts;
	size_t len_facts;
	size_t cap_facts;
	struct links links;
	struct links linked_by;
	size_t nr_hits;
	uint64_t skipped;
	struct verdict *verdict;
	struct skbtrail_rec_end end;
	uint32_t stack[SKBTRAIL_MAX_STACK];
	uint32_t depth;
};

/**
 * trail_build - Make a trail of a flight.
 * @t: filled in; trail_release() frees what it holds, @f stays untouched
 *	but for the order of its events and must outlive @t
 * @names: texts that @t points to
 * @damaged: raised by one for every fact that made no sense
 */
void trail_build(struct trail *t, struct flight *f, const struct names *names,
		 uint64_t *damaged);

#endif
