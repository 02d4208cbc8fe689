/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM that is two captures: one takes what it receives, one is what it sends. */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "frame/capture.h"
#include "frame/pcapng.h"
#include "vmport/vmport_kind.h"

struct capture_port {
	struct vmport port;
	struct pcapng *file;
	struct capture *sends;      /* NULL: it sends nothing */
	bool at_end;                /* nothing more to read; worker */
	atomic_bool sent_all;       /* worker writes, any thread reads */
	atomic_bool broken;         /* the file takes no more; as sent_all */
};

static int port_open(struct vmport *port, const char *argument,
		     const struct vmport_config *config, struct error *err)
{
	struct capture_port *p = (struct capture_port *)port;
	int ret;

	/* Input first: a mistake in it must not truncate the output. */
	if (config->sends) {
		ret = capture_open(&p->sends, config->sends, err);
		if (ret)
			return ret;
	}
	atomic_init(&p->sent_all, !p->sends);
	/* Nothing is ever signalled: what is to come can be had at once, and
	 * vmport_arm() says so. A worker may sleep on it all the same. */
	port->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (port->descriptor < 0) {
		ret = error_set(err, errno, VMPORT_WHO "no descriptor: %s",
				port->name, port->spec, strerror(errno));
		goto close_sends;
	}
	ret = pcapng_create(&p->file, argument, port->name, err);
	if (ret)
		goto close_descriptor;
	return 0;

close_descriptor:
	close(port->descriptor);
close_sends:
	capture_close(p->sends);
	return ret;
}

static void port_close(struct vmport *port)
{
	struct capture_port *p = (struct capture_port *)port;
	int ret = pcapng_close(p->file);

	/* A write that failed earlier has been told already. */
	if (ret && !atomic_load(&p->broken))
		log_error(VMPORT_WHO "the capture is not complete: %s",
			  port->name, port->spec, strerror(-ret));
	capture_close(p->sends);
	close(port->descriptor);
}

static bool port_is_up(const struct vmport *port)
{
	return !atomic_load_explicit(&((const struct capture_port *)port)->broken,
				     memory_order_relaxed);
}

static uint64_t time_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint16_t port_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct capture_port *p = (struct capture_port *)port;
	uint64_t now;

	if (!n || !port_is_up(port))
		return 0;
	now = time_now();
	for (uint16_t i = 0; i < n; i++) {
		int ret = pcapng_write(p->file, rte_pktmbuf_mtod(pkts[i], void *),
				       pkts[i]->data_len, now, NULL);

		if (ret) {
			atomic_store(&p->broken, true);
			log_error(VMPORT_WHO "%s; the VM takes no more frames; "
				  "make room or choose another file, and start again",
				  port->name, port->spec, strerror(-ret));
			return i;
		}
	}
	return n;
}

/* Reads one frame into 'm'. 1: there it is; 0: it was bad, and is counted;
 * -1: there are no more. */
static int frame_next(struct capture_port *p, struct rte_mbuf *m)
{
	struct capture_frame frame;
	struct error err = { "" };
	int ret = capture_next(p->sends, &frame, &err);

	if (ret != 1) {
		if (ret < 0)
			log_error(VMPORT_WHO "%s; what came before it was sent",
				  p->port.name, p->port.spec, err.text);
		p->at_end = true;
		return -1;
	}
	if (frame.length != frame.wire_length || !vmport_length_ok(&p->port, frame.length)) {
		counter_add(&p->port.bad, 1);
		return 0;
	}
	memcpy(rte_pktmbuf_append(m, (uint16_t)frame.length), frame.bytes, frame.length);
	return 1;
}

static uint16_t port_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct capture_port *p = (struct capture_port *)port;
	struct rte_mbuf *m = NULL;
	uint16_t got = 0;

	if (atomic_load_explicit(&p->sent_all, memory_order_relaxed))
		return 0;
	/* At most 'n' records a call: bad ones must not hold the worker either. */
	for (uint16_t i = 0; i < n && !p->at_end; i++) {
		int ret;

		/* The buffer first: an empty pool must not cost a frame. */
		if (!m)
			m = rte_pktmbuf_alloc(port->pool);
		if (!m)
			break;
		ret = frame_next(p, m);
		if (ret < 0)
			break;
		if (ret > 0) {
			pkts[got++] = m;
			m = NULL;
		}
	}
	rte_pktmbuf_free(m);
	/* Told by a burst of its own: by then the worker is done with the frames of the
	 * one before, and who waits for the end does not overtake them. */
	if (p->at_end && !got)
		atomic_store(&p->sent_all, true);
	return got;
}

static bool port_sent_all(const struct vmport *port)
{
	return atomic_load_explicit(&((const struct capture_port *)port)->sent_all,
				    memory_order_relaxed);
}

static bool port_arm(struct vmport *port, bool sleep)
{
	return sleep && !port_sent_all(port);
}

const struct vmport_kind vmport_capture = {
	.size = sizeof(struct capture_port),
	.open = port_open,
	.close = port_close,
	.is_up = port_is_up,
	.deliver = port_deliver,
	.receive = port_receive,
	.arm = port_arm,
	.sent_all = port_sent_all,
};
