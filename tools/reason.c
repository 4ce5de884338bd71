// SPDX-License-Identifier: GPL-2.0
#include "reason.h"

#include <stddef.h>
#include <string.h>

#include "array.h"

static const struct reason reasons[] = {
#define REASON(name, text, advice) { name, text, advice },
#include "reasons.inc"
#undef REASON
};

const struct reason *reason_find(const char *name)
{
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(reasons[i].name, name))
			return &reasons[i];
	return NULL;
}
