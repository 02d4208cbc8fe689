/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Ethernet frame inside a frame of NVGRE. Pure logic.
 *
 * Source: RFC 7637 (GRE with a key, without checksum and sequence number, protocol
 * 0x6558), RFC 791, RFC 8200; contract D12.
 */
#ifndef VMQ_NVGRE_H
#define VMQ_NVGRE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The inner frame of 'frame', whose header vmq_key() and vmq_header_read() may read.
 * 'frame' has 'length' bytes, in any state: nothing beyond them is read.
 *
 * NULL: there is none. That is also the answer to a fragment, because the later ones
 * have no inner header and all of a datagram belong together, and to a header that
 * ends early or contradicts itself. One outer tag of 0x8100 may stand before the IP
 * header; options, and IPv6's hop-by-hop, routing and destination headers are skipped.
 */
const uint8_t *vmq_nvgre_inner(const uint8_t *frame, size_t length);

#endif
