/* SPDX-License-Identifier: GPL-2.0 */
/* Calls of processes that wrote and read the bytes of a TCP segment. */
#ifndef SKBTRAIL_CALL_H
#define SKBTRAIL_CALL_H

#include <stdio.h>

#include "trail.h"

struct json_object;

/* For JSON: adds "sends" and "read", as far as they are known. */
void call_json(struct json_object *o, const struct trail *t);

/* For people: "  carries bytes 1449 to 2896 of 20000 by curl[120]"; nothing where none is known. */
void call_heading(FILE *f, const struct trail *t);

#endif
