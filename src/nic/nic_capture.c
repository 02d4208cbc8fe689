/* SPDX-License-Identifier: BSD-2-Clause */
/* pcap:FILE - a capture, once, to its end. DPDK's own reader knows neither the
 * end of the file nor a record that is cut off; libpcap does. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/counter.h"
#include "frame/capture.h"
#include "nic/nic_internal.h"
#include "nic/nic_sink.h"

struct nic_capture {
	struct nic nic;
	struct capture *capture;
	struct nic_sink *sink;           /* NULL: frames sent go nowhere */
	struct rte_mempool *pool;        /* start writes */
	/* The worker of the receive queue writes: */
	counter_t frames, truncated;
	bool over;                       /* the last record was read */
	struct error broken;             /* why it was the last; "": the file's end */
};

static int open_capture(struct nic *nic, struct error *err)
{
	struct nic_capture *c = (struct nic_capture *)nic;
	int rc;

	if (nic->config.rx_queues != 1)
		return error_set(err, ENOTSUP, "NIC '%s': a capture has one receive queue, not %u; set "
				 "rx-queues to 1", nic->config.spec, nic->config.rx_queues);
	rc = capture_open(&c->capture, nic->argument, err);
	if (rc)
		return rc;
	rc = nic_sink_open(&c->sink, nic->config.out, nic->argument, err);
	if (rc) {
		capture_close(c->capture);
		return rc;
	}
	nic->mac[0] = 0x02;
	nic->tx_queues = 1;   /* one file, one writer */
	nic->data_room = nic_frame_length(nic->config.mtu);
	snprintf(nic->description, sizeof(nic->description), "capture %s", nic->argument);
	return 0;
}

static int start_capture(struct nic *nic, struct rte_mempool *const *rx_pools, struct error *err)
{
	(void)err;
	((struct nic_capture *)nic)->pool = rx_pools[0];
	return 0;
}

static void stop_capture(struct nic *nic)
{
	(void)nic;
}

static void close_capture(struct nic *nic)
{
	struct nic_capture *c = (struct nic_capture *)nic;

	nic_sink_close(c->sink);
	capture_close(c->capture);
}

/* Whether 'm' holds the next whole frame now. */
static bool read_frame(struct nic_capture *c, struct rte_mbuf *m)
{
	struct capture_frame frame;
	uint32_t length;

	if (capture_next(c->capture, &frame, &c->broken) != 1) {
		c->over = true;
		return false;
	}
	if (frame.wire_length > frame.length) {
		counter_add(&c->truncated, 1);
		return false;
	}
	/* Cut to the buffer it is still longer than any frame may be: see nic_rx_burst(). */
	length = RTE_MIN(frame.length, (uint32_t)rte_pktmbuf_tailroom(m));
	rte_memcpy(rte_pktmbuf_mtod(m, void *), frame.bytes, length);
	m->data_len = (uint16_t)length;
	m->pkt_len = length;
	counter_add(&c->frames, 1);
	return true;
}

static void tell_end(struct nic_capture *c)
{
	if (c->broken.text[0])
		nic_finish(&c->nic, NIC_BROKEN, "%s", c->broken.text);
	else
		nic_finish(&c->nic, NIC_ENDED, "%s: at its end, %" PRIu64 " frames delivered",
			   c->nic.description, counter_read(&c->frames));
}

static uint16_t rx_capture(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct nic_capture *c = (struct nic_capture *)nic;
	uint16_t got = 0;

	(void)queue;
	/* A record costs a turn, so that a file of truncated frames cannot hold the worker. */
	for (uint16_t turn = 0; turn < n && !c->over; turn++) {
		/* First the buffer: a file can wait, so nothing is lost for want of one. */
		struct rte_mbuf *m = rte_pktmbuf_alloc(c->pool);

		if (!m)
			break;
		if (read_frame(c, m))
			pkts[got++] = m;
		else
			rte_pktmbuf_free(m);
	}
	/* The end is told by a burst of its own: by then the worker is done with the
	 * frames of the one before. */
	if (c->over && !got && atomic_load(&nic->end) == NIC_ALIVE)
		tell_end(c);
	return got;
}

static uint16_t tx_capture(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)queue;
	return nic_sink_burst(((struct nic_capture *)nic)->sink, pkts, n);
}

static int no_descriptor(const struct nic *nic, uint16_t queue)
{
	(void)nic;
	(void)queue;
	return -1;
}

/* Before its end a file always has more. */
static bool arm_capture(struct nic *nic, uint16_t queue, bool sleep)
{
	(void)queue;
	return sleep && atomic_load(&nic->end) == NIC_ALIVE;
}

static uint64_t truncated_capture(struct nic *nic)
{
	return counter_read(&((struct nic_capture *)nic)->truncated);
}

const struct nic_ops nic_capture_ops = {
	.size = sizeof(struct nic_capture),
	.captures = true,
	.can_wait = true,
	.open = open_capture,
	.start = start_capture,
	.stop = stop_capture,
	.close = close_capture,
	.rx_burst = rx_capture,
	.tx_burst = tx_capture,
	.rx_descriptor = no_descriptor,
	.rx_arm = arm_capture,
	.truncated = truncated_capture,
};
