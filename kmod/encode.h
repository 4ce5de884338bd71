/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ENCODE_H
#define SKBTRAIL_ENCODE_H

#include <linux/skbtrail.h>

#include "view.h"

struct nf_hook_state;
struct sk_buff;
struct skbtrail_calls;
struct skbtrail_fact_task;
struct skbtrail_life;
struct skbtrail_point;
struct sock;

/**
 * struct skbtrail_sighting - one packet at one point
 * @p: where
 * @skb: the packet
 * @sk: socket the function was given, or NULL
 * @nf: netfilter state, or NULL
 * @ns: when, CLOCK_MONOTONIC
 * @info: for the hit record
 * @located: view holds where the network header is
 * @parsed: view holds the headers
 * @outward: the stage is on the way out of this host
 * @dirty: headers may change behind this point
 * @tracked: conntrack has just looked at it
 * @view: see @located and @parsed
 */
struct skbtrail_sighting {
	const struct skbtrail_point	*p;
	struct sk_buff			*skb;
	struct sock			*sk;
	const struct nf_hook_state	*nf;
	u64				ns;
	u32				info;
	bool				located;
	bool				parsed;
	bool				outward;
	bool				dirty;
	bool				tracked;
	struct skbtrail_view		view;
};

/*
 * All of these run with interrupts off, the set of @life locked where there
 * is one, and never fail: what finds no room is counted as lost.
 */

/** skbtrail_encode_admitted() - which of @sessions have room for a new trail */
u32 skbtrail_encode_admitted(u32 sessions, const struct skbtrail_sighting *s);

/** skbtrail_encode_lost() - count @n losses for @sessions */
void skbtrail_encode_lost(u32 sessions, enum skbtrail_lost_cause cause, u32 n, u64 ns);

/** skbtrail_encode_packet() - tell @sessions that a trail begins, and what came before */
void skbtrail_encode_packet(struct skbtrail_life *life, struct skbtrail_sighting *s,
			    u32 sessions, const struct skbtrail_calls *calls);

/** skbtrail_encode_heir() - tell those who inherited @life that its trail begins */
void skbtrail_encode_heir(struct skbtrail_life *life, struct skbtrail_sighting *s);

/**
 * struct skbtrail_kin - how one trail comes from another
 * @kind: enum skbtrail_link_kind
 * @info: as in the record
 * @place: which one it is, from 1; 0 not known
 * @of: of how many; 0 not known
 */
struct skbtrail_kin {
	u8	kind;
	u32	info;
	u32	place;
	u32	of;
};

/** skbtrail_encode_link() - tell @sessions that @trail comes from @parent */
void skbtrail_encode_link(u64 trail, u64 parent, const struct skbtrail_kin *kin,
			  u32 sessions, u64 ns);

/** skbtrail_encode_clone() - tell of a trail that begins as a clone of @parent; hits to @watch */
void skbtrail_encode_clone(struct skbtrail_life *life, const struct skbtrail_life *parent,
			   struct skbtrail_sighting *s, u32 watch);

/** skbtrail_encode_changes() - tell those who follow what changed since they were last told */
void skbtrail_encode_changes(struct skbtrail_life *life, struct skbtrail_sighting *s);

/**
 * skbtrail_encode_find() - look for changes inside a netfilter point
 *
 * Return: whether there are any. Then skbtrail_encode_inside() must follow, on this CPU and
 * with nothing else of encode.c between.
 */
bool skbtrail_encode_find(struct skbtrail_life *life, struct skbtrail_sighting *s);

/** skbtrail_encode_inside() - tell what skbtrail_encode_find() found */
void skbtrail_encode_inside(const struct skbtrail_life *life, const struct skbtrail_sighting *s);

/** skbtrail_encode_hit() - tell what changed, then the hit, to those who follow and @watch */
void skbtrail_encode_hit(struct skbtrail_life *life, struct skbtrail_sighting *s, u32 watch);

/** skbtrail_encode_drop() - tell what shows where a packet is dropped; @vague: for no reason */
void skbtrail_encode_drop(struct skbtrail_life *life, const struct skbtrail_sighting *s,
			  bool vague);

/** skbtrail_encode_reader() - tell who reads the packet: @task, at @p since @begun, 0 if unknown */
void skbtrail_encode_reader(struct skbtrail_life *life, const struct skbtrail_sighting *s,
			    const struct skbtrail_fact_task *task, const struct skbtrail_point *p,
			    u64 begun);

/**
 * skbtrail_encode_read() - tell who reads the packet, and since when it wanted to
 *
 * Of a TCP segment, whose bytes several calls may read: @bytes of them, from @at on.
 */
void skbtrail_encode_read(struct skbtrail_life *life, const struct skbtrail_sighting *s,
			  u32 at, u32 bytes);

/** skbtrail_encode_sends() - tell @sessions which send calls wrote the bytes of a segment */
void skbtrail_encode_sends(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			   u32 sessions);

/** skbtrail_encode_bare_hit() - a hit of a trail whose packet may be gone */
void skbtrail_encode_bare_hit(const struct skbtrail_point *p, u64 trail, u32 sessions, u64 ns);

/** skbtrail_encode_end() - tell that a trail ended */
void skbtrail_encode_end(const struct skbtrail_life *life, const struct skbtrail_sighting *s,
			 enum skbtrail_end_kind end, u32 reason, u32 symbol);

#endif /* SKBTRAIL_ENCODE_H */
