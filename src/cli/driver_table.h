/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers as a person reads them. */
#ifndef CLI_DRIVER_TABLE_H
#define CLI_DRIVER_TABLE_H

#include <jansson.h>

/* The answer of driver.list as a table, a row a driver and place. */
void driver_table_print(const json_t *list);

/* One driver, as driver.info and most others answer, line by line. */
void driver_print(const json_t *driver);

#endif
