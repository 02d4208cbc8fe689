/* SPDX-License-Identifier: BSD-2-Clause */
/* Two guests by vhost-user, each at a port of the direct mode, for those who test what goes from
 * the one to the other in one copy. */
#ifndef TESTS_VHOST_ENDS_H
#define TESTS_VHOST_ENDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "vhost_master.h"
#include "vmport/vmport.h"
#include "vmport_testing.h"

struct end {
	struct vmport *port;
	struct vhost_master guest;
	char path[64];
};

static struct rte_mempool *pool;
static char directory[] = "vmport-pass-XXXXXX";
static struct end a, b;                   /* frames go from a to b */
static struct vmport_head heads[32];
static bool full;

static inline int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("critical") || !mkdtemp(directory))
		return -1;
	pool = testing_pool("frames", 511, 1518);
	return pool ? 0 : -1;
}

static inline int group_teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

static inline void open_port(struct vmport **port, const char *spec, bool direct)
{
	const struct vmport_config config = {
		.name = "vm", .spec = spec, .mtu = 1500, .pool = pool, .direct = direct,
	};
	struct error err = { "" };

	if (vmport_open(port, &config, &err))
		fail_msg("%s", err.text);
}

static inline void until_up(const struct end *e, bool up)
{
	for (int i = 0; vmport_is_up(e->port) != up; i++) {
		assert_true(i < 2000);
		usleep(1000);
	}
}

/* The first look is for what a guest that is new needs. */
static inline void receive_nothing(const struct end *e)
{
	assert_int_equal(vmport_receive(e->port, (struct rte_mbuf *[4]){ NULL }, 4), 0);
}

static inline void begin(struct end *e, const char *name)
{
	char spec[80];

	snprintf(e->path, sizeof(e->path), "%s/%s", directory, name);
	snprintf(spec, sizeof(spec), "vhost-user:%s", e->path);
	open_port(&e->port, spec, true);
	assert_true(vhost_master_start(&e->guest, e->path, 0));
	until_up(e, true);
	assert_true(vhost_master_settle(&e->guest));
	receive_nothing(e);
}

static inline int setup(void **state)
{
	(void)state;
	begin(&a, "a");
	begin(&b, "b");
	return 0;
}

static inline void end(struct end *e)
{
	if (e->guest.memory)
		vhost_master_stop(&e->guest);
	vmport_close(e->port);
}

static inline int teardown(void **state)
{
	(void)state;
	end(&a);
	end(&b);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

static inline void guest_sends(struct end *e, uint8_t mark)
{
	const struct vhost_master_header plain = { 0 };
	uint8_t frame[1518];

	memset(frame, mark, sizeof(frame));
	vhost_master_send(&e->guest, &plain, frame, 60u + 10u * mark);
}

static inline void guest_gets(struct end *e, uint8_t mark)
{
	struct vhost_master_header h;
	uint8_t frame[4096];
	uint32_t n = vhost_master_receive(&e->guest, &h, frame, sizeof(frame));

	assert_int_equal(n, 60u + 10u * mark);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(frame[i], mark);
	assert_int_equal(h.flags | h.gso_type, 0);
	assert_int_equal(h.num_buffers, 1);
}

static inline void guest_gets_nothing(struct end *e)
{
	struct vhost_master_header h;
	uint8_t frame[4096];

	assert_int_equal(vhost_master_receive(&e->guest, &h, frame, sizeof(frame)), 0);
}

static inline uint16_t look(uint16_t n)
{
	return vmport_look(a.port, b.port, heads, n, &full);
}

static inline uint16_t pass(uint16_t n)
{
	return vmport_pass(a.port, b.port, heads, n);
}

static inline uint32_t stop_ring(struct end *e, int ring)
{
	const uint32_t which[2] = { (uint32_t)ring, 0 };
	uint64_t answer = 0;

	assert_true(vhost_master_ask(&e->guest, VHOST_GET_VRING_BASE, which, sizeof(which), -1));
	assert_true(vhost_master_answer(&e->guest, &answer));
	return (uint32_t)(answer >> 32);
}

static inline void start_ring(struct end *e, int ring, uint32_t from)
{
	assert_true(vhost_master_ring(&e->guest, ring, from, false));
	assert_true(vhost_master_settle(&e->guest));
	until_up(e, true);
	receive_nothing(&b);
}

static inline void three_are_looked_at(void)
{
	for (uint8_t i = 0; i < 3; i++)
		guest_sends(&a, i);
	assert_int_equal(look(32), 3);
}

#endif
