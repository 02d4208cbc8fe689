/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices with a security descriptor. Whoever opens a device here is in the same
 * process as its driver, so the descriptor is checked for its form and kept from
 * nobody.
 */
#ifndef OVMQ_WDMSEC_H
#define OVMQ_WDMSEC_H

#include <wdm.h>

EXTERN_C_START

NTSTATUS WdmlibIoCreateDeviceSecure(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
				    PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
				    ULONG DeviceCharacteristics, BOOLEAN Exclusive,
				    PCUNICODE_STRING DefaultSDDLString, LPCGUID DeviceClassGuid,
				    PDEVICE_OBJECT *DeviceObject);
#define IoCreateDeviceSecure WdmlibIoCreateDeviceSecure

extern const UNICODE_STRING SDDL_DEVOBJ_KERNEL_ONLY;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_ALL;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RX;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RW;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RWX;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_R_RES_R;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RW_RES_R;
extern const UNICODE_STRING SDDL_DEVOBJ_SYS_ALL_ADM_RWX_WORLD_RWX_RES_RWX;

EXTERN_C_END

#endif
