// SPDX-License-Identifier: GPL-2.0
#include "commands.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "complain.h"
#include "json.h"
#include "stagelist.h"
#include "text.h"

/* Also a text that is empty. */
static void add(struct json_object *o, const char *key, const char *text)
{
	json_add(o, key, json_object_new_string(text));
}

static struct json_object *json_points(const struct stage *s)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < s->nr_points; i++) {
		const struct stage_point *p = &s->points[i];
		struct json_object *o = json_object_new_object();

		add(o, "func", p->func);
		add(o, "attach", stage_kind_word(p->kind));
		add(o, "state", stage_state_word(p->state));
		json_add_text(o, "reason", p->reason);
		json_add_text(o, "module", p->module);
		json_object_array_add(list, o);
	}
	return list;
}

static void print_json(const struct stage *s)
{
	struct json_object *o = json_object_new_object();

	add(o, "stage", s->name);
	json_add_number(o, "id", s->id);
	add(o, "layer", stage_layer_word(s->layer));
	add(o, "direction", stage_direction_word(s->direction));
	add(o, "state", stage_state_word(stage_state(s)));
	json_add_number(o, "users", s->users);
	add(o, "doc", s->doc);
	json_add(o, "points", json_points(s));
	json_print(stdout, o);
}

/* Whether a point belongs on a person's screen: in use, or the reason why nothing is. */
static bool worth_showing(const struct stage *s, const struct stage_point *p)
{
	if (p->state == SKBTRAIL_POINT_STATE_UNAVAILABLE ||
	    p->state == SKBTRAIL_POINT_STATE_ABSENT)
		return stage_state(s) == p->state;
	return p->state != SKBTRAIL_POINT_STATE_SHADOWED;
}

static void print_functions(const struct stage *s)
{
	const char *join = "";
	size_t i;

	for (i = 0; i < s->nr_points; i++) {
		if (!worth_showing(s, &s->points[i]))
			continue;
		printf("%s%s", join, s->points[i].func);
		if (*s->points[i].module)
			printf(" [%s]", s->points[i].module);
		join = ", ";
	}
}

static const char *attach_word(const struct stage *s)
{
	const char *word = "-";
	size_t i;

	if (stage_state(s) == SKBTRAIL_POINT_STATE_UNAVAILABLE)
		return word;
	for (i = 0; i < s->nr_points; i++) {
		const char *kind = stage_kind_word(s->points[i].kind);

		if (!worth_showing(s, &s->points[i]))
			continue;
		if (*word != '-' && strcmp(word, kind) != 0)
			return "mixed";
		word = kind;
	}
	return word;
}

static void print_row(const char *name, const char *layer, const char *dir,
		      const char *how, const char *state, size_t width)
{
	text_pad(stdout, name, width);
	printf("  %-9s  %-7s  %-10s  %-11s  ", layer, dir, how, state);
}

static void print_table(const struct stagelist *list)
{
	size_t width = strlen("STAGE");
	size_t i;

	for (i = 0; i < list->nr; i++)
		if (text_columns(list->stages[i].name) > width)
			width = text_columns(list->stages[i].name);
	print_row("STAGE", "LAYER", "PASSED", "ATTACHED", "STATE", width);
	puts("FUNCTIONS");
	for (i = 0; i < list->nr; i++) {
		const struct stage *s = &list->stages[i];

		print_row(s->name, stage_layer_word(s->layer),
			  stage_direction_word(s->direction), attach_word(s),
			  stage_state_word(stage_state(s)), width);
		print_functions(s);
		if (stage_state(s) == SKBTRAIL_POINT_STATE_UNAVAILABLE &&
		    *stage_reason(s))
			printf(": %s", stage_reason(s));
		putchar('\n');
	}
}

int command_stages(const struct options *opts)
{
	struct stagelist list;
	struct family family;
	size_t i;
	int ret;

	if (family_connect(&family, NULL))
		return STATUS_ERROR;
	ret = stagelist_get(&list, &family);
	family_close(&family);
	if (ret)
		return STATUS_ERROR;
	if (opts->json)
		for (i = 0; i < list.nr; i++)
			print_json(&list.stages[i]);
	else
		print_table(&list);
	stagelist_release(&list);
	return STATUS_OK;
}
