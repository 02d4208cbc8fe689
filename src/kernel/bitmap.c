/* SPDX-License-Identifier: BSD-2-Clause */
/* Bitmaps of 32-bit words; the caller locks. */
#include <wdm.h>

#define NOT_FOUND 0xffffffffu

static ULONG words(PRTL_BITMAP map)
{
	return (map->SizeOfBitMap + 31) / 32;
}

static BOOLEAN in_range(PRTL_BITMAP map, ULONG start, ULONG n)
{
	return start <= map->SizeOfBitMap && n <= map->SizeOfBitMap - start;
}

VOID RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap)
{
	BitMapHeader->SizeOfBitMap = SizeOfBitMap;
	BitMapHeader->Buffer = BitMapBuffer;
}

VOID RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
	BitMapHeader->Buffer[BitNumber / 32] |= 1u << BitNumber % 32;
}

VOID RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
	BitMapHeader->Buffer[BitNumber / 32] &= ~(1u << BitNumber % 32);
}

BOOLEAN RtlTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
	return BitMapHeader->Buffer[BitNumber / 32] >> BitNumber % 32 & 1;
}

BOOLEAN RtlCheckBit(PRTL_BITMAP BitMapHeader, ULONG BitPosition)
{
	return RtlTestBit(BitMapHeader, BitPosition);
}

VOID RtlSetAllBits(PRTL_BITMAP BitMapHeader)
{
	RtlFillMemory(BitMapHeader->Buffer, words(BitMapHeader) * sizeof(ULONG), 0xff);
}

VOID RtlClearAllBits(PRTL_BITMAP BitMapHeader)
{
	RtlZeroMemory(BitMapHeader->Buffer, words(BitMapHeader) * sizeof(ULONG));
}

VOID RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet)
{
	for (ULONG i = 0; in_range(BitMapHeader, StartingIndex, NumberToSet) && i < NumberToSet; i++)
		RtlSetBit(BitMapHeader, StartingIndex + i);
}

VOID RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear)
{
	for (ULONG i = 0;
	     in_range(BitMapHeader, StartingIndex, NumberToClear) && i < NumberToClear; i++)
		RtlClearBit(BitMapHeader, StartingIndex + i);
}

/* Whether 'n' bits from 'start' on all have the value 'set'. */
static BOOLEAN all_are(PRTL_BITMAP map, ULONG start, ULONG n, BOOLEAN set)
{
	if (!in_range(map, start, n))
		return FALSE;
	for (ULONG i = 0; i < n; i++)
		if (RtlTestBit(map, start + i) != set)
			return FALSE;
	return TRUE;
}

BOOLEAN RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
	return Length && all_are(BitMapHeader, StartingIndex, Length, TRUE);
}

BOOLEAN RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
	return Length && all_are(BitMapHeader, StartingIndex, Length, FALSE);
}

/* The first run of 'n' bits of value 'set' that begins in [from, to). */
static ULONG run_find(PRTL_BITMAP map, ULONG from, ULONG to, ULONG n, BOOLEAN set)
{
	ULONG run = 0;

	for (ULONG i = from; i < map->SizeOfBitMap; i++) {
		if (!run && i >= to)
			break;
		run = RtlTestBit(map, i) == set ? run + 1 : 0;
		if (run == n)
			return i + 1 - n;
	}
	return NOT_FOUND;
}

/* From the byte of the hint to the end, then from the start. Nothing sought is
 * found at the hint's byte. */
static ULONG find(PRTL_BITMAP map, ULONG n, ULONG hint, BOOLEAN set)
{
	ULONG start = hint < map->SizeOfBitMap ? hint & ~7u : 0, found;

	if (n == 0)
		return start;
	found = run_find(map, start, map->SizeOfBitMap, n, set);
	return found == NOT_FOUND && start ? run_find(map, 0, start, n, set) : found;
}

ULONG RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
	return find(BitMapHeader, NumberToFind, HintIndex, FALSE);
}

ULONG RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
	return find(BitMapHeader, NumberToFind, HintIndex, TRUE);
}

ULONG RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
	ULONG found = find(BitMapHeader, NumberToFind, HintIndex, FALSE);

	if (found != NOT_FOUND)
		RtlSetBits(BitMapHeader, found, NumberToFind);
	return found;
}

ULONG RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
	ULONG found = find(BitMapHeader, NumberToFind, HintIndex, TRUE);

	if (found != NOT_FOUND)
		RtlClearBits(BitMapHeader, found, NumberToFind);
	return found;
}

ULONG RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader)
{
	ULONG n = 0;

	for (ULONG i = 0; i < BitMapHeader->SizeOfBitMap; i++)
		n += RtlTestBit(BitMapHeader, i);
	return n;
}

ULONG RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader)
{
	return BitMapHeader->SizeOfBitMap - RtlNumberOfSetBits(BitMapHeader);
}
