// SPDX-License-Identifier: GPL-2.0
/*
 * Probes can be switched off under us, for the whole system: by the sysctl
 * kernel.ftrace_enabled, which is refused while an ftrace_ops like ours is
 * there, and kprobes by a file in debugfs, which is not. A free that is not
 * seen then would join two packets in one trail.
 *
 * So entering the function behind that file ends every trail, and nothing is
 * followed until the write is over and a probe of our own is hit again. The
 * probe is tried at every flush as well: a kernel where that function cannot
 * be watched tells no later than this, and is not trusted again.
 */
#include "switches.h"

#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "attach.h"
#include "calls.h"
#include "compat.h"
#include "sight.h"

/* as many tasks can be in the middle of switching */
#define MAX_INSIDE	4

/* see switches.h */
bool skbtrail_switch_doubt;

static struct {
	const char	*func;
	unsigned long	ip;
} entries[SKBTRAIL_SWITCH_IPS] = {
	/* a write to kprobes/enabled begins with the first and ends with the second */
	{ "write_enabled_file_bool" },
	{ "debugfs_file_put" },
};

/* inside the control mutex, or alone; guards all that follows, up to @lock */
static DEFINE_MUTEX(look_lock);
static struct kprobe canary;
static unsigned int users;
/* value of @count when trails were last ended */
static u32 settled;

static DEFINE_RAW_SPINLOCK(lock);
/* compared, never dereferenced; behind the last one: too many to remember */
static const struct task_struct *inside[MAX_INSIDE];
static unsigned int ninside;
static u32 count;
/* odd: kprobes are off, or may be */
static u32 times;

u32 skbtrail_switch_count(void)
{
	return READ_ONCE(count);
}

static void doubt(void)
{
	lockdep_assert_held(&lock);
	times += !skbtrail_switch_doubt;
	WRITE_ONCE(skbtrail_switch_doubt, true);
	/* makes the packet path compare epochs, of which this is part */
	WRITE_ONCE(count, count + 1);
	WRITE_ONCE(skbtrail_attach_skips, true);
}

/* switching on what is on changes nothing */
static bool harmless(const struct pt_regs *regs)
{
	char c;

	return !skbtrail_switch_doubt &&
	       !copy_from_user_nofault(&c, (const void __user *)skbtrail_arg(regs, 2), 1) &&
	       (c == '1' || c == 'y' || c == 'Y');
}

static void enter(const struct pt_regs *regs)
{
	if (harmless(regs))
		return;
	if (ninside < MAX_INSIDE)
		inside[ninside] = current;
	ninside++;
	doubt();
}

static void leave(void)
{
	unsigned int i;

	/* with too many it is not known who is left: then for good */
	if (ninside > MAX_INSIDE)
		return;
	for (i = 0; i < ninside; i++)
		if (inside[i] == current)
			inside[i] = inside[--ninside];
}

void skbtrail_switch_hit(unsigned long ip, const struct pt_regs *regs)
{
	unsigned long flags;

	if (ip != entries[0].ip && !READ_ONCE(ninside))
		return;
	raw_spin_lock_irqsave(&lock, flags);
	if (ip == entries[0].ip)
		enter(regs);
	else
		leave();
	raw_spin_unlock_irqrestore(&lock, flags);
}

unsigned int skbtrail_switch_ips(unsigned long *ips)
{
	unsigned int i;

	/* a module that comes is looked at without a session, too */
	if (!users)
		return 0;
	/* one without the other would be no use */
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		if (!entries[i].ip)
			return 0;
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		ips[i] = entries[i].ip;
	return i;
}

static int on_canary(struct kprobe *kp, struct pt_regs *regs)
{
	*(bool *)skbtrail_arg(regs, 1) = true;
	return 0;
}

bool skbtrail_switch_on(void)
{
	unsigned long flags;
	bool seen = false;

	/* while this probe runs the kernel would skip others on this CPU */
	local_irq_save(flags);
	skbtrail_canary(&seen);
	local_irq_restore(flags);
	return READ_ONCE(seen);
}

/* a probe of ours is hit, and nobody is about to switch */
static void resume(u32 seen)
{
	/* what a call began to tell while it could not be seen may belong to no packet now */
	skbtrail_calls_clear();
	raw_spin_lock_irq(&lock);
	if (count == seen && !ninside) {
		WRITE_ONCE(count, count + 1);
		WRITE_ONCE(skbtrail_switch_doubt, false);
		times++;
	}
	raw_spin_unlock_irq(&lock);
}

static void look(void)
{
	unsigned long ips[SKBTRAIL_SWITCH_IPS];
	u32 seen = skbtrail_switch_count();
	bool on = skbtrail_switch_on();

	lockdep_assert_held(&look_lock);
	if (!on && !READ_ONCE(skbtrail_switch_doubt)) {
		raw_spin_lock_irq(&lock);
		doubt();
		raw_spin_unlock_irq(&lock);
	} else if (on && READ_ONCE(skbtrail_switch_doubt) && skbtrail_switch_ips(ips)) {
		resume(seen);
	}
	seen = skbtrail_switch_count();
	if (seen != settled)
		skbtrail_sight_doubt();
	settled = seen;
}

u32 skbtrail_switch_look(void)
{
	mutex_lock(&look_lock);
	if (users)
		look();
	mutex_unlock(&look_lock);
	return READ_ONCE(times);
}

int skbtrail_switch_begin(void)
{
	int err = 0;

	mutex_lock(&look_lock);
	if (!users) {
		memset(&canary, 0, sizeof(canary));
		canary.addr = (kprobe_opcode_t *)skbtrail_canary;
		canary.pre_handler = on_canary;
		err = register_kprobe(&canary);
	}
	users += !err;
	mutex_unlock(&look_lock);
	return err;
}

/* with the last session the probes go, and with them all there is to doubt */
void skbtrail_switch_end(void)
{
	mutex_lock(&look_lock);
	if (!--users) {
		unregister_kprobe(&canary);
		raw_spin_lock_irq(&lock);
		ninside = 0;
		count = 0;
		times += skbtrail_switch_doubt;
		skbtrail_switch_doubt = false;
		raw_spin_unlock_irq(&lock);
		settled = 0;
	}
	mutex_unlock(&look_lock);
}

void skbtrail_switch_resolve(void)
{
	struct kprobe kp[SKBTRAIL_SWITCH_IPS] = { };
	struct kprobe *found[SKBTRAIL_SWITCH_IPS];
	unsigned int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		kp[i].symbol_name = entries[i].func;
		kp[i].flags = KPROBE_FLAG_DISABLED;
		if (register_kprobe(&kp[i]))
			continue;
		found[n++] = &kp[i];
		if (kprobe_ftrace(&kp[i]))
			entries[i].ip = (unsigned long)kp[i].addr;
	}
	if (n)
		unregister_kprobes(found, n);
}
