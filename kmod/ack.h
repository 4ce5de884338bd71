/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ACK_H
#define SKBTRAIL_ACK_H

#include <linux/skbtrail.h>
#include <linux/types.h>

struct sk_buff;
struct sock;

/**
 * skbtrail_ack_of() - what a segment says of what a socket has sent
 * @ack: filled in
 * @sk: socket it came to
 * @skb: the segment; its control block is TCP's
 *
 * At the entry of tcp_rcv_established() or tcp_rcv_state_process(), the socket
 * owned.
 *
 * Return: false if it says nothing of that.
 */
bool skbtrail_ack_of(struct skbtrail_fact_ack *ack, const struct sock *sk,
		     const struct sk_buff *skb);

/**
 * skbtrail_ack_read_pos() - position of a byte of a segment in what its socket received
 * @pos: filled in, as in struct skbtrail_rec_call
 * @skb: the segment, in its socket's receive queue, the socket owned
 * @at: which byte of it
 *
 * Return: false if it is of no TCP socket.
 */
bool skbtrail_ack_read_pos(u64 *pos, const struct sk_buff *skb, u32 at);

#endif /* SKBTRAIL_ACK_H */
