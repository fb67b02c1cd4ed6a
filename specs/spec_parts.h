/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Parts of a service, one struct for each map of the deployment format. Field
 * names are those of the file; FORMAT.md has meaning and defaults. Absent
 * values: NULL, `has` false, or an enum's *_UNSET.
 */
#include "specs/spec_enum.h"
#include "specs/spec_value.h"

struct node; /* specs/node.h */

struct image_spec {
	const char *name; /* as written; canonical form: specs/image_ref.h */
	enum pull_policy pull_policy;
	enum source_policy source_policy;
};

struct command_spec {
	struct strings entrypoint; /* items NULL: the image's */
	struct strings args;       /* items NULL: the image's */
	const char *workdir;       /* or NULL: the image's */
};

struct gpu_distributed {
	const char *backend;
	int64_t master_port;
};

struct gpu_spec {
	int64_t count;
	const char *vendor;
	const char *mode;
	const char *model;
	enum gpu_scheduling scheduling;
	struct gpu_distributed *distributed; /* or NULL */
	enum gpu_sharing sharing;
	const char *mps_pipe_dir;
	const char *mps_log_dir;
	struct opt_int time_slice_index;
	const char *time_slicing_config_path;
};

/* Sizes are texts as written; specs/memory.h turns them into bytes. */
struct resources_spec {
	struct opt_float cpu; /* cores */
	const char *memory;
	struct gpu_spec *gpu; /* or NULL */
	struct opt_int pids_limit;
	const char *cpuset;
	struct opt_int cpu_shares;
	const char *memory_swap;        /* not checked by the format */
	const char *memory_reservation; /* not checked by the format */
	struct opt_int memory_swappiness;
	struct opt_int oom_score_adj;
	struct opt_bool oom_kill_disable;
	struct opt_int blkio_weight;
};

struct overlay_scope {
	bool enabled;
	bool encrypted;
	bool isolated;
};

struct network_spec {
	struct overlay_scopes {
		struct overlay_scope service;
		struct overlay_scope global;
	} overlays;
	struct network_join {
		enum join_mode mode;
		enum join_scope scope;
	} join;
};

struct stream_check {
	enum stream_check_type type;
	const char *request; /* udp_probe */
	const char *expect;  /* udp_probe; or NULL */
};

struct stream_spec {
	bool tls;
	bool proxy_protocol;
	const char *session_timeout;
	struct stream_check *health_check; /* or NULL */
};

struct tunnel_access {
	bool enabled;
	const char *max_ttl; /* a duration as written, or NULL */
	bool audit;
};

struct endpoint_tunnel {
	bool enabled;
	const char *from;
	const char *to;
	int64_t remote_port;
	enum expose expose;
	struct tunnel_access *access; /* or NULL */
};

struct endpoint_spec {
	const char *name;
	enum protocol protocol;
	int64_t port;
	struct opt_int target_port; /* absent: port */
	const char *path;
	const char *host;
	enum expose expose;
	struct stream_spec *stream; /* or NULL */
	const char *target_role;
	struct endpoint_tunnel *tunnel; /* or NULL */
};

struct endpoints {
	struct endpoint_spec *items; /* names unique */
	size_t n;
};

struct scale_spec {
	enum scale_mode mode;
	int64_t min, max;             /* adaptive */
	struct opt_duration cooldown; /* adaptive */
	struct scale_targets {
		struct opt_int cpu, memory, rps;
	} targets;        /* adaptive */
	int64_t replicas; /* fixed */
};

struct affinity {
	enum affinity_kind kind;
	const char *pin; /* AFFINITY_PIN */
};

struct replica_group {
	const char *role; /* unique in the service */
	int64_t count;
	struct image_spec *image;         /* or NULL: the service's */
	struct pairs env;                 /* merged over the service's */
	struct command_spec *command;     /* or NULL: the service's */
	struct resources_spec *resources; /* or NULL: the service's */
	struct affinity affinity;
};

struct depend {
	const char *service; /* names a service of the deployment, never the own one */
	enum condition condition;
	struct opt_duration timeout; /* absent (an explicit null): no limit */
	enum on_failure on_timeout;
};

struct health_check {
	enum check_type type;
	int64_t port;          /* tcp; 0: the first tcp-like endpoint's */
	const char *url;       /* http */
	int64_t expect_status; /* http */
	const char *command;   /* command */
};

struct health_spec {
	struct opt_duration start_grace;
	struct opt_duration interval;
	struct opt_duration timeout;
	int64_t retries;
	struct health_check check;
};

struct with_item {
	const char *key;
	const struct node *value;
};

struct init_step {
	const char *id;
	const char *uses;
	struct with_items {
		struct with_item *items;
		size_t n;
	} with;
	struct opt_int retry;
	struct opt_duration timeout;
	enum on_failure on_failure;
};

struct init_actions {
	struct init_steps {
		struct init_step *items;
		size_t n;
	} steps;
};

struct device_spec {
	const char *path;
	bool read, write, mknod;
};

struct storage_spec {
	enum storage_type type;
	const char *target; /* absolute, without ".." */
	bool readonly;
	const char *source;  /* bind */
	const char *name;    /* named */
	enum tier tier;      /* named, anonymous */
	const char *size;    /* named, tmpfs; as written, or NULL */
	struct opt_int mode; /* tmpfs: permission bits as a number, 511 is 0777 */
	const char *bucket, *prefix, *endpoint, *credentials; /* s3 */
};

struct port_mapping {
	struct opt_int host_port; /* absent or 0: any free one */
	int64_t container_port;
	enum transport protocol;
	const char *host_ip;
};

struct node_selector {
	struct pairs labels;
	struct pairs prefer_labels;
};

struct platform_spec {
	enum os os;
	enum arch arch;
	const char *osVersion; /* or NULL; upstream spells it so */
};
