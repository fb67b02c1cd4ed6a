/* SPDX-License-Identifier: Apache-2.0 */
/* The world, and functions on systems and processes; networks are in hcs_world_net.c. */
#include "tests/support/hcs_world.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_text.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/process.h"

enum { WAIT_MS = 60000, MAX_OUTPUT = 16 << 20 };

/* --- the world -------------------------------------------------------------------------- */

struct hcs_world *hcs_world_join(const char *path)
{
	struct hcs_world *w = xcalloc(1, sizeof(*w));

	snprintf(w->path, sizeof(w->path), "%s", path);
	snprintf(w->host, sizeof(w->host), "%s/host", path);
	assert_int_equal(setenv("HCS_SIM_DIR", w->host, 1), 0);
	w->arena = arena_new();
	if (hcs_api_open(TEST_BINARY_DIR "/libhcs_sim.so", &w->api, &w->err) < 0)
		fail_msg("%s", w->err.msg);
	return w;
}

void hcs_world_leave(struct hcs_world *w)
{
	hcs_api_close(w->api);
	arena_free(w->arena);
	free(w);
}

struct hcs_world *hcs_world_new(void)
{
	char path[] = "/tmp/hcs-world.XXXXXX";
	struct hcs_world *w;

	assert_non_null(mkdtemp(path));
	w = hcs_world_join(path);
	hcs_world_awake(w);
	return w;
}

/* A process of this world: the keeper and its silos by their command line, others by where they
 * work. The first one found; 0. */
static pid_t find_process(struct hcs_world *w, bool keeper_only)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	pid_t found = 0;

	while (!found && (e = readdir(proc))) {
		char path[300], cwd[PATH_MAX] = "";
		struct buf line CLEAN(buf) = BUF_INIT(4096);
		uint64_t pid;

		if (!number_u64(e->d_name, INT32_MAX, &pid) || (pid_t)pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", e->d_name);
		(void)fs_read(AT_FDCWD, path, &line, NULL); /* it may be gone by now */
		snprintf(path, sizeof(path), "/proc/%s/cwd", e->d_name);
		(void)!readlink(path, cwd, sizeof(cwd) - 1);
		if (line.n > 0 && strstr(line.data, "hcs_sim_host") &&
		    strcmp(line.data + strlen(line.data) + 1, w->host) == 0)
			found = (pid_t)pid;
		else if (!keeper_only && strncmp(cwd, w->path, strlen(w->path)) == 0)
			found = (pid_t)pid;
	}
	closedir(proc);
	return found;
}

pid_t hcs_world_keeper(struct hcs_world *w)
{
	return find_process(w, true);
}

void hcs_world_free(struct hcs_world *w)
{
	(void)hcs_world_tool(w, "down", NULL);
	for (int i = 0; find_process(w, false) != 0; i++) {
		if (i == 500)
			fail_msg("process %d of %s is left", find_process(w, false), w->host);
		clock_sleep(10 * CLOCK_MS);
	}
	assert_int_equal(fs_remove_tree(AT_FDCWD, w->path, &w->err), 0);
	hcs_world_leave(w);
}

int hcs_world_setup(void **state)
{
	*state = hcs_world_new();
	return 0;
}

int hcs_world_teardown(void **state)
{
	hcs_world_free(*state);
	return 0;
}

const char *hcs_world_printf(struct hcs_world *w, const char *fmt, ...)
{
	va_list ap;
	const char *text;

	va_start(ap, fmt);
	text = arena_vprintf(w->arena, fmt, ap);
	va_end(ap);
	return text;
}

PCWSTR hcs_world_wide(struct hcs_world *w, const char *text)
{
	PCWSTR wide = NULL;

	assert_int_equal(hcs_text_to_utf16(text, w->arena, &wide, &w->err), 0);
	return wide;
}

struct json_object *hcs_world_json(struct hcs_world *w)
{
	struct json_object *o = NULL;

	assert_non_null(w->document);
	if (json_parse(w->document, strlen(w->document), &o, &w->err) < 0)
		fail_msg("%s: %s", w->err.msg, w->document);
	return o;
}

const char *hcs_world_tool(struct hcs_world *w, const char *word, ...)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	const char *argv[16] = { TEST_BINARY_DIR "/hcs_sim", "-d", w->host, word };
	struct process_spec spec = { .argv = argv };
	size_t n = 4;
	va_list ap;

	va_start(ap, word);
	while ((argv[n] = va_arg(ap, const char *)))
		n++;
	va_end(ap);
	if (process_run(&spec, &res, &w->err) < 0)
		fail_msg("%s", w->err.msg);
	if (res.exit_code != 0)
		fail_msg("hcs_sim %s: %d: %s", word, res.exit_code, res.err.data);
	return arena_strdup(w->arena, res.out.data);
}

/* The document of a result, which goes back with the free that belongs to it. */
static void keep_local(struct hcs_world *w, PWSTR result)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_OUTPUT);

	w->document = NULL;
	if (result) {
		assert_int_equal(hcs_text_from_utf16(result, &text, &w->err), 0);
		w->document = arena_strdup(w->arena, text.data);
	}
	assert_null(w->api->LocalFree(result));
}

void hcs_world_awake(struct hcs_world *w)
{
	PWSTR result = NULL;
	HRESULT hr = E_FAIL;

	for (int i = 0; i < 100 && hr < 0; i++) {
		hr = w->api->HcsGetServiceProperties(NULL, &result);
		if (hr < 0)
			clock_sleep(10 * CLOCK_MS);
	}
	assert_int_equal(hr, S_OK);
	keep_local(w, result);
}

/* --- compute systems -------------------------------------------------------------------- */

static HRESULT finish(struct hcs_world *w, HRESULT begun, HCS_OPERATION op)
{
	PWSTR result = NULL;
	HRESULT hr = begun;

	if (begun >= 0) {
		hr = w->api->HcsWaitForOperationResult(op, WAIT_MS, &result);
		keep_local(w, result);
	}
	w->api->HcsCloseOperation(op);
	return hr;
}

HRESULT hcs_world_enumerate(struct hcs_world *w, const char *query)
{
	HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);

	return finish(w, w->api->HcsEnumerateComputeSystems(hcs_world_wide(w, query), op), op);
}

HRESULT hcs_world_create(struct hcs_world *w, const char *id, const char *config, HCS_SYSTEM *ret)
{
	HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);

	return finish(w,
		      w->api->HcsCreateComputeSystem(hcs_world_wide(w, id),
						     hcs_world_wide(w, config), op, NULL, ret),
		      op);
}

HRESULT hcs_world_open(struct hcs_world *w, const char *id, HCS_SYSTEM *ret)
{
	return w->api->HcsOpenComputeSystem(hcs_world_wide(w, id), GENERIC_ALL, ret);
}

static HRESULT begin(const struct hcs_api *api, enum hcs_world_what what, const void *handle,
		     HCS_OPERATION op, PCWSTR document)
{
	HCS_SYSTEM s = (HCS_SYSTEM)(uintptr_t)handle;
	HCS_PROCESS p = (HCS_PROCESS)(uintptr_t)handle;

	switch (what) {
	case HCS_WORLD_START:
		return api->HcsStartComputeSystem(s, op, document);
	case HCS_WORLD_SHUTDOWN:
		return api->HcsShutDownComputeSystem(s, op, document);
	case HCS_WORLD_TERMINATE:
		return api->HcsTerminateComputeSystem(s, op, document);
	case HCS_WORLD_PROPERTIES:
		return api->HcsGetComputeSystemProperties(s, op, document);
	case HCS_WORLD_MODIFY:
		return api->HcsModifyComputeSystem(s, op, document, NULL);
	case HCS_WORLD_PROCESS_TERMINATE:
		return api->HcsTerminateProcess(p, op, document);
	case HCS_WORLD_PROCESS_SIGNAL:
		return api->HcsSignalProcess(p, op, document);
	case HCS_WORLD_PROCESS_PROPERTIES:
		return api->HcsGetProcessProperties(p, op, document);
	case HCS_WORLD_PROCESS_MODIFY:
		return api->HcsModifyProcess(p, op, document);
	}
	return E_UNEXPECTED;
}

HRESULT hcs_world_do(struct hcs_world *w, enum hcs_world_what what, const void *handle,
		     const char *document)
{
	HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);

	return finish(w, begin(w->api, what, handle, op, hcs_world_wide(w, document)), op);
}

/* A base layer without an import: this is about what is on top of it. */
static const char *need_base(struct hcs_world *w)
{
	const char *path = hcs_world_printf(w, "%s/layers/base", w->path);

	assert_int_equal(fs_mkdirs(AT_FDCWD, hcs_world_printf(w, "%s/Files", path), 0755, &w->err),
			 0);
	assert_int_equal(w->api->ProcessBaseImage(hcs_world_wide(w, path)), S_OK);
	return path;
}

const char *hcs_world_storage(struct hcs_world *w)
{
	static const WCHAR home[] = { 0 };
	const DRIVER_INFO driver = { LAYER_DRIVER_FILTER, home };
	WC_LAYER_DESCRIPTOR parent = { .Flags = 0 };
	const char *base = need_base(w), *text;
	char scratch[128], guid[HCS_GUID_SIZE];
	struct buf volume CLEAN(buf) = BUF_INIT(1024);
	WCHAR mount[256];
	SIZE_T n = 256;
	PCWSTR id;

	snprintf(scratch, sizeof(scratch), "%s/layers/scratch.XXXXXX", w->path);
	assert_non_null(mkdtemp(scratch));
	id = hcs_world_wide(w, scratch);
	parent.Path = hcs_world_wide(w, base);
	assert_int_equal(w->api->NameToGuid(hcs_world_wide(w, "base"), &parent.LayerId), S_OK);
	assert_int_equal(w->api->CreateSandboxLayer(&driver, id, 0, &parent, 1), S_OK);
	assert_int_equal(w->api->ActivateLayer(&driver, id), S_OK);
	assert_int_equal(w->api->PrepareLayer(&driver, id, &parent, 1), S_OK);
	assert_int_equal(w->api->GetLayerMountPath(&driver, id, &n, mount), S_OK);
	assert_int_equal(hcs_text_from_utf16(mount, &volume, &w->err), 0);
	/* One backslash more, and each written twice for JSON. */
	text = hcs_world_printf(w,
				"\"Storage\":{\"Layers\":[{\"Id\":\"%s\",\"Path\":\"%s\"}],"
				"\"Path\":\"\\\\\\\\?\\\\%s\\\\\"}",
				hcs_guid_format(&parent.LayerId, guid), base, volume.data + 4);
	return text;
}

const char *hcs_world_config(struct hcs_world *w, const char *owner, const char *more)
{
	return hcs_world_printf(w,
				"{\"SchemaVersion\":{\"Major\":2,\"Minor\":1},\"Owner\":\"%s\",%s"
				"\"Container\":{\"GuestOs\":{\"HostName\":\"web-0\"},%s}}",
				owner, more, hcs_world_storage(w));
}

HCS_SYSTEM hcs_world_running(struct hcs_world *w, const char *id, const char *owner)
{
	HCS_SYSTEM s = NULL;

	assert_int_equal(hcs_world_create(w, id, hcs_world_config(w, owner, ""), &s), S_OK);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_START, s, NULL), S_OK);
	return s;
}

const char *hcs_world_state(struct hcs_world *w, const char *id)
{
	struct json_object *list CLEAN(json) = NULL;
	struct json_object *state;

	assert_int_equal(hcs_world_enumerate(w, hcs_world_printf(w, "{\"Ids\":[\"%s\"]}", id)),
			 S_OK);
	list = hcs_world_json(w);
	if (json_object_array_length(list) == 0)
		return NULL;
	state = json_object_object_get(json_object_array_get_idx(list, 0), "State");
	return arena_strdup(w->arena, json_object_get_string(state));
}

/* --- processes -------------------------------------------------------------------------- */

HRESULT hcs_world_process(struct hcs_world *w, HCS_SYSTEM system_handle, const char *parameters,
			  HCS_PROCESS *ret, HCS_PROCESS_INFORMATION *info)
{
	HCS_OPERATION op = w->api->HcsCreateOperation(NULL, NULL);
	PWSTR result = NULL;
	HRESULT hr = w->api->HcsCreateProcess(system_handle, hcs_world_wide(w, parameters), op,
					      NULL, ret);

	*info = (HCS_PROCESS_INFORMATION){ 0 };
	if (hr >= 0) {
		hr = w->api->HcsWaitForOperationResultAndProcessInfo(op, WAIT_MS, info, &result);
		keep_local(w, result);
	}
	w->api->HcsCloseOperation(op);
	return hr;
}

const char *hcs_world_read(struct hcs_world *w, HANDLE pipe)
{
	struct buf out CLEAN(buf) = BUF_INIT(MAX_OUTPUT);
	int fd = hcs_api_fd(pipe);
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&out, chunk, (size_t)n);
	close(fd);
	return arena_strdup(w->arena, out.data);
}

int64_t hcs_world_exit_code(struct hcs_world *w, HCS_PROCESS process)
{
	struct json_object *o CLEAN(json) = NULL;
	PWSTR result = NULL;
	int64_t code = -1;
	bool ended = false;

	assert_int_equal(w->api->HcsWaitForProcessExit(process, WAIT_MS, &result), S_OK);
	keep_local(w, result);
	o = hcs_world_json(w);
	assert_int_equal(json_get_bool(o, "Exited", &ended, &w->err), 0);
	assert_true(ended);
	assert_int_equal(json_need_i64(o, "ExitCode", &code, &w->err), 0);
	return code;
}

const char *hcs_world_run(struct hcs_world *w, HCS_SYSTEM system_handle, const char *command_line,
			  int64_t *ret_code)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	HCS_PROCESS_INFORMATION info;
	HCS_PROCESS p = NULL;
	const char *out, *err;

	json_put_str(o, "CommandLine", command_line);
	json_put_bool(o, "CreateStdOutPipe", true);
	json_put_bool(o, "CreateStdErrPipe", true);
	assert_int_equal(
		hcs_world_process(w, system_handle, json_object_to_json_string(o), &p, &info),
		S_OK);
	out = hcs_world_read(w, info.StdOutput);
	err = hcs_world_read(w, info.StdError);
	*ret_code = hcs_world_exit_code(w, p);
	w->api->HcsCloseProcess(p);
	return hcs_world_printf(w, "%s%s", out, err);
}
