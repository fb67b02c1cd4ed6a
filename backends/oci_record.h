/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The files of one bundle that say whose it is and what became of it:
 *   instance.json  who made it, for whom, with which program; durable before the create
 *   pid            the first process, as the program wrote it
 *   process        its identity and when it was started, as we saw it; of this boot only
 * and `exit`, which is instance_file's. All in the bundle directory, 0600. No env value is in any
 * of them.
 */
#include "backends/instance_file.h"
#include "base/process.h"

struct oci_record {
	const char *id;
	const char *node_id;
	const char *owner;
	const char *deployment;
	const char *service;
	uint32_t slot;
	uint64_t generation;
	const char *config_hash;
	const char *image;
	const char *digest;
	const char *address; /* NULL: none */
	const char *program; /* "crun" */
	const char *program_path;
	const char *program_version;
	const char *boot_id;
	const char *log_path;
	int64_t log_max_bytes; /* as in struct shim_log_place; 0 in what older builds made */
	int64_t log_keep_s;
	const char *layer;  /* whose writable layer it began with; NULL: a fresh one */
	const char *cgroup; /* `<base>/<owner>/<id>`, below each hierarchy's mount */
	int stop_signal;    /* of the image, Linux number; 0: none */
	struct own_end own_end;
	bool host_mount; /* its root is mounted in the host's table */
	struct wall created;
};

/** oci_record_save() - durable; @bundle exists */
int oci_record_save(const char *bundle, const struct oci_record *rec, struct error *err);

/** oci_record_load() - -ERR_NOT_FOUND: none; -ERR_CORRUPT: not one of ours or damaged */
int oci_record_load(const char *bundle, struct arena *a, struct oci_record *ret, struct error *err);

struct oci_process_note {
	struct process_id id;
	bool started;
	struct wall started_at; /* 0 unknown */
};

/** oci_record_save_process() - complete or not there; not durable: it ends with the boot */
int oci_record_save_process(const char *bundle, const struct oci_process_note *note,
			    struct error *err);
/** oci_record_load_process() - -ERR_NOT_FOUND; -ERR_CORRUPT */
int oci_record_load_process(const char *bundle, struct oci_process_note *ret, struct error *err);

/** oci_record_load_pid() - the number in the program's pid file; -ERR_NOT_FOUND; -ERR_CORRUPT */
int oci_record_load_pid(const char *bundle, pid_t *ret, struct error *err);
