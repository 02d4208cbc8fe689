/* SPDX-License-Identifier: BSD-2-Clause */
/* The MAC addresses of one VM, asked for each frame that it sends or gets. */
#ifndef VSWITCH_MAC_SET_H
#define VSWITCH_MAC_SET_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Open addressing, at most half full. */
struct mac_set {
	uint64_t *slots;   /* 0: free */
	unsigned shift;    /* there are 1 << (64 - shift) slots */
};

/* Of 'n' addresses (1 .. 65536), none of them all zero. 0 or -ENOMEM. */
int mac_set_create(struct mac_set *set, const uint8_t (*macs)[6], unsigned n);
void mac_set_destroy(struct mac_set *set);   /* also one that is all zero */

static inline uint64_t mac_set_home(const struct mac_set *set, uint64_t key)
{
	return key * 0x9e3779b97f4a7c15 >> set->shift;
}

/* 'mac' lies in a frame: 8 bytes can be read there. Any thread. */
static inline bool mac_set_has(const struct mac_set *set, const uint8_t *mac)
{
	uint64_t key, mask = UINT64_MAX >> set->shift;

	memcpy(&key, mac, sizeof(key));
	key = le64toh(key) & 0xffffffffffff;
	for (uint64_t i = mac_set_home(set, key); set->slots[i]; i = (i + 1) & mask)
		if (set->slots[i] == key)
			return true;
	return false;
}

#endif
