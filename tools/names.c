// SPDX-License-Identifier: GPL-2.0
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "clean.h"
#include "complain.h"

#define BUCKETS 4096
#define TEXT_MAX 512

struct names {
	struct name *bucket[BUCKETS];
};

static size_t hash(uint8_t dict, uint32_t id)
{
	return (id * 2654435761u ^ dict * 40503u) % BUCKETS;
}

struct names *names_new(void)
{
	return xcalloc(1, sizeof(struct names));
}

void names_free(struct names *names)
{
	struct name *n, *next;
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		for (n = names->bucket[i]; n; n = next) {
			next = n->next;
			free(n);
		}
	}
	free(names);
}

void names_add(struct names *names, uint8_t dict, uint32_t id, uint32_t parent,
	       uint32_t info, const void *text, size_t len)
{
	struct name **bucket = &names->bucket[hash(dict, id)];
	const struct name *old = names_get(names, dict, id);
	char clean[TEXT_MAX];
	struct name *n;
	size_t size;

	clean_text(clean, sizeof(clean), text, len);
	if (old && !strcmp(old->text, clean) && old->parent == parent &&
	    old->info == info)
		return;
	size = strlen(clean) + 1;
	n = xcalloc(1, sizeof(*n) + size);
	n->dict = dict;
	n->id = id;
	n->parent = parent;
	n->info = info;
	memcpy(n->text, clean, size);
	/* in front of an older name, which others may still point to */
	n->next = *bucket;
	*bucket = n;
}

const struct name *names_get(const struct names *names, uint8_t dict,
			     uint32_t id)
{
	const struct name *n = names->bucket[hash(dict, id)];

	while (n && (n->dict != dict || n->id != id))
		n = n->next;
	return n;
}

const char *names_text(const struct names *names, uint8_t dict, uint32_t id)
{
	const struct name *n = names_get(names, dict, id);

	return n ? n->text : NULL;
}
