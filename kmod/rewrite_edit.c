// SPDX-License-Identifier: GPL-2.0
/*
 * Edits packets, and keeps their checksums right. In three steps: check looks
 * whether it can be done, prepare does all that can fail, apply cannot. So a
 * packet is changed as a rule says or not at all.
 *
 * Every byte goes through store(), which keeps CHECKSUM_COMPLETE right by
 * itself: skb->csum is the sum of all bytes, those of the checksums included.
 * The difference a store makes is then taken out of the checksums that cover
 * it: that of IPv4, and that of the transport. Of the latter the packet may
 * only hold the sum of the pseudo header (CHECKSUM_PARTIAL); then only addresses
 * matter to it. If what is yet to be computed is the checksum of a packet within
 * this one (local checksum offload), whatever that covers sums up to the
 * same in the end: changes there do not matter to ours.
 */
#include "rewrite_job.h"

#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/inet_ecn.h>
#include <net/tcp.h>

#define MAX_TCP_HEADER_LEN	60

static void extend(struct skbtrail_job *job, u32 end)
{
	job->extent = max(job->extent, job->nh + end);
}

/* a checksum that is not there yet covers what is changed */
static void extend_none(struct skbtrail_job *job)
{
	if (!job->none)
		return;
	job->make = true;
	extend(job, job->none + sizeof(__sum16));
}

/* what is written besides, as a checksum covers it */
static void extend_check(struct skbtrail_job *job, bool ip, bool transport)
{
	if (ip)
		extend(job, job->family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	if (transport && job->check)
		extend(job, job->check + sizeof(__sum16));
	if (transport)
		extend_none(job);
}

static unsigned int check_ip(struct skbtrail_job *job)
{
	if (!job->family)
		return SKBTRAIL_RULE_REFUSAL_MISSING;
	extend_check(job, true, false);
	return 0;
}

/*
 * Protocols whose checksums know the addresses, but not to us, and those that
 * sign them.
 */
static bool binds_addresses(const struct skbtrail_job *job)
{
	switch (job->proto) {
	case IPPROTO_AH:
	case 112: /* VRRP */
	case 139: /* HIP */
		return true;
	case IPPROTO_PIM:
	case IPPROTO_MH:
	case 89: /* OSPF */
		return job->family == 6;
	default:
		return false;
	}
}

static unsigned int check_address(struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	if (!job->family || job->family != (e->alen == 4 ? 4 : 6) || binds_addresses(job))
		return SKBTRAIL_RULE_REFUSAL_MISSING;
	if (job->routed && e->action == SKBTRAIL_RULE_ACTION_DST)
		return SKBTRAIL_RULE_REFUSAL_HEADERS;
	if (job->beyond)
		return SKBTRAIL_RULE_REFUSAL_FRAGMENT;
	extend_check(job, true, true);
	return 0;
}

static bool has_ports(const struct skbtrail_job *job)
{
	return job->family && (job->proto == IPPROTO_TCP || job->proto == IPPROTO_UDP);
}

static unsigned int check_transport(struct skbtrail_job *job, bool tcp)
{
	if (!has_ports(job) || (tcp && job->proto != IPPROTO_TCP))
		return SKBTRAIL_RULE_REFUSAL_MISSING;
	if (job->later)
		return SKBTRAIL_RULE_REFUSAL_FRAGMENT;
	if (!job->l4_len)
		return SKBTRAIL_RULE_REFUSAL_LENGTH;
	extend(job, job->l4 + job->l4_len);
	extend_none(job);
	return 0;
}

/* where the value of the option is, from the network header on; 0: none */
static u32 find_mss(const struct skbtrail_job *job)
{
	const struct tcphdr *th;
	u8 buf[MAX_TCP_HEADER_LEN] SKBTRAIL_UNINITIALIZED;
	const u8 *h;
	u32 i;

	h = skbtrail_job_peek(job, job->l4, job->l4_len, buf);
	th = (const struct tcphdr *)h;
	if (!h || !th->syn)
		return 0;
	for (i = sizeof(*th); i < job->l4_len;) {
		if (h[i] == TCPOPT_EOL)
			return 0;
		if (h[i] == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= job->l4_len || h[i + 1] < 2 || i + h[i + 1] > job->l4_len)
			return 0;
		if (h[i] == TCPOPT_MSS && h[i + 1] == TCPOLEN_MSS)
			return job->l4 + i + 2;
		i += h[i + 1];
	}
	return 0;
}

static unsigned int check_mss(struct skbtrail_job *job)
{
	unsigned int refusal = check_transport(job, true);

	if (refusal)
		return refusal;
	job->mss = find_mss(job);
	return job->mss ? 0 : SKBTRAIL_RULE_REFUSAL_MISSING;
}

/* whether the checksum of a packet within this one is to be made where it would be written to */
static bool will_be_made(const struct skbtrail_job *job, u32 from, u32 len)
{
	const struct sk_buff *skb = job->skb;
	u32 field;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return false;
	field = skb_checksum_start_offset(skb) + skb->csum_offset - job->nh;
	return from < field + sizeof(__sum16) && field < from + len;
}

/* from the network header on; UDP says itself where it ends, a jumbogram does not */
static u32 payload_end(const struct skbtrail_job *job)
{
	u16 len = job->proto == IPPROTO_UDP ?
		  skbtrail_job_half(job, job->l4 + offsetof(struct udphdr, len)) : 0;

	return len ? min_t(u32, job->len, job->l4 + len) : job->len;
}

static unsigned int check_payload(struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	u32 from;

	if (!job->family || !(has_ports(job) || (job->proto == IPPROTO_ICMP && job->family == 4) ||
			      (job->proto == IPPROTO_ICMPV6 && job->family == 6)))
		return SKBTRAIL_RULE_REFUSAL_MISSING;
	if (job->later)
		return SKBTRAIL_RULE_REFUSAL_FRAGMENT;
	from = skbtrail_job_payload(job) + e->offset;
	if (!job->l4_len || from + e->len > payload_end(job))
		return SKBTRAIL_RULE_REFUSAL_LENGTH;
	if (will_be_made(job, from, e->len))
		return SKBTRAIL_RULE_REFUSAL_MISSING;
	extend(job, from + e->len);
	extend_check(job, false, true);
	return 0;
}

static unsigned int check_stale(struct skbtrail_job *job)
{
	if (!job->family)
		return SKBTRAIL_RULE_REFUSAL_MISSING;
	if (skb_is_gso(job->skb))
		return SKBTRAIL_RULE_REFUSAL_GSO;
	/* its checksum is none we could resolve */
	if (job->skb->ip_summed == CHECKSUM_PARTIAL && skb_csum_is_sctp(job->skb))
		return SKBTRAIL_RULE_REFUSAL_MISSING;
	job->stale = true;
	extend_none(job);
	return 0;
}

static unsigned int check_truncate(struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	unsigned int refusal = check_stale(job);

	if (refusal)
		return refusal;
	if (job->fragment)
		return SKBTRAIL_RULE_REFUSAL_FRAGMENT;
	if (e->value < job->l4 || e->value >= job->len)
		return SKBTRAIL_RULE_REFUSAL_LENGTH;
	job->cut = e->value;
	extend_check(job, true, false);
	return 0;
}

/* behind all that is to be cut off, so it is checked last */
static unsigned int check_corrupt(struct skbtrail_job *job)
{
	u32 end = job->cut ? job->cut : job->len;
	unsigned int refusal = check_stale(job);

	if (refusal)
		return refusal;
	if (job->l4 >= end)
		return SKBTRAIL_RULE_REFUSAL_LENGTH;
	job->bit = job->l4 * 8 + (u32)((u64)job->random * ((end - job->l4) * 8) >> 32);
	extend(job, job->bit / 8 + 1);
	return 0;
}

static unsigned int check_vlan(const struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	const struct sk_buff *skb = job->skb;
	bool ether = !skb->dev || skb->dev->type == ARPHRD_ETHER ||
		     skb->dev->type == ARPHRD_LOOPBACK;

	/* nowhere to put it; the tag there is, is within the packet; none to take off */
	if (!ether || eth_type_vlan(skb->protocol) || (!e->value && !skb_vlan_tag_present(skb)))
		return SKBTRAIL_RULE_REFUSAL_MISSING;
	return 0;
}

static unsigned int check_edit(struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	switch (e->action) {
	case SKBTRAIL_RULE_ACTION_DSCP:
	case SKBTRAIL_RULE_ACTION_ECN:
	case SKBTRAIL_RULE_ACTION_TTL:
		return check_ip(job);
	case SKBTRAIL_RULE_ACTION_SRC:
	case SKBTRAIL_RULE_ACTION_DST:
		return check_address(job, e);
	case SKBTRAIL_RULE_ACTION_SPORT:
	case SKBTRAIL_RULE_ACTION_DPORT:
		return check_transport(job, false);
	case SKBTRAIL_RULE_ACTION_FLAGS:
	case SKBTRAIL_RULE_ACTION_WINDOW:
		return check_transport(job, true);
	case SKBTRAIL_RULE_ACTION_MSS:
		return check_mss(job);
	case SKBTRAIL_RULE_ACTION_PAYLOAD:
		return check_payload(job, e);
	case SKBTRAIL_RULE_ACTION_TRUNCATE:
		return check_truncate(job, e);
	case SKBTRAIL_RULE_ACTION_VLAN:
		return check_vlan(job, e);
	default:
		return 0;
	}
}

/* what is beside the packet's bytes can be changed whatever those are */
#define BESIDE		(BIT(SKBTRAIL_RULE_ACTION_MARK) | BIT(SKBTRAIL_RULE_ACTION_PRIORITY) | \
			 BIT(SKBTRAIL_RULE_ACTION_VLAN))
/* and what is in the header of IP, whatever that carries */
#define IN_IP		(BIT(SKBTRAIL_RULE_ACTION_DSCP) | BIT(SKBTRAIL_RULE_ACTION_ECN) | \
			 BIT(SKBTRAIL_RULE_ACTION_TTL))

unsigned int skbtrail_edit_check(struct skbtrail_job *job, u16 l3proto)
{
	const struct sk_buff *skb = job->skb;
	const u32 actions = job->actions;
	unsigned int i, refusal = 0;

	job->transport = actions & ~(BESIDE | IN_IP);
	if (actions & ~BESIDE && !skbtrail_job_find(job, l3proto))
		return SKBTRAIL_RULE_REFUSAL_HEADERS;
	for (i = 0; i < job->n && !refusal; i++)
		refusal = check_edit(job, &job->edit[i]);
	if (actions & BIT(SKBTRAIL_RULE_ACTION_CORRUPT) && !refusal)
		refusal = check_corrupt(job);
	if (refusal)
		return refusal;
	/* each packet of such a list has headers of its own */
	if (job->extent && skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST)
		return SKBTRAIL_RULE_REFUSAL_GSO;
	if (skb_shared(skb))
		return SKBTRAIL_RULE_REFUSAL_SHARED;
	/* what is to be cut off cannot be written to */
	if (job->cut && job->extent > job->nh + job->cut)
		return SKBTRAIL_RULE_REFUSAL_LENGTH;
	return job->extent > skb->len ? SKBTRAIL_RULE_REFUSAL_LENGTH : 0;
}

/* nobody computes it any more, and who receives it looks */
static int resolve_checksum(struct skbtrail_job *job)
{
	struct sk_buff *skb = job->skb;

	/* it warns if the header it is about is not linear */
	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    (!pskb_may_pull(skb, skb_checksum_start_offset(skb) + skb->csum_offset +
				 sizeof(__sum16)) || skb_checksum_help(skb)))
		return -ENOMEM;
	skb->ip_summed = CHECKSUM_NONE;
	job->partial = false;
	return 0;
}

static u8 *at(const struct skbtrail_job *job, u32 off)
{
	return job->skb->data + job->nh + off;
}

/* most is as short as this */
static __always_inline __wsum sum_of(const void *bytes, u32 len)
{
	return len == 2 ? (__force __wsum)get_unaligned((const u16 *)bytes) :
			  csum_partial(bytes, len, 0);
}

/* returns the difference it makes to a sum that begins at the network header */
static __always_inline __wsum store(const struct skbtrail_job *job, u32 off, const void *new,
				    u32 len)
{
	struct sk_buff *skb = job->skb;
	u8 *to = at(job, off);
	__wsum diff;

	diff = csum_sub(sum_of(new, len), sum_of(to, len));
	memcpy(to, new, len);
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(skb->csum, csum_shift(diff, job->nh + off));
	return csum_shift(diff, off);
}

/* of the packet as it is */
static __sum16 missing_check(const struct skbtrail_job *job)
{
	const struct ipv6hdr *h = (const struct ipv6hdr *)at(job, 0);
	u32 len = job->len - job->l4;
	__sum16 check;

	check = csum_ipv6_magic(&h->saddr, &h->daddr, len, IPPROTO_UDP,
				skb_checksum(job->skb, job->nh + job->l4, len, 0));
	return check ? check : CSUM_MANGLED_0;
}

/* the edits that follow keep it right */
static void fill_check(struct skbtrail_job *job, __sum16 check)
{
	store(job, job->none, &check, sizeof(check));
	job->check = job->none;
}

unsigned int skbtrail_edit_prepare(struct skbtrail_job *job)
{
	struct sk_buff *skb = job->skb;
	__sum16 check = 0;

	/* what is shared with others, or not linear, becomes a copy of our own */
	if (job->extent && skb_ensure_writable(skb, job->extent))
		return SKBTRAIL_RULE_REFUSAL_MEMORY;
	if (job->stale && resolve_checksum(job))
		return SKBTRAIL_RULE_REFUSAL_MEMORY;
	/* of what is about to be cut off, too */
	if (job->make)
		check = missing_check(job);
	/* the last that can fail: from here on it must be said in the header */
	if (job->cut && pskb_trim(skb, job->nh + job->cut))
		return SKBTRAIL_RULE_REFUSAL_MEMORY;
	if (job->make)
		fill_check(job, check);
	return 0;
}

static void fix_ip(const struct skbtrail_job *job, __wsum diff)
{
	const struct iphdr *iph = (const struct iphdr *)at(job, 0);
	__sum16 check;

	if (job->family != 4)
		return;
	check = csum_fold(csum_add(diff, ~csum_unfold(iph->check)));
	store(job, offsetof(struct iphdr, check), &check, sizeof(check));
}

/* @whole: as computed over all it covers, else only over the pseudo header */
static void fix_check(const struct skbtrail_job *job, __wsum diff, bool whole)
{
	__sum16 check;

	memcpy(&check, at(job, job->check), sizeof(check));
	if (whole)
		check = csum_fold(csum_add(diff, ~csum_unfold(check)));
	else
		check = ~csum_fold(csum_add(diff, csum_unfold(check)));
	/* zero would mean none, which IPv6 does not allow */
	if (whole && !check && (job->proto == IPPROTO_UDP || job->proto == IPPROTO_UDPLITE))
		check = CSUM_MANGLED_0;
	store(job, job->check, &check, sizeof(check));
}

/* of addresses */
static void fix_pseudo(const struct skbtrail_job *job, __wsum diff)
{
	if (job->check && job->pseudo)
		fix_check(job, diff, !job->partial);
}

/* of what the transport covers */
static void fix_transport(const struct skbtrail_job *job, __wsum diff)
{
	if (job->check && !job->partial)
		fix_check(job, diff, true);
}

/* bytes in front of those covered by a checksum that will be computed, and makes up for them */
static u32 in_front(const struct skbtrail_job *job, u32 off, u32 len)
{
	int start;

	if (job->skb->ip_summed != CHECKSUM_PARTIAL)
		return len;
	start = skb_checksum_start_offset(job->skb) - job->nh - (int)off;
	return clamp_t(int, start, 0, len);
}

/* nothing is decided anew for a value that was there before */
static void touch(struct skbtrail_job *job, u8 what, u32 off, const void *new, u32 len)
{
	if (memcmp(at(job, off), new, len))
		job->touched |= what;
}

static void apply_tos(struct skbtrail_job *job, u8 mask, u8 value)
{
	u8 bytes[2];

	if (job->family == 4) {
		bytes[0] = *at(job, 0);
		bytes[1] = (*at(job, 1) & ~mask) | value;
	} else {
		bytes[0] = (*at(job, 0) & ~(mask >> 4)) | value >> 4;
		bytes[1] = (*at(job, 1) & ~(mask << 4)) | value << 4;
	}
	touch(job, SKBTRAIL_TOUCHED_TOS, 0, bytes, 2);
	fix_ip(job, store(job, 0, bytes, 2));
}

static void apply_ttl(struct skbtrail_job *job, u8 ttl)
{
	if (job->family == 4)
		fix_ip(job, store(job, offsetof(struct iphdr, ttl), &ttl, 1));
	else
		store(job, offsetof(struct ipv6hdr, hop_limit), &ttl, 1);
}

static u32 address_at(const struct skbtrail_job *job, bool dst)
{
	if (job->family == 4)
		return dst ? offsetof(struct iphdr, daddr) : offsetof(struct iphdr, saddr);
	return dst ? offsetof(struct ipv6hdr, daddr) : offsetof(struct ipv6hdr, saddr);
}

static void apply_address(struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	bool dst = e->action == SKBTRAIL_RULE_ACTION_DST;
	u32 off = address_at(job, dst);
	__wsum diff;

	touch(job, dst ? SKBTRAIL_TOUCHED_DST : SKBTRAIL_TOUCHED_SRC, off, e->addr, e->alen);
	diff = store(job, off, e->addr, e->alen);
	fix_ip(job, diff);
	fix_pseudo(job, diff);
}

static void apply_bytes(struct skbtrail_job *job, u32 off, const void *new, u32 len)
{
	u32 front = in_front(job, off, len);

	fix_transport(job, store(job, off, new, front));
	store(job, off + front, (const u8 *)new + front, len - front);
}

static void apply_half(struct skbtrail_job *job, u32 off, u16 value)
{
	__be16 half = htons(value);

	apply_bytes(job, off, &half, sizeof(half));
}

static void apply_port(struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	u32 off = job->l4 + (e->action == SKBTRAIL_RULE_ACTION_DPORT ? 2 : 0);
	__be16 port = htons(e->value);

	touch(job, SKBTRAIL_TOUCHED_PORT, off, &port, sizeof(port));
	apply_bytes(job, off, &port, sizeof(port));
}

static void apply_flags(struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	u8 flags = skbtrail_job_flags(*at(job, job->l4 + 13), e);

	apply_bytes(job, job->l4 + 13, &flags, 1);
}

static void apply_mss(struct skbtrail_job *job, u32 mss)
{
	/* never raised: the sender has no room for more */
	if (skbtrail_job_half(job, job->mss) > mss)
		apply_half(job, job->mss, mss);
}

static void apply_vlan(struct skbtrail_job *job, u16 vid)
{
	struct sk_buff *skb = job->skb;
	__be16 proto = skb_vlan_tag_present(skb) ? skb->vlan_proto : htons(ETH_P_8021Q);

	if (vid)
		__vlan_hwaccel_put_tag(skb, proto, skbtrail_job_tag(skb, vid));
	else
		__vlan_hwaccel_clear_tag(skb);
}

static void apply_mark(struct skbtrail_job *job, u32 mark)
{
	if (job->skb->mark != mark)
		job->touched |= SKBTRAIL_TOUCHED_MARK;
	job->skb->mark = mark;
}

static void apply_edit(struct skbtrail_job *job, const struct skbtrail_edit *e)
{
	struct sk_buff *skb = job->skb;

	switch (e->action) {
	case SKBTRAIL_RULE_ACTION_MARK:
		apply_mark(job, skbtrail_job_mark(skb, e));
		break;
	case SKBTRAIL_RULE_ACTION_PRIORITY:
		skb->priority = e->value;
		break;
	case SKBTRAIL_RULE_ACTION_DSCP:
		apply_tos(job, (u8)~INET_ECN_MASK, e->value << 2);
		break;
	case SKBTRAIL_RULE_ACTION_ECN:
		apply_tos(job, INET_ECN_MASK, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_TTL:
		apply_ttl(job, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_SRC:
	case SKBTRAIL_RULE_ACTION_DST:
		apply_address(job, e);
		break;
	case SKBTRAIL_RULE_ACTION_SPORT:
	case SKBTRAIL_RULE_ACTION_DPORT:
		apply_port(job, e);
		break;
	case SKBTRAIL_RULE_ACTION_FLAGS:
		apply_flags(job, e);
		break;
	case SKBTRAIL_RULE_ACTION_WINDOW:
		apply_half(job, job->l4 + offsetof(struct tcphdr, window), e->value);
		break;
	case SKBTRAIL_RULE_ACTION_MSS:
		apply_mss(job, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_VLAN:
		apply_vlan(job, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_PAYLOAD:
		apply_bytes(job, skbtrail_job_payload(job) + e->offset, e->bytes, e->len);
		break;
	}
}

/* IP says what it has become; the transport is left as it is */
static void apply_cut(struct skbtrail_job *job)
{
	__be16 len = htons(job->family == 4 ? job->cut : job->cut - sizeof(struct ipv6hdr));

	if (job->family == 4)
		fix_ip(job, store(job, offsetof(struct iphdr, tot_len), &len, sizeof(len)));
	else
		store(job, offsetof(struct ipv6hdr, payload_len), &len, sizeof(len));
}

void skbtrail_edit_apply(struct skbtrail_job *job)
{
	unsigned int i;
	u8 byte;

	for (i = 0; i < job->n; i++)
		apply_edit(job, &job->edit[i]);
	if (job->cut)
		apply_cut(job);
	if (job->bit) {
		byte = *at(job, job->bit / 8) ^ (0x80 >> job->bit % 8);
		store(job, job->bit / 8, &byte, 1);
	}
	if (job->touched & (SKBTRAIL_TOUCHED_SRC | SKBTRAIL_TOUCHED_DST | SKBTRAIL_TOUCHED_PORT))
		skb_clear_hash(job->skb);
}

