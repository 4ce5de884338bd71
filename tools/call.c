// SPDX-License-Identifier: GPL-2.0
#include "call.h"

#include <json-c/json.h>
#include <string.h>

#include "json.h"

/* The process that called, the way a fact tells of one. */
static struct value caller(const struct skbtrail_rec_call *c)
{
	struct skbtrail_fact_task task = { .cookie = c->cookie, .pid = c->pid, .tid = c->tid };
	struct value v = { .len = sizeof(task) };

	memcpy(task.comm, c->comm, sizeof(task.comm));
	memcpy(v.data, &task, sizeof(task));
	return v;
}

static struct json_object *json_call(const struct skbtrail_rec_call *c)
{
	const struct value task = caller(c);
	struct json_object *o = fact_json(SKBTRAIL_FACT_SENDER, &task);

	/* of a call a text, even when it is empty */
	if (!*c->comm)
		json_add(o, "comm", json_object_new_string(""));
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
	struct value task;

	if (!t->nr_sends || (t->nr_sends == 1 && c->bytes == c->asked))
		return;
	task = caller(c);
	fprintf(f, "  carries bytes %llu to %llu of %u by ", c->at + 1ull,
		(unsigned long long)c->at + c->bytes, c->asked);
	fact_text(f, SKBTRAIL_FACT_SENDER, &task);
	if (t->nr_sends > 1)
		fprintf(f, ", and of %zu more calls", t->nr_sends - 1);
}
