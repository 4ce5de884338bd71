// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family, as described in
 * Documentation/netlink/specs/skbtrail.yaml. Policies reject what they can;
 * every other refusal has a sentence.
 */
#include "netlink.h"

#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbtrail.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "attach.h"
#include "filter.h"
#include "rewrite.h"
#include "session.h"
#include "sight.h"
#include "stages.h"

#define DEFAULT_SNAPLEN	128
#define DEFAULT_BUFFER	(16 * 1024 * 1024)
#define DEFAULT_FLUSH	100
#define FILTER_MAX	(BPF_MAXINSNS * sizeof(struct sock_filter))

/* not const: 6.1 wants to point to them */
static struct netlink_range_validation buffer_range = {
	.min = 256 * 1024,
	.max = 1024 * 1024 * 1024,
};

static const struct nla_policy session_policy[SKBTRAIL_A_SESSION_MAX + 1] = {
	[SKBTRAIL_A_SESSION_FILTER_L2] = { .type = NLA_BINARY, .len = FILTER_MAX },
	[SKBTRAIL_A_SESSION_FILTER_L3] = { .type = NLA_BINARY, .len = FILTER_MAX },
	[SKBTRAIL_A_SESSION_FILTER_TEXT] = { .type = NLA_NUL_STRING, .len = 1023 },
	[SKBTRAIL_A_SESSION_STAGE] = NLA_POLICY_MAX(NLA_U32, SKBTRAIL_ST_COUNT - 1),
	[SKBTRAIL_A_SESSION_DEV] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[SKBTRAIL_A_SESSION_NETNS_FD] = { .type = NLA_U32 },
	[SKBTRAIL_A_SESSION_SNAPLEN] = NLA_POLICY_MAX(NLA_U32, SKBTRAIL_MAX_SNAPLEN),
	[SKBTRAIL_A_SESSION_BUFFER] = NLA_POLICY_FULL_RANGE(NLA_U32, &buffer_range),
	[SKBTRAIL_A_SESSION_FLUSH_MS] = NLA_POLICY_RANGE(NLA_U32, 1, 10000),
	[SKBTRAIL_A_SESSION_STACK] = { .type = NLA_FLAG },
	[SKBTRAIL_A_SESSION_RULES] = { .type = NLA_FLAG },
};

static struct netlink_range_validation number_range = { .min = 1, .max = S32_MAX };
static struct netlink_range_validation probability_range = { .min = 1, .max = NSEC_PER_SEC };
static struct netlink_range_validation offset_range = { .max = U16_MAX };

const struct nla_policy skbtrail_action_policy[SKBTRAIL_A_ACTION_MAX + 1] = {
	[SKBTRAIL_A_ACTION_KIND] = NLA_POLICY_RANGE(NLA_U32, 1, SKBTRAIL_RULE_ACTION_MAX),
	[SKBTRAIL_A_ACTION_VALUE] = { .type = NLA_U32 },
	[SKBTRAIL_A_ACTION_MASK] = { .type = NLA_U32 },
	[SKBTRAIL_A_ACTION_ADDRESS] = { .type = NLA_BINARY, .len = 16 },
	[SKBTRAIL_A_ACTION_OFFSET] = NLA_POLICY_FULL_RANGE(NLA_U32, &offset_range),
	[SKBTRAIL_A_ACTION_BYTES] = { .type = NLA_BINARY, .len = 256 },
};

static const struct nla_policy rule_policy[SKBTRAIL_A_RULE_MAX + 1] = {
	[SKBTRAIL_A_RULE_NUMBER] = NLA_POLICY_FULL_RANGE(NLA_U32, &number_range),
	[SKBTRAIL_A_RULE_HOOK] = NLA_POLICY_RANGE(NLA_U32, 1, SKBTRAIL_RULE_HOOK_MAX),
	[SKBTRAIL_A_RULE_PLACE] = NLA_POLICY_RANGE(NLA_U32, 1, SKBTRAIL_RULE_PLACE_MAX),
	[SKBTRAIL_A_RULE_FILTER_L2] = { .type = NLA_BINARY, .len = FILTER_MAX },
	[SKBTRAIL_A_RULE_FILTER_L3] = { .type = NLA_BINARY, .len = FILTER_MAX },
	[SKBTRAIL_A_RULE_FILTER_TEXT] = { .type = NLA_NUL_STRING, .len = 1023 },
	[SKBTRAIL_A_RULE_DEV] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[SKBTRAIL_A_RULE_NETNS_FD] = { .type = NLA_U32 },
	[SKBTRAIL_A_RULE_ACTION] = NLA_POLICY_NESTED(skbtrail_action_policy),
	[SKBTRAIL_A_RULE_TEXT] = { .type = NLA_NUL_STRING, .len = 255 },
	[SKBTRAIL_A_RULE_COUNT] = { .type = NLA_U64 },
	[SKBTRAIL_A_RULE_FOR_MS] = NLA_POLICY_MIN(NLA_U32, 1),
	[SKBTRAIL_A_RULE_PROBABILITY] = NLA_POLICY_FULL_RANGE(NLA_U32, &probability_range),
	[SKBTRAIL_A_RULE_SEED] = { .type = NLA_U64 },
	[SKBTRAIL_A_RULE_DRY_RUN] = { .type = NLA_FLAG },
	[SKBTRAIL_A_RULE_PERSIST] = { .type = NLA_FLAG },
	[SKBTRAIL_A_RULE_DISTURB_QUEUES] = { .type = NLA_FLAG },
};

static const struct nla_policy number_policy[SKBTRAIL_A_RULE_NUMBER + 1] = {
	[SKBTRAIL_A_RULE_NUMBER] = NLA_POLICY_FULL_RANGE(NLA_U32, &number_range),
};

static struct sk_buff *reply_begin(struct genl_info *info, u8 cmd, void **head)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!msg)
		return NULL;
	*head = genlmsg_put_reply(msg, info, &skbtrail_family, 0, cmd);
	return msg;
}

static int reply_end(struct sk_buff *msg, void *head, int err, struct genl_info *info)
{
	if (err) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

static unsigned int sessions_running(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < SKBTRAIL_MAX_SESSIONS; i++)
		n += !!skbtrail_session_nth(i);
	return n;
}

static int info_get(struct sk_buff *skb, struct genl_info *info)
{
	unsigned int sessions;
	struct sk_buff *msg;
	void *head;
	u64 missed;
	int err;

	msg = reply_begin(info, SKBTRAIL_CMD_INFO_GET, &head);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&skbtrail_control);
	sessions = sessions_running();
	missed = skbtrail_attach_missed();
	mutex_unlock(&skbtrail_control);
	err = nla_put_u32(msg, SKBTRAIL_A_INFO_ABI, SKBTRAIL_ABI) ||
	      nla_put_string(msg, SKBTRAIL_A_INFO_VERSION, SKBTRAIL_VERSION) ||
	      nla_put_string(msg, SKBTRAIL_A_INFO_KERNEL, init_utsname()->release) ||
	      nla_put_u32(msg, SKBTRAIL_A_INFO_ATTACH, skbtrail_attach_kind()) ||
	      nla_put_u32(msg, SKBTRAIL_A_INFO_STAGES, SKBTRAIL_ST_COUNT) ||
	      nla_put_u32(msg, SKBTRAIL_A_INFO_SESSIONS, sessions) ||
	      nla_put_u64_64bit(msg, SKBTRAIL_A_INFO_MISSED, missed, 0);
	return reply_end(msg, head, err, info);
}

static int put_point(struct sk_buff *msg, const struct skbtrail_point *p)
{
	struct nlattr *nest = nla_nest_start(msg, SKBTRAIL_A_STAGE_POINT);
	bool available = p->state == SKBTRAIL_POINT_STATE_AVAILABLE ||
			 p->state == SKBTRAIL_POINT_STATE_ATTACHED;

	if (!nest ||
	    nla_put_u32(msg, SKBTRAIL_A_POINT_ID, p->id) ||
	    nla_put_string(msg, SKBTRAIL_A_POINT_FUNC, p->func) ||
	    nla_put_u32(msg, SKBTRAIL_A_POINT_KIND, p->kind) ||
	    nla_put_u32(msg, SKBTRAIL_A_POINT_STATE, p->state) ||
	    (p->mod && nla_put_string(msg, SKBTRAIL_A_POINT_MODULE, p->mod)) ||
	    (!available && nla_put_string(msg, SKBTRAIL_A_POINT_REASON, p->why)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static u32 stage_users(unsigned int stage)
{
	unsigned int i;
	u32 users = 0;

	for (i = 0; i < skbtrail_point_count; i++)
		if (skbtrail_points[i].stage == stage)
			users = max(users, skbtrail_points[i].users);
	return users;
}

static int put_stage(struct sk_buff *msg, struct netlink_callback *cb, unsigned int id)
{
	const struct skbtrail_stage *st = &skbtrail_stages[id];
	unsigned int i;
	void *head;

	head = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &skbtrail_family, NLM_F_MULTI, SKBTRAIL_CMD_STAGE_GET);
	if (!head)
		return -EMSGSIZE;
	if (nla_put_u32(msg, SKBTRAIL_A_STAGE_ID, id) ||
	    nla_put_string(msg, SKBTRAIL_A_STAGE_NAME, st->name) ||
	    nla_put_u32(msg, SKBTRAIL_A_STAGE_LAYER, st->layer) ||
	    nla_put_u32(msg, SKBTRAIL_A_STAGE_DIRECTION, st->direction) ||
	    nla_put_string(msg, SKBTRAIL_A_STAGE_DOC, st->doc) ||
	    nla_put_u32(msg, SKBTRAIL_A_STAGE_USERS, stage_users(id)))
		goto cancel;
	for (i = 0; i < skbtrail_point_count; i++)
		if (skbtrail_points[i].stage == id && put_point(msg, &skbtrail_points[i]))
			goto cancel;
	genlmsg_end(msg, head);
	return 0;

cancel:
	genlmsg_cancel(msg, head);
	return -EMSGSIZE;
}

static int stage_get(struct sk_buff *msg, struct netlink_callback *cb)
{
	unsigned int id = cb->args[0];

	mutex_lock(&skbtrail_control);
	while (id < SKBTRAIL_ST_COUNT && !put_stage(msg, cb, id))
		id++;
	mutex_unlock(&skbtrail_control);
	cb->args[0] = id;
	return msg->len;
}

static void take_stages(struct skbtrail_config *c, const struct genl_info *info)
{
	const struct nlattr *attr;
	bool any = false;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != SKBTRAIL_A_SESSION_STAGE)
			continue;
		__set_bit(nla_get_u32(attr), c->stages);
		any = true;
	}
	if (!any)
		bitmap_fill(c->stages, SKBTRAIL_ST_COUNT);
	bitmap_copy(c->begin, c->stages, SKBTRAIL_ST_COUNT);
	/* what happens before there is a packet is told when it shows up here */
	if (find_next_bit(c->stages, SKBTRAIL_ST_IP_LOCAL_OUT, SKBTRAIL_ST_SOCK_CREATE) <
	    SKBTRAIL_ST_IP_LOCAL_OUT) {
		__set_bit(SKBTRAIL_ST_IP_LOCAL_OUT, c->begin);
		__set_bit(SKBTRAIL_ST_NF_LOCAL_OUT, c->begin);
		if (test_bit(SKBTRAIL_ST_PACKET_SEND, c->stages))
			__set_bit(SKBTRAIL_ST_DEV_QUEUE, c->begin);
	}
}

static bool device_exists(const char *name, u64 cookie)
{
	bool found = false;
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net) {
		if (cookie && net->net_cookie != cookie)
			continue;
		rcu_read_lock();
		found = dev_get_by_name_rcu(net, name);
		rcu_read_unlock();
		if (found)
			break;
	}
	up_read(&net_rwsem);
	return found;
}

static int take_place(struct skbtrail_config *c, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct net *net;

	if (a[SKBTRAIL_A_SESSION_NETNS_FD]) {
		net = get_net_ns_by_fd(nla_get_u32(a[SKBTRAIL_A_SESSION_NETNS_FD]));
		if (IS_ERR(net)) {
			NL_SET_ERR_MSG_ATTR(info->extack, a[SKBTRAIL_A_SESSION_NETNS_FD],
					    "the file descriptor is not a network namespace");
			return PTR_ERR(net);
		}
		c->netns = net->net_cookie;
		put_net(net);
	}
	if (a[SKBTRAIL_A_SESSION_DEV]) {
		nla_strscpy(c->dev, a[SKBTRAIL_A_SESSION_DEV], sizeof(c->dev));
		if (!device_exists(c->dev, c->netns)) {
			NL_SET_ERR_MSG_ATTR(info->extack, a[SKBTRAIL_A_SESSION_DEV],
					    "there is no network device of this name");
			return -ENODEV;
		}
	}
	return 0;
}

static u32 u32_or(const struct nlattr *attr, u32 or)
{
	return attr ? nla_get_u32(attr) : or;
}

static int take_config(struct skbtrail_config *c, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	int err;

	c->snaplen = u32_or(a[SKBTRAIL_A_SESSION_SNAPLEN], DEFAULT_SNAPLEN);
	c->buffer = u32_or(a[SKBTRAIL_A_SESSION_BUFFER], DEFAULT_BUFFER);
	c->flush_ms = u32_or(a[SKBTRAIL_A_SESSION_FLUSH_MS], DEFAULT_FLUSH);
	c->stack = nla_get_flag(a[SKBTRAIL_A_SESSION_STACK]);
	c->rules = nla_get_flag(a[SKBTRAIL_A_SESSION_RULES]);
	if (a[SKBTRAIL_A_SESSION_FILTER_TEXT])
		nla_strscpy(c->text, a[SKBTRAIL_A_SESSION_FILTER_TEXT], sizeof(c->text));
	take_stages(c, info);
	err = take_place(c, info);
	if (err)
		return err;
	c->l2 = skbtrail_filter_compile(a[SKBTRAIL_A_SESSION_FILTER_L2], NULL, info->extack);
	if (IS_ERR(c->l2)) {
		err = PTR_ERR(c->l2);
		c->l2 = NULL;
		return err;
	}
	c->l3 = skbtrail_filter_compile(a[SKBTRAIL_A_SESSION_FILTER_L3], &c->l3_reach,
					info->extack);
	if (IS_ERR(c->l3)) {
		err = PTR_ERR(c->l3);
		c->l3 = NULL;
	}
	return err;
}

static int session_start(struct sk_buff *skb, struct genl_info *info)
{
	struct skbtrail_config *config = kzalloc(sizeof(*config), GFP_KERNEL);
	struct skbtrail_session *s;
	u32 id, points, missing;
	struct sk_buff *msg;
	void *head;
	int err;

	if (!config)
		return -ENOMEM;
	err = take_config(config, info);
	if (err)
		goto out_config;
	mutex_lock(&skbtrail_control);
	s = skbtrail_session_start(config, NETLINK_CB(skb).sk, info->snd_portid,
				   info->extack);
	if (IS_ERR(s)) {
		mutex_unlock(&skbtrail_control);
		err = PTR_ERR(s);
		goto out_config;
	}
	id = s->id;
	points = s->points;
	missing = s->missing;
	mutex_unlock(&skbtrail_control);
	msg = reply_begin(info, SKBTRAIL_CMD_SESSION_START, &head);
	if (msg) {
		err = nla_put_u32(msg, SKBTRAIL_A_SESSION_ID, id) ||
		      nla_put_u32(msg, SKBTRAIL_A_SESSION_POINTS, points) ||
		      nla_put_u32(msg, SKBTRAIL_A_SESSION_MISSING, missing) ||
		      nla_put_u32(msg, SKBTRAIL_A_SESSION_BUFFER, config->buffer);
		err = reply_end(msg, head, err, info);
	}
	kfree(config);
	return err;

out_config:
	skbtrail_config_release(config);
	kfree(config);
	return err;
}

static int session_stop(struct sk_buff *skb, struct genl_info *info)
{
	struct skbtrail_session *s;
	struct sk_buff *msg;
	void *head;
	int err;
	u32 id;

	msg = reply_begin(info, SKBTRAIL_CMD_SESSION_STOP, &head);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&skbtrail_control);
	s = skbtrail_session_of(NETLINK_CB(skb).sk);
	if (!s) {
		mutex_unlock(&skbtrail_control);
		nlmsg_free(msg);
		GENL_SET_ERR_MSG(info, "this socket has no session; send session-start first");
		return -ENOENT;
	}
	id = s->id;
	skbtrail_session_stop(s);
	mutex_unlock(&skbtrail_control);
	err = nla_put_u32(msg, SKBTRAIL_A_SESSION_ID, id);
	return reply_end(msg, head, err, info);
}

static int put_session(struct sk_buff *msg, struct netlink_callback *cb,
		       const struct skbtrail_session *s)
{
	struct skbtrail_totals t;
	u64 lost = 0;
	void *head;
	int i;

	head = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &skbtrail_family, NLM_F_MULTI, SKBTRAIL_CMD_SESSION_GET);
	if (!head)
		return -EMSGSIZE;
	skbtrail_stream_totals(&s->stream, &t);
	for (i = 0; i < ARRAY_SIZE(t.lost); i++)
		lost += t.lost[i];
	if (nla_put_u32(msg, SKBTRAIL_A_SESSION_ID, s->id) ||
	    nla_put_string(msg, SKBTRAIL_A_SESSION_FILTER_TEXT, s->config.text) ||
	    nla_put_u32(msg, SKBTRAIL_A_SESSION_PORTID, s->portid) ||
	    nla_put_u32(msg, SKBTRAIL_A_SESSION_PID, s->pid) ||
	    nla_put_u32(msg, SKBTRAIL_A_SESSION_SNAPLEN, s->config.snaplen) ||
	    nla_put_u32(msg, SKBTRAIL_A_SESSION_BUFFER, s->config.buffer) ||
	    nla_put_u32(msg, SKBTRAIL_A_SESSION_FLUSH_MS, s->config.flush_ms) ||
	    nla_put_u64_64bit(msg, SKBTRAIL_A_SESSION_HITS, t.hits, SKBTRAIL_A_SESSION_PAD) ||
	    nla_put_u64_64bit(msg, SKBTRAIL_A_SESSION_TRAILS, t.trails,
			      SKBTRAIL_A_SESSION_PAD) ||
	    nla_put_u64_64bit(msg, SKBTRAIL_A_SESSION_ENDS, t.ends, SKBTRAIL_A_SESSION_PAD) ||
	    nla_put_u64_64bit(msg, SKBTRAIL_A_SESSION_LOST, lost, SKBTRAIL_A_SESSION_PAD)) {
		genlmsg_cancel(msg, head);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return 0;
}

static int session_get(struct sk_buff *msg, struct netlink_callback *cb)
{
	const struct skbtrail_session *s;
	unsigned int i;

	mutex_lock(&skbtrail_control);
	for (i = cb->args[0]; i < SKBTRAIL_MAX_SESSIONS; i++) {
		s = skbtrail_session_nth(i);
		if (s && !s->closed && put_session(msg, cb, s))
			break;
	}
	mutex_unlock(&skbtrail_control);
	cb->args[0] = i;
	return msg->len;
}

/* without a policy of its own, a command refuses all attributes */
static const struct genl_ops skbtrail_ops[] = {
	{
		.cmd = SKBTRAIL_CMD_INFO_GET,
		.flags = GENL_ADMIN_PERM,
		.doit = info_get,
	}, {
		.cmd = SKBTRAIL_CMD_STAGE_GET,
		.flags = GENL_ADMIN_PERM,
		.dumpit = stage_get,
	}, {
		.cmd = SKBTRAIL_CMD_SESSION_START,
		.flags = GENL_ADMIN_PERM,
		.doit = session_start,
		.policy = session_policy,
		.maxattr = SKBTRAIL_A_SESSION_MAX,
	}, {
		.cmd = SKBTRAIL_CMD_SESSION_STOP,
		.flags = GENL_ADMIN_PERM,
		.doit = session_stop,
	}, {
		.cmd = SKBTRAIL_CMD_SESSION_GET,
		.flags = GENL_ADMIN_PERM,
		.dumpit = session_get,
	}, {
		.cmd = SKBTRAIL_CMD_RULE_ADD,
		.flags = GENL_ADMIN_PERM,
		.doit = skbtrail_rewrite_add,
		.policy = rule_policy,
		.maxattr = SKBTRAIL_A_RULE_MAX,
	}, {
		.cmd = SKBTRAIL_CMD_RULE_DEL,
		.flags = GENL_ADMIN_PERM,
		.doit = skbtrail_rewrite_del,
		.policy = number_policy,
		.maxattr = SKBTRAIL_A_RULE_NUMBER,
	}, {
		.cmd = SKBTRAIL_CMD_RULE_GET,
		.flags = GENL_ADMIN_PERM,
		.dumpit = skbtrail_rewrite_get,
	},
};

struct genl_family skbtrail_family __ro_after_init = {
	.name = SKBTRAIL_FAMILY_NAME,
	.version = SKBTRAIL_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = skbtrail_ops,
	.n_ops = ARRAY_SIZE(skbtrail_ops),
	.resv_start_op = SKBTRAIL_CMD_INFO_GET,
};

int skbtrail_netlink_init(void)
{
	return genl_register_family(&skbtrail_family);
}

void skbtrail_netlink_exit(void)
{
	genl_unregister_family(&skbtrail_family);
}
