/* SPDX-License-Identifier: BSD-2-Clause */
#include "ndis/loopback.h"

#include <string.h>

#include "base/log.h"
#include "ndis/nbl_pool.h"
#include "ndis/receive_filter.h"
#include "ndis/stack.h"

#define ANY_LOCAL (NDIS_PACKET_TYPE_PROMISCUOUS | NDIS_PACKET_TYPE_ALL_LOCAL)

/* For whom one call's copies are. In a copy's MiniportReserved, since here NDIS is what the
 * miniport is to other frames. */
struct audience {
	NDIS_HANDLE sender;   /* that set the flag; NULL: it did not, or it is no matter (A36) */
	NDIS_HANDLE source;   /* who sent */
	bool others;          /* A39: somebody wants what others send */
};

/* ---- who may want copies ---- */

/* A39: what makes NDIS look at every send. */
static bool wants_others(ULONG filter)
{
	return filter & NDIS_PACKET_TYPE_ALL_LOCAL ||
	       (filter & ANY_LOCAL && !(filter & NDIS_PACKET_TYPE_NO_LOCAL));
}

bool ndis_loopback_climbs(const struct ndis_adapter *a)
{
	for (unsigned i = 0; i < a->n_modules; i++)
		if (a->modules[i]->handlers.ReceiveNetBufferListsHandler)
			return ndis_loopback_is_ours(a);
	return false;
}

void ndis_loopback_update(struct ndis_adapter *a)
{
	unsigned n = 0, check;
	bool others = false;
	ULONG all = 0;

	pthread_rwlock_rdlock(&a->stack_lock);
	pthread_mutex_lock(&a->facts_lock);
	for (unsigned i = 0; i < a->n_bindings; i++) {
		ULONG filter = atomic_load(&a->bindings[i]->packet_filter);

		n += atomic_load(&a->bindings[i]->opened);
		all |= filter;
		others |= wants_others(filter);
	}
	atomic_store(&a->loopback.climbs, ndis_loopback_climbs(a));
	others &= ndis_loopback_is_ours(a) && (n > 1 || a->loopback.climbs);
	atomic_store(&a->loopback.filter, all);
	atomic_store(&a->loopback.others, others);
	check = others ? NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK : 0;
	for (unsigned i = 0; i < a->n_bindings; i++)
		atomic_store(&a->bindings[i]->layer.edges.check, check);
	for (unsigned i = 0; i < a->n_modules; i++)
		atomic_store(&a->modules[i]->layer.edges.check, check);
	pthread_mutex_unlock(&a->facts_lock);
	pthread_rwlock_unlock(&a->stack_lock);
}

/* ---- whether a packet filter takes a frame ---- */

/* What kind of frame that is to the adapter; 0: to another station. */
static ULONG type_of(const struct ndis_adapter *a, const UCHAR *to)
{
	if (ETH_IS_BROADCAST(to))
		return NDIS_PACKET_TYPE_BROADCAST;
	if (ETH_IS_MULTICAST(to))
		return NDIS_PACKET_TYPE_MULTICAST;
	return memcmp(to, a->attributes.mac, sizeof(a->attributes.mac)) ? 0 : NDIS_PACKET_TYPE_DIRECTED;
}

static bool takes(ULONG filter, ULONG type, bool listed)
{
	if (filter & ANY_LOCAL)
		return true;
	if (type != NDIS_PACKET_TYPE_MULTICAST)
		return filter & type;
	return filter & NDIS_PACKET_TYPE_ALL_MULTICAST || (filter & type && listed);
}

static bool binding_takes(const struct ndis_binding *b, const UCHAR *to)
{
	ULONG type = type_of(b->layer.adapter, to);

	return takes(atomic_load_explicit(&b->packet_filter, memory_order_relaxed), type,
		     type == NDIS_PACKET_TYPE_MULTICAST && ndis_multicast_has(&b->multicast, to));
}

/* A39, the third: what the adapter as a whole is set to. */
static bool adapter_takes(const struct ndis_adapter *a, struct ndis_binding *const *takers,
			  unsigned n, const UCHAR *to)
{
	ULONG type = type_of(a, to);
	bool listed = false;

	for (unsigned i = 0; i < n && type == NDIS_PACKET_TYPE_MULTICAST; i++)
		listed |= ndis_multicast_has(&takers[i]->multicast, to);
	return takes(atomic_load(&a->loopback.filter), type, listed);
}

/* A40. */
static bool is_for(const struct ndis_binding *b, const struct audience *to)
{
	if (b == to->source)
		return to->sender != NULL;
	return to->others && !(atomic_load(&b->packet_filter) & NDIS_PACKET_TYPE_NO_LOCAL);
}

static bool gets(const struct ndis_binding *b, const struct audience *who, const UCHAR *to,
		 PNET_BUFFER_LIST copy)
{
	return is_for(b, who) && (binding_takes(b, to) || ndis_receive_filter_default_takes(b, copy));
}

/* ---- a copy ---- */

/* A checksum that the sender leaves to the adapter is right by definition here. */
static void copy_checksum(PNET_BUFFER_LIST copy, PNET_BUFFER_LIST sent)
{
	NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO asked, is = { .Value = NULL };

	asked.Value = NET_BUFFER_LIST_INFO(sent, TcpIpChecksumNetBufferListInfo);
	is.Receive.IpChecksumSucceeded = asked.Transmit.IpHeaderChecksum;
	is.Receive.TcpChecksumSucceeded = asked.Transmit.TcpChecksum;
	is.Receive.UdpChecksumSucceeded = asked.Transmit.UdpChecksum;
	is.Receive.Loopback = 1;
	NET_BUFFER_LIST_INFO(copy, TcpIpChecksumNetBufferListInfo) = is.Value;
}

/* NULL: no memory. */
static PNET_BUFFER_LIST copy_create(struct ndis_adapter *a, PNET_BUFFER_LIST sent,
				    const NET_BUFFER *nb, const struct audience *who)
{
	ULONG length = NET_BUFFER_DATA_LENGTH(nb);
	PMDL mdl = nbl_mdl_with_data(length);
	PNET_BUFFER_LIST copy;

	if (!mdl)
		return NULL;
	mdl_place_read(nbl_data_place(nb, 0), mdl_bytes(mdl), length);
	copy = NdisAllocateNetBufferAndNetBufferList(nbl_pool_of_lists(), 0, 0, mdl, 0, length);
	if (!copy) {
		nbl_mdl_free(mdl);
		return NULL;
	}
	copy->SourceHandle = a;
	copy->NblFlags |= NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET;   /* A41 */
	copy->MiniportReserved[0] = who->source;
	copy->MiniportReserved[1] = (PVOID)(ULONG_PTR)((who->sender ? 1u : 0) | (who->others ? 2u : 0));
	NET_BUFFER_LIST_INFO(copy, Ieee8021QNetBufferListInfo) =
		NET_BUFFER_LIST_INFO(sent, Ieee8021QNetBufferListInfo);
	NET_BUFFER_LIST_INFO(copy, NetBufferListFrameType) =
		NET_BUFFER_LIST_INFO(sent, NetBufferListFrameType);
	copy_checksum(copy, sent);
	return copy;
}

static struct audience audience_of(const NET_BUFFER_LIST *copy)
{
	ULONG_PTR bits = (ULONG_PTR)copy->MiniportReserved[1];

	return (struct audience){ .source = copy->MiniportReserved[0],
				  .sender = bits & 1 ? copy->MiniportReserved[0] : NULL,
				  .others = bits & 2 };
}

static void copies_free(PNET_BUFFER_LIST copy)
{
	while (copy) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(copy);
		PMDL mdl = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(copy));

		NET_BUFFER_LIST_NEXT_NBL(copy) = NULL;
		NdisFreeNetBufferList(copy);
		nbl_mdl_free(mdl);
		copy = next;
	}
}

/* ---- up ---- */

/* Each copy to those that it is for, one after the other. */
static void deliver(struct ndis_binding *const *takers, unsigned n, PNET_BUFFER_LIST copy,
		    NDIS_PORT_NUMBER port, ULONG flags)
{
	while (copy) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(copy);
		struct audience who = audience_of(copy);
		UCHAR storage[6];
		const UCHAR *to = NdisGetDataBuffer(NET_BUFFER_LIST_FIRST_NB(copy), sizeof(storage),
						    storage, 1, 0);

		NET_BUFFER_LIST_NEXT_NBL(copy) = NULL;
		for (unsigned i = 0; i < n && to; i++)
			if (gets(takers[i], &who, to, copy))
				ndis_fan_out_receive(takers[i], copy, port, flags);
		NET_BUFFER_LIST_NEXT_NBL(copy) = next;
		copy = next;
	}
}

VOID ndis_loopback_indicate(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			    ULONG count, ULONG flags)
{
	struct ndis_layer *from = context;
	struct ndis_adapter *a = from->adapter;
	struct ndis_binding *takers[NDIS_MAX_BINDINGS];
	struct ndis_binding *alone = atomic_load(&a->loopback.alone);
	unsigned n;

	/* What is lent stays together: a call has either copies alone or none. */
	if (NdisTestNblFlag(list, NDIS_NBL_FLAGS_IS_LOOPBACK_PACKET) &&
	    flags & NDIS_RECEIVE_FLAGS_RESOURCES) {
		n = ndis_takers_read(&a->takers, takers);
		deliver(takers, n, list, port, flags);
	} else if (alone) {
		alone->protocol->handlers.ReceiveNetBufferListsHandler(alone->layer.context, list, port,
								       count, flags);
	} else {
		ndis_fan_out_indicate(context, list, port, count, flags);
	}
}

/* ---- the send ---- */

struct looping {
	struct ndis_adapter *adapter;
	struct audience who;
	struct ndis_binding *takers[NDIS_MAX_BINDINGS];
	unsigned n_takers;
	PNET_BUFFER_LIST first, *end;
	ULONG n;
};

/* Whether somebody would see a copy: a filter module sees what the adapter takes. */
static bool is_wanted(const struct looping *l, const UCHAR *to, PNET_BUFFER_LIST sent)
{
	bool climbs = l->who.others && atomic_load(&l->adapter->loopback.climbs);

	if (climbs && adapter_takes(l->adapter, l->takers, l->n_takers, to))
		return true;
	for (unsigned i = 0; i < l->n_takers; i++)
		if (gets(l->takers[i], &l->who, to, sent))
			return true;
	return false;
}

static void copy_buffer(struct looping *l, PNET_BUFFER_LIST sent, PNET_BUFFER nb)
{
	UCHAR storage[6];
	const UCHAR *to = NdisGetDataBuffer(nb, sizeof(storage), storage, 1, 0);
	PNET_BUFFER_LIST copy;

	if (!to || !is_wanted(l, to, sent))
		return;
	copy = copy_create(l->adapter, sent, nb, &l->who);
	if (!copy) {
		log_warning("adapter %s: no memory for a loopback copy; it is lost",
			    l->adapter->layer.object.name);
		return;
	}
	*l->end = copy;
	l->end = &NET_BUFFER_LIST_NEXT_NBL(copy);
	l->n++;
}

static void indicate(const struct looping *l, NDIS_PORT_NUMBER port, ULONG send_flags)
{
	ULONG flags = NDIS_RECEIVE_FLAGS_RESOURCES;

	if (send_flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL)
		flags |= NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL;
	if (atomic_load(&l->adapter->loopback.climbs))
		ndis_edge_indicate(&l->adapter->layer.edges, l->first, port, l->n, flags);
	else
		deliver(l->takers, l->n_takers, l->first, port, flags);
}

static void loop(struct ndis_adapter *a, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG flags)
{
	struct looping l = { .adapter = a };

	l.end = &l.first;
	l.n_takers = ndis_takers_read(&a->takers, l.takers);
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list)) {
		l.who = (struct audience){
			.source = list->SourceHandle,
			.sender = flags & NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK ? list->SourceHandle : NULL,
			.others = atomic_load(&a->loopback.others),
		};
		for (PNET_BUFFER nb = NET_BUFFER_LIST_FIRST_NB(list); nb; nb = NET_BUFFER_NEXT_NB(nb))
			copy_buffer(&l, list, nb);
	}
	if (l.first)
		indicate(&l, port, flags);
	copies_free(l.first);
}

/* Before the miniport has the lists, which are its own then; what a miniport that does not run
 * will not send is not looped either. */
VOID ndis_loopback_send(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			ULONG flags)
{
	struct ndis_adapter *a = ((struct ndis_layer *)context)->adapter;

	if (ndis_layer_state(&a->layer) == NDIS_RUNNING)
		loop(a, list, port, flags);
	a->driver->handlers.SendNetBufferListsHandler(a->layer.context, list, port, flags);
}
