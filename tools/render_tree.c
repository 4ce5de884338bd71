// SPDX-License-Identifier: GPL-2.0
#include "render.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "lineage.h"
#include "reason.h"
#include "summary.h"

#define PLACE_LEN 300

static const char *const weights[] = {
	['b'] = "\033[1m", ['d'] = "\033[2m", ['0'] = "\033[0m",
	['c'] = "\033[36m", ['y'] = "\033[33m",
};

static void weight(const struct canvas *c, char which)
{
	if (c->style.colour)
		fputs(weights[(unsigned char)which], c->f);
}

static void render_heading(const struct canvas *c, const struct trail *t)
{
	const struct value *process = render_process(t);
	char buf[32];

	weight(c, 'b');
	fprintf(c->f, "#%llu %s", (unsigned long long)t->id,
		render_protocol(t, buf, sizeof(buf)));
	weight(c, '0');
	render_flow(c, t);
	if (t->len)
		fprintf(c->f, " %u bytes", t->len);
	if (process) {
		fputs("  ", c->f);
		fact_text(c->f, SKBTRAIL_FACT_SENDER, process);
	}
	call_heading(c->f, t);
	lineage_heading(c->f, t);
	fputc('\n', c->f);
}

/**
 * struct columns - Widths of one trail's table.
 */
struct columns {
	size_t stage;
	size_t func;
	size_t place;
};

static void widen(size_t *width, const char *s)
{
	size_t n = text_columns(s);

	if (n > *width)
		*width = n;
}

/* A place without a device is new only in another namespace. */
static bool moves(const struct trail *t, size_t i)
{
	const struct place *now = &t->hits[i].place;
	const struct place *before = i ? &t->hits[i - 1].place : NULL;

	return !before || now->inum != before->inum ||
	       (*now->dev && strcmp(now->dev, before->dev) != 0);
}

static struct columns measure(const struct canvas *c, const struct trail *t)
{
	struct columns w = { 0 };
	char buf[PLACE_LEN];
	size_t i;

	for (i = 0; i < t->nr_hits; i++) {
		const struct hit *h = &t->hits[i];

		widen(&w.stage, render_stage(h, buf, sizeof(buf)));
		widen(&w.func, render_func(h, buf, sizeof(buf)));
		widen(&w.place, render_place(c, &h->place, buf, sizeof(buf)));
	}
	return w;
}

static void render_times(const struct canvas *c, const struct trail *t, size_t i)
{
	char text[DURATION_LEN], buf[DURATION_LEN + 1];
	uint64_t ns = t->hits[i].ns;
	bool before = ns < t->start_ns;
	size_t n;

	snprintf(buf, sizeof(buf), "%c%s", before ? '-' : '+',
		 text_duration(text, sizeof(text), before ? t->start_ns - ns :
			       ns - t->start_ns, c->style.utf8));
	n = text_columns(buf);
	fprintf(c->f, "%*s%s ", n < 11 ? (int)(11 - n) : 0, "", buf);
	*buf = '\0';
	if (i)
		text_duration(buf, sizeof(buf),
			      t->hits[i].ns - t->hits[i - 1].ns, c->style.utf8);
	n = text_columns(buf);
	weight(c, 'd');
	fprintf(c->f, "%*s%s  ", n < 8 ? (int)(8 - n) : 0, "", buf);
	weight(c, '0');
}

static void render_hit(const struct canvas *c, const struct trail *t, size_t i,
		       const struct columns *w)
{
	const struct hit *h = &t->hits[i];
	bool moved = moves(t, i);
	bool more = render_tells_changes(t, h);
	char place[PLACE_LEN] = "";
	char buf[PLACE_LEN];

	if (moved)
		render_place(c, &h->place, place, sizeof(place));
	render_times(c, t, i);
	weight(c, 'c');
	text_pad(c->f, render_stage(h, buf, sizeof(buf)), w->stage);
	weight(c, '0');
	weight(c, 'd');
	fputs("  ", c->f);
	text_pad(c->f, render_func(h, buf, sizeof(buf)), *place || more ? w->func : 0);
	weight(c, '0');
	if (*place || more) {
		fputs("  ", c->f);
		text_pad(c->f, place, more ? w->place : 0);
	}
	if (more) {
		fputs("  ", c->f);
		weight(c, 'y');
		render_changes(c, t, h);
		weight(c, '0');
	}
	fputc('\n', c->f);
}

/* below the line of their point */
static void render_matches(const struct canvas *c, const struct trail *t, size_t hit)
{
	const struct deed *d;

	weight(c, 'y');
	for (d = t->deeds; d < t->deeds + t->nr_deeds; d++) {
		if (d->hit != hit || !verdict_matches(d->v))
			continue;
		fprintf(c->f, "%24s", "");
		render_match(c, d);
	}
	weight(c, '0');
}

static void render_advice(const struct canvas *c, const struct trail *t)
{
	const struct reason *reason = summary_meaning(t);

	if (!reason || !*reason->advice)
		return;
	weight(c, 'd');
	fprintf(c->f, "  check: %s\n", reason->advice);
	weight(c, '0');
}

static void render_stack(const struct canvas *c, const struct trail *t)
{
	size_t i;

	weight(c, 'd');
	for (i = 0; i < t->depth; i++)
		fprintf(c->f, "    %s %s\n", i ? "by" : "at",
			t->stack[i] ? t->stack[i] : "unknown");
	weight(c, '0');
}

void render_tree(const struct canvas *c, const struct trail *t)
{
	struct columns w = measure(c, t);
	char *sentence = summary_sentence(t, c->style.utf8);
	size_t i;

	render_heading(c, t);
	for (i = 0; i < t->nr_hits; i++) {
		render_hit(c, t, i, &w);
		render_matches(c, t, i);
	}
	weight(c, 'b');
	fprintf(c->f, "  %s", sentence);
	weight(c, '0');
	fputc('\n', c->f);
	render_advice(c, t);
	render_stack(c, t);
	fputc('\n', c->f);
	free(sentence);
}
