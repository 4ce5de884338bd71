/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_ARRAY_H
#define SKBTRAIL_ARRAY_H

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
