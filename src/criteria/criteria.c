/* SPDX-License-Identifier: BSD-2-Clause */
#include "criteria/criteria.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* NDIS numbers field n of a MAC header as vmq does, from 1 on. X(as NDIS calls it, as vmq does) */
#define FIELDS(X)                            \
	X(DestinationAddress, DESTINATION)   \
	X(SourceAddress, SOURCE)             \
	X(Protocol, PROTOCOL)                \
	X(VlanId, VLAN_ID)                   \
	X(Priority, PRIORITY)                \
	X(PacketType, PACKET_TYPE)

#define X(ndis, vmq) \
	_Static_assert(NdisMacHeaderField##ndis == VMQ_FIELD_##vmq + 1, "numbered alike");
FIELDS(X)
#undef X

/* The test as vmq numbers it; VMQ_TEST_COUNT: there is no such. */
static enum vmq_test test_of(NDIS_RECEIVE_FILTER_TEST test)
{
	switch (test) {
	case NdisReceiveFilterTestEqual: return VMQ_TEST_EQUAL;
	case NdisReceiveFilterTestMaskEqual: return VMQ_TEST_MASK_EQUAL;
	case NdisReceiveFilterTestNotEqual: return VMQ_TEST_NOT_EQUAL;
	default: return VMQ_TEST_COUNT;
	}
}

/* One field test (D7, D9). */
static int read_test(const NDIS_RECEIVE_FILTER_FIELD_PARAMETERS *f, struct vmq_field_test *to,
		     struct error *err)
{
	unsigned number = (unsigned)f->HeaderField.MacHeaderField;

	to->test = test_of(f->ReceiveFilterTest);
	if (f->FrameHeader != NdisFrameHeaderMac || !number || number > VMQ_FIELD_COUNT ||
	    to->test == VMQ_TEST_COUNT)
		return error_set(err, EINVAL, "header %u, field %u, test %u is no test of a MAC header",
				 (unsigned)f->FrameHeader, number, (unsigned)f->ReceiveFilterTest);
	to->field = (enum vmq_field)(number - 1);
	if (!vmq_field_value(to->field, f->FieldValue.FieldByteArrayValue, &to->value))
		return error_set(err, EINVAL, "field %u is never 0x%llx", number,
				 (unsigned long long)to->value);
	if (to->test == VMQ_TEST_MASK_EQUAL &&
	    !vmq_field_value(to->field, f->ResultValue.ResultByteArrayValue, &to->result))
		return error_set(err, EINVAL, "field %u is never 0x%llx", number,
				 (unsigned long long)to->result);
	return 0;
}

int criteria_read(const NDIS_RECEIVE_FILTER_PARAMETERS *p, struct vmq_criteria *to,
		  struct error *err)
{
	const char *at = (const char *)p + p->FieldParametersArrayOffset;
	unsigned n = p->FieldParametersArrayNumElements, stride = p->FieldParametersArrayElementSize;
	int rc = 0;

	*to = (struct vmq_criteria){ .id = p->FilterId, .queue = (uint16_t)p->QueueId };
	to->inner = p->Flags & NDIS_RECEIVE_FILTER_PACKET_ENCAPSULATION;   /* D12 */
	if (!n)
		return error_set(err, EINVAL, "a filter without a test");
	to->tests = calloc(n, sizeof(*to->tests));
	if (!to->tests)
		return error_set(err, ENOMEM, "no memory for %u tests", n);
	for (unsigned i = 0; i < n && !rc; i++, at += stride) {
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS f = { 0 };

		/* The array may begin at any byte, and its elements end with the last member (D23). */
		memcpy(&f, at, stride < sizeof(f) ? stride : sizeof(f));
		to->untagged_or_zero |=        /* D13 */
			f.Flags & NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO;
		rc = read_test(&f, &to->tests[to->n_tests++], err);
	}
	if (rc)
		criteria_free(to);
	return rc;
}

void criteria_free(struct vmq_criteria *c)
{
	free(c->tests);
	c->tests = NULL;
	c->n_tests = 0;
}
