/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions on processes. Their pipes are made here, so that they belong to this program and break
 * with it; the keeper gets the other ends for the process, and keeps none.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backends/hcs_sim/library/exports.h"
#include "backends/hcs_sim/library/operations.h"
#include "backends/hcs_sim/library/targets.h"
#include "backends/hcs_text.h"
#include "base/buf.h"

/* The ends of a process's stdio. */
struct stdio {
	int ours[3]; /* -1: none */
	int console; /* ours, too; -1 */
};

static struct json_object *parse(PCWSTR document)
{
	struct buf text CLEAN(buf) = BUF_INIT(WIRE_BYTES / 2);
	struct json_object *o = NULL;

	if (document && hcs_text_from_utf16(document, &text, NULL) == 0)
		(void)json_parse(text.data, text.n, &o, NULL); /* the keeper says what is wrong */
	return o;
}

static bool flag(struct json_object *o, const char *name)
{
	bool set = false;

	(void)json_get_bool(o, name, &set, NULL); /* the same */
	return set;
}

/* Above the standard ones: 0 would be a handle that is none. */
static int raise_fd(int fd)
{
	int high = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (fd >= 0)
		close(fd);
	return high;
}

static bool make_pipe(struct request *r, struct stdio *s, int i)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	/* The process reads the first and writes the others. */
	r->fds[r->n_fds++] = raise_fd(ends[i == 0 ? 0 : 1]);
	s->ours[i] = raise_fd(ends[i == 0 ? 1 : 0]);
	return s->ours[i] >= 0 && r->fds[r->n_fds - 1] >= 0;
}

/* A terminal in place of a console: input and output are two descriptors of one thing. */
static bool make_console(struct request *r, struct stdio *s, struct json_object *o)
{
	char name[64];
	int slave;

	s->console = raise_fd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
	if (s->console < 0 || grantpt(s->console) < 0 || unlockpt(s->console) < 0 ||
	    ptsname_r(s->console, name, sizeof(name)) != 0)
		return false;
	slave = raise_fd(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
	if (slave < 0)
		return false;
	r->fds[r->n_fds++] = slave;
	if (flag(o, "CreateStdInPipe"))
		s->ours[0] = fcntl(s->console, F_DUPFD_CLOEXEC, 3);
	if (flag(o, "CreateStdOutPipe"))
		s->ours[1] = fcntl(s->console, F_DUPFD_CLOEXEC, 3);
	return true;
}

static bool make_stdio(struct request *r, struct stdio *s, struct json_object *o)
{
	static const char *const names[] = { "CreateStdInPipe", "CreateStdOutPipe",
					     "CreateStdErrPipe" };

	if (!json_object_is_type(o, json_type_object))
		return true;
	if (flag(o, "EmulateConsole"))
		return make_console(r, s, o);
	for (int i = 0; i < 3; i++)
		if (flag(o, names[i]) && !make_pipe(r, s, i))
			return false;
	return true;
}

static void close_theirs(struct request *r)
{
	for (size_t i = 0; i < r->n_fds; i++)
		if (r->fds[i] >= 0)
			close(r->fds[i]);
	r->n_fds = 0;
}

/* The console stays with the process's handle, for its size. */
static void keep_console(struct request *r, struct stdio *s)
{
	struct library *l = library_lock();

	if (r->opened) {
		r->opened->console = s->console;
		s->console = -1;
	}
	library_unlock(l);
	if (s->console >= 0)
		close(s->console);
}

HRESULT HcsCreateProcess(HCS_SYSTEM system_handle, PCWSTR parameters, HCS_OPERATION operation,
			 const SECURITY_DESCRIPTOR *descriptor, HCS_PROCESS *process)
{
	struct request r CLEAN(request) = REQUEST("HcsCreateProcess");
	struct json_object *document CLEAN(json) = parse(parameters);
	struct stdio s = { { -1, -1, -1 }, -1 };
	HRESULT hr;

	(void)descriptor; /* callers pass NULL */
	if (!process)
		return E_INVALIDARG;
	*process = NULL;
	request_on(&r, system_handle, OBJECT_SYSTEM);
	request_text(&r, "document", parameters);
	if (r.hr >= 0 && !make_stdio(&r, &s, document))
		r.hr = WIN32_NO_SYSTEM_RESOURCES;
	r.opens = OBJECT_PROCESS;
	hr = operations_start(&r, operation, HcsOperationTypeCreateProcess, s.ours);
	close_theirs(&r);
	keep_console(&r, &s);
	*process = (HCS_PROCESS)request_handle(&r);
	return hr;
}

HRESULT HcsOpenProcess(HCS_SYSTEM system_handle, DWORD pid, DWORD access, HCS_PROCESS *process)
{
	struct request r CLEAN(request) = REQUEST("HcsOpenProcess");
	HRESULT hr;

	(void)access; /* the keeper grants all */
	if (!process)
		return E_INVALIDARG;
	*process = NULL;
	request_on(&r, system_handle, OBJECT_SYSTEM);
	request_number(&r, "pid", pid);
	r.opens = OBJECT_PROCESS;
	hr = request_send(&r);
	*process = (HCS_PROCESS)request_handle(&r);
	return hr;
}

void HcsCloseProcess(HCS_PROCESS process)
{
	targets_close(process, OBJECT_PROCESS, "HcsCloseProcess");
}

static HRESULT on_process(const char *name, HCS_OPERATION_TYPE type, HCS_PROCESS process,
			  HCS_OPERATION operation, PCWSTR document)
{
	struct request r CLEAN(request) = REQUEST(name);

	request_on(&r, process, OBJECT_PROCESS);
	request_text(&r, "document", document);
	return operations_start(&r, operation, type, NULL);
}

HRESULT HcsTerminateProcess(HCS_PROCESS process, HCS_OPERATION operation, PCWSTR options)
{
	return on_process("HcsTerminateProcess", HcsOperationTypeSignalProcess, process, operation,
			  options);
}

HRESULT HcsSignalProcess(HCS_PROCESS process, HCS_OPERATION operation, PCWSTR options)
{
	return on_process("HcsSignalProcess", HcsOperationTypeSignalProcess, process, operation,
			  options);
}

HRESULT HcsGetProcessInfo(HCS_PROCESS process, HCS_OPERATION operation)
{
	return on_process("HcsGetProcessInfo", HcsOperationTypeGetProcessInfo, process, operation,
			  NULL);
}

HRESULT HcsGetProcessProperties(HCS_PROCESS process, HCS_OPERATION operation, PCWSTR query)
{
	return on_process("HcsGetProcessProperties", HcsOperationTypeGetProcessProperties, process,
			  operation, query);
}

/* A console's size is set here, where the console is. */
static void set_size(HCS_PROCESS process, struct json_object *document)
{
	struct library *l = library_lock();
	struct object *o = object_get(l, process, OBJECT_PROCESS);
	struct json_object *size = NULL;
	int64_t height = 0, width = 0;
	struct winsize w = { 0 };

	(void)json_get_obj(document, "ConsoleSize", &size, NULL);
	if (size && o && o->console >= 0) {
		(void)json_get_i64(size, "Height", &height, NULL);
		(void)json_get_i64(size, "Width", &width, NULL);
		w.ws_row = (unsigned short)height;
		w.ws_col = (unsigned short)width;
		(void)ioctl(o->console, TIOCSWINSZ, &w); /* it may have been hung up */
	}
	object_put(o);
	library_unlock(l);
}

HRESULT HcsModifyProcess(HCS_PROCESS process, HCS_OPERATION operation, PCWSTR settings)
{
	struct json_object *document CLEAN(json) = parse(settings);
	HRESULT hr = on_process("HcsModifyProcess", HcsOperationTypeModifyProcess, process,
				operation, settings);

	if (hr >= 0 && json_object_is_type(document, json_type_object))
		set_size(process, document);
	return hr;
}

HRESULT HcsWaitForProcessExit(HCS_PROCESS process, DWORD timeout_ms, PWSTR *result)
{
	return targets_wait(process, OBJECT_PROCESS, timeout_ms, result);
}

HRESULT HcsSetProcessCallback(HCS_PROCESS process, HCS_EVENT_OPTIONS options, void *context,
			      HCS_EVENT_CALLBACK callback)
{
	return targets_set_callback(process, OBJECT_PROCESS, options, context, callback);
}
