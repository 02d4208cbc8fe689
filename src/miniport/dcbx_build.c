/* SPDX-License-Identifier: BSD-2-Clause */
/* LLDP frames of our own (802.1AB) with the TLVs of DCBX (802.1Qaz). */
#include "miniport/dcbx.h"

#include <string.h>

#include "base/ethernet.h"

#define CHASSIS_IS_MAC 4
#define PORT_IS_MAC    3
#define PFC_CAPACITY   8         /* priorities that may have it at once */

static uint8_t *put_head(uint8_t *at, unsigned type, unsigned length)
{
	big16_write(at, type << 9 | length);
	return at + 2;
}

static uint8_t *put_mac(uint8_t *at, unsigned type, uint8_t subtype, const uint8_t mac[6])
{
	at = put_head(at, type, 7);
	*at++ = subtype;
	memcpy(at, mac, 6);
	return at + 6;
}

/* The beginning of a TLV of DCBX with 'length' bytes behind the subtype. */
static uint8_t *put_group(uint8_t *at, uint8_t subtype, unsigned length)
{
	at = put_head(at, 127, 4 + length);
	memcpy(at, (uint8_t[]){ 0x00, 0x80, 0xc2, subtype }, 4);
	return at + 4;
}

/* 'flags': the first byte, which is reserved in a recommendation. */
static uint8_t *put_ets(uint8_t *at, uint8_t subtype, uint8_t flags, const struct dcbx_ets *ets)
{
	at = put_group(at, subtype, 21);
	*at++ = flags;
	for (unsigned i = 0; i < VMQ_PRIORITIES; i += 2)
		*at++ = (uint8_t)(ets->of_priority[i] << 4 | ets->of_priority[i + 1]);
	memcpy(at, ets->share, sizeof(ets->share));
	memcpy(at + 8, ets->tsa, sizeof(ets->tsa));
	return at + 16;
}

static uint8_t *put_apps(uint8_t *at, const struct dcbx_info *info)
{
	at = put_group(at, 12, 1 + 3 * info->n_apps);
	*at++ = 0;
	for (unsigned i = 0; i < info->n_apps; i++, at += 3) {
		at[0] = (uint8_t)(info->apps[i].priority << 5 | info->apps[i].selector);
		big16_write(at + 1, info->apps[i].protocol);
	}
	return at;
}

unsigned dcbx_build(uint8_t *frame, const uint8_t mac[6], uint16_t ttl,
		    const struct dcbx_info *info)
{
	uint8_t *at = frame + ETHERNET_HEADER;

	memset(frame, 0, DCBX_FRAME_MAX);
	memcpy(frame, (uint8_t[]){ 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e }, 6);
	memcpy(frame + 6, mac, 6);
	big16_write(frame + 12, 0x88cc);
	at = put_mac(at, 1, CHASSIS_IS_MAC, mac);
	at = put_mac(at, 2, PORT_IS_MAC, mac);
	at = put_head(at, 3, 2);
	big16_write(at, ttl);
	at += 2;
	if (info->configured.there)   /* eight classes are written as 0 */
		at = put_ets(at, 9, info->configured.willing ? 0x80 : 0, &info->configured);
	if (info->recommended.there)
		at = put_ets(at, 10, 0, &info->recommended);
	if (info->pfc.there) {
		at = put_group(at, 11, 2);
		*at++ = (uint8_t)((info->pfc.willing ? 0x80 : 0) | PFC_CAPACITY);
		*at++ = info->pfc.enabled;
	}
	if (info->apps_there)
		at = put_apps(at, info);
	at += 2;                      /* the end is zeros, as what pads a short frame */
	return at - frame < ETHERNET_MINIMUM ? ETHERNET_MINIMUM : (unsigned)(at - frame);
}
