/* SPDX-License-Identifier: BSD-2-Clause */
/* What the adapter's configuration says (H15 .. H20). */
#include "miniport/adapter.h"

#include <string.h>

#include "base/ethernet.h"
#include "base/log.h"
#include "policy/filter_engines.h"
#include "vmq/interface_choice.h"

/* A keyword's name as the NDIS string the call wants. */
static NDIS_STRING name_of(const char *name, WCHAR room[32])
{
	USHORT n = 0;

	for (; name[n]; n++)
		room[n] = (unsigned char)name[n];
	return (NDIS_STRING){ (USHORT)(n * sizeof(WCHAR)), (USHORT)(n * sizeof(WCHAR)), room };
}

static unsigned read_number(NDIS_HANDLE config, const char *name, unsigned otherwise)
{
	WCHAR room[32];
	NDIS_STRING keyword = name_of(name, room);
	PNDIS_CONFIGURATION_PARAMETER value;
	NDIS_STATUS status;

	NdisReadConfiguration(&status, &value, config, &keyword, NdisParameterInteger);
	return status == NDIS_STATUS_SUCCESS ? value->ParameterData.IntegerData : otherwise;
}

/* False: there is none, and 'to' is empty, or it is too long, and 'to' holds its begin. */
static bool read_text(NDIS_HANDLE config, const char *name, char *to, size_t size)
{
	WCHAR room[32];
	NDIS_STRING keyword = name_of(name, room);
	PNDIS_CONFIGURATION_PARAMETER value;
	NDIS_STATUS status;
	size_t n, all;

	to[0] = '\0';
	NdisReadConfiguration(&status, &value, config, &keyword, NdisParameterString);
	if (status != NDIS_STATUS_SUCCESS)
		return false;
	all = value->ParameterData.StringData.Length / sizeof(WCHAR);
	n = all < size ? all : size - 1;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)value->ParameterData.StringData.Buffer[i];
	to[n] = '\0';
	return n == all;
}

/* A keyword of an INF's enumeration: 0 is off, 1 is on. */
static bool read_switch(NDIS_HANDLE config, const char *name, bool otherwise)
{
	unsigned value = read_number(config, name, otherwise);

	if (value <= 1)
		return value;
	log_warning("miniport: keyword %s is %u, and must be 0 or 1; it counts as %d", name, value,
		    otherwise);
	return otherwise;
}

/* ---- VMQ or RSS ---- */

static bool read_choice(void *context, enum vmq_interface_keyword keyword)
{
	return read_switch(context, vmq_interface_keyword_name(keyword),
			   vmq_interface_keyword_default(keyword));
}

#define ABSENT UINT32_MAX

/* One of the keywords of RSS; out of its range it counts as its default. */
static unsigned read_in_range(NDIS_HANDLE config, const char *name, unsigned min, unsigned max,
			      unsigned otherwise)
{
	unsigned value = read_number(config, name, otherwise);

	if (value == otherwise || (value >= min && value <= max))
		return value;
	log_warning("miniport: keyword %s is %u, and must be %u..%u; it is ignored", name, value, min,
		    max);
	return otherwise;
}

/* N18: NDIS 6.30 brought the upper end, the number of queues, and the profile. */
static struct mp_scaling read_scaling(NDIS_HANDLE config, bool from_630)
{
	struct mp_scaling s = {
		.base = { .Group = (USHORT)read_in_range(config, "*RssBaseProcGroup", 0, 65535, 0),
			  .Number = (UCHAR)read_in_range(config, "*RssBaseProcNumber", 0, 255, 0) },
		.max = { .Group = UINT16_MAX, .Number = UINT8_MAX },
		.processors = read_in_range(config, "*MaxRssProcessors", 1, UINT16_MAX, 16),
		.node = read_in_range(config, "*NumaNodeId", 0, MP_ANY_NODE, MP_ANY_NODE),
		.profile = NdisRssProfileNumaStatic,
	};
	unsigned last;

	s.queues = s.processors;
	if (!from_630)
		return s;
	/* Without a number there is no upper end; a number alone is of group 0. */
	last = read_in_range(config, "*RssMaxProcNumber", 0, 255, ABSENT);
	s.max.Group = (USHORT)read_in_range(config, "*RssMaxProcGroup", 0, 65535,
					    last == ABSENT ? UINT16_MAX : 0);
	s.max.Number = last == ABSENT ? UINT8_MAX : (UCHAR)last;
	s.queues = read_in_range(config, "*NumRSSQueues", 1, UINT16_MAX, 16);
	s.profile = (NDIS_RSS_PROFILE)read_in_range(config, "*RSSProfile", NdisRssProfileClosest,
						    NdisRssProfileConservative,
						    NdisRssProfileNumaStatic);
	return s;
}

/* Only what matters to the interface chosen is read (H17, H20). No NIC of ours has
 * SR-IOV. Where RSS is chosen no other interface is enabled (H19). */
static void read_interface(struct mp_adapter *a, NDIS_HANDLE config)
{
	unsigned enabled = vmq_interface_choose(false, read_choice, config);
	struct mp_settings *s = &a->settings;

	s->vmq = enabled & VMQ_INTERFACE_VMQ;
	s->rss = enabled & VMQ_INTERFACE_RSS;
	if (s->rss)
		s->scaling = read_scaling(config, a->ndis_version >= MP_NDIS_630);
	if (!s->vmq)
		return;
	s->vlan_filtering = read_switch(config, "*VMQVlanFiltering", true);
	if (a->ndis_version < MP_NDIS_630)   /* E20: ended with NDIS 6.30 */
		s->lookahead_split = read_switch(config, "*VMQLookaheadSplit", true);
	else
		s->encapsulation = read_switch(config, "*EncapsulatedPacketTaskOffload", true);
}

/* ---- task offloads (P17) ---- */

/* X(keyword, its group's or NULL, what it is the checksum of: 1 stands for its sends, 2 for its
 * receives, 3 for both) */
#define CHECKSUM_KEYWORDS(X)                                                 \
	X("*IPChecksumOffloadIPv4",  NULL,                         IPV4)     \
	X("*TCPChecksumOffloadIPv4", "*TCPUDPChecksumOffloadIPv4", TCP4)     \
	X("*UDPChecksumOffloadIPv4", "*TCPUDPChecksumOffloadIPv4", UDP4)     \
	X("*TCPChecksumOffloadIPv6", "*TCPUDPChecksumOffloadIPv6", TCP6)     \
	X("*UDPChecksumOffloadIPv6", "*TCPUDPChecksumOffloadIPv6", UDP6)

/* One checksum's keyword, or where it is absent its group's. */
static unsigned read_checksum(NDIS_HANDLE config, const char *name, const char *group,
			      unsigned send, unsigned receive)
{
	unsigned value = read_number(config, name, ABSENT);

	if (value == ABSENT && group) {
		name = group;
		value = read_number(config, name, ABSENT);
	}
	if (value != ABSENT && value > 3)
		log_warning("miniport: keyword %s is %u, and must be 0..3; it counts as 3", name,
			    value);
	if (value > 3)
		value = 3;
	return (value & 1 ? send : 0) | (value & 2 ? receive : 0);
}

static unsigned read_offloads(NDIS_HANDLE config)
{
	unsigned on = 0;

#define X(name, group, what)                                              \
	on |= read_checksum(config, name, group, MP_OFFLOAD_##what##_TX, \
			    MP_OFFLOAD_##what##_RX);
	CHECKSUM_KEYWORDS(X)
#undef X
	if (read_switch(config, "*LsoV1IPv4", true))
		on |= MP_OFFLOAD_LSO1_4;
	if (read_switch(config, "*LsoV2IPv4", true))
		on |= MP_OFFLOAD_LSO2_4;
	if (read_switch(config, "*LsoV2IPv6", true))
		on |= MP_OFFLOAD_LSO2_6;
	return on;
}

/* ---- QoS and tags (O1, O18) ---- */

/* NDIS 6.20 knows no QoS; nor does an adapter without the keyword. */
static enum mp_qos_keyword read_qos(const struct mp_adapter *a, NDIS_HANDLE config)
{
	const unsigned absent = UINT32_MAX;
	unsigned value = a->ndis_version < MP_NDIS_630 ? absent : read_number(config, "*QOS", absent);

	if (value == absent)
		return MP_QOS_ABSENT;
	if (value > 1)
		log_warning("miniport: keyword *QOS is %u, and must be 0 or 1; it counts as 1", value);
	return value ? MP_QOS_ON : MP_QOS_OFF;
}

/* *PriorityVLANTag: bit 0 is priorities, bit 1 is VLANs. */
static void read_tags(struct mp_adapter *a, NDIS_HANDLE config)
{
	unsigned tags = read_number(config, "*PriorityVLANTag", 3);
	struct mp_settings *s = &a->settings;

	s->qos = read_qos(a, config);
	s->dcbx = read_switch(config, "Dcbx", false);
	if (tags > 3) {
		log_warning("miniport: keyword *PriorityVLANTag is %u, and must be 0 to 3; it counts "
			    "as 3", tags);
		tags = 3;
	}
	if (s->qos == MP_QOS_ON)
		tags |= 1;   /* QoS goes by priorities */
	s->tag_mask = (uint16_t)((tags & 1 ? MP_TAG_PRIORITY : 0) | (tags & 2 ? MP_TAG_VLAN : 0) |
				 (tags ? MP_TAG_CFI : 0));
}

/* ---- our own keywords ---- */

static bool read_receive(NDIS_HANDLE config, enum mp_receive *receive)
{
	static const char *const names[] = { [MP_RECEIVE_PLACED] = "placed",
					     [MP_RECEIVE_LOANED] = "loaned",
					     [MP_RECEIVE_STEERED] = "steered" };
	char text[16];

	*receive = MP_RECEIVE_PLACED;
	if (!read_text(config, "Receive", text, sizeof(text)) && !text[0])
		return true;   /* absent */
	for (unsigned i = 0; i < RTE_DIM(names); i++)
		if (!strcmp(text, names[i])) {
			*receive = (enum mp_receive)i;
			return true;
		}
	log_error("miniport: keyword Receive is \"%s\", and must be placed, loaned or steered",
		  text);
	return false;
}

static bool read_filter_engine(NDIS_HANDLE config, const struct vmq_filter_engine **engine)
{
	char text[32];

	*engine = filter_engines[0];
	if (!read_text(config, "FilterEngine", text, sizeof(text)) && !text[0])
		return true;   /* absent */
	*engine = filter_engine_find(text);
	if (!*engine)
		log_error("miniport: keyword FilterEngine is \"%s\", and must be one of %s", text,
			  filter_engine_names());
	return *engine;
}

static bool in_range(const char *name, unsigned value, unsigned min, unsigned max)
{
	if (value >= min && value <= max)
		return true;
	log_error("miniport: keyword %s is %u, and must be %u..%u", name, value, min, max);
	return false;
}

static bool read_own(struct mp_settings *s, NDIS_HANDLE config)
{
	if (!read_text(config, "Nic", s->nic, sizeof(s->nic))) {
		log_error("miniport: keyword Nic is missing, or longer than %zu characters",
			  sizeof(s->nic) - 1);
		return false;
	}
	if (!read_text(config, "NicOut", s->out, sizeof(s->out)) && s->out[0]) {
		log_error("miniport: keyword NicOut is longer than %zu characters",
			  sizeof(s->out) - 1);
		return false;
	}
	s->mtu = read_number(config, "Mtu", 1500);
	s->rx_queues = read_number(config, "RxQueues", 1);
	s->queues = read_number(config, "NumQueues", 16);
	s->buffers = read_number(config, "Buffers", 512);
	s->verify_checksums = read_switch(config, "VerifyChecksums", false);
	s->mac_only_refused = read_switch(config, "RefuseMacOnly", false);
	return read_receive(config, &s->receive) &&
	       read_filter_engine(config, &s->filter_engine) && in_range("Mtu", s->mtu, 68, 9600) &&
	       in_range("RxQueues", s->rx_queues, 1, MAX_RX_QUEUES) &&
	       in_range("NumQueues", s->queues, 0, 1024) &&
	       in_range("Buffers", s->buffers, 16, 65536);
}

NDIS_STATUS mp_settings_read(struct mp_adapter *a)
{
	NDIS_CONFIGURATION_OBJECT object = {
		.Header = { NDIS_OBJECT_TYPE_CONFIGURATION_OBJECT,
			    NDIS_CONFIGURATION_OBJECT_REVISION_1,
			    NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1 },
		.NdisHandle = a->handle,
	};
	struct mp_settings *s = &a->settings;
	NDIS_HANDLE config;
	NDIS_STATUS status = NdisOpenConfigurationEx(&object, &config);

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	*s = (struct mp_settings){ .rx_queues = 0 };
	if (read_own(s, config)) {
		read_interface(a, config);
		s->offloads = read_offloads(config);
		read_tags(a, config);
		a->max_frame = (uint16_t)(s->mtu + ETHERNET_HEADER);
		a->max_send = (uint16_t)(a->max_frame + (s->tag_mask ? 0 : VLAN_TAG));
	} else {
		s->rx_queues = s->queues = 0;   /* nothing was made yet */
		status = NDIS_STATUS_INVALID_PARAMETER;
	}
	NdisCloseConfiguration(config);
	return status;
}
