/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends with offloads to do, of frames that a reference built (tests/unit/offload_testing.h),
 * in MDLs of any size; above the sender. */
#ifndef CONTRACT_LARGE_H
#define CONTRACT_LARGE_H

#include "sender.h"

#include "../unit/offload_testing.h"

#define LARGE_MDLS 1024

struct large {
	struct packet *packet;               /* its NBL */
	struct build build;
	struct built at;
	uint8_t *bytes, *before;             /* what is sent; and a copy */
	MDL mdls[LARGE_MDLS];
};

/* What is asked of it, for large_send(). */
#define LARGE_IP  1
#define LARGE_TCP 2
#define LARGE_UDP 4
#define LARGE_V4  8
#define LARGE_V6  16

/* A new frame of 'build' for the default queue, as a transport leaves it; the data lie in MDLs
 * of 'piece' bytes. It is freed by large_free_all(). */
struct large *large_new(const struct build *build, unsigned piece);
/* With a large send's pseudo-header, and, for V2 ('v2'), without the IP header's length. */
struct large *large_new_segments(const struct build *build, unsigned piece, bool v2);
/* The same bytes as they are. */
struct large *large_new_bytes(const uint8_t *bytes, unsigned length, unsigned piece);
void large_free_all(void);

/* Fills the OOB: checksums of LARGE_..; a large send. */
void large_ask_sums(struct large *l, unsigned what);
void large_ask_segments(struct large *l, unsigned mss, bool v2);

/* The checksums that a frame of 'b' has, as large_ask_sums() wants them. */
unsigned large_sums_of(const struct build *b);

/* A TCP segment of that IP version. */
struct build large_tcp(unsigned version, unsigned payload);

/* Sends 'n' (1 .. 64) in one chain and waits for their ends; no byte of the sender's has
 * changed. */
void large_send_all(struct large **l, unsigned n);
/* The same of one; its status. */
NDIS_STATUS large_send_one(struct large *l);

/* After a test: the sender's teardown, and nothing is left of what it sent. */
int large_teardown(void **state);

/* Whether the sender's bytes are as they were (A22, P3). */
bool large_is_unchanged(const struct large *l);

/* Closes the stack: frame 'index' of what left is the 'n' bytes 'expected', but for padding. */
void large_left(unsigned index, const uint8_t *expected, unsigned n);

#endif
