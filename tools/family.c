// SPDX-License-Identifier: GPL-2.0
#include "family.h"

#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>
#include <time.h>

#include "clean.h"
#include "complain.h"
#include "filter.h"

#define TALK_BUF (64u << 10)

uint32_t family_u32(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= sizeof(uint32_t) ?
	       mnl_attr_get_u32(attr) : 0;
}

uint64_t family_u64(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= sizeof(uint64_t) ?
	       mnl_attr_get_u64(attr) : 0;
}

void family_text(char *dst, size_t size, const struct nlattr *attr)
{
	*dst = '\0';
	if (attr)
		clean_text(dst, size, mnl_attr_get_payload(attr),
			   mnl_attr_get_payload_len(attr));
}

struct table {
	const struct nlattr **attrs;
	uint16_t max;
};

static int note(const struct nlattr *attr, void *arg)
{
	uint16_t type = mnl_attr_get_type(attr);
	const struct table *t = arg;

	if (type <= t->max)
		t->attrs[type] = attr;
	return MNL_CB_OK;
}

void family_parse(const struct nlmsghdr *nlh, const struct nlattr **table,
		  uint16_t max)
{
	struct table t = { table, max };

	memset(table, 0, (max + 1) * sizeof(*table));
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct genlmsghdr))
		mnl_attr_parse(nlh, sizeof(struct genlmsghdr), note, &t);
}

void family_parse_nested(const struct nlattr *nest, const struct nlattr **table,
			 uint16_t max)
{
	struct table t = { table, max };

	memset(table, 0, (max + 1) * sizeof(*table));
	mnl_attr_parse_nested(nest, note, &t);
}

static int take_sentence(const struct nlattr *attr, void *arg)
{
	struct family *f = arg;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		family_text(f->error, sizeof(f->error), attr);
	return MNL_CB_OK;
}

int family_refusal(struct family *f, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	size_t offset = sizeof(*err);

	*f->error = '\0';
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
		return -EBADMSG;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += err->msg.nlmsg_len - sizeof(struct nlmsghdr);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS &&
	    offset <= mnl_nlmsg_get_payload_len(nlh))
		mnl_attr_parse(nlh, offset, take_sentence, f);
	return err->error > 0 ? -EBADMSG : err->error;
}

int family_complain(const struct family *f, const char *what, int err)
{
	if (*f->error)
		return complain("%s: %s", what, f->error);
	return complain("%s: %s", what, strerror(-err));
}

struct nlmsghdr *family_request(struct family *f, void *buf, uint8_t cmd,
				uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = f->id;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = ++f->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = SKBTRAIL_FAMILY_VERSION;
	return nlh;
}

static void put_program(struct nlmsghdr *nlh, uint16_t attr,
			const struct bpf_program *prog)
{
	static_assert(sizeof(struct bpf_insn) == 8, "struct sock_filter");

	if (prog->bf_len)
		mnl_attr_put(nlh, attr, prog->bf_len * sizeof(struct bpf_insn),
			     prog->bf_insns);
}

void family_put_filter(struct nlmsghdr *nlh, const struct filter *f, uint16_t l2,
		       uint16_t l3, uint16_t text)
{
	char cut[FAMILY_FILTER_TEXT + 1];

	put_program(nlh, l2, &f->l2);
	put_program(nlh, l3, &f->l3);
	if (!*f->text)
		return;
	snprintf(cut, sizeof(cut), "%s", f->text);
	mnl_attr_put_strz(nlh, text, cut);
}

/* Handles one message: 1 go on, 0 done, negative errno. */
static int reply(struct family *f, const struct nlmsghdr *nlh, mnl_cb_t cb,
		 void *arg)
{
	if (nlh->nlmsg_seq != f->seq)
		return 1;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		return family_refusal(f, nlh);
	case NLMSG_DONE:
		return 0;
	case NLMSG_NOOP:
	case NLMSG_OVERRUN:
		return 1;
	default:
		return cb && cb(nlh, arg) < MNL_CB_STOP ? -EBADMSG : 1;
	}
}

int family_talk(struct family *f, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg)
{
	static char buf[TALK_BUF];
	const struct nlmsghdr *msg;
	ssize_t n;
	int left;
	int ret;

	*f->error = '\0';
	if (mnl_socket_sendto(f->nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	for (;;) {
		n = mnl_socket_recvfrom(f->nl, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		msg = (const struct nlmsghdr *)buf;
		for (left = n; mnl_nlmsg_ok(msg, left);
		     msg = mnl_nlmsg_next(msg, &left)) {
			ret = reply(f, msg, cb, arg);
			if (ret <= 0)
				return ret;
		}
	}
}

static int take_id(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a[CTRL_ATTR_MAX + 1];
	uint16_t *id = arg;

	family_parse(nlh, a, CTRL_ATTR_MAX);
	if (a[CTRL_ATTR_FAMILY_ID] &&
	    mnl_attr_get_payload_len(a[CTRL_ATTR_FAMILY_ID]) >= sizeof(*id))
		*id = mnl_attr_get_u16(a[CTRL_ATTR_FAMILY_ID]);
	return MNL_CB_OK;
}

static int find_family(struct family *f)
{
	char buf[256];
	struct nlmsghdr *nlh;
	uint16_t id = 0;
	int ret;

	f->id = GENL_ID_CTRL;
	nlh = family_request(f, buf, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, SKBTRAIL_FAMILY_NAME);
	ret = family_talk(f, nlh, take_id, &id);
	f->id = id;
	return ret ? ret : id ? 0 : -ENOENT;
}

int family_open(struct family *f)
{
	int one = 1;
	int ret;

	memset(f, 0, sizeof(*f));
	f->nl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!f->nl)
		return -errno;
	if (mnl_socket_bind(f->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		ret = -errno;
		goto close;
	}
	/* sentences instead of numbers; the request itself need not come back */
	mnl_socket_setsockopt(f->nl, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(f->nl, NETLINK_CAP_ACK, &one, sizeof(one));
	f->portid = mnl_socket_get_portid(f->nl);
	f->seq = time(NULL);
	ret = find_family(f);
	if (!ret)
		return 0;
close:
	family_close(f);
	return ret;
}

void family_close(struct family *f)
{
	if (f->nl)
		mnl_socket_close(f->nl);
	f->nl = NULL;
}

static int take_info(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a[SKBTRAIL_A_INFO_MAX + 1];
	struct module_info *info = arg;

	family_parse(nlh, a, SKBTRAIL_A_INFO_MAX);
	info->abi = family_u32(a[SKBTRAIL_A_INFO_ABI]);
	info->attach = family_u32(a[SKBTRAIL_A_INFO_ATTACH]);
	info->stages = family_u32(a[SKBTRAIL_A_INFO_STAGES]);
	info->sessions = family_u32(a[SKBTRAIL_A_INFO_SESSIONS]);
	info->missed = family_u64(a[SKBTRAIL_A_INFO_MISSED]);
	family_text(info->version, sizeof(info->version),
		    a[SKBTRAIL_A_INFO_VERSION]);
	family_text(info->kernel, sizeof(info->kernel), a[SKBTRAIL_A_INFO_KERNEL]);
	return MNL_CB_OK;
}

int family_info(struct family *f, struct module_info *info)
{
	char buf[256];

	memset(info, 0, sizeof(*info));
	return family_talk(f, family_request(f, buf, SKBTRAIL_CMD_INFO_GET, 0),
			   take_info, info);
}

static int explain(const struct family *f, int err)
{
	switch (err) {
	case -ENOENT:
		return complain("the module is not loaded; run 'modprobe skbtrail'");
	case -EPERM:
		return complain("this needs root (CAP_NET_ADMIN in the initial user namespace)");
	default:
		return family_complain(f, "cannot speak to the module", err);
	}
}

static int refuse_abi(uint32_t abi)
{
	return complain("the module speaks protocol %u, this tool %u; install both of one release",
			abi, SKBTRAIL_ABI);
}

int family_connect(struct family *f, struct module_info *info)
{
	struct module_info own;
	int ret;

	if (!info)
		info = &own;
	ret = family_open(f);
	if (ret)
		return explain(f, ret);
	ret = family_info(f, info);
	if (ret)
		ret = explain(f, ret);
	else if (info->abi != SKBTRAIL_ABI)
		ret = refuse_abi(info->abi);
	if (ret)
		family_close(f);
	return ret;
}
