/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request's buffer: what may be read, what may be written, and whether it holds
 * what its headers say. Offsets come from the caller and may be odd, so everything
 * is copied, never pointed into.
 */
#include "ndis/receive_filter_cache.h"

#include <string.h>

bool rf_call_open(struct rf_call *call, struct ndis_binding *binding, PNDIS_OID_REQUEST r)
{
	*call = (struct rf_call){
		.cache = binding->layer.adapter->filters, .binding = binding, .request = r,
		.buffer = r->DATA.QUERY_INFORMATION.InformationBuffer,
	};
	switch (r->RequestType) {
	case NdisRequestQueryInformation:
	case NdisRequestQueryStatistics:
		call->out = r->DATA.QUERY_INFORMATION.InformationBufferLength;
		call->produced = &r->DATA.QUERY_INFORMATION.BytesWritten;
		call->needed = &r->DATA.QUERY_INFORMATION.BytesNeeded;
		return true;
	case NdisRequestSetInformation:
		call->in = r->DATA.SET_INFORMATION.InformationBufferLength;
		call->consumed = &r->DATA.SET_INFORMATION.BytesRead;
		call->needed = &r->DATA.SET_INFORMATION.BytesNeeded;
		return true;
	case NdisRequestMethod:
		call->in = r->DATA.METHOD_INFORMATION.InputBufferLength;
		call->out = r->DATA.METHOD_INFORMATION.OutputBufferLength;
		call->produced = &r->DATA.METHOD_INFORMATION.BytesWritten;
		call->consumed = &r->DATA.METHOD_INFORMATION.BytesRead;
		call->needed = &r->DATA.METHOD_INFORMATION.BytesNeeded;
		return true;
	default:
		return false;
	}
}

NDIS_STATUS rf_call_short(const struct rf_call *call, ULONG needed)
{
	*call->needed = needed;
	return rf_refuse(call, NDIS_STATUS_INVALID_LENGTH,
			 "the buffer has %u bytes to read and %u to write, must have %u",
			 (unsigned)call->in, (unsigned)call->out, (unsigned)needed);
}

static NDIS_STATUS no_buffer(const struct rf_call *call)
{
	return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
			 "InformationBuffer is NULL, and its length is not 0");
}

NDIS_STATUS rf_call_room(const struct rf_call *call, ULONG n)
{
	if (call->out < n)
		return rf_call_short(call, n);
	return call->buffer ? NDIS_STATUS_SUCCESS : no_buffer(call);
}

NDIS_STATUS rf_call_answered(const struct rf_call *call, ULONG n)
{
	*call->produced = n;
	return NDIS_STATUS_SUCCESS;
}

ULONG rf_layout_size(const struct rf_layout *layout, const NDIS_OBJECT_HEADER *h)
{
	if (h->Type != NDIS_OBJECT_TYPE_DEFAULT || !h->Revision || h->Revision > layout->revisions)
		return 0;
	return layout->size[h->Revision - 1];
}

static NDIS_STATUS bad_header(const struct rf_call *call, const struct rf_layout *layout,
			      const NDIS_OBJECT_HEADER *h)
{
	ULONG size = rf_layout_size(layout, h);

	if (h->Type != NDIS_OBJECT_TYPE_DEFAULT)
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
				 "Header.Type of %s is 0x%02x, must be 0x%02x", layout->name, h->Type,
				 NDIS_OBJECT_TYPE_DEFAULT);
	if (!size)
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
				 "Header.Revision of %s is %u, must be 1 to %u", layout->name,
				 h->Revision, layout->revisions);
	return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
			 "Header.Size of %s is %u, must be %u for revision %u", layout->name, h->Size,
			 (unsigned)size, h->Revision);
}

/* Type, Revision and Size of one header (C26): wrong, or merely too short for 'room'. */
static NDIS_STATUS header_check(const struct rf_call *call, ULONG room,
				const struct rf_layout *layout, const NDIS_OBJECT_HEADER *h)
{
	ULONG size = rf_layout_size(layout, h);

	if (!size)
		return bad_header(call, layout, h);
	if (room < size || h->Size < size)
		return rf_call_short(call, size);
	if (h->Size > layout->max)
		return bad_header(call, layout, h);
	return h->Size > room ? rf_call_short(call, h->Size) : NDIS_STATUS_SUCCESS;
}

NDIS_STATUS rf_call_take(const struct rf_call *call, const struct rf_layout *layout, void *to,
			 ULONG *size)
{
	NDIS_OBJECT_HEADER h;
	NDIS_STATUS status;

	if (call->in < sizeof(h))
		return rf_call_short(call, layout->size[0]);
	if (!call->buffer)
		return no_buffer(call);
	memcpy(&h, call->buffer, sizeof(h));
	/* A buffer that holds no revision at all is short, whatever its header says. */
	if (call->in < layout->size[0] && !rf_layout_size(layout, &h))
		return rf_call_short(call, layout->size[0]);
	status = header_check(call, call->in, layout, &h);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	*size = rf_layout_size(layout, &h);
	memset(to, 0, layout->max);
	memcpy(to, call->buffer, *size);
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS rf_call_take_at(const struct rf_call *call, ULONG offset, ULONG room,
			    const struct rf_layout *layout, void *to)
{
	NDIS_OBJECT_HEADER h;

	memcpy(&h, call->buffer + offset, sizeof(h));
	/* 'room' is the array's element size, which the caller chose: a header that
	 * does not fit in it is wrong, and no longer buffer would mend that. */
	if (!rf_layout_size(layout, &h) || rf_layout_size(layout, &h) > room ||
	    h.Size < rf_layout_size(layout, &h) || h.Size > layout->max)
		return bad_header(call, layout, &h);
	memset(to, 0, layout->max);
	memcpy(to, call->buffer + offset, rf_layout_size(layout, &h));
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS rf_call_array(const struct rf_call *call, ULONG behind, ULONG first, ULONG n,
			  ULONG stride, ULONG element, ULONG *end)
{
	ULONG64 bytes = (ULONG64)n * stride;   /* and 'first' still fits in 64 bits */

	*end = behind;
	if (!n)
		return NDIS_STATUS_SUCCESS;
	if (stride < element)
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
				 "the array's element size is %u, must be at least %u",
				 (unsigned)stride, (unsigned)element);
	if (first < behind)
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
				 "the array's offset is %u, must be at least %u", (unsigned)first,
				 (unsigned)behind);
	if (bytes + first > UINT32_MAX)
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
				 "the array has %u elements of %u bytes at %u, must end below 4 GB",
				 (unsigned)n, (unsigned)stride, (unsigned)first);
	*end = (ULONG)(bytes + first);
	return *end > call->in ? rf_call_short(call, *end) : NDIS_STATUS_SUCCESS;
}
