/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts config.json together: namespaces, paths, sysctls and annotations here, the
 * larger parts in oci_process, oci_mounts, oci_resources and oci_seccomp. Reads and
 * writes nothing.
 */
#include "backends/oci_bundle.h"

#include <string.h>

#include "backends/oci_caps.h"
#include "backends/oci_mounts.h"
#include "backends/oci_process.h"
#include "backends/oci_resources.h"
#include "backends/oci_seccomp.h"
#include "base/digest.h"

enum { HOSTNAME_MAX = 63, HASH_TAIL = 8 };

/* As docker has them. */
static const char *const masked_paths[] = {
	"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
	"/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap",
};
static const char *const readonly_paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
					      "/proc/sysrq-trigger" };

/* Sysctls that belong to a namespace; a name that ends with '.' stands for all below it. */
enum owner_ns { NS_IPC, NS_NET };
static const struct {
	const char *name;
	enum owner_ns ns;
} sysctls[] = {
	{ "kernel.msgmax", NS_IPC }, { "kernel.msgmnb", NS_IPC },
	{ "kernel.msgmni", NS_IPC }, { "kernel.sem", NS_IPC },
	{ "kernel.shmall", NS_IPC }, { "kernel.shmmax", NS_IPC },
	{ "kernel.shmmni", NS_IPC }, { "kernel.shm_rmid_forced", NS_IPC },
	{ "fs.mqueue.", NS_IPC },    { "net.", NS_NET },
};

const char *oci_bundle_hostname(const struct instance_spec *spec, struct arena *a)
{
	const char *slot = arena_printf(a, "%s-rep-%u", spec->service_name, spec->slot);
	uint8_t sum[DIGEST_BYTES];
	char hex[DIGEST_HEX_SIZE];

	if (spec->service->hostname)
		return spec->service->hostname;
	if (strlen(slot) <= HOSTNAME_MAX)
		return slot;
	digest_sha256(slot, strlen(slot), sum);
	return arena_printf(a, "%.*s-%.*s", HOSTNAME_MAX - HASH_TAIL - 1, slot, HASH_TAIL,
			    digest_hex(sum, hex));
}

static bool is_word(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* A namespace mode that is not "host" or the container's own needs another container. */
static int check_mode(const char *field, const char *mode, struct error *err)
{
	static const char *const own[] = { "", "host", "private", "shareable" };

	for (size_t i = 0; mode && i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(mode, own[i]) == 0)
			return 0;
	return mode ? error_set(err, ERR_UNSUPPORTED, 0, "%s: %s is not possible here", field, mode)
		    : 0;
}

static int check_modes(const struct service *s, struct error *err)
{
	int r = check_mode("pid_mode", s->pid_mode, err);

	r = r < 0 ? r : check_mode("ipc_mode", s->ipc_mode, err);
	r = r < 0 ? r : check_mode("userns_mode", s->userns_mode, err);
	if (r < 0)
		return r;
	if (is_word(s->userns_mode, "private"))
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "userns_mode: private is not possible here");
	if (s->network_mode.kind == NETWORK_CONTAINER ||
	    (s->network_mode.kind == NETWORK_BRIDGE && s->network_mode.name))
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "network_mode: a named bridge or container is not possible here");
	return 0;
}

static void add_namespace(struct json_object *list, const char *type)
{
	struct json_object *o = json_object_new_object();

	json_put_str(o, "type", type);
	json_object_array_add(list, o);
}

static struct json_object *build_namespaces(const struct oci_bundle *b)
{
	const struct service *s = b->spec->service;
	struct json_object *list = json_object_new_array();

	if (!is_word(s->pid_mode, "host"))
		add_namespace(list, "pid");
	if (!is_word(s->ipc_mode, "host"))
		add_namespace(list, "ipc");
	add_namespace(list, "uts");
	add_namespace(list, "mount");
	if (s->network_mode.kind != NETWORK_HOST)
		add_namespace(list, "network");
	/* As docker: with v1 the host's hierarchy is seen, with v2 an own one. */
	if (b->facts->cgroup_v2 && !s->privileged)
		add_namespace(list, "cgroup");
	return list;
}

static int check_sysctl(const struct service *s, const char *name, struct error *err)
{
	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		size_t n = strlen(sysctls[i].name);
		bool all = sysctls[i].name[n - 1] == '.';
		bool host = sysctls[i].ns == NS_IPC ? is_word(s->ipc_mode, "host")
						    : s->network_mode.kind == NETWORK_HOST;

		if (strncmp(name, sysctls[i].name, n) != 0 || (!all && name[n]))
			continue;
		if (host)
			return error_set(err, ERR_INVALID, 0,
					 "sysctls: %s would change the host's %s namespace", name,
					 sysctls[i].ns == NS_IPC ? "ipc" : "network");
		return 0;
	}
	return error_set(err, ERR_INVALID, 0, "sysctls: %s is not in a namespace of a container",
			 name);
}

static int put_sysctls(const struct service *s, struct json_object *o, struct error *err)
{
	struct json_object *map CLEAN(json) = json_object_new_object();

	for (size_t i = 0; i < s->sysctls.n; i++) {
		int r = check_sysctl(s, s->sysctls.items[i].key, err);

		if (r < 0)
			return r;
		json_put_str(map, s->sysctls.items[i].key, s->sysctls.items[i].value);
	}
	if (s->sysctls.n)
		json_put_obj(o, "sysctl", TAKE(map));
	return 0;
}

enum { SECCOMP_DOCKER = 1, PATHS_DOCKER = 2 };

/* What security_opt leaves of docker's protection. */
static int read_security(const struct service *s, unsigned *ret, struct error *err)
{
	static const char *const harmless[] = {
		"no-new-privileges",       "no-new-privileges:true",  "no-new-privileges=true",
		"no-new-privileges:false", "no-new-privileges=false", "apparmor=unconfined",
		"apparmor:unconfined",     "label=disable",           "label:disable",
		"seccomp=builtin"
	};
	unsigned keep = s->privileged ? 0 : SECCOMP_DOCKER | PATHS_DOCKER;

	for (size_t i = 0; i < s->security_opt.n; i++) {
		const char *opt = s->security_opt.items[i];
		bool known = false;

		for (size_t k = 0; k < sizeof(harmless) / sizeof(harmless[0]); k++)
			known |= strcmp(opt, harmless[k]) == 0;
		if (!strcmp(opt, "seccomp=unconfined") || !strcmp(opt, "seccomp:unconfined"))
			keep &= ~(unsigned)SECCOMP_DOCKER;
		else if (!strcmp(opt, "systempaths=unconfined"))
			keep &= ~(unsigned)PATHS_DOCKER;
		else if (!known)
			return error_set(err, ERR_UNSUPPORTED, 0,
					 "security_opt: %s is not possible here", opt);
	}
	*ret = keep;
	return 0;
}

/* Docker's, and what is on this host besides. */
static struct json_object *path_list(const char *const *paths, size_t n, const char *const *more,
				     size_t n_more)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(paths[i]));
	for (size_t i = 0; i < n_more; i++)
		json_object_array_add(list, json_object_new_string(more[i]));
	return list;
}

/* youki mounts the hierarchies of v1 writable below a /sys/fs/cgroup that is not: its own limits
 * would be the container's to lift. */
static void put_paths(const struct oci_facts *f, bool as_docker, struct json_object *o)
{
	size_t n_masked = as_docker ? sizeof(masked_paths) / sizeof(char *) : 0;
	size_t n_readonly = as_docker ? sizeof(readonly_paths) / sizeof(char *) : 0;

	json_put_obj(o, "maskedPaths",
		     path_list(masked_paths, n_masked, f->masked, as_docker ? f->n_masked : 0));
	json_put_obj(o, "readonlyPaths",
		     path_list(readonly_paths, n_readonly, f->hierarchies, f->n_hierarchies));
}

static int build_linux(const struct oci_bundle *b, uint64_t caps, struct json_object *o,
		       struct error *err)
{
	const struct service *s = b->spec->service;
	struct json_object *resources, *devices;
	unsigned keep = 0;
	int r = read_security(s, &keep, err);

	r = r < 0 ? r : put_sysctls(s, o, err);
	r = r < 0 ? r : oci_resources_build(b, &resources, err);
	if (r < 0)
		return r;
	json_put_obj(o, "namespaces", build_namespaces(b));
	json_put_str(o, "cgroupsPath", b->cgroup);
	json_put_obj(o, "resources", resources);
	devices = oci_resources_devices(b);
	if (devices)
		json_put_obj(o, "devices", devices);
	if (keep & SECCOMP_DOCKER)
		json_put_obj(o, "seccomp", oci_seccomp_build(b->facts->arch, caps));
	if (!s->privileged)
		put_paths(b->facts, keep & PATHS_DOCKER, o);
	return 0;
}

/* Labels first: nobody's label can pass for our mark. */
static struct json_object *build_annotations(const struct oci_bundle *b)
{
	const struct service *s = b->spec->service;
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < s->labels.n; i++)
		if (*s->labels.items[i].key)
			json_put_str(o, s->labels.items[i].key, s->labels.items[i].value);
	json_put_str(o, "dev.tallyman.owner", b->spec->owner);
	json_put_str(o, "dev.tallyman.node", b->spec->node_id);
	json_put_str(o, "dev.tallyman.id", b->spec->id);
	return o;
}

int oci_bundle_config(const struct oci_bundle *b, struct arena *a, struct json_object **ret,
		      struct error *err)
{
	const struct service *s = b->spec->service;
	struct json_object *o CLEAN(json) = json_object_new_object();
	struct json_object *process CLEAN(json) = NULL, *mounts CLEAN(json) = NULL;
	struct json_object *root = json_object_new_object();
	struct json_object *lin = json_object_new_object();
	uint64_t caps = 0;
	int r = check_modes(s, err);

	json_put_str(o, "ociVersion", "1.0.2");
	json_put_str(root, "path", "rootfs");
	json_put_bool(root, "readonly", s->read_only_root_fs);
	json_put_obj(o, "root", root);
	json_put_obj(o, "linux", lin);
	r = r < 0 ? r : oci_caps_of(s, b->facts->capabilities, &caps, err);
	r = r < 0 ? r : oci_process_build(b, caps, a, &process, err);
	r = r < 0 ? r : oci_mounts_build(b, a, &mounts, err);
	r = r < 0 ? r : build_linux(b, caps, lin, err);
	if (r < 0)
		return r;
	json_put_obj(o, "process", TAKE(process));
	json_put_obj(o, "mounts", TAKE(mounts));
	json_put_str(o, "hostname", oci_bundle_hostname(b->spec, a));
	json_put_obj(o, "annotations", build_annotations(b));
	*ret = TAKE(o);
	return 0;
}

struct json_object *oci_bundle_exec(struct json_object *config, const char *const *argv,
				    const char *const *env, const char *workdir, bool tty)
{
	struct json_object *process = NULL, *copy = NULL, *args = json_object_new_array();
	struct json_object *list;

	if (json_get_obj(config, "process", &process, NULL) != 0 ||
	    json_object_deep_copy(process, &copy, NULL) < 0)
		copy = json_object_new_object();
	for (size_t i = 0; argv[i]; i++)
		json_object_array_add(args, json_object_new_string(argv[i]));
	json_put_obj(copy, "args", args);
	json_put_bool(copy, "terminal", tty);
	if (workdir)
		json_put_str(copy, "cwd", workdir);
	if (json_get_array(copy, "env", &list, NULL) == 0)
		for (size_t i = 0; env && env[i]; i++)
			oci_process_put_env(list, env[i]);
	return copy;
}
