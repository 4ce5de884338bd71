// SPDX-License-Identifier: GPL-2.0
#include "reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "array.h"

static const struct reason reasons[] = {
#define REASON(name, text, advice) { name, text, advice },
#include "reasons.inc"
#undef REASON
};

/* whether an entry is about a reason given in one function: NAME@function */
static bool is_at(const char *entry, const char *name, const char *symbol)
{
	size_t n = strlen(name), func = symbol ? strcspn(symbol, "+.") : 0;

	return func && !strncmp(entry, name, n) && entry[n] == '@' &&
	       strlen(entry + n + 1) == func && !strncmp(entry + n + 1, symbol, func);
}

const struct reason *reason_find(const char *name, const char *symbol)
{
	const struct reason *found = NULL;
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(reasons); i++) {
		if (is_at(reasons[i].name, name, symbol))
			return &reasons[i];
		if (!strcmp(reasons[i].name, name))
			found = &reasons[i];
	}
	return found;
}
