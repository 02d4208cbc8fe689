/* SPDX-License-Identifier: BSD-2-Clause */
/* Reset, and the watch that may ask for one (I38, I39). */
#ifndef NDIS_RESET_H
#define NDIS_RESET_H

struct ndis_adapter;

/* Asks MiniportCheckForHangEx at the adapter's interval, if it has one, from now on. */
void ndis_reset_watch_start(struct ndis_adapter *adapter);
/* Not asked any more when it returns; a reset under way has ended. PnP lock. */
void ndis_reset_watch_stop(struct ndis_adapter *adapter);

#endif
