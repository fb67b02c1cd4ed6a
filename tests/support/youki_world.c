/* SPDX-License-Identifier: Apache-2.0 */
/* Sets up and takes down a node with real containers. See the header. */
#include "tests/support/youki_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/image_import.h"
#include "backends/oci_cgroup_remove.h"
#include "backends/oci_program.h"
#include "backends/runtime_remote.h"
#include "base/fs.h"
#include "base/limits.h"
#include "specs/runtime_id.h"
#include "tests/support/tar_writer.h"

static int n_worlds;

/* One reaper per process, and it lives as long. */
static struct shim_reaper *the_reaper;

static void mount_missing_hierarchy(void)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct oci_cgroups c;

	if (oci_cgroup_open(a, &c, NULL) < 0 || !c.unified_in_use)
		return;
	for (size_t i = 0; i < c.n; i++) {
		const char *name = c.items[i].controllers;
		const char *path = arena_printf(a, "/sys/fs/cgroup/%s", name);

		if (!c.items[i].is_v2 || strchr(name, ' '))
			continue;
		(void)mkdir(path, 0755);
		(void)mount("cgroup", path, "cgroup", 0, name);
	}
}

const char *youki_world_missing(const char *program)
{
	struct arena *a CLEAN(arena) = arena_new();

	if (geteuid() != 0)
		return "not root";
	if (!oci_program_find(program, a))
		return "not installed";
	mount_missing_hierarchy();
	return access("/bin/busybox", R_OK) == 0 ? NULL : "no /bin/busybox";
}

void youki_world_ok(struct youki_world *w, int r)
{
	if (r != 0)
		fail_msg("%s: result %d: %s (%s)", w->program, r, w->err.msg, w->err.cause);
}

static void exited(void *arg, const struct runtime_exit *e)
{
	struct youki_world *w = arg;

	__atomic_store_n(&w->last_code, e->has_code ? e->code : -1, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&w->n_exits, 1, __ATOMIC_SEQ_CST);
	if (w->tap.exited)
		w->tap.exited(w->tap.arg, e);
}

static void add_file(struct tar_writer *t, const char *name, const char *text)
{
	tar_writer_add(t, &(struct tar_member){ .name = name, .text = text });
}

static void import_busybox(struct youki_world *w)
{
	static const char *const dirs[] = { "bin", "etc", "tmp", "dev", "proc", "sys", "var" };
	static const char *const applets[] = { "sh",   "sleep", "echo", "cat",      "ls",
					       "id",   "true",  "kill", "mount",    "ip",
					       "grep", "mkdir", "sed",  "hostname", "ulimit",
					       "env",  "touch", "stat", "false" };
	const char *env[] = { "PATH=/bin", "FROM_IMAGE=yes" };
	struct image_import_options o = { .name = "local/busybox:1", .env = { env, 2 } };
	struct tar_writer *t = tar_writer_new(TAR_PLAIN);
	struct buf box CLEAN(buf) = BUF_INIT(8 << 20);
	struct image_dir *images CLEAN(image_dir) = NULL;
	struct image_imported *list;
	const char *path = arena_printf(w->arena, "%s/root.tar", w->path);
	size_t n;

	youki_world_ok(w, fs_read(AT_FDCWD, "/bin/busybox", &box, &w->err));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		tar_writer_add(t, &(struct tar_member){ .name = dirs[i], .mode = S_IFDIR | 0755 });
	tar_writer_add(t, &(struct tar_member){ .name = "bin/busybox",
						.mode = S_IFREG | 0755,
						.text = box.data,
						.n = box.n });
	for (size_t i = 0; i < sizeof(applets) / sizeof(applets[0]); i++)
		tar_writer_add(t, &(struct tar_member){
					  .name = arena_printf(w->arena, "bin/%s", applets[i]),
					  .mode = S_IFLNK | 0777,
					  .link = "busybox" });
	add_file(t, "etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/tmp:/bin/sh\n");
	add_file(t, "etc/group", "root:x:0:\napp:x:1001:\nextra:x:1005:app\naudio:x:29:\n");
	tar_writer_save(t, path);
	o.path = path;
	youki_world_ok(w, image_dir_open(layout_images(&w->layout, w->arena), IMAGE_DIR_WRITE,
					 &images, &w->err));
	youki_world_ok(w, image_import(images, &o, w->arena, &list, &n, &w->err));
	w->digest = list[0].digest;
}

static void connect_shim(struct youki_world *w)
{
	const struct runtime_remote_options o = { .layout = w->layout,
						  .runtime_name = "youki",
						  .node_id = "node-1",
						  .owner = w->owner,
						  .program = "/proc/self/exe",
						  .oci_path = w->program_path,
						  .may_start = true };
	const struct runtime_sink sink = { exited, NULL, w };

	youki_world_ok(w, runtime_remote_open(&o, &sink, &w->rt, &w->err));
}

static void open_runtime(struct youki_world *w)
{
	const struct runtime_youki_options o = { .layout = &w->layout,
						 .node_id = "node-1",
						 .program_path = w->program_path,
						 .reaper = w->reaper,
						 .log = w->log,
						 .sink = { exited, NULL, w } };

	if (w->in_shim)
		connect_shim(w);
	else
		youki_world_ok(w, runtime_youki_open(&o, &w->rt, &w->err));
}

/* What a shim has of its own. */
static void open_services(struct youki_world *w)
{
	if (w->in_shim)
		return;
	if (!the_reaper)
		youki_world_ok(w, shim_reaper_new(&the_reaper, &w->err));
	w->reaper = the_reaper;
	youki_world_ok(w, shim_log_new(&w->log, &w->err));
}

static struct youki_world *make_world(const char *program, bool in_shim)
{
	struct youki_world *w = xcalloc(1, sizeof(*w));

	w->in_shim = in_shim;
	w->arena = arena_new();
	w->program = program;
	w->program_path = oci_program_find(program, w->arena);
	snprintf(w->path, sizeof(w->path), "/tmp/tallyman-youki-XXXXXX");
	assert_non_null(mkdtemp(w->path));
	snprintf(w->owner, sizeof(w->owner), "t-youki-%d-%d", (int)getpid(), n_worlds++);
	w->layout = (struct layout){ w->owner, arena_printf(w->arena, "%s/state", w->path),
				     arena_printf(w->arena, "%s/run", w->path) };
	youki_world_ok(w, fs_mkdirs(AT_FDCWD, layout_fifos(&w->layout, w->arena), 0700, &w->err));
	youki_world_ok(w, fs_mkdirs(AT_FDCWD, w->layout.state_dir, 0700, &w->err));
	import_busybox(w);
	open_services(w);
	w->service.image.name = "local/busybox:1";
	open_runtime(w);
	youki_world_shell(w, "exec sleep 1000");
	return w;
}

struct youki_world *youki_world_new(const char *program)
{
	return make_world(program, false);
}

struct youki_world *youki_world_in_shim(const char *program)
{
	return make_world(program, true);
}

void youki_world_reopen(struct youki_world *w)
{
	runtime_close(w->rt);
	shim_log_free(w->log);
	w->log = NULL;
	open_services(w);
	open_runtime(w);
}

static void assert_no_cgroup(struct youki_world *w)
{
	struct oci_cgroups c;

	youki_world_ok(w, oci_cgroup_open(w->arena, &c, &w->err));
	for (size_t i = 0; i < c.n; i++)
		if (access(arena_printf(w->arena, "%s/%s", c.items[i].mount, w->owner), F_OK) == 0)
			fail_msg("%s: cgroup %s/%s is left", w->program, c.items[i].mount,
				 w->owner);
}

void youki_world_free(struct youki_world *w)
{
	struct observed o;

	youki_world_ok(w, runtime_list(w->rt, w->arena, &o, &w->err));
	for (size_t i = 0; i < o.n; i++)
		youki_world_end(w, o.instances[i].id);
	runtime_close(w->rt);
	shim_log_free(w->log);
	assert_no_cgroup(w);
	if (w->in_shim)
		assert_false(runtime_remote_is_running(&w->layout, "youki"));
	youki_world_ok(w, fs_remove_tree(AT_FDCWD, w->path, &w->err));
	arena_free(w->arena);
	free(w);
}

void youki_world_shell(struct youki_world *w, const char *text)
{
	const char **words = arena_array(w->arena, 3, sizeof(*words));

	words[0] = "/bin/sh";
	words[1] = "-c";
	words[2] = text;
	w->service.command.args = (struct strings){ words, 3 };
}

struct instance_spec youki_world_spec(struct youki_world *w, const char *service, unsigned slot,
				      uint64_t generation)
{
	return (struct instance_spec){
		.id = runtime_id_format(w->arena, "test", service, slot, generation),
		.deployment = "test",
		.service_name = service,
		.slot = slot,
		.generation = generation,
		.owner = w->owner,
		.node_id = "node-1",
		.config_hash = "h1:x",
		.image = "local/busybox:1",
		.digest = w->digest,
		.service = &w->service,
	};
}

const char *youki_world_run(struct youki_world *w, const char *service)
{
	const struct instance_spec spec = youki_world_spec(w, service, 0, 1);
	struct mono deadline = mono_add(clock_mono(), 30 * CLOCK_SEC);
	struct instance in;

	youki_world_ok(w, runtime_create(w->rt, &spec, deadline, w->arena, &in, &w->err));
	assert_int_equal(in.state, INSTANCE_CREATED);
	assert_true(in.pid > 0);
	youki_world_ok(w, runtime_start(w->rt, spec.id, deadline, &w->err));
	return spec.id;
}

struct instance youki_world_wait(struct youki_world *w, const char *id, enum instance_state state)
{
	struct instance in = { .state = INSTANCE_UNKNOWN };

	for (int i = 0; i < 1000; i++) {
		youki_world_ok(w, runtime_inspect(w->rt, id, w->arena, &in, &w->err));
		if (in.state == state)
			return in;
		clock_sleep(10 * CLOCK_MS);
	}
	fail_msg("%s: %s is %s, not %s", w->program, id, instance_state_to_string(in.state),
		 instance_state_to_string(state));
	return in;
}

int youki_world_await_exits(struct youki_world *w, int n)
{
	for (int i = 0; i < 1000 && __atomic_load_n(&w->n_exits, __ATOMIC_SEQ_CST) < n; i++)
		clock_sleep(10 * CLOCK_MS);
	return __atomic_load_n(&w->n_exits, __ATOMIC_SEQ_CST);
}

void youki_world_end(struct youki_world *w, const char *id)
{
	int r = runtime_signal(w->rt, id, SIGKILL, &w->err);

	if (r < 0)
		youki_world_ok(w, r);
	for (int i = 0; i < 1000; i++) {
		struct mono deadline = mono_add(clock_mono(), 30 * CLOCK_SEC);

		r = runtime_remove(w->rt, id, deadline, &w->err);
		if (r != -ERR_CONFLICT)
			break;
		clock_sleep(10 * CLOCK_MS);
	}
	if (r != RUNTIME_ABSENT)
		youki_world_ok(w, r);
}

void youki_world_freeze(struct youki_world *w, const char *id, bool frozen)
{
	struct oci_cgroups c;
	const char *path;

	youki_world_ok(w, oci_cgroup_open(w->arena, &c, &w->err));
	path = oci_cgroup_path(&c, w->arena, w->owner, id);
	if (c.mode == OCI_CGROUP_V2)
		youki_world_ok(w, oci_cgroup_write(&c, path, "freezer", "cgroup.freeze",
						   frozen ? "1" : "0", &w->err));
	else
		youki_world_ok(w, oci_cgroup_write(&c, path, "freezer", "freezer.state",
						   frozen ? "FROZEN" : "THAWED", &w->err));
}

const char *youki_world_log(struct youki_world *w, const char *service)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	const char *path = layout_log(&w->layout, w->arena, "test", service, 0);

	youki_world_ok(w, fs_read(AT_FDCWD, path, &text, &w->err));
	return arena_strndup(w->arena, text.data, text.n);
}
