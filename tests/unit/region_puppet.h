/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another process that plays the guest of a region port, and does what a test says: what
 * a good guest does, and anything that a bad one could do to its memory. Each call
 * returns when the process has done it; all fail the program when it is gone.
 */
#ifndef TESTS_REGION_PUPPET_H
#define TESTS_REGION_PUPPET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <ovmq_region.h>

struct puppet {
	pid_t pid;
	int commands, answers;
};

struct puppet_frame {
	uint32_t offset, length, id, generation;
	uint8_t bytes[2048];
};

/* Before the program has threads, or from a program whose threads do not matter to it. */
void puppet_start(struct puppet *p);
/* Ends it, as a crash would; accepts one that has ended. */
void puppet_kill(struct puppet *p);

/* Connects; waits for its turn. 0 or a negative errno. */
int puppet_open(struct puppet *p, const char *path);
/* The two halves: the caller does something in between. */
void puppet_open_begin(struct puppet *p, const char *path);
int puppet_open_end(struct puppet *p);
void puppet_close(struct puppet *p);

bool puppet_receive(struct puppet *p, struct puppet_frame *frame);
void puppet_return(struct puppet *p, uint32_t id, uint32_t generation);
int puppet_send(struct puppet *p, const void *bytes, uint32_t length);
/* An entry of the send ring as it is, and the tail moved on. */
void puppet_send_raw(struct puppet *p, uint32_t offset, uint32_t length);

/* Its own mapping. */
void puppet_header(struct puppet *p, struct ovmq_region_header *header);
void puppet_poke(struct puppet *p, uint32_t offset, const void *bytes, uint32_t length);
/* How often those bytes stand in the whole of it, at any offset; and where first. */
unsigned puppet_find(struct puppet *p, const void *bytes, uint32_t length, uint32_t *first);
/* How often one of the 8-byte numbers from 'from' to 'to' stands there, aligned. */
unsigned puppet_find_range(struct puppet *p, uint64_t from, uint64_t to);
/* Changes every byte of [from, from + length) all the time, until told to stop. */
void puppet_flip(struct puppet *p, uint32_t from, uint32_t length);
void puppet_flip_end(struct puppet *p);

/* Tries to make the region's file that long, to add seals; 0 or a negative errno. */
int puppet_truncate(struct puppet *p, uint64_t length);
int puppet_seal(struct puppet *p, int seals);
/* Fills the eventfd that the host writes to, so that one more write would wait. */
void puppet_stuff_interrupt(struct puppet *p);
/* How many times it was woken since the last call. */
uint64_t puppet_interrupts(struct puppet *p);

#endif
