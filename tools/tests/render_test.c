// SPDX-License-Identifier: GPL-2.0
#include "tests/unit.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "complain.h"
#include "tests/stream.h"
#include "view.h"

struct run {
	struct options opts;
	struct stream *s;
	bool cut;
	char *out;
	int status;
};

static void view_all(void *arg)
{
	struct run *r = arg;
	struct style plain = { .utf8 = true };
	struct view v;
	size_t size;
	FILE *f = open_memstream(&r->out, &size);

	view_init(&v, &r->opts, f, plain, NULL);
	view_batch(&v, r->s->buf, r->s->len);
	r->status = view_finish(&v, r->cut);
	view_release(&v);
	fclose(f);
}

/* The drop of a SYN whose destination was rewritten, in the namespace "red". */
static struct stream *dropped_syn(void)
{
	struct stream *s = stream_new();
	struct skbtrail_fact_route route = { .type = 1, .family = 2, .ifindex = 3,
					     .gateway = { 10, 0, 0, 1 },
					     .name = "eth1" };

	stream_batch(s, 1, 1);
	stream_names(s);
	stream_name(s, DICT_NETNS, NETNS_INUM, 0, "red");
	stream_syn(s, 17, 1000000);
	stream_hit(s, 17, ST_IP_RCV, 1000000, SKBTRAIL_CTX_SOFTIRQ);
	stream_change(s, 17, 1012300);
	stream_dst(s, "10.0.0.10");
	stream_fact(s, SKBTRAIL_FACT_ROUTE, &route, sizeof(route));
	stream_task(s, SKBTRAIL_FACT_SENDER, 195, "curl\033[2J");
	stream_hit(s, 17, ST_NF_LOCAL_IN, 1012300, SKBTRAIL_CTX_SOFTIRQ);
	stream_link(s, 17, 12, SKBTRAIL_LINK_KIND_CLONE);
	stream_end(s, 17, 1084000, SKBTRAIL_END_KIND_DROPPED, ST_NF_LOCAL_IN, 8);
	stream_mark(s, 900000000);
	stream_summary(s);
	return s;
}

static void tree(void)
{
	struct run r = { .s = dropped_syn() };
	char *err = unit_stderr(view_all, &r);

	CHECK_TEXT(r.out,
		   "#17 tcp 10.0.0.5:4711 → 10.0.0.9:25 SYN 60 bytes  curl?[2J[195]  clone of #12\n"
		   "      +0 ns           ip.rcv       ip_rcv        eth0@red\n"
		   "   +12.3 µs  12.3 µs  nf.local_in  nf_hook_slow            dst 10.0.0.9 → 10.0.0.10, route unicast via 10.0.0.1 dev eth1\n"
		   "  dropped in nf.local_in by netfilter (NETFILTER_DROP at nf_hook_slow+0x9a) after 84.0 µs\n"
		   "  check: nft list ruleset, or iptables-save, in the same network namespace\n"
		   "\n");
	CHECK_TEXT(err, "1 trail shown: 1 dropped\n"
		   "     1  dropped in nf.local_in by netfilter (NETFILTER_DROP at nf_hook_slow+0x9a)\n"
		   "lost: 0 (nothing was lost)\n");
	CHECK(r.status == STATUS_OK);
	free(r.out);
	free(err);
	free(r.s);
}

static void flat(void)
{
	struct run r = { .s = dropped_syn(), .opts.flat = true };
	char *err = unit_stderr(view_all, &r);

	CHECK_HAS(r.out, "0.001012300 #17 cpu1 softirq eth0@red nf.local_in nf_hook_slow tcp ");
	CHECK_HAS(r.out, " 10.0.0.5:4711 → 10.0.0.9:25 SYN len 60 dst 10.0.0.9 → 10.0.0.10");
	CHECK_HAS(r.out, "0.001084000 #17 end dropped in nf.local_in");
	free(r.out);
	free(err);
	free(r.s);
}

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	CHECK(json_object_object_get_ex(o, key, &v));
	return v;
}

static const char *text(struct json_object *o, const char *key)
{
	return json_object_get_string(get(o, key));
}

static void check_trail(struct json_object *o)
{
	CHECK(json_object_get_int(get(o, "trail")) == 17);
	CHECK(json_object_get_int(get(o, "start_ns")) == 1000000);
	CHECK(json_object_get_int(get(o, "end_ns")) == 1084000);
	CHECK_TEXT(text(o, "end"), "dropped");
	CHECK_TEXT(text(o, "reason"), "NETFILTER_DROP");
	CHECK_TEXT(text(o, "reason_text"), "netfilter");
	CHECK_HAS(text(o, "advice"), "nft list ruleset");
	CHECK_TEXT(text(o, "where"), "nf.local_in");
	CHECK_TEXT(text(o, "family"), "ipv4");
	CHECK_TEXT(text(o, "proto"), "tcp");
	CHECK_TEXT(text(o, "src"), "10.0.0.5");
	CHECK(json_object_get_int(get(o, "sport")) == 4711);
	CHECK_TEXT(text(o, "dst"), "10.0.0.9");
	CHECK(json_object_get_int(get(o, "dport")) == 25);
	CHECK(json_object_get_int(get(o, "len")) == 60);
	CHECK(json_object_get_int(get(o, "lost")) == 0);
	CHECK(json_object_get_int(get(get(o, "process"), "pid")) == 195);
	CHECK_TEXT(text(get(o, "tcp"), "flags"), "SYN");
}

static void check_hit(struct json_object *hit)
{
	struct json_object *dst = get(get(hit, "changes"), "dst");
	struct json_object *route = get(get(hit, "changes"), "route");

	CHECK_TEXT(text(hit, "stage"), "nf.local_in");
	CHECK_TEXT(text(hit, "func"), "nf_hook_slow");
	CHECK_TEXT(text(hit, "dev"), "eth0");
	CHECK(json_object_get_int(get(hit, "cpu")) == 1);
	CHECK(json_object_get_int64(get(hit, "netns")) == NETNS_INUM);
	CHECK_TEXT(json_object_get_string(json_object_array_get_idx(dst, 0)), "10.0.0.9");
	CHECK_TEXT(json_object_get_string(json_object_array_get_idx(dst, 1)), "10.0.0.10");
	CHECK(!json_object_array_get_idx(route, 0));
	CHECK_TEXT(text(json_object_array_get_idx(route, 1), "via"), "10.0.0.1");
}

static void json(void)
{
	struct run r = { .s = dropped_syn(), .opts.json = true };
	char *err = unit_stderr(view_all, &r);
	struct json_object *o = json_tokener_parse(r.out);
	struct json_object *link;

	CHECK(o);
	CHECK(strchr(r.out, '\n') == r.out + strlen(r.out) - 1);
	check_trail(o);
	CHECK(json_object_array_length(get(o, "hits")) == 2);
	check_hit(json_object_array_get_idx(get(o, "hits"), 1));
	link = json_object_array_get_idx(get(o, "links"), 0);
	CHECK_TEXT(text(link, "kind"), "clone");
	CHECK(json_object_get_int(get(link, "trail")) == 12);
	json_object_put(o);
	free(r.out);
	free(err);
	free(r.s);
}

/* Of a SYN that was sent for the second time, put together from three fragments. */
static void lineage(void)
{
	struct run r = { .s = stream_new() };
	char *err;

	stream_batch(r.s, 1, 1);
	stream_names(r.s);
	stream_syn(r.s, 20, 1000000);
	stream_hit(r.s, 20, ST_IP_RCV, 1000000, 0);
	stream_kin(r.s, 20, 17, SKBTRAIL_LINK_KIND_REASSEMBLY, 1, 3, 0);
	stream_kin(r.s, 20, 18, SKBTRAIL_LINK_KIND_REASSEMBLY, 2, 3, 0);
	stream_kin(r.s, 20, 19, SKBTRAIL_LINK_KIND_REASSEMBLY, 3, 3, 0);
	stream_kin(r.s, 20, 9, SKBTRAIL_LINK_KIND_SEGMENT, 2, 4, 0);
	stream_kin(r.s, 20, 8, SKBTRAIL_LINK_KIND_RETRANSMIT, 2, 0, SKBTRAIL_RETRANSMIT_WHY_FAST);
	stream_end(r.s, 20, 2000000, SKBTRAIL_END_KIND_SENT, ST_IP_RCV, 0);
	stream_mark(r.s, 900000000);
	stream_summary(r.s);
	err = unit_stderr(view_all, &r);
	CHECK_HAS(r.out, "  reassembled from 3 fragments, #17 to #19  segment 2 of 4 of #9  ");
	CHECK_HAS(r.out, " of #9  transmission 2, last as #8 (fast retransmit)\n");
	free(r.out);
	free(err);

	r.opts.flat = true;
	err = unit_stderr(view_all, &r);
	CHECK_HAS(r.out, "#20 is  reassembled from 3 fragments, ");
	free(r.out);
	free(err);

	r.opts.flat = false;
	r.opts.json = true;
	err = unit_stderr(view_all, &r);
	CHECK_HAS(r.out, "{\"kind\":\"segment\",\"trail\":9,\"place\":2,\"of\":4}");
	CHECK_HAS(r.out, "{\"kind\":\"retransmit\",\"trail\":8,\"place\":2,\"why\":\"fast\"}");
	free(r.out);
	free(err);
	free(r.s);
}

/* A SYN whose destination a hook changed, and that another one queued. */
static struct stream *changed_syn(void)
{
	struct skbtrail_fact_ct ct = { .state = SKBTRAIL_CT_STATE_NEW, .zone = 5 };
	struct stream *s = stream_new();
	uint32_t mark = 9;

	stream_batch(s, 1, 1);
	stream_names(s);
	stream_syn(s, 17, 1000000);
	/* nothing to be told at yet */
	stream_deed(s, 17, 1000000, SKBTRAIL_VERDICT_ACTION_QUEUE, 0, 1);
	stream_hit(s, 17, ST_NF_LOCAL_IN, 1000000, 0);
	stream_deed(s, 17, 1001000, SKBTRAIL_VERDICT_ACTION_CHANGE, SKBTRAIL_VERDICT_NAT_REDIRECT,
		    0);
	stream_inside(s, 17, ST_NF_LOCAL_IN, 1001000);
	stream_dst(s, "10.0.0.10");
	stream_fact(s, SKBTRAIL_FACT_CT, &ct, sizeof(ct));
	/* by whom was lost */
	stream_inside(s, 17, ST_NF_LOCAL_IN, 1001500);
	stream_fact(s, SKBTRAIL_FACT_MARK, &mark, sizeof(mark));
	stream_deed(s, 17, 1002000, SKBTRAIL_VERDICT_ACTION_QUEUE, 0, 7);
	stream_deed(s, 17, 1002000, SKBTRAIL_VERDICT_ACTION_QUEUE_BYPASS, 0, 8);
	stream_deed(s, 17, 1002000, SKBTRAIL_VERDICT_ACTION_STEAL, 0, 0);
	/* it is there still */
	stream_hit(s, 17, ST_TCP_RESET, 1002050, 0);
	stream_deed(s, 17, 1002100, SKBTRAIL_VERDICT_ACTION_MATCH, 0,
		    SKBTRAIL_VERDICT_SAID_ACCEPT);
	stream_deed(s, 17, 1002200, SKBTRAIL_VERDICT_ACTION_MATCH, 0, 99);
	/* of which a rewrite rule has told already */
	stream_deed(s, 17, 1002500, SKBTRAIL_VERDICT_ACTION_CHANGE, 0, 0);
	stream_hit(s, 17, ST_TCP_RCV, 1003000, 0);
	/* inside what it has left */
	stream_inside(s, 17, ST_NF_LOCAL_IN, 1004000);
	stream_dst(s, "10.0.0.11");
	stream_hit(s, 17, ST_TCP_ESTABLISHED, 1005000, 0);
	stream_end(s, 17, 1084000, SKBTRAIL_END_KIND_CONSUMED, ST_TCP_ESTABLISHED, 0);
	stream_mark(s, 900000000);
	stream_summary(s);
	return s;
}

static void deeds(void)
{
	struct run r = { .s = changed_syn() };
	char *err = unit_stderr(view_all, &r);

	CHECK_HAS(r.out, " dst 10.0.0.9 → 10.0.0.10, ct new zone 5 (redirect by nft inet fw c2 ");
	CHECK_HAS(r.out, "(to NFQUEUE 7 by nft inet fw c2 handle 2 (by c1, c2))");
	CHECK_HAS(r.out, "; (to NFQUEUE 8 with bypass by nft inet fw c2 handle 2 ");
	CHECK_HAS(r.out, "(sent on in the fast path of a flowtable, by nft inet fw c2 ");
	CHECK(!strstr(r.out, "NFQUEUE 1 "));
	CHECK_HAS(r.out, "\n                        matched nft inet fw c2 handle 2 ");
	CHECK_HAS(r.out, " handle 2 (by c1, c2) → accept\n");
	CHECK(strstr(r.out, " handle 2 (by c1, c2) → accept\n") < strstr(r.out, "  tcp.reset "));
	CHECK_HAS(r.out, " matched nft inet fw c2 handle 2 (by c1, c2)\n");
	free(r.out);
	free(err);

	r.opts.json = true;
	err = unit_stderr(view_all, &r);
	CHECK_HAS(r.out, "\"dst\":[\"10.0.0.9\",\"10.0.0.10\"],\"ct\":[null,{\"state\":\"new\",");
	CHECK_HAS(r.out, "\"by\":[{\"action\":\"change\",\"nat\":\"redirect\",\"undone\":false,");
	CHECK_HAS(r.out, "{\"action\":\"queue\",\"queue\":7,\"bypass\":false,");
	CHECK_HAS(r.out, "{\"action\":\"match\",\"verdict\":\"accept\",\"rule\":{");
	CHECK_HAS(r.out, "{\"action\":\"match\",\"rule\":{");
	CHECK_HAS(r.out, "{\"action\":\"queue\",\"queue\":8,\"bypass\":true,");
	CHECK_HAS(r.out, "{\"action\":\"steal\",\"rule\":");
	CHECK(!strstr(r.out, "{\"action\":\"change\",\"rule\""));
	CHECK_HAS(r.out, "\"changes\":{\"mark\":[null,9]}}");
	CHECK_HAS(r.out, "\"stage\":\"tcp.established\"");
	CHECK_HAS(r.out, "\"changes\":{\"dst\":[\"10.0.0.10\",\"10.0.0.11\"]}}]}");
	free(r.out);
	free(err);
	free(r.s);
}

static void begin_rule(struct stream *s, uint32_t rule)
{
	struct skbtrail_fact_rewrite rewrite = { .rule = rule };

	stream_change(s, 17, 1001000);
	stream_fact(s, SKBTRAIL_FACT_REWRITE, &rewrite, sizeof(rewrite));
}

static void rewrite_port(struct stream *s, uint16_t port)
{
	stream_fact(s, SKBTRAIL_FACT_SPORT, &port, sizeof(port));
}

static void rewrite_payload(struct stream *s, uint16_t offset, uint8_t old, uint8_t new)
{
	struct skbtrail_fact_payload pair[2] = {
		{ .offset = offset, .len = 1, .bytes = { old } },
		{ .offset = offset, .len = 1, .bytes = { new } },
	};

	stream_fact(s, SKBTRAIL_FACT_PAYLOAD, pair, sizeof(pair));
}

static void mark(struct stream *s, uint32_t n)
{
	stream_fact(s, SKBTRAIL_FACT_MARK, &n, sizeof(n));
}

static void rewrite_bit(struct stream *s, uint32_t bit)
{
	stream_fact(s, SKBTRAIL_FACT_CORRUPT, &bit, sizeof(bit));
}

/* A SYN that two rules change at several places; of one what the first did is undone. */
static struct stream *rewritten_syn(void)
{
	struct stream *s = stream_new();

	stream_batch(s, 1, 1);
	stream_names(s);
	stream_syn(s, 17, 1000000);
	stream_hit(s, 17, ST_NF_LOCAL_IN, 1000000, 0);
	stream_change(s, 17, 1001000);
	mark(s, 1);
	begin_rule(s, 1);
	mark(s, 2);
	rewrite_port(s, 5000);
	rewrite_payload(s, 0, 1, 2);
	rewrite_payload(s, 4, 7, 8);
	rewrite_payload(s, 8, 3, 4);
	rewrite_bit(s, 100);
	begin_rule(s, 2);
	rewrite_port(s, 5001);
	rewrite_payload(s, 4, 8, 7);
	rewrite_payload(s, 8, 4, 5);
	rewrite_bit(s, 300);
	stream_change(s, 17, 1001000);
	mark(s, 3);
	stream_hit(s, 17, ST_TCP_RCV, 1003000, 0);
	stream_end(s, 17, 1084000, SKBTRAIL_END_KIND_CONSUMED, ST_TCP_RCV, 0);
	stream_mark(s, 900000000);
	stream_summary(s);
	return s;
}

#define PLACE(offset, byte)	"{\"offset\":" offset ",\"len\":1,\"bytes\":\"" byte "\"}"
#define PAYLOAD(key, offset, before, after) \
	"\"payload" key "\":[" PLACE(offset, before) "," PLACE(offset, after) "],"
#define BITS		"\"corrupt\":[null,100],\"corrupt_2\":[null,300]}"
#define RULE(number, changes) \
	"{\"rule\":" number ",\"dry_run\":false,\"changes\":{" changes

/* Each change has its key; of what changed twice, the first and the last are told. */
static void rewritten(void)
{
	struct run r = { .s = rewritten_syn(), .opts.json = true };
	char *err = unit_stderr(view_all, &r);

	CHECK_HAS(r.out, "\"changes\":{\"mark\":[null,3],\"sport\":[4711,5001],"
		  PAYLOAD("", "0", "01", "02") PAYLOAD("_2", "8", "03", "05") BITS);
	CHECK_HAS(r.out, RULE("1", "\"mark\":[1,2],\"sport\":[4711,5000],")
		  PAYLOAD("", "0", "01", "02") PAYLOAD("_2", "4", "07", "08")
		  PAYLOAD("_3", "8", "03", "04") "\"corrupt\":[null,100]}}");
	CHECK_HAS(r.out, RULE("2", "\"sport\":[5000,5001],")
		  PAYLOAD("", "4", "08", "07") PAYLOAD("_2", "8", "04", "05")
		  "\"corrupt\":[null,300]}}");
	free(r.out);
	free(err);
	free(r.s);
}

/* A segment of two calls of five that are told, read in two. */
static struct stream *called_segment(void)
{
	struct stream *s = stream_new();
	int i;

	stream_batch(s, 1, 1);
	stream_names(s);
	stream_syn(s, 17, 1000000);
	for (i = 0; i < 5; i++)
		stream_call(s, 17, 1000000, SKBTRAIL_CALL_WAY_SEND, 1448 + i);
	stream_call(s, 17, 1000000, 77, 1);
	stream_hit(s, 17, ST_SOCK_QUEUE, 1001000, 0);
	stream_call(s, 17, 1002000, SKBTRAIL_CALL_WAY_READ, 50);
	stream_call(s, 17, 1003000, SKBTRAIL_CALL_WAY_READ, 30);
	stream_hit(s, 17, ST_SOCK_COPY, 1003000, 0);
	stream_end(s, 17, 1084000, SKBTRAIL_END_KIND_DELIVERED, ST_SOCK_COPY, 0);
	stream_mark(s, 900000000);
	stream_summary(s);
	return s;
}

static void read_and_written(void)
{
	struct run r = { .s = called_segment() };
	struct json_object *o;
	char *err = unit_stderr(view_all, &r);

	CHECK_HAS(r.out, "  carries bytes 101 to 1548 of 20000 by curl[195], and of 3 more");
	CHECK_HAS(r.out, " after 2.00 µs, 2.00 µs of it in the socket's queue\n");
	free(r.out);
	free(err);

	r.opts.json = true;
	err = unit_stderr(view_all, &r);
	o = json_tokener_parse(r.out);
	CHECK(json_object_array_length(json_object_object_get(o, "sends")) == 4);
	CHECK_HAS(r.out, "\"sends\":[{\"pid\":195,\"tid\":196,\"comm\":\"curl\",\"sock\":5,");
	CHECK_HAS(r.out, "\"ns\":900,\"size\":20000,\"at\":100,\"bytes\":1448,\"pos\":5000000100}");
	CHECK_HAS(r.out, "\"read\":{\"pid\":195,\"tid\":196,\"comm\":\"curl\",\"sock\":5,");
	CHECK_HAS(r.out, "\"ns\":900,\"at\":100,\"bytes\":30,\"pos\":5000000100}");
	CHECK_HAS(r.out, "\"queued_ns\":2000");
	json_object_put(o);
	free(r.out);
	free(err);
	free(r.s);
}

static void only_drops(void)
{
	struct run r = { .s = dropped_syn(), .opts.drops = true };
	char *err;

	r.s->len -= sizeof(struct skbtrail_rec_summary);
	stream_syn(r.s, 18, 2000000);
	stream_hit(r.s, 18, ST_IP_RCV, 2000000, 0);
	stream_end(r.s, 18, 2000500, SKBTRAIL_END_KIND_SENT, ST_IP_RCV, 0);
	stream_summary(r.s);
	err = unit_stderr(view_all, &r);
	CHECK_HAS(err, "1 trail shown: 1 dropped\n");
	CHECK(!strstr(r.out, "#18"));
	free(r.out);
	free(err);
	free(r.s);
}

static void incomplete(void)
{
	struct run r = { .s = dropped_syn(), .cut = true };
	char *err;

	r.s->len -= sizeof(struct skbtrail_rec_summary);
	err = unit_stderr(view_all, &r);
	CHECK(r.status == STATUS_INCOMPLETE);
	CHECK_HAS(err, "the stream has no end");
	free(r.out);
	free(err);
	free(r.s);

	r.s = dropped_syn();
	stream_batch(r.s, 1, 5);
	err = unit_stderr(view_all, &r);
	CHECK(r.status == STATUS_INCOMPLETE);
	CHECK_HAS(err, "lost: 3 (3 whole batches)");
	free(r.out);
	free(err);
	free(r.s);
}

void test_render(void)
{
	RUN(tree);
	RUN(flat);
	RUN(json);
	RUN(lineage);
	RUN(deeds);
	RUN(rewritten);
	RUN(read_and_written);
	RUN(only_drops);
	RUN(incomplete);
}
