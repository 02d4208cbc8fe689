/* SPDX-License-Identifier: BSD-2-Clause */
#include "ndis/rss_oid.h"

#include <string.h>

#include "base/log.h"
#include "ndis/oid.h"

/* ---- capabilities (N1, N2) ---- */

static USHORT size_of(UCHAR revision)
{
	return revision > 1 ? NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_2
			    : NDIS_SIZEOF_RECEIVE_SCALE_CAPABILITIES_REVISION_1;
}

static const char *entries_fault(const struct ndis_adapter *a,
				 const NDIS_RECEIVE_SCALE_CAPABILITIES *c)
{
	USHORT n = c->Header.Revision > 1 ? c->NumberOfIndirectionTableEntries : 0;

	if (!n && ndis_version(a) < NDIS_VERSION(6, 30))
		return NULL;
	if (!n || n & (n - 1) || n > SCALE_ENTRIES)
		return "NumberOfIndirectionTableEntries is no power of two up to 128 (N2)";
	return NULL;
}

static const char *capabilities_fault(const struct ndis_adapter *a,
				      const NDIS_RECEIVE_SCALE_CAPABILITIES *c)
{
	if (c->Header.Type != NDIS_OBJECT_TYPE_RSS_CAPABILITIES || !c->Header.Revision ||
	    c->Header.Size < size_of(c->Header.Revision))
		return "RecvScaleCapabilities: Header.Type or Size is wrong";
	if (!(c->CapabilitiesFlags & NdisHashFunctionToeplitz))
		return "RecvScaleCapabilities without NdisHashFunctionToeplitz (N2)";
	if (!(c->CapabilitiesFlags & NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4))
		return "RecvScaleCapabilities without a hash type of IPv4 (N2)";
	if (!c->NumberOfInterruptMessages || !c->NumberOfReceiveQueues)
		return "RecvScaleCapabilities without an interrupt message, or a receive queue (N2)";
	return entries_fault(a, c);
}

/* 'from' cut to a revision, with zeros behind its end. */
static void cut(NDIS_RECEIVE_SCALE_CAPABILITIES *to, const NDIS_RECEIVE_SCALE_CAPABILITIES *from,
		UCHAR revision)
{
	UCHAR r = from->Header.Revision < revision ? from->Header.Revision : revision;

	memset(to, 0, sizeof(*to));
	memcpy(to, from, size_of(r));
	to->Header.Revision = r;
	to->Header.Size = size_of(r);
}

const char *ndis_rss_take(struct ndis_adapter *a, const NDIS_RECEIVE_SCALE_CAPABILITIES *c)
{
	struct ndis_rss *rss = &a->attributes.rss;
	const char *fault = c ? capabilities_fault(a, c) : NULL;

	rss->present = c && !fault;
	if (rss->present)
		cut(&rss->capabilities, c, NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2);
	return fault;
}

bool ndis_rss_copy(struct ndis_adapter *a, UCHAR minor, NDIS_RECEIVE_SCALE_CAPABILITIES *to)
{
	bool there;

	pthread_mutex_lock(&a->facts_lock);
	there = a->attributes.rss.present && !a->offer.no_rss;
	if (there)
		cut(to, &a->attributes.rss.capabilities,
		    minor >= 30 ? NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_2
				: NDIS_RECEIVE_SCALE_CAPABILITIES_REVISION_1);
	pthread_mutex_unlock(&a->facts_lock);
	return there;
}

/* ---- queries ---- */

bool ndis_rss_is(NDIS_OID oid)
{
	return oid == OID_GEN_RECEIVE_SCALE_CAPABILITIES || oid == OID_GEN_RECEIVE_SCALE_PARAMETERS ||
	       oid == OID_GEN_RECEIVE_HASH;
}

/* Before NDIS 6.20 processors were CCHARs (N4). */
static bool is_narrow(unsigned minor)
{
	return minor < 20;
}

static bool binding_is_narrow(const struct ndis_binding *b)
{
	return b && b->protocol && is_narrow(b->protocol->handlers.MinorNdisVersion);
}

/* What the answer is, in 'to', of SCALE_LARGEST bytes; its length. */
static ULONG answer(struct ndis_adapter *a, const struct ndis_binding *b, NDIS_OID oid, void *to)
{
	UCHAR minor = b && b->protocol ? b->protocol->handlers.MinorNdisVersion : UINT8_MAX;
	static const struct scale off;
	struct scale s;

	if (oid == OID_GEN_RECEIVE_SCALE_CAPABILITIES) {
		NDIS_RECEIVE_SCALE_CAPABILITIES c = { .CapabilitiesFlags = 0 };

		ndis_rss_copy(a, minor, &c);
		memcpy(to, &c, c.Header.Size);
		return c.Header.Size;
	}
	pthread_mutex_lock(&a->facts_lock);
	s = a->attributes.rss.in_force;
	pthread_mutex_unlock(&a->facts_lock);
	/* Each of the two ways of hashing is off while the other is on (N16). */
	if (oid == OID_GEN_RECEIVE_HASH)
		return scale_write_hash(s.n_entries ? &off : &s, to);
	return scale_write(s.n_entries ? &s : &off, 0, binding_is_narrow(b), to);
}

static NDIS_STATUS query(struct ndis_adapter *a, const struct ndis_binding *b, PNDIS_OID_REQUEST r)
{
	NDIS_RECEIVE_SCALE_CAPABILITIES c;
	UCHAR bytes[SCALE_LARGEST];
	ULONG length;

	r->DATA.QUERY_INFORMATION.BytesWritten = 0;
	if (!ndis_rss_copy(a, UINT8_MAX, &c))
		return NDIS_STATUS_NOT_SUPPORTED;
	length = answer(a, b, r->DATA.QUERY_INFORMATION.Oid, bytes);
	if (r->DATA.QUERY_INFORMATION.InformationBufferLength < length) {
		r->DATA.QUERY_INFORMATION.BytesNeeded = length;
		return NDIS_STATUS_BUFFER_TOO_SHORT;
	}
	memcpy(r->DATA.QUERY_INFORMATION.InformationBuffer, bytes, length);
	r->DATA.QUERY_INFORMATION.BytesWritten = length;
	return NDIS_STATUS_SUCCESS;
}

bool ndis_rss_answer(struct ndis_adapter *a, const struct ndis_binding *b, PNDIS_OID_REQUEST r,
		     NDIS_STATUS *status)
{
	if (!ndis_rss_is(r->DATA.QUERY_INFORMATION.Oid) ||
	    (r->RequestType != NdisRequestQueryInformation &&
	     r->RequestType != NdisRequestQueryStatistics))
		return false;
	*status = query(a, b, r);
	return true;
}

/* ---- sets ---- */

static struct scale_limits limits_of(const struct ndis_rss *rss, bool narrow)
{
	USHORT entries = rss->capabilities.NumberOfIndirectionTableEntries;

	return (struct scale_limits){
		.hash_information = scale_hash_information(rss->capabilities.CapabilitiesFlags),
		.entries = entries ? entries : SCALE_ENTRIES, .narrow = narrow };
}

/* The first processor of the table that this machine has not; NULL: it has them all. */
static const PROCESSOR_NUMBER *unknown_processor(const struct scale *s)
{
	for (unsigned i = 0; i < s->n_entries; i++) {
		PROCESSOR_NUMBER p = s->table[i];

		if (KeGetProcessorIndexFromNumber(&p) == INVALID_PROCESSOR_INDEX)
			return &s->table[i];
	}
	return NULL;
}

/* What will be in force when the miniport takes it. */
static NDIS_STATUS read_set(struct ndis_adapter *a, struct ndis_rss *rss, PNDIS_OID_REQUEST r,
			    bool narrow)
{
	struct scale_limits limits = limits_of(rss, narrow);
	const void *buffer = r->DATA.SET_INFORMATION.InformationBuffer;
	ULONG length = r->DATA.SET_INFORMATION.InformationBufferLength;
	bool alone = r->DATA.SET_INFORMATION.Oid == OID_GEN_RECEIVE_HASH;
	const PROCESSOR_NUMBER *unknown;
	NDIS_STATUS status;

	rss->passing = rss->in_force;
	/* N16: the one ends before the other begins. */
	if (rss->in_force.hash_information && alone != !rss->in_force.n_entries)
		return NDIS_STATUS_INVALID_OID;
	status = alone ? scale_set_hash(&rss->passing, &limits, buffer, length)
		       : scale_set(&rss->passing, &limits, buffer, length);
	unknown = status == NDIS_STATUS_SUCCESS ? unknown_processor(&rss->passing) : NULL;
	if (unknown) {
		log_error("adapter %s: OID_GEN_RECEIVE_SCALE_PARAMETERS names processor %u:%u, which "
			  "is not there", a->layer.object.name, unknown->Group, unknown->Number);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	return status;
}

/* N4: drivers from before and after the wider entries in one stack. */
static void convert(struct ndis_rss *rss, PNDIS_OID_REQUEST r, bool narrow)
{
	const UCHAR *given = r->DATA.SET_INFORMATION.InformationBuffer;
	USHORT flags;

	memcpy(&flags, given + offsetof(NDIS_RECEIVE_SCALE_PARAMETERS, Flags), sizeof(flags));
	rss->own_buffer = r->DATA.SET_INFORMATION.InformationBuffer;
	rss->own_length = r->DATA.SET_INFORMATION.InformationBufferLength;
	r->DATA.SET_INFORMATION.InformationBuffer = rss->converted;
	r->DATA.SET_INFORMATION.InformationBufferLength =
		scale_write(&rss->passing, flags, narrow, rss->converted);
}

NDIS_STATUS ndis_rss_begin(struct ndis_adapter *a, struct ndis_binding *b, PNDIS_OID_REQUEST r,
			   bool *forward)
{
	bool narrow = binding_is_narrow(b), below = is_narrow(a->driver->handlers.MinorNdisVersion);
	struct ndis_rss *rss = &a->attributes.rss;
	NDIS_RECEIVE_SCALE_CAPABILITIES c;
	NDIS_STATUS status;

	if (ndis_rss_answer(a, b, r, &status))
		return status;
	if (r->RequestType != NdisRequestSetInformation || !rss->present ||
	    r->DATA.SET_INFORMATION.Oid == OID_GEN_RECEIVE_SCALE_CAPABILITIES)
		return NDIS_STATUS_NOT_SUPPORTED;
	status = read_set(a, rss, r, narrow);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	/* Where a filter took it away it can still be ended (N15). */
	if (rss->passing.hash_information && !ndis_rss_copy(a, UINT8_MAX, &c))
		return NDIS_STATUS_NOT_SUPPORTED;
	if (narrow != below && r->DATA.SET_INFORMATION.Oid == OID_GEN_RECEIVE_SCALE_PARAMETERS)
		convert(rss, r, below);
	*forward = true;
	return status;
}

void ndis_rss_end(struct ndis_adapter *a, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	struct ndis_rss *rss = &a->attributes.rss;

	if (rss->own_buffer) {
		r->DATA.SET_INFORMATION.InformationBuffer = rss->own_buffer;
		r->DATA.SET_INFORMATION.InformationBufferLength = rss->own_length;
		rss->own_buffer = NULL;
	}
	if (status != NDIS_STATUS_SUCCESS)
		return;
	r->DATA.SET_INFORMATION.BytesRead = r->DATA.SET_INFORMATION.InformationBufferLength;
	pthread_mutex_lock(&a->facts_lock);
	rss->in_force = rss->passing;
	pthread_mutex_unlock(&a->facts_lock);
}

/* ---- taken away ---- */

/* Ends what is in force, in the way that it was begun. */
static NDIS_STATUS end_it(struct ndis_adapter *a, bool alone)
{
	static const struct scale off;
	UCHAR bytes[SCALE_LARGEST];
	NDIS_OID_REQUEST r = {
		.Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
			    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
		.RequestType = NdisRequestSetInformation,
	};

	r.DATA.SET_INFORMATION.Oid = alone ? OID_GEN_RECEIVE_HASH : OID_GEN_RECEIVE_SCALE_PARAMETERS;
	r.DATA.SET_INFORMATION.InformationBuffer = bytes;
	r.DATA.SET_INFORMATION.InformationBufferLength =
		alone ? scale_write_hash(&off, bytes)
		      : scale_write(&off, NDIS_RSS_PARAM_FLAG_DISABLE_RSS, false, bytes);
	return ndis_oid_wait(a, NULL, &r);
}

void ndis_rss_restarted(struct ndis_adapter *a)
{
	struct ndis_rss *rss = &a->attributes.rss;
	NDIS_STATUS status;
	bool on, alone;

	pthread_mutex_lock(&a->facts_lock);
	on = a->offer.no_rss && rss->in_force.hash_information;
	alone = !rss->in_force.n_entries;
	pthread_mutex_unlock(&a->facts_lock);
	status = on ? end_it(a, alone) : NDIS_STATUS_SUCCESS;
	if (status != NDIS_STATUS_SUCCESS)
		log_error("adapter %s: a filter reports no RSS, and the miniport does not end it: "
			  "status 0x%08x", a->layer.object.name, (unsigned)status);
}
