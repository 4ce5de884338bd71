// SPDX-License-Identifier: GPL-2.0
/*
 * One deliberate bug for each value of the parameter "what": selftests/vm/plants
 * loads this to see that the debug kernels tell.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *what = "nothing";
module_param(what, charp, 0444);

struct plant {
	refcount_t refs;
	/* not at the end, where UBSAN takes any array for a flexible one */
	int values[4];
	struct list_head list;
	struct timer_list timer;
};

static DEFINE_SPINLOCK(first);
static DEFINE_SPINLOCK(second);
static struct plant __rcu *published;
static int shared;
/* read with READ_ONCE(): the compiler must not see through the bugs */
static int four = 4, many = 40;

static void nothing(struct plant *p)
{
	kfree(p);
}

static void use_after_free(struct plant *p)
{
	kfree(p);
	shared = READ_ONCE(p->values[1]);
}

static void out_of_bounds(struct plant *p)
{
	char *bytes = kmalloc(36 + READ_ONCE(four), GFP_KERNEL);

	if (bytes)
		bytes[READ_ONCE(many)] = 1;
	kfree(bytes);
	kfree(p);
}

/* several: a stale copy of one's address may stay where kmemleak looks */
static void leak(struct plant *p)
{
	int i;

	for (i = 0; i < 10; i++) {
		p = kzalloc(sizeof(*p), GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(p);
	}
	kfree(p);
}

static void sleep_in_atomic(struct plant *p)
{
	spin_lock(&first);
	msleep(20);
	spin_unlock(&first);
	kfree(p);
}

static void lock_inversion(struct plant *p)
{
	spin_lock(&first);
	spin_lock(&second);
	spin_unlock(&second);
	spin_unlock(&first);

	spin_lock(&second);
	spin_lock(&first);
	spin_unlock(&first);
	spin_unlock(&second);
	kfree(p);
}

static void unprotected_rcu(struct plant *p)
{
	if (rcu_dereference(published))
		shared++;
	kfree(p);
}

static void ignored(struct timer_list *timer)
{
}

static void active_timer_freed(struct plant *p)
{
	timer_setup(&p->timer, ignored, 0);
	mod_timer(&p->timer, jiffies + 1000 * HZ);
	kfree(p);
}

static void reference_from_zero(struct plant *p)
{
	refcount_set(&p->refs, 0);
	refcount_inc(&p->refs);
	kfree(p);
}

static void list_corruption(struct plant *p)
{
	LIST_HEAD(head);

	list_add(&p->list, &head);
	list_del(&p->list);
	list_del(&p->list);
	kfree(p);
}

static void array_index(struct plant *p)
{
	shared = p->values[READ_ONCE(four)];
	kfree(p);
}

static void shift(struct plant *p)
{
	shared = 1 << READ_ONCE(many);
	kfree(p);
}

static int racer(void *unused)
{
	while (!kthread_should_stop()) {
		shared++;
		cond_resched();
	}
	return 0;
}

static void race(struct plant *p)
{
	struct task_struct *one = kthread_run(racer, NULL, "racer1");
	struct task_struct *two = kthread_run(racer, NULL, "racer2");

	msleep(5000);
	if (!IS_ERR(one))
		kthread_stop(one);
	if (!IS_ERR(two))
		kthread_stop(two);
	kfree(p);
}

#define PLANT(f) { #f, f }
static const struct {
	const char *name;
	void (*plant)(struct plant *p);
} plants[] = {
	PLANT(nothing), PLANT(use_after_free), PLANT(out_of_bounds), PLANT(leak),
	PLANT(sleep_in_atomic), PLANT(lock_inversion), PLANT(unprotected_rcu),
	PLANT(active_timer_freed), PLANT(reference_from_zero), PLANT(list_corruption),
	PLANT(array_index), PLANT(shift), PLANT(race),
};

static int __init plant_init(void)
{
	struct plant *p;
	int i;

	for (i = 0; i < ARRAY_SIZE(plants); i++) {
		if (strcmp(plants[i].name, what))
			continue;
		p = kzalloc(sizeof(*p), GFP_KERNEL);
		if (!p)
			return -ENOMEM;
		plants[i].plant(p);
		return 0;
	}
	return -EINVAL;
}
module_init(plant_init);

static void __exit plant_exit(void)
{
}
module_exit(plant_exit);

MODULE_DESCRIPTION("bugs for the debug kernels to find");
MODULE_LICENSE("GPL");
