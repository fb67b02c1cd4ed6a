/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shim of an older build is asked to become this program, before anything else is: it answers and
 * ends the connection, and the next one finds the new build. If it cannot, it is used as it is.
 *
 * A shim that leaves and a client that comes can cross: the client sees nobody, or an end
 * before hello, and tries again. Two clients that start a shim at once start two, of which
 * one finds the lock taken and ends; so starting is repeated until somebody answers.
 */
#include "backends/remote_start.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/shim_build.h"
#include "backends/shim_command.h"
#include "backends/shim_protocol.h"
#include "backends/shim_values.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/process.h"

enum {
	RETRY_MS = 5,
	CANCEL_MS = 100, /* how soon it is seen that nobody waits any more */
	START_AGAIN_MS =
		500,    /* a shim that was started answers sooner, unless another one leaves */
	START_S = 30,   /* it looks at all containers before it answers */
	UPGRADE_S = 60, /* a rehearsal, and calls that end */
	UPGRADE_ID = 1, /* the only call on that connection */
};

/* Who answered the greeting. */
struct peer {
	int64_t pid;
	bool is_older; /* build than ours */
};

int remote_start_dial(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd CLEAN(fd) = -1;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		(void)error_set(err, ERR_LIMIT, 0, "%.120s is too long for a socket (%zu bytes)",
				path, sizeof(addr.sun_path) - 1);
		error_hint(err, "choose a shorter --run-dir");
		return -ERR_LIMIT;
	}
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_sys(err, errno, "make a socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return REMOTE_NOBODY;
		if (errno == EAGAIN || errno == EINTR)
			return REMOTE_AGAIN; /* many clients at once */
		return error_sys(err, errno, "connect to %s", path);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* --- the greeting -------------------------------------------------------------------- */

static bool is_canceled(const struct remote_patience *p)
{
	return __atomic_load_n(p->cancel, __ATOMIC_RELAXED);
}

static int refuse_canceled(struct error *err)
{
	return error_set(err, ERR_CANCELED, 0, "nobody waits for the shim any more");
}

static int wait_readable(int fd, const struct remote_patience *patience, struct error *err)
{
	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		int64_t left = patience->deadline.us - clock_mono().us;

		if (is_canceled(patience))
			return refuse_canceled(err);
		if (left <= 0)
			return error_set(err, ERR_TIMEOUT, 0, "the shim does not answer");
		if (left > CANCEL_MS * CLOCK_MS)
			left = CANCEL_MS * CLOCK_MS;
		if (poll(&p, 1, (int)(left / CLOCK_MS) + 1) > 0)
			return 0;
	}
}

/* The first frame into @in; REMOTE_AGAIN when the connection ends before. */
static int read_frame(int fd, const struct remote_patience *patience, struct buf *in,
		      struct shim_frame *ret, size_t *ret_used, struct error *err)
{
	for (;;) {
		char chunk[4096];
		ssize_t n;
		int r = shim_frame_decode(in->data, in->n, ret, ret_used, err);

		if (r != SHIM_FRAME_PARTIAL)
			return r;
		r = wait_readable(fd, patience, err);
		if (r < 0)
			return r;
		n = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return REMOTE_AGAIN;
		if (n > 0)
			buf_add(in, chunk, (size_t)n);
	}
}

static int read_answer(const struct shim_hello *mine, const struct shim_frame *f, struct peer *ret,
		       struct error *err)
{
	struct json_object *body CLEAN(json) = NULL;
	struct json_object *refusal = NULL;
	struct arena *a CLEAN(arena) = arena_new();
	struct shim_hello theirs;
	int64_t code = 0;
	int r = shim_frame_body(f, &body, err);

	if (r < 0)
		return r;
	if (f->kind == SHIM_FRAME_RESULT) {
		r = json_need_i64(body, "r", &code, err);
		if (r == 0 && json_get_obj(body, "error", &refusal, err) == 0 && code < 0)
			return shim_values_to_error(refusal, (int)code, err);
		return r < 0 ? r : error_set(err, ERR_INVALID, 0, "the shim's greeting is odd");
	}
	if (f->kind != SHIM_FRAME_HELLO)
		return error_set(err, ERR_INVALID, 0, "the shim does not greet");
	r = shim_hello_from_json(body, a, &theirs, err);
	if (r == 0)
		r = shim_hello_check(mine, &theirs, theirs.pid, err);
	if (r == 0)
		*ret = (struct peer){ theirs.pid,
				      shim_build_compare(theirs.build, mine->build) < 0 };
	return r;
}

static int greet(const struct runtime_remote_options *o, int fd,
		 const struct remote_patience *patience, struct buf *in, struct peer *ret,
		 struct error *err)
{
	struct buf out CLEAN(buf) = BUF_INIT(64 << 10);
	char boot_id[PROCESS_BOOT_ID_SIZE];
	struct shim_hello mine = { .protocol = SHIM_PROTOCOL,
				   .build = shim_build,
				   .runtime = o->runtime_name,
				   .owner = o->layout.owner,
				   .node_id = o->node_id,
				   .boot_id = boot_id,
				   .pid = getpid(),
				   .state_dir = o->layout.state_dir };
	struct shim_frame f;
	size_t used = 0;
	int r = process_boot_id(boot_id, err);

	if (r == 0)
		r = shim_frame_encode_json(0, SHIM_FRAME_HELLO, shim_hello_to_json(&mine), &out,
					   err);
	if (r < 0)
		return r;
	/* It fits into an empty socket whole. */
	if (send(fd, out.data, out.n, MSG_NOSIGNAL) != (ssize_t)out.n)
		return REMOTE_AGAIN;
	r = read_frame(fd, patience, in, &f, &used, err);
	if (r == 0)
		r = read_answer(&mine, &f, ret, err);
	if (r == 0)
		buf_drop(in, used);
	return r;
}

/* Where the way to a shim is. */
struct way {
	const struct runtime_remote_options *o;
	const char *path;
	struct remote_patience patience;
	struct mono started; /* when a shim was last started here; 0: not yet */
	bool has_asked;      /* an older one to become this program */
};

/* --- upgrade ------------------------------------------------------------------------- */

/* Until the answer, or the end of the connection, which is one as well. Exits that are told
 * meanwhile are told again: nobody acknowledges them here. */
static void await_upgrade(int fd, const struct remote_patience *patience, struct buf *in)
{
	struct shim_frame f = { .kind = SHIM_FRAME_HELLO };
	size_t used = 0;

	while (f.kind != SHIM_FRAME_RESULT) {
		buf_drop(in, used);
		if (read_frame(fd, patience, in, &f, &used, NULL) != 0)
			return;
	}
}

/* Whatever comes of it, the next connection is used as it is. */
static void ask_upgrade(const struct way *w, int fd, struct buf *in)
{
	struct buf out CLEAN(buf) = BUF_INIT(64 << 10);
	struct json_object *body = json_object_new_object();
	const struct remote_patience longer = { mono_add(clock_mono(), UPGRADE_S * CLOCK_SEC),
						w->patience.cancel };
	/* /proc/self/exe is another one there; NULL when there is nothing at its path any more. */
	char *program CLEAN(free) = realpath(w->o->program, NULL);

	json_put_str(body, "op", "upgrade");
	json_put_str(body, "program", program);
	if (shim_frame_encode_json(UPGRADE_ID, SHIM_FRAME_CALL, body, &out, NULL) == 0 && program &&
	    send(fd, out.data, out.n, MSG_NOSIGNAL) == (ssize_t)out.n)
		await_upgrade(fd, &longer, in);
}

/* --- starting ------------------------------------------------------------------------ */

/* What follows the last @mark in what the program printed, to the end of its line; NULL: nothing.
 */
static const char *printed_after(const char *text, const char *mark, struct arena *a)
{
	const char *at = NULL;

	for (const char *p = strstr(text, mark); p; p = strstr(p + 1, mark))
		at = p + strlen(mark);
	return at ? arena_strndup(a, at, strcspn(at, "\n")) : NULL;
}

/* NULL: it printed nothing. */
static const char *last_line(const char *text, struct arena *a)
{
	size_t end = strlen(text), from;

	while (end > 0 && strchr("\r\n ", text[end - 1]))
		end--;
	for (from = end; from > 0 && text[from - 1] != '\n';)
		from--;
	return end > from ? arena_strndup(a, text + from, end - from) : NULL;
}

/* The program's own words, as every command prints them: an error, then perhaps a hint. systemctl
 * has words of its own. */
static int cannot_start(const char *name, const struct process_result *res, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *why = printed_after(res->err.data, "error: ", a);
	const char *hint = printed_after(res->err.data, "hint: ", a);
	int r;

	if (!why)
		why = last_line(res->err.data, a);
	if (!why)
		return error_set(err, ERR_UNAVAILABLE, 0, "the %s shim cannot start: exit code %d",
				 name, res->exit_code);
	r = error_set(err, ERR_UNAVAILABLE, 0, "the %s shim cannot start: %s", name, why);
	if (hint)
		error_hint(err, "%s", hint);
	return r;
}

/* systemd starts it, in a control group of its own that no end of ours touches. */
static const char *const *unit_words(const struct runtime_remote_options *o, struct arena *a)
{
	const char **words = arena_array(a, 4, sizeof(*words));
	const char *at = strchr(o->shim_unit, '@');

	words[0] = "systemctl";
	words[1] = "start";
	words[2] = arena_printf(a, "%.*s@%s%s", (int)(at - o->shim_unit), o->shim_unit,
				o->runtime_name, at + 1);
	return words;
}

static int start_shim(const struct way *w, struct error *err)
{
	const struct runtime_remote_options *o = w->o;
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	struct arena *a CLEAN(arena) = arena_new();
	const struct shim_command command = { .program = o->program,
					      .runtime = o->runtime_name,
					      .node_id = o->node_id,
					      .oci_path = o->oci_path,
					      .hcs_library = o->hcs_library,
					      .layout = o->layout };
	struct process_spec spec = { .argv = o->shim_unit ? unit_words(o, a)
							  : shim_command_words(&command, NULL, a),
				     .deadline = w->patience.deadline,
				     .cancel = w->patience.cancel };
	int r = process_run(&spec, &res, err);

	if (r < 0)
		return error_wrap(err, r, "start the %s shim", o->runtime_name);
	return res.exit_code == 0 ? 0 : cannot_start(o->runtime_name, &res, err);
}

static int find_nobody(struct way *w, struct error *err)
{
	struct mono now = clock_mono();
	int r;

	if (!w->o->may_start)
		return error_set(err, ERR_UNAVAILABLE, 0, "the %s shim is not running",
				 w->o->runtime_name);
	if (w->started.us && now.us < w->started.us + START_AGAIN_MS * CLOCK_MS)
		return 0;
	r = start_shim(w, err);
	w->started = clock_mono();
	return r;
}

/* One try: 0 connected, > 0 try again. */
static int try_once(struct way *w, struct buf *in, int *ret_fd, int64_t *ret_pid, struct error *err)
{
	struct peer peer = { 0 };
	int fd CLEAN(fd) = -1;
	int r = remote_start_dial(w->path, &fd, err);

	if (r == REMOTE_NOBODY) {
		r = find_nobody(w, err);
		return r < 0 ? r : REMOTE_AGAIN;
	}
	if (r == 0) {
		buf_clear(in);
		r = greet(w->o, fd, &w->patience, in, &peer, err);
	}
	/* Who may not start a shim has no say in which one runs. */
	if (r == 0 && peer.is_older && w->o->may_start && !w->has_asked) {
		w->has_asked = true;
		ask_upgrade(w, fd, in);
		return REMOTE_AGAIN;
	}
	if (r == 0) {
		*ret_pid = peer.pid;
		*ret_fd = TAKE_FD(fd);
	}
	return r;
}

int remote_start_connect(const struct runtime_remote_options *o,
			 const struct remote_patience *patience, struct buf *in, int *ret_fd,
			 int64_t *ret_pid, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct mono latest = mono_add(clock_mono(), START_S * CLOCK_SEC);
	struct way w = { .o = o, .patience = *patience };
	const char *lock;
	int r;

	if (mono_cmp(latest, w.patience.deadline) < 0)
		w.patience.deadline = latest;
	w.path = layout_shim_socket(&o->layout, a, o->runtime_name);
	lock = layout_shim_lock(&o->layout, a, o->runtime_name);
	for (;;) {
		r = try_once(&w, in, ret_fd, ret_pid, err);
		if (r > 0 && is_canceled(&w.patience))
			r = refuse_canceled(err);
		if (r <= 0)
			return r;
		if (clock_mono().us >= w.patience.deadline.us)
			break;
		clock_sleep(RETRY_MS * CLOCK_MS);
	}
	r = error_set(err, ERR_TIMEOUT, 0, "no shim answers on %s", w.path);
	error_hint(err, "a process that hangs may hold it: its pid is in %s", lock);
	return r;
}
