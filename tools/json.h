/* SPDX-License-Identifier: GPL-2.0 */
/* Members of objects of JSON, on json-c. */
#ifndef SKBTRAIL_JSON_H
#define SKBTRAIL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_object;

/* Takes over the caller's reference to @v; NULL is null. */
void json_add(struct json_object *o, const char *key, struct json_object *v);

void json_add_bool(struct json_object *o, const char *key, bool on);
void json_add_number(struct json_object *o, const char *key, uint64_t n);

/* Nothing for a text that is NULL or empty. */
void json_add_text(struct json_object *o, const char *key, const char *s);

/* Writes @o as one line and drops the caller's reference. */
void json_print(FILE *f, struct json_object *o);

#endif
