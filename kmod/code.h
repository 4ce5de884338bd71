/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_CODE_H
#define SKBTRAIL_CODE_H

#include <linux/types.h>

/** enum skbtrail_code - functions of the kernel whose calls are told apart */
enum skbtrail_code {
	SKBTRAIL_IN_SEGMENT,
	SKBTRAIL_IN_SEGMENT_LIST,
	SKBTRAIL_IN_LIST_FREE,
	SKBTRAIL_IN_RELEASE_DATA,
	SKBTRAIL_IN_CLONE,
	SKBTRAIL_IN_CLONE_INNER,
	SKBTRAIL_IN_COPY,
	SKBTRAIL_IN_COPY_EXPAND,
	SKBTRAIL_IN_PSKB_COPY,
	SKBTRAIL_IN_COW_DATA,
	SKBTRAIL_IN_VETH_XDP,
	SKBTRAIL_IN_RETRANSMIT_TIMER,
	SKBTRAIL_IN_RETRANSMIT_QUEUE,
	SKBTRAIL_IN_LOSS_PROBE,
	SKBTRAIL_IN_CONN_REQUEST,
	SKBTRAIL_IN_WAIT_MEMORY,
	SKBTRAIL_IN_NFT,
	SKBTRAIL_IN_HOOKS,
	SKBTRAIL_CODES
};

/**
 * skbtrail_code_find() - find them all; at load, and when a module came
 * @find: address of a function by its name, NULL if there is none
 */
void skbtrail_code_find(void *(*find)(const char *name));

/** skbtrail_code_forget() - the module that function was in goes */
void skbtrail_code_forget(enum skbtrail_code code);

/** skbtrail_code_in() - whether @ip lies in that function; any context */
bool skbtrail_code_in(unsigned long ip, enum skbtrail_code code);

/** skbtrail_code_copies() - whether @ip lies where a packet is copied, bytes and all */
static inline bool skbtrail_code_copies(unsigned long ip)
{
	return skbtrail_code_in(ip, SKBTRAIL_IN_COPY) ||
	       skbtrail_code_in(ip, SKBTRAIL_IN_COPY_EXPAND) ||
	       skbtrail_code_in(ip, SKBTRAIL_IN_PSKB_COPY) ||
	       skbtrail_code_in(ip, SKBTRAIL_IN_COW_DATA) ||
	       skbtrail_code_in(ip, SKBTRAIL_IN_VETH_XDP);
}

/** skbtrail_code_start() - where that function begins, NULL unknown */
const void *skbtrail_code_start(enum skbtrail_code code);

/** skbtrail_code_clones() - whether all of skb_clone() comes by the function at @entry */
bool skbtrail_code_clones(unsigned long entry);

#endif /* SKBTRAIL_CODE_H */
