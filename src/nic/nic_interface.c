/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_interface.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

bool privilege_held(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return true;   /* not known here; the driver will find out */
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

static int request(const char *name, unsigned long code, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	strncpy(ifr->ifr_name, name, IFNAMSIZ - 1);
	rc = ioctl(fd, code, ifr) ? -errno : 0;
	close(fd);
	return rc;
}

int interface_check(const char *name, struct error *err)
{
	struct ifreq ifr;
	int rc;

	/* A comma would end the name in DPDK's device arguments. */
	if (strlen(name) >= IFNAMSIZ || strpbrk(name, ",/: "))
		return error_set(err, ENODEV, "interface '%s': no interface can be used by that name; "
				 "at most 15 characters, no comma, slash, colon or space", name);
	memset(&ifr, 0, sizeof(ifr));
	rc = request(name, SIOCGIFHWADDR, &ifr);
	if (rc)
		return error_set(err, ENODEV, "interface '%s': there is none of that name (%s); 'ip "
				 "link' shows those there are", name, strerror(-rc));
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return error_set(err, ENODEV, "interface '%s': is not an Ethernet interface; choose "
				 "another", name);
	memset(&ifr, 0, sizeof(ifr));
	rc = request(name, SIOCGIFFLAGS, &ifr);
	if (rc || !(ifr.ifr_flags & IFF_UP))
		return error_set(err, ENETDOWN, "interface '%s': is down; 'ip link set %s up' brings it "
				 "up", name, name);
	return 0;
}

int interface_mtu(const char *name)
{
	struct ifreq ifr = { 0 };
	int rc = request(name, SIOCGIFMTU, &ifr);

	return rc ? rc : ifr.ifr_mtu;
}

int interface_set_mtu(const char *name, int mtu)
{
	struct ifreq ifr = { .ifr_mtu = mtu };

	return request(name, SIOCSIFMTU, &ifr);
}

bool interface_promiscuous(const char *name)
{
	struct ifreq ifr = { 0 };

	return !request(name, SIOCGIFFLAGS, &ifr) && ifr.ifr_flags & IFF_PROMISC;
}

unsigned interface_receive_queues(const char *name)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq ifr = { .ifr_data = (char *)&channels };

	if (request(name, SIOCETHTOOL, &ifr))
		return 0;
	return channels.rx_count + channels.combined_count;
}

bool interface_merges(const char *name)
{
	struct ethtool_value gro = { .cmd = ETHTOOL_GGRO }, flags = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq ifr = { .ifr_data = (char *)&gro };

	if (!request(name, SIOCETHTOOL, &ifr) && gro.data)
		return true;
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_data = (char *)&flags;
	return !request(name, SIOCETHTOOL, &ifr) && flags.data & ETH_FLAG_LRO;
}

bool interface_exists(unsigned index)
{
	char name[IF_NAMESIZE];

	/* Only "there is none" counts: a lack of descriptors must not end a NIC. */
	return if_indextoname(index, name) || errno != ENXIO;
}

bool interface_send_drops(const char *name, uint64_t *drops)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all))
		return false;
	for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		found = i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET && i->ifa_data &&
			!strcmp(i->ifa_name, name);
		if (found)
			*drops = ((const struct rtnl_link_stats *)i->ifa_data)->tx_dropped;
	}
	freeifaddrs(all);
	return found;
}
