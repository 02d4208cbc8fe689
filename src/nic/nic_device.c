/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the DPDK ports of each kind. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include "base/log.h"
#include "frame/capture.h"
#include "nic/nic_ethdev.h"
#include "nic/nic_interface.h"
#include "nic/nic_signal.h"
#include "nic/nic_steer_flow.h"
#include "nic/nic_steer_tap.h"
#include "nic/nic_tap_look.h"
#include "nic/nic_xdp_log.h"

/* Where AF_PACKET's ring puts a frame within its slot: behind a header, aligned
 * for the network header. */
#define PACKET_SLOT_HEAD 66
/* What a driver may want of a receive buffer beside the frame: virtio's counts its header in. */
#define DEVICE_HEAD 16
#define PACKET_SLOTS_PER_BLOCK 256   /* a multiple of 16 bytes times this fills whole pages */
#define PACKET_SLOTS 1024
/* What its driver believes to be the longest frame, whatever the slots hold. */
#define PACKET_DRIVER_MTU 1500
/* The kernel keeps this much of an AF_XDP buffer for XDP programs. */
#define XDP_KERNEL_HEADROOM 256
#define XDP_BUFFERS 4096
/* DPDK's tap driver says 16, but when it starts it puts a descriptor for each receive and
 * each transmit queue into a message that has room for 8, and looks at no bound. */
#define TAP_QUEUES (RTE_MP_MAX_FD_NUM / 2)

/* Probes a virtual device of 'driver' and adds its port to 'e'. */
static int add_device(struct nic_ethdev *e, const char *driver, const char *arguments,
		      struct error *err)
{
	static unsigned serial;   /* control thread */
	char name[64];
	int rc;

	snprintf(name, sizeof(name), "%s_vmq%u", driver, serial++);
	rc = rte_eal_hotplug_add("vdev", name, arguments);
	if (!rc)
		rc = rte_eth_dev_get_port_by_name(name, &e->port[e->n_ports]);
	if (rc)
		return error_set(err, rc < 0 ? -rc : EIO, "%s: DPDK's driver %s does not take it: %s",
				 e->nic.description, driver, strerror(rc < 0 ? -rc : EIO));
	e->n_ports++;
	e->own_devices = true;
	return 0;
}

static int need(const struct nic *nic, int capability, const char *name, struct error *err)
{
	if (privilege_held(capability))
		return 0;
	return error_set(err, EPERM, "NIC '%s': needs the privilege %s; run as root or give the program "
			 "that capability", nic->config.spec, name);
}

/* The way of xdp: and packet: to an interface of the host. */
static int take_interface(struct nic_ethdev *e, struct error *err)
{
	const char *name = e->nic.argument;
	int rc, mtu = e->nic.config.mtu, now;

	rc = interface_check(name, err);
	if (!rc)
		rc = need(&e->nic, CAP_NET_RAW, "CAP_NET_RAW", err);
	if (!rc)
		rc = need(&e->nic, CAP_NET_ADMIN, "CAP_NET_ADMIN", err);
	if (rc)
		return rc;
	e->keep_promiscuous = interface_promiscuous(name);
	if (interface_merges(name))
		log_warning("%s: the kernel joins received frames to larger ones, which do not arrive; "
			    "'ethtool -K %s gro off lro off' stops it", e->nic.description, name);
	now = interface_mtu(name);
	if (now >= mtu)   /* a larger one does no harm, and is the operator's */
		return 0;
	rc = interface_set_mtu(name, mtu);
	if (rc)
		return error_set(err, ENOTSUP, "%s: its MTU is %d and it does not take %d: %s; choose a "
				 "smaller one", e->nic.description, now, mtu, strerror(-rc));
	e->old_mtu = now;
	e->if_index = if_nametoindex(name);
	return 0;
}

static void describe(struct nic *nic, const char *before, const char *after)
{
	snprintf(nic->description, sizeof(nic->description), "%s%s%s", before, nic->argument, after);
}

static int open_packet(struct nic *nic, struct error *err)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;
	uint32_t slot = RTE_ALIGN_CEIL(nic_frame_length(nic->config.mtu) + PACKET_SLOT_HEAD, 16u);
	struct descriptors before;
	char arguments[200];
	int rc;

	describe(nic, "AF_PACKET on ", "");
	e->rx_per_port = e->tx_per_port = nic->config.rx_queues;
	e->port_mtu = RTE_MIN(nic->config.mtu, (uint16_t)PACKET_DRIVER_MTU);
	nic->data_room = slot;
	rc = take_interface(e, err);
	if (rc)
		goto release;
	snprintf(arguments, sizeof(arguments), "iface=%s,qpairs=%u,framesz=%u,blocksz=%u,framecnt=%u",
		 nic->argument, nic->config.rx_queues, slot, slot * PACKET_SLOTS_PER_BLOCK,
		 PACKET_SLOTS);
	descriptors_list(&before, AF_PACKET);
	rc = add_device(e, "net_af_packet", arguments, err);
	if (rc)
		goto release;
	descriptors_opened(&e->packet, &before);
	for (unsigned i = 0; i < e->packet.count; i++)
		descriptor_only_received(e->packet.fd[i], slot - PACKET_SLOT_HEAD);
	rc = ethdev_adopt(e, err);
	if (!rc)
		return 0;

release:
	ethdev_release(e);
	return rc;
}

/* An AF_XDP socket belongs to one queue of the interface. */
static int check_xdp_queues(const struct nic *nic, struct error *err)
{
	unsigned has = interface_receive_queues(nic->argument), wanted = nic->config.rx_queues;

	if (!has || has == wanted)
		return 0;
	if (has < wanted)
		return error_set(err, ENOTSUP, "%s: the interface has %u receive queues, not %u; set "
				 "rx-queues to %u", nic->description, has, wanted, has);
	log_warning("%s: the interface has %u receive queues and %u are read: what arrives on the "
		    "others goes to the kernel; set rx-queues to %u, or 'ethtool -L %s' to fewer",
		    nic->description, has, wanted, has, nic->argument);
	return 0;
}

static int open_xdp(struct nic *nic, struct error *err)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;
	char arguments[200];
	int rc;

	xdp_log_listen();
	describe(nic, "AF_XDP on ", "");
	e->rx_per_port = e->tx_per_port = 1;
	e->port_mtu = nic->config.mtu;
	nic->data_room = nic_frame_length(nic->config.mtu) + XDP_KERNEL_HEADROOM;
	nic->buffers = XDP_BUFFERS;
	rc = take_interface(e, err);
	if (!rc)
		rc = check_xdp_queues(nic, err);
	for (uint16_t q = 0; !rc && q < nic->config.rx_queues; q++) {
		snprintf(arguments, sizeof(arguments), "iface=%s,start_queue=%u,queue_count=1",
			 nic->argument, q);
		rc = add_device(e, "net_af_xdp", arguments, err);
	}
	if (!rc)
		rc = ethdev_adopt(e, err);
	if (rc)
		ethdev_release(e);
	return rc;
}

static int check_tap(const struct nic *nic, struct error *err)
{
	const char *name = nic->argument;
	int rc = need(nic, CAP_NET_ADMIN, "CAP_NET_ADMIN", err);

	if (rc)
		return rc;
	if (strlen(name) >= IFNAMSIZ || strpbrk(name, ",/: %") || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return error_set(err, EINVAL, "NIC '%s': no interface can have that name; at most 15 "
				 "characters, no comma, slash, colon, percent sign or space",
				 nic->config.spec);
	if (nic->config.rx_queues > TAP_QUEUES)
		return error_set(err, ENOTSUP, "NIC '%s': a tap has %u receive queues, not %u; set "
				 "rx-queues to what it has", nic->config.spec, TAP_QUEUES,
				 nic->config.rx_queues);
	if (if_nametoindex(name))
		return error_set(err, EEXIST, "NIC '%s': an interface of that name is there already; "
				 "choose another name, or take it by packet:%s", nic->config.spec, name);
	if (access("/dev/net/tun", R_OK | W_OK))
		return error_set(err, ENODEV, "NIC '%s': /dev/net/tun cannot be used: %s; load the "
				 "kernel's module tun, or give the program that device",
				 nic->config.spec, strerror(errno));
	return 0;
}

/*
 * The tap driver counts on a realtime signal for each frame. When too many of
 * them wait the kernel sends SIGIO in their place, which would end the process.
 */
static void survive_sigio(void)
{
	struct sigaction action;

	if (!sigaction(SIGIO, NULL, &action) && action.sa_handler == SIG_DFL)
		signal(SIGIO, SIG_IGN);
}

static int open_tap(struct nic *nic, struct error *err)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;
	char arguments[64];
	int rc;

	describe(nic, "tap ", "");
	rc = check_tap(nic, err);
	if (rc)
		return rc;
	survive_sigio();
	if (nic->config.steer_queues && nic->config.rx_queues < TAP_QUEUES && steer_tap_load(e))
		nic->steer_queues = RTE_MIN(nic->config.steer_queues,
					    (uint16_t)(TAP_QUEUES - nic->config.rx_queues));
	e->rx_per_port = e->tx_per_port = nic_rx_all(nic);   /* the driver wants as many */
	e->port_mtu = nic->config.mtu;
	e->rx_descriptors = 1;   /* only frames of several segments need more */
	e->interrupts = true;
	nic->data_room = nic_frame_length(nic->config.mtu);
	nic->buffers = e->rx_descriptors;
	snprintf(arguments, sizeof(arguments), "iface=%s", nic->argument);
	rc = add_device(e, "net_tap", arguments, err);
	if (!rc)
		rc = ethdev_adopt(e, err);
	if (rc) {
		ethdev_release(e);
		return rc;
	}
	/* The driver tells the address of the kernel's end of this cable; ours is the
	 * other end. */
	nic->mac[5] ^= 1;
	return 0;
}

/* The driver replays what it can read of a file and says nothing of the rest:
 * so the file is read once before. */
static int measure_capture(struct nic *nic, struct error *err)
{
	struct capture_frame frame;
	struct capture *c;
	int rc = capture_open(&c, nic->argument, err);

	if (rc)
		return rc;
	while ((rc = capture_next(c, &frame, err)) == 1) {
		nic->buffers++;
		if (frame.wire_length == frame.length && frame.length <= nic->data_room)
			continue;
		rc = error_set(err, EINVAL, frame.wire_length > frame.length ?
			       "%s: frame %u is only in part in the file (%u of %u bytes); capture "
			       "whole frames" :
			       "%s: frame %u has %u bytes of %u on the wire, more than the MTU allows; "
			       "raise the MTU", nic->description, nic->buffers, frame.length,
			       frame.wire_length);
		break;
	}
	capture_close(c);
	if (!rc && !nic->buffers)
		return error_set(err, EINVAL, "%s: it holds no frame; choose another",
				 nic->description);
	return rc;
}

static int open_loop(struct nic *nic, struct error *err)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;
	char arguments[64 * 40] = "infinite_rx=1";
	int rc;

	describe(nic, "capture ", ", over and over");
	nic->data_room = nic_frame_length(nic->config.mtu);
	rc = measure_capture(nic, err);
	if (!rc)
		rc = nic_sink_open(&e->sink, nic->config.out, nic->argument, err);
	if (rc)
		return rc;
	e->rx_per_port = e->tx_per_port = nic->config.rx_queues;
	e->port_mtu = nic->config.mtu;
	e->endless = true;
	/* By number: a file's name may hold what ends one of DPDK's arguments. The
	 * driver opens it again when its queues are set up. */
	e->file = open(nic->argument, O_RDONLY | O_CLOEXEC);
	for (uint16_t q = 0; q < nic->config.rx_queues; q++) {
		size_t used = strlen(arguments);

		snprintf(arguments + used, sizeof(arguments) - used, ",rx_pcap=/proc/self/fd/%d",
			 e->file);
	}
	rc = add_device(e, "net_pcap", arguments, err);
	if (!rc)
		rc = ethdev_adopt(e, err);
	if (rc) {
		ethdev_release(e);
		return rc;
	}
	if (e->sink)
		nic->tx_queues = 1;   /* one file, one writer */
	return 0;
}

static int probe(struct nic_ethdev *e, struct error *err)
{
	const char *device = e->nic.argument;
	struct rte_dev_iterator iterator;
	struct descriptors before;
	int rc;

	descriptors_list(&before, AF_PACKET);
	rc = rte_dev_probe(device);
	if (rc)
		/* -EFAULT is DPDK's way to say that no bus knows the name. */
		return error_set(err, ENODEV, "NIC '%s': DPDK cannot use this device: %s; check its name "
				 "and arguments, and for a PCI device that it is bound to vfio-pci and "
				 "that the options for DPDK allow PCI", e->nic.config.spec,
				 rc == -EFAULT ? "no driver knows the name" : strerror(-rc));
	descriptors_opened(&e->packet, &before);
	RTE_ETH_FOREACH_MATCHING_DEV(e->port[0], device, &iterator) {
		rte_eth_iterator_cleanup(&iterator);
		e->n_ports = 1;
		e->own_devices = true;
		return 0;
	}
	return error_set(err, ENODEV, "NIC '%s': DPDK knows this device, but it has no network port; "
			 "choose another", e->nic.config.spec);
}

static int open_dpdk(struct nic *nic, struct error *err)
{
	struct nic_ethdev *e = (struct nic_ethdev *)nic;
	int rc;

	describe(nic, "DPDK device ", "");
	e->rx_per_port = nic->config.rx_queues;
	e->tx_per_port = nic->config.tx_queues;
	e->port_mtu = nic->config.mtu;
	e->rx_descriptors = NIC_DEVICE_BUFFERS;
	e->signals = true;
	nic->data_room = nic_frame_length(nic->config.mtu) + DEVICE_HEAD;
	nic->buffers = NIC_DEVICE_BUFFERS;
	rc = probe(e, err);
	if (!rc)
		rc = ethdev_adopt(e, err);
	if (rc) {
		ethdev_release(e);
		return rc;
	}
	nic->steer_queues = steer_flow_queues(e);
	e->rx_per_port = nic_rx_all(nic);
	return 0;
}

static void close_device(struct nic *nic)
{
	ethdev_release((struct nic_ethdev *)nic);
}

#define ETHDEV_OPS(burst, arm, ...)                                           \
	{                                                                     \
		.size = sizeof(struct nic_ethdev),                            \
		.start = ethdev_start,                                        \
		.stop = ethdev_stop,                                          \
		.close = close_device,                                        \
		.rx_burst = (burst),                                          \
		.tx_burst = ethdev_tx_burst,                                  \
		.tx_large = ethdev_tx_large,                                  \
		.rx_descriptor = ethdev_rx_descriptor,                        \
		.rx_arm = (arm),                                              \
		.check = ethdev_check,                                        \
		.missed = ethdev_missed,                                      \
		__VA_ARGS__                                                   \
	}

const struct nic_ops nic_packet_ops = ETHDEV_OPS(ethdev_rx_burst, ethdev_rx_arm,
						 .open = open_packet);
const struct nic_ops nic_xdp_ops = ETHDEV_OPS(ethdev_rx_burst, ethdev_rx_arm, .open = open_xdp);
const struct nic_ops nic_tap_ops = ETHDEV_OPS(tap_rx_burst, ethdev_rx_arm, .open = open_tap,
					      .steer_set = steer_tap_set,
					      .steer_clear = steer_tap_clear);
const struct nic_ops nic_loop_ops = ETHDEV_OPS(ethdev_rx_burst, ethdev_rx_arm, .open = open_loop,
					       .captures = true);
const struct nic_ops nic_dpdk_ops = ETHDEV_OPS(signal_rx_burst, signal_rx_arm, .open = open_dpdk,
					       .steer_set = steer_flow_set,
					       .steer_clear = steer_flow_clear);
