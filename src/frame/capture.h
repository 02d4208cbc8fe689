/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads captures (pcap or pcapng, Ethernet) by libpcap, once, to the end. */
#ifndef FRAME_CAPTURE_H
#define FRAME_CAPTURE_H

#include <stdint.h>

#include "base/error.h"

struct capture;

struct capture_frame {
	const uint8_t *bytes;     /* valid until the next call */
	uint32_t length;          /* bytes in the file */
	uint32_t wire_length;     /* bytes the frame had on the wire; >= length */
	uint64_t time_ns;         /* since 1970 */
};

/* -ENOENT, -EPERM, -EINVAL (no capture, or not of Ethernet), with what to do in 'err'. */
int capture_open(struct capture **capture, const char *path, struct error *err);
void capture_close(struct capture *capture);   /* accepts NULL */

/* 1: '*frame' holds the next one. 0: the end. -EBADMSG: the file is cut off or
 * damaged at this record (which one, in 'err'); every later call says so again. */
int capture_next(struct capture *capture, struct capture_frame *frame, struct error *err);

#endif
