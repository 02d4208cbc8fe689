/* SPDX-License-Identifier: BSD-2-Clause */
/* From one NET_BUFFER or NET_BUFFER_LIST to another: bytes, and what travels out of band (P16). */
#include "ndis/nbl_pool.h"

#include <string.h>

NDIS_STATUS NdisCopyFromNetBufferToNetBuffer(PNET_BUFFER Destination, ULONG DestinationOffset,
					     ULONG BytesToCopy, PNET_BUFFER Source,
					     ULONG SourceOffset, PULONG BytesCopied)
{
	struct mdl_place from = nbl_data_place(Source, SourceOffset);
	struct mdl_place to = nbl_data_place(Destination, DestinationOffset);
	ULONG left = 0, done = 0;

	/* The source ends with its data, the destination with its last MDL. */
	if (SourceOffset < Source->DataLength)
		left = Source->DataLength - SourceOffset;
	if (left > BytesToCopy)
		left = BytesToCopy;
	while (left) {
		UCHAR *in, *out;
		ULONG room = mdl_place_take(&to, left, &out);
		ULONG n = room ? mdl_place_take(&from, room, &in) : 0;

		if (!n)
			break;
		to.offset -= room - n;
		memmove(out, in, n);
		done += n;
		left -= n;
	}
	*BytesCopied = done;
	return NDIS_STATUS_SUCCESS;
}

/* The documented lists; the protocol id and the frame type are one slot under two names. */
#define COPIED_BOTH_WAYS(X) \
	X(TcpIpChecksumNetBufferListInfo) \
	X(IPsecOffloadV1NetBufferListInfo) \
	X(TcpLargeSendNetBufferListInfo) \
	X(Ieee8021QNetBufferListInfo) \
	X(MediaSpecificInformation) \
	X(NetBufferListProtocolId) \
	X(IPsecOffloadV2TunnelNetBufferListInfo) \
	X(IPsecOffloadV2HeaderNetBufferListInfo) \
	X(VirtualSubnetInfo) \
	X(NetBufferListFilteringInfo)
#define COPIED_ON_SEND(X) \
	X(NetBufferListCancelId)
#define COPIED_ON_RECEIVE(X) \
	X(NetBufferListHashValue) \
	X(NetBufferListHashInfo)

#define COPY(slot) NET_BUFFER_LIST_INFO(to, slot) = NET_BUFFER_LIST_INFO(from, slot);

VOID NdisCopySendNetBufferListInfo(PNET_BUFFER_LIST DestNetBufferList,
				   PNET_BUFFER_LIST SrcNetBufferList)
{
	PNET_BUFFER_LIST to = DestNetBufferList, from = SrcNetBufferList;

	COPIED_BOTH_WAYS(COPY)
	COPIED_ON_SEND(COPY)
}

VOID NdisCopyReceiveNetBufferListInfo(PNET_BUFFER_LIST DestNetBufferList,
				      PNET_BUFFER_LIST SrcNetBufferList)
{
	PNET_BUFFER_LIST to = DestNetBufferList, from = SrcNetBufferList;

	COPIED_BOTH_WAYS(COPY)
	COPIED_ON_RECEIVE(COPY)
}
