/* SPDX-License-Identifier: BSD-2-Clause */
#include "ndis/qos_oid.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define CAPABILITIES_SIZE NDIS_SIZEOF_QOS_CAPABILITIES_REVISION_1
#define PARAMETERS_SIZE   NDIS_SIZEOF_QOS_PARAMETERS_REVISION_1
#define ELEMENT_SIZE      NDIS_SIZEOF_QOS_CLASSIFICATION_ELEMENT_REVISION_1
#define ELEMENTS_MAX      4096   /* more than any port number could want; a set stays small */

static bool has_header(const NDIS_OBJECT_HEADER *h, UCHAR type, ULONG size)
{
	return h->Type == type && h->Revision >= 1 && h->Size >= size;
}

/* ---- capabilities (O1, O2) ---- */

/* The fault of what an adapter with DCB shows. */
static const char *limits_fault(const NDIS_QOS_CAPABILITIES *c)
{
	if (!(c->Flags & NDIS_QOS_CAPABILITIES_STRICT_TSA_SUPPORTED))
		return "QoS capabilities without STRICT_TSA_SUPPORTED (O2)";
	if (c->MaxNumTrafficClasses < 3)
		return "MaxNumTrafficClasses is less than 3 (O2)";
	if (c->MaxNumEtsCapableTrafficClasses < 2 ||
	    c->MaxNumEtsCapableTrafficClasses > c->MaxNumTrafficClasses)
		return "MaxNumEtsCapableTrafficClasses is less than 2, or more than there are classes (O2)";
	if (c->MaxNumPfcEnabledTrafficClasses < 1 ||
	    c->MaxNumPfcEnabledTrafficClasses > c->MaxNumTrafficClasses)
		return "MaxNumPfcEnabledTrafficClasses is 0, or more than there are classes (O2)";
	return NULL;
}

static bool is_off(const NDIS_QOS_CAPABILITIES *c)
{
	return !c->Flags && !c->MaxNumTrafficClasses && !c->MaxNumEtsCapableTrafficClasses &&
	       !c->MaxNumPfcEnabledTrafficClasses;
}

static const char *copy_capabilities(NDIS_QOS_CAPABILITIES *to, const NDIS_QOS_CAPABILITIES *from)
{
	if (!has_header(&from->Header, NDIS_OBJECT_TYPE_QOS_CAPABILITIES, CAPABILITIES_SIZE))
		return "the header of QoS capabilities is not that of NDIS_QOS_CAPABILITIES";
	memcpy(to, from, CAPABILITIES_SIZE);
	to->Header.Revision = NDIS_QOS_CAPABILITIES_REVISION_1;
	to->Header.Size = CAPABILITIES_SIZE;
	return NULL;
}

static const char *excess_fault(const NDIS_QOS_CAPABILITIES *current,
				const NDIS_QOS_CAPABILITIES *hardware)
{
	if ((current->Flags & ~hardware->Flags) ||
	    current->MaxNumTrafficClasses > hardware->MaxNumTrafficClasses ||
	    current->MaxNumEtsCapableTrafficClasses > hardware->MaxNumEtsCapableTrafficClasses ||
	    current->MaxNumPfcEnabledTrafficClasses > hardware->MaxNumPfcEnabledTrafficClasses)
		return "the current QoS capabilities are more than the hardware's (O1)";
	return NULL;
}

const char *ndis_qos_take(struct ndis_adapter *a,
			  const NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES *h)
{
	NDIS_QOS_CAPABILITIES hardware, current;
	const char *fault;

	/* Revision 3 brought them. */
	if (h->Header.Size < NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3)
		return NULL;
	if (!h->HardwareQosCapabilities != !h->CurrentQosCapabilities)
		return "one of the two QoS capabilities is NULL (O1)";
	if (!h->HardwareQosCapabilities)
		return NULL;
	fault = copy_capabilities(&hardware, h->HardwareQosCapabilities);
	if (!fault)
		fault = copy_capabilities(&current, h->CurrentQosCapabilities);
	if (!fault)
		fault = limits_fault(&hardware);
	if (!fault && !is_off(&current))
		fault = limits_fault(&current);
	if (!fault)
		fault = excess_fault(&current, &hardware);
	if (fault)
		return fault;
	a->attributes.qos.present = true;
	a->attributes.qos.hardware = hardware;
	a->attributes.qos.current = current;
	return NULL;
}

void ndis_qos_free(struct ndis_adapter *a)
{
	free(a->attributes.qos.operational);
	free(a->attributes.qos.remote);
}

/* ---- parameters (O13) ---- */

/* Whether 'length' bytes hold what they say they hold; on SUCCESS '*whole' is how many that
 * is, else how many it would take, or 0, and '*fault' says what is wrong. */
static NDIS_STATUS parameters_check(const void *buffer, ULONG length, ULONG *whole,
				    const char **fault)
{
	NDIS_QOS_PARAMETERS p;
	ULONG64 end;

	*whole = PARAMETERS_SIZE;
	*fault = "the buffer is shorter than NDIS_QOS_PARAMETERS";
	if (!buffer || length < PARAMETERS_SIZE)
		return NDIS_STATUS_INVALID_LENGTH;
	memcpy(&p, buffer, PARAMETERS_SIZE);
	*whole = 0;
	*fault = "the header is not that of NDIS_QOS_PARAMETERS";
	if (!has_header(&p.Header, NDIS_OBJECT_TYPE_QOS_PARAMETERS, PARAMETERS_SIZE))
		return NDIS_STATUS_INVALID_PARAMETER;
	*fault = NULL;
	*whole = PARAMETERS_SIZE;
	if (!p.NumClassificationElements)
		return NDIS_STATUS_SUCCESS;
	*whole = 0;
	*fault = "ClassificationElementSize is not that of NDIS_QOS_CLASSIFICATION_ELEMENT";
	if (p.ClassificationElementSize != ELEMENT_SIZE)
		return NDIS_STATUS_INVALID_PARAMETER;
	*fault = "FirstClassificationElementOffset lies within NDIS_QOS_PARAMETERS";
	if (p.FirstClassificationElementOffset < PARAMETERS_SIZE)
		return NDIS_STATUS_INVALID_PARAMETER;
	*fault = "NumClassificationElements is beyond any use";
	if (p.NumClassificationElements > ELEMENTS_MAX)
		return NDIS_STATUS_INVALID_PARAMETER;
	end = (ULONG64)p.FirstClassificationElementOffset +
	      (ULONG64)p.NumClassificationElements * ELEMENT_SIZE;
	*whole = end > UINT32_MAX ? 0 : (ULONG)end;
	*fault = "the classification elements reach beyond the buffer";
	if (end > length)
		return NDIS_STATUS_INVALID_LENGTH;
	*fault = NULL;
	return NDIS_STATUS_SUCCESS;
}

/* ---- what is asked (O3, O5) ---- */

bool ndis_qos_is(NDIS_OID oid)
{
	return oid >= OID_QOS_HARDWARE_CAPABILITIES && oid <= OID_QOS_REMOTE_PARAMETERS;
}

static NDIS_STATUS reply(PNDIS_OID_REQUEST r, const void *value, ULONG length)
{
	r->DATA.QUERY_INFORMATION.BytesWritten = 0;
	if (r->DATA.QUERY_INFORMATION.InformationBufferLength < length) {
		r->DATA.QUERY_INFORMATION.BytesNeeded = length;
		return NDIS_STATUS_INVALID_LENGTH;
	}
	memcpy(r->DATA.QUERY_INFORMATION.InformationBuffer, value, length);
	r->DATA.QUERY_INFORMATION.BytesWritten = length;
	return NDIS_STATUS_SUCCESS;
}

/* What was indicated; before the first time nothing, behind a good header. */
static NDIS_STATUS reply_parameters(PNDIS_OID_REQUEST r, const void *kept, ULONG length)
{
	static const NDIS_QOS_PARAMETERS none = {
		.Header = { NDIS_OBJECT_TYPE_QOS_PARAMETERS, NDIS_QOS_PARAMETERS_REVISION_1,
			    PARAMETERS_SIZE } };

	return kept ? reply(r, kept, length) : reply(r, &none, PARAMETERS_SIZE);
}

static NDIS_STATUS answer(struct ndis_adapter *a, PNDIS_OID_REQUEST r)
{
	const struct ndis_qos *q = &a->attributes.qos;
	NDIS_STATUS status;

	pthread_mutex_lock(&a->facts_lock);
	switch (r->DATA.QUERY_INFORMATION.Oid) {
	case OID_QOS_HARDWARE_CAPABILITIES:
		status = reply(r, &q->hardware, CAPABILITIES_SIZE);
		break;
	case OID_QOS_CURRENT_CAPABILITIES:
		status = reply(r, &q->current, CAPABILITIES_SIZE);
		break;
	case OID_QOS_OPERATIONAL_PARAMETERS:
		status = reply_parameters(r, q->operational, q->operational_length);
		break;
	case OID_QOS_REMOTE_PARAMETERS:
		status = reply_parameters(r, q->remote, q->remote_length);
		break;
	default:
		status = NDIS_STATUS_NOT_SUPPORTED;   /* the local ones cannot be asked for */
	}
	pthread_mutex_unlock(&a->facts_lock);
	return status;
}

static NDIS_STATUS begin_set(struct ndis_adapter *a, PNDIS_OID_REQUEST r)
{
	ULONG in = r->DATA.METHOD_INFORMATION.InputBufferLength;
	ULONG out = r->DATA.METHOD_INFORMATION.OutputBufferLength, whole;
	const char *fault;
	NDIS_STATUS status = parameters_check(r->DATA.METHOD_INFORMATION.InformationBuffer, in,
					      &whole, &fault);

	if (status == NDIS_STATUS_SUCCESS && out < whole) {
		status = NDIS_STATUS_INVALID_LENGTH;
		fault = "the output buffer is shorter than the parameters";
	}
	if (status == NDIS_STATUS_SUCCESS)
		return status;
	if (status == NDIS_STATUS_INVALID_LENGTH)
		r->DATA.METHOD_INFORMATION.BytesNeeded = whole;
	log_debug("adapter %s: OID_QOS_PARAMETERS: %s", a->layer.object.name, fault);
	return status;
}

NDIS_STATUS ndis_qos_begin(struct ndis_adapter *a, PNDIS_OID_REQUEST r, bool *forward)
{
	NDIS_STATUS status;

	*forward = false;
	if (!a->attributes.qos.present)
		return NDIS_STATUS_NOT_SUPPORTED;
	if (r->RequestType == NdisRequestQueryInformation)
		return answer(a, r);
	if (r->RequestType != NdisRequestMethod ||
	    r->DATA.METHOD_INFORMATION.Oid != OID_QOS_PARAMETERS ||
	    is_off(&a->attributes.qos.current))
		return NDIS_STATUS_NOT_SUPPORTED;
	status = begin_set(a, r);
	*forward = status == NDIS_STATUS_SUCCESS;
	return status;
}

/* ---- what is indicated (O3) ---- */

/* The set without gaps: parameters, elements. NULL: no memory. */
static void *compact(const UCHAR *buffer, ULONG *length)
{
	NDIS_QOS_PARAMETERS p;
	ULONG elements;
	UCHAR *copy;

	memcpy(&p, buffer, PARAMETERS_SIZE);
	elements = p.NumClassificationElements * ELEMENT_SIZE;
	copy = malloc(PARAMETERS_SIZE + elements);
	if (!copy)
		return NULL;
	if (elements)
		memcpy(copy + PARAMETERS_SIZE, buffer + p.FirstClassificationElementOffset, elements);
	p.Header.Revision = NDIS_QOS_PARAMETERS_REVISION_1;
	p.Header.Size = PARAMETERS_SIZE;
	p.ClassificationElementSize = elements ? ELEMENT_SIZE : 0;
	p.FirstClassificationElementOffset = elements ? PARAMETERS_SIZE : 0;
	memcpy(copy, &p, PARAMETERS_SIZE);
	*length = PARAMETERS_SIZE + elements;
	return copy;
}

void ndis_qos_status(struct ndis_adapter *a, const NDIS_STATUS_INDICATION *s)
{
	bool operational = s->StatusCode == NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE;
	struct ndis_qos *q = &a->attributes.qos;
	const char *fault = "the adapter registered no QoS";
	ULONG length = 0;
	void *copy = NULL;

	if (!operational && s->StatusCode != NDIS_STATUS_QOS_REMOTE_PARAMETERS_CHANGE)
		return;
	if (q->present &&
	    parameters_check(s->StatusBuffer, s->StatusBufferSize, &length, &fault) ==
		    NDIS_STATUS_SUCCESS) {
		copy = compact(s->StatusBuffer, &length);
		fault = "no memory";
	}
	if (!copy) {
		log_error("adapter %s: NDIS_STATUS_QOS_%s_PARAMETERS_CHANGE: %s; it is ignored",
			  a->layer.object.name, operational ? "OPERATIONAL" : "REMOTE", fault);
		return;
	}
	pthread_mutex_lock(&a->facts_lock);
	free(operational ? q->operational : q->remote);
	*(operational ? &q->operational : &q->remote) = copy;
	*(operational ? &q->operational_length : &q->remote_length) = length;
	pthread_mutex_unlock(&a->facts_lock);
}
