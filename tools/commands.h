/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SKBTRAIL_COMMANDS_H
#define SKBTRAIL_COMMANDS_H

#include "options.h"

/* Each returns an exit status. */
int command_trace(const struct options *opts);
int command_record(const struct options *opts);
int command_read(const struct options *opts);
int command_stages(const struct options *opts);
int command_doctor(const struct options *opts);
int command_rewrite(const struct options *opts);

/* what rewrite says behind its options */
void help_rewrite(void);

#endif
