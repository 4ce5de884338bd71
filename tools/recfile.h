/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_RECFILE_H
#define SKBTRAIL_RECFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A recording is the stream itself: a header, then for each batch its length
 * in bytes (u32) and its records. All in the byte order of the machine that
 * wrote it.
 */
#define RECFILE_MAGIC	"skbtrail"
#define RECFILE_VERSION	1

struct recfile_header {
	char magic[8];
	uint32_t version;
	uint32_t abi;
};

/**
 * struct recfile - A recording that is being written or read.
 * @fd: the file
 * @name: what to call it in a sentence
 * @whole: bytes up to the end of the last whole batch
 * @buf: the batch read last
 */
struct recfile {
	int fd;
	const char *name;
	uint64_t whole;
	uint64_t batches;
	void *buf;
	size_t cap;
};

/* Returns 0, or -1 after a sentence; "-" is stdout. */
int recfile_create(struct recfile *r, const char *name);

/* Writes one batch; on failure says so, and leaves a file of whole batches. */
int recfile_write(struct recfile *r, const void *records, size_t len);

/* Returns 0, or -1 after a sentence: no such file, foreign, another version. */
int recfile_open(struct recfile *r, const char *name);

/**
 * enum recfile_got - What recfile_read() found.
 */
enum recfile_got {
	RECFILE_BATCH,
	RECFILE_END,
	RECFILE_TRUNCATED,	/* told in a sentence */
	RECFILE_ERROR,		/* told in a sentence */
};

/* Reads the next batch into @r->buf and sets @len. */
enum recfile_got recfile_read(struct recfile *r, size_t *len);

/* Returns -1 after a sentence when the system could not keep what was written. */
int recfile_close(struct recfile *r);

#endif
