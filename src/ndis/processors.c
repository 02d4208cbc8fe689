/* SPDX-License-Identifier: BSD-2-Clause */
/* Which processors a driver may use for receives (H23). */
#include "ndis/object.h"

#include <string.h>

NDIS_STATUS NdisGetRssProcessorInformation(NDIS_HANDLE NdisHandle,
					   PNDIS_RSS_PROCESSOR_INFO RssProcessorInfo, PSIZE_T Size)
{
	unsigned n = kernel_processors();
	SIZE_T need = sizeof(NDIS_RSS_PROCESSOR_INFO) + n * sizeof(NDIS_RSS_PROCESSOR);
	NDIS_RSS_PROCESSOR *list;

	NDIS_CALLED(NdisHandle);
	(void)NdisHandle;
	if (*Size < need) {
		*Size = need;
		return NDIS_STATUS_BUFFER_TOO_SHORT;
	}
	memset(RssProcessorInfo, 0, need);
	RssProcessorInfo->Header = (NDIS_OBJECT_HEADER){
		NDIS_OBJECT_TYPE_RSS_PROCESSOR_INFO, NDIS_RSS_PROCESSOR_INFO_REVISION_1,
		NDIS_SIZEOF_RSS_PROCESSOR_INFO_REVISION_1 };
	RssProcessorInfo->RssBaseProcessor.Number = 0;
	RssProcessorInfo->MaxNumRssProcessors = n;
	RssProcessorInfo->RssProcessorArrayOffset = sizeof(NDIS_RSS_PROCESSOR_INFO);
	RssProcessorInfo->RssProcessorCount = n;
	RssProcessorInfo->RssProcessorEntrySize = sizeof(NDIS_RSS_PROCESSOR);
	list = (NDIS_RSS_PROCESSOR *)(RssProcessorInfo + 1);
	for (unsigned p = 0; p < n; p++)
		list[p].ProcNum.Number = (UCHAR)p;
	*Size = need;
	return NDIS_STATUS_SUCCESS;
}
