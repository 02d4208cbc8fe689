/* SPDX-License-Identifier: BSD-2-Clause */
#include "ndis/task_offload.h"

#include <string.h>

#include "base/log.h"

#define REVISIONS 3

/* Bytes of revision 1, 2, 3; what later ones have behind is not kept. */
static const USHORT sizes[REVISIONS] = {
	NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1,
	NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_2,
	NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3,
};

static UCHAR lower(UCHAR a, UCHAR b)
{
	return a < b ? a : b;
}

/* What a driver of NDIS 6.'minor' was made for. */
static UCHAR revision_for(UCHAR minor)
{
	return minor >= 30 ? 3 : minor >= 1 ? 2 : 1;
}

/* 'from' cut to a revision, with zeros behind its end. */
static void cut(NDIS_OFFLOAD *to, const NDIS_OFFLOAD *from, UCHAR revision)
{
	UCHAR r = lower(from->Header.Revision, revision);

	memset(to, 0, sizeof(*to));
	memcpy(to, from, sizes[r - 1]);
	to->Header.Revision = r;
	to->Header.Size = sizes[r - 1];
}

/* ---- what a miniport may say (P12) ---- */

static bool without_802_3(ULONG encapsulation)
{
	return encapsulation && !(encapsulation & NDIS_ENCAPSULATION_IEEE_802_3);
}

static const char *encapsulation_fault(const NDIS_OFFLOAD *o)
{
	const NDIS_TCP_IP_CHECKSUM_OFFLOAD *c = &o->Checksum;

	if (without_802_3(c->IPv4Transmit.Encapsulation) ||
	    without_802_3(c->IPv4Receive.Encapsulation) ||
	    without_802_3(c->IPv6Transmit.Encapsulation) ||
	    without_802_3(c->IPv6Receive.Encapsulation))
		return "a checksum offload without 802.3 encapsulation (P12)";
	if (without_802_3(o->LsoV1.IPv4.Encapsulation) || without_802_3(o->LsoV2.IPv4.Encapsulation) ||
	    without_802_3(o->LsoV2.IPv6.Encapsulation))
		return "a large send offload without 802.3 encapsulation (P12)";
	return NULL;
}

static const char *lso_fault(const NDIS_OFFLOAD *o)
{
	const NDIS_TCP_IP_CHECKSUM_OFFLOAD *c = &o->Checksum;

	if ((o->LsoV1.IPv4.Encapsulation || o->LsoV2.IPv4.Encapsulation) &&
	    !(c->IPv4Transmit.TcpChecksum && c->IPv4Transmit.IpChecksum))
		return "large sends of IPv4 without TCP and IP checksums of sends (P12)";
	if (o->LsoV2.IPv6.Encapsulation && !c->IPv6Transmit.TcpChecksum)
		return "large sends of IPv6 without TCP checksums of sends (P12)";
	return NULL;
}

/* The fault of one set, NULL: none; 'room': bytes that may be read. */
static const char *set_fault(const NDIS_OFFLOAD *o, ULONG room, NDIS_OFFLOAD *to)
{
	const NDIS_OBJECT_HEADER *h = (const NDIS_OBJECT_HEADER *)o;
	const char *fault;

	if (!o || room < sizeof(*h))
		return "an NDIS_OFFLOAD is missing";
	if (h->Type != NDIS_OBJECT_TYPE_OFFLOAD || !h->Revision)
		return "the header of an NDIS_OFFLOAD has another type, or no revision";
	if (h->Size < sizes[lower(h->Revision, REVISIONS) - 1] || h->Size > room)
		return "Header.Size of an NDIS_OFFLOAD is not that of its revision";
	cut(to, o, REVISIONS);
	fault = encapsulation_fault(to);
	return fault ? fault : lso_fault(to);
}

/* D12: nothing is in force that the hardware has not. */
static const char *excess_fault(const NDIS_OFFLOAD *config, const NDIS_OFFLOAD *hardware)
{
	if (config->EncapsulatedPacketTaskOffloadGre.VmqSupported &
	    ~hardware->EncapsulatedPacketTaskOffloadGre.VmqSupported)
		return "VmqSupported is in force for encapsulated packets that the hardware does not "
		       "know (D12)";
	return NULL;
}

const char *ndis_task_offload_take(struct ndis_adapter *a,
				   const NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES *o)
{
	NDIS_OFFLOAD config, hardware;
	const char *fault;

	if (o->Header.Size < NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1)
		return "Header.Size of the offload attributes is too small";
	fault = set_fault(o->DefaultOffloadConfiguration, UINT16_MAX, &config);
	if (!fault)
		fault = set_fault(o->HardwareOffloadCapabilities, UINT16_MAX, &hardware);
	if (!fault)
		fault = excess_fault(&config, &hardware);
	if (fault)
		return fault;
	pthread_mutex_lock(&a->facts_lock);
	a->attributes.offload_config = config;
	a->attributes.offload_hardware = hardware;
	a->attributes.offload = true;
	pthread_mutex_unlock(&a->facts_lock);
	return NULL;
}

/* ---- who is told ---- */

bool ndis_task_offload_copy(struct ndis_adapter *a, UCHAR minor, NDIS_OFFLOAD *to)
{
	if (!a->attributes.offload)
		return false;
	pthread_mutex_lock(&a->facts_lock);
	cut(to, &a->attributes.offload_config, revision_for(minor));
	pthread_mutex_unlock(&a->facts_lock);
	return true;
}

bool ndis_task_offload_finds_inner(struct ndis_adapter *a)
{
	bool finds;

	pthread_mutex_lock(&a->facts_lock);
	finds = a->attributes.offload &&
		a->attributes.offload_hardware.EncapsulatedPacketTaskOffloadGre.VmqSupported;
	pthread_mutex_unlock(&a->facts_lock);
	return finds;
}

bool ndis_task_offload_is(NDIS_OID oid)
{
	return oid == OID_TCP_OFFLOAD_CURRENT_CONFIG || oid == OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES;
}

NDIS_STATUS ndis_task_offload_answer(struct ndis_adapter *a, const struct ndis_binding *b,
				     PNDIS_OID_REQUEST r)
{
	UCHAR revision = b ? revision_for(b->protocol->handlers.MinorNdisVersion) : REVISIONS;
	bool current = r->DATA.QUERY_INFORMATION.Oid == OID_TCP_OFFLOAD_CURRENT_CONFIG;
	NDIS_OFFLOAD o;

	r->DATA.QUERY_INFORMATION.BytesWritten = 0;
	if (!a->attributes.offload)
		return NDIS_STATUS_NOT_SUPPORTED;
	pthread_mutex_lock(&a->facts_lock);
	cut(&o, current ? &a->attributes.offload_config : &a->attributes.offload_hardware,
	    revision);
	pthread_mutex_unlock(&a->facts_lock);
	if (r->DATA.QUERY_INFORMATION.InformationBufferLength < o.Header.Size) {
		r->DATA.QUERY_INFORMATION.BytesNeeded = o.Header.Size;
		return NDIS_STATUS_BUFFER_TOO_SHORT;
	}
	memcpy(r->DATA.QUERY_INFORMATION.InformationBuffer, &o, o.Header.Size);
	r->DATA.QUERY_INFORMATION.BytesWritten = o.Header.Size;
	return NDIS_STATUS_SUCCESS;
}

/* ---- what changes later ---- */

void ndis_task_offload_status(struct ndis_adapter *a, const NDIS_STATUS_INDICATION *s)
{
	bool current = s->StatusCode == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG;
	const char *fault;
	NDIS_OFFLOAD o;

	if (!current && s->StatusCode != NDIS_STATUS_TASK_OFFLOAD_HARDWARE_CAPABILITIES)
		return;
	fault = a->attributes.offload ? set_fault(s->StatusBuffer, s->StatusBufferSize, &o)
				      : "the adapter registered no offload";
	pthread_mutex_lock(&a->facts_lock);
	if (!fault)
		fault = current ? excess_fault(&o, &a->attributes.offload_hardware)
				: excess_fault(&a->attributes.offload_config, &o);
	if (!fault && current)
		a->attributes.offload_config = o;
	else if (!fault)
		a->attributes.offload_hardware = o;
	pthread_mutex_unlock(&a->facts_lock);
	if (fault)
		log_error("adapter %s: NDIS_STATUS_TASK_OFFLOAD_%s: %s; it is ignored",
			  a->layer.object.name, current ? "CURRENT_CONFIG" : "HARDWARE_CAPABILITIES",
			  fault);
}
