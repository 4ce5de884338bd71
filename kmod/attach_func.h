/* SPDX-License-Identifier: GPL-2.0 */
/* Function entries: between attach_find.c and attach_func.c; private to them. */
#ifndef SKBTRAIL_ATTACH_FUNC_H
#define SKBTRAIL_ATTACH_FUNC_H

#include <linux/types.h>

#include "stages.h"

#define SKBTRAIL_MAX_HOOKS	64

/* hook functions of netfilter; once one is among them its place stays one */
extern struct skbtrail_point skbtrail_hooks[SKBTRAIL_MAX_HOOKS];
extern unsigned int skbtrail_nhooks;

/** skbtrail_is_func() - whether a point is at the entry of a function */
static inline bool skbtrail_is_func(const struct skbtrail_point *p)
{
	return !p->probe && p->kind != SKBTRAIL_ATTACH_KIND_KRETPROBE &&
	       p->kind != SKBTRAIL_ATTACH_KIND_NETFILTER;
}

/* All of the following: control mutex held. */

/** skbtrail_func_find() - find all there are; once, at load; 0 or an error */
int skbtrail_func_find(void);

/** skbtrail_func_returns() - the function of a point at a return was found */
void skbtrail_func_returns(struct skbtrail_point *p);

/** skbtrail_func_detach() - take the probe off a function that goes with its module */
void skbtrail_func_detach(struct skbtrail_point *p);

/** skbtrail_func_keep_missed() - a point becomes another: what its kprobe missed stays counted */
void skbtrail_func_keep_missed(const struct skbtrail_point *p);

#endif /* SKBTRAIL_ATTACH_FUNC_H */
