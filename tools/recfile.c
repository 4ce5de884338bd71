// SPDX-License-Identifier: GPL-2.0
#include "recfile.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/skbtrail.h>

#include "complain.h"

/* No batch is larger; a length above is no length. */
#define MAX_BATCH 0x100000

/* Writes all of @iov, or returns -1 with errno set. */
static int write_all(int fd, struct iovec *iov, int n)
{
	ssize_t done;

	while (n) {
		done = writev(fd, iov, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		for (; n && (size_t)done >= iov->iov_len; iov++, n--)
			done -= iov->iov_len;
		if (n) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= done;
		}
	}
	return 0;
}

static int write_failed(struct recfile *r)
{
	int err = errno;

	/* nothing to do where it cannot be cut: the reader skips the rest */
	if (ftruncate(r->fd, r->whole))
		errno = err;
	return complain("cannot write %s: %s; the %llu batches before are readable",
			r->name, strerror(err), (unsigned long long)r->batches);
}

int recfile_create(struct recfile *r, const char *name)
{
	struct recfile_header header = {
		.version = RECFILE_VERSION, .abi = SKBTRAIL_ABI,
	};
	struct iovec iov = { &header, sizeof(header) };

	memset(r, 0, sizeof(*r));
	memcpy(header.magic, RECFILE_MAGIC, sizeof(header.magic));
	r->name = name;
	if (!strcmp(name, "-")) {
		r->name = "the standard output";
		r->fd = STDOUT_FILENO;
	} else {
		r->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	}
	if (r->fd < 0)
		return complain("cannot create %s: %s", name, strerror(errno));
	if (write_all(r->fd, &iov, 1))
		return write_failed(r);
	r->whole = sizeof(header);
	return 0;
}

int recfile_write(struct recfile *r, const void *records, size_t len)
{
	uint32_t head = len;
	struct iovec iov[2] = {
		{ &head, sizeof(head) }, { (void *)records, len },
	};

	if (write_all(r->fd, iov, 2))
		return write_failed(r);
	r->whole += sizeof(head) + len;
	r->batches++;
	return 0;
}

/* Returns the bytes read, fewer than @len only at the end; -1 on error. */
static ssize_t read_all(int fd, void *buf, size_t len)
{
	size_t at = 0;
	ssize_t n;

	while (at < len) {
		n = read(fd, (char *)buf + at, len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		at += n;
	}
	return at;
}

static int check_header(const struct recfile *r, const struct recfile_header *h,
			ssize_t n)
{
	if (n < (ssize_t)sizeof(*h) ||
	    memcmp(h->magic, RECFILE_MAGIC, sizeof(h->magic)) != 0)
		return complain("%s is not a recording of skbtrail", r->name);
	if (h->version == bswap_32(RECFILE_VERSION))
		return complain("%s was recorded on a machine of the other byte order",
				r->name);
	if (h->version != RECFILE_VERSION)
		return complain("%s has recording version %u; this tool reads version %u",
				r->name, h->version, RECFILE_VERSION);
	if (h->abi != SKBTRAIL_ABI)
		return complain("%s has protocol version %u; this tool reads version %u",
				r->name, h->abi, SKBTRAIL_ABI);
	return 0;
}

int recfile_open(struct recfile *r, const char *name)
{
	struct recfile_header header;
	ssize_t n;

	memset(r, 0, sizeof(*r));
	r->name = name;
	if (!strcmp(name, "-")) {
		r->name = "the standard input";
		r->fd = STDIN_FILENO;
	} else {
		r->fd = open(name, O_RDONLY | O_CLOEXEC);
	}
	if (r->fd < 0)
		return complain("cannot open %s: %s", name, strerror(errno));
	n = read_all(r->fd, &header, sizeof(header));
	if (n < 0)
		return complain("cannot read %s: %s", name, strerror(errno));
	if (check_header(r, &header, n))
		return -1;
	r->whole = n;
	return 0;
}

static enum recfile_got read_failed(const struct recfile *r, ssize_t n)
{
	if (n < 0) {
		complain("cannot read %s: %s", r->name, strerror(errno));
		return RECFILE_ERROR;
	}
	complain("%s is truncated after %llu whole batches", r->name,
		 (unsigned long long)r->batches);
	return RECFILE_TRUNCATED;
}

enum recfile_got recfile_read(struct recfile *r, size_t *len)
{
	uint32_t head;
	ssize_t n;

	n = read_all(r->fd, &head, sizeof(head));
	if (!n)
		return RECFILE_END;
	if (n != sizeof(head))
		return read_failed(r, n);
	if (head > MAX_BATCH) {
		complain("%s is damaged after %llu batches", r->name,
			 (unsigned long long)r->batches);
		return RECFILE_TRUNCATED;
	}
	if (head > r->cap) {
		r->buf = xrealloc(r->buf, head, 1);
		r->cap = head;
	}
	n = read_all(r->fd, r->buf, head);
	if (n != (ssize_t)head)
		return read_failed(r, n);
	*len = head;
	r->batches++;
	r->whole += sizeof(head) + head;
	return RECFILE_BATCH;
}

int recfile_close(struct recfile *r)
{
	free(r->buf);
	r->buf = NULL;
	if (r->fd < 0 || !close(r->fd))
		return 0;
	return complain("cannot write %s: %s", r->name, strerror(errno));
}
