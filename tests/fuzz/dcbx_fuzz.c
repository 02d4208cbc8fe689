/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as frames of DCBX peers, each behind its length of two bytes. Of every input:
 *  - nothing behind a frame's end is read;
 *  - what a good frame says, said in a frame of ours, reads the same;
 *  - there are never more peers than there is room for, and none when their time is over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/big_endian.h"
#include "miniport/dcbx.h"

#define NS_OF_A_DAY 86400000000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NEED(true_when)                                                        \
	do {                                                                   \
		if (!(true_when)) {                                            \
			fprintf(stderr, "dcbx_fuzz: not so: %s\n", #true_when); \
			abort();                                               \
		}                                                              \
	} while (0)

static void say_again(const struct dcbx_frame *f)
{
	uint8_t bytes[DCBX_FRAME_MAX];
	struct dcbx_frame again;
	unsigned length = dcbx_build(bytes, f->source, f->ttl, &f->info);

	NEED(length <= DCBX_FRAME_MAX);
	NEED(dcbx_parse(bytes, length, &again) == DCBX_GOOD);
	NEED(again.ttl == f->ttl && !memcmp(again.source, f->source, sizeof(f->source)));
	NEED(!memcmp(&again.info, &f->info, sizeof(f->info)));
}

/* In memory of its own size, behind which nothing may be looked at. */
static void hear(const uint8_t *from, unsigned length, struct dcbx_peers *peers, uint64_t now)
{
	uint8_t *frame = malloc(length ? length : 1);
	enum dcbx_kind kind;
	struct dcbx_frame f;

	NEED(frame);
	memcpy(frame, from, length);
	kind = dcbx_parse(frame, length, &f);
	free(frame);
	if (kind == DCBX_GOOD)
		say_again(&f);
	if (kind == DCBX_GOOD || kind == DCBX_PLAIN)
		dcbx_peers_hear(peers, &f, kind == DCBX_GOOD, now);
	NEED(peers->n <= DCBX_PEERS);
	NEED((dcbx_peers_only(peers) != NULL) == (peers->n == 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dcbx_peers peers = { 0 };
	uint64_t now = 1;

	while (size >= 2) {
		unsigned length = big16_read(data);

		data += 2;
		size -= 2;
		length = length < size ? length : (unsigned)size;
		hear(data, length, &peers, now++);
		data += length;
		size -= length;
	}
	dcbx_peers_expire(&peers, now + NS_OF_A_DAY);
	NEED(!peers.n);
	return 0;
}
