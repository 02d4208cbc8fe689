/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a frame takes that comes after silence, from one network interface to another through
 * a switch whose worker sleeps; and, by turns with it, how long this machine takes to wake a
 * thread on that worker's CPU at all, which no switch that sleeps can beat.
 *
 *   first_frame GAP_MS COUNT [OUT IN SOURCE DESTINATION]
 *
 * Without interfaces the latter alone. Prints one JSON object, medians in nanoseconds. The program
 * waits on the last CPU that it may use, and its sleeper sleeps on the first, which is worker 0's.
 */
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <arpa/inet.h>

#include "base/clock.h"

#define LENGTH     60
#define PATIENCE   1000000000u   /* a frame that takes longer is lost */
#define MOST       10000

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "first_frame: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void pin(int first)
{
	cpu_set_t may, one;
	int chosen = -1;

	if (sched_getaffinity(0, sizeof(may), &may))
		fail("affinity");
	for (int cpu = 0; cpu < CPU_SETSIZE && !(first && chosen >= 0); cpu++)
		if (CPU_ISSET(cpu, &may))
			chosen = cpu;
	CPU_ZERO(&one);
	CPU_SET(chosen, &one);
	if (pthread_setaffinity_np(pthread_self(), sizeof(one), &one))
		fail("affinity");
}

/* ---- the floor: a thread that sleeps as a worker does ---- */

static int bell;
static atomic_uint awake;

static void *sleeper(void *arg)
{
	struct epoll_event e = { .events = EPOLLIN };
	int set = epoll_create1(0);
	uint64_t count;

	pin(1);
	if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, bell, &e))
		fail("epoll");
	for (;;)
		if (epoll_wait(set, &e, 1, -1) == 1 && read(bell, &count, sizeof(count)) > 0)
			atomic_fetch_add(&awake, 1);
	return arg;
}

static uint64_t wake_once(void)
{
	unsigned before = atomic_load(&awake);
	uint64_t one = 1, began = clock_ns();

	if (write(bell, &one, sizeof(one)) < 0)
		fail("eventfd");
	while (atomic_load(&awake) == before)
		;
	return clock_ns() - began;
}

/* ---- the frame ---- */

static int socket_on(const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		fail(name);
	return fd;
}

static void parse(uint8_t to[6], const char *mac)
{
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &to[0], &to[1], &to[2], &to[3], &to[4],
		   &to[5]) != 6)
		fail(mac);
}

/* Nanoseconds until it is there; 0: it was lost. */
static uint64_t send_once(int out, int in, uint8_t *frame, uint32_t number)
{
	uint8_t got[2048];
	uint64_t began;

	memcpy(frame + 14, &number, sizeof(number));
	while (recv(in, got, sizeof(got), 0) >= 0)
		;
	began = clock_ns();
	if (send(out, frame, LENGTH, 0) != LENGTH)
		fail("send");
	while (clock_ns() - began < PATIENCE)
		if (recv(in, got, sizeof(got), 0) >= LENGTH && !memcmp(got, frame, 14 + sizeof(number)))
			return clock_ns() - began;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void start_sleeper(void)
{
	pthread_t thread;

	bell = eventfd(0, 0);
	if (bell < 0 || pthread_create(&thread, NULL, sleeper, NULL))
		fail("thread");
}

int main(int argc, char **argv)
{
	static uint64_t floor[MOST], first[MOST];
	unsigned gap, count, n = 0, lost = 0;
	uint8_t frame[LENGTH] = { [12] = 0x88, [13] = 0xb5 };   /* for experiments */
	int out = -1, in = -1;

	if (argc != 3 && argc != 7)
		return 2;
	gap = (unsigned)atoi(argv[1]) * 1000;
	count = (unsigned)atoi(argv[2]);
	if (argc == 7) {
		out = socket_on(argv[3]);
		in = socket_on(argv[4]);
		parse(frame + 6, argv[5]);
		parse(frame, argv[6]);
	}
	start_sleeper();
	pin(0);
	for (unsigned i = 0; i < count && n < MOST; i++) {
		usleep(gap);
		floor[n] = wake_once();
		if (out >= 0) {
			usleep(gap);
			first[n] = send_once(out, in, frame, i);
			lost += !first[n];
		}
		if (out < 0 || first[n])
			n++;
	}
	qsort(floor, n, sizeof(floor[0]), ascending);
	qsort(first, n, sizeof(first[0]), ascending);
	printf("{\"floor_ns\": %llu, \"first_ns\": %llu, \"p90_ns\": %llu, \"frames\": %u, "
	       "\"lost\": %u}\n",
	       (unsigned long long)floor[n / 2], (unsigned long long)first[n / 2],
	       (unsigned long long)first[n * 9 / 10], n, lost);
	return 0;
}
