// SPDX-License-Identifier: GPL-2.0
#include "session.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "complain.h"
#include "family.h"
#include "signals.h"
#include "start.h"

#define RECEIVE_BUF	0x100000

/* After stop was asked for, so long may nothing come before the last record (ms). */
#define DRAIN_MS	10000

/**
 * struct session - A running session.
 * @family: the socket the session is bound to
 * @start_seq: number of the request to start, 0 when not sent
 * @stop_seq: number of the request to stop, 0 when not sent
 * @running: the reply to start came
 * @stopped: stop was answered
 * @summed: the last record came
 * @failed: told in a sentence
 * @abandon: asked to stop twice, so do not wait for the rest
 * @deadline: stop then, in milliseconds of CLOCK_MONOTONIC; 0 never
 */
struct session {
	struct family family;
	const struct options *opts;
	const struct session_ops *ops;
	void *arg;
	char *buf;
	int signals;
	uint32_t start_seq;
	uint32_t stop_seq;
	bool running;
	bool stopped;
	bool summed;
	bool failed;
	bool abandon;
	uint64_t deadline;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* The module counts half of the buffer for the socket's queue. */
static void size_queue(const struct session *s)
{
	int fd = mnl_socket_get_fd(s->family.nl);
	int bytes = s->opts->buffer / 2;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static int send_start(struct session *s)
{
	struct start start;
	struct nlmsghdr *nlh;
	int ret;

	/* libpcap can think for minutes about a long filter: until then SIGINT kills */
	if (start_prepare(&start, s->opts, &s->family))
		return -1;
	s->signals = signals_open();
	if (s->signals < 0) {
		start_release(&start);
		return -1;
	}
	ret = s->ops->begin ? s->ops->begin(s->arg) : 0;
	if (!ret) {
		nlh = start_request(&start, &s->family, s->buf);
		s->start_seq = nlh->nlmsg_seq;
		if (mnl_socket_sendto(s->family.nl, nlh, nlh->nlmsg_len) < 0)
			ret = complain("cannot start the session: %s",
				       strerror(errno));
	}
	start_release(&start);
	return ret;
}

static void send_stop(struct session *s)
{
	char buf[64];
	struct nlmsghdr *nlh;

	if (s->stop_seq)
		return;
	nlh = family_request(&s->family, buf, SKBTRAIL_CMD_SESSION_STOP, 0);
	s->stop_seq = nlh->nlmsg_seq;
	s->deadline = now_ms() + DRAIN_MS;
	if (mnl_socket_sendto(s->family.nl, nlh, nlh->nlmsg_len) < 0) {
		complain("cannot stop the session: %s", strerror(errno));
		s->failed = true;
	}
}

static void now_running(struct session *s)
{
	if (s->running)
		return;
	s->running = true;
	if (s->opts->duration_ms)
		s->deadline = now_ms() + s->opts->duration_ms;
	fputs("listening\n", stderr);
}

static void handle_ack(struct session *s, const struct nlmsghdr *nlh)
{
	int err = family_refusal(&s->family, nlh);

	if (nlh->nlmsg_seq == s->stop_seq) {
		s->stopped = true;
		if (err)
			family_complain(&s->family, "cannot stop the session", err);
		s->failed |= !!err;
	} else if (nlh->nlmsg_seq == s->start_seq) {
		if (err)
			family_complain(&s->family, "cannot start the session", err);
		else
			now_running(s);
		s->failed |= !!err;
	}
}

static void handle_batch(struct session *s, const struct nlmsghdr *nlh)
{
	const struct nlattr *a[SKBTRAIL_A_BATCH_MAX + 1];
	const struct nlattr *records;

	family_parse(nlh, a, SKBTRAIL_A_BATCH_MAX);
	records = a[SKBTRAIL_A_BATCH_RECORDS];
	if (records && s->ops->batch(s->arg, mnl_attr_get_payload(records),
				     mnl_attr_get_payload_len(records)))
		s->summed = true;
	/* who reads slowly has much to read still: silence is the end */
	if (s->stop_seq)
		s->deadline = now_ms() + DRAIN_MS;
}

static void handle_message(struct session *s, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		handle_ack(s, nlh);
		return;
	}
	if (nlh->nlmsg_type != s->family.id ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return;
	if (genl->cmd == SKBTRAIL_CMD_BATCH)
		handle_batch(s, nlh);
	else if (genl->cmd == SKBTRAIL_CMD_SESSION_START)
		now_running(s);
}

static void take_messages(struct session *s)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)s->buf;
	ssize_t n = recv(mnl_socket_get_fd(s->family.nl), s->buf, RECEIVE_BUF,
			 MSG_DONTWAIT | MSG_TRUNC);
	int left = n;

	if (n < 0 && errno == ENOBUFS)
		s->ops->overrun(s->arg);
	if (n < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
		complain("cannot receive: %s", strerror(errno));
		s->failed = true;
	}
	if (n > RECEIVE_BUF) {
		s->ops->overrun(s->arg);
		return;
	}
	for (; n > 0 && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		handle_message(s, nlh);
}

static int time_left(const struct session *s)
{
	uint64_t now = now_ms();

	if (!s->deadline)
		return -1;
	if (now >= s->deadline)
		return 0;
	return s->deadline - now < 60000 ? s->deadline - now : 60000;
}

static void handle_deadline(struct session *s)
{
	if (!s->deadline || now_ms() < s->deadline)
		return;
	if (s->stop_seq) {
		complain("the module did not send the end of the session");
		s->abandon = true;
	}
	send_stop(s);
}

static void handle_signal(struct session *s)
{
	if (!signals_take(s->signals))
		return;
	if (s->stop_seq)
		s->abandon = true;
	send_stop(s);
}

static void turn(struct session *s)
{
	struct pollfd fds[] = {
		{ mnl_socket_get_fd(s->family.nl), POLLIN, 0 },
		{ s->signals, POLLIN, 0 },
		{ s->ops->watch_stdout && !s->stop_seq ? STDOUT_FILENO : -1, 0, 0 },
	};

	if (poll(fds, 3, time_left(s)) < 0 && errno != EINTR) {
		complain("cannot wait: %s", strerror(errno));
		s->failed = true;
		return;
	}
	if (fds[0].revents)
		take_messages(s);
	if (fds[1].revents)
		handle_signal(s);
	if (fds[2].revents & POLLERR)
		send_stop(s);
	handle_deadline(s);
	if (s->running && s->ops->done(s->arg))
		send_stop(s);
}

/* The last batches may come before or after the answer to stop. */
static bool over(const struct session *s)
{
	return s->failed || s->abandon || (s->stopped && s->summed);
}

int session_run(const struct options *opts, const struct session_ops *ops,
		void *arg)
{
	struct session s = { .opts = opts, .ops = ops, .arg = arg, .signals = -1 };

	if (family_connect(&s.family, NULL))
		return -1;
	s.buf = xcalloc(1, RECEIVE_BUF);
	size_queue(&s);
	s.failed = send_start(&s);
	while (!over(&s))
		turn(&s);
	/* closing the socket ends whatever of the session is left */
	family_close(&s.family);
	if (s.signals >= 0)
		close(s.signals);
	free(s.buf);
	return s.failed ? -1 : 0;
}
