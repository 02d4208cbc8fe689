/* SPDX-License-Identifier: BSD-2-Clause */
/* The two OIDs that set task offloads, on their way down (P13, P14). */
#include "ndis/task_offload.h"

#include <string.h>

#include "base/log.h"
#include "ndis/configuration.h"

#define PARAMETERS_REVISIONS 3

/* Bytes of revision 1, 2, 3; what later ones have behind is passed on as it is. */
static const USHORT parameters_sizes[PARAMETERS_REVISIONS] = {
	NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1,
	NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_2,
	NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_3,
};

/* X(member, its greatest value, the keyword that keeps it): 0 leaves, and else the keyword's
 * value is one less. */
#define MEMBERS(X)                                           \
	X(IPv4Checksum,      4, "*IPChecksumOffloadIPv4")    \
	X(TCPIPv4Checksum,   4, "*TCPChecksumOffloadIPv4")   \
	X(UDPIPv4Checksum,   4, "*UDPChecksumOffloadIPv4")   \
	X(TCPIPv6Checksum,   4, "*TCPChecksumOffloadIPv6")   \
	X(UDPIPv6Checksum,   4, "*UDPChecksumOffloadIPv6")   \
	X(LsoV1,             2, "*LsoV1IPv4")                \
	X(IPsecV1,           4, "*IPsecOffloadV1IPv4")       \
	X(LsoV2IPv4,         2, "*LsoV2IPv4")                \
	X(LsoV2IPv6,         2, "*LsoV2IPv6")                \
	X(TcpConnectionIPv4, 2, "*TCPConnectionOffloadIPv4") \
	X(TcpConnectionIPv6, 2, "*TCPConnectionOffloadIPv6") \
	X(IPsecV2,           4, "*IPsecOffloadV2")           \
	X(IPsecV2IPv4,       4, "*IPsecOffloadV2IPv4")       \
	X(RscIPv4,           2, "*RscIPv4")                  \
	X(RscIPv6,           2, "*RscIPv6")

/* The fault of well-formed parameters; NULL: none. */
static const char *content_fault(const NDIS_OFFLOAD_PARAMETERS *p)
{
#define X(member, greatest, keyword)        \
	if (p->member > (greatest))         \
		return #member;
	MEMBERS(X)
#undef X
	if (p->EncapsulatedPacketTaskOffload > NDIS_OFFLOAD_SET_OFF)
		return "EncapsulatedPacketTaskOffload";
	return p->Flags ? "Flags" : NULL;
}

static void write_keyword(struct ndis_adapter *a, const char *name, ULONG value)
{
	const NDIS_CONFIGURATION_PARAMETER p = { .ParameterType = NdisParameterInteger,
						 .ParameterData = { .IntegerData = value } };

	if (ndis_setting_write(&a->layer.object, name, &p) != NDIS_STATUS_SUCCESS)
		log_error("adapter %s: no memory to keep keyword %s", a->layer.object.name, name);
}

static void write_keywords(struct ndis_adapter *a, const NDIS_OFFLOAD_PARAMETERS *p)
{
#define X(member, greatest, keyword)                          \
	if (p->member)                                        \
		write_keyword(a, keyword, p->member - 1u);
	MEMBERS(X)
#undef X
	if (p->EncapsulatedPacketTaskOffload)
		write_keyword(a, "*EncapsulatedPacketTaskOffload",
			      p->EncapsulatedPacketTaskOffload == NDIS_OFFLOAD_SET_ON);
}

/* A copy of the request's structure, cut to what its revision has. */
static NDIS_STATUS parameters_read(PNDIS_OID_REQUEST r, NDIS_OFFLOAD_PARAMETERS *to)
{
	ULONG length = r->DATA.SET_INFORMATION.InformationBufferLength;
	const NDIS_OBJECT_HEADER *h = r->DATA.SET_INFORMATION.InformationBuffer;
	UCHAR revision;

	memset(to, 0, sizeof(*to));
	if (!h || length < parameters_sizes[0]) {
		r->DATA.SET_INFORMATION.BytesNeeded = parameters_sizes[0];
		return NDIS_STATUS_INVALID_LENGTH;
	}
	revision = h->Revision < PARAMETERS_REVISIONS ? h->Revision : PARAMETERS_REVISIONS;
	if (h->Type != NDIS_OBJECT_TYPE_DEFAULT || !revision ||
	    h->Size < parameters_sizes[revision - 1] || h->Size > length)
		return NDIS_STATUS_INVALID_DATA;
	memcpy(to, h, parameters_sizes[revision - 1]);
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS parameters_begin(struct ndis_adapter *a, PNDIS_OID_REQUEST r)
{
	NDIS_OFFLOAD_PARAMETERS p;
	NDIS_STATUS status;
	const char *fault;

	if (r->RequestType != NdisRequestSetInformation || !a->attributes.offload)
		return NDIS_STATUS_NOT_SUPPORTED;
	status = parameters_read(r, &p);
	fault = status == NDIS_STATUS_SUCCESS ? content_fault(&p) : "the structure";
	if (fault) {
		log_warning("adapter %s: OID_TCP_OFFLOAD_PARAMETERS: %s is not valid (P13)",
			    a->layer.object.name, fault);
		return status == NDIS_STATUS_SUCCESS ? NDIS_STATUS_INVALID_DATA : status;
	}
	write_keywords(a, &p);
	return NDIS_STATUS_SUCCESS;
}

/* ---- OID_OFFLOAD_ENCAPSULATION ---- */

#define ENCAPSULATION_SIZE NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1

static NDIS_STATUS encapsulation_answer(struct ndis_adapter *a, PNDIS_OID_REQUEST r)
{
	NDIS_OFFLOAD_ENCAPSULATION e;

	r->DATA.QUERY_INFORMATION.BytesWritten = 0;
	if (!a->attributes.offload)
		return NDIS_STATUS_NOT_SUPPORTED;
	if (r->DATA.QUERY_INFORMATION.InformationBufferLength < ENCAPSULATION_SIZE) {
		r->DATA.QUERY_INFORMATION.BytesNeeded = ENCAPSULATION_SIZE;
		return NDIS_STATUS_BUFFER_TOO_SHORT;
	}
	pthread_mutex_lock(&a->facts_lock);
	e = a->attributes.encapsulation;
	pthread_mutex_unlock(&a->facts_lock);
	e.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION,
					 NDIS_OFFLOAD_ENCAPSULATION_REVISION_1, ENCAPSULATION_SIZE };
	memcpy(r->DATA.QUERY_INFORMATION.InformationBuffer, &e, ENCAPSULATION_SIZE);
	r->DATA.QUERY_INFORMATION.BytesWritten = ENCAPSULATION_SIZE;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS encapsulation_begin(struct ndis_adapter *a, PNDIS_OID_REQUEST r, bool *forward)
{
	const NDIS_OFFLOAD_ENCAPSULATION *e = r->DATA.SET_INFORMATION.InformationBuffer;

	if (r->RequestType == NdisRequestQueryInformation)
		return encapsulation_answer(a, r);
	if (r->RequestType != NdisRequestSetInformation || !a->attributes.offload)
		return NDIS_STATUS_NOT_SUPPORTED;
	if (!e || r->DATA.SET_INFORMATION.InformationBufferLength < ENCAPSULATION_SIZE) {
		r->DATA.SET_INFORMATION.BytesNeeded = ENCAPSULATION_SIZE;
		return NDIS_STATUS_INVALID_LENGTH;
	}
	if (e->Header.Type != NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION || !e->Header.Revision ||
	    e->Header.Size < ENCAPSULATION_SIZE || e->IPv4.Enabled > NDIS_OFFLOAD_SET_OFF ||
	    e->IPv6.Enabled > NDIS_OFFLOAD_SET_OFF) {
		log_warning("adapter %s: OID_OFFLOAD_ENCAPSULATION: its header, or Enabled, is not "
			    "valid (P14)", a->layer.object.name);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	*forward = true;
	return NDIS_STATUS_SUCCESS;
}

/* ---- both ---- */

bool ndis_task_offload_is_set(NDIS_OID oid)
{
	return oid == OID_TCP_OFFLOAD_PARAMETERS || oid == OID_OFFLOAD_ENCAPSULATION;
}

NDIS_STATUS ndis_task_offload_begin(struct ndis_adapter *a, PNDIS_OID_REQUEST r, bool *forward)
{
	NDIS_STATUS status;

	*forward = false;
	if (r->DATA.SET_INFORMATION.Oid == OID_OFFLOAD_ENCAPSULATION)
		return encapsulation_begin(a, r, forward);
	status = parameters_begin(a, r);
	*forward = status == NDIS_STATUS_SUCCESS;
	return status;
}

void ndis_task_offload_end(struct ndis_adapter *a, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	const NDIS_OFFLOAD_ENCAPSULATION *e = r->DATA.SET_INFORMATION.InformationBuffer;

	if (r->DATA.SET_INFORMATION.Oid != OID_OFFLOAD_ENCAPSULATION ||
	    r->RequestType != NdisRequestSetInformation || status != NDIS_STATUS_SUCCESS)
		return;
	pthread_mutex_lock(&a->facts_lock);
	if (e->IPv4.Enabled != NDIS_OFFLOAD_SET_NO_CHANGE)
		a->attributes.encapsulation.IPv4 = e->IPv4;
	if (e->IPv6.Enabled != NDIS_OFFLOAD_SET_NO_CHANGE)
		a->attributes.encapsulation.IPv6 = e->IPv6;
	pthread_mutex_unlock(&a->facts_lock);
}
