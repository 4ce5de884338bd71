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

/* tells why a packet is dropped, and is no stage of its own */
#define WHY(op_, fn, ...) FN(LIFE_DROP, op_, fn, 0, .flags = PF(WHY), ##__VA_ARGS__)

#define NFHOOK(st, name, ...) \
	{ .stage = SKBTRAIL_ST_##st, .op = SKBTRAIL_OP_OWN, .func = (name), \
	  .kind = SKBTRAIL_ATTACH_KIND_NETFILTER, ##__VA_ARGS__ }

#define IN_DATA		.l3 = SKBTRAIL_L3_DATA, .l2 = SKBTRAIL_L2_MACHDR
#define NETHDR		.l3 = SKBTRAIL_L3_NETHDR
#define IN_FRAME	NETHDR, .l2 = SKBTRAIL_L2_MACHDR
#define OUT_FRAME	NETHDR, .l2 = SKBTRAIL_L2_DATA
#define MOD(name)	.mod = (name)
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
	/* the rest of a packet whose data TCP has put to another's */
	FN(LIFE_FREE, FREE, "kfree_skb_partial", 1, .flags = PF(LIFE) | PF(PARTIAL)),
	FN(LIFE_FREE, FREE, "kfree_skbmem", 1, .flags = PF(LIFE) | PF(VITAL)),
	/* __skb_clone() has both packets, too, but is inlined in 7.x */
	FN(LIFE_CLONE, CLONE, "__copy_skb_header", 1, .flags = PF(LIFE)),
	FN(LIFE_CLONE, RETURN, "skb_clone", 1, .flags = PF(LIFE) | PF(ALT),
	   .kind = SKBTRAIL_ATTACH_KIND_KRETPROBE),
	FN(LIFE_COPY, COPY_OF, "skb_copy_header", 1, .flags = PF(LIFE)),
	/* what is cut: both packets are known only when the function returns */
	FN(LIFE_SEGMENT, SEGMENT, "__skb_gso_segment", 1, .flags = PF(LIFE),
	   .kind = SKBTRAIL_ATTACH_KIND_KRETPROBE),
	FN(LIFE_FRAGMENT, FRAGMENT, "ip_frag_next", 1, .flags = PF(LIFE),
	   .kind = SKBTRAIL_ATTACH_KIND_KRETPROBE),
	FN(LIFE_FRAGMENT, FRAGMENT, "ip6_frag_next", 1, .flags = PF(LIFE),
	   .kind = SKBTRAIL_ATTACH_KIND_KRETPROBE),
	FN(LIFE_FRAGMENT, FRAGLIST, "ip_fraglist_init", 1, .flags = PF(LIFE)),
	FN(LIFE_FRAGMENT, FRAGLIST, "ip6_fraglist_init", 1, .flags = PF(LIFE)),
	FN(IP_REASSEMBLED, GATHER, "inet_frag_reasm_prepare", 2, .flags = PF(LIFE) | PF(ASIDE)),
	FN(IP_REASSEMBLED, WHOLE, "inet_frag_reasm_finish", 2, NETHDR,
	   .flags = PF(LIFE) | PF(DIRTY)),
	FN(LIFE_EXPAND, EXPAND, "pskb_expand_head", 1, .flags = PF(LIFE) | PF(ASIDE) | PF(VITAL)),
	FN(LIFE_MERGE, MERGE, "skb_gro_receive", 2, .flags = PF(LIFE)),
	FN(LIFE_MERGE, MERGE, "skb_try_coalesce", 2, .flags = PF(LIFE)),
	TP(DEV_GRO, OWN, "napi_gro_frags_entry", skbtrail_tp_gro_frags,
	   .flags = PF(LIFE)),

	/* device, in */
	FN(DEV_GRO, PACKET, "napi_gro_receive", 2, IN_DATA, .flags = PF(DEV)),
	FN(DEV_GRO, PACKET, "gro_receive_skb", 2, IN_DATA, .flags = PF(DEV) | PF(ALT)),
	FN(DEV_GRO_FLUSH, PACKET, "napi_gro_complete", 2, IN_FRAME,
	   .flags = PF(DEV) | PF(VARIANT)),
	FN(DEV_GRO_FLUSH, PACKET, "gro_complete", 2, IN_FRAME,
	   .flags = PF(DEV) | PF(VARIANT) | PF(ALT)),
	FN(DEV_RX, PACKET, "netif_receive_skb", 1, IN_DATA, .flags = PF(DEV)),
	FN(DEV_RX, PACKET, "netif_receive_skb_list_internal", 1, IN_DATA,
	   .flags = PF(DEV) | PF(LIST)),
	FN(DEV_NETIF_RX, PACKET, "netif_rx_internal", 1, IN_DATA, .flags = PF(DEV)),
	FN(DEV_BACKLOG, PACKET, "enqueue_to_backlog", 1, IN_DATA, .flags = PF(DEV)),
	FN(DEV_RECEIVE, PACKET, "__netif_receive_skb_core", 1, IN_DATA,
	   .flags = PF(DEV) | PF(PSKB) | PF(VARIANT) | PF(DIRTY)),
	FN(PACKET_RCV, PACKET, "packet_rcv", 1, IN_FRAME,
	   .flags = PF(DEV) | PF(ASIDE) | PF(DIRTY)),
	FN(PACKET_RCV, PACKET, "tpacket_rcv", 1, IN_FRAME,
	   .flags = PF(DEV) | PF(ASIDE) | PF(DIRTY)),
	FN(PACKET_RCV, PACKET, "packet_rcv_spkt", 1, IN_FRAME,
	   .flags = PF(DEV) | PF(ASIDE) | PF(DIRTY)),
	/* by what they are called for: in the order of chosen_tc() */
	FN(TC_IN, TC, "tcf_classify", 1, IN_FRAME, .flags = PF(DEV) | PF(DIRTY)),
	FN(TC_OUT, TC, "tcf_classify", 1, OUT_FRAME, .flags = PF(DEV) | PF(DIRTY)),
	FN(QDISC_CLASSIFY, TC, "tcf_classify", 1, OUT_FRAME, .flags = PF(DEV) | PF(DIRTY)),
	FN(VLAN_IN, PACKET, "vlan_do_receive", 1, IN_FRAME, .flags = PF(DEV) | PF(PSKB)),
	FN(MACVLAN_IN, PACKET, "macvlan_handle_frame", 1, IN_FRAME, MOD("macvlan"),
	   .flags = PF(DEV) | PF(PSKB)),
	FN(IPVLAN_IN, PACKET, "ipvlan_handle_frame", 1, IN_FRAME, MOD("ipvlan"),
	   .flags = PF(DEV) | PF(PSKB)),
	FN(BOND_IN, PACKET, "bond_handle_frame", 1, IN_FRAME, MOD("bonding"),
	   .flags = PF(DEV) | PF(PSKB)),
	FN(BRIDGE_IN, PACKET, "br_handle_frame", 1, IN_FRAME, MOD("bridge"),
	   .flags = PF(DEV) | PF(PSKB)),
	/* br_handle_frame() runs these hooks itself, not by nf_hook_slow() */
	NFHOOK(NF_BRIDGE_PREROUTING, "NF_BR_PRE_ROUTING", IN_FRAME, .flags = PF(DEV) | PF(DIRTY)),
	FN(BRIDGE_LOCAL, PACKET, "br_pass_frame_up", 1, IN_FRAME, MOD("bridge"),
	   .flags = PF(DEV)),
	FN(BRIDGE_FORWARD, PACKET, "__br_forward", 2, IN_FRAME, MOD("bridge"),
	   .flags = PF(DEV)),
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

	/* netfilter points: in the order of chosen_nf() */
	FN(NF_PREROUTING, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_LOCAL_IN, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_FORWARD, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_LOCAL_OUT, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_POSTROUTING, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_INGRESS, NF, "nf_hook_slow", 1, IN_FRAME, .flags = PF(DIRTY)),
	FN(NF_EGRESS, NF, "nf_hook_slow", 1, OUT_FRAME, .flags = PF(DIRTY)),
	FN(NF_ARP_IN, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_ARP_OUT, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_ARP_FORWARD, NF, "nf_hook_slow", 1, NETHDR, .flags = PF(DIRTY)),
	FN(NF_BRIDGE_LOCAL_IN, NF, "nf_hook_slow", 1, IN_FRAME, .flags = PF(DIRTY)),
	FN(NF_BRIDGE_FORWARD, NF, "nf_hook_slow", 1, IN_FRAME, .flags = PF(DIRTY)),
	FN(NF_BRIDGE_LOCAL_OUT, NF, "nf_hook_slow", 1, IN_FRAME, .flags = PF(DIRTY)),
	FN(NF_BRIDGE_POSTROUTING, NF, "nf_hook_slow", 1, IN_FRAME, .flags = PF(DIRTY)),

	FN(ROUTE_INPUT, PACKET, "ip_route_input_noref", 1, NETHDR,
	   .flags = PF(DEV) | PF(ANSWER)),
	FN(ROUTE_INPUT, PACKET, "ip6_route_input", 1, NETHDR, V6,
	   .flags = PF(DEV) | PF(ANSWER)),
	FN(VRF_IN, PACKET, "vrf_l3_rcv", 2, NETHDR, MOD("vrf"), .flags = PF(DEV)),
	FN(MROUTE_INPUT, PACKET, "ip_mr_input", 1, NETHDR, V4, .flags = PF(DEV)),
	FN(MROUTE_INPUT, PACKET, "ip6_mr_input", 1, NETHDR, V6, .flags = PF(DEV)),
	FN(MROUTE_FORWARD, PACKET, "ip_mr_forward", 4, NETHDR, V4, .flags = PF(DEV) | PF(DIRTY)),
	FN(MROUTE_FORWARD, PACKET, "ip6_mr_forward", 4, NETHDR, V6, .flags = PF(DEV) | PF(DIRTY)),
	FN(IP_LOCAL_DELIVER, PACKET, "ip_local_deliver", 1, NETHDR, V4,
	   .flags = PF(DEV) | PF(DST)),
	FN(IP_LOCAL_DELIVER, PACKET, "ip6_input", 1, NETHDR, V6,
	   .flags = PF(DEV) | PF(DST)),
	FN(IP_DEFRAG, PACKET, "ip_defrag", 2, NETHDR, V4),
	FN(IP_DEFRAG, PACKET, "ipv6_frag_rcv", 1, NETHDR, V6),
	FN(IP_DELIVER, PACKET, "ip_protocol_deliver_rcu", 2, NETHDR, V4, .flags = PF(DEV)),
	FN(IP_DELIVER, PACKET, "ip6_protocol_deliver_rcu", 2, NETHDR, V6,
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(IP_FORWARD, PACKET, "ip_forward", 1, NETHDR, V4,
	   .flags = PF(DEV) | PF(DST) | PF(DIRTY)),
	FN(IP_FORWARD, PACKET, "ip6_forward", 1, NETHDR, V6,
	   .flags = PF(DEV) | PF(DST) | PF(DIRTY)),

	/* what is packed into another packet: it shows behind these */
	FN(XFRM_IN, PACKET, "xfrm_input", 1, NETHDR, .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_IN, PACKET, "ip_tunnel_rcv", 2, NETHDR, V4, MOD("ip_tunnel"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_IN, PACKET, "ipip6_rcv", 1, NETHDR, V4, MOD("sit"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_IN, PACKET, "__ip6_tnl_rcv", 2, NETHDR, V6, MOD("ip6_tunnel"),
	   .flags = PF(DEV) | PF(DIRTY) | PF(VARIANT)),
	FN(TUNNEL_IN, PACKET, "vxlan_rcv", 2, NETHDR, MOD("vxlan"), .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_IN, PACKET, "geneve_udp_encap_recv", 2, NETHDR, MOD("geneve"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_IN, PACKET, "wg_receive", 2, NETHDR, MOD("wireguard"),
	   .flags = PF(DEV) | PF(DIRTY)),

	/* transport, in */
	FN(TCP_RCV, PACKET, "tcp_v4_rcv", 1, NETHDR, V4, .flags = PF(DEV)),
	FN(TCP_RCV, PACKET, "tcp_v6_rcv", 1, NETHDR, V6, .flags = PF(DEV)),
	FN(TCP_ESTABLISHED, PACKET, "tcp_rcv_established", 2, .sk = 1, .flags = PF(ACK)),
	FN(TCP_DATA, PACKET, "tcp_data_queue", 2, .sk = 1),
	FN(TCP_RESET, ANSWER, "tcp_v4_send_reset", 2, .flags = PF(ASIDE)),
	FN(TCP_RESET, ANSWER, "tcp_v6_send_reset", 2, .flags = PF(ASIDE)),
	FN(TCP_RESET, ANSWER, "nf_send_reset", 3, MOD("nf_reject_ipv4"), .flags = PF(ASIDE)),
	FN(TCP_RESET, ANSWER, "nf_send_reset6", 3, MOD("nf_reject_ipv6"), .flags = PF(ASIDE)),
	FN(UDP_RCV, PACKET, "udp_rcv", 1, NETHDR, V4, .flags = PF(DEV)),
	FN(UDP_RCV, PACKET, "udpv6_rcv", 1, NETHDR, V6, .flags = PF(DEV)),
	FN(UDP_QUEUE, PACKET, "udp_queue_rcv_one_skb", 2, .sk = 1),
	FN(UDP_QUEUE, PACKET, "udpv6_queue_rcv_one_skb", 2, .sk = 1),
	FN(ICMP_RCV, PACKET, "icmp_rcv", 1, NETHDR, V4, .flags = PF(DEV)),
	FN(ICMP_RCV, PACKET, "icmpv6_rcv", 1, NETHDR, V6, .flags = PF(DEV)),
	FN(ICMP_REPLY, PACKET, "icmp_reply", 2, .flags = PF(ASIDE)),
	FN(ICMP_ERROR, ANSWER, "__icmp_send", 1, .flags = PF(ASIDE) | PF(ANSWER)),
	FN(ICMP_ERROR, ANSWER, "icmp6_send", 1, .flags = PF(ASIDE) | PF(ANSWER)),
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
	/* by their third argument */
	FN(CGROUP_IN, CGROUP, "__cgroup_bpf_run_filter_skb", 2, NETHDR, .sk = 1),
	FN(CGROUP_OUT, CGROUP, "__cgroup_bpf_run_filter_skb", 2, NETHDR, .sk = 1),
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
	FN(TCP_SENDMSG, WRITE, "tcp_sendmsg_locked", 0, .sk = 1),
	FN(TCP_SENDMSG, CALL_END, "release_sock", 0, .sk = 1),
	FN(UDP_SENDMSG, CALLED, "udp_sendmsg", 0, .sk = 1),
	FN(UDP_SENDMSG, CALLED, "udpv6_sendmsg", 0, .sk = 1),
	FN(RAW_SENDMSG, CALLED, "raw_sendmsg", 0, .sk = 1),
	FN(RAW_SENDMSG, CALLED, "rawv6_sendmsg", 0, .sk = 1),
	FN(RAW_SENDMSG, CALLED, "ping_v4_sendmsg", 0, .sk = 1),

	FN(PACKET_SEND, BEFORE, "packet_parse_headers", 1, .sk = 2, .flags = PF(SOCKET)),

	/* transport, out: no network header yet */
	FN(TCP_RETRANSMIT, WHY, "tcp_retransmit_skb", 2, .sk = 1),
	/* 6.1: its head is inlined into all callers, none comes by the whole function */
	FN(TCP_RETRANSMIT, TRANSMIT, "__tcp_retransmit_skb.part.0", 2, .sk = 1),
	FN(TCP_RETRANSMIT, TRANSMIT, "__tcp_retransmit_skb", 2, .sk = 1, .flags = PF(ALT)),
	FN(TCP_TRANSMIT, TRANSMIT, "__tcp_transmit_skb", 2, .sk = 1),
	FN(UDP_SEND, BEFORE, "udp_send_skb", 1),
	FN(UDP_SEND, BEFORE, "udp_v6_send_skb", 1),
	FN(IP_QUEUE_XMIT, BEFORE, "__ip_queue_xmit", 2, .sk = 1),
	FN(IP_QUEUE_XMIT, BEFORE, "inet6_csk_xmit", 2, .sk = 1),
	FN(ROUTE_OUTPUT, BEFORE, "ip_route_output_flow", 0, .sk = 3),
	FN(ROUTE_OUTPUT, BEFORE, "ip6_dst_lookup_flow", 0, .sk = 2),

	/* IP, out */
	FN(IP_LOCAL_OUT, PACKET, "__ip_local_out", 3, NETHDR, V4, .flags = PF(DST) | PF(DIRTY)),
	FN(IP_LOCAL_OUT, PACKET, "__ip6_local_out", 3, NETHDR, V6,
	   .flags = PF(DST) | PF(DIRTY)),
	FN(IP_LOCAL_OUT, BEFORE, "ip6_xmit", 2, .sk = 1),
	FN(IP_OUTPUT, PACKET, "ip_output", 3, NETHDR, V4, .flags = PF(DST)),
	FN(IP_OUTPUT, PACKET, "ip_mc_output", 3, NETHDR, V4, .flags = PF(DST)),
	FN(IP_OUTPUT, PACKET, "ip6_output", 3, NETHDR, V6, .flags = PF(DST)),
	FN(VRF_OUT, PACKET, "vrf_l3_out", 3, NETHDR, MOD("vrf"), .flags = PF(DST)),
	FN(IP_FINISH, PACKET, "ip_finish_output", 3, NETHDR, V4, .flags = PF(DEV) | PF(DST)),
	FN(IP_FINISH, PACKET, "ip6_finish_output", 3, NETHDR, V6, .flags = PF(DEV) | PF(DST)),
	FN(IP_FRAGMENT, PACKET, "ip_do_fragment", 3, NETHDR, V4, .flags = PF(DEV) | PF(DIRTY)),
	FN(IP_FRAGMENT, PACKET, "ip6_fragment", 3, NETHDR, V6, .flags = PF(DEV) | PF(DIRTY)),
	FN(XFRM_OUT, PACKET, "xfrm_output", 2, NETHDR, .flags = PF(DST) | PF(DIRTY)),

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
	   .flags = PF(DEV) | PF(DIRTY)),
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

	/* virtual devices: what their drivers do */
	FN(VETH_CROSS, PACKET, "veth_xmit", 1, OUT_FRAME, MOD("veth"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(LOOPBACK_CROSS, PACKET, "loopback_xmit", 1, OUT_FRAME, .flags = PF(DEV)),
	FN(VLAN_OUT, PACKET, "vlan_dev_hard_start_xmit", 1, OUT_FRAME, MOD("8021q"),
	   .flags = PF(DEV)),
	FN(MACVLAN_OUT, PACKET, "macvlan_start_xmit", 1, OUT_FRAME, MOD("macvlan"),
	   .flags = PF(DEV)),
	FN(IPVLAN_OUT, PACKET, "ipvlan_start_xmit", 1, OUT_FRAME, MOD("ipvlan"),
	   .flags = PF(DEV)),
	FN(BOND_OUT, PACKET, "bond_start_xmit", 1, OUT_FRAME, MOD("bonding"), .flags = PF(DEV)),
	FN(BRIDGE_XMIT, PACKET, "br_dev_xmit", 1, OUT_FRAME, MOD("bridge"), .flags = PF(DEV)),
	FN(BRIDGE_OUT, PACKET, "br_dev_queue_push_xmit", 3, IN_FRAME, MOD("bridge"),
	   .flags = PF(DEV)),
	FN(TUNNEL_OUT, PACKET, "ipip_tunnel_xmit", 1, NETHDR, MOD("ipip"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "ipgre_xmit", 1, NETHDR, MOD("ip_gre"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "gre_tap_xmit", 1, OUT_FRAME, MOD("ip_gre"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "erspan_xmit", 1, OUT_FRAME, MOD("ip_gre"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "sit_tunnel_xmit", 1, NETHDR, MOD("sit"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "ip6_tnl_start_xmit", 1, NETHDR, MOD("ip6_tunnel"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "ip6gre_tunnel_xmit", 1, NETHDR, MOD("ip6_gre"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "vxlan_xmit", 1, OUT_FRAME, MOD("vxlan"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "geneve_xmit", 1, OUT_FRAME, MOD("geneve"),
	   .flags = PF(DEV) | PF(DIRTY)),
	FN(TUNNEL_OUT, PACKET, "wg_xmit", 1, NETHDR, MOD("wireguard"),
	   .flags = PF(DEV) | PF(DIRTY)),
	/* the last: many drivers free with one of these what was sent */
	FN(DEV_DONE, DONE, "napi_consume_skb", 1, NETHDR),
	FN(DEV_DONE, DONE, "dev_kfree_skb_any_reason", 1, NETHDR),
	FN(DEV_DONE, DONE, "__dev_kfree_skb_any", 1, NETHDR, .flags = PF(ALT)),
	FN(DEV_DONE, DONE, "dev_kfree_skb_irq_reason", 1, NETHDR),
	FN(DEV_DONE, DONE, "__dev_kfree_skb_irq", 1, NETHDR, .flags = PF(ALT)),
	TP(DEV_BUSY, OWN, "net_dev_xmit", skbtrail_tp_xmit),

	/* rare, and the kernel's word on what is freed there cannot be taken: see ends.c */
	FN(TCP_LISTEN, LISTEN, "tcp_conn_request", 4, .sk = 3, .flags = PF(WHY)),
	FN(TCP_STATE, PACKET, "tcp_rcv_state_process", 2, .sk = 1,
	   .flags = PF(ACK) | PF(WHY)),
	FN(TCP_TIMEWAIT, PACKET, "tcp_timewait_state_process", 2, .flags = PF(WHY)),
	FN(NDISC_RCV, PACKET, "ndisc_rcv", 1, NETHDR, V6, .flags = PF(WHY)),
	FN(ICMP_ECHO, PACKET, "icmp_echo", 1, .flags = PF(WHY)),
	FN(ICMP_ECHO, PACKET, "icmpv6_echo_reply", 1, .flags = PF(VARIANT) | PF(WHY)),

	/* who in netfilter did it: see verdict.c. Of nf_tables, all that can set a verdict */
	WHY(HOOK_NEW, "nf_register_net_hook"),
	WHY(XT_TRACE, "nf_log_trace"),
	WHY(XT_OTHERS, "trace_tg", MOD("xt_TRACE")),
	WHY(XT_PARK, "nf_queue"),
	WHY(CT_FULL, "early_drop", MOD("nf_conntrack")),
	WHY(CT_CLASH, "nf_ct_resolve_clash", MOD("nf_conntrack")),
	WHY(FLOW, "flow_offload_refresh", MOD("nf_flow_table")),
	WHY(NAT, "nf_nat_manip_pkt", MOD("nf_nat")),
	WHY(MASQUERADE, "nf_nat_masquerade_ipv4", MOD("nf_nat")),
	WHY(MASQUERADE, "nf_nat_masquerade_ipv6", MOD("nf_nat")),
	WHY(REDIRECT, "nf_nat_redirect_ipv4", MOD("nf_nat")),
	WHY(REDIRECT, "nf_nat_redirect_ipv6", MOD("nf_nat")),
	WHY(NFT_CHAIN, "nft_do_chain", MOD("nf_tables")),
	WHY(NFT_WORD, "__nft_trace_packet", MOD("nf_tables")),
	WHY(NFT_IMMEDIATE, "nft_immediate_eval", MOD("nf_tables")),
	WHY(NFT_LOOKUP, "nft_lookup_eval", MOD("nf_tables")),
	WHY(NFT_OTHER, "nft_exthdr_tcp_strip_eval", MOD("nf_tables")),
	WHY(NFT_OTHER, "nft_match_eval", MOD("nft_compat")),
	WHY(NFT_OTHER, "nft_match_large_eval", MOD("nft_compat")),
	WHY(NFT_TARGET, "nft_target_eval_xt", MOD("nft_compat")),
	WHY(NFT_TARGET, "nft_target_eval_bridge", MOD("nft_compat")),
	WHY(NFT_OTHER, "nft_reject_inet_eval", MOD("nft_reject_inet")),
	WHY(NFT_OTHER, "nft_reject_ipv4_eval", MOD("nft_reject_ipv4")),
	WHY(NFT_OTHER, "nft_reject_ipv6_eval", MOD("nft_reject_ipv6")),
	WHY(NFT_OTHER, "nft_reject_bridge_eval", MOD("nft_reject_bridge")),
	WHY(NFT_OTHER, "nft_reject_netdev_eval", MOD("nft_reject_netdev")),
	WHY(NFT_NAT, "nft_nat_eval", MOD("nft_nat")),
	WHY(NFT_NAT, "nft_redir_eval", MOD("nft_redir")),
	WHY(NFT_NAT, "nft_masq_eval", MOD("nft_masq")),
	/* before 6.12 */
	WHY(NFT_NAT, "nft_masq_ipv4_eval", MOD("nft_masq")),
	WHY(NFT_NAT, "nft_masq_ipv6_eval", MOD("nft_masq")),
	WHY(NFT_NAT, "nft_masq_inet_eval", MOD("nft_masq")),
	WHY(NFT_TAKES, "nft_synproxy_eval", MOD("nft_synproxy")),
	WHY(NFT_OTHER, "nft_queue_eval", MOD("nft_queue")),
	WHY(NFT_OTHER, "nft_queue_sreg_eval", MOD("nft_queue")),
	WHY(NFT_OTHER, "nft_ct_set_zone_eval", MOD("nft_ct")),
	WHY(NFT_OTHER, "nft_connlimit_eval", MOD("nft_connlimit")),
	WHY(NFT_TAKES, "nft_fwd_neigh_eval", MOD("nft_fwd_netdev")),
	WHY(NFT_TAKES, "nft_fwd_netdev_eval", MOD("nft_fwd_netdev")),
	WHY(NFT_OTHER, "nft_objref_eval", MOD("nf_tables")),
	WHY(NFT_OTHER, "nft_objref_map_eval", MOD("nf_tables")),
	/* before 6.12 */
	WHY(NFT_OTHER, "nft_objref_eval", MOD("nft_objref")),
	WHY(NFT_OTHER, "nft_objref_map_eval", MOD("nft_objref")),
};

const unsigned int skbtrail_point_count = ARRAY_SIZE(skbtrail_points);
