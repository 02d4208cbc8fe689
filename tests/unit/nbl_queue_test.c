/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of lists, chains counted, and chains sorted. */
#include "nbl_testing.h"

#include <ndis/nblclassify.h>
#include <ndis/ndl/nblqueue.h>

enum { N = 12 };
static NET_BUFFER_LIST nbls[N];

/* A chain of nbls[from .. to - 1]. */
static PNET_BUFFER_LIST chain(int from, int to)
{
	for (int i = from; i < to; i++)
		nbls[i].Next = i + 1 < to ? &nbls[i + 1] : NULL;
	return &nbls[from];
}

/* The chain is the lists with those numbers, then -1. */
static void assert_chain(const NET_BUFFER_LIST *first, const int *numbers)
{
	for (; *numbers >= 0; numbers++, first = first->Next)
		assert_ptr_equal(first, &nbls[*numbers]);
	assert_null(first);
}
#define assert_is(first, ...) assert_chain(first, (const int[]){ __VA_ARGS__, -1 })

static void first_in_first_out(void **state)
{
	NBL_QUEUE q, other;

	(void)state;
	NdisInitializeNblQueue(&q);
	NdisInitializeNblQueue(&other);
	assert_true(NdisIsNblQueueEmpty(&q));
	assert_null(NdisPopFirstNblFromNblQueue(&q));
	NdisAppendNblChainToNblQueue(&q, NULL);
	NdisAppendNblChainToNblQueue(&q, chain(0, 3));
	nbls[3].Next = &nbls[7];
	NdisAppendSingleNblToNblQueue(&q, &nbls[3]);
	NdisAppendNblChainToNblQueueFast(&other, chain(4, 6), &nbls[5]);
	NdisAppendNblQueueToNblQueueFast(&q, &other);
	assert_true(NdisIsNblQueueEmpty(&other));
	NdisAppendNblQueueToNblQueueFast(&q, &other);
	assert_is(NdisGetNblChainFromNblQueue(&q), 0, 1, 2, 3, 4, 5);
	assert_ptr_equal(NdisPopFirstNblFromNblQueue(&q), &nbls[0]);
	assert_null(nbls[0].Next);
	assert_is(NdisPopAllFromNblQueue(&q), 1, 2, 3, 4, 5);
	assert_true(NdisIsNblQueueEmpty(&q));
	/* An emptied queue takes more. */
	NdisAppendSingleNblToNblQueue(&q, &nbls[6]);
	assert_ptr_equal(NdisPopFirstNblFromNblQueue(&q), &nbls[6]);
	NdisAppendSingleNblToNblQueue(&q, &nbls[7]);
	assert_is(NdisGetNblChainFromNblQueue(&q), 7);
}

static void a_counted_queue_knows_its_length(void **state)
{
	NBL_COUNTED_QUEUE q, other;

	(void)state;
	NdisInitializeNblCountedQueue(&q);
	NdisInitializeNblCountedQueue(&other);
	NdisAppendNblChainToNblCountedQueue(&q, NULL);
	assert_true(NdisIsNblCountedQueueEmpty(&q));
	assert_null(NdisPopFirstNblFromNblCountedQueue(&q));
	assert_int_equal(q.NblCount, 0);
	NdisAppendNblChainToNblCountedQueue(&q, chain(0, 3));
	NdisAppendSingleNblToNblCountedQueue(&q, &nbls[3]);
	NdisAppendNblChainToNblCountedQueueFast(&other, chain(4, 6), &nbls[5], 2);
	NdisAppendNblCountedQueueToNblCountedQueueFast(&q, &other);
	assert_int_equal(q.NblCount, 6);
	assert_int_equal(other.NblCount, 0);
	NDIS_ASSERT_VALID_NBL_COUNTED_QUEUE(&q);
	assert_ptr_equal(NdisPopFirstNblFromNblCountedQueue(&q), &nbls[0]);
	assert_int_equal(q.NblCount, 5);
	assert_is(NdisGetNblChainFromNblCountedQueue(&q), 1, 2, 3, 4, 5);
	assert_is(NdisPopAllFromNblCountedQueue(&q), 1, 2, 3, 4, 5);
	assert_int_equal(q.NblCount, 0);
}

static void chains_are_counted(void **state)
{
	NET_BUFFER nb[3] = { { .DataLength = 10 }, { .DataLength = 20 }, { .DataLength = 40 } };
	PNET_BUFFER_LIST c = chain(0, 2);
	SIZE_T n;

	(void)state;
	nb[0].Next = &nb[1];
	nbls[0].FirstNetBuffer = &nb[0];
	nbls[1].FirstNetBuffer = &nb[2];
	assert_int_equal(NdisNumNblsInNblChain(c), 2);
	assert_int_equal(NdisNumNblsInNblChain(NULL), 0);
	assert_int_equal(NdisNumNbsInNbChain(nb), 2);
	assert_int_equal(NdisNumNbsInNblChain(c), 3);
	assert_int_equal(NdisNumDataBytesInNbChain(nb), 30);
	assert_int_equal(NdisNumDataBytesInNblChain(c), 70);
	assert_ptr_equal(NdisLastNblInNblChain(c), &nbls[1]);
	assert_ptr_equal(NdisLastNblInNblChainWithCount(c, &n), &nbls[1]);
	assert_int_equal(n, 2);
	assert_ptr_equal(NdisLastNbInNbChain(nb), &nb[1]);
	assert_ptr_equal(NdisLastNbInNbChainWithCount(&nb[2], &n), &nb[2]);
	assert_int_equal(n, 1);
	NdisSetStatusInNblChain(c, NDIS_STATUS_PAUSED);
	assert_int_equal(NET_BUFFER_LIST_STATUS(&nbls[1]), NDIS_STATUS_PAUSED);
	nbls[0].FirstNetBuffer = nbls[1].FirstNetBuffer = NULL;
}

/* ---- sorting: a list's value is its digit in the text that is the context ---- */

static ULONG_PTR digit(PVOID context, NET_BUFFER_LIST *nbl)
{
	return (ULONG_PTR)(((const char *)context)[nbl - nbls] - '0');
}

static SIZE_T digit_index(PVOID context, NET_BUFFER_LIST *nbl)
{
	return digit(context, nbl);
}

/* What was flushed, as "value:numbers " with one letter a list. */
static void note(PVOID context, ULONG_PTR value, const NET_BUFFER_LIST *first)
{
	char *text = context;

	text += strlen(text);
	text += sprintf(text, "%d:", (int)value);
	for (; first; first = first->Next)
		*text++ = (char)('a' + (first - nbls));
	strcpy(text, " ");
}

static VOID flush(PVOID context, ULONG_PTR value, NBL_QUEUE *queue)
{
	note(context, value, NdisPopAllFromNblQueue(queue));
}

static VOID flush_counted(PVOID context, ULONG_PTR value, NBL_COUNTED_QUEUE *queue)
{
	assert_int_equal(queue->NblCount, NdisNumNblsInNblChain(queue->Queue.First));
	note(context, value, queue->Queue.First);
}

static void sorted_by_index(void **state)
{
	NBL_QUEUE q[3], yes, no;
	NBL_COUNTED_QUEUE c[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		NdisInitializeNblQueue(&q[i]);
		NdisInitializeNblCountedQueue(&c[i]);
	}
	NdisClassifyNblChainByIndex(chain(0, 6), digit_index, (PVOID)(uintptr_t)"021020", q, 3);
	assert_is(q[0].First, 0, 3, 5);
	assert_is(q[1].First, 2);
	assert_is(q[2].First, 1, 4);
	NdisClassifyNblChainByIndexWithCount(chain(0, 6), digit_index, (PVOID)(uintptr_t)"021020", c, 3);
	assert_int_equal(c[0].NblCount, 3);
	assert_is(c[2].Queue.First, 1, 4);
	NdisInitializeNblQueue(&yes);
	NdisInitializeNblQueue(&no);
	NdisClassifyNblChain2(chain(0, 4), digit_index, (PVOID)(uintptr_t)"0110", &no, &yes);
	assert_is(no.First, 0, 3);
	assert_is(yes.First, 1, 2);
	NdisInitializeNblCountedQueue(&c[0]);
	NdisInitializeNblCountedQueue(&c[1]);
	NdisClassifyNblChain2WithCount(chain(0, 4), digit_index, (PVOID)(uintptr_t)"0111", &c[0], &c[1]);
	assert_int_equal(c[1].NblCount, 3);
}

static void sorted_by_value(void **state)
{
	static char values[] = "112111";
	static char many[] = "123451234512";
	char text[200] = "";
	NET_BUFFER_LIST *left = chain(0, 6);
	NBL_QUEUE q;
	ULONG_PTR value;

	(void)state;
	NdisClassifyNblChainByValue(chain(0, 6), digit, values, flush, text);
	assert_string_equal(text, "1:ab 2:c 1:def ");
	text[0] = '\0';
	NdisClassifyNblChainByValueWithCount(chain(0, 6), digit, values, flush_counted, text);
	assert_string_equal(text, "1:ab 2:c 1:def ");
	text[0] = '\0';
	NdisClassifyNblChainByValueLookahead(chain(0, 6), digit, values, flush, text);
	assert_string_equal(text, "1:abdef 2:c ");
	text[0] = '\0';
	NdisClassifyNblChainByValueLookaheadWithCount(chain(0, 8), digit, (PVOID)(uintptr_t)"12341234",
						      flush_counted, text);
	assert_string_equal(text, "1:ae 2:bf 3:cg 4:dh ");
	text[0] = '\0';
	/* Five values, four at a time: one after the other makes room. */
	NdisClassifyNblChainByValueLookaheadWithCount(chain(0, 12), digit, many, flush_counted, text);
	assert_string_equal(text, "1:a 2:b 3:c 4:d 5:e 1:f 2:g 3:h 4:i 5:j 1:k 2:l ");
	NdisClassifyNblChainByValueLookahead(NULL, digit, values, flush, text);
	NdisInitializeNblQueue(&q);
	left = chain(0, 6);
	NdisPartialClassifyNblChainByValue(&left, digit, values, &q, &value);
	assert_is(q.First, 0, 1);
	assert_int_equal(value, 1);
	assert_is(left, 2, 3, 4, 5);
}

static void sorted_by_what_a_list_says_of_itself(void **state)
{
	NBL_QUEUE mine, theirs;

	(void)state;
	memset(nbls, 0, sizeof(nbls));
	NdisInitializeNblQueue(&mine);
	NdisInitializeNblQueue(&theirs);
	NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&nbls[1], &nbls[9]);
	nbls[2].SourceHandle = nbls;
	nbls[3].NdisPoolHandle = nbls;
	NdisClassifyNblChainByCancelId(chain(0, 4), &nbls[9], &theirs, &mine);
	assert_is(NdisPopAllFromNblQueue(&mine), 1);
	assert_is(NdisPopAllFromNblQueue(&theirs), 0, 2, 3);
	NdisClassifyNblChainBySourceHandle(chain(0, 4), nbls, &theirs, &mine);
	assert_is(NdisPopAllFromNblQueue(&mine), 2);
	assert_is(NdisPopAllFromNblQueue(&theirs), 0, 1, 3);
	NdisClassifyNblChainByPoolHandle(chain(0, 4), nbls, &theirs, &mine);
	assert_is(NdisPopAllFromNblQueue(&mine), 3);
	assert_is(NdisPopAllFromNblQueue(&theirs), 0, 1, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_first_out),
		cmocka_unit_test(a_counted_queue_knows_its_length),
		cmocka_unit_test(chains_are_counted),
		cmocka_unit_test(sorted_by_index),
		cmocka_unit_test(sorted_by_value),
		cmocka_unit_test(sorted_by_what_a_list_says_of_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
