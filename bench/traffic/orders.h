/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a command makes of one guest: what it does with what arrives, and what it sends. Each
 * returns 0, or a negative errno after it has answered the error.
 */
#ifndef TRAFFIC_ORDERS_H
#define TRAFFIC_ORDERS_H

#include "arguments.h"
#include "guest.h"

#define ORDER_READER_KEYS (ARGUMENT_BIT(to) | ARGUMENT_BIT(vlan))
#define ORDER_STREAM_KEYS (ARGUMENT_BIT(to) | ARGUMENT_BIT(from) | ARGUMENT_BIT(size) | \
			   ARGUMENT_BIT(vlan) | ARGUMENT_BIT(flows))

/* Answers the error; -EINVAL. */
int order_refused(const char *text, const char *what);

int order_receive(struct guest *g, const struct arguments *a);
int order_slow(struct guest *g, const struct arguments *a);
int order_echo(struct guest *g, const struct arguments *a);
int order_close(struct guest *g, const struct arguments *a);
int order_flood(struct guest *g, const struct arguments *a);
int order_pace(struct guest *g, const struct arguments *a);
int order_silent(struct guest *g, const struct arguments *a);

/* The stream's shape, as far as keys change it; it is silent after that. */
int order_shape(struct guest *g, const struct arguments *a);

#endif
