/* SPDX-License-Identifier: BSD-2-Clause */
/* The MAC addresses of one VM, asked for each frame that it sends or gets. */
#ifndef VSWITCH_MAC_SET_H
#define VSWITCH_MAC_SET_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAC_BUCKET_SLOTS 4u
#define MAC_SLOT_FREE    UINT64_MAX   /* no address is so large */

/* Filled from slot 0 on: an address is in its home bucket, or in one of the next if all up to
 * there are full. */
struct mac_bucket {
	uint64_t slots[MAC_BUCKET_SLOTS];
};

/* At most half full. */
struct mac_set {
	struct mac_bucket *buckets;
	unsigned shift;    /* there are 1 << (64 - shift) buckets */
};

/* Of 'n' addresses (1 .. 65536). 0 or -ENOMEM. */
int mac_set_create(struct mac_set *set, const uint8_t (*macs)[6], unsigned n);
void mac_set_destroy(struct mac_set *set);   /* also one that is all zero */

static inline uint64_t mac_set_home(const struct mac_set *set, uint64_t key)
{
	return key * 0x9e3779b97f4a7c15 >> set->shift;
}

/* No branch on which slot it is, which nobody could guess. */
static inline bool mac_bucket_has(const struct mac_bucket *b, uint64_t key)
{
	unsigned slot = (b->slots[1] == key) | (b->slots[2] == key) << 1 |
			(3 & -(unsigned)(b->slots[3] == key));

	return b->slots[slot] == key;
}

static inline bool mac_bucket_is_full(const struct mac_bucket *b)
{
	return b->slots[MAC_BUCKET_SLOTS - 1] != MAC_SLOT_FREE;
}

/* 'mac' lies in a frame: 8 bytes can be read there. */
static inline uint64_t mac_key(const uint8_t *mac)
{
	uint64_t key;

	memcpy(&key, mac, sizeof(key));
	return le64toh(key) & 0xffffffffffff;
}

/* Any thread. */
static inline bool mac_set_has(const struct mac_set *set, uint64_t key)
{
	uint64_t mask = UINT64_MAX >> set->shift, i = mac_set_home(set, key);

	while (!mac_bucket_has(&set->buckets[i], key)) {
		if (!mac_bucket_is_full(&set->buckets[i]))
			return false;
		i = (i + 1) & mask;
	}
	return true;
}

#endif
