/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic and conversions that tell of an overflow: STATUS_INTEGER_OVERFLOW, and
 * all bits set in place of the result.
 */
#ifndef OVMQ_NTINTSAFE_H
#define OVMQ_NTINTSAFE_H

#include <ntdef.h>
#include <ntstatus.h>

EXTERN_C_START

#define OVMQ_SAFE_OPERATION(name, type, builtin) \
	FORCEINLINE NTSTATUS Rtl##name(type a, type b, type *result) \
	{ \
		if (!builtin(a, b, result)) \
			return STATUS_SUCCESS; \
		*result = (type)~(type)0; \
		return STATUS_INTEGER_OVERFLOW; \
	}

#define OVMQ_SAFE_ARITHMETIC(name, type) \
	OVMQ_SAFE_OPERATION(name##Add, type, __builtin_add_overflow) \
	OVMQ_SAFE_OPERATION(name##Sub, type, __builtin_sub_overflow) \
	OVMQ_SAFE_OPERATION(name##Mult, type, __builtin_mul_overflow)

#define OVMQ_SAFE_TYPES(X) \
	X(Int8, INT8) X(UInt8, UINT8) X(Short, SHORT) X(UShort, USHORT) \
	X(Int, INT) X(UInt, UINT) X(Int32, INT32) X(UInt32, UINT32) \
	X(Long, LONG) X(ULong, ULONG) X(DWord, DWORD) \
	X(LongLong, LONGLONG) X(ULongLong, ULONGLONG) X(Int64, INT64) X(UInt64, UINT64) \
	X(IntPtr, INT_PTR) X(UIntPtr, UINT_PTR) X(LongPtr, LONG_PTR) X(ULongPtr, ULONG_PTR) \
	X(DWordPtr, DWORD_PTR) X(SizeT, SIZE_T) X(SSIZET, SSIZE_T)

OVMQ_SAFE_TYPES(OVMQ_SAFE_ARITHMETIC)

/* A conversion overflows when the value is not the same afterwards. */
#define OVMQ_SAFE_CONVERSION(name, from, type) \
	FORCEINLINE NTSTATUS Rtl##name(from operand, type *result) \
	{ \
		if (!__builtin_add_overflow(operand, 0, result)) \
			return STATUS_SUCCESS; \
		*result = (type)~(type)0; \
		return STATUS_INTEGER_OVERFLOW; \
	}

#define OVMQ_SAFE_CONVERSIONS(X) \
	X(LongToULong, LONG, ULONG) X(LongToUShort, LONG, USHORT) X(LongToShort, LONG, SHORT) \
	X(LongToUChar, LONG, UCHAR) X(LongToUInt8, LONG, UINT8) X(LongToULongPtr, LONG, ULONG_PTR) \
	X(LongToULongLong, LONG, ULONGLONG) X(LongToSizeT, LONG, SIZE_T) \
	X(IntToUInt, INT, UINT) X(IntToULong, INT, ULONG) X(IntToUShort, INT, USHORT) \
	X(IntToShort, INT, SHORT) X(IntToUChar, INT, UCHAR) X(IntToUInt8, INT, UINT8) \
	X(IntToSizeT, INT, SIZE_T) \
	X(UIntToInt, UINT, INT) X(UIntToLong, UINT, LONG) X(UIntToUShort, UINT, USHORT) \
	X(UIntToUChar, UINT, UCHAR) X(UIntToUInt8, UINT, UINT8) \
	X(ULongToLong, ULONG, LONG) X(ULongToInt, ULONG, INT) X(ULongToUInt, ULONG, UINT) \
	X(ULongToUShort, ULONG, USHORT) X(ULongToShort, ULONG, SHORT) \
	X(ULongToUChar, ULONG, UCHAR) X(ULongToUInt8, ULONG, UINT8) \
	X(UInt32ToUInt8, UINT32, UINT8) X(UShortToUChar, USHORT, UCHAR) \
	X(UShortToUInt8, USHORT, UINT8) X(UShortToShort, USHORT, SHORT) \
	X(LongLongToLong, LONGLONG, LONG) X(LongLongToULong, LONGLONG, ULONG) \
	X(LongLongToInt, LONGLONG, INT) X(LongLongToUInt, LONGLONG, UINT) \
	X(LongLongToULongLong, LONGLONG, ULONGLONG) X(LongLongToSizeT, LONGLONG, SIZE_T) \
	X(ULongLongToULong, ULONGLONG, ULONG) X(ULongLongToLong, ULONGLONG, LONG) \
	X(ULongLongToUInt, ULONGLONG, UINT) X(ULongLongToInt, ULONGLONG, INT) \
	X(ULongLongToUShort, ULONGLONG, USHORT) X(ULongLongToUChar, ULONGLONG, UCHAR) \
	X(ULongLongToLongLong, ULONGLONG, LONGLONG) X(ULongLongToSizeT, ULONGLONG, SIZE_T) \
	X(ULongLongToULongPtr, ULONGLONG, ULONG_PTR) X(UInt64ToUInt32, UINT64, UINT32) \
	X(UInt64ToULong, UINT64, ULONG) \
	X(SizeTToULong, SIZE_T, ULONG) X(SizeTToLong, SIZE_T, LONG) X(SizeTToUInt, SIZE_T, UINT) \
	X(SizeTToInt, SIZE_T, INT) X(SizeTToUInt32, SIZE_T, UINT32) \
	X(SizeTToUShort, SIZE_T, USHORT) X(SizeTToShort, SIZE_T, SHORT) \
	X(SizeTToUChar, SIZE_T, UCHAR) X(SizeTToUInt8, SIZE_T, UINT8) \
	X(ULongPtrToULong, ULONG_PTR, ULONG) X(ULongPtrToLong, ULONG_PTR, LONG) \
	X(ULongPtrToUShort, ULONG_PTR, USHORT) X(ULongPtrToUInt, ULONG_PTR, UINT) \
	X(UIntPtrToUInt, UINT_PTR, UINT) X(UIntPtrToULong, UINT_PTR, ULONG)

OVMQ_SAFE_CONVERSIONS(OVMQ_SAFE_CONVERSION)

EXTERN_C_END

#endif
