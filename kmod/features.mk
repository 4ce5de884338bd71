# SPDX-License-Identifier: GPL-2.0
# What the kernel that is built for has, where its headers have no macro to ask
# (sparse has no __has_include). For compat.h; also read by the module's tests.

# drop reasons by subsystem came with a header of their own
ccflags-$(if $(wildcard $(srctree)/include/net/dropreason-core.h),y) += -DSKBTRAIL_REASON_SUBSYS

# the snapshot of a clock got a name of its own when it learnt of other clocks
ccflags-$(shell grep -sqw ktime_get_snapshot_id $(srctree)/include/linux/timekeeping.h && echo y) += \
	-DSKBTRAIL_SNAPSHOT_ID

# those of queueing disciplines, which nobody registers
ccflags-$(if $(wildcard $(srctree)/include/net/dropreason-qdisc.h),y) += -DSKBTRAIL_QDISC_REASONS

# fragments may be memory of a device, which nobody can read
ccflags-$(shell grep -sqw skb_frags_readable $(srctree)/include/linux/skbuff.h && echo y) += \
	-DSKBTRAIL_FRAGS_UNREADABLE

# the socket of the kfree_skb tracepoint became const
ccflags-$(shell grep -sq 'const struct sock \*rx_sk' $(srctree)/include/trace/events/skb.h && echo y) += \
	-DSKBTRAIL_RX_SK_CONST

# nf_tables handed a packet, verdict and rule on within what it traces with
ccflags-$(shell grep -sq 'nft_trace_notify.struct nft_traceinfo' $(srctree)/include/net/netfilter/nf_tables.h && \
	echo y) += -DSKBTRAIL_NFT_INFO_ALONE
