// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for skbtrail.ko of another release: the same family, another
 * protocol version. The tool must refuse it in a sentence.
 */
#include <linux/module.h>
#include <linux/skbtrail.h>
#include <net/genetlink.h>

#define OTHER_ABI	999

static struct genl_family family;

static int info_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *head;

	if (!msg)
		return -ENOMEM;
	head = genlmsg_put_reply(msg, info, &family, 0, SKBTRAIL_CMD_INFO_GET);
	if (!head || nla_put_u32(msg, SKBTRAIL_A_INFO_ABI, OTHER_ABI)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

static const struct genl_ops ops[] = {
	{
		.cmd = SKBTRAIL_CMD_INFO_GET,
		.flags = GENL_ADMIN_PERM,
		.doit = info_get,
	},
};

static struct genl_family family __ro_after_init = {
	.name = SKBTRAIL_FAMILY_NAME,
	.version = SKBTRAIL_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.resv_start_op = SKBTRAIL_CMD_INFO_GET,
};

static int __init test_skbtrail_abi_init(void)
{
	return genl_register_family(&family);
}

static void __exit test_skbtrail_abi_exit(void)
{
	genl_unregister_family(&family);
}

module_init(test_skbtrail_abi_init);
module_exit(test_skbtrail_abi_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("skbtrail family of another protocol version, for tests");
