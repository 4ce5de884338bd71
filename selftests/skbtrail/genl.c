// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family as an independent client sees it, through
 * libnl-genl-3: what it tells, what it refuses and in which words, sessions,
 * and the stream record by record.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/skbtrail.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

struct spec_attr {
	unsigned int op;
	unsigned int attr;
	unsigned int type;
	unsigned int min;
	unsigned long long max;
	unsigned int max_len;
	const char *name;
};

#include "policy.h"

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define SMALL_BUFFER	(2u << 20)
#define MAX_OPS		16
#define MAX_POINTS	512
#define MAX_CPUS	256
#define MAX_TRAILS	4096

/* ---- client ---- */

/* records of a session's batches; each batch preceded by its length */
struct records {
	char *buf;
	size_t len;
	size_t cap;
};

struct client {
	struct nl_sock *sk;
	int family;
	char why[256];
	struct records records;
};

typedef void (*reply_fn)(struct nlattr **attrs, void *arg);

static __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* how much longer than usual everything may take */
static int slow(void)
{
	const char *text = getenv("SKBTRAIL_SLOW");
	int n = text ? atoi(text) : 0;

	return n > 0 ? n : 1;
}

static int client_open(struct client *c)
{
	int one = 1;

	memset(c, 0, sizeof(*c));
	c->sk = nl_socket_alloc();
	if (!c->sk || genl_connect(c->sk))
		return -1;
	nl_socket_disable_auto_ack(c->sk);
	nl_socket_set_buffer_size(c->sk, 8 << 20, 0);
	nl_socket_set_msg_buf_size(c->sk, 1 << 16);
	setsockopt(nl_socket_get_fd(c->sk), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	c->family = genl_ctrl_resolve(c->sk, SKBTRAIL_FAMILY_NAME);
	return c->family < 0 ? -1 : 0;
}

static void client_close(struct client *c)
{
	if (c->sk)
		nl_socket_free(c->sk);
	free(c->records.buf);
	memset(c, 0, sizeof(*c));
}

static struct nl_msg *request(struct client *c, int cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(1 << 17);

	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, c->family, 0,
		    NLM_F_REQUEST | NLM_F_ACK | flags, cmd, SKBTRAIL_FAMILY_VERSION);
	return msg;
}

static void keep_batch(struct client *c, struct nlmsghdr *nlh)
{
	struct nlattr *attr = nlmsg_find_attr(nlh, GENL_HDRLEN, SKBTRAIL_A_BATCH_RECORDS);
	struct records *r = &c->records;
	__u64 len = attr ? nla_len(attr) : 0;

	while (r->len + sizeof(len) + len > r->cap) {
		r->cap = r->cap ? 2 * r->cap : 1 << 20;
		r->buf = realloc(r->buf, r->cap);
		if (!r->buf)
			abort();
	}
	memcpy(r->buf + r->len, &len, sizeof(len));
	if (attr)
		memcpy(r->buf + r->len + sizeof(len), nla_data(attr), len);
	r->len += sizeof(len) + len;
}

/* error and sentence of an acknowledgment */
static int verdict(struct client *c, struct nlmsghdr *nlh)
{
	struct nlmsgerr *err = nlmsg_data(nlh);
	int off = sizeof(*err), rem;
	struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		off += err->msg.nlmsg_len - sizeof(err->msg);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		nlmsg_for_each_attr(attr, nlh, NLMSG_ALIGN(off), rem)
			if (nla_type(attr) == NLMSGERR_ATTR_MSG)
				snprintf(c->why, sizeof(c->why), "%.*s", nla_len(attr),
					 (char *)nla_data(attr));
	return err->error;
}

/* one message: 1 more to come, 0 or negative errno the request's end */
static int take(struct client *c, struct nlmsghdr *nlh, __u32 seq, reply_fn fn, void *arg)
{
	struct genlmsghdr *genl = nlmsg_data(nlh);
	struct nlattr *attrs[64];

	if (nlh->nlmsg_type == c->family && genl->cmd == SKBTRAIL_CMD_BATCH) {
		keep_batch(c, nlh);
		return 1;
	}
	if (nlh->nlmsg_seq != seq)
		return 1;
	if (nlh->nlmsg_type == NLMSG_DONE)
		return *(int *)nlmsg_data(nlh);
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return verdict(c, nlh);
	if (fn && !genlmsg_parse(nlh, 0, attrs, ARRAY_LEN(attrs) - 1, NULL))
		fn(attrs, arg);
	return 1;
}

/* receives once; 1 when the request goes on */
static int receive(struct client *c, __u32 seq, reply_fn fn, void *arg)
{
	struct sockaddr_nl from;
	unsigned char *buf;
	struct nlmsghdr *nlh;
	int n, ret = 1;

	n = nl_recv(c->sk, &from, &buf, NULL);
	if (n <= 0)
		return -ENOMSG;
	for (nlh = (struct nlmsghdr *)buf; nlmsg_ok(nlh, n) && ret == 1;
	     nlh = nlmsg_next(nlh, &n))
		ret = take(c, nlh, seq, fn, arg);
	free(buf);
	return ret;
}

static int talk(struct client *c, struct nl_msg *msg, reply_fn fn, void *arg)
{
	struct pollfd pfd = { .fd = nl_socket_get_fd(c->sk), .events = POLLIN };
	__u32 seq;
	int ret;

	c->why[0] = '\0';
	if (nl_send_auto(c->sk, msg) < 0) {
		nlmsg_free(msg);
		return -ECOMM;
	}
	seq = nlmsg_hdr(msg)->nlmsg_seq;
	nlmsg_free(msg);
	do {
		if (poll(&pfd, 1, 30000 * slow()) <= 0)
			return -ETIME;
		ret = receive(c, seq, fn, arg);
	} while (ret == 1);
	return ret;
}

static int simple(struct client *c, int cmd, int flags, reply_fn fn, void *arg)
{
	return talk(c, request(c, cmd, flags), fn, arg);
}

/* ---- what replies hold ---- */

struct info {
	__u32 abi, stages, sessions, attach;
	char version[64], kernel[128];
};

static void take_info(struct nlattr **a, void *arg)
{
	struct info *i = arg;

	i->abi = a[SKBTRAIL_A_INFO_ABI] ? nla_get_u32(a[SKBTRAIL_A_INFO_ABI]) : 0;
	i->stages = a[SKBTRAIL_A_INFO_STAGES] ? nla_get_u32(a[SKBTRAIL_A_INFO_STAGES]) : 0;
	i->attach = a[SKBTRAIL_A_INFO_ATTACH] ? nla_get_u32(a[SKBTRAIL_A_INFO_ATTACH]) : 0;
	i->sessions = a[SKBTRAIL_A_INFO_SESSIONS] ?
		      nla_get_u32(a[SKBTRAIL_A_INFO_SESSIONS]) : ~0u;
	if (a[SKBTRAIL_A_INFO_VERSION])
		nla_strlcpy(i->version, a[SKBTRAIL_A_INFO_VERSION], sizeof(i->version));
	if (a[SKBTRAIL_A_INFO_KERNEL])
		nla_strlcpy(i->kernel, a[SKBTRAIL_A_INFO_KERNEL], sizeof(i->kernel));
}

static int info_get(struct client *c, struct info *info)
{
	memset(info, 0, sizeof(*info));
	return simple(c, SKBTRAIL_CMD_INFO_GET, 0, take_info, info);
}

struct listed {
	__u32 id, portid, pid, snaplen, buffer, flush_ms;
	char text[64];
};

struct listing {
	unsigned int n;
	struct listed s[SKBTRAIL_MAX_SESSIONS + 1];
};

static void take_session(struct nlattr **a, void *arg)
{
	struct listing *l = arg;
	struct listed *s = &l->s[l->n];

	if (l->n >= ARRAY_LEN(l->s) || !a[SKBTRAIL_A_SESSION_ID])
		return;
	s->id = nla_get_u32(a[SKBTRAIL_A_SESSION_ID]);
	s->portid = nla_get_u32(a[SKBTRAIL_A_SESSION_PORTID]);
	s->pid = nla_get_u32(a[SKBTRAIL_A_SESSION_PID]);
	s->snaplen = nla_get_u32(a[SKBTRAIL_A_SESSION_SNAPLEN]);
	s->buffer = nla_get_u32(a[SKBTRAIL_A_SESSION_BUFFER]);
	s->flush_ms = nla_get_u32(a[SKBTRAIL_A_SESSION_FLUSH_MS]);
	nla_strlcpy(s->text, a[SKBTRAIL_A_SESSION_FILTER_TEXT], sizeof(s->text));
	l->n++;
}

static int list(struct client *c, struct listing *l)
{
	memset(l, 0, sizeof(*l));
	return simple(c, SKBTRAIL_CMD_SESSION_GET, NLM_F_DUMP, take_session, l);
}

/* waits until so many sessions run; ends come by a work of the kernel */
static bool sessions_become(struct client *c, unsigned int n)
{
	__u64 end = now_ms() + 20000 * slow();
	struct listing l;
	struct info info;

	do {
		if (list(c, &l) || info_get(c, &info))
			return false;
		if (l.n == n && info.sessions == n)
			return true;
		usleep(10000);
	} while (now_ms() < end);
	return false;
}

struct started {
	__u32 id, points, missing, buffer;
};

static void take_start(struct nlattr **a, void *arg)
{
	struct started *s = arg;

	if (!a[SKBTRAIL_A_SESSION_ID] || !a[SKBTRAIL_A_SESSION_POINTS] ||
	    !a[SKBTRAIL_A_SESSION_MISSING] || !a[SKBTRAIL_A_SESSION_BUFFER])
		return;
	s->id = nla_get_u32(a[SKBTRAIL_A_SESSION_ID]);
	s->points = nla_get_u32(a[SKBTRAIL_A_SESSION_POINTS]);
	s->missing = nla_get_u32(a[SKBTRAIL_A_SESSION_MISSING]);
	s->buffer = nla_get_u32(a[SKBTRAIL_A_SESSION_BUFFER]);
}

/* a session with a small buffer, for UDP to @port (0: all packets) */
static int start(struct client *c, __u16 port, struct started *s)
{
	struct sock_filter udp_to[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 4),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct nl_msg *msg = request(c, SKBTRAIL_CMD_SESSION_START, 0);
	struct started own;
	char text[32];

	snprintf(text, sizeof(text), "udp dst port %u", port);
	if (port) {
		nla_put(msg, SKBTRAIL_A_SESSION_FILTER_L3, sizeof(udp_to), udp_to);
		/* nothing but IP */
		nla_put(msg, SKBTRAIL_A_SESSION_FILTER_L2, sizeof(udp_to[0]), &udp_to[6]);
		nla_put_string(msg, SKBTRAIL_A_SESSION_FILTER_TEXT, text);
	}
	nla_put_u32(msg, SKBTRAIL_A_SESSION_BUFFER, SMALL_BUFFER);
	nla_put_u32(msg, SKBTRAIL_A_SESSION_SNAPLEN, 64);
	nla_put_u32(msg, SKBTRAIL_A_SESSION_FLUSH_MS, 20);
	memset(s ? s : &own, 0, sizeof(*s));
	return talk(c, msg, take_start, s ? s : &own);
}

/* ---- the stream ---- */

struct account {
	const char *error;
	__u64 batches, hits, packets, changes, ends, lost, marks, names;
	__u64 seq[MAX_CPUS + 1];
	__u64 trails[MAX_TRAILS];
	__u16 dports[MAX_TRAILS];
	bool ended[MAX_TRAILS];
	unsigned int ntrails;
	bool summed;
	struct skbtrail_rec_summary summary;
};

static int trail_index(const struct account *a, __u64 trail)
{
	unsigned int i;

	for (i = 0; i < a->ntrails; i++)
		if (a->trails[i] == trail)
			return i;
	return -1;
}

static __u16 dport_of(const struct skbtrail_rec_facts *rec)
{
	const char *p = (const char *)(rec + 1), *end = (const char *)rec + rec->size;
	const struct skbtrail_fact_head *head;
	__u16 dport;

	for (; p < end; p += (sizeof(*head) + head->len + 7) / 8 * 8) {
		head = (const void *)p;
		if (p + sizeof(*head) + head->len > end)
			return 0;
		if (head->id != SKBTRAIL_FACT_DPORT || head->len != 2)
			continue;
		memcpy(&dport, head + 1, 2);
		return dport;
	}
	return 0;
}

static void account_packet(struct account *a, const void *rec)
{
	const struct skbtrail_rec_facts *p = rec;

	if (a->ntrails == MAX_TRAILS)
		return;
	if (trail_index(a, p->trail) >= 0)
		a->error = "a trail began twice";
	a->trails[a->ntrails] = p->trail;
	a->dports[a->ntrails++] = dport_of(p);
	a->packets++;
}

static void account_batch(struct account *a, const void *rec)
{
	const struct skbtrail_rec_batch *b = rec;
	unsigned int cpu = b->cpu == ~0u ? MAX_CPUS : b->cpu;

	if (cpu > MAX_CPUS)
		a->error = "no such CPU";
	else if (b->seq != ++a->seq[cpu])
		a->error = "batch numbers do not count up by one";
	a->batches++;
}

static void account_end(struct account *a, const void *rec)
{
	const struct skbtrail_rec_end *e = rec;
	int i = trail_index(a, e->trail);

	if (i < 0)
		a->error = "an end of a trail that never began";
	else if (a->ended[i])
		a->error = "a trail ended twice";
	else
		a->ended[i] = true;
	if (e->end < 1 || e->end > SKBTRAIL_END_KIND_MAX)
		a->error = "no such end";
	a->ends++;
}

/* sizes of the records this test knows, whole or at least */
static bool right_size(const struct skbtrail_rec *rec)
{
	switch (rec->kind) {
	case SKBTRAIL_REC_KIND_BATCH:
		return rec->size == sizeof(struct skbtrail_rec_batch);
	case SKBTRAIL_REC_KIND_HIT:
		return rec->size == sizeof(struct skbtrail_rec_hit);
	case SKBTRAIL_REC_KIND_PACKET:
	case SKBTRAIL_REC_KIND_CHANGE:
		return rec->size >= sizeof(struct skbtrail_rec_facts);
	case SKBTRAIL_REC_KIND_END:
		return rec->size == sizeof(struct skbtrail_rec_end);
	case SKBTRAIL_REC_KIND_LINK:
		return rec->size == sizeof(struct skbtrail_rec_link);
	case SKBTRAIL_REC_KIND_CALL:
		return rec->size == sizeof(struct skbtrail_rec_call);
	case SKBTRAIL_REC_KIND_LOST:
		return rec->size == sizeof(struct skbtrail_rec_lost);
	case SKBTRAIL_REC_KIND_MARK:
		return rec->size == sizeof(struct skbtrail_rec_mark);
	case SKBTRAIL_REC_KIND_NAME:
		return rec->size > sizeof(struct skbtrail_rec_name);
	case SKBTRAIL_REC_KIND_SUMMARY:
		return rec->size == sizeof(struct skbtrail_rec_summary);
	default:
		return false;
	}
}

static void account_record(struct account *a, const struct skbtrail_rec *rec)
{
	const struct skbtrail_rec_hit *hit = (const void *)rec;

	if (a->summed)
		a->error = "a record behind the summary";
	switch (rec->kind) {
	case SKBTRAIL_REC_KIND_HIT:
		a->hits++;
		if (trail_index(a, hit->trail) < 0)
			a->error = "a hit of a trail that never began";
		break;
	case SKBTRAIL_REC_KIND_PACKET:
		account_packet(a, rec);
		break;
	case SKBTRAIL_REC_KIND_CHANGE:
		a->changes++;
		break;
	case SKBTRAIL_REC_KIND_END:
		account_end(a, rec);
		break;
	case SKBTRAIL_REC_KIND_LOST:
		a->lost++;
		break;
	case SKBTRAIL_REC_KIND_MARK:
		a->marks++;
		break;
	case SKBTRAIL_REC_KIND_NAME:
		a->names++;
		break;
	case SKBTRAIL_REC_KIND_SUMMARY:
		a->summed = true;
		memcpy(&a->summary, rec, sizeof(a->summary));
		break;
	}
}

static void account_message(struct account *a, const char *p, __u64 len)
{
	const struct skbtrail_rec *rec;
	const char *end = p + len;
	bool first = true;

	for (; p < end && !a->error; p += rec->size) {
		rec = (const void *)p;
		if (end - p < (long)sizeof(*rec) || rec->size < sizeof(*rec) ||
		    rec->size % 8 || rec->size > end - p || !right_size(rec))
			a->error = "a record of the wrong size";
		else if (first != (rec->kind == SKBTRAIL_REC_KIND_BATCH))
			a->error = "a batch record stands first, and only there";
		else if (first)
			account_batch(a, rec);
		else
			account_record(a, rec);
		first = false;
	}
}

/* looks at everything received so far, from the beginning */
static void account(const struct client *c, struct account *a)
{
	const char *p = c->records.buf, *end = p + c->records.len;
	__u64 len;

	memset(a, 0, sizeof(*a));
	for (; p < end && !a->error; p += len) {
		memcpy(&len, p, sizeof(len));
		p += sizeof(len);
		account_message(a, p, len);
	}
}

/* reads on until the summary is there */
static bool read_to_summary(struct client *c, struct account *a)
{
	struct pollfd pfd = { .fd = nl_socket_get_fd(c->sk), .events = POLLIN };

	for (;;) {
		account(c, a);
		if (a->summed || a->error)
			return a->summed;
		if (poll(&pfd, 1, 20000 * slow()) <= 0)
			return false;
		receive(c, 0, NULL, NULL);
	}
}

/* ---- traffic over loopback ---- */

static int loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int ret = ioctl(fd, SIOCSIFFLAGS, &ifr);

	close(fd);
	return ret;
}

/* sends @n datagrams to ourselves and reads them */
static int datagrams(__u16 port, unsigned int n)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	int rx = socket(AF_INET, SOCK_DGRAM, 0), tx = socket(AF_INET, SOCK_DGRAM, 0);
	int ret = -1;
	char byte;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(rx, (void *)&sin, sizeof(sin)))
		goto out;
	for (; n; n--) {
		if (sendto(tx, "x", 1, 0, (void *)&sin, sizeof(sin)) != 1 ||
		    recv(rx, &byte, 1, 0) != 1)
			goto out;
	}
	ret = 0;
out:
	close(rx);
	close(tx);
	return ret;
}

/* ---- tests ---- */

FIXTURE(genl) {
	struct client c;
};

FIXTURE_SETUP(genl)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, loopback_up());
	ASSERT_EQ(0, client_open(&self->c)) {
		TH_LOG("the family is not there: is the module loaded?");
	}
}

FIXTURE_TEARDOWN(genl)
{
	client_close(&self->c);
}

/* the fixture is in a new namespace already */
TEST_F(genl, info)
{
	struct utsname uts;
	struct info info;

	ASSERT_EQ(0, info_get(&self->c, &info));
	EXPECT_EQ(SKBTRAIL_ABI, info.abi);
	EXPECT_NE(0, strlen(info.version));
	uname(&uts);
	EXPECT_STREQ(uts.release, info.kernel);
	EXPECT_LT(0, info.stages);
	EXPECT_GE(SKBTRAIL_ATTACH_KIND_MAX, info.attach);
	EXPECT_LE(1, info.attach);
	EXPECT_TRUE(sessions_become(&self->c, 0));
}

TEST(initial_namespace)
{
	struct client c;
	struct info info;

	ASSERT_EQ(0, client_open(&c));
	EXPECT_EQ(0, info_get(&c, &info));
	client_close(&c);
}

struct table {
	unsigned int stages;
	unsigned int points;
	const char *error;
	char names[256][64];
	__u32 point_ids[MAX_POINTS];
};

static void take_point(struct table *t, struct nlattr *nest)
{
	struct nlattr *a[SKBTRAIL_A_POINT_MAX + 1];
	__u32 id, kind, state;
	unsigned int i;

	if (nla_parse_nested(a, SKBTRAIL_A_POINT_MAX, nest, NULL) ||
	    !a[SKBTRAIL_A_POINT_ID] || !a[SKBTRAIL_A_POINT_FUNC] ||
	    !a[SKBTRAIL_A_POINT_KIND] || !a[SKBTRAIL_A_POINT_STATE]) {
		t->error = "a point lacks an attribute";
		return;
	}
	id = nla_get_u32(a[SKBTRAIL_A_POINT_ID]);
	kind = nla_get_u32(a[SKBTRAIL_A_POINT_KIND]);
	state = nla_get_u32(a[SKBTRAIL_A_POINT_STATE]);
	for (i = 0; i < t->points; i++)
		if (t->point_ids[i] == id)
			t->error = "two points have one number";
	if (!id || state < 1 || state > SKBTRAIL_POINT_STATE_MAX)
		t->error = "a point has no number or state";
	if (state != SKBTRAIL_POINT_STATE_UNAVAILABLE &&
	    state != SKBTRAIL_POINT_STATE_SHADOWED &&
	    (kind < 1 || kind > SKBTRAIL_ATTACH_KIND_MAX))
		t->error = "a point has no kind";
	if (state == SKBTRAIL_POINT_STATE_UNAVAILABLE && !a[SKBTRAIL_A_POINT_REASON])
		t->error = "a point is unavailable for no reason";
	if (state == SKBTRAIL_POINT_STATE_ATTACHED)
		t->error = "a point is attached without a session";
	if (t->points < MAX_POINTS)
		t->point_ids[t->points++] = id;
}

static void take_stage(struct nlattr **a, void *arg)
{
	struct table *t = arg;
	struct nlattr *attr = a[SKBTRAIL_A_STAGE_POINT];
	unsigned int i;
	int rem;

	if (!a[SKBTRAIL_A_STAGE_ID] || !a[SKBTRAIL_A_STAGE_NAME] ||
	    !a[SKBTRAIL_A_STAGE_LAYER] || !a[SKBTRAIL_A_STAGE_DIRECTION] ||
	    !a[SKBTRAIL_A_STAGE_DOC] || !a[SKBTRAIL_A_STAGE_USERS]) {
		t->error = "a stage lacks an attribute";
		return;
	}
	if (nla_get_u32(a[SKBTRAIL_A_STAGE_ID]) != t->stages)
		t->error = "stages are not numbered from 0";
	if (nla_get_u32(a[SKBTRAIL_A_STAGE_LAYER]) > SKBTRAIL_LAYER_MAX ||
	    nla_get_u32(a[SKBTRAIL_A_STAGE_DIRECTION]) > SKBTRAIL_DIRECTION_MAX)
		t->error = "no such layer or direction";
	if (nla_get_u32(a[SKBTRAIL_A_STAGE_USERS]))
		t->error = "a stage has users without a session";
	if (!attr)
		t->error = "a stage without a point";
	nla_strlcpy(t->names[t->stages], a[SKBTRAIL_A_STAGE_NAME], 64);
	for (i = 0; i < t->stages; i++)
		if (!strcmp(t->names[i], t->names[t->stages]))
			t->error = "two stages have one name";
	t->stages++;
	/* the parser keeps the last of the points: the first stand before it */
	if (!attr)
		return;
	attr = a[SKBTRAIL_A_STAGE_USERS];
	rem = (char *)a[SKBTRAIL_A_STAGE_POINT] - (char *)attr +
	      NLA_ALIGN(a[SKBTRAIL_A_STAGE_POINT]->nla_len);
	for (; nla_ok(attr, rem); attr = nla_next(attr, &rem))
		if (nla_type(attr) == SKBTRAIL_A_STAGE_POINT)
			take_point(t, attr);
}

TEST_F(genl, stages)
{
	static struct table t;
	struct info info;

	ASSERT_TRUE(sessions_become(&self->c, 0));
	memset(&t, 0, sizeof(t));
	ASSERT_EQ(0, simple(&self->c, SKBTRAIL_CMD_STAGE_GET, NLM_F_DUMP, take_stage, &t));
	EXPECT_EQ(NULL, t.error) {
		TH_LOG("%s", t.error);
	}
	ASSERT_EQ(0, info_get(&self->c, &info));
	EXPECT_EQ(info.stages, t.stages);
	EXPECT_LE(t.stages, t.points);
}

/* the kernel's own description of what it accepts */
struct told_attr {
	__u32 type;
	__u64 min;
	__u64 max;
	__u32 max_len;
};

struct told {
	int policy_of[MAX_OPS];
	struct told_attr attr[MAX_OPS][64];
};

static void take_limits(struct told_attr *t, struct nlattr *nest)
{
	struct nlattr *a[NL_POLICY_TYPE_ATTR_MAX + 1];

	if (nla_parse_nested(a, NL_POLICY_TYPE_ATTR_MAX, nest, NULL) ||
	    !a[NL_POLICY_TYPE_ATTR_TYPE])
		return;
	t->type = nla_get_u32(a[NL_POLICY_TYPE_ATTR_TYPE]);
	t->max = ~0u;
	if (a[NL_POLICY_TYPE_ATTR_MIN_VALUE_U])
		t->min = nla_get_u64(a[NL_POLICY_TYPE_ATTR_MIN_VALUE_U]);
	if (a[NL_POLICY_TYPE_ATTR_MAX_VALUE_U])
		t->max = nla_get_u64(a[NL_POLICY_TYPE_ATTR_MAX_VALUE_U]);
	if (a[NL_POLICY_TYPE_ATTR_MAX_LENGTH])
		t->max_len = nla_get_u32(a[NL_POLICY_TYPE_ATTR_MAX_LENGTH]);
}

static void take_policy(struct nlattr **a, void *arg)
{
	struct nlattr *op, *policy, *attr, *kind;
	struct told *t = arg;
	int r1, r2;

	if (a[CTRL_ATTR_OP_POLICY])
		nla_for_each_nested(op, a[CTRL_ATTR_OP_POLICY], r1)
			nla_for_each_nested(kind, op, r2)
				if (nla_type(op) < MAX_OPS)
					t->policy_of[nla_type(op)] = nla_get_u32(kind);
	if (a[CTRL_ATTR_POLICY])
		nla_for_each_nested(policy, a[CTRL_ATTR_POLICY], r1)
			nla_for_each_nested(attr, policy, r2)
				if (nla_type(policy) < MAX_OPS && nla_type(attr) < 64)
					take_limits(&t->attr[nla_type(policy)][nla_type(attr)],
						    attr);
}

static bool in_spec(unsigned int op, unsigned int attr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(spec_attrs); i++)
		if (spec_attrs[i].op == op && spec_attrs[i].attr == attr)
			return true;
	return false;
}

TEST_F(genl, policy_is_the_spec)
{
	static const struct told_attr none;
	static struct told told;
	const struct spec_attr *s;
	struct told_attr *k;
	struct nl_msg *msg;
	struct info info;
	unsigned int i, n;

	memset(&told, 0, sizeof(told));
	memset(told.policy_of, -1, sizeof(told.policy_of));
	msg = nlmsg_alloc();
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0,
		    NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP, CTRL_CMD_GETPOLICY, 2);
	nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, self->c.family);
	ASSERT_EQ(0, talk(&self->c, msg, take_policy, &told));
	ASSERT_EQ(0, info_get(&self->c, &info));

	for (i = 0; i < ARRAY_LEN(spec_attrs); i++) {
		s = &spec_attrs[i];
		ASSERT_LE(0, told.policy_of[s->op]) {
			TH_LOG("no policy for command %u", s->op);
		}
		k = &told.attr[told.policy_of[s->op]][s->attr];
		EXPECT_EQ(s->type, k->type) {
			TH_LOG("type of %s", s->name);
		}
		EXPECT_EQ(s->min, k->min) {
			TH_LOG("minimum of %s", s->name);
		}
		/* what the spec cannot know: how many stages there are */
		EXPECT_EQ(s->op == SKBTRAIL_CMD_SESSION_START &&
			  s->attr == SKBTRAIL_A_SESSION_STAGE ? info.stages - 1 : s->max,
			  k->max) {
			TH_LOG("maximum of %s", s->name);
		}
		EXPECT_EQ(s->max_len, k->max_len) {
			TH_LOG("length of %s", s->name);
		}
	}
	for (i = 0; i < ARRAY_LEN(spec_ops); i++)
		for (n = 0; told.policy_of[spec_ops[i]] >= 0 && n < 64; n++) {
			k = &told.attr[told.policy_of[spec_ops[i]]][n];
			if (!memcmp(k, &none, sizeof(none)) || !k->type)
				continue;
			EXPECT_TRUE(in_spec(spec_ops[i], n)) {
				TH_LOG("command %u takes attribute %u, which no spec tells",
				       spec_ops[i], n);
			}
		}
}

/* ---- refusals ---- */

#define START	SKBTRAIL_CMD_SESSION_START
#define A(x)	SKBTRAIL_A_SESSION_##x

/* one instruction too many */
#define TOO_MANY	((BPF_MAXINSNS + 1) * sizeof(struct sock_filter))

static const __u32 u_zero, u_2049 = 2049, u_262143 = 262143, u_over_1g = (1u << 30) + 1,
	u_10001 = 10001, u_9999 = 9999, u_max = ~0u, u_256k = 256 << 10, u_9998 = 9998;
static const struct sock_filter no_opcode[] = { { 0xffff, 0, 0, 0 } };
static const struct sock_filter no_return[] = { BPF_STMT(BPF_LD | BPF_IMM, 1) };
static const struct sock_filter jump_out[] = {
	BPF_STMT(BPF_JMP | BPF_JA, 100), BPF_STMT(BPF_RET | BPF_K, 0),
};

static const struct sock_filter negative[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

static const struct sock_filter negative_ind[] = {
	BPF_STMT(BPF_LDX | BPF_IMM, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, SKF_NET_OFF),
	BPF_STMT(BPF_RET | BPF_A, 0),
};

static const struct sock_filter negative_msh[] = {
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, SKF_NET_OFF),
	BPF_STMT(BPF_RET | BPF_K, 1),
};

static const struct refusal {
	const char *name;
	unsigned int attr;
	const void *value;
	unsigned int len;
	int err;
	const char *why;
} refusals[] = {
	{ "unknown attribute", 99, &u_zero, 4, -EINVAL, "" },
	{ "attribute of replies", A(PORTID), &u_zero, 4, -EINVAL, "" },
	{ "short snaplen", A(SNAPLEN), &u_zero, 2, -EINVAL, "" },
	{ "long snaplen", A(SNAPLEN), "12345678", 8, -EINVAL, "" },
	{ "snaplen too large", A(SNAPLEN), &u_2049, 4, -ERANGE, "" },
	{ "buffer too small", A(BUFFER), &u_262143, 4, -ERANGE, "" },
	{ "buffer too large", A(BUFFER), &u_over_1g, 4, -ERANGE, "" },
	{ "buffer too small for CPUs", A(BUFFER), &u_256k, 4, -EINVAL, "buffer is too small" },
	{ "no flush interval", A(FLUSH_MS), &u_zero, 4, -ERANGE, "" },
	{ "long flush interval", A(FLUSH_MS), &u_10001, 4, -ERANGE, "" },
	{ "no such stage", A(STAGE), &u_9999, 4, -ERANGE, "" },
	{ "the largest stage", A(STAGE), &u_max, 4, -ERANGE, "" },
	{ "device that is not there", A(DEV), "nosuch0", 8, -ENODEV, "no network device" },
	{ "long device name", A(DEV), "abcdefghijklmnopqrst", 21, -EINVAL, "" },
	{ "endless device name", A(DEV), "abc", 3, -EINVAL, "" },
	{ "descriptor that is not open", A(NETNS_FD), &u_9998, 4, -EBADF, "network namespace" },
	{ "half an instruction", A(FILTER_L3), negative, 12, -EINVAL, "whole number" },
	{ "no instruction", A(FILTER_L3), negative, 0, -EINVAL, "whole number" },
	{ "seven bytes of L2 filter", A(FILTER_L2), negative, 7, -EINVAL, "whole number" },
	{ "unknown instruction", A(FILTER_L3), no_opcode, 8, -EINVAL, "not a valid" },
	{ "program without end", A(FILTER_L2), no_return, 8, -EINVAL, "not a valid" },
	{ "jump out of the program", A(FILTER_L2), jump_out, 16, -EINVAL, "not a valid" },
	{ "negative load", A(FILTER_L3), negative, 16, -EINVAL, "negative" },
	{ "negative load by index", A(FILTER_L2), negative_ind, 24, -EINVAL, "negative" },
	{ "negative load of a length", A(FILTER_L3), negative_msh, 16, -EINVAL, "" },
	{ "more than 4096 instructions", A(FILTER_L3), NULL, TOO_MANY, -ERANGE, "" },
};

TEST_F(genl, refusals)
{
	static char large[TOO_MANY];
	const struct refusal *r;
	struct nl_msg *msg;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		r = &refusals[i];
		msg = request(&self->c, START, 0);
		ASSERT_EQ(0, nla_put(msg, r->attr, r->len, r->value ? r->value : large));
		err = talk(&self->c, msg, NULL, NULL);
		EXPECT_EQ(r->err, err) {
			TH_LOG("%s", r->name);
		}
		EXPECT_NE(0, strlen(self->c.why)) {
			TH_LOG("%s: no sentence", r->name);
		}
		EXPECT_NE(NULL, strstr(self->c.why, r->why)) {
			TH_LOG("%s: '%s'", r->name, self->c.why);
		}
		if (!err)
			simple(&self->c, SKBTRAIL_CMD_SESSION_STOP, 0, NULL, NULL);
	}
	EXPECT_TRUE(sessions_become(&self->c, 0));
}

TEST_F(genl, no_namespace)
{
	int fd = open("/dev/null", O_RDONLY);
	struct nl_msg *msg = request(&self->c, START, 0);

	nla_put_u32(msg, A(NETNS_FD), fd);
	EXPECT_EQ(-EINVAL, talk(&self->c, msg, NULL, NULL));
	EXPECT_NE(NULL, strstr(self->c.why, "network namespace"));
	close(fd);
}

FIXTURE(strict) {
	struct client c;
};

FIXTURE_SETUP(strict)
{
	ASSERT_EQ(0, client_open(&self->c));
}

FIXTURE_TEARDOWN(strict)
{
	client_close(&self->c);
}

FIXTURE_VARIANT(strict) {
	int cmd;
	int flags;
};

FIXTURE_VARIANT_ADD(strict, info_get) {
	SKBTRAIL_CMD_INFO_GET, 0
};

FIXTURE_VARIANT_ADD(strict, stage_get) {
	SKBTRAIL_CMD_STAGE_GET, NLM_F_DUMP
};

FIXTURE_VARIANT_ADD(strict, session_start) {
	SKBTRAIL_CMD_SESSION_START, 0
};

FIXTURE_VARIANT_ADD(strict, session_stop) {
	SKBTRAIL_CMD_SESSION_STOP, 0
};

FIXTURE_VARIANT_ADD(strict, session_get) {
	SKBTRAIL_CMD_SESSION_GET, NLM_F_DUMP
};

FIXTURE_VARIANT_ADD(strict, rule_add) {
	SKBTRAIL_CMD_RULE_ADD, 0
};

FIXTURE_VARIANT_ADD(strict, rule_del) {
	SKBTRAIL_CMD_RULE_DEL, 0
};

FIXTURE_VARIANT_ADD(strict, rule_get) {
	SKBTRAIL_CMD_RULE_GET, NLM_F_DUMP
};

/* each command, not only the one with attributes */
TEST_F(strict, unknown_attribute)
{
	struct nl_msg *msg = request(&self->c, variant->cmd, variant->flags);

	nla_put_u32(msg, 99, 0);
	EXPECT_EQ(-EINVAL, talk(&self->c, msg, NULL, NULL));
	EXPECT_NE(0, strlen(self->c.why));
}

/* no command that is, as others, open to users without the capability */
TEST_F(strict, no_capability)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	ASSERT_EQ(0, syscall(SYS_capget, &head, data));
	data[0].effective &= ~(1u << CAP_NET_ADMIN);
	data[0].permitted &= ~(1u << CAP_NET_ADMIN);
	ASSERT_EQ(0, syscall(SYS_capset, &head, data));
	EXPECT_EQ(-EPERM, simple(&self->c, variant->cmd, variant->flags, NULL, NULL));
}

/* root of another user namespace has the capability, but not there */
TEST_F(strict, other_user_namespace)
{
	struct client c;

	ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWNET));
	ASSERT_EQ(0, client_open(&c));
	EXPECT_EQ(-EPERM, simple(&c, variant->cmd, variant->flags, NULL, NULL));
	client_close(&c);
}

TEST_F(genl, unknown_command)
{
	EXPECT_EQ(-EOPNOTSUPP, simple(&self->c, 77, 0, NULL, NULL));
	EXPECT_EQ(-EOPNOTSUPP, simple(&self->c, SKBTRAIL_CMD_BATCH, 0, NULL, NULL));
}

/* ---- sessions ---- */

TEST_F(genl, stop_without_session)
{
	EXPECT_EQ(-ENOENT, simple(&self->c, SKBTRAIL_CMD_SESSION_STOP, 0, NULL, NULL));
	EXPECT_NE(NULL, strstr(self->c.why, "no session"));
}

TEST_F(genl, life_of_a_session)
{
	struct started s;
	struct listing l;
	struct account *a = calloc(1, sizeof(*a));

	ASSERT_EQ(0, start(&self->c, 7801, &s));
	EXPECT_LT(0, s.id);
	EXPECT_LT(50, s.points);
	EXPECT_EQ(SMALL_BUFFER, s.buffer);

	EXPECT_EQ(-EBUSY, start(&self->c, 7801, NULL));
	EXPECT_NE(NULL, strstr(self->c.why, "another socket"));

	ASSERT_EQ(0, list(&self->c, &l));
	ASSERT_EQ(1, l.n);
	EXPECT_EQ(s.id, l.s[0].id);
	EXPECT_EQ(nl_socket_get_local_port(self->c.sk), l.s[0].portid);
	EXPECT_EQ(getpid(), l.s[0].pid);
	EXPECT_EQ(64, l.s[0].snaplen);
	EXPECT_EQ(20, l.s[0].flush_ms);
	EXPECT_EQ(SMALL_BUFFER, l.s[0].buffer);
	EXPECT_STREQ("udp dst port 7801", l.s[0].text);

	ASSERT_EQ(0, datagrams(7801, 3));
	ASSERT_EQ(0, simple(&self->c, SKBTRAIL_CMD_SESSION_STOP, 0, NULL, NULL));
	EXPECT_TRUE(read_to_summary(&self->c, a));
	EXPECT_EQ(NULL, a->error) {
		TH_LOG("%s", a->error);
	}
	EXPECT_EQ(3, a->packets);
	EXPECT_EQ(3, a->ends);
	EXPECT_EQ(a->hits, a->summary.hits);
	EXPECT_EQ(a->packets, a->summary.trails);
	EXPECT_EQ(a->ends, a->summary.ends);
	EXPECT_EQ(0, a->summary.lost_buffer + a->summary.lost_table +
		     a->summary.lost_admission + a->summary.lost_other);
	EXPECT_LT(0, a->names);
	EXPECT_LT(0, a->marks);
	free(a);
}

TEST_F(genl, close_ends_a_session)
{
	struct client other;

	ASSERT_EQ(0, client_open(&other));
	ASSERT_EQ(0, start(&other, 7802, NULL));
	EXPECT_TRUE(sessions_become(&self->c, 1));
	client_close(&other);
	EXPECT_TRUE(sessions_become(&self->c, 0));
}

/* a session is bound to its socket, not to the process */
TEST_F(genl, death_ends_a_session)
{
	int pipefd[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipefd));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct client c;

		if (client_open(&c) || start(&c, 7803, NULL))
			_exit(1);
		write(pipefd[1], "x", 1);
		pause();
		_exit(0);
	}
	close(pipefd[1]);
	ASSERT_EQ(1, read(pipefd[0], &byte, 1));
	EXPECT_TRUE(sessions_become(&self->c, 1));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_TRUE(sessions_become(&self->c, 0));
}

TEST_F_TIMEOUT(genl, as_many_as_promised, 120)
{
	struct client *c = calloc(SKBTRAIL_MAX_SESSIONS + 1, sizeof(*c));
	unsigned int i;

	for (i = 0; i < SKBTRAIL_MAX_SESSIONS; i++) {
		ASSERT_EQ(0, client_open(&c[i]));
		ASSERT_EQ(0, start(&c[i], 7810, NULL)) {
			TH_LOG("session %u: %s", i, c[i].why);
		}
	}
	EXPECT_TRUE(sessions_become(&self->c, SKBTRAIL_MAX_SESSIONS));
	ASSERT_EQ(0, client_open(&c[i]));
	EXPECT_EQ(-EUSERS, start(&c[i], 7810, NULL));
	EXPECT_NE(NULL, strstr(c[i].why, "too many sessions"));
	/* a place that becomes free can be taken */
	client_close(&c[5]);
	EXPECT_TRUE(sessions_become(&self->c, SKBTRAIL_MAX_SESSIONS - 1));
	EXPECT_EQ(0, start(&c[i], 7810, NULL));
	for (i = 0; i <= SKBTRAIL_MAX_SESSIONS; i++)
		client_close(&c[i]);
	free(c);
	EXPECT_TRUE(sessions_become(&self->c, 0));
}

static bool only_port(const struct account *a, __u16 port)
{
	unsigned int i;

	for (i = 0; i < a->ntrails; i++)
		if (a->dports[i] != port)
			return false;
	return true;
}

TEST_F_TIMEOUT(genl, each_session_its_own, 60)
{
	struct account *a = calloc(2, sizeof(*a));
	struct client other;
	unsigned int i;

	ASSERT_EQ(0, client_open(&other));
	ASSERT_EQ(0, start(&self->c, 7821, NULL));
	ASSERT_EQ(0, start(&other, 7822, NULL));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, datagrams(7821, 20));
		ASSERT_EQ(0, datagrams(7822, 10));
		ASSERT_EQ(0, datagrams(7823, 5));
	}
	ASSERT_EQ(0, simple(&self->c, SKBTRAIL_CMD_SESSION_STOP, 0, NULL, NULL));
	ASSERT_EQ(0, simple(&other, SKBTRAIL_CMD_SESSION_STOP, 0, NULL, NULL));
	EXPECT_TRUE(read_to_summary(&self->c, &a[0]));
	EXPECT_TRUE(read_to_summary(&other, &a[1]));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(NULL, a[i].error) {
			TH_LOG("session %u: %s", i, a[i].error);
		}
		EXPECT_EQ(i ? 100 : 200, a[i].packets);
		EXPECT_EQ(a[i].packets, a[i].ends);
		EXPECT_TRUE(only_port(&a[i], i ? 7822 : 7821));
		EXPECT_LT(a[i].packets * 10, a[i].hits);
		EXPECT_EQ(0, a[i].lost);
	}
	client_close(&other);
	free(a);
}

/* bytes the socket's queue holds, and may hold */
static int queue(struct client *c, __u32 *held, __u32 *may)
{
	__u32 mem[SK_MEMINFO_VARS];
	socklen_t len = sizeof(mem);

	if (getsockopt(nl_socket_get_fd(c->sk), SOL_SOCKET, SO_MEMINFO, mem, &len))
		return -1;
	*held = mem[SK_MEMINFO_RMEM_ALLOC];
	*may = mem[SK_MEMINFO_RCVBUF];
	return 0;
}

/* traffic until nothing is added any more for want of room */
static int fill(struct client *c, __u32 *held, __u32 *may)
{
	unsigned int same = 0;
	__u32 before = 0;

	while (same < 5) {
		if (datagrams(7832, 100) || queue(c, held, may))
			return -1;
		usleep(20000);
		same = *held && *held == before ? same + 1 : 0;
		before = *held;
	}
	return 0;
}

/* however many batches fit: what is left by them is enough for an answer */
TEST_F_TIMEOUT(genl, answers_when_full, 120)
{
	__u32 held, may;
	struct client c;
	int i, bytes;

	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, client_open(&c));
		bytes = (160 << 10) + i * 2500;
		ASSERT_EQ(0, setsockopt(nl_socket_get_fd(c.sk), SOL_SOCKET, SO_RCVBUFFORCE,
					&bytes, sizeof(bytes)));
		ASSERT_EQ(0, start(&c, 0, NULL));
		ASSERT_EQ(0, fill(&c, &held, &may));
		EXPECT_LE(held + (16 << 10), may);
		ASSERT_EQ(0, simple(&c, SKBTRAIL_CMD_SESSION_STOP, 0, NULL, NULL));
		client_close(&c);
	}
}

/* everything that happens on this machine, for a while */
TEST_F_TIMEOUT(genl, well_formed_stream, 60)
{
	struct account *a = calloc(1, sizeof(*a));

	ASSERT_EQ(0, start(&self->c, 0, NULL));
	ASSERT_EQ(0, datagrams(7831, 500));
	ASSERT_EQ(0, simple(&self->c, SKBTRAIL_CMD_SESSION_STOP, 0, NULL, NULL));
	EXPECT_TRUE(read_to_summary(&self->c, a));
	EXPECT_EQ(NULL, a->error) {
		TH_LOG("%s", a->error);
	}
	/* what the small buffer could not take is told */
	EXPECT_LE(500, a->packets + a->summary.lost_admission);
	EXPECT_EQ(a->batches - 1, a->summary.batches);
	EXPECT_EQ(a->hits, a->summary.hits);
	free(a);
}

/* without a priority: after all those that register tests */
static void __attribute__((constructor)) give_time(void)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t;

	for (f = __fixture_list; f; f = f->next)
		for (t = f->tests; t; t = t->next)
			t->timeout *= slow();
}

TEST_HARNESS_MAIN
