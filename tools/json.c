// SPDX-License-Identifier: GPL-2.0
#include "json.h"

#include <json-c/json.h>

void json_add(struct json_object *o, const char *key, struct json_object *v)
{
	json_object_object_add(o, key, v);
}

void json_add_bool(struct json_object *o, const char *key, bool on)
{
	json_add(o, key, json_object_new_boolean(on));
}

void json_add_number(struct json_object *o, const char *key, uint64_t n)
{
	json_add(o, key, json_object_new_uint64(n));
}

void json_add_text(struct json_object *o, const char *key, const char *s)
{
	if (s && *s)
		json_add(o, key, json_object_new_string(s));
}

void json_add_words(struct json_object *o, const char *key, uint32_t bits,
		    const struct json_word *words, size_t n)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (bits & words[i].bit)
			json_object_array_add(list, json_object_new_string(words[i].word));
	json_add(o, key, list);
}

void json_print(FILE *f, struct json_object *o)
{
	fputs(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
					     JSON_C_TO_STRING_NOSLASHESCAPE), f);
	fputc('\n', f);
	json_object_put(o);
}
