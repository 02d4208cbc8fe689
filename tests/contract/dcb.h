/* SPDX-License-Identifier: BSD-2-Clause */
/* The DCB component, played by a test above the real miniport (O4). */
#ifndef CONTRACT_DCB_H
#define CONTRACT_DCB_H

#include "sender.h"

#define PARAMETERS NDIS_SIZEOF_QOS_PARAMETERS_REVISION_1
#define ELEMENT NDIS_SIZEOF_QOS_CLASSIFICATION_ELEMENT_REVISION_1
#define STRICT NDIS_QOS_TSA_STRICT
#define ETS NDIS_QOS_TSA_ETS
#define ETS_SET NDIS_QOS_PARAMETERS_ETS_CONFIGURED
#define PFC_SET NDIS_QOS_PARAMETERS_PFC_CONFIGURED
#define CLASSES_SET NDIS_QOS_PARAMETERS_CLASSIFICATION_CONFIGURED

/* Parameters with their elements behind them. */
struct dcb_set {
	NDIS_QOS_PARAMETERS p;
	NDIS_QOS_CLASSIFICATION_ELEMENT elements[3];
};

/* Three classes: 0 ETS 30 with priorities 0, 1, 2; 1 ETS 70 with 3, 4; 2 strict with 5 to 7.
 * Three elements stand behind them, which are not counted. */
struct dcb_set dcb_three_classes(void);

/* The set has the first 'n' of its elements. */
void dcb_with_elements(struct dcb_set *set, unsigned n);

/* OID_QOS_PARAMETERS; its end leaves the caller's data as they are (O5). */
NDIS_STATUS dcb_set(const struct dcb_set *set);

/* An adapter with these keywords *QOS (NULL: none) and *PriorityVLANTag. */
void dcb_open(const char *qos, const char *tags, bool ndis_620);

/* A packet of a new frame with that UserPriority. */
struct packet *dcb_packet(unsigned priority);

#endif
