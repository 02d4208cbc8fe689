/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive side scaling, where an adapter has no VM queues to give: the default queue's
 * frames then come on several processors, each flow on one of them. The switch asks for it
 * when its binding first runs, and ends it when it leaves.
 */
#include "vswitch/switch.h"

#include <sys/random.h>

#include "base/log.h"

#define ENTRIES 128
#define KEY     40

/* What is asked for: the structure, the table, the key. */
struct request {
	NDIS_RECEIVE_SCALE_PARAMETERS p;
	PROCESSOR_NUMBER table[ENTRIES];
	UCHAR key[KEY];
};

void vs_rss_bind(const NDIS_RECEIVE_SCALE_CAPABILITIES *c)
{
	vs_switch.scaling = c ? *c : (NDIS_RECEIVE_SCALE_CAPABILITIES){ .CapabilitiesFlags = 0 };
	vs_switch.scaled = false;
}

/* All that the adapter can hash. */
static ULONG information(NDIS_RSS_CAPS_FLAGS flags)
{
	return NdisHashFunctionToeplitz | NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4 |
	       (flags & NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV6 ? NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6 : 0) |
	       (flags & NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV4 ? NDIS_HASH_UDP_IPV4 : 0) |
	       (flags & NDIS_RSS_CAPS_HASH_TYPE_UDP_IPV6 ? NDIS_HASH_UDP_IPV6 : 0);
}

static void make(struct request *r, unsigned entries, unsigned processors)
{
	r->p = (NDIS_RECEIVE_SCALE_PARAMETERS){
		.Header = { NDIS_OBJECT_TYPE_RSS_PARAMETERS, NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2 },
		.HashInformation = information(vs_switch.scaling.CapabilitiesFlags),
		.IndirectionTableSize = (USHORT)(entries * sizeof(r->table[0])),
		.IndirectionTableOffset = offsetof(struct request, table),
		.HashSecretKeySize = KEY,
		.HashSecretKeyOffset = offsetof(struct request, key),
	};
	for (unsigned i = 0; i < entries; i++)
		r->table[i] = (PROCESSOR_NUMBER){ .Number = (UCHAR)(i % processors) };
}

void vs_rss_start(void)
{
	const NDIS_RECEIVE_SCALE_CAPABILITIES *c = &vs_switch.scaling;
	/* Before 6.30 an adapter does not say how many entries it takes: 128 (N4). */
	unsigned entries = c->NumberOfIndirectionTableEntries ? c->NumberOfIndirectionTableEntries
							      : ENTRIES;
	struct request r = { .key = { 0 } };
	NDIS_STATUS status;

	if (!c->CapabilitiesFlags || vs_has_queues() || vs_switch.scaled ||
	    vs_switch.n_processors < 2)
		return;
	make(&r, entries > ENTRIES ? ENTRIES : entries, vs_switch.n_processors);
	/* Nobody outside can choose flows that all come to one processor. */
	if (getentropy(r.key, KEY))
		log_warning("no randomness for the key of RSS: %m");
	status = vs_oid_set(OID_GEN_RECEIVE_SCALE_PARAMETERS, &r, sizeof(r), NULL);
	vs_switch.scaled = status == NDIS_STATUS_SUCCESS;
	if (!vs_switch.scaled)
		log_warning("the adapter refused RSS with status 0x%08x: frames come on one processor",
			    (unsigned)status);
}

void vs_rss_stop(void)
{
	NDIS_RECEIVE_SCALE_PARAMETERS off = {
		.Header = { NDIS_OBJECT_TYPE_RSS_PARAMETERS, NDIS_RECEIVE_SCALE_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2 },
		.Flags = NDIS_RSS_PARAM_FLAG_DISABLE_RSS,
	};

	if (vs_switch.scaled)
		vs_oid_set(OID_GEN_RECEIVE_SCALE_PARAMETERS, &off,
			   NDIS_SIZEOF_RECEIVE_SCALE_PARAMETERS_REVISION_2, NULL);
	vs_switch.scaled = false;
}
