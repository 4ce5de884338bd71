// SPDX-License-Identifier: GPL-2.0
/*
 * Batches go to the file as they come. Of their records only those that tell
 * of losses, verdicts and ends are looked at, unless trails are to be shown as well.
 */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "decode.h"
#include "netns.h"
#include "recfile.h"
#include "ruletext.h"
#include "session.h"
#include "view.h"

/**
 * struct recorder - A recording in the making.
 * @view: shows trails as well, if @showing
 * @ended: trails whose end was seen and that count
 * @names: namespaces and rules whose text is in the file
 */
struct recorder {
	const struct options *opts;
	struct recfile file;
	struct view view;
	struct loss loss;
	struct names *names;
	bool showing;
	bool failed;
	uint64_t ended;
};

static void write_batch(struct recorder *r, const void *records, size_t len)
{
	if (!r->failed && recfile_write(&r->file, records, len))
		r->failed = true;
}

static void write_name(struct recorder *r, uint8_t dict, uint32_t id, uint32_t parent,
		       const char *text)
{
	struct {
		struct skbtrail_rec_name rec;
		char text[512];
	} entry = { .rec = { .kind = SKBTRAIL_REC_KIND_NAME, .dict = dict,
			     .id = id, .parent = parent } };
	size_t len = strnlen(text, sizeof(entry.text) - 1);

	memcpy(entry.text, text, len);
	entry.rec.size = (sizeof(entry.rec) + len + 1 + 7) / 8 * 8;
	write_batch(r, &entry, entry.rec.size);
}

/* The kernel knows namespaces by number; their names are only known here and now. */
static void write_netns(void *arg, const char *name, uint32_t inum)
{
	const char *known;
	struct recorder *r = arg;

	known = names_text(r->names, DICT_NETNS, inum);
	if (known && !strcmp(known, name))
		return;
	names_add(r->names, DICT_NETNS, inum, 0, 0, name, strlen(name));
	write_name(r, DICT_NETNS, inum, 0, name);
}

/* Nor does a rule that is looked at later say what it said when it dropped. */
static void write_rule(struct recorder *r, const struct record *rec)
{
	const struct name *text = ruletext_learn(r->names, rec);

	if (text)
		write_name(r, DICT_RULE, text->id, text->parent, text->text);
}

static void tally(struct recorder *r, const struct record *rec)
{
	switch (rec->kind) {
	case SKBTRAIL_REC_KIND_BATCH:
		loss_batch(&r->loss, &rec->batch);
		break;
	case SKBTRAIL_REC_KIND_LOST:
		loss_record(&r->loss, &rec->lost);
		break;
	case SKBTRAIL_REC_KIND_SUMMARY:
		loss_summary(&r->loss, &rec->summary);
		break;
	case SKBTRAIL_REC_KIND_MARK:
		netns_for_each(write_netns, r);
		break;
	case SKBTRAIL_REC_KIND_VERDICT:
		write_rule(r, rec);
		break;
	case SKBTRAIL_REC_KIND_END:
		r->ended += !r->opts->drops ||
			    rec->end.end == SKBTRAIL_END_KIND_DROPPED;
		break;
	}
}

/* A file that is overwritten for a session that cannot start would be a pity. */
static int begin(void *arg)
{
	struct recorder *r = arg;

	if (recfile_create(&r->file, r->opts->output))
		return -1;
	netns_for_each(write_netns, r);
	return r->failed ? -1 : 0;
}

/* most of a stream; a recorder has no use for them */
#define NO_INTEREST (1u << SKBTRAIL_REC_KIND_HIT | \
		     1u << SKBTRAIL_REC_KIND_PACKET | \
		     1u << SKBTRAIL_REC_KIND_CHANGE | \
		     1u << SKBTRAIL_REC_KIND_LINK | \
		     1u << SKBTRAIL_REC_KIND_CALL | \
		     1u << SKBTRAIL_REC_KIND_STACK | \
		     1u << SKBTRAIL_REC_KIND_NAME)

/*
 * A CPU's batch without losses and verdicts need not be looked into when nobody
 * counts ends: it is nearly all of a stream.
 */
static bool plain(const struct recorder *r, const struct record *first)
{
	return !r->opts->count && first->batch.cpu != NO_CPU &&
	       !(first->batch.flags & (SKBTRAIL_BATCH_LOST | SKBTRAIL_BATCH_VERDICT));
}

static void tally_batch(struct recorder *r, const void *records, size_t len)
{
	struct cursor c = { records, len };
	struct record rec;
	enum decoded got;

	for (;;) {
		decode_skip(&c, NO_INTEREST);
		got = decode_next(&c, &rec);
		if (got == DECODED_END)
			break;
		if (got == DECODED_DAMAGED) {
			r->loss.damaged++;
			continue;
		}
		tally(r, &rec);
		if (rec.kind == SKBTRAIL_REC_KIND_BATCH && plain(r, &rec))
			break;
	}
}

static bool take_batch(void *arg, const void *records, size_t len)
{
	struct recorder *r = arg;

	tally_batch(r, records, len);
	write_batch(r, records, len);
	if (r->showing) {
		netns_scan(r->view.names);
		view_batch(&r->view, records, len);
	}
	return r->loss.summed;
}

static bool done(void *arg)
{
	const struct recorder *r = arg;

	if (r->failed)
		return true;
	return r->showing ? view_done(&r->view) :
			    r->opts->count && r->ended >= r->opts->count;
}

static void overrun(void *arg)
{
	struct recorder *r = arg;

	r->loss.overruns++;
	r->view.loss.overruns++;
}

static int finish(struct recorder *r)
{
	if (r->showing)
		return view_finish(&r->view, !r->loss.summed);
	fprintf(stderr, "recorded: trails %llu, hits %llu, batches %llu\n",
		(unsigned long long)r->loss.summary.trails,
		(unsigned long long)r->loss.summary.hits,
		(unsigned long long)r->file.batches);
	loss_print(stderr, &r->loss);
	return loss_complete(&r->loss) ? STATUS_OK : STATUS_INCOMPLETE;
}

static int record(struct recorder *r)
{
	static const struct session_ops ops = {
		.begin = begin, .batch = take_batch, .done = done,
		.overrun = overrun,
	};
	int status = STATUS_ERROR;

	if (!session_run(r->opts, &ops, r) && !r->failed)
		status = finish(r);
	if (recfile_close(&r->file))
		status = STATUS_ERROR;
	return status;
}

int command_record(const struct options *opts)
{
	struct recorder r = { .opts = opts, .showing = opts->json || opts->flat };
	int status;

	if (!opts->output) {
		complain("'skbtrail record' needs -o FILE");
		return STATUS_ERROR;
	}
	if (r.showing && !strcmp(opts->output, "-")) {
		complain("-o - and %s cannot both have the standard output",
			 opts->json ? "--json" : "--flat");
		return STATUS_ERROR;
	}
	r.names = names_new();
	view_init(&r.view, opts, stdout, style_of_stdout(), NULL);
	r.view.verdict = ruletext_learn;
	r.file.fd = -1;
	status = record(&r);
	view_release(&r.view);
	loss_release(&r.loss);
	names_free(r.names);
	return status;
}
