/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the crash report of a host has besides the crash: the captures are saved, the
 * ledgers told, and what the drivers held.
 */
#ifndef HOST_CRASH_SECTIONS_H
#define HOST_CRASH_SECTIONS_H

struct ledger;
struct machine;

/* After crash_install, before the machine starts. Control thread. */
void crash_sections_begin(void);

/* From here on the ledgers are those of 'machine' as it runs; or, when it is about to be
 * taken down, those that were read, and 'machine' is NULL; or both are NULL: none. */
void crash_sections_ledger(struct machine *machine, const struct ledger *read);

#endif
