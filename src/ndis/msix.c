/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSI-X table: a driver moves an entry to another message, and so to that
 * message's processor (H27), or masks it.
 */
#include "ndis/interrupts.h"

#include "base/log.h"

/* A connected line moves with its entry, which wants PASSIVE_LEVEL. */
static NDIS_STATUS reconnect(struct ndis_table_entry *e)
{
	if (!e->connected)
		return NDIS_STATUS_SUCCESS;
	ndis_entry_disconnect(e);
	return atomic_load(&e->masked) ? NDIS_STATUS_SUCCESS : ndis_entry_connect(e);
}

static NDIS_STATUS configure(struct ndis_interrupt *i, const NDIS_MSIX_CONFIG_PARAMETERS *p)
{
	struct ndis_table_entry *e = &i->entries[p->TableEntry];

	switch (p->ConfigOperation) {
	case NdisMSIXTableConfigSetTableEntry:
		if (p->MessageNumber >= i->n)
			return NDIS_STATUS_INVALID_PARAMETER;
		atomic_store(&e->message, p->MessageNumber);
		return reconnect(e);
	case NdisMSIXTableConfigMaskTableEntry:
		atomic_store(&e->masked, true);
		return reconnect(e);
	case NdisMSIXTableConfigUnmaskTableEntry:
		atomic_store(&e->masked, false);
		if (atomic_exchange(&e->pending, false))
			ndis_entry_raise(e);
		return reconnect(e);
	default:
		return NDIS_STATUS_INVALID_PARAMETER;
	}
}

static void take_message_based(struct ndis_interrupt *i, void *found)
{
	if (i->message_based)
		*(struct ndis_interrupt **)found = i;
}

static NDIS_STATUS configure_locked(struct ndis_interrupt *i, const NDIS_MSIX_CONFIG_PARAMETERS *p)
{
	NDIS_STATUS status;

	/* Without a line there is nothing to lock, and a worker may be here. */
	if (!i->entries[p->TableEntry].connected)
		return configure(i, p);
	if (KeGetCurrentIrql() >= DISPATCH_LEVEL) {
		log_error("adapter %s: NdisMConfigMSIXTableEntry: entry %u has a connected line and "
			  "changes at PASSIVE_LEVEL only", ndis_handle_name(i->adapter),
			  p->TableEntry);
		return NDIS_STATUS_NOT_SUPPORTED;
	}
	pthread_mutex_lock(&i->table_lock);
	status = configure(i, p);
	pthread_mutex_unlock(&i->table_lock);
	return status;
}

NDIS_STATUS NdisMConfigMSIXTableEntry(NDIS_HANDLE NdisMiniportHandle,
				      PNDIS_MSIX_CONFIG_PARAMETERS MSIXConfigParameters)
{
	const NDIS_MSIX_CONFIG_PARAMETERS *p = MSIXConfigParameters;
	NDIS_STATUS status = NDIS_STATUS_INVALID_PARAMETER;
	struct ndis_interrupt *i = NULL;

	NDIS_CALLED(NdisMiniportHandle);
	ndis_interrupt_each(NdisMiniportHandle, take_message_based, &i);
	if (i && p->Header.Type == NDIS_OBJECT_TYPE_DEFAULT &&
	    p->Header.Size >= NDIS_SIZEOF_MSIX_CONFIG_PARAMETERS_REVISION_1 && p->TableEntry < i->n)
		status = configure_locked(i, p);
	if (status == NDIS_STATUS_INVALID_PARAMETER)
		log_error("adapter %s: NdisMConfigMSIXTableEntry: operation %d, entry %u, message %u "
			  "are invalid", ndis_handle_name(NdisMiniportHandle),
			  (int)p->ConfigOperation, p->TableEntry, p->MessageNumber);
	return status;
}
