/* SPDX-License-Identifier: BSD-2-Clause */
#include "hardware.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct hardware hardware;

static IO_INTERRUPT_MESSAGE_INFO *made_up;   /* a table for more processors than there are */

VOID __real_NdisReadConfiguration(PNDIS_STATUS status, PNDIS_CONFIGURATION_PARAMETER *value,
				  NDIS_HANDLE handle, PNDIS_STRING keyword, NDIS_PARAMETER_TYPE type);
VOID __wrap_NdisReadConfiguration(PNDIS_STATUS status, PNDIS_CONFIGURATION_PARAMETER *value,
				  NDIS_HANDLE handle, PNDIS_STRING keyword, NDIS_PARAMETER_TYPE type);
NDIS_STATUS __real_NdisMSetMiniportAttributes(NDIS_HANDLE handle,
					      PNDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes);
NDIS_STATUS __wrap_NdisMSetMiniportAttributes(NDIS_HANDLE handle,
					      PNDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes);
NDIS_STATUS __real_NdisGetRssProcessorInformation(NDIS_HANDLE handle, PNDIS_RSS_PROCESSOR_INFO info,
						  PSIZE_T size);
NDIS_STATUS __wrap_NdisGetRssProcessorInformation(NDIS_HANDLE handle, PNDIS_RSS_PROCESSOR_INFO info,
						  PSIZE_T size);
NDIS_STATUS __real_NdisMRegisterInterruptEx(NDIS_HANDLE handle, NDIS_HANDLE context,
					    PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c,
					    PNDIS_HANDLE interrupt);
NDIS_STATUS __wrap_NdisMRegisterInterruptEx(NDIS_HANDLE handle, NDIS_HANDLE context,
					    PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c,
					    PNDIS_HANDLE interrupt);
NDIS_STATUS __real_OvmqConnectInterrupt(NDIS_HANDLE interrupt, ULONG message,
					const OVMQ_POLL_SOURCE *line);
NDIS_STATUS __wrap_OvmqConnectInterrupt(NDIS_HANDLE interrupt, ULONG message,
					const OVMQ_POLL_SOURCE *line);

void hardware_watch(void)
{
	free(made_up);
	made_up = NULL;
	memset(&hardware, 0, sizeof(hardware));
}

void hardware_add_processor(unsigned number, unsigned preference)
{
	assert_true(hardware.n_processors < HARDWARE_MESSAGES);
	hardware.processors[hardware.n_processors++] = (NDIS_RSS_PROCESSOR){
		.ProcNum.Number = (UCHAR)number, .PreferenceIndex = (USHORT)preference };
}

bool hardware_has_read(const char *keyword)
{
	for (unsigned i = 0; i < hardware.n_read; i++)
		if (!strcasecmp(hardware.read[i], keyword))
			return true;
	return false;
}

unsigned hardware_connected(void)
{
	unsigned n = 0;

	for (unsigned m = 0; m < HARDWARE_MESSAGES; m++)
		n += hardware.connected[m];
	return n;
}

unsigned hardware_connected_to(unsigned number)
{
	unsigned n = 0;

	for (unsigned m = 0; m < hardware.n_messages; m++)
		n += hardware.processor_of[m] == number ? hardware.connected[m] : 0;
	return n;
}

/* ---- the gates ---- */

VOID __wrap_NdisReadConfiguration(PNDIS_STATUS status, PNDIS_CONFIGURATION_PARAMETER *value,
				  NDIS_HANDLE handle, PNDIS_STRING keyword, NDIS_PARAMETER_TYPE type)
{
	if (hardware.n_read < HARDWARE_KEYWORDS) {
		char *to = hardware.read[hardware.n_read++];

		for (unsigned i = 0; i < keyword->Length / sizeof(WCHAR) && i < 39; i++)
			to[i] = (char)keyword->Buffer[i];
	}
	__real_NdisReadConfiguration(status, value, handle, keyword, type);
}

static void copy(NDIS_RECEIVE_FILTER_CAPABILITIES *to, const NDIS_RECEIVE_FILTER_CAPABILITIES *from)
{
	if (from)
		memcpy(to, from, from->Header.Size < sizeof(*to) ? from->Header.Size : sizeof(*to));
}

NDIS_STATUS __wrap_NdisMSetMiniportAttributes(NDIS_HANDLE handle,
					      PNDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes)
{
	const NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES *h =
		&attributes->HardwareAssistAttributes;

	hardware.adapter = handle;
	if (h->Header.Type == NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES) {
		hardware.assists++;
		hardware.assist_header = h->Header;
		hardware.has_hardware = h->HardwareReceiveFilterCapabilities;
		hardware.has_current = h->CurrentReceiveFilterCapabilities;
		copy(&hardware.hardware, h->HardwareReceiveFilterCapabilities);
		copy(&hardware.current, h->CurrentReceiveFilterCapabilities);
	}
	return __real_NdisMSetMiniportAttributes(handle, attributes);
}

NDIS_STATUS __wrap_NdisGetRssProcessorInformation(NDIS_HANDLE handle, PNDIS_RSS_PROCESSOR_INFO info,
						  PSIZE_T size)
{
	/* Entries larger than this build's, and not right behind the header: both lawful. */
	const SIZE_T entry = sizeof(NDIS_RSS_PROCESSOR) + 8, first = sizeof(*info) + 16;
	SIZE_T need = first + hardware.n_processors * entry;

	hardware.set_asked++;
	hardware.set_asked_size += info == NULL;
	if (!hardware.n_processors)
		return __real_NdisGetRssProcessorInformation(handle, info, size);
	if (!info || *size < need) {
		*size = need;
		return NDIS_STATUS_BUFFER_TOO_SHORT;
	}
	memset(info, 0xa5, need);
	*info = (NDIS_RSS_PROCESSOR_INFO){
		.Header = { NDIS_OBJECT_TYPE_RSS_PROCESSOR_INFO, NDIS_RSS_PROCESSOR_INFO_REVISION_1,
			    NDIS_SIZEOF_RSS_PROCESSOR_INFO_REVISION_1 },
		.RssProcessorArrayOffset = (ULONG)first,
		.RssProcessorCount = hardware.n_processors,
		.RssProcessorEntrySize = (ULONG)entry,
	};
	for (unsigned i = 0; i < hardware.n_processors; i++)
		memcpy((char *)info + first + i * entry, &hardware.processors[i],
		       sizeof(hardware.processors[i]));
	*size = need;
	return NDIS_STATUS_SUCCESS;
}

/* The highest number of the test's processors, plus one. */
static unsigned machine_size(void)
{
	unsigned n = GROUND_PROCESSORS;

	for (unsigned i = 0; i < hardware.n_processors; i++)
		if (hardware.processors[i].ProcNum.Number >= n)
			n = hardware.processors[i].ProcNum.Number + 1u;
	return n;
}

/* NDIS's table with messages for the processors that are not there. */
static void make_up(PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c, unsigned n)
{
	made_up = calloc(1, sizeof(*made_up) + n * sizeof(made_up->MessageInfo[0]));
	assert_non_null(made_up);
	made_up->MessageCount = n;
	for (unsigned m = 0; m < n; m++)
		made_up->MessageInfo[m].TargetProcessorSet = (KAFFINITY)1 << m;
	c->MessageInfoTable = made_up;
}

NDIS_STATUS __wrap_NdisMRegisterInterruptEx(NDIS_HANDLE handle, NDIS_HANDLE context,
					    PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c,
					    PNDIS_HANDLE interrupt)
{
	NDIS_STATUS status = __real_NdisMRegisterInterruptEx(handle, context, c, interrupt);

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	hardware.registered++;
	hardware.messages_supported = c->MsiSupported && c->InterruptType == NDIS_CONNECT_MESSAGE_BASED;
	if (machine_size() > c->MessageInfoTable->MessageCount)
		make_up(c, machine_size());
	hardware.n_messages = c->MessageInfoTable->MessageCount;
	for (unsigned m = 0; m < hardware.n_messages; m++)
		hardware.processor_of[m] = (ULONG)__builtin_ctzll(
			c->MessageInfoTable->MessageInfo[m].TargetProcessorSet);
	return status;
}

NDIS_STATUS __wrap_OvmqConnectInterrupt(NDIS_HANDLE interrupt, ULONG message,
					const OVMQ_POLL_SOURCE *line)
{
	assert_true(message < HARDWARE_MESSAGES);
	hardware.connected[message]++;
	if (message >= GROUND_PROCESSORS)
		return NDIS_STATUS_SUCCESS;
	return __real_OvmqConnectInterrupt(interrupt, message, line);
}
