/* SPDX-License-Identifier: BSD-2-Clause */
/* 802.1Q tags that sends carry in their own data. */
#include "miniport/adapter.h"
#include "miniport/tag.h"

#include "base/ethernet.h"

/* A frame's EtherType may lie in any of its MDLs, and across two. */
bool mp_tag_in_data(const NET_BUFFER *nb)
{
	const MDL *m = NET_BUFFER_CURRENT_MDL(nb);
	ULONG at = NET_BUFFER_CURRENT_MDL_OFFSET(nb) + 12;
	uint8_t type[2];

	if (NET_BUFFER_DATA_LENGTH(nb) < ETHERNET_HEADER + VLAN_TAG)
		return false;
	for (unsigned i = 0; i < sizeof(type); i++, at++) {
		for (; at >= MmGetMdlByteCount(m); m = NDIS_MDL_LINKAGE(m))
			at -= MmGetMdlByteCount(m);
		type[i] = ((const uint8_t *)m->MappedSystemVa)[at];
	}
	return big16_read(type) == ETHERTYPE_VLAN;
}
