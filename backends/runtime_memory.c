/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation is: enter the world, look, change one document, leave, then tell the sink. The
 * documents are the truth; nothing else is kept. Missing images are documents too, under ids that
 * no instance can have.
 */
#include "backends/runtime_memory.h"

#include <signal.h>
#include <string.h>
#include <sys/utsname.h>

#include "backends/memory_change.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/number.h"
#include "specs/spec_service.h"

/* Above PID_MAX_LIMIT (2^22): no process of this or any host can be meant. */
#define FIRST_PID (INT32_C(1) << 30)
#define BOOT_ID   "/boot"
#define IMAGE     "/image/"

static int memory_probe(struct runtime *rt, struct arena *a, struct runtime_info *ret,
			struct error *err)
{
	struct runtime_candidate *self = arena_alloc(a, sizeof(*self));
	struct utsname host;

	(void)err;
	*self = (struct runtime_candidate){ .name = rt->name, .usable = true };
	*ret = (struct runtime_info){ .available = true,
				      .os = "linux",
				      .arch = "amd64",
				      .chosen = rt->name,
				      .candidates = self,
				      .n_candidates = 1,
				      .notes = { "a model: no container is made" } };
	if (uname(&host) == 0 && strcmp(host.machine, "aarch64") == 0)
		ret->arch = "arm64";
	return 0;
}

static bool is_missing(struct runtime_memory *m, const char *digest)
{
	struct buf key CLEAN(buf) = BUF_INIT(LIMIT_PATH);

	buf_printf(&key, MEMORY_CHANGE_IMAGE "%s", digest);
	return memory_world_find(m->world, key.data) != NULL;
}

static int refuse_missing(struct runtime_memory *m, const char *digest, struct error *err)
{
	if (!is_missing(m, digest))
		return 0;
	error_set(err, ERR_NOT_FOUND, 0, "no image %s", digest);
	error_hint(err, "import it first");
	return -ERR_NOT_FOUND;
}

static int memory_stage(struct runtime *rt, const char *digest, struct mono deadline,
			struct error *err)
{
	struct runtime_memory *m = memory_change_world_of(rt);
	int r = memory_world_enter(m->world, err);

	(void)deadline;
	if (r < 0)
		return r;
	r = refuse_missing(m, digest, err);
	memory_world_leave(m->world);
	return r < 0 ? r : RUNTIME_ALREADY;
}

static int memory_list(struct runtime *rt, struct arena *a, struct observed *ret, struct error *err)
{
	struct runtime_memory *m = memory_change_world_of(rt);
	struct observed all = { 0 };
	struct json_object **docs;
	const char **ids;
	size_t n;
	int r = memory_world_enter(m->world, err);

	if (r < 0)
		return r;
	n = memory_world_all(m->world, a, &ids, &docs);
	all.instances = arena_array(a, n, sizeof(*all.instances));
	for (size_t i = 0; i < n; i++)
		if (ids[i][0] != '/')
			memory_change_read(rt, ids[i], docs[i], a, &all.instances[all.n++]);
	memory_world_leave(m->world);
	observed_sort(&all);
	*ret = all;
	return 0;
}

static int memory_inspect(struct runtime *rt, const char *id, struct arena *a, struct instance *ret,
			  struct error *err)
{
	struct runtime_memory *m = memory_change_world_of(rt);
	struct json_object *doc;
	int r = memory_world_enter(m->world, err);

	if (r < 0)
		return r;
	doc = memory_world_find(m->world, id);
	if (doc)
		memory_change_read(rt, id, doc, a, ret);
	memory_world_leave(m->world);
	return doc ? 0 : RUNTIME_ABSENT;
}

/* `exit 3`, as the last word of a shell's command line. */
static bool is_exit(const char *word, uint64_t *ret_code)
{
	return strncmp(word, "exit ", 5) == 0 && number_u64(word + 5, 255, ret_code);
}

/* The code with which the modelled program ends at once; -1: it runs on. */
static int program_end(const struct service *s)
{
	const struct strings *words =
		s->command.entrypoint.n ? &s->command.entrypoint : &s->command.args;
	const char *first = words->n ? words->items[0] : "";
	const char *last = words->n ? words->items[words->n - 1] : "";
	uint64_t code = 0;

	if (words->n == 1 && strcmp(first, "true") == 0)
		return 0;
	if (words->n == 1 && strcmp(first, "false") == 0)
		return 1;
	if (words->n > 1 && is_exit(last, &code))
		return (int)code;
	return s->rtype == RTYPE_JOB ? 0 : -1;
}

static struct json_object *make_document(struct runtime_memory *m, const struct instance_spec *spec)
{
	struct json_object *doc = json_object_new_object();
	int64_t now = memory_change_now(m).us;

	json_put_str(doc, "state", instance_state_to_string(INSTANCE_CREATED));
	json_put_i64(doc, "pid", FIRST_PID + m->n_created++);
	json_put_i64(doc, "start_time", now > 0 ? now : 1);
	json_put_str(doc, "boot_id", m->boot_id);
	json_put_str(doc, "owner", spec->owner);
	json_put_str(doc, "node_id", spec->node_id);
	json_put_str(doc, "config_hash", spec->config_hash);
	json_put_str(doc, "image", spec->image);
	json_put_str(doc, "digest", spec->digest);
	json_put_str(doc, "address", spec->address);
	json_put_str(doc, "layer", spec->layer);
	json_put_i64(doc, "ends_with", program_end(spec->service));
	json_put_i64(doc, "created_us", now);
	return doc;
}

static int refuse_layer(struct runtime_memory *m, const char *layer, struct error *err)
{
	if (!layer || memory_leftovers_has_kept(m, layer))
		return 0;
	return error_set(err, ERR_NOT_FOUND, 0, "nothing of %s is kept", layer);
}

/* Once it runs, what was kept of the one before is its own. */
static int use_layer(struct memory_change *c, struct error *err)
{
	const char *layer = NULL;

	if (json_get_str(c->doc, "layer", &layer, NULL) != 0)
		return 0;
	return memory_leftovers_drop_kept(c->m, layer, err);
}

static int memory_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
			 struct arena *a, struct instance *ret, struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	bool is_there;
	int r;

	(void)deadline;
	r = memory_change_begin(rt, spec->id, &c, err);
	if (r < 0)
		return r;
	is_there = c.doc != NULL;
	r = is_there ? RUNTIME_ALREADY : refuse_missing(c.m, spec->digest, err);
	if (r == 0)
		r = refuse_layer(c.m, spec->layer, err);
	if (!is_there && r == 0)
		c.doc = make_document(c.m, spec);
	if (c.doc)
		memory_change_read(rt, spec->id, c.doc, a, ret);
	return memory_change_finish(&c, r, err);
}

static int memory_start(struct runtime *rt, const char *id, struct mono deadline, struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, id, &c, err);

	(void)deadline;
	if (r < 0)
		return r;
	if (!c.doc)
		return memory_change_finish(
			&c, error_set(err, ERR_NOT_FOUND, 0, "no such instance"), err);
	if (c.state == INSTANCE_BROKEN)
		return memory_change_finish(
			&c, error_set(err, ERR_CONFLICT, 0, "it was made half and must be removed"),
			err);
	if (c.state != INSTANCE_CREATED)
		return memory_change_finish(&c, RUNTIME_ALREADY, err);
	memory_change_set_state(&c, INSTANCE_RUNNING);
	json_put_i64(c.doc, "started_us", memory_change_now(c.m).us);
	if (memory_change_number(c.doc, "ends_with") >= 0)
		memory_change_set_exited(&c, (int)memory_change_number(c.doc, "ends_with"));
	return memory_change_finish(&c, use_layer(&c, err), err);
}

/* What a program without handlers does not even notice. */
static bool is_harmless(int sig)
{
	return sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH;
}

static int memory_signal(struct runtime *rt, const char *id, int sig, struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, id, &c, err);

	if (r < 0)
		return r;
	if (!c.doc || !memory_change_lives(c.state))
		return memory_change_finish(&c, c.doc ? RUNTIME_GONE : RUNTIME_ABSENT, err);
	if (c.state == INSTANCE_PAUSED)
		memory_change_set_state(&c, INSTANCE_RUNNING);
	if (sig == SIGKILL || (!is_harmless(sig) && !memory_change_number(c.doc, "is_deaf")))
		memory_change_set_exited(&c, 128 + sig);
	return memory_change_finish(&c, 0, err);
}

static int memory_remove(struct runtime *rt, const char *id, struct mono deadline,
			 struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, id, &c, err);

	(void)deadline;
	if (r < 0)
		return r;
	if (!c.doc)
		return memory_change_finish(&c, RUNTIME_ABSENT, err);
	if (memory_change_lives(c.state))
		return memory_change_finish(
			&c, error_set(err, ERR_CONFLICT, 0, "its process lives"), err);
	json_object_put(TAKE(c.doc));
	return memory_change_finish(&c, 0, err);
}

static int echo(const struct runtime_exec *x, struct error *err)
{
	int r = 0;

	for (size_t w = 1; r == 0 && x->argv[w] && x->fds[1] >= 0; w++) {
		const char *after = x->argv[w + 1] ? " " : "\n";

		r = fs_write_all(x->fds[1], x->argv[w], strlen(x->argv[w]), err);
		if (r == 0)
			r = fs_write_all(x->fds[1], after, 1, err);
	}
	return r;
}

static int run_modelled(const struct runtime_exec *x, int *ret_code, struct error *err)
{
	static const struct {
		const char *name;
		int code;
	} programs[] = { { "true", 0 }, { "false", 1 }, { "echo", 0 }, { "sh", 0 } };
	const char *name = x->argv[0];
	const char *last = name;
	uint64_t code;

	for (size_t w = 1; x->argv[w]; w++)
		last = x->argv[w];
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(name, programs[i].name) != 0)
			continue;
		*ret_code = programs[i].code;
		if (strcmp(name, "sh") == 0 && is_exit(last, &code))
			*ret_code = (int)code;
		return strcmp(name, "echo") == 0 ? echo(x, err) : 0;
	}
	return error_set(err, ERR_NOT_FOUND, 0, "no program '%s' in it", name);
}

static int memory_exec(struct runtime *rt, const struct runtime_exec *x, int *ret_code,
		       struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, x->id, &c, err);

	if (r < 0)
		return r;
	memory_world_leave(c.m->world);
	if (!c.doc || c.state != INSTANCE_RUNNING)
		return error_set(err, ERR_NOT_FOUND, 0, "it is not running");
	return run_modelled(x, ret_code, err);
}

static int memory_update(struct runtime *rt, const struct instance_spec *spec, struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, spec->id, &c, err);

	if (r < 0)
		return r;
	if (!c.doc || !memory_change_lives(c.state))
		return memory_change_finish(
			&c, error_set(err, ERR_NOT_FOUND, 0, "it does not live"), err);
	if (c.state == INSTANCE_PAUSED)
		memory_change_set_state(&c, INSTANCE_RUNNING);
	json_object_object_del(c.doc, "altered");
	return memory_change_finish(&c, 0, err);
}

static int memory_stats(struct runtime *rt, const char *id, struct runtime_stats *ret,
			struct error *err)
{
	struct memory_change c CLEAN(memory_change) = { 0 };
	int r = memory_change_begin(rt, id, &c, err);

	if (r < 0)
		return r;
	memory_world_leave(c.m->world);
	if (!c.doc)
		return RUNTIME_ABSENT;
	*ret = (struct runtime_stats){ .n_processes = memory_change_lives(c.state) };
	return 0;
}

static void memory_close(struct runtime *rt)
{
	memory_world_close(memory_change_world_of(rt)->world);
	free(rt);
}

static const struct runtime_ops memory_ops = {
	.name = "memory",
	.probe = memory_probe,
	.stage = memory_stage,
	.list = memory_list,
	.inspect = memory_inspect,
	.create = memory_create,
	.start = memory_start,
	.signal = memory_signal,
	.remove = memory_remove,
	.exec = memory_exec,
	.update = memory_update,
	.stats = memory_stats,
	.close = memory_close,
};

/* The boot of the last one who was here, unless this is another: then all have ended. */
static int enter_boot(struct runtime_memory *m, struct error *err)
{
	char boot_id[PROCESS_BOOT_ID_SIZE];
	int r = process_boot_id(boot_id, err);

	return r < 0 ? r : runtime_memory_reboot(&m->base, boot_id, err);
}

int runtime_memory_open(const char *path, const struct runtime_sink *sink, struct runtime **ret,
			struct error *err)
{
	struct runtime_memory *m = xcalloc(1, sizeof(*m));
	struct runtime *rt CLEAN(runtime) = &m->base;
	int r;

	m->base = (struct runtime){ .ops = &memory_ops,
				    .name = "memory",
				    .leftovers = &memory_leftovers,
				    .caps = RUNTIME_CAP_UPDATE | RUNTIME_CAP_EXEC |
					    RUNTIME_CAP_STATS | RUNTIME_CAP_LINUX |
					    RUNTIME_CAP_WINDOWS | RUNTIME_CAP_MODEL };
	if (sink)
		m->sink = *sink;
	r = memory_world_open(path, &m->world, err);
	if (r == 0)
		r = enter_boot(m, err);
	if (r < 0)
		return error_wrap(err, r, "memory runtime");
	*ret = TAKE(rt);
	return 0;
}
