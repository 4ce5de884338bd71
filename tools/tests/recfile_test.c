// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "recfile.h"

static char path[64];

static void make(size_t keep)
{
	struct recfile r;

	CHECK(!recfile_create(&r, path));
	CHECK(!recfile_write(&r, "aaaaaaaa", 8));
	CHECK(!recfile_write(&r, "bbbbbbbbbbbbbbbb", 16));
	CHECK(!recfile_close(&r));
	if (keep)
		CHECK(!truncate(path, keep));
}

static void round_trip(void)
{
	struct recfile r;
	size_t len;

	make(0);
	CHECK(!recfile_open(&r, path));
	CHECK(recfile_read(&r, &len) == RECFILE_BATCH && len == 8);
	CHECK(!memcmp(r.buf, "aaaaaaaa", 8));
	CHECK(recfile_read(&r, &len) == RECFILE_BATCH && len == 16);
	CHECK(recfile_read(&r, &len) == RECFILE_END);
	recfile_close(&r);
}

static void read_truncated(void *arg)
{
	struct recfile r;
	size_t len;

	CHECK(!recfile_open(&r, arg));
	CHECK(recfile_read(&r, &len) == RECFILE_BATCH);
	CHECK(recfile_read(&r, &len) == RECFILE_TRUNCATED);
	recfile_close(&r);
}

static void cut_short(void)
{
	size_t cut;
	char *text;

	/* header 16, first batch 12, second 20 */
	for (cut = 29; cut < 48; cut++) {
		make(cut);
		text = unit_stderr(read_truncated, path);
		CHECK_HAS(text, "truncated after 1 whole batches");
		free(text);
	}
}

static void open_foreign(void *arg)
{
	struct recfile r;

	CHECK(recfile_open(&r, arg));
	if (r.fd >= 0)
		close(r.fd);
}

static void write_bytes(const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	fwrite(data, 1, len, f);
	fclose(f);
}

static void foreign(void)
{
	struct recfile_header h = { RECFILE_MAGIC, 99, 1 };
	char *text;

	write_bytes("hello", 5);
	text = unit_stderr(open_foreign, path);
	CHECK_HAS(text, "is not a recording of skbtrail");
	free(text);
	write_bytes(&h, sizeof(h));
	text = unit_stderr(open_foreign, path);
	CHECK_HAS(text, "recording version 99");
	free(text);
	h.version = RECFILE_VERSION;
	h.abi = 7;
	write_bytes(&h, sizeof(h));
	text = unit_stderr(open_foreign, path);
	CHECK_HAS(text, "protocol version 7");
	free(text);
	h.version = 0x01000000;
	write_bytes(&h, sizeof(h));
	text = unit_stderr(open_foreign, path);
	CHECK_HAS(text, "other byte order");
	free(text);
}

static void read_huge(void *arg)
{
	struct recfile r;
	size_t len;

	CHECK(!recfile_open(&r, arg));
	CHECK(recfile_read(&r, &len) == RECFILE_TRUNCATED);
	recfile_close(&r);
}

static void huge_length(void)
{
	struct {
		struct recfile_header h;
		uint32_t len;
	} bad = { { RECFILE_MAGIC, RECFILE_VERSION, 1 }, 0xfffffff0 };
	char *text;

	write_bytes(&bad, sizeof(bad));
	text = unit_stderr(read_huge, path);
	CHECK_HAS(text, "is damaged");
	free(text);
}

static void write_full(void *arg)
{
	struct recfile r;

	(void)arg;
	CHECK(recfile_create(&r, "/dev/full"));
	recfile_close(&r);
}

static void full_disk(void)
{
	char *text = unit_stderr(write_full, NULL);

	CHECK_HAS(text, "No space left on device");
	free(text);
}

void test_recfile(void)
{
	snprintf(path, sizeof(path), "/tmp/skbtrail-unit-XXXXXX");
	close(mkstemp(path));
	RUN(round_trip);
	RUN(cut_short);
	RUN(foreign);
	RUN(huge_length);
	RUN(full_disk);
	unlink(path);
}
