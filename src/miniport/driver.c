/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's entry, and an adapter from initialize to halt. */
#include "miniport/adapter.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"

#define POOL_TAG 0x716d764f   /* "Ovmq", as a debugger shows it */

static NDIS_HANDLE driver_handle;

/* ---- initialize ---- */

static NDIS_STATUS open_nic(struct mp_adapter *a)
{
	struct nic_config c = {
		.spec = a->settings.nic,
		.out = a->settings.out[0] ? a->settings.out : NULL,
		.rx_queues = (uint16_t)a->settings.rx_queues,
		.tx_queues = (uint16_t)a->n_processors,
		.mtu = (uint16_t)a->settings.mtu,
	};
	struct error err;

	if (nic_open(&a->nic, &c, &err)) {
		log_error("%s", err.text);
		return NDIS_STATUS_ADAPTER_NOT_FOUND;
	}
	nic_mac(a->nic, a->mac);
	a->nic_can_wait = nic_can_wait(a->nic);
	a->shared_tx = nic_tx_queues(a->nic) < a->n_processors;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS count_processors(struct mp_adapter *a)
{
	NDIS_RSS_PROCESSOR_INFO *info;
	SIZE_T size = 0;
	NDIS_STATUS status = NdisGetRssProcessorInformation(a->handle, NULL, &size);

	if (status != NDIS_STATUS_BUFFER_TOO_SHORT)
		return NDIS_STATUS_FAILURE;
	info = NdisAllocateMemoryWithTagPriority(a->handle, (UINT)size, POOL_TAG, NormalPoolPriority);
	if (!info)
		return NDIS_STATUS_RESOURCES;
	status = NdisGetRssProcessorInformation(a->handle, info, &size);
	a->n_processors = info->RssProcessorCount;
	NdisFreeMemory(info, 0, 0);
	return a->n_processors <= MAX_PROCESSORS ? status : NDIS_STATUS_NOT_SUPPORTED;
}

static NDIS_STATUS create_processors(struct mp_adapter *a)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	for (unsigned p = 0; p < a->n_processors && status == NDIS_STATUS_SUCCESS; p++) {
		a->processors[p].adapter = a;
		a->processors[p].number = p;
		a->processors[p].epoll = -1;
		NdisAllocateSpinLock(&a->nic_tx[p]);
		status = mp_processor_list(&a->processors[p], NULL, NULL);
	}
	/* The NIC's queues go round the processors. */
	for (unsigned r = 0; r < a->settings.rx_queues; r++) {
		struct mp_processor *p = &a->processors[r % a->n_processors];

		p->rx[p->n_rx++] = r;
	}
	return status;
}

static NDIS_STATUS create_tx_pool(struct mp_adapter *a)
{
	/* More than the NIC's rings can hold on to: it frees what it sent only when it
	 * is given more. */
	const unsigned frames = 4096 + 1024u * nic_tx_queues(a->nic);
	char name[MP_POOL_NAME];
	const struct frame_pool_config c = { .name = name, .frames = frames, .cache = 256,
					     .data_room = (uint16_t)(a->max_frame + VLAN_TAG) };
	struct error err;

	snprintf(name, sizeof(name), "vmq%u-tx-copy", a->if_index);
	if (!frame_pool_create(&a->tx_pool, &c, &err))
		return NDIS_STATUS_SUCCESS;
	log_error("%s", err.text);
	return NDIS_STATUS_RESOURCES;
}

static NDIS_STATUS start_nic(struct mp_adapter *a)
{
	struct rte_mempool *pools[MAX_RX_QUEUES];
	struct error err;

	for (unsigned r = 0; r < a->settings.rx_queues; r++)
		pools[r] = frame_pool_mempool(a->nic_memory[r].pool);
	if (!nic_start(a->nic, pools, &err))
		return NDIS_STATUS_SUCCESS;
	log_error("%s", err.text);
	return NDIS_STATUS_FAILURE;
}

/* What wakes a sleeping processor: its one NIC queue's descriptor, one over
 * several, the clock where one of them cannot signal, or whoever gives it work. */
static int wake_descriptor(struct mp_adapter *a, struct mp_processor *p)
{
	struct epoll_event e = { .events = EPOLLIN };

	if (!p->n_rx)
		return OVMQ_WAKE_BY_NOTIFY;
	for (unsigned i = 0; i < p->n_rx; i++)
		if (nic_rx_descriptor(a->nic, (uint16_t)p->rx[i]) < 0)
			return OVMQ_WAKE_BY_TIME;
	if (p->n_rx == 1)
		return nic_rx_descriptor(a->nic, (uint16_t)p->rx[0]);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; p->epoll >= 0 && i < p->n_rx; i++)
		epoll_ctl(p->epoll, EPOLL_CTL_ADD, nic_rx_descriptor(a->nic, (uint16_t)p->rx[i]), &e);
	return p->epoll >= 0 ? p->epoll : OVMQ_WAKE_BY_TIME;
}

static NDIS_STATUS connect_interrupts(struct mp_adapter *a)
{
	NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
			    NDIS_MINIPORT_INTERRUPT_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1 },
		.MsiSupported = TRUE,
		.MessageInterruptHandler = MiniportMessageInterrupt,
		.MessageInterruptDpcHandler = MiniportMessageInterruptDPC,
	};
	NDIS_STATUS status = NdisMRegisterInterruptEx(a->handle, a, &c, &a->interrupt);

	for (unsigned p = 0; p < a->n_processors && status == NDIS_STATUS_SUCCESS; p++) {
		const OVMQ_POLL_SOURCE line = {
			.Arm = mp_processor_arm,
			.Context = &a->processors[p],
			.Descriptor = wake_descriptor(a, &a->processors[p]),
		};

		status = OvmqConnectInterrupt(a->interrupt, p, &line);
	}
	return status;
}

static NDIS_STATUS register_dma(struct mp_adapter *a)
{
	NDIS_SG_DMA_DESCRIPTION d = {
		.Header = { NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
			    NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1 },
		.Flags = NDIS_SG_DMA_64_BIT_ADDRESS,
		.MaximumPhysicalMapping = a->max_frame + VLAN_TAG,
	};

	return NdisMRegisterScatterGatherDma(a->handle, &d, &a->dma);
}

/* Undoes initialization in reverse order, however far it came (I6, I7). */
static void tear_down(struct mp_adapter *a)
{
	if (a->interrupt)
		NdisMDeregisterInterruptEx(a->interrupt);
	nic_close(a->nic);
	frame_pool_destroy(a->tx_pool);
	mp_filters_destroy(a);
	mp_queues_destroy(a);
	for (unsigned p = 0; p < a->n_processors; p++) {
		free(atomic_exchange(&a->processors[p].queues, NULL));
		NdisFreeSpinLock(&a->nic_tx[p]);
		if (a->processors[p].epoll >= 0)
			close(a->processors[p].epoll);
	}
	if (a->dma)
		NdisMDeregisterScatterGatherDma(a->dma);
	free(a);
}

typedef NDIS_STATUS step(struct mp_adapter *a);

static MINIPORT_INITIALIZE MiniportInitializeEx;
_Use_decl_annotations_
static NDIS_STATUS MiniportInitializeEx(NDIS_HANDLE NdisMiniportHandle,
					NDIS_HANDLE MiniportDriverContext,
					PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
	static step *const steps[] = {
		mp_settings_read, count_processors, create_processors, open_nic, mp_attributes_set,
		register_dma, mp_queues_create, mp_filters_publish, create_tx_pool, start_nic,
		connect_interrupts,
	};
	struct mp_adapter *a = aligned_alloc(_Alignof(struct mp_adapter), sizeof(*a));
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	(void)MiniportDriverContext;
	if (!a)
		return NDIS_STATUS_RESOURCES;
	memset(a, 0, sizeof(*a));
	a->handle = NdisMiniportHandle;
	a->if_index = MiniportInitParameters->IfIndex;
	atomic_store(&a->paused, true);   /* until the first restart (A50) */
	for (size_t i = 0; i < RTE_DIM(steps) && status == NDIS_STATUS_SUCCESS; i++)
		status = steps[i](a);
	if (status != NDIS_STATUS_SUCCESS)
		tear_down(a);
	return status;
}

static MINIPORT_HALT MiniportHaltEx;
_Use_decl_annotations_
static VOID MiniportHaltEx(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
	(void)HaltAction;
	tear_down(MiniportAdapterContext);
}

/* ---- pause and restart ---- */

/* Every worker has seen the flag: no sender is still adding, no poller reading. */
static void pause_is_quiet(void *context)
{
	struct mp_adapter *a = context;

	a->give_up = mp_deadline();
	atomic_store(&a->pausing, true);
	for (unsigned p = 0; p < a->n_processors; p++)
		OvmqNotifyProcessor(p);
}

static MINIPORT_PAUSE MiniportPause;
_Use_decl_annotations_
static NDIS_STATUS MiniportPause(NDIS_HANDLE MiniportAdapterContext,
				 PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
	struct mp_adapter *a = MiniportAdapterContext;

	(void)PauseParameters;
	atomic_store(&a->paused, true);
	OvmqCallWhenQuiet(pause_is_quiet, a);
	return NDIS_STATUS_PENDING;   /* I18: until sends and receives are home (drain.c) */
}

static MINIPORT_RESTART MiniportRestart;
_Use_decl_annotations_
static NDIS_STATUS MiniportRestart(NDIS_HANDLE MiniportAdapterContext,
				   PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
	struct mp_adapter *a = MiniportAdapterContext;

	(void)RestartParameters;
	atomic_store(&a->paused, false);
	for (unsigned p = 0; p < a->n_processors; p++)
		OvmqNotifyProcessor(p);
	return NDIS_STATUS_SUCCESS;
}

/* ---- the rest ---- */

/* I24: stops the hardware, frees nothing. Any IRQL. */
static MINIPORT_SHUTDOWN MiniportShutdownEx;
_Use_decl_annotations_
static VOID MiniportShutdownEx(NDIS_HANDLE MiniportAdapterContext,
			       NDIS_SHUTDOWN_ACTION ShutdownAction)
{
	struct mp_adapter *a = MiniportAdapterContext;

	(void)ShutdownAction;
	atomic_store(&a->paused, true);
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY MiniportDevicePnPEventNotify;
_Use_decl_annotations_
static VOID MiniportDevicePnPEventNotify(NDIS_HANDLE MiniportAdapterContext,
					 PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
	struct mp_adapter *a = MiniportAdapterContext;

	if (NetDevicePnPEvent->DevicePnPEvent == NdisDevicePnPEventSurpriseRemoved)
		atomic_store(&a->paused, true);   /* the device is gone: touch it no more */
}

static MINIPORT_UNLOAD MiniportDriverUnload;
_Use_decl_annotations_
static VOID MiniportDriverUnload(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	NdisMDeregisterMiniportDriver(driver_handle);
	driver_handle = NULL;
}

NTSTATUS miniport_driver_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
			    NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6,
		.MinorNdisVersion = 30,
		.MajorDriverVersion = 1,
		.InitializeHandlerEx = MiniportInitializeEx,
		.HaltHandlerEx = MiniportHaltEx,
		.UnloadHandler = MiniportDriverUnload,
		.PauseHandler = MiniportPause,
		.RestartHandler = MiniportRestart,
		.OidRequestHandler = MiniportOidRequest,
		.SendNetBufferListsHandler = MiniportSendNetBufferLists,
		.ReturnNetBufferListsHandler = MiniportReturnNetBufferLists,
		.CancelSendHandler = MiniportCancelSend,
		.DevicePnPEventNotifyHandler = MiniportDevicePnPEventNotify,
		.ShutdownHandlerEx = MiniportShutdownEx,
		.CancelOidRequestHandler = MiniportCancelOidRequest,
	};

	return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &c, &driver_handle);
}
