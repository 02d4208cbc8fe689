/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this machine asks of any program that does to its memory what the data path does, and nothing
 * else: a bound for what many queues and many workers can give.
 *
 *   ninja -C BUILD bench/memory_bench && BUILD/bench/memory_bench
 *
 * Frames in flight: each frame is written where the NIC puts it (its header and its bytes: two lines),
 * read there and written into a buffer of its queue (eight lines), and three of those are read when
 * it comes home. What so many frames at once need lies in a cache, or it does not.
 *
 * Frames that change hands: two threads, a CPU each. Each writes the two lines of each of its
 * frames; of every other one the other thread reads them, and gives the frame back; or it reads a
 * copy of one line, and the frame stays. No check, no NBL. Lines are asked for a burst ahead.
 *
 * All run in turns; medians.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prefetch.h"
#include "base/spsc.h"
#include "bench/control/median.h"

#define LINE    64u
#define BURST   16u
#define TURNS   31u

static uint64_t sum;   /* of all that is read, so that it is */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *memory(size_t bytes)
{
	void *m = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);

	if (!m)
		abort();
	memset(m, 0, bytes);
	return m;
}

static void lines_write(uint8_t *at, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		*(volatile uint64_t *)(at + i * LINE) = i;
}

static uint64_t lines_read(const uint8_t *at, unsigned n)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < n; i++)
		all += *(const volatile uint64_t *)(at + i * LINE);
	return all;
}

/* ---- frames in flight ---- */

#define NIC_LINES   2u
#define OWN_LINES   8u
#define HOME_LINES  3u
#define FLIGHT_MAX  4096u
#define FLIGHT_ALL  65536u   /* frames in one turn */
#define OWN_STRIDE  2560u    /* a buffer for a frame of 1,514 bytes, with what describes it */

static uint8_t *nic, *own;

static double flight_turn(unsigned n)
{
	uint64_t start = now_ns();

	for (unsigned done = 0; done < FLIGHT_ALL; done += n) {
		for (unsigned i = 0; i < n; i++)
			lines_write(nic + i * OWN_STRIDE, NIC_LINES);
		for (unsigned i = 0; i < n; i++) {
			sum += lines_read(nic + i * OWN_STRIDE, NIC_LINES);
			lines_write(own + i * OWN_STRIDE, OWN_LINES);
		}
		for (unsigned i = 0; i < n; i++)
			sum += lines_read(own + i * OWN_STRIDE, HOME_LINES);
	}
	return (double)(now_ns() - start) / FLIGHT_ALL;
}

static void flight(void)
{
	static const unsigned sizes[] = { 16, 32, 256, 1024, 4096 };
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };
	static double ns[N][TURNS];

	nic = memory(FLIGHT_MAX * OWN_STRIDE);
	own = memory(FLIGHT_MAX * OWN_STRIDE);
	for (unsigned t = 0; t < TURNS; t++)
		for (unsigned s = 0; s < N; s++)
			ns[s][t] = flight_turn(sizes[s]);
	printf("Frames in flight        ns a frame\n");
	for (unsigned s = 0; s < N; s++)
		printf("%16u %16.1f\n", sizes[s], median(ns[s], TURNS));
	free(nic);
	free(own);
}

/* ---- frames that change hands ---- */

#define FRAMES     512u          /* of each thread */
#define HANDED     400000u       /* frames of each thread in one turn */
#define COPIES     1024u         /* as many as the ring has room for */

enum crossing { NONE, FRAMES_CROSS, COPIES_CROSS, CROSSINGS };

struct side {
	_Alignas(LINE) struct spsc *in, *back;   /* others' frames, own ones that were there */
	struct side *other;
	uint8_t *memory, *copies;                /* of others' frames */
	uint8_t *free[FRAMES];
	unsigned n_free;
	uint64_t read;
};

static struct side sides[2];
static atomic_uint ready, done;
static enum crossing crossing;

static void fetch(uint8_t *const *frames, unsigned n, unsigned lines)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned l = 0; l < lines; l++)
			__builtin_prefetch(frames[i] + l * LINE);
}

/* What the other thread gave: it is read and goes back. 'held' were fetched the last time. */
static unsigned take(struct side *s, uint8_t **held, unsigned n_held)
{
	unsigned lines = crossing == COPIES_CROSS ? 1 : NIC_LINES, n;

	for (unsigned i = 0; i < n_held; i++)
		s->read += lines_read(held[i], lines);
	spsc_release(s->in, n_held);
	for (unsigned back = crossing == COPIES_CROSS ? n_held : 0; back < n_held;)
		back += spsc_push(s->other->back, (void **)held + back, n_held - back);
	n = spsc_peek(s->in, (void **)held, BURST);
	fetch(held, n, lines);
	return n;
}

static uint8_t *copy_of(struct side *s, unsigned i)
{
	return s->other->copies + (spsc_next(s->other->in) + i) % COPIES * LINE;
}

static void give(struct side *s)
{
	void *away[BURST];
	uint8_t *home[BURST];
	unsigned n = 0, n_home = 0;

	for (unsigned i = 0; i < BURST; i++) {
		uint8_t *frame = s->free[--s->n_free];

		lines_write(frame, NIC_LINES);
		if (crossing == FRAMES_CROSS && i % 2) {
			away[n++] = frame;
			continue;
		}
		s->read += lines_read(frame, NIC_LINES);
		if (crossing == COPIES_CROSS && i % 2) {
			memcpy(copy_of(s, n), frame + LINE, LINE);
			away[n] = copy_of(s, n);
			n++;
		}
		home[n_home++] = frame;
	}
	memcpy(s->free + s->n_free, home, n_home * sizeof(*home));
	s->n_free += n_home;
	spsc_push(s->other->in, away, n);   /* it has room for all frames that there are, and for
					     * copies it was looked whether it has */
	for (unsigned i = 0; crossing == COPIES_CROSS && i < BURST / 2; i++)
		prefetch_write(copy_of(s, i));
}

static void *side_run(void *arg)
{
	struct side *s = arg;
	uint8_t *held[BURST];
	unsigned n_held = 0;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(s == &sides[0] ? 0 : 1, &cpu);
	pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu);
	atomic_fetch_add(&ready, 1);
	while (atomic_load(&ready) < 2)
		;
	for (unsigned sent = 0; sent < HANDED;) {
		n_held = take(s, held, n_held);
		s->n_free += spsc_pop(s->back, (void **)s->free + s->n_free, FRAMES - s->n_free);
		if (s->n_free < 2 * BURST || spsc_room(s->other->in) < BURST)
			continue;
		for (unsigned i = 1; i <= BURST; i++) {
			prefetch_write(s->free[s->n_free - i]);
			prefetch_write(s->free[s->n_free - i] + LINE);
		}
		give(s);
		sent += BURST;
	}
	/* The other's frames go back until it has done too. */
	for (atomic_fetch_add(&done, 1); atomic_load(&done) < 2 || n_held;)
		n_held = take(s, held, n_held);
	return NULL;
}

static double hand_turn(enum crossing cross)
{
	pthread_t threads[2];
	uint64_t start;

	crossing = cross;
	atomic_store(&ready, 0);
	atomic_store(&done, 0);
	for (unsigned i = 0; i < 2; i++) {
		struct side *s = &sides[i];

		s->in = spsc_create(1024);
		s->back = spsc_create(1024);
		s->other = &sides[!i];
		s->n_free = FRAMES;
		for (unsigned f = 0; f < FRAMES; f++)
			s->free[f] = s->memory + f * OWN_STRIDE;
	}
	start = now_ns();
	for (unsigned i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, side_run, &sides[i]);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	start = now_ns() - start;
	for (unsigned i = 0; i < 2; i++) {
		spsc_destroy(sides[i].in);
		spsc_destroy(sides[i].back);
	}
	return (double)start / HANDED;
}

static void hands(void)
{
	static const char *const names[CROSSINGS] = { "none crosses", "half cross", "half, by value" };
	static double ns[CROSSINGS][TURNS];
	double none;

	for (unsigned i = 0; i < 2; i++) {
		sides[i].memory = memory(FRAMES * OWN_STRIDE);
		sides[i].copies = memory(COPIES * LINE);
	}
	for (unsigned t = 0; t < TURNS; t++)
		for (enum crossing c = NONE; c < CROSSINGS; c++)
			ns[c][t] = hand_turn(c);
	none = median(ns[NONE], TURNS);
	printf("\nFrames of two CPUs      ns a frame and CPU    one that crosses\n");
	for (enum crossing c = NONE; c < CROSSINGS; c++) {
		printf("%16s %16.1f", names[c], median(ns[c], TURNS));
		if (c != NONE)
			printf(" %19.1f", 2 * (median(ns[c], TURNS) - none));
		putchar('\n');
	}
	for (unsigned i = 0; i < 2; i++) {
		free(sides[i].memory);
		free(sides[i].copies);
	}
}

int main(void)
{
	flight();
	hands();
	return sum == 1;   /* never: it is even */
}
