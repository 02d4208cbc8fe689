/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM that takes every frame and sends none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>

#include "vmport/vmport.h"
#include "vmport_testing.h"

static struct rte_mempool *pool;
static struct vmport *port;

static int group_setup(void **state)
{
	struct vmport_config config = { .name = "sink", .spec = "null:", .mtu = 1500 };
	struct error err = { "" };

	(void)state;
	if (testing_dpdk_start("error"))
		return -1;
	pool = config.pool = testing_pool("frames", 63, 1600);
	return pool ? vmport_open(&port, &config, &err) : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	vmport_close(port);
	rte_mempool_free(pool);
	return 0;
}

static void it_takes_every_frame_at_once_and_keeps_none(void **state)
{
	struct rte_mbuf *pkts[32];

	(void)state;
	assert_true(vmport_is_up(port));
	for (unsigned i = 0; i < RTE_DIM(pkts); i++)
		pkts[i] = testing_frame(pool, (uint16_t)(14 + 47 * i), 1);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(vmport_deliver(port, pkts, RTE_DIM(pkts)), RTE_DIM(pkts));
	assert_int_equal(vmport_deliver(port, pkts, 0), 0);
	for (unsigned i = 0; i < RTE_DIM(pkts); i++) {
		assert_int_equal(rte_mbuf_refcnt_read(pkts[i]), 1);
		rte_pktmbuf_free(pkts[i]);
	}
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	assert_true(vmport_is_up(port));
	assert_int_equal(vmport_refused(port), 0);
}

static void it_sends_nothing_and_a_worker_may_sleep_on_it(void **state)
{
	struct rte_mbuf *pkts[32];
	struct pollfd p = { .fd = vmport_descriptor(port), .events = POLLIN };

	(void)state;
	assert_int_equal(vmport_receive(port, pkts, RTE_DIM(pkts)), 0);
	assert_true(vmport_sent_all(port));
	assert_int_equal(vmport_bad(port), 0);
	assert_int_equal(vmport_offloads(port), 0);
	assert_false(vmport_has_memory(port));
	assert_true(p.fd >= 0);
	assert_false(vmport_arm(port, true));
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_false(vmport_arm(port, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_takes_every_frame_at_once_and_keeps_none),
		cmocka_unit_test(it_sends_nothing_and_a_worker_may_sleep_on_it),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
