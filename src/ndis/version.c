/* SPDX-License-Identifier: BSD-2-Clause */
/* What this NDIS is, and where its functions are. */
#include "ndis/object.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_NAME 80

ULONG NdisGetVersion(VOID)
{
	NDIS_CALLED(NULL);
	return NDIS_RUNTIME_VERSION_630;
}

ULONG NdisGetSharedDataAlignment(VOID)
{
	NDIS_CALLED(NULL);
	long line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);

	return line > 0 ? (ULONG)line : 64;
}

PVOID NdisGetRoutineAddress(PNDIS_STRING NdisRoutineName)
{
	NDIS_CALLED(NULL);
	USHORT n = NdisRoutineName->Length / sizeof(WCHAR);
	char name[LONGEST_NAME];

	if (n >= sizeof(name))
		return NULL;
	for (USHORT i = 0; i < n; i++) {
		if (!NdisRoutineName->Buffer[i] || NdisRoutineName->Buffer[i] > 126)
			return NULL;
		name[i] = (char)NdisRoutineName->Buffer[i];
	}
	name[n] = '\0';
	/* NDIS's functions, and nothing else of this process. */
	return strncmp(name, "Ndis", 4) ? NULL : dlsym(RTLD_DEFAULT, name);
}
