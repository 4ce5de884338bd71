// SPDX-License-Identifier: GPL-2.0
/*
 * The stage table: every stage, and for each the functions and tracepoints
 * behind it on the kernels we know. Argument numbers and traps were measured
 * on Debian 6.1, 6.12, 7.2 and 7.3 and are checked by the selftests.
 */
#include "stages.h"

#include <linux/if_ether.h>
#include <linux/kernel.h>

#include "tracepoints.h"

const struct skbtrail_stage skbtrail_stages[SKBTRAIL_ST_COUNT] = {
#define S(id_, name_, layer_, dir_, doc_) \
	[SKBTRAIL_ST_##id_] = { \
		.name = (name_), \
		.doc = (doc_), \
		.layer = SKBTRAIL_LAYER_##layer_, \
		.direction = SKBTRAIL_DIRECTION_##dir_, \
	},
#include "stage_list.h"
#undef S
};

/* row: stage, op, function, packet argument (from 1), then named extras */
#define FN(st, op_, fn, skb_, ...) \
	{ .stage = SKBTRAIL_ST_##st, .op = SKBTRAIL_OP_##op_, .func = (fn), \
	  .skb = (skb_), ##__VA_ARGS__ }
#define TP(st, op_, name, fn, ...) \
	{ .stage = SKBTRAIL_ST_##st, .op = SKBTRAIL_OP_##op_, .func = (name), \
	  .probe = (fn), .kind = SKBTRAIL_ATTACH_KIND_TRACEPOINT, ##__VA_ARGS__ }

#define IN_DATA		.l3 = SKBTRAIL_L3_DATA, .l2 = SKBTRAIL_L2_MACHDR
#define NETHDR		.l3 = SKBTRAIL_L3_NETHDR
#define V4		.l3proto = ETH_P_IP
#define V6		.l3proto = ETH_P_IPV6
#define PF(f)		SKBTRAIL_PF_##f

struct skbtrail_point skbtrail_points[] = {
	/* life: attached first and for every session */
	TP(LIFE_DROP, OWN, "kfree_skb", skbtrail_tp_kfree_skb, .flags = PF(LIFE)),
	FN(LIFE_FREE, FREE, "skb_release_head_state", 1, .flags = PF(LIFE) | PF(VITAL)),
	/* its reader is done with it; the memory follows when its CPU gets to it */
	FN(LIFE_FREE, FREE, "skb_attempt_defer_free", 1, .flags = PF(LIFE) | PF(ASIDE)),
	FN(LIFE_FREE, FREE, "__consume_stateless_skb", 1, .flags = PF(LIFE)),
	FN(LIFE_FREE, FREE, "napi_skb_free_stolen_head", 1, .flags = PF(LIFE)),
	FN(LIFE_FREE, FREE, "kfree_skbmem", 1, .flags = PF(LIFE) | PF(VITAL)),
	/* __skb_clone() has both packets, but is inlined where it is used */
	FN(LIFE_CLONE, CLONE, "skb_clone", 1, .flags = PF(LIFE),
	   .kind = SKBTRAIL_ATTACH_KIND_KRETPROBE),
	FN(LIFE_EXPAND, EXPAND, "pskb_expand_head", 1, .flags = PF(LIFE) | PF(ASIDE) | PF(VITAL)),
	FN(LIFE_MERGE, MERGE, "skb_gro_receive", 2, .flags = PF(LIFE)),
	FN(LIFE_MERGE, MERGE, "skb_try_coalesce", 2, .flags = PF(LIFE)),
	TP(DEV_GRO, OWN, "napi_gro_frags_entry", skbtrail_tp_gro_frags,
	   .flags = PF(LIFE)),

	/* device, in */
	FN(DEV_GRO, PACKET, "napi_gro_receive", 2, IN_DATA, .flags = PF(DEV)),
	FN(DEV_GRO, PACKET, "gro_receive_skb", 2, IN_DATA, .flags = PF(DEV) | PF(ALT)),
	FN(DEV_RX, PACKET, "netif_receive_skb", 1, IN_DATA, .flags = PF(DEV)),
	FN(DEV_RX, PACKET, "netif_receive_skb_list_internal", 1, IN_DATA,
	   .flags = PF(DEV) | PF(LIST)),
	FN(DEV_NETIF_RX, PACKET, "netif_rx_internal", 1, IN_DATA, .flags = PF(DEV)),
	FN(DEV_RECEIVE, PACKET, "__netif_receive_skb_core", 1, IN_DATA,
	   .flags = PF(DEV) | PF(PSKB) | PF(VARIANT) | PF(DIRTY)),
	FN(ARP_RCV, PACKET, "arp_rcv", 1, NETHDR, .l3proto = ETH_P_ARP, .flags = PF(DEV)),
	FN(ARP_PROCESS, PACKET, "arp_process", 3, NETHDR, .l3proto = ETH_P_ARP,
	   .flags = PF(DEV)),

	/* IP, in */
	FN(IP_RCV, PACKET, "ip_rcv", 1, NETHDR, V4, .flags = PF(DEV)),
	FN(IP_RCV, PACKET, "ip_list_rcv", 1, NETHDR, V4,
	   .flags = PF(DEV) | PF(LIST)),
	FN(IP_RCV, PACKET, "ipv6_rcv", 1, NETHDR, V6, .flags = PF(DEV)),
	FN(IP_RCV, PACKET, "ipv6_list_rcv", 1, NETHDR, V6,
	   .flags = PF(DEV) | PF(LIST)),

	/* the five NF_INET points: in the order of enum nf_inet_hooks */
	FN(NF_PREROUTING, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_LOCAL_IN, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_FORWARD, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_LOCAL_OUT, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_POSTROUTING, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),

	FN(ROUTE_INPUT, PACKET, "ip_route_input_noref", 1, NETHDR,
	   .flags = PF(DEV) | PF(ANSWER)),
	FN(ROUTE_INPUT, PACKET, "ip6_route_input", 1, NETHDR, V6,
	   .flags = PF(DEV) | PF(ANSWER)),
	FN(IP_LOCAL_DELIVER, PACKET, "ip_local_deliver", 1, NETHDR, V4,
	   .flags = PF(DEV) | PF(DST)),
	FN(IP_LOCAL_DELIVER, PACKET, "ip6_input", 1, NETHDR, V6,
	   .flags = PF(DEV) | PF(DST)),
	FN(IP_DEFRAG, PACKET, "ip_defrag", 2, NETHDR, V4),
	FN(IP_DEFRAG, PACKET, "ipv6_frag_rcv", 1, NETHDR, V6),
	FN(IP_DELIVER, PACKET, "ip_protocol_deliver_rcu", 2, NETHDR, V4, .flags = PF(DEV)),
	FN(IP_DELIVER, PACKET, "ip6_protocol_deliver_rcu", 2, NETHDR, V6,
	   .flags = PF(DEV)),
	FN(IP_FORWARD, PACKET, "ip_forward", 1, NETHDR, V4,
	   .flags = PF(DEV) | PF(DST) | PF(DIRTY)),
	FN(IP_FORWARD, PACKET, "ip6_forward", 1, NETHDR, V6,
	   .flags = PF(DEV) | PF(DST) | PF(DIRTY)),

	/* transport, in */
	FN(TCP_RCV, PACKET, "tcp_v4_rcv", 1, NETHDR, V4, .flags = PF(DEV)),
	FN(TCP_RCV, PACKET, "tcp_v6_rcv", 1, NETHDR, V6, .flags = PF(DEV)),
	FN(TCP_LISTEN, PACKET, "tcp_conn_request", 4, .sk = 3),
	FN(TCP_ESTABLISHED, PACKET, "tcp_rcv_established", 2, .sk = 1),
	FN(TCP_STATE, PACKET, "tcp_rcv_state_process", 2, .sk = 1),
	FN(TCP_TIMEWAIT, PACKET, "tcp_timewait_state_process", 2),
	FN(TCP_DATA, PACKET, "tcp_data_queue", 2, .sk = 1),
	FN(TCP_RESET, PACKET, "tcp_v4_send_reset", 2, .flags = PF(ASIDE)),
	FN(TCP_RESET, PACKET, "tcp_v6_send_reset", 2, .flags = PF(ASIDE)),
	FN(UDP_RCV, PACKET, "udp_rcv", 1, NETHDR, V4, .flags = PF(DEV)),
	FN(UDP_RCV, PACKET, "udpv6_rcv", 1, NETHDR, V6, .flags = PF(DEV)),
	FN(UDP_QUEUE, PACKET, "udp_queue_rcv_one_skb", 2, .sk = 1),
	FN(UDP_QUEUE, PACKET, "udpv6_queue_rcv_one_skb", 2, .sk = 1),
	FN(ICMP_RCV, PACKET, "icmp_rcv", 1, NETHDR, V4, .flags = PF(DEV)),
	FN(ICMP_RCV, PACKET, "icmpv6_rcv", 1, NETHDR, V6, .flags = PF(DEV)),
	FN(NDISC_RCV, PACKET, "ndisc_rcv", 1, NETHDR, V6),
	FN(ICMP_ECHO, PACKET, "icmp_echo", 1),
	FN(ICMP_ECHO, PACKET, "icmpv6_echo_reply", 1, .flags = PF(VARIANT)),
	FN(ICMP_REPLY, PACKET, "icmp_reply", 2, .flags = PF(ASIDE)),
	FN(ICMP_ERROR, PACKET, "__icmp_send", 1, .flags = PF(ASIDE) | PF(ANSWER)),
	FN(ICMP_ERROR, PACKET, "icmp6_send", 1, .flags = PF(ASIDE) | PF(ANSWER)),
	FN(RAW_RCV, PACKET, "raw_rcv", 2, .sk = 1),
	FN(RAW_RCV, PACKET, "rawv6_rcv", 2, .sk = 1),
	FN(RAW_RCV, PACKET, "ping_rcv", 1),

	/* socket, in */
	FN(SOCK_LOOKUP, PACKET, "tcp_v4_do_rcv", 2, .sk = 1),
	FN(SOCK_LOOKUP, PACKET, "tcp_v6_do_rcv", 2, .sk = 1),
	FN(SOCK_LOOKUP, PACKET, "udp_queue_rcv_skb", 2, .sk = 1),
	FN(SOCK_LOOKUP, PACKET, "udpv6_queue_rcv_skb", 2, .sk = 1),
	FN(SOCK_BACKLOG, PACKET, "tcp_add_backlog", 2, .sk = 1),
	FN(SOCK_FILTER, PACKET, "sk_filter_trim_cap", 2, .sk = 1),
	FN(SOCK_SECURITY, PACKET, "security_sock_rcv_skb", 2, .sk = 1),
	FN(SOCK_QUEUE, PACKET, "tcp_queue_rcv", 2, .sk = 1),
	FN(SOCK_QUEUE, PACKET, "__udp_enqueue_schedule_skb", 2, .sk = 1),
	FN(SOCK_QUEUE, PACKET, "__sock_queue_rcv_skb", 2, .sk = 1),
	FN(SOCK_READ, READ, "security_socket_recvmsg", 0, .sk = 1, .flags = PF(SOCKET)),
	FN(SOCK_COPY, COPY, "skb_copy_datagram_iter", 1, .flags = PF(LIFE)),
	FN(SOCK_COPY, COPY, "skb_copy_and_csum_datagram_msg", 1, .flags = PF(LIFE)),
	/* a linear datagram is copied by code that is inlined into udp_recvmsg() */
	FN(SOCK_COPY, COPIED, "skb_consume_udp", 2, .sk = 1, .flags = PF(LIFE)),
	FN(SOCK_RETURN, RETURN, "sock_recvmsg", 0, .kind = SKBTRAIL_ATTACH_KIND_KRETPROBE),

	/* socket, out: the packet does not exist yet */
	FN(SOCK_CREATE, CREATE, "security_socket_post_create", 0, .sk = 1,
	   .flags = PF(SOCKET)),
	FN(SOCK_CONNECT, CALL, "tcp_v4_connect", 0, .sk = 1),
	FN(SOCK_CONNECT, CALL, "tcp_v6_connect", 0, .sk = 1),
	FN(SOCK_SEND, CALL, "security_socket_sendmsg", 0, .sk = 1, .flags = PF(SOCKET)),
	FN(TCP_SENDMSG, CALLED, "tcp_sendmsg_locked", 0, .sk = 1),
	FN(TCP_SENDMSG, CALL_END, "release_sock", 0, .sk = 1),
	FN(UDP_SENDMSG, CALLED, "udp_sendmsg", 0, .sk = 1),
	FN(UDP_SENDMSG, CALLED, "udpv6_sendmsg", 0, .sk = 1),
	FN(RAW_SENDMSG, CALLED, "raw_sendmsg", 0, .sk = 1),
	FN(RAW_SENDMSG, CALLED, "rawv6_sendmsg", 0, .sk = 1),
	FN(RAW_SENDMSG, CALLED, "ping_v4_sendmsg", 0, .sk = 1),

	/* transport, out: no network header yet */
	FN(TCP_RETRANSMIT, TRANSMIT, "__tcp_retransmit_skb", 2, .sk = 1),
	FN(TCP_TRANSMIT, TRANSMIT, "__tcp_transmit_skb", 2, .sk = 1),
	FN(UDP_SEND, BEFORE, "udp_send_skb", 1),
	FN(UDP_SEND, BEFORE, "udp_v6_send_skb", 1),
	FN(IP_QUEUE_XMIT, BEFORE, "__ip_queue_xmit", 2, .sk = 1),
	FN(IP_QUEUE_XMIT, BEFORE, "inet6_csk_xmit", 2, .sk = 1),
	FN(ROUTE_OUTPUT, BEFORE, "ip_route_output_flow", 0, .sk = 3),
	FN(ROUTE_OUTPUT, BEFORE, "ip6_dst_lookup_flow", 0, .sk = 2),

	/* IP, out */
	FN(IP_LOCAL_OUT, PACKET, "__ip_local_out", 3, NETHDR, V4, .flags = PF(DST)),
	FN(IP_LOCAL_OUT, PACKET, "__ip6_local_out", 3, NETHDR, V6, .flags = PF(DST)),
	FN(IP_LOCAL_OUT, BEFORE, "ip6_xmit", 2, .sk = 1),
	FN(IP_OUTPUT, PACKET, "ip_output", 3, NETHDR, V4, .flags = PF(DST)),
	FN(IP_OUTPUT, PACKET, "ip_mc_output", 3, NETHDR, V4, .flags = PF(DST)),
	FN(IP_OUTPUT, PACKET, "ip6_output", 3, NETHDR, V6, .flags = PF(DST)),
	FN(IP_FINISH, PACKET, "ip_finish_output", 3, NETHDR, V4, .flags = PF(DEV) | PF(DST)),
	FN(IP_FINISH, PACKET, "ip6_finish_output", 3, NETHDR, V6, .flags = PF(DEV) | PF(DST)),
	FN(IP_FRAGMENT, PACKET, "ip_do_fragment", 3, NETHDR, V4, .flags = PF(DEV)),
	FN(IP_FRAGMENT, PACKET, "ip6_fragment", 3, NETHDR, V6, .flags = PF(DEV)),

	/* neighbour */
	FN(NEIGH_OUTPUT, PACKET, "ip_finish_output2", 3, NETHDR, V4,
	   .flags = PF(DEV) | PF(DST)),
	FN(NEIGH_OUTPUT, PACKET, "ip6_finish_output2", 3, NETHDR, V6,
	   .flags = PF(DEV) | PF(DST)),
	FN(NEIGH_RESOLVE, PACKET, "neigh_resolve_output", 2, NETHDR, .flags = PF(DEV)),
	FN(NEIGH_WAIT, PACKET, "__neigh_event_send", 2, NETHDR, .flags = PF(DEV)),
	FN(ARP_XMIT, PACKET, "arp_xmit", 1, NETHDR, .l3proto = ETH_P_ARP,
	   .flags = PF(DEV)),

	/* device, out */
	FN(DEV_QUEUE, PACKET, "__dev_queue_xmit", 1, NETHDR, .l2 = SKBTRAIL_L2_DATA,
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(DEV_VALIDATE, PACKET, "validate_xmit_skb", 1, NETHDR, .l2 = SKBTRAIL_L2_DATA,
	   .flags = PF(DEV)),
	FN(DEV_GSO, PACKET, "__skb_gso_segment", 1, NETHDR, .flags = PF(DEV)),
	/* the tracepoint comes when another CPU may have sent and freed the packet */
	FN(QDISC_ENQUEUE, PACKET, "dev_qdisc_enqueue", 1, NETHDR, .l2 = SKBTRAIL_L2_DATA,
	   .flags = PF(DEV)),
	TP(QDISC_DEQUEUE, OWN, "qdisc_dequeue", skbtrail_tp_qdisc_dequeue, NETHDR,
	   .l2 = SKBTRAIL_L2_DATA, .flags = PF(DEV)),
	FN(QDISC_XMIT, PACKET, "sch_direct_xmit", 1, NETHDR, .l2 = SKBTRAIL_L2_DATA,
	   .flags = PF(DEV)),
	TP(DEV_XMIT, OWN, "net_dev_start_xmit", skbtrail_tp_start_xmit, NETHDR,
	   .l2 = SKBTRAIL_L2_DATA, .flags = PF(DEV) | PF(LIFE) | PF(DIRTY)),
	TP(DEV_BUSY, OWN, "net_dev_xmit", skbtrail_tp_xmit),
};

const unsigned int skbtrail_point_count = ARRAY_SIZE(skbtrail_points);
