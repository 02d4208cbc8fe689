/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any OID request to a miniport driver from a file, as an application could make it: the
 * driver answers or refuses, writes nothing outside its buffer, and counts right what it
 * wrote. DRIVER names the file; DRIVER_KEYWORDS may give keywords, NAME=VALUE,NAME=VALUE.
 * Compile the driver with vmq-cc --sanitize=address,undefined.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/driver_load.h"
#include "kernel/kernel.h"
#include "ndis/oid.h"

#define MAX_KEYWORDS 32

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ndis_adapter *adapter;

/* What the first bytes of an input say; the rest is the buffer's content. */
struct head {
	uint32_t oid;
	uint16_t length;         /* of the buffer, bytes */
	uint8_t type, output;    /* 'output': of a method's buffer, in 256ths */
};

static struct ndis_keyword *keywords(void)
{
	static struct ndis_keyword list[MAX_KEYWORDS + 1];
	char *text = getenv("DRIVER_KEYWORDS"), *word, *state = NULL, *equals;
	unsigned n = 0;

	if (!text)
		return list;
	text = strdup(text);
	for (word = strtok_r(text, ",", &state); word && n < MAX_KEYWORDS;
	     word = strtok_r(NULL, ",", &state)) {
		equals = strchr(word, '=');
		if (!equals)
			continue;
		*equals = 0;
		list[n++] = (struct ndis_keyword){ word, equals + 1 };
	}
	return list;
}

static void give_up(const char *what)
{
	fprintf(stderr, "driver_oid_fuzz: %s\n", what);
	exit(1);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct kernel_config config = { .processors = 1, .workers = 1 };
	const char *file = getenv("DRIVER");
	struct error err = { "" };
	struct driver *driver;

	(void)argc;
	(void)argv;
	if (!file)
		give_up("which driver? Set DRIVER to its file");
	if (kernel_start(&config, &err) || driver_load(&driver, file, NULL, &err))
		give_up(err.text);
	if (!ndis_image_is_miniport(driver_image(driver)))
		give_up("this is no miniport driver");
	if (ndis_adapter_add(&adapter, driver_image(driver), "fuzz", keywords(), &err))
		give_up(err.text);
	return 0;
}

/* A buffer of its own, so that a sanitizer sees every byte outside it. */
static void ask(const struct head *h, const uint8_t *data, size_t size)
{
	static const NDIS_REQUEST_TYPE types[] = { NdisRequestQueryInformation,
		NdisRequestSetInformation, NdisRequestQueryStatistics, NdisRequestMethod };
	NDIS_OID_REQUEST r = {
		.Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
			    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
		.RequestType = types[h->type % 4],
	};
	uint8_t *buffer = calloc(1, h->length ? h->length : 1);

	if (!buffer)
		return;
	memcpy(buffer, data, size < h->length ? size : h->length);
	r.DATA.QUERY_INFORMATION.Oid = h->oid;
	r.DATA.QUERY_INFORMATION.InformationBuffer = buffer;
	r.DATA.QUERY_INFORMATION.InformationBufferLength = h->length;
	if (r.RequestType == NdisRequestMethod)
		r.DATA.METHOD_INFORMATION.OutputBufferLength = h->length * (h->output + 1u) / 256;
	if (ndis_oid_wait(adapter, NULL, &r) == NDIS_STATUS_SUCCESS &&
	    r.RequestType != NdisRequestMethod && r.DATA.QUERY_INFORMATION.BytesWritten > h->length) {
		fprintf(stderr, "OID 0x%08x: %u bytes of a buffer of %u\n", h->oid,
			r.DATA.QUERY_INFORMATION.BytesWritten, h->length);
		abort();
	}
	free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ndis_attributes *at = &adapter->attributes;
	struct head h;

	if (size < sizeof(h))
		return -1;
	memcpy(&h, data, sizeof(h));
	/* Half of the requests are for what the driver says that it supports. */
	if (at->n_oids && h.type & 0x80)
		h.oid = at->oids[h.oid % at->n_oids];
	h.length %= 2048;
	ask(&h, data + sizeof(h), size - sizeof(h));
	return 0;
}
