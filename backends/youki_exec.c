/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One more process in a running container, through the program's exec. Its document is
 * the container's own with the caller's words put in; it holds env values and goes as
 * soon as the process has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "backends/youki.h"
#include "base/fs.h"
#include "base/number.h"

/* The files of one exec, below its bundle. */
struct exec_files {
	const char *process;
	const char *log;
	const char *pid;
};

static int load_config(const char *bundle, struct json_object **ret, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES);
	char path[LIMIT_PATH];
	int r;

	snprintf(path, sizeof(path), "%s/config.json", bundle);
	r = fs_read(AT_FDCWD, path, &text, err);
	return r < 0 ? r : json_parse(text.data, text.n, ret, err);
}

static int put_user(struct json_object *process, const struct youki_box *box, const char *user,
		    struct arena *a, struct error *err)
{
	static const struct strings none = { NULL, 0 };
	char path[64];
	struct json_object *o, *groups;
	struct oci_user u;
	int root CLEAN(fd) = -1;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)box->note.id.pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return error_sys(err, errno, "open the root of %s", box->id);
	r = youki_root_user(root, user, &none, a, &u, err);
	if (r < 0)
		return r;
	o = json_object_new_object();
	groups = json_object_new_array();
	json_put_i64(o, "uid", u.uid);
	json_put_i64(o, "gid", u.gid);
	for (size_t i = 0; i < u.n_groups; i++)
		json_object_array_add(groups, json_object_new_int64(u.groups[i]));
	json_put_obj(o, "additionalGids", groups);
	json_put_obj(process, "user", o);
	return 0;
}

static int write_process(const struct youki_box *box, const char *bundle,
			 const struct runtime_exec *x, const struct exec_files *f, struct arena *a,
			 struct error *err)
{
	struct json_object *config CLEAN(json) = NULL, *process CLEAN(json) = NULL;
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES);
	int fd CLEAN(fd) = -1;
	int r = load_config(bundle, &config, err);

	if (r < 0)
		return r;
	process = oci_bundle_exec(config, x->argv, x->env, x->workdir, false);
	if (x->user)
		r = put_user(process, box, x->user, a, err);
	if (r < 0)
		return r;
	json_canonical(process, &text);
	fd = open(f->process, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, errno, "create %s", f->process);
	return fs_write_all(fd, text.data, text.n, err);
}

/* The command's own code, or the program's word that it could not be started. */
static int run(struct youki *y, const struct youki_box *box, const struct runtime_exec *x,
	       const struct exec_files *f, int *ret_code, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct oci_program program;
	const struct oci_call call = {
		&program, box->id, layout_bundle(&y->layout, a, box->id), { 0 }
	};
	const struct oci_exec e = { .process_file = f->process,
				    .log_file = f->log,
				    .pid_file = f->pid,
				    .fds = { x->fds[0], x->fds[1], x->fds[2] },
				    .cancel = x->cancel };
	int r = youki_program_of(y, &box->rec, a, &program, err);

	return r < 0 ? r : oci_program_exec(&call, &e, ret_code, err);
}

/* Who asked for it has left: what the program started goes as well, as with a closed terminal. */
static void end_process(const struct youki_box *box, const struct exec_files *f, struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(64);
	struct process_id id;
	uint64_t pid;

	if (fs_read(AT_FDCWD, f->pid, &text, NULL) < 0)
		return;
	text.data[strcspn(text.data, "\n")] = '\0';
	/* Its identity first: from then on it is no other process that is looked at and ended. */
	if (!number_u64(text.data, INT32_MAX, &pid) ||
	    process_identify((pid_t)pid, &id, NULL) < 0 ||
	    !oci_cgroup_holds(youki_box_cgroup(box, a), id.pid))
		return;
	(void)process_signal(&id, SIGKILL, NULL);
}

static int not_running(struct error *err)
{
	return error_set(err, ERR_NOT_FOUND, 0, "it does not run");
}

int youki_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code, struct error *err)
{
	struct youki *y = youki_of(rt);
	struct arena *a CLEAN(arena) = arena_new();
	const char *bundle = layout_bundle(&y->layout, a, x->id);
	struct youki_box box = { .busy = true }, *found;
	struct exec_files f;
	struct instance seen;
	uint64_t n;
	int r = youki_inspect(rt, x->id, a, &seen, err);

	if (r != 0)
		return r < 0 ? r : not_running(err);
	pthread_mutex_lock(&y->lock);
	found = youki_box_find(y, x->id);
	if (found)
		box = youki_box_copy(found, a);
	n = y->n_execs++;
	pthread_mutex_unlock(&y->lock);
	if (seen.state != INSTANCE_RUNNING || box.busy)
		return not_running(err);
	if (x->tty)
		return error_set(err, ERR_UNSUPPORTED, 0, "a terminal is not possible here");
	f.process = arena_printf(a, "%s/exec-%d-%llu.json", bundle, (int)getpid(),
				 (unsigned long long)n);
	f.log = arena_printf(a, "%s/exec-%d-%llu.log", bundle, (int)getpid(),
			     (unsigned long long)n);
	f.pid = arena_printf(a, "%s/exec-%d-%llu.pid", bundle, (int)getpid(),
			     (unsigned long long)n);
	r = write_process(&box, bundle, x, &f, a, err);
	if (r == 0)
		r = run(y, &box, x, &f, ret_code, err);
	if (r == -ERR_CANCELED)
		end_process(&box, &f, a);
	(void)unlink(f.process);
	(void)unlink(f.log);
	(void)unlink(f.pid);
	return r;
}
