// SPDX-License-Identifier: GPL-2.0
#include "gaps.h"

void gaps_add(struct gaps *g, uint64_t first, uint64_t last, uint64_t count)
{
	/* too many to tell apart: the last one grows */
	size_t i = g->nr < MAX_GAPS ? g->nr++ : MAX_GAPS - 1;

	if (!g->gap[i].count || first < g->gap[i].first)
		g->gap[i].first = first;
	if (!g->gap[i].count || last > g->gap[i].last)
		g->gap[i].last = last;
	g->gap[i].count += count;
}

uint64_t gaps_lost(const struct gaps *g, uint64_t start, uint64_t end)
{
	uint64_t lost = 0;
	size_t i;

	for (i = 0; i < g->nr; i++)
		if (g->gap[i].first <= end && g->gap[i].last >= start)
			lost += g->gap[i].count;
	return lost;
}

void gaps_drop(struct gaps *g, uint64_t oldest)
{
	size_t i, kept = 0;

	for (i = 0; i < g->nr; i++)
		if (g->gap[i].last >= oldest)
			g->gap[kept++] = g->gap[i];
	for (i = kept; i < g->nr; i++)
		g->gap[i].count = 0;
	g->nr = kept;
}
