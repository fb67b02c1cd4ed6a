/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of the parts of a service, in the order of specs/spec_parts.h. Rules
 * that need more than one field are in validate.c.
 */
#include "specs/schema_parts.h"

#include "specs/schema_macros.h"
#include "specs/spec_parts.h"

/* ---- image, command ---- */

static const struct schema_field image_fields[] = {
	FIELD(image_spec, name, "image reference; no tag and no digest means :latest",
	      .kind = FIELD_IMAGE, REQ),
	WORD(image_spec, pull_policy, pull_policy, "when a registry is asked for the image",
	     .group = GROUP_NONE),
	O_WORD(image_spec, source_policy, source_policy, "where the image is looked for first",
	       .group = GROUP_NONE),
};
static const struct image_spec image_init = { .pull_policy = PULL_IF_NOT_PRESENT };
const struct schema_type schema_parts_image =
	TYPE(image_spec, "an image", image_fields, .init = &image_init);

static const struct schema_field command_fields[] = {
	O_TEXTS(command_spec, entrypoint, "replaces the image's entrypoint"),
	O_TEXTS(command_spec, args, "replaces the image's arguments"),
	O_TEXT(command_spec, workdir, "working directory; absent: the image's"),
};
const struct schema_type schema_parts_command = TYPE(command_spec, "a command", command_fields);

/* ---- resources ---- */

static const struct schema_field distributed_fields[] = {
	TEXT(gpu_distributed, backend, "library of the workers"),
	INT(gpu_distributed, master_port, 0, U16_MAX, "port of the first worker"),
};
static const struct gpu_distributed distributed_init = { .backend = "nccl", .master_port = 29500 };
static const struct schema_type distributed_type =
	TYPE(gpu_distributed, "distributed", distributed_fields, .init = &distributed_init);

static const struct schema_field gpu_fields[] = {
	INT(gpu_spec, count, 0, U32_MAX, "number of devices"),
	TEXT(gpu_spec, vendor, "maker of the devices"),
	O_TEXT(gpu_spec, mode, "how the devices are handed in"),
	O_TEXT(gpu_spec, model, "model that is needed"),
	O_WORD(gpu_spec, scheduling, gpu_scheduling, "how replicas are placed on devices"),
	O_PART(gpu_spec, distributed, distributed_type, "settings of distributed work"),
	O_WORD(gpu_spec, sharing, gpu_sharing, "how a device is shared"),
	O_TEXT(gpu_spec, mps_pipe_dir, "pipe directory of MPS"),
	O_TEXT(gpu_spec, mps_log_dir, "log directory of MPS"),
	O_INT(gpu_spec, time_slice_index, 0, U32_MAX, "which slice of a shared device"),
	O_TEXT(gpu_spec, time_slicing_config_path, "configuration of time slices"),
};
static const struct gpu_spec gpu_init = { .count = 1, .vendor = "nvidia" };
static const struct schema_type gpu_type = TYPE(gpu_spec, "gpu", gpu_fields, .init = &gpu_init);

static const struct schema_field resources_fields[] = {
	O_FLOAT(resources_spec, cpu, "cores, above 0"),
	O_TEXT(resources_spec, memory, "limit, with Ki Mi Gi or Ti"),
	O_PART(resources_spec, gpu, gpu_type, "graphics devices", .group = GROUP_PROCESS),
	O_INT(resources_spec, pids_limit, INT64_MIN, INT64_MAX, "processes and threads"),
	O_TEXT(resources_spec, cpuset, "cores the service may use, as in 0-3,8"),
	O_INT(resources_spec, cpu_shares, 0, U32_MAX, "relative weight; 1024 is usual"),
	O_TEXT(resources_spec, memory_swap, "memory and swap together; -1: no limit"),
	O_TEXT(resources_spec, memory_reservation, "memory kept from being reclaimed"),
	O_INT(resources_spec, memory_swappiness, 0, U8_MAX, "0 to 100; cgroup v1 only"),
	O_INT(resources_spec, oom_score_adj, INT32_MIN, INT32_MAX, "-1000 to 1000",
	      .group = GROUP_PROCESS),
	O_FLAG(resources_spec, oom_kill_disable, "no OOM killer; cgroup v1 only",
	       .group = GROUP_PROCESS),
	O_INT(resources_spec, blkio_weight, 0, U16_MAX, "relative weight of disk access"),
};
const struct schema_type schema_parts_resources =
	TYPE(resources_spec, "resources", resources_fields);

/* ---- network ---- */

static const struct schema_field scope_fields[] = {
	FLAG(overlay_scope, enabled, "the service is a member"),
	FLAG(overlay_scope, encrypted, "traffic is encrypted"),
	FLAG(overlay_scope, isolated, "nobody else can reach it"),
};
static const struct overlay_scope scope_init = { .enabled = true, .encrypted = true };
static const struct schema_type scope_type =
	TYPE(overlay_scope, "an overlay", scope_fields, .init = &scope_init);

static const struct schema_field overlays_fields[] = {
	PART(overlay_scopes, service, scope_type, "the overlay of this service"),
	PART(overlay_scopes, global, scope_type, "the overlay of all services"),
};
static const struct schema_type overlays_type = TYPE(overlay_scopes, "overlays", overlays_fields);

static const struct schema_field join_fields[] = {
	WORD(network_join, mode, join_mode, "who may join"),
	WORD(network_join, scope, join_scope, "what is joined"),
};
static const struct network_join join_init = { .mode = JOIN_TOKEN, .scope = JOIN_SCOPE_SERVICE };
static const struct schema_type join_type =
	TYPE(network_join, "join", join_fields, .init = &join_init);

static const struct schema_field network_fields[] = {
	PART(network_spec, overlays, overlays_type, "membership in overlays"),
	PART(network_spec, join, join_type, "how others join"),
};
static const struct network_spec network_init = {
	.overlays = { .service = { true, true, true }, .global = { true, true, false } },
	.join = { .mode = JOIN_TOKEN, .scope = JOIN_SCOPE_SERVICE },
};
const struct schema_type schema_parts_network =
	TYPE(network_spec, "network", network_fields, .init = &network_init);

/* ---- endpoints ---- */

static const struct schema_field udp_probe_fields[] = {
	R_TEXT(stream_check, request, "what is sent"),
	O_TEXT(stream_check, expect, "what must come back"),
};
static const struct schema_fields stream_check_variants[] = {
	[STREAM_CHECK_TCP_CONNECT] = { NULL, 0 },
	[STREAM_CHECK_UDP_PROBE] = FIELDS(udp_probe_fields),
};
static const struct schema_field stream_check_tag =
	R_WORD(stream_check, type, stream_check, "kind of check");
static const struct schema_type stream_check_type = {
	.name = "a stream check",
	.size = sizeof(struct stream_check),
	.is_lax = true,
	.tag = &stream_check_tag,
	.variants = stream_check_variants,
};

static const struct schema_field stream_fields[] = {
	FLAG(stream_spec, tls, "the proxy ends TLS"),
	FLAG(stream_spec, proxy_protocol, "the PROXY header is sent"),
	O_TEXT(stream_spec, session_timeout, "an idle session ends"),
	O_PART(stream_spec, health_check, stream_check_type, "check of the backend"),
};
static const struct schema_type stream_type = TYPE(stream_spec, "stream", stream_fields);

static const struct schema_field access_fields[] = {
	FLAG(tunnel_access, enabled, "access is limited"),
	O_TEXT(tunnel_access, max_ttl, "longest session, a duration"),
	FLAG(tunnel_access, audit, "sessions are recorded"),
};
static const struct schema_type access_type = TYPE(tunnel_access, "access", access_fields);

static const struct schema_field endpoint_tunnel_fields[] = {
	FLAG(endpoint_tunnel, enabled, "the endpoint is reached through a tunnel"),
	O_TEXT(endpoint_tunnel, from, "node at the near end"),
	O_TEXT(endpoint_tunnel, to, "node at the far end"),
	INT(endpoint_tunnel, remote_port, 0, U16_MAX, "port at the far end; 0: chosen"),
	O_WORD(endpoint_tunnel, expose, expose, "who can reach it"),
	O_PART(endpoint_tunnel, access, access_type, "who may use it"),
};
static const struct schema_type endpoint_tunnel_type =
	TYPE(endpoint_tunnel, "a tunnel", endpoint_tunnel_fields);

static const struct schema_field endpoint_fields[] = {
	R_TEXT(endpoint_spec, name, "unique in the service, not empty"),
	R_WORD(endpoint_spec, protocol, protocol, "what is spoken"),
	R_INT(endpoint_spec, port, 0, U16_MAX, "1 to 65535"),
	O_INT(endpoint_spec, target_port, 0, U16_MAX, "port in the container; absent: port"),
	O_TEXT(endpoint_spec, path, "prefix of HTTP paths"),
	O_TEXT(endpoint_spec, host, "virtual host or wildcard"),
	WORD(endpoint_spec, expose, expose, "who can reach it"),
	O_PART(endpoint_spec, stream, stream_type, "settings of TCP and UDP"),
	O_TEXT(endpoint_spec, target_role, "only replicas of this group"),
	O_PART(endpoint_spec, tunnel, endpoint_tunnel_type, "reach through another node"),
};
static const struct endpoint_spec endpoint_init = { .expose = EXPOSE_INTERNAL };
const struct schema_type schema_parts_endpoint =
	TYPE(endpoint_spec, "an endpoint", endpoint_fields, .init = &endpoint_init);

/* ---- scale, groups, depends ---- */

static const struct schema_field targets_fields[] = {
	O_INT(scale_targets, cpu, 0, U8_MAX, "percent"),
	O_INT(scale_targets, memory, 0, U8_MAX, "percent"),
	O_INT(scale_targets, rps, 0, U32_MAX, "requests a second"),
};
static const struct schema_type targets_type = TYPE(scale_targets, "targets", targets_fields);

static const struct schema_field adaptive_fields[] = {
	R_INT(scale_spec, min, 0, U32_MAX, "fewest replicas"),
	R_INT(scale_spec, max, 0, U32_MAX, "most replicas, not below min"),
	O_SPAN(scale_spec, cooldown, "pause between changes"),
	PART(scale_spec, targets, targets_type, "load that is aimed at", .is_quiet = true),
};
static const struct schema_field fixed_fields[] = {
	R_INT(scale_spec, replicas, 0, U32_MAX, "number of replicas; 0 is fine"),
};
static const struct schema_fields scale_variants[] = {
	[SCALE_ADAPTIVE] = FIELDS(adaptive_fields),
	[SCALE_FIXED] = FIELDS(fixed_fields),
	[SCALE_MANUAL] = { NULL, 0 },
};
static const struct schema_field scale_tag =
	R_WORD(scale_spec, mode, scale, "who chooses the number of replicas");
const struct schema_type schema_parts_scale = {
	.name = "scale",
	.size = sizeof(struct scale_spec),
	.tag = &scale_tag,
	.variants = scale_variants,
};

static const struct schema_field group_fields[] = {
	R_TEXT(replica_group, role, "unique in the service: [a-z]([a-z0-9-]{0,28}[a-z0-9])?"),
	R_INT(replica_group, count, 0, U32_MAX, "number of replicas, at least 1"),
	O_PART(replica_group, image, schema_parts_image, "instead of the service's"),
	TEXT_MAP(replica_group, env, "merged over the service's"),
	O_PART(replica_group, command, schema_parts_command, "instead of the service's"),
	O_PART(replica_group, resources, schema_parts_resources, "instead of the service's"),
	FIELD(replica_group, affinity, "spread, pack or !pin TEXT", .kind = FIELD_AFFINITY),
};
static const struct replica_group group_init = { .affinity = { .kind = AFFINITY_SPREAD } };
const struct schema_type schema_parts_group =
	TYPE(replica_group, "a replica group", group_fields, .init = &group_init);

static const struct schema_field depend_fields[] = {
	R_TEXT(depend, service, "another service of this file"),
	WORD(depend, condition, condition, "what is waited for"),
	O_SPAN(depend, timeout, "how long; null: for ever", .prints_null = true),
	WORD(depend, on_timeout, on_failure, "what happens then"),
};
static const struct depend depend_init = {
	.condition = CONDITION_HEALTHY,
	.timeout = { .has = true, .value = { .sec = 300 } },
	.on_timeout = ON_FAILURE_FAIL,
};
const struct schema_type schema_parts_depend =
	TYPE(depend, "a dependency", depend_fields, .init = &depend_init);

/* ---- health, init ---- */

static const struct schema_field check_tcp_fields[] = {
	R_INT(health_check, port, 0, U16_MAX, "port to connect to; 0: the first endpoint's"),
};
static const struct schema_field check_http_fields[] = {
	R_TEXT(health_check, url, "what is fetched"),
	INT(health_check, expect_status, 0, U16_MAX, "status that counts as healthy"),
};
static const struct schema_field check_command_fields[] = {
	R_TEXT(health_check, command, "a shell command"),
};
static const struct schema_fields check_variants[] = {
	[CHECK_TCP] = FIELDS(check_tcp_fields),
	[CHECK_HTTP] = FIELDS(check_http_fields),
	[CHECK_COMMAND] = FIELDS(check_command_fields),
};
static const struct schema_field check_tag = R_WORD(health_check, type, check, "kind of check");
static const struct health_check check_init = { .expect_status = 200 };
static const struct schema_type check_type = {
	.name = "a check",
	.size = sizeof(struct health_check),
	.init = &check_init,
	.is_lax = true,
	.tag = &check_tag,
	.variants = check_variants,
};

static const struct schema_field health_fields[] = {
	O_SPAN(health_spec, start_grace, "failures do not count before; 5s when absent"),
	O_SPAN(health_spec, interval, "time between checks; 10s when absent"),
	O_SPAN(health_spec, timeout, "for one check; 5s when absent"),
	INT(health_spec, retries, 0, U32_MAX, "failures in a row that make it unhealthy"),
	PART(health_spec, check, check_type, "what is checked", REQ),
};
static const struct health_spec health_init = { .retries = 3, .check = { .expect_status = 200 } };
const struct schema_type schema_parts_health =
	TYPE(health_spec, "health", health_fields, .init = &health_init);

static const struct schema_field step_fields[] = {
	R_TEXT(init_step, id, "name of the step"),
	R_TEXT(init_step, uses, "action, as in init.wait_tcp"),
	FIELD(init_step, with, "arguments of the action", .kind = FIELD_ANY, .shape = SHAPE_MAP),
	O_INT(init_step, retry, 0, U32_MAX, "further tries"),
	O_SPAN(init_step, timeout, "for one try"),
	WORD(init_step, on_failure, on_failure, "what happens when it fails"),
};
static const struct init_step step_init = { .on_failure = ON_FAILURE_FAIL };
static const struct schema_type step_type =
	TYPE(init_step, "an init step", step_fields, .init = &step_init);

static const struct schema_field init_fields[] = {
	PARTS(init_actions, steps, step_type, "actions between create and start"),
};
const struct schema_type schema_parts_init = TYPE(init_actions, "init", init_fields);

/* ---- devices, storage, ports, placement ---- */

static const struct schema_field device_fields[] = {
	R_TEXT(device_spec, path, "device node of the host"),
	FLAG(device_spec, read, "may be read"),
	FLAG(device_spec, write, "may be written"),
	FLAG(device_spec, mknod, "its node may be made"),
};
static const struct device_spec device_init = { .read = true, .write = true };
const struct schema_type schema_parts_device =
	TYPE(device_spec, "a device", device_fields, .init = &device_init);

#define TARGET   R_TEXT(storage_spec, target, "absolute path in the container")
#define READONLY FLAG(storage_spec, readonly, "mounted read-only")
#define TIER     WORD(storage_spec, tier, tier, "what kind of disk")
#define SIZE     O_TEXT(storage_spec, size, "limit, with Ki Mi Gi or Ti")
static const struct schema_field bind_fields[] = { R_TEXT(storage_spec, source, "path on the host"),
						   TARGET, READONLY };
static const struct schema_field named_fields[] = {
	R_TEXT(storage_spec, name, "name of the volume"), TARGET, READONLY, TIER, SIZE
};
static const struct schema_field anonymous_fields[] = { TARGET, TIER };
static const struct schema_field tmpfs_fields[] = {
	TARGET, SIZE,
	O_INT(storage_spec, mode, 0, U32_MAX, "permission bits as a decimal number: 511 is 0777")
};
static const struct schema_field s3_fields[] = {
	R_TEXT(storage_spec, bucket, "name of the bucket"),
	O_TEXT(storage_spec, prefix, "path in the bucket"),
	TARGET,
	READONLY,
	O_TEXT(storage_spec, endpoint, "address of the service"),
	O_TEXT(storage_spec, credentials, "name of the secret"),
};
static const struct schema_fields storage_variants[] = {
	[STORAGE_BIND] = FIELDS(bind_fields),
	[STORAGE_NAMED] = FIELDS(named_fields),
	[STORAGE_ANONYMOUS] = FIELDS(anonymous_fields),
	[STORAGE_TMPFS] = FIELDS(tmpfs_fields),
	[STORAGE_S3] = FIELDS(s3_fields),
};
static const struct schema_field storage_tag =
	R_WORD(storage_spec, type, storage, "kind of storage");
const struct schema_type schema_parts_storage = {
	.name = "a storage entry",
	.size = sizeof(struct storage_spec),
	.tag = &storage_tag,
	.variants = storage_variants,
};

static const struct schema_field mapping_fields[] = {
	O_INT(port_mapping, host_port, 0, U16_MAX, "port of the host; absent or 0: a free one"),
	R_INT(port_mapping, container_port, 0, U16_MAX, "port in the container"),
	WORD(port_mapping, protocol, transport, "transport"),
	TEXT(port_mapping, host_ip, "address of the host"),
};
static const struct port_mapping mapping_init = { .host_ip = "0.0.0.0" };
const struct schema_type schema_parts_port_mapping =
	TYPE(port_mapping, "a port mapping", mapping_fields, .init = &mapping_init, .is_lax = true);

static const struct schema_field selector_fields[] = {
	TEXT_MAP(node_selector, labels, "labels a node must have"),
	TEXT_MAP(node_selector, prefer_labels, "labels a node should have"),
};
const struct schema_type schema_parts_node_selector =
	TYPE(node_selector, "a node selector", selector_fields);

static const struct schema_field platform_fields[] = {
	R_WORD(platform_spec, os, os, "operating system"),
	R_WORD(platform_spec, arch, arch, "processor"),
	O_TEXT(platform_spec, osVersion, "Windows build, as in 10.0.26100.1"),
};
const struct schema_type schema_parts_platform =
	TYPE(platform_spec, "a platform", platform_fields, .is_lax = true);
