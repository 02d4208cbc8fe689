/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the contract tests stand on: DPDK, processors and workers, numbered frames,
 * captures, and work done as a processor.
 */
#ifndef CONTRACT_GROUND_H
#define CONTRACT_GROUND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include <ndis.h>
#include <ovmq.h>

#define GROUND_PROCESSORS 4
#define GROUND_WORKERS    2
#define GROUND_PATIENCE   10000   /* milliseconds until a wait has failed */
#define UNTAGGED          (-1)    /* for the tags below, where no tag is meant */
#define NO_INDEX          UINT32_MAX

/* cmocka group fixture: once in a process. */
int ground_setup(void **state);
int ground_teardown(void **state);

/* The path of a file in the tests' own directory. Four names stay valid. */
const char *ground_path(const char *name);

/* Frames, each with its index behind the header. */
struct ground_frame {
	uint8_t *bytes;
	unsigned length;
};

struct ground_frames {
	struct ground_frame *list;
	unsigned n, room;
};

/* 02:00:00:00:00:'last'. */
void ground_mac(uint8_t mac[6], unsigned last);

/* Appends a frame to 'to' of 'length' bytes in all, with an 802.1Q tag of that TCI or
 * UNTAGGED; returns its index. One too short for its header is any bytes. */
unsigned ground_frame_add(struct ground_frames *f, const uint8_t to[6], int tci, unsigned length);
/* Appends bytes as they are. */
unsigned ground_bytes_add(struct ground_frames *f, const void *bytes, unsigned length);
void ground_frames_free(struct ground_frames *f);

/* The index that a frame carries; NO_INDEX when it has no room for one. */
uint32_t ground_index(const uint8_t *bytes, unsigned length);

void ground_capture_write(const char *path, const struct ground_frames *f);
void ground_capture_read(const char *path, struct ground_frames *f);

/* Calls 'work' as processor 'number', at DISPATCH_LEVEL, and waits for its end. */
void ground_on(unsigned number, void (*work)(void *arg), void *arg);

/* How many rounds over its sources that processor has begun. Any thread. */
unsigned ground_rounds(unsigned number);

/* Waits until every processor has been through all its sources once more, so that what one
 * had begun before is done. Not on a processor. */
void ground_pass(void);

/* Milliseconds of a clock that only goes forward. */
uint64_t ground_now(void);

/* Milliseconds in which this machine ran with all its CPUs, to some 10: for what must end in time. A
 * virtual machine, or one CPU of it, may stand still for seconds, which is nobody's fault here. */
uint64_t ground_ran(void);

/* Waits until the condition holds; fails the test when it never does. */
#define ground_until(condition)                                                       \
	do {                                                                          \
		uint64_t ground_end = ground_ran() + GROUND_PATIENCE;                 \
		while (!(condition)) {                                                \
			if (ground_ran() > ground_end)                                \
				fail_msg("this never came true: %s", #condition);     \
			usleep(100);                                                  \
		}                                                                     \
	} while (0)

/* Gives what should not happen the time to happen. */
#define ground_settle() usleep(20000)

#endif
