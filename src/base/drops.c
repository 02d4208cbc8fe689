/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/drops.h"

struct reason { const char *name, *text; };

static const struct reason wire[WIRE_DROP_COUNT] = {
#define X(NAME, name, text) [WIRE_DROP_##NAME] = { #name, text },
	WIRE_DROPS(X)
#undef X
};

static const struct reason port[PORT_DROP_COUNT] = {
#define X(NAME, name, text) [PORT_DROP_##NAME] = { #name, text },
	PORT_DROPS(X)
#undef X
};

const char *wire_drop_name(enum wire_drop reason)
{
	return reason < WIRE_DROP_COUNT ? wire[reason].name : "?";
}

const char *wire_drop_text(enum wire_drop reason)
{
	return reason < WIRE_DROP_COUNT ? wire[reason].text : "?";
}

const char *port_drop_name(enum port_drop reason)
{
	return reason < PORT_DROP_COUNT ? port[reason].name : "?";
}

const char *port_drop_text(enum port_drop reason)
{
	return reason < PORT_DROP_COUNT ? port[reason].text : "?";
}
