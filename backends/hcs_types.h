/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The types of the Host Compute Service's C interface, under their documented names. On Windows
 * the basic ones come from <windows.h>; elsewhere they are defined here with the same size: WCHAR
 * has 16 bits (no L"" literals), HRESULT 32. <computecore.h> and <computenetwork.h> are not used
 * and not to be included beside this: they lack half of what is needed, and differ by SDK.
 */
#include <stdint.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <stddef.h>

#define WINAPI
#define CALLBACK

typedef uint16_t WCHAR;
typedef WCHAR *PWSTR;
typedef const WCHAR *PCWSTR;
typedef int32_t HRESULT;
typedef uint32_t DWORD;
typedef uint32_t ULONG;
typedef uint64_t UINT64;
typedef uintptr_t ULONG_PTR;
typedef size_t SIZE_T;
typedef void *HANDLE;
typedef struct SECURITY_DESCRIPTOR SECURITY_DESCRIPTOR; /* callers pass NULL */

typedef struct {
	uint32_t Data1;
	uint16_t Data2;
	uint16_t Data3;
	uint8_t Data4[8];
} GUID;
typedef const GUID *REFGUID;

#define GENERIC_ALL UINT32_C(0x10000000)
#define INFINITE    UINT32_C(0xffffffff)
#endif

/* Handles: opaque, of this process, each closed once with its own close function. */
typedef struct HCS_SYSTEM__ *HCS_SYSTEM;
typedef struct HCS_PROCESS__ *HCS_PROCESS;
typedef struct HCS_OPERATION__ *HCS_OPERATION;
typedef struct HCN_NETWORK__ *HCN_NETWORK;
typedef struct HCN_NAMESPACE__ *HCN_NAMESPACE;
typedef struct HCN_ENDPOINT__ *HCN_ENDPOINT;
typedef struct HCN_CALLBACK__ *HCN_CALLBACK;

typedef enum {
	HcsOperationTypeNone = -1,
	HcsOperationTypeEnumerate = 0,
	HcsOperationTypeCreate = 1,
	HcsOperationTypeStart = 2,
	HcsOperationTypeShutdown = 3,
	HcsOperationTypePause = 4,
	HcsOperationTypeResume = 5,
	HcsOperationTypeSave = 6,
	HcsOperationTypeTerminate = 7,
	HcsOperationTypeModify = 8,
	HcsOperationTypeGetProperties = 9,
	HcsOperationTypeCreateProcess = 10,
	HcsOperationTypeSignalProcess = 11,
	HcsOperationTypeGetProcessInfo = 12,
	HcsOperationTypeGetProcessProperties = 13,
	HcsOperationTypeModifyProcess = 14,
	HcsOperationTypeCrash = 15,
} HCS_OPERATION_TYPE;

typedef enum {
	HcsEventInvalid = 0,
	HcsEventSystemExited = 1,
	HcsEventSystemCrashInitiated = 2,
	HcsEventSystemCrashReport = 3,
	HcsEventSystemRdpEnhancedModeStateChanged = 4,
	HcsEventSystemSiloJobCreated = 5,
	HcsEventSystemGuestConnectionClosed = 6,
	HcsEventProcessExited = 0x00010000,
	HcsEventOperationCallback = 0x01000000,
	HcsEventServiceDisconnect = 0x02000000,
} HCS_EVENT_TYPE;

typedef enum {
	HcsEventOptionNone = 0,
	HcsEventOptionEnableOperationCallbacks = 1,
} HCS_EVENT_OPTIONS;

typedef struct {
	HCS_EVENT_TYPE Type;
	PCWSTR EventData;        /* the service's; valid during the callback; may be NULL */
	HCS_OPERATION Operation; /* for OperationCallback */
} HCS_EVENT;

/* Both run on a thread of the library: copy what is needed, hand it over, return. */
typedef void(CALLBACK *HCS_OPERATION_COMPLETION)(HCS_OPERATION operation, void *context);
typedef void(CALLBACK *HCS_EVENT_CALLBACK)(HCS_EVENT *event, void *context);

/*
 * The pipes belong to the caller, who closes them; NULL where none was asked for. On Windows they
 * are for overlapped I/O, closed with CloseHandle(). Elsewhere the value is a descriptor of this
 * process: hcs_api_fd().
 */
typedef struct {
	DWORD ProcessId;
	DWORD Reserved;
	HANDLE StdInput; /* write to it */
	HANDLE StdOutput;
	HANDLE StdError;
} HCS_PROCESS_INFORMATION;

typedef enum {
	HcnNotificationInvalid = 0,
	HcnNotificationNetworkPreCreate = 1,
	HcnNotificationNetworkCreate = 2,
	HcnNotificationNetworkPreDelete = 3,
	HcnNotificationNetworkDelete = 4,
	HcnNotificationNamespaceCreate = 5,
	HcnNotificationNamespaceDelete = 6,
	HcnNotificationServiceDisconnect = 0x01000000,
} HCN_NOTIFICATIONS;

/* Runs on a thread of the library, like the others. */
typedef void(CALLBACK *HCN_NOTIFICATION_CALLBACK)(DWORD notification, void *context, HRESULT status,
						  PCWSTR data);

/* Layer functions of vmcompute.dll, which no SDK header describes. */
enum { LAYER_DRIVER_DIFF = 0, LAYER_DRIVER_FILTER = 1 }; /* containers: FILTER */

typedef struct {
	int Flavour;    /* LAYER_DRIVER_FILTER */
	PCWSTR HomeDir; /* "": ids are whole paths then. Never NULL: that crashes the service */
} DRIVER_INFO;

typedef struct {
	GUID LayerId; /* NameToGuid() of the last component of Path */
	ULONG Flags;  /* 0 */
	PCWSTR Path;  /* of the layer's directory, absolute */
} WC_LAYER_DESCRIPTOR;

_Static_assert(sizeof(WCHAR) == 2 && sizeof(HRESULT) == 4 && sizeof(GUID) == 16, "as on Windows");
_Static_assert(sizeof(void *) != 8 || sizeof(HCS_PROCESS_INFORMATION) == 32, "as on Windows");
_Static_assert(sizeof(void *) != 8 || sizeof(WC_LAYER_DESCRIPTOR) == 32, "as on Windows");
