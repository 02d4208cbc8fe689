/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a port sends: flows in turn, as fast as the port takes, or at a rate. A frame that was not
 * sent uses no sequence number.
 */
#ifndef TRAFFIC_STREAM_H
#define TRAFFIC_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "pace.h"
#include "port.h"
#include "probe.h"

#define STREAM_FLOWS 2048u         /* of one port */
#define STREAM_SIZES 12u           /* a round of sizes */
#define STREAM_IMIX  0u            /* as a size */

/* What a port's sender counts, as the answers name it. */
#define STREAM_COUNTS(X) X(sent) X(sent_bytes) X(missed) X(skipped) X(late)

struct stream_counts {
#define X(name) uint64_t name;
	STREAM_COUNTS(X)
#undef X
};

struct stream_shape {
	struct probe_address to, from;
	unsigned n_to;                 /* 0: not said yet */
	unsigned flows;                /* of each destination */
	unsigned size;                 /* bytes, or STREAM_IMIX */
	uint16_t vlan;                 /* PROBE_NO_VLAN: none */
};

enum stream_mode { STREAM_SILENT, STREAM_FLOOD, STREAM_PACED };

struct stream {
	struct stream_shape shape;
	enum stream_mode mode;
	struct stream_counts counts;
	struct pace pace;
	uint64_t left;                 /* frames until it stops by itself */
	struct probe_template *templates[3];   /* n_flows for each different size */
	unsigned n_flows, flow_turn, size_turn;
	uint16_t first_flow;
	uint32_t next[STREAM_FLOWS];   /* sequences */
	struct rte_mbuf *waiting[PORT_BURST];  /* flooding: made, and not yet taken */
	unsigned n_waiting, waiting_at;
};

/* The stream of the port with that number. */
void stream_init(struct stream *s, unsigned number);
void stream_fini(struct stream *s);

/* What it will send from now on; silent until started. 0 or -ENOMEM. */
int stream_set_shape(struct stream *s, const struct stream_shape *shape);

/* 'rate': frames a second, 0: flood; 'count': frames, 0: without end. */
void stream_start(struct stream *s, double rate, uint64_t count, uint64_t now);
void stream_stop(struct stream *s);

/* One round; 'now' is the TSC. */
void stream_round(struct stream *s, const struct port *port, uint64_t now);

/* One frame, at once; whether the port took it. */
bool stream_send_one(struct stream *s, const struct port *port);

void stream_reset(struct stream *s);

#endif
