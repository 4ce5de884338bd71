/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_NAMES_H
#define SKBTRAIL_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include <linux/skbtrail.h>

/*
 * Dictionaries of our own, written by "skbtrail record" beside the kernel's:
 * they begin far above, and readers skip the ones they do not know.
 */
enum {
	DICT_NETNS = 200,	/* id: inode number; text: name below /run/netns */
	DICT_RULE,		/* id, parent: verdict_key(); text: a rule of netfilter */
};

/**
 * struct name - Text for an id of one dictionary.
 * @parent: point: its stage
 * @info: stage: layer | direction << 8; point: attach kind
 */
struct name {
	struct name *next;
	uint32_t id;
	uint32_t parent;
	uint32_t info;
	uint8_t dict;
	char text[];
};

/* Texts live as long as their table, even when a later record renames the id. */
struct names;

struct names *names_new(void);
void names_free(struct names *names);

/* @text need not end in NUL; @len bytes of it may be read. */
void names_add(struct names *names, uint8_t dict, uint32_t id, uint32_t parent,
	       uint32_t info, const void *text, size_t len);

/* Returns NULL for an id without a name. */
const struct name *names_get(const struct names *names, uint8_t dict,
			     uint32_t id);

/* The text alone; NULL for an id without a name. */
const char *names_text(const struct names *names, uint8_t dict, uint32_t id);

#endif
