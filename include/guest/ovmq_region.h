/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies in a VM port's region of shared memory (port kind 'region:PATH').
 *
 * The host makes the region and hands it to one client at a time on the Unix socket
 * PATH, in the server's half of QEMU's ivshmem protocol: 8-byte little-endian numbers,
 * some with a file descriptor beside them:
 *
 *   0                  the protocol's version
 *   1                  the client's id
 *   -1, descriptor     the region
 *   0, descriptor      an eventfd: the client adds 1 to wake the host (peer 0, vector 0)
 *   1, descriptor      an eventfd: the host adds 1 to wake the client (vector 0)
 *
 * The client is the guest, or a QEMU whose guest maps the region
 * (-chardev socket,path=PATH,id=c -device ivshmem-doorbell,vectors=1,chardev=c).
 * Closing the connection ends the guest; the next client finds the rings empty.
 *
 * All numbers are little-endian. Offsets are in bytes from the region's begin. Ring
 * positions count entries since the connection, and wrap at 2^32; the entry of a
 * position is the one of that number modulo the ring's size, a power of two.
 *
 *   receive ring  host to guest: here is a frame, of that length at that offset
 *   return ring   guest to host: that frame's buffer is the host's again
 *   send ring     guest to host: send that frame, of that length at that offset
 *
 * A writer fills entries, then moves its tail with release order; a reader reads the
 * tail with acquire order, then entries. The host trusts nothing that the guest writes:
 * it reads each value once and checks it. What it cannot use it counts and ignores. Which
 * buffers are out, the host knows by itself; there are never more of them than the
 * receive and the return ring have entries.
 *
 * Sleep: who is about to sleep sets its 'sleeps' to 1 with sequential consistency and
 * looks at the rings once more; who has moved a tail looks at the other's 'sleeps' after
 * a full barrier and, when it is set, adds 1 to the other's eventfd.
 */
#ifndef OVMQ_REGION_H
#define OVMQ_REGION_H

#include <stdint.h>

#define OVMQ_REGION_MAGIC   0x514d564fu   /* "OVMQ" in memory */
#define OVMQ_REGION_VERSION 1u

/* Where an area lies, and how large it is. */
struct ovmq_region_area {
	uint32_t offset, bytes;
};

struct ovmq_region_header {
	/* The host writes these before the guest gets the region. */
	uint32_t magic, version;
	uint64_t bytes;                      /* of the region: a power of two */
	uint32_t max_frame;                  /* bytes of the longest frame, either way */
	uint32_t receive_entries, return_entries, send_entries;
	struct ovmq_region_area receive_ring, return_ring, send_ring;
	struct ovmq_region_area sends;       /* the guest's: where frames that it sends lie */
	struct ovmq_region_area copies;      /* buffers that the host copies frames into */
	struct ovmq_region_area memory;      /* buffers that the adapter receives into */
	uint8_t unused0[256 - 80];

	/* The host writes, at offset 256. */
	uint32_t receive_tail;
	uint32_t return_head;                /* returns up to here are done with */
	uint32_t send_head;                  /* sends up to here are done with */
	uint32_t host_sleeps;
	/* Moves on when the host takes back, unasked, every buffer of 'memory' that is out:
	 * entries of an older generation there are no frames any more. */
	uint32_t generation;
	uint8_t unused1[256 - 20];

	/* The guest writes, at offset 512. */
	uint32_t return_tail;
	uint32_t send_tail;
	uint32_t guest_sleeps;
	uint8_t unused2[256 - 12];
};

struct ovmq_region_receive {
	uint32_t offset, length;
	uint32_t id;                         /* to be given back with the buffer */
	uint32_t generation;
};

struct ovmq_region_return {
	uint32_t id, generation;             /* of the receive entry */
};

struct ovmq_region_send {
	uint32_t offset, length;             /* wholly within 'sends' */
};

#endif
