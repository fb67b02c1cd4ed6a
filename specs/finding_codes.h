/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The codes of findings. A code keeps its meaning for ever; a new one goes to
 * the end of its block. E0900 to E0949 belong to the rules that are stricter
 * than upstream's and to nothing else. FORMAT.md has the same table (tested).
 */

/*      id                number  what it means */
#define FINDING_ERRORS(X)                                                                          \
	X(ENCODING, 101, "the file is not UTF-8, or has a control character")                      \
	X(SYNTAX, 102, "the text is not YAML")                                                     \
	X(TOO_LARGE, 103, "the file is larger than 4 MiB")                                         \
	X(TOO_DEEP, 104, "more than 64 levels inside one another")                                 \
	X(TOO_MANY_NODES, 105, "more than 1000000 values after aliases are expanded")              \
	X(ALIAS, 106, "an alias names no anchor before it, or the value it is in")                 \
	X(DOCUMENTS, 107, "there is more than one document in the file")                           \
	X(EMPTY, 108, "there is no document in the file")                                          \
	X(NUL, 109, "a text contains the character NUL, which no container can be given")          \
	X(TOO_MANY_SERVICES, 110, "more than 20000 services")                                      \
	X(KEY, 111, "a key is a list or a map")                                                    \
	X(UNKNOWN_FIELD, 201, "the format has no such field here")                                 \
	X(MISSING_FIELD, 202, "a field that must be written is not there")                         \
	X(FIELD_TWICE, 203, "a field of the format is written twice")                              \
	X(TYPE, 204, "the value has another type than the field")                                  \
	X(RANGE, 205, "the number is outside the field's range")                                   \
	X(VARIANT, 206, "the word is none of those the field knows")                               \
	X(DURATION, 207, "the text is not a duration")                                             \
	X(IMAGE, 208, "the text is not an image reference")                                        \
	X(NETWORK_MODE, 209, "the text is not a network mode")                                     \
	X(TAG, 210, "a YAML tag where none can be, or the value of a tagged form is wrong")        \
	X(VERSION, 301, "version is not v1")                                                       \
	X(DEPLOYMENT_NAME, 302, "the deployment name is not 3 to 63 letters, digits and dashes")   \
	X(SCHEDULE, 303, "the text is not a cron schedule")                                        \
	X(SCHEDULE_NOT_CRON, 304, "a schedule on a service that is no cron")                       \
	X(CRON_SCHEDULE, 305, "a cron without a schedule")                                         \
	X(CPU, 306, "cpu is not above 0")                                                          \
	X(MEMORY, 307, "the text is not a size with Ki, Mi, Gi or Ti")                             \
	X(ENDPOINT_NAME, 308, "an endpoint has an empty name")                                     \
	X(PORT, 309, "a port is 0")                                                                \
	X(SCALE, 310, "scale.min is above scale.max")                                              \
	X(ROLE, 311, "the role of a replica group is not a short lower-case name")                 \
	X(GROUP_COUNT, 312, "a replica group has a count of 0")                                    \
	X(BACKENDS, 313, "an external without a backend")                                          \
	X(TUNNEL_TTL, 314, "max_ttl of a tunnel is not a duration")                                \
	X(WASM_TYPE, 315, "a wasm block on a service type that is not wasm")                       \
	X(WASM_INSTANCES, 316, "wasm.min_instances is above wasm.max_instances")                   \
	X(WASM_CAPABILITY, 317, "a wasm capability that the service type does not have")           \
	X(WASM_ENDPOINT, 318, "a wasm_http service whose endpoints have no http")                  \
	X(WASM_PREOPEN, 319, "a wasm preopen with an empty source or target")                      \
	X(SETTING, 320, "a label dev.tallyman.* with a value that its setting cannot have")        \
	X(CYCLE, 900, "services depend on each other in a circle")                                 \
	X(DEPENDS_UNKNOWN, 901, "depends names a service that is not in the file")                 \
	X(DEPENDS_SELF, 902, "a service depends on itself")                                        \
	X(ENDPOINT_TWICE, 903, "two endpoints of a service have one name")                         \
	X(ROLE_TWICE, 904, "two replica groups of a service have one role")                        \
	X(HOST_PORT_TWICE, 905, "a host port is taken twice: same address, port and protocol")     \
	X(SERVICE_NAME, 906, "the service name is not 1 to 63 of a-z, 0-9 and inner dashes")       \
	X(TARGET_RELATIVE, 907, "the target of a storage entry is not an absolute path")           \
	X(TARGET_ESCAPES, 908, "the target of a storage entry contains '..'")                      \
	X(SECRET_REFERENCE, 909, "a value begins with $S: and is no secret reference")

#define FINDING_WARNINGS(X)                                                                        \
	X(KEY_TWICE, 501, "a key of a map is written twice; the last one counts")                  \
	X(EXTENSION, 502, "an x- key is ignored")                                                  \
	X(IGNORED_FIELD, 503, "a field that the format does not know is ignored here")             \
	X(HOST_NETWORK, 504, "host_network is the old spelling of network_mode: host")             \
	X(RESTART_DELAY, 505, "restart_policy.delay is no duration and is ignored")                \
	X(SIZE, 506, "a size that the format does not check is not understood")                    \
	X(RUNTIME_IGNORES, 507, "the chosen runtime ignores the field")                            \
	X(RUNTIME_EMULATES, 508, "the chosen runtime does something close to the field")           \
	X(RUNTIME_CANNOT, 509, "the chosen runtime cannot do what the field asks for")             \
	X(SETTING_UNKNOWN, 510, "a label dev.tallyman.* that is no setting")

#define FINDING_VALUE(id, number, meaning) FINDING_##id = (number),
enum finding_code { FINDING_ERRORS(FINDING_VALUE) FINDING_WARNINGS(FINDING_VALUE) };
