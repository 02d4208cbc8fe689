/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NDIS itself costs: nanoseconds and instructions per NBL for a receive and its
 * return, and for a send and its completion, through 0, 1 and 3 filters, in chains;
 * for allocating and freeing an NBL; and for an OID there and back. The drivers do
 * nothing (drivers.c), so what is measured is NDIS and the calls.
 *
 * Each figure is the median of many short turns. Instructions need the counters of
 * the CPU; where there are none that column is empty.
 */
#include "drivers.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/instructions.h"
#include "kernel/kernel.h"

#define TURNS    101
#define NBLS     4096          /* in one turn */
#define MAX_CHAIN 256

static bool counting;
static NDIS_HANDLE pool;
static PNET_BUFFER_LIST chain;
static unsigned length;        /* of the chain */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, TURNS, sizeof(values[0]), by_value);
	return values[TURNS / 2];
}

/* Measures 'work', which handles 'units' of them, and prints a line. */
static void measure(const char *what, void (*work)(void), unsigned units)
{
	double ns[TURNS], n[TURNS];

	work();
	for (unsigned i = 0; i < TURNS; i++) {
		uint64_t count = instructions(), start = now_ns();

		work();
		ns[i] = (double)(now_ns() - start) / units;
		n[i] = (double)(instructions() - count) / units;
	}
	printf("%-44s %8.2f ns", what, median(ns));
	if (counting)
		printf(" %8.1f instructions", median(n));
	printf("\n");
}

/* ---- what is measured ---- */

static void indicate(void)
{
	for (unsigned i = 0; i < NBLS / length; i++)
		NdisMIndicateReceiveNetBufferLists(null_stack.miniport, chain, 0, length,
						   NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

static void send_chain(void)
{
	for (unsigned i = 0; i < NBLS / length; i++)
		NdisSendNetBufferLists(null_stack.binding, chain, 0, NDIS_SEND_FLAGS_DISPATCH_LEVEL);
}

/* The same where NDIS looks at each list for loopback, and nobody wants a copy. */
static void send_checked(void)
{
	for (unsigned i = 0; i < NBLS / length; i++)
		NdisSendNetBufferLists(null_stack.binding, chain, 0, NDIS_SEND_FLAGS_DISPATCH_LEVEL |
				       NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK);
}

static void allocate_and_free(void)
{
	PNET_BUFFER_LIST held[32];

	for (unsigned i = 0; i < NBLS / 32; i++) {
		for (unsigned k = 0; k < 32; k++)
			held[k] = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, NULL, 0, 0);
		for (unsigned k = 0; k < 32; k++)
			NdisFreeNetBufferList(held[k]);
	}
}

static void ask(void)
{
	ULONG value = 0;
	NDIS_OID_REQUEST r = { .Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
					   NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
			       .RequestType = NdisRequestQueryInformation };

	r.DATA.QUERY_INFORMATION.Oid = OID_GEN_XMIT_OK;
	r.DATA.QUERY_INFORMATION.InformationBuffer = &value;
	r.DATA.QUERY_INFORMATION.InformationBufferLength = sizeof(value);
	for (unsigned i = 0; i < 1000; i++)
		if (NdisOidRequest(null_stack.binding, &r) != NDIS_STATUS_SUCCESS)
			abort();
}

static void chain_make(unsigned n)
{
	PNET_BUFFER_LIST *last = &chain;

	for (length = 0; length < n; length++) {
		*last = NdisAllocateNetBufferAndNetBufferList(pool, 0, 0, NULL, 0, 0);
		(*last)->SourceHandle = null_stack.binding;
		last = &NET_BUFFER_LIST_NEXT_NBL(*last);
	}
	*last = NULL;
}

static void chain_free(void)
{
	while (chain) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(chain);

		NET_BUFFER_LIST_NEXT_NBL(chain) = NULL;
		NdisFreeNetBufferList(chain);
		chain = next;
	}
}

static void data_path(unsigned filters)
{
	static const unsigned lengths[] = { 1, 8, 32, MAX_CHAIN };
	char what[64];

	for (unsigned i = 0; i < 4; i++) {
		chain_make(lengths[i]);
		snprintf(what, sizeof(what), "receive and return, %u filters, chain %u", filters, length);
		measure(what, indicate, NBLS);
		snprintf(what, sizeof(what), "send and complete, %u filters, chain %u", filters, length);
		measure(what, send_chain, NBLS);
		snprintf(what, sizeof(what), "the same, looked at for loopback");
		measure(what, send_checked, NBLS);
		chain_free();
	}
}

static void measure_stack(unsigned filters)
{
	KIRQL irql;
	char what[64];

	null_stack_open(filters);
	KeRaiseIrql(DISPATCH_LEVEL, &irql);
	data_path(filters);
	if (!filters)
		measure("NBL with its NB, allocate and free", allocate_and_free, NBLS);
	KeLowerIrql(irql);
	snprintf(what, sizeof(what), "OID request and answer, %u filters", filters);
	measure(what, ask, 1000);
	null_stack_close();
}

int main(void)
{
	const struct kernel_config config = { .processors = 1, .workers = 1 };
	NET_BUFFER_LIST_POOL_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
		.fAllocateNetBuffer = TRUE, .PoolTag = 0x68636e42,
	};
	struct error err = { "" };

	if (kernel_start(&config, &err)) {
		fprintf(stderr, "ndis_bench: %s\n", err.text);
		return 1;
	}
	counting = instructions_open();
	pool = NdisAllocateNetBufferListPool(NULL, &p);
	if (!pool) {
		fprintf(stderr, "ndis_bench: no NBL pool\n");
		return 1;
	}
	measure_stack(0);
	measure_stack(1);
	measure_stack(3);
	NdisFreeNetBufferListPool(pool);
	kernel_stop();
	return 0;
}
