/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ACTIONS_H
#define SKBTRAIL_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/skbtrail.h>

/**
 * struct action - One thing a rewrite rule does.
 * @kind: enum skbtrail_rule_action
 * @masked: @mask counts
 * @addr_len: bytes of @addr, 0 none
 * @addr: network order
 * @offset: of @bytes in the payload
 */
struct action {
	uint8_t kind;
	bool masked;
	uint32_t value;
	uint32_t mask;
	uint8_t addr_len;
	uint8_t addr[16];
	uint32_t offset;
	uint16_t bytes_len;
	uint8_t bytes[256];
};

/**
 * struct actions - What a rewrite rule does, and to which packets.
 * @text: the actions as typed
 * @filter: as typed, empty for none
 */
struct actions {
	struct action action[SKBTRAIL_MAX_ACTIONS];
	size_t nr;
	char *text;
	char *filter;
};

/* "ACTION [VALUE]... [if FILTER]": returns 0, or -1 after a sentence. */
int actions_parse(struct actions *a, char **words, size_t n);
void actions_release(struct actions *a);

/* Whether the filter lets anything pass that the actions can be done to: 0, or -1. */
int actions_fit(const struct actions *a);

/* For help: one line an action. */
void actions_help(void);

#endif
