/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_NETLINK_H
#define SKBTRAIL_NETLINK_H

#include <net/genetlink.h>

#define SKBTRAIL_VERSION	"0.1.0"

extern struct genl_family skbtrail_family;
extern const struct nla_policy skbtrail_action_policy[];

int skbtrail_netlink_init(void);
void skbtrail_netlink_exit(void);

#endif /* SKBTRAIL_NETLINK_H */
