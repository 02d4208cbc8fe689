/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames to the guest, in buffers that it gives back, and from it. Everything by the
 * port's worker.
 */
#include "vmport/vmport_region.h"

#include <assert.h>
#include <string.h>

/* How often the worker passes by without asking the kernel whether a guest came or went;
 * asleep, it is told. */
#define ROUNDS_PER_LOOK 256

#define SLOT_BITS 11
_Static_assert(REGION_SLOTS == 1 << SLOT_BITS, "a slot's number is the low bits of its id");

/* What the host tells, at positions it alone decides on. */
static void tell(uint32_t *where, uint32_t value)
{
	__atomic_store_n(where, value, __ATOMIC_RELEASE);
}

/* What the guest says, read once. */
static uint32_t ask(const uint32_t *where)
{
	return __atomic_load_n(where, __ATOMIC_ACQUIRE);
}

static bool is_up(const struct region_port *p)
{
	return p->guest >= 0;
}

static void look_now_and_then(struct region_port *p)
{
	if (++p->rounds >= ROUNDS_PER_LOOK)
		region_guest_look(p);
}

/* ---- buffers ---- */

static void slot_free(struct region_port *p, unsigned i)
{
	struct region_slot *s = &p->slots[i];

	s->out = false;
	p->free_slots[p->n_free_slots++] = (uint16_t)i;
	if (!s->lent) {
		p->free_copies[p->n_free_copies++] = s->buffer;
		return;
	}
	p->back[p->n_back++] = s->lent;
	s->lent = NULL;
}

/* Frames that are lent come back, whether or not the guest gave them. */
static void lent_take_back(struct region_port *p)
{
	bool any = false;

	for (unsigned i = 0; i < REGION_SLOTS; i++)
		if (p->slots[i].out && p->slots[i].lent) {
			slot_free(p, i);
			any = true;
		}
	if (any)
		tell(&p->header->generation, ++p->generation);
}

void region_rings_reset(struct region_port *p)
{
	lent_take_back(p);
	p->n_free_slots = p->n_free_copies = 0;
	for (unsigned i = REGION_SLOTS; i-- > 0;) {
		p->slots[i].out = false;
		p->free_slots[p->n_free_slots++] = (uint16_t)i;
	}
	for (unsigned i = REGION_COPIES; i-- > 0;)
		p->free_copies[p->n_free_copies++] = (uint16_t)i;
	p->receive_tail = p->return_head = p->send_head = 0;
	p->generation++;
	/* Header and rings; what lies behind them was this VM's and is. */
	memset(p->base, 0, p->layout.sends.offset);
	*p->header = p->layout;
	tell(&p->header->generation, p->generation);
}

/* One return. Another guest's, or of a frame that was taken back, says nothing. */
static void take_return(struct region_port *p, const struct ovmq_region_return *at)
{
	uint32_t id = ask(&at->id), generation = ask(&at->generation);
	unsigned i = id & (REGION_SLOTS - 1);

	if (p->slots[i].out && p->slots[i].id == id)
		slot_free(p, i);
	else if (generation == p->generation)
		region_guest_fault(p, "gave back a frame that it does not have");
}

static void take_returns(struct region_port *p)
{
	const struct ovmq_region_return *ring =
		(const struct ovmq_region_return *)(p->base + p->layout.return_ring.offset);
	uint32_t tail = ask(&p->header->return_tail);

	if (tail == p->return_head)
		return;
	if (tail - p->return_head > REGION_SLOTS) {
		region_guest_fault(p, "moved its return ring beyond its end");
		p->return_head = tail;
	}
	for (; p->return_head != tail; p->return_head++)
		take_return(p, &ring[p->return_head & (REGION_SLOTS - 1)]);
	tell(&p->header->return_head, p->return_head);
}

/* ---- to the guest ---- */

static void hand_out(struct region_port *p, struct rte_mbuf *lent, uint16_t buffer,
		     uint32_t offset, uint32_t length)
{
	struct ovmq_region_receive *ring =
		(struct ovmq_region_receive *)(p->base + p->layout.receive_ring.offset);
	unsigned i = p->free_slots[--p->n_free_slots];
	struct region_slot *s = &p->slots[i];

	s->id = ((s->id >> SLOT_BITS) + 1) << SLOT_BITS | i;
	s->lent = lent;
	s->buffer = buffer;
	s->out = true;
	ring[p->receive_tail++ & (REGION_SLOTS - 1)] = (struct ovmq_region_receive){
		.offset = offset, .length = length, .id = s->id, .generation = p->generation };
}

static void publish(struct region_port *p)
{
	tell(&p->header->receive_tail, p->receive_tail);
	region_guest_wake(p);
}

uint16_t region_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct region_port *p = region_of(port);
	uint16_t i;

	if (!is_up(p))
		return 0;
	if (p->n_free_slots < n || p->n_free_copies < n)
		take_returns(p);
	for (i = 0; i < n && p->n_free_slots; i++) {
		uint32_t at;
		uint16_t buffer;

		if (pkts[i]->data_len > port->max_frame) {
			counter_add(&port->refused, 1);
			continue;
		}
		if (!p->n_free_copies)
			break;
		buffer = p->free_copies[--p->n_free_copies];
		at = p->layout.copies.offset + buffer * p->stride;
		memcpy(p->base + at, rte_pktmbuf_mtod(pkts[i], void *), pkts[i]->data_len);
		hand_out(p, NULL, buffer, at, pkts[i]->data_len);
	}
	if (i)
		publish(p);
	return i;
}

bool region_can_lend(const struct vmport *port, const struct rte_mbuf *m)
{
	const struct region_port *p = (const struct region_port *)port;
	const uint8_t *from = p->base + p->layout.memory.offset;
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	return data >= from && data + m->data_len <= from + p->layout.memory.bytes;
}

uint16_t region_lend(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct region_port *p = region_of(port);
	uint16_t i;

	if (!is_up(p))
		return 0;
	if (p->n_free_slots < n)
		take_returns(p);
	/* Of what came back and was not handed out there is never more than slots. */
	for (i = 0; i < n && p->n_free_slots && p->n_free_slots > p->n_back; i++) {
		assert(region_can_lend(port, pkts[i]));
		hand_out(p, pkts[i], 0, (uint32_t)(rte_pktmbuf_mtod(pkts[i], uint8_t *) - p->base),
			 pkts[i]->data_len);
	}
	if (i)
		publish(p);
	return i;
}

uint16_t region_reclaim(struct vmport *port, struct rte_mbuf **pkts, uint16_t n, bool all)
{
	struct region_port *p = region_of(port);

	look_now_and_then(p);
	if (is_up(p))
		take_returns(p);
	if (all)
		lent_take_back(p);
	if (n > p->n_back)
		n = (uint16_t)p->n_back;
	p->n_back -= n;
	memcpy(pkts, p->back + p->n_back, n * sizeof(pkts[0]));
	return n;
}

/* ---- from the guest ---- */

/* Where a frame lies that it sends, from one look at the entry; 0: nowhere. */
static uint32_t send_check(const struct region_port *p, const struct ovmq_region_send *at,
			   uint32_t *length)
{
	const struct ovmq_region_area *sends = &p->layout.sends;
	uint32_t offset = ask(&at->offset);

	*length = ask(&at->length);
	if (!vmport_length_ok(&p->port, *length) || offset < sends->offset ||
	    offset - sends->offset > sends->bytes - *length)
		return 0;
	return offset;
}

uint16_t region_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct region_port *p = region_of(port);
	const struct ovmq_region_send *ring =
		(const struct ovmq_region_send *)(p->base + p->layout.send_ring.offset);
	uint32_t tail, head = p->send_head, length, offset;
	uint16_t got = 0;

	look_now_and_then(p);
	if (!is_up(p))
		return 0;
	tail = ask(&p->header->send_tail);
	if (tail == head)
		return 0;
	if (tail - head > REGION_SENDS) {
		region_guest_fault(p, "moved its send ring beyond its end");
		head = tail;
	}
	/* At most 'n' entries a call: bad ones must not hold the worker either. */
	for (uint16_t i = 0; i < n && head != tail; i++) {
		/* The buffer first: an empty pool must not cost a frame. */
		struct rte_mbuf *m = rte_pktmbuf_alloc(port->pool);

		if (!m)
			break;
		offset = send_check(p, &ring[head++ & (REGION_SENDS - 1)], &length);
		if (!offset) {
			counter_add(&port->bad, 1);
			rte_pktmbuf_free(m);
			continue;
		}
		memcpy(rte_pktmbuf_append(m, (uint16_t)length), p->base + offset, length);
		pkts[got++] = m;
	}
	p->send_head = head;
	tell(&p->header->send_head, head);
	region_guest_wake(p);
	return got;
}

/* ---- sleep ---- */

bool region_arm(struct vmport *port, bool sleep)
{
	struct region_port *p = region_of(port);
	unsigned room = p->n_free_slots;
	bool work;

	tell(&p->header->host_sleeps, sleep);
	region_guest_look(p);
	if (!sleep)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	work = p->changed;
	p->changed = false;
	if (!is_up(p))
		return work || p->n_back;
	take_returns(p);
	return work || p->n_back || p->n_free_slots != room ||
	       ask(&p->header->send_tail) != p->send_head;
}
