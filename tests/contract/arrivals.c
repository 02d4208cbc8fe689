/* SPDX-License-Identifier: BSD-2-Clause */
#include "arrivals.h"

#include <string.h>

struct ground_frames arrival_frames;
struct packet *arrivals[ARRIVALS];
unsigned n_arrivals;

int arrivals_setup(void **state)
{
	return ports_setup(state);
}

int arrivals_teardown(void **state)
{
	ports_teardown(state);
	for (unsigned i = 0; i < n_arrivals; i++)
		packet_free(arrivals[i]);
	n_arrivals = 0;
	ground_frames_free(&arrival_frames);
	return 0;
}

struct packet *arrival(ULONG queue, unsigned last, unsigned vlan)
{
	uint8_t mac[6];
	unsigned index;

	ground_mac(mac, last);
	index = ground_frame_add(&arrival_frames, mac, UNTAGGED, 100);
	arrivals[n_arrivals] = packet_of(NULL, (USHORT)queue, &arrival_frames, index);
	packet_set_tag(arrivals[n_arrivals], 0, vlan);
	return arrivals[n_arrivals++];
}

ULONG vm_queue(unsigned port)
{
	return ports_report(port).queue;
}

void arrivals_indicate(unsigned processor, unsigned first, ULONG flags)
{
	fake_indicate_packets(processor, &arrivals[first], n_arrivals - first, flags);
}

bool vm_has(unsigned port, uint32_t index)
{
	bool found = false;

	for (unsigned i = 0; i < ports.got[port].n; i++) {
		const struct ground_frame *f = &ports.got[port].list[i];

		if (ground_index(f->bytes, f->length) != index)
			continue;
		assert_false(found);
		assert_int_equal(f->length, arrival_frames.list[index].length);
		assert_memory_equal(f->bytes, arrival_frames.list[index].bytes, f->length);
		found = true;
	}
	return found;
}

void arrivals_returned_once(void)
{
	for (unsigned i = 0; i < n_arrivals; i++) {
		assert_int_equal(fake_returned(&arrivals[i]->nbl), 1);
		/* Its receivers may have used that, and the verifier poisons it (I46). */
		memset(arrivals[i]->nbl.ProtocolReserved, 0, sizeof(arrivals[i]->nbl.ProtocolReserved));
		assert_true(packet_is_unchanged(arrivals[i]));
	}
}

void returns_are_truthful(void)
{
	for (unsigned i = 1; i < fake.n_returns; i++)
		if (fake.returns[i].call == fake.returns[i - 1].call &&
		    fake.returns[i].flags & NDIS_RETURN_FLAGS_SINGLE_QUEUE)
			assert_int_equal(fake.returns[i].queue, fake.returns[i - 1].queue);
}
