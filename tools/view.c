// SPDX-License-Identifier: GPL-2.0
#include "view.h"

#include <errno.h>
#include <string.h>

#include "complain.h"
#include "summary.h"

static bool wanted(const struct view *v, const struct trail *t)
{
	if (v->opts->drops && t->end != SKBTRAIL_END_KIND_DROPPED)
		return false;
	return !v->filter || filter_match(v->filter, t);
}

static void check_output(struct view *v)
{
	if (!fflush(v->canvas.f) && !ferror(v->canvas.f))
		return;
	v->gone = true;
	if (errno != EPIPE && !v->failed) {
		v->failed = true;
		complain("cannot write: %s", strerror(errno));
	}
}

static void show(void *arg, struct trail *t)
{
	struct view *v = arg;
	unsigned int end = t->end;

	if (view_done(v) || !wanted(v, t))
		return;
	v->render(&v->canvas, t);
	check_output(v);
	if (v->gone)
		return;
	v->shown++;
	drops_count(&v->drops, t);
	v->ends[end && end <= SKBTRAIL_END_KIND_MAX ?
		end : SKBTRAIL_END_KIND_UNKNOWN]++;
}

void view_init(struct view *v, const struct options *opts, FILE *f,
	       struct style style, const struct filter *filter)
{
	memset(v, 0, sizeof(*v));
	v->opts = opts;
	v->filter = filter;
	v->render = opts->json ? render_json : opts->flat ? render_flat :
							    render_tree;
	v->names = names_new();
	v->canvas = (struct canvas) { f, style, v->names };
	v->assembly = assembly_new(v->names, show, v);
}

void view_release(struct view *v)
{
	assembly_free(v->assembly);
	names_free(v->names);
	loss_release(&v->loss);
	drops_release(&v->drops);
}

bool view_done(const struct view *v)
{
	return v->gone || (v->opts->count && v->shown >= v->opts->count);
}

static void take_name(struct view *v, const struct record *rec)
{
	names_add(v->names, rec->name.dict, rec->name.id, rec->name.parent,
		  rec->name.info, rec->body, rec->body_len);
}

/* Time of a record that a CPU writes as things happen; 0 for others. */
static uint64_t time_of(const struct record *rec)
{
	switch (rec->kind) {
	case SKBTRAIL_REC_KIND_HIT:
		return rec->hit.ctx & SKBTRAIL_CTX_EARLIER ? 0 : rec->hit.ns;
	case SKBTRAIL_REC_KIND_PACKET:
	case SKBTRAIL_REC_KIND_CHANGE:
		return rec->facts.ns;
	case SKBTRAIL_REC_KIND_VERDICT:
		return rec->verdict.ns;
	case SKBTRAIL_REC_KIND_CALL:
		return rec->call.ns;
	case SKBTRAIL_REC_KIND_STACK:
		return rec->stack.ns;
	case SKBTRAIL_REC_KIND_END:
		return rec->end.ns;
	default:
		return 0;
	}
}

/* Missing batches lie between the last record of this CPU and this one. */
static void note_time(struct view *v, const struct record *rec, uint32_t cpu)
{
	uint64_t ns = time_of(rec);
	uint64_t before;

	if (!ns)
		return;
	before = loss_time(&v->loss, cpu, ns);
	if (v->missing)
		assembly_gap(v->assembly, before, ns, v->missing);
	v->missing = 0;
}

/* Of the causes, these two cost whole packets and no record of a followed one. */
static bool tears_trails(const struct skbtrail_rec_lost *lost)
{
	return lost->cause != SKBTRAIL_LOST_CAUSE_TABLE &&
	       lost->cause != SKBTRAIL_LOST_CAUSE_ADMISSION;
}

static void take_lost(struct view *v, const struct skbtrail_rec_lost *lost)
{
	loss_record(&v->loss, lost);
	if (tears_trails(lost))
		assembly_gap(v->assembly, lost->first_ns, lost->last_ns,
			     lost->count);
}

static void take_record(struct view *v, const struct record *rec, uint32_t *cpu)
{
	note_time(v, rec, *cpu);
	switch (rec->kind) {
	case SKBTRAIL_REC_KIND_BATCH:
		*cpu = rec->batch.cpu;
		v->missing = loss_batch(&v->loss, &rec->batch);
		break;
	case SKBTRAIL_REC_KIND_LOST:
		take_lost(v, &rec->lost);
		break;
	case SKBTRAIL_REC_KIND_NAME:
		take_name(v, rec);
		break;
	case SKBTRAIL_REC_KIND_MARK:
		assembly_mark(v->assembly, &rec->mark);
		break;
	case SKBTRAIL_REC_KIND_SUMMARY:
		loss_summary(&v->loss, &rec->summary);
		break;
	case SKBTRAIL_REC_KIND_VERDICT:
		if (v->verdict)
			v->verdict(v->names, rec);
		assembly_record(v->assembly, rec, *cpu);
		break;
	default:
		assembly_record(v->assembly, rec, *cpu);
	}
}

void view_batch(struct view *v, const void *records, size_t len)
{
	struct cursor c = { records, len };
	uint32_t cpu = NO_CPU;
	struct record rec;
	enum decoded got;

	v->missing = 0;
	while ((got = decode_next(&c, &rec)) != DECODED_END) {
		if (got == DECODED_DAMAGED)
			v->loss.damaged++;
		else
			take_record(v, &rec, &cpu);
	}
}

static void print_totals(struct view *v)
{
	const char *join = ": ";
	unsigned int i;

	fprintf(stderr, "%llu trail%s shown", (unsigned long long)v->shown,
		v->shown == 1 ? "" : "s");
	for (i = 1; i <= SKBTRAIL_END_KIND_MAX; i++) {
		if (!v->ends[i])
			continue;
		fprintf(stderr, "%s%llu %s", join,
			(unsigned long long)v->ends[i], summary_end_word(i));
		join = ", ";
	}
	fputc('\n', stderr);
	drops_print(stderr, &v->drops);
	loss_print(stderr, &v->loss);
}

int view_finish(struct view *v, bool cut)
{
	assembly_stop(v->assembly, cut);
	v->loss.damaged += assembly_damaged(v->assembly);
	if (!v->gone)
		check_output(v);
	print_totals(v);
	if (v->failed)
		return STATUS_ERROR;
	return loss_complete(&v->loss) ? STATUS_OK : STATUS_INCOMPLETE;
}
