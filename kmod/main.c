// SPDX-License-Identifier: GPL-2.0
/*
 * skbtrail: follows each packet through the running network stack.
 *
 * A packet's way through this module:
 *
 *   attach*.c, tracepoints.c   a probe point is hit; code.c, who called it
 *   dev_hooks.c                netfilter hooks of ours on devices
 *   sight.c                    the steps, in order; hit.h, the ordinary case of them
 *   clock.c                    when it was
 *   track.c, refused.c         which packet is it; which ones there was no room for
 *   sight_begin.c              does somebody want it: view.c, its headers; filter.c
 *   lives.c, lineage.c, sent.c that it begins and ends; what it was made from
 *   answers.c                  what was sent because of it
 *   sight_sock.c               a socket is used, which may lead to a packet
 *   calls.c, writes.c          what led to it: socket calls, owners, who wrote its bytes
 *   ack.c                      what it means to a TCP socket
 *   sight_fate.c, ends.c       what became of it; how it ended
 *   verdict*.c, visit.h        which rule of netfilter dropped or changed it
 *   ct.c                       its connection
 *   encode.c, encode_call.c    records of what happened and what changed
 *   stream.c                   batches, to the reader's socket
 *
 * Only rewrite rules change packets:
 *
 *   rewrite_hook.c             a packet comes by where there are rules
 *   rewrite.c                  which of them match, and what follows from what they do
 *   rewrite_quick.c            what most rules do, the short way; else
 *   rewrite_find.c             where in the packet is what they change
 *   rewrite_tell.c             what is told of it
 *   rewrite_edit.c             the change itself, with all checksums
 *
 * Control comes in through netlink.c, session.c, rewrite_rule.c and rewrite_msg.c.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "attach.h"
#include "calls.h"
#include "netlink.h"
#include "rewrite.h"
#include "session.h"
#include "verdict.h"

static int __init skbtrail_init(void)
{
	int err;

	skbtrail_calls_init();
	err = skbtrail_verdict_init();
	if (err)
		return err;
	err = skbtrail_attach_init();
	if (err)
		goto out_verdict;
	err = skbtrail_session_init();
	if (err)
		goto out_attach;
	err = skbtrail_rewrite_init();
	if (err)
		goto out_session;
	/* the users' door: last to open, first to close */
	err = skbtrail_netlink_init();
	if (err)
		goto out_rewrite;
	return 0;

out_rewrite:
	skbtrail_rewrite_exit();
out_session:
	skbtrail_session_exit();
out_attach:
	skbtrail_attach_exit();
out_verdict:
	skbtrail_verdict_exit();
	return err;
}

static void __exit skbtrail_exit(void)
{
	skbtrail_netlink_exit();
	skbtrail_rewrite_exit();
	skbtrail_session_exit();
	skbtrail_attach_exit();
	skbtrail_verdict_exit();
	/* nothing below frees by RCU callback today; cheap to keep true */
	rcu_barrier();
}

module_init(skbtrail_init);
module_exit(skbtrail_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Follows packets through the network stack");
MODULE_VERSION(SKBTRAIL_VERSION);
MODULE_ALIAS_GENL_FAMILY(SKBTRAIL_FAMILY_NAME);
