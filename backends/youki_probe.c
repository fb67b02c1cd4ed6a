/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a program work here? A version number proves nothing (crun prints one where it cannot run
 * at all), so it has to make and delete a container: the host's own root, read-only, in a
 * namespace that nobody else sees. What comes of the answer is youki_program.c's.
 */
#include <errno.h>
#include <sys/mount.h>

#include "backends/oci_cgroup_remove.h"
#include "backends/oci_mount.h"
#include "backends/youki.h"
#include "base/fs.h"

static struct json_object *json_of(const char *text)
{
	return json_tokener_parse(text);
}

/* The smallest document that all three take, with a cgroup so that those are tried too. */
static struct json_object *probe_config(const struct youki *y, const struct oci_program *p,
					struct arena *a)
{
	struct json_object *o = json_of(
		"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
		"\"process\":{\"terminal\":false,\"cwd\":\"/\",\"env\":[\"PATH=/"
		"bin\"],\"user\":{\"uid\":0,\"gid\":0}},"
		"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
		/* youki makes links in /dev, which must be a fresh one. */
		"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}],"
		"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}]}}");
	struct json_object *process, *lin, *args = json_object_new_array();

	json_object_array_add(args, json_object_new_string(p->path));
	if (json_get_obj(o, "process", &process, NULL) != 0 ||
	    json_get_obj(o, "linux", &lin, NULL) != 0)
		abort();
	json_put_obj(process, "args", args);
	json_put_str(lin, "cgroupsPath",
		     oci_cgroup_path(&y->cgroups, a, y->layout.owner,
				     arena_printf(a, "probe-%s", p->name)));
	return o;
}

static int write_config(const char *bundle, struct json_object *o, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_STATE_FILE_BYTES);
	char path[LIMIT_PATH];

	snprintf(path, sizeof(path), "%s/config.json", bundle);
	json_pretty(o, &text);
	return fs_write_atomic(AT_FDCWD, path, text.data, text.n, 0600, err);
}

/* What the program says no to is its own fault; a hang may be the machine's. */
static int answer(int r)
{
	return r < 0 && r != -ERR_TIMEOUT ? YOUKI_REFUSES : r;
}

/* In the private namespace: the host's root becomes the bundle's, and the program makes it. */
static int create_probe(const struct oci_call *c, struct arena *a, struct error *err)
{
	static const int no_fds[3] = { -1, -1, -1 };
	const char *root = arena_printf(a, "%s/rootfs", c->bundle);

	if (mount("/", root, NULL, MS_BIND, NULL) < 0)
		return error_sys(err, errno, "mount %s", root);
	return answer(oci_program_create(c, no_fds, err));
}

/* A delete on a process that has just been killed fails where the kernel is slow: it is proved gone
 * first, as every instance's is. What does not end in time the delete may complain about. */
static int end_probe(struct youki *y, const char *cgroup, struct mono deadline, struct error *err)
{
	int r = oci_cgroup_kill(&y->cgroups, cgroup, err);

	while (r == 0 && (r = oci_cgroup_look(&y->cgroups, cgroup, err)) == OCI_CGROUP_BUSY &&
	       mono_cmp(clock_mono(), deadline) < 0) {
		clock_sleep(5 * CLOCK_MS);
		r = oci_cgroup_kill(&y->cgroups, cgroup, err);
	}
	return r < 0 ? r : 0;
}

static int run_probe(struct youki *y, const struct oci_call *c, struct arena *a, struct error *err)
{
	const char *cgroup = oci_cgroup_path(&y->cgroups, a, y->layout.owner, c->id);
	struct oci_state state;
	int r = oci_mount_enter(err);

	if (r == 0)
		r = create_probe(c, a, err);
	oci_mount_leave(y->host_ns);
	if (r == 0)
		r = answer(oci_program_state(c, a, &state, err));
	if (r == 0)
		r = end_probe(y, cgroup, c->deadline, err);
	/* Only a hang says that it is of no use: what a delete leaves is removed by us, of an
	 * instance as well. */
	if (r == 0 && oci_program_delete(c, true, err) == -ERR_TIMEOUT)
		r = -ERR_TIMEOUT;
	return r;
}

/* Whatever the outcome, nothing of the probe stays. */
static void clean_probe(struct youki *y, const struct oci_call *c, struct arena *a)
{
	const char *cgroup = oci_cgroup_path(&y->cgroups, a, y->layout.owner, c->id);

	(void)oci_cgroup_kill(&y->cgroups, cgroup, NULL);
	(void)oci_cgroup_remove(&y->cgroups, cgroup, NULL);
	pthread_mutex_lock(&y->lock);
	if (!y->boxes)
		oci_cgroup_remove_empty(&y->cgroups,
					oci_cgroup_path(&y->cgroups, a, y->layout.owner, NULL));
	pthread_mutex_unlock(&y->lock);
	(void)fs_remove_tree(AT_FDCWD, arena_printf(a, "%s/%s", c->program->root, c->id), NULL);
	(void)fs_remove_tree(AT_FDCWD, c->bundle, NULL);
}

int youki_probe(struct youki *y, const struct oci_program *p, struct mono deadline,
		struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct oci_call c = {
		.program = p,
		.id = arena_printf(a, "probe-%s", p->name),
		.bundle = arena_printf(a, "%s/oci/probe-%s", y->layout.run_dir, p->name),
		.deadline = deadline,
	};
	struct json_object *config CLEAN(json) = probe_config(y, p, a);
	int r;

	clean_probe(y, &c, a);
	r = fs_mkdirs(AT_FDCWD, arena_printf(a, "%s/rootfs", c.bundle), 0700, err);
	if (r == 0)
		r = fs_mkdirs(AT_FDCWD, p->root, 0700, err);
	if (r == 0)
		r = write_config(c.bundle, config, err);
	if (r == 0)
		r = run_probe(y, &c, a, err);
	clean_probe(y, &c, a);
	return r;
}
