/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the Host Compute Service answers, from JSON to values. Strict about types, lenient about
 * what is missing: only an id and a kind are promised. Members nobody here needs are not looked at,
 * so answers of newer builds still read. Pure; all that is returned lives in the arena.
 *
 * Each takes the text as it came; NULL with n 0 is no document, which is what "nothing" looks like.
 * -ERR_CORRUPT: it is not such an answer. It never means that something is not there.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* As the service spells them. */
#define HCS_STATES(X)                                                                              \
	X(UNKNOWN, "Unknown") /* also: any word that is none of these, or none at all */           \
	X(CREATED, "Created") /* made, never started */                                            \
	X(RUNNING, "Running")                                                                      \
	X(PAUSED, "Paused")                                                                        \
	X(STOPPED, "Stopped")                                                                      \
	X(TEMPLATE, "SavedAsTemplate")

enum hcs_state {
#define X(id, name) HCS_STATE_##id,
	HCS_STATES(X)
#undef X
		HCS_N_STATES,
};

/** hcs_reply_state_name() - "Running" */
const char *hcs_reply_state_name(enum hcs_state state);

/* One line of an enumeration. Owner: lower case, since compares ignore the case. */
struct hcs_system {
	const char *id;
	const char *type;       /* "Container", "VirtualMachine" */
	const char *owner;      /* NULL: not said */
	const char *runtime_id; /* GUID as written; NULL: not said */
	enum hcs_state state;
};

/** hcs_reply_systems() - HcsEnumerateComputeSystems; none for no document, "" and null */
int hcs_reply_systems(const char *text, size_t n, struct arena *a, struct hcs_system **ret,
		      size_t *ret_n, struct error *err);

struct hcs_running {
	uint32_t pid;
	const char *image; /* "cmd.exe"; NULL: not said */
};

struct hcs_properties {
	struct hcs_system basics; /* the owner is often missing here: ask the enumeration */
	bool stopped;
	const char *exit_type; /* "GracefulExit"; NULL: not said */
	bool has_statistics;
	uint64_t cpu_us;       /* of all its processes, since the start */
	uint64_t memory_bytes; /* private working set */
	uint64_t uptime_us;
	struct hcs_running *processes; /* NULL: not said */
	size_t n_processes;
};

/** hcs_reply_properties() - HcsGetComputeSystemProperties; -ERR_CORRUPT without a document */
int hcs_reply_properties(const char *text, size_t n, struct arena *a, struct hcs_properties *ret,
			 struct error *err);

/* How a system or process ended. */
struct hcs_exit {
	uint32_t pid; /* of the process; 0 for a system */
	bool exited;
	bool has_code;         /* nobody else's guess: without it the code is unknown, never 0 */
	uint32_t code;         /* Windows has 32 bits of it: 0xC0000005 is a crash */
	const char *exit_type; /* systems: "GracefulExit", "ForcedExit" …; NULL: not said */
};

/** hcs_reply_process_exit() - ProcessStatus, of HcsWaitForProcessExit and ProcessExited events */
int hcs_reply_process_exit(const char *text, size_t n, struct hcs_exit *ret, struct error *err);

/** hcs_reply_system_exit() - SystemExitStatus, of HcsWaitForComputeSystemExit and SystemExited
 * events; no document: it exited, and nobody says how */
int hcs_reply_system_exit(const char *text, size_t n, struct arena *a, struct hcs_exit *ret,
			  struct error *err);
