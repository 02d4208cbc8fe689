/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_QUEUE_TABLE_H
#define CLI_QUEUE_TABLE_H

#include <jansson.h>

/* The answer to queue.list as a table. */
void queue_table_print(const json_t *list);

#endif
