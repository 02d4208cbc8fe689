/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interlocked operations, fences, reads and writes with an order, bit scans
 * (part of wdm.h). A name without a suffix is a full barrier; ...Acquire,
 * ...Release and ...NoFence are as strong as their name.
 */
#ifndef OVMQ_WDM_INTERLOCKED_H
#define OVMQ_WDM_INTERLOCKED_H

#include <ntdef.h>

EXTERN_C_START

/*
 * One family of names over one operand type: 'tail' is what the name ends in,
 * 'order' the memory order. Increment, decrement and add give the new value;
 * the others the old one.
 */
#define OVMQ_INTERLOCKED_ARITHMETIC(tail, type, order) \
	FORCEINLINE type InterlockedIncrement##tail(type volatile *Addend) \
	{ return __atomic_add_fetch(Addend, 1, order); } \
	FORCEINLINE type InterlockedDecrement##tail(type volatile *Addend) \
	{ return __atomic_sub_fetch(Addend, 1, order); } \
	FORCEINLINE type InterlockedAdd##tail(type volatile *Addend, type Value) \
	{ return __atomic_add_fetch(Addend, Value, order); }

#define OVMQ_INTERLOCKED_LOGIC(tail, type, order) \
	FORCEINLINE type InterlockedExchange##tail(type volatile *Target, type Value) \
	{ return __atomic_exchange_n(Target, Value, order); } \
	FORCEINLINE type InterlockedExchangeAdd##tail(type volatile *Addend, type Value) \
	{ return __atomic_fetch_add(Addend, Value, order); } \
	FORCEINLINE type InterlockedAnd##tail(type volatile *Destination, type Value) \
	{ return __atomic_fetch_and(Destination, Value, order); } \
	FORCEINLINE type InterlockedOr##tail(type volatile *Destination, type Value) \
	{ return __atomic_fetch_or(Destination, Value, order); } \
	FORCEINLINE type InterlockedXor##tail(type volatile *Destination, type Value) \
	{ return __atomic_fetch_xor(Destination, Value, order); } \
	FORCEINLINE type InterlockedCompareExchange##tail(type volatile *Destination, \
							  type Exchange, type Comparand) \
	{ \
		__atomic_compare_exchange_n(Destination, &Comparand, Exchange, 0, order, \
					    (order) == __ATOMIC_RELEASE ? __ATOMIC_RELAXED \
					    : (order) == __ATOMIC_ACQ_REL ? __ATOMIC_ACQUIRE : (order)); \
		return Comparand; \
	}

OVMQ_INTERLOCKED_ARITHMETIC(, LONG, __ATOMIC_SEQ_CST)
OVMQ_INTERLOCKED_LOGIC(, LONG, __ATOMIC_SEQ_CST)
OVMQ_INTERLOCKED_ARITHMETIC(Acquire, LONG, __ATOMIC_ACQUIRE)
OVMQ_INTERLOCKED_LOGIC(Acquire, LONG, __ATOMIC_ACQUIRE)
OVMQ_INTERLOCKED_ARITHMETIC(Release, LONG, __ATOMIC_RELEASE)
OVMQ_INTERLOCKED_LOGIC(Release, LONG, __ATOMIC_RELEASE)
OVMQ_INTERLOCKED_ARITHMETIC(NoFence, LONG, __ATOMIC_RELAXED)
OVMQ_INTERLOCKED_LOGIC(NoFence, LONG, __ATOMIC_RELAXED)
OVMQ_INTERLOCKED_ARITHMETIC(64, LONG64, __ATOMIC_SEQ_CST)
OVMQ_INTERLOCKED_LOGIC(64, LONG64, __ATOMIC_SEQ_CST)
OVMQ_INTERLOCKED_ARITHMETIC(Acquire64, LONG64, __ATOMIC_ACQUIRE)
OVMQ_INTERLOCKED_LOGIC(Acquire64, LONG64, __ATOMIC_ACQUIRE)
OVMQ_INTERLOCKED_ARITHMETIC(Release64, LONG64, __ATOMIC_RELEASE)
OVMQ_INTERLOCKED_LOGIC(Release64, LONG64, __ATOMIC_RELEASE)
OVMQ_INTERLOCKED_ARITHMETIC(NoFence64, LONG64, __ATOMIC_RELAXED)
OVMQ_INTERLOCKED_LOGIC(NoFence64, LONG64, __ATOMIC_RELAXED)
OVMQ_INTERLOCKED_ARITHMETIC(16, SHORT, __ATOMIC_SEQ_CST)
OVMQ_INTERLOCKED_LOGIC(16, SHORT, __ATOMIC_SEQ_CST)
OVMQ_INTERLOCKED_ARITHMETIC(Acquire16, SHORT, __ATOMIC_ACQUIRE)
OVMQ_INTERLOCKED_LOGIC(Acquire16, SHORT, __ATOMIC_ACQUIRE)
OVMQ_INTERLOCKED_ARITHMETIC(Release16, SHORT, __ATOMIC_RELEASE)
OVMQ_INTERLOCKED_LOGIC(Release16, SHORT, __ATOMIC_RELEASE)
OVMQ_INTERLOCKED_ARITHMETIC(NoFence16, SHORT, __ATOMIC_RELAXED)
OVMQ_INTERLOCKED_LOGIC(NoFence16, SHORT, __ATOMIC_RELAXED)
OVMQ_INTERLOCKED_LOGIC(8, CHAR, __ATOMIC_SEQ_CST)
OVMQ_INTERLOCKED_LOGIC(Acquire8, CHAR, __ATOMIC_ACQUIRE)
OVMQ_INTERLOCKED_LOGIC(Release8, CHAR, __ATOMIC_RELEASE)
OVMQ_INTERLOCKED_LOGIC(NoFence8, CHAR, __ATOMIC_RELAXED)

#define OVMQ_INTERLOCKED_POINTER(tail, order) \
	FORCEINLINE PVOID InterlockedExchangePointer##tail(PVOID volatile *Target, PVOID Value) \
	{ return __atomic_exchange_n(Target, Value, order); } \
	FORCEINLINE PVOID InterlockedCompareExchangePointer##tail(PVOID volatile *Destination, \
								  PVOID Exchange, PVOID Comparand) \
	{ \
		__atomic_compare_exchange_n(Destination, &Comparand, Exchange, 0, order, \
					    (order) == __ATOMIC_RELEASE ? __ATOMIC_RELAXED : (order)); \
		return Comparand; \
	}

OVMQ_INTERLOCKED_POINTER(, __ATOMIC_SEQ_CST)
OVMQ_INTERLOCKED_POINTER(Acquire, __ATOMIC_ACQUIRE)
OVMQ_INTERLOCKED_POINTER(Release, __ATOMIC_RELEASE)
OVMQ_INTERLOCKED_POINTER(NoFence, __ATOMIC_RELAXED)

FORCEINLINE UCHAR InterlockedBitTestAndSet(LONG volatile *Base, LONG Bit)
{
	return (UCHAR)((ULONG)InterlockedOr(Base, (LONG)(1U << (Bit & 31))) >> (Bit & 31) & 1);
}

FORCEINLINE UCHAR InterlockedBitTestAndReset(LONG volatile *Base, LONG Bit)
{
	return (UCHAR)((ULONG)InterlockedAnd(Base, (LONG)~(1U << (Bit & 31))) >> (Bit & 31) & 1);
}

/* ---- reads and writes with an order ---- */

#define OVMQ_ORDERED_ACCESS(name, type) \
	FORCEINLINE type Read##name##Acquire(type const volatile *Source) \
	{ return __atomic_load_n(Source, __ATOMIC_ACQUIRE); } \
	FORCEINLINE type Read##name##NoFence(type const volatile *Source) \
	{ return __atomic_load_n(Source, __ATOMIC_RELAXED); } \
	FORCEINLINE type Read##name##Raw(type const volatile *Source) \
	{ return __atomic_load_n(Source, __ATOMIC_RELAXED); } \
	FORCEINLINE VOID Write##name##Release(type volatile *Destination, type Value) \
	{ __atomic_store_n(Destination, Value, __ATOMIC_RELEASE); } \
	FORCEINLINE VOID Write##name##NoFence(type volatile *Destination, type Value) \
	{ __atomic_store_n(Destination, Value, __ATOMIC_RELAXED); } \
	FORCEINLINE VOID Write##name##Raw(type volatile *Destination, type Value) \
	{ __atomic_store_n(Destination, Value, __ATOMIC_RELAXED); }

OVMQ_ORDERED_ACCESS(, LONG)
OVMQ_ORDERED_ACCESS(UChar, UCHAR)
OVMQ_ORDERED_ACCESS(Boolean, BOOLEAN)
OVMQ_ORDERED_ACCESS(UShort, USHORT)
OVMQ_ORDERED_ACCESS(ULong, ULONG)
OVMQ_ORDERED_ACCESS(UInt32, UINT32)
OVMQ_ORDERED_ACCESS(ULong64, ULONG64)
OVMQ_ORDERED_ACCESS(UInt64, UINT64)
OVMQ_ORDERED_ACCESS(Pointer, PVOID)

/* The 64-bit forms say the width last. */
FORCEINLINE LONG64 ReadAcquire64(LONG64 const volatile *Source)
{
	return __atomic_load_n(Source, __ATOMIC_ACQUIRE);
}

FORCEINLINE LONG64 ReadNoFence64(LONG64 const volatile *Source)
{
	return __atomic_load_n(Source, __ATOMIC_RELAXED);
}

FORCEINLINE VOID WriteRelease64(LONG64 volatile *Destination, LONG64 Value)
{
	__atomic_store_n(Destination, Value, __ATOMIC_RELEASE);
}

FORCEINLINE VOID WriteNoFence64(LONG64 volatile *Destination, LONG64 Value)
{
	__atomic_store_n(Destination, Value, __ATOMIC_RELAXED);
}

/* ---- fences ---- */

#define MemoryBarrier()     __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define KeMemoryBarrier()   __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define KeMemoryBarrierWithoutFence() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _ReadWriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _ReadBarrier()      __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _WriteBarrier()     __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define BarrierAfterRead()  __atomic_thread_fence(__ATOMIC_ACQUIRE)

FORCEINLINE VOID OvmqPauseProcessor(VOID)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}
#define YieldProcessor() OvmqPauseProcessor()
#define PreFetchCacheLine(level, address) __builtin_prefetch(address)
#define PF_TEMPORAL_LEVEL_1 1
#define PF_NON_TEMPORAL_LEVEL_ALL 0

/* ---- bits ---- */

FORCEINLINE UCHAR BitScanForward(ULONG *Index, ULONG Mask)
{
	if (Mask == 0)
		return 0;
	*Index = (ULONG)__builtin_ctz(Mask);
	return 1;
}

FORCEINLINE UCHAR BitScanForward64(ULONG *Index, ULONG64 Mask)
{
	if (Mask == 0)
		return 0;
	*Index = (ULONG)__builtin_ctzl(Mask);
	return 1;
}

FORCEINLINE UCHAR BitScanReverse(ULONG *Index, ULONG Mask)
{
	if (Mask == 0)
		return 0;
	*Index = 31U - (ULONG)__builtin_clz(Mask);
	return 1;
}

FORCEINLINE UCHAR BitScanReverse64(ULONG *Index, ULONG64 Mask)
{
	if (Mask == 0)
		return 0;
	*Index = 63U - (ULONG)__builtin_clzl(Mask);
	return 1;
}

#define _BitScanForward   BitScanForward
#define _BitScanForward64 BitScanForward64
#define _BitScanReverse   BitScanReverse
#define _BitScanReverse64 BitScanReverse64

#define _byteswap_ushort(v) __builtin_bswap16(v)
#define _byteswap_ulong(v)  __builtin_bswap32(v)
#define _byteswap_uint64(v) __builtin_bswap64(v)
#define RtlUshortByteSwap(v)    __builtin_bswap16(v)
#define RtlUlongByteSwap(v)     __builtin_bswap32(v)
#define RtlUlonglongByteSwap(v) __builtin_bswap64(v)

EXTERN_C_END

#endif
