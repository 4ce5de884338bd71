// SPDX-License-Identifier: GPL-2.0
/*
 * Probes exist only while a session needs them. Points are counted; those
 * that end lives are attached before and detached after all others, so that
 * no packet is followed whose end would not be seen.
 */
#include "attach.h"

#include <linux/bitmap.h>
#include <linux/tracepoint.h>
#include <net/netlink.h>

#include "compat.h"
#include "hit.h"
#include "session.h"
#include "stages.h"

static unsigned int nf_users;

static bool available(const struct skbtrail_point *p)
{
	return p->state == SKBTRAIL_POINT_STATE_AVAILABLE ||
	       p->state == SKBTRAIL_POINT_STATE_ATTACHED;
}

static bool wants(const struct skbtrail_point *p, const unsigned long *stages)
{
	return available(p) && (p->flags & SKBTRAIL_PF_LIFE || test_bit(p->stage, stages));
}

static bool wants_nf(const unsigned long *stages)
{
	return test_bit(SKBTRAIL_ST_NF_PREROUTING, stages) ||
	       test_bit(SKBTRAIL_ST_NF_LOCAL_IN, stages) ||
	       test_bit(SKBTRAIL_ST_NF_FORWARD, stages) ||
	       test_bit(SKBTRAIL_ST_NF_LOCAL_OUT, stages) ||
	       test_bit(SKBTRAIL_ST_NF_POSTROUTING, stages);
}

static int tracepoints_add(void)
{
	struct skbtrail_point *p;
	unsigned int i;
	int err;

	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		if (!p->tp || !p->users || p->attached)
			continue;
		err = tracepoint_probe_register(p->tp, p->probe, p);
		if (err)
			return err;
		p->attached = true;
		p->state = SKBTRAIL_POINT_STATE_ATTACHED;
	}
	return 0;
}

static void tracepoints_remove(void)
{
	struct skbtrail_point *p;
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		if (!p->tp || p->users || !p->attached)
			continue;
		tracepoint_probe_unregister(p->tp, p->probe, p);
		p->attached = false;
		p->state = SKBTRAIL_POINT_STATE_AVAILABLE;
	}
	tracepoint_synchronize_unregister();
}

static void count_users(const unsigned long *stages, int by, u32 *points)
{
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++) {
		if (!wants(&skbtrail_points[i], stages))
			continue;
		skbtrail_points[i].users += by;
		if (points)
			++*points;
	}
}

static u32 count_missing(const unsigned long *stages)
{
	DECLARE_BITMAP(here, SKBTRAIL_ST_COUNT) = { 0 };
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++)
		if (available(&skbtrail_points[i]))
			__set_bit(skbtrail_points[i].stage, here);
	bitmap_andnot(here, stages, here, SKBTRAIL_ST_COUNT);
	return bitmap_weight(here, SKBTRAIL_ST_COUNT);
}

static const char *vital_missing(void)
{
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++)
		if (skbtrail_points[i].flags & SKBTRAIL_PF_VITAL &&
		    !available(&skbtrail_points[i]))
			return skbtrail_points[i].func;
	return NULL;
}

int skbtrail_attach(const unsigned long *stages, u32 *points, u32 *missing,
		    struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&skbtrail_control);
	if (vital_missing()) {
		NL_SET_ERR_MSG(extack,
			       "this kernel hides a function that frees packets; see life.* in 'skbtrail stages'");
		return -EOPNOTSUPP;
	}
	*points = 0;
	*missing = count_missing(stages);
	count_users(stages, 1, points);
	err = skbtrail_func_add(true);
	if (!err)
		err = tracepoints_add();
	if (!err)
		err = skbtrail_func_add(false);
	if (!err && wants_nf(stages) && !nf_users++) {
		err = skbtrail_nf_want();
		if (err)
			nf_users = 0;
	}
	if (!err)
		return 0;
	NL_SET_ERR_MSG(extack, "the probes could not be attached; 'skbtrail doctor' may say why");
	count_users(stages, -1, NULL);
	skbtrail_func_remove();
	tracepoints_remove();
	return err;
}

void skbtrail_detach(const unsigned long *stages)
{
	lockdep_assert_held(&skbtrail_control);
	if (wants_nf(stages) && !--nf_users)
		skbtrail_nf_unwant();
	count_users(stages, -1, NULL);
	skbtrail_func_remove();
	tracepoints_remove();
}

static void find_tracepoint(struct tracepoint *tp, void *priv)
{
	unsigned int i;

	for (i = 0; i < skbtrail_point_count; i++)
		if (skbtrail_points[i].probe && !strcmp(tp->name, skbtrail_points[i].func))
			skbtrail_points[i].tp = tp;
}

/* what the packet path would otherwise work out at every hit */
static void describe(struct skbtrail_point *p)
{
	p->hit = skbtrail_hit_head(p);
	if (skbtrail_stages[p->stage].direction == SKBTRAIL_DIRECTION_OUT)
		p->flags |= SKBTRAIL_PF_OUT;
}

int skbtrail_attach_init(void)
{
	struct skbtrail_point *p;
	unsigned int i;
	int err;

	/* few tracepoints are exported; all have names */
	for_each_kernel_tracepoint(find_tracepoint, NULL);
	for (i = 0; i < skbtrail_point_count; i++) {
		p = &skbtrail_points[i];
		p->id = i + 1;
		describe(p);
		if (!p->probe)
			continue;
		p->state = p->tp ? SKBTRAIL_POINT_STATE_AVAILABLE :
				   SKBTRAIL_POINT_STATE_UNAVAILABLE;
		p->why = "this kernel has no such tracepoint";
	}
	err = skbtrail_func_resolve();
	return err ? err : skbtrail_nf_init();
}

void skbtrail_attach_exit(void)
{
	skbtrail_nf_exit();
	skbtrail_func_exit();
}
