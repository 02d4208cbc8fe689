/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of SR-IOV, VMQ and RSS an adapter's keywords enable, and which of the keywords
 * are read on the way (H15 .. H19).
 *
 * One table decides, and the table says what is read: a keyword that makes no
 * difference any more is not asked for, so that with the preference for VMQ no RSS
 * keyword is read, and with that for RSS no VMQ keyword (H17).
 */
#ifndef VMQ_INTERFACE_CHOICE_H
#define VMQ_INTERFACE_CHOICE_H

#include <stdbool.h>

/* X(enumerator, keyword, its value where it is absent), in the order of reading */
#define VMQ_INTERFACE_KEYWORDS(X)                               \
	X(SRIOV_PREFERRED, "*SriovPreferred",      false)       \
	X(VMQ_PREFERRED,   "*RssOrVmqPreference",  false)       \
	X(SRIOV,           "*SRIOV",               true)        \
	X(VMQ,             "*VMQ",                 true)        \
	X(RSS,             "*RSS",                 true)

enum vmq_interface_keyword {
#define X(name, keyword, otherwise) VMQ_KEYWORD_##name,
	VMQ_INTERFACE_KEYWORDS(X)
#undef X
	VMQ_KEYWORD_COUNT
};

/* A set of them is what is enabled; none is 0. */
enum vmq_interface {
	VMQ_INTERFACE_SRIOV = 1,
	VMQ_INTERFACE_VMQ = 2,
	VMQ_INTERFACE_RSS = 4,
};

const char *vmq_interface_keyword_name(enum vmq_interface_keyword keyword);

/* What the keyword means where nobody has set it. */
bool vmq_interface_keyword_default(enum vmq_interface_keyword keyword);

/* Reads one keyword of the adapter. */
typedef bool vmq_interface_read(void *context, enum vmq_interface_keyword keyword);

/*
 * The set of enum vmq_interface that the keywords enable. 'has_sriov': whether the
 * hardware has SR-IOV; without it *SriovPreferred and *SRIOV are not read, and the rest
 * decides as it does where SR-IOV is not preferred. Control thread.
 */
unsigned vmq_interface_choose(bool has_sriov, vmq_interface_read *read, void *context);

#endif
