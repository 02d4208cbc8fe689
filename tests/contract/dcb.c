/* SPDX-License-Identifier: BSD-2-Clause */
#include "dcb.h"

#include <string.h>

#include "ndis/host.h"

struct dcb_set dcb_three_classes(void)
{
	struct dcb_set s = { .p = {
		.Header = { NDIS_OBJECT_TYPE_QOS_PARAMETERS, NDIS_QOS_PARAMETERS_REVISION_1,
			    PARAMETERS },
		.Flags = ETS_SET | PFC_SET, .NumTrafficClasses = 3,
		.PriorityAssignmentTable = { 0, 0, 0, 1, 1, 2, 2, 2 },
		.TcBandwidthAssignmentTable = { 30, 70, 0 },
		.TsaAssignmentTable = { ETS, ETS, STRICT },
		.FirstClassificationElementOffset = offsetof(struct dcb_set, elements) } };

	for (unsigned i = 0; i < 3; i++)
		s.elements[i] = (NDIS_QOS_CLASSIFICATION_ELEMENT){
			.Header = { NDIS_OBJECT_TYPE_QOS_CLASSIFICATION_ELEMENT,
				    NDIS_QOS_CLASSIFICATION_ELEMENT_REVISION_1, ELEMENT },
			.ConditionSelector = NDIS_QOS_CONDITION_TCP_PORT,
			.ConditionField = (USHORT)(80 + i), .ActionField = 5 };
	return s;
}

void dcb_with_elements(struct dcb_set *s, unsigned n)
{
	s->p.Flags |= CLASSES_SET;
	s->p.NumClassificationElements = n;
	s->p.ClassificationElementSize = ELEMENT;
}

NDIS_STATUS dcb_set(const struct dcb_set *s)
{
	struct dcb_set copy = *s;
	NDIS_STATUS status = ndis_adapter_method(stack.adapter, OID_QOS_PARAMETERS, &copy,
						 sizeof(copy), NULL);

	assert_memory_equal(&copy, s, sizeof(copy));   /* O5 */
	return status;
}

void dcb_open(const char *qos, const char *tags, bool ndis_620)
{
	struct ndis_keyword keywords[] = { { "*RssOrVmqPreference", "1" }, { "*PriorityVLANTag", tags },
					   { "*QOS", qos }, { NULL, NULL } };

	if (!qos)
		keywords[2].name = NULL;
	stack_open(&(struct stack_options){ .bare = true, .ndis_620 = ndis_620,
					    .keywords = keywords });
}

struct packet *dcb_packet(unsigned priority)
{
	struct packet *p = sender_packet(&protocols[0], 0, 100);

	packet_set_tag(p, priority, 0);
	return p;
}
