/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SESSION_H
#define SKBTRAIL_SESSION_H

#include <linux/bitmap.h>
#include <linux/filter.h>
#include <linux/mutex.h>
#include <linux/skbtrail.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "filter.h"
#include "stages.h"
#include "stream.h"

/**
 * struct skbtrail_config - what a session was asked for
 * @l2: filter over the Ethernet header, NULL none
 * @l3: filter over the IP header, NULL none
 * @l3_reach: how far @l3 looks
 * @text: filter as the user wrote it
 * @dev: device name to begin at, empty for all
 * @netns: cookie of the namespace to begin in, 0 for all
 * @snaplen: packet bytes in a packet record
 * @buffer: bytes for batches and the socket's queue
 * @flush_ms: interval of flushes
 * @stack: it is to be told who called whom where a packet is dropped
 * @rules: it is to be told every rule of netfilter that a packet matches
 * @stages: wanted
 * @begin: stages a trail can begin at: those wanted and, where only socket calls
 *	and what follows them are wanted, the first that sees the packet
 */
struct skbtrail_config {
	struct bpf_prog		*l2;
	struct bpf_prog		*l3;
	struct skbtrail_reach	l3_reach;
	char			text[1024];
	char			dev[SKBTRAIL_NAME_LEN];
	u64			netns;
	u32			snaplen;
	u32			buffer;
	u32			flush_ms;
	bool			stack;
	bool			rules;
	DECLARE_BITMAP(stages, SKBTRAIL_ST_COUNT);
	DECLARE_BITMAP(begin, SKBTRAIL_ST_COUNT);
};

/**
 * struct skbtrail_session - one reader's capture
 * @id: number told to users
 * @bit: place in the table of sessions and bit in a life's mask
 * @pid: process that started it
 * @portid: netlink port of the reader
 * @net: namespace of the reader's socket; compared only
 * @stopped: session-stop was asked for; control mutex
 * @closed: the socket is gone
 * @ending: the work that takes it apart is queued
 * @holds: it holds a reference on the module
 * @points: probe points in place for it
 * @missing: stages asked for that this kernel does not offer
 * @config: fixed from start on
 * @stream: where its records go
 * @end: work that takes it apart
 *
 * The packet path reads it under interrupts off, which RCU waits for.
 */
struct skbtrail_session {
	u32			id;
	unsigned int		bit;
	u32			pid;
	u32			portid;
	const struct net	*net;
	bool			stopped;
	bool			closed;
	bool			ending;
	bool			holds;
	u32			points;
	u32			missing;
	struct skbtrail_config	config;
	struct skbtrail_stream	stream;
	struct work_struct	end;
};

/* serialises control: sessions, attaching; never taken on the packet path */
extern struct mutex skbtrail_control;

extern unsigned long skbtrail_active;
/* sessions that ask for rules; the same */
extern u32 skbtrail_want_rules;

/**
 * struct skbtrail_interest - which sessions a stage matters to, a bit each
 * @watch: they get its hits
 * @begin: their trails can begin here
 *
 * Written under the control mutex, read on the packet path.
 */
struct skbtrail_interest {
	u32	watch;
	u32	begin;
};

extern struct skbtrail_interest skbtrail_interest[SKBTRAIL_ST_COUNT];

/** skbtrail_watching() - sessions that get hits of this point */
static inline u32 skbtrail_watching(const struct skbtrail_point *p)
{
	return READ_ONCE(skbtrail_interest[p->stage].watch);
}

extern struct skbtrail_session __rcu *skbtrail_sessions[SKBTRAIL_MAX_SESSIONS];

/** skbtrail_session_at() - the session of a bit; interrupts are off */
static inline struct skbtrail_session *skbtrail_session_at(unsigned int bit)
{
	return rcu_dereference_sched(skbtrail_sessions[bit]);
}

/**
 * skbtrail_session_start() - start a session for a socket
 * @config: moves into the session when this succeeds
 * @sk: the reader's socket
 * @portid: its port
 * @extack: gets a sentence
 *
 * Context: control mutex held, may sleep.
 * Return: the session, every probe in place, or an error.
 */
struct skbtrail_session *skbtrail_session_start(struct skbtrail_config *config,
						struct sock *sk, u32 portid,
						struct netlink_ext_ack *extack);

/** skbtrail_session_stop() - end it in order: what was written is still sent */
void skbtrail_session_stop(struct skbtrail_session *s);

/** skbtrail_session_of() - the running session of a socket, or NULL; control mutex held */
struct skbtrail_session *skbtrail_session_of(const struct sock *sk);

/** skbtrail_session_nth() - the session of a bit, also one being taken apart; control mutex held */
struct skbtrail_session *skbtrail_session_nth(unsigned int bit);

/** skbtrail_config_release() - free what a config holds */
void skbtrail_config_release(struct skbtrail_config *config);

int skbtrail_session_init(void);
void skbtrail_session_exit(void);

#endif /* SKBTRAIL_SESSION_H */
