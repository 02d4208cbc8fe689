/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libxdp and libbpf say. DPDK's driver loads them, and they write to standard
 * error whatever they notice; the kernel's own reason for a refusal is among it.
 */
#ifndef NIC_NIC_XDP_LOG_H
#define NIC_NIC_XDP_LOG_H

/* Listens from now on, so that they write nothing. Control thread. */
void xdp_log_listen(void);

/* The kernel's last reason, as " (REASON)"; "" when it gave none. Control thread. */
const char *xdp_log_reason(void);

#endif
