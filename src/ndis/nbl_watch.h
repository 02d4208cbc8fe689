/* SPDX-License-Identifier: BSD-2-Clause */
/* For somebody who watches NET_BUFFER_LISTs come and go (the verifier). */
#ifndef NDIS_NBL_WATCH_H
#define NDIS_NBL_WATCH_H

#include <ndis.h>

/* For the verifier: called after an allocation and before a free; NULL members
 * are not called. Any thread, at the caller's IRQL. */
struct ndis_nbl_watch {
	void (*allocated)(PNET_BUFFER_LIST nbl, NDIS_HANDLE pool);
	void (*freed)(PNET_BUFFER_LIST nbl, NDIS_HANDLE pool);
	void (*pool_created)(NDIS_HANDLE pool, NDIS_HANDLE owner, ULONG tag);
	void (*pool_freed)(NDIS_HANDLE pool, NDIS_HANDLE owner, ULONG tag, unsigned outstanding);
};

/* NULL: nobody. Set it before the first pool is made, by the control thread. */
extern _Atomic(const struct ndis_nbl_watch *) ndis_nbl_watch;

#endif
