#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# /init of the demonstration's guests (see guest-image.sh); runs under busybox.
#
# The kernel's command line says what to do; all but vm.ip may be absent:
#   vm.ip=ADDRESS/LENGTH  eth0's address
#   vm.gw=ADDRESS         default route
#   vm.ping=ADDRESS       ping this peer five times, once it answers at all
#   vm.fetch=URL          what "fetch" fetches, by HTTP ...
#   vm.sum=SHA256         ... and the checksum that it must have
#
# Every result is one line on the console: "guest: SUBJECT RESULT". After
# "guest: ready" it obeys these words from the console:
#   fetch                 fetch the file and compare its checksum
#   run COMMAND           run it, show what it writes, and say its status
#   poweroff              show eth0's counters and power off

say() { echo "guest: $*"; }

# Prints the value of a word NAME=VALUE of the kernel's command line.
parameter()
{
	# shellcheck disable=SC2013 # words are what is wanted
	for word in $(cat /proc/cmdline); do
		case $word in "$1="*) echo "${word#*=}"; return ;; esac
	done
}

counter() { cat "/sys/class/net/eth0/statistics/$1"; }

counters()
{
	say "counters rx $(counter rx_packets) tx $(counter tx_packets)" \
		"rx_bytes $(counter rx_bytes) tx_bytes $(counter tx_bytes)"
}

network_up()
{
	[ -e /sys/class/net/eth0 ] || { say "eth0 MISSING: no virtio network device"; return; }
	ip link set lo up
	ip link set eth0 up
	ip addr add "$(parameter vm.ip)" dev eth0
	gateway=$(parameter vm.gw)
	[ -z "$gateway" ] || ip route add default via "$gateway"
	say "eth0 up $(cat /sys/class/net/eth0/address) $(parameter vm.ip)"
}

# The peer may still be booting: its first answer may take half a minute.
ping_peer()
{
	tries=0
	until ping -q -c 1 -W 1 "$1" > /dev/null 2>&1 || [ $tries -ge 30 ]; do
		tries=$((tries + 1))
	done
	answered=$(ping -q -c 5 -i 0.2 -W 2 "$1" | sed -n 's/.* \([0-9]*\) packets received.*/\1/p')
	say "ping $1 ${answered:-0}/5"
}

# Debian's busybox 1.35 crashes on wget -T.
fetch_file()
{
	if ! timeout 35 wget -q -O /file "$1"; then
		say "fetch FAILED $1"
		return
	fi
	sum=$(sha256sum < /file)
	sum=${sum%% *}
	if [ "$sum" = "$2" ]; then
		say "fetch OK $(wc -c < /file) bytes sha256 $sum"
	else
		say "fetch WRONG $(wc -c < /file) bytes sha256 $sum, expected $2"
	fi
	rm /file
}

/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox --install -s /bin
exec < /dev/console > /dev/console 2>&1
stty -echo -onlcr

for module in /modules/*.ko; do
	insmod "$module" || say "insmod ${module##*/} FAILED"
done
network_up
peer=$(parameter vm.ping)
[ -z "$peer" ] || ping_peer "$peer"
say ready

while read -r word rest; do
	case $word in
	run)
		sh -c "$rest" < /dev/null
		say "run $?: $rest" ;;
	fetch)
		fetch_file "$(parameter vm.fetch)" "$(parameter vm.sum)" ;;
	poweroff)
		counters
		say "power off"
		poweroff -f ;;
	esac
done
# Nobody is at the console: stay until killed.
while :; do sleep 3600; done
