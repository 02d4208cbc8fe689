/* SPDX-License-Identifier: BSD-2-Clause */
/* Security: descriptors, and whether they let somebody in (part of wdm.h). */
#ifndef OVMQ_WDM_SE_H
#define OVMQ_WDM_SE_H

#include <wdm/io.h>

EXTERN_C_START

typedef struct _SID_IDENTIFIER_AUTHORITY {
	UCHAR Value[6];
} SID_IDENTIFIER_AUTHORITY, *PSID_IDENTIFIER_AUTHORITY;

typedef struct _SID {
	UCHAR Revision;
	UCHAR SubAuthorityCount;
	SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
	ULONG SubAuthority[1];
} SID, *PISID;
typedef PVOID PSID;

typedef struct _ACL {
	UCHAR AclRevision;
	UCHAR Sbz1;
	USHORT AclSize;
	USHORT AceCount;
	USHORT Sbz2;
} ACL, *PACL;
#define ACL_REVISION 2

typedef struct _ACE_HEADER {
	UCHAR AceType;
	UCHAR AceFlags;
	USHORT AceSize;
} ACE_HEADER, *PACE_HEADER;
#define ACCESS_ALLOWED_ACE_TYPE 0x0
#define ACCESS_DENIED_ACE_TYPE  0x1
#define INHERIT_ONLY_ACE        0x8

typedef struct _ACCESS_ALLOWED_ACE {
	ACE_HEADER Header;
	ACCESS_MASK Mask;
	ULONG SidStart;
} ACCESS_ALLOWED_ACE, *PACCESS_ALLOWED_ACE;
typedef struct _ACCESS_DENIED_ACE {
	ACE_HEADER Header;
	ACCESS_MASK Mask;
	ULONG SidStart;
} ACCESS_DENIED_ACE, *PACCESS_DENIED_ACE;

typedef USHORT SECURITY_DESCRIPTOR_CONTROL, *PSECURITY_DESCRIPTOR_CONTROL;
#define SECURITY_DESCRIPTOR_REVISION 1
#define SE_DACL_PRESENT  0x0004
#define SE_SACL_PRESENT  0x0010
#define SE_SELF_RELATIVE 0x8000

typedef struct _SECURITY_DESCRIPTOR {
	UCHAR Revision;
	UCHAR Sbz1;
	SECURITY_DESCRIPTOR_CONTROL Control;
	PSID Owner;
	PSID Group;
	PACL Sacl;
	PACL Dacl;
} SECURITY_DESCRIPTOR, *PISECURITY_DESCRIPTOR;
typedef PVOID PSECURITY_DESCRIPTOR;

/* The same with SE_SELF_RELATIVE: offsets from its beginning, 0 for what is not there. */
typedef struct _SECURITY_DESCRIPTOR_RELATIVE {
	UCHAR Revision;
	UCHAR Sbz1;
	SECURITY_DESCRIPTOR_CONTROL Control;
	ULONG Owner;
	ULONG Group;
	ULONG Sacl;
	ULONG Dacl;
} SECURITY_DESCRIPTOR_RELATIVE, *PISECURITY_DESCRIPTOR_RELATIVE;

#define READ_CONTROL    0x00020000
#define WRITE_DAC       0x00040000
#define MAXIMUM_ALLOWED 0x02000000

typedef struct _GENERIC_MAPPING {
	ACCESS_MASK GenericRead;
	ACCESS_MASK GenericWrite;
	ACCESS_MASK GenericExecute;
	ACCESS_MASK GenericAll;
} GENERIC_MAPPING, *PGENERIC_MAPPING;
PGENERIC_MAPPING IoGetFileObjectGenericMapping(VOID);
VOID RtlMapGenericMask(PACCESS_MASK AccessMask, const GENERIC_MAPPING *GenericMapping);

typedef struct _SECURITY_SUBJECT_CONTEXT {
	PVOID ClientToken;
	ULONG ImpersonationLevel;
	PVOID PrimaryToken;
	PVOID ProcessAuditId;
} SECURITY_SUBJECT_CONTEXT, *PSECURITY_SUBJECT_CONTEXT;

/* Whoever calls a driver here is this process: it stands for LocalSystem and for an
 * administrator, and no other subject exists. */
VOID SeCaptureSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext);
VOID SeReleaseSubjectContext(PSECURITY_SUBJECT_CONTEXT SubjectContext);

/*
 * Whether 'SecurityDescriptor' gives that subject (LocalSystem, Administrators,
 * Authenticated Users, Everyone) 'DesiredAccess': its entries are read in order, and
 * its owner may always read it and change its DACL. In KernelMode everything is granted.
 * FALSE: '*AccessStatus' is STATUS_ACCESS_DENIED. '*Privileges' becomes NULL: none is needed.
 */
struct _PRIVILEGE_SET;
BOOLEAN SeAccessCheck(PSECURITY_DESCRIPTOR SecurityDescriptor,
		      PSECURITY_SUBJECT_CONTEXT SubjectSecurityContext,
		      BOOLEAN SubjectContextLocked, ACCESS_MASK DesiredAccess,
		      ACCESS_MASK PreviouslyGrantedAccess, struct _PRIVILEGE_SET **Privileges,
		      PGENERIC_MAPPING GenericMapping, KPROCESSOR_MODE AccessMode,
		      PACCESS_MASK GrantedAccess, PNTSTATUS AccessStatus);

EXTERN_C_END

#endif
