/* SPDX-License-Identifier: BSD-2-Clause */
#include "sender.h"

#include <stdlib.h>

#define TO_WIRE 0x42   /* whom the frames are for: nobody of this host */

struct ground_frames sender_frames;
struct packet *sender_packets[SENDER_PACKETS];
unsigned sender_n;

int sender_setup(void **state)
{
	packets_open();
	return stack_setup(state);
}

int sender_teardown(void **state)
{
	stack_teardown(state);
	for (unsigned i = 0; i < sender_n; i++)
		packet_free(sender_packets[i]);
	sender_n = 0;
	packets_close();
	ground_frames_free(&sender_frames);
	return 0;
}

unsigned sender_frame(unsigned length)
{
	uint8_t mac[6];

	ground_mac(mac, TO_WIRE);
	return ground_frame_add(&sender_frames, mac, UNTAGGED, length);
}

const struct ground_frame *sender_fresh(unsigned length)
{
	unsigned index = sender_frame(length);

	return &sender_frames.list[index];
}

static struct packet *keep(struct packet *p)
{
	if (sender_n == SENDER_PACKETS)
		abort();
	return sender_packets[sender_n++] = p;
}

struct packet *sender_packet(struct protocol *p, USHORT queue, unsigned length)
{
	return keep(packet_of(atomic_load(&p->binding), queue, &sender_frames, sender_frame(length)));
}

struct packet *sender_empty(USHORT queue)
{
	return keep(packet_new(atomic_load(&protocols[0].binding), queue));
}

void sender_send(struct packet *p)
{
	packets_send(&protocols[0], &p, 1, 0);
}

NDIS_STATUS sender_status(const struct packet *p)
{
	const struct trace_send *s = packet_done(&p->nbl);

	assert_non_null(s);
	return s->status;
}

void sender_all_done(NDIS_STATUS status)
{
	packets_wait(sender_n);
	for (unsigned i = 0; i < sender_n; i++) {
		assert_int_equal(sender_status(sender_packets[i]), status);
		assert_true(packet_is_unchanged(sender_packets[i]));
	}
}

ULONG sender_queue(unsigned processor, unsigned mac)
{
	return ask_running(&protocols[0], processor, PER_QUEUE, mac, VLAN_NONE_OR_ZERO, NULL);
}

void sender_left_in_order(unsigned n)
{
	stack_close();
	assert_int_equal(stack.out.n, n);
	for (unsigned i = 0; i < n; i++) {
		const struct ground_frame *f = &sender_frames.list[i];

		assert_int_equal(stack.out.list[i].length, f->length);
		assert_memory_equal(stack.out.list[i].bytes, f->bytes, f->length);
	}
}
