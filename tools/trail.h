/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_TRAIL_H
#define SKBTRAIL_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/skbtrail.h>

#include "fact.h"
#include "verdict.h"

#define NO_CPU UINT32_MAX

/* what the kernel tells at most */
#define TRAIL_SENDS 4

/**
 * struct place - Where a packet was.
 * @dev: device name, empty when no device was known
 * @inum: inode number of the network namespace, 0 when unknown
 */
struct place {
	char dev[SKBTRAIL_NAME_LEN];
	uint32_t inum;
};

/**
 * struct change - One fact that is new or different.
 * @fact: enum skbtrail_fact
 * @old: what was known before; no length when there was nothing
 * @new: what is known from here on; no length when it ceased to hold
 * @rule: rewrite rule that made it, 0 none
 * @dry: or would have made it, had it not been a dry run
 */
struct change {
	uint8_t fact;
	bool dry;
	uint32_t rule;
	struct value old;
	struct value new;
};

/**
 * struct deed - What a hook of netfilter did with the packet.
 * @v: which one, and by which rule
 * @hit: index of the hit of its point
 * @changes: first of what it changed in the trail's array for that
 * @nr_changes: how many
 */
struct deed {
	struct verdict *v;
	size_t hit;
	uint32_t changes;
	uint32_t nr_changes;
};

/**
 * struct hit - The packet passed one stage.
 * @ns: CLOCK_MONOTONIC, in nanoseconds
 * @stage: name of the stage, NULL when it was never told
 * @func: function or tracepoint that saw it, NULL when it was never told
 * @layer: enum skbtrail_layer, 0 unknown
 * @direction: enum skbtrail_direction, 0 unknown
 * @cpu: NO_CPU when unknown
 * @len: packet length here in bytes, 0 before there is a packet
 * @changes: first of its changes in the trail's array
 * @nr_changes: how many
 */
struct hit {
	uint64_t ns;
	const char *stage;
	const char *func;
	struct place place;
	uint8_t layer;
	uint8_t direction;
	uint32_t cpu;
	uint32_t len;
	uint32_t info;
	uint32_t changes;
	uint32_t nr_changes;
	uint16_t stage_id;
	uint16_t point_id;
	uint8_t ctx;
};

/**
 * struct link - How this trail is related to another one.
 * @kind: enum skbtrail_link_kind
 * @trail: id of the other, the parent; of a link that names us, the child
 * @place: which one of @of, from 1; 0 unknown
 * @of: how many there are; 0 unknown
 * @info: as in the record
 */
struct link {
	uint8_t kind;
	uint64_t trail;
	uint32_t place;
	uint32_t of;
	uint32_t info;
};

/**
 * struct trail - A finished trail, all that a renderer reads.
 * @start_ns: first hit but for the creation of its socket and for a reader
 *	that waited; CLOCK_MONOTONIC in nanoseconds
 * @end_ns: end; when delivered, the moment its bytes were copied
 * @queued_ns: how long it lay in its socket's queue; 0: not delivered, or not known
 * @real_offset: add to a time of this trail for CLOCK_REALTIME; 0 unknown
 * @end: enum skbtrail_end_kind
 * @unknown: enum skbtrail_unknown_reason, or one of enum tool_unknown
 * @reason: number of the drop reason
 * @reason_name: its name, NULL unless dropped and told
 * @symbol: code location of the end, NULL when unknown
 * @verdict: who in netfilter dropped it, NULL unless told
 * @where: stage passed last, NULL when unknown
 * @first: the first known value of each fact
 * @last: the last one
 * @bytes: captured bytes from the network header on, NULL when none
 * @len: bytes from the network header on, as far as a hit tells
 * @lost: records of any trail that were lost while this one was in flight
 * @skipped: hits that were counted but not kept
 * @headless: its packet record never came
 * @deeds: what hooks did with it, in order; what they changed is among the changes of
 *	their hits as well, there as a whole
 * @done: changes of deeds
 * @sends: calls that wrote bytes it carries
 * @read: call that read bytes of it last; size 0: none is known
 * @links: what it comes from, or went into
 * @linked_by: links of other trails that name this one, as far as they came
 *	before it was finished
 */
struct trail {
	uint64_t id;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t queued_ns;
	int64_t real_offset;
	uint8_t end;
	uint8_t unknown;
	uint32_t reason;
	const char *reason_name;
	const char *symbol;
	const char *stack[SKBTRAIL_MAX_STACK];
	size_t depth;
	const struct verdict *verdict;
	const char *where;
	struct facts first;
	struct facts last;
	const uint8_t *bytes;
	size_t bytes_len;
	uint32_t len;
	uint64_t lost;
	uint64_t skipped;
	bool headless;
	struct hit *hits;
	size_t nr_hits;
	struct change *changes;
	size_t nr_changes;
	struct deed *deeds;
	size_t nr_deeds;
	struct change *done;
	size_t nr_done;
	struct skbtrail_rec_call sends[TRAIL_SENDS];
	size_t nr_sends;
	struct skbtrail_rec_call read;
	const struct link *links;
	size_t nr_links;
	const struct link *linked_by;
	size_t nr_linked_by;
};

/* Reasons for an unknown end that only the tool has. */
enum tool_unknown {
	UNKNOWN_CROWDED = 200,	/* too many trails in flight to keep waiting */
	UNKNOWN_CUT,		/* the recording ends in the middle */
};

/*
 * Whether a hit tells of the call that waited for the packet: it can be much
 * older, and it was made where the packet arrives, not where it begins.
 */
bool hit_awaits(const struct hit *h);

/* Whether any hit passed the stage of this name. */
bool trail_passed(const struct trail *t, const char *stage);

/* Last hit of that stage, NULL when there is none. */
const struct hit *trail_last(const struct trail *t, const char *stage);

/* Frees what trail_build() allocated. */
void trail_release(struct trail *t);

#endif
