/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_FILTER_H
#define SKBTRAIL_FILTER_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trail.h"

/**
 * struct filter - A pcap filter in its two forms.
 * @text: as the user wrote it; empty matches everything
 * @l2: for packets that begin with an Ethernet header
 * @l3: for packets that begin with an IP header; no instructions when the
 *	filter asks for what only a link header tells
 */
struct filter {
	const char *text;
	struct bpf_program l2;
	struct bpf_program l3;
};

/* Returns 0, or -1 after a sentence and the place of the error on stderr. */
int filter_compile(struct filter *f, const char *text);
void filter_release(struct filter *f);

/**
 * filter_place - Where a filter cannot be understood.
 * @text: a filter that does not compile
 * @error: what libpcap said
 *
 * Returns an offset into @text, its length when something is missing at the
 * end.
 */
size_t filter_place(const char *text, const char *error);

/* Whether the captured bytes of @t, or a header made of its facts, match. */
bool filter_match(const struct filter *f, const struct trail *t);

/**
 * filter_packet - Headers as @t's facts describe them.
 * @buf: filled in from the network header on
 * @len: set to the length the whole packet had
 *
 * For trails without captured bytes. Returns the bytes written, 0 where the
 * facts are too few.
 */
size_t filter_packet(const struct trail *t, uint8_t *buf, size_t size,
		     uint32_t *len);

#endif
