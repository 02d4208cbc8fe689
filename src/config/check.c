/* SPDX-License-Identifier: BSD-2-Clause */
/* What lines of the configuration that are good each by itself may not say together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/claims.h"
#include "config/read.h"
#include "config/spec.h"

/* Calls 'visit' for the internal port, if there is one, and for each VM. */
typedef int (*visit_fn)(const struct config_reader *r, const struct vm_config *vm,
			const struct config_node *node, struct config_claims *claims);

static int visit_ports(const struct config_reader *r, const struct config_node *root,
		       visit_fn visit, struct config_claims *claims)
{
	const struct config_node *vms = config_tree_get(root, "vms");
	const struct config_node *node = vms ? vms->first : NULL;
	int ret = 0;

	if (r->config->internal)
		ret = visit(r, r->config->internal,
			    config_tree_get(config_tree_get(root, "switch"), "internal"), claims);
	for (unsigned i = 0; i < r->config->n_vms && !ret; i++, node = node->next)
		ret = visit(r, &r->config->vms[i], node, claims);
	return ret;
}

static int claim_name(const struct config_reader *r, const struct vm_config *vm,
		      const struct config_node *node, struct config_claims *claims)
{
	const struct config_node *name = config_tree_get(node, "name");

	(void)r;
	return config_claim_add(claims, strdup(vm->name),
				name ? name->place : node->key->place, false);
}

static int claim_macs(const struct config_reader *r, const struct vm_config *vm,
		      const struct config_node *node, struct config_claims *claims)
{
	const struct config_node *item = config_tree_get(node, "macs");
	int ret = 0;

	(void)r;
	item = item ? item->first : config_tree_get(node, "mac");
	for (unsigned i = 0; i < vm->n_macs && !ret; i++, item = item->next) {
		const uint8_t *m = vm->macs[i];
		char *key, vlan[16] = "untagged";

		if (vm->vlan)
			snprintf(vlan, sizeof(vlan), "on VLAN %u", vm->vlan);
		if (asprintf(&key, "%02x:%02x:%02x:%02x:%02x:%02x %s", m[0], m[1], m[2], m[3],
			     m[4], m[5], vlan) < 0)
			return -ENOMEM;
		ret = config_claim_add(claims, key, item->place, false);
	}
	return ret;
}

static int claim_spec(struct config_claims *claims, const char *text, enum spec_argument argument,
		      struct config_place place)
{
	const char *name = strchr(text, ':') + 1;
	char *key = NULL;

	if (argument == SPEC_DEVICE || argument == SPEC_NOTHING)
		return 0;
	if (argument != SPEC_INTERFACE)
		return config_claim_add(claims, config_file_key(name), place,
					argument == SPEC_INPUT);
	if (asprintf(&key, "interface %s", name) < 0)
		return -ENOMEM;
	return config_claim_add(claims, key, place, false);
}

static int spec_of(struct spec *spec, const struct config_reader *r, const struct spec_kinds *kinds,
		   const struct config_node *node)
{
	return config_spec_split(spec, kinds, &r->errors, node);
}

static int claim_port(const struct config_reader *r, const struct vm_config *vm,
		      const struct config_node *node, struct config_claims *claims)
{
	const struct config_node *port = config_tree_get(node, "port");
	const struct config_node *sends = config_tree_get(node, "sends");
	static const char *const of_guests[] = { "offload", "direct" };
	struct spec spec;
	int ret = spec_of(&spec, r, &config_port_kinds, port);

	if (!ret && sends && spec.kind->argument != SPEC_OUTPUT)
		return config_fail(&r->errors, sends->key->place,
				   "sends goes with a pcap port only, and this port is %s; remove sends",
				   config_quote(vm->port).text);
	for (size_t i = 0; !ret && i < sizeof(of_guests) / sizeof(of_guests[0]); i++) {
		const struct config_node *key = config_tree_get(node, of_guests[i]);

		if (key && strncmp(spec.kind->name, "vhost-user", strlen("vhost-user")))
			return config_fail(&r->errors, key->key->place,
					   "%s goes with a vhost-user port only, and this port is %s; "
					   "remove %s", of_guests[i], config_quote(vm->port).text,
					   of_guests[i]);
	}
	if (!ret)
		ret = claim_spec(claims, vm->port, spec.kind->argument, port->place);
	if (!ret && sends)
		ret = config_claim_add(claims, config_file_key(vm->sends), sends->place, true);
	return ret;
}

static int claim_nic(const struct config_reader *r, const struct adapter_config *a,
		     const struct config_node *adapter, struct config_claims *claims)
{
	const struct config_node *nic = config_tree_get(adapter, "nic");
	const struct config_node *out = config_tree_get(adapter, "out");
	struct spec spec;
	int ret = spec_of(&spec, r, &config_nic_kinds, nic);

	if (!ret && out && spec.kind->argument != SPEC_INPUT)
		return config_fail(&r->errors, out->key->place,
				   "out goes with a NIC that is a capture only, and this one is %s; remove out",
				   config_quote(a->nic).text);
	if (!ret)
		ret = claim_spec(claims, a->nic, spec.kind->argument, nic->place);
	if (!ret && out)
		ret = config_claim_add(claims, config_file_key(a->out), out->place, false);
	return ret;
}

/* Each driver's file is read, and only read. */
static int claim_modules(const struct module_list *list, const struct config_node *items,
			 struct config_claims *claims)
{
	const struct config_node *item = items ? items->first : NULL;
	int ret = 0;

	for (unsigned i = 0; i < list->n && !ret; i++, item = item->next)
		ret = config_claim_add(claims, config_file_key(list->module[i].driver),
				config_tree_get(item, "driver")->place, true);
	return ret;
}

static int claim_adapters(const struct config_reader *r, const struct config_node *root,
			  struct config_claims *claims)
{
	int ret = 0;

	for (unsigned i = 0; i < r->config->n_adapters && !ret; i++) {
		const struct adapter_config *a = &r->config->adapters[i];
		const struct config_node *node = config_adapter_node(root, i);

		ret = a->driver ? config_claim_add(claims, config_file_key(a->driver),
					    config_tree_get(node, "driver")->place, true) :
				  claim_nic(r, a, node, claims);
		if (!ret && a->play)
			ret = config_claim_add(claims, config_file_key(a->play),
					       config_tree_get(node, "play")->place, true);
		if (!ret)
			ret = claim_modules(&a->filters, config_tree_get(node, "filters"), claims);
		if (!ret)
			ret = claim_modules(&a->protocols, config_tree_get(node, "protocols"), claims);
	}
	return ret;
}

static int claim_control(const struct config_reader *r, const struct config_node *root,
			 struct config_claims *claims)
{
	const struct config_node *control = config_tree_get(config_tree_get(root, "host"), "control");

	if (!control || !strcmp(r->config->control, WIRE_SOCKET_AUTO))
		return 0;
	return config_claim_add(claims, config_file_key(r->config->control), control->place, false);
}

/* The name of an item that may have none of its own. */
static struct config_place place_of_name(const struct config_node *item)
{
	const struct config_node *name = config_tree_get(item, "name");

	return name ? name->place : item->place;
}

static int claim_module_names(const struct module_list *list, const struct config_node *items,
			      struct config_claims *claims)
{
	const struct config_node *item = items ? items->first : NULL;
	int ret = 0;

	for (unsigned i = 0; i < list->n && !ret; i++, item = item->next)
		ret = config_claim_add(claims, strdup(list->module[i].name), place_of_name(item),
				       false);
	return ret;
}

static int check_processor(const struct config_reader *r, const struct vm_config *vm,
			   const struct config_node *node, struct config_claims *claims)
{
	const struct config_node *value = config_tree_get(node, "processor");

	(void)claims;
	if (vm->processor < (int)r->config->processors)
		return 0;
	return config_fail(&r->errors, value->place,
			   "there is no processor %d: with processors: %u they are 0..%u",
			   vm->processor, r->config->processors, r->config->processors - 1);
}

static int check_workers(const struct config_reader *r, const struct config_node *root)
{
	const struct config_node *value = config_tree_get(config_tree_get(root, "host"), "workers");

	if (r->config->workers <= r->config->processors)
		return 0;
	return config_fail(&r->errors, value->place,
			   "workers: %u is more than there are processors (%u); a worker without one "
			   "has nothing to do", r->config->workers, r->config->processors);
}

static int fail_taken(const struct config_reader *r, struct config_claims *claims, const char *what,
		      const char *advice)
{
	const struct config_claim *late, *early;

	if (!config_claims_conflict(claims, &late, &early))
		return 0;
	return config_fail(&r->errors, late->place, "%s%s is taken already, at %u:%u; %s", what,
			   config_quote(late->key).text, early->place.line, early->place.column, advice);
}

static int check_module_names(const struct config_reader *r, const struct config_node *root)
{
	int ret = 0;

	for (unsigned i = 0; i < r->config->n_adapters && !ret; i++) {
		const struct config_node *node = config_adapter_node(root, i);
		struct config_claims names = { 0 };

		ret = claim_module_names(&r->config->adapters[i].filters,
					 config_tree_get(node, "filters"), &names);
		if (!ret)
			ret = claim_module_names(&r->config->adapters[i].protocols,
						 config_tree_get(node, "protocols"), &names);
		if (!ret)
			ret = fail_taken(r, &names, "the name ", "give each driver of an adapter its own");
		config_claims_clear(&names);
	}
	return ret;
}

static int check_adapter_names(const struct config_reader *r, const struct config_node *root)
{
	struct config_claims names = { 0 };
	int ret = 0;

	for (unsigned i = 0; i < r->config->n_adapters && !ret; i++)
		ret = config_claim_add(&names, strdup(r->config->adapters[i].name),
				place_of_name(config_adapter_node(root, i)), false);
	if (!ret)
		ret = fail_taken(r, &names, "the name ", "give each adapter its own");
	config_claims_clear(&names);
	return ret ? ret : check_module_names(r, root);
}

static int check_burst(const struct config_reader *r, const struct vm_config *vm,
		       const struct config_node *node, struct config_claims *claims)
{
	(void)claims;
	if (!vm->burst || vm->rate)
		return 0;
	return config_fail(&r->errors, config_tree_get(node, "burst")->place,
			   "burst says how much of a rate goes at once, and there is none; "
			   "give \"rate\" too");
}

int config_check(const struct config_reader *r, const struct config_node *root)
{
	struct config_claims names = { 0 }, macs = { 0 }, things = { 0 };
	int ret = check_workers(r, root);

	if (!ret)
		ret = config_adapters_check(r, root);
	if (!ret)
		ret = check_adapter_names(r, root);
	if (!ret)
		ret = visit_ports(r, root, check_processor, NULL);
	if (!ret)
		ret = visit_ports(r, root, check_burst, NULL);
	if (!ret)
		ret = visit_ports(r, root, claim_name, &names);
	if (!ret)
		ret = fail_taken(r, &names, "the name ", "give each VM its own");
	if (!ret)
		ret = visit_ports(r, root, claim_macs, &macs);
	if (!ret)
		ret = fail_taken(r, &macs, "the MAC address ", "give each port its own on a VLAN");
	if (!ret)
		ret = claim_adapters(r, root, &things);
	if (!ret)
		ret = claim_control(r, root, &things);
	if (!ret)
		ret = visit_ports(r, root, claim_port, &things);
	if (!ret)
		ret = fail_taken(r, &things, "the ", "use another");
	config_claims_clear(&names);
	config_claims_clear(&macs);
	config_claims_clear(&things);
	return ret;
}
