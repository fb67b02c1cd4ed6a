/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of a service and of the parts that only a service has. The group of
 * a field decides what a change of it costs: image, process, env, mounts and
 * network make a new instance, resources are changed in place, probes and
 * policy only concern the controller.
 */
#include "specs/schema_service.h"

#include "specs/schema_macros.h"
#include "specs/schema_parts.h"
#include "specs/spec_service.h"

/* ---- wasm ---- */

static const struct schema_field capabilities_fields[] = {
	FLAG(wasm_capabilities, config, "configuration"),
	FLAG(wasm_capabilities, keyvalue, "key-value store"),
	FLAG(wasm_capabilities, logging, "log output"),
	FLAG(wasm_capabilities, secrets, "secrets"),
	FLAG(wasm_capabilities, metrics, "metrics"),
	FLAG(wasm_capabilities, http_client, "HTTP requests"),
	FLAG(wasm_capabilities, cli, "arguments and streams"),
	FLAG(wasm_capabilities, filesystem, "files"),
	FLAG(wasm_capabilities, sockets, "sockets"),
};
static const struct wasm_capabilities capabilities_init = {
	.config = true, .keyvalue = true, .logging = true, .metrics = true
};
static const struct schema_type capabilities_type =
	TYPE(wasm_capabilities, "capabilities", capabilities_fields, .init = &capabilities_init);

static const struct schema_field preopen_fields[] = {
	R_TEXT(wasm_preopen, source, "directory on the host"),
	R_TEXT(wasm_preopen, target, "directory in the module"),
	FLAG(wasm_preopen, readonly, "cannot be written"),
};
static const struct schema_type preopen_type = TYPE(wasm_preopen, "a preopen", preopen_fields);

static const struct schema_field wasm_fields[] = {
	INT(wasm_spec, min_instances, 0, U32_MAX, "fewest instances"),
	INT(wasm_spec, max_instances, 0, U32_MAX, "most instances, not below min_instances"),
	SPAN(wasm_spec, idle_timeout, "an idle instance ends"),
	SPAN(wasm_spec, request_timeout, "a request fails"),
	O_TEXT(wasm_spec, max_memory, "limit, with Ki Mi Gi or Ti"),
	BIG(wasm_spec, max_fuel, "instructions; 0: no limit"),
	O_SPAN(wasm_spec, epoch_interval, "between interruptions"),
	O_PART(wasm_spec, capabilities, capabilities_type, "what the module may use"),
	FLAG(wasm_spec, allow_http_outgoing, "requests to others are allowed"),
	TEXTS(wasm_spec, allowed_hosts, "hosts it may reach; empty: all"),
	FLAG(wasm_spec, allow_tcp, "TCP is allowed"),
	FLAG(wasm_spec, allow_udp, "UDP is allowed"),
	PARTS(wasm_spec, preopens, preopen_type, "directories it sees"),
	FLAG(wasm_spec, kv_enabled, "has a key-value store"),
	O_TEXT(wasm_spec, kv_namespace, "name of its part of the store"),
	BIG(wasm_spec, kv_max_value_size, "bytes of a value"),
	TEXTS(wasm_spec, secrets, "secrets it may read"),
	FLAG(wasm_spec, precompile, "compiled when it is pulled"),
};
static const struct wasm_spec wasm_init = {
	.max_instances = 10,
	.idle_timeout = { .sec = 300 },
	.request_timeout = { .sec = 30 },
	.allow_http_outgoing = true,
	.kv_enabled = true,
	.kv_max_value_size = 1048576,
	.precompile = true,
};
static const struct schema_type wasm_type =
	TYPE(wasm_spec, "wasm", wasm_fields, .init = &wasm_init);

/* ---- small parts ---- */

static const struct schema_field logs_fields[] = {
	TEXT(log_settings, destination, "where logs go"),
	BIG(log_settings, max_size_bytes, "bytes kept of a log"),
	BIG(log_settings, retention_secs, "seconds a log is kept"),
};
static const struct log_settings logs_init = { .destination = "disk",
					       .max_size_bytes = 104857600,
					       .retention_secs = 604800 };
static const struct schema_type logs_type =
	TYPE(log_settings, "logs", logs_fields, .init = &logs_init, .is_lax = true);

static const struct schema_field restart_fields[] = {
	R_WORD(restart_policy, kind, restart, "when an ended container is replaced"),
	O_INT(restart_policy, max_attempts, 0, U32_MAX, "restarts in a row; absent: no limit"),
	O_TEXT(restart_policy, delay,
	       "pause before the first restart, then doubled; absent: none, then 1 s"),
};
static const struct schema_type restart_type =
	TYPE(restart_policy, "a restart policy", restart_fields);

static const struct schema_field ulimit_fields[] = {
	INT(ulimit, soft, INT64_MIN, INT64_MAX, "the limit; -1: none"),
	INT(ulimit, hard, INT64_MIN, INT64_MAX, "how far it may be raised; -1: no limit"),
};
static const struct schema_type ulimit_type = TYPE(ulimit, "a ulimit", ulimit_fields);

static const struct schema_field overlay_fields[] = {
	WORD(overlay_spec, mode, overlay_mode, "own or shared overlay"),
	O_TEXT(overlay_spec, parent, "overlay it is part of"),
};
static const struct schema_type overlay_type =
	TYPE(overlay_spec, "overlay", overlay_fields, .is_lax = true);

static const struct schema_field init_failure_fields[] = {
	WORD(init_failure_action, action, init_failure, "what happens when an init step fails"),
};
static const struct schema_type init_failure_type =
	TYPE(init_failure_action, "on_init_failure", init_failure_fields);

static const struct schema_field panic_fields[] = {
	WORD(panic_policy, action, panic, "what happens when the container crashes"),
};
static const struct schema_type panic_type = TYPE(panic_policy, "on_panic", panic_fields);

static const struct schema_field errors_fields[] = {
	PART(error_actions, on_init_failure, init_failure_type, "when an init step fails"),
	PART(error_actions, on_panic, panic_type, "when the container crashes"),
};
static const struct schema_type errors_type = TYPE(error_actions, "errors", errors_fields);

static const struct schema_field lifecycle_fields[] = {
	FLAG(lifecycle, delete_on_exit, "an ended container is removed"),
};
static const struct schema_type lifecycle_type = TYPE(lifecycle, "lifecycle", lifecycle_fields);

/* ---- settings of our own ---- */

static const struct schema_field update_fields[] = {
	O_WORD(update_settings, strategy, update_strategy, "old replica first, or new one first"),
	O_INT(update_settings, max_parallel, 1, U32_MAX, "replicas replaced at a time"),
};
static const struct schema_type update_type = TYPE(update_settings, "update", update_fields);

static const struct schema_field tallyman_fields[] = {
	PART(tallyman, update, update_type, "how replicas are replaced", .is_quiet = true),
	O_WORD(tallyman, on_unhealthy, on_unhealthy, "what happens to an unhealthy replica"),
	O_FLAG(tallyman, protect, "removing or replacing needs approval"),
};
const struct schema_type schema_service_tallyman = TYPE(tallyman, "tallyman", tallyman_fields);

/* ---- the service ---- */

#define IN(g) .group = GROUP_##g

static const struct schema_field service_fields[] = {
	WORD(service, rtype, rtype, "long-lived, run once, or run on schedule", IN(PROCESS)),
	O_TEXT(service, schedule, "cron expression; for rtype cron only", IN(NONE)),
	PART(service, image, schema_parts_image, "what is run", REQ, IN(IMAGE)),
	PART(service, resources, schema_parts_resources, "limits", IN(RESOURCES)),
	TEXT_MAP(service, env, "environment; $E:NAME and $S:NAME are references", IN(ENV)),
	PART(service, command, schema_parts_command, "what is started", IN(PROCESS)),
	PART(service, network, schema_parts_network, "overlay membership", IN(NETWORK)),
	PARTS(service, endpoints, schema_parts_endpoint, "what others can reach", IN(PROBES)),
	PART(service, scale, schema_parts_scale, "number of replicas", IN(NONE)),
	PART(service, replica_groups, schema_parts_group, "named sub-sets of replicas",
	     .shape = SHAPE_OPT_LIST, IN(NONE)),
	PARTS(service, depends, schema_parts_depend, "services that come first", IN(NONE)),
	O_PART(service, health, schema_parts_health, "when a replica is healthy", IN(PROBES)),
	PART(service, init, schema_parts_init, "actions before the start", IN(POLICY)),
	PART(service, errors, errors_type, "what to do about failures", IN(POLICY)),
	PART(service, lifecycle, lifecycle_type, "end of life", IN(POLICY)),
	O_WORD(service, isolation, isolation, "Windows isolation; absent: auto", IN(PROCESS)),
	PARTS(service, devices, schema_parts_device, "device nodes (Linux)", IN(MOUNTS)),
	PARTS(service, storage, schema_parts_storage, "mounts", IN(MOUNTS)),
	PARTS(service, port_mappings, schema_parts_port_mapping, "published ports", IN(NETWORK)),
	TEXTS(service, capabilities, "not empty: replaces the default set", .alias = "cap_add",
	      IN(PROCESS)),
	TEXTS(service, cap_drop, "capabilities taken away", IN(PROCESS)),
	FLAG(service, privileged, "all capabilities and devices", IN(PROCESS)),
	WORD(service, node_mode, node_mode, "whether replicas share a node", IN(NONE)),
	O_PART(service, node_selector, schema_parts_node_selector, "nodes it may run on", IN(NONE)),
	FIELD(service, affinity, "spread, pack or !pin TEXT", .kind = FIELD_AFFINITY, OPT,
	      IN(NONE)),
	O_PART(service, platform, schema_parts_platform, "what it needs to run on", IN(PROCESS)),
	WORD(service, service_type, service_type, "kind of workload", IN(PROCESS)),
	O_PART(service, wasm, wasm_type, "settings of WASM types", .alias = "wasm_http",
	       IN(PROCESS)),
	O_PART(service, logs, logs_type, "retention of logs", IN(POLICY)),
	O_FLAG(service, host_network, "old spelling of network_mode: host", IN(NETWORK)),
	O_TEXT(service, hostname, "absent: the replica's name", IN(NETWORK)),
	TEXTS(service, dns, "name servers", IN(NETWORK)),
	TEXTS(service, extra_hosts, "lines of /etc/hosts, as host:ip", IN(NETWORK)),
	O_PART(service, restart_policy, restart_type,
	       "absent: always for a service, no for job and cron", IN(POLICY)),
	TEXT_MAP(service, labels, "labels of the container", IN(PROCESS)),
	O_TEXT(service, user, "absent: the image's", IN(PROCESS)),
	O_TEXT(service, stop_signal, "absent: the image's, else SIGTERM", IN(POLICY)),
	O_SPAN(service, stop_grace_period, "before it is killed; 10s when absent", IN(POLICY)),
	TEXT_MAP(service, sysctls, "kernel settings", IN(PROCESS)),
	PART_MAP(service, ulimits, ulimit_type, "limits of the process", IN(PROCESS)),
	TEXTS(service, security_opt, "as in docker: seccomp=unconfined, no-new-privileges",
	      IN(PROCESS)),
	O_TEXT(service, pid_mode, "host: the host's processes are visible", IN(PROCESS)),
	O_TEXT(service, ipc_mode, "host: the host's IPC is visible", IN(PROCESS)),
	FIELD(service, network_mode, "default, host, none, bridge, bridge:NAME or container:ID",
	      .kind = FIELD_NETWORK_MODE, IN(NETWORK)),
	TEXTS(service, extra_groups, "further groups of the user", IN(PROCESS)),
	FLAG(service, read_only_root_fs, "the root file system cannot be written", IN(MOUNTS)),
	O_FLAG(service, init_container, "a small init is process 1", IN(PROCESS)),
	FLAG(service, tty, "a terminal", IN(PROCESS)),
	FLAG(service, stdin_open, "standard input stays open", IN(PROCESS)),
	O_TEXT(service, userns_mode, "user namespace", IN(PROCESS)),
	O_TEXT(service, cgroup_parent, "parent of the cgroup", IN(PROCESS)),
	TEXTS(service, expose, "ports, for people only", IN(NONE)),
	O_PART(service, overlay, overlay_type, "overlay of its own", IN(NETWORK)),
	WORD(service, localhost_reachability, reachability, "reach of the host's loopback",
	     IN(NETWORK)),
	PART(service, tallyman, schema_service_tallyman, "settings of tallyman", .is_quiet = true,
	     IN(NONE)),
};
static const struct service service_init = {
	.image = { .pull_policy = PULL_IF_NOT_PRESENT },
	.network = { .overlays = { .service = { true, true, true },
				   .global = { true, true, false } },
		     .join = { .mode = JOIN_TOKEN, .scope = JOIN_SCOPE_SERVICE } },
	.scale = { .mode = SCALE_ADAPTIVE,
		   .min = 1,
		   .max = 10,
		   .cooldown = { .has = true, .value = { .sec = 30 } } },
};
const struct schema_type schema_service =
	TYPE(service, "a service", service_fields, .init = &service_init, .has_extensions = true);
