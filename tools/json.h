/* SPDX-License-Identifier: GPL-2.0 */
/* Members of objects of JSON, on json-c. */
#ifndef SKBTRAIL_JSON_H
#define SKBTRAIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;

/* Takes over the caller's reference to @v; NULL is null. */
void json_add(struct json_object *o, const char *key, struct json_object *v);

void json_add_bool(struct json_object *o, const char *key, bool on);
void json_add_number(struct json_object *o, const char *key, uint64_t n);

/* Nothing for a text that is NULL or empty. */
void json_add_text(struct json_object *o, const char *key, const char *s);

/**
 * struct json_word - What a bit is called.
 */
struct json_word {
	uint32_t bit;
	const char *word;
};

/* Adds the list of the words whose bit is set. */
void json_add_words(struct json_object *o, const char *key, uint32_t bits,
		    const struct json_word *words, size_t n);

/* Writes @o as one line and drops the caller's reference. */
void json_print(FILE *f, struct json_object *o);

#endif
