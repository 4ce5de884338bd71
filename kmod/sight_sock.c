// SPDX-License-Identifier: GPL-2.0
/* What is seen of a socket, where there is no packet yet, or the packet is no news. */
#include "sight_parts.h"

#include <linux/minmax.h>
#include <linux/tcp.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>

#include "calls.h"
#include "clock.h"
#include "code.h"
#include "stages.h"
#include "writes.h"

/* a request is none of them, nor what is left of a socket in TIME_WAIT: nobody makes calls there */
static bool network_sock(const struct sock *sk)
{
	return sk && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6 ||
		      sk->sk_family == AF_PACKET) && sk_fullsock(sk);
}

void skbtrail_see_socket(const struct skbtrail_point *p, struct sock *sk,
			 const struct sk_buff *skb, u32 info)
{
	u64 ns;

	if (!network_sock(sk))
		return;
	ns = skbtrail_clock();
	switch (p->op) {
	case SKBTRAIL_OP_CREATE:
		skbtrail_calls_create(p, sk, ns);
		break;
	case SKBTRAIL_OP_CALL:
		skbtrail_calls_begin(p, sk, ns, false);
		break;
	case SKBTRAIL_OP_READ:
		skbtrail_calls_begin(p, sk, ns, true);
		break;
	case SKBTRAIL_OP_CALLED:
		skbtrail_calls_add(p, sk, ns);
		break;
	case SKBTRAIL_OP_BEFORE:
		skbtrail_calls_before(p, sk, skb, ns, false, 0);
		break;
	case SKBTRAIL_OP_TRANSMIT:
		skbtrail_calls_before(p, sk, skb, ns, true,
				      p->stage == SKBTRAIL_ST_TCP_RETRANSMIT ? info : 0);
		break;
	}
}

void skbtrail_see_write(const struct skbtrail_point *p, struct sock *sk, unsigned long bytes)
{
	u64 ns;

	if (!network_sock(sk))
		return;
	ns = skbtrail_clock();
	skbtrail_calls_add(p, sk, ns);
	skbtrail_writes_begin(sk, min_t(unsigned long, bytes, U32_MAX), ns);
}

/* other protocols send one packet a call, and release the socket before */
void skbtrail_see_release(struct sock *sk, unsigned long caller)
{
	if (!network_sock(sk) || !sk_is_tcp(sk))
		return;
	skbtrail_calls_end(sk);
	skbtrail_writes_so_far(sk, !skbtrail_code_in(caller, SKBTRAIL_IN_WAIT_MEMORY));
}

/* as far as the kernel's code says it for sure */
u32 skbtrail_why_again(const struct sock *sk, unsigned long caller)
{
	if (skbtrail_code_in(caller, SKBTRAIL_IN_RETRANSMIT_TIMER))
		return SKBTRAIL_RETRANSMIT_WHY_RTO;
	if (!skbtrail_code_in(caller, SKBTRAIL_IN_RETRANSMIT_QUEUE))
		return SKBTRAIL_RETRANSMIT_WHY_UNKNOWN;
	switch (inet_csk(sk)->icsk_ca_state) {
	case TCP_CA_Recovery:
		return SKBTRAIL_RETRANSMIT_WHY_FAST;
	case TCP_CA_Loss:
		return SKBTRAIL_RETRANSMIT_WHY_LOSS;
	default:
		return SKBTRAIL_RETRANSMIT_WHY_UNKNOWN;
	}
}
