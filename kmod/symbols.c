// SPDX-License-Identifier: GPL-2.0
/* Numbers for code locations, given on the packet path, named by senders. */
#include "symbols.h"

#include <linux/hash.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/string.h>

/* with stacks there are some hundreds */
#define SYMBOL_BITS	12
#define MAX_PROBES	16

/* open addressing; a slot once taken stays */
static struct {
	const void	*location;
	u32		id;
} table[1 << SYMBOL_BITS];
static const void *by_id[(1 << SYMBOL_BITS) + 1];
static unsigned int count;
static DEFINE_RAW_SPINLOCK(lock);

u32 skbtrail_symbol(const void *location)
{
	unsigned int i, n, slot = hash_ptr(location, SYMBOL_BITS);
	u32 id = 0;

	raw_spin_lock(&lock);
	for (n = 0; n < MAX_PROBES; n++) {
		i = (slot + n) % ARRAY_SIZE(table);
		if (table[i].location == location) {
			id = table[i].id;
			break;
		}
		if (table[i].location)
			continue;
		id = count + 1;
		by_id[id] = location;
		table[i].location = location;
		table[i].id = id;
		/* the sender reads by_id up to count */
		smp_store_release(&count, id);
		break;
	}
	raw_spin_unlock(&lock);
	return id;
}

unsigned int skbtrail_symbol_count(void)
{
	/* pairs with the store in skbtrail_symbol() */
	return smp_load_acquire(&count);
}

void skbtrail_symbol_name(u32 id, char *buf, unsigned int size)
{
	char sym[KSYM_SYMBOL_LEN], *slash, *module;

	sprint_symbol(sym, (unsigned long)by_id[id]);
	/* its module is gone: an address would tell nothing, and must not */
	if (!strncmp(sym, "0x", 2))
		strscpy(sym, "unknown", sizeof(sym));
	/* name+0x12/0x345 [module]: the function's length says nothing here */
	slash = strchr(sym, '/');
	module = slash ? strchr(slash, ' ') : NULL;
	if (slash)
		*slash = '\0';
	snprintf(buf, size, "%s%s", sym, module ? module : "");
}
