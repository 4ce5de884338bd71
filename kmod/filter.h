/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_FILTER_H
#define SKBTRAIL_FILTER_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "compat.h"

/**
 * struct skbtrail_reach - how far into a packet a program can look
 * @fixed: bytes, wherever it says so itself
 * @behind: bytes, where it looks behind an IP header of the length that header claims
 *
 * SKBTRAIL_REACH_FAR: anywhere.
 */
struct skbtrail_reach {
	u16	fixed;
	u16	behind;
};

#define SKBTRAIL_REACH_FAR	U16_MAX

struct bpf_prog;
struct netlink_ext_ack;
struct nlattr;
struct skbtrail_sighting;

/**
 * skbtrail_filter_shadow() - make what a program reads a packet through
 * @sh: what else is in it does not matter
 * @skb: packet
 * @offset: where the program expects it to begin, from skb->data
 */
static inline void skbtrail_filter_shadow(struct sk_buff *sh, const struct sk_buff *skb,
					  int offset)
{
	sh->head = skb->head;
	sh->end = skb->end;
	sh->tail = skb->tail;
	sh->data = skb->data + offset;
	sh->len = skb->len - offset;
	sh->data_len = skb->data_len;
	sh->protocol = skb->protocol;
	sh->mark = skb->mark;
	sh->pkt_type = skb->pkt_type;
	sh->mac_header = sh->data - sh->head;
	sh->network_header = sh->mac_header;
	skbtrail_copy_unreadable(sh, skb);
}

/**
 * skbtrail_filter() - which of @sessions want this packet
 * @sessions: candidates
 * @s: sighting, located
 * @rejected: those whose program said no: it will while the headers stay as
 *	they are, wherever the packet is
 *
 * Context: interrupts off. The packet is not touched: programs run over a
 * shadow of its sk_buff.
 */
u32 skbtrail_filter(u32 sessions, const struct skbtrail_sighting *s, u32 *rejected);

/**
 * skbtrail_filter_near() - whether nothing but the first bytes made them say no
 * @rejected: as skbtrail_filter() said
 * @s: sighting, located
 * @bytes: from the network header on
 *
 * They say no as long as these are the same, and as many follow.
 */
bool skbtrail_filter_near(u32 rejected, const struct skbtrail_sighting *s, u32 bytes);

/**
 * skbtrail_filter_compile() - make a program from an attribute
 * @attr: array of struct sock_filter, or NULL
 * @reach: set with the program, or NULL
 * @extack: gets a sentence when it is refused
 *
 * Context: process. Return: program, NULL for no attribute, or ERR_PTR().
 */
struct bpf_prog *skbtrail_filter_compile(const struct nlattr *attr,
					 struct skbtrail_reach *reach,
					 struct netlink_ext_ack *extack);

#endif /* SKBTRAIL_FILTER_H */
