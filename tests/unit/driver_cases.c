/* SPDX-License-Identifier: BSD-2-Clause */
/* Small shared objects for driver_load_test and crash_test, by which CASE_ is defined. */
#include <ndis.h>

/* What the test programs have for us. */
VOID TestEntered(ULONG *Count);
ULONG TestHowToCrash(VOID);

VOID NdisNoSuchFunction(VOID);
VOID KeNoSuchFunction(VOID);
VOID WdfDriverCreate(VOID);

#if defined(CASE_GOOD)
DRIVER_INITIALIZE DriverEntry;
static ULONG entered;      /* begins at 0 again when the code was taken out of memory */

static VOID Unload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	TestEntered(NULL);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	UNREFERENCED_PARAMETER(RegistryPath);
	DriverObject->DriverUnload = Unload;
	entered++;
	TestEntered(&entered);
	return STATUS_SUCCESS;
}
#endif

#if defined(CASE_NO_ENTRY)
NTSTATUS driverentry(PDRIVER_OBJECT DriverObject);
NTSTATUS driverentry(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	return STATUS_SUCCESS;
}
#endif

#if defined(CASE_STATIC_ENTRY)
static NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject) __attribute__((used));
static NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	return STATUS_SUCCESS;
}
#endif

#if defined(CASE_MISSING) || defined(CASE_KMDF) || defined(CASE_MANY)
DRIVER_INITIALIZE DriverEntry;

#define A_LONG_NAME(n) NdisAFunctionWithAVeryLongNameThatNobodyHasYetWritten##n
#define TEN(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7) X(n##8) X(n##9)
#define DECLARE(n) VOID A_LONG_NAME(n)(VOID);
#define CALL(n) A_LONG_NAME(n)();
TEN(DECLARE, 1) TEN(DECLARE, 2)

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	UNREFERENCED_PARAMETER(DriverObject);
	UNREFERENCED_PARAMETER(RegistryPath);
	TestEntered(NULL);
#if defined(CASE_KMDF)
	WdfDriverCreate();
#endif
#if defined(CASE_MANY)
	TEN(CALL, 1) TEN(CALL, 2)
#endif
	NdisNoSuchFunction();
	KeNoSuchFunction();
	return STATUS_SUCCESS;
}
#endif

#if defined(CASE_CLASH) || defined(CASE_FAILS)
DRIVER_INITIALIZE DriverEntry;
LONG getpid(VOID);      /* the C library has one too */
LONG getpid(VOID)
{
	return -1;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	UNREFERENCED_PARAMETER(DriverObject);
	UNREFERENCED_PARAMETER(RegistryPath);
	return getpid() == -1 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}
#endif

#if defined(CASE_CRASHES)
DRIVER_INITIALIZE DriverEntry;

static DECLSPEC_NOINLINE VOID WriteTo(volatile ULONG *Where)
{
	*Where = 1;
	TestEntered(NULL);
}

static DECLSPEC_NOINLINE VOID CallNothing(VOID (*volatile *What)(VOID))
{
	(*What)();
	TestEntered(NULL);
}

static volatile ULONG Address = 16, Deep = 100000000;

static DECLSPEC_NOINLINE ULONG Recurse(volatile ULONG *n)
{
	volatile ULONG here[1000];

	here[0] = *n + 1;
	return here[0] < Deep ? Recurse(here) + here[0] : 0;
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	static VOID (*volatile Nothing)(VOID);
	volatile ULONG zero = 0;

	UNREFERENCED_PARAMETER(DriverObject);
	UNREFERENCED_PARAMETER(RegistryPath);
	switch (TestHowToCrash()) {
	case 0:
		WriteTo((volatile ULONG *)(ULONG_PTR)Address);
		break;
	case 1:
		CallNothing(&Nothing);
		break;
	case 2:
		return (NTSTATUS)(7 / zero);
	case 3:
		Recurse(&zero);
		break;
	case 4:
		__builtin_trap();
	}
	return STATUS_SUCCESS;
}
#endif
