/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What upstream takes and then cannot run, or runs in another way than the file
 * says. Each rule has a code of its own; the list is closed (FORMAT.md).
 */
#include "specs/validate_strict.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "specs/reference.h"

/* [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])? */
static bool is_service_name(const char *s)
{
	size_t n = strlen(s);
	if (n < 1 || n > LIMIT_SERVICE_NAME || s[0] == '-' || s[n - 1] == '-')
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static void check_name(const struct validate *v, const struct service *s)
{
	if (!is_service_name(s->name))
		validate_complain(v, FINDING_SERVICE_NAME, validate_path(v, "services.%s", s->name),
				  "1 to 63 of a-z, 0-9 and inner dashes",
				  "invalid service name '%s'", s->name);
}

static void check_depends(const struct validate *v, const struct service *s)
{
	for (size_t i = 0; i < s->depends.n; i++) {
		const char *on = s->depends.items[i].service;
		if (!on)
			continue;
		if (strcmp(on, s->name) == 0)
			validate_complain(
				v, FINDING_DEPENDS_SELF,
				validate_path(v, "services.%s.depends[%zu].service", s->name, i),
				NULL, "service '%s' depends on itself", on);
		else if (!spec_find_service(v->deployment, on))
			validate_complain(
				v, FINDING_DEPENDS_UNKNOWN,
				validate_path(v, "services.%s.depends[%zu].service", s->name, i),
				"the name of a service in this file is needed",
				"unknown service '%s'", on);
	}
}

struct named {
	const char *name;
	size_t index;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a;
	const struct named *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* Complains about each name in @names that was there before; names may be NULL. */
static void check_unique(const struct validate *v, enum finding_code code, struct named *names,
			 size_t n, const char *path)
{
	size_t n_set = 0;
	for (size_t i = 0; i < n; i++)
		if (names[i].name)
			names[n_set++] = names[i];
	qsort(names, n_set, sizeof(*names), compare_named);
	for (size_t i = 1; i < n_set; i++)
		if (strcmp(names[i].name, names[i - 1].name) == 0)
			validate_complain(v, code,
					  validate_path(v, "%s[%zu]", path, names[i].index), NULL,
					  "'%s' is the name of an earlier one too", names[i].name);
}

static void check_names(const struct validate *v, const struct service *s)
{
	struct arena *arena = v->findings->arena;
	struct named *names = arena_array(arena, s->endpoints.n + 1, sizeof(*names));
	for (size_t i = 0; i < s->endpoints.n; i++)
		names[i] = (struct named){ s->endpoints.items[i].name, i };
	check_unique(v, FINDING_ENDPOINT_TWICE, names, s->endpoints.n,
		     validate_path(v, "services.%s.endpoints", s->name));
	names = arena_array(arena, s->replica_groups.n + 1, sizeof(*names));
	for (size_t i = 0; i < s->replica_groups.n; i++)
		names[i] = (struct named){ s->replica_groups.items[i].role, i };
	check_unique(v, FINDING_ROLE_TWICE, names, s->replica_groups.n,
		     validate_path(v, "services.%s.replica_groups", s->name));
}

static bool is_drive(const char *s)
{
	return ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z')) && s[1] == ':';
}

static bool is_absolute(const char *target, bool is_windows)
{
	if (is_windows && (is_drive(target) || strncmp(target, "\\\\", 2) == 0))
		return true;
	return *target == '/';
}

static bool has_dotdot(const char *target, bool is_windows)
{
	const char *separators = is_windows ? "/\\" : "/";
	for (;;) {
		size_t n = strcspn(target, separators);
		if (n == 2 && strncmp(target, "..", 2) == 0)
			return true;
		if (!target[n])
			return false;
		target += n + 1;
	}
}

static void check_storage(const struct validate *v, const struct service *s)
{
	bool is_windows = s->platform && s->platform->os == OS_WINDOWS;
	for (size_t i = 0; i < s->storage.n; i++) {
		const char *target = s->storage.items[i].target;
		if (!target)
			continue;
		if (!is_absolute(target, is_windows))
			validate_complain(
				v, FINDING_TARGET_RELATIVE,
				validate_path(v, "services.%s.storage[%zu].target", s->name, i),
				is_windows ? "begin with / or a drive letter" : "begin with /",
				"target '%s' is not an absolute path", target);
		if (has_dotdot(target, is_windows))
			validate_complain(
				v, FINDING_TARGET_ESCAPES,
				validate_path(v, "services.%s.storage[%zu].target", s->name, i),
				NULL, "target '%s' contains '..'", target);
	}
}

static void check_secrets(const struct validate *v, const char *at, const struct pairs *env)
{
	struct reference r;
	for (size_t i = 0; i < env->n; i++) {
		const char *value = env->items[i].value;
		if (!value || reference_parse(value, v->findings->arena, &r) == 0)
			continue;
		validate_complain(v, FINDING_SECRET_REFERENCE,
				  validate_path(v, "%s.%s", at, env->items[i].key),
				  "$S:NAME, $S:NAME/FIELD, $S:@SERVICE/NAME or $S:PROJECT:ENV/NAME",
				  "malformed secret reference '%s'", value);
	}
}

static void check_env(const struct validate *v, const struct service *s)
{
	check_secrets(v, validate_path(v, "services.%s.env", s->name), &s->env);
	for (size_t i = 0; i < s->replica_groups.n; i++)
		check_secrets(v,
			      validate_path(v, "services.%s.replica_groups[%zu].env", s->name, i),
			      &s->replica_groups.items[i].env);
}

/* ---- host ports, across the deployment ---- */

struct host_port {
	const struct port_mapping *mapping;
	const struct service *service;
	size_t index;
	size_t order;
};

static int compare_place(const struct port_mapping *a, const struct port_mapping *b)
{
	if (a->host_port.value != b->host_port.value)
		return a->host_port.value < b->host_port.value ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return strcmp(a->host_ip, b->host_ip);
}

static int compare_ports(const void *a, const void *b)
{
	const struct host_port *x = a;
	const struct host_port *y = b;
	int order = compare_place(x->mapping, y->mapping);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void check_ports(const struct validate *v)
{
	struct host_port *ports = NULL;
	size_t n = 0;
	for (size_t i = 0; i < v->deployment->services.n; i++) {
		const struct service *s = &v->deployment->services.items[i];
		for (size_t j = 0; j < s->port_mappings.n; j++) {
			const struct port_mapping *m = &s->port_mappings.items[j];
			if (m->host_port.value == 0 || !m->host_ip)
				continue;
			ports = arena_grow(v->findings->arena, ports, n, sizeof(*ports));
			ports[n] = (struct host_port){ m, s, j, n };
			n++;
		}
	}
	if (n > 0)
		qsort(ports, n, sizeof(*ports), compare_ports);
	for (size_t i = 1; i < n; i++) {
		const struct host_port *p = &ports[i];
		if (compare_place(p->mapping, ports[i - 1].mapping) != 0)
			continue;
		validate_complain(v, FINDING_HOST_PORT_TWICE,
				  validate_path(v, "services.%s.port_mappings[%zu].host_port",
						p->service->name, p->index),
				  NULL, "%s:%lld/%s is taken by service '%s'", p->mapping->host_ip,
				  (long long)p->mapping->host_port.value,
				  spec_enum_name(&spec_enum_transport, (int)p->mapping->protocol),
				  ports[i - 1].service->name);
	}
}

/* ---- cycles ---- */

enum visit { VISIT_NEW, VISIT_OPEN, VISIT_DONE };

struct frame {
	size_t service;
	size_t next; /* dependency to look at */
};

/* frames[from..n] is a circle: "a -> b -> a". */
static void complain_cycle(const struct validate *v, const struct frame *frames, size_t from,
			   size_t n)
{
	const struct services *all = &v->deployment->services;
	struct buf text CLEAN(buf) = BUF_INIT(400);
	for (size_t i = from; i < n; i++)
		buf_printf(&text, "%s -> ", all->items[frames[i].service].name);
	const char *first = all->items[frames[from].service].name;
	buf_puts(&text, text.overflow ? "..." : first);
	const struct frame *last = &frames[n - 1];
	validate_complain(v, FINDING_CYCLE,
			  validate_path(v, "services.%s.depends[%zu]",
					all->items[last->service].name, last->next - 1),
			  NULL, "services depend on each other: %s", text.data);
}

/* One step of a depth-first search without recursion: a chain may have every service in it. */
static size_t visit_next(const struct validate *v, struct frame *frames, size_t n,
			 unsigned char *visits)
{
	const struct services *all = &v->deployment->services;
	struct frame *top = &frames[n - 1];
	const struct service *s = &all->items[top->service];
	if (top->next == s->depends.n) {
		visits[top->service] = VISIT_DONE;
		return n - 1;
	}
	const char *on = s->depends.items[top->next++].service;
	const struct service *to = on ? spec_find_service(v->deployment, on) : NULL;
	if (!to || to == s)
		return n; /* complained about elsewhere */
	size_t index = (size_t)(to - all->items);
	if (visits[index] == VISIT_NEW) {
		visits[index] = VISIT_OPEN;
		frames[n] = (struct frame){ index, 0 };
		return n + 1;
	}
	if (visits[index] == VISIT_OPEN && v->findings->n_errors < LIMIT_FINDINGS) {
		size_t from = n - 1;
		while (frames[from].service != index)
			from--;
		complain_cycle(v, frames, from, n);
	}
	return n;
}

static void check_cycles(const struct validate *v)
{
	size_t n_services = v->deployment->services.n;
	struct arena *arena = v->findings->arena;
	unsigned char *visits = arena_alloc(arena, n_services + 1);
	struct frame *frames = arena_array(arena, n_services + 1, sizeof(*frames));
	for (size_t i = 0; i < n_services; i++) {
		if (visits[i] != VISIT_NEW)
			continue;
		visits[i] = VISIT_OPEN;
		frames[0] = (struct frame){ i, 0 };
		for (size_t n = 1; n > 0;)
			n = visit_next(v, frames, n, visits);
	}
}

void validate_strict_deployment(const struct validate *v)
{
	for (size_t i = 0; i < v->deployment->services.n; i++) {
		const struct service *s = &v->deployment->services.items[i];
		check_name(v, s);
		check_depends(v, s);
		check_names(v, s);
		check_storage(v, s);
		check_env(v, s);
	}
	check_ports(v);
	check_cycles(v);
}
