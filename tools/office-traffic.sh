# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# office-traffic.sh: the servers and the traffic of record-office.sh, which reads this file and brings the rest:
# must, try and serve start a program in a namespace; $work is the directory for files; *_MAC are the addresses.

# shellcheck disable=SC2154	# "work" and the addresses are record-office.sh's

# shellcheck disable=SC2034	# the reader walks through it
readonly TRAFFIC="neighbours ping dns http streams broadcast multicast stray"

# --- servers ---

web_server()
{
	local root=$work/www-$1

	mkdir "$root"
	head -c 300 /dev/zero | tr '\0' 'a' >"$root/note.txt"
	head -c 12000 /dev/urandom | base64 >"$root/page.html"
	head -c 60000 /dev/urandom >"$root/archive.dat"
	cat >"$root.conf" <<-END
	user root;
	daemon off;
	worker_processes 1;
	pid $root.pid;
	error_log $root.log;
	events { worker_connections 64; }
	http {
		access_log off;
		client_body_temp_path $root.body;
		proxy_temp_path $root.proxy;
		fastcgi_temp_path $root.fastcgi;
		uwsgi_temp_path $root.uwsgi;
		scgi_temp_path $root.scgi;
		server { listen 80; listen [::]:80; root $root; }
	}
	END
	serve "$1" nginx -e "$root.log" -c "$root.conf"
}

# dns_server NAME OPTION...
dns_server()
{
	serve "$1" dnsmasq --conf-file=/dev/null --no-daemon --no-resolv --no-hosts --user=root --pid-file= \
		--local=/office.example/ "${@:2}"
}

servers_start()
{
	local name

	for name in outside web db mail; do
		web_server "$name"
	done
	for name in outside web mail; do
		serve "$name" iperf3 -s
	done
	serve db iperf3 -s -B 10.20.0.21
	serve db iperf3 -s -B 10.20.0.22
	dns_server outside --address=/www.outside.example/10.0.0.1 --address=/www.outside.example/fd00::1 \
		--no-ping --dhcp-leasefile="$work/leases" --dhcp-range=10.10.0.100,10.10.0.199 --dhcp-range=10.0.0.100,10.0.0.199
	dns_server mail --mx-host=office.example,mail.office.example --address=/mail.office.example/10.0.0.31 \
		--address=/mail.office.example/fd00::31 --txt-record=office.example,"v=spf1 mx -all"
	sleep 1
}

# --- traffic ---

# Each VM and the outside ask each other for pages. Between web and db the router forwards: the frames of one VM come in
# again, with the other's tag.
traffic_http()
{
	local page

	for page in note.txt page.html archive.dat; do
		must outside curl -sS -o /dev/null "http://10.10.0.11/$page"
		must web curl -sS -o /dev/null "http://10.10.0.1/$page"
		must db curl -sS -o /dev/null --interface 10.20.0.21 "http://10.20.0.1/$page"
	done
	must outside curl -sS -o /dev/null 'http://[fd00:10::11]/page.html'
	must mail curl -sS -o /dev/null 'http://[fd00::1]/page.html'
	must outside curl -sS -o /dev/null http://10.20.0.22/page.html
	must web curl -sS -o /dev/null http://10.20.0.21/page.html
	must db curl -sS -o /dev/null --interface 10.20.0.22 http://10.10.0.11/note.txt
}

traffic_dns()
{
	local name

	for name in www.outside.example missing.outside.example; do
		must web dig +tries=1 @10.10.0.1 "$name"
		must web dig +tries=1 @fd00:10::1 "$name" AAAA
		must db dig +tries=1 -b 10.20.0.21 @10.20.0.1 "$name"
		must db dig +tries=1 -b 10.20.0.22 @10.20.0.1 "$name"
		must mail dig +tries=1 @10.0.0.1 "$name"
	done
	must outside dig +tries=1 @10.0.0.31 office.example MX
	must outside dig +tries=1 @fd00::31 mail.office.example AAAA
	must outside dig +tries=1 +tcp @10.0.0.31 office.example TXT
	must web dig +tries=1 @10.0.0.31 mail.office.example
}

traffic_streams()
{
	must outside iperf3 -c 10.10.0.11 -n 500K -l 16K -P 4
	must outside iperf3 -c fd00:10::11 -n 150K -l 16K
	must outside iperf3 -c 10.20.0.21 -n 200K -l 16K
	must outside iperf3 -c 10.20.0.22 -n 150K -l 16K
	must outside iperf3 -c 10.0.0.31 -n 200K -l 16K
	must outside iperf3 -c 10.10.0.11 -u -b 4M -l 64 -n 12K
	must outside iperf3 -c 10.20.0.22 -u -b 4M -l 512 -n 100K
	must outside iperf3 -c 10.0.0.31 -u -b 4M -l 1472 -n 100K
	must web iperf3 -c 10.10.0.1 -n 200K -l 16K
	must db iperf3 -c 10.20.0.1 -B 10.20.0.21 -n 150K -l 16K
	must db iperf3 -c 10.20.0.1 -B 10.20.0.22 -u -b 4M -l 256 -n 50K
	must mail iperf3 -c fd00::1 -n 100K -l 16K
}

# The voice class of the last line but one travels to mail as a priority tag with VLAN id 0. 4000 bytes make fragments.
traffic_ping()
{
	must outside ping -q -c 5 -i 0.05 10.10.0.11
	must outside ping -q -c 5 -i 0.05 -s 1472 10.20.0.21
	must outside ping -q -c 3 -i 0.05 -s 4000 10.10.0.11
	must outside ping -q -c 5 -i 0.05 -s 0 10.20.0.22
	must outside ping -q -c 5 -i 0.05 fd00::31
	must outside ping -q -c 5 -i 0.05 fd00:20::21
	must web ping -q -c 5 -i 0.05 10.0.0.31
	must db ping -q -c 5 -i 0.05 -I 10.20.0.22 10.10.0.11
	must mail ping -q -c 5 -i 0.05 fd00:10::11
	must outside ping -q -c 20 -i 0.05 -Q 0xb8 10.0.0.31
	must outside ping -q -c 10 -i 0.05 -Q 0xb8 10.10.0.11
}

traffic_neighbours()
{
	must outside arping -q -c 2 -I vlan10 10.10.0.11
	must outside arping -q -b -c 3 -I vlan20 10.20.0.22
	must mail arping -q -c 2 -I eth0 10.0.0.1
	try outside arping -q -U -c 2 -I vlan0 10.0.0.1
	try web arping -q -U -c 2 -I eth0 10.10.0.11
	must outside ndisc6 -q fd00:10::11 vlan10
	must outside ndisc6 -q fd00::31 vlan0
	must web ndisc6 -q fd00:10::1 eth0
}

# member NAME INTERFACE: a program joins the group of mDNS and stays; the kernel announces that by IGMP, whose class is 6.
member()
{
	serve "$1" socat -u "UDP4-RECV:5353,reuseaddr,ip-add-membership=224.0.0.251:$2" OPEN:/dev/null
}

# A laptop and a VM look for a DHCP server; broadcasts and multicasts go to everybody, in every VLAN.
traffic_broadcast()
{
	local vlan

	try outside busybox udhcpc -f -n -q -t 2 -T 1 -i vlan0 -s /bin/true
	must web busybox udhcpc -f -n -q -t 2 -T 1 -B -i eth0 -s /bin/true
	for vlan in 0 10 20; do
		try outside ping -q -b -c 5 -i 0.05 -W 1 -I "vlan$vlan" "10.$vlan.0.255"
	done
}

traffic_multicast()
{
	local vlan

	member outside vlan0
	member outside vlan10
	member web eth0
	member mail eth0
	sleep 2
	for vlan in 0 10 20; do
		try outside dig +tries=2 +time=1 -p 5353 -b "10.$vlan.0.1" @224.0.0.251 printer.local
		try outside dig +tries=1 +time=1 -p 5353 "@ff02::fb%vlan$vlan" printer.local AAAA
		try outside ping -q -c 5 -i 0.05 -W 1 "ff02::1%vlan$vlan"
	done
	try web dig +tries=1 +time=1 -p 5353 -b 10.10.0.11 @224.0.0.251 files.local
	try db dig +tries=1 +time=1 -p 5353 -b 10.20.0.22 @224.0.0.251 files.local
	try mail ping -q -c 3 -i 0.05 -W 1 ff02::1%eth0
}

# stray VLAN MAC COUNT: ping an address of the VLAN which the router believes to be at MAC.
stray()
{
	local address=10.$1.0.${2##*:}

	on outside ip neighbour add "$address" lladdr "$2" dev "vlan$1" nud permanent
	try outside ping -q -c "$3" -i 0.05 -W 1 "$address"
}

# What a filter must refuse: a VM that is gone, the right MAC in the wrong VLAN, and a VLAN of which nobody is a member.
traffic_stray()
{
	stray 0 "$GONE_MAC" 20
	stray 10 "$GONE_MAC" 20
	stray 0 "$WEB_MAC" 20
	stray 20 "$WEB_MAC" 20
	stray 10 "$DB2_MAC" 20
	stray 10 "$MAIL_MAC" 10
	stray 30 "$GONE_MAC" 20
	stray 30 "$WEB_MAC" 20
	try outside arping -q -b -c 3 -w 3 -I vlan30 10.30.0.5
	try outside ping -q -b -c 5 -i 0.05 -W 1 -I vlan30 10.30.0.255
	try outside ping -q -c 5 -i 0.05 -W 1 ff02::1%vlan30
}
