/* SPDX-License-Identifier: BSD-2-Clause */
/* What all handles and all layers have in common. */
#include "ndis/object.h"

#include <string.h>

#include "ndis/oid_line.h"

const char *ndis_object_kind_name(enum ndis_object_kind kind)
{
	static const char *const names[] = {
#define X(name, text) [NDIS_OBJECT_##name] = text,
		NDIS_OBJECT_KINDS(X)
#undef X
	};

	return names[kind];
}

const char *ndis_handle_name(NDIS_HANDLE handle)
{
	return handle ? ((const struct ndis_object *)handle)->name : "(no handle)";
}

const struct ndis_keyword *ndis_handle_keywords(NDIS_HANDLE handle)
{
	return ((const struct ndis_object *)handle)->keywords;
}

void ndis_layer_init(struct ndis_layer *layer, enum ndis_object_kind kind, struct ndis_image *image,
		     const char *name)
{
	layer->object.kind = kind;
	layer->object.image = image;
	strncpy(layer->object.name, name, sizeof(layer->object.name) - 1);
	atomic_store(&layer->state, NDIS_DOWN);
	ndis_oid_line_init(&layer->oids);
}

void ndis_layer_destroy(struct ndis_layer *layer)
{
	ndis_oid_line_destroy(&layer->oids);
}

void ndis_layer_set_state(struct ndis_layer *layer, enum ndis_layer_state state)
{
	int before = atomic_exchange(&layer->state, state);

	if (ndis_watch && before != (int)state)
		ndis_watch->state_changed(layer, before, state);
}
