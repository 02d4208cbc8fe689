/* SPDX-License-Identifier: BSD-2-Clause */
/* A run's result, for a person and for a program. */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

#include <stdio.h>

#include "host/ledger.h"

/* The table of queues, then both ledgers, each drop with its reason. */
void report_table(FILE *out, const struct ledger *ledger);

/* The same as one JSON object. -ENOMEM. */
int report_json(FILE *out, const struct ledger *ledger);

#endif
