/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One service of a deployment file, defaults filled in. Field names are those
 * of the file. Lists keep the order of the file, maps are sorted by key.
 */
#include "specs/spec_parts.h"

struct wasm_capabilities {
	bool config, keyvalue, logging, secrets, metrics, http_client, cli, filesystem, sockets;
};

struct wasm_spec {
	int64_t min_instances, max_instances;
	struct duration idle_timeout, request_timeout;
	const char *max_memory;
	uint64_t max_fuel;
	struct opt_duration epoch_interval;
	struct wasm_capabilities *capabilities; /* or NULL */
	bool allow_http_outgoing;
	struct strings allowed_hosts;
	bool allow_tcp, allow_udp;
	struct wasm_preopens {
		struct wasm_preopen {
			const char *source, *target;
			bool readonly;
		} * items;
		size_t n;
	} preopens;
	bool kv_enabled;
	const char *kv_namespace;
	uint64_t kv_max_value_size;
	struct strings secrets;
	bool precompile;
};

struct log_settings {
	const char *destination;
	uint64_t max_size_bytes;
	uint64_t retention_secs;
};

struct restart_policy {
	enum restart_kind kind;
	struct opt_int max_attempts;
	const char *delay; /* as written, or NULL */
};

struct ulimit {
	const char *name; /* "nofile" */
	int64_t soft, hard;
};

struct network_mode {
	enum network_mode_kind kind;
	const char *name; /* of the bridge (or NULL) or the container's id */
};

struct overlay_spec {
	enum overlay_mode mode;
	const char *parent;
};

/* `tallyman:` as written: in a service, or at the top as defaults for all services. */
struct tallyman {
	struct update_settings {
		enum update_strategy strategy; /* or UPDATE_UNSET */
		struct opt_int max_parallel;   /* at least 1 */
	} update;
	enum on_unhealthy on_unhealthy; /* or ON_UNHEALTHY_UNSET */
	struct opt_bool protect;
};

/* What holds for a service after key, label and the deployment's default are weighed. */
struct service_policy {
	enum update_strategy update_strategy; /* never UNSET */
	int64_t update_max_parallel;          /* at least 1 */
	enum on_unhealthy on_unhealthy;       /* never UNSET */
	bool protect;                         /* steps that remove or replace need approval */
	enum restart_kind restart;    /* restart_policy, else always (service), no (others) */
	int64_t restart_max_attempts; /* 0: no limit */
	int64_t restart_delay_us;     /* first back-off; 0: the built-in one */
	int64_t stop_grace_us;        /* 10 s when the file is silent */
};

struct service {
	const char *name;
	enum rtype rtype;
	const char *schedule; /* or NULL */
	struct image_spec image;
	struct resources_spec resources;
	struct pairs env; /* values as written, with $E: and $S: */
	struct command_spec command;
	struct network_spec network;
	struct endpoints endpoints;
	struct scale_spec scale;
	struct replica_groups {
		struct replica_group *items; /* NULL: not written */
		size_t n;
	} replica_groups;
	struct depends {
		struct depend *items;
		size_t n;
	} depends;
	struct health_spec *health; /* or NULL: not written, which differs from any written one */
	struct init_actions init;
	struct error_actions {
		struct init_failure_action {
			enum init_failure action;
		} on_init_failure;
		struct panic_policy {
			enum panic_action action;
		} on_panic;
	} errors;
	struct lifecycle {
		bool delete_on_exit;
	} lifecycle;
	enum isolation isolation;
	struct devices {
		struct device_spec *items;
		size_t n;
	} devices;
	struct storages {
		struct storage_spec *items;
		size_t n;
	} storage;
	struct port_mappings {
		struct port_mapping *items;
		size_t n;
	} port_mappings;
	struct strings capabilities;
	struct strings cap_drop;
	bool privileged;
	enum node_mode node_mode;
	struct node_selector *node_selector; /* or NULL */
	struct affinity affinity;
	struct platform_spec *platform; /* or NULL: any */
	enum service_type service_type;
	struct wasm_spec *wasm;       /* or NULL */
	struct log_settings *logs;    /* or NULL */
	struct opt_bool host_network; /* old spelling; true has become network_mode host */
	const char *hostname;
	struct strings dns;
	struct strings extra_hosts;            /* "host:ip" */
	struct restart_policy *restart_policy; /* or NULL; see policy.restart */
	struct pairs labels;
	const char *user; /* or NULL: the image's */
	const char *stop_signal;
	struct opt_duration stop_grace_period;
	struct pairs sysctls;
	struct ulimits {
		struct ulimit *items; /* sorted by name */
		size_t n;
	} ulimits;
	struct strings security_opt;
	const char *pid_mode;
	const char *ipc_mode;
	struct network_mode network_mode;
	struct strings extra_groups;
	bool read_only_root_fs;
	struct opt_bool init_container;
	bool tty;
	bool stdin_open;
	const char *userns_mode;
	const char *cgroup_parent;
	struct strings expose;
	struct overlay_spec *overlay; /* or NULL */
	enum reachability localhost_reachability;
	struct tallyman tallyman; /* as written; use policy */

	struct service_policy policy; /* worked out from the fields above; not in the file */
};
