// SPDX-License-Identifier: GPL-2.0
/*
 * Where some functions of the kernel begin and end, and whom they call: what a
 * return address means, and which of two functions has to be watched, as
 * compilers inline one or the other.
 */
#include "code.h"

#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static struct {
	const char	*func;
	unsigned long	start;
	unsigned long	size;
} ranges[SKBTRAIL_CODES] = {
	[SKBTRAIL_IN_SEGMENT]		= { "skb_segment" },
	[SKBTRAIL_IN_SEGMENT_LIST]	= { "skb_segment_list" },
	[SKBTRAIL_IN_LIST_FREE]		= { "kfree_skb_list_reason" },
	[SKBTRAIL_IN_RELEASE_DATA]	= { "skb_release_data" },
	[SKBTRAIL_IN_CLONE]		= { "skb_clone" },
	[SKBTRAIL_IN_CLONE_INNER]	= { "__skb_clone" },
	[SKBTRAIL_IN_COPY]		= { "skb_copy" },
	[SKBTRAIL_IN_COPY_EXPAND]	= { "skb_copy_expand" },
	[SKBTRAIL_IN_PSKB_COPY]		= { "__pskb_copy_fclone" },
	/* a packet is rebuilt for XDP: from 6.12 on by the first, before that in veth */
	[SKBTRAIL_IN_COW_DATA]		= { "skb_pp_cow_data" },
	[SKBTRAIL_IN_VETH_XDP]		= { "veth_xdp_rcv_skb" },
	[SKBTRAIL_IN_RETRANSMIT_TIMER]	= { "tcp_retransmit_timer" },
	[SKBTRAIL_IN_RETRANSMIT_QUEUE]	= { "tcp_xmit_retransmit_queue.part.0" },
	[SKBTRAIL_IN_LOSS_PROBE]	= { "tcp_send_loss_probe" },
	[SKBTRAIL_IN_CONN_REQUEST]	= { "tcp_conn_request" },
	[SKBTRAIL_IN_WAIT_MEMORY]	= { "sk_stream_wait_memory" },
	[SKBTRAIL_IN_NFT]		= { "nft_do_chain" },
	[SKBTRAIL_IN_HOOKS]		= { "nf_hook_slow" },
};

bool skbtrail_code_in(unsigned long ip, enum skbtrail_code code)
{
	return ip - READ_ONCE(ranges[code].start) < READ_ONCE(ranges[code].size);
}

const void *skbtrail_code_start(enum skbtrail_code code)
{
	return (const void *)READ_ONCE(ranges[code].start);
}

/* name+0x4/0x123 [module]: the only exported way to a function's size */
static unsigned long size_at(unsigned long start)
{
	char sym[KSYM_SYMBOL_LEN], *size;
	unsigned long n;

	sprint_symbol(sym, start);
	size = strchr(sym, '/');
	if (!size)
		return 0;
	size[strcspn(size, " ")] = '\0';
	return kstrtoul(size + 1, 16, &n) ? 0 : n;
}

void skbtrail_code_find(void *(*find)(const char *name))
{
	unsigned long start;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		/* that of a module is forgotten when it goes */
		if (ranges[i].size)
			continue;
		start = (unsigned long)find(ranges[i].func);
		WRITE_ONCE(ranges[i].size, start ? size_at(start) : 0);
		WRITE_ONCE(ranges[i].start, start);
	}
}

void skbtrail_code_forget(enum skbtrail_code code)
{
	WRITE_ONCE(ranges[code].size, 0);
}

#ifdef CONFIG_X86_64
/* in front of an entry the kernel may put code of its own that it has calls go to instead */
#define ENTRY_PADDING	32

/* CALL and JMP, with the distance from their end in 32 bits */
static bool goes_to(unsigned long at, unsigned long entry)
{
	u8 insn[5];
	s32 distance;

	if (copy_from_kernel_nofault(insn, (void *)at, sizeof(insn)) ||
	    (insn[0] != 0xe8 && insn[0] != 0xe9))
		return false;
	memcpy(&distance, insn + 1, sizeof(distance));
	return entry - (at + sizeof(insn) + distance) <= ENTRY_PADDING;
}

static bool calls(enum skbtrail_code code, unsigned long entry)
{
	unsigned long at, start = ranges[code].start;

	for (at = start; entry && at < start + ranges[code].size; at++)
		if (goes_to(at, entry))
			return true;
	return false;
}
#else
static bool calls(enum skbtrail_code code, unsigned long entry) { return false; }
#endif

bool skbtrail_code_clones(unsigned long entry)
{
	return calls(SKBTRAIL_IN_CLONE, entry) ||
	       (calls(SKBTRAIL_IN_CLONE, ranges[SKBTRAIL_IN_CLONE_INNER].start) &&
		calls(SKBTRAIL_IN_CLONE_INNER, entry));
}
