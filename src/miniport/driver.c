/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's entry, and an adapter from initialize to halt. */
#include "miniport/rss.h"

#include <stdlib.h>

#include "base/ethernet.h"
#include "base/log.h"
#include "miniport/steer.h"

/* The driver as each of its entries registers it. */
struct mp_driver {
	unsigned ndis_version;
	PDRIVER_OBJECT object;       /* NULL: not loaded */
	NDIS_HANDLE handle;          /* of NdisMRegisterMiniportDriver */
};

static struct mp_driver drivers[] = { { .ndis_version = MP_NDIS_620 },
				      { .ndis_version = MP_NDIS_630 } };

/* ---- initialize ---- */

static NDIS_STATUS open_nic(struct mp_adapter *a)
{
	struct nic_config c = {
		.spec = a->settings.nic,
		.out = a->settings.out[0] ? a->settings.out : NULL,
		.rx_queues = (uint16_t)a->settings.rx_queues,
		.tx_queues = (uint16_t)a->n_processors,
		.mtu = (uint16_t)a->settings.mtu,
		.steer_queues = mp_steer_wanted(a),
		.rx_checksums = a->settings.offloads & MP_OFFLOAD_RX,
		.tx_large = a->settings.offloads & MP_OFFLOAD_LSO,
	};
	struct error err;

	if (nic_open(&a->nic, &c, &err)) {
		log_error("%s", err.text);
		return NDIS_STATUS_ADAPTER_NOT_FOUND;
	}
	nic_mac(a->nic, a->mac);
	a->nic_can_wait = nic_can_wait(a->nic);
	/* One NIC queue for what tables may send another way: DPDK does not tell in general
	 * whether a NIC queue has really been emptied (A7, N14). */
	a->n_nic_tx = a->settings.vmq ? RTE_MIN(nic_tx_queues(a->nic), a->n_processors) : 1;
	/* DCBX's frames come from no processor. */
	a->shared_tx = a->settings.dcbx ||
		       (a->n_processors > 1 && (a->settings.vmq || a->settings.rss));
	a->n_steer = nic_steer_queues(a->nic);
	a->n_lanes = a->settings.rx_queues + (a->n_steer ? a->n_processors : 0);
	if (c.steer_queues && !a->n_steer)
		log_warning("%s: steers no frames: VM queues are placed, as without Receive=steered",
			    nic_description(a->nic));
	else if (a->n_steer < c.steer_queues)
		log_info("%s: steers the frames of %u VM queues; those of others are placed",
			 nic_description(a->nic), a->n_steer);
	return NDIS_STATUS_SUCCESS;
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
	for (unsigned s = 0; s < a->n_steer; s++)
		pools[a->steer[s].rx] = frame_pool_mempool(a->steer[s].memory.pool);
	if (!nic_start(a->nic, pools, &err))
		return NDIS_STATUS_SUCCESS;
	log_error("%s", err.text);
	return NDIS_STATUS_FAILURE;
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
	mp_qos_destroy(a);
	nic_close(a->nic);
	frame_pool_destroy(a->tx_pool);
	mp_tx_classes_destroy(a);
	mp_tx_barrier_destroy(a);
	mp_filters_destroy(a);
	mp_multicast_destroy(a);
	mp_queues_destroy(a);
	mp_rss_destroy(a);
	mp_steer_destroy(a);
	mp_stock_destroy(a);
	mp_processors_destroy(a);
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
		mp_settings_read, mp_processors_find, mp_processors_create, open_nic,
		mp_attributes_set, register_dma, mp_rss_create, mp_queues_create, mp_steer_create,
		mp_filters_publish, create_tx_pool, start_nic, mp_qos_create,
		mp_processors_connect,
	};
	struct mp_adapter *a = aligned_alloc(_Alignof(struct mp_adapter), sizeof(*a));
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	if (!a)
		return NDIS_STATUS_RESOURCES;
	memset(a, 0, sizeof(*a));
	a->handle = NdisMiniportHandle;
	a->if_index = MiniportInitParameters->IfIndex;
	a->ndis_version = ((const struct mp_driver *)MiniportDriverContext)->ndis_version;
	mp_tx_barrier_create(a);   /* shut until the first restart (A50) */
	mp_tx_classes_create(a);
	mp_stock_create(a);
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
	mp_processors_notify(a);
}

static MINIPORT_PAUSE MiniportPause;
_Use_decl_annotations_
static NDIS_STATUS MiniportPause(NDIS_HANDLE MiniportAdapterContext,
				 PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
	struct mp_adapter *a = MiniportAdapterContext;

	(void)PauseParameters;
	mp_tx_gate_close(a, MP_GATE_PAUSED);
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
	mp_tx_gate_open(a, MP_GATE_PAUSED);
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
	atomic_fetch_or(&a->barrier.gate, MP_GATE_PAUSED);
	atomic_store(&a->paused, true);
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY MiniportDevicePnPEventNotify;
_Use_decl_annotations_
static VOID MiniportDevicePnPEventNotify(NDIS_HANDLE MiniportAdapterContext,
					 PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
	struct mp_adapter *a = MiniportAdapterContext;

	if (NetDevicePnPEvent->DevicePnPEvent == NdisDevicePnPEventSurpriseRemoved)
		mp_tx_gate_close(a, MP_GATE_PAUSED);   /* the device is gone: touch it no more */
}

static MINIPORT_UNLOAD MiniportDriverUnload;
_Use_decl_annotations_
static VOID MiniportDriverUnload(PDRIVER_OBJECT DriverObject)
{
	for (unsigned i = 0; i < RTE_DIM(drivers); i++) {
		struct mp_driver *d = &drivers[i];

		if (d->object != DriverObject)
			continue;
		NdisMDeregisterMiniportDriver(d->handle);
		d->object = NULL;
		d->handle = NULL;
	}
}

static NTSTATUS register_driver(struct mp_driver *d, PDRIVER_OBJECT object, PUNICODE_STRING path)
{
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
			    NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = (UCHAR)(d->ndis_version >> 8),
		.MinorNdisVersion = (UCHAR)d->ndis_version,
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
		.ResetHandlerEx = MiniportResetEx,
		.CancelOidRequestHandler = MiniportCancelOidRequest,
	};
	NDIS_STATUS status = NdisMRegisterMiniportDriver(object, path, (NDIS_HANDLE)d, &c,
							 &d->handle);

	d->object = status == NDIS_STATUS_SUCCESS ? object : NULL;
	return status;
}

NTSTATUS miniport_driver_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	return register_driver(&drivers[1], DriverObject, RegistryPath);
}

NTSTATUS miniport_620_driver_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	return register_driver(&drivers[0], DriverObject, RegistryPath);
}
