/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One VM port and nothing behind it: opens the port, delivers frames, receives
 * frames, and says how many. For vmport_vhost_test.sh, and to try a port by hand.
 *
 *   vmport_driver SPEC [mtu=N] [length=N] [count=N] [seconds=N] [echo] [sleep]
 *                      [direct]
 *
 * count: frames to deliver (default 0); echo: what the VM sent goes back to it;
 * sleep: wait for the port's descriptor instead of polling; direct: rings are served by us.
 * Ends after 'seconds' or at SIGTERM, with one line of counts on standard output; before it,
 * "up" or "down" at each change, and "all" when 'count' frames are delivered.
 */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "vmport/vmport.h"
#include "../unit/vmport_testing.h"

#define BURST 64

static struct {
	unsigned mtu, length, seconds;
	unsigned long count;
	bool echo, sleep, direct;
} wish = { .mtu = 1500, .length = 60, .seconds = 60 };

static struct {
	unsigned long delivered, received, discarded, sleeps;
	double first, last;   /* seconds: of traffic */
} seen;

static atomic_bool ended;

static void on_signal(int number)
{
	(void)number;
	atomic_store(&ended, true);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void line(const char *text)
{
	puts(text);
	fflush(stdout);
}

static bool wishes_read(int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "echo"))
			wish.echo = true;
		else if (!strcmp(argv[i], "sleep"))
			wish.sleep = true;
		else if (!strcmp(argv[i], "direct"))
			wish.direct = true;
		else if (sscanf(argv[i], "mtu=%u", &wish.mtu) != 1 &&
			 sscanf(argv[i], "length=%u", &wish.length) != 1 &&
			 sscanf(argv[i], "count=%lu", &wish.count) != 1 &&
			 sscanf(argv[i], "seconds=%u", &wish.seconds) != 1)
			return false;
	}
	return argc >= 2;
}

static bool worker_deliver(struct vmport *port, struct rte_mbuf **frames)
{
	unsigned long left = wish.count - seen.delivered;
	uint16_t done;

	if (!left)
		return false;
	done = vmport_deliver(port, frames, (uint16_t)RTE_MIN(left, (unsigned long)BURST));
	seen.delivered += done;
	if (seen.delivered == wish.count)
		line("all");
	return done;
}

static bool worker_receive(struct vmport *port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t got = vmport_receive(port, pkts, BURST), back;

	if (!got)
		return false;
	seen.received += got;
	if (wish.echo) {
		back = vmport_deliver(port, pkts, got);
		seen.delivered += back;
		seen.discarded += got - back;
	}
	rte_pktmbuf_free_bulk(pkts, got);
	return true;
}

static void worker_sleep(struct vmport *port)
{
	struct pollfd poll_fd = { .fd = vmport_descriptor(port), .events = POLLIN };

	if (!vmport_arm(port, true)) {
		seen.sleeps++;
		poll(&poll_fd, 1, 200);
	}
	vmport_arm(port, false);
}

static void worker_run(struct vmport *port, struct rte_mbuf **frames)
{
	double end = now() + wish.seconds;
	bool up = false;

	for (unsigned long round = 0; !atomic_load_explicit(&ended, memory_order_relaxed); round++) {
		bool sent = worker_deliver(port, frames);
		bool busy = worker_receive(port) || sent;

		if (busy && ((round & 15) == 0 || wish.sleep))
			seen.last = now();
		if (busy && !seen.first)
			seen.first = now();
		if (!busy && wish.sleep)
			worker_sleep(port);
		if ((round & 1023) == 0 || wish.sleep) {
			if (vmport_is_up(port) != up) {
				up = !up;
				line(up ? "up" : "down");
			}
			if (now() > end)
				break;
		}
	}
}

int main(int argc, char **argv)
{
	struct rte_mbuf *frames[BURST];
	struct vmport_config config = { .name = "driver" };
	struct error err = { "" };
	struct vmport *port;
	struct rte_mempool *pool;

	if (!wishes_read(argc, argv)) {
		fprintf(stderr, "usage: vmport_driver SPEC [mtu=N] [length=N] [count=N] "
			"[seconds=N] [echo] [sleep] [direct]\n");
		return 2;
	}
	signal(SIGTERM, on_signal);
	if (testing_dpdk_start("error"))
		return 1;
	pool = testing_pool("frames", 4095, (uint16_t)RTE_MAX(2048u, wish.mtu + 18));
	config.spec = argv[1];
	config.mtu = (uint16_t)wish.mtu;
	config.pool = pool;
	config.direct = wish.direct;
	if (!pool || vmport_open(&port, &config, &err)) {
		fprintf(stderr, "vmport_driver: %s\n", pool ? err.text : "no memory");
		return 1;
	}
	for (unsigned i = 0; i < BURST; i++)
		frames[i] = testing_frame(pool, (uint16_t)wish.length, (uint8_t)i);
	worker_run(port, frames);
	printf("delivered=%lu received=%lu bad=%lu refused=%lu discarded=%lu sleeps=%lu",
	       seen.delivered, seen.received, (unsigned long)vmport_bad(port),
	       (unsigned long)vmport_refused(port), seen.discarded, seen.sleeps);
	printf(" mpps=%.2f", seen.last > seen.first ? (double)(seen.delivered + seen.received) /
	       (seen.last - seen.first) / 1e6 : 0.0);
	vmport_close(port);
	rte_pktmbuf_free_bulk(frames, BURST);
	printf(" leaked=%u\n", rte_mempool_in_use_count(pool));
	return 0;
}
