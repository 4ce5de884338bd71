// SPDX-License-Identifier: GPL-2.0
#include "render.h"

#include <stdlib.h>

#include "lineage.h"
#include "summary.h"

/* Seconds and nanoseconds of CLOCK_MONOTONIC, then the trail. */
static void print_stamp(const struct canvas *c, const struct trail *t,
			uint64_t ns)
{
	fprintf(c->f, "%llu.%09llu #%llu ",
		(unsigned long long)(ns / 1000000000),
		(unsigned long long)(ns % 1000000000),
		(unsigned long long)t->id);
}

static const char *context(const struct hit *h)
{
	return h->ctx & SKBTRAIL_CTX_HARDIRQ ? "hardirq" :
	       h->ctx & SKBTRAIL_CTX_KSOFTIRQD ? "ksoftirqd" :
	       h->ctx & SKBTRAIL_CTX_SOFTIRQ ? "softirq" : "task";
}

static void print_hit(const struct canvas *c, const struct trail *t,
		      const struct hit *h)
{
	char buf[300];

	print_stamp(c, t, h->ns);
	if (h->cpu == NO_CPU)
		fputs("cpu?", c->f);
	else
		fprintf(c->f, "cpu%u", h->cpu);
	fprintf(c->f, " %s", context(h));
	render_place(c, &h->place, buf, sizeof(buf));
	fprintf(c->f, " %s", *buf ? buf : "-");
	fprintf(c->f, " %s", render_stage(h, buf, sizeof(buf)));
	fprintf(c->f, " %s", render_func(h, buf, sizeof(buf)));
	fprintf(c->f, " %s", render_protocol(t, buf, sizeof(buf)));
	render_flow(c, t);
	fprintf(c->f, " len %u", h->len);
	fputs(render_tells_changes(t, h) ? " " : "", c->f);
	render_changes(c, t, h);
	fputc('\n', c->f);
}

static void print_matches(const struct canvas *c, const struct trail *t, size_t hit)
{
	const struct deed *d;

	for (d = t->deeds; d < t->deeds + t->nr_deeds; d++) {
		if (d->hit != hit || !verdict_matches(d->v))
			continue;
		print_stamp(c, t, d->v->rec.ns);
		render_match(c, d);
	}
}

void render_flat(const struct canvas *c, const struct trail *t)
{
	char *sentence = summary_sentence(t, c->style.utf8);
	size_t i;

	if (t->nr_links && t->links->kind != SKBTRAIL_LINK_KIND_MERGE) {
		print_stamp(c, t, t->start_ns);
		fputs("is", c->f);
		lineage_heading(c->f, t);
		fputc('\n', c->f);
	}
	for (i = 0; i < t->nr_hits; i++) {
		print_hit(c, t, &t->hits[i]);
		print_matches(c, t, i);
	}
	print_stamp(c, t, t->end_ns);
	fprintf(c->f, "end %s\n", sentence);
	free(sentence);
}
