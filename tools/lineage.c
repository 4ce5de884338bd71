// SPDX-License-Identifier: GPL-2.0
/*
 * What trails say of each other. Ids count up as packets are made, so those of
 * a family mostly stand in a row.
 */
#include "lineage.h"

#include "array.h"
#include "summary.h"

/* so many rows of ids are written out */
#define MAX_ROWS 6

static unsigned long long id_of(const struct link *l)
{
	return l->trail;
}

/* The next of this kind from @i on, @n when there is none. */
static size_t next_of(const struct link *links, size_t n, size_t i, uint8_t kind)
{
	while (i < n && links[i].kind != kind)
		i++;
	return i;
}

static size_t count_of(const struct link *links, size_t n, uint8_t kind)
{
	size_t i, count = 0;

	for (i = next_of(links, n, 0, kind); i < n; i = next_of(links, n, i + 1, kind))
		count++;
	return count;
}

static void print_row(FILE *f, const struct link *first, const struct link *last)
{
	if (first == last)
		fprintf(f, "#%llu", id_of(first));
	else if (first->trail + 1 == last->trail)
		fprintf(f, "#%llu, #%llu", id_of(first), id_of(last));
	else
		fprintf(f, "#%llu to #%llu", id_of(first), id_of(last));
}

/* "#2 to #8, #10" */
static void print_ids(FILE *f, const struct link *links, size_t n, uint8_t kind)
{
	size_t i = next_of(links, n, 0, kind), next, last, rows = 0;

	while (i < n) {
		for (last = i; ; last = next) {
			next = next_of(links, n, last + 1, kind);
			if (next == n || links[next].trail != links[last].trail + 1)
				break;
		}
		fputs(rows ? ", " : "", f);
		if (rows++ == MAX_ROWS) {
			fputs("and others", f);
			return;
		}
		print_row(f, &links[i], &links[last]);
		i = next;
	}
}

static void print_reassembled(FILE *f, const struct trail *t)
{
	size_t n = count_of(t->links, t->nr_links, SKBTRAIL_LINK_KIND_REASSEMBLY);
	size_t i = next_of(t->links, t->nr_links, 0, SKBTRAIL_LINK_KIND_REASSEMBLY);

	fprintf(f, "  reassembled from %u fragments", t->links[i].of);
	fputs(n < t->links[i].of ? ", of which followed: " : ", ", f);
	print_ids(f, t->links, t->nr_links, SKBTRAIL_LINK_KIND_REASSEMBLY);
}

const char *lineage_why(uint32_t info)
{
	static const char *const words[] = {
		[SKBTRAIL_RETRANSMIT_WHY_RTO]	= "rto",
		[SKBTRAIL_RETRANSMIT_WHY_FAST]	= "fast",
		[SKBTRAIL_RETRANSMIT_WHY_TLP]	= "tlp",
		[SKBTRAIL_RETRANSMIT_WHY_LOSS]	= "loss",
	};

	return info < ARRAY_SIZE(words) ? words[info] : NULL;
}

static const char *why_text(uint32_t info)
{
	static const char *const texts[] = {
		[SKBTRAIL_RETRANSMIT_WHY_RTO]	= "its timer ran out, RTO",
		[SKBTRAIL_RETRANSMIT_WHY_FAST]	= "fast retransmit",
		[SKBTRAIL_RETRANSMIT_WHY_TLP]	= "tail loss probe",
		[SKBTRAIL_RETRANSMIT_WHY_LOSS]	= "loss recovery",
	};

	return lineage_why(info) ? texts[info] : "why is unknown";
}

static void print_link(FILE *f, const struct link *l)
{
	const char *word = summary_link_word(l->kind);

	if (l->kind == SKBTRAIL_LINK_KIND_RETRANSMIT) {
		if (l->place)
			fprintf(f, "  transmission %u", l->place);
		else
			fputs("  sent again", f);
		fprintf(f, ", last as #%llu (%s)", id_of(l), why_text(l->info));
		return;
	}
	fprintf(f, "  %s", word ? word : "relative");
	if (l->place && l->of)
		fprintf(f, " %u of %u", l->place, l->of);
	else if (l->place)
		fprintf(f, " %u", l->place);
	fprintf(f, " of #%llu", id_of(l));
}

void lineage_heading(FILE *f, const struct trail *t)
{
	bool told = false;
	size_t i;

	for (i = 0; i < t->nr_links; i++) {
		switch (t->links[i].kind) {
		case SKBTRAIL_LINK_KIND_MERGE:
			break;
		case SKBTRAIL_LINK_KIND_REASSEMBLY:
			if (!told)
				print_reassembled(f, t);
			told = true;
			break;
		default:
			print_link(f, &t->links[i]);
		}
	}
}

/* What pieces of this kind are called; NULL when it is no piece. */
static const char *pieces(uint8_t kind)
{
	return kind == SKBTRAIL_LINK_KIND_SEGMENT ? "segments" :
	       kind == SKBTRAIL_LINK_KIND_FRAGMENT ? "fragments" : NULL;
}

/* The first link that says @t was cut, NULL when it was not. */
static const struct link *first_piece(const struct trail *t)
{
	size_t i;

	for (i = 0; i < t->nr_linked_by; i++)
		if (pieces(t->linked_by[i].kind))
			return &t->linked_by[i];
	return NULL;
}

/* A packet whose second piece is the first that is another one goes on as its first. */
static bool goes_on(const struct trail *t, uint8_t kind)
{
	size_t i;

	for (i = 0; i < t->nr_linked_by; i++)
		if (t->linked_by[i].kind == kind && t->linked_by[i].place < 2)
			return false;
	return true;
}

bool lineage_cut(FILE *f, const struct trail *t)
{
	const struct link *piece = first_piece(t);
	size_t n;

	if (!piece || goes_on(t, piece->kind))
		return false;
	n = count_of(t->linked_by, t->nr_linked_by, piece->kind);
	fprintf(f, "cut into %zu %s", piece->of > n ? piece->of : n, pieces(piece->kind));
	fputs(n < piece->of ? ", of which followed: " : ", ", f);
	print_ids(f, t->linked_by, t->nr_linked_by, piece->kind);
	return true;
}

static void print_goes_on(FILE *f, const struct trail *t)
{
	const struct link *piece = first_piece(t);

	if (!piece || !goes_on(t, piece->kind))
		return;
	fputs("; went on as the first of ", f);
	if (piece->of)
		fprintf(f, "%u ", piece->of);
	fprintf(f, "%s, others: ", pieces(piece->kind));
	print_ids(f, t->linked_by, t->nr_linked_by, piece->kind);
}

static void print_again(FILE *f, const struct trail *t)
{
	size_t i = next_of(t->linked_by, t->nr_linked_by, 0, SKBTRAIL_LINK_KIND_RETRANSMIT);

	if (i == t->nr_linked_by)
		return;
	fputs("; sent again as ", f);
	print_ids(f, t->linked_by, t->nr_linked_by, SKBTRAIL_LINK_KIND_RETRANSMIT);
}

void lineage_tail(FILE *f, const struct trail *t)
{
	print_goes_on(f, t);
	print_again(f, t);
}
