// SPDX-License-Identifier: GPL-2.0
#include "drops.h"

#include <stdlib.h>
#include <string.h>

#include "summary.h"

void drops_count(struct drops *d, const struct trail *t)
{
	char *text = summary_cause(t);
	size_t i;

	if (!text)
		return;
	for (i = 0; i < d->nr && strcmp(d->cause[i].text, text) != 0; i++)
		;
	if (i < d->nr) {
		d->cause[i].count++;
		free(text);
	} else if (i < DROPS_MAX) {
		d->cause[i].text = text;
		d->cause[i].count = 1;
		d->nr++;
	} else {
		d->others++;
		free(text);
	}
}

static int by_count(const void *va, const void *vb)
{
	const struct drop_cause *a = va, *b = vb;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->text, b->text);
}

void drops_print(FILE *f, struct drops *d)
{
	size_t i;

	qsort(d->cause, d->nr, sizeof(d->cause[0]), by_count);
	for (i = 0; i < d->nr; i++)
		fprintf(f, "%6llu  %s\n", (unsigned long long)d->cause[i].count,
			d->cause[i].text);
	if (d->others)
		fprintf(f, "%6llu  dropped for other causes\n", (unsigned long long)d->others);
}

void drops_release(struct drops *d)
{
	while (d->nr)
		free(d->cause[--d->nr].text);
}
