/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets of DPDK's AF_PACKET and AF_XDP drivers. They hide them, but they
 * are among the descriptors of this process: those of that kind which a call of
 * the driver opened are its sockets. Control thread, while no other thread
 * opens sockets of that kind.
 */
#ifndef NIC_NIC_DESCRIPTOR_H
#define NIC_NIC_DESCRIPTOR_H

#include <stdint.h>

#define DESCRIPTOR_MAX 64   /* sockets of one kind that are told apart */

struct descriptors {
	int domain;          /* AF_PACKET or AF_XDP */
	unsigned count;
	int fd[DESCRIPTOR_MAX];
};

/* The process's sockets of 'domain', in ascending order. */
void descriptors_list(struct descriptors *list, int domain);

/* Those that are open now and are not in 'before', in ascending order, which is
 * the order of the queues: the kernel gives the lowest number that is free. */
void descriptors_opened(struct descriptors *opened, const struct descriptors *before);

/* Closes those that are still open, for a library that forgets to. */
void descriptors_close(const struct descriptors *list);

/*
 * Makes an AF_PACKET socket refuse what is no whole frame from the wire: what
 * this host sends by the interface itself, and what is longer than 'longest'
 * bytes, which the driver would cut. 0, or a negative errno.
 */
int descriptor_only_received(int fd, uint32_t longest);

/* Frames an AF_PACKET socket dropped since this was last asked. */
uint64_t descriptor_packet_drops(int fd);

#endif
