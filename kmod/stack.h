/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_STACK_H
#define SKBTRAIL_STACK_H

#include <linux/types.h>

struct skbtrail_life;

/**
 * skbtrail_stack_tell() - the calls that led to the end of a packet, to who wants them
 * @location: where it was dropped
 *
 * Interrupts off, the set of @life locked.
 */
void skbtrail_stack_tell(const struct skbtrail_life *life, const void *location, u64 ns);

#endif /* SKBTRAIL_STACK_H */
