/* SPDX-License-Identifier: BSD-2-Clause */
/* A run's result, for a person and for a program. */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

#include <stdio.h>

#include "host/ledger.h"

/* The table of queues, then both ledgers, each drop with its reason, then what was
 * played, and how busy the workers were. They still run. */
void report_table(FILE *out, const struct ledger *ledger);

/* The same as one JSON object, with what was complained of. -ENOMEM. */
int report_json(FILE *out, const struct ledger *ledger);

#endif
