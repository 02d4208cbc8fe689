/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real miniport over a NIC, and a protocol that gives receives back at once and asks
 * for queues and filters. Whatever fails ends the program. Control thread.
 */
#ifndef BENCH_CONTROL_PROTOCOL_H
#define BENCH_CONTROL_PROTOCOL_H

#include "miniport/miniport.h"

/* 'nic' as the miniport's keyword; the packet filter takes every frame. */
void control_open(const char *nic, unsigned queues, unsigned buffers);
void control_close(void);
struct miniport_report control_report(void);

/* Each waits until its request has ended. */
ULONG control_allocate(unsigned processor);
void control_complete(ULONG queue);
void control_free(ULONG queue);
/* Untagged frames to 02:00:00 and the 24 bits of 'mac'. */
ULONG control_filter(ULONG queue, unsigned mac);
void control_clear(ULONG queue, ULONG filter);

#endif
