/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the kernels this module is built for. The code is
 * written against the newest one; nothing outside this file may ask which
 * kernel it is on. Features are probed, not versions: stable kernels carry
 * backports.
 */
#ifndef SKBTRAIL_COMPAT_H
#define SKBTRAIL_COMPAT_H

#include <linux/cgroup.h>
#include <linux/ftrace.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <net/ip.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_tables.h>
#include <net/sock.h>

#include <net/dropreason.h>
#ifdef SKBTRAIL_QDISC_REASONS
#include <net/dropreason-qdisc.h>
#endif

/* kernels may clear what is on the stack: not what is large, and written before it is read */
#if defined(__CHECKER__) || !__has_attribute(__uninitialized__)
#define SKBTRAIL_UNINITIALIZED
#else
#define SKBTRAIL_UNINITIALIZED	__attribute__((__uninitialized__))
#endif

/* 6.1 saves argument registers for every ftrace_ops and has no flag for it */
#ifndef FTRACE_OPS_FL_SAVE_ARGS
#define FTRACE_OPS_FL_SAVE_ARGS	0
#endif

/**
 * skbtrail_ftrace_args() - registers of a function that was entered by ftrace
 *
 * Only those with arguments are there, at their places in struct pt_regs.
 */
static inline const struct pt_regs *skbtrail_ftrace_args(struct ftrace_regs *fregs)
{
#ifdef arch_ftrace_regs
	return &arch_ftrace_regs(fregs)->regs;
#else
	return &fregs->regs;
#endif
}

/** skbtrail_arg_place() - where argument @n, from 1 to 5, is; 0: where there is none */
static __always_inline u8 skbtrail_arg_place(unsigned int n)
{
#ifdef CONFIG_X86_64
	static const u8 at[] = { 0,
		offsetof(struct pt_regs, di), offsetof(struct pt_regs, si),
		offsetof(struct pt_regs, dx), offsetof(struct pt_regs, cx),
		offsetof(struct pt_regs, r8),
	};

	return at[n];
#else
	return n;
#endif
}

/** skbtrail_arg_at() - the argument at a place, of a function that was entered */
static __always_inline unsigned long skbtrail_arg_at(const struct pt_regs *regs, u8 place)
{
#ifdef CONFIG_X86_64
	return *(const unsigned long *)((const u8 *)regs + place);
#else
	return regs_get_kernel_argument((struct pt_regs *)regs, place - 1);
#endif
}

/** skbtrail_arg() - argument @n, from 1 to 5, of a function that was entered */
static __always_inline unsigned long skbtrail_arg(const struct pt_regs *regs, unsigned int n)
{
	return skbtrail_arg_at(regs, skbtrail_arg_place(n));
}

/** skbtrail_caller() - return address of the function just entered */
static inline unsigned long skbtrail_caller(const struct pt_regs *regs)
{
#ifdef CONFIG_X86
	return regs_get_kernel_stack_nth((struct pt_regs *)regs, 0);
#else
	return procedure_link_pointer((struct pt_regs *)regs);
#endif
}

/*
 * The last arguments of nf_log_trace() are on the stack; where, is known for
 * this architecture only. Elsewhere rules of x_tables stay unknown.
 */
#ifdef CONFIG_X86_64
#define SKBTRAIL_XT_TRACE	IS_ENABLED(CONFIG_NETFILTER_XT_TARGET_TRACE)
#else
#define SKBTRAIL_XT_TRACE	0
#endif

/** skbtrail_copy_unreadable() - whether fragments of a packet can be read, to its shadow */
static inline void skbtrail_copy_unreadable(struct sk_buff *sh, const struct sk_buff *skb)
{
#ifdef SKBTRAIL_FRAGS_UNREADABLE
	sh->unreadable = skb->unreadable;
#endif
}

/* the bit exists where somebody can use it */
#if IS_ENABLED(CONFIG_NETFILTER_XT_TARGET_TRACE) || IS_ENABLED(CONFIG_NF_TABLES)
static inline bool skbtrail_nf_trace(const struct sk_buff *skb)
{
	return skb->nf_trace;
}

static inline void skbtrail_set_nf_trace(struct sk_buff *skb, bool on)
{
	skb->nf_trace = on;
}
#else
static inline bool skbtrail_nf_trace(const struct sk_buff *skb) { return false; }
static inline void skbtrail_set_nf_trace(struct sk_buff *skb, bool on) { }
#endif

/**
 * struct skbtrail_nft_word - what nf_tables tells of a packet that is traced
 * @pkt: the packet
 * @verdict: in the registers, as it is now; NULL where that is the policy
 * @rule: or the mark behind the last one of a chain; NULL for a policy
 * @info: what nf_tables would tell others with
 * @type: enum nft_trace_types
 */
struct skbtrail_nft_word {
	const struct nft_pktinfo	*pkt;
	const struct nft_verdict	*verdict;
	const struct nft_rule_dp	*rule;
	const struct nft_traceinfo	*info;
	u8				type;
};

/**
 * skbtrail_nft_word() - the arguments of __nft_trace_packet()
 *
 * Unless trace is set in the info, nothing else can be followed.
 */
static inline struct skbtrail_nft_word skbtrail_nft_word(const struct pt_regs *regs)
{
#ifdef SKBTRAIL_NFT_INFO_ALONE
	const struct nft_traceinfo *info = (const struct nft_traceinfo *)skbtrail_arg(regs, 1);

	return (struct skbtrail_nft_word) {
		info->pkt, info->verdict, info->rule, info, skbtrail_arg(regs, 3),
	};
#else
	return (struct skbtrail_nft_word) {
		(const struct nft_pktinfo *)skbtrail_arg(regs, 1),
		(const struct nft_verdict *)skbtrail_arg(regs, 2),
		(const struct nft_rule_dp *)skbtrail_arg(regs, 3),
		(const struct nft_traceinfo *)skbtrail_arg(regs, 4),
		skbtrail_arg(regs, 5),
	};
#endif
}

/*
 * A packet's connection is in the packet; its layout is that of the headers this
 * module is built with. Nothing here needs nf_conntrack to be there.
 */
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
static inline unsigned long skbtrail_nfct(const struct sk_buff *skb)
{
	return skb->_nfct;
}

static inline const struct nf_conn *skbtrail_nf_conn(unsigned long nfct)
{
	return (const struct nf_conn *)(nfct & NFCT_PTRMASK);
}

static inline unsigned int skbtrail_ctinfo(unsigned long nfct)
{
	return nfct & NFCT_INFOMASK;
}
#else
static inline unsigned long skbtrail_nfct(const struct sk_buff *skb) { return 0; }
static inline const struct nf_conn *skbtrail_nf_conn(unsigned long nfct) { return NULL; }
static inline unsigned int skbtrail_ctinfo(unsigned long nfct) { return 0; }
#endif

static inline u32 skbtrail_ct_mark(const struct nf_conn *ct)
{
#ifdef CONFIG_NF_CONNTRACK_MARK
	return READ_ONCE(ct->mark);
#else
	return 0;
#endif
}

static inline u16 skbtrail_ct_zone(const struct nf_conn *ct)
{
#ifdef CONFIG_NF_CONNTRACK_ZONES
	return ct->zone.id;
#else
	return 0;
#endif
}

/** skbtrail_cgroup() - id of the cgroup of a socket, 0 unknown */
static inline u64 skbtrail_cgroup(const struct sock *sk)
{
#ifdef CONFIG_SOCK_CGROUP_DATA
	const struct cgroup *cgrp = READ_ONCE(sk->sk_cgrp_data.cgroup);

	return cgrp ? cgroup_id(cgrp) : 0;
#else
	return 0;
#endif
}

/** skbtrail_stack_arg() - argument @n, from 7 on, of a function that was entered */
static inline unsigned long skbtrail_stack_arg(const struct pt_regs *regs, unsigned int n)
{
#ifdef CONFIG_X86_64
	return regs_get_kernel_stack_nth((struct pt_regs *)regs, n - 6);
#else
	return 0;
#endif
}

/** skbtrail_set_arg2() - what the function that was entered gets as its second argument */
static inline void skbtrail_set_arg2(const struct pt_regs *regs, unsigned long value)
{
#ifdef CONFIG_X86_64
	((struct pt_regs *)regs)->si = value;
#endif
}

/** skbtrail_clock_cycles() - what the counter that the kernel's clock runs by reads */
static inline u64 skbtrail_clock_cycles(void)
{
	struct system_time_snapshot snap;

#ifdef SKBTRAIL_SNAPSHOT_ID
	ktime_get_snapshot_id(CLOCK_MONOTONIC, &snap);
#else
	ktime_get_snapshot(&snap);
#endif
	return snap.cycles;
}

/* declared only where programs can be attached to cgroups: nobody passes it elsewhere */
#ifndef CONFIG_CGROUP_BPF
#define CGROUP_INET_EGRESS	1
#endif

#ifdef SKBTRAIL_RX_SK_CONST
#define SKBTRAIL_RX_SK const struct sock *
#else
#define SKBTRAIL_RX_SK struct sock *
#endif

/* the kfree_skb tracepoint learnt the receiving socket */
#ifdef SKBTRAIL_REASON_SUBSYS
#define SKBTRAIL_TP_KFREE_SKB \
	void *data, struct sk_buff *skb, void *location, \
	enum skb_drop_reason reason, SKBTRAIL_RX_SK rx_sk
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

#ifdef SKBTRAIL_QDISC_REASONS
#define SKBTRAIL_QDISC_REASON(reason)	"QDISC_DROP_" #reason,

/* the kernel has their names for a tracepoint of its own only */
static inline const struct drop_reason_list *skbtrail_unregistered(u32 sub)
{
	static const char * const names[] = {
		DEFINE_QDISC_DROP_REASON(SKBTRAIL_QDISC_REASON, SKBTRAIL_QDISC_REASON)
	};
	/* the last one is no reason, but their number */
	static const struct drop_reason_list list = { names, ARRAY_SIZE(names) - 1 };

	return sub == SKB_DROP_REASON_SUBSYS_QDISC ? &list : NULL;
}
#elif defined(SKBTRAIL_REASON_SUBSYS)
static inline const struct drop_reason_list *skbtrail_unregistered(u32 sub)
{
	return NULL;
}
#endif

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
		if (!list)
			list = skbtrail_unregistered(sub);
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

/**
 * struct skbtrail_frag_cb - skb->cb of a fragment that waits for the others
 * @next_frag: the fragment behind it, NULL at the end of a run
 *
 * Private to net/ipv4/inet_fragment.c, and the same on all kernels we know. Who
 * reads it makes sure that what he finds is all there should be.
 */
struct skbtrail_frag_cb {
	union {
		struct inet_skb_parm	h4;
		struct inet6_skb_parm	h6;
	};
	struct sk_buff	*next_frag;
};

static inline const struct skbtrail_frag_cb *skbtrail_frag_cb(const struct sk_buff *skb)
{
	return (const struct skbtrail_frag_cb *)skb->cb;
}

#endif /* SKBTRAIL_COMPAT_H */
