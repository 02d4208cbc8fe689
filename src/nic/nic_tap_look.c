/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_tap_look.h"

#include <fcntl.h>
#include <signal.h>

void tap_look_start(struct nic_ethdev *e)
{
	int number = fcntl(e->descriptor[0], F_GETSIG);
	struct sigaction action;

	e->look = NULL;
	if (number <= 0 || sigaction(number, NULL, &action) || action.sa_flags & SA_SIGINFO ||
	    action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
		return;
	for (uint16_t q = 0; q < nic_rx_all(&e->nic); q++) {
		int flags = fcntl(e->descriptor[q], F_GETFL);

		if (flags < 0 || fcntl(e->descriptor[q], F_SETFL, flags & ~O_ASYNC))
			return;
	}
	e->look_signal = number;
	e->look = action.sa_handler;
}

/* Two workers that call the handler at once may cost one of them a look, and it looks again: the
 * descriptor stays readable. */
uint16_t tap_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;

	if (e->look)
		e->look(e->look_signal);
	return ethdev_rx_burst(nic, queue, pkts, n);
}
