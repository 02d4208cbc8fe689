/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a VMQ OID was refused: a line for the log, and a text for whoever asked. */
#include "ndis/receive_filter_cache.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* Over the texts of all adapters and bindings: a refusal is rare. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

NDIS_STATUS rf_refuse(const struct rf_call *call, NDIS_STATUS status, const char *fmt, ...)
{
	struct ndis_adapter *a = call->binding->layer.adapter;
	const char *who = call->binding->protocol ? call->binding->protocol->object.name : "a program";
	char text[NDIS_REFUSAL_TEXT];
	va_list args;
	int n;

	n = snprintf(text, sizeof(text), "OID_RECEIVE_FILTER_%s: ", call->name);
	va_start(args, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, args);
	va_end(args);
	pthread_mutex_lock(&lock);
	memcpy(a->refusal, text, sizeof(text));
	memcpy(call->binding->refusal, text, sizeof(text));
	pthread_mutex_unlock(&lock);
	log_debug("adapter %s: %s: %s (status 0x%08x)", a->layer.object.name, who, text,
		  (unsigned)status);
	return status;
}

static void copy(char *to, size_t size, const char *from)
{
	pthread_mutex_lock(&lock);
	snprintf(to, size, "%s", from);
	pthread_mutex_unlock(&lock);
}

void ndis_adapter_refusal(struct ndis_adapter *adapter, char *text, size_t size)
{
	copy(text, size, adapter->refusal);
}

void ndis_binding_refusal(NDIS_HANDLE binding, char *text, size_t size)
{
	copy(text, size, ((struct ndis_binding *)binding)->refusal);
}
