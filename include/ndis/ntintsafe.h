/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic that tells of an overflow: STATUS_INTEGER_OVERFLOW, and the
 * largest value of the type in place of the result. */
#ifndef OVMQ_NTINTSAFE_H
#define OVMQ_NTINTSAFE_H

#include <ntdef.h>
#include <ntstatus.h>

EXTERN_C_START

#define OVMQ_SAFE_ARITHMETIC(name, type) \
	FORCEINLINE NTSTATUS Rtl##name##Add(type a, type b, type *result) \
	{ \
		if (!__builtin_add_overflow(a, b, result)) \
			return STATUS_SUCCESS; \
		*result = (type)~(type)0; \
		return STATUS_INTEGER_OVERFLOW; \
	} \
	FORCEINLINE NTSTATUS Rtl##name##Sub(type a, type b, type *result) \
	{ \
		if (!__builtin_sub_overflow(a, b, result)) \
			return STATUS_SUCCESS; \
		*result = (type)~(type)0; \
		return STATUS_INTEGER_OVERFLOW; \
	} \
	FORCEINLINE NTSTATUS Rtl##name##Mult(type a, type b, type *result) \
	{ \
		if (!__builtin_mul_overflow(a, b, result)) \
			return STATUS_SUCCESS; \
		*result = (type)~(type)0; \
		return STATUS_INTEGER_OVERFLOW; \
	}

OVMQ_SAFE_ARITHMETIC(UInt8, UINT8)
OVMQ_SAFE_ARITHMETIC(UShort, USHORT)
OVMQ_SAFE_ARITHMETIC(UInt32, UINT32)
OVMQ_SAFE_ARITHMETIC(ULong, ULONG)
OVMQ_SAFE_ARITHMETIC(ULongLong, ULONGLONG)
OVMQ_SAFE_ARITHMETIC(UInt64, UINT64)
OVMQ_SAFE_ARITHMETIC(SizeT, SIZE_T)

EXTERN_C_END

#endif
