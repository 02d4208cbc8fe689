/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports, registers and device memory (part of ndis.h). */
#ifndef OVMQ_NDIS_HARDWARE_H
#define OVMQ_NDIS_HARDWARE_H

#include <ndis/miniport.h>

EXTERN_C_START

/* An adapter here has no bus, and so neither ports nor device memory among its
 * resources: what asks for them gets NDIS_STATUS_FAILURE and a line in the log. */
NDIS_STATUS NdisMMapIoSpace(PVOID *VirtualAddress, NDIS_HANDLE MiniportAdapterHandle,
			    NDIS_PHYSICAL_ADDRESS PhysicalAddress, UINT Length);
VOID NdisMUnmapIoSpace(NDIS_HANDLE MiniportAdapterHandle, PVOID VirtualAddress, UINT Length);
NDIS_STATUS NdisMRegisterIoPortRange(PVOID *PortOffset, NDIS_HANDLE MiniportAdapterHandle,
				     UINT InitialPort, UINT NumberOfPorts);
VOID NdisMDeregisterIoPortRange(NDIS_HANDLE MiniportAdapterHandle, UINT InitialPort,
				UINT NumberOfPorts, PVOID PortOffset);

/* Nobody answers at a port: a read is all ones, as of an empty bus. Both are logged. */
ULONG OvmqReadPort(ULONG_PTR Port);
VOID OvmqWritePort(ULONG_PTR Port, ULONG Data);

#define NdisRawReadPortUchar(port, data)  (*(data) = (UCHAR)OvmqReadPort((ULONG_PTR)(port)))
#define NdisRawReadPortUshort(port, data) (*(data) = (USHORT)OvmqReadPort((ULONG_PTR)(port)))
#define NdisRawReadPortUlong(port, data)  (*(data) = OvmqReadPort((ULONG_PTR)(port)))
#define NdisRawWritePortUchar(port, data)  OvmqWritePort((ULONG_PTR)(port), (UCHAR)(data))
#define NdisRawWritePortUshort(port, data) OvmqWritePort((ULONG_PTR)(port), (USHORT)(data))
#define NdisRawWritePortUlong(port, data)  OvmqWritePort((ULONG_PTR)(port), (ULONG)(data))

/* Registers in memory: each is one access, and none is moved over another. */
#define NdisReadRegisterUchar(reg, data) \
	((void)(*(data) = __atomic_load_n((volatile UCHAR *)(reg), __ATOMIC_SEQ_CST)))
#define NdisReadRegisterUshort(reg, data) \
	((void)(*(data) = __atomic_load_n((volatile USHORT *)(reg), __ATOMIC_SEQ_CST)))
#define NdisReadRegisterUlong(reg, data) \
	((void)(*(data) = __atomic_load_n((volatile ULONG *)(reg), __ATOMIC_SEQ_CST)))
#define NdisWriteRegisterUchar(reg, data) \
	__atomic_store_n((volatile UCHAR *)(reg), (UCHAR)(data), __ATOMIC_SEQ_CST)
#define NdisWriteRegisterUshort(reg, data) \
	__atomic_store_n((volatile USHORT *)(reg), (USHORT)(data), __ATOMIC_SEQ_CST)
#define NdisWriteRegisterUlong(reg, data) \
	__atomic_store_n((volatile ULONG *)(reg), (ULONG)(data), __ATOMIC_SEQ_CST)

EXTERN_C_END

#endif
