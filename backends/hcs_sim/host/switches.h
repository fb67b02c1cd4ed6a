/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What no document settles about the real services (the README names the source of each doubt): one
 * switch a question, with the answer the simulator gives unless switches.json says otherwise.
 */
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

/* X(name, default, answers): an answer is the place of its word in the list, from 0. */
#define SWITCH_WORDS(X)                                                                            \
	X(codes, "hresult", "hresult ntstatus")                                                    \
	X(failures_at, "operation", "operation call")                                              \
	X(exited_system, "last-handle", "last-handle at-once")                                     \
	X(exited_process, "stays", "stays goes")                                                   \
	X(lost_systems, "gone", "gone stopped")                                                    \
	X(restart_systems, "keep", "keep lose")                                                    \
	X(hyperv, "none", "none installed")                                                        \
	X(hcn_owner, "keep", "keep drop")                                                          \
	X(hcn_owner_filter, "no", "no yes")                                                        \
	X(hcn_recreate, "exists", "exists same")                                                   \
	X(hcn_guids, "lower", "lower upper braces")                                                \
	X(hcn_slash, "yes", "yes no")                                                              \
	X(hcn_without_version, "v1", "v1 v2")                                                      \
	X(endpoint_delete, "dangles", "dangles detaches refused")                                  \
	X(endpoint_same_name, "yes", "yes no")                                                     \
	X(namespace_container, "removed", "removed left")                                          \
	X(network_delete, "refused", "refused cascades")                                           \
	X(restart_endpoints, "keep", "keep lose")                                                  \
	X(reboot_endpoints, "keep", "keep lose")                                                   \
	X(reboot_namespaces, "keep", "keep lose")                                                  \
	X(layer_activate_twice, "ok", "ok exists")                                                 \
	X(layer_prepare_twice, "ok", "ok exists")                                                  \
	X(layer_undo_twice, "not-found", "not-found ok")                                           \
	X(layer_destroy_absent, "file-not-found", "file-not-found path-not-found ok")              \
	X(layer_import_twice, "exists", "exists ok")                                               \
	X(layer_parents_active, "ignored", "ignored required")                                     \
	X(layer_ids, "checked", "checked ignored")                                                 \
	X(layer_security, "optional", "optional required")

/* X(name, default, lowest, highest) */
#define SWITCH_NUMBERS(X)                                                                          \
	X(latency_ms, 0, 0, 60000) /* from the start of an operation to its result */              \
	X(terminate_exit_code, 1, 0, UINT32_MAX) /* of a process ended by HcsTerminateProcess */   \
	X(hcn_name_max, 256, 1, 65535)           /* characters of an HCN name */                   \
	X(host_build, 20348, 1, 1000000)         /* of this Windows: newer images are refused */   \
	X(schema_minor, 5, 0, 100)               /* newest schema version 2.x of compute systems */

struct switches {
#define X(name, ...) int64_t name;
	SWITCH_WORDS(X)
	SWITCH_NUMBERS(X)
#undef X
};

/* Answers by name: their place in the list above. */
enum {
	SWITCH_CODES_NTSTATUS = 1,
	SWITCH_FAILURES_AT_CALL = 1,
	SWITCH_EXITED_SYSTEM_AT_ONCE = 1,
	SWITCH_EXITED_PROCESS_GOES = 1,
	SWITCH_LOST_SYSTEMS_STOPPED = 1,
	SWITCH_RESTART_SYSTEMS_LOSE = 1,
	SWITCH_HYPERV_INSTALLED = 1,
	SWITCH_HCN_OWNER_DROP = 1,
	SWITCH_HCN_OWNER_FILTER_YES = 1,
	SWITCH_HCN_RECREATE_SAME = 1,
	SWITCH_HCN_GUIDS_UPPER = 1,
	SWITCH_HCN_GUIDS_BRACES = 2,
	SWITCH_HCN_SLASH_NO = 1,
	SWITCH_HCN_WITHOUT_VERSION_V2 = 1,
	SWITCH_ENDPOINT_DELETE_DETACHES = 1,
	SWITCH_ENDPOINT_DELETE_REFUSED = 2,
	SWITCH_ENDPOINT_SAME_NAME_NO = 1,
	SWITCH_NAMESPACE_CONTAINER_LEFT = 1,
	SWITCH_NETWORK_DELETE_CASCADES = 1,
	SWITCH_ENDPOINTS_LOSE = 1, /* at a restart, at a reboot */
	SWITCH_NAMESPACES_LOSE = 1,
	SWITCH_LAYER_TWICE_EXISTS = 1, /* activate, prepare */
	SWITCH_LAYER_UNDO_TWICE_OK = 1,
	SWITCH_LAYER_DESTROY_PATH_NOT_FOUND = 1,
	SWITCH_LAYER_DESTROY_OK = 2,
	SWITCH_LAYER_IMPORT_TWICE_OK = 1,
	SWITCH_LAYER_PARENTS_REQUIRED = 1,
	SWITCH_LAYER_IDS_IGNORED = 1,
	SWITCH_LAYER_SECURITY_REQUIRED = 1,
};

/** switches_default() - every question answered by default */
void switches_default(struct switches *ret);

/** switches_read() - @text (JSON, an object) over the defaults; -ERR_INVALID names what is wrong */
int switches_read(const char *text, size_t n, struct switches *ret, struct error *err);

/** switches_to_json() - all of them with their answers */
struct json_object *switches_to_json(const struct switches *s);
