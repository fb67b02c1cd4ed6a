/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one instance: record first, then image, root, document, program, and the
 * watch on its process. What fails is undone in reverse; if even that fails, the record
 * stays and the instance is seen as broken. One program is started, nothing is scanned.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/image_dir_stage.h"
#include "backends/oci_mount.h"
#include "backends/oci_mounts.h"
#include "backends/oci_process.h"
#include "backends/shim_log.h"
#include "backends/shim_reaper.h"
#include "backends/youki.h"
#include "backends/youki_net.h"
#include "base/crash.h"
#include "base/fs.h"
#include "specs/signals.h"

/* Everything one create works with. */
struct job {
	struct youki *y;
	struct youki_box *box;
	const struct instance_spec *spec;
	struct arena *a;
	struct mono deadline;
	const struct oci_program *program;
	const char *bundle;
	struct image image;
	struct image_layers layers;
	struct oci_facts facts;
	struct oci_bundle doc;
	int fds[3];
};

static int make_dir(const struct job *j, const char *name, mode_t mode, struct error *err)
{
	const char *path = arena_printf(j->a, "%s/%s", j->bundle, name);

	if (mkdir(path, mode) < 0 || chmod(path, mode) < 0)
		return error_sys(err, errno, "make %s", path);
	return 0;
}

static int write_file(const struct job *j, const char *name, const char *text, mode_t mode,
		      struct error *err)
{
	const char *path = arena_printf(j->a, "%s/%s", j->bundle, name);
	int fd CLEAN(fd) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return error_sys(err, errno, "create %s", path);
	(void)fchmod(fd, mode); /* the umask does not count */
	r = fs_write_all(fd, text, strlen(text), err);
	return r < 0 ? error_wrap(err, r, "write %s", path) : 0;
}

/* A bundle without a box is another node's, or came while we looked away. */
static int make_bundle(const struct job *j, struct error *err)
{
	if (mkdir(j->bundle, 0700) == 0)
		return 0;
	if (errno == ENOENT) {
		int r = fs_mkdirs(AT_FDCWD, layout_bundles(&j->y->layout, j->a), 0700, err);

		if (r < 0)
			return r;
		if (mkdir(j->bundle, 0700) == 0)
			return 0;
	}
	if (errno == EEXIST)
		return error_set(err, ERR_LOCKED, EEXIST, "%s is there and not ours", j->bundle);
	return error_sys(err, errno, "make %s", j->bundle);
}

/* An id that is new to us need not be new to the host: what is in a group of that name would be in
 * the container, and end with it. */
static int check_group(const struct job *j, struct error *err)
{
	const char *path = oci_cgroup_path(&j->y->cgroups, j->a, j->spec->owner, j->spec->id);
	int r = oci_cgroup_look(&j->y->cgroups, path, err);

	if (r == OCI_CGROUP_BUSY)
		return error_set(err, ERR_LOCKED, 0,
				 "processes in control group %s, and nothing says whose", path);
	return r;
}

/* The record is written before the image is leased, so this is a look at an image that may go. */
static int stop_signal(const struct job *j)
{
	struct image_dir *images;
	struct image image;

	if (youki_images(j->y, &images, NULL) < 0 ||
	    image_dir_find(images, j->spec->digest, j->a, &image, NULL) != 0 ||
	    !image.config.stop_signal)
		return 0;
	return signals_number(image.config.stop_signal);
}

static int save_record(struct job *j, struct error *err)
{
	const struct instance_spec *s = j->spec;
	struct youki_box *box = j->box;
	struct arena *keep = box->arena;
	const struct shim_log_place log =
		shim_log_place_of(s->service, layout_log(&j->y->layout, keep, s->deployment,
							 s->service_name, s->slot));
	const struct oci_record rec = {
		.id = box->id,
		.node_id = arena_strdup(keep, s->node_id),
		.owner = arena_strdup(keep, s->owner),
		.deployment = arena_strdup(keep, s->deployment),
		.service = arena_strdup(keep, s->service_name),
		.slot = s->slot,
		.generation = s->generation,
		.config_hash = arena_strdup(keep, s->config_hash),
		.image = arena_strdup(keep, s->image),
		.digest = arena_strdup(keep, s->digest),
		.address = arena_strdup(keep, s->address),
		.program = j->program->name,
		.program_path = arena_strdup(keep, j->program->path),
		.program_version = arena_strdup(keep, j->program->version),
		.boot_id = j->y->boot_id,
		.stop_signal = stop_signal(j),
		.own_end = instance_file_own_end(s->service),
		.layer = arena_strdup(keep, s->layer),
		.log_path = log.path,
		.log_max_bytes = log.max_bytes,
		.log_keep_s = log.keep_s,
		.cgroup = oci_cgroup_path(&j->y->cgroups, keep, j->y->layout.owner, s->id),
		.created = clock_wall(),
	};
	int r = oci_record_save(j->bundle, &rec, err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&j->y->lock);
	box->rec = rec;
	pthread_mutex_unlock(&j->y->lock);
	return 0;
}

static int no_image(const struct job *j, struct error *err)
{
	error_set(err, ERR_NOT_FOUND, 0, "image %s is not on this node", j->spec->image);
	error_hint(err, "tallyman image import FILE --as %s", j->spec->image);
	return -ERR_NOT_FOUND;
}

/* The lease comes first: from then on nobody takes the layers away. */
static int find_image(struct job *j, struct error *err)
{
	struct image_dir *images;
	int r = youki_images(j->y, &images, err);

	crash_point("lease", j->spec->id);
	if (r == 0)
		r = image_dir_lease(images, j->box->id, j->spec->digest, err);
	if (r == 0)
		r = image_dir_find(images, j->spec->digest, j->a, &j->image, err);
	if (r == 0)
		r = image_dir_layers(images, j->spec->digest, j->a, &j->layers, err);
	if (r == IMAGE_DIR_ABSENT) {
		r = image_dir_stage(images, j->spec->digest, err);
		if (r == 0)
			r = image_dir_layers(images, j->spec->digest, j->a, &j->layers, err);
		if (r == 0 && !j->image.digest)
			r = image_dir_find(images, j->spec->digest, j->a, &j->image, err);
	}
	if (r == IMAGE_DIR_ABSENT)
		return no_image(j, err);
	if (r == 0 && strcmp(j->image.config.platform.os, "linux") != 0)
		return error_set(err, ERR_UNSUPPORTED, 0, "image %s is for %s", j->spec->image,
				 j->image.config.platform.os);
	return r;
}

static int no_source(const char *target, const char *source, struct error *err)
{
	if (source && *source != '/')
		return error_set(err, ERR_INVALID, 0, "storage %s: source %s is not absolute",
				 target, source);
	(void)error_set(err, ERR_NOT_FOUND, 0, "storage %s: %s is not on this host", target,
			source ? source : "its source");
	error_hint(err, "make it, or use type: named, which needs no source");
	return -ERR_NOT_FOUND;
}

static int make_storage(const struct job *j, struct error *err)
{
	const struct service *s = j->spec->service;

	for (size_t i = 0; i < s->storage.n; i++) {
		const char *source = oci_mounts_source(&j->doc, i, j->a);
		int r = 0;

		if (s->storage.items[i].type == STORAGE_BIND) {
			if (!source || *source != '/' || access(source, F_OK) < 0)
				return no_source(s->storage.items[i].target, source, err);
		} else if (source) {
			r = fs_mkdirs(AT_FDCWD, source, 0755, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_etc(const struct job *j, struct error *err)
{
	struct oci_etc etc;
	int r = oci_mounts_etc(&j->doc, j->a, &etc, err);

	r = r < 0 ? r : make_dir(j, "etc", 0755, err);
	if (r == 0 && etc.resolv_conf)
		r = write_file(j, "etc/resolv.conf", etc.resolv_conf, 0644, err);
	r = r < 0 ? r : write_file(j, "etc/hosts", etc.hosts, 0644, err);
	return r < 0 ? r : write_file(j, "etc/hostname", etc.hostname, 0644, err);
}

/* Fresh, or one that was kept; should it never run, that one goes back (youki_remove.c). */
static int make_upper(const struct job *j, struct error *err)
{
	struct quarantine q = youki_box_quarantine(j->y, j->spec->layer);

	if (!j->spec->layer)
		return make_dir(j, "upper", 0755, err);
	q.dir = j->bundle;
	return quarantine_take(&q, err);
}

static int fill_bundle(struct job *j, struct error *err)
{
	struct oci_device *devices;
	int r = make_upper(j, err);

	crash_point("fill", j->spec->id);
	r = r < 0 ? r : make_dir(j, "work", 0700, err);
	r = r < 0 ? r : make_dir(j, "rootfs", 0755, err);
	if (r < 0)
		return r;
	j->facts = youki_facts_now(j->y, j->a);
	j->doc = (struct oci_bundle){ .spec = j->spec,
				      .image = &j->image.config,
				      .facts = &j->facts,
				      .layout = &j->y->layout,
				      .path = j->bundle,
				      .cgroup = j->box->rec.cgroup };
	r = youki_devices(j->spec->service, j->a, &devices, &j->doc.n_devices, err);
	if (r < 0)
		return r;
	j->doc.devices = devices;
	r = make_storage(j, err);
	return r < 0 ? r : make_etc(j, err);
}

/* FIFOs for output; a stdin that shall stay open is one that nobody ever closes. */
static int open_stdio(struct job *j, struct error *err)
{
	const struct shim_log_place log = youki_box_log(j->box);
	const char *in = arena_printf(j->a, "%s/stdin", j->bundle);
	const char *prefix =
		arena_printf(j->a, "%s/%s", layout_fifos(&j->y->layout, j->a), j->box->id);

	crash_point("stdio", j->spec->id);
	if (j->spec->service->stdin_open) {
		if (mkfifo(in, 0600) < 0)
			return error_sys(err, errno, "make %s", in);
		j->fds[0] = open(in, O_RDWR | O_CLOEXEC);
		if (j->fds[0] < 0)
			return error_sys(err, errno, "open %s", in);
	}
	return j->y->log ? shim_log_open(j->y->log, j->box->id, &log, prefix, &j->fds[1], err) : 0;
}

static void close_stdio(struct job *j)
{
	for (int i = 0; i < 3; i++) {
		if (j->fds[i] >= 0)
			close(j->fds[i]);
		j->fds[i] = -1;
	}
}

static int write_config(struct job *j, struct error *err)
{
	const struct service *s = j->spec->service;
	struct json_object *config CLEAN(json) = NULL;
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES);
	struct oci_user user;
	int root CLEAN(fd) =
		open(arena_printf(j->a, "%s/rootfs", j->bundle), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root < 0)
		return error_sys(err, errno, "open %s/rootfs", j->bundle);
	r = youki_root_user(root, s->user ? s->user : j->image.config.user, &s->extra_groups, j->a,
			    &user, err);
	j->doc.user = &user;
	r = r < 0 ? r : oci_bundle_config(&j->doc, j->a, &config, err);
	r = r < 0 ? r : youki_root_workdir(root, oci_process_workdir(&j->doc), err);
	r = r < 0 ? r : youki_root_modes(root, &s->storage, err);
	if (r < 0)
		return r;
	json_canonical(config, &text);
	if (text.overflow)
		return error_set(err, ERR_LIMIT, 0, "config.json is too large");
	return write_file(j, "config.json", text.data, 0600, err);
}

/* What has to see the root: users, document, program. */
static int create_inside(struct job *j, struct error *err)
{
	const struct oci_overlay overlay = { .layers_root = j->layers.root,
					     .layers = j->layers.names,
					     .n_layers = j->layers.n,
					     .bundle = j->bundle };
	const struct oci_call call = { j->program, j->box->id, j->bundle, j->deadline };
	int r = oci_mount_overlay(&overlay, err);

	r = r < 0 ? r : write_config(j, err);
	crash_point("program", j->spec->id);
	return r < 0 ? r : oci_program_create(&call, j->fds, err);
}

static int run_program(struct job *j, struct error *err)
{
	int r = oci_mount_enter(err);

	if (r == 0)
		r = create_inside(j, err);
	oci_mount_leave(j->y->host_ns);
	if (r < 0)
		youki_program_doubt(j->y, j->program);
	return r;
}

/* From the pid file to an identity that is watched. */
static int watch_process(struct job *j, struct error *err)
{
	struct oci_process_note note = { .started = false };
	pid_t pid;
	int r = oci_record_load_pid(j->bundle, &pid, err);

	crash_point("watch", j->spec->id);
	r = r < 0 ? r : process_identify(pid, &note.id, err);
	r = r < 0 ? r : oci_record_save_process(j->bundle, &note, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&j->y->lock);
	j->box->note = note;
	j->box->watched = true;
	pthread_mutex_unlock(&j->y->lock);
	r = shim_reaper_watch(j->y->reaper, &note.id, youki_box_ended, j->box, err);
	if (r < 0) {
		pthread_mutex_lock(&j->y->lock);
		j->box->watched = false;
		pthread_mutex_unlock(&j->y->lock);
		return r;
	}
	if (j->spec->service->network_mode.kind != NETWORK_HOST)
		return youki_net_loopback(pid, err);
	return 0;
}

/* What is configured now, which need not be what was when the shim was started. */
static const char *program_path(const struct job *j)
{
	if (!j->spec->oci_path)
		return j->y->given_path;
	return *j->spec->oci_path ? j->spec->oci_path : NULL;
}

static int create_all(struct job *j, struct error *err)
{
	int r = youki_program_choose(j->y, program_path(j), j->deadline, &j->program, err);

	r = r < 0 ? r : fs_mkdirs(AT_FDCWD, j->program->root, 0700, err);
	r = r < 0 ? r : check_group(j, err);
	r = r < 0 ? r : make_bundle(j, err);
	crash_point("bundle", j->spec->id);
	if (r < 0) {
		/* Nothing is there yet, and what is there is not ours. */
		youki_box_drop(j->box);
		j->box = NULL;
		return r;
	}
	r = save_record(j, err);
	r = r < 0 ? r : find_image(j, err);
	r = r < 0 ? r : fill_bundle(j, err);
	r = r < 0 ? r : open_stdio(j, err);
	r = r < 0 ? r : run_program(j, err);
	close_stdio(j);
	r = r < 0 ? r : watch_process(j, err);
	r = r < 0 ? r
		  : youki_limits_complete(j->y, j->box->rec.cgroup, &j->spec->service->resources,
					  j->a, err);
	if (r == 0)
		youki_drift_note(j->y, j->spec->id, j->box->rec.cgroup);
	return r;
}

/* Time may be up: cleaning gets its own. */
static void undo(struct job *j)
{
	struct mono later = mono_add(clock_mono(), 10 * CLOCK_SEC);

	close_stdio(j);
	if (j->box->watched)
		shim_reaper_unwatch(j->y->reaper, j->box);
	if (youki_remove_all(j->y, j->box, later, NULL) == 0) {
		youki_box_drop(j->box);
		return;
	}
	pthread_mutex_lock(&j->y->lock);
	j->box->note = (struct oci_process_note){ .started = false };
	j->box->watched = false;
	j->box->busy = false;
	pthread_mutex_unlock(&j->y->lock);
}

int youki_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
		 struct arena *a, struct instance *ret, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct job j = {
		.y = y, .spec = spec, .a = a, .deadline = deadline, .fds = { -1, -1, -1 }
	};
	struct youki_box copy;
	int r;

	if (strcmp(spec->node_id, y->node_id) != 0 || strcmp(spec->owner, y->layout.owner) != 0)
		return error_set(err, ERR_LOCKED, 0, "this runtime belongs to %s of node %s",
				 y->layout.owner, y->node_id);
	j.box = youki_box_new(y, spec->id);
	if (!j.box) {
		r = youki_inspect(rt, spec->id, a, ret, err);
		return r < 0 ? r : RUNTIME_ALREADY;
	}
	j.bundle = layout_bundle(&y->layout, a, spec->id);
	r = create_all(&j, err);
	if (r < 0) {
		if (j.box)
			undo(&j);
		return r;
	}
	pthread_mutex_lock(&y->lock);
	j.box->busy = false;
	copy = youki_box_copy(j.box, a);
	pthread_mutex_unlock(&y->lock);
	return youki_box_view(y, &copy, a, ret, err);
}
