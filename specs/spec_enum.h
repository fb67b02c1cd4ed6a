/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The closed word lists of the deployment format. Each is one X-macro, so that
 * the constant and its spelling in the file cannot drift apart. A list whose
 * first value is *_UNSET (spelling NULL) belongs to a field that may be absent.
 */

#define SPEC_ENUM_VALUE(id, text) id,

#define SPEC_RTYPE(X) X(RTYPE_SERVICE, "service") X(RTYPE_JOB, "job") X(RTYPE_CRON, "cron")
enum rtype { SPEC_RTYPE(SPEC_ENUM_VALUE) };

#define SPEC_PULL_POLICY(X)                                                                        \
	X(PULL_ALWAYS, "always")                                                                   \
	X(PULL_NEWER, "newer")                                                                     \
	X(PULL_IF_NOT_PRESENT, "if_not_present")                                                   \
	X(PULL_NEVER, "never")
enum pull_policy { SPEC_PULL_POLICY(SPEC_ENUM_VALUE) };

#define SPEC_SOURCE_POLICY(X)                                                                      \
	X(SOURCE_UNSET, NULL)                                                                      \
	X(SOURCE_LOCAL_FIRST, "local_first")                                                       \
	X(SOURCE_S3_FIRST, "s3_first")                                                             \
	X(SOURCE_REMOTE_ONLY, "remote_only")                                                       \
	X(SOURCE_LOCAL_ONLY, "local_only")
enum source_policy { SPEC_SOURCE_POLICY(SPEC_ENUM_VALUE) };

#define SPEC_GPU_SCHEDULING(X)                                                                     \
	X(GPU_SCHEDULING_UNSET, NULL)                                                              \
	X(GPU_SCHEDULING_BEST_EFFORT, "best-effort")                                               \
	X(GPU_SCHEDULING_GANG, "gang")                                                             \
	X(GPU_SCHEDULING_SPREAD, "spread")
enum gpu_scheduling { SPEC_GPU_SCHEDULING(SPEC_ENUM_VALUE) };

#define SPEC_GPU_SHARING(X)                                                                        \
	X(GPU_SHARING_UNSET, NULL)                                                                 \
	X(GPU_SHARING_EXCLUSIVE, "exclusive")                                                      \
	X(GPU_SHARING_MPS, "mps")                                                                  \
	X(GPU_SHARING_TIME_SLICE, "time-slice")
enum gpu_sharing { SPEC_GPU_SHARING(SPEC_ENUM_VALUE) };

#define SPEC_JOIN_MODE(X) X(JOIN_OPEN, "open") X(JOIN_TOKEN, "token") X(JOIN_CLOSED, "closed")
enum join_mode { SPEC_JOIN_MODE(SPEC_ENUM_VALUE) };

#define SPEC_JOIN_SCOPE(X) X(JOIN_SCOPE_SERVICE, "service") X(JOIN_SCOPE_GLOBAL, "global")
enum join_scope { SPEC_JOIN_SCOPE(SPEC_ENUM_VALUE) };

#define SPEC_PROTOCOL(X)                                                                           \
	X(PROTOCOL_HTTP, "http")                                                                   \
	X(PROTOCOL_HTTPS, "https")                                                                 \
	X(PROTOCOL_TCP, "tcp")                                                                     \
	X(PROTOCOL_UDP, "udp")                                                                     \
	X(PROTOCOL_WEBSOCKET, "websocket")
enum protocol { SPEC_PROTOCOL(SPEC_ENUM_VALUE) };

#define SPEC_TRANSPORT(X) X(TRANSPORT_TCP, "tcp") X(TRANSPORT_UDP, "udp")
enum transport { SPEC_TRANSPORT(SPEC_ENUM_VALUE) };

#define SPEC_EXPOSE(X)                                                                             \
	X(EXPOSE_UNSET, NULL) X(EXPOSE_PUBLIC, "public") X(EXPOSE_INTERNAL, "internal")
enum expose { SPEC_EXPOSE(SPEC_ENUM_VALUE) };

#define SPEC_STREAM_CHECK(X)                                                                       \
	X(STREAM_CHECK_TCP_CONNECT, "tcp_connect") X(STREAM_CHECK_UDP_PROBE, "udp_probe")
enum stream_check_type { SPEC_STREAM_CHECK(SPEC_ENUM_VALUE) };

#define SPEC_SCALE(X)                                                                              \
	X(SCALE_ADAPTIVE, "adaptive") X(SCALE_FIXED, "fixed") X(SCALE_MANUAL, "manual")
enum scale_mode { SPEC_SCALE(SPEC_ENUM_VALUE) };

#define SPEC_AFFINITY(X)                                                                           \
	X(AFFINITY_UNSET, NULL)                                                                    \
	X(AFFINITY_SPREAD, "spread")                                                               \
	X(AFFINITY_PACK, "pack")                                                                   \
	X(AFFINITY_PIN, "pin")
enum affinity_kind { SPEC_AFFINITY(SPEC_ENUM_VALUE) };

#define SPEC_CONDITION(X)                                                                          \
	X(CONDITION_STARTED, "started")                                                            \
	X(CONDITION_HEALTHY, "healthy")                                                            \
	X(CONDITION_READY, "ready")
enum condition { SPEC_CONDITION(SPEC_ENUM_VALUE) };

#define SPEC_ON_FAILURE(X)                                                                         \
	X(ON_FAILURE_FAIL, "fail") X(ON_FAILURE_WARN, "warn") X(ON_FAILURE_CONTINUE, "continue")
enum on_failure { SPEC_ON_FAILURE(SPEC_ENUM_VALUE) };

#define SPEC_CHECK(X) X(CHECK_TCP, "tcp") X(CHECK_HTTP, "http") X(CHECK_COMMAND, "command")
enum check_type { SPEC_CHECK(SPEC_ENUM_VALUE) };

#define SPEC_INIT_FAILURE(X)                                                                       \
	X(INIT_FAILURE_FAIL, "fail")                                                               \
	X(INIT_FAILURE_RESTART, "restart")                                                         \
	X(INIT_FAILURE_BACKOFF, "backoff")
enum init_failure { SPEC_INIT_FAILURE(SPEC_ENUM_VALUE) };

#define SPEC_PANIC(X)                                                                              \
	X(PANIC_RESTART, "restart") X(PANIC_SHUTDOWN, "shutdown") X(PANIC_ISOLATE, "isolate")
enum panic_action { SPEC_PANIC(SPEC_ENUM_VALUE) };

#define SPEC_ISOLATION(X)                                                                          \
	X(ISOLATION_UNSET, NULL)                                                                   \
	X(ISOLATION_AUTO, "auto")                                                                  \
	X(ISOLATION_PROCESS, "process")                                                            \
	X(ISOLATION_HYPERV, "hyperv")
enum isolation { SPEC_ISOLATION(SPEC_ENUM_VALUE) };

#define SPEC_STORAGE(X)                                                                            \
	X(STORAGE_BIND, "bind")                                                                    \
	X(STORAGE_NAMED, "named")                                                                  \
	X(STORAGE_ANONYMOUS, "anonymous")                                                          \
	X(STORAGE_TMPFS, "tmpfs")                                                                  \
	X(STORAGE_S3, "s3")
enum storage_type { SPEC_STORAGE(SPEC_ENUM_VALUE) };

#define SPEC_TIER(X) X(TIER_LOCAL, "local") X(TIER_CACHED, "cached") X(TIER_NETWORK, "network")
enum tier { SPEC_TIER(SPEC_ENUM_VALUE) };

#define SPEC_NODE_MODE(X)                                                                          \
	X(NODE_SHARED, "shared") X(NODE_DEDICATED, "dedicated") X(NODE_EXCLUSIVE, "exclusive")
enum node_mode { SPEC_NODE_MODE(SPEC_ENUM_VALUE) };

#define SPEC_OS(X)                                                                                 \
	X(OS_UNSET, NULL) X(OS_LINUX, "linux") X(OS_WINDOWS, "windows") X(OS_MACOS, "macos")
enum os { SPEC_OS(SPEC_ENUM_VALUE) };

#define SPEC_ARCH(X) X(ARCH_UNSET, NULL) X(ARCH_AMD64, "amd64") X(ARCH_ARM64, "arm64")
enum arch { SPEC_ARCH(SPEC_ENUM_VALUE) };

#define SPEC_SERVICE_TYPE(X)                                                                       \
	X(SERVICE_STANDARD, "standard")                                                            \
	X(SERVICE_WASM_HTTP, "wasm_http")                                                          \
	X(SERVICE_WASM_PLUGIN, "wasm_plugin")                                                      \
	X(SERVICE_WASM_TRANSFORMER, "wasm_transformer")                                            \
	X(SERVICE_WASM_AUTHENTICATOR, "wasm_authenticator")                                        \
	X(SERVICE_WASM_RATE_LIMITER, "wasm_rate_limiter")                                          \
	X(SERVICE_WASM_MIDDLEWARE, "wasm_middleware")                                              \
	X(SERVICE_WASM_ROUTER, "wasm_router")                                                      \
	X(SERVICE_JOB, "job")
enum service_type { SPEC_SERVICE_TYPE(SPEC_ENUM_VALUE) };

#define SPEC_RESTART(X)                                                                            \
	X(RESTART_NO, "no")                                                                        \
	X(RESTART_ALWAYS, "always")                                                                \
	X(RESTART_UNLESS_STOPPED, "unless_stopped")                                                \
	X(RESTART_ON_FAILURE, "on_failure")
enum restart_kind { SPEC_RESTART(SPEC_ENUM_VALUE) };

#define SPEC_NETWORK_MODE(X)                                                                       \
	X(NETWORK_DEFAULT, "default")                                                              \
	X(NETWORK_HOST, "host")                                                                    \
	X(NETWORK_NONE, "none")                                                                    \
	X(NETWORK_BRIDGE, "bridge")                                                                \
	X(NETWORK_CONTAINER, "container")
enum network_mode_kind { SPEC_NETWORK_MODE(SPEC_ENUM_VALUE) };

#define SPEC_OVERLAY_MODE(X)                                                                       \
	X(OVERLAY_AUTO, "auto") X(OVERLAY_SHARED, "shared") X(OVERLAY_DEDICATED, "dedicated")
enum overlay_mode { SPEC_OVERLAY_MODE(SPEC_ENUM_VALUE) };

#define SPEC_REACHABILITY(X) X(REACH_AUTO, "auto") X(REACH_ALWAYS, "always") X(REACH_NEVER, "never")
enum reachability { SPEC_REACHABILITY(SPEC_ENUM_VALUE) };

/* Settings of our own (`tallyman:`). */
#define SPEC_UPDATE_STRATEGY(X)                                                                    \
	X(UPDATE_UNSET, NULL)                                                                      \
	X(UPDATE_STOP_FIRST, "stop-first")                                                         \
	X(UPDATE_START_FIRST, "start-first")
enum update_strategy { SPEC_UPDATE_STRATEGY(SPEC_ENUM_VALUE) };

#define SPEC_ON_UNHEALTHY(X)                                                                       \
	X(ON_UNHEALTHY_UNSET, NULL)                                                                \
	X(ON_UNHEALTHY_RESTART, "restart")                                                         \
	X(ON_UNHEALTHY_IGNORE, "ignore")
enum on_unhealthy { SPEC_ON_UNHEALTHY(SPEC_ENUM_VALUE) };

/* Every list once more, for the name tables: (table, list). */
#define SPEC_ENUMS(X)                                                                              \
	X(rtype, SPEC_RTYPE)                                                                       \
	X(pull_policy, SPEC_PULL_POLICY)                                                           \
	X(source_policy, SPEC_SOURCE_POLICY)                                                       \
	X(gpu_scheduling, SPEC_GPU_SCHEDULING)                                                     \
	X(gpu_sharing, SPEC_GPU_SHARING)                                                           \
	X(join_mode, SPEC_JOIN_MODE)                                                               \
	X(join_scope, SPEC_JOIN_SCOPE)                                                             \
	X(protocol, SPEC_PROTOCOL)                                                                 \
	X(transport, SPEC_TRANSPORT)                                                               \
	X(expose, SPEC_EXPOSE)                                                                     \
	X(stream_check, SPEC_STREAM_CHECK)                                                         \
	X(scale, SPEC_SCALE)                                                                       \
	X(affinity, SPEC_AFFINITY)                                                                 \
	X(condition, SPEC_CONDITION)                                                               \
	X(on_failure, SPEC_ON_FAILURE)                                                             \
	X(check, SPEC_CHECK)                                                                       \
	X(init_failure, SPEC_INIT_FAILURE)                                                         \
	X(panic, SPEC_PANIC)                                                                       \
	X(isolation, SPEC_ISOLATION)                                                               \
	X(storage, SPEC_STORAGE)                                                                   \
	X(tier, SPEC_TIER)                                                                         \
	X(node_mode, SPEC_NODE_MODE)                                                               \
	X(os, SPEC_OS)                                                                             \
	X(arch, SPEC_ARCH)                                                                         \
	X(service_type, SPEC_SERVICE_TYPE)                                                         \
	X(restart, SPEC_RESTART)                                                                   \
	X(network_mode, SPEC_NETWORK_MODE)                                                         \
	X(overlay_mode, SPEC_OVERLAY_MODE)                                                         \
	X(reachability, SPEC_REACHABILITY)                                                         \
	X(update_strategy, SPEC_UPDATE_STRATEGY)                                                   \
	X(on_unhealthy, SPEC_ON_UNHEALTHY)

struct spec_enum {
	const char *const *names; /* by value; names[0] may be NULL */
	int n;
};

#define SPEC_ENUM_DECLARE(table, list) extern const struct spec_enum spec_enum_##table;
SPEC_ENUMS(SPEC_ENUM_DECLARE)

/** spec_enum_name() - the spelling in the file; NULL for an UNSET value. For example
 *  spec_enum_name(&spec_enum_restart, RESTART_ALWAYS) is "always" */
const char *spec_enum_name(const struct spec_enum *e, int value);

/** spec_enum_find() - the value spelled exactly so, or -1 */
int spec_enum_find(const struct spec_enum *e, const char *text);
