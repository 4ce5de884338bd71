/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_SIGNALS_H
#define SKBTRAIL_SIGNALS_H

#include <stdbool.h>

/* SIGINT and SIGTERM wait to be read. Returns a file to poll, or -1 after a sentence. */
int signals_open(void);

/* Takes one that is waiting; false when there is none. */
bool signals_take(int fd);

#endif
