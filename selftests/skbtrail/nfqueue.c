// SPDX-License-Identifier: GPL-2.0
/*
 * nfqueue NUMBER COUNT: holds packets in queue NUMBER of this namespace. Says
 * what each carries, a line each: a serial number of the tests' flood, else
 * "other"; and "full" once COUNT are held. SIGUSR1: accepts them in their
 * order, and further ones at once; SIGUSR2: drops them. Ends with SIGTERM, or when it
 * was overrun.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_HELD	4096
#define RECEIVE_BUF	(16 << 20)
#define SERIAL		"skbtrail"

static struct mnl_socket *nl;
static uint16_t queue;
static uint32_t held[MAX_HELD];
static unsigned int n_held, wanted;
static bool open_wide;
static uint32_t answer = NF_ACCEPT;

static struct nlmsghdr *begin(char *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(queue);
	return nlh;
}

static void send_all(const struct nlmsghdr *nlh)
{
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		err(1, "sendto");
}

static void bind_queue(void)
{
	struct nfqnl_msg_config_cmd cmd = { .command = NFQNL_CFG_CMD_BIND };
	struct nfqnl_msg_config_params params = {
		.copy_range = htonl(128), .copy_mode = NFQNL_COPY_PACKET,
	};
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = begin(buf, NFQNL_MSG_CONFIG, NLM_F_ACK);
	ssize_t n;

	mnl_attr_put(nlh, NFQA_CFG_CMD, sizeof(cmd), &cmd);
	mnl_attr_put(nlh, NFQA_CFG_PARAMS, sizeof(params), &params);
	mnl_attr_put_u32(nlh, NFQA_CFG_QUEUE_MAXLEN, htonl(MAX_HELD));
	send_all(nlh);
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, n, 0, mnl_socket_get_portid(nl), NULL, NULL) < 0)
		err(1, "queue %u", queue);
	puts("bound");
}

static void answer_one(uint32_t id)
{
	struct nfqnl_msg_verdict_hdr verdict = { .verdict = htonl(answer), .id = id };
	char buf[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *nlh = begin(buf, NFQNL_MSG_VERDICT, 0);

	mnl_attr_put(nlh, NFQA_VERDICT_HDR, sizeof(verdict), &verdict);
	send_all(nlh);
}

static void answer_held(uint32_t with)
{
	unsigned int i;

	answer = with;
	for (i = 0; i < n_held; i++)
		answer_one(held[i]);
	n_held = 0;
	open_wide = true;
}

/* IPv4 and UDP in front of it */
static void tell(const struct nlattr *payload)
{
	const uint8_t *ip = mnl_attr_get_payload(payload);
	uint16_t len = mnl_attr_get_payload_len(payload);
	size_t at = (ip[0] & 15U) * 4 + 8;
	uint32_t serial;

	if (len < at + strlen(SERIAL) + sizeof(serial) ||
	    memcmp(ip + at, SERIAL, strlen(SERIAL)) != 0) {
		puts("other");
		return;
	}
	memcpy(&serial, ip + at + strlen(SERIAL), sizeof(serial));
	printf("%u\n", ntohl(serial));
}

static int take(const struct nlmsghdr *nlh, void *data)
{
	const struct nfqnl_msg_packet_hdr *head = NULL;
	const struct nlattr *attr, *payload = NULL;

	(void)data;
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFQA_PACKET_HDR)
			head = mnl_attr_get_payload(attr);
		if (mnl_attr_get_type(attr) == NFQA_PAYLOAD)
			payload = attr;
	}
	if (!head || !payload)
		errx(1, "a packet without header or payload");
	tell(payload);
	if (open_wide) {
		answer_one(head->packet_id);
		return MNL_CB_OK;
	}
	if (n_held == MAX_HELD)
		errx(1, "too many packets");
	held[n_held++] = head->packet_id;
	if (n_held == wanted)
		puts("full");
	return MNL_CB_OK;
}

static void receive(void)
{
	char buf[MNL_SOCKET_BUFFER_SIZE];
	ssize_t n = mnl_socket_recvfrom(nl, buf, sizeof(buf));

	if (n < 0 || mnl_cb_run(buf, n, 0, 0, take, NULL) < 0)
		err(1, "receive");
}

static int catch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		err(1, "signalfd");
	return fd;
}

static bool told_to_end(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		err(1, "signalfd");
	if (info.ssi_signo == SIGTERM)
		return true;
	answer_held(info.ssi_signo == SIGUSR1 ? NF_ACCEPT : NF_DROP);
	return false;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2];
	int bytes = RECEIVE_BUF;

	if (argc != 3)
		errx(1, "usage: nfqueue NUMBER COUNT");
	queue = strtoul(argv[1], NULL, 10);
	wanted = strtoul(argv[2], NULL, 10);
	setvbuf(stdout, NULL, _IOLBF, 0);
	fds[0] = (struct pollfd) { .fd = catch_signals(), .events = POLLIN };
	nl = mnl_socket_open(NETLINK_NETFILTER);
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		err(1, "netlink");
	fds[1] = (struct pollfd) { .fd = mnl_socket_get_fd(nl), .events = POLLIN };
	if (setsockopt(fds[1].fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		err(1, "SO_RCVBUFFORCE");
	bind_queue();
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			err(1, "poll");
		if (fds[1].revents)
			receive();
		if (fds[0].revents && told_to_end(fds[0].fd))
			return 0;
	}
}
