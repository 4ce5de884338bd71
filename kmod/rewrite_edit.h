/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_REWRITE_EDIT_H
#define SKBTRAIL_REWRITE_EDIT_H

#include <linux/skbtrail.h>
#include <linux/types.h>

struct sk_buff;

/**
 * struct skbtrail_edit - one thing to be done to a packet
 * @action: enum skbtrail_rule_action
 * @alen: bytes of @addr
 * @len: bytes of @bytes
 * @offset: of the payload
 * @value: as the action says
 * @mask: bits of @value that count
 * @addr: network order
 * @bytes: owned by the rule
 */
struct skbtrail_edit {
	u8	action;
	u8	alen;
	u16	len;
	u32	offset;
	u32	value;
	u32	mask;
	u8	addr[16];
	u8	*bytes;
};

/**
 * struct skbtrail_quick - edits of the header of IP and of what is beside a packet's bytes
 * @able: there are no others
 * @in_ip: of the header of IP
 * @has_priority: @priority is to be set
 * @tos_keep: bits of the traffic class that stay
 * @tos: and those that are set
 * @ttl: time to live or hop limit, 0: stays
 * @mark_keep: bits of the mark that stay
 * @mark: and those that are set
 * @priority: of the packet
 */
struct skbtrail_quick {
	bool	able;
	bool	in_ip;
	bool	has_priority;
	u8	tos_keep;
	u8	tos;
	u8	ttl;
	u32	mark_keep;
	u32	mark;
	u32	priority;
};

/* the rule, and for each action the longest fact, of payload; checked when they are put */
#define SKBTRAIL_TOLD_MAX	(16 + SKBTRAIL_MAX_ACTIONS * 48)

/**
 * struct skbtrail_told - facts of what a rule changed
 * @len: bytes used
 * @buf: struct skbtrail_fact_head and value, padded, one after the other
 */
struct skbtrail_told {
	u32	len;
	u8	buf[SKBTRAIL_TOLD_MAX] __aligned(8);
};

/* what was changed that others decided something by */
#define SKBTRAIL_TOUCHED_SRC	BIT(0)
#define SKBTRAIL_TOUCHED_DST	BIT(1)
#define SKBTRAIL_TOUCHED_PORT	BIT(2)
#define SKBTRAIL_TOUCHED_TOS	BIT(3)
#define SKBTRAIL_TOUCHED_MARK	BIT(4)

/**
 * struct skbtrail_job - the edits of one rule, and the packet they are done to
 * @edit: what is to be done
 * @n: how many
 * @actions: their enum skbtrail_rule_action, a bit each
 * @random: chooses the bit that is corrupted
 * @skb: packet
 * @nh: network header, in bytes from skb->data
 *
 * Filled in by skbtrail_edit_check():
 * @transport: it is asked for what is behind the header of IP; else nothing of it is known
 * @len: bytes from there on, as IP tells them
 * @family: 4, 6 or 0
 * @proto: IP protocol, after extension headers
 * @l4: transport header, from the network header on
 * @l4_len: bytes of it that can be read, 0: none
 * @check: transport checksum, from the network header on; 0: none
 * @none: where one is to be made of what is changed, as IPv6 wants it; 0: nowhere
 * @pseudo: which covers a pseudo header
 * @partial: and is yet to be computed, by whoever sends the packet
 * @fragment: of a larger packet
 * @later: not its first fragment
 * @beyond: its checksum is in the next one
 * @routed: options or a routing header name another destination
 * @mss: value of the TCP option, from the network header on; 0: none
 * @extent: bytes from skb->data on that must be writable
 * @cut: length to cut it to, 0: none
 * @bit: to be flipped, from the network header on
 * @make: what is changed there matters to it
 * @stale: the checksum is to be left wrong
 * @touched: SKBTRAIL_TOUCHED_*
 */
struct skbtrail_job {
	const struct skbtrail_edit	*edit;
	unsigned int			n;
	u32				actions;
	u32				random;
	struct sk_buff			*skb;
	int				nh;
	u32				len;
	bool				transport;
	u8				family;
	u8				proto;
	u16				l4;
	u16				l4_len;
	u16				check;
	u16				none;
	bool				make;
	bool				pseudo;
	bool				partial;
	bool				fragment;
	bool				later;
	bool				beyond;
	bool				routed;
	bool				stale;
	u8				touched;
	u32				mss;
	u32				extent;
	u32				cut;
	u32				bit;
};

/**
 * skbtrail_edit_check() - whether a job can be done
 * @job: zero but for @edit, @n, @actions, @random, @skb and @nh
 * @l3proto: Ethertype of what is there, host order
 *
 * Looks only. Context: any but NMI. Return: 0, or enum skbtrail_rule_refusal.
 */
unsigned int skbtrail_edit_check(struct skbtrail_job *job, u16 l3proto);

/**
 * skbtrail_edit_prepare() - make a job that was checked possible
 *
 * Afterwards the packet says the same as before, and the job cannot fail any
 * more. Headers may be elsewhere in memory. Return: as skbtrail_edit_check().
 */
unsigned int skbtrail_edit_prepare(struct skbtrail_job *job);

/** skbtrail_edit_tell() - facts of what a job that was checked does; before it is done */
void skbtrail_edit_tell(const struct skbtrail_job *job, struct skbtrail_told *told);

/** skbtrail_edit_apply() - do a job that was prepared */
void skbtrail_edit_apply(struct skbtrail_job *job);

/** skbtrail_quick_of() - @n edits in short, as far as that is possible */
struct skbtrail_quick skbtrail_quick_of(const struct skbtrail_edit *edit, unsigned int n);

/**
 * skbtrail_quick_edit() - check, prepare and apply in one, for most packets
 * @q: @q->able
 * @skb: packet
 * @nh: network header, in bytes from skb->data; what is there need not be linear
 * @l3proto: Ethertype of what is there, of IPv4 or IPv6, host order
 * @touched: SKBTRAIL_TOUCHED_* are added
 *
 * Context: any but NMI. Return: false when it did nothing: the editor is to be asked.
 */
bool skbtrail_quick_edit(const struct skbtrail_quick *q, struct sk_buff *skb, int nh, u16 l3proto,
			 u8 *touched);

/** skbtrail_edit_put() - one fact */
void skbtrail_edit_put(struct skbtrail_told *told, u8 id, const void *value, u16 len);

#endif /* SKBTRAIL_REWRITE_EDIT_H */
