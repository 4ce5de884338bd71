/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SENT_H
#define SKBTRAIL_SENT_H

#include <linux/types.h>

/**
 * struct skbtrail_sent - what a TCP socket sent in one segment
 * @cookie: of the socket
 * @from: first byte, counted over the life of the connection
 * @to: behind the last one
 * @trail: that carried it
 * @sessions: that follow the trail
 * @nth: for the nth time; 0 not known
 */
struct skbtrail_sent {
	u64	cookie;
	u64	from;
	u64	to;
	u64	trail;
	u32	sessions;
	u32	nth;
};

/** skbtrail_sent_alloc() - make room to remember; may sleep. Return: 0 or -ENOMEM */
int skbtrail_sent_alloc(void);

/** skbtrail_sent_free() - nothing may be attached any more */
void skbtrail_sent_free(void);

/*
 * What follows runs with interrupts off, and takes the lock of a set of its own.
 */

/** skbtrail_sent_note() - remember @sent; what was not used for longest goes */
void skbtrail_sent_note(const struct skbtrail_sent *sent);

/** skbtrail_sent_find() - what carried byte @at last; false: not remembered */
bool skbtrail_sent_find(u64 cookie, u64 at, struct skbtrail_sent *sent);

/** skbtrail_sent_forget() - make a session's bit free for another; may sleep */
void skbtrail_sent_forget(unsigned int session);

#endif /* SKBTRAIL_SENT_H */
