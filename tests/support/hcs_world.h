/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A simulated Windows host for one test, and its functions with UTF-8 in place of UTF-16 and one
 * call in place of operation, start, wait. Everything that has no business to fail ends the test
 * program. Strings are in the world's arena.
 */
#include "backends/hcs_api.h"
#include "backends/hcs_result.h"
#include "base/arena.h"
#include "base/json.h"

struct hcs_world {
	char path[64]; /* a directory that goes with the world */
	char host[96]; /* <path>/host: HCS_SIM_DIR */
	struct hcs_api *api;
	struct arena *arena;
	struct error err;
	/* of the last call that had them */
	const char *document; /* a result or properties; NULL: none */
	const char *record;   /* an error record; NULL: none */
};

/** hcs_world_new() - the directory and the library; a keeper comes with the first call */
struct hcs_world *hcs_world_new(void);

/** hcs_world_join() - the world at @path from another process; left with hcs_world_leave() */
struct hcs_world *hcs_world_join(const char *path);

/** hcs_world_leave() - the host stays as it is */
void hcs_world_leave(struct hcs_world *w);

/** hcs_world_free() - the host goes down; nothing of it is left, or the test fails */
void hcs_world_free(struct hcs_world *w);

/* cmocka's setup and teardown; *state is the world. */
int hcs_world_setup(void **state);
int hcs_world_teardown(void **state);

/** hcs_world_printf() - a text in the arena */
const char *hcs_world_printf(struct hcs_world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** hcs_world_wide() - as UTF-16, in the arena; NULL gives NULL */
PCWSTR hcs_world_wide(struct hcs_world *w, const char *text);

/** hcs_world_json() - the last document as JSON; freed by the caller */
struct json_object *hcs_world_json(struct hcs_world *w);

/** hcs_world_tool() - run the tool hcs_sim on the host; its output. Words until NULL */
const char *hcs_world_tool(struct hcs_world *w, const char *word, ...) __attribute__((sentinel));

/** hcs_world_awake() - until the library has a connection: right after a keeper has gone */
void hcs_world_awake(struct hcs_world *w);

/** hcs_world_keeper() - pid of the keeper; 0 when there is none */
pid_t hcs_world_keeper(struct hcs_world *w);

/* --- compute systems ------------------------------------------------------------------------ */

/** hcs_world_config() - a create document; @more: members beside Container, ending in a comma, or
 * "" */
const char *hcs_world_config(struct hcs_world *w, const char *owner, const char *more);

/** hcs_world_storage() - the Storage of a new scratch layer on a base layer, which is made once */
const char *hcs_world_storage(struct hcs_world *w);

HRESULT hcs_world_enumerate(struct hcs_world *w, const char *query);
HRESULT hcs_world_create(struct hcs_world *w, const char *id, const char *config, HCS_SYSTEM *ret);
HRESULT hcs_world_open(struct hcs_world *w, const char *id, HCS_SYSTEM *ret);

/** hcs_world_do() - one of the functions (handle, operation, document) on a system or process */
enum hcs_world_what {
	HCS_WORLD_START,
	HCS_WORLD_SHUTDOWN,
	HCS_WORLD_TERMINATE,
	HCS_WORLD_PROPERTIES,
	HCS_WORLD_MODIFY,
	HCS_WORLD_PROCESS_TERMINATE,
	HCS_WORLD_PROCESS_SIGNAL,
	HCS_WORLD_PROCESS_PROPERTIES,
	HCS_WORLD_PROCESS_MODIFY,
};
HRESULT hcs_world_do(struct hcs_world *w, enum hcs_world_what what, const void *handle,
		     const char *document);

/** hcs_world_running() - a system that was made and started */
HCS_SYSTEM hcs_world_running(struct hcs_world *w, const char *id, const char *owner);

/** hcs_world_state() - State in the enumeration; NULL: not there */
const char *hcs_world_state(struct hcs_world *w, const char *id);

/* --- processes ------------------------------------------------------------------------------ */

/** hcs_world_process() - start one with these parameters */
HRESULT hcs_world_process(struct hcs_world *w, HCS_SYSTEM system_handle, const char *parameters,
			  HCS_PROCESS *ret, HCS_PROCESS_INFORMATION *info);

/** hcs_world_run() - run a command line to its end; its output (both) and exit code */
const char *hcs_world_run(struct hcs_world *w, HCS_SYSTEM system_handle, const char *command_line,
			  int64_t *ret_code);

/** hcs_world_exit_code() - wait for the end of a process */
int64_t hcs_world_exit_code(struct hcs_world *w, HCS_PROCESS process);

/** hcs_world_read() - all that comes from a pipe, until its end; closes it */
const char *hcs_world_read(struct hcs_world *w, HANDLE pipe);

/* --- networks ------------------------------------------------------------------------------- */

/** hcs_world_guid() - a GUID of the n-th test object */
GUID hcs_world_guid(unsigned n);

/* The functions of computenetwork, on the n-th object of a kind; handles are closed at once. */
HRESULT hcs_world_network(struct hcs_world *w, unsigned n, const char *settings);
HRESULT hcs_world_namespace(struct hcs_world *w, unsigned n, const char *settings);
HRESULT hcs_world_endpoint(struct hcs_world *w, unsigned network, unsigned n, const char *settings);
HRESULT hcs_world_attach(struct hcs_world *w, unsigned namespace, unsigned endpoint, bool add);

enum hcs_world_kind { HCS_WORLD_NETWORK, HCS_WORLD_NAMESPACE, HCS_WORLD_ENDPOINT };
HRESULT hcs_world_hcn_list(struct hcs_world *w, enum hcs_world_kind kind, const char *query);
HRESULT hcs_world_hcn_delete(struct hcs_world *w, enum hcs_world_kind kind, unsigned n);
HRESULT hcs_world_hcn_query(struct hcs_world *w, enum hcs_world_kind kind, unsigned n,
			    const char *query);

/* The usual query, with a version. */
#define HCS_WORLD_V2 "{\"SchemaVersion\":{\"Major\":2,\"Minor\":0}}"
