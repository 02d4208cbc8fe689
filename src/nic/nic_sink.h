/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a NIC that is a capture sends to: a pcapng file, or nowhere. */
#ifndef NIC_NIC_SINK_H
#define NIC_NIC_SINK_H

#include <stdint.h>

#include <rte_mbuf.h>

#include "base/error.h"

struct nic_sink;

/* 'path' NULL: frames go nowhere, and '*sink' becomes NULL. 'input': the capture
 * that is read, which must not be overwritten. Errors as pcapng_create(), and
 * -EINVAL. Control thread. */
int nic_sink_open(struct nic_sink **sink, const char *path, const char *input,
		  struct error *err);

/* Writes the frames with the current time and frees them; always takes all.
 * Accepts a NULL sink. One thread at a time. */
uint16_t nic_sink_burst(struct nic_sink *sink, struct rte_mbuf **pkts, uint16_t n);

/* Flushes and closes; a failure is logged. Accepts NULL. */
void nic_sink_close(struct nic_sink *sink);

#endif
