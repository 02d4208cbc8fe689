/* SPDX-License-Identifier: BSD-2-Clause */
/* The null drivers that the NDIS measurements stand on: a miniport, a filter and a
 * protocol that do nothing but what the contract demands of them. */
#ifndef BENCH_NDIS_DRIVERS_H
#define BENCH_NDIS_DRIVERS_H

#include "ndis/host.h"

struct null_stack {
	NDIS_HANDLE miniport, binding;        /* what the calls of a measurement need */
	struct ndis_adapter *adapter;
	struct ndis_image *miniport_image, *filter_image, *protocol_image;
};

extern struct null_stack null_stack;

/* A miniport, 'filters' modules and a protocol, running. Ends the program on failure. */
void null_stack_open(unsigned filters);
void null_stack_close(void);

#endif
