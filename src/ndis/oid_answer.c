/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queries that NDIS 6 miniports are not asked (I25): their answers are what the
 * miniport said of itself when it initialized, what it has indicated since, and what the
 * bindings set. Whatever is not in the table goes down.
 */
#include "ndis/oid.h"
#include "ndis/rss_oid.h"
#include "ndis/task_offload.h"

#include <string.h>

#define BPS_PER_UNIT 100   /* of OID_GEN_LINK_SPEED */

/* Writes the answer to 'to' and returns its length; 'to' NULL: only that. 'b' as in
 * ndis_oid_answer. The lock of the facts is held. */
typedef ULONG answer_fn(struct ndis_adapter *a, const struct ndis_binding *b, void *to);

static ULONG give(void *to, const void *value, ULONG length)
{
	if (to)
		memcpy(to, value, length);
	return length;
}

static ULONG give_ulong(void *to, ULONG value)
{
	return give(to, &value, sizeof(value));
}

/* Protocols never ask for statistics by these OIDs, so they are not shown any: neither
 * general ones nor a medium's. */
static bool is_statistics(NDIS_OID oid)
{
	return oid >> 24 <= 1 && (oid >> 16 & 0xff) == 2;
}

static ULONG supported_list(struct ndis_adapter *a, const struct ndis_binding *b, void *to)
{
	NDIS_OID *list = to;
	ULONG n = 0;

	for (unsigned i = 0; i < a->attributes.n_oids; i++) {
		if (b && is_statistics(a->attributes.oids[i]))
			continue;
		if (list)
			list[n] = a->attributes.oids[i];
		n++;
	}
	return (ULONG)(n * sizeof(NDIS_OID));
}

/* X(name, value): answers of 4 bytes. */
#define ULONG_ANSWERS(X) \
	X(media_supported, (ULONG)a->attributes.medium) \
	X(physical_medium, a->attributes.physical_medium == NdisPhysicalMedium802_3 ? \
			(ULONG)NdisPhysicalMediumUnspecified : (ULONG)a->attributes.physical_medium) \
	X(physical_medium_ex, (ULONG)a->attributes.physical_medium) \
	X(maximum_lookahead, a->offer.lookahead) \
	X(maximum_frame_size, a->offer.mtu) \
	X(link_speed, a->attributes.xmit_speed / BPS_PER_UNIT > UINT32_MAX ? UINT32_MAX : \
			(ULONG)(a->attributes.xmit_speed / BPS_PER_UNIT)) \
	X(media_connect_status, a->attributes.link == MediaConnectStateConnected ? \
			(ULONG)NdisMediaStateConnected : (ULONG)NdisMediaStateDisconnected) \
	X(media_connect_status_ex, (ULONG)a->attributes.link) \
	X(media_duplex_state, (ULONG)a->attributes.duplex) \
	X(mac_options, a->attributes.mac_options) \
	X(maximum_list_size, a->attributes.max_multicast)

#define X(name, value) \
	static ULONG name(struct ndis_adapter *a, const struct ndis_binding *b, void *to) \
	{ \
		(void)b; \
		return give_ulong(to, value); \
	}
ULONG_ANSWERS(X)
#undef X

static ULONG driver_version(struct ndis_adapter *a, const struct ndis_binding *b, void *to)
{
	USHORT version = (USHORT)(a->driver->handlers.MajorNdisVersion << 8 |
				  a->driver->handlers.MinorNdisVersion);

	(void)b;
	return give(to, &version, sizeof(version));
}

static ULONG link_speed_ex(struct ndis_adapter *a, const struct ndis_binding *b, void *to)
{
	NDIS_LINK_SPEED s = { a->attributes.xmit_speed, a->attributes.rcv_speed };

	(void)b;
	return give(to, &s, sizeof(s));
}

static ULONG max_link_speed(struct ndis_adapter *a, const struct ndis_binding *b, void *to)
{
	NDIS_LINK_SPEED s = { a->attributes.max_xmit_speed, a->attributes.max_rcv_speed };

	(void)b;
	return give(to, &s, sizeof(s));
}

static ULONG link_state(struct ndis_adapter *a, const struct ndis_binding *b, void *to)
{
	NDIS_LINK_STATE s = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
			    NDIS_SIZEOF_LINK_STATE_REVISION_1 },
		.MediaConnectState = a->attributes.link,
		.MediaDuplexState = a->attributes.duplex,
		.XmitLinkSpeed = a->attributes.xmit_speed,
		.RcvLinkSpeed = a->attributes.rcv_speed,
		.PauseFunctions = a->attributes.pause,
		.AutoNegotiationFlags = a->attributes.negotiated,
	};

	(void)b;
	return give(to, &s, NDIS_SIZEOF_LINK_STATE_REVISION_1);
}

static ULONG permanent_address(struct ndis_adapter *a, const struct ndis_binding *b, void *to)
{
	(void)b;
	return give(to, a->attributes.permanent_mac, sizeof(a->attributes.permanent_mac));
}

static ULONG current_address(struct ndis_adapter *a, const struct ndis_binding *b, void *to)
{
	(void)b;
	return give(to, a->attributes.mac, sizeof(a->attributes.mac));
}

static const struct answer {
	NDIS_OID oid;
	answer_fn *fn;
} answers[] = {
	{ OID_GEN_SUPPORTED_LIST, supported_list },
	{ OID_GEN_MEDIA_SUPPORTED, media_supported },
	{ OID_GEN_MEDIA_IN_USE, media_supported },
	{ OID_GEN_PHYSICAL_MEDIUM, physical_medium },
	{ OID_GEN_PHYSICAL_MEDIUM_EX, physical_medium_ex },
	{ OID_GEN_MAXIMUM_LOOKAHEAD, maximum_lookahead },
	{ OID_GEN_MAXIMUM_FRAME_SIZE, maximum_frame_size },
	{ OID_GEN_LINK_SPEED, link_speed },
	{ OID_GEN_LINK_SPEED_EX, link_speed_ex },
	{ OID_GEN_MAX_LINK_SPEED, max_link_speed },
	{ OID_GEN_LINK_STATE, link_state },
	{ OID_GEN_MEDIA_CONNECT_STATUS, media_connect_status },
	{ OID_GEN_MEDIA_CONNECT_STATUS_EX, media_connect_status_ex },
	{ OID_GEN_MEDIA_DUPLEX_STATE, media_duplex_state },
	{ OID_GEN_MAC_OPTIONS, mac_options },
	{ OID_GEN_DRIVER_VERSION, driver_version },
	{ OID_802_3_PERMANENT_ADDRESS, permanent_address },
	{ OID_802_3_CURRENT_ADDRESS, current_address },
	{ OID_802_3_MAXIMUM_LIST_SIZE, maximum_list_size },
};

static answer_fn *answer_of(NDIS_OID oid)
{
	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].oid == oid)
			return answers[i].fn;
	return NULL;
}

/* Short buffers stay as they are. */
static NDIS_STATUS reply(PNDIS_OID_REQUEST r, const void *value, ULONG length)
{
	if (r->DATA.QUERY_INFORMATION.InformationBufferLength < length) {
		r->DATA.QUERY_INFORMATION.BytesWritten = 0;
		r->DATA.QUERY_INFORMATION.BytesNeeded = length;
		return NDIS_STATUS_INVALID_LENGTH;
	}
	if (value && length)
		memcpy(r->DATA.QUERY_INFORMATION.InformationBuffer, value, length);
	r->DATA.QUERY_INFORMATION.BytesWritten = length;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS answer(struct ndis_adapter *a, const struct ndis_binding *b,
			  PNDIS_OID_REQUEST r, answer_fn *fn)
{
	NDIS_STATUS status;

	pthread_mutex_lock(&a->facts_lock);
	status = reply(r, NULL, fn(a, b, NULL));
	if (status == NDIS_STATUS_SUCCESS)
		fn(a, b, r->DATA.QUERY_INFORMATION.InformationBuffer);
	pthread_mutex_unlock(&a->facts_lock);
	return status;
}

/* What the bindings set together; a packet filter is answered with the asker's own. */
static bool answer_setting(struct ndis_adapter *a, const struct ndis_binding *b,
			   PNDIS_OID_REQUEST r, NDIS_STATUS *status)
{
	UCHAR list[NDIS_MAX_MULTICAST * 6];
	ULONG value;

	switch (r->DATA.QUERY_INFORMATION.Oid) {
	case OID_GEN_CURRENT_PACKET_FILTER:
		value = b ? atomic_load(&b->packet_filter) : ndis_packet_filter_union(a);
		*status = reply(r, &value, sizeof(value));
		return true;
	case OID_GEN_CURRENT_LOOKAHEAD:
		value = ndis_lookahead_current(a);
		*status = reply(r, &value, sizeof(value));
		return true;
	case OID_802_3_MULTICAST_LIST:
		*status = reply(r, list, ndis_multicast_union(a, list));
		return true;
	default:
		return false;
	}
}

bool ndis_oid_answer(struct ndis_adapter *a, struct ndis_binding *b, PNDIS_OID_REQUEST r,
		     NDIS_STATUS *status)
{
	answer_fn *fn = answer_of(r->DATA.QUERY_INFORMATION.Oid);

	if (r->RequestType != NdisRequestQueryInformation &&
	    r->RequestType != NdisRequestQueryStatistics)
		return false;
	if (ndis_rss_answer(a, b, r, status))
		return true;
	if (ndis_task_offload_is(r->DATA.QUERY_INFORMATION.Oid)) {
		*status = ndis_task_offload_answer(a, b, r);
		return true;
	}
	if (!fn)
		return answer_setting(a, b, r, status);
	*status = answer(a, b, r, fn);
	return true;
}
