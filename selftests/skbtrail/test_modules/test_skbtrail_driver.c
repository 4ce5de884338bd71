// SPDX-License-Identifier: GPL-2.0
/*
 * A network device for tests: its driver is busy for every second packet, once,
 * and is done with a packet later, in its poll function, as drivers of network
 * cards are. What it did stands in /sys/module/test_skbtrail_driver/parameters/.
 * It can hold RTNL for as long as a test likes.
 */
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

static unsigned int busy;
module_param(busy, uint, 0444);
MODULE_PARM_DESC(busy, "packets refused");

static unsigned int done;
module_param(done, uint, 0444);
MODULE_PARM_DESC(done, "packets freed after they were sent");

static bool hold;
module_param(hold, bool, 0644);
MODULE_PARM_DESC(hold, "as long as it is set, who has the device up waits, and RTNL is held");

static bool held;
module_param(held, bool, 0444);
MODULE_PARM_DESC(held, "somebody waits");

static struct net_device *device;
static struct sk_buff_head sent;
static struct napi_struct napi;
/* the transmit lock is held around both */
static unsigned int accepted;
static bool refused;

static netdev_tx_t start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	if (accepted % 2 && !refused) {
		refused = true;
		busy++;
		return NETDEV_TX_BUSY;
	}
	refused = false;
	accepted++;
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += skb->len;
	skb_queue_tail(&sent, skb);
	napi_schedule(&napi);
	return NETDEV_TX_OK;
}

static int poll(struct napi_struct *n, int budget)
{
	struct sk_buff *skb;
	int work = 0;

	while (work < budget) {
		skb = skb_dequeue(&sent);
		if (!skb)
			break;
		napi_consume_skb(skb, budget);
		done++;
		work++;
	}
	if (work < budget)
		napi_complete_done(n, work);
	return work;
}

static int open(struct net_device *dev)
{
	while (READ_ONCE(hold)) {
		held = true;
		msleep(20);
	}
	held = false;
	napi_enable(&napi);
	netif_start_queue(dev);
	return 0;
}

static int stop(struct net_device *dev)
{
	netif_stop_queue(dev);
	napi_disable(&napi);
	skb_queue_purge(&sent);
	return 0;
}

static const struct net_device_ops ops = {
	.ndo_open = open,
	.ndo_stop = stop,
	.ndo_start_xmit = start_xmit,
};

static int __init test_skbtrail_driver_init(void)
{
	int err;

	skb_queue_head_init(&sent);
	device = alloc_etherdev(0);
	if (!device)
		return -ENOMEM;
	strscpy(device->name, "sktest%d", IFNAMSIZ);
	device->netdev_ops = &ops;
	eth_hw_addr_random(device);
	netif_napi_add_tx(device, &napi, poll);
	err = register_netdev(device);
	if (err)
		free_netdev(device);
	return err;
}

static void __exit test_skbtrail_driver_exit(void)
{
	unregister_netdev(device);
	free_netdev(device);
}

module_init(test_skbtrail_driver_init);
module_exit(test_skbtrail_driver_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A network device whose driver is busy and done");
