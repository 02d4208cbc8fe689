/* SPDX-License-Identifier: BSD-2-Clause */
#include "ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmport/vmport.h"
#include "ledger.h"

struct ports ports;

static struct ndis_image *switch_image;
static bool opened;
static struct vmport *known[PORTS];   /* in the order in which they were opened */

/* ---- the gates ---- */

int __real_vmport_open(struct vmport **port, const struct vmport_config *config, struct error *err);
int __wrap_vmport_open(struct vmport **port, const struct vmport_config *config, struct error *err);
uint16_t __real_vmport_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
uint16_t __wrap_vmport_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
bool __real_vmport_is_up(const struct vmport *port);
bool __wrap_vmport_is_up(const struct vmport *port);
NDIS_STATUS __real_NdisOidRequest(NDIS_HANDLE binding, PNDIS_OID_REQUEST request);
NDIS_STATUS __wrap_NdisOidRequest(NDIS_HANDLE binding, PNDIS_OID_REQUEST request);
NDIS_STATUS __real_NdisCloseAdapterEx(NDIS_HANDLE binding);
NDIS_STATUS __wrap_NdisCloseAdapterEx(NDIS_HANDLE binding);

int __wrap_vmport_open(struct vmport **port, const struct vmport_config *config, struct error *err)
{
	int rc = __real_vmport_open(port, config, err);

	if (!rc)
		known[config->name[2] - '0'] = *port;   /* "vm0" */
	return rc;
}

unsigned ports_index(const struct vmport *port)
{
	unsigned i = 0;

	while (i < PORTS && known[i] != port)
		i++;
	return i;
}

uint16_t __wrap_vmport_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	unsigned i = ports_index(port);
	uint16_t taken = 0;

	if (i < PORTS && atomic_load(&ports.refuse[i]))
		return 0;
	while (ports.taker && taken < n && ports.taker(i, pkts[taken]))
		taken++;
	return taken ? taken : __real_vmport_deliver(port, pkts, n);
}

bool __wrap_vmport_is_up(const struct vmport *port)
{
	return !atomic_load(&ports.down) && __real_vmport_is_up(port);
}

static struct ports_issued *issue(void)
{
	if (ports.n_issued == FAKE_REQUESTS)
		abort();
	return &ports.issued[ports.n_issued++];
}

NDIS_STATUS __wrap_NdisOidRequest(NDIS_HANDLE binding, PNDIS_OID_REQUEST request)
{
	void *buffer = request->DATA.METHOD_INFORMATION.InformationBuffer;
	struct ports_issued *i = issue();

	*i = (struct ports_issued){ .oid = request->DATA.METHOD_INFORMATION.Oid };
	switch (i->oid) {
	case OID_RECEIVE_FILTER_SET_FILTER:
		i->queue = ((NDIS_RECEIVE_FILTER_PARAMETERS *)buffer)->QueueId;
		i->filter = ((NDIS_RECEIVE_FILTER_PARAMETERS *)buffer)->FilterId;
		break;
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
		i->queue = ((NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS *)buffer)->QueueId;
		i->filter = ((NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS *)buffer)->FilterId;
		break;
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		i->queue = ((NDIS_RECEIVE_QUEUE_FREE_PARAMETERS *)buffer)->QueueId;
		break;
	default:
		break;
	}
	return __real_NdisOidRequest(binding, request);
}

NDIS_STATUS __wrap_NdisCloseAdapterEx(NDIS_HANDLE binding)
{
	issue()->closed = true;
	return __real_NdisCloseAdapterEx(binding);
}

/* ---- opening and closing ---- */

static const uint8_t macs[PORTS][2][6] = {
	{ { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 }, { 2, 0, 0, 0, 0, 0x12 } },
	{ { 2, 0, 0, 0, 0, 3 } },
};

static const char *file(const char *what, unsigned port)
{
	char name[16];

	snprintf(name, sizeof(name), "%s%u", what, port);
	return ground_path(name);
}

static void open_switch(void)
{
	static const char *const names[PORTS] = { "vm0", "vm1", "vm2" };
	char specs[PORTS][160], sends[PORTS][160];
	struct vswitch_port_config c[PORTS];
	struct vswitch_config config = { .ports = c, .n_ports = PORTS, .mtu = 1500,
					 .processors = GROUND_PROCESSORS,
					 .ndis_version = ports.ndis_version };
	struct error err = { "" };

	for (unsigned i = 0; i < PORTS; i++) {
		snprintf(specs[i], sizeof(specs[i]), "pcap:%s", file("got", i));
		snprintf(sends[i], sizeof(sends[i]), "%s", file("sends", i));
		if (ports.sends[i].n)
			ground_capture_write(sends[i], &ports.sends[i]);
		c[i] = (struct vswitch_port_config){
			.name = names[i], .macs = macs[i], .n_macs = i == 1 ? 2 : 1,
			.vlan = i == 1 ? PORT_VLAN : 0, .processor = ports.one_processor ? 0 : (int)i,
			.offload = ports.offload[i], .rate = ports.rate[i], .weight = ports.weight[i], .port = specs[i],
			.sends = ports.sends[i].n ? sends[i] : NULL };
	}
	if (vswitch_open(&config, &err) ||
	    ndis_image_load(&switch_image, "vswitch", vswitch_driver_entry, NULL, &err))
		fail_msg("%s", err.text);
	opened = true;
}

struct ndis_image *ports_image(void)
{
	return switch_image;
}

void ports_flood(unsigned port, unsigned n, unsigned length)
{
	uint8_t mac[6];

	for (unsigned i = 0; i < n; i++) {
		unsigned index;

		ground_mac(mac, PORTS_WIRE);
		index = ground_frame_add(&ports.sends[port], mac, UNTAGGED, length);
		ground_mac(ports.sends[port].list[index].bytes + 6, port + 1);
	}
}

void ports_open(void)
{
	packets_open();
	open_switch();
	fake_open();
}

void ports_open_started(void)
{
	struct error err = { "" };

	ports_open();
	if (vswitch_start(&err))
		fail_msg("%s", err.text);
}

struct vswitch_port_report ports_report(unsigned port)
{
	struct vswitch_port_report r;

	vswitch_port_report(port, &r);
	return r;
}

uint64_t ports_drops(unsigned port, enum port_drop why)
{
	return ports_report(port).drops[why];
}

void ports_wait(void)
{
	ground_until(vswitch_is_quiet());
}

void ports_close(void)
{
	unsigned left;

	if (!opened)
		return;
	opened = false;
	fake_complete(NDIS_STATUS_SUCCESS);
	fake_answer(NDIS_STATUS_SUCCESS);
	atomic_store(&fake.keep_sends, false);
	for (unsigned i = 0; i < PORTS; i++)
		atomic_store(&ports.refuse[i], false);
	if (fake.adapter)
		vswitch_stop();
	left = fake_close();
	vswitch_report(&ports.last);
	for (unsigned i = 0; i < PORTS; i++)
		vswitch_port_report(i, &ports.port[i]);
	ndis_image_unload(switch_image);
	vswitch_close();
	for (unsigned i = 0; i < PORTS; i++) {
		ground_capture_read(file("got", i), &ports.got[i]);
		unlink(file("got", i));
		unlink(file("sends", i));
	}
	assert_int_equal(left, 0);
	assert_true(fake.context_ok);                 /* A3 */
	assert_int_equal(fake.out_at_pause, 0);       /* I20 */
	assert_int_equal(fake.out_at_halt, 0);
	ledger_must_balance(&ports.last);
}

int ports_setup(void **state)
{
	(void)state;
	memset(&ports, 0, sizeof(ports));
	fake_reset();
	trace_clear();
	return 0;
}

int ports_teardown(void **state)
{
	(void)state;
	ports_close();
	packets_close();
	for (unsigned i = 0; i < PORTS; i++) {
		ground_frames_free(&ports.sends[i]);
		ground_frames_free(&ports.got[i]);
	}
	return 0;
}
