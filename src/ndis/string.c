/* SPDX-License-Identifier: BSD-2-Clause */
/* Counted strings. */
#include "ndis/object.h"

#include <string.h>

#include "base/log.h"

#define STRING_TAG 0x7253644eu   /* "NdSr" */

VOID OvmqInitializeString(PNDIS_STRING Destination, PUCHAR Source)
{
	size_t n = strlen((const char *)Source);
	WCHAR *text;

	*Destination = (NDIS_STRING){ 0 };
	if (n > UINT16_MAX / sizeof(WCHAR) - 1) {
		log_error("NdisInitializeString: %zu characters are too long for a counted string", n);
		return;
	}
	text = NdisAllocateMemoryWithTagPriority(NULL, (UINT)((n + 1) * sizeof(WCHAR)), STRING_TAG,
						 NormalPoolPriority);
	if (!text)
		return;
	for (size_t i = 0; i <= n; i++)
		text[i] = Source[i];
	*Destination = (NDIS_STRING){ (USHORT)(n * sizeof(WCHAR)),
				      (USHORT)((n + 1) * sizeof(WCHAR)), text };
}

NDIS_STATUS NdisUpcaseUnicodeString(PUNICODE_STRING DestinationString, PUNICODE_STRING SourceString)
{
	NDIS_CALLED(NULL);
	return RtlUpcaseUnicodeString(DestinationString, SourceString, FALSE);
}
