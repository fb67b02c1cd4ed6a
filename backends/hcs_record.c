/* SPDX-License-Identifier: Apache-2.0 */
/* The members of the record and of the note, and nothing else. */
#include "backends/hcs_record.h"

#define MEMBER(name, optional) INSTANCE_MEMBER(struct hcs_record, name, optional)

static const struct instance_member members[] = {
	MEMBER(id, false),         MEMBER(node_id, false), MEMBER(owner, false),
	MEMBER(deployment, false), MEMBER(service, false), MEMBER(config_hash, true),
	MEMBER(image, true),       MEMBER(digest, true),   MEMBER(address, true),
	MEMBER(slice, true),       MEMBER(endpoint, true), MEMBER(space, true),
	MEMBER(vm, true),          MEMBER(boot_id, false), MEMBER(log_path, true),
	MEMBER(layer, true),
};

enum { N_MEMBERS = sizeof(members) / sizeof(members[0]) };

static void put_limits(struct json_object *o, const struct hcs_limits *l)
{
	json_put_i64(o, "memory_mb", l->memory_mb);
	json_put_i64(o, "processor_count", l->processor_count);
	json_put_i64(o, "processor_maximum", l->processor_maximum);
	json_put_i64(o, "processor_weight", l->processor_weight);
}

static int get_limits(struct json_object *o, struct hcs_limits *ret, struct error *err)
{
	int r = json_need_i64(o, "memory_mb", &ret->memory_mb, err);

	r = r < 0 ? r : json_need_i64(o, "processor_count", &ret->processor_count, err);
	r = r < 0 ? r : json_need_i64(o, "processor_maximum", &ret->processor_maximum, err);
	return r < 0 ? r : json_need_i64(o, "processor_weight", &ret->processor_weight, err);
}

static int get_machine(struct json_object *o, struct hcs_record *ret, struct error *err)
{
	int r = json_get_i64(o, "vm_memory_mb", &ret->vm_memory_mb, err);

	return r < 0 ? r : json_get_i64(o, "vm_processors", &ret->vm_processors, err);
}

int hcs_record_save(const char *dir, const struct hcs_record *rec, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();

	json_put_i64(o, "version", 1);
	instance_file_put(members, N_MEMBERS, rec, o);
	json_put_i64(o, "slot", rec->slot);
	json_put_i64(o, "generation", (int64_t)rec->generation);
	json_put_i64(o, "created_us", rec->created.us);
	instance_file_put_end(&rec->own_end, o);
	json_put_i64(o, "log_max_bytes", rec->log_max_bytes);
	json_put_i64(o, "log_keep_s", rec->log_keep_s);
	put_limits(o, &rec->limits);
	if (rec->vm) {
		json_put_i64(o, "vm_memory_mb", rec->vm_memory_mb);
		json_put_i64(o, "vm_processors", rec->vm_processors);
	}
	return instance_file_save(dir, INSTANCE_FILE, o, err);
}

int hcs_record_load(const char *dir, struct arena *a, struct hcs_record *ret, struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct hcs_record rec = { 0 };
	int r = instance_file_load(dir, INSTANCE_FILE, &o, err);

	if (r < 0)
		return r;
	r = instance_file_get(members, N_MEMBERS, o, a, &rec, err);
	r = r < 0 ? r : instance_file_numbers(o, &rec.slot, &rec.generation, &rec.created, err);
	r = r < 0 ? r : get_limits(o, &rec.limits, err);
	r = r < 0 ? r : instance_file_get_end(o, &rec.own_end, err);
	r = r < 0 ? r : json_get_i64(o, "log_max_bytes", &rec.log_max_bytes, err);
	r = r < 0 ? r : json_get_i64(o, "log_keep_s", &rec.log_keep_s, err);
	r = r < 0 ? r : get_machine(o, &rec, err);
	if (r < 0)
		return instance_file_corrupt(dir, INSTANCE_FILE, err);
	*ret = rec;
	return 0;
}

#define COMMAND(name, optional) INSTANCE_MEMBER(struct hcs_process, name, optional)

static const struct instance_member command_members[] = {
	COMMAND(command_line, false),
	COMMAND(application, true),
	COMMAND(workdir, true),
	COMMAND(user, true),
};

enum { N_COMMAND_MEMBERS = sizeof(command_members) / sizeof(command_members[0]) };

int hcs_record_save_command(const char *dir, const struct hcs_process *p, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *env = json_object_new_object();

	instance_file_put(command_members, N_COMMAND_MEMBERS, p, o);
	for (size_t i = 0; i < p->n_env; i++)
		json_put_str(env, p->env[i].name, p->env[i].value);
	json_put_obj(o, "env", env);
	return instance_file_save(dir, "command", o, err);
}

static int get_env(struct json_object *o, struct arena *a, struct hcs_process *ret,
		   struct error *err)
{
	struct json_object *env = NULL;
	struct env_var *vars;
	size_t n = 0;
	int r = json_get_obj(o, "env", &env, err);

	if (r)
		return r < 0 ? r : 0;
	vars = arena_array(a, (size_t)json_object_object_length(env), sizeof(*vars));
	json_object_object_foreach (env, key, value) {
		if (!json_object_is_type(value, json_type_string))
			return error_set(err, ERR_CORRUPT, 0, "env %s is not text", key);
		vars[n++] = (struct env_var){ arena_strdup(a, key),
					      arena_strdup(a, json_object_get_string(value)) };
	}
	ret->env = vars;
	ret->n_env = n;
	return 0;
}

int hcs_record_load_command(const char *dir, struct arena *a, struct hcs_process *ret,
			    struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct hcs_process p = { .with_stdout = true, .with_stderr = true };
	int r = instance_file_load(dir, "command", &o, err);

	if (r < 0)
		return r;
	r = instance_file_get(command_members, N_COMMAND_MEMBERS, o, a, &p, err);
	r = r < 0 ? r : get_env(o, a, &p, err);
	if (r < 0)
		return instance_file_corrupt(dir, "command", err);
	*ret = p;
	return 0;
}

int hcs_record_save_process(const char *dir, const struct hcs_process_note *note, struct error *err)
{
	struct json_object *o CLEAN(json) = json_object_new_object();

	json_put_str(o, "runtime_id", note->runtime_id);
	json_put_i64(o, "pid", note->pid);
	json_put_i64(o, "started_us", note->started.us);
	return instance_file_save(dir, "process", o, err);
}

int hcs_record_load_process(const char *dir, struct arena *a, struct hcs_process_note *ret,
			    struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct hcs_process_note note = { 0 };
	const char *runtime_id = NULL;
	int64_t pid = 0;
	int r = instance_file_load(dir, "process", &o, err);

	if (r < 0)
		return r;
	r = json_need_str(o, "runtime_id", &runtime_id, err);
	r = r < 0 ? r : json_need_i64(o, "pid", &pid, err);
	r = r < 0 ? r : json_need_i64(o, "started_us", &note.started.us, err);
	if (r < 0 || pid < 0 || pid > UINT32_MAX)
		return instance_file_corrupt(dir, "process", err);
	note.runtime_id = arena_strdup(a, runtime_id);
	note.pid = (uint32_t)pid;
	*ret = note;
	return 0;
}
