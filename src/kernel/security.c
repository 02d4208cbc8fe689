/* SPDX-License-Identifier: BSD-2-Clause */
/* Access checks: the one subject there is, against a descriptor's DACL. */
#include <stdbool.h>

#include <wdm.h>

/* A descriptor of either form. */
struct parts {
	const UCHAR *owner;
	const ACL *dacl;             /* NULL: everybody may do everything */
};

/* Whom this process stands for. */
static const struct {
	UCHAR revision, count, authority[6];
	ULONG sub[2];
} subject[] = {
	{ 1, 1, { 0, 0, 0, 0, 0, 5 }, { 18 } },        /* LocalSystem */
	{ 1, 2, { 0, 0, 0, 0, 0, 5 }, { 32, 544 } },   /* Administrators */
	{ 1, 1, { 0, 0, 0, 0, 0, 5 }, { 11 } },        /* Authenticated Users */
	{ 1, 1, { 0, 0, 0, 0, 0, 1 }, { 0 } },         /* Everyone */
};

#define SID_HEAD 8   /* bytes before the sub-authorities */

/* 'room': bytes that the SID may take. */
static bool is_subject(const UCHAR *sid, size_t room)
{
	for (size_t i = 0; i < RTL_NUMBER_OF(subject); i++) {
		size_t n = SID_HEAD + subject[i].count * sizeof(ULONG);

		if (room >= n && !memcmp(sid, &subject[i], n))
			return true;
	}
	return false;
}

static struct parts parts_of(const void *descriptor)
{
	const SECURITY_DESCRIPTOR *d = descriptor;
	const SECURITY_DESCRIPTOR_RELATIVE *r = descriptor;
	const UCHAR *base = descriptor;
	struct parts p = { NULL, NULL };

	if (d->Control & SE_SELF_RELATIVE) {
		p.owner = r->Owner ? base + r->Owner : NULL;
		p.dacl = r->Dacl ? (const void *)(base + r->Dacl) : NULL;
	} else {
		p.owner = d->Owner;
		p.dacl = d->Dacl;
	}
	if (!(d->Control & SE_DACL_PRESENT))
		p.dacl = NULL;
	return p;
}

/* What the DACL gives of 'wanted': the first entry that names a right decides it. */
static ACCESS_MASK dacl_grants(const ACL *dacl, ACCESS_MASK wanted, const GENERIC_MAPPING *mapping)
{
	const UCHAR *at = (const UCHAR *)(dacl + 1), *end = (const UCHAR *)dacl + dacl->AclSize;
	ACCESS_MASK granted = 0, open = wanted;

	for (USHORT i = 0; i < dacl->AceCount && at + sizeof(ACE_HEADER) <= end; i++) {
		const ACCESS_ALLOWED_ACE *ace = (const void *)at;
		size_t head = FIELD_OFFSET(ACCESS_ALLOWED_ACE, SidStart);
		ACCESS_MASK mask;

		if (ace->Header.AceSize < head || at + ace->Header.AceSize > end)
			break;
		at += ace->Header.AceSize;
		if (ace->Header.AceType > ACCESS_DENIED_ACE_TYPE ||
		    ace->Header.AceFlags & INHERIT_ONLY_ACE ||
		    !is_subject((const UCHAR *)&ace->SidStart, ace->Header.AceSize - head))
			continue;
		mask = ace->Mask;
		RtlMapGenericMask(&mask, mapping);
		if (ace->Header.AceType == ACCESS_ALLOWED_ACE_TYPE)
			granted |= mask & open;
		open &= ~mask;
	}
	return granted;
}

static ACCESS_MASK grants(const void *descriptor, ACCESS_MASK wanted,
			  const GENERIC_MAPPING *mapping)
{
	struct parts p = parts_of(descriptor);
	ACCESS_MASK owners = READ_CONTROL | WRITE_DAC;

	if (!p.dacl)
		return wanted;
	if (!p.owner || !is_subject(p.owner, SID_HEAD + p.owner[1] * sizeof(ULONG)))
		owners = 0;
	return (wanted & owners) | dacl_grants(p.dacl, wanted & ~owners, mapping);
}

BOOLEAN SeAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor,
		      PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext,
		      BOOLEAN SubjectContextLocked, ACCESS_MASK DesiredAccess,
		      ACCESS_MASK PreviouslyGrantedAccess, struct _PRIVILEGE_SET **Privileges,
		      PGENERIC_MAPPING GenericMapping, KPROCESSOR_MODE AccessMode,
		      PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus)
{
	bool most = DesiredAccess & MAXIMUM_ALLOWED;
	ACCESS_MASK must = DesiredAccess & ~(ACCESS_MASK)MAXIMUM_ALLOWED, granted = 0;

	(void)SubjectSecurityContext;
	(void)SubjectContextLocked;
	if (Privileges)
		*Privileges = NULL;
	RtlMapGenericMask(&must, GenericMapping);
	if (AccessMode == KernelMode)
		granted = must | (most ? GenericMapping->GenericAll : 0);
	else if (SecurityDescriptor)
		granted = grants(SecurityDescriptor, must | (most ? GenericMapping->GenericAll : 0),
				 GenericMapping);
	granted |= PreviouslyGrantedAccess;
	if ((granted & must) != must || !(granted | must)) {
		*GrantedAccess = 0;
		*AccessStatus = STATUS_ACCESS_DENIED;
		return FALSE;
	}
	*GrantedAccess = granted;
	*AccessStatus = STATUS_SUCCESS;
	return TRUE;
}

VOID RtlMapGenericMask(PACCESS_MASK AccessMask, const GENERIC_MAPPING *GenericMapping)
{
	const struct { ACCESS_MASK generic, specific; } map[] = {
		{ GENERIC_READ, GenericMapping->GenericRead },
		{ GENERIC_WRITE, GenericMapping->GenericWrite },
		{ GENERIC_EXECUTE, GenericMapping->GenericExecute },
		{ GENERIC_ALL, GenericMapping->GenericAll },
	};

	for (size_t i = 0; i < RTL_NUMBER_OF(map); i++)
		if (*AccessMask & map[i].generic)
			*AccessMask = (*AccessMask & ~map[i].generic) | map[i].specific;
}

PGENERIC_MAPPING IoGetFileObjectGenericMapping(VOID)
{
	static GENERIC_MAPPING files = { 0x00120089, 0x00120116, 0x001200a0, 0x001f01ff };

	return &files;
}

/* There is one subject, so a context holds nothing. */
VOID SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
	RtlZeroMemory(SubjectContext, sizeof(*SubjectContext));
}

VOID SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
	RtlZeroMemory(SubjectContext, sizeof(*SubjectContext));
}
