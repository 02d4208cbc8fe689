/* SPDX-License-Identifier: BSD-2-Clause */
/* The link's end, as the NIC tells it. */
#include "miniport/adapter.h"

static void indicate_end(const struct mp_adapter *a)
{
	NDIS_LINK_STATE link = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
			    NDIS_SIZEOF_LINK_STATE_REVISION_1 },
		.MediaConnectState = MediaConnectStateDisconnected,
	};
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a->handle,
		.StatusCode = NDIS_STATUS_LINK_STATE,
		.StatusBuffer = &link,
		.StatusBufferSize = sizeof(link),
	};

	NdisMIndicateStatusEx(a->handle, &s);
}

void mp_notice_end(struct mp_adapter *a, bool look)
{
	enum nic_end end = look ? nic_end(a->nic) : nic_end_noticed(a->nic);

	if (end == NIC_ALIVE || atomic_exchange(&a->ended, true))
		return;
	indicate_end(a);
	if (end == NIC_GONE)
		NdisMRemoveMiniport(a->handle);
}
