// SPDX-License-Identifier: GPL-2.0
/*
 * Does somebody want this packet? Users write pcap filters; libpcap compiled
 * them to classic BPF, once for packets that begin with an Ethernet header
 * and once for those that begin with an IP header, because inside the stack
 * a packet has the one or the other.
 */
#include "filter.h"

#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "encode.h"
#include "session.h"
#include "stages.h"

/*
 * A program reads through the sk_buff it is given. At most stages skb->data
 * is not where the program expects the packet to begin, and moving it, even
 * for a moment, would be seen by others who hold the packet: so it gets a
 * shadow with the same buffer and its own idea of the beginning.
 */
static DEFINE_PER_CPU(struct sk_buff, shadow);

static struct sk_buff *cast_shadow(const struct sk_buff *skb, int offset)
{
	struct sk_buff *sh = this_cpu_ptr(&shadow);

	skbtrail_filter_shadow(sh, skb, offset);
	return sh;
}

/* offset of the MAC header from skb->data; false when there is none to read */
static bool mac_offset(const struct skbtrail_sighting *s, int *offset)
{
	const struct sk_buff *skb = s->skb;

	switch (s->p->l2) {
	case SKBTRAIL_L2_MACHDR:
		if (!skb_mac_header_was_set(skb))
			return false;
		*offset = skb_mac_offset(skb);
		break;
	case SKBTRAIL_L2_DATA:
		*offset = 0;
		break;
	default:
		return false;
	}
	return skb->dev && skb->dev->type == ARPHRD_ETHER;
}

enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_UNKNOWN,	/* the header the filter asks for cannot be seen here */
};

static enum answer run(const struct bpf_prog *prog, const struct sk_buff *skb, int offset)
{
	return bpf_prog_run(prog, cast_shadow(skb, offset)) ? ANSWER_YES : ANSWER_NO;
}

static enum answer passes(const struct skbtrail_session *se, const struct skbtrail_sighting *s)
{
	const struct skbtrail_config *c = &se->config;
	u16 proto = s->view.flow.l3proto;
	int offset;

	if (!c->l2 && !c->l3)
		return ANSWER_YES;
	if (c->l3 && (proto == ETH_P_IP || proto == ETH_P_IPV6))
		return run(c->l3, s->skb, s->view.offset);
	if (c->l2 && mac_offset(s, &offset))
		return run(c->l2, s->skb, offset);
	return ANSWER_UNKNOWN;
}

static const struct net *net_of(const struct skbtrail_sighting *s)
{
	if (s->nf)
		return s->nf->net;
	if (s->p->flags & SKBTRAIL_PF_DEV && s->skb->dev)
		return dev_net(s->skb->dev);
	if (s->sk)
		return sock_net(s->sk);
	if (s->outward && s->skb->sk)
		return sock_net(s->skb->sk);
	return NULL;
}

static bool device_is(const struct skbtrail_sighting *s, const char *name)
{
	const struct net_device *dev = NULL;

	if (s->nf) {
		if (s->nf->in && !strncmp(s->nf->in->name, name, IFNAMSIZ))
			return true;
		dev = s->nf->out;
	} else if (s->p->flags & SKBTRAIL_PF_DEV) {
		dev = s->skb->dev;
	}
	return dev && !strncmp(dev->name, name, IFNAMSIZ);
}

u32 skbtrail_filter(u32 sessions, const struct skbtrail_sighting *s, u32 *rejected)
{
	unsigned long bits = sessions;
	const struct skbtrail_session *se;
	const struct net *net;
	enum answer answer;
	u32 want = 0;

	*rejected = 0;
	for (; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		if (!se)
			continue;
		if (se->config.netns) {
			net = net_of(s);
			if (!net || net->net_cookie != se->config.netns)
				continue;
		}
		if (se->config.dev[0] && !device_is(s, se->config.dev))
			continue;
		answer = passes(se, s);
		if (answer == ANSWER_YES)
			want |= bits & -bits;
		else if (answer == ANSWER_NO)
			*rejected |= bits & -bits;
	}
	return want;
}

/*
 * Loads at negative offsets ask the kernel, not the packet; some of them
 * follow pointers the shadow does not have. libpcap makes none for a dead
 * handle, so none is needed.
 */
static bool loads_from_packet(const struct sock_filter *insn)
{
	u16 mode = BPF_MODE(insn->code);

	if (BPF_CLASS(insn->code) == BPF_LDX)
		return mode == BPF_MSH;
	return BPF_CLASS(insn->code) == BPF_LD && (mode == BPF_ABS || mode == BPF_IND);
}

static bool reads_packet_only(const struct sock_filter *insn, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (loads_from_packet(&insn[i]) && (s32)insn[i].k < 0)
			return false;
	return true;
}

static unsigned int load_size(const struct sock_filter *insn)
{
	return BPF_SIZE(insn->code) == BPF_W ? 4 : BPF_SIZE(insn->code) == BPF_H ? 2 : 1;
}

static u16 further(u16 reach, const struct sock_filter *insn)
{
	u64 end = (u64)insn->k + load_size(insn);

	return max_t(u64, reach, min_t(u64, end, SKBTRAIL_REACH_FAR));
}

/* whether X becomes something else than the length of the IP header at the beginning */
static bool sets_x(const struct sock_filter *insn)
{
	if (BPF_CLASS(insn->code) == BPF_LDX)
		return BPF_MODE(insn->code) != BPF_MSH || insn->k;
	return insn->code == (BPF_MISC | BPF_TAX);
}

static void find_reach(const struct sock_filter *insn, unsigned int n,
		       struct skbtrail_reach *reach)
{
	bool other_x = false;
	unsigned int i;

	*reach = (struct skbtrail_reach){ 0 };
	for (i = 0; i < n; i++) {
		other_x |= sets_x(&insn[i]);
		if (!loads_from_packet(&insn[i]))
			continue;
		if (BPF_MODE(insn[i].code) == BPF_IND)
			reach->behind = further(reach->behind, &insn[i]);
		else
			reach->fixed = further(reach->fixed, &insn[i]);
	}
	if (other_x && reach->behind)
		reach->behind = SKBTRAIL_REACH_FAR;
}

/* of an IP header as MSH reads it, whatever version it claims */
static bool near(const struct skbtrail_session *se, u8 first, u32 bytes)
{
	const struct skbtrail_reach *r = &se->config.l3_reach;

	if (!se->config.l3 || r->fixed > bytes)
		return false;
	return !r->behind || (first & 0xf) * 4 + r->behind <= bytes;
}

bool skbtrail_filter_near(u32 rejected, const struct skbtrail_sighting *s, u32 bytes)
{
	const struct sk_buff *skb = s->skb;
	u16 proto = s->view.flow.l3proto;
	unsigned long bits = rejected;
	const struct skbtrail_session *se;

	if ((proto != ETH_P_IP && proto != ETH_P_IPV6) || !s->view.len)
		return false;
	if (skb_is_nonlinear(skb) && (int)skb_headlen(skb) - s->view.offset < (int)bytes)
		return false;
	for (; bits; bits &= bits - 1) {
		se = skbtrail_session_at(__ffs(bits));
		if (se && !near(se, skb->data[s->view.offset], bytes))
			return false;
	}
	return true;
}

struct bpf_prog *skbtrail_filter_compile(const struct nlattr *attr,
					 struct skbtrail_reach *reach,
					 struct netlink_ext_ack *extack)
{
	struct sock_fprog_kern fprog;
	struct bpf_prog *prog;
	int err;

	if (!attr)
		return NULL;
	fprog.filter = nla_data(attr);
	fprog.len = nla_len(attr) / sizeof(*fprog.filter);
	if (!fprog.len || nla_len(attr) % sizeof(*fprog.filter)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the filter is not a whole number of BPF instructions");
		return ERR_PTR(-EINVAL);
	}
	if (fprog.len > BPF_MAXINSNS) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the filter has more than 4096 BPF instructions; make it shorter");
		return ERR_PTR(-E2BIG);
	}
	if (!reads_packet_only(fprog.filter, fprog.len)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the filter reads kernel data at negative offsets; only packet bytes can be read");
		return ERR_PTR(-EINVAL);
	}
	if (reach)
		find_reach(fprog.filter, fprog.len, reach);
	err = bpf_prog_create(&prog, &fprog);
	if (err) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the filter is not a valid classic BPF program");
		return ERR_PTR(err);
	}
	return prog;
}
