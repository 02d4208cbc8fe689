#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# packages.sh PURPOSE...: sees that the Debian packages for 'build', 'check', 'bench' or 'demo' are
# there. Root gets them installed; anybody else is told the one line to type.
set -euo pipefail

declare -A packages=(
	[build]="gcc make meson ninja-build pkg-config libdpdk-dev libfyaml-dev libjansson-dev libpcap-dev libcmocka-dev"
	[check]="clang libclang-rt-14-dev g++ bats busybox-static cpio iperf3 iproute2 ethtool procps dpdk-dev util-linux jq tcpdump tcpreplay python3 python3-scapy gdb qemu-system-x86 valgrind mingw-w64-x86-64-dev"
	[bench]="dpdk-dev openvswitch-switch-dpdk python3 python3-matplotlib iproute2 coreutils"
	[demo]="qemu-system-x86 busybox-static cpio iproute2 iputils-ping ethtool python3 jq clang linux-libc-dev"
)

missing=()
for purpose in "$@"; do
	for package in ${packages[$purpose]?"no such purpose: $purpose"}; do
		dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
			missing+=("$package")
	done
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
	echo "installing: ${missing[*]}"
	{ apt-get update && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "${missing[@]}"; } >/tmp/openvmq-packages.$$ 2>&1 || {
		cat /tmp/openvmq-packages.$$
		rm -f /tmp/openvmq-packages.$$
		echo "packages.sh: apt-get could not install the packages above" >&2
		exit 1
	}
	rm -f /tmp/openvmq-packages.$$
else
	echo "These packages are missing; please type:" >&2
	echo "  sudo apt-get install ${missing[*]}" >&2
	exit 1
fi
