// SPDX-License-Identifier: GPL-2.0
#include "call.h"

#include <json-c/json.h>

#include "clean.h"
#include "json.h"

static struct json_object *json_call(const struct skbtrail_rec_call *c)
{
	struct json_object *o = json_object_new_object();
	char comm[SKBTRAIL_NAME_LEN];

	clean_text(comm, sizeof(comm), c->comm, sizeof(c->comm));
	json_add_number(o, "pid", c->pid);
	json_add_number(o, "tid", c->tid);
	json_add(o, "comm", json_object_new_string(comm));
	json_add_number(o, "sock", c->cookie);
	if (c->begun)
		json_add_number(o, "ns", c->begun);
	if (c->asked)
		json_add_number(o, "size", c->asked);
	json_add_number(o, "at", c->at);
	json_add_number(o, "bytes", c->bytes);
	json_add_number(o, "pos", c->pos);
	return o;
}

void call_json(struct json_object *o, const struct trail *t)
{
	struct json_object *list;
	size_t i;

	if (t->nr_sends) {
		list = json_object_new_array_ext(t->nr_sends);
		for (i = 0; i < t->nr_sends; i++)
			json_object_array_add(list, json_call(&t->sends[i]));
		json_add(o, "sends", list);
	}
	if (t->read.size)
		json_add(o, "read", json_call(&t->read));
}

/* One call whose bytes one segment carries alone is what everybody expects. */
void call_heading(FILE *f, const struct trail *t)
{
	const struct skbtrail_rec_call *c = t->sends;
	char comm[SKBTRAIL_NAME_LEN];

	if (!t->nr_sends || (t->nr_sends == 1 && c->bytes == c->asked))
		return;
	clean_text(comm, sizeof(comm), c->comm, sizeof(c->comm));
	fprintf(f, "  carries bytes %llu to %llu of %u by %s[%u]", c->at + 1ull,
		(unsigned long long)c->at + c->bytes, c->asked, comm, c->pid);
	if (t->nr_sends > 1)
		fprintf(f, ", and of %zu more calls", t->nr_sends - 1);
}
