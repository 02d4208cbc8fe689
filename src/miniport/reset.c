/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reset (A52), and low power states (A55).
 *
 * Either way sends that wait are not left hanging on a port that does not take them, and
 * everything that others set stays: queues, filters, packet filter and multicast list live
 * in memory, not in a device (U9), so that NDIS has nothing to set again.
 *
 * A reset ends what makes sends wait: those that wait, from NDIS 6.30 on, with
 * RESET_IN_PROGRESS; before it they are held, and sent afterwards; a halt by PFC and the
 * accounts of the classes. When the reset completes, no processor is still in a call with
 * an NBL that it ended. The port itself goes on: it holds no state of ours, and to stop and
 * start it would lose frames for nothing.
 */
#include "miniport/adapter.h"

#include "base/log.h"

static bool may_hold_sends(const struct mp_adapter *a)
{
	return a->ndis_version < MP_NDIS_630;
}

static void reset_is_quiet(void *context)
{
	struct mp_adapter *a = context;
	KIRQL irql;

	if (may_hold_sends(a))
		mp_tx_change_end(a);
	else
		mp_tx_gate_open(a, MP_GATE_RESET);
	KeRaiseIrql(DISPATCH_LEVEL, &irql);   /* what it is called at */
	NdisMResetComplete(a->handle, NDIS_STATUS_SUCCESS, FALSE);
	KeLowerIrql(irql);
}

_Use_decl_annotations_
NDIS_STATUS MiniportResetEx(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
	struct mp_adapter *a = MiniportAdapterContext;

	*AddressingReset = FALSE;
	if (may_hold_sends(a)) {
		mp_tx_change_begin(a);
	} else {
		mp_tx_gate_close(a, MP_GATE_RESET);
		mp_tx_abort_all(a, NDIS_STATUS_RESET_IN_PROGRESS);
	}
	mp_tx_priorities_halt(a, 0);
	OvmqCallWhenQuiet(reset_is_quiet, a);
	return NDIS_STATUS_PENDING;
}

/* No worker is in an indication any more, nor in a completion. */
static void sleep_is_quiet(void *context)
{
	struct mp_adapter *a = context;
	PNDIS_OID_REQUEST request = a->power_request;

	a->power_request = NULL;
	NdisMOidRequestComplete(a->handle, request, NDIS_STATUS_SUCCESS);
}

NDIS_STATUS mp_power_set(struct mp_adapter *a, PNDIS_OID_REQUEST request)
{
	NDIS_DEVICE_POWER_STATE state;

	if (request->DATA.SET_INFORMATION.InformationBufferLength < sizeof(state)) {
		request->DATA.SET_INFORMATION.BytesNeeded = sizeof(state);
		return NDIS_STATUS_INVALID_LENGTH;
	}
	memcpy(&state, request->DATA.SET_INFORMATION.InformationBuffer, sizeof(state));
	switch (state) {
	case NdisDeviceStateD0:
		mp_tx_gate_open(a, MP_GATE_ASLEEP);
		return NDIS_STATUS_SUCCESS;
	case NdisDeviceStateD1:
	case NdisDeviceStateD2:
	case NdisDeviceStateD3:
		mp_tx_gate_close(a, MP_GATE_ASLEEP);
		mp_tx_abort_all(a, NDIS_STATUS_LOW_POWER_STATE);
		a->power_request = request;
		OvmqCallWhenQuiet(sleep_is_quiet, a);
		return NDIS_STATUS_PENDING;
	default:
		log_warning("miniport: OID_PNP_SET_POWER of state %d, which there is not", state);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
}
