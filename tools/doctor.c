// SPDX-License-Identifier: GPL-2.0
/* What works here, line by line; every line that is not ok says what to do. */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "complain.h"
#include "stagelist.h"
#include "text.h"

enum verdict {
	OK,
	WARN,
	FAIL,
};

/* Prints one line and returns @v. */
static enum verdict say(enum verdict v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static enum verdict say(enum verdict v, const char *fmt, ...)
{
	static const char *const words[] = { "ok  ", "warn", "fail" };
	static const char *const colours[] = { "32", "33", "31" };
	struct style st = style_of_stdout();
	va_list ap;

	if (st.colour)
		printf("\033[%sm%s\033[0m  ", colours[v], words[v]);
	else
		printf("%s  ", words[v]);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	return v;
}

/* First character of a file, 0 when it cannot be read. */
static char first_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = 0;

	if (fd < 0)
		return 0;
	if (read(fd, &c, 1) != 1)
		c = 0;
	close(fd);
	return c;
}

static enum verdict check_permission(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (!syscall(SYS_capget, &head, data) &&
	    data[0].effective & (1u << CAP_NET_ADMIN))
		return say(OK, "permission: CAP_NET_ADMIN");
	return say(FAIL, "permission: run as root (CAP_NET_ADMIN)");
}

static enum verdict check_kprobes(void)
{
	switch (first_of("/sys/kernel/debug/kprobes/enabled")) {
	case '0':
		return say(FAIL, "kprobes: off; run 'echo 1 >/sys/kernel/debug/kprobes/enabled'");
	case '1':
		return say(OK, "kprobes: switched on");
	default:
		return say(OK, "kprobes: on, unless switched off (debugfs is not mounted)");
	}
}

static enum verdict check_ftrace(void)
{
	switch (first_of("/proc/sys/kernel/ftrace_enabled")) {
	case '0':
		return say(FAIL, "ftrace: switched off; run 'sysctl kernel.ftrace_enabled=1'");
	case '1':
		return say(OK, "ftrace: switched on");
	default:
		/* whether it is used, the module says */
		return say(OK, "ftrace: nothing here can switch it off");
	}
}

static enum verdict check_release(const struct module_info *info)
{
	struct utsname uts;

	if (uname(&uts) || !*info->kernel || !strcmp(uts.release, info->kernel))
		return say(OK, "kernel: %s", info->kernel);
	return say(WARN, "kernel: the module reports %s, the system %s",
		   info->kernel, uts.release);
}

static enum verdict check_abi(const struct module_info *info)
{
	if (info->abi == SKBTRAIL_ABI)
		return say(OK, "protocol: version %u on both sides", info->abi);
	return say(FAIL, "protocol: module %u, tool %u; install both from one release",
		   info->abi, SKBTRAIL_ABI);
}

static enum verdict worse(enum verdict a, enum verdict b)
{
	return a > b ? a : b;
}

static enum verdict check_missed(const struct module_info *info)
{
	if (!info->missed)
		return OK;
	return say(WARN, "kprobes: %llu hits were skipped; trails of that time end unknown",
		   (unsigned long long)info->missed);
}

static enum verdict check_module(const struct module_info *info)
{
	enum verdict v = say(OK, "module: version %s, %u stages, %u sessions now",
			     info->version, info->stages, info->sessions);

	v = worse(v, check_release(info));
	v = worse(v, check_abi(info));
	if (info->attach == SKBTRAIL_ATTACH_KIND_KPROBE)
		v = worse(v, say(OK, "attach: by kprobe; ftrace would cost less per hit"));
	else
		v = worse(v, say(OK, "attach: function entries by %s",
				 stage_kind_word(info->attach)));
	return worse(v, check_missed(info));
}

static enum verdict check_stage(const struct stage *s)
{
	if (stage_state(s) != SKBTRAIL_POINT_STATE_UNAVAILABLE)
		return OK;
	return say(WARN, "stage %s is unavailable: %s; trails will not show%s%s",
		   s->name, *stage_reason(s) ? stage_reason(s) : "reason unknown",
		   *s->doc ? ": " : " it", s->doc);
}

static enum verdict check_stages(struct family *f)
{
	struct stagelist list;
	enum verdict v = OK;
	size_t i, missing = 0;

	if (stagelist_get(&list, f))
		return say(FAIL, "stages: the table could not be read");
	for (i = 0; i < list.nr; i++) {
		enum verdict one = check_stage(&list.stages[i]);

		missing += one != OK;
		v = worse(v, one);
	}
	say(OK, "stages: %zu of %zu available", list.nr - missing, list.nr);
	stagelist_release(&list);
	return v;
}

static enum verdict check_family(void)
{
	struct module_info info;
	struct family f;
	enum verdict v;
	int ret = family_open(&f);

	if (ret == -ENOENT)
		return say(FAIL, "module: not loaded; run 'modprobe skbtrail'");
	if (ret)
		return say(FAIL, "module: cannot be asked: %s", strerror(-ret));
	ret = family_info(&f, &info);
	if (ret == -EPERM)
		v = say(FAIL, "module: loaded, but it answers root only");
	else if (ret)
		v = say(FAIL, "module: cannot be asked: %s",
			*f.error ? f.error : strerror(-ret));
	else
		v = check_module(&info);
	if (!ret && v != FAIL)
		v = worse(v, check_stages(&f));
	family_close(&f);
	return v;
}

int command_doctor(const struct options *opts)
{
	enum verdict v;

	(void)opts;
	v = check_permission();
	v = worse(v, check_family());
	v = worse(v, check_kprobes());
	v = worse(v, check_ftrace());
	puts(v == FAIL ? "skbtrail does not work here until what failed is put right" :
	     v == WARN ? "skbtrail works here, with the limits above" :
			 "skbtrail works here");
	return v == FAIL ? STATUS_ERROR : STATUS_OK;
}
