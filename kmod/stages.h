/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_STAGES_H
#define SKBTRAIL_STAGES_H

#include <linux/kprobes.h>
#include <linux/skbtrail.h>
#include <linux/types.h>

struct tracepoint;

/*
 * Every stage, in the order of a packet's journey in and then out:
 * id, name, layer, direction, what passing it means.
 */
#define SKBTRAIL_STAGES(S) \
	S(DEV_GRO, "dev.gro", DEVICE, IN, "handed to GRO by a driver") \
	S(DEV_RX, "dev.rx", DEVICE, IN, "handed to the stack by a driver") \
	S(DEV_NETIF_RX, "dev.netif_rx", DEVICE, IN, "queued to a CPU's backlog") \
	S(DEV_RECEIVE, "dev.receive", DEVICE, IN, "taken up by the receive softirq") \
	S(ARP_RCV, "arp.rcv", NEIGHBOUR, IN, "ARP packet received") \
	S(ARP_PROCESS, "arp.process", NEIGHBOUR, IN, "ARP packet processed") \
	S(IP_RCV, "ip.rcv", IP, IN, "entered the IP layer") \
	S(NF_PREROUTING, "nf.prerouting", NETFILTER, IN, "entered netfilter PRE_ROUTING") \
	S(ROUTE_INPUT, "route.input", IP, IN, "input route looked up") \
	S(IP_LOCAL_DELIVER, "ip.local_deliver", IP, IN, "addressed to this host") \
	S(IP_DEFRAG, "ip.defrag", IP, IN, "given to reassembly") \
	S(NF_LOCAL_IN, "nf.local_in", NETFILTER, IN, "entered netfilter LOCAL_IN") \
	S(IP_DELIVER, "ip.deliver", IP, IN, "handed to the transport protocol") \
	S(IP_FORWARD, "ip.forward", IP, FORWARD, "to be forwarded") \
	S(NF_FORWARD, "nf.forward", NETFILTER, FORWARD, "entered netfilter FORWARD") \
	S(TCP_RCV, "tcp.rcv", TRANSPORT, IN, "entered TCP") \
	S(UDP_RCV, "udp.rcv", TRANSPORT, IN, "entered UDP") \
	S(ICMP_RCV, "icmp.rcv", TRANSPORT, IN, "entered ICMP") \
	S(ICMP_ECHO, "icmp.echo", TRANSPORT, IN, "echo request to be answered") \
	S(ICMP_REPLY, "icmp.reply", TRANSPORT, IN, "answered with an ICMP reply") \
	S(ICMP_ERROR, "icmp.error", TRANSPORT, ANY, "answered with an ICMP error") \
	S(RAW_RCV, "raw.rcv", TRANSPORT, IN, "given to a raw or ping socket") \
	S(SOCK_LOOKUP, "sock.lookup", SOCKET, IN, "socket found") \
	S(SOCK_BACKLOG, "sock.backlog", SOCKET, IN, "parked in the socket's backlog, the socket is in use") \
	S(SOCK_FILTER, "sock.filter", SOCKET, IN, "socket filter") \
	S(SOCK_SECURITY, "sock.security", SOCKET, IN, "security check of the receiving socket") \
	S(TCP_LISTEN, "tcp.listen", TRANSPORT, IN, "connection request to a listening socket") \
	S(TCP_ESTABLISHED, "tcp.established", TRANSPORT, IN, "processed by an established connection") \
	S(TCP_STATE, "tcp.state", TRANSPORT, IN, "processed by a connection being opened or closed") \
	S(TCP_DATA, "tcp.data", TRANSPORT, IN, "data to be queued") \
	S(UDP_QUEUE, "udp.queue", TRANSPORT, IN, "checked for the socket's queue") \
	S(TCP_RESET, "tcp.reset", TRANSPORT, IN, "answered with a reset") \
	S(SOCK_QUEUE, "sock.queue", SOCKET, IN, "queued to the socket") \
	S(SOCK_READ, "sock.read", SOCKET, IN, "read call and its security check") \
	S(SOCK_COPY, "sock.copy", SOCKET, IN, "data copied to the application") \
	S(SOCK_RETURN, "sock.return", SOCKET, IN, "read call returned") \
	S(SOCK_CREATE, "sock.create", SOCKET, OUT, "socket created") \
	S(SOCK_CONNECT, "sock.connect", SOCKET, OUT, "connect call") \
	S(SOCK_SEND, "sock.send", SOCKET, OUT, "send call and its security check") \
	S(TCP_SENDMSG, "tcp.sendmsg", TRANSPORT, OUT, "data taken into TCP's send queue") \
	S(UDP_SENDMSG, "udp.sendmsg", TRANSPORT, OUT, "datagram taken by UDP") \
	S(RAW_SENDMSG, "raw.sendmsg", TRANSPORT, OUT, "packet taken by a raw or ping socket") \
	S(TCP_RETRANSMIT, "tcp.retransmit", TRANSPORT, OUT, "sent again") \
	S(TCP_TRANSMIT, "tcp.transmit", TRANSPORT, OUT, "segment transmitted") \
	S(UDP_SEND, "udp.send", TRANSPORT, OUT, "datagram built") \
	S(IP_QUEUE_XMIT, "ip.queue_xmit", IP, OUT, "handed to IP by the transport") \
	S(ROUTE_OUTPUT, "route.output", IP, OUT, "output route looked up") \
	S(IP_LOCAL_OUT, "ip.local_out", IP, OUT, "leaves from this host") \
	S(NF_LOCAL_OUT, "nf.local_out", NETFILTER, OUT, "entered netfilter LOCAL_OUT") \
	S(IP_OUTPUT, "ip.output", IP, OUT, "IP output") \
	S(NF_POSTROUTING, "nf.postrouting", NETFILTER, OUT, "entered netfilter POST_ROUTING") \
	S(IP_FINISH, "ip.finish", IP, OUT, "passed netfilter, size checked against the MTU") \
	S(IP_FRAGMENT, "ip.fragment", IP, OUT, "to be fragmented") \
	S(NEIGH_OUTPUT, "neigh.output", NEIGHBOUR, OUT, "link address of the next hop looked up") \
	S(NEIGH_RESOLVE, "neigh.resolve", NEIGHBOUR, OUT, "link header built after resolution") \
	S(NEIGH_WAIT, "neigh.wait", NEIGHBOUR, OUT, "resolution asked for; parked unless known") \
	S(ARP_XMIT, "arp.xmit", NEIGHBOUR, OUT, "ARP packet sent") \
	S(DEV_QUEUE, "dev.queue", DEVICE, OUT, "handed to the device layer") \
	S(DEV_VALIDATE, "dev.validate", DEVICE, OUT, "fitted to what the device can do") \
	S(DEV_GSO, "dev.gso", DEVICE, OUT, "to be cut into segments") \
	S(QDISC_ENQUEUE, "qdisc.enqueue", QDISC, OUT, "queued in a queueing discipline") \
	S(QDISC_DEQUEUE, "qdisc.dequeue", QDISC, OUT, "taken from a queueing discipline") \
	S(QDISC_XMIT, "qdisc.xmit", QDISC, OUT, "handed to the device by a queueing discipline") \
	S(DEV_XMIT, "dev.xmit", DEVICE, OUT, "handed to the driver") \
	S(DEV_BUSY, "dev.busy", DEVICE, OUT, "refused by a busy driver") \
	S(LIFE_CLONE, "life.clone", LIFE, ANY, "cloned") \
	S(LIFE_EXPAND, "life.expand", LIFE, ANY, "moved to a larger buffer") \
	S(LIFE_MERGE, "life.merge", LIFE, ANY, "may be merged into another packet") \
	S(LIFE_DROP, "life.drop", LIFE, ANY, "freed as dropped") \
	S(LIFE_FREE, "life.free", LIFE, ANY, "freed")

enum skbtrail_stage_id {
#define S(id, name, layer, dir, doc) SKBTRAIL_ST_##id,
	SKBTRAIL_STAGES(S)
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
	SKBTRAIL_OP_NF,		/* the same; the stage is in nf_hook_state */
	SKBTRAIL_OP_BEFORE,	/* a packet without headers yet: kept for its first sighting */
	SKBTRAIL_OP_TRANSMIT,	/* the same, and what was kept for its forerunner goes */
	SKBTRAIL_OP_CREATE,	/* a socket is created */
	SKBTRAIL_OP_CALL,	/* a send call begins */
	SKBTRAIL_OP_CALLED,	/* a send call goes on */
	SKBTRAIL_OP_CALL_END,	/* the socket is released by its caller */
	SKBTRAIL_OP_READ,	/* a read call begins */
	SKBTRAIL_OP_COPY,	/* data of a packet is copied to a reader */
	SKBTRAIL_OP_COPIED,	/* the same, seen after the fact; arguments: socket, packet, length */
	SKBTRAIL_OP_RETURN,	/* a read call returns */
	SKBTRAIL_OP_BIRTH,	/* memory enters a new life without having been freed */
	SKBTRAIL_OP_CLONE,	/* arguments: new packet, old packet */
	SKBTRAIL_OP_EXPAND,	/* the head may change */
	SKBTRAIL_OP_MERGE,	/* arguments: packet that stays, packet that goes */
	SKBTRAIL_OP_FREE,	/* the sk_buff's life ends */
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
#define SKBTRAIL_PF_COMPARE	BIT(6)	/* headers may have changed before it */
#define SKBTRAIL_PF_PSKB	BIT(7)	/* the argument is a struct sk_buff ** */
#define SKBTRAIL_PF_LIST	BIT(8)	/* the argument is a list of packets */
#define SKBTRAIL_PF_SOCKET	BIT(9)	/* the socket argument is a struct socket */
#define SKBTRAIL_PF_ASIDE	BIT(10)	/* something done about the packet, not a place it is at */

/**
 * struct skbtrail_point - one place where a stage is watched
 * @func: function or tracepoint; the name that was found once resolved
 * @probe: function of the tracepoint probe, NULL for function entries
 * @stage: enum skbtrail_stage_id
 * @op: enum skbtrail_op
 * @skb: number of the argument with the packet, from 1; 0 none
 * @sk: number of the argument with the socket, from 1; 0 none
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
 * @same: next point on the same function
 * @kp: kprobe when attached by one
 * @sym: buffer for a name found by trying variants
 */
struct skbtrail_point {
	const char		*func;
	void			*probe;
	u8			stage;
	u8			op;
	u8			skb;
	u8			sk;
	u8			l3;
	u8			l2;
	u16			l3proto;
	u16			flags;
	u8			kind;
	u8			state;
	bool			attached;
	const char		*why;
	struct tracepoint	*tp;
	void			*addr;
	unsigned int		users;
	struct skbtrail_point	*same;
	struct kprobe		kp;
	char			sym[48];
};

#define SKBTRAIL_MAX_POINTS	192

extern const struct skbtrail_stage skbtrail_stages[SKBTRAIL_ST_COUNT];
extern struct skbtrail_point skbtrail_points[];
extern const unsigned int skbtrail_point_count;

/** skbtrail_point_id() - number of a point in the protocol, from 1 */
static inline u16 skbtrail_point_id(const struct skbtrail_point *p)
{
	return p - skbtrail_points + 1;
}

#endif /* SKBTRAIL_STAGES_H */
