/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. */
#include "tests/support/shim_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/remote_start.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/process.h"
#include "specs/spec_service.h"

static void on_lost(void *arg)
{
	struct shim_world *f = arg;

	atomic_fetch_add(&f->n_lost, 1);
}

int shim_world_setup(void **state)
{
	struct shim_world *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/tm-shim-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->a = arena_new();
	f->layout = (struct layout){ "t-shim", arena_printf(f->a, "%s/state", f->dir),
				     arena_printf(f->a, "%s/run", f->dir) };
	f->sink = (struct runtime_sink){ .lost = on_lost, .arg = f };
	assert_int_equal(fs_mkdirs(AT_FDCWD, f->layout.state_dir, 0700, NULL), 0);
	*state = f;
	return 0;
}

int shim_world_teardown(void **state)
{
	struct shim_world *f = *state;

	assert_int_equal(fs_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	arena_free(f->a);
	free(f);
	return 0;
}

struct runtime_remote_options shim_world_options(struct shim_world *f, bool may_start)
{
	return (struct runtime_remote_options){ .layout = f->layout,
						.runtime_name = "memory",
						.node_id = SHIM_WORLD_NODE,
						.owner = "t-shim",
						.program = "/proc/self/exe",
						.may_start = may_start };
}

struct runtime *shim_world_open(struct shim_world *f)
{
	const struct runtime_remote_options o = shim_world_options(f, true);
	struct runtime *rt = NULL;

	assert_int_equal(runtime_remote_open(&o, &f->sink, &rt, NULL), 0);
	return rt;
}

void shim_world_ok(int r, const struct error *err)
{
	if (r < 0)
		fail_msg("%s", err->msg);
}

size_t shim_world_count(struct shim_world *f, struct runtime *rt)
{
	struct observed seen = { 0 };
	struct error err = ERROR_INIT;

	shim_world_ok(runtime_list(rt, f->a, &seen, &err), &err);
	return seen.n;
}

struct mono shim_world_soon(void)
{
	return mono_add(clock_mono(), 20 * CLOCK_SEC);
}

void shim_world_create(struct shim_world *f, struct runtime *rt)
{
	static const char *const words[] = { "sleep" };
	const struct service service = {
		.name = "web",
		.image = { .name = "busybox" },
		.command = { .args = { (const char **)(uintptr_t)words, 1 } },
	};
	const struct env_var env[] = { { "KEY", "a \"value\"\n" } };
	const struct instance_spec spec = { .id = SHIM_WORLD_ID,
					    .deployment = "shop",
					    .service_name = "web",
					    .generation = 1,
					    .owner = "t-shim",
					    .node_id = SHIM_WORLD_NODE,
					    .config_hash = "h1:0",
					    .image = "busybox",
					    .digest = "sha256:0",
					    .service = &service,
					    .env = env,
					    .n_env = 1 };
	struct instance made;
	struct error err = ERROR_INIT;

	shim_world_ok(runtime_create(rt, &spec, shim_world_soon(), f->a, &made, &err), &err);
	assert_string_equal(made.id, SHIM_WORLD_ID);
	shim_world_ok(runtime_start(rt, SHIM_WORLD_ID, shim_world_soon(), &err), &err);
}

void shim_world_take_away(struct runtime *rt)
{
	struct error err = ERROR_INIT;

	shim_world_ok(runtime_signal(rt, SHIM_WORLD_ID, SIGKILL, &err), &err);
	shim_world_ok(runtime_remove(rt, SHIM_WORLD_ID, shim_world_soon(), &err), &err);
}

pid_t shim_world_pid(struct shim_world *f)
{
	struct buf text CLEAN(buf) = BUF_INIT(64);
	uint64_t pid = 0;

	assert_int_equal(
		fs_read(AT_FDCWD, layout_shim_lock(&f->layout, f->a, "memory"), &text, NULL), 0);
	assert_true(text.n > 1);
	text.data[text.n - 1] = '\0';
	assert_true(number_u64(text.data, 1 << 30, &pid));
	return (pid_t)pid;
}

bool shim_world_is_running(struct shim_world *f)
{
	return runtime_remote_is_running(&f->layout, "memory");
}

void shim_world_await_gone(pid_t pid)
{
	struct process_id id;

	while (process_identify(pid, &id, NULL) == 0) {
		enum process_state s = PROCESS_GONE;

		if (process_look(&id, &s, NULL) < 0 || s == PROCESS_ZOMBIE)
			return;
		clock_sleep(CLOCK_MS);
	}
}

int shim_world_dial(struct shim_world *f)
{
	int fd = -1;

	assert_int_equal(
		remote_start_dial(layout_shim_socket(&f->layout, f->a, "memory"), &fd, NULL), 0);
	(void)fcntl(fd, F_SETFL, 0);
	return fd;
}

void shim_world_send(int fd, uint64_t id, enum shim_frame_kind kind, struct json_object *take)
{
	struct buf b CLEAN(buf) = BUF_INIT(64 << 10);

	assert_int_equal(shim_frame_encode_json(id, kind, take, &b, NULL), 0);
	assert_int_equal(fs_write_all(fd, b.data, b.n, NULL), 0);
}

struct json_object *shim_world_hello(struct shim_world *f, int64_t protocol)
{
	const struct shim_hello h = { protocol,        "0", "memory", f->layout.owner,
				      SHIM_WORLD_NODE, "",  1,        NULL };

	return shim_hello_to_json(&h);
}

/* The result with that id: its r, and what its error says. Fails when the connection ends. */
int64_t shim_world_result(struct shim_world *f, int fd, uint64_t id, const char **ret_msg)
{
	struct buf in CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES);

	for (;;) {
		struct json_object *body CLEAN(json) = NULL;
		struct json_object *error = NULL;
		struct shim_frame frame;
		int64_t r = 0;
		size_t used;
		char c;

		while (shim_frame_decode(in.data, in.n, &frame, &used, NULL) != 0) {
			assert_int_equal(read(fd, &c, 1), 1);
			buf_putc(&in, c);
		}
		assert_int_equal(shim_frame_body(&frame, &body, NULL), 0);
		if (frame.kind == SHIM_FRAME_RESULT && frame.id == id) {
			assert_int_equal(json_need_i64(body, "r", &r, NULL), 0);
			if (json_get_obj(body, "error", &error, NULL) == 0) {
				assert_int_equal(json_need_str(error, "msg", ret_msg, NULL), 0);
				*ret_msg = arena_strdup(f->a, *ret_msg);
			}
			return r;
		}
		buf_drop(&in, used);
	}
}

/* Reads until the shim hangs up. */
void shim_world_await_end(int fd)
{
	char chunk[4096];

	while (read(fd, chunk, sizeof(chunk)) > 0)
		;
}
