/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_RULETEXT_H
#define SKBTRAIL_RULETEXT_H

#include "decode.h"
#include "names.h"

/**
 * ruletext_learn - Ask for the text of the rule a verdict names.
 * @names: gets it in DICT_RULE
 * @rec: the verdict
 *
 * Only asks, in the network namespace of the packet; a rule of nf_tables only once.
 * Returns what was added, NULL when there was nothing to learn.
 */
const struct name *ruletext_learn(struct names *names, const struct record *rec);

#endif
