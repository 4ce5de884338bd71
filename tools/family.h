/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_FAMILY_H
#define SKBTRAIL_FAMILY_H

#include <libmnl/libmnl.h>
#include <stdint.h>

#include <linux/skbtrail.h>

struct filter;

/* of each program of a filter, and of its text: what the module takes */
#define FAMILY_FILTER_BYTES 32768
#define FAMILY_FILTER_TEXT 1023

/**
 * struct family - A socket that speaks to the module.
 * @id: netlink message type of the family
 * @portid: our address
 * @seq: number of the last request
 * @error: the module's sentence about the last refusal, or empty
 */
struct family {
	struct mnl_socket *nl;
	uint16_t id;
	uint32_t portid;
	uint32_t seq;
	char error[256];
};

/**
 * struct module_info - What the module says of itself.
 * @attach: enum skbtrail_attach_kind of function entries
 * @missed: kprobe hits the kernel skipped since load
 */
struct module_info {
	uint32_t abi;
	uint32_t attach;
	uint32_t stages;
	uint32_t sessions;
	uint64_t missed;
	char version[64];
	char kernel[80];
};

/* Opens the socket and finds the family: 0, or a negative errno; -ENOENT without the module. */
int family_open(struct family *f);
void family_close(struct family *f);

/* Begins a request in @buf. */
struct nlmsghdr *family_request(struct family *f, void *buf, uint8_t cmd,
				uint16_t flags);

/* Puts a filter into a request, under these attributes; of its text what the module takes. */
void family_put_filter(struct nlmsghdr *nlh, const struct filter *f, uint16_t l2,
		       uint16_t l3, uint16_t text);

/* Sends a request and passes each reply to @cb: 0, or a negative errno. */
int family_talk(struct family *f, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg);

/* 0, or a negative errno. */
int family_info(struct family *f, struct module_info *info);

/**
 * family_connect - Open and check that module and tool understand each other.
 * @info: filled in; may be NULL
 *
 * Returns 0, or -1 after a sentence that says what to do.
 */
int family_connect(struct family *f, struct module_info *info);

/* Copies the sentence of a refusal into f->error and returns its negative errno. */
int family_refusal(struct family *f, const struct nlmsghdr *nlh);

/* Says why @what failed: the module's sentence, else that of errno. Returns -1. */
int family_complain(const struct family *f, const char *what, int err);

/* Attributes by number, those of other numbers left out; @table has @max + 1 places. */
void family_parse(const struct nlmsghdr *nlh, const struct nlattr **table,
		  uint16_t max);
void family_parse_nested(const struct nlattr *nest, const struct nlattr **table,
			 uint16_t max);

/* Values of attributes, 0 or empty when absent or too short. */
uint32_t family_u32(const struct nlattr *attr);
uint64_t family_u64(const struct nlattr *attr);
void family_text(char *dst, size_t size, const struct nlattr *attr);

#endif
