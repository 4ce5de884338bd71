// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <stdlib.h>

#include "assembly.h"
#include "summary.h"
#include "tests/stream.h"

static char sentence[512];
/* what drops are counted by */
static char counted_as[512];
/* the trail whose sentence is wanted, 0: the last one's */
static uint64_t wanted;
static char places[512];
/* whether its headers had a destination port when it began */
static bool had_port;

static void finished(void *arg, struct trail *t)
{
	char *text = summary_sentence(t, true);
	char *alike = summary_cause(t);
	size_t i, at = 0;

	(void)arg;
	had_port = t->first.v[SKBTRAIL_FACT_DPORT].len;
	if (!wanted || wanted == t->id)
		snprintf(sentence, sizeof(sentence), "%s", text);
	for (i = 0; i < t->nr_hits && at < sizeof(places); i++)
		at += snprintf(places + at, sizeof(places) - at, "%s %u ",
			       *t->hits[i].place.dev ? t->hits[i].place.dev : "0",
			       t->hits[i].place.inum);
	snprintf(counted_as, sizeof(counted_as), "%s", alike ? alike : "");
	free(text);
	free(alike);
}

/* The sentence of the last trail of @s, which is freed. */
static const char *says(struct stream *s)
{
	struct names *names = names_new();
	struct assembly *a = assembly_new(names, finished, NULL);
	struct cursor c = { s->buf, s->len };
	struct record rec;

	*sentence = '\0';
	while (decode_next(&c, &rec) == DECODED_RECORD) {
		if (rec.kind == SKBTRAIL_REC_KIND_NAME)
			names_add(names, rec.name.dict, rec.name.id, 0,
				  rec.name.info, rec.body, rec.body_len);
		else
			assembly_record(a, &rec, 0);
	}
	assembly_stop(a, false);
	assembly_free(a);
	names_free(names);
	free(s);
	return sentence;
}

/* The sentence of one trail of @s, which is freed. */
static const char *told(struct stream *s, uint64_t id)
{
	const char *text;

	wanted = id;
	text = says(s);
	wanted = 0;
	return text;
}

static struct stream *one(void)
{
	struct stream *s = stream_new();

	stream_names(s);
	stream_syn(s, 17, 1000);
	stream_hit(s, 17, ST_IP_RCV, 1000, 0);
	return s;
}

static void read_by(void)
{
	struct stream *s = one();

	stream_change(s, 17, 80000);
	stream_task(s, SKBTRAIL_FACT_READER, 195, "nc");
	/* read at 84.2 µs, freed much later */
	stream_hit(s, 17, ST_SOCK_COPY, 85200, 0);
	stream_end(s, 17, 999000, SKBTRAIL_END_KIND_DELIVERED, ST_SOCK_COPY, 0);
	CHECK_TEXT(says(s), "delivered to nc (pid 195) after 84.2 µs");

	s = one();
	stream_hit(s, 17, ST_SOCK_QUEUE, 3000, 0);
	stream_change(s, 17, 80000);
	stream_task(s, SKBTRAIL_FACT_READER, 195, "nc");
	stream_hit(s, 17, ST_SOCK_COPY, 85000, 0);
	stream_end(s, 17, 999000, SKBTRAIL_END_KIND_DELIVERED, ST_SOCK_COPY, 0);
	CHECK_TEXT(says(s),
		   "delivered to nc (pid 195) after 84.0 µs, 82.0 µs of it in the socket's queue");

	s = one();
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DELIVERED, ST_IP_RCV, 0);
	CHECK_TEXT(says(s), "delivered to an unknown process after 1.00 µs");
}

static void drops(void)
{
	struct stream *s = one();

	stream_hit(s, 17, ST_NF_LOCAL_IN, 50000, 0);
	stream_end(s, 17, 85000, SKBTRAIL_END_KIND_DROPPED, ST_NF_LOCAL_IN, 8);
	CHECK_TEXT(says(s),
		   "dropped in nf.local_in by netfilter (NETFILTER_DROP at nf_hook_slow+0x9a) after 84.0 µs");

	s = one();
	stream_hit(s, 17, ST_TCP_RCV, 2000, 0);
	stream_hit(s, 17, ST_TCP_RESET, 3000, 0);
	stream_end(s, 17, 4000, SKBTRAIL_END_KIND_DROPPED, ST_TCP_RCV, 3);
	says(s);
	CHECK_HAS(sentence, "dropped in tcp.rcv: no socket is listening on port 25 (NO_SOCKET at");
	CHECK_HAS(sentence, " nf_hook_slow+0x9a) after 3.00 µs; to be answered with a reset");
}

static struct stream *dropped_by(uint8_t engine, uint8_t cause, uint8_t steps)
{
	struct stream *s = one();

	stream_verdict(s, 17, engine, cause, steps);
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_NF_LOCAL_IN, 8);
	return s;
}

static void drops_by_rule(void)
{
	const uint8_t nft = SKBTRAIL_VERDICT_ENGINE_NFTABLES;
	const uint8_t xt = SKBTRAIL_VERDICT_ENGINE_XTABLES;
	const uint8_t rule = SKBTRAIL_VERDICT_CAUSE_RULE;
	struct stream *s;

	CHECK_TEXT(says(dropped_by(nft, rule, 1)),
		   "dropped by nft inet fw c1 handle 1 in nf.local_in after 1.00 µs");
	CHECK_TEXT(says(dropped_by(nft, rule, 3)),
		   "dropped by nft inet fw c3 handle 3 (by c1, c2, c3) in nf.local_in after 1.00 µs");
	CHECK_HAS(says(dropped_by(nft, SKBTRAIL_VERDICT_CAUSE_POLICY, 1)),
		  "dropped by the policy of nft inet fw c1 in ");
	CHECK_HAS(says(dropped_by(nft, SKBTRAIL_VERDICT_CAUSE_UNKNOWN, 1)),
		  "dropped by a rule or the policy of nft inet fw c1 in ");
	CHECK_HAS(says(dropped_by(xt, rule, 1)),
		  "dropped by a rule at or behind iptables fw c1 rule 1 in ");
	CHECK_HAS(says(dropped_by(SKBTRAIL_VERDICT_ENGINE_FUNCTION, rule, 0)),
		  "dropped by the netfilter hook nf_hook_slow in nf.local_in after ");
	s = one();
	stream_name(s, SKBTRAIL_DICT_SYMBOL, 1, 0, "nf_confirm+0x0/0x1f0 [nf_conntrack]");
	stream_verdict(s, 17, SKBTRAIL_VERDICT_ENGINE_FUNCTION, rule, 0);
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_NF_LOCAL_IN, 8);
	CHECK_HAS(says(s), "nf_confirm [nf_conntrack] in nf.local_in: its connection could not");
	/* more chains than there can be, and fewer than it says */
	CHECK_HAS(says(dropped_by(nft, rule, 18)), "by netfilter (NETFILTER_DROP");
	s = one();
	stream_verdict(s, 17, nft, rule, 1);
	s->buf[s->len - sizeof(struct skbtrail_rec_verdict) - 24 +
	       offsetof(struct skbtrail_rec_verdict, steps)] = 2;
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_NF_LOCAL_IN, 8);
	CHECK_HAS(says(s), "by netfilter (NETFILTER_DROP");
}

static void drops_unknown(void)
{
	struct stream *s = one();

	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 83);
	CHECK_TEXT(says(s), "dropped in ip.rcv (reason 83 at nf_hook_slow+0x9a) after 1.00 µs");

	s = one();
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 0);
	CHECK_HAS(says(s), "dropped in ip.rcv: the kernel gave no reason (NOT_SPECIFIED at ");

	s = one();
	stream_name(s, SKBTRAIL_DICT_REASON, 84, 0, "SOMETHING_NEW");
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 84);
	CHECK_HAS(says(s), "(SOMETHING_NEW at");
}

/* no reason, but a function that drops for one only */
static void drops_by_place(void)
{
	struct stream *s = one();

	stream_name(s, SKBTRAIL_DICT_SYMBOL, 1, 0, "dst_discard_out+0x18");
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 0);
	CHECK_HAS(says(s),
		  "dropped in ip.rcv: its route is a blackhole, or went with its device (NOT_SPE");

	s = one();
	stream_name(s, SKBTRAIL_DICT_SYMBOL, 1, 0, "dst_discard_outer+0x18");
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 0);
	CHECK_HAS(says(s), "dropped in ip.rcv: the kernel gave no reason (NOT_SPECIFIED at ");
}

/* figures of one packet; drops are counted without them */
static void drops_with_figures(void)
{
	struct skbtrail_fact_sock sock = { .cookie = 7, .rmem = 2560, .rcvbuf = 2304 };
	struct stream *s = one();

	stream_name(s, SKBTRAIL_DICT_REASON, 6, 0, "SOCKET_RCVBUFF");
	stream_change(s, 17, 1500);
	stream_fact(s, SKBTRAIL_FACT_SOCK, &sock, sizeof(sock));
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 6);
	CHECK_HAS(says(s), "the socket's receive buffer is full (2560 of 2304 bytes) (SOCKET_RCV");
	CHECK_HAS(counted_as, "the socket's receive buffer is full (SOCKET_RCVBUFF at ");

	/* listening, in which case these are connections */
	sock = (struct skbtrail_fact_sock){ .cookie = 7, .state = 10, .rmem = 2, .rcvbuf = 1 };
	s = one();
	stream_name(s, SKBTRAIL_DICT_SYMBOL, 1, 0, "tcp_conn_request+0x0");
	stream_change(s, 17, 1500);
	stream_fact(s, SKBTRAIL_FACT_SOCK, &sock, sizeof(sock));
	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 0);
	CHECK_HAS(says(s), "the listen backlog is full (2 connections wait, backlog 1) (NOT_");
	CHECK_HAS(counted_as, "the listen backlog is full (NOT_SPECIFIED at ");
}

static void change_ports(struct stream *s, uint64_t ns, uint8_t proto, uint16_t port)
{
	stream_change(s, 17, ns);
	stream_fact(s, SKBTRAIL_FACT_PROTO, &proto, sizeof(proto));
	stream_fact(s, SKBTRAIL_FACT_SPORT, &port, sizeof(port));
	stream_fact(s, SKBTRAIL_FACT_DPORT, &port, sizeof(port));
}

/* an echo request that has the ports of its tunnel, for a while */
static void tunnelled(void)
{
	struct stream *s = stream_new();
	uint16_t l3proto = 0x0800;
	uint8_t icmp = 1, udp = 17;

	stream_names(s);
	stream_packet(s, 17, 1000);
	stream_fact(s, SKBTRAIL_FACT_L3PROTO, &l3proto, sizeof(l3proto));
	stream_fact(s, SKBTRAIL_FACT_PROTO, &icmp, sizeof(icmp));
	stream_hit(s, 17, ST_IP_RCV, 1000, 0);
	change_ports(s, 2000, udp, 4789);
	stream_hit(s, 17, ST_DEV_XMIT, 2000, 0);
	change_ports(s, 3000, icmp, 0);
	stream_hit(s, 17, ST_IP_RCV, 3000, 0);
	stream_end(s, 17, 4000, SKBTRAIL_END_KIND_DROPPED, ST_IP_RCV, 3);
	CHECK_HAS(says(s), "dropped in ip.rcv: no socket takes it (NO_SOCKET at");
	CHECK(!had_port);
}

static void others(void)
{
	struct stream *s = one();

	stream_end(s, 17, 2000, SKBTRAIL_END_KIND_SENT, ST_IP_RCV, 0);
	CHECK_TEXT(says(s), "sent out of eth0 after 1.00 µs");

	s = one();
	stream_hit(s, 17, ST_ICMP_ECHO, 2000, 0);
	stream_hit(s, 17, ST_ICMP_REPLY, 2500, 0);
	stream_end(s, 17, 3000, SKBTRAIL_END_KIND_CONSUMED, ST_ICMP_ECHO, 0);
	CHECK_TEXT(says(s), "consumed by the kernel in icmp.echo (answered) after 2.00 µs");

	s = one();
	stream_link(s, 17, 12, SKBTRAIL_LINK_KIND_MERGE);
	stream_end(s, 17, 3000, SKBTRAIL_END_KIND_MERGED, ST_IP_RCV, 0);
	CHECK_TEXT(says(s), "merged into #12 after 2.00 µs");

	s = one();
	stream_end(s, 17, 3000, 99, ST_IP_RCV, 0);
	CHECK_HAS(says(s), "unknown: ");
}

static void open_ends(void)
{
	struct stream *s = one();

	stream_hit(s, 17, ST_NEIGH_WAIT, 2000, 0);
	CHECK_TEXT(says(s), "open: still queued in neigh.wait when the session stopped");
	CHECK_TEXT(says(one()), "open: last seen in ip.rcv when the session stopped");

	s = one();
	stream_end(s, 17, 3000, SKBTRAIL_END_KIND_UNKNOWN, ST_IP_RCV,
		   SKBTRAIL_UNKNOWN_REASON_REUSED);
	CHECK_TEXT(says(s),
		   "unknown: its memory was seen in use by another packet; last seen in ip.rcv");
}

/* Trails of pieces come first to their ends here: #17 is the last one that is told. */
static void lineage(void)
{
	struct stream *s = one();

	stream_kin(s, 18, 17, SKBTRAIL_LINK_KIND_FRAGMENT, 1, 3, 0);
	stream_kin(s, 19, 17, SKBTRAIL_LINK_KIND_FRAGMENT, 2, 3, 0);
	stream_kin(s, 21, 17, SKBTRAIL_LINK_KIND_FRAGMENT, 3, 3, 0);
	stream_end(s, 17, 3000, SKBTRAIL_END_KIND_CONSUMED, ST_IP_RCV, 0);
	CHECK_TEXT(told(s, 17), "cut into 3 fragments, #18, #19, #21 after 2.00 µs");

	s = one();
	stream_kin(s, 18, 17, SKBTRAIL_LINK_KIND_SEGMENT, 1, 4, 0);
	stream_end(s, 17, 3000, SKBTRAIL_END_KIND_CONSUMED, ST_IP_RCV, 0);
	CHECK_TEXT(told(s, 17), "cut into 4 segments, of which followed: #18 after 2.00 µs");

	s = one();
	stream_kin(s, 18, 17, SKBTRAIL_LINK_KIND_FRAGMENT, 2, 4, 0);
	stream_kin(s, 19, 17, SKBTRAIL_LINK_KIND_FRAGMENT, 3, 4, 0);
	stream_kin(s, 20, 17, SKBTRAIL_LINK_KIND_FRAGMENT, 4, 4, 0);
	stream_end(s, 17, 3000, SKBTRAIL_END_KIND_SENT, ST_IP_RCV, 0);
	CHECK_HAS(told(s, 17), "; went on as the first of 4 fragments, others: #18 to #20");

	s = one();
	stream_kin(s, 30, 17, SKBTRAIL_LINK_KIND_RETRANSMIT, 2, 0, SKBTRAIL_RETRANSMIT_WHY_RTO);
	stream_end(s, 17, 3000, SKBTRAIL_END_KIND_SENT, ST_IP_RCV, 0);
	CHECK_TEXT(told(s, 17), "sent out of eth0 after 2.00 µs; sent again as #30");
}

/* No packet record, no names: what is not known is said to be unknown. */
static void nameless(void)
{
	struct stream *s = stream_new();

	stream_hit(s, 1, 77, 1000, 0);
	stream_end(s, 1, 2000, SKBTRAIL_END_KIND_DROPPED, 78, 5);
	CHECK_TEXT(says(s),
		   "dropped in an unknown stage (reason 5) after 1.00 µs; its beginning is missing");
}

/* The socket was created a second before it sent: no part of the duration. */
static void old_socket(void)
{
	struct stream *s = stream_new();

	stream_names(s);
	stream_syn(s, 1, 1000001000);
	stream_hit(s, 1, ST_SOCK_CREATE, 1000, SKBTRAIL_CTX_EARLIER);
	stream_hit(s, 1, ST_SOCK_SEND, 1000000000, SKBTRAIL_CTX_EARLIER);
	stream_hit(s, 1, ST_IP_RCV, 1000001000, 0);
	stream_end(s, 1, 1000002000, SKBTRAIL_END_KIND_SENT, ST_IP_RCV, 0);
	CHECK_TEXT(says(s), "sent out of eth0 after 2.00 µs");
}

/* The reader waited for a second: no part of the duration, and not where the packet began. */
static void patient_reader(void)
{
	struct stream *s = stream_new();

	stream_names(s);
	stream_syn(s, 1, 1000000000);
	stream_hit(s, 1, ST_IP_RCV, 1000000000, 0);
	stream_hit(s, 1, ST_SOCK_READ, 1000, SKBTRAIL_CTX_EARLIER);
	stream_hit(s, 1, ST_SOCK_COPY, 1000002000, 0);
	stream_end(s, 1, 1000003000, SKBTRAIL_END_KIND_DELIVERED, ST_SOCK_COPY, 0);
	CHECK_TEXT(says(s), "delivered to an unknown process after 2.00 µs");
	CHECK_TEXT(places, "0 4026532201 eth0 4026532201 eth0 4026532201 ");
}

/* A call before the first device was made in the namespace of that device. */
static void caller(void)
{
	struct skbtrail_fact_dev other = { .inum = 7, .name = "v1" };
	struct stream *s = stream_new();

	stream_names(s);
	stream_syn(s, 1, 1000);
	stream_hit(s, 1, ST_SOCK_SEND, 500, SKBTRAIL_CTX_EARLIER);
	stream_hit(s, 1, ST_SOCK_READ, 600, SKBTRAIL_CTX_EARLIER);
	stream_hit(s, 1, ST_DEV_XMIT, 1000, 0);
	stream_change(s, 1, 2000);
	stream_fact(s, SKBTRAIL_FACT_DEV, &other, sizeof(other));
	stream_hit(s, 1, ST_IP_RCV, 2000, 0);
	says(s);
	CHECK_TEXT(places, "0 4026532201 0 7 eth0 4026532201 v1 7 ");
}

void test_summary(void)
{
	RUN(read_by);
	RUN(drops);
	RUN(drops_by_rule);
	RUN(drops_unknown);
	RUN(drops_by_place);
	RUN(drops_with_figures);
	RUN(tunnelled);
	RUN(others);
	RUN(open_ends);
	RUN(lineage);
	RUN(nameless);
	RUN(old_socket);
	RUN(patient_reader);
	RUN(caller);
}
