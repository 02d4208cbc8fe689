/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_descriptor.h"

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool has_domain(int fd, int domain)
{
	socklen_t length = sizeof(int);
	int found;

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &found, &length) && found == domain;
}

static int ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void descriptors_list(struct descriptors *list, int domain)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	list->domain = domain;
	list->count = 0;
	while (dir && (entry = readdir(dir)) && list->count < DESCRIPTOR_MAX) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && has_domain(fd, domain))
			list->fd[list->count++] = fd;
	}
	if (dir)
		closedir(dir);
	qsort(list->fd, list->count, sizeof(list->fd[0]), ascending);
}

void descriptors_opened(struct descriptors *opened, const struct descriptors *before)
{
	struct descriptors now;

	descriptors_list(&now, before->domain);
	opened->domain = before->domain;
	opened->count = 0;
	for (unsigned i = 0; i < now.count; i++)
		if (!before->count || !bsearch(&now.fd[i], before->fd, before->count,
					       sizeof(int), ascending))
			opened->fd[opened->count++] = now.fd[i];
}

void descriptors_close(const struct descriptors *list)
{
	for (unsigned i = 0; i < list->count; i++)
		if (has_domain(list->fd[i], list->domain))
			close(list->fd[i]);
}

int descriptor_only_received(int fd, uint32_t longest)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 3, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, longest, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

uint64_t descriptor_packet_drops(int fd)
{
	struct tpacket_stats stats;
	socklen_t length = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length))
		return 0;
	return stats.tp_drops;
}
