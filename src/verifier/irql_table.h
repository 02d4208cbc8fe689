/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IRQL at which each function may be called, as its documentation says. Sorted by
 * name, as strcmp() sorts. A function whose page says nothing, or only in its remarks,
 * is not here.
 */
#ifndef VERIFIER_IRQL_TABLE_H
#define VERIFIER_IRQL_TABLE_H

/* X(NAME, what a person reads) */
#define IRQL_NEEDS(X) \
	X(PASSIVE, "PASSIVE_LEVEL") \
	X(BELOW_DISPATCH, "below DISPATCH_LEVEL") \
	X(UP_TO_DISPATCH, "DISPATCH_LEVEL at most") \
	X(DISPATCH, "DISPATCH_LEVEL")

/* X(function, need) */
#define IRQL_TABLE(X) \
	X(NdisAcquireRWLockRead, UP_TO_DISPATCH) \
	X(NdisAcquireRWLockWrite, UP_TO_DISPATCH) \
	X(NdisAcquireReadWriteLock, UP_TO_DISPATCH) \
	X(NdisAcquireSpinLock, UP_TO_DISPATCH) \
	X(NdisAdvanceNetBufferDataStart, UP_TO_DISPATCH) \
	X(NdisAdvanceNetBufferListDataStart, UP_TO_DISPATCH) \
	X(NdisAllocateCloneNetBufferList, UP_TO_DISPATCH) \
	X(NdisAllocateCloneOidRequest, UP_TO_DISPATCH) \
	X(NdisAllocateFragmentNetBufferList, UP_TO_DISPATCH) \
	X(NdisAllocateFromNPagedLookasideList, UP_TO_DISPATCH) \
	X(NdisAllocateGenericObject, UP_TO_DISPATCH) \
	X(NdisAllocateIoWorkItem, UP_TO_DISPATCH) \
	X(NdisAllocateMemoryWithTagPriority, UP_TO_DISPATCH) \
	X(NdisAllocateNetBuffer, UP_TO_DISPATCH) \
	X(NdisAllocateNetBufferAndNetBufferList, UP_TO_DISPATCH) \
	X(NdisAllocateNetBufferList, UP_TO_DISPATCH) \
	X(NdisAllocateNetBufferListContext, UP_TO_DISPATCH) \
	X(NdisAllocateNetBufferListPool, UP_TO_DISPATCH) \
	X(NdisAllocateNetBufferMdlAndData, UP_TO_DISPATCH) \
	X(NdisAllocateNetBufferPool, UP_TO_DISPATCH) \
	X(NdisAllocateReassembledNetBufferList, UP_TO_DISPATCH) \
	X(NdisAllocateSharedMemory, PASSIVE) \
	X(NdisAllocateTimerObject, UP_TO_DISPATCH) \
	X(NdisAnsiStringToUnicodeString, PASSIVE) \
	X(NdisCancelOidRequest, UP_TO_DISPATCH) \
	X(NdisCancelSendNetBufferLists, UP_TO_DISPATCH) \
	X(NdisCloseAdapterEx, PASSIVE) \
	X(NdisCloseConfiguration, PASSIVE) \
	X(NdisCompleteBindAdapterEx, UP_TO_DISPATCH) \
	X(NdisCompleteNetPnPEvent, PASSIVE) \
	X(NdisCompleteUnbindAdapterEx, UP_TO_DISPATCH) \
	X(NdisCopyFromNetBufferToNetBuffer, UP_TO_DISPATCH) \
	X(NdisCopyReceiveNetBufferListInfo, UP_TO_DISPATCH) \
	X(NdisCopySendNetBufferListInfo, UP_TO_DISPATCH) \
	X(NdisDeleteNPagedLookasideList, UP_TO_DISPATCH) \
	X(NdisDeregisterDeviceEx, PASSIVE) \
	X(NdisDeregisterProtocolDriver, PASSIVE) \
	X(NdisDirectOidRequest, UP_TO_DISPATCH) \
	X(NdisDprAcquireSpinLock, DISPATCH) \
	X(NdisDprReleaseSpinLock, DISPATCH) \
	X(NdisEqualString, PASSIVE) \
	X(NdisEqualUnicodeString, PASSIVE) \
	X(NdisFCancelOidRequest, UP_TO_DISPATCH) \
	X(NdisFCancelSendNetBufferLists, UP_TO_DISPATCH) \
	X(NdisFDeregisterFilterDriver, PASSIVE) \
	X(NdisFDevicePnPEventNotify, PASSIVE) \
	X(NdisFIndicateReceiveNetBufferLists, UP_TO_DISPATCH) \
	X(NdisFIndicateStatus, UP_TO_DISPATCH) \
	X(NdisFNetPnPEvent, PASSIVE) \
	X(NdisFOidRequest, UP_TO_DISPATCH) \
	X(NdisFOidRequestComplete, UP_TO_DISPATCH) \
	X(NdisFPauseComplete, UP_TO_DISPATCH) \
	X(NdisFRegisterFilterDriver, PASSIVE) \
	X(NdisFRestartComplete, PASSIVE) \
	X(NdisFRestartFilter, UP_TO_DISPATCH) \
	X(NdisFReturnNetBufferLists, UP_TO_DISPATCH) \
	X(NdisFSendNetBufferLists, UP_TO_DISPATCH) \
	X(NdisFSendNetBufferListsComplete, UP_TO_DISPATCH) \
	X(NdisFSetAttributes, PASSIVE) \
	X(NdisFreeCloneNetBufferList, UP_TO_DISPATCH) \
	X(NdisFreeCloneOidRequest, UP_TO_DISPATCH) \
	X(NdisFreeFragmentNetBufferList, UP_TO_DISPATCH) \
	X(NdisFreeGenericObject, UP_TO_DISPATCH) \
	X(NdisFreeIoWorkItem, UP_TO_DISPATCH) \
	X(NdisFreeNetBuffer, UP_TO_DISPATCH) \
	X(NdisFreeNetBufferList, UP_TO_DISPATCH) \
	X(NdisFreeNetBufferListContext, UP_TO_DISPATCH) \
	X(NdisFreeNetBufferListPool, UP_TO_DISPATCH) \
	X(NdisFreeNetBufferPool, UP_TO_DISPATCH) \
	X(NdisFreeReassembledNetBufferList, UP_TO_DISPATCH) \
	X(NdisFreeSharedMemory, PASSIVE) \
	X(NdisFreeString, PASSIVE) \
	X(NdisFreeTimerObject, UP_TO_DISPATCH) \
	X(NdisFreeToNPagedLookasideList, UP_TO_DISPATCH) \
	X(NdisGeneratePartialCancelId, UP_TO_DISPATCH) \
	X(NdisGetDataBuffer, UP_TO_DISPATCH) \
	X(NdisGetPoolFromNetBuffer, UP_TO_DISPATCH) \
	X(NdisGetPoolFromNetBufferList, UP_TO_DISPATCH) \
	X(NdisGetRoutineAddress, PASSIVE) \
	X(NdisGetRssProcessorInformation, UP_TO_DISPATCH) \
	X(NdisGetSharedDataAlignment, UP_TO_DISPATCH) \
	X(NdisGetVersion, UP_TO_DISPATCH) \
	X(NdisIMAssociateMiniport, PASSIVE) \
	X(NdisIMCancelInitializeDeviceInstance, PASSIVE) \
	X(NdisIMDeInitializeDeviceInstance, PASSIVE) \
	X(NdisIMGetBindingContext, BELOW_DISPATCH) \
	X(NdisIMInitializeDeviceInstanceEx, PASSIVE) \
	X(NdisIfAddIfStackEntry, PASSIVE) \
	X(NdisIfDeleteIfStackEntry, PASSIVE) \
	X(NdisIfGetInterfaceIndexFromNetLuid, PASSIVE) \
	X(NdisIfGetNetLuidFromInterfaceIndex, PASSIVE) \
	X(NdisIfQueryBindingIfIndex, PASSIVE) \
	X(NdisInitializeNPagedLookasideList, UP_TO_DISPATCH) \
	X(NdisInitializeString, PASSIVE) \
	X(NdisMAllocateNetBufferSGList, DISPATCH) \
	X(NdisMAllocateSharedMemory, PASSIVE) \
	X(NdisMAllocateSharedMemoryAsyncEx, UP_TO_DISPATCH) \
	X(NdisMDeregisterInterruptEx, PASSIVE) \
	X(NdisMDeregisterIoPortRange, PASSIVE) \
	X(NdisMDeregisterMiniportDriver, PASSIVE) \
	X(NdisMDeregisterScatterGatherDma, PASSIVE) \
	X(NdisMFreeNetBufferSGList, DISPATCH) \
	X(NdisMFreePort, UP_TO_DISPATCH) \
	X(NdisMFreeSharedMemory, UP_TO_DISPATCH) \
	X(NdisMGetDeviceProperty, PASSIVE) \
	X(NdisMIndicateReceiveNetBufferLists, UP_TO_DISPATCH) \
	X(NdisMIndicateStatusEx, UP_TO_DISPATCH) \
	X(NdisMMapIoSpace, PASSIVE) \
	X(NdisMNetPnPEvent, PASSIVE) \
	X(NdisMOidRequestComplete, UP_TO_DISPATCH) \
	X(NdisMPauseComplete, UP_TO_DISPATCH) \
	X(NdisMQueryAdapterInstanceName, PASSIVE) \
	X(NdisMRegisterInterruptEx, PASSIVE) \
	X(NdisMRegisterIoPortRange, PASSIVE) \
	X(NdisMRegisterMiniportDriver, PASSIVE) \
	X(NdisMRegisterScatterGatherDma, PASSIVE) \
	X(NdisMRemoveMiniport, UP_TO_DISPATCH) \
	X(NdisMResetComplete, DISPATCH) \
	X(NdisMRestartComplete, UP_TO_DISPATCH) \
	X(NdisMSendNetBufferListsComplete, UP_TO_DISPATCH) \
	X(NdisMSetMiniportAttributes, PASSIVE) \
	X(NdisMSleep, BELOW_DISPATCH) \
	X(NdisMUnmapIoSpace, PASSIVE) \
	X(NdisOidRequest, UP_TO_DISPATCH) \
	X(NdisOpenAdapterEx, PASSIVE) \
	X(NdisOpenConfigurationEx, PASSIVE) \
	X(NdisOpenConfigurationKeyByIndex, BELOW_DISPATCH) \
	X(NdisOpenConfigurationKeyByName, BELOW_DISPATCH) \
	X(NdisQueryAdapterInstanceName, UP_TO_DISPATCH) \
	X(NdisQueryDepthSList, UP_TO_DISPATCH) \
	X(NdisQueueIoWorkItem, UP_TO_DISPATCH) \
	X(NdisReEnumerateProtocolBindings, PASSIVE) \
	X(NdisReadConfiguration, PASSIVE) \
	X(NdisReadNetworkAddress, PASSIVE) \
	X(NdisRegisterDeviceEx, PASSIVE) \
	X(NdisRegisterProtocolDriver, PASSIVE) \
	X(NdisReleaseRWLock, DISPATCH) \
	X(NdisReleaseReadWriteLock, DISPATCH) \
	X(NdisReleaseSpinLock, DISPATCH) \
	X(NdisResetEvent, UP_TO_DISPATCH) \
	X(NdisRetreatNetBufferDataStart, UP_TO_DISPATCH) \
	X(NdisRetreatNetBufferListDataStart, UP_TO_DISPATCH) \
	X(NdisReturnNetBufferLists, UP_TO_DISPATCH) \
	X(NdisSendNetBufferLists, UP_TO_DISPATCH) \
	X(NdisSetEvent, UP_TO_DISPATCH) \
	X(NdisSetOptionalHandlers, PASSIVE) \
	X(NdisSetTimerObject, UP_TO_DISPATCH) \
	X(NdisSystemProcessorCount, PASSIVE) \
	X(NdisUnbindAdapter, UP_TO_DISPATCH) \
	X(NdisUnicodeStringToAnsiString, PASSIVE) \
	X(NdisUpcaseUnicodeString, PASSIVE) \
	X(NdisWaitEvent, PASSIVE) \
	X(NdisWriteConfiguration, PASSIVE) \
	X(NdisWriteErrorLogEntry, UP_TO_DISPATCH) \
	X(NdisWriteEventLogEntry, UP_TO_DISPATCH)

#endif
