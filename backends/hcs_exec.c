/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One more process in a running container. Its pipes are copied to and from the caller's
 * descriptors by this thread; its end and the caller's wish to stop are looked at in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "backends/hcs.h"
#include "backends/hcs_result.h"
#include "backends/hcs_text.h"
#include "base/fs.h"

enum {
	CHUNK = 64 << 10,
	TICK_MS = 50,      /* how soon an end or a cancel is seen while nothing is written */
	BEGIN_S = 30,      /* to make the process */
	AFTER_END_MS = 200 /* output that is still on its way when it has ended */
};

struct session {
	struct hcs *h;
	const struct runtime_exec *x;
	struct arena *a;
	struct hcs_target target;
	int pipes[3]; /* of the process: to its stdin, from its stdout and stderr; -1: closed */
	char *chunk;
};

struct act {
	HCS_SYSTEM sys;
	HCS_PROCESS process, *ret;
	PCWSTR document;
};

static HRESULT begin_process(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct act *x = arg;

	return api->HcsCreateProcess(x->sys, x->document, op, NULL, x->ret);
}

static HRESULT begin_modify(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	const struct act *x = arg;

	return api->HcsModifyProcess(x->process, op, x->document);
}

static HRESULT begin_kill(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	return api->HcsTerminateProcess(((const struct act *)arg)->process, op, NULL);
}

static struct hcs_call call_of(struct session *s)
{
	return (struct hcs_call){ s->h->limbo, mono_add(clock_mono(), BEGIN_S * CLOCK_SEC),
				  &s->target, s->a };
}

static void close_pipe(struct session *s, int i)
{
	if (s->pipes[i] >= 0)
		close(s->pipes[i]);
	s->pipes[i] = -1;
}

/* Closing our end is not enough: the service holds one, too. */
static void end_stdin(struct session *s)
{
	struct json_object *o CLEAN(json) = hcs_process_close_stdin();
	const struct hcs_call call = call_of(s);
	struct act x = { .process = s->target.process, .document = hcs_call_document(o, s->a) };
	struct hcs_answer answer;

	close_pipe(s, 0);
	hcs_call_run(&call, begin_modify, &x, &answer); /* it may have ended: then all is well */
}

static void copy_in(struct session *s)
{
	ssize_t n = read(s->x->fds[0], s->chunk, CHUNK);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0 || fs_write_all(s->pipes[0], s->chunk, (size_t)n, NULL) < 0)
		end_stdin(s);
}

static void copy_out(struct session *s, int i)
{
	ssize_t n = read(s->pipes[i], s->chunk, CHUNK);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* A caller who no longer reads does not end the command. */
	if (n <= 0)
		close_pipe(s, i);
	else if (s->x->fds[i] >= 0)
		(void)fs_write_all(s->x->fds[i], s->chunk, (size_t)n, NULL);
}

/* One round; false when nothing came for @ms. */
static bool pump(struct session *s, int ms)
{
	struct pollfd p[3] = {
		{ .fd = s->pipes[0] >= 0 ? s->x->fds[0] : -1, .events = POLLIN },
		{ .fd = s->pipes[1], .events = POLLIN },
		{ .fd = s->pipes[2], .events = POLLIN },
	};

	if (poll(p, 3, ms) <= 0)
		return false;
	if (p[0].revents)
		copy_in(s);
	for (int i = 1; i < 3; i++)
		if (p[i].revents)
			copy_out(s, i);
	return true;
}

static int read_end(struct session *s, bool *ret_ended, int *ret_code, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	PWSTR document = NULL;
	HRESULT hr = s->h->api->HcsWaitForProcessExit(s->target.process, 0, &document);
	struct hcs_exit e;
	int r;

	*ret_ended = !hcs_result_is(hr, HCS_E_OPERATION_TIMEOUT);
	r = !*ret_ended             ? 0
	    : hcs_result_failed(hr) ? hcs_result_error(err, hr, document, "ask how it ended")
				    : hcs_text_from_utf16(document, &text, err);
	s->h->api->LocalFree(document);
	if (r < 0 || !*ret_ended)
		return r;
	r = hcs_reply_process_exit(text.data, text.n, &e, err);
	if (r == 0 && !e.has_code)
		r = error_set(err, ERR_UNAVAILABLE, 0, "its exit code is not known");
	*ret_code = (int)e.code;
	return r;
}

static void kill_it(struct session *s)
{
	const struct hcs_call call = call_of(s);
	struct act x = { .process = s->target.process };
	struct hcs_answer answer;

	hcs_call_run(&call, begin_kill, &x, &answer); /* the wait that follows shows the end */
}

static int serve(struct session *s, int *ret_code, struct error *err)
{
	bool ended = false, killed = false;
	int r = 0;

	while (r == 0 && !ended) {
		if (pump(s, TICK_MS) && s->pipes[1] >= 0)
			continue;
		if (s->x->cancel && *s->x->cancel && !killed) {
			kill_it(s);
			killed = true;
		}
		/* A call that timed out has taken the handle along. */
		if (!s->target.process)
			return error_set(err, ERR_TIMEOUT, 0, "the service does not answer");
		r = read_end(s, &ended, ret_code, err);
	}
	while (r == 0 && (s->pipes[1] >= 0 || s->pipes[2] >= 0) && pump(s, AFTER_END_MS))
		;
	return r;
}

static int begin(struct session *s, const struct hcs_box *box, struct error *err)
{
	const struct hcs_wish like = { .process = box->process_spec };
	const struct hcs_call call = call_of(s);
	struct hcs_exec e = { .env = s->x->env, .user = s->x->user, .workdir = s->x->workdir };
	struct json_object *o CLEAN(json) = NULL;
	struct hcs_process p;
	struct hcs_answer answer;
	struct act x = { .sys = s->target.sys, .ret = &s->target.process };
	int r;

	for (e.argv.n = 0; s->x->argv[e.argv.n];)
		e.argv.n++;
	e.argv.items = (const char **)(uintptr_t)s->x->argv; /* read only */
	r = hcs_spec_exec(&like, &e, s->a, &p, err);
	if (r < 0)
		return r;
	p.with_stdin = s->x->fds[0] >= 0;
	p.with_stdout = p.with_stderr = true;
	o = hcs_process_start(&p);
	x.document = hcs_call_document(o, s->a);
	hcs_call_process(&call, begin_process, &x, &answer);
	if (hcs_result_failed(answer.result))
		return hcs_result_error(err, answer.result, answer.document, "start the command");
	s->pipes[0] = hcs_api_fd(answer.info.StdInput);
	s->pipes[1] = hcs_api_fd(answer.info.StdOutput);
	s->pipes[2] = hcs_api_fd(answer.info.StdError);
	return 0;
}

int hcs_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	struct session s = { .h = h, .x = x, .a = a, .pipes = { -1, -1, -1 } };
	struct instance seen;
	struct hcs_box box;
	int r = hcs_inspect(rt, x->id, a, &seen, err);

	if (r < 0)
		return r;
	if (r == RUNTIME_ABSENT || seen.state != INSTANCE_RUNNING ||
	    !hcs_box_copy(h, x->id, a, &box))
		return error_set(err, ERR_NOT_FOUND, 0, "it does not run");
	if (x->tty)
		return error_set(err, ERR_UNSUPPORTED, 0, "a terminal is not possible here");
	r = hcs_system_open(h, x->id, &s.target.sys, err);
	if (r != 0)
		return r < 0 ? r : error_set(err, ERR_NOT_FOUND, 0, "it does not run");
	s.chunk = arena_alloc(a, CHUNK);
	r = begin(&s, &box, err);
	if (r == 0)
		r = serve(&s, ret_code, err);
	for (int i = 0; i < 3; i++)
		close_pipe(&s, i);
	if (s.target.process)
		h->api->HcsCloseProcess(s.target.process);
	if (s.target.sys)
		h->api->HcsCloseComputeSystem(s.target.sys);
	return r;
}
