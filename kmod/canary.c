// SPDX-License-Identifier: GPL-2.0
/* The one function of this module that is built for ftrace: to be probed. */
#include "switches.h"

#include <linux/compiler.h>

noinline void skbtrail_canary(bool *seen)
{
	/* not to be left out as a function without effect */
	barrier_data(seen);
}
