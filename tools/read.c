// SPDX-License-Identifier: GPL-2.0
#include "commands.h"

#include "complain.h"
#include "filter.h"
#include "recfile.h"
#include "view.h"

static int show(const struct options *opts, struct recfile *file,
		const struct filter *filter)
{
	enum recfile_got got = RECFILE_END;
	struct view view;
	int status;
	size_t len;

	view_init(&view, opts, stdout, style_of_stdout(), filter);
	while (!view_done(&view) &&
	       (got = recfile_read(file, &len)) == RECFILE_BATCH)
		view_batch(&view, file->buf, len);
	if (view_done(&view)) {
		/* what was not read is not missing */
		view.loss.summed = true;
		got = RECFILE_END;
	}
	view.loss.truncated = got != RECFILE_END;
	status = view_finish(&view, !view.loss.summed);
	view_release(&view);
	return got == RECFILE_ERROR ? STATUS_ERROR : status;
}

int command_read(const struct options *opts)
{
	struct filter filter;
	struct recfile file;
	int status = STATUS_ERROR;

	if (filter_compile(&filter, opts->filter))
		return STATUS_ERROR;
	if (*filter.text && !filter.l3.bf_len)
		complain("a recording holds no link layer headers, so '%s' cannot be asked of it",
			 filter.text);
	else if (!recfile_open(&file, opts->file)) {
		status = show(opts, &file, &filter);
		recfile_close(&file);
	}
	filter_release(&filter);
	return status;
}
