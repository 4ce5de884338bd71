// SPDX-License-Identifier: GPL-2.0
/*
 * Random packets, random edits: what the editor makes of a packet must be what
 * a simpler one makes of the flat bytes, with every checksum right when it is
 * summed up from scratch. The bytes a clone sees stay, and so does a packet
 * that is refused.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <net/ip6_checksum.h>

#include "kselftest_module.h"

#include "rewrite_edit.c"
#include "rewrite_find.c"
#include "rewrite_quick.c"
#include "rewrite_tell.c"

KSTM_MODULE_GLOBALS();

static unsigned int cases = 1000000;
module_param(cases, uint, 0444);
static unsigned long seed;
module_param(seed, ulong, 0444);

#define FLAT_MAX	1024
#define HIP		139
#define MANY		8	/* cases that are told when they fail */

enum { NONE, UNNECESSARY, COMPLETE, PARTIAL, STATES };

/*
 * A packet as plain bytes:
 * @b: from the network header on; a fragment's rest is behind @len
 * @len: bytes of the packet
 * @whole: bytes of the datagram it is the first fragment of, or that ends before it does
 * @l4: transport header
 * @l4_len: its length
 * @check: its checksum, 0: none
 * @pseudo: that covers a pseudo header
 * @zero: UDP without a checksum
 * @routed: its destination is not the last one
 * @damaged: its TCP header is none
 * @inner: a packet within it whose checksum is yet to be made, 0: none
 * @field: where that is to be
 */
struct flat {
	u8	b[FLAT_MAX];
	u32	len;
	u32	whole;
	u32	l4;
	u32	l4_len;
	u32	check;
	u32	inner;
	u32	field;
	u8	family;
	u8	proto;
	bool	pseudo;
	bool	zero;
	bool	fragment;
	bool	later;
	bool	routed;
	bool	damaged;
};

static struct rnd_state rnd;
static struct flat was, want, have;
static u64 applied[SKBTRAIL_RULE_ACTION_MAX + 1][STATES];
static u64 refused[SKBTRAIL_RULE_REFUSAL_MAX + 1];
static u64 damaged;
/* done the short way: by family, beside the packet or in its header */
static u64 quick[2][2];

static u32 pick(u32 n)
{
	return ((u64)prandom_u32_state(&rnd) * n) >> 32;
}

static bool one_in(u32 n)
{
	return !pick(n);
}

static void put16(struct flat *p, u32 at, u16 v)
{
	p->b[at] = v >> 8;
	p->b[at + 1] = v;
}

static u16 get16(const struct flat *p, u32 at)
{
	return p->b[at] << 8 | p->b[at + 1];
}

static void put_sum(struct flat *p, u32 at, __sum16 sum)
{
	memcpy(p->b + at, &sum, sizeof(sum));
}

/* ---- a packet ---- */

/* a source route, with an address to go or used up */
static void make_route(struct flat *p)
{
	static const u8 lsrr[] = { 1, 131, 7 };

	memcpy(p->b + 20, lsrr, sizeof(lsrr));
	p->routed = one_in(2);
	p->b[23] = p->routed ? 4 : 8;
}

static void make_v4(struct flat *p, u8 proto)
{
	u32 ihl = one_in(3) ? 5 + pick(11) : 5;

	p->b[0] = 0x40 | ihl;
	p->b[8] = 1 + pick(255);
	p->b[9] = proto;
	put16(p, 6, 0);
	if (one_in(8)) {
		p->fragment = true;
		p->later = one_in(2);
		put16(p, 6, p->later ? 1 + pick(100) : 0x2000);
	}
	if (ihl >= 7 && one_in(3))
		make_route(p);
	p->l4 = ihl * 4;
}

static void make_v6(struct flat *p, u8 proto)
{
	u32 next = 6, at = 40;
	int n = one_in(3) ? pick(4) : 0;

	p->b[0] = 0x60 | (p->b[0] & 0xf);
	while (n--) {
		static const u8 kinds[] = { 0, 43, 60, 44 };
		u8 kind = kinds[pick(4)];
		u32 len = kind == 44 ? 8 : 8 + 8 * pick(3);

		if (kind == 44 && p->fragment)
			continue;
		p->b[next] = kind;
		next = at;
		p->b[at + 1] = kind == 44 ? 0 : len / 8 - 1;
		/* segments left */
		p->b[at + 3] = kind == 43 && one_in(4);
		p->routed |= p->b[at + 3];
		if (kind == 44) {
			p->fragment = true;
			p->later = one_in(2);
			put16(p, at + 2, p->later ? 8 + 8 * pick(100) : 1);
			if (p->later)
				n = 0;
		}
		at += len;
	}
	p->b[next] = proto;
	p->l4 = at;
}

static void make_tcp(struct flat *p)
{
	u32 at = p->l4, words = 5 + pick(11), i = 20;

	p->l4_len = words * 4;
	p->b[at + 12] = words << 4;
	p->b[at + 13] = one_in(2) ? 2 : pick(256);
	memset(p->b + at + 20, 1, p->l4_len - 20);
	if (p->l4_len >= 24 + 4) {
		i += pick(p->l4_len - 24);
		p->b[at + i] = 2;
		p->b[at + i + 1] = 4;
	}
	p->check = at + 16;
}

static void make_transport(struct flat *p)
{
	p->pseudo = true;
	p->check = 0;
	switch (p->proto) {
	case IPPROTO_TCP:
		make_tcp(p);
		return;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		p->l4_len = 8;
		p->check = p->l4 + 6;
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		p->l4_len = 8;
		p->check = p->l4 + 2;
		p->pseudo = p->proto == IPPROTO_ICMPV6;
		return;
	default:
		p->l4_len = 8;
	}
}

static u32 sum_pseudo(const struct flat *p, u32 len)
{
	struct in6_addr s6, d6;
	__be32 s4, d4;

	if (p->family == 4) {
		memcpy(&s4, p->b + 12, 4);
		memcpy(&d4, p->b + 16, 4);
		return (__force u32)csum_tcpudp_nofold(s4, d4, len, p->proto, 0);
	}
	memcpy(&s6, p->b + 8, 16);
	memcpy(&d6, p->b + 24, 16);
	return (__force u32)csum_unfold(~csum_ipv6_magic(&s6, &d6, len, p->proto, 0));
}

/* of the whole datagram, its checksum included */
static __sum16 sum_up(const struct flat *p)
{
	u32 len = p->whole - p->l4;
	__wsum sum = p->pseudo ? (__force __wsum)sum_pseudo(p, len) : 0;

	return csum_fold(csum_partial(p->b + p->l4, len, sum));
}

/* as the device does */
static void finish_partial(struct flat *p)
{
	u32 from = p->inner ? p->inner : p->l4;
	__sum16 sum;

	sum = csum_fold(csum_partial(p->b + from, p->len - from, 0));
	if (!sum && p->proto == IPPROTO_UDP)
		sum = CSUM_MANGLED_0;
	put_sum(p, p->inner ? p->field : p->check, sum);
}

/* of what will be sent, in which the checksum of the packet within it is made */
static __sum16 sum_up_made(struct flat *p)
{
	u16 unmade = get16(p, p->field);
	__sum16 sum;

	if (!p->inner)
		return sum_up(p);
	finish_partial(p);
	sum = sum_up(p);
	put16(p, p->field, unmade);
	return sum;
}

static void make_check(struct flat *p)
{
	__sum16 sum;

	if (!p->check || p->later)
		return;
	put16(p, p->check, 0);
	if (p->zero)
		return;
	sum = sum_up_made(p);
	if (!sum && (p->proto == IPPROTO_UDP || p->proto == IPPROTO_UDPLITE))
		sum = CSUM_MANGLED_0;
	put_sum(p, p->check, sum);
}

static void make_ip(struct flat *p)
{
	if (p->family == 6) {
		put16(p, 4, p->len - 40);
		return;
	}
	put16(p, 2, p->len);
	put16(p, 10, 0);
	put_sum(p, 10, ip_fast_csum(p->b, p->b[0] & 0xf));
}

static void make_packet(struct flat *p)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP,
				     IPPROTO_ICMP, IPPROTO_GRE, IPPROTO_UDPLITE, HIP };
	u32 i;

	for (i = 0; i < FLAT_MAX; i += 4)
		*(u32 *)(p->b + i) = prandom_u32_state(&rnd);
	p->family = one_in(2) ? 4 : 6;
	p->proto = protos[pick(ARRAY_SIZE(protos))];
	if (p->proto == IPPROTO_ICMP && p->family == 6)
		p->proto = IPPROTO_ICMPV6;
	p->fragment = false;
	p->later = false;
	p->routed = false;
	p->inner = 0;
	p->field = 0;
	p->zero = p->proto == IPPROTO_UDP && one_in(6);
	if (p->family == 4)
		make_v4(p, p->proto);
	else
		make_v6(p, p->proto);
	make_transport(p);
	p->len = p->l4 + p->l4_len + pick(200);
	p->whole = p->len;
	/* the others have the rest */
	if (p->fragment && !p->later)
		p->whole += pick(100);
	/* and even the checksum */
	if (p->fragment && !p->later && one_in(3))
		p->len = p->l4 + pick(p->l4_len);
	/* the length of UDP may be less than that of IP */
	if (p->proto == IPPROTO_UDP && !p->fragment && one_in(8))
		p->whole = p->l4 + 8 + pick(p->len - p->l4 - 7);
	if (p->proto == IPPROTO_UDP)
		put16(p, p->l4 + 4, p->whole - p->l4);
	p->damaged = p->proto == IPPROTO_TCP && !p->fragment && one_in(20);
	if (p->damaged)
		p->b[p->l4 + 12] = pick(5) << 4;
	make_check(p);
	make_ip(p);
}

/* a tunnel: the sender's own checksum is made, knowing what that within will be */
static void make_inner(struct flat *p)
{
	u32 from = p->l4 + p->l4_len, room = p->len - from;

	if (p->proto != IPPROTO_UDP || room < 24 || !one_in(3))
		return;
	p->inner = from + 2 * pick(room / 2 - 8);
	p->field = p->inner + 2 * pick(4);
	make_check(p);
}

/* ---- as an sk_buff ---- */

static void set_state(struct sk_buff *skb, const struct flat *p, int nh, int state)
{
	__sum16 pseudo;

	skb->ip_summed = CHECKSUM_NONE;
	switch (state) {
	case UNNECESSARY:
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		break;
	case COMPLETE:
		skb->csum = skb_checksum(skb, 0, skb->len, 0);
		skb->ip_summed = CHECKSUM_COMPLETE;
		break;
	case PARTIAL:
		skb->ip_summed = CHECKSUM_PARTIAL;
		if (p->inner) {
			skb->csum_start = skb_headroom(skb) + nh + p->inner;
			skb->csum_offset = p->field - p->inner;
			break;
		}
		skb->csum_start = skb_headroom(skb) + nh + p->l4;
		skb->csum_offset = p->check - p->l4;
		pseudo = ~csum_fold((__force __wsum)sum_pseudo(p, p->whole - p->l4));
		if (!p->pseudo)
			pseudo = 0;
		skb_store_bits(skb, nh + p->check, &pseudo, sizeof(pseudo));
		break;
	}
}

static bool can_be_partial(const struct flat *p)
{
	return p->check && !p->fragment && !p->zero && p->whole == p->len &&
	       p->proto != IPPROTO_UDPLITE;
}

static int add_page(struct sk_buff *skb, const u8 *from, u32 len)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	memcpy(page_address(page) + 64, from, len);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 64, len, PAGE_SIZE);
	return 0;
}

/* @nh: bytes in front of it; padding behind it where the state allows */
static struct sk_buff *make_skb(const struct flat *p, int nh, u32 padding)
{
	u32 linear = one_in(2) ? p->len : pick(p->len + 1);
	struct sk_buff *skb = alloc_skb(64 + nh + p->len + padding, GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_reserve(skb, 2 + 2 * pick(20));
	memset(skb_put(skb, nh), 0xaa, nh);
	skb_put_data(skb, p->b, linear);
	skb->protocol = htons(p->family == 4 ? ETH_P_IP : ETH_P_IPV6);
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, nh);
	if (linear < p->len) {
		if (add_page(skb, p->b + linear, p->len - linear)) {
			kfree_skb(skb);
			return NULL;
		}
	} else if (padding) {
		memset(skb_put(skb, padding), 0, padding);
	}
	return skb;
}

/* ---- edits ---- */

static struct skbtrail_edit edits[SKBTRAIL_MAX_ACTIONS];
static u8 edit_bytes[SKBTRAIL_MAX_ACTIONS][16];
static unsigned int nr_edits;

static u32 value_of(u8 action)
{
	switch (action) {
	case SKBTRAIL_RULE_ACTION_DSCP:
		return pick(64);
	case SKBTRAIL_RULE_ACTION_ECN:
		return pick(4);
	case SKBTRAIL_RULE_ACTION_TTL:
		return 1 + pick(255);
	case SKBTRAIL_RULE_ACTION_FLAGS:
		return pick(256);
	case SKBTRAIL_RULE_ACTION_VLAN:
		return pick(4095);
	case SKBTRAIL_RULE_ACTION_TRUNCATE:
		return 20 + pick(300);
	case SKBTRAIL_RULE_ACTION_MARK:
	case SKBTRAIL_RULE_ACTION_PRIORITY:
		return one_in(4) ? 0 : prandom_u32_state(&rnd);
	default:
		return pick(65536);
	}
}

static void make_edit(struct skbtrail_edit *e, u8 action)
{
	unsigned int i;
	u8 *bytes = edit_bytes[e - edits];

	memset(e, 0, sizeof(*e));
	e->action = action;
	e->value = value_of(action);
	e->mask = one_in(2) ? ~0u : prandom_u32_state(&rnd);
	e->alen = one_in(2) ? 4 : 16;
	for (i = 0; i < 16; i++)
		e->addr[i] = pick(256);
	if (action != SKBTRAIL_RULE_ACTION_PAYLOAD)
		return;
	e->offset = pick(64);
	e->len = 1 + pick(sizeof(edit_bytes[0]));
	e->bytes = bytes;
	for (i = 0; i < e->len; i++)
		bytes[i] = pick(256);
}

static unsigned int make_edits(void)
{
	unsigned int i, n = one_in(2) ? 1 : 1 + pick(4), j;
	u8 action;

	for (i = 0; i < n; i++) {
		do {
			action = 1 + pick(SKBTRAIL_RULE_ACTION_MAX - 1);
			for (j = 0; j < i && edits[j].action != action; j++)
				;
		} while (j < i);
		make_edit(&edits[i], action);
	}
	return n;
}

/* a port that makes the checksum zero, which UDP must not say; 0: none does */
static u16 zeroing_port(const struct flat *p)
{
	u32 port = get16(p, p->l4) + get16(p, p->check);

	if (p->proto != IPPROTO_UDP || p->later || p->zero)
		return 0;
	return (port & 0xffff) + (port >> 16);
}

/* as much as there can be to tell */
static unsigned int make_payloads(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edits); i++)
		make_edit(&edits[i], SKBTRAIL_RULE_ACTION_PAYLOAD);
	return i;
}

static unsigned int choose_edits(void)
{
	if (one_in(30))
		return make_payloads();
	if (!one_in(30) || !zeroing_port(&was))
		return make_edits();
	make_edit(&edits[0], SKBTRAIL_RULE_ACTION_SPORT);
	edits[0].value = zeroing_port(&was);
	return 1;
}

/* ---- the simple editor ---- */

static void simple_tos(struct flat *p, u8 mask, u8 value)
{
	u8 tos = p->family == 4 ? p->b[1] : (get16(p, 0) >> 4) & 0xff;

	tos = (tos & ~mask) | value;
	if (p->family == 4)
		p->b[1] = tos;
	else
		put16(p, 0, (get16(p, 0) & 0xf00f) | tos << 4);
}

static void simple_mss(struct flat *p, u16 mss)
{
	u32 i;

	for (i = p->l4 + 20; i < p->l4 + p->l4_len; i++) {
		if (p->b[i] != 2)
			continue;
		if (get16(p, i + 2) > mss)
			put16(p, i + 2, mss);
		return;
	}
}

static void simple_edit(struct flat *p, const struct skbtrail_edit *e)
{
	switch (e->action) {
	case SKBTRAIL_RULE_ACTION_DSCP:
		simple_tos(p, 0xfc, e->value << 2);
		break;
	case SKBTRAIL_RULE_ACTION_ECN:
		simple_tos(p, 3, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_TTL:
		p->b[p->family == 4 ? 8 : 7] = e->value;
		break;
	case SKBTRAIL_RULE_ACTION_SRC:
		memcpy(p->b + (p->family == 4 ? 12 : 8), e->addr, e->alen);
		break;
	case SKBTRAIL_RULE_ACTION_DST:
		memcpy(p->b + (p->family == 4 ? 16 : 24), e->addr, e->alen);
		break;
	case SKBTRAIL_RULE_ACTION_SPORT:
		put16(p, p->l4, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_DPORT:
		put16(p, p->l4 + 2, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_FLAGS:
		p->b[p->l4 + 13] = (p->b[p->l4 + 13] & ~e->mask) | (e->value & e->mask);
		break;
	case SKBTRAIL_RULE_ACTION_WINDOW:
		put16(p, p->l4 + 14, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_MSS:
		simple_mss(p, e->value);
		break;
	case SKBTRAIL_RULE_ACTION_PAYLOAD:
		memcpy(p->b + p->l4 + p->l4_len + e->offset, e->bytes, e->len);
		break;
	}
}

/* what is changed, or left stale, over IPv6 gets a checksum, where all of it is here */
static bool fills(const struct flat *p, const struct skbtrail_job *job)
{
	unsigned int i;

	if (!p->zero || p->family != 6 || p->fragment || p->routed || was.inner ||
	    p->whole != p->len)
		return false;
	for (i = 0; i < job->n; i++) {
		switch (job->edit[i].action) {
		case SKBTRAIL_RULE_ACTION_SRC:
		case SKBTRAIL_RULE_ACTION_DST:
		case SKBTRAIL_RULE_ACTION_SPORT:
		case SKBTRAIL_RULE_ACTION_DPORT:
		case SKBTRAIL_RULE_ACTION_PAYLOAD:
		case SKBTRAIL_RULE_ACTION_TRUNCATE:
		case SKBTRAIL_RULE_ACTION_CORRUPT:
			return true;
		}
	}
	return false;
}

/* what is to come out; the checksum of a packet that is spoilt is that of before */
static void simply(struct flat *p, const struct skbtrail_job *job)
{
	u32 len = p->len;
	unsigned int i;

	for (i = 0; i < job->n; i++)
		simple_edit(p, &job->edit[i]);
	if (fills(p, job))
		p->zero = false;
	make_check(p);
	for (i = 0; i < job->n; i++)
		if (job->edit[i].action == SKBTRAIL_RULE_ACTION_TRUNCATE)
			len = min(len, job->edit[i].value);
	p->len = len;
	make_ip(p);
	if (job->bit)
		p->b[job->bit / 8] ^= 0x80 >> job->bit % 8;
}

/* ---- the verdict ---- */

static const char *problem;

static bool wrong(const char *what)
{
	problem = what;
	return false;
}

/* zero and its complement are the same sum */
static bool same_sum(const struct flat *a, const struct flat *b, u32 at)
{
	u16 x = get16(a, at), y = get16(b, at);

	return (x == 0xffff ? 0 : x) == (y == 0xffff ? 0 : y);
}

static bool same_bytes(u32 check)
{
	u32 i;

	for (i = 0; i < want.len; i++) {
		if (want.family == 4 && (i == 10 || i == 11))
			continue;
		if (check && (i == check || i == check + 1))
			continue;
		if (want.b[i] != have.b[i])
			return false;
	}
	return true;
}

static bool judge_check(bool spoilt)
{
	u32 at = want.check;

	if (want.family == 4 && ip_fast_csum(have.b, have.b[0] & 0xf))
		return wrong("the checksum of IPv4");
	if (!at || want.later || at + 2 > want.len || spoilt)
		return true;
	if (!same_sum(&want, &have, at))
		return wrong("the checksum of the transport");
	if (want.zero)
		return !get16(&have, at) || wrong("a checksum of zero did not stay");
	if (sum_up(&have))
		return wrong("the sum from scratch");
	if (!get16(&have, at) && (want.proto == IPPROTO_UDP || want.proto == IPPROTO_UDPLITE))
		return wrong("a UDP checksum became zero");
	return true;
}

/* a bit of the checksum itself may be flipped: then it is compared as a byte */
static bool hits_check(const struct skbtrail_job *job)
{
	return want.check && (job->bit / 8 == want.check || job->bit / 8 == want.check + 1);
}

/* what could not have been done with the right checksum */
static bool judge_edit(const struct skbtrail_edit *e)
{
	bool dst = e->action == SKBTRAIL_RULE_ACTION_DST;

	if (was.damaged && e->action != SKBTRAIL_RULE_ACTION_MARK &&
	    e->action != SKBTRAIL_RULE_ACTION_PRIORITY && e->action != SKBTRAIL_RULE_ACTION_VLAN &&
	    e->action != SKBTRAIL_RULE_ACTION_DSCP && e->action != SKBTRAIL_RULE_ACTION_ECN &&
	    e->action != SKBTRAIL_RULE_ACTION_TTL)
		return wrong("its headers could not be read");
	if (e->action == SKBTRAIL_RULE_ACTION_TRUNCATE && e->value >= was.len)
		return wrong("it was no longer than that");
	if (e->action == SKBTRAIL_RULE_ACTION_PAYLOAD &&
	    was.l4 + was.l4_len + e->offset + e->len > was.whole)
		return wrong("the datagram ends before that");
	if (!dst && e->action != SKBTRAIL_RULE_ACTION_SRC)
		return true;
	if (was.proto == HIP)
		return wrong("its checksum knows the addresses");
	if (dst && was.routed)
		return wrong("it is not the destination of the checksum");
	if (was.check && was.pseudo && !was.later && was.check + 2 > was.len)
		return wrong("the checksum is in another fragment");
	return true;
}

static bool judge_edits(const struct skbtrail_job *job)
{
	unsigned int i;

	for (i = 0; i < job->n; i++)
		if (!judge_edit(&job->edit[i]))
			return false;
	return true;
}

/* that, and only that, which is not as it was before */
static bool judge_touched(const struct skbtrail_job *job, const struct sk_buff *skb)
{
	u32 n = was.family == 4 ? 4 : 16, src = was.family == 4 ? 12 : 8;
	u16 tos = was.family == 4 ? 0x00ff : 0x0ff0;
	u8 touched = skb->mark ? SKBTRAIL_TOUCHED_MARK : 0;

	if (memcmp(was.b + src, want.b + src, n))
		touched |= SKBTRAIL_TOUCHED_SRC;
	if (memcmp(was.b + src + n, want.b + src + n, n))
		touched |= SKBTRAIL_TOUCHED_DST;
	if ((get16(&was, 0) ^ get16(&want, 0)) & tos)
		touched |= SKBTRAIL_TOUCHED_TOS;
	/* elsewhere that is no port, or a bit may have been flipped */
	if ((was.proto == IPPROTO_TCP || was.proto == IPPROTO_UDP) && !job->bit) {
		if (memcmp(was.b + was.l4, want.b + was.l4, 4))
			touched |= SKBTRAIL_TOUCHED_PORT;
	} else {
		touched |= job->touched & SKBTRAIL_TOUCHED_PORT;
	}
	return touched == job->touched || wrong("what it says it has touched");
}

static bool judge_done(const struct skbtrail_job *job, struct sk_buff *skb, int nh, int state)
{
	bool spoilt = job->stale;
	u32 check = want.later ? 0 : want.check;

	/* made before anything is done */
	if (spoilt && want.inner) {
		finish_partial(&want);
		want.inner = 0;
	}
	simply(&want, job);
	if (!judge_edits(job) || !judge_touched(job, skb))
		return false;
	have = want;
	if (skb->len < nh + want.len || skb_copy_bits(skb, nh, have.b, want.len))
		return wrong("its length");
	if (job->cut && skb->len != nh + want.len)
		return wrong("it was not cut");
	if (skb->ip_summed == CHECKSUM_PARTIAL && check)
		finish_partial(&have);
	if (want.inner)
		finish_partial(&want);
	if (!same_bytes(hits_check(job) ? 0 : check))
		return wrong("its bytes");
	if (check && check + 2 <= want.len && spoilt && !hits_check(job) &&
	    !same_sum(&want, &have, check))
		return wrong("the checksum left stale");
	if (spoilt ? skb->ip_summed != CHECKSUM_NONE : state == PARTIAL &&
	    skb->ip_summed != CHECKSUM_PARTIAL)
		return wrong("the state of the checksum");
	if (skb->ip_summed == CHECKSUM_COMPLETE &&
	    csum_fold(skb->csum) != csum_fold(skb_checksum(skb, 0, skb->len, 0)) &&
	    (u16)~csum_fold(csum_sub(skb->csum, skb_checksum(skb, 0, skb->len, 0))) % 0xffff)
		return wrong("the sum of the device");
	return judge_check(spoilt);
}

static bool judge_refused(const struct sk_buff *skb, int nh, int state)
{
	want = was;
	have = was;
	if (skb_copy_bits(skb, nh, have.b, was.len))
		return wrong("a refused packet became shorter");
	if (state == PARTIAL && was.check)
		finish_partial(&have);
	if (was.inner)
		finish_partial(&want);
	return same_bytes(was.check) || wrong("a refused packet was changed");
}

/* each of those there can be several of */
static bool judge_told(const struct skbtrail_job *job, const struct skbtrail_told *told)
{
	const struct skbtrail_fact_head *head;
	unsigned int i, n = 0;
	u32 at;

	for (at = 0; at < told->len; at += ALIGN(sizeof(*head) + head->len, 8)) {
		head = (const void *)(told->buf + at);
		n += head->id == SKBTRAIL_FACT_PAYLOAD;
	}
	for (i = 0; i < job->n; i++)
		n -= job->edit[i].action == SKBTRAIL_RULE_ACTION_PAYLOAD;
	return !n || wrong("a change was not told");
}

static bool judge_clone(const struct sk_buff *clone, const u8 *before)
{
	static u8 now[FLAT_MAX + 64];

	if (skb_copy_bits(clone, 0, now, clone->len))
		return wrong("the clone cannot be read");
	return !memcmp(now, before, clone->len) || wrong("the clone was changed");
}

/* ---- one case ---- */

static void count_applied(int state)
{
	unsigned int i;

	for (i = 0; i < nr_edits; i++)
		applied[edits[i].action][state]++;
}

static bool edit_quickly(struct skbtrail_job *job, int state)
{
	struct skbtrail_quick q = skbtrail_quick_of(edits, nr_edits);

	if (!q.able ||
	    !skbtrail_quick_edit(&q, job->skb, job->nh, ntohs(job->skb->protocol), &job->touched))
		return false;
	refused[0]++;
	quick[was.family == 6][q.in_ip]++;
	count_applied(state);
	return true;
}

static bool edit_one(struct sk_buff *skb, int nh, int state, bool dry)
{
	struct skbtrail_job job = {
		.edit = edits, .n = choose_edits(), .random = prandom_u32_state(&rnd),
		.skb = skb, .nh = nh,
	};
	struct skbtrail_fact_rewrite fact = { .rule = 1 };
	static struct skbtrail_told told;
	unsigned int refusal, i;

	nr_edits = job.n;
	for (i = 0; i < job.n; i++)
		job.actions |= BIT(edits[i].action);
	if (!dry && one_in(2) && edit_quickly(&job, state))
		return judge_done(&job, skb, nh, state);
	told.len = 0;
	skbtrail_edit_put(&told, SKBTRAIL_FACT_REWRITE, &fact, sizeof(fact));
	refusal = skbtrail_edit_check(&job, ntohs(skb->protocol));
	if (!refusal && !dry)
		refusal = skbtrail_edit_prepare(&job);
	if (!refusal)
		skbtrail_edit_tell(&job, &told);
	refused[refusal]++;
	if (was.damaged && !refusal)
		damaged++;
	if (!refusal && !judge_told(&job, &told))
		return false;
	if (refusal || dry)
		return judge_refused(skb, nh, skb->ip_summed == CHECKSUM_PARTIAL ? state : NONE);
	skbtrail_edit_apply(&job);
	count_applied(state);
	return judge_done(&job, skb, nh, state);
}

static bool one_case(void)
{
	static u8 before[FLAT_MAX + 64];
	int state = pick(STATES), nh;
	struct sk_buff *skb, *clone = NULL;
	bool good;

	make_packet(&was);
	if (state == PARTIAL && !can_be_partial(&was))
		state = NONE;
	if (state == PARTIAL)
		make_inner(&was);
	want = was;
	nh = state != COMPLETE && one_in(2) ? ETH_HLEN : 0;
	skb = make_skb(&was, nh, state != PARTIAL && one_in(4) ? pick(12) : 0);
	if (!skb)
		return wrong("no memory");
	set_state(skb, &was, nh, state);
	if (state == PARTIAL && was.proto == IPPROTO_TCP && one_in(3)) {
		skb_shinfo(skb)->gso_size = 64;
		skb_shinfo(skb)->gso_segs = 3;
		skb_shinfo(skb)->gso_type = was.family == 4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	}
	if (one_in(2)) {
		clone = skb_clone(skb, GFP_KERNEL);
		skb_copy_bits(skb, 0, before, skb->len);
	}
	good = edit_one(skb, nh, state, one_in(10));
	if (good && clone)
		good = judge_clone(clone, before);
	kfree_skb(clone);
	kfree_skb(skb);
	return good;
}

static void __init show(unsigned int n)
{
	unsigned int i;

	pr_info("case %u of seed %lu: %s; IPv%u protocol %u, header %u and %u, %u bytes%s%s%s%s%s\n",
		n, seed, problem, was.family, was.proto, was.l4, was.l4_len, was.len,
		was.fragment ? ", fragment" : "", was.later ? ", later" : "",
		was.zero ? ", no checksum" : "", was.routed ? ", routed" : "",
		was.inner ? ", tunnel" : "");
	for (i = 0; i < nr_edits; i++)
		pr_info("  edit %u: action %u value %u offset %u len %u\n", i, edits[i].action,
			edits[i].value, edits[i].offset, edits[i].len);
}

/* each action on each state, and each refusal but those that need luck */
static void __init test_met(void)
{
	unsigned int i, j;

	for (i = 1; i < SKBTRAIL_RULE_ACTION_DROP; i++)
		for (j = 0; j < STATES; j++)
			if (!applied[i][j]) {
				pr_info("failed: action %u was never applied in state %u\n", i, j);
				failed_tests++;
			}
	for (i = 0; i <= SKBTRAIL_RULE_REFUSAL_LENGTH; i++)
		if (!refused[i]) {
			pr_info("failed: refusal %u was never met\n", i);
			failed_tests++;
		}
	for (i = 0; i < 4; i++)
		if (!quick[i / 2][i % 2]) {
			pr_info("failed: nothing was done the short way\n");
			failed_tests++;
		}
	if (!damaged) {
		pr_info("failed: nothing was done to a damaged packet\n");
		failed_tests++;
	}
}

static void __init selftest(void)
{
	unsigned int i, shown = 0;

	if (!seed)
		seed = get_random_u32();
	prandom_seed_state(&rnd, seed);
	for (i = 0; i < cases; i++) {
		total_tests++;
		if (!(i % 1024))
			cond_resched();
		if (one_case())
			continue;
		failed_tests++;
		if (shown++ < MANY)
			show(i);
	}
	pr_info("%u cases of seed %lu: %llu done, refused %llu for headers, %llu missing, %llu in fragments, %llu for GSO, %llu short\n",
		cases, seed, refused[0], refused[1], refused[2], refused[3], refused[4],
		refused[5]);
	test_met();
}

KSTM_MODULE_LOADERS(test_skbtrail_rewrite);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tests of skbtrail's packet editor");
