/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive side scaling, control's half: what is shown, what is set, and the transmit key. */
#include "miniport/rss.h"

#include <stdlib.h>
#include <string.h>

#define NO_QUEUE UINT16_MAX

/* ---- which processors (N18) ---- */

static unsigned place_of(const PROCESSOR_NUMBER *p)
{
	return (unsigned)p->Group << 8 | p->Number;
}

bool mp_rss_may_use(const struct mp_settings *s, const PROCESSOR_NUMBER *p)
{
	return place_of(p) >= place_of(&s->scaling.base) && place_of(p) <= place_of(&s->scaling.max);
}

unsigned mp_rss_processors_max(const struct mp_settings *s)
{
	return RTE_MIN(s->scaling.processors, (unsigned)MAX_PROCESSORS);
}

/* ---- what is shown (N1, N2) ---- */

#define CAPABILITIES                                                                     \
	(NDIS_RSS_CAPS_MESSAGE_SIGNALED_INTERRUPTS | NDIS_RSS_CAPS_CLASSIFICATION_AT_DPC | \
	 NDIS_RSS_CAPS_USING_MSI_X | NDIS_RSS_CAPS_SUPPORTS_MSI_X |                        \
	 NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4 | NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6 |             \
	 NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6_EX | NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV4 |          \
	 NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV6 | NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV6_EX |          \
	 NdisHashFunctionToeplitz)

/* How many of the adapter's queues a table may use at once. */
static unsigned queues_at_once(const struct mp_adapter *a)
{
	return RTE_MIN(a->settings.scaling.queues, a->n_processors);
}

NDIS_RECEIVE_SCALE_CAPABILITIES mp_rss_capabilities(const struct mp_adapter *a)
{
	NDIS_RECEIVE_SCALE_CAPABILITIES c = {
		.Header = { NDIS_OBJECT_TYPE_RSS_CAPABILITIES,
			    NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2 },
		.CapabilitiesFlags = CAPABILITIES,
		.NumberOfInterruptMessages = a->n_processors,
		.NumberOfReceiveQueues = queues_at_once(a),
		.NumberOfIndirectionTableEntries = SCALE_ENTRIES,
	};

	if (a->ndis_version < MP_NDIS_630) {
		c.Header.Revision = NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_1;
		c.Header.Size = NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1;
		c.NumberOfIndirectionTableEntries = 0;
	}
	return c;
}

/* ---- the transmit key (A9, N12) ---- */

/* U20: whoever has computed a hash has written its value, or its type and function. */
static unsigned select_by_hash(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	const struct mp_rss_send *t = &a->rss_send;
	ULONG value = NET_BUFFER_LIST_GET_HASH_VALUE(nbl);
	unsigned mask = atomic_load_explicit(&t->mask, memory_order_relaxed);

	if (!value && !NET_BUFFER_LIST_INFO(nbl, NetBufferListHashInfo))
		return atomic_load_explicit(&t->default_queue, memory_order_relaxed);
	return atomic_load_explicit(&t->queue[value & mask], memory_order_relaxed);
}

const struct mp_tx_key mp_key_rss = { .name = "RSS", .select = select_by_hash };

/* Sends go by the table of 'rss' from now on; NULL: they are one FIFO again (N15). What was
 * accepted before has left by then (N14). */
static void send_by(struct mp_adapter *a, const struct mp_rss *rss)
{
	struct mp_rss_send *t = &a->rss_send;

	mp_tx_change_begin(a);
	for (unsigned i = 0; rss && i <= rss->mask; i++)
		atomic_store(&t->queue[i], rss->queue[i]);
	atomic_store(&t->default_queue, rss ? rss->default_queue : DEFAULT_QUEUE);
	atomic_store(&t->mask, rss ? rss->mask : 0);
	mp_tx_key_set(a, rss && rss->scale.n_entries ? &mp_key_rss : &mp_key_fifo);
	mp_tx_change_end(a);
}

/* ---- the table ---- */

/* The queue of a processor; NO_QUEUE: the adapter does not use it. */
static uint16_t queue_of(const struct mp_adapter *a, const PROCESSOR_NUMBER *p)
{
	for (unsigned i = 0; !p->Group && i < a->n_processors; i++)
		if (a->order[i] == p->Number)
			return (uint16_t)i;
	return NO_QUEUE;
}

static unsigned find(const uint16_t *list, unsigned n, uint16_t what)
{
	unsigned i = 0;

	while (i < n && list[i] != what)
		i++;
	return i;
}

/*
 * N12: the first processors of the table have their own queues, as many as there are at
 * once; the frames of others go round these, each processor's to one. So do those of a
 * processor that the keywords keep out.
 */
static void fill_table(const struct mp_adapter *a, struct mp_rss *rss)
{
	uint16_t served[SCALE_ENTRIES] = { DEFAULT_QUEUE };
	unsigned n = 0, most = queues_at_once(a);

	for (unsigned i = 0; i <= rss->mask; i++) {
		uint16_t q = queue_of(a, &rss->scale.table[i]);

		if (q != NO_QUEUE && n < most && find(served, n, q) == n)
			served[n++] = q;
	}
	for (unsigned i = 0; i <= rss->mask; i++) {
		const PROCESSOR_NUMBER *p = &rss->scale.table[i];
		unsigned at = find(served, n, queue_of(a, p));

		rss->queue[i] = served[at < n ? at : p->Number % RTE_MAX(n, 1u)];
	}
}

static struct mp_rss *rss_make(const struct mp_adapter *a, const struct scale *s)
{
	struct mp_rss *rss = calloc(1, sizeof(*rss));
	uint16_t q;

	if (!rss)
		return NULL;
	rss->scale = *s;
	rss->default_queue = DEFAULT_QUEUE;
	offload_hash_init(&rss->hash, s->hash_information, s->key);
	if (!s->n_entries)
		return rss;   /* hashing alone: everything stays the default queue's */
	rss->mask = s->n_entries - 1;
	fill_table(a, rss);
	q = s->has_default ? queue_of(a, &s->default_processor) : NO_QUEUE;
	rss->default_queue = q == NO_QUEUE ? DEFAULT_QUEUE : q;
	return rss;
}

/* ---- sets (N3 .. N6, N15, N16) ---- */

struct change {
	struct mp_adapter *adapter;
	struct mp_rss *old;
	PNDIS_OID_REQUEST request;
};

static void change_ends(void *context)
{
	struct change *c = context;

	NdisMOidRequestComplete(c->adapter->handle, c->request, NDIS_STATUS_SUCCESS);
	free(c->old);
	free(c);
}

static NDIS_STATUS read_set(const struct mp_adapter *a, PNDIS_OID_REQUEST r, struct scale *s)
{
	const struct scale_limits limits = { scale_hash_information(CAPABILITIES), SCALE_ENTRIES,
					     false };
	const void *buffer = r->DATA.SET_INFORMATION.InformationBuffer;
	ULONG length = r->DATA.SET_INFORMATION.InformationBufferLength;
	bool alone = r->DATA.SET_INFORMATION.Oid == OID_GEN_RECEIVE_HASH;

	if (!a->settings.rss)
		return NDIS_STATUS_NOT_SUPPORTED;   /* N15, N17 */
	if (s->hash_information && alone != !s->n_entries)
		return NDIS_STATUS_INVALID_OID;     /* N16 */
	return alone ? scale_set_hash(s, &limits, buffer, length)
		     : scale_set(s, &limits, buffer, length);
}

NDIS_STATUS mp_rss_set(struct mp_adapter *a, PNDIS_OID_REQUEST request)
{
	struct mp_rss *old = atomic_load(&a->rss), *new = NULL;
	struct scale s = { .hash_information = 0 }, before;
	NDIS_STATUS status;
	struct change *c;

	if (old)
		s = old->scale;
	before = s;
	status = read_set(a, request, &s);
	/* N5: what is as it was disturbs nothing. */
	if (status != NDIS_STATUS_SUCCESS || !memcmp(&s, &before, sizeof(s)))
		return status;
	c = calloc(1, sizeof(*c));
	if (s.hash_information)
		new = rss_make(a, &s);
	if (!c || (s.hash_information && !new)) {
		free(c);
		free(new);
		return NDIS_STATUS_RESOURCES;
	}
	*c = (struct change){ a, old, request };
	send_by(a, new);
	atomic_store_explicit(&a->rss, new, memory_order_release);
	OvmqCallWhenQuiet(change_ends, c);
	return NDIS_STATUS_PENDING;
}

void mp_rss_destroy(struct mp_adapter *a)
{
	free(atomic_exchange(&a->rss, NULL));
}
