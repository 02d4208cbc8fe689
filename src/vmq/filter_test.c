/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/filter_test.h"

#include "base/ethernet.h"

#define LEAST_ETHERTYPE 0x600

static uint64_t number(const uint8_t *bytes, unsigned n)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

bool vmq_field_value(enum vmq_field field, const uint8_t *bytes, uint64_t *value)
{
	static const struct { unsigned bytes; uint64_t max; } of[VMQ_FIELD_COUNT] = {
#define X(name, bytes, max) [VMQ_FIELD_##name] = { bytes, max },
		VMQ_FIELDS(X)
#undef X
	};

	*value = number(bytes, of[field].bytes);
	return *value <= of[field].max;
}

static enum vmq_packet_type packet_type(uint64_t destination)
{
	if (destination == 0xffffffffffffull)
		return VMQ_PACKET_BROADCAST;
	return destination >> 40 & 1 ? VMQ_PACKET_MULTICAST : VMQ_PACKET_UNICAST;
}

static void field_add(struct vmq_header *h, enum vmq_field field, uint64_t value)
{
	h->field[field] = value;
	h->present |= 1u << field;
}

void vmq_header_read(struct vmq_header *h, const uint8_t *frame)
{
	uint64_t type = number(frame + 12, 2);

	h->present = 0;
	field_add(h, VMQ_FIELD_DESTINATION, number(frame, 6));
	field_add(h, VMQ_FIELD_SOURCE, number(frame + 6, 6));
	field_add(h, VMQ_FIELD_PACKET_TYPE, packet_type(h->field[VMQ_FIELD_DESTINATION]));
	if (type == ETHERTYPE_VLAN) {
		field_add(h, VMQ_FIELD_VLAN_ID, number(frame + 14, 2) & 0xfff);
		field_add(h, VMQ_FIELD_PRIORITY, frame[14] >> 5);
		type = number(frame + 16, 2);
	}
	if (type >= LEAST_ETHERTYPE)
		field_add(h, VMQ_FIELD_PROTOCOL, type);
}

static bool test_passes(const struct vmq_field_test *t, const struct vmq_header *h)
{
	uint64_t v = h->field[t->field];

	if (!(h->present >> t->field & 1))
		return false;
	switch (t->test) {
	case VMQ_TEST_EQUAL:
		return v == t->value;
	case VMQ_TEST_MASK_EQUAL:
		return (v & t->value) == t->result;
	case VMQ_TEST_NOT_EQUAL:
		return v != t->value;
	default:
		return false;
	}
}

bool vmq_tests_pass(const struct vmq_field_test *tests, unsigned n, const struct vmq_header *h)
{
	for (unsigned i = 0; i < n; i++)
		if (!test_passes(&tests[i], h))
			return false;
	return true;
}
