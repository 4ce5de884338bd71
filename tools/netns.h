/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_NETNS_H
#define SKBTRAIL_NETNS_H

#include <stdbool.h>
#include <stdint.h>

#include "names.h"

/* Adds a name of DICT_NETNS for every namespace that "ip netns" has a name for. */
void netns_scan(struct names *names);

/* Calls @fn for every namespace that has a name below /run/netns. */
void netns_for_each(void (*fn)(void *arg, const char *name, uint32_t inum),
		    void *arg);

/**
 * netns_open - Open a network namespace.
 * @what: a name known to "ip netns", a process id, or a path
 *
 * Returns a file descriptor; -1 after a sentence on stderr.
 */
int netns_open(const char *what);

/**
 * netns_has_device - Look for a network device.
 * @fd: namespace to look in, -1 for all that can be found
 * @dev: its name
 *
 * Returns true also where nobody can say, because the namespaces may not be
 * entered.
 */
bool netns_has_device(int fd, const char *dev);

/**
 * netns_run - Call a function inside a network namespace.
 * @inum: inode number of the namespace
 * @cookie: its cookie
 * @fn: called with @arg; what it opens there stays there, and keeps the namespace
 *
 * Returns 0, or -1 when there is no such namespace any more, or nobody lives in
 * it who can be seen.
 */
int netns_run(uint32_t inum, uint64_t cookie, void (*fn)(void *arg), void *arg);

#endif
