/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's port: frames to the VM and frames from it, whatever the VM is.
 *
 * Kinds, as the configuration names them:
 *   vhost-user:PATH          a guest's virtio NIC; we listen on PATH
 *   vhost-user-client:PATH   the same; the guest listens, we connect (and again
 *                            whenever it goes away)
 *   tap:NAME                 a tap device that the host's kernel sees
 *   pcap:FILE                what the VM receives is written to FILE (pcapng);
 *                            what it sends is read from 'sends', a capture
 *   region:PATH              memory that we share with the guest, handed to it on the
 *                            socket PATH (include/guest/ovmq_region.h)
 *   null:                    takes every frame at once and sends none; for measurements
 *
 * Guest memory is hostile until checked; nothing here trusts a length it has
 * not bounded. Threads: open and close on the control thread; all else, unless
 * it says "any thread", on the one worker that owns the port.
 */
#ifndef VMPORT_VMPORT_H
#define VMPORT_VMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/error.h"

struct vmport;

struct vmport_config {
	const char *name;            /* the VM's; not NULL */
	const char *spec;            /* "KIND:ARGUMENT"; not NULL */
	const char *sends;           /* pcap: what the VM sends; NULL: nothing */
	uint16_t mtu;                /* 68 .. 9600 */
	struct rte_mempool *pool;    /* frame pool for what the VM sends; a buffer must
				      * hold mtu + 18 bytes after the headroom */
	bool offload;                /* vhost-user: the guest may leave checksums and segments
				      * to others, and take such frames; other kinds: no meaning */
	bool direct;                 /* vhost-user: the guest's rings are served by ourselves, not
				      * by librte_vhost; other kinds: no meaning */
};

/*
 * Offloads. A frame that somebody else is to finish says so in its mbuf, as for a NIC:
 *
 *   RTE_MBUF_F_TX_TCP_CKSUM or RTE_MBUF_F_TX_UDP_CKSUM: the field holds the sum of the
 *     pseudo-header, and the rest of the checksum is missing;
 *   RTE_MBUF_F_TX_TCP_SEG, with TCP_CKSUM: TCP of up to 64 KiB, a chain of mbufs, to be
 *     cut into segments of 'tso_segsz' bytes of payload;
 *   and with either IPV4 or IPV6 and l2_len, l3_len, l4_len. All headers lie in the first
 *     mbuf.
 *
 * All other frames are plain. Of a guest's frame all of this is checked: lengths are
 * within the frame, and the segments within the MTU.
 */
#define VMPORT_UNFINISHED (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG)

enum vmport_offload {
	VMPORT_CHECKSUM = 1,
	VMPORT_TSO4 = 2,
	VMPORT_TSO6 = 4,
};

/*
 * Opens the port; '*port' is NULL when it fails. The text in 'err' is one line
 * that names the VM and the port and says what to do.
 *
 * -EINVAL      no such kind, no argument, a path or name too long, 'sends' on a
 *              port that is no capture, an MTU out of range, a pool too small,
 *              a device that is no tap, a capture that is none
 * -EADDRINUSE  somebody serves that socket or holds that tap device
 * -EEXIST      something that is no socket lies at that path
 * -EPERM       a privilege is missing; -ENOENT: a file or directory is
 * -ENOMEM, -ENODEV (the kernel has no tap devices), or another system error
 */
int vmport_open(struct vmport **port, const struct vmport_config *config, struct error *err);

/* Accepts NULL; flushes captures, removes a socket we listened on. The worker
 * must not be using the port any more. */
void vmport_close(struct vmport *port);

/* Whether a VM is there to take frames. Any thread; a snapshot. A tap is asked
 * by a system call: not per frame. */
bool vmport_is_up(const struct vmport *port);

/* Which unfinished frames the VM takes (enum vmport_offload); it may change whenever a
 * guest comes or goes, and is 0 while none is there. Any thread; a snapshot. */
unsigned vmport_offloads(const struct vmport *port);

/*
 * Hands up to 'n' frames (plain, each one segment; or as vmport_offloads() says) to
 * the VM and returns how many it took, a prefix: fewer when its ring is full, 0 when it is down. The bytes are
 * copied; the mbufs stay the caller's.
 */
uint16_t vmport_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);

/* ---- memory that the guest shares with us for as long as the port lives ---- */

/* Whether the port has such memory; the calls below are for those that have. */
bool vmport_has_memory(const struct vmport *port);

/*
 * Takes 'length' bytes of it, page aligned, for an adapter to receive into: the guest
 * sees and may change all that is ever written there. 0; -ENOMEM: not that much in one
 * piece is left. Give back what was taken, before the port closes. Control; one
 * call at a time.
 */
int vmport_memory_take(struct vmport *port, size_t length, void **address);
void vmport_memory_give(struct vmport *port, void *address);

/* Whether the bytes of 'm' lie in memory that was taken from this port. */
bool vmport_can_lend(const struct vmport *port, const struct rte_mbuf *m);

/* As vmport_deliver(), without a copy, frames of which vmport_can_lend() is true: those
 * that it took are the VM's until vmport_reclaim() hands them out. */
uint16_t vmport_lend(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);

/* Up to 'n' of the frames that were lent and came back: the VM gave them back, or it is
 * gone. 'all': every one comes back, whether or not the VM gave it; call until 0. */
uint16_t vmport_reclaim(struct vmport *port, struct rte_mbuf **pkts, uint16_t n, bool all);

/* How often the guest wrote what makes no sense and was ignored: a frame given back that
 * was not out, a ring's position beyond its end, a chain of descriptors that is none. Since
 * open; any thread. */
uint64_t vmport_faults(const struct vmport *port);

/* ---- from the VM ---- */

/* Up to 'n' frames that the VM sent, from the port's pool, plain ones of one segment and
 * 14 .. mtu + 18 bytes, or unfinished ones; the caller owns them. Fewer than 'n' does not mean that
 * no more are waiting. */
uint16_t vmport_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);

/* ---- from one VM to another, in one copy ---- */

#define VMPORT_HEAD 64u

/* The beginning of a frame that the VM sent, copied: the VM cannot change it any more. */
struct vmport_head {
	uint8_t bytes[VMPORT_HEAD];
	uint16_t length;             /* of the frame; of 'bytes' there are no more than that */
};

/* Whether frames of 'from' may go to 'to' by vmport_pass(). They are not the same. */
bool vmport_passes(const struct vmport *from, const struct vmport *to);

/* The heads of up to 'n' frames that vmport_receive() would give next, as far as they are plain
 * and 'to' has room for them. They still wait. '*full': it has no more room than that. Of ports
 * that vmport_passes() allows; both are this worker's. */
uint16_t vmport_look(struct vmport *from, struct vmport *to, struct vmport_head *heads, uint16_t n,
		     bool *full);

/*
 * Hands the first 'n' of the frames that the last call for 'from', vmport_look(), showed to the
 * VM at 'to', without a stop in our memory: as vmport_receive() and vmport_deliver() would.
 * Returns how many went, a prefix; the others still wait.
 */
uint16_t vmport_pass(struct vmport *from, struct vmport *to, const struct vmport_head *heads,
		     uint16_t n);

/* Frames that the VM sent and that vmport_receive() did not hand out because
 * they were shorter or longer than that, or cut off in the capture: BAD_FRAME in
 * the ledger, and to be added to the frames handed to the switch. Since open;
 * any thread. */
uint64_t vmport_bad(const struct vmport *port);

/* Frames that vmport_deliver() counted as taken though the VM can never take
 * them: larger than the buffers of a guest that cannot join buffers, or refused
 * for their form. They are no deliveries; left alone, such a frame would
 * stand before all others for ever. Since open; any thread. */
uint64_t vmport_refused(const struct vmport *port);

/* A descriptor that stays the same for the port's life and becomes readable when
 * the VM has sent something or made room, or comes or goes. The caller never
 * reads it: only poll, epoll or select. -1: cannot signal (no kind at present). */
int vmport_descriptor(const struct vmport *port);

/*
 * As nic_rx_arm(): true asks for a signal on the descriptor before the worker
 * sleeps, false wants none from now on. Room is signalled when the last
 * vmport_deliver() took less than it was given.
 *
 * Returns true when frames may be waiting already, or the VM came or went since
 * the last call: then receive and deliver once more, and do not sleep.
 */
bool vmport_arm(struct vmport *port, bool sleep);

/* Whether everything the VM will ever send has been received: only a capture
 * can say so. A port without 'sends', or a live one, answers true. Any thread. */
bool vmport_sent_all(const struct vmport *port);

#endif
