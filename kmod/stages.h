/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_STAGES_H
#define SKBTRAIL_STAGES_H

#include <linux/kprobes.h>
#include <linux/skbtrail.h>
#include <linux/types.h>

struct tracepoint;

enum skbtrail_stage_id {
#define S(id, ...) SKBTRAIL_ST_##id,
#include "stage_list.h"
#undef S
	SKBTRAIL_ST_COUNT
};

struct skbtrail_stage {
	const char	*name;
	const char	*doc;
	u8		layer;		/* enum skbtrail_layer */
	u8		direction;	/* enum skbtrail_direction */
};

/* What a probe point does when it is hit (sight.c). */
enum skbtrail_op {
	SKBTRAIL_OP_PACKET,	/* a packet passes a stage */
	SKBTRAIL_OP_NF,		/* the same; the row is in nf_hook_state */
	SKBTRAIL_OP_TC,		/* the same; rows: filters on the way in, out, of a qdisc */
	SKBTRAIL_OP_CGROUP,	/* the same; rows by the third argument: in, out */
	SKBTRAIL_OP_LISTEN,	/* the same; a connection request comes to a listening socket */
	SKBTRAIL_OP_ANSWER,	/* the same; it is answered: a reset, or an error of type, code */
	SKBTRAIL_OP_DONE,	/* the driver is done with a packet it was given */
	SKBTRAIL_OP_BEFORE,	/* a packet without headers yet: kept for its first sighting */
	SKBTRAIL_OP_TRANSMIT,	/* the same, and what was kept for its forerunner goes */
	SKBTRAIL_OP_WHY,	/* a segment is about to be sent again */
	SKBTRAIL_OP_CREATE,	/* a socket is created */
	SKBTRAIL_OP_CALL,	/* a send call begins */
	SKBTRAIL_OP_CALLED,	/* a send call goes on */
	SKBTRAIL_OP_WRITE,	/* the same, TCP, which the caller owns; third argument: bytes */
	SKBTRAIL_OP_CALL_END,	/* the socket is released by its caller */
	SKBTRAIL_OP_READ,	/* a read call begins */
	SKBTRAIL_OP_COPY,	/* data of a packet is copied to a reader */
	SKBTRAIL_OP_COPIED,	/* the same, seen afterwards; arguments: socket, packet, length */
	SKBTRAIL_OP_RETURN,	/* a function returns that has a handler of its own for that */
	SKBTRAIL_OP_CLONE,	/* arguments: a clone, what it is a clone of */
	SKBTRAIL_OP_COPY_OF,	/* arguments: a copy, what it is a copy of */
	SKBTRAIL_OP_EXPAND,	/* the head may change */
	SKBTRAIL_OP_MERGE,	/* arguments: packet that stays, packet that goes */
	SKBTRAIL_OP_SEGMENT,	/* return value: a list of segments; argument: what they are of */
	SKBTRAIL_OP_FRAGMENT,	/* return value: a fragment; argument: the datagram */
	SKBTRAIL_OP_FRAGLIST,	/* a datagram becomes its first fragment, its list the others */
	SKBTRAIL_OP_GATHER,	/* arguments: queue of fragments, the last that came */
	SKBTRAIL_OP_WHOLE,	/* arguments: queue of fragments, the whole of them */
	SKBTRAIL_OP_FREE,	/* the sk_buff's life ends */
	SKBTRAIL_OP_HOOK,	/* a hook function of netfilter */
	SKBTRAIL_OP_HOOK_NEW,	/* somebody registers one: the second argument */
	SKBTRAIL_OP_XT_TRACE,	/* a rule of x_tables matched a packet that is traced */
	SKBTRAIL_OP_XT_OTHERS,	/* a rule of x_tables has a packet traced */
	SKBTRAIL_OP_XT_PARK,	/* a packet leaves its point in the middle, for user space */
	SKBTRAIL_OP_CT_FULL,	/* conntrack has no room for a connection */
	SKBTRAIL_OP_CT_CLASH,	/* a connection like that of a packet is there already */
	SKBTRAIL_OP_FLOW,	/* a flowtable sends a packet on */
	SKBTRAIL_OP_NAT,	/* headers are about to be changed by NAT */
	SKBTRAIL_OP_MASQUERADE,	/* a connection is to be masqueraded, */
	SKBTRAIL_OP_REDIRECT,	/* redirected */
	SKBTRAIL_OP_NFT_CHAIN,	/* a packet enters a base chain of nf_tables */
	SKBTRAIL_OP_NFT_IMMEDIATE, /* expressions of nf_tables that can decide: a verdict, */
	SKBTRAIL_OP_NFT_LOOKUP,	/* a lookup in a set or a map, */
	SKBTRAIL_OP_NFT_NAT,	/* NAT, */
	SKBTRAIL_OP_NFT_TARGET,	/* a target of x_tables, */
	SKBTRAIL_OP_NFT_TAKES,	/* what may take the packet, */
	SKBTRAIL_OP_NFT_OTHER,	/* any other */
	SKBTRAIL_OP_NFT_WORD,	/* nf_tables would tell who traces that a rule matched */
	SKBTRAIL_OP_OWN,	/* a tracepoint with a handler of its own */
};

/* Where the network header begins when a point is hit. */
enum skbtrail_l3 {
	SKBTRAIL_L3_NONE,	/* not known, or not written yet */
	SKBTRAIL_L3_DATA,	/* skb->data */
	SKBTRAIL_L3_NETHDR,	/* skb->network_header */
};

/* Where the MAC header begins. */
enum skbtrail_l2 {
	SKBTRAIL_L2_NONE,	/* there is none, or it is stale */
	SKBTRAIL_L2_MACHDR,	/* skb->mac_header */
	SKBTRAIL_L2_DATA,	/* skb->data */
};

/* flags of a point */
#define SKBTRAIL_PF_ALT		BIT(0)	/* used only if the point before is not there */
#define SKBTRAIL_PF_VARIANT	BIT(1)	/* the compiler renames it: try .constprop.0 and the like */
#define SKBTRAIL_PF_DEV		BIT(2)	/* skb->dev is the packet's device here */
#define SKBTRAIL_PF_DST		BIT(3)	/* skb_dst() is the packet's route here */
#define SKBTRAIL_PF_LIFE	BIT(4)	/* attached for every session, first */
#define SKBTRAIL_PF_DIRTY	BIT(5)	/* headers may change behind this point */
#define SKBTRAIL_PF_PSKB	BIT(6)	/* the argument is a struct sk_buff ** */
#define SKBTRAIL_PF_LIST	BIT(7)	/* the argument is a list of packets */
#define SKBTRAIL_PF_SOCKET	BIT(8)	/* the socket argument is a struct socket */
#define SKBTRAIL_PF_ASIDE	BIT(9)	/* something done about the packet, not a place it is at */
#define SKBTRAIL_PF_VITAL	BIT(10)	/* without it two packets could be taken for one */
#define SKBTRAIL_PF_ANSWER	BIT(11)	/* may be about an answer to the packet */
#define SKBTRAIL_PF_OUT		BIT(12)	/* its stage is on the way out; set at load */
#define SKBTRAIL_PF_WHY		BIT(13)	/* tells why a packet is dropped; for every session */
#define SKBTRAIL_PF_PARTIAL	BIT(14)	/* frees only what has become part of another packet */

#define SKBTRAIL_PF_ACK		BIT(15)	/* TCP is about to see what the segment acknowledges */
#define SKBTRAIL_PF_SK		BIT(16)	/* an argument is a socket; set at load */
#define SKBTRAIL_PF_PLAIN	BIT(17)	/* just a packet that passes; set at load */

/* a hit of such a point has more to be compared than the packet itself */
#define SKBTRAIL_PF_ASKS	(SKBTRAIL_PF_SK | SKBTRAIL_PF_OUT | SKBTRAIL_PF_DST | \
				 SKBTRAIL_PF_ANSWER | SKBTRAIL_PF_ASIDE)

/* arguments that need more than to be read */
#define SKBTRAIL_PF_ODD_ARGS	(SKBTRAIL_PF_PSKB | SKBTRAIL_PF_LIST | SKBTRAIL_PF_SOCKET)

/**
 * struct skbtrail_point - one place where a stage is watched
 * @id: number in the protocol, from 1; set at load
 * @func: function or tracepoint; the name that was found once resolved
 * @mod: module the function is in, NULL: part of the kernel
 * @probe: function of the tracepoint probe, NULL for all others
 * @stage: enum skbtrail_stage_id
 * @op: enum skbtrail_op
 * @skb: number of the argument with the packet, from 1; 0 none
 * @sk: number of the argument with the socket, from 1; 0 none
 * @skb_at: where that argument is, for skbtrail_arg_at(); set at load, as the next
 * @sk_at: and that
 * @l3: enum skbtrail_l3
 * @l2: enum skbtrail_l2
 * @l3proto: Ethertype where it is known from the function; 0: skb->protocol
 * @flags: SKBTRAIL_PF_*
 * @kind: enum skbtrail_attach_kind
 * @state: enum skbtrail_point_state
 * @why: sentence for state unavailable
 * @tp: tracepoint found
 * @addr: function entry found; what ftrace and kprobes call its address
 * @users: sessions that need it; control mutex
 * @attached: attached now; control mutex
 * @hit: the first eight bytes of its hit records; set at load
 * @same: next point on the same function
 * @kp: kprobe when attached by one
 * @sym: buffer for a name found by trying variants
 */
struct skbtrail_point {
	u16			id;
	const char		*func;
	const char		*mod;
	void			*probe;
	u8			stage;
	u8			op;
	u8			skb;
	u8			sk;
	u8			skb_at;
	u8			sk_at;
	u8			l3;
	u8			l2;
	u16			l3proto;
	u32			flags;
	u8			kind;
	u8			state;
	bool			attached;
	const char		*why;
	struct tracepoint	*tp;
	void			*addr;
	unsigned int		users;
	u64			hit;
	struct skbtrail_point	*same;
	struct kprobe		kp;
	char			sym[48];
};

#define SKBTRAIL_MAX_POINTS	320

extern const struct skbtrail_stage skbtrail_stages[SKBTRAIL_ST_COUNT];
extern struct skbtrail_point skbtrail_points[];
extern const unsigned int skbtrail_point_count;

#endif /* SKBTRAIL_STAGES_H */
