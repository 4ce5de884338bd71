// SPDX-License-Identifier: GPL-2.0
#include "netns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "complain.h"

#define NETNS_DIR "/run/netns"
#define SCAN_MS 100

void netns_for_each(void (*fn)(void *arg, const char *name, uint32_t inum),
		    void *arg)
{
	DIR *dir = opendir(NETNS_DIR);
	struct dirent *d;
	struct stat st;

	if (!dir)
		return;
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.' &&
		    !fstatat(dirfd(dir), d->d_name, &st, 0))
			fn(arg, d->d_name, st.st_ino);
	closedir(dir);
}

static void add_name(void *arg, const char *name, uint32_t inum)
{
	names_add(arg, DICT_NETNS, inum, 0, 0, name, strlen(name));
}

void netns_scan(struct names *names)
{
	static uint64_t looked;
	struct timespec ts;
	uint64_t ms;

	/* asked for every batch, of which there may be thousands in a second */
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	ms = ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
	if (looked && ms - looked < SCAN_MS)
		return;
	looked = ms;
	netns_for_each(add_name, names);
}

static bool all_digits(const char *s)
{
	if (!*s)
		return false;
	while (isdigit((unsigned char)*s))
		s++;
	return !*s;
}

static int open_path(const char *what, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return complain("no network namespace '%s': %s: %s", what, path,
				strerror(errno));
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return complain("'%s' is not a network namespace", path);
	}
	return fd;
}

int netns_open(const char *what)
{
	char path[512];

	if (strchr(what, '/'))
		return open_path(what, what);
	snprintf(path, sizeof(path), "%s/%s", NETNS_DIR, what);
	/* a name of digits is a name first: the user chose it */
	if (access(path, F_OK) && all_digits(what))
		snprintf(path, sizeof(path), "/proc/%s/ns/net", what);
	return open_path(what, path);
}

/**
 * struct walk - A walk along the paths of namespaces.
 * @visit: returns whether it has seen enough
 */
struct walk {
	bool (*visit)(void *arg, const char *path);
	void *arg;
	bool done;
};

static void walk_name(void *arg, const char *name, uint32_t inum)
{
	struct walk *w = arg;
	char path[512];

	(void)inum;
	snprintf(path, sizeof(path), "%s/%s", NETNS_DIR, name);
	w->done = w->done || w->visit(w->arg, path);
}

/* Those that have a name, then those of processes. */
static void walk_paths(bool (*visit)(void *arg, const char *path), void *arg)
{
	struct walk w = { .visit = visit, .arg = arg };
	struct dirent *d;
	char path[300];
	DIR *dir;

	netns_for_each(walk_name, &w);
	dir = w.done ? NULL : opendir("/proc");
	while (dir && !w.done && (d = readdir(dir))) {
		if (!all_digits(d->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", d->d_name);
		w.done = visit(arg, path);
	}
	if (dir)
		closedir(dir);
}

/**
 * struct wanted - A namespace that is looked for by its number.
 * @fd: it, -1 while not found
 */
struct wanted {
	uint32_t inum;
	int fd;
};

static bool try_path(void *arg, const char *path)
{
	struct wanted *w = arg;
	struct stat st;

	if (!stat(path, &st) && st.st_ino == w->inum)
		w->fd = open(path, O_RDONLY | O_CLOEXEC);
	return w->fd >= 0;
}

static int open_inum(uint32_t inum)
{
	struct wanted w = { .inum = inum, .fd = -1 };

	if (!try_path(&w, "/proc/self/ns/net"))
		walk_paths(try_path, &w);
	return w.fd;
}

/* @blind: none could be entered, so there is nowhere to return from */
static void go_home(int home, bool blind)
{
	if (!setns(home, CLONE_NEWNET) || blind)
		return;
	complain("cannot return to the network namespace: %s", strerror(errno));
	exit(STATUS_ERROR);
}

/* A number is given to another namespace at once when the first is gone, a cookie never. */
static bool is_here(uint64_t cookie)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t ours = 0;
	socklen_t len = sizeof(ours);
	bool same;

	if (fd < 0)
		return false;
	same = !getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &ours, &len) && ours == cookie;
	close(fd);
	return same;
}

int netns_run(uint32_t inum, uint64_t cookie, void (*fn)(void *arg), void *arg)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd = home < 0 ? -1 : open_inum(inum);
	int ret = -1;

	if (fd >= 0 && !setns(fd, CLONE_NEWNET)) {
		if (is_here(cookie)) {
			fn(arg);
			ret = 0;
		}
		go_home(home, false);
	}
	if (fd >= 0)
		close(fd);
	if (home >= 0)
		close(home);
	return ret;
}

/**
 * struct search - A walk through namespaces.
 * @seen: inodes of those visited
 */
struct search {
	const char *dev;
	bool found;
	bool blind;
	ino_t *seen;
	size_t nr_seen;
	size_t cap_seen;
};

static bool first_visit(struct search *s, int fd)
{
	struct stat st;
	size_t i;

	if (fstat(fd, &st))
		return false;
	for (i = 0; i < s->nr_seen; i++)
		if (s->seen[i] == st.st_ino)
			return false;
	s->seen = grow(s->seen, s->nr_seen, &s->cap_seen, sizeof(*s->seen));
	s->seen[s->nr_seen++] = st.st_ino;
	return true;
}

static void search_fd(struct search *s, int fd)
{
	if (s->found || !first_visit(s, fd))
		return;
	if (setns(fd, CLONE_NEWNET))
		s->blind = true;
	else
		s->found = if_nametoindex(s->dev);
}

static bool search_path(void *arg, const char *path)
{
	struct search *s = arg;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		search_fd(s, fd);
		close(fd);
	}
	return s->found;
}

bool netns_has_device(int fd, const char *dev)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct search s = { .dev = dev };

	if (home < 0)
		return true;
	if (fd >= 0) {
		search_fd(&s, fd);
	} else {
		search_fd(&s, home);
		walk_paths(search_path, &s);
	}
	go_home(home, s.blind);
	close(home);
	free(s.seen);
	return s.found || s.blind;
}
