/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/machine_adapter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "miniport/miniport.h"
#include "player/player.h"
#include "policy/filter_engines.h"
#include "vswitch/vswitch.h"

/* ---- our own drivers ---- */

static int load_own(struct ndis_image **image, const char *name, DRIVER_INITIALIZE *entry,
		    struct drivers *drivers, struct error *err)
{
	/* The configuration says to which adapter each is bound. */
	const struct ndis_image_options options = { .bind_by_hand = 1 };
	int rc = ndis_image_load(image, name, entry, &options, err);

	return rc ? rc : drivers_add_own(drivers, *image, err);
}

int machine_images_load(struct machine_images *images, struct drivers *drivers, struct error *err)
{
	int rc = load_own(&images->vswitch, "vswitch", vswitch_driver_entry, drivers, err);

	if (!rc)
		rc = load_own(&images->player, "player", player_driver_entry, drivers, err);
	if (!rc)
		rc = load_own(&images->miniport, "miniport", miniport_driver_entry, drivers, err);
	return rc;
}

/* Our miniport as the adapter wants it: that of NDIS 6.20 is loaded for the first such. */
static int own_miniport(struct ndis_image **image, const struct adapter_config *c,
			struct machine_images *images, struct drivers *drivers, struct error *err)
{
	bool old = c->ndis_version == CONFIG_NDIS_620;
	int rc = 0;

	if (old && !images->miniport_620)
		rc = load_own(&images->miniport_620, "miniport-620", miniport_620_driver_entry, drivers,
			      err);
	*image = old ? images->miniport_620 : images->miniport;
	return rc;
}

void machine_images_unload(struct machine_images *images)
{
	ndis_image_unload(images->miniport_620);
	ndis_image_unload(images->miniport);
	ndis_image_unload(images->player);
	ndis_image_unload(images->vswitch);
	*images = (struct machine_images){ NULL, NULL, NULL, NULL };
}

/* ---- the miniport's keywords ---- */

#define OWN_KEYWORDS 10

/* What the file says in "keywords" goes before everything else; then comes what its
 * other keys say, and what Windows itself would set. */
struct settings {
	struct keyword_config keyword[CONFIG_MAX_KEYWORDS + OWN_KEYWORDS];
	char number[OWN_KEYWORDS][12];
	unsigned numbers;
	struct keyword_list list;
};

static bool is_set(const struct settings *s, const char *name)
{
	for (unsigned i = 0; i < s->list.n; i++)
		if (!strcasecmp(s->keyword[i].name, name))   /* as NDIS compares them */
			return true;
	return false;
}

static void add_text(struct settings *s, const char *name, const char *value)
{
	if (value && !is_set(s, name))
		s->keyword[s->list.n++] = (struct keyword_config){ (char *)name, (char *)value };
}

static void add_number(struct settings *s, const char *name, unsigned value)
{
	char *text = s->number[s->numbers++];

	snprintf(text, sizeof(s->number[0]), "%u", value);
	add_text(s, name, text);
}

/* The adapter's section of the file as our miniport's keywords. */
static void add_own(struct settings *s, const struct adapter_config *c)
{
	static const char *const receive[] = {
#define X(name, word) [CONFIG_RECEIVE_##name] = word,
		CONFIG_RECEIVE_MODES(X)
#undef X
	};

	add_text(s, "Nic", c->nic);
	add_text(s, "NicOut", c->out);
	add_text(s, "Receive", receive[c->receive]);
	add_text(s, "FilterEngine", filter_engines[c->filter_engine]->name);
	add_number(s, "Mtu", c->mtu);
	add_number(s, "RxQueues", c->rx_queues);
	add_number(s, "NumQueues", c->queues);
	add_number(s, "Buffers", c->buffers);
	add_text(s, "*QOS", "1");   /* as an INF has it */
}

static struct ndis_keyword *keywords_of(const struct adapter_config *c)
{
	struct settings s = { .list.n = 0 };

	s.list.keyword = s.keyword;
	for (unsigned i = 0; i < c->keywords.n; i++)
		add_text(&s, c->keywords.keyword[i].name, c->keywords.keyword[i].value);
	if (!c->driver)
		add_own(&s, c);
	/* Windows sets it where a virtual switch is bound (H16, H19). */
	if (c->has_switch)
		add_text(&s, "*RssOrVmqPreference", "1");
	return drivers_copy_keywords(&s.list);
}

/* ---- adapters ---- */

static int make(struct machine_adapter *a, const struct adapter_config *c,
		struct machine_images *images, struct drivers *drivers, struct error *err)
{
	struct ndis_image *image;
	char name[64];
	int rc;

	a->file = c->driver;
	snprintf(a->name, sizeof(a->name), "%s", c->name);
	a->keywords = keywords_of(c);
	if (!a->keywords)
		return error_set(err, ENOMEM, "adapter %s: no memory", c->name);
	if (c->driver) {
		rc = drivers_load(drivers, c->driver, NULL, name, err);
		if (rc)
			return rc;
		image = drivers_image(drivers, name);
		if (!ndis_image_is_miniport(image))
			return error_set(err, EINVAL, "adapter %s: driver %s is no miniport; it may stand under "
					 "filters or protocols", c->name, name);
	} else {
		rc = own_miniport(&image, c, images, drivers, err);
		if (rc)
			return rc;
	}
	rc = ndis_adapter_create(&a->adapter, image, a->name, a->keywords, err);
	if (!rc)
		drivers_add_adapter(drivers, a->name, a->adapter);
	return rc;
}

/* The host is the DCB component (O4, O15): both groups are configured, or neither is. */
static int set_qos(const struct machine_adapter *a, const struct qos_config *qos,
		   struct error *err)
{
	NDIS_QOS_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_QOS_PARAMETERS, NDIS_QOS_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_QOS_PARAMETERS_REVISION_1 },
		.Flags = NDIS_QOS_PARAMETERS_ETS_CONFIGURED | NDIS_QOS_PARAMETERS_PFC_CONFIGURED |
			 (qos->willing ? NDIS_QOS_PARAMETERS_WILLING : 0),
		.NumTrafficClasses = qos->n,
		.PfcEnable = qos->pfc,
	};
	NDIS_STATUS status;

	for (unsigned i = 0; i < qos->n; i++) {
		const struct qos_class_config *c = &qos->classes[i];

		p.TsaAssignmentTable[i] = c->strict ? NDIS_QOS_TSA_STRICT : NDIS_QOS_TSA_ETS;
		p.TcBandwidthAssignmentTable[i] = (UCHAR)c->share;
		for (unsigned n = 0; n < NDIS_QOS_MAXIMUM_PRIORITIES; n++)
			if (c->priorities >> n & 1)
				p.PriorityAssignmentTable[n] = (UCHAR)i;
	}
	status = ndis_adapter_method(a->adapter, OID_QOS_PARAMETERS, &p, sizeof(p), NULL);
	if (status == NDIS_STATUS_SUCCESS)
		return 0;
	return error_set(err, EIO, "adapter %s: its miniport refuses qos: OID_QOS_PARAMETERS ends with "
			 "status 0x%08x%s", a->name, (unsigned)status,
			 status == NDIS_STATUS_NOT_SUPPORTED ? "; it has no DCB, or *QOS is 0" : "");
}

/* A driver of the list "filters" or "protocols", loaded and put on the adapter. */
static int put_on(const struct machine_adapter *a, const struct module_config *module,
		  bool is_filter, struct drivers *drivers, struct error *err)
{
	char name[64];
	struct driver_place place = { name, a->name, module->name };
	struct ndis_image *image;
	int rc = drivers_load(drivers, module->driver, is_filter ? NULL : &module->keywords, name, err);

	if (rc)
		return rc;
	image = drivers_image(drivers, name);
	if (is_filter ? !ndis_image_is_filter(image) : !ndis_image_is_protocol(image))
		return error_set(err, EINVAL, "adapter %s: driver %s is no %s, and stands in the list of %s",
				 a->name, name, is_filter ? "filter" : "protocol",
				 is_filter ? "filters" : "protocols");
	return drivers_bind(drivers, &place, is_filter ? &module->keywords : NULL, err);
}

/* Protocols bind to a stack that runs: what it offers is known then. */
static int bind_all(struct machine_adapter *a, const struct adapter_config *c, unsigned processor,
		    const struct machine_images *images, struct drivers *drivers, struct error *err)
{
	int rc = 0;

	if (c->has_switch)
		rc = ndis_protocol_bind(a->adapter, images->vswitch, err);
	for (unsigned i = 0; i < c->protocols.n && !rc; i++)
		rc = put_on(a, &c->protocols.module[i], false, drivers, err);
	if (rc || !c->play)
		return rc;
	rc = player_prepare(a->name, c->play, processor, err);
	return rc ? rc : ndis_protocol_bind(a->adapter, images->player, err);
}

int machine_adapter_add(struct machine_adapter *a, const struct adapter_config *c,
			unsigned processor, struct machine_images *images,
			struct drivers *drivers, struct error *err)
{
	int rc = make(a, c, images, drivers, err);

	for (unsigned i = 0; i < c->filters.n && !rc; i++)
		rc = put_on(a, &c->filters.module[i], true, drivers, err);
	if (!rc)
		rc = ndis_adapter_start(a->adapter, err);
	if (!rc && c->qos.n)
		rc = set_qos(a, &c->qos, err);
	return rc ? rc : bind_all(a, c, processor, images, drivers, err);
}

unsigned machine_adapter_remove(struct machine_adapter *a, struct drivers *drivers)
{
	unsigned left = 0;

	if (a->adapter) {
		left = ndis_adapter_remove(a->adapter);
		drivers_forget_adapter(drivers, a->adapter);
	}
	free(a->keywords);
	return left;
}
