/* SPDX-License-Identifier: BSD-2-Clause */
#include "vhosts.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "vmport/vmport.h"
#include "ledger.h"

struct vhosts vhosts;

static struct ndis_image *switch_image;
static bool opened;

uint16_t __real_vmport_pass(struct vmport *from, struct vmport *to, const struct vmport_head *heads,
			    uint16_t n);
uint16_t __wrap_vmport_pass(struct vmport *from, struct vmport *to, const struct vmport_head *heads,
			    uint16_t n);

uint16_t __wrap_vmport_pass(struct vmport *from, struct vmport *to, const struct vmport_head *heads,
			    uint16_t n)
{
	uint16_t done = __real_vmport_pass(from, to, heads, n);

	atomic_fetch_add(&vhosts.passed, done);
	return done;
}

static void open_switch(char (*paths)[160])
{
	static const uint8_t macs[VHOSTS][1][6] = {
		{ { 2, 0, 0, 0, 0, 1 } }, { { 2, 0, 0, 0, 0, 2 } }, { { 2, 0, 0, 0, 0, 3 } },
	};
	static const char *const names[VHOSTS] = { "vm0", "vm1", "vm2" };
	char specs[VHOSTS][200];
	struct vswitch_port_config c[VHOSTS];
	struct vswitch_config config = { .ports = c, .n_ports = VHOSTS, .mtu = 1500,
					 .processors = GROUND_PROCESSORS };
	struct error err = { "" };

	for (unsigned i = 0; i < VHOSTS; i++) {
		snprintf(paths[i], 160, "%s", ground_path(names[i]));
		snprintf(specs[i], sizeof(specs[i]), "vhost-user:%.150s", paths[i]);
		c[i] = (struct vswitch_port_config){ .name = names[i], .macs = macs[i], .n_macs = 1,
						     .processor = (int)vhosts.processor[i],
						     .rate = vhosts.rate[i], .port = specs[i],
						     .direct = true };
	}
	if (vswitch_open(&config, &err) ||
	    ndis_image_load(&switch_image, "vswitch", vswitch_driver_entry, NULL, &err))
		fail_msg("%s", err.text);
	opened = true;
}

static bool is_up(unsigned vm)
{
	struct vswitch_port_report r;

	vswitch_port_report(vm, &r);
	return r.up;
}

void vhosts_open(void)
{
	char paths[VHOSTS][160];
	struct error err = { "" };

	packets_open();
	open_switch(paths);
	fake_open();
	if (vswitch_start(&err))
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < VHOSTS; i++) {
		assert_true(vhost_master_start(&vhosts.of[i], paths[i], 0));
		ground_until(is_up(i));
		assert_true(vhost_master_settle(&vhosts.of[i]));
	}
}

unsigned vhosts_room(unsigned vm)
{
	return VHOST_SENDS - vhost_master_out(&vhosts.of[vm]);
}

void vhosts_kick(unsigned vm)
{
	atomic_thread_fence(memory_order_seq_cst);
	for (int ring = 0; ring < 2; ring++)
		if (vhost_master_may_kick(&vhosts.of[vm], ring))
			eventfd_write(vhosts.of[vm].kick[ring], 1);
}

void vhosts_close(void)
{
	unsigned left;

	if (!opened)
		return;
	opened = false;
	if (fake.adapter)
		vswitch_stop();
	left = fake_close();
	vswitch_report(&vhosts.last);
	for (unsigned i = 0; i < VHOSTS; i++)
		vswitch_port_report(i, &vhosts.port[i]);
	ndis_image_unload(switch_image);
	vswitch_close();
	for (unsigned i = 0; i < VHOSTS; i++)
		if (vhosts.of[i].memory)
			vhost_master_stop(&vhosts.of[i]);
	assert_int_equal(left, 0);
	assert_int_equal(fake.out_at_pause, 0);
	assert_int_equal(fake.out_at_halt, 0);
	ledger_must_balance(&vhosts.last);
}

int vhosts_setup(void **state)
{
	(void)state;
	memset(&vhosts, 0, sizeof(vhosts));
	fake_reset();
	trace_clear();
	return 0;
}

int vhosts_teardown(void **state)
{
	(void)state;
	vhosts_close();
	packets_close();
	return 0;
}
