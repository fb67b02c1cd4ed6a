/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The files beside an instance's scratch layer, in <state>/hcs/<runtime id>:
 *   instance.json  whose it is and what belongs to it; durable before the first thing is made
 *   command        how its entry process is started; the only one with env values in it
 *   process        its entry process; written before that is made, and again when it is known
 * and `exit`, which is instance_file's.
 */
#include "backends/hcs_document.h"
#include "backends/hcs_process.h"
#include "backends/instance_file.h"

struct hcs_record {
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
	const char *address;  /* NULL: no network */
	const char *slice;    /* it is in; NULL likewise */
	const char *endpoint; /* GUIDs of HCN, journalled before they are made; NULL likewise */
	const char *space;    /* the namespace's */
	const char *vm; /* id of its utility VM's system; NULL: it runs on the host's kernel */
	const char *boot_id;
	const char *log_path;
	const char *layer;     /* whose scratch layer it began with; NULL: a fresh one */
	int64_t log_max_bytes; /* as in struct shim_log_place; 0 in what older builds made */
	int64_t log_keep_s;
	/* What it may use, as in hcs_document.h: one that has been lifted is not lifted in place.
	 */
	struct hcs_limits limits;
	int64_t vm_memory_mb, vm_processors; /* size of the utility VM; 0 without one */
	struct own_end own_end;
	struct wall created;
};

/** hcs_record_save() - durable; @dir exists */
int hcs_record_save(const char *dir, const struct hcs_record *rec, struct error *err);

/** hcs_record_load() - -ERR_NOT_FOUND: none; -ERR_CORRUPT: not one of ours or damaged */
int hcs_record_load(const char *dir, struct arena *a, struct hcs_record *ret, struct error *err);

/*
 * How its entry process is started, and what an exec inherits. It holds env values, as an OCI
 * bundle's config.json does: 0600, and gone with the instance.
 */
int hcs_record_save_command(const char *dir, const struct hcs_process *p, struct error *err);

/** hcs_record_load_command() - -ERR_NOT_FOUND; -ERR_CORRUPT */
int hcs_record_load_command(const char *dir, struct arena *a, struct hcs_process *ret,
			    struct error *err);

/*
 * The entry process. A note without a pid says that one was about to be made: whether it was,
 * nobody knows any more.
 */
struct hcs_process_note {
	const char *runtime_id; /* GUID of the compute system it is in: tells it from a later one
				   with the same id */
	uint32_t pid;           /* 0: not known */
	struct wall started;
};

/** hcs_record_save_process() - durable */
int hcs_record_save_process(const char *dir, const struct hcs_process_note *note,
			    struct error *err);

/** hcs_record_load_process() - -ERR_NOT_FOUND: none was about to be; -ERR_CORRUPT */
int hcs_record_load_process(const char *dir, struct arena *a, struct hcs_process_note *ret,
			    struct error *err);
