/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for the cgroup and the list of devices a container may use, as docker sets them. */
#include "backends/oci_resources.h"

#include <string.h>

#include "specs/memory.h"

/* Below it the programs themselves do not live long enough to start anything (measured: youki and
 * crun end in ways that name no limit, runc names it up to 4Mi). */
#define MEMORY_MIN (UINT64_C(2) << 20)

/* Docker's list; -1 is any number. A service's own devices come after it. */
static const struct allowed {
	char type;
	int major, minor;
	const char *access;
} allowed[] = {
	{ 'c', -1, -1, "m" }, { 'b', -1, -1, "m" }, { 'c', 1, 3, "rwm" },    { 'c', 1, 5, "rwm" },
	{ 'c', 1, 7, "rwm" }, { 'c', 1, 8, "rwm" }, { 'c', 1, 9, "rwm" },    { 'c', 5, 0, "rwm" },
	{ 'c', 5, 1, "rwm" }, { 'c', 5, 2, "rwm" }, { 'c', 136, -1, "rwm" },
};

static int read_size(const char *field, const char *text, uint64_t *ret, bool *ret_has,
		     struct error *err)
{
	*ret_has = text != NULL;
	if (text && (!memory_parse_lax(text, ret) || *ret == 0 || *ret > INT64_MAX))
		return error_set(err, ERR_INVALID, 0, "resources.%s: %s is no size", field, text);
	return 0;
}

/* Docker's rules: the sum of memory and swap; "-1" is unlimited; not given it is twice the
 * memory. */
static int read_swap(const struct resources_spec *r, const struct oci_facts *f,
		     struct oci_limits *l, struct error *err)
{
	uint64_t bytes = 0;
	int e;

	if (r->memory_swap && !l->has_memory)
		return error_set(err, ERR_INVALID, 0, "resources.memory_swap needs memory");
	if (!l->has_memory || !f->has_swap)
		return 0;
	if (r->memory_swap && strcmp(r->memory_swap, "-1") == 0) {
		l->has_swap = true;
		l->swap = -1;
		return 0;
	}
	e = read_size("memory_swap", r->memory_swap, &bytes, &l->has_swap, err);
	if (e < 0)
		return e;
	if (l->has_swap && bytes < l->memory)
		return error_set(err, ERR_INVALID, 0, "resources.memory_swap is below memory");
	l->swap = l->has_swap                 ? (int64_t)bytes
		  : l->memory > INT64_MAX / 2 ? -1
					      : (int64_t)l->memory * 2;
	l->has_swap = true;
	return 0;
}

/* Processors as the kernel lists them: "0-2,4". Whether the host has them it says itself. */
static int check_cpuset(const char *text, struct error *err)
{
	static const char digits[] = "0123456789";
	const char *p = text;

	while (p && *p) {
		size_t n = strspn(p, digits);

		p += n;
		if (n && *p == '-') {
			n = strspn(p + 1, digits);
			p += 1 + n;
		}
		if (!n || (*p && *p != ',') || (*p && !p[1]))
			return error_set(err, ERR_INVALID, 0,
					 "resources.cpuset: %s is no list like 0-2,4", text);
		p += *p == ',';
	}
	return 0;
}

static int read_memory(const struct resources_spec *r, const struct oci_facts *f,
		       struct oci_limits *l, struct error *err)
{
	int e = read_size("memory", r->memory, &l->memory, &l->has_memory, err);

	if (e == 0 && l->has_memory && l->memory < MEMORY_MIN)
		return error_set(err, ERR_INVALID, 0,
				 "resources.memory: no container starts with %s; the least is 2Mi",
				 r->memory);
	if (e == 0)
		e = read_size("memory_reservation", r->memory_reservation, &l->reservation,
			      &l->has_reservation, err);
	if (e == 0)
		e = read_swap(r, f, l, err);
	if (e < 0)
		return e;
	if (r->memory_swappiness.has && r->memory_swappiness.value > 100)
		return error_set(err, ERR_INVALID, 0, "resources.memory_swappiness is above 100");
	/* v2 has neither of these two. */
	l->has_swappiness = r->memory_swappiness.has && !f->cgroup_v2;
	l->swappiness = (uint64_t)r->memory_swappiness.value;
	l->has_oom_kill_disable = r->oom_kill_disable.has && !f->cgroup_v2;
	l->oom_kill_disable = r->oom_kill_disable.value;
	return 0;
}

int oci_resources_limits(const struct resources_spec *r, const struct oci_facts *f,
			 struct oci_limits *ret, struct error *err)
{
	struct oci_limits l = { .cpuset = r->cpuset && *r->cpuset ? r->cpuset : NULL };
	int e = read_memory(r, f, &l, err);

	if (e == 0)
		e = check_cpuset(l.cpuset, err);
	if (e < 0)
		return e;
	if (r->cpu.has && (r->cpu.value <= 0 || r->cpu.value > 100000))
		return error_set(err, ERR_INVALID, 0, "resources.cpu: out of range");
	if (r->cpu.has) {
		l.cpu_quota = (int64_t)(r->cpu.value * OCI_CPU_PERIOD);
		l.cpu_quota = l.cpu_quota < 1000 ? 1000 : l.cpu_quota; /* the kernel's least */
	}
	l.cpu_shares = r->cpu_shares.has ? r->cpu_shares.value : 0;
	l.pids = r->pids_limit.has && r->pids_limit.value > 0 ? r->pids_limit.value : 0;
	l.blkio_weight = r->blkio_weight.has ? r->blkio_weight.value : 0;
	if (l.blkio_weight && (l.blkio_weight < 10 || l.blkio_weight > 1000))
		return error_set(err, ERR_INVALID, 0,
				 "resources.blkio_weight: %lld is not from 10 to 1000",
				 (long long)l.blkio_weight);
	*ret = l;
	return 0;
}

static struct json_object *memory_part(const struct oci_limits *l)
{
	struct json_object *o = json_object_new_object();

	if (l->has_memory)
		json_put_i64(o, "limit", (int64_t)l->memory);
	if (l->has_reservation)
		json_put_i64(o, "reservation", (int64_t)l->reservation);
	if (l->has_swap)
		json_put_i64(o, "swap", l->swap);
	if (l->has_swappiness)
		json_put_i64(o, "swappiness", (int64_t)l->swappiness);
	if (l->has_oom_kill_disable)
		json_put_bool(o, "disableOOMKiller", l->oom_kill_disable);
	return o;
}

static struct json_object *cpu_part(const struct oci_limits *l)
{
	struct json_object *o = json_object_new_object();

	if (l->cpu_quota) {
		json_put_i64(o, "quota", l->cpu_quota);
		json_put_i64(o, "period", OCI_CPU_PERIOD);
	}
	if (l->cpu_shares)
		json_put_i64(o, "shares", l->cpu_shares);
	if (l->cpuset)
		json_put_str(o, "cpus", l->cpuset);
	return o;
}

/* An empty part says nothing and is left out. */
static void put_part(struct json_object *o, const char *name, struct json_object *part)
{
	if (json_object_object_length(part))
		json_put_obj(o, name, part);
	else
		json_object_put(part);
}

static void allow(struct json_object *list, char type, int64_t major, int64_t minor,
		  const char *access)
{
	struct json_object *o = json_object_new_object();
	const char text[2] = { type, '\0' };

	json_put_bool(o, "allow", true);
	if (type)
		json_put_str(o, "type", text);
	if (major >= 0)
		json_put_i64(o, "major", major);
	if (minor >= 0)
		json_put_i64(o, "minor", minor);
	json_put_str(o, "access", access);
	json_object_array_add(list, o);
}

static struct json_object *device_rules(const struct oci_bundle *b)
{
	struct json_object *list = json_object_new_array();
	struct json_object *deny;

	if (b->spec->service->privileged) {
		allow(list, 'a', -1, -1, "rwm");
		return list;
	}
	deny = json_object_new_object();
	json_put_bool(deny, "allow", false);
	json_put_str(deny, "access", "rwm");
	json_object_array_add(list, deny);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		allow(list, allowed[i].type, allowed[i].major, allowed[i].minor, allowed[i].access);
	for (size_t i = 0; i < b->n_devices; i++)
		allow(list, b->devices[i].type, b->devices[i].major, b->devices[i].minor,
		      b->devices[i].access);
	return list;
}

int oci_resources_build(const struct oci_bundle *b, struct json_object **ret, struct error *err)
{
	struct oci_limits l;
	struct json_object *o, *part;
	int r = oci_resources_limits(&b->spec->service->resources, b->facts, &l, err);

	if (r < 0)
		return r;
	o = json_object_new_object();
	json_put_obj(o, "devices", device_rules(b));
	put_part(o, "memory", memory_part(&l));
	put_part(o, "cpu", cpu_part(&l));
	part = json_object_new_object();
	if (l.pids)
		json_put_i64(part, "limit", l.pids);
	put_part(o, "pids", part);
	*ret = o;
	return 0;
}

struct json_object *oci_resources_devices(const struct oci_bundle *b)
{
	struct json_object *list;

	if (!b->n_devices)
		return NULL;
	list = json_object_new_array();
	for (size_t i = 0; i < b->n_devices; i++) {
		const struct oci_device *d = &b->devices[i];
		struct json_object *o = json_object_new_object();
		const char type[2] = { d->type, '\0' };

		json_put_str(o, "path", d->path);
		json_put_str(o, "type", type);
		json_put_i64(o, "major", d->major);
		json_put_i64(o, "minor", d->minor);
		json_put_i64(o, "fileMode", d->mode & 07777);
		json_put_i64(o, "uid", d->uid);
		json_put_i64(o, "gid", d->gid);
		json_object_array_add(list, o);
	}
	return list;
}
