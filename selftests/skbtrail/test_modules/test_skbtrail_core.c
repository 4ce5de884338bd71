// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the packet path's parts, one file after the other along it: view,
 * filter, track, calls, encode, symbols, stream. They are included, not
 * linked, so that their statics can be reached; what they need of the files
 * left out (attach, session, stages, netlink) is stubbed here.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/random.h>

#include "kselftest_module.h"

#include "clock.c"
#include "track.c"
#include "refused.c"
#include "view.c"
#include "filter.c"
#include "calls.c"
#include "writes.c"
#include "ack.c"
#include "answers.c"
#include "ct.c"
#include "encode.c"
#include "encode_call.c"
#include "symbols.c"
#include "stream.c"

KSTM_MODULE_GLOBALS();

#define CHECK(x)	KSTM_CHECK_ZERO(!(x))

/* ---- stubs ---- */

struct genl_family skbtrail_family = { .name = "test", .version = 1 };
DEFINE_MUTEX(skbtrail_control); /* for the assertions only */
unsigned long skbtrail_active;
struct skbtrail_session __rcu *skbtrail_sessions[SKBTRAIL_MAX_SESSIONS];
u64 skbtrail_devices;

const struct skbtrail_stage skbtrail_stages[SKBTRAIL_ST_COUNT] = {
	[0] = { .name = "none", .doc = "none" },
};

enum { P_DATA, P_NET, P_SEND, P_CALLED, P_CREATE };

struct skbtrail_point skbtrail_points[] = {
	[P_DATA] = { .id = P_DATA + 1, .func = "data", .stage = SKBTRAIL_ST_IP_RCV,
		     .l3 = SKBTRAIL_L3_DATA },
	[P_NET] = { .id = P_NET + 1, .func = "net", .stage = SKBTRAIL_ST_IP_RCV,
		    .l3 = SKBTRAIL_L3_NETHDR, .flags = SKBTRAIL_PF_DIRTY },
	[P_SEND] = { .id = P_SEND + 1, .func = "send", .stage = SKBTRAIL_ST_SOCK_SEND },
	[P_CALLED] = { .id = P_CALLED + 1, .func = "called", .stage = SKBTRAIL_ST_UDP_SENDMSG },
	[P_CREATE] = { .id = P_CREATE + 1, .func = "create", .stage = SKBTRAIL_ST_SOCK_CREATE },
};

const unsigned int skbtrail_point_count = ARRAY_SIZE(skbtrail_points);

u64 skbtrail_attach_missed(void)
{
	return 0;
}

static u32 life_missed;
bool skbtrail_attach_skips = true;

static u32 dirty_missed;

u32 skbtrail_attach_dirty_skipped(void)
{
	return dirty_missed;
}

u32 skbtrail_attach_life_skipped(void)
{
	return life_missed;
}

u32 skbtrail_switch_look(void)
{
	return 0;
}

u64 skbtrail_sight_blind(void)
{
	return 0;
}

/* ---- packets ---- */

#define ROOM	128
/*
 * Addresses are 10.0.0.1 and 10.0.0.2, fd00::1 and fd00::2. The TCP header has
 * sport 4711, dport 80, seq 0x01020304, ack 5, 20 bytes, PSH|ACK, window 512.
 */
static const u8 tcp4[] = {
	0x45, 0x10, 0, 43, 0x12, 0x34, 0x40, 0, 64, IPPROTO_TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x12, 0x67, 0x00, 0x50, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 5, 0x50, 0x18, 2, 0, 0, 0, 0, 0,
	'a', 'b', 'c',
};

/* 12 bytes of options */
static const u8 options4[] = {
	0x48, 0, 0, 55, 0, 1, 0, 0, 7, IPPROTO_TCP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0,
	0x12, 0x67, 0x00, 0x50, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 5, 0x50, 0x18, 2, 0, 0, 0, 0, 0,
	'a', 'b', 'c',
};

static const u8 udp4[] = {
	0x45, 0, 0, 30, 0, 2, 0, 0, 64, IPPROTO_UDP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x1b, 0x59, 0x00, 0x35, 0, 10, 0, 0, 'h', 'i',
};

static const u8 first4[] = {
	0x45, 0, 0, 28, 0, 2, 0x20, 0, 64, IPPROTO_UDP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x1b, 0x59, 0x00, 0x35, 0, 100, 0, 0,
};

static const u8 later4[] = {
	0x45, 0, 0, 28, 0, 2, 0x00, 1, 64, IPPROTO_UDP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x1b, 0x59, 0x00, 0x35, 0, 100, 0, 0,
};

static const u8 echo4[] = {
	0x45, 0, 0, 28, 0, 3, 0, 0, 64, IPPROTO_ICMP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	8, 0, 0, 0, 0x01, 0x02, 0, 9,
};

static const u8 tcp6[] = {
	0x60, 0x10, 0, 0, 0, 23, IPPROTO_TCP, 63,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	0x12, 0x67, 0x00, 0x50, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 5, 0x50, 0x18, 2, 0, 0, 0, 0, 0,
	'a', 'b', 'c',
};

/* hop-by-hop, routing, destination options, then TCP */
static const u8 chain6[] = {
	0x60, 0, 0, 0, 0, 47, NEXTHDR_HOP, 63,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	NEXTHDR_ROUTING, 0, 1, 4, 0, 0, 0, 0,
	NEXTHDR_DEST, 0, 4, 0, 0, 0, 0, 0,
	IPPROTO_TCP, 0, 1, 4, 0, 0, 0, 0,
	0x12, 0x67, 0x00, 0x50, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 5, 0x50, 0x18, 2, 0, 0, 0, 0, 0,
	'a', 'b', 'c',
};

static const u8 frag6[] = {
	0x60, 0, 0, 0, 0, 24, NEXTHDR_FRAGMENT, 63,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	IPPROTO_UDP, 0, 0x05, 0xa9, 0, 0, 0, 1,
	0x1b, 0x59, 0x00, 0x35, 0, 100, 0, 0, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x',
};

static const u8 arp4[] = {
	0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
};

/* a packet with room around it that is filled with @poison */
static struct sk_buff *linear(const u8 *data, unsigned int len, u16 proto, u8 poison)
{
	struct sk_buff *skb = alloc_skb(ROOM + len + ROOM, GFP_KERNEL);

	if (!skb)
		return NULL;
	memset(skb->head, poison, skb_end_offset(skb));
	skb_reserve(skb, ROOM);
	memcpy(skb_put(skb, len), data, len);
	skb_reset_network_header(skb);
	skb->protocol = htons(proto);
	return skb;
}

/* the same with only @head bytes in the linear part */
static struct sk_buff *paged(const u8 *data, unsigned int len, u16 proto, unsigned int head)
{
	struct sk_buff *skb = linear(data, head, proto, 0xff);
	struct page *page;

	if (!skb || len == head)
		return skb;
	page = alloc_page(GFP_KERNEL);
	if (!page) {
		kfree_skb(skb);
		return NULL;
	}
	memset(page_address(page), 0xff, PAGE_SIZE);
	memcpy(page_address(page) + 64, data + head, len - head);
	skb_add_rx_frag(skb, 0, page, 64, len - head, PAGE_SIZE);
	return skb;
}

static bool look(struct sk_buff *skb, struct skbtrail_view *v)
{
	bool located;

	memset(v, 0, sizeof(*v));
	if (!skb)
		return false;
	located = skbtrail_view_locate(&skbtrail_points[P_DATA], skb, v);
	if (located)
		skbtrail_view_parse(skb, v);
	return located;
}

static bool look_at(const u8 *data, unsigned int len, u16 proto, struct skbtrail_view *v)
{
	struct sk_buff *skb = linear(data, len, proto, 0xff);
	bool located = look(skb, v);

	kfree_skb(skb);
	return located;
}

/* ---- view ---- */

static bool is_tcp(const struct skbtrail_view *v)
{
	return v->have & SKBTRAIL_VIEW_TCP && v->flow.proto == IPPROTO_TCP &&
	       v->flow.sport == 4711 && v->flow.dport == 80 && v->tcp.seq == 0x01020304 &&
	       v->tcp.ack == 5 && v->tcp.flags == 0x18 && v->tcp.window == 512 &&
	       v->tcp.doff == 20 && v->tcp.payload == 3;
}

static bool is_from_1_to_2(const struct skbtrail_view *v, unsigned int alen)
{
	return v->flow.alen == alen && v->flow.saddr[alen - 1] == 1 &&
	       v->flow.daddr[alen - 1] == 2 && v->flow.saddr[0] == v->flow.daddr[0] &&
	       v->flow.saddr[0] == (alen == 4 ? 10 : 0xfd);
}

static void __init test_view_ipv4(void)
{
	struct skbtrail_view v;

	CHECK(look_at(tcp4, sizeof(tcp4), ETH_P_IP, &v));
	CHECK(v.len == sizeof(tcp4) && v.offset == 0);
	CHECK(v.flow.l3proto == ETH_P_IP && is_from_1_to_2(&v, 4));
	CHECK(is_tcp(&v));
	CHECK(v.flow.ttl == 64 && v.flow.tos == 0x10);
	CHECK(v.have & SKBTRAIL_VIEW_IPID && v.ip_id == 0x1234);
	CHECK(!(v.have & SKBTRAIL_VIEW_FRAG));

	CHECK(look_at(options4, sizeof(options4), ETH_P_IP, &v));
	CHECK(is_tcp(&v) && v.flow.ttl == 7);

	CHECK(look_at(udp4, sizeof(udp4), ETH_P_IP, &v));
	CHECK(v.flow.sport == 7001 && v.flow.dport == 53 && v.flow.proto == IPPROTO_UDP);
	CHECK(!(v.have & (SKBTRAIL_VIEW_TCP | SKBTRAIL_VIEW_ICMP)));

	CHECK(look_at(echo4, sizeof(echo4), ETH_P_IP, &v));
	CHECK(v.have & SKBTRAIL_VIEW_ICMP && v.icmp.type == 8 && v.icmp.code == 0);
	CHECK(v.icmp.id == 0x0102 && v.icmp.seq == 9 && !v.flow.sport && !v.flow.dport);
}

static void __init test_view_fragments(void)
{
	struct skbtrail_view v;

	CHECK(look_at(first4, sizeof(first4), ETH_P_IP, &v));
	CHECK(v.have & SKBTRAIL_VIEW_FRAG && v.frag == 1);
	CHECK(v.flow.sport == 7001 && v.flow.dport == 53);

	/* what stands at the place of the ports is data */
	CHECK(look_at(later4, sizeof(later4), ETH_P_IP, &v));
	CHECK(v.have & SKBTRAIL_VIEW_FRAG && v.frag == 8);
	CHECK(!v.flow.sport && !v.flow.dport && v.flow.proto == IPPROTO_UDP);

	CHECK(look_at(frag6, sizeof(frag6), ETH_P_IPV6, &v));
	CHECK(v.have & SKBTRAIL_VIEW_FRAG && v.frag == (0x05a8 | 1));
	CHECK(!v.flow.sport && !v.flow.dport && v.flow.proto == IPPROTO_UDP);
}

static void __init test_view_ipv6(void)
{
	struct skbtrail_view v;

	CHECK(look_at(tcp6, sizeof(tcp6), ETH_P_IPV6, &v));
	CHECK(is_from_1_to_2(&v, 16) && is_tcp(&v));
	CHECK(v.flow.ttl == 63 && v.flow.tos == 1);
	CHECK(!(v.have & SKBTRAIL_VIEW_IPID));

	CHECK(look_at(chain6, sizeof(chain6), ETH_P_IPV6, &v));
	CHECK(is_from_1_to_2(&v, 16) && is_tcp(&v));
}

/* chains that never end, lie about their length, or lead nowhere */
static void __init test_view_hostile(void)
{
	static u8 p[40 + 16 * 8];
	struct skbtrail_view v;
	unsigned int i;

	memcpy(p, tcp6, 40);
	p[6] = NEXTHDR_HOP;
	for (i = 40; i < sizeof(p); i += 8)
		p[i] = NEXTHDR_DEST;
	CHECK(look_at(p, sizeof(p), ETH_P_IPV6, &v));
	CHECK(is_from_1_to_2(&v, 16) && !v.flow.sport && !(v.have & SKBTRAIL_VIEW_TCP));

	for (i = 40; i < sizeof(p); i++)
		p[i] = 0xff;
	p[40] = IPPROTO_TCP;
	CHECK(look_at(p, sizeof(p), ETH_P_IPV6, &v));
	CHECK(!v.flow.sport && !v.flow.dport && !(v.have & SKBTRAIL_VIEW_TCP));

	p[6] = NEXTHDR_NONE;
	CHECK(look_at(p, sizeof(p), ETH_P_IPV6, &v));
	CHECK(v.flow.proto == NEXTHDR_NONE && !v.flow.sport);

	/* a header length of less than a header, and another version */
	memcpy(p, tcp4, sizeof(tcp4));
	p[0] = 0x44;
	CHECK(look_at(p, sizeof(tcp4), ETH_P_IP, &v));
	CHECK(!v.flow.alen && !v.have);
	p[0] = 0x65;
	CHECK(look_at(p, sizeof(tcp4), ETH_P_IP, &v));
	CHECK(!v.flow.alen && !v.have);
}

static void __init test_view_arp(void)
{
	u8 p[sizeof(arp4)];
	struct skbtrail_view v;

	CHECK(look_at(arp4, sizeof(arp4), ETH_P_ARP, &v));
	CHECK(v.have == SKBTRAIL_VIEW_ARP && v.arp.op == 1 && !v.flow.alen);
	CHECK(v.arp.sip == htonl(0x0a000001) && v.arp.tip == htonl(0x0a000002));

	memcpy(p, arp4, sizeof(p));
	p[4] = 8;
	CHECK(look_at(p, sizeof(p), ETH_P_ARP, &v));
	CHECK(!v.have);
}

/* which parts a packet of @n bytes can have, transport header at @l4 */
static bool right_parts(const struct skbtrail_view *v, unsigned int n, unsigned int l3,
			unsigned int l4)
{
	return !!v->flow.alen == (n >= l3) &&
	       !!v->flow.sport == (n >= l4 + 4) && !!v->flow.dport == (n >= l4 + 4) &&
	       !!(v->have & SKBTRAIL_VIEW_TCP) == (n >= l4 + 20);
}

static void __init test_view_truncated(void)
{
	struct skbtrail_view v;
	unsigned int n;

	for (n = 0; n <= sizeof(tcp4); n++) {
		CHECK(look_at(tcp4, n, ETH_P_IP, &v));
		CHECK(v.len == n && right_parts(&v, n, 20, 20));
	}
	for (n = 0; n <= sizeof(options4); n++) {
		CHECK(look_at(options4, n, ETH_P_IP, &v));
		CHECK(right_parts(&v, n, 20, 32));
	}
	for (n = 0; n <= sizeof(chain6); n++) {
		CHECK(look_at(chain6, n, ETH_P_IPV6, &v));
		CHECK(right_parts(&v, n, 40, 64));
	}
	for (n = 0; n <= sizeof(echo4); n++) {
		CHECK(look_at(echo4, n, ETH_P_IP, &v));
		CHECK(!!(v.have & SKBTRAIL_VIEW_ICMP) == (n >= 28));
	}
	for (n = 0; n <= sizeof(arp4); n++) {
		CHECK(look_at(arp4, n, ETH_P_ARP, &v));
		CHECK(!!v.have == (n == sizeof(arp4)));
	}
}

/* however a packet is cut into pieces, it reads the same */
static void __init test_view_nonlinear(void)
{
	struct skbtrail_view whole, v;
	struct sk_buff *skb;
	unsigned int head;
	u8 bytes[8];

	look_at(options4, sizeof(options4), ETH_P_IP, &whole);
	for (head = 0; head <= sizeof(options4); head++) {
		skb = paged(options4, sizeof(options4), ETH_P_IP, head);
		CHECK(look(skb, &v) && !memcmp(&v, &whole, sizeof(v)));
		CHECK(skb && skbtrail_view_copy(skb, &v, 30, bytes, sizeof(bytes)) &&
		      !memcmp(bytes, options4 + 30, sizeof(bytes)));
		CHECK(!skb || !skbtrail_view_copy(skb, &v, sizeof(options4) - 7, bytes, 8));
		kfree_skb(skb);
	}
	look_at(chain6, sizeof(chain6), ETH_P_IPV6, &whole);
	for (head = 0; head <= sizeof(chain6); head++) {
		skb = paged(chain6, sizeof(chain6), ETH_P_IPV6, head);
		CHECK(look(skb, &v) && !memcmp(&v, &whole, sizeof(v)));
		kfree_skb(skb);
	}
}

/* every byte that is told of is compared: with any of them changed it is not the same */
static void __init view_same(const u8 *data, unsigned int len, u16 proto, unsigned int headers,
			     bool quick)
{
	const struct skbtrail_point *p = &skbtrail_points[P_NET];
	struct sk_buff *skb = linear(data, len, proto, 0xff);
	struct skbtrail_view v, changed;
	enum skbtrail_same same;
	unsigned int i;

	if (!skb) {
		CHECK(skb);
		return;
	}
	CHECK(skbtrail_view_locate(p, skb, &v));
	skbtrail_view_parse(skb, &v);
	same = skbtrail_view_same(p, skb, &v.flow);
	CHECK(same == (quick ? SKBTRAIL_SAME_YES : SKBTRAIL_SAME_PERHAPS));
	for (i = 0; i < headers; i++) {
		skb->data[i] ^= 0x11;
		skbtrail_view_locate(p, skb, &changed);
		skbtrail_view_parse(skb, &changed);
		same = skbtrail_view_same(p, skb, &v.flow);
		if (memcmp(&changed.flow, &v.flow, sizeof(v.flow)))
			CHECK(same == SKBTRAIL_SAME_PERHAPS);
		skb->data[i] ^= 0x11;
	}
	skb->network_header = 0;
	CHECK(skbtrail_view_same(p, skb, &v.flow) == SKBTRAIL_SAME_UNSEEN);
	kfree_skb(skb);
}

static void __init test_view_same(void)
{
	view_same(tcp4, sizeof(tcp4), ETH_P_IP, 24, true);
	view_same(udp4, sizeof(udp4), ETH_P_IP, 24, true);
	view_same(tcp6, sizeof(tcp6), ETH_P_IPV6, 44, true);
	view_same(options4, sizeof(options4), ETH_P_IP, 24, false);
	view_same(chain6, sizeof(chain6), ETH_P_IPV6, 44, false);
	view_same(arp4, sizeof(arp4), ETH_P_ARP, 0, false);
}

static void __init test_view_locate(void)
{
	const struct skbtrail_point *p = &skbtrail_points[P_NET];
	struct sk_buff *skb = linear(tcp4, sizeof(tcp4), ETH_P_IP, 0xff);
	struct skbtrail_view v = { .offset = 0 };

	if (!skb) {
		CHECK(skb);
		return;
	}
	CHECK(skbtrail_view_locate(p, skb, &v) && v.offset == 0 && v.len == sizeof(tcp4));
	/* the transport took its header off: the network header is behind */
	skb_pull(skb, 20);
	CHECK(skbtrail_view_locate(p, skb, &v) && v.offset == -20 && v.len == sizeof(tcp4));
	skbtrail_view_parse(skb, &v);
	CHECK(is_tcp(&v));
	skb_push(skb, 20);
	/* headers that are not there */
	skb->network_header = 0;
	CHECK(!skbtrail_view_locate(p, skb, &v));
	skb->network_header = (typeof(skb->network_header))~0U;
	CHECK(!skbtrail_view_locate(p, skb, &v));
	skb_set_network_header(skb, sizeof(tcp4) + 1);
	CHECK(!skbtrail_view_locate(p, skb, &v));
	skb_set_network_header(skb, sizeof(tcp4));
	CHECK(skbtrail_view_locate(p, skb, &v) && v.len == 0);
	skbtrail_view_parse(skb, &v);
	CHECK(!v.have && !v.flow.alen);
	kfree_skb(skb);
}

struct sample {
	const u8	*data;
	unsigned int	len;
	u16		proto;
};

static const struct sample samples[] = {
	{ tcp4, sizeof(tcp4), ETH_P_IP }, { options4, sizeof(options4), ETH_P_IP },
	{ udp4, sizeof(udp4), ETH_P_IP }, { echo4, sizeof(echo4), ETH_P_IP },
	{ later4, sizeof(later4), ETH_P_IP }, { tcp6, sizeof(tcp6), ETH_P_IPV6 },
	{ chain6, sizeof(chain6), ETH_P_IPV6 }, { frag6, sizeof(frag6), ETH_P_IPV6 },
	{ arp4, sizeof(arp4), ETH_P_ARP },
};

/*
 * What stands around a packet must not matter. Samples with some bytes
 * replaced and cut anywhere, twice, with other bytes around them.
 */
static void __init test_view_random(void)
{
	u8 p[160], noise[16];
	struct skbtrail_view v, w;
	struct sk_buff *a, *b;
	unsigned int i, k, len;
	const struct sample *s;
	bool same = true;

	for (i = 0; i < 20000 && same; i++) {
		get_random_bytes(noise, sizeof(noise));
		s = &samples[noise[0] % ARRAY_SIZE(samples)];
		get_random_bytes(p, sizeof(p));
		if (noise[1] & 7)
			memcpy(p, s->data, s->len);
		for (k = 2; k < 2 + (noise[1] >> 3) % 5; k++)
			p[noise[k] % s->len] = noise[k + 6];
		len = noise[15] % sizeof(p);
		a = linear(p, len, s->proto, 0x00);
		b = linear(p, len, s->proto, 0xff);
		if (a && b)
			same = look(a, &v) && look(b, &w) && !memcmp(&v, &w, sizeof(v));
		kfree_skb(a);
		kfree_skb(b);
		if (!(i % 1000))
			cond_resched();
	}
	CHECK(same);
}

/* ---- filter ---- */

/* ip proto udp, over a packet that begins with its IP header */
static struct sock_filter udp_only[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, 1),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* byte 40 is there */
static struct sock_filter byte_40[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),
	BPF_STMT(BPF_RET | BPF_K, 1),
};

static struct sock_filter at_negative[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

static struct sock_filter no_return[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
};

/* udp port: behind the header */
static struct sock_filter port[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

/* behind a TCP header: its length says where */
static struct sock_filter payload[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 32),
	BPF_STMT(BPF_MISC | BPF_TAX, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

static struct sock_filter far_away[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0x7fffffff),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

/* of the last program */
static struct skbtrail_reach reach;

static struct bpf_prog *__init compiled(const struct sock_filter *insn, unsigned int bytes)
{
	struct nlattr *attr = kzalloc(NLA_HDRLEN + bytes, GFP_KERNEL);
	struct bpf_prog *prog;

	if (!attr)
		return ERR_PTR(-ENOMEM);
	attr->nla_len = NLA_HDRLEN + bytes;
	memcpy(nla_data(attr), insn, bytes);
	prog = skbtrail_filter_compile(attr, &reach, NULL);
	kfree(attr);
	return prog;
}

static bool run_filter(struct bpf_prog *prog, struct sk_buff *skb)
{
	unsigned long flags;
	bool ret;

	local_irq_save(flags);
	ret = bpf_prog_run(prog, cast_shadow(skb, 0));
	local_irq_restore(flags);
	return ret;
}

static bool __init filter_takes(struct bpf_prog *prog, const u8 *data, unsigned int len,
				unsigned int head)
{
	struct sk_buff *skb = paged(data, len, ETH_P_IP, head);
	bool ret = skb && run_filter(prog, skb);

	kfree_skb(skb);
	return ret;
}

static void __init test_filter(void)
{
	struct bpf_prog *prog = compiled(udp_only, sizeof(udp_only));
	unsigned int head;

	CHECK(!IS_ERR_OR_NULL(prog));
	if (!IS_ERR_OR_NULL(prog)) {
		for (head = 0; head <= sizeof(udp4); head++)
			CHECK(filter_takes(prog, udp4, sizeof(udp4), head));
		CHECK(!filter_takes(prog, tcp4, sizeof(tcp4), 20));
		CHECK(!filter_takes(prog, udp4, 9, 9));
		CHECK(!filter_takes(prog, udp4, 0, 0));
		bpf_prog_destroy(prog);
	}
	prog = compiled(byte_40, sizeof(byte_40));
	CHECK(!IS_ERR_OR_NULL(prog));
	if (!IS_ERR_OR_NULL(prog)) {
		CHECK(filter_takes(prog, tcp4, 41, 20));
		CHECK(!filter_takes(prog, tcp4, 40, 20));
		CHECK(!filter_takes(prog, tcp4, 40, 40));
		bpf_prog_destroy(prog);
	}
	CHECK(PTR_ERR(compiled(at_negative, sizeof(at_negative))) == -EINVAL);
	CHECK(PTR_ERR(compiled(no_return, sizeof(no_return))) == -EINVAL);
	CHECK(PTR_ERR(compiled(udp_only, sizeof(udp_only) - 1)) == -EINVAL);
	CHECK(PTR_ERR(compiled(udp_only, 0)) == -EINVAL);
	CHECK(!skbtrail_filter_compile(NULL, &reach, NULL));
}

static bool __init reaches(const struct sock_filter *insn, unsigned int bytes, u16 fixed,
			   u16 behind)
{
	struct bpf_prog *prog = compiled(insn, bytes);

	if (IS_ERR_OR_NULL(prog))
		return false;
	bpf_prog_destroy(prog);
	return reach.fixed == fixed && reach.behind == behind;
}

/* an answer is kept only as long as all that was looked at is the same */
static void __init test_filter_reach(void)
{
	static struct skbtrail_session se;
	struct bpf_prog *prog;

	CHECK(reaches(udp_only, sizeof(udp_only), 10, 0));
	CHECK(reaches(byte_40, sizeof(byte_40), 41, 0));
	CHECK(reaches(port, sizeof(port), 10, 4));
	CHECK(reaches(payload, sizeof(payload), 33, SKBTRAIL_REACH_FAR));
	CHECK(reaches(far_away, sizeof(far_away), SKBTRAIL_REACH_FAR, 0));
	prog = compiled(port, sizeof(port));
	if (IS_ERR_OR_NULL(prog))
		return;
	CHECK(!near(&se, 0x45, 48));
	se.config.l3 = prog;
	se.config.l3_reach = reach;
	CHECK(near(&se, 0x45, 24) && !near(&se, 0x45, 23));
	CHECK(near(&se, 0x4b, 48) && !near(&se, 0x4c, 48));
	bpf_prog_destroy(prog);
}

/* ---- track ---- */

#define FAKES	512

/* only their addresses and heads are looked at */
static struct sk_buff *fakes;

static struct skbtrail_life *begin(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;

	skbtrail_track_lock(set);
	life = skbtrail_track_begin(set, skb);
	skbtrail_track_unlock(set);
	return life;
}

static struct skbtrail_life *find(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;

	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	skbtrail_track_unlock(set);
	return life;
}

static void end(const struct sk_buff *skb)
{
	struct skbtrail_set *set = skbtrail_track_set(skb);
	struct skbtrail_life *life;

	skbtrail_track_lock(set);
	life = skbtrail_track_find(set, skb);
	if (life)
		skbtrail_track_end(set, life);
	skbtrail_track_unlock(set);
}

static void __init test_track_life(void)
{
	struct sk_buff *skb = &fakes[0];
	struct skbtrail_life *life;
	u64 trail;

	local_irq_disable();
	CHECK(!find(skb) && !skbtrail_track_trail(skb));
	life = begin(skb);
	CHECK(life && find(skb) == life);
	if (life) {
		trail = life->trail;
		CHECK(trail && !life->sessions && !life->flags && !life->merged);
		/* while nobody follows it, it has no trail to tell of */
		CHECK(!skbtrail_track_trail(skb));
		life->sessions = 1;
		CHECK(skbtrail_track_trail(skb) == trail);
		/* the same address with another buffer is not the same packet */
		skb->head++;
		CHECK(!skbtrail_track_trail(skb));
		skb->head--;
		CHECK(skbtrail_track_trail(skb) == trail);
		life->flags = 0xff;
		life->sessions = ~0U;
		end(skb);
		CHECK(!find(skb) && !skbtrail_track_trail(skb));
		life = begin(skb);
		CHECK(life && life->trail > trail && !life->flags && !life->sessions);
		end(skb);
	}
	local_irq_enable();
}

/* a set refuses what it has no place for, and takes it when there is one */
static void __init test_track_full(void)
{
	struct skbtrail_life *lives[SKBTRAIL_WAYS] = { NULL };
	struct sk_buff *skbs[SKBTRAIL_WAYS] = { NULL };
	struct sk_buff *more = NULL;
	unsigned int i, n = 0;

	local_irq_disable();
	for (i = 0; i < FAKES && !more; i++) {
		if (skbtrail_track_set(&fakes[i]) != skbtrail_track_set(&fakes[0]))
			continue;
		if (n == SKBTRAIL_WAYS) {
			more = &fakes[i];
			break;
		}
		skbs[n] = &fakes[i];
		lives[n++] = begin(&fakes[i]);
	}
	CHECK(n == SKBTRAIL_WAYS && lives[0] && lives[SKBTRAIL_WAYS - 1] && more);
	if (more) {
		CHECK(!begin(more) && !find(more));
		for (i = 0; i < SKBTRAIL_WAYS; i++)
			CHECK(find(skbs[i]) == lives[i]);
		end(skbs[1]);
		CHECK(begin(more) == lives[1] && find(more) == lives[1]);
		end(more);
	}
	for (i = 0; i < n; i++)
		end(skbs[i]);
	local_irq_enable();
}

/* what was refused stays so until it ends, for those who were */
static void __init test_track_refused(void)
{
	struct sk_buff *skb = &fakes[0];

	local_irq_disable();
	CHECK(!skbtrail_refused_any() && !skbtrail_refused(skb));
	CHECK(skbtrail_refused_note(skb, BIT(1)) && skbtrail_refused_note(skb, BIT(3)));
	CHECK(atomic_read(&skbtrail_refusals) == 1);
	CHECK(skbtrail_refused(skb) == (BIT(1) | BIT(3)));
	CHECK(!skbtrail_refused(&fakes[1]));
	/* another buffer: another packet, unless it was seen to get one */
	skbtrail_refused_expand(skb);
	skb->head++;
	CHECK(skbtrail_refused(skb) == (BIT(1) | BIT(3)));
	skb->head--;
	CHECK(!skbtrail_refused(skb) && !skbtrail_refused_any());
	CHECK(skbtrail_refused_note(skb, BIT(1)));
	skbtrail_refused_end(&fakes[1]);
	CHECK(skbtrail_refused(skb));
	skbtrail_refused_end(skb);
	CHECK(!skbtrail_refused(skb) && !skbtrail_refused_any());
	/* its end may have been missed */
	CHECK(skbtrail_refused_note(skb, BIT(1)));
	life_missed++;
	CHECK(!skbtrail_refused(skb) && !skbtrail_refused_any());
	CHECK(skbtrail_refused_note(skb, BIT(1) | BIT(2)));
	local_irq_enable();
	skbtrail_refused_forget(1);
	CHECK(skbtrail_refused(skb) == BIT(2));
	skbtrail_refused_forget(2);
	CHECK(!skbtrail_refused_any());
}

/* there is an end to what is remembered, and all of it can be taken back */
static void __init test_track_refused_full(void)
{
	/* any address will do, if a head can be read there */
	unsigned int i, many = FAKES * sizeof(*fakes) - sizeof(*fakes), noted = 0;

	local_irq_disable();
	for (i = 0; i < many; i++)
		noted += skbtrail_refused_note((void *)fakes + i, 1);
	CHECK(noted == atomic_read(&skbtrail_refusals));
	CHECK(noted <= WAYS << SET_BITS && noted < many && noted > many / 4);
	for (i = 0; i < many; i++)
		skbtrail_refused_end((void *)fakes + i);
	CHECK(!skbtrail_refused_any());
	local_irq_enable();
}

static void __init test_track_sessions(void)
{
	struct skbtrail_life *one, *both;

	local_irq_disable();
	one = begin(&fakes[1]);
	both = begin(&fakes[2]);
	if (one && both) {
		one->sessions = BIT(31);
		both->sessions = BIT(31) | BIT(0);
	}
	local_irq_enable();
	CHECK(one && both);
	if (!one || !both)
		return;
	skbtrail_track_forget(5);
	local_irq_disable();
	CHECK(find(&fakes[1]) == one && find(&fakes[2]) == both);
	local_irq_enable();
	skbtrail_track_forget(31);
	local_irq_disable();
	CHECK(!find(&fakes[1]));
	CHECK(find(&fakes[2]) == both && both->sessions == BIT(0));
	local_irq_enable();
	skbtrail_track_forget(0);
	local_irq_disable();
	CHECK(!find(&fakes[2]));
	local_irq_enable();
}

static void __init test_track_doubt(void)
{
	struct skbtrail_life *old, *young;

	local_irq_disable();
	old = begin(&fakes[3]);
	CHECK(old && !skbtrail_track_doubtful(old));
	life_missed++;
	young = begin(&fakes[4]);
	CHECK(old && skbtrail_track_doubtful(old));
	CHECK(young && !skbtrail_track_doubtful(young));
	end(&fakes[3]);
	end(&fakes[4]);
	local_irq_enable();
}

static void __init test_track_unique(void)
{
	struct skbtrail_life *life;
	bool rising = true;
	unsigned int i;
	u64 last = 0;

	local_irq_disable();
	for (i = 0; i < 20000; i++) {
		life = begin(&fakes[i % FAKES]);
		rising &= life && life->trail > last;
		if (!life)
			continue;
		last = life->trail;
		end(&fakes[i % FAKES]);
	}
	local_irq_enable();
	CHECK(rising);
	CHECK(skbtrail_track_find(&skbtrail_sets[0], NULL));
}

static bool unwanted(const struct sk_buff *skb, u32 sessions)
{
	return skbtrail_track_is_unwanted(skbtrail_track_set(skb), skb, sessions);
}

static void refuse(const struct sk_buff *skb, u32 sessions)
{
	skbtrail_track_unwanted(skbtrail_track_set(skb), skb, sessions, false);
}

/* the answer of a filter that looked at no more than what is compared */
static void __init test_track_printed(void)
{
	struct skbtrail_set *set = skbtrail_track_set(&fakes[0]);
	u8 *buf = kzalloc(256, GFP_KERNEL), *head = fakes[0].head;
	struct sk_buff *skb = &fakes[0];

	if (!buf)
		return;
	skb->head = buf;
	skb->data = buf;
	skb->network_header = 16;
	skb->len = 100;
	local_irq_disable();
	skbtrail_track_unwanted(set, skb, 1, true);
	CHECK(unwanted(skb, 1));
	skbtrail_track_dirty(set);
	CHECK(unwanted(skb, 1));
	buf[15]++;
	buf[16 + SKBTRAIL_PRINT]++;
	CHECK(unwanted(skb, 1));
	buf[16]++;
	CHECK(!unwanted(skb, 1));
	buf[16]--;
	buf[16 + SKBTRAIL_PRINT - 1]++;
	CHECK(!unwanted(skb, 1));
	buf[16 + SKBTRAIL_PRINT - 1]--;
	CHECK(unwanted(skb, 1));
	skbtrail_track_changed(set);
	CHECK(!unwanted(skb, 1));
	refuse(skb, 1);
	CHECK(unwanted(skb, 1));
	skbtrail_track_dirty(set);
	CHECK(!unwanted(skb, 1));
	local_irq_enable();
	skb->head = head;
	skb->network_header = 0;
	kfree(buf);
}

/* what was said of a packet holds for it alone, and while its headers stay */
static void __init test_track_unwanted(void)
{
	struct sk_buff *skb = &fakes[0];

	skb->data = skb->head;
	skb->len = 100;
	local_irq_disable();
	CHECK(!unwanted(skb, 1));
	refuse(skb, 5);
	CHECK(unwanted(skb, 1) && unwanted(skb, 5) && !unwanted(skb, 2) && !unwanted(skb, 7));
	CHECK(!unwanted(&fakes[1], 1));
	skb->network_header = 20;
	CHECK(!unwanted(skb, 1));
	skb->network_header = 0;
	CHECK(unwanted(skb, 1));
	/* a header pulled off is no other shape, padding trimmed off is */
	skb->data += 4;
	skb->len -= 4;
	CHECK(unwanted(skb, 1));
	skb->len -= 4;
	CHECK(!unwanted(skb, 1));
	skb->len += 8;
	skb->data -= 4;
	CHECK(unwanted(skb, 1));
	skb->head++;
	CHECK(!unwanted(skb, 1));
	skb->head--;
	skbtrail_track_changed(skbtrail_track_set(skb));
	CHECK(!unwanted(skb, 1));
	refuse(skb, 1);
	begin(skb);
	CHECK(!unwanted(skb, 1));
	refuse(skb, 1);
	end(skb);
	CHECK(!unwanted(skb, 1));
	refuse(skb, 1);
	life_missed++;
	CHECK(!unwanted(skb, 1));
	life_missed--;
	dirty_missed++;
	CHECK(!unwanted(skb, 1));
	dirty_missed--;
	CHECK(unwanted(skb, 1));
	local_irq_enable();
	skbtrail_track_forget(0);
	local_irq_disable();
	CHECK(!unwanted(skb, 1));
	local_irq_enable();
}

static void __init test_track(void)
{
	unsigned int i;
	int gen;

	fakes = kvcalloc(FAKES, sizeof(*fakes), GFP_KERNEL);
	if (!fakes || skbtrail_track_alloc(1)) {
		CHECK(false);
		kvfree(fakes);
		return;
	}
	for (i = 0; i < FAKES; i++)
		fakes[i].head = (u8 *)&fakes[i] + 1;
	CHECK(nsets == 2 && skbtrail_set_shift == 63);
	test_track_life();
	test_track_full();
	test_track_refused();
	test_track_refused_full();
	test_track_sessions();
	test_track_doubt();
	test_track_unique();
	test_track_unwanted();
	test_track_printed();
	local_irq_disable();
	refuse(&fakes[0], 1);
	CHECK(unwanted(&fakes[0], 1));
	gen = atomic_read(&skbtrail_track_set(&fakes[0])->gen);
	local_irq_enable();
	skbtrail_track_free();
	/* in a new table every generation comes again */
	CHECK(!skbtrail_track_alloc(1));
	local_irq_disable();
	atomic_set(&skbtrail_track_set(&fakes[0])->gen, gen);
	CHECK(!unwanted(&fakes[0], 1));
	local_irq_enable();
	skbtrail_track_free();
	kvfree(fakes);
}

/* ---- clock ---- */

static u64 off_by(void)
{
	u64 ours, before = ktime_get_ns();

	ours = skbtrail_clock_now();
	return ours < before ? before - ours : ours - min(ours, ktime_get_ns());
}

/* never goes back, also where it begins to count by itself; stays near the kernel's */
static void __init test_clock(void)
{
	u64 last = 0, t, until, worst = 0;
	int i;

	/* uneven intervals: the line must not begin to swing */
	for (i = 0; i < 20; i++) {
		skbtrail_clock_adjust();
		until = ktime_get_ns() + (i % 2 ? 11 : 70) * NSEC_PER_MSEC;
		while (ktime_get_ns() < until) {
			t = skbtrail_clock_now();
			CHECK(t >= last);
			last = t;
			worst = max(worst, off_by());
			cond_resched();
		}
	}
	if (worst >= 100 * NSEC_PER_USEC)
		pr_err("clock off by %llu ns\n", worst);
	CHECK(worst < 100 * NSEC_PER_USEC);
}

/* ---- symbols ---- */

static void __init test_symbols(void)
{
	u32 a = skbtrail_symbol(&kfree_skb_reason), b = skbtrail_symbol(&__alloc_skb), id;
	char text[128];
	unsigned long i;

	CHECK(a && b && a != b);
	CHECK(skbtrail_symbol(&kfree_skb_reason) == a && skbtrail_symbol_count() == 2);
	skbtrail_symbol_name(a, text, sizeof(text));
	CHECK(!strncmp(text, "kfree_skb_reason+0x", 19) && !strchr(text, '/'));
	skbtrail_symbol_name(skbtrail_symbol((void *)&skbtrail_symbol), text, sizeof(text));
	CHECK(strstr(text, "[test_skbtrail_core]"));
	/* more than fit: numbers stay in range, known ones stay known */
	for (i = 0; i < 4096; i++) {
		id = skbtrail_symbol((void *)(0x1000 + i * 16));
		if (id > ARRAY_SIZE(table))
			break;
	}
	CHECK(i == 4096 && skbtrail_symbol_count() <= ARRAY_SIZE(table));
	CHECK(skbtrail_symbol(&kfree_skb_reason) == a);
}

/* ---- stream ---- */

#define QUOTA		8
#define BIT_OF_TEST	3

static struct skbtrail_session session;

static bool __init open_lanes(struct skbtrail_stream *st)
{
	int cpu;

	memset(&session, 0, sizeof(session));
	session.bit = BIT_OF_TEST;
	st->quota = QUOTA;
	init_waitqueue_head(&st->wait);
	init_irq_work(&st->kick, wake_sender);
	st->lanes = alloc_percpu(struct skbtrail_lane);
	if (!st->lanes)
		return false;
	for_each_possible_cpu(cpu)
		if (fill_lane(st, per_cpu_ptr(st->lanes, cpu)))
			return false;
	return true;
}

static void __init close_lanes(struct skbtrail_stream *st)
{
	irq_work_sync(&st->kick);
	free_lanes(st);
}

/* records of a message, as a reader would walk them */
static const struct skbtrail_rec *first_rec(const struct sk_buff *skb)
{
	return (const void *)(skb->data + batch_headers());
}

static const struct skbtrail_rec *next_rec(const struct skbtrail_rec *rec)
{
	return (const void *)((const u8 *)rec + rec->size);
}

static bool well_formed(const struct sk_buff *skb, u64 seq)
{
	const struct skbtrail_rec_batch *b = (const void *)first_rec(skb);
	const struct nlmsghdr *nlh = (const void *)skb->data;
	const struct nlattr *attr = (const void *)(skb->data + NLMSG_HDRLEN + GENL_HDRLEN);
	const u8 *end = skb_tail_pointer(skb);
	const struct skbtrail_rec *rec;

	if (nlh->nlmsg_len != skb->len || attr->nla_type != SKBTRAIL_A_BATCH_RECORDS ||
	    attr->nla_len != skb->len - NLMSG_HDRLEN - GENL_HDRLEN)
		return false;
	if (b->kind != SKBTRAIL_REC_KIND_BATCH || b->seq != seq || b->size != sizeof(*b))
		return false;
	for (rec = first_rec(skb); (const u8 *)rec < end; rec = next_rec(rec))
		if (rec->size < sizeof(*rec) || rec->size % 8 ||
		    (const u8 *)rec + rec->size > end)
			return false;
	return (const u8 *)rec == end;
}

static bool put_test_hit(struct skbtrail_stream *st, u64 ns)
{
	struct skbtrail_rec_hit *rec;

	rec = skbtrail_lane_reserve(this_cpu_ptr(st->lanes), sizeof(*rec), ns);
	if (!rec)
		return false;
	*rec = (struct skbtrail_rec_hit){
		.size = sizeof(*rec), .kind = SKBTRAIL_REC_KIND_HIT, .ns = ns,
	};
	return true;
}

/* writes until nothing fits any more; how many did */
static unsigned int fill_all(struct skbtrail_stream *st)
{
	unsigned int n = 0;

	while (n < 100000 && put_test_hit(st, n))
		n++;
	return n;
}

static void __init test_stream_turns(struct skbtrail_stream *st, struct skbtrail_lane *lane)
{
	unsigned int per_batch, n;
	struct sk_buff *skb;
	u64 seq;

	CHECK(skbtrail_lane_admits(lane) && !lane->batch);
	CHECK(put_test_hit(st, 1) && lane->batch && lane->seq == 1);
	per_batch = 1;
	while (lane->seq == 1 && put_test_hit(st, 1))
		per_batch += lane->seq == 1;
	CHECK(lane->seq == 2 && ring_count(&lane->full) == 1);
	CHECK(per_batch * sizeof(struct skbtrail_rec_hit) > SKBTRAIL_BATCH_SIZE * 9 / 10);
	n = fill_all(st);
	CHECK(n == per_batch * (QUOTA - 1) - 1);
	CHECK(ring_count(&lane->spare) == 0 && !skbtrail_lane_admits(lane));
	/* the one that found no room is counted */
	CHECK(lane->lost[SKBTRAIL_LOST_CAUSE_BUFFER] == 1);
	CHECK(!put_test_hit(st, 777) && lane->lost[SKBTRAIL_LOST_CAUSE_BUFFER] == 2);
	CHECK(lane->last_ns[SKBTRAIL_LOST_CAUSE_BUFFER] == 777);
	for (seq = 1; (skb = ring_pop(&lane->full, QUOTA)); seq++) {
		CHECK(well_formed(skb, seq));
		kfree_skb(skb);
	}
	CHECK(seq == QUOTA + 1);
}

/* the gap is told before the next record, in the next batch */
static void __init test_stream_gap(struct skbtrail_stream *st, struct skbtrail_lane *lane,
				   struct sk_buff *skb)
{
	const struct skbtrail_rec_lost *lost;
	const struct skbtrail_rec *rec;

	ring_push(&lane->spare, QUOTA, skb);
	CHECK(put_test_hit(st, 1000) && lane->seq == QUOTA + 1);
	CHECK(!lane->lost[SKBTRAIL_LOST_CAUSE_BUFFER]);
	CHECK(lane->lost_total[SKBTRAIL_LOST_CAUSE_BUFFER] == 2);
	skbtrail_lane_lose(lane, SKBTRAIL_LOST_CAUSE_ADMISSION, 1, 5);
	skbtrail_lane_lose(lane, SKBTRAIL_LOST_CAUSE_ADMISSION, 1, 6);
	lane_flush(st);
	CHECK(!lane->batch);
	skb = ring_pop(&lane->full, QUOTA);
	CHECK(skb && well_formed(skb, QUOTA + 1));
	if (!skb)
		return;
	rec = next_rec(first_rec(skb));
	lost = (const void *)rec;
	CHECK(rec->kind == SKBTRAIL_REC_KIND_LOST && lost->cause == SKBTRAIL_LOST_CAUSE_BUFFER);
	CHECK(lost->count == 2 && lost->last_ns == 777);
	rec = next_rec(rec);
	CHECK(rec->kind == SKBTRAIL_REC_KIND_HIT);
	rec = next_rec(rec);
	lost = (const void *)rec;
	CHECK(rec->kind == SKBTRAIL_REC_KIND_LOST &&
	      lost->cause == SKBTRAIL_LOST_CAUSE_ADMISSION);
	CHECK(lost->count == 2 && lost->first_ns == 5 && lost->last_ns == 6);
	CHECK((const u8 *)next_rec(rec) == skb_tail_pointer(skb));
	kfree_skb(skb);
}

static void __init test_stream(void)
{
	struct skbtrail_stream *st = &session.stream;
	struct skbtrail_totals t;
	struct skbtrail_lane *lane;
	struct sk_buff *skb = NULL;

	if (open_lanes(st))
		skb = batch_alloc(st);
	if (!skb) {
		CHECK(false);
		close_lanes(st);
		return;
	}
	local_irq_disable();
	lane = this_cpu_ptr(st->lanes);
	test_stream_turns(st, lane);
	test_stream_gap(st, lane, skb);
	local_irq_enable();
	skbtrail_stream_totals(st, &t);
	CHECK(t.lost[SKBTRAIL_LOST_CAUSE_BUFFER] == 2 &&
	      t.lost[SKBTRAIL_LOST_CAUSE_ADMISSION] == 2);
	close_lanes(st);
}

/* ---- encode ---- */

static void __init test_facts(void)
{
	static struct facts f;
	const struct skbtrail_fact_head *head = (const void *)f.spare;
	unsigned int len, i;
	u8 value[40];

	memset(value, 0xee, sizeof(value));
	for (len = 1; len <= sizeof(value); len++) {
		memset(&f, 0x55, sizeof(f));
		f.at = f.spare;
		f.end = f.spare + sizeof(f.spare);
		put(&f, SKBTRAIL_FACT_MAC, value, len);
		CHECK(f.at - f.spare == ALIGN(sizeof(*head) + len, 8));
		CHECK(head->id == SKBTRAIL_FACT_MAC && head->len == len);
		CHECK(!memcmp(head + 1, value, len));
		for (i = sizeof(*head) + len; f.spare + i < f.at; i++)
			CHECK(!f.spare[i]);
		CHECK(*f.at == 0x55);
	}
}

static const struct skbtrail_fact_head *fact_of(const struct skbtrail_rec *rec, u8 id)
{
	const u8 *p = (const u8 *)rec + sizeof(struct skbtrail_rec_facts);
	const struct skbtrail_fact_head *head;

	for (; p < (const u8 *)rec + rec->size; p += ALIGN(sizeof(*head) + head->len, 8)) {
		head = (const void *)p;
		if (head->id == id)
			return head;
	}
	return NULL;
}

static bool fact_is(const struct skbtrail_rec *rec, u8 id, const void *value, u16 len)
{
	const struct skbtrail_fact_head *head = fact_of(rec, id);

	return head && head->len == len && !memcmp(head + 1, value, len);
}

static void __init encode_trail(struct sk_buff *skb, const struct skbtrail_calls *calls)
{
	struct skbtrail_sighting s = {
		.p = &skbtrail_points[P_NET], .skb = skb, .ns = 1000,
		.located = true, .parsed = true, .dirty = true,
	};
	struct skbtrail_life life = { .trail = 42, .sessions = BIT(BIT_OF_TEST) };

	skbtrail_view_locate(s.p, skb, &s.view);
	skbtrail_view_parse(skb, &s.view);
	skbtrail_encode_packet(&life, &s, BIT(BIT_OF_TEST), calls);
	skbtrail_encode_hit(&life, &s, BIT(BIT_OF_TEST));
	/* a new destination, seen at the next stage */
	skb->data[19] = 9;
	s.located = false;
	s.parsed = false;
	s.ns = 1100;
	skbtrail_encode_hit(&life, &s, BIT(BIT_OF_TEST));
	/* nothing changed, and nobody watches this stage */
	s.ns = 1200;
	skbtrail_encode_hit(&life, &s, 0);
	s.ns = 1300;
	skbtrail_encode_end(&life, &s, SKBTRAIL_END_KIND_DROPPED, 5, 6);
}

static void __init check_trail(const struct sk_buff *batch)
{
	static const u8 kinds[] = {
		SKBTRAIL_REC_KIND_BATCH, SKBTRAIL_REC_KIND_PACKET, SKBTRAIL_REC_KIND_HIT,
		SKBTRAIL_REC_KIND_HIT, SKBTRAIL_REC_KIND_CHANGE, SKBTRAIL_REC_KIND_HIT,
		SKBTRAIL_REC_KIND_END,
	};
	const struct skbtrail_rec *rec[ARRAY_SIZE(kinds)], *r = first_rec(batch);
	static const u8 to[] = { 10, 0, 0, 2 }, changed[] = { 10, 0, 0, 9 };
	const struct skbtrail_rec_hit *early, *hit;
	const struct skbtrail_rec_facts *facts;
	const struct skbtrail_rec_end *end;
	u16 dport = 53;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++, r = next_rec(r)) {
		rec[i] = r;
		CHECK(r->kind == kinds[i]);
		if (r->kind != kinds[i])
			return;
	}
	CHECK((const u8 *)r == skb_tail_pointer(batch));
	facts = (const void *)rec[1];
	CHECK(facts->trail == 42 && facts->ns == 1000);
	CHECK(fact_is(rec[1], SKBTRAIL_FACT_DADDR, to, 4));
	CHECK(fact_is(rec[1], SKBTRAIL_FACT_DPORT, &dport, 2));
	CHECK(fact_is(rec[1], SKBTRAIL_FACT_BYTES, udp4, 29));
	CHECK(!fact_of(rec[1], SKBTRAIL_FACT_TCP) && !fact_of(rec[1], SKBTRAIL_FACT_DEV));
	early = (const void *)rec[2];
	CHECK(early->ctx == SKBTRAIL_CTX_EARLIER && early->ns == 900 && !early->len);
	CHECK(early->stage == SKBTRAIL_ST_SOCK_SEND && early->trail == 42);
	hit = (const void *)rec[3];
	CHECK(hit->ns == 1000 && hit->len == sizeof(udp4) && hit->trail == 42);
	CHECK(hit->point == P_NET + 1 && hit->stage == SKBTRAIL_ST_IP_RCV);
	CHECK(fact_is(rec[4], SKBTRAIL_FACT_DADDR, changed, 4));
	CHECK(rec[4]->size == sizeof(*facts) + 8);
	end = (const void *)rec[6];
	CHECK(end->end == SKBTRAIL_END_KIND_DROPPED && end->reason == 5 && end->symbol == 6);
	CHECK(end->stage == SKBTRAIL_ST_IP_RCV && end->ns == 1300);
}

static void __init test_encode(void)
{
	struct sk_buff *skb = linear(udp4, sizeof(udp4), ETH_P_IP, 0xff), *batch;
	struct skbtrail_calls calls = {
		.n = 2, .hit = { { 900, &skbtrail_points[P_SEND] },
				 { 950, &skbtrail_points[P_CALLED] } },
	};
	struct skbtrail_lane *lane;

	if (!skb || !open_lanes(&session.stream)) {
		CHECK(false);
		goto out;
	}
	session.config.snaplen = 29;
	/* it watches the one stage of the two before the packet */
	__set_bit(SKBTRAIL_ST_SOCK_SEND, session.config.stages);
	local_irq_disable();
	RCU_INIT_POINTER(skbtrail_sessions[BIT_OF_TEST], &session);
	skbtrail_stream_join(&session.stream, BIT_OF_TEST);
	lane = this_cpu_ptr(session.stream.lanes);
	encode_trail(skb, &calls);
	CHECK(lane->hits == 3 && lane->trails == 1 && lane->ends == 1);
	RCU_INIT_POINTER(skbtrail_sessions[BIT_OF_TEST], NULL);
	skbtrail_stream_leave(BIT_OF_TEST);
	CHECK(lane->batch);
	if (lane->batch) {
		batch = lane_close(lane);
		CHECK(well_formed(batch, 1));
		check_trail(batch);
		kfree_skb(batch);
	}
	local_irq_enable();
out:
	if (session.stream.lanes)
		close_lanes(&session.stream);
	kfree_skb(skb);
}

/* ---- calls ---- */

static void __init check_calls(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	const struct skbtrail_point *send = &skbtrail_points[P_SEND];
	const struct skbtrail_point *called = &skbtrail_points[P_CALLED];
	struct skbtrail_calls calls;

	skbtrail_calls_create(&skbtrail_points[P_CREATE], sk, 10);
	skbtrail_calls_begin(send, sk, 20, false);
	skbtrail_calls_add(called, sk, 30);
	skbtrail_calls_take(skb, NULL, &calls);
	/* its creation, the call, and who called */
	CHECK(calls.n == 3 && calls.hit[0].ns == 10 && calls.hit[1].ns == 20 &&
	      calls.hit[2].ns == 30 && calls.hit[2].p == called);
	CHECK(calls.task.pid == current->tgid && calls.task.tid == current->pid);
	CHECK(!strcmp(calls.task.comm, current->comm));
	CHECK(calls.task.cookie == skbtrail_calls_cookie(sk));
	/* a second packet of the same call has none of it, but an owner */
	skbtrail_calls_take(skb, NULL, &calls);
	CHECK(calls.n == 0 && calls.task.pid == current->tgid);
	/* a call on another socket is none of this one's */
	skbtrail_calls_begin(send, sk, 40, false);
	skbtrail_calls_add(called, (struct sock *)(sk + 1), 50);
	skbtrail_calls_take(skb, NULL, &calls);
	CHECK(calls.n == 1 && calls.hit[0].ns == 40);
}

static void __init check_read(const struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	const struct skbtrail_point *p;
	u32 sessions[4];
	u64 trails[4], ns;
	unsigned int i;

	CHECK(!skbtrail_calls_read(&ns, &p));
	skbtrail_calls_begin(&skbtrail_points[P_SEND], sk, 60, true);
	CHECK(skbtrail_calls_read(&ns, &p) && ns == 60 && p == &skbtrail_points[P_SEND]);
	for (i = 1; i <= 3; i++)
		skbtrail_calls_copied(i, BIT(i));
	skbtrail_calls_copied(3, BIT(3));
	CHECK(skbtrail_calls_return(trails, sessions, 4) == 3);
	CHECK(trails[0] == 1 && trails[1] == 2 && trails[2] == 3 && sessions[2] == BIT(3));
	CHECK(!skbtrail_calls_return(trails, sessions, 4));
	CHECK(!skbtrail_calls_read(&ns, &p));
}

/* sockets of the kernel belong to nobody */
static void __init check_kernel(const struct sk_buff *skb)
{
	struct skbtrail_calls calls;

	skbtrail_calls_create(&skbtrail_points[P_CREATE], skb->sk, 70);
	skbtrail_calls_take(skb, NULL, &calls);
	CHECK(calls.n == 0 && !calls.task.cookie);
}

static void __init with_socket(bool kern, void (*check)(const struct sk_buff *skb))
{
	struct sk_buff *skb = linear(udp4, sizeof(udp4), ETH_P_IP, 0);
	struct socket *sock;
	int err;

	err = kern ? sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock) :
		     sock_create(AF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock);
	CHECK(skb && !err);
	if (skb && !err) {
		skb->sk = sock->sk;
		CHECK(skbtrail_calls_cookie(sock->sk));
		local_irq_disable();
		check(skb);
		local_irq_enable();
		skb->sk = NULL;
	}
	if (!err)
		sock_release(sock);
	kfree_skb(skb);
}

static void __init test_calls(void)
{
	skbtrail_calls_init();
	with_socket(false, check_calls);
	with_socket(false, check_read);
	with_socket(true, check_kernel);
}

/* ---- writes ---- */

#define WRITTEN		0x123456789aull	/* bytes acknowledged before */
#define SEQ		(U32_MAX - 90)	/* wraps soon */

/* which calls wrote @len bytes from the @at'th on */
static unsigned int written(u32 at, u32 len, struct skbtrail_write *w)
{
	const struct skbtrail_fact_tcp tcp = { .seq = SEQ + at, .payload = len };

	return skbtrail_writes_of(77, &tcp, w);
}

static bool is_write(const struct skbtrail_write *w, u64 begun, u32 pos, u32 at, u32 bytes)
{
	return w->begun == begun && w->pos == WRITTEN + pos && w->at == at &&
	       w->bytes == bytes && w->who.tid == task_pid_nr(current);
}

/* whoever has the piece that begins there, it is somebody else's now, or ours */
static void hand_over(u32 pos, const struct task_struct *to)
{
	struct stream *st = stream_of(set_of(77), 77);
	unsigned int i;

	for (i = 0; i < PIECES; i++)
		if (st->piece[i].asked && st->piece[i].from == WRITTEN + pos)
			st->piece[i].task = to;
}

static void __init check_one_write(struct tcp_sock *tp)
{
	struct skbtrail_write w[SKBTRAIL_WRITES];
	struct sock *sk = (struct sock *)tp;

	CHECK(written(0, 100, w) == 0);
	skbtrail_writes_begin(sk, 300, 1000);
	/* sent while it is being written */
	CHECK(written(0, 100, w) == 1 && is_write(&w[0], 1000, 0, 0, 100));
	CHECK(written(250, 100, w) == 1 && is_write(&w[0], 1000, 250, 250, 50));
	tp->write_seq += 100;
	skbtrail_writes_so_far(sk, false);
	CHECK(written(40, 100, w) == 1 && is_write(&w[0], 1000, 40, 40, 100));
	hand_over(0, (void *)1);
	CHECK(written(40, 100, w) == 1 && is_write(&w[0], 1000, 40, 40, 60));
}

/* another call comes while the first waits, then that goes on */
static void __init check_two_writes(struct tcp_sock *tp)
{
	struct skbtrail_write w[SKBTRAIL_WRITES];
	struct sock *sk = (struct sock *)tp;

	skbtrail_writes_begin(sk, 50, 2000);
	tp->write_seq += 50;
	skbtrail_writes_so_far(sk, true);
	CHECK(written(100, 100, w) == 1 && is_write(&w[0], 2000, 100, 0, 50));
	hand_over(0, current);
	tp->write_seq += 60;
	skbtrail_writes_so_far(sk, true);
	CHECK(written(80, 100, w) == 3);
	CHECK(is_write(&w[0], 1000, 80, 80, 20) && is_write(&w[1], 2000, 100, 0, 50) &&
	      is_write(&w[2], 1000, 150, 100, 30));
	CHECK(written(210, 10, w) == 0);
}

static void __init check_unseen_writes(struct tcp_sock *tp)
{
	struct skbtrail_write w[SKBTRAIL_WRITES];
	struct sock *sk = (struct sock *)tp;
	unsigned int i;

	/* from 210 on nobody knows who, then one that wrote less than it was to */
	tp->write_seq += 10;
	skbtrail_writes_begin(sk, 100, 3000);
	tp->write_seq += 5;
	skbtrail_writes_so_far(sk, true);
	CHECK(written(210, 10, w) == 0);
	CHECK(written(210, 20, w) == 1 && is_write(&w[0], 3000, 220, 0, 5));
	for (i = 0; i < 2 * PIECES; i++) {
		skbtrail_writes_begin(sk, 1, 4000 + i);
		tp->write_seq++;
		skbtrail_writes_so_far(sk, true);
	}
	CHECK(written(210, 15, w) == 0);
	CHECK(written(225 + PIECES, PIECES, w) == SKBTRAIL_WRITES &&
	      is_write(&w[0], 4000 + PIECES, 225 + PIECES, 0, 1));
	/* the same socket, connected anew */
	tp->bytes_acked = 0;
	tp->write_seq += 1000;
	tp->snd_una = tp->write_seq;
	skbtrail_writes_begin(sk, 10, 9000);
	skbtrail_writes_so_far(sk, true);
	CHECK(written(225 + PIECES, PIECES, w) == 0);
}

static void __init test_writes(void)
{
	struct tcp_sock *tp = kzalloc(sizeof(*tp), GFP_KERNEL);
	struct sock *sk = (struct sock *)tp;
	struct skbtrail_write w[SKBTRAIL_WRITES];

	CHECK(tp);
	if (!tp)
		return;
	skbtrail_writes_clear();
	atomic64_set(&sk->sk_cookie, 77);
	tp->bytes_acked = WRITTEN;
	tp->write_seq = SEQ;
	tp->snd_una = SEQ;
	local_irq_disable();
	sk->sk_state = TCP_SYN_SENT;
	skbtrail_writes_begin(sk, 100, 500);
	CHECK(written(0, 100, w) == 0);
	sk->sk_state = TCP_ESTABLISHED;
	check_one_write(tp);
	check_two_writes(tp);
	check_unseen_writes(tp);
	local_irq_enable();
	skbtrail_writes_clear();
	kfree(tp);
}

/* ---- acknowledgments ---- */

static u8 __init kind(struct tcp_sock *tp, struct sk_buff *skb, u32 seq, u32 ack, u32 payload)
{
	struct skbtrail_fact_ack fact;

	TCP_SKB_CB(skb)->seq = seq;
	TCP_SKB_CB(skb)->end_seq = seq + payload + tcp_hdr(skb)->syn + tcp_hdr(skb)->fin;
	TCP_SKB_CB(skb)->ack_seq = ack;
	if (!skbtrail_ack_of(&fact, (struct sock *)tp, skb))
		return 0;
	CHECK(fact.flight == 1000);
	return fact.kind == SKBTRAIL_ACK_KIND_NEW ? 100 + fact.bytes / 100 : fact.kind;
}

static void __init check_acks(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sock *sk = (struct sock *)tp;
	struct tcphdr *th = tcp_hdr(skb);

	tp->packets_out = 1;
	th->ack = 1;
	th->window = htons(500);
	CHECK(kind(tp, skb, 5000, 100, 0) == SKBTRAIL_ACK_KIND_DUPLICATE);
	CHECK(kind(tp, skb, 5000, 100, 10) == 0);
	CHECK(kind(tp, skb, 5000, 600, 0) == 105);
	CHECK(kind(tp, skb, 5000, 600, 10) == 105);
	CHECK(kind(tp, skb, 5000, 50, 0) == SKBTRAIL_ACK_KIND_OLD);
	CHECK(kind(tp, skb, 5000, 1101, 0) == 0);
	CHECK(kind(tp, skb, 4999, 100, 0) == SKBTRAIL_ACK_KIND_PROBE);
	CHECK(kind(tp, skb, 4999, 100, 1) == SKBTRAIL_ACK_KIND_PROBE);
	CHECK(kind(tp, skb, 4999, 100, 2) == 0);
	th->window = htons(501);
	CHECK(kind(tp, skb, 5000, 100, 0) == SKBTRAIL_ACK_KIND_WINDOW);
	th->window = htons(500);
	tp->packets_out = 0;
	CHECK(kind(tp, skb, 5000, 100, 0) == SKBTRAIL_ACK_KIND_SAME);
	/* a SYN of ours is all that was sent, */
	sk->sk_state = TCP_SYN_RECV;
	CHECK(kind(tp, skb, 5000, 100, 0) == 100);
	/* or a FIN is among it */
	sk->sk_state = TCP_FIN_WAIT1;
	CHECK(kind(tp, skb, 5000, 1100, 0) == 109);
	th->rst = 1;
	CHECK(kind(tp, skb, 5000, 1100, 0) == 0);
	th->rst = 0;
	sk->sk_state = TCP_LISTEN;
	CHECK(kind(tp, skb, 5000, 1100, 0) == 0);
}

static void __init test_acks(void)
{
	struct tcp_sock *tp = kzalloc(sizeof(*tp), GFP_KERNEL);
	struct sk_buff *skb = alloc_skb(200, GFP_KERNEL);
	struct sock *sk = (struct sock *)tp;

	CHECK(tp && skb);
	if (tp && skb) {
		skb_put_zero(skb, 60);
		skb_set_transport_header(skb, 20);
		sk->sk_state = TCP_ESTABLISHED;
		sk->sk_type = SOCK_STREAM;
		sk->sk_family = AF_INET;
		sk->sk_protocol = IPPROTO_TCP;
		tp->snd_una = 100;
		tp->snd_nxt = 1100;
		tp->write_seq = 1100;
		tp->rcv_nxt = 5000;
		tp->rx_opt.snd_wscale = 7;
		tp->snd_wnd = 500 << 7;
		check_acks(tp, skb);
	}
	kfree_skb(skb);
	kfree(tp);
}

static void __init selftest(void)
{
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++)
		skbtrail_points[i].hit = skbtrail_hit_head(&skbtrail_points[i]);
	test_view_ipv4();
	test_view_fragments();
	test_view_ipv6();
	test_view_hostile();
	test_view_arp();
	test_view_truncated();
	test_view_nonlinear();
	test_view_locate();
	test_view_same();
	test_view_random();
	test_filter();
	test_filter_reach();
	test_clock();
	test_track();
	test_symbols();
	test_stream();
	test_facts();
	test_encode();
	test_calls();
	test_writes();
	test_acks();
}

KSTM_MODULE_LOADERS(test_skbtrail_core);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Tests of skbtrail's packet path");
