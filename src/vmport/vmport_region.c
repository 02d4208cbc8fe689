/* SPDX-License-Identifier: BSD-2-Clause */
/* A region port, opened and closed: the memory, its layout, its seals. */
#include "vmport/vmport_region.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The region is this many times as large as a frame's buffer: a power of two, as a PCI
 * device's memory must be. 4 MiB for an MTU of 1500. */
#define REGION_BUFFERS 2048u
#define HEADER_BYTES   4096u

_Static_assert(offsetof(struct ovmq_region_header, receive_tail) == 256 &&
	       offsetof(struct ovmq_region_header, return_tail) == 512 &&
	       sizeof(struct ovmq_region_header) == 768, "the layout is a guest's to rely on");

static struct ovmq_region_area area(uint32_t *at, uint32_t bytes)
{
	struct ovmq_region_area a = { *at, bytes };

	*at += RTE_ALIGN_CEIL(bytes, 4096u);
	return a;
}

static void lay_out(struct region_port *p)
{
	uint32_t at = HEADER_BYTES;

	p->stride = rte_align32pow2(RTE_MAX((uint32_t)p->port.max_frame, 2048u));
	p->layout = (struct ovmq_region_header){
		.magic = OVMQ_REGION_MAGIC,
		.version = OVMQ_REGION_VERSION,
		.bytes = (uint64_t)REGION_BUFFERS * p->stride,
		.max_frame = p->port.max_frame,
		.receive_entries = REGION_SLOTS,
		.return_entries = REGION_SLOTS,
		.send_entries = REGION_SENDS,
	};
	p->layout.receive_ring = area(&at, REGION_SLOTS * sizeof(struct ovmq_region_receive));
	p->layout.return_ring = area(&at, REGION_SLOTS * sizeof(struct ovmq_region_return));
	p->layout.send_ring = area(&at, REGION_SENDS * sizeof(struct ovmq_region_send));
	p->layout.sends = area(&at, REGION_SENDS * p->stride);
	p->layout.copies = area(&at, REGION_COPIES * p->stride);
	p->layout.memory = area(&at, (uint32_t)p->layout.bytes - at);
}

/* The seals keep a guest from making the file shorter under our feet: a page of ours
 * that is gone would kill us (SIGBUS). */
static int map(struct region_port *p, struct error *err)
{
	const struct vmport *port = &p->port;
	int ret;

	p->memory = memfd_create("openvmq-region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (p->memory < 0)
		return error_set(err, errno, VMPORT_WHO "no shared memory: %s", port->name,
				 port->spec, strerror(errno));
	if (ftruncate(p->memory, (off_t)p->layout.bytes) ||
	    fcntl(p->memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto fail;
	p->base = mmap(NULL, p->layout.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, p->memory, 0);
	if (p->base == MAP_FAILED)
		goto fail;
	p->header = (struct ovmq_region_header *)p->base;
	return 0;

fail:
	ret = error_set(err, errno, VMPORT_WHO "no shared memory of %zu bytes: %s", port->name,
			port->spec, (size_t)p->layout.bytes, strerror(errno));
	close(p->memory);
	return ret;
}

static int region_open(struct vmport *port, const char *argument,
		       const struct vmport_config *config, struct error *err)
{
	struct region_port *p = region_of(port);
	int ret;

	(void)config;
	lay_out(p);
	p->guest = -1;
	ret = map(p, err);
	if (ret)
		return ret;
	region_rings_reset(p);
	ret = region_guest_open(p, argument, err);
	if (!ret)
		return 0;
	munmap(p->base, p->layout.bytes);
	close(p->memory);
	return ret;
}

static void region_close(struct vmport *port)
{
	struct region_port *p = region_of(port);

	region_guest_close(p);
	munmap(p->base, p->layout.bytes);
	close(p->memory);
}

static bool region_is_up(const struct vmport *port)
{
	return atomic_load_explicit(&((const struct region_port *)port)->up, memory_order_relaxed);
}

static uint64_t region_faults(const struct vmport *port)
{
	return counter_read(&((const struct region_port *)port)->faults);
}

const struct vmport_kind vmport_region = {
	.size = sizeof(struct region_port),
	.open = region_open,
	.close = region_close,
	.is_up = region_is_up,
	.deliver = region_deliver,
	.receive = region_receive,
	.arm = region_arm,
	.memory_take = region_memory_take,
	.memory_give = region_memory_give,
	.can_lend = region_can_lend,
	.lend = region_lend,
	.reclaim = region_reclaim,
	.faults = region_faults,
};
