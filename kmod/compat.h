/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels this module is built for. The code is
 * written against the newest one; nothing outside this file may ask which
 * kernel it is on. Features are probed, not versions: stable kernels carry
 * backports.
 */
#ifndef SKBTRAIL_COMPAT_H
#define SKBTRAIL_COMPAT_H

#include <linux/ftrace.h>
#include <linux/skbuff.h>
#include <linux/tracepoint.h>
#include <net/sock.h>

/* Kbuild looks for net/dropreason-core.h: sparse has no __has_include */
#include <net/dropreason.h>

/* 6.1 saves argument registers for every ftrace_ops and has no flag for it */
#ifndef FTRACE_OPS_FL_SAVE_ARGS
#define FTRACE_OPS_FL_SAVE_ARGS	0
#endif

#ifndef ftrace_regs_get_argument
#define ftrace_regs_get_argument(fregs, n) \
	regs_get_kernel_argument(&(fregs)->regs, n)
#endif

/** skbtrail_caller() - return address of the function just entered */
static inline unsigned long skbtrail_caller(struct pt_regs *regs)
{
#ifdef CONFIG_X86
	return regs_get_kernel_stack_nth(regs, 0);
#else
	return procedure_link_pointer(regs);
#endif
}

/* the kfree_skb tracepoint learnt the receiving socket */
#ifdef SKBTRAIL_REASON_SUBSYS
#define SKBTRAIL_TP_KFREE_SKB \
	void *data, struct sk_buff *skb, void *location, \
	enum skb_drop_reason reason, struct sock *rx_sk
#else
#define SKBTRAIL_TP_KFREE_SKB \
	void *data, struct sk_buff *skb, void *location, \
	enum skb_drop_reason reason
#endif
typedef void skbtrail_tp_kfree_skb_fn(SKBTRAIL_TP_KFREE_SKB);

/** skbtrail_reason_vague() - whether @reason only says that a queue was emptied, or nothing */
static inline bool skbtrail_reason_vague(u32 reason)
{
#ifdef SKBTRAIL_REASON_SUBSYS
	if (reason == SKB_DROP_REASON_QUEUE_PURGE)
		return true;
#endif
	return reason == SKB_DROP_REASON_NOT_SPECIFIED;
}

/**
 * skbtrail_each_reason() - call @fn for every drop reason of this kernel
 * @fn: gets the reason's number, its name and @data; false ends the walk
 * @data: passed on
 *
 * Context: process; takes rcu_read_lock().
 */
static inline void skbtrail_each_reason(bool (*fn)(u32 reason, const char *name,
						   void *data), void *data)
{
#ifdef SKBTRAIL_REASON_SUBSYS
	const struct drop_reason_list *list;
	u32 sub, i;

	rcu_read_lock();
	for (sub = 0; sub < SKB_DROP_REASON_SUBSYS_NUM; sub++) {
		list = rcu_dereference(drop_reasons_by_subsys[sub]);
		for (i = 0; list && i < list->n_reasons; i++)
			if (list->reasons[i] &&
			    !fn(sub << SKB_DROP_REASON_SUBSYS_SHIFT | i,
				list->reasons[i], data))
				goto out;
	}
out:
	rcu_read_unlock();
#else
	u32 i;

	for (i = 0; i < SKB_DROP_REASON_MAX; i++)
		if (drop_reasons[i] && !fn(i, drop_reasons[i], data))
			break;
#endif
}

#endif /* SKBTRAIL_COMPAT_H */
