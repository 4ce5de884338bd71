// SPDX-License-Identifier: GPL-2.0
#include "loss.h"

#include <stdlib.h>

#include "complain.h"

#define MAX_CPUS 65536

static size_t find_cpu(struct loss *l, uint32_t cpu)
{
	size_t i;

	for (i = 0; i < l->nr_cpus; i++)
		if (l->cpus[i].cpu == cpu)
			return i;
	if (l->nr_cpus == MAX_CPUS)
		return 0;
	l->cpus = grow(l->cpus, l->nr_cpus, &l->cap_cpus, sizeof(*l->cpus));
	l->cpus[i].cpu = cpu;
	l->cpus[i].seq = 0;
	l->cpus[i].ns = 0;
	l->nr_cpus++;
	return i;
}

uint64_t loss_batch(struct loss *l, const struct skbtrail_rec_batch *batch)
{
	size_t i = find_cpu(l, batch->cpu);
	uint64_t expected = l->cpus[i].seq + 1;
	uint64_t missing;

	if (batch->seq < expected) {
		l->damaged++;
		return 0;
	}
	missing = batch->seq - expected;
	l->cpus[i].seq = batch->seq;
	l->batches += missing;
	return missing;
}

uint64_t loss_time(struct loss *l, uint32_t cpu, uint64_t ns)
{
	size_t i = find_cpu(l, cpu);
	uint64_t before = l->cpus[i].ns;

	l->cpus[i].ns = ns;
	return before;
}

void loss_record(struct loss *l, const struct skbtrail_rec_lost *lost)
{
	/* index 0 holds the causes that are not known here */
	l->told[lost->cause <= SKBTRAIL_LOST_CAUSE_MAX ? lost->cause : 0] +=
		lost->count;
}

void loss_summary(struct loss *l, const struct skbtrail_rec_summary *sum)
{
	l->summary = *sum;
	l->summed = true;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * The lost records and the totals tell of the same losses; a lost record can
 * itself be lost, and so can the totals. Those have no causes of their own for these.
 */
static uint64_t lost_other(const struct loss *l)
{
	uint64_t named = l->told[SKBTRAIL_LOST_CAUSE_NMI] + l->told[SKBTRAIL_LOST_CAUSE_LIST] +
			 l->told[SKBTRAIL_LOST_CAUSE_MISSED] +
			 l->told[SKBTRAIL_LOST_CAUSE_SWITCHED];

	return larger(l->summary.lost_other, l->told[0] + named) - named;
}

struct line {
	uint64_t n;
	const char *text;
};

static size_t lines(const struct loss *l, struct line *line)
{
	size_t n = 0;

	line[n++] = (struct line) {
		larger(l->summary.lost_buffer, l->told[SKBTRAIL_LOST_CAUSE_BUFFER]),
		"records for want of buffer (raise --buffer)" };
	line[n++] = (struct line) {
		larger(l->summary.lost_table, l->told[SKBTRAIL_LOST_CAUSE_TABLE]),
		"packets not followed, the identity table was full (raise entries=)" };
	line[n++] = (struct line) {
		larger(l->summary.lost_admission,
		       l->told[SKBTRAIL_LOST_CAUSE_ADMISSION]),
		"packets not followed, the buffer was nearly full (raise --buffer)" };
	line[n++] = (struct line) { l->told[SKBTRAIL_LOST_CAUSE_NMI],
		"sightings in an NMI, or while another was looked at" };
	line[n++] = (struct line) { l->told[SKBTRAIL_LOST_CAUSE_LIST],
		"packets at the ends of receive lists that were too long" };
	line[n++] = (struct line) { l->told[SKBTRAIL_LOST_CAUSE_MISSED],
		"kprobe hits the kernel skipped" };
	line[n++] = (struct line) { lost_other(l), "sightings for another cause" };
	line[n++] = (struct line) { l->told[SKBTRAIL_LOST_CAUSE_SWITCHED],
		"times kprobes were switched off or on (nothing is followed meanwhile)" };
	line[n++] = (struct line) { l->batches, "whole batches" };
	line[n++] = (struct line) { l->overruns, "overruns of the socket" };
	line[n++] = (struct line) { l->damaged, "damaged records" };
	return n;
}

#define MAX_LINES 11

uint64_t loss_total(const struct loss *l)
{
	struct line line[MAX_LINES];
	size_t i, n = lines(l, line);
	uint64_t total = 0;

	for (i = 0; i < n; i++)
		total += line[i].n;
	return total;
}

bool loss_complete(const struct loss *l)
{
	return !loss_total(l) && l->summed && !l->truncated;
}

void loss_print(FILE *f, const struct loss *l)
{
	struct line line[MAX_LINES];
	size_t i, n = lines(l, line);
	const char *join = " (";

	fprintf(f, "lost: %llu", (unsigned long long)loss_total(l));
	for (i = 0; i < n; i++) {
		if (!line[i].n)
			continue;
		fprintf(f, "%s%llu %s", join, (unsigned long long)line[i].n,
			line[i].text);
		join = "; ";
	}
	if (loss_complete(l))
		fputs(" (nothing was lost)\n", f);
	else if (!loss_total(l))
		fputs(" that is known of, but the stream has no end\n", f);
	else
		fputs(")\n", f);
}

void loss_release(struct loss *l)
{
	free(l->cpus);
}
