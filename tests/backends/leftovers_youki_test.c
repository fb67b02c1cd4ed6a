/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kind of thing an OCI program leaves on a host, alone: seen as what it is, and released. What
 * is another node's, or lives and says nothing of whose it is, is shown and left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/image_dir.h"
#include "backends/leftovers.h"
#include "backends/oci_cgroup.h"
#include "base/fs.h"
#include "base/limits.h"
#include "tests/support/youki_world.h"

#define ID "gone.web-rep-3.7"

static int setup(void **state)
{
	*state = youki_world_new("crun");
	return 0;
}

static int teardown(void **state)
{
	youki_world_free(*state);
	return 0;
}

/* --- making one thing ---------------------------------------------------------------- */

static void make_dir(struct youki_world *w, const char *path)
{
	youki_world_ok(w, fs_mkdirs(AT_FDCWD, path, 0700, &w->err));
}

static void make_state(struct youki_world *w)
{
	make_dir(w,
		 arena_printf(w->arena, "%s/" ID, layout_oci_root(&w->layout, w->arena, "runc")));
}

static const char *group(struct youki_world *w, size_t i)
{
	struct oci_cgroups c;

	youki_world_ok(w, oci_cgroup_open(w->arena, &c, &w->err));
	assert_true(i < c.n);
	return arena_printf(w->arena, "%s%s", c.items[i].mount,
			    oci_cgroup_path(&c, w->arena, w->owner, ID));
}

static void make_group(struct youki_world *w)
{
	make_dir(w, group(w, 0));
}

static void make_fifo(struct youki_world *w)
{
	const char *dir = layout_fifos(&w->layout, w->arena);

	make_dir(w, dir);
	assert_int_equal(mkfifo(arena_printf(w->arena, "%s/" ID ".err", dir), 0600), 0);
}

static void make_lease(struct youki_world *w)
{
	struct image_dir *images CLEAN(image_dir) = NULL;

	youki_world_ok(w, image_dir_open(layout_images(&w->layout, w->arena), IMAGE_DIR_WRITE,
					 &images, &w->err));
	youki_world_ok(w, image_dir_lease(images, ID, w->digest, &w->err));
}

static void make_bundle(struct youki_world *w)
{
	make_dir(w,
		 arena_printf(w->arena, "%s/upper/etc", layout_bundle(&w->layout, w->arena, ID)));
}

static void make_mount(struct youki_world *w)
{
	const char *root =
		arena_printf(w->arena, "%s/rootfs", layout_bundle(&w->layout, w->arena, ID));

	make_dir(w, root);
	assert_int_equal(mount("tmpfs", root, "tmpfs", 0, NULL), 0);
}

static void make_kept(struct youki_world *w)
{
	make_dir(w,
		 arena_printf(w->arena, "%s/upper", layout_quarantine(&w->layout, w->arena, ID)));
}

/* --- looking ------------------------------------------------------------------------- */

static struct leftover find(struct youki_world *w)
{
	struct leftovers all = { 0 };
	struct leftover one = { 0 };
	int r = leftovers_look(w->rt, ID, w->arena, &one, &w->err);

	youki_world_ok(w, leftovers_list(w->rt, w->arena, &all, &w->err));
	if (r == RUNTIME_ABSENT) {
		assert_int_equal(all.n, 0);
		return one;
	}
	youki_world_ok(w, r);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.items[0].id, ID);
	assert_int_equal(all.items[0].kinds, one.kinds);
	assert_int_equal(all.items[0].foreign == NULL, one.foreign == NULL);
	return one;
}

static int release(struct youki_world *w)
{
	return leftovers_release(w->rt, ID, mono_add(clock_mono(), 20 * CLOCK_SEC), &w->err);
}

static void each_kind_alone(void **state)
{
	static const struct {
		void (*make)(struct youki_world *w);
		unsigned kinds;
	} cases[] = {
		{ make_state, 1u << LEFTOVER_STATE },
		{ make_group, 1u << LEFTOVER_CGROUP },
		{ make_fifo, 1u << LEFTOVER_FIFO },
		{ make_lease, 1u << LEFTOVER_LEASE },
		{ make_bundle, 1u << LEFTOVER_BUNDLE },
		{ make_mount, 1u << LEFTOVER_BUNDLE | 1u << LEFTOVER_MOUNT },
	};
	struct youki_world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cases[i].make(w);
		youki_world_reopen(w);
		assert_int_equal(find(w).kinds, cases[i].kinds);
		assert_null(find(w).foreign);
		youki_world_ok(w, release(w));
		assert_int_equal(find(w).kinds, 0);
		assert_int_equal(release(w), RUNTIME_ABSENT);
	}
}

static void all_kinds_at_once(void **state)
{
	struct youki_world *w = *state;

	make_state(w);
	make_group(w);
	make_fifo(w);
	make_lease(w);
	make_mount(w);
	make_kept(w);
	assert_int_not_equal(find(w).kinds, 0);
	youki_world_ok(w, release(w));
	assert_int_equal(find(w).kinds, 1u << LEFTOVER_QUARANTINE);
	youki_world_ok(w, leftovers_drop(w->rt, ID, &w->err));
	assert_int_equal(find(w).kinds, 0);
}

/* --- whose --------------------------------------------------------------------------- */

static void put_file(struct youki_world *w, const char *dir, const char *name, const char *text)
{
	const char *path = arena_printf(w->arena, "%s/%s", dir, name);

	make_dir(w, dir);
	youki_world_ok(w, fs_write_atomic(AT_FDCWD, path, text, strlen(text), 0600, &w->err));
}

/* What each program writes of a container's annotations. */
static const struct {
	const char *program, *file, *text;
} notes[] = {
	{ "youki", "state.json",
	  "{\"annotations\":{\"dev.tallyman.node\":\"%s\"},\"bundle\":\"/elsewhere/b\"}" },
	{ "crun", "config.json", "{\"annotations\":{\"dev.tallyman.node\":\"%s\"}}" },
	{ "runc", "state.json",
	  "{\"config\":{\"labels\":[\"bundle=/elsewhere/b\",\"dev.tallyman.node=%s\"]}}" },
};

static const char *text_of(struct youki_world *w, size_t i, const char *node)
{
	const char *at = strstr(notes[i].text, "%s");

	return arena_printf(w->arena, "%.*s%s%s", (int)(at - notes[i].text), notes[i].text, node,
			    at + 2);
}

static void states_of_other_nodes(void **state)
{
	struct youki_world *w = *state;

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		const char *root = layout_oci_root(&w->layout, w->arena, notes[i].program);
		const char *dir = arena_printf(w->arena, "%s/" ID, root);

		put_file(w, dir, notes[i].file, text_of(w, i, "0123456789abcdef"));
		assert_non_null(find(w).foreign);
		assert_non_null(strstr(find(w).foreign, "0123456789abcdef"));
		assert_int_equal(release(w), -ERR_LOCKED);
		assert_int_not_equal(find(w).kinds, 0);
		put_file(w, dir, notes[i].file, text_of(w, i, "node-1"));
		assert_null(find(w).foreign);
		youki_world_ok(w, release(w));
		assert_int_equal(find(w).kinds, 0);
	}
}

static void bundles_of_other_nodes(void **state)
{
	struct youki_world *w = *state;
	const char *id = youki_world_run(w, "web");
	const char *bundle = layout_bundle(&w->layout, w->arena, id);
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	const char *record = arena_printf(w->arena, "%s/instance.json", bundle);
	struct leftover one = { 0 };
	char *at;

	youki_world_ok(w, fs_read(AT_FDCWD, record, &text, &w->err));
	at = strstr(text.data, "node-1");
	assert_non_null(at);
	memcpy(at, "node-2", 6);
	put_file(w, bundle, "instance.json", text.data);
	youki_world_reopen(w);
	youki_world_ok(w, leftovers_look(w->rt, id, w->arena, &one, &w->err));
	assert_non_null(one.foreign);
	assert_non_null(strstr(one.foreign, "node-2"));
	assert_int_equal(leftovers_release(w->rt, id, (struct mono){ 0 }, &w->err), -ERR_LOCKED);
	assert_int_equal(leftovers_keep(w->rt, id, (struct mono){ 0 }, &w->err), -ERR_LOCKED);
	memcpy(at, "node-1", 6);
	put_file(w, bundle, "instance.json", text.data);
	assert_int_equal(youki_world_wait(w, id, INSTANCE_RUNNING).state, INSTANCE_RUNNING);
	youki_world_end(w, id);
}

/* Processes in a group that nothing explains are somebody's. */
static void strangers_live(void **state)
{
	struct youki_world *w = *state;
	int status, fd;
	pid_t pid;

	make_group(w);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	fd = open(arena_printf(w->arena, "%s/cgroup.procs", group(w, 0)), O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0 && dprintf(fd, "%d", (int)pid) > 0);
	close(fd);
	assert_non_null(find(w).foreign);
	assert_int_equal(release(w), -ERR_LOCKED);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_null(find(w).foreign);
	youki_world_ok(w, release(w));
}

/* --- what must not be gone through ---------------------------------------------------- */

/* Somebody mounted something below a bundle: what is in it is not ours to delete. */
static void live_mounts_stop_it(void **state)
{
	struct youki_world *w = *state;
	const char *bundle = layout_bundle(&w->layout, w->arena, ID);
	const char *at = arena_printf(w->arena, "%s/upper/data", bundle);

	make_dir(w, at);
	assert_int_equal(mount("tmpfs", at, "tmpfs", 0, NULL), 0);
	put_file(w, at, "theirs", "precious");
	assert_true(release(w) < 0);
	assert_int_equal(access(arena_printf(w->arena, "%s/theirs", at), F_OK), 0);
	assert_true(find(w).kinds & 1u << LEFTOVER_BUNDLE);
	assert_int_equal(umount(at), 0);
	youki_world_ok(w, release(w));
}

/* --- quarantine ---------------------------------------------------------------------- */

/* Cut off between any two of its renames: the layer is in one place, and the next try ends it. */
static void keep_is_repeatable(void **state)
{
	struct youki_world *w = *state;
	const char *id, *bundle, *quarantine;
	struct leftover one = { 0 };

	youki_world_shell(w, "echo written >/file");
	id = youki_world_run(w, "web");
	(void)youki_world_wait(w, id, INSTANCE_EXITED);
	bundle = layout_bundle(&w->layout, w->arena, id);
	quarantine = layout_quarantine(&w->layout, w->arena, id);
	make_dir(w, arena_printf(w->arena, "%s/kept", bundle));
	assert_int_equal(rename(arena_printf(w->arena, "%s/upper", bundle),
				arena_printf(w->arena, "%s/kept/upper", bundle)),
			 0);
	youki_world_ok(w, leftovers_keep(w->rt, id, (struct mono){ 0 }, &w->err));
	youki_world_ok(w, leftovers_release(w->rt, id, (struct mono){ 0 }, &w->err));
	assert_int_equal(access(arena_printf(w->arena, "%s/upper/file", quarantine), F_OK), 0);
	assert_int_equal(access(arena_printf(w->arena, "%s/instance.json", quarantine), F_OK), 0);
	assert_int_equal(access(arena_printf(w->arena, "%s/log", quarantine), F_OK), 0);
	assert_int_equal(access(arena_printf(w->arena, "%s/leases/%s.kept",
					     layout_images(&w->layout, w->arena), id),
				F_OK),
			 0);
	youki_world_ok(w, leftovers_drop(w->rt, id, &w->err));
	assert_int_equal(leftovers_look(w->rt, id, w->arena, &one, &w->err), RUNTIME_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_kind_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(all_kinds_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(states_of_other_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(bundles_of_other_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(strangers_live, setup, teardown),
		cmocka_unit_test_setup_teardown(live_mounts_stop_it, setup, teardown),
		cmocka_unit_test_setup_teardown(keep_is_repeatable, setup, teardown),
	};
	const char *why = youki_world_missing("crun");

	if (why) {
		printf("SKIP crun %s\n", why);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
