// SPDX-License-Identifier: GPL-2.0
/*
 * What TCP segments mean to the socket they came to. Only its state, right
 * before the kernel looks at them, tells an acknowledgment from one that says
 * nothing new, or a keep-alive from data.
 */
#include "ack.h"

#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

/* SYN and FIN have sequence numbers and are no data */
static u32 data_acked(const struct sock *sk, u32 ack)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 n = ack - tp->snd_una;

	/* where the other side has connected our SYN is taken for acknowledged already */
	if (BIT(sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV))
		return n ? n - 1 : 0;
	if (BIT(sk->sk_state) & (TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK) &&
	    ack == tp->write_seq)
		return n - 1;
	return n;
}

static u8 kind_of(const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct tcphdr *th = tcp_hdr(skb);
	u32 payload = cb->end_seq - cb->seq - th->syn - th->fin;

	/* RFC 9293, 3.8.4; a probe of a closed window looks the same */
	if (sk->sk_state != TCP_SYN_SENT && payload <= 1 && !th->syn && !th->fin &&
	    cb->seq == tp->rcv_nxt - 1)
		return SKBTRAIL_ACK_KIND_PROBE;
	if (after(cb->ack_seq, tp->snd_nxt))
		return 0;
	if (after(cb->ack_seq, tp->snd_una) ||
	    (sk->sk_state == TCP_SYN_RECV && cb->ack_seq == tp->snd_una))
		return SKBTRAIL_ACK_KIND_NEW;
	if (before(cb->ack_seq, tp->snd_una))
		return SKBTRAIL_ACK_KIND_OLD;
	if (payload || th->syn || th->fin)
		return 0;
	if ((u32)ntohs(th->window) << tp->rx_opt.snd_wscale != tp->snd_wnd)
		return SKBTRAIL_ACK_KIND_WINDOW;
	return tp->packets_out ? SKBTRAIL_ACK_KIND_DUPLICATE : SKBTRAIL_ACK_KIND_SAME;
}

bool skbtrail_ack_of(struct skbtrail_fact_ack *ack, const struct sock *sk,
		     const struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	*ack = (struct skbtrail_fact_ack){ .kind = 0 };
	if (!sk_fullsock(sk) || !sk_is_tcp(sk) || sk->sk_state == TCP_LISTEN ||
	    sk->sk_state == TCP_CLOSE || !skb_transport_header_was_set(skb))
		return false;
	if (!tcp_hdr(skb)->ack || tcp_hdr(skb)->rst)
		return false;
	ack->kind = kind_of(sk, skb);
	ack->flight = tp->snd_nxt - tp->snd_una;
	if (ack->kind == SKBTRAIL_ACK_KIND_NEW)
		ack->bytes = data_acked(sk, TCP_SKB_CB(skb)->ack_seq);
	return ack->kind;
}

bool skbtrail_ack_read_pos(u64 *pos, const struct sk_buff *skb, u32 at)
{
	const struct sock *sk = skb->sk;
	const struct tcp_sock *tp;

	if (!sk || !sk_fullsock(sk) || !sk_is_tcp(sk))
		return false;
	tp = tcp_sk(sk);
	if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN)
		at++;
	*pos = tp->bytes_received - (u32)(tp->rcv_nxt - (TCP_SKB_CB(skb)->seq + at));
	return true;
}
