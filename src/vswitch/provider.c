/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory for the queues of the switch's VMs (E7). The part of a split frame that
 * the switch does not look at may lie in memory of the VM itself, which then gets the
 * frame without a copy (E19). That needs an adapter which filters by MAC and VLAN before
 * it writes (E23), and a VM whose memory lasts. All else is host memory: the adapter does
 * not notice which it got (E18, E26).
 */
#include "vswitch/switch.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/log.h"

struct vs_block {
	struct vs_port *guest;           /* whose memory it is; NULL: the host's */
	NDIS_RECEIVE_QUEUE_ID queue;
	void *address;
	size_t bytes;                    /* whole pages */
};

static NDIS_SPIN_LOCK lock;              /* over what is taken of guests' memory */

void vs_provider_queue(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		if (atomic_load(&vs_switch.ports[i].provided) == queue)
			atomic_store(&vs_switch.ports[i].provided, 0);
	atomic_store(&port->provided, queue);
}

static struct vs_port *port_of(NDIS_RECEIVE_QUEUE_ID queue)
{
	for (unsigned i = 0; queue && i < vs_switch.n_ports; i++)
		if (atomic_load(&vs_switch.ports[i].provided) == queue)
			return &vs_switch.ports[i];
	return NULL;
}

/* Whether the adapter writes nothing to the port's queue that the VM may not see: every
 * filter of a port with a VLAN tests MAC and VLAN, and there is one already (E23). A port
 * without a VLAN has filters that do not. */
static bool is_filtered(const struct vs_port *port)
{
	return port->vlan && port->n_filters;
}

/* The VM's own memory, if it may be had. */
static bool take_guest(struct vs_block *b, const NDIS_SHARED_MEMORY_PARAMETERS *p)
{
	struct vs_port *port = port_of(p->QueueId);
	int rc;

	if (p->Usage != NdisSharedMemoryUsageReceivePostLookahead ||   /* E19, E25 */
	    !port || !port->lends || !is_filtered(port))
		return false;
	NdisAcquireSpinLock(&lock);
	rc = vmport_memory_take(port->vm, b->bytes, &b->address);
	NdisReleaseSpinLock(&lock);
	if (rc) {
		log_info("VM %s: its region has no room for %zu bytes of queue %u: host memory, and "
			 "copies", port->name, b->bytes, (unsigned)p->QueueId);
		return false;
	}
	b->guest = port;
	return true;
}

static bool take_host(struct vs_block *b)
{
	void *at = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	b->address = at == MAP_FAILED ? NULL : at;
	return b->address;
}

static ALLOCATE_SHARED_MEMORY NetAllocateSharedMemory;
_Use_decl_annotations_
static NDIS_STATUS NetAllocateSharedMemory(NDIS_HANDLE ProviderContext,
					   PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
					   PNDIS_HANDLE pSharedMemoryProviderContext)
{
	PNDIS_SHARED_MEMORY_PARAMETERS p = SharedMemoryParameters;
	struct vs_block *b = calloc(1, sizeof(*b));

	(void)ProviderContext;
	if (!b)
		return NDIS_STATUS_RESOURCES;
	b->queue = p->QueueId;
	b->bytes = RTE_ALIGN_CEIL((size_t)p->Length, (size_t)PAGE_SIZE);
	if (!take_guest(b, p) && !take_host(b)) {
		free(b);
		return NDIS_STATUS_RESOURCES;
	}
	p->VirtualAddress = b->address;
	if (p->SGListBuffer) {
		/* One piece either way, so that CONTIGUOUS holds (E6). */
		p->SGListBuffer->NumberOfElements = 1;
		p->SGListBuffer->Elements[0].Address.QuadPart = (LONGLONG)(uintptr_t)b->address;
		p->SGListBuffer->Elements[0].Length = p->Length;
	}
	*pSharedMemoryProviderContext = b;
	return NDIS_STATUS_SUCCESS;
}

/* Whether nothing is written there any more: the queue never ran, or the adapter has said
 * so (G17). */
static bool is_still(const struct vs_block *b)
{
	return !vs_switch.by_queue || b->queue > vs_switch.max_queue ||
	       atomic_load(&vs_switch.by_queue[b->queue]) != b->guest ||
	       atomic_load(&b->guest->dma_stopped);
}

/* What is not surely still stays the port's, unused, until that closes. */
static void give_guest(const struct vs_block *b)
{
	if (!is_still(b)) {
		log_error("VM %s: the adapter freed memory of queue %u without a word that its DMA "
			  "stopped (G4): it is used no more", b->guest->name, (unsigned)b->queue);
		return;
	}
	NdisAcquireSpinLock(&lock);
	vmport_memory_give(b->guest->vm, b->address);
	NdisReleaseSpinLock(&lock);
}

static FREE_SHARED_MEMORY NetFreeSharedMemory;
_Use_decl_annotations_
static VOID NetFreeSharedMemory(NDIS_HANDLE ProviderContext,
				NDIS_HANDLE SharedMemoryProviderContext)
{
	struct vs_block *b = SharedMemoryProviderContext;

	(void)ProviderContext;
	if (b->guest)
		give_guest(b);
	else
		munmap(b->address, b->bytes);
	free(b);
}

_Use_decl_annotations_
NDIS_STATUS ProtocolSetOptions(NDIS_HANDLE NdisDriverHandle, NDIS_HANDLE DriverContext)
{
	NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_SHARED_MEMORY_PROVIDER_CHARACTERISTICS,
			    NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1 },
		.ProviderContext = &vs_switch,
		.AllocateSharedMemoryHandler = NetAllocateSharedMemory,
		.FreeSharedMemoryHandler = NetFreeSharedMemory,
	};

	(void)DriverContext;
	NdisAllocateSpinLock(&lock);
	return NdisSetOptionalHandlers(NdisDriverHandle, (PNDIS_DRIVER_OPTIONAL_HANDLERS)&c);
}

void vs_provider_end(void)
{
	NdisFreeSpinLock(&lock);
}
