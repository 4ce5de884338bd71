/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Generated from Documentation/netlink/specs/skbtrail.yaml by scripts/gen-protocol. Do not edit. */

#ifndef _UAPI_LINUX_SKBTRAIL_H
#define _UAPI_LINUX_SKBTRAIL_H

#include <linux/types.h>

#define SKBTRAIL_FAMILY_NAME	"skbtrail"
#define SKBTRAIL_FAMILY_VERSION	1

/* Version of this protocol; the tool refuses another one. */
#define SKBTRAIL_ABI	1
/* Sessions that can run at once. */
#define SKBTRAIL_MAX_SESSIONS	32
/* Memory of one batch in bytes, kernel bookkeeping included. */
#define SKBTRAIL_BATCH_SIZE	32768
/* The most packet bytes one packet record can carry. */
#define SKBTRAIL_MAX_SNAPLEN	2048
/* The most frames of a stack that are told. */
#define SKBTRAIL_MAX_STACK	24
/* Size of device and process names in facts, the final NUL included. */
#define SKBTRAIL_NAME_LEN	16
/* Rewrite rules there can be. */
#define SKBTRAIL_MAX_RULES	1024
/* Actions a rewrite rule can have. */
#define SKBTRAIL_MAX_ACTIONS	16

/**
 * enum skbtrail_rec_kind - Kinds of records in a batch.
 * @SKBTRAIL_REC_KIND_BATCH: First record of every batch (struct rec-batch).
 * @SKBTRAIL_REC_KIND_HIT: One packet passed one stage (struct rec-hit).
 * @SKBTRAIL_REC_KIND_PACKET: A trail begins; facts follow (struct rec-facts).
 * @SKBTRAIL_REC_KIND_CHANGE: Facts that changed since the trail's last record (struct rec-facts).
 * @SKBTRAIL_REC_KIND_END: A trail ended (struct rec-end).
 * @SKBTRAIL_REC_KIND_LINK: Two trails are related (struct rec-link).
 * @SKBTRAIL_REC_KIND_LOST: Something is missing here (struct rec-lost).
 * @SKBTRAIL_REC_KIND_MARK: Time mark and clock anchor (struct rec-mark).
 * @SKBTRAIL_REC_KIND_NAME: Text for an id (struct rec-name).
 * @SKBTRAIL_REC_KIND_SUMMARY: Totals; last record of a stopped session (struct rec-summary).
 * @SKBTRAIL_REC_KIND_VERDICT: Who in netfilter dropped or changed a packet, before that (struct rec-verdict).
 * @SKBTRAIL_REC_KIND_CALL: A call of a process and bytes of a TCP segment (struct rec-call).
 * @SKBTRAIL_REC_KIND_STACK: Who called whom until a packet was dropped, before its end (struct rec-stack).
 */
enum skbtrail_rec_kind {
	SKBTRAIL_REC_KIND_BATCH = 1,
	SKBTRAIL_REC_KIND_HIT,
	SKBTRAIL_REC_KIND_PACKET,
	SKBTRAIL_REC_KIND_CHANGE,
	SKBTRAIL_REC_KIND_END,
	SKBTRAIL_REC_KIND_LINK,
	SKBTRAIL_REC_KIND_LOST,
	SKBTRAIL_REC_KIND_MARK,
	SKBTRAIL_REC_KIND_NAME,
	SKBTRAIL_REC_KIND_SUMMARY,
	SKBTRAIL_REC_KIND_VERDICT,
	SKBTRAIL_REC_KIND_CALL,
	SKBTRAIL_REC_KIND_STACK,
	/* private: */
	__SKBTRAIL_REC_KIND_MAX,
	SKBTRAIL_REC_KIND_MAX = __SKBTRAIL_REC_KIND_MAX - 1
};

/**
 * enum skbtrail_fact - Facts in packet and change records. Each is a struct fact followed by len bytes of value, padded to eight.
 * @SKBTRAIL_FACT_L3PROTO: u16: Ethertype of the network header (host order)
 * @SKBTRAIL_FACT_SADDR: 4 or 16 bytes: source address (network order)
 * @SKBTRAIL_FACT_DADDR: 4 or 16 bytes: destination address (network order)
 * @SKBTRAIL_FACT_PROTO: u8: IP protocol, after IPv6 extension headers
 * @SKBTRAIL_FACT_SPORT: u16: source port (host order)
 * @SKBTRAIL_FACT_DPORT: u16: destination port (host order)
 * @SKBTRAIL_FACT_DEV: struct fact-dev: device and its network namespace
 * @SKBTRAIL_FACT_NETNS: struct fact-netns: network namespace, where no device is known
 * @SKBTRAIL_FACT_MARK: u32: skb->mark
 * @SKBTRAIL_FACT_TTL: u8: TTL or hop limit
 * @SKBTRAIL_FACT_TOS: u8: TOS or traffic class
 * @SKBTRAIL_FACT_IP_ID: u16: IPv4 identification (host order)
 * @SKBTRAIL_FACT_FRAG: u16: fragment offset in bytes, bit 0 set when more follow; absent when whole
 * @SKBTRAIL_FACT_TCP: struct fact-tcp: sequence numbers, flags and window
 * @SKBTRAIL_FACT_ICMP: struct fact-icmp: type, code, identifier, sequence
 * @SKBTRAIL_FACT_ARP: struct fact-arp: operation and addresses
 * @SKBTRAIL_FACT_MAC: 12 bytes: destination and source MAC address
 * @SKBTRAIL_FACT_VLAN: u16: VLAN tag control information held beside the packet
 * @SKBTRAIL_FACT_SOCK: struct fact-sock: socket the packet belongs to
 * @SKBTRAIL_FACT_SENDER: struct fact-task: process that owns the sending socket
 * @SKBTRAIL_FACT_READER: struct fact-task: process that read the packet
 * @SKBTRAIL_FACT_ROUTE: struct fact-route: route chosen for the packet
 * @SKBTRAIL_FACT_GSO: struct fact-gso: segmentation size and count
 * @SKBTRAIL_FACT_BYTES: up to snaplen bytes of the packet from its network header on
 * @SKBTRAIL_FACT_NEIGH: u8: state of the neighbour entry (NUD_*)
 * @SKBTRAIL_FACT_TUNNEL: struct fact-tunnel: it was wrapped, or unwrapped; its headers are other ones now
 * @SKBTRAIL_FACT_REWRITE: struct fact-rewrite: first in a change record; a rewrite rule made the changes that follow, or would have. The facts below are told of rewriting only.
 * @SKBTRAIL_FACT_PRIORITY: u32 twice: skb->priority before and after
 * @SKBTRAIL_FACT_MSS: u32 twice: TCP option MSS before and after
 * @SKBTRAIL_FACT_PAYLOAD: struct fact-payload twice: bytes of the payload before and after
 * @SKBTRAIL_FACT_CUT: u32 twice: length from the network header on, before and after
 * @SKBTRAIL_FACT_CORRUPT: u32: number of the bit that was flipped, from the network header on
 * @SKBTRAIL_FACT_DROP: u8: it would have been dropped; only of dry runs
 * @SKBTRAIL_FACT_CT: struct fact-ct: what conntrack says of it
 * @SKBTRAIL_FACT_CT_ORIG: struct fact-tuple: its connection, in the direction of the first packet
 * @SKBTRAIL_FACT_CT_REPLY: struct fact-tuple: what conntrack expects in the other direction, NAT included
 * @SKBTRAIL_FACT_OWNER: struct fact-task: process seen last to use the socket the packet is for
 * @SKBTRAIL_FACT_QDISC: struct fact-qdisc: queueing discipline that dropped it
 * @SKBTRAIL_FACT_ACK: struct fact-ack: what a TCP segment says of what the socket it came to has sent
 */
enum skbtrail_fact {
	SKBTRAIL_FACT_L3PROTO = 1,
	SKBTRAIL_FACT_SADDR,
	SKBTRAIL_FACT_DADDR,
	SKBTRAIL_FACT_PROTO,
	SKBTRAIL_FACT_SPORT,
	SKBTRAIL_FACT_DPORT,
	SKBTRAIL_FACT_DEV,
	SKBTRAIL_FACT_NETNS,
	SKBTRAIL_FACT_MARK,
	SKBTRAIL_FACT_TTL,
	SKBTRAIL_FACT_TOS,
	SKBTRAIL_FACT_IP_ID,
	SKBTRAIL_FACT_FRAG,
	SKBTRAIL_FACT_TCP,
	SKBTRAIL_FACT_ICMP,
	SKBTRAIL_FACT_ARP,
	SKBTRAIL_FACT_MAC,
	SKBTRAIL_FACT_VLAN,
	SKBTRAIL_FACT_SOCK,
	SKBTRAIL_FACT_SENDER,
	SKBTRAIL_FACT_READER,
	SKBTRAIL_FACT_ROUTE,
	SKBTRAIL_FACT_GSO,
	SKBTRAIL_FACT_BYTES,
	SKBTRAIL_FACT_NEIGH,
	SKBTRAIL_FACT_TUNNEL,
	SKBTRAIL_FACT_REWRITE,
	SKBTRAIL_FACT_PRIORITY,
	SKBTRAIL_FACT_MSS,
	SKBTRAIL_FACT_PAYLOAD,
	SKBTRAIL_FACT_CUT,
	SKBTRAIL_FACT_CORRUPT,
	SKBTRAIL_FACT_DROP,
	SKBTRAIL_FACT_CT,
	SKBTRAIL_FACT_CT_ORIG,
	SKBTRAIL_FACT_CT_REPLY,
	SKBTRAIL_FACT_OWNER,
	SKBTRAIL_FACT_QDISC,
	SKBTRAIL_FACT_ACK,
	/* private: */
	__SKBTRAIL_FACT_MAX,
	SKBTRAIL_FACT_MAX = __SKBTRAIL_FACT_MAX - 1
};

/**
 * enum skbtrail_end_kind - What became of a packet.
 * @SKBTRAIL_END_KIND_DELIVERED: Read by a process.
 * @SKBTRAIL_END_KIND_SENT: Handed to a device that leaves this kernel.
 * @SKBTRAIL_END_KIND_DROPPED: Freed as dropped
 * @SKBTRAIL_END_KIND_CONSUMED: Used up by the kernel.
 * @SKBTRAIL_END_KIND_MERGED: Became part of another trail.
 * @SKBTRAIL_END_KIND_OPEN: Still in flight when the session stopped.
 * @SKBTRAIL_END_KIND_UNKNOWN: Its end was lost.
 */
enum skbtrail_end_kind {
	SKBTRAIL_END_KIND_DELIVERED = 1,
	SKBTRAIL_END_KIND_SENT,
	SKBTRAIL_END_KIND_DROPPED,
	SKBTRAIL_END_KIND_CONSUMED,
	SKBTRAIL_END_KIND_MERGED,
	SKBTRAIL_END_KIND_OPEN,
	SKBTRAIL_END_KIND_UNKNOWN,
	/* private: */
	__SKBTRAIL_END_KIND_MAX,
	SKBTRAIL_END_KIND_MAX = __SKBTRAIL_END_KIND_MAX - 1
};

/**
 * enum skbtrail_link_kind - How a trail relates to its parent.
 * @SKBTRAIL_LINK_KIND_CLONE: Shares the data of its parent.
 * @SKBTRAIL_LINK_KIND_COPY: Another packet with the bytes of its parent, in a buffer of its own.
 * @SKBTRAIL_LINK_KIND_SEGMENT: Cut from its parent by GSO; place and of tell which of how many.
 * @SKBTRAIL_LINK_KIND_MERGE: Its data went into the parent.
 * @SKBTRAIL_LINK_KIND_FRAGMENT: IP fragment of its parent; place and of tell which of how many.
 * @SKBTRAIL_LINK_KIND_REASSEMBLY: Put together from its parents, a link each; place and of are the parent's.
 * @SKBTRAIL_LINK_KIND_RETRANSMIT: Carries data of a socket again that its parent carried last; place tells for which time, info why (enum retransmit-why).
 * @SKBTRAIL_LINK_KIND_ENCAP: Wrapped in a tunnel header. Not sent - see fact tunnel.
 * @SKBTRAIL_LINK_KIND_DECAP: Taken out of a tunnel. Not sent - see fact tunnel.
 * @SKBTRAIL_LINK_KIND_ANSWER: Sent because of its parent: a reset, or an ICMP error about it.
 */
enum skbtrail_link_kind {
	SKBTRAIL_LINK_KIND_CLONE = 1,
	SKBTRAIL_LINK_KIND_COPY,
	SKBTRAIL_LINK_KIND_SEGMENT,
	SKBTRAIL_LINK_KIND_MERGE,
	SKBTRAIL_LINK_KIND_FRAGMENT,
	SKBTRAIL_LINK_KIND_REASSEMBLY,
	SKBTRAIL_LINK_KIND_RETRANSMIT,
	SKBTRAIL_LINK_KIND_ENCAP,
	SKBTRAIL_LINK_KIND_DECAP,
	SKBTRAIL_LINK_KIND_ANSWER,
	/* private: */
	__SKBTRAIL_LINK_KIND_MAX,
	SKBTRAIL_LINK_KIND_MAX = __SKBTRAIL_LINK_KIND_MAX - 1
};

/**
 * enum skbtrail_retransmit_why - Why TCP sends data again, as far as it is certain.
 * @SKBTRAIL_RETRANSMIT_WHY_UNKNOWN: Not known.
 * @SKBTRAIL_RETRANSMIT_WHY_RTO: Its timer ran out.
 * @SKBTRAIL_RETRANSMIT_WHY_FAST: Acknowledgements tell that it is missing, fast recovery.
 * @SKBTRAIL_RETRANSMIT_WHY_TLP: Probe of the tail of what was sent.
 * @SKBTRAIL_RETRANSMIT_WHY_LOSS: After the timer ran out, or the path MTU changed, with what else was lost.
 */
enum skbtrail_retransmit_why {
	SKBTRAIL_RETRANSMIT_WHY_UNKNOWN = 0,
	SKBTRAIL_RETRANSMIT_WHY_RTO,
	SKBTRAIL_RETRANSMIT_WHY_FAST,
	SKBTRAIL_RETRANSMIT_WHY_TLP,
	SKBTRAIL_RETRANSMIT_WHY_LOSS,
	/* private: */
	__SKBTRAIL_RETRANSMIT_WHY_MAX,
	SKBTRAIL_RETRANSMIT_WHY_MAX = __SKBTRAIL_RETRANSMIT_WHY_MAX - 1
};

/**
 * enum skbtrail_call_way - What a call did with bytes of a segment.
 * @SKBTRAIL_CALL_WAY_SEND: It wrote them.
 * @SKBTRAIL_CALL_WAY_READ: It copied them; not taken out of the socket where it only looked at them.
 */
enum skbtrail_call_way {
	SKBTRAIL_CALL_WAY_SEND = 1,
	SKBTRAIL_CALL_WAY_READ,
	/* private: */
	__SKBTRAIL_CALL_WAY_MAX,
	SKBTRAIL_CALL_WAY_MAX = __SKBTRAIL_CALL_WAY_MAX - 1
};

/**
 * enum skbtrail_ack_kind - What a TCP segment says of what the socket it came to has sent, by that socket's state right before the kernel looks at it (RFC 9293, 3.10.7.4; duplicates as in RFC 5681, 2).
 * @SKBTRAIL_ACK_KIND_NEW: It acknowledges bytes for the first time.
 * @SKBTRAIL_ACK_KIND_DUPLICATE: It has no data and acknowledges again what was, with bytes on their way.
 * @SKBTRAIL_ACK_KIND_WINDOW: It has no data, acknowledges nothing new and tells of another window.
 * @SKBTRAIL_ACK_KIND_PROBE: It asks for an acknowledgment, a keep-alive or a probe of a closed window.
 * @SKBTRAIL_ACK_KIND_OLD: It acknowledges less than was acknowledged before.
 * @SKBTRAIL_ACK_KIND_SAME: It has no data and tells nothing new, as the answer to a probe.
 */
enum skbtrail_ack_kind {
	SKBTRAIL_ACK_KIND_NEW = 1,
	SKBTRAIL_ACK_KIND_DUPLICATE,
	SKBTRAIL_ACK_KIND_WINDOW,
	SKBTRAIL_ACK_KIND_PROBE,
	SKBTRAIL_ACK_KIND_OLD,
	SKBTRAIL_ACK_KIND_SAME,
	/* private: */
	__SKBTRAIL_ACK_KIND_MAX,
	SKBTRAIL_ACK_KIND_MAX = __SKBTRAIL_ACK_KIND_MAX - 1
};

/**
 * enum skbtrail_tunnel_way - What a tunnel did.
 * @SKBTRAIL_TUNNEL_WAY_ENCAP: Wrapped in headers of the tunnel.
 * @SKBTRAIL_TUNNEL_WAY_DECAP: Taken out of them.
 */
enum skbtrail_tunnel_way {
	SKBTRAIL_TUNNEL_WAY_ENCAP = 1,
	SKBTRAIL_TUNNEL_WAY_DECAP,
	/* private: */
	__SKBTRAIL_TUNNEL_WAY_MAX,
	SKBTRAIL_TUNNEL_WAY_MAX = __SKBTRAIL_TUNNEL_WAY_MAX - 1
};

/**
 * enum skbtrail_lost_cause - Why something is missing.
 * @SKBTRAIL_LOST_CAUSE_BUFFER: Records written to no batch because the reader was too slow for its buffer.
 * @SKBTRAIL_LOST_CAUSE_TABLE: Packets not followed because the identity table was full.
 * @SKBTRAIL_LOST_CAUSE_ADMISSION: Packets not followed because less than a quarter of the buffer was free.
 * @SKBTRAIL_LOST_CAUSE_NMI: Sightings in NMI context.
 * @SKBTRAIL_LOST_CAUSE_LIST: Packets at the end of a receive list that was too long.
 * @SKBTRAIL_LOST_CAUSE_MISSED: Kprobe hits the kernel skipped; trails whose end may be among them end unknown.
 * @SKBTRAIL_LOST_CAUSE_SWITCHED: Times kprobes were switched off or on; no trail begins meanwhile.
 */
enum skbtrail_lost_cause {
	SKBTRAIL_LOST_CAUSE_BUFFER = 1,
	SKBTRAIL_LOST_CAUSE_TABLE,
	SKBTRAIL_LOST_CAUSE_ADMISSION,
	SKBTRAIL_LOST_CAUSE_NMI,
	SKBTRAIL_LOST_CAUSE_LIST,
	SKBTRAIL_LOST_CAUSE_MISSED,
	SKBTRAIL_LOST_CAUSE_SWITCHED,
	/* private: */
	__SKBTRAIL_LOST_CAUSE_MAX,
	SKBTRAIL_LOST_CAUSE_MAX = __SKBTRAIL_LOST_CAUSE_MAX - 1
};

/**
 * enum skbtrail_verdict_engine - What in netfilter gave a verdict.
 * @SKBTRAIL_VERDICT_ENGINE_FUNCTION: A hook function; nothing more is known of it.
 * @SKBTRAIL_VERDICT_ENGINE_NFTABLES: A chain of nf_tables.
 * @SKBTRAIL_VERDICT_ENGINE_XTABLES: A table of iptables-legacy or its relatives.
 * @SKBTRAIL_VERDICT_ENGINE_SKBTRAIL: A rewrite rule; table is its number, and its text follows alone.
 */
enum skbtrail_verdict_engine {
	SKBTRAIL_VERDICT_ENGINE_FUNCTION = 1,
	SKBTRAIL_VERDICT_ENGINE_NFTABLES,
	SKBTRAIL_VERDICT_ENGINE_XTABLES,
	SKBTRAIL_VERDICT_ENGINE_SKBTRAIL,
	/* private: */
	__SKBTRAIL_VERDICT_ENGINE_MAX,
	SKBTRAIL_VERDICT_ENGINE_MAX = __SKBTRAIL_VERDICT_ENGINE_MAX - 1
};

/**
 * enum skbtrail_verdict_cause - What the verdict came from.
 * @SKBTRAIL_VERDICT_CAUSE_UNKNOWN: Something in that function or base chain; what was seen does not say.
 * @SKBTRAIL_VERDICT_CAUSE_RULE: A rule.
 * @SKBTRAIL_VERDICT_CAUSE_POLICY: The policy of the base chain.
 */
enum skbtrail_verdict_cause {
	SKBTRAIL_VERDICT_CAUSE_UNKNOWN = 1,
	SKBTRAIL_VERDICT_CAUSE_RULE,
	SKBTRAIL_VERDICT_CAUSE_POLICY,
	/* private: */
	__SKBTRAIL_VERDICT_CAUSE_MAX,
	SKBTRAIL_VERDICT_CAUSE_MAX = __SKBTRAIL_VERDICT_CAUSE_MAX - 1
};

/**
 * enum skbtrail_verdict_action - What was done to the packet.
 * @SKBTRAIL_VERDICT_ACTION_DROP: It was dropped. Its end follows.
 * @SKBTRAIL_VERDICT_ACTION_CHANGE: It was changed; what changed follows as a change record with the flag inside. With NAT, detail 1 says that what was done to the connection is undone for a reply.
 * @SKBTRAIL_VERDICT_ACTION_QUEUE: It was given to user space; detail is the number of the queue.
 * @SKBTRAIL_VERDICT_ACTION_QUEUE_BYPASS: The same, but where nobody reads that queue it went on.
 * @SKBTRAIL_VERDICT_ACTION_STEAL: It was taken by a flowtable, which sends it on by itself.
 * @SKBTRAIL_VERDICT_ACTION_MATCH: A rule matched it, or it came to the policy of a base chain; detail is enum verdict-said. For sessions that ask for rules.
 */
enum skbtrail_verdict_action {
	SKBTRAIL_VERDICT_ACTION_DROP = 0,
	SKBTRAIL_VERDICT_ACTION_CHANGE,
	SKBTRAIL_VERDICT_ACTION_QUEUE,
	SKBTRAIL_VERDICT_ACTION_QUEUE_BYPASS,
	SKBTRAIL_VERDICT_ACTION_STEAL,
	SKBTRAIL_VERDICT_ACTION_MATCH,
	/* private: */
	__SKBTRAIL_VERDICT_ACTION_MAX,
	SKBTRAIL_VERDICT_ACTION_MAX = __SKBTRAIL_VERDICT_ACTION_MAX - 1
};

/**
 * enum skbtrail_verdict_said - What a rule that matched, or a policy, said (detail of the action match).
 * @SKBTRAIL_VERDICT_SAID_UNKNOWN: Not known.
 * @SKBTRAIL_VERDICT_SAID_CONTINUE: Nothing. The packet goes on to the next rule.
 * @SKBTRAIL_VERDICT_SAID_ACCEPT: The packet may pass.
 * @SKBTRAIL_VERDICT_SAID_DROP: It is dropped.
 * @SKBTRAIL_VERDICT_SAID_JUMP: It goes to another chain, and comes back.
 * @SKBTRAIL_VERDICT_SAID_GOTO: It goes to another chain.
 * @SKBTRAIL_VERDICT_SAID_RETURN: It goes back to the chain it came from.
 * @SKBTRAIL_VERDICT_SAID_QUEUE: It is given to user space.
 * @SKBTRAIL_VERDICT_SAID_STOLEN: The rule has taken it.
 */
enum skbtrail_verdict_said {
	SKBTRAIL_VERDICT_SAID_UNKNOWN = 0,
	SKBTRAIL_VERDICT_SAID_CONTINUE,
	SKBTRAIL_VERDICT_SAID_ACCEPT,
	SKBTRAIL_VERDICT_SAID_DROP,
	SKBTRAIL_VERDICT_SAID_JUMP,
	SKBTRAIL_VERDICT_SAID_GOTO,
	SKBTRAIL_VERDICT_SAID_RETURN,
	SKBTRAIL_VERDICT_SAID_QUEUE,
	SKBTRAIL_VERDICT_SAID_STOLEN,
	/* private: */
	__SKBTRAIL_VERDICT_SAID_MAX,
	SKBTRAIL_VERDICT_SAID_MAX = __SKBTRAIL_VERDICT_SAID_MAX - 1
};

/**
 * enum skbtrail_verdict_why - Why conntrack dropped a packet (detail of the action drop), as far as it is certain.
 * @SKBTRAIL_VERDICT_WHY_UNKNOWN: Not known.
 * @SKBTRAIL_VERDICT_WHY_TABLE_FULL: There was no room for another connection.
 * @SKBTRAIL_VERDICT_WHY_CLASH: Another packet had made a connection with the same addresses meanwhile.
 */
enum skbtrail_verdict_why {
	SKBTRAIL_VERDICT_WHY_UNKNOWN = 0,
	SKBTRAIL_VERDICT_WHY_TABLE_FULL,
	SKBTRAIL_VERDICT_WHY_CLASH,
	/* private: */
	__SKBTRAIL_VERDICT_WHY_MAX,
	SKBTRAIL_VERDICT_WHY_MAX = __SKBTRAIL_VERDICT_WHY_MAX - 1
};

/**
 * enum skbtrail_verdict_nat - How NAT changed the packet.
 * @SKBTRAIL_VERDICT_NAT_NONE: It did not.
 * @SKBTRAIL_VERDICT_NAT_SNAT: Its source.
 * @SKBTRAIL_VERDICT_NAT_DNAT: Its destination.
 * @SKBTRAIL_VERDICT_NAT_MASQUERADE: Its source, to the address of the device it leaves by.
 * @SKBTRAIL_VERDICT_NAT_REDIRECT: Its destination, to this host.
 */
enum skbtrail_verdict_nat {
	SKBTRAIL_VERDICT_NAT_NONE = 0,
	SKBTRAIL_VERDICT_NAT_SNAT,
	SKBTRAIL_VERDICT_NAT_DNAT,
	SKBTRAIL_VERDICT_NAT_MASQUERADE,
	SKBTRAIL_VERDICT_NAT_REDIRECT,
	/* private: */
	__SKBTRAIL_VERDICT_NAT_MAX,
	SKBTRAIL_VERDICT_NAT_MAX = __SKBTRAIL_VERDICT_NAT_MAX - 1
};

/**
 * enum skbtrail_ct_state - What conntrack calls a packet.
 * @SKBTRAIL_CT_STATE_NEW: First of a connection.
 * @SKBTRAIL_CT_STATE_ESTABLISHED: Of a connection.
 * @SKBTRAIL_CT_STATE_RELATED: Belongs to a connection, such as an ICMP error about it.
 * @SKBTRAIL_CT_STATE_UNTRACKED: Not to be tracked.
 * @SKBTRAIL_CT_STATE_INVALID: Conntrack looked at it and it belongs to nothing.
 */
enum skbtrail_ct_state {
	SKBTRAIL_CT_STATE_NEW = 1,
	SKBTRAIL_CT_STATE_ESTABLISHED,
	SKBTRAIL_CT_STATE_RELATED,
	SKBTRAIL_CT_STATE_UNTRACKED,
	SKBTRAIL_CT_STATE_INVALID,
	/* private: */
	__SKBTRAIL_CT_STATE_MAX,
	SKBTRAIL_CT_STATE_MAX = __SKBTRAIL_CT_STATE_MAX - 1
};

/**
 * enum skbtrail_unknown_reason - Why the end of a trail is unknown (reason member of struct rec-end).
 * @SKBTRAIL_UNKNOWN_REASON_REUSED: The packet's memory was seen in use by another packet.
 * @SKBTRAIL_UNKNOWN_REASON_MISSED: Probes were skipped
 * @SKBTRAIL_UNKNOWN_REASON_EVICTED: Its place in the identity table was taken.
 * @SKBTRAIL_UNKNOWN_REASON_SWITCHED: Kprobes were switched off
 * @SKBTRAIL_UNKNOWN_REASON_REASSEMBLY: It was being put together with others and that was not finished.
 */
enum skbtrail_unknown_reason {
	SKBTRAIL_UNKNOWN_REASON_REUSED = 1,
	SKBTRAIL_UNKNOWN_REASON_MISSED,
	SKBTRAIL_UNKNOWN_REASON_EVICTED,
	SKBTRAIL_UNKNOWN_REASON_SWITCHED,
	SKBTRAIL_UNKNOWN_REASON_REASSEMBLY,
	/* private: */
	__SKBTRAIL_UNKNOWN_REASON_MAX,
	SKBTRAIL_UNKNOWN_REASON_MAX = __SKBTRAIL_UNKNOWN_REASON_MAX - 1
};

/**
 * enum skbtrail_dict - What a name record names.
 * @SKBTRAIL_DICT_STAGE: A stage; info holds layer and direction.
 * @SKBTRAIL_DICT_POINT: A probe point; parent is its stage
 * @SKBTRAIL_DICT_REASON: A drop reason
 * @SKBTRAIL_DICT_SYMBOL: A code location as symbol+offset.
 * @SKBTRAIL_DICT_KERNEL: Release of the kernel the stream comes from.
 */
enum skbtrail_dict {
	SKBTRAIL_DICT_STAGE = 1,
	SKBTRAIL_DICT_POINT,
	SKBTRAIL_DICT_REASON,
	SKBTRAIL_DICT_SYMBOL,
	SKBTRAIL_DICT_KERNEL,
	/* private: */
	__SKBTRAIL_DICT_MAX,
	SKBTRAIL_DICT_MAX = __SKBTRAIL_DICT_MAX - 1
};

/**
 * enum skbtrail_layer - Layer a stage belongs to.
 * @SKBTRAIL_LAYER_DEVICE:
 * @SKBTRAIL_LAYER_NETFILTER:
 * @SKBTRAIL_LAYER_IP:
 * @SKBTRAIL_LAYER_TRANSPORT:
 * @SKBTRAIL_LAYER_SOCKET:
 * @SKBTRAIL_LAYER_NEIGHBOUR:
 * @SKBTRAIL_LAYER_QDISC:
 * @SKBTRAIL_LAYER_LIFE:
 */
enum skbtrail_layer {
	SKBTRAIL_LAYER_DEVICE = 1,
	SKBTRAIL_LAYER_NETFILTER,
	SKBTRAIL_LAYER_IP,
	SKBTRAIL_LAYER_TRANSPORT,
	SKBTRAIL_LAYER_SOCKET,
	SKBTRAIL_LAYER_NEIGHBOUR,
	SKBTRAIL_LAYER_QDISC,
	SKBTRAIL_LAYER_LIFE,
	/* private: */
	__SKBTRAIL_LAYER_MAX,
	SKBTRAIL_LAYER_MAX = __SKBTRAIL_LAYER_MAX - 1
};

/**
 * enum skbtrail_direction - Direction in which a stage is passed.
 * @SKBTRAIL_DIRECTION_IN:
 * @SKBTRAIL_DIRECTION_OUT:
 * @SKBTRAIL_DIRECTION_FORWARD:
 * @SKBTRAIL_DIRECTION_ANY:
 */
enum skbtrail_direction {
	SKBTRAIL_DIRECTION_IN = 1,
	SKBTRAIL_DIRECTION_OUT,
	SKBTRAIL_DIRECTION_FORWARD,
	SKBTRAIL_DIRECTION_ANY,
	/* private: */
	__SKBTRAIL_DIRECTION_MAX,
	SKBTRAIL_DIRECTION_MAX = __SKBTRAIL_DIRECTION_MAX - 1
};

/**
 * enum skbtrail_attach_kind - How a probe point is attached.
 * @SKBTRAIL_ATTACH_KIND_TRACEPOINT: Kernel tracepoint.
 * @SKBTRAIL_ATTACH_KIND_FTRACE: Function entry by ftrace.
 * @SKBTRAIL_ATTACH_KIND_KPROBE: Function entry by kprobe.
 * @SKBTRAIL_ATTACH_KIND_KRETPROBE: Function return by kretprobe.
 * @SKBTRAIL_ATTACH_KIND_NETFILTER: Netfilter hook.
 */
enum skbtrail_attach_kind {
	SKBTRAIL_ATTACH_KIND_TRACEPOINT = 1,
	SKBTRAIL_ATTACH_KIND_FTRACE,
	SKBTRAIL_ATTACH_KIND_KPROBE,
	SKBTRAIL_ATTACH_KIND_KRETPROBE,
	SKBTRAIL_ATTACH_KIND_NETFILTER,
	/* private: */
	__SKBTRAIL_ATTACH_KIND_MAX,
	SKBTRAIL_ATTACH_KIND_MAX = __SKBTRAIL_ATTACH_KIND_MAX - 1
};

/**
 * enum skbtrail_point_state - Whether a probe point works on this kernel.
 * @SKBTRAIL_POINT_STATE_AVAILABLE: Found; attached when a session needs it.
 * @SKBTRAIL_POINT_STATE_ATTACHED: Attached now.
 * @SKBTRAIL_POINT_STATE_SHADOWED: Not needed because an earlier choice of the same point exists.
 * @SKBTRAIL_POINT_STATE_UNAVAILABLE: Not on this kernel; the reason attribute says why.
 * @SKBTRAIL_POINT_STATE_ABSENT: In a module that is not loaded; attached when that comes and a session needs it.
 */
enum skbtrail_point_state {
	SKBTRAIL_POINT_STATE_AVAILABLE = 1,
	SKBTRAIL_POINT_STATE_ATTACHED,
	SKBTRAIL_POINT_STATE_SHADOWED,
	SKBTRAIL_POINT_STATE_UNAVAILABLE,
	SKBTRAIL_POINT_STATE_ABSENT,
	/* private: */
	__SKBTRAIL_POINT_STATE_MAX,
	SKBTRAIL_POINT_STATE_MAX = __SKBTRAIL_POINT_STATE_MAX - 1
};

/**
 * enum skbtrail_ctx - Execution context of a hit.
 * @SKBTRAIL_CTX_SOFTIRQ: Serving a softirq.
 * @SKBTRAIL_CTX_HARDIRQ: In a hard interrupt.
 * @SKBTRAIL_CTX_KSOFTIRQD: The softirq runs in ksoftirqd.
 * @SKBTRAIL_CTX_EARLIER: Happened before the packet existed; told when it appeared.
 */
enum skbtrail_ctx {
	SKBTRAIL_CTX_SOFTIRQ = 1,
	SKBTRAIL_CTX_HARDIRQ = 2,
	SKBTRAIL_CTX_KSOFTIRQD = 4,
	SKBTRAIL_CTX_EARLIER = 8,
};

/**
 * enum skbtrail_batch - What a batch holds.
 * @SKBTRAIL_BATCH_LOST: Records of losses.
 * @SKBTRAIL_BATCH_VERDICT: Records of verdicts that name a rule.
 */
enum skbtrail_batch {
	SKBTRAIL_BATCH_LOST = 1,
	SKBTRAIL_BATCH_VERDICT = 2,
};

/**
 * enum skbtrail_facts - About a change record.
 * @SKBTRAIL_FACTS_INSIDE: It was noticed inside the netfilter point that the last hit of the trail is at. The verdict record before it tells who changed that.
 */
enum skbtrail_facts {
	SKBTRAIL_FACTS_INSIDE = 1,
};

/**
 * enum skbtrail_rewrite - How a rewrite rule made changes.
 * @SKBTRAIL_REWRITE_DRY: It made none; it is a dry run.
 */
enum skbtrail_rewrite {
	SKBTRAIL_REWRITE_DRY = 1,
};

/**
 * enum skbtrail_rule_hook - Where a rewrite rule is applied.
 * @SKBTRAIL_RULE_HOOK_PREROUTING: NF_INET_PRE_ROUTING, IPv4 and IPv6.
 * @SKBTRAIL_RULE_HOOK_LOCAL_IN: NF_INET_LOCAL_IN, IPv4 and IPv6.
 * @SKBTRAIL_RULE_HOOK_FORWARD: NF_INET_FORWARD, IPv4 and IPv6.
 * @SKBTRAIL_RULE_HOOK_LOCAL_OUT: NF_INET_LOCAL_OUT, IPv4 and IPv6.
 * @SKBTRAIL_RULE_HOOK_POSTROUTING: NF_INET_POST_ROUTING, IPv4 and IPv6.
 * @SKBTRAIL_RULE_HOOK_INGRESS: NF_NETDEV_INGRESS of devices, every protocol.
 * @SKBTRAIL_RULE_HOOK_EGRESS: NF_NETDEV_EGRESS of devices, every protocol.
 */
enum skbtrail_rule_hook {
	SKBTRAIL_RULE_HOOK_PREROUTING = 1,
	SKBTRAIL_RULE_HOOK_LOCAL_IN,
	SKBTRAIL_RULE_HOOK_FORWARD,
	SKBTRAIL_RULE_HOOK_LOCAL_OUT,
	SKBTRAIL_RULE_HOOK_POSTROUTING,
	SKBTRAIL_RULE_HOOK_INGRESS,
	SKBTRAIL_RULE_HOOK_EGRESS,
	/* private: */
	__SKBTRAIL_RULE_HOOK_MAX,
	SKBTRAIL_RULE_HOOK_MAX = __SKBTRAIL_RULE_HOOK_MAX - 1
};

/**
 * enum skbtrail_rule_place - Where among the others of its hook; nothing at devices, where there is no NAT.
 * @SKBTRAIL_RULE_PLACE_BEFORE_NAT: Before conntrack looks at the packet and before NAT.
 * @SKBTRAIL_RULE_PLACE_AFTER_NAT: Behind NAT.
 */
enum skbtrail_rule_place {
	SKBTRAIL_RULE_PLACE_BEFORE_NAT = 1,
	SKBTRAIL_RULE_PLACE_AFTER_NAT,
	/* private: */
	__SKBTRAIL_RULE_PLACE_MAX,
	SKBTRAIL_RULE_PLACE_MAX = __SKBTRAIL_RULE_PLACE_MAX - 1
};

/**
 * enum skbtrail_rule_action - What a rewrite rule does to a packet.
 * @SKBTRAIL_RULE_ACTION_MARK: skb->mark; value, mask
 * @SKBTRAIL_RULE_ACTION_PRIORITY: skb->priority; value
 * @SKBTRAIL_RULE_ACTION_DSCP: value, 0 to 63
 * @SKBTRAIL_RULE_ACTION_ECN: value, 0 to 3
 * @SKBTRAIL_RULE_ACTION_TTL: TTL or hop limit; value, 1 to 255
 * @SKBTRAIL_RULE_ACTION_SRC: source address; address
 * @SKBTRAIL_RULE_ACTION_DST: destination address; address
 * @SKBTRAIL_RULE_ACTION_SPORT: source port of TCP or UDP; value
 * @SKBTRAIL_RULE_ACTION_DPORT: destination port of TCP or UDP; value
 * @SKBTRAIL_RULE_ACTION_FLAGS: TCP flags; value, mask
 * @SKBTRAIL_RULE_ACTION_WINDOW: TCP window as in the header; value
 * @SKBTRAIL_RULE_ACTION_MSS: lower the TCP option MSS to value, if there is one and it is higher
 * @SKBTRAIL_RULE_ACTION_VLAN: tag of 802.1Q, VID value; 0 takes the tag off; at devices only
 * @SKBTRAIL_RULE_ACTION_PAYLOAD: bytes at offset of the payload of TCP, UDP or ICMP
 * @SKBTRAIL_RULE_ACTION_TRUNCATE: cut to value bytes from the network header on
 * @SKBTRAIL_RULE_ACTION_CORRUPT: flip one random bit behind the network header, the checksum left as it was
 * @SKBTRAIL_RULE_ACTION_DROP: drop; nobody is told
 */
enum skbtrail_rule_action {
	SKBTRAIL_RULE_ACTION_MARK = 1,
	SKBTRAIL_RULE_ACTION_PRIORITY,
	SKBTRAIL_RULE_ACTION_DSCP,
	SKBTRAIL_RULE_ACTION_ECN,
	SKBTRAIL_RULE_ACTION_TTL,
	SKBTRAIL_RULE_ACTION_SRC,
	SKBTRAIL_RULE_ACTION_DST,
	SKBTRAIL_RULE_ACTION_SPORT,
	SKBTRAIL_RULE_ACTION_DPORT,
	SKBTRAIL_RULE_ACTION_FLAGS,
	SKBTRAIL_RULE_ACTION_WINDOW,
	SKBTRAIL_RULE_ACTION_MSS,
	SKBTRAIL_RULE_ACTION_VLAN,
	SKBTRAIL_RULE_ACTION_PAYLOAD,
	SKBTRAIL_RULE_ACTION_TRUNCATE,
	SKBTRAIL_RULE_ACTION_CORRUPT,
	SKBTRAIL_RULE_ACTION_DROP,
	/* private: */
	__SKBTRAIL_RULE_ACTION_MAX,
	SKBTRAIL_RULE_ACTION_MAX = __SKBTRAIL_RULE_ACTION_MAX - 1
};

/**
 * enum skbtrail_rule_state - Whether a rewrite rule is applied.
 * @SKBTRAIL_RULE_STATE_ACTIVE: It is.
 * @SKBTRAIL_RULE_STATE_USED_UP: It was applied to as many packets as asked for.
 * @SKBTRAIL_RULE_STATE_EXPIRED: Its time is over.
 */
enum skbtrail_rule_state {
	SKBTRAIL_RULE_STATE_ACTIVE = 1,
	SKBTRAIL_RULE_STATE_USED_UP,
	SKBTRAIL_RULE_STATE_EXPIRED,
	/* private: */
	__SKBTRAIL_RULE_STATE_MAX,
	SKBTRAIL_RULE_STATE_MAX = __SKBTRAIL_RULE_STATE_MAX - 1
};

/**
 * enum skbtrail_rule_refusal - Why a packet that matched was let through as it was.
 * @SKBTRAIL_RULE_REFUSAL_HEADERS: Its headers are damaged or hide behind too many extensions.
 * @SKBTRAIL_RULE_REFUSAL_MISSING: It has not got what is to be changed: another protocol, no such option.
 * @SKBTRAIL_RULE_REFUSAL_FRAGMENT: What is to be changed is in another fragment, or would not fit the others.
 * @SKBTRAIL_RULE_REFUSAL_GSO: It stands for several packets of the wire and this can be done to one only.
 * @SKBTRAIL_RULE_REFUSAL_LENGTH: It is too short.
 * @SKBTRAIL_RULE_REFUSAL_MEMORY: There was no memory for a copy that may be written to.
 * @SKBTRAIL_RULE_REFUSAL_SHARED: Somebody else holds the same sk_buff.
 */
enum skbtrail_rule_refusal {
	SKBTRAIL_RULE_REFUSAL_HEADERS = 1,
	SKBTRAIL_RULE_REFUSAL_MISSING,
	SKBTRAIL_RULE_REFUSAL_FRAGMENT,
	SKBTRAIL_RULE_REFUSAL_GSO,
	SKBTRAIL_RULE_REFUSAL_LENGTH,
	SKBTRAIL_RULE_REFUSAL_MEMORY,
	SKBTRAIL_RULE_REFUSAL_SHARED,
	/* private: */
	__SKBTRAIL_RULE_REFUSAL_MAX,
	SKBTRAIL_RULE_REFUSAL_MAX = __SKBTRAIL_RULE_REFUSAL_MAX - 1
};

/**
 * struct skbtrail_rec - Head of every record.
 * @size: bytes in the whole record, a multiple of 8
 * @kind: enum rec-kind
 * @flags: see the kinds
 */
struct skbtrail_rec {
	__u16	size;
	__u8	kind;
	__u8	flags;
};

/**
 * struct skbtrail_rec_batch - First record of a batch.
 * @size: size
 * @kind: kind
 * @flags: enum batch flags
 * @cpu: CPU that wrote the batch; ~0 for the session's own thread
 * @seq: number of the batch on that CPU, from 1
 */
struct skbtrail_rec_batch {
	__u16	size;
	__u8	kind;
	__u8	flags;
	__u32	cpu;
	__u64	seq;
};

/**
 * struct skbtrail_rec_hit - One packet passed one stage.
 * @size: size
 * @kind: kind
 * @ctx: enum ctx flags
 * @point: probe point that saw it
 * @stage: stage of the point
 * @trail: trail id, unique for the life of the module
 * @ns: ns
 * @len: packet length at this stage (skb->len), 0 where there is no packet yet
 * @info: netfilter: protocol family << 8 | hook; dev.busy: return code; tcp.retransmit: enum retransmit-why
 */
struct skbtrail_rec_hit {
	__u16	size;
	__u8	kind;
	__u8	ctx;
	__u16	point;
	__u16	stage;
	__u64	trail;
	__u64	ns;
	__u32	len;
	__u32	info;
};

/**
 * struct skbtrail_rec_facts - Head of packet and change records; facts follow.
 * @size: size
 * @kind: kind
 * @flags: enum facts flags
 * @point: probe point where it was noticed
 * @stage: stage
 * @trail: trail
 * @ns: ns
 */
struct skbtrail_rec_facts {
	__u16	size;
	__u8	kind;
	__u8	flags;
	__u16	point;
	__u16	stage;
	__u64	trail;
	__u64	ns;
};

/**
 * struct skbtrail_fact_head - Head of one fact; len bytes of value follow at once, then padding to 8.
 * @id: enum fact
 * @pad: pad
 * @len: bytes of value
 */
struct skbtrail_fact_head {
	__u8	id;
	__u8	pad;
	__u16	len;
};

/**
 * struct skbtrail_rec_end - A trail ended.
 * @size: size
 * @kind: kind
 * @end: enum end-kind
 * @point: probe point that saw the end
 * @stage: last stage the packet passed before
 * @trail: trail
 * @ns: ns
 * @reason: dropped: the kernel's drop reason; unknown: enum unknown-reason
 * @symbol: code location that freed it, a name of dict symbol; 0 unknown
 */
struct skbtrail_rec_end {
	__u16	size;
	__u8	kind;
	__u8	end;
	__u16	point;
	__u16	stage;
	__u64	trail;
	__u64	ns;
	__u32	reason;
	__u32	symbol;
};

/**
 * struct skbtrail_rec_link - Trail was made from parent (merge - trail went into parent).
 * @size: size
 * @kind: kind
 * @link: enum link-kind
 * @info: retransmit: enum retransmit-why
 * @trail: trail
 * @parent: parent
 * @ns: ns
 * @place: which one it is, from 1; 0 not known
 * @of: of how many; 0 not known
 */
struct skbtrail_rec_link {
	__u16	size;
	__u8	kind;
	__u8	link;
	__u32	info;
	__u64	trail;
	__u64	parent;
	__u64	ns;
	__u32	place;
	__u32	of;
};

/**
 * struct skbtrail_rec_call - A call wrote, or copied, bytes that the trail's TCP segment carries. Of a segment with bytes of more than four send calls the first four are told. Positions count the bytes of the connection, in 64 bits, as the kernel does (tcpi_bytes_acked, tcpi_bytes_received; the SYN of the side that connects is one in the first).
 * @size: size
 * @kind: kind
 * @way: enum call-way
 * @bytes: so many of them
 * @trail: trail
 * @ns: ns
 * @begun: time the call began; 0 not known
 * @cookie: cookie of the socket
 * @pos: position of the first of these bytes
 * @asked: bytes the call was to write; 0 not known
 * @at: first of these bytes: of the call (send), of the segment (read); from 0
 * @pid: process id in the initial namespace
 * @tid: thread id
 * @comm: comm
 */
struct skbtrail_rec_call {
	__u16	size;
	__u8	kind;
	__u8	way;
	__u32	bytes;
	__u64	trail;
	__u64	ns;
	__u64	begun;
	__u64	cookie;
	__u64	pos;
	__u32	asked;
	__u32	at;
	__u32	pid;
	__u32	tid;
	char	comm[16];
};

/**
 * struct skbtrail_rec_stack - Return addresses from the place that dropped the packet outwards; depth numbers of 32 bits follow, names of dict symbol, 0 unknown, padded to eight bytes.
 * @size: size
 * @kind: kind
 * @flags: flags
 * @depth: how many
 * @trail: trail
 * @ns: ns
 */
struct skbtrail_rec_stack {
	__u16	size;
	__u8	kind;
	__u8	flags;
	__u32	depth;
	__u64	trail;
	__u64	ns;
};

/**
 * struct skbtrail_rec_lost - Something is missing at this place of the CPU's sequence.
 * @size: size
 * @kind: kind
 * @cause: enum lost-cause
 * @pad: pad
 * @count: how many since the last lost record of this cause and CPU
 * @first_ns: time of the first of them
 * @last_ns: time of the last of them
 */
struct skbtrail_rec_lost {
	__u16	size;
	__u8	kind;
	__u8	cause;
	__u32	pad;
	__u64	count;
	__u64	first_ns;
	__u64	last_ns;
};

/**
 * struct skbtrail_rec_mark - Every record with an earlier time has been sent, but for earlier hits (ctx earlier), which come with the packet record of their trail.
 * @size: size
 * @kind: kind
 * @flags: flags
 * @pad: pad
 * @ns: CLOCK_MONOTONIC
 * @boot_ns: CLOCK_BOOTTIME at the same moment
 * @real_ns: CLOCK_REALTIME at the same moment
 */
struct skbtrail_rec_mark {
	__u16	size;
	__u8	kind;
	__u8	flags;
	__u32	pad;
	__u64	ns;
	__u64	boot_ns;
	__u64	real_ns;
};

/**
 * struct skbtrail_rec_name - Text for an id; NUL-terminated text follows, padded to 8.
 * @size: size
 * @kind: kind
 * @dict: enum dict
 * @id: id
 * @parent: point: its stage
 * @info: stage: layer | direction << 8; point: attach kind
 */
struct skbtrail_rec_name {
	__u16	size;
	__u8	kind;
	__u8	dict;
	__u32	id;
	__u32	parent;
	__u32	info;
};

/**
 * struct skbtrail_rec_summary - Totals of a session.
 * @size: size
 * @kind: kind
 * @flags: flags
 * @pad: pad
 * @ns: ns
 * @hits: hits written
 * @trails: trails begun
 * @ends: ends written
 * @batches: batches sent before this one
 * @lost_buffer: records lost for want of a free batch
 * @lost_table: packets not followed because the table was full
 * @lost_admission: packets not followed because the buffer was nearly full
 * @lost_other: sightings lost for another cause
 */
struct skbtrail_rec_summary {
	__u16	size;
	__u8	kind;
	__u8	flags;
	__u32	pad;
	__u64	ns;
	__u64	hits;
	__u64	trails;
	__u64	ends;
	__u64	batches;
	__u64	lost_buffer;
	__u64	lost_table;
	__u64	lost_admission;
	__u64	lost_other;
};

/**
 * struct skbtrail_rec_verdict - Who in netfilter dropped or changed a packet. Behind it, each NUL-terminated and padded to 8: the name of the table, where the engine has tables, then steps times a chain, a u64 before its name: where cause is rule, the handle (nf_tables) or number (x_tables) of the rule in that chain, else 0. The first is the base chain; each rule but the last sent the packet to the next chain, the last one dropped it.
 * @size: size
 * @kind: kind
 * @engine: enum verdict-engine
 * @cause: enum verdict-cause
 * @family: NFPROTO_* of the table, else of the hook
 * @hook: number of the hook in its family
 * @steps: chains that follow
 * @trail: trail
 * @ns: ns
 * @table: nf_tables: handle of the table, never reused; skbtrail: number of rule
 * @netns: cookie of the network namespace
 * @symbol: hook function, a name of dict symbol
 * @priority: of the hook, a signed number
 * @inum: its inode number
 * @action: enum verdict-action
 * @nat: enum verdict-nat
 * @detail: see enum verdict-action
 */
struct skbtrail_rec_verdict {
	__u16	size;
	__u8	kind;
	__u8	engine;
	__u8	cause;
	__u8	family;
	__u8	hook;
	__u8	steps;
	__u64	trail;
	__u64	ns;
	__u64	table;
	__u64	netns;
	__u32	symbol;
	__u32	priority;
	__u32	inum;
	__u8	action;
	__u8	nat;
	__u16	detail;
};

/**
 * struct skbtrail_fact_dev - Value of fact dev.
 * @ifindex: ifindex
 * @inum: inode number of the namespace
 * @cookie: cookie of the namespace, never reused
 * @name: name
 */
struct skbtrail_fact_dev {
	__u32	ifindex;
	__u32	inum;
	__u64	cookie;
	char	name[16];
};

/**
 * struct skbtrail_fact_netns - Value of fact netns.
 * @cookie: cookie
 * @inum: inum
 * @pad: pad
 */
struct skbtrail_fact_netns {
	__u64	cookie;
	__u32	inum;
	__u32	pad;
};

/**
 * struct skbtrail_fact_tcp - Value of fact tcp (host byte order).
 * @seq: seq
 * @ack: ack
 * @window: window
 * @flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128
 * @doff: header length in bytes
 * @payload: payload bytes
 */
struct skbtrail_fact_tcp {
	__u32	seq;
	__u32	ack;
	__u16	window;
	__u8	flags;
	__u8	doff;
	__u32	payload;
};

/**
 * struct skbtrail_fact_icmp - Value of fact icmp.
 * @type: type
 * @code: code
 * @id: echo identifier (host order)
 * @seq: echo sequence number (host order)
 * @pad: pad
 */
struct skbtrail_fact_icmp {
	__u8	type;
	__u8	code;
	__u16	id;
	__u16	seq;
	__u16	pad;
};

/**
 * struct skbtrail_fact_arp - Value of fact arp (IPv4 over Ethernet; addresses in network order).
 * @op: 1 request, 2 reply
 * @pad: pad
 * @sip: sip
 * @tip: tip
 */
struct skbtrail_fact_arp {
	__u16	op;
	__u16	pad;
	__u32	sip;
	__u32	tip;
};

/**
 * struct skbtrail_fact_sock - Value of fact sock.
 * @cookie: socket cookie, never reused
 * @state: TCP state or 0
 * @pad: pad
 * @rmem: memory of what waits to be read; listening: connections that wait
 * @rcvbuf: the most of it; listening: the backlog
 * @wmem: memory of what is not sent and acknowledged yet
 * @sndbuf: the most of it
 * @cgroup: id of its cgroup, the inode number of that; 0 unknown
 */
struct skbtrail_fact_sock {
	__u64	cookie;
	__u8	state;
	__u8	pad[7];
	__u32	rmem;
	__u32	rcvbuf;
	__u32	wmem;
	__u32	sndbuf;
	__u64	cgroup;
};

/**
 * struct skbtrail_fact_task - Value of facts sender and reader.
 * @cookie: cookie of the socket
 * @pid: process id in the initial namespace
 * @tid: thread id
 * @comm: comm
 */
struct skbtrail_fact_task {
	__u64	cookie;
	__u32	pid;
	__u32	tid;
	char	comm[16];
};

/**
 * struct skbtrail_fact_ack - Value of fact ack.
 * @kind: enum ack-kind
 * @pad: pad
 * @bytes: new: so many bytes of data
 * @flight: bytes that were sent and not acknowledged before it came
 */
struct skbtrail_fact_ack {
	__u8	kind;
	__u8	pad[3];
	__u32	bytes;
	__u32	flight;
};

/**
 * struct skbtrail_fact_route - Value of fact route.
 * @type: RTN_*; 0 unknown
 * @family: AF_* of the gateway; 0 when directly connected
 * @error: errno of one that leads nowhere, told where that drops it; 0 none
 * @ifindex: outgoing device
 * @gateway: gateway
 * @name: name of the outgoing device
 */
struct skbtrail_fact_route {
	__u8	type;
	__u8	family;
	__u16	error;
	__u32	ifindex;
	__u8	gateway[16];
	char	name[16];
};

/**
 * struct skbtrail_fact_gso - Value of fact gso.
 * @size: size
 * @segs: segs
 */
struct skbtrail_fact_gso {
	__u16	size;
	__u16	segs;
};

/**
 * struct skbtrail_fact_tunnel - Value of fact tunnel.
 * @way: enum tunnel-way
 * @nth: how often that happened to the packet, this included
 */
struct skbtrail_fact_tunnel {
	__u8	way;
	__u8	nth;
};

/**
 * struct skbtrail_fact_rewrite - Value of fact rewrite.
 * @rule: number of the rule
 * @flags: enum rewrite flags
 */
struct skbtrail_fact_rewrite {
	__u32	rule;
	__u32	flags;
};

/**
 * struct skbtrail_fact_payload - Value of fact payload, which comes twice.
 * @offset: from the begin of the payload
 * @len: bytes changed from there on
 * @bytes: the first of them, zeros behind
 */
struct skbtrail_fact_payload {
	__u16	offset;
	__u16	len;
	__u8	bytes[16];
};

/**
 * struct skbtrail_fact_qdisc - Value of fact qdisc.
 * @handle: major number << 16
 * @qlen: packets in its queue
 * @limit: the most of them, in the unit of its kind; 0 unknown
 * @pad: pad
 * @kind: kind
 */
struct skbtrail_fact_qdisc {
	__u32	handle;
	__u32	qlen;
	__u32	limit;
	__u32	pad;
	char	kind[16];
};

/**
 * struct skbtrail_fact_ct - Value of fact ct. Without a connection (untracked, invalid) the rest is 0.
 * @state: enum ct-state
 * @reply: 1: against the direction of the connection's first packet
 * @zone: zone
 * @mark: mark
 * @status: IPS_* of the connection
 * @tcp: TCP_CONNTRACK_* of the connection, 0 unknown
 * @pad: pad
 */
struct skbtrail_fact_ct {
	__u8	state;
	__u8	reply;
	__u16	zone;
	__u32	mark;
	__u32	status;
	__u8	tcp;
	__u8	pad[3];
};

/**
 * struct skbtrail_fact_tuple - Value of facts ct-orig and ct-reply.
 * @family: AF_* of the addresses
 * @proto: IP protocol
 * @sport: source port, or ICMP identifier (host order)
 * @dport: destination port, or ICMP type << 8 | code (host order)
 * @pad: pad
 * @saddr: saddr
 * @daddr: daddr
 */
struct skbtrail_fact_tuple {
	__u8	family;
	__u8	proto;
	__u16	sport;
	__u16	dport;
	__u16	pad;
	__u8	saddr[16];
	__u8	daddr[16];
};

enum {
	SKBTRAIL_A_INFO_ABI = 1,
	SKBTRAIL_A_INFO_VERSION,
	SKBTRAIL_A_INFO_KERNEL,
	SKBTRAIL_A_INFO_ATTACH,
	SKBTRAIL_A_INFO_STAGES,
	SKBTRAIL_A_INFO_SESSIONS,
	SKBTRAIL_A_INFO_MISSED,
	__SKBTRAIL_A_INFO_MAX,
	SKBTRAIL_A_INFO_MAX = __SKBTRAIL_A_INFO_MAX - 1
};

enum {
	SKBTRAIL_A_POINT_ID = 1,
	SKBTRAIL_A_POINT_FUNC,
	SKBTRAIL_A_POINT_KIND,
	SKBTRAIL_A_POINT_STATE,
	SKBTRAIL_A_POINT_REASON,
	SKBTRAIL_A_POINT_MODULE,
	__SKBTRAIL_A_POINT_MAX,
	SKBTRAIL_A_POINT_MAX = __SKBTRAIL_A_POINT_MAX - 1
};

enum {
	SKBTRAIL_A_STAGE_ID = 1,
	SKBTRAIL_A_STAGE_NAME,
	SKBTRAIL_A_STAGE_LAYER,
	SKBTRAIL_A_STAGE_DIRECTION,
	SKBTRAIL_A_STAGE_DOC,
	SKBTRAIL_A_STAGE_USERS,
	SKBTRAIL_A_STAGE_POINT,
	__SKBTRAIL_A_STAGE_MAX,
	SKBTRAIL_A_STAGE_MAX = __SKBTRAIL_A_STAGE_MAX - 1
};

enum {
	SKBTRAIL_A_SESSION_ID = 1,
	SKBTRAIL_A_SESSION_FILTER_L2,
	SKBTRAIL_A_SESSION_FILTER_L3,
	SKBTRAIL_A_SESSION_FILTER_TEXT,
	SKBTRAIL_A_SESSION_STAGE,
	SKBTRAIL_A_SESSION_DEV,
	SKBTRAIL_A_SESSION_NETNS_FD,
	SKBTRAIL_A_SESSION_SNAPLEN,
	SKBTRAIL_A_SESSION_BUFFER,
	SKBTRAIL_A_SESSION_FLUSH_MS,
	SKBTRAIL_A_SESSION_PORTID,
	SKBTRAIL_A_SESSION_PID,
	SKBTRAIL_A_SESSION_HITS,
	SKBTRAIL_A_SESSION_TRAILS,
	SKBTRAIL_A_SESSION_ENDS,
	SKBTRAIL_A_SESSION_LOST,
	SKBTRAIL_A_SESSION_POINTS,
	SKBTRAIL_A_SESSION_MISSING,
	SKBTRAIL_A_SESSION_PAD,
	SKBTRAIL_A_SESSION_STACK,
	SKBTRAIL_A_SESSION_RULES,
	__SKBTRAIL_A_SESSION_MAX,
	SKBTRAIL_A_SESSION_MAX = __SKBTRAIL_A_SESSION_MAX - 1
};

enum {
	SKBTRAIL_A_ACTION_KIND = 1,
	SKBTRAIL_A_ACTION_VALUE,
	SKBTRAIL_A_ACTION_MASK,
	SKBTRAIL_A_ACTION_ADDRESS,
	SKBTRAIL_A_ACTION_OFFSET,
	SKBTRAIL_A_ACTION_BYTES,
	__SKBTRAIL_A_ACTION_MAX,
	SKBTRAIL_A_ACTION_MAX = __SKBTRAIL_A_ACTION_MAX - 1
};

enum {
	SKBTRAIL_A_REFUSALS_HEADERS = 1,
	SKBTRAIL_A_REFUSALS_MISSING,
	SKBTRAIL_A_REFUSALS_FRAGMENT,
	SKBTRAIL_A_REFUSALS_GSO,
	SKBTRAIL_A_REFUSALS_LENGTH,
	SKBTRAIL_A_REFUSALS_MEMORY,
	SKBTRAIL_A_REFUSALS_SHARED,
	SKBTRAIL_A_REFUSALS_PAD,
	__SKBTRAIL_A_REFUSALS_MAX,
	SKBTRAIL_A_REFUSALS_MAX = __SKBTRAIL_A_REFUSALS_MAX - 1
};

enum {
	SKBTRAIL_A_RULE_NUMBER = 1,
	SKBTRAIL_A_RULE_HOOK,
	SKBTRAIL_A_RULE_PLACE,
	SKBTRAIL_A_RULE_FILTER_L2,
	SKBTRAIL_A_RULE_FILTER_L3,
	SKBTRAIL_A_RULE_FILTER_TEXT,
	SKBTRAIL_A_RULE_DEV,
	SKBTRAIL_A_RULE_NETNS_FD,
	SKBTRAIL_A_RULE_ACTION,
	SKBTRAIL_A_RULE_TEXT,
	SKBTRAIL_A_RULE_COUNT,
	SKBTRAIL_A_RULE_FOR_MS,
	SKBTRAIL_A_RULE_PROBABILITY,
	SKBTRAIL_A_RULE_SEED,
	SKBTRAIL_A_RULE_DRY_RUN,
	SKBTRAIL_A_RULE_PERSIST,
	SKBTRAIL_A_RULE_DISTURB_QUEUES,
	SKBTRAIL_A_RULE_STATE,
	SKBTRAIL_A_RULE_LEFT,
	SKBTRAIL_A_RULE_NETNS,
	SKBTRAIL_A_RULE_PORTID,
	SKBTRAIL_A_RULE_PID,
	SKBTRAIL_A_RULE_MATCHED,
	SKBTRAIL_A_RULE_SPARED,
	SKBTRAIL_A_RULE_CHANGED,
	SKBTRAIL_A_RULE_DROPPED,
	SKBTRAIL_A_RULE_REFUSED,
	SKBTRAIL_A_RULE_PAD,
	__SKBTRAIL_A_RULE_MAX,
	SKBTRAIL_A_RULE_MAX = __SKBTRAIL_A_RULE_MAX - 1
};

enum {
	SKBTRAIL_A_BATCH_RECORDS = 1,
	__SKBTRAIL_A_BATCH_MAX,
	SKBTRAIL_A_BATCH_MAX = __SKBTRAIL_A_BATCH_MAX - 1
};

enum {
	SKBTRAIL_CMD_INFO_GET = 1,
	SKBTRAIL_CMD_STAGE_GET,
	SKBTRAIL_CMD_SESSION_START,
	SKBTRAIL_CMD_SESSION_STOP,
	SKBTRAIL_CMD_SESSION_GET,
	SKBTRAIL_CMD_BATCH,
	SKBTRAIL_CMD_RULE_ADD,
	SKBTRAIL_CMD_RULE_DEL,
	SKBTRAIL_CMD_RULE_GET,
	__SKBTRAIL_CMD_MAX,
	SKBTRAIL_CMD_MAX = __SKBTRAIL_CMD_MAX - 1
};

#endif /* _UAPI_LINUX_SKBTRAIL_H */
