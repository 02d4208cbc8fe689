/* SPDX-License-Identifier: BSD-2-Clause */
/* 802.1Q tags of frames: found, and chosen for a send. */
#ifndef MINIPORT_TAG_H
#define MINIPORT_TAG_H

#include "miniport/adapter.h"

/* Whether the frame has an 802.1Q tag already. Its MDLs were found sound. */
bool mp_tag_in_data(const NET_BUFFER *nb);

/* The tag control information to insert, as the NBL's OOB asks and the keywords allow (O18,
 * O20); 0: none. A tag in the data stays the only one (U22). */
static inline uint16_t mp_tx_tag(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl,
				 const NET_BUFFER *nb)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO info = {
		.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo),
	};
	uint16_t tag;

	if (!info.Value)
		return 0;
	tag = (uint16_t)(info.TagHeader.UserPriority << 13 |
			 info.TagHeader.CanonicalFormatId << 12 | info.TagHeader.VlanId);
	tag &= a->settings.tag_mask;
	return tag && mp_tag_in_data(nb) ? 0 : tag;
}

#endif
