/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_RENDER_H
#define SKBTRAIL_RENDER_H

#include <stdio.h>

#include "names.h"
#include "text.h"
#include "trail.h"

/**
 * struct canvas - What a renderer writes to.
 * @f: output
 * @style: what @f can show
 * @names: for names of network namespaces
 */
struct canvas {
	FILE *f;
	struct style style;
	const struct names *names;
};

/* Writes one finished trail. */
typedef void (*render_fn)(const struct canvas *c, const struct trail *t);

/* For people: a heading, a line per hit, a sentence. */
void render_tree(const struct canvas *c, const struct trail *t);

/* For grep: each hit on a line of its own that says everything. */
void render_flat(const struct canvas *c, const struct trail *t);

/* For programs: one object on one line. */
void render_json(const struct canvas *c, const struct trail *t);

/* "10.0.0.5:4711", "[fe80::1]:53", "10.0.0.5", "?"; returns @buf. */
const char *render_endpoint(const struct value *addr, const struct value *port,
			    char *buf, size_t size);

/* "eth0@red", "eth0", "@red", "": device and namespace; returns @buf. */
const char *render_place(const struct canvas *c, const struct place *place,
			 char *buf, size_t size);

/* "ip.rcv" and "ip_rcv"; "stage-3" and "point-5" where that was never told. May use @buf. */
const char *render_stage(const struct hit *h, char *buf, size_t size);
const char *render_func(const struct hit *h, char *buf, size_t size);

/* The sender if it is known, else the reader; NULL when neither is. */
const struct value *render_process(const struct trail *t);

/* Protocol of the heading: "tcp", "arp", "ipv6", "packet" when nothing is known. */
const char *render_protocol(const struct trail *t, char *buf, size_t size);

/* " 10.0.0.5:4711 → 10.0.0.9:25 SYN": who talks to whom, and what. */
void render_flow(const struct canvas *c, const struct trail *t);

/* Whether render_changes() has something to write. */
bool render_tells_changes(const struct trail *t, const struct hit *h);

/* Whether people care for a change that is not in the heading already. */
bool render_worth_telling(const struct change *ch);

/* "matched nft inet fw input handle 7 "tcp dport 25 accept" → accept", a line. */
void render_match(const struct canvas *c, const struct deed *d);

/* "dst 10.0.0.9 → 10.0.0.10", one for each change of @h that people care for. */
void render_changes(const struct canvas *c, const struct trail *t,
		    const struct hit *h);

#endif
