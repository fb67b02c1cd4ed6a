/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table field x runtime. The memory runtime has no column: it is a model
 * that makes no container, so it emulates everything.
 *
 * When a runtime learns a field, its row changes here and the warning goes.
 */
#include "specs/fields_table.h"

#define OK                                                                                         \
	{                                                                                          \
		FIELDS_HONOURED, NULL                                                              \
	}
#define CLOSE(why)                                                                                 \
	{                                                                                          \
		FIELDS_EMULATED, why                                                               \
	}
#define IGNORED(why)                                                                               \
	{                                                                                          \
		FIELDS_IGNORED, why                                                                \
	}
#define CANNOT(why)                                                                                \
	{                                                                                          \
		FIELDS_IMPOSSIBLE, why                                                             \
	}
#define ROW(p, lin, win)                                                                           \
	{                                                                                          \
		.path = p, .on_linux = lin, .on_windows = win                                      \
	}
#define BOTH(p, both)                                                                              \
	{                                                                                          \
		.path = p, .on_linux = both, .on_windows = both                                    \
	}
#define VALUE(p, v, lin, win)                                                                      \
	{                                                                                          \
		.path = p, .value = v, .on_linux = lin, .on_windows = win                          \
	}
#define NOWHERE(p, v, why)                                                                         \
	{                                                                                          \
		.path = p, .value = v, .on_linux = CANNOT(why), .on_windows = CANNOT(why),         \
		.on_model = true                                                                   \
	}
#define BESIDE(p, t, lin, win)                                                                     \
	{                                                                                          \
		.path = p, .type = t, .on_linux = lin, .on_windows = win                           \
	}

#define WITHOUT(p, w, lin, win)                                                                    \
	{                                                                                          \
		.path = p, .without = w, .on_linux = lin, .on_windows = win                        \
	}

/* Reasons that are given more than once. */
#define LINUX_ONLY   CANNOT("Windows containers have nothing like it")
#define WINDOWS_ONLY IGNORED("it is a setting of Windows containers")
#define NO_NETWORKS  IGNORED("nothing is published before networks are built")
#define NO_FREE_PORT IGNORED("no free port is chosen: say which in host_port")
#define NO_OVERLAYS  IGNORED("there are no overlay networks")
#define NO_PROXY     IGNORED("there is no proxy and no tunnel")
#define ONE_NODE     IGNORED("there is one node, so nothing is placed")
#define NO_GPU       IGNORED("no graphics device is handed in")
#define DEFAULT_GPU                                                                                \
	CLOSE("the host's default adapter under isolation: hyperv, refused under process")
#define ONE_GPU IGNORED("the host's default adapter is shared as it is")

const struct fields_row fields_table[] = {
	/* The top of the file: the same on all runtimes. */
	BOTH("/version", OK),
	BOTH("/deployment", OK),
	BOTH("/services", OK),
	BOTH("/externals", NO_PROXY),
	BOTH("/tunnels", NO_PROXY),
	BOTH("/api", IGNORED("it is upstream's API server; tallyman's own needs no setting here")),
	BOTH("/tallyman", OK),

	/* What and how many. */
	NOWHERE("rtype", "cron", "cron services are not started yet"),
	BOTH("rtype", OK),
	BOTH("schedule", IGNORED("cron services are not started yet")),
	BOTH("image", OK),
	BOTH("image.source_policy", IGNORED("an image comes from where its reference says")),
	BOTH("scale", OK),
	BOTH("scale.mode", CLOSE("adaptive starts min replicas (there is no autoscaler), manual "
				 "keeps what is there, none at first")),
	BOTH("scale.max", CLOSE("there is no autoscaler: min replicas")),
	BOTH("scale.cooldown", CLOSE("there is no autoscaler")),
	BOTH("scale.targets", IGNORED("there is no autoscaler")),
	BOTH("replica_groups", OK),
	ROW("replica_groups[].resources.gpu", NO_GPU, DEFAULT_GPU),
	BOTH("replica_groups[].image.source_policy",
	     IGNORED("an image comes from where its reference says")),
	BOTH("replica_groups[].affinity", ONE_NODE),
	BOTH("depends", OK),
	BOTH("depends[].condition", CLOSE("a running replica counts as started, healthy and ready "
					  "until health is checked")),
	BOTH("platform", OK),
	NOWHERE("service_type", "wasm", "WASM services are not started"),
	BOTH("service_type", CLOSE("rtype decides what is a job")),
	NOWHERE("wasm", NULL, "WASM services are not started"),
	BOTH("node_mode", ONE_NODE),
	BOTH("node_selector", ONE_NODE),
	BOTH("affinity", ONE_NODE),
	BOTH("tallyman", OK),
	BOTH("tallyman.on_unhealthy", CLOSE("nothing is unhealthy before health is checked")),

	/* The process. */
	BOTH("env", OK),
	BOTH("command", OK),
	BOTH("user", OK),
	ROW("extra_groups", OK, LINUX_ONLY),
	ROW("capabilities", OK, LINUX_ONLY),
	ROW("cap_drop", OK, LINUX_ONLY),
	ROW("privileged", OK, LINUX_ONLY),
	VALUE("security_opt", "seccomp=unconfined", OK, LINUX_ONLY),
	VALUE("security_opt", "seccomp:unconfined", OK, LINUX_ONLY),
	VALUE("security_opt", "seccomp=builtin", OK, LINUX_ONLY),
	VALUE("security_opt", "no-new-privileges", OK, LINUX_ONLY),
	VALUE("security_opt", "systempaths=unconfined", OK, LINUX_ONLY),
	VALUE("security_opt", "apparmor=unconfined", OK, LINUX_ONLY),
	VALUE("security_opt", "apparmor:unconfined", OK, LINUX_ONLY),
	VALUE("security_opt", "label=disable", OK, LINUX_ONLY),
	VALUE("security_opt", "label:disable", OK, LINUX_ONLY),
	ROW("security_opt", CANNOT("this option is not known"), LINUX_ONLY),
	VALUE("pid_mode", "container:", CANNOT("namespaces of other containers cannot be joined"),
	      LINUX_ONLY),
	VALUE("pid_mode", "host", OK, LINUX_ONLY),
	VALUE("pid_mode", "private", OK, LINUX_ONLY),
	ROW("pid_mode", CANNOT("this mode is not known"), LINUX_ONLY),
	VALUE("ipc_mode", "container:", CANNOT("namespaces of other containers cannot be joined"),
	      LINUX_ONLY),
	VALUE("ipc_mode", "host", OK, LINUX_ONLY),
	VALUE("ipc_mode", "private", OK, LINUX_ONLY),
	VALUE("ipc_mode", "shareable", OK, LINUX_ONLY),
	ROW("ipc_mode", CANNOT("this mode is not known"), LINUX_ONLY),
	VALUE("userns_mode", "host", OK, LINUX_ONLY),
	ROW("userns_mode", CANNOT("containers have the host's user namespace"), LINUX_ONLY),
	ROW("sysctls", OK, LINUX_ONLY),
	ROW("ulimits", OK, LINUX_ONLY),
	ROW("init_container", IGNORED("the container's own program is process 1"), LINUX_ONLY),
	BOTH("tty", IGNORED("output goes to the log; exec gives a terminal")),
	ROW("stdin_open", OK, IGNORED("standard input is closed")),
	ROW("cgroup_parent", IGNORED("cgroups are below the node's own"), LINUX_ONLY),
	ROW("isolation", WINDOWS_ONLY, OK),
	BOTH("labels", OK),

	/* Resources. */
	ROW("resources", OK, LINUX_ONLY),
	ROW("resources.cpu", OK, OK),
	ROW("resources.memory", OK, OK),
	ROW("resources.cpu_shares", OK, CLOSE("as a weight of at most 10000, and not beside cpu")),
	ROW("resources.gpu", NO_GPU, DEFAULT_GPU),
	ROW("resources.gpu.count", NO_GPU, ONE_GPU),
	ROW("resources.gpu.vendor", NO_GPU, ONE_GPU),
	ROW("resources.gpu.mode", NO_GPU, ONE_GPU),
	ROW("resources.gpu.model", NO_GPU, ONE_GPU),
	ROW("resources.gpu.scheduling", NO_GPU, ONE_GPU),
	ROW("resources.gpu.distributed", NO_GPU, ONE_GPU),
	VALUE("resources.gpu.sharing", "mps", NO_GPU,
	      CANNOT("a utility VM does not reach the host's MPS")),
	ROW("resources.gpu.sharing", NO_GPU, ONE_GPU),
	ROW("resources.gpu.mps_pipe_dir", NO_GPU, ONE_GPU),
	ROW("resources.gpu.mps_log_dir", NO_GPU, ONE_GPU),
	ROW("resources.gpu.time_slice_index", NO_GPU, ONE_GPU),
	ROW("resources.gpu.time_slicing_config_path", NO_GPU, ONE_GPU),
	ROW("resources.memory_swap", CLOSE("cgroup v1: only where the kernel counts swap"),
	    LINUX_ONLY),
	ROW("resources.blkio_weight", CLOSE("only where the disk's scheduler has weights"),
	    LINUX_ONLY),
	ROW("resources.memory_swappiness", CLOSE("cgroup v1 only; v2 has no such setting"),
	    LINUX_ONLY),
	ROW("resources.oom_kill_disable", CLOSE("cgroup v1 only; v2 has no such setting"),
	    LINUX_ONLY),

	/* Mounts. */
	ROW("devices", OK, LINUX_ONLY),
	ROW("read_only_root_fs", OK, LINUX_ONLY),
	BOTH("storage", OK),
	VALUE("storage[].type", "s3", CANNOT("buckets are not mounted"),
	      CANNOT("buckets are not mounted")),
	VALUE("storage[].type", "tmpfs", OK, LINUX_ONLY),
	BOTH("storage[].tier", IGNORED("all volumes are on the local disk")),
	BESIDE("storage[].size", "named", IGNORED("volumes have no quota"),
	       IGNORED("volumes have no quota")),
	ROW("storage[].size", OK, LINUX_ONLY),
	ROW("storage[].mode", OK, LINUX_ONLY),
	BOTH("storage[].bucket", CANNOT("buckets are not mounted")),
	BOTH("storage[].prefix", CANNOT("buckets are not mounted")),
	BOTH("storage[].endpoint", CANNOT("buckets are not mounted")),
	BOTH("storage[].credentials", CANNOT("buckets are not mounted")),

	/* Network. */
	VALUE("network_mode", "host", OK, LINUX_ONLY),
	VALUE("network_mode", "none", OK, OK),
	VALUE("network_mode", "bridge:", CANNOT("there are no named networks"),
	      CANNOT("there are no named networks")),
	VALUE("network_mode", "bridge", IGNORED("it has loopback only before networks are built"),
	      OK),
	VALUE("network_mode", "container:", CANNOT("networks of other containers cannot be joined"),
	      CANNOT("networks of other containers cannot be joined")),
	{ .path = "network_mode",
	  .at_default = "default",
	  .on_linux = IGNORED("it has loopback only before networks are built"),
	  .on_windows = OK },
	BOTH("host_network", CLOSE("read as network_mode: host")),
	BOTH("network", NO_OVERLAYS),
	BOTH("overlay", NO_OVERLAYS),
	BOTH("endpoints", NO_NETWORKS),
	BOTH("endpoints[].stream", NO_PROXY),
	BOTH("endpoints[].tunnel", NO_PROXY),
	VALUE("port_mappings[].host_port", "0", NO_NETWORKS, NO_FREE_PORT),
	WITHOUT("port_mappings[].container_port", "host_port", NO_NETWORKS, NO_FREE_PORT),
	ROW("port_mappings", NO_NETWORKS, OK),
	BOTH("expose", CLOSE("it is for people only, as everywhere")),
	BOTH("localhost_reachability", NO_NETWORKS),
	ROW("hostname", OK,
	    CLOSE("as a NetBIOS name: letters, digits and hyphens, longer than 15 cut with a "
		  "hash")),
	BOTH("dns", OK),
	ROW("extra_hosts", OK, IGNORED("the image's hosts file is used")),

	/* Life. */
	BOTH("health", IGNORED("health is not checked yet; a running replica counts as healthy")),
	BOTH("init", IGNORED("init steps are not run")),
	BOTH("errors", IGNORED("restart_policy decides")),
	BOTH("lifecycle", CLOSE("an ended container is removed when it is replaced")),
	BOTH("logs", CLOSE("in five files; a change counts for new instances")),
	BOTH("logs.destination", IGNORED("logs are files of this node")),
	BOTH("logs.retention_secs", CLOSE("what is too old goes when the next file is begun")),
	BOTH("restart_policy", OK),
	ROW("stop_signal", OK, CLOSE("shutdown, or terminate for SIGKILL")),
	BOTH("stop_grace_period", OK),
};
const size_t fields_table_n = sizeof(fields_table) / sizeof(fields_table[0]);
