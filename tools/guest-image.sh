#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tools/guest-image.sh OUTDIR [PROGRAM...]: a Linux guest that boots in seconds.
#
# Leaves in OUTDIR: vmlinuz, Debian's cloud kernel; modules/, its virtio network
# driver; initramfs.gz, these modules, busybox, tools/guest-init.sh as /init, and the
# PROGRAMs of this machine with their libraries. Each list of programs has its OUTDIR.
# The kernel is downloaded once by apt; the initramfs is packed again when
# guest-init.sh or this script has changed. With both there, nothing is done.
set -euo pipefail

# In the order in which they must be loaded.
modules="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci
	failover net_failover virtio_net af_packet"

fail() { echo "guest-image: $*" >&2; exit 1; }

fetch_kernel()
{
	local scratch=$1 package release tree name module

	package=$(apt-cache depends linux-image-cloud-amd64 |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-.*-cloud-amd64$/ { print $2; exit }')
	[ -n "$package" ] ||
		fail "apt does not know linux-image-cloud-amd64: run apt-get update on a Debian amd64 system"
	release=${package#linux-image-}

	echo "guest-image: downloading $package"
	chmod 755 "$scratch"
	(cd "$scratch" && apt-get -qq -o APT::Sandbox::User=root download "$package") ||
		fail "apt-get download $package failed"
	dpkg -x "$scratch"/linux-image-*.deb "$scratch/tree"
	tree=$scratch/tree/lib/modules/$release/kernel

	mkdir "$scratch/modules"
	for name in $modules; do
		module=$(find "$tree" -name "$name.ko")
		if [ -n "$module" ]; then
			cp "$module" "$scratch/modules/"
		elif ! built_in "$name" "$scratch/tree/boot/config-$release"; then
			fail "$package has no module $name.ko"
		fi
	done
	rm -rf "$out/modules"
	mv "$scratch/modules" "$out/modules"
	# Last: its presence says that all of the above is complete.
	mv "$scratch/tree/boot/vmlinuz-$release" "$out/vmlinuz"
}

# Of the list above only af_packet is part of some kernels' own image.
built_in() { [ "$1" = af_packet ] && grep -qx CONFIG_PACKET=y "$2"; }

# add_program ROOT PROGRAM: and what it is linked with, where it looks for that.
add_program()
{
	local file library

	file=$(command -v "$2") || fail "no program $2 to put into the guest"
	install -D "$file" "$1/bin/$2"
	ldd "$file" | grep -o '/[^ ]*' | while read -r library; do
		install -D "$library" "$1$library"
	done
}

pack_initramfs()
{
	local root=$1/root busybox_file name n=10

	busybox_file=$(command -v busybox) || fail "no busybox: install busybox-static"
	# A dynamic busybox asks for a loader that the guest does not have.
	if ldd "$busybox_file" > /dev/null 2>&1; then
		fail "$busybox_file is not static: install busybox-static"
	fi
	mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules}
	cp -L "$busybox_file" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	install -m 755 "$here/guest-init.sh" "$root/init"
	for name in $modules; do
		[ -e "$out/modules/$name.ko" ] || continue
		cp "$out/modules/$name.ko" "$root/modules/$n-$name.ko"
		n=$((n + 1))
	done
	for name in "${programs[@]}"; do
		add_program "$root" "$name"
	done
	(cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) > "$1/initramfs.gz"
	mv "$1/initramfs.gz" "$out/initramfs.gz"
}

[ $# -ge 1 ] || fail "usage: tools/guest-image.sh OUTDIR [PROGRAM...]"
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
programs=("${@:2}")

if [ -e "$out/vmlinuz" ] && [ "$out/initramfs.gz" -nt "$here/guest-init.sh" ] &&
   [ "$out/initramfs.gz" -nt "$here/guest-image.sh" ]; then
	exit 0
fi
for tool in apt-get dpkg cpio gzip; do
	command -v $tool > /dev/null || fail "$tool is not installed"
done

scratch=$(mktemp -d "$out/scratch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
[ -e "$out/vmlinuz" ] || fetch_kernel "$scratch"
pack_initramfs "$scratch"
echo "guest-image: $out has a kernel and an initramfs"
