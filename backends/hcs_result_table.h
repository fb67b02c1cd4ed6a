/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * X(name, value, outcome, error code): the HRESULTs a controller can meet. Names and values are
 * those of winerror.h (HCS_E_, HCN_E_ and GCN_E_ complete up to Windows 11; the last rows of each
 * from the HCS and HCN documentation); a WIN32_ name is the Windows error of that name as HRESULT.
 * The two columns on the right are ours: hcs_result.h says what they mean.
 */
#define HCS_RESULTS(X)                                                                             \
	X(HCS_E_TERMINATED_DURING_START, 0x80370100, FAILED, ERR_IO)                               \
	X(HCS_E_IMAGE_MISMATCH, 0x80370101, FAILED, ERR_UNSUPPORTED)                               \
	X(HCS_E_HYPERV_NOT_INSTALLED, 0x80370102, FAILED, ERR_UNSUPPORTED)                         \
	X(HCS_E_LEGACY_PENDING, 0x80370103, RUNNING, ERR_TIMEOUT) /* vmcompute, not winerror.h */  \
	X(HCS_E_INVALID_STATE, 0x80370105, STATE, ERR_CONFLICT)                                    \
	X(HCS_E_UNEXPECTED_EXIT, 0x80370106, STOPPED, ERR_IO)                                      \
	X(HCS_E_TERMINATED, 0x80370107, STOPPED, ERR_IO)                                           \
	X(HCS_E_CONNECT_FAILED, 0x80370108, FAILED, ERR_UNAVAILABLE)                               \
	X(HCS_E_CONNECTION_TIMEOUT, 0x80370109, RUNNING, ERR_TIMEOUT)                              \
	X(HCS_E_CONNECTION_CLOSED, 0x8037010A, FAILED, ERR_UNAVAILABLE)                            \
	X(HCS_E_UNKNOWN_MESSAGE, 0x8037010B, FAILED, ERR_UNSUPPORTED)                              \
	X(HCS_E_UNSUPPORTED_PROTOCOL_VERSION, 0x8037010C, FAILED, ERR_UNSUPPORTED)                 \
	X(HCS_E_INVALID_JSON, 0x8037010D, FAILED, ERR_INVALID)                                     \
	X(HCS_E_SYSTEM_NOT_FOUND, 0x8037010E, ABSENT, ERR_NOT_FOUND)                               \
	X(HCS_E_SYSTEM_ALREADY_EXISTS, 0x8037010F, EXISTS, ERR_EXISTS)                             \
	X(HCS_E_SYSTEM_ALREADY_STOPPED, 0x80370110, STOPPED, ERR_CONFLICT)                         \
	X(HCS_E_PROTOCOL_ERROR, 0x80370111, FAILED, ERR_IO)                                        \
	X(HCS_E_INVALID_LAYER, 0x80370112, FAILED, ERR_CORRUPT)                                    \
	X(HCS_E_WINDOWS_INSIDER_REQUIRED, 0x80370113, FAILED, ERR_UNSUPPORTED)                     \
	X(HCS_E_SERVICE_NOT_AVAILABLE, 0x80370114, FAILED, ERR_UNSUPPORTED)                        \
	X(HCS_E_OPERATION_NOT_STARTED, 0x80370115, FAILED, ERR_INVALID)                            \
	X(HCS_E_OPERATION_ALREADY_STARTED, 0x80370116, FAILED, ERR_INVALID)                        \
	X(HCS_E_OPERATION_PENDING, 0x80370117, RUNNING, ERR_TIMEOUT)                               \
	X(HCS_E_OPERATION_TIMEOUT, 0x80370118, RUNNING, ERR_TIMEOUT)                               \
	X(HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET, 0x80370119, EXISTS, ERR_EXISTS)             \
	X(HCS_E_OPERATION_RESULT_ALLOCATION_FAILED, 0x8037011A, FAILED, ERR_UNAVAILABLE)           \
	X(HCS_E_ACCESS_DENIED, 0x8037011B, FAILED, ERR_UNAUTHORIZED)                               \
	X(HCS_E_GUEST_CRITICAL_ERROR, 0x8037011C, FAILED, ERR_IO)                                  \
	X(HCS_E_PROCESS_INFO_NOT_AVAILABLE, 0x8037011D, FAILED, ERR_NOT_FOUND)                     \
	X(HCS_E_SERVICE_DISCONNECT, 0x8037011E, LOST, ERR_UNAVAILABLE)                             \
	X(HCS_E_PROCESS_ALREADY_STOPPED, 0x8037011F, STOPPED, ERR_CONFLICT)                        \
                                                                                                   \
	X(HCN_E_NETWORK_NOT_FOUND, 0x803B0001, ABSENT, ERR_NOT_FOUND)                              \
	X(HCN_E_ENDPOINT_NOT_FOUND, 0x803B0002, ABSENT, ERR_NOT_FOUND)                             \
	X(HCN_E_LAYER_NOT_FOUND, 0x803B0003, FAILED, ERR_NOT_FOUND)                                \
	X(HCN_E_SWITCH_NOT_FOUND, 0x803B0004, FAILED, ERR_NOT_FOUND)                               \
	X(HCN_E_SUBNET_NOT_FOUND, 0x803B0005, FAILED, ERR_NOT_FOUND)                               \
	X(HCN_E_ADAPTER_NOT_FOUND, 0x803B0006, FAILED, ERR_NOT_FOUND)                              \
	X(HCN_E_PORT_NOT_FOUND, 0x803B0007, FAILED, ERR_NOT_FOUND)                                 \
	X(HCN_E_POLICY_NOT_FOUND, 0x803B0008, FAILED, ERR_NOT_FOUND)                               \
	X(HCN_E_VFP_PORTSETTING_NOT_FOUND, 0x803B0009, FAILED, ERR_NOT_FOUND)                      \
	X(HCN_E_INVALID_NETWORK, 0x803B000A, FAILED, ERR_INVALID)                                  \
	X(HCN_E_INVALID_NETWORK_TYPE, 0x803B000B, FAILED, ERR_INVALID)                             \
	X(HCN_E_INVALID_ENDPOINT, 0x803B000C, FAILED, ERR_INVALID)                                 \
	X(HCN_E_INVALID_POLICY, 0x803B000D, FAILED, ERR_INVALID)                                   \
	X(HCN_E_INVALID_POLICY_TYPE, 0x803B000E, FAILED, ERR_INVALID)                              \
	X(HCN_E_INVALID_REMOTE_ENDPOINT_OPERATION, 0x803B000F, FAILED, ERR_INVALID)                \
	X(HCN_E_NETWORK_ALREADY_EXISTS, 0x803B0010, EXISTS, ERR_EXISTS)                            \
	X(HCN_E_LAYER_ALREADY_EXISTS, 0x803B0011, FAILED, ERR_EXISTS)                              \
	X(HCN_E_POLICY_ALREADY_EXISTS, 0x803B0012, FAILED, ERR_EXISTS)                             \
	X(HCN_E_PORT_ALREADY_EXISTS, 0x803B0013, FAILED, ERR_EXISTS)                               \
	X(HCN_E_ENDPOINT_ALREADY_ATTACHED, 0x803B0014, ATTACHED, ERR_CONFLICT)                     \
	/* A delete meets it while a container is still listed; a create when it asks too much. */ \
	X(HCN_E_REQUEST_UNSUPPORTED, 0x803B0015, IN_USE, ERR_UNSUPPORTED)                          \
	X(HCN_E_MAPPING_NOT_SUPPORTED, 0x803B0016, FAILED, ERR_UNSUPPORTED)                        \
	X(HCN_E_DEGRADED_OPERATION, 0x803B0017, FAILED, ERR_UNSUPPORTED)                           \
	X(HCN_E_SHARED_SWITCH_MODIFICATION, 0x803B0018, FAILED, ERR_UNSUPPORTED)                   \
	X(HCN_E_GUID_CONVERSION_FAILURE, 0x803B0019, FAILED, ERR_INVALID)                          \
	X(HCN_E_REGKEY_FAILURE, 0x803B001A, FAILED, ERR_IO)                                        \
	X(HCN_E_INVALID_JSON, 0x803B001B, FAILED, ERR_INVALID)                                     \
	X(HCN_E_INVALID_JSON_REFERENCE, 0x803B001C, FAILED, ERR_INVALID)                           \
	X(HCN_E_ENDPOINT_SHARING_DISABLED, 0x803B001D, FAILED, ERR_UNSUPPORTED)                    \
	X(HCN_E_INVALID_IP, 0x803B001E, FAILED, ERR_INVALID)                                       \
	X(HCN_E_SWITCH_EXTENSION_NOT_FOUND, 0x803B001F, FAILED, ERR_NOT_FOUND)                     \
	X(HCN_E_MANAGER_STOPPED, 0x803B0020, LOST, ERR_UNAVAILABLE)                                \
	X(GCN_E_MODULE_NOT_FOUND, 0x803B0021, FAILED, ERR_UNSUPPORTED)                             \
	X(GCN_E_NO_REQUEST_HANDLERS, 0x803B0022, FAILED, ERR_UNSUPPORTED)                          \
	X(GCN_E_REQUEST_UNSUPPORTED, 0x803B0023, FAILED, ERR_UNSUPPORTED)                          \
	X(GCN_E_RUNTIMEKEYS_FAILED, 0x803B0024, FAILED, ERR_IO)                                    \
	X(GCN_E_NETADAPTER_TIMEOUT, 0x803B0025, FAILED, ERR_TIMEOUT)                               \
	X(GCN_E_NETADAPTER_NOT_FOUND, 0x803B0026, FAILED, ERR_NOT_FOUND)                           \
	X(GCN_E_NETCOMPARTMENT_NOT_FOUND, 0x803B0027, FAILED, ERR_NOT_FOUND)                       \
	X(GCN_E_NETINTERFACE_NOT_FOUND, 0x803B0028, FAILED, ERR_NOT_FOUND)                         \
	X(GCN_E_DEFAULTNAMESPACE_EXISTS, 0x803B0029, EXISTS, ERR_EXISTS)                           \
	X(HCN_E_ICS_DISABLED, 0x803B002A, FAILED, ERR_UNSUPPORTED)                                 \
	X(HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS, 0x803B002B, ATTACHED, ERR_CONFLICT)             \
	X(HCN_E_ENTITY_HAS_REFERENCES, 0x803B002C, IN_USE, ERR_CONFLICT)                           \
	X(HCN_E_INVALID_INTERNAL_PORT, 0x803B002D, FAILED, ERR_INVALID)                            \
	X(HCN_E_NAMESPACE_ATTACH_FAILED, 0x803B002E, FAILED, ERR_IO)                               \
	X(HCN_E_ADDR_INVALID_OR_RESERVED, 0x803B002F, FAILED, ERR_INVALID)                         \
	X(HCN_E_PREFIX_INVALID, 0x803B0030, FAILED, ERR_INVALID)                                   \
	X(HCN_E_OBJECT_USED_AFTER_UNLOAD, 0x803B0031, LOST, ERR_UNAVAILABLE)                       \
	X(HCN_E_INVALID_SUBNET, 0x803B0032, FAILED, ERR_INVALID)                                   \
	X(HCN_E_INVALID_IP_SUBNET, 0x803B0033, FAILED, ERR_INVALID)                                \
	X(HCN_E_ENDPOINT_NOT_ATTACHED, 0x803B0034, ABSENT, ERR_NOT_FOUND)                          \
	X(HCN_E_ENDPOINT_NOT_LOCAL, 0x803B0035, FAILED, ERR_UNSUPPORTED)                           \
                                                                                                   \
	X(WIN32_FILE_NOT_FOUND, 0x80070002, ABSENT, ERR_NOT_FOUND)                                 \
	X(WIN32_PATH_NOT_FOUND, 0x80070003, ABSENT, ERR_NOT_FOUND)                                 \
	X(WIN32_ACCESS_DENIED, 0x80070005, FAILED, ERR_UNAUTHORIZED)                               \
	X(WIN32_INVALID_HANDLE, 0x80070006, STATE, ERR_CONFLICT)                                   \
	X(WIN32_INVALID_DATA, 0x8007000D, FAILED, ERR_INVALID)                                     \
	X(WIN32_OUTOFMEMORY, 0x8007000E, FAILED, ERR_UNAVAILABLE)                                  \
	X(WIN32_NOT_READY, 0x80070015, FAILED, ERR_UNAVAILABLE)                                    \
	X(WIN32_SHARING_VIOLATION, 0x80070020, IN_USE, ERR_CONFLICT)                               \
	X(WIN32_LOCK_VIOLATION, 0x80070021, IN_USE, ERR_CONFLICT)                                  \
	X(WIN32_NOT_SUPPORTED, 0x80070032, FAILED, ERR_UNSUPPORTED)                                \
	X(WIN32_FILE_EXISTS, 0x80070050, EXISTS, ERR_EXISTS)                                       \
	X(WIN32_INVALID_PARAMETER, 0x80070057, FAILED, ERR_INVALID)                                \
	X(WIN32_DISK_FULL, 0x80070070, FAILED, ERR_IO)                                             \
	X(WIN32_INSUFFICIENT_BUFFER, 0x8007007A, FAILED, ERR_INVALID)                              \
	X(WIN32_INVALID_NAME, 0x8007007B, FAILED, ERR_INVALID)                                     \
	X(WIN32_DIR_NOT_EMPTY, 0x80070091, IN_USE, ERR_CONFLICT)                                   \
	X(WIN32_BUSY, 0x800700AA, IN_USE, ERR_CONFLICT)                                            \
	X(WIN32_ALREADY_EXISTS, 0x800700B7, EXISTS, ERR_EXISTS)                                    \
	X(WIN32_WAIT_TIMEOUT, 0x80070102, RUNNING, ERR_TIMEOUT)                                    \
	X(WIN32_DIRECTORY, 0x8007010B, FAILED, ERR_INVALID)                                        \
	X(WIN32_SERVICE_DOES_NOT_EXIST, 0x80070424, FAILED, ERR_UNSUPPORTED)                       \
	X(WIN32_SERVICE_NOT_ACTIVE, 0x80070426, LOST, ERR_UNAVAILABLE)                             \
	X(WIN32_DEVICE_NOT_CONNECTED, 0x8007048F, FAILED, ERR_UNAVAILABLE)                         \
	X(WIN32_NOT_FOUND, 0x80070490, ABSENT, ERR_NOT_FOUND)                                      \
	X(WIN32_PRIVILEGE_NOT_HELD, 0x80070522, FAILED, ERR_UNAUTHORIZED)                          \
	X(WIN32_NO_SYSTEM_RESOURCES, 0x800705AA, FAILED, ERR_UNAVAILABLE)                          \
	X(WIN32_TIMEOUT, 0x800705B4, RUNNING, ERR_TIMEOUT)                                         \
	X(WIN32_RPC_SERVER_UNAVAILABLE, 0x800706BA, LOST, ERR_UNAVAILABLE)                         \
	X(WIN32_RPC_CALL_FAILED, 0x800706BE, LOST, ERR_UNAVAILABLE)                                \
                                                                                                   \
	X(COM_NOTIMPL, 0x80004001, FAILED, ERR_UNSUPPORTED)                                        \
	X(COM_ABORT, 0x80004004, FAILED, ERR_IO)                                                   \
	X(COM_FAIL, 0x80004005, FAILED, ERR_IO)                                                    \
	X(COM_UNEXPECTED, 0x8000FFFF, FAILED, ERR_IO)
