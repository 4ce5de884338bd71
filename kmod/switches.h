/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SWITCHES_H
#define SKBTRAIL_SWITCHES_H

#include <linux/types.h>

struct pt_regs;

/* functions whose entries tell that kprobes are switched */
#define SKBTRAIL_SWITCH_IPS	2

/* kprobes are off, or may be: nothing new is followed */
extern bool skbtrail_switch_doubt;

/** skbtrail_switch_count() - changes with every switch, 0 until the first; any context */
u32 skbtrail_switch_count(void);

/** skbtrail_switch_resolve() - find the functions; once, at load */
void skbtrail_switch_resolve(void);

/**
 * skbtrail_switch_ips() - entries the ftrace_ops is to watch besides the points
 * @ips: room for SKBTRAIL_SWITCH_IPS
 *
 * Return: how many, 0 where they cannot be watched.
 */
unsigned int skbtrail_switch_ips(unsigned long *ips);

/** skbtrail_switch_hit() - one of these was entered */
void skbtrail_switch_hit(unsigned long ip, const struct pt_regs *regs);

/** skbtrail_switch_begin() - one more session; 0 or an error; control mutex held */
int skbtrail_switch_begin(void);

/** skbtrail_switch_end() - undo skbtrail_switch_begin() */
void skbtrail_switch_end(void);

/** skbtrail_switch_on() - whether kprobes work now; between begin and end */
bool skbtrail_switch_on(void);

/**
 * skbtrail_switch_look() - notice what has happened to kprobes, and end what it concerns
 *
 * Context: process, may sleep. Return: how often they were switched since load;
 * odd while they are off.
 */
u32 skbtrail_switch_look(void);

/** skbtrail_canary() - has a kprobe that sets @seen; canary.c */
void skbtrail_canary(bool *seen);

#endif /* SKBTRAIL_SWITCHES_H */
