/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_steer_tap.h"

#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_byteorder.h>

#include "base/ethernet.h"
#include "base/log.h"

#define VID_MASK 0x0fff
#define VLAN_ANY UINT16_MAX   /* a rule's VLAN that is no VLAN */
#define RULES_MAX 1024

/* What the program looks up: the queue of a destination and a VLAN; VLAN 0 stands for
 * frames without a tag too. */
struct steer_key {
	uint8_t mac[6];
	uint16_t vlan;
};

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* ---- the program ---- */

#define INSN(op, dst, src, offset, value)                                               \
	((struct bpf_insn){ .code = (op), .dst_reg = (dst), .src_reg = (src),           \
			    .off = (offset), .imm = (int32_t)(value) })
#define MOVE(dst, src)               INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, value)              INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define ALU(op, dst, value)          INSN(BPF_ALU64 | (op) | BPF_K, dst, 0, 0, value)
#define ALU32_REG(op, dst, src)      INSN(BPF_ALU | (op) | BPF_X, dst, src, 0, 0)
#define ALU32(op, dst, value)        INSN(BPF_ALU | (op) | BPF_K, dst, 0, 0, value)
#define FROM_NETWORK_16(dst)         INSN(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, 16)
#define LOAD(size, dst, src, offset) INSN(BPF_LDX | BPF_MEM | (size), dst, src, offset, 0)
#define STORE(size, dst, offset, src) INSN(BPF_STX | BPF_MEM | (size), dst, src, offset, 0)
#define STORE_VALUE(size, dst, offset, value) \
	INSN(BPF_ST | BPF_MEM | (size), dst, 0, offset, value)
#define JUMP_IF(op, dst, value, offset) INSN(BPF_JMP | (op) | BPF_K, dst, 0, offset, value)
#define JUMP(offset)                 INSN(BPF_JMP | BPF_JA, 0, 0, offset, 0)
#define CALL(helper)                 INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define RETURN()                     INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP(dst, map)                                                                   \
	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, map), INSN(0, 0, 0, 0, 0)

#define FIELD(member) offsetof(struct __sk_buff, member)
#define HEAD   (-24)          /* on the stack: the first 16 bytes of the frame */
#define KEY    (-8)           /* a struct steer_key */

/*
 * The queue of a frame by its destination and VLAN, then by its destination alone;
 * else one of the first 'others', the same for all frames between two addresses. The
 * tag lies in the frame, or, put there by the kernel, beside it.
 */
static int load_program(int map, uint32_t others)
{
	const struct bpf_insn code[] = {
		MOVE(6, 1),
		SET(2, 0), MOVE(3, 10), ALU(BPF_ADD, 3, HEAD), SET(4, 16),
		CALL(BPF_FUNC_skb_load_bytes),
		JUMP_IF(BPF_JEQ, 0, 0, 2),
		SET(0, 0), RETURN(),                       /* too short for a frame */
		/* r7: the VLAN id */
		SET(7, 0),
		LOAD(BPF_W, 1, 6, FIELD(vlan_present)),
		JUMP_IF(BPF_JEQ, 1, 0, 4),
		LOAD(BPF_W, 1, 6, FIELD(vlan_proto)),
		JUMP_IF(BPF_JNE, 1, RTE_BE16(ETHERTYPE_VLAN), 6),
		LOAD(BPF_W, 7, 6, FIELD(vlan_tci)),
		JUMP(4),
		LOAD(BPF_H, 1, 10, HEAD + 12),
		JUMP_IF(BPF_JNE, 1, RTE_BE16(ETHERTYPE_VLAN), 2),
		LOAD(BPF_H, 7, 10, HEAD + 14),
		FROM_NETWORK_16(7),
		ALU(BPF_AND, 7, VID_MASK),
		LOAD(BPF_W, 1, 10, HEAD), STORE(BPF_W, 10, KEY, 1),
		LOAD(BPF_H, 1, 10, HEAD + 4), STORE(BPF_H, 10, KEY + 4, 1),
		STORE(BPF_H, 10, KEY + 6, 7),
		MAP(1, map), MOVE(2, 10), ALU(BPF_ADD, 2, KEY),
		CALL(BPF_FUNC_map_lookup_elem),
		JUMP_IF(BPF_JNE, 0, 0, 7),
		STORE_VALUE(BPF_H, 10, KEY + 6, VLAN_ANY),
		MAP(1, map), MOVE(2, 10), ALU(BPF_ADD, 2, KEY),
		CALL(BPF_FUNC_map_lookup_elem),
		JUMP_IF(BPF_JEQ, 0, 0, 2),
		LOAD(BPF_W, 0, 0, 0), RETURN(),
		LOAD(BPF_W, 0, 10, HEAD), LOAD(BPF_W, 1, 10, HEAD + 4), ALU32_REG(BPF_XOR, 0, 1),
		LOAD(BPF_W, 1, 10, HEAD + 8), ALU32_REG(BPF_XOR, 0, 1),
		ALU32_REG(BPF_MOV, 1, 0), ALU32(BPF_RSH, 1, 16), ALU32_REG(BPF_XOR, 0, 1),
		ALU32(BPF_MUL, 0, 0x9e3779b1), ALU32(BPF_RSH, 0, 16),
		ALU32(BPF_MOD, 0, others), RETURN(),
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uintptr_t)"Dual BSD/GPL";
	fd = bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? -errno : fd;
}

static int create_map(void)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	attr.key_size = sizeof(struct steer_key);
	attr.value_size = sizeof(uint32_t);
	attr.max_entries = RULES_MAX;
	attr.map_flags = BPF_F_NO_PREALLOC;
	fd = bpf(BPF_MAP_CREATE, &attr);
	return fd < 0 ? -errno : fd;
}

bool steer_tap_load(struct nic_ethdev *e)
{
	int map = create_map(), program = map < 0 ? map : load_program(map, e->nic.config.rx_queues);

	if (program >= 0) {
		e->steer_map = map;
		e->steer_program = program;
		return true;
	}
	log_info("%s: does not steer frames by MAC and VLAN: the kernel takes no BPF program for it "
		 "(%s); software does", e->nic.description, strerror(-program));
	if (map >= 0)
		close(map);
	return false;
}

void steer_tap_unload(struct nic_ethdev *e)
{
	if (e->steer_program <= 0)
		return;
	close(e->steer_program);
	close(e->steer_map);
	e->steer_program = e->steer_map = 0;
}

/* ---- the tap ---- */

static bool is_queue_of(int fd, const char *name)
{
	char link[32], to[32] = "";
	struct ifreq request;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, to, sizeof(to) - 1) < 0 || strcmp(to, "/dev/net/tun"))
		return false;
	memset(&request, 0, sizeof(request));
	return !ioctl(fd, TUNGETIFF, &request) && !strcmp(request.ifr_name, name);
}

/* The driver hides its descriptors, but they are among ours; any of them that is in
 * use speaks for the whole tap. */
int steer_tap_attach(struct nic_ethdev *e, struct error *err)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int rc = -ENOENT;

	while (rc && dir && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || !is_queue_of(fd, e->nic.argument))
			continue;
		rc = ioctl(fd, TUNSETSTEERINGEBPF, &e->steer_program) ? -errno : 0;
	}
	if (dir)
		closedir(dir);
	if (rc)
		return error_set(err, -rc, "%s: the kernel does not let a program choose its queues "
				 "(%s); do without steered queues", e->nic.description, strerror(-rc));
	return 0;
}

/* ---- rules ---- */

static struct steer_key key_of(const struct nic_steer *what)
{
	struct steer_key key = { .vlan = what->test == NIC_STEER_ANY ? VLAN_ANY :
					 what->test == NIC_STEER_EQUAL ? what->vlan : 0 };

	memcpy(key.mac, what->mac, sizeof(key.mac));
	return key;
}

int steer_tap_set(struct nic *nic, struct nic_rule *rule, struct error *err)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;
	struct steer_key key = key_of(&rule->what);
	uint32_t queue = rule->what.rx_queue;
	union bpf_attr attr;
	int rc;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)e->steer_map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&queue;
	if (!bpf(BPF_MAP_UPDATE_ELEM, &attr))
		return 0;
	rc = errno == E2BIG ? ENOSPC : errno;
	return error_set(err, rc, "%s: the kernel does not take the rule: %s", nic->description,
			 strerror(rc));
}

void steer_tap_clear(struct nic *nic, struct nic_rule *rule)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;
	struct steer_key key = key_of(&rule->what);
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)e->steer_map;
	attr.key = (uintptr_t)&key;
	if (bpf(BPF_MAP_DELETE_ELEM, &attr))
		log_warning("%s: the kernel does not take a rule away (%s): frames of it go on coming "
			    "to receive queue %u", nic->description, strerror(errno),
			    rule->what.rx_queue);
}
