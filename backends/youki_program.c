/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the program for new instances. A version number proves nothing (crun prints
 * one where it cannot run at all), so a candidate has to make and delete a container:
 * the host's own root, read-only, in a namespace that nobody else sees.
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/oci_cgroup_remove.h"
#include "backends/oci_mount.h"
#include "backends/shim_reaper.h"
#include "backends/youki.h"
#include "base/fs.h"

static void set_candidate(struct youki *y, size_t i, const char *name, const char *path)
{
	y->programs[i] = (struct oci_program){
		.name = name,
		.path = path,
		.root = layout_oci_root(&y->layout, y->arena, name),
		.waiter = shim_reaper_waiter(y->reaper),
	};
	y->candidates[i] = (struct runtime_candidate){ .name = name, .path = path };
	if (!path)
		y->candidates[i].why = "not installed";
}

/* Under probe_lock. A given path is the only candidate. */
static void find_candidates(struct youki *y)
{
	const char *const *names = oci_program_names();
	const char *given = y->given_path;

	if (y->n_candidates)
		return;
	if (given) {
		const char *name = oci_program_name(given);

		set_candidate(y, 0, name ? name : "oci", access(given, X_OK) == 0 ? given : NULL);
		if (!y->programs[0].path)
			y->candidates[0].why =
				arena_printf(y->arena, "%s: %s", given, strerror(errno));
		if (!name) {
			y->programs[0].path = NULL;
			y->candidates[0].why =
				"runtime.oci.path names neither youki, crun nor runc";
		}
		y->n_candidates = 1;
		return;
	}
	for (size_t i = 0; names[i] && i < YOUKI_MAX_CANDIDATES; i++) {
		set_candidate(y, i, names[i], oci_program_find(names[i], y->arena));
		y->n_candidates = i + 1;
	}
}

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

/* In the private namespace: the host's root becomes the bundle's, and the program makes it. */
static int create_probe(const struct oci_call *c, struct arena *a, struct error *err)
{
	static const int no_fds[3] = { -1, -1, -1 };
	const char *root = arena_printf(a, "%s/rootfs", c->bundle);

	if (mount("/", root, NULL, MS_BIND, NULL) < 0)
		return error_sys(err, errno, "mount %s", root);
	return oci_program_create(c, no_fds, err);
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
		r = oci_program_state(c, a, &state, err);
	if (r == 0)
		r = end_probe(y, cgroup, c->deadline, err);
	if (r == 0)
		r = oci_program_delete(c, true, err);
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

static int try_program(struct youki *y, const struct oci_program *p, struct mono deadline,
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

/* crun refuses a hybrid host while v2 holds a controller; mounted as v1, v1 holds it. */
static const char *remedy_of(const struct youki *y, const char *why)
{
	const char *controllers = "";

	for (size_t i = 0; i < y->cgroups.n; i++)
		if (y->cgroups.items[i].is_v2)
			controllers = y->cgroups.items[i].controllers;
	if (!strstr(why, "hybrid") || !*controllers)
		return NULL;
	if (strchr(controllers, ' '))
		return arena_printf(y->arena,
				    "for c in %s; do mkdir -p /sys/fs/cgroup/$c; "
				    "mount -t cgroup -o $c cgroup /sys/fs/cgroup/$c; done",
				    controllers);
	return arena_printf(y->arena,
			    "mkdir -p /sys/fs/cgroup/%s && mount -t cgroup -o %s cgroup "
			    "/sys/fs/cgroup/%s",
			    controllers, controllers, controllers);
}

/* Once more where it did not hang: on a busy machine youki 0.7 gives up on removing a cgroup before
 * the kernel has let go of it ("could not delete"), which says nothing about the next time. */
static int try_twice(struct youki *y, const struct oci_program *p, struct mono deadline,
		     struct error *err)
{
	struct error first = ERROR_INIT;
	int r = try_program(y, p, deadline, &first);

	if (r == 0)
		return 0;
	if (r != -ERR_TIMEOUT)
		return try_program(y, p, deadline, err);
	*err = first;
	return r;
}

/* Under probe_lock; once per program, a hang or a refusal included. */
static void try_candidate(struct youki *y, size_t i, struct mono deadline)
{
	struct runtime_candidate *c = &y->candidates[i];
	struct oci_program *p = &y->programs[i];
	struct error why = ERROR_INIT;
	int r;

	if (y->tried[i] || !p->path)
		return;
	r = oci_program_version(p, deadline, y->arena, &p->version, &why);
	if (r == 0) {
		c->version = p->version;
		r = try_twice(y, p, deadline, &why);
	}
	/* No time is no answer: the next call asks again. */
	y->tried[i] = r != -ERR_TIMEOUT;
	c->usable = r == 0;
	c->why = r < 0 ? arena_strdup(y->arena, why.msg) : NULL;
	c->remedy = r < 0 ? remedy_of(y, why.msg) : NULL;
}

/* Leaves half of the time for what comes after. */
static struct mono probe_deadline(struct mono deadline)
{
	struct mono most = mono_add(clock_mono(), 10 * CLOCK_SEC);

	return deadline.us && mono_cmp(deadline, most) < 0 ? deadline : most;
}

/* Under probe_lock. What was tried is tried again by the next call: the host may be mended, or have
 * been short of something for a moment. */
static int none_works(struct youki *y, struct error *err)
{
	const struct runtime_candidate *said = &y->candidates[0];

	memset(y->tried, 0, sizeof(y->tried));
	for (size_t i = y->n_candidates; i-- > 0;)
		if (y->candidates[i].path || y->given_path)
			said = &y->candidates[i];
	error_set(err, ERR_UNAVAILABLE, 0, "no OCI runtime works: %s: %s", said->name, said->why);
	if (said->remedy)
		error_hint(err, "%s", said->remedy);
	else
		error_hint(err, "install youki, crun or runc; 'tallyman doctor' tells more");
	return -ERR_UNAVAILABLE;
}

int youki_program_choose(struct youki *y, struct mono deadline, const struct oci_program **ret,
			 struct error *err)
{
	int r = -ERR_UNAVAILABLE;

	pthread_mutex_lock(&y->probe_lock);
	find_candidates(y);
	for (size_t i = 0; i < y->n_candidates && r < 0; i++) {
		try_candidate(y, i, probe_deadline(deadline));
		if (!y->candidates[i].usable)
			continue;
		*ret = &y->programs[i];
		r = 0;
	}
	if (r < 0)
		r = none_works(y, err);
	pthread_mutex_unlock(&y->probe_lock);
	return r;
}

static void copy_candidate(struct runtime_candidate *c, struct arena *a)
{
	c->path = arena_strdup(a, c->path);
	c->version = arena_strdup(a, c->version);
	c->why = arena_strdup(a, c->why);
	c->remedy = arena_strdup(a, c->remedy);
}

int youki_program_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret,
			struct error *err)
{
	struct youki *y = youki_of(rt);
	struct runtime_info info = { .os = "linux", .arch = y->facts.arch };
	struct error why = ERROR_INIT;

	(void)err;
	pthread_mutex_lock(&y->probe_lock);
	find_candidates(y);
	info.n_candidates = y->n_candidates;
	info.candidates = arena_array(a, y->n_candidates, sizeof(*info.candidates));
	for (size_t i = 0; i < y->n_candidates; i++) {
		try_candidate(y, i, probe_deadline((struct mono){ 0 }));
		info.candidates[i] = y->candidates[i];
		copy_candidate(&info.candidates[i], a);
		if (y->candidates[i].usable && !info.chosen)
			info.chosen = info.candidates[i].name;
	}
	info.available = info.chosen != NULL;
	if (!info.available) {
		(void)none_works(y, &why);
		info.why = arena_strdup(a, why.msg);
	}
	pthread_mutex_unlock(&y->probe_lock);
	info.notes[0] = oci_cgroup_mode_name(y->cgroups.mode);
	*ret = info;
	return 0;
}

int youki_program_of(struct youki *y, const struct oci_record *rec, struct arena *a,
		     struct oci_program *ret, struct error *err)
{
	if (access(rec->program_path, X_OK) < 0) {
		error_set(err, ERR_UNAVAILABLE, errno, "%s, which made %s, is gone",
			  rec->program_path, rec->id);
		error_hint(err, "install %s again", rec->program);
		return -ERR_UNAVAILABLE;
	}
	*ret = (struct oci_program){ .name = rec->program,
				     .path = rec->program_path,
				     .version = rec->program_version,
				     .root = layout_oci_root(&y->layout, a, rec->program),
				     .waiter = shim_reaper_waiter(y->reaper) };
	return 0;
}
