/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LLDP frames as they come from the wire (802.1AB), and the TLVs of DCBX in them (802.1Qaz).
 * Not a byte is trusted: a length beyond the frame's end, a group that comes twice or is of
 * another size makes the whole frame one that says nothing.
 */
#include "miniport/dcbx.h"

#include <string.h>

#include "base/ethernet.h"

#define ETHERTYPE_LLDP 0x88cc
#define TTL_BYTES      2
#define ORGANIZATION   4          /* bytes before a TLV's own: OUI and subtype */
#define ETS_BYTES      21
#define PFC_BYTES      2
#define APP_BYTES      3

enum { TLV_END, TLV_CHASSIS, TLV_PORT, TLV_TTL, TLV_ORGANIZATION = 127 };
enum { DCBX_ETS = 9, DCBX_ETS_RECOMMENDED, DCBX_PFC, DCBX_APP };

struct tlv {
	unsigned type, length;
	const uint8_t *value;
};

struct reader {
	const uint8_t *at, *end;
};

bool dcbx_is_lldp(const uint8_t *frame, unsigned length)
{
	static const uint8_t nearest_bridge[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e };

	return length >= ETHERNET_HEADER && ethernet_type(frame) == ETHERTYPE_LLDP &&
	       !memcmp(frame, nearest_bridge, sizeof(nearest_bridge));
}

/* The next TLV; false: there is none, whole. */
static bool next(struct reader *r, struct tlv *t)
{
	unsigned head;

	if (r->end - r->at < 2)
		return false;
	head = big16_read(r->at);
	t->type = head >> 9;
	t->length = head & 0x1ff;
	t->value = r->at + 2;
	if (r->end - t->value < (ptrdiff_t)t->length)
		return false;
	r->at = t->value + t->length;
	return true;
}

/* The subtype of a TLV of DCBX; 0: it is none. */
static unsigned dcbx_subtype(const struct tlv *t)
{
	static const uint8_t oui[3] = { 0x00, 0x80, 0xc2 };

	if (t->type != TLV_ORGANIZATION || t->length < ORGANIZATION ||
	    memcmp(t->value, oui, sizeof(oui)) || t->value[3] < DCBX_ETS || t->value[3] > DCBX_APP)
		return 0;
	return t->value[3];
}

static bool has_dcbx(struct reader r)
{
	struct tlv t;

	while (next(&r, &t) && t.type != TLV_END)
		if (dcbx_subtype(&t))
			return true;
	return false;
}

/* ---- groups: 'at' is behind the subtype ---- */

static bool read_ets(const uint8_t *at, unsigned length, struct dcbx_ets *ets)
{
	if (ets->there || length != ETS_BYTES)
		return false;
	ets->there = true;
	for (unsigned i = 0; i < VMQ_PRIORITIES; i++) {
		ets->of_priority[i] = at[1 + i / 2] >> (i % 2 ? 0 : 4) & 0xf;
		if (ets->of_priority[i] >= VMQ_TRAFFIC_CLASSES)
			return false;
	}
	memcpy(ets->share, at + 5, sizeof(ets->share));
	memcpy(ets->tsa, at + 13, sizeof(ets->tsa));
	return true;
}

static bool read_pfc(const uint8_t *at, unsigned length, struct dcbx_info *info)
{
	if (info->pfc.there || length != PFC_BYTES)
		return false;
	info->pfc.there = true;
	info->pfc.willing = at[0] >> 7;
	info->pfc.enabled = at[1];
	return true;
}

static bool read_apps(const uint8_t *at, unsigned length, struct dcbx_info *info)
{
	if (info->apps_there || !length || (length - 1) % APP_BYTES)
		return false;
	info->apps_there = true;
	for (at++, length--; length && info->n_apps < DCBX_APPS;
	     at += APP_BYTES, length -= APP_BYTES)
		info->apps[info->n_apps++] = (struct dcbx_app){
			at[0] >> 5, at[0] & 7, big16_read(at + 1) };
	return true;
}

static bool read_group(const struct tlv *t, struct dcbx_info *info)
{
	const uint8_t *at = t->value + ORGANIZATION;
	unsigned length = t->length - ORGANIZATION;

	switch (dcbx_subtype(t)) {
	case DCBX_ETS:
		info->configured.willing = length && at[0] >> 7;
		return read_ets(at, length, &info->configured);
	case DCBX_ETS_RECOMMENDED:
		return read_ets(at, length, &info->recommended);
	case DCBX_PFC:
		return read_pfc(at, length, info);
	case DCBX_APP:
		return read_apps(at, length, info);
	default:
		return true;   /* another's */
	}
}

/* ---- the frame ---- */

static bool read_id(struct reader *r, unsigned type, uint8_t id[DCBX_ID], unsigned *length)
{
	struct tlv t;

	if (!next(r, &t) || t.type != type || t.length < 2 || t.length > DCBX_ID)
		return false;
	memcpy(id, t.value, t.length);
	*length = t.length;
	return true;
}

/* The three that every frame begins with. */
static bool read_head(struct reader *r, struct dcbx_frame *to)
{
	struct tlv t;

	if (!read_id(r, TLV_CHASSIS, to->chassis, &to->chassis_length) ||
	    !read_id(r, TLV_PORT, to->port, &to->port_length) ||
	    !next(r, &t) || t.type != TLV_TTL || t.length < TTL_BYTES)
		return false;
	to->ttl = big16_read(t.value);
	return true;
}

static bool read_rest(struct reader *r, struct dcbx_frame *to)
{
	struct tlv t;

	while (next(r, &t)) {
		if (t.type == TLV_END)
			return !t.length;
		if (t.type <= TLV_TTL || !read_group(&t, &to->info))
			return false;
	}
	return false;   /* it has no end */
}

enum dcbx_kind dcbx_parse(const uint8_t *frame, unsigned length, struct dcbx_frame *to)
{
	struct reader r = { frame + ETHERNET_HEADER, frame + length };
	bool dcbx;

	memset(to, 0, sizeof(*to));
	if (!dcbx_is_lldp(frame, length))
		return DCBX_NOT_LLDP;
	memcpy(to->source, frame + 6, sizeof(to->source));
	dcbx = has_dcbx(r);
	if (!read_head(&r, to) || !read_rest(&r, to))
		return dcbx ? DCBX_MALFORMED : DCBX_NOT_LLDP;
	return dcbx ? DCBX_GOOD : DCBX_PLAIN;
}
