#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What is told when a loaded driver crashes: the wire driver, with a fault put in.

load helpers

setup() {
	office_setup
	cat >host.yaml <<-END
		host: {processors: 2}
		adapters:
		  - {name: left, driver: wire.so, keywords: {WireName: one}}
		  - {name: right, driver: wire.so, keywords: {WireName: one}, switch: false, play: office.pcap}
		vms:
		  - {name: mail, mac: 52:54:00:00:00:31, port: "pcap:out/mail.pcapng"}
	END
}

# The driver with this statement first in a function, and the sources $more: faulty FUNCTION STATEMENT
faulty() {
	cp -r "$top/tests/drivers/wire" .
	sed -i "/^$1(/,/^{/s/^{/{ $2/" wire/*.c
	grep -qF "$2" wire/*.c
	"$top/tools/vmq-cc" -o wire.so wire/*.c ${more:-} -DNDIS_MINIPORT_DRIVER=1 -DNDIS630_MINIPORT=1 \
		-Wno-declaration-after-statement
}

# Runs it, and finds each TEXT in the report: crashes TEXT...
crashes() {
	local text
	try "$vmq" run --quiet host.yaml
	is "$status" 1 status
	for text; do
		grep -qF -- "$text" vmqd-crash.txt || { echo "no \"$text\":"; cat vmqd-crash.txt; return 1; }
		[[ $stderr == *"$text"* ]] || { echo "not on standard error: $text"; return 1; }
	done
	[[ $stderr == *"vmq: this report is in vmqd-crash.txt"* ]]
}

@test "a bad pointer: the driver, the function, and how it got there" {
	faulty WireSendNetBufferLists '*(volatile ULONG *)(ULONG_PTR)SendFlags = 0;'
	crashes "vmq: crash in driver wire: SIGSEGV, nothing is mapped at 0x1" \
		"in the driver: WireSendNetBufferLists+0x" "thread: vmq-worker" \
		"its callback: WireSendNetBufferLists" \
		"in worker_main+0x" " (vmqd+0x"
}

@test "a call through a null pointer: who made it" {
	faulty WireReceiveDpc 'VOID (*volatile Nothing)(VOID) = NULL; Nothing();'
	crashes "vmq: crash in driver wire: SIGSEGV, nothing is mapped at 0x0" \
		"#0  0x0 in (no code is there)" "in the driver: WireReceiveDpc+0x"
}

@test "KeBugCheckEx: its code and parameters" {
	faulty WireOidRequest 'KeBugCheckEx(0xD1, 1, 2, 3, 4);'
	crashes "vmq: crash in driver wire: bug check 0x000000d1 (0x1, 0x2, 0x3, 0x4)" \
		"in the driver: WireOidRequest+0x"
}

@test "a stack that is exhausted, on a worker" {
	faulty WireReceiveDpc 'volatile UCHAR Large[100000]; Large[0] = 1; WireReceiveDpc(Dpc, DeferredContext, (PVOID)Large, SystemArgument2); Large[1] = Large[0];'
	crashes "vmq: crash in driver wire: SIGSEGV" "in the driver: WireReceiveDpc" " times)"
}

@test "a stack that is exhausted, on a thread that the driver made" {
	cat >deep.c <<-END
		#include <ndis.h>
		VOID Deep(PVOID Context);
		VOID Deep(PVOID Context)
		{
			volatile UCHAR Large[100000];
			Large[0] = 1;
			Deep(Context ? Context : (PVOID)Large);
			Large[1] = Large[0];
		}
	END
	more=deep.c
	faulty WireInitializeEx 'VOID Deep(PVOID); HANDLE Thread[1]; PsCreateSystemThread(Thread, 0, NULL, NULL, NULL, Deep, NULL); NdisMSleep(5000000);'
	crashes "vmq: crash in driver wire: SIGSEGV" "in the driver: Deep" " times)"
}

@test "a crash in a control callback: its name in the WDK, and the adapter's" {
	faulty WireInitializeEx '*(volatile ULONG *)(ULONG_PTR)1 = 0;'
	crashes "its callback: WireInitializeEx" "during: MiniportInitializeEx of left" \
		"  the ports: from_wire 0, from_vms 0, delivered 0, to_wire 0"
}

@test "what is saved: the ledgers, what the drivers held, and the capture, to the last frame" {
	# Another worker would go on delivering between what is saved and what is counted.
	sed -i 's/processors: 2/processors: 2, workers: 1/' host.yaml
	faulty WireCopyFrame 'static volatile LONG Frames; if (++Frames == 1500) *(volatile ULONG *)(ULONG_PTR)1 = 0;'
	crashes "in the driver: WireCopyFrame+0x" "its callback: WireSendNetBufferLists" \
		"  the wire (driver wire.so): from_nic 14" "  the ports: from_wire 14" \
		" NET_BUFFER_LISTs out of pool 'Wire' of left"
	delivered=$(sed -n 's/^  port mail: queue 0, delivered \([0-9]*\) .*/\1/p' vmqd-crash.txt)
	[ "$delivered" -gt 100 ]
	written=$(PYTHONPATH=$e2e python3 -B -c 'import office_reference, sys
print(len(office_reference.read_capture(sys.argv[1])[0]))' out/mail.pcapng)
	is "$written" "$delivered" "frames in the capture"
}

@test "addr2line finds the source line of the reported offset" {
	faulty WireSendNetBufferLists '*(volatile ULONG *)(ULONG_PTR)SendFlags = 0;'
	crashes "in the driver: WireSendNetBufferLists"
	offset=$(sed -n 's/^in the driver: .*(wire.so+\(0x[0-9a-f]*\))/\1/p' vmqd-crash.txt)
	addr2line -fe wire.so "$offset" | grep -q 'wire/traffic.c:'
}
