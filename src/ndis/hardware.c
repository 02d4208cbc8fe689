/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports and device memory, which no adapter here has been given. */
#include "ndis/object.h"

#include "base/log.h"

NDIS_STATUS NdisMMapIoSpace(PVOID *VirtualAddress, NDIS_HANDLE MiniportAdapterHandle,
			    NDIS_PHYSICAL_ADDRESS PhysicalAddress, UINT Length)
{
	NDIS_CALLED(MiniportAdapterHandle);
	*VirtualAddress = NULL;
	log_error("adapter %s: NdisMMapIoSpace: %u bytes at 0x%llx are none of its resources",
		  ndis_handle_name(MiniportAdapterHandle), Length,
		  (unsigned long long)PhysicalAddress.QuadPart);
	return NDIS_STATUS_FAILURE;
}

VOID NdisMUnmapIoSpace(NDIS_HANDLE MiniportAdapterHandle, PVOID VirtualAddress, UINT Length)
{
	NDIS_CALLED(MiniportAdapterHandle);
	log_error("adapter %s: NdisMUnmapIoSpace: %u bytes at %p were never mapped",
		  ndis_handle_name(MiniportAdapterHandle), Length, VirtualAddress);
}

NDIS_STATUS NdisMRegisterIoPortRange(PVOID *PortOffset, NDIS_HANDLE MiniportAdapterHandle,
				     UINT InitialPort, UINT NumberOfPorts)
{
	NDIS_CALLED(MiniportAdapterHandle);
	*PortOffset = NULL;
	log_error("adapter %s: NdisMRegisterIoPortRange: %u ports from 0x%x are none of its resources",
		  ndis_handle_name(MiniportAdapterHandle), NumberOfPorts, InitialPort);
	return NDIS_STATUS_FAILURE;
}

VOID NdisMDeregisterIoPortRange(NDIS_HANDLE MiniportAdapterHandle, UINT InitialPort,
				UINT NumberOfPorts, PVOID PortOffset)
{
	NDIS_CALLED(MiniportAdapterHandle);
	(void)PortOffset;
	log_error("adapter %s: NdisMDeregisterIoPortRange: %u ports from 0x%x were never registered",
		  ndis_handle_name(MiniportAdapterHandle), NumberOfPorts, InitialPort);
}

ULONG OvmqReadPort(ULONG_PTR Port)
{
	log_error("read of port 0x%llx: there are no ports", (unsigned long long)Port);
	return ~0u;
}

VOID OvmqWritePort(ULONG_PTR Port, ULONG Data)
{
	log_error("write of 0x%x to port 0x%llx: there are no ports", Data, (unsigned long long)Port);
}
