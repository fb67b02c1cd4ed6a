/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upstream's rules beyond types, in the order its loader has them. It goes on
 * after a finding, which upstream does not.
 */
#include "specs/validate.h"

#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "base/limits.h"
#include "specs/cron.h"
#include "specs/duration.h"
#include "specs/memory.h"
#include "specs/validate_strict.h"
#include "specs/validate_wasm.h"

#define DEPLOYMENT_NAME_MIN 3

/* Did the reader already complain about @path, or about something around it? */
static bool is_shadowed(const struct validate *v, const char *path)
{
	for (size_t i = 0; i < v->n_read; i++) {
		const struct finding *it = &v->findings->items[i];
		size_t n = strlen(it->path);
		if (it->severity != SEVERITY_ERROR || n == 0 || strncmp(it->path, path, n) != 0)
			continue;
		if (it->code == FINDING_UNKNOWN_FIELD || it->code == FINDING_FIELD_TWICE)
			continue;
		const char *rest = path + n;
		bool is_child = *rest == '.' && !strpbrk(rest + 1, ".[");
		if (!*rest || is_child)
			return true;
		if (it->code != FINDING_MISSING_FIELD && (*rest == '.' || *rest == '['))
			return true;
	}
	return false;
}

void validate_complain(const struct validate *v, enum finding_code code, const char *path,
		       const char *hint, const char *fmt, ...)
{
	struct mark mark = { 0, 0 };
	if (is_shadowed(v, path))
		return;
	if (v->root && code == FINDING_SERVICE_NAME)
		mark = node_find_key(v->root, path)->mark;
	else if (v->root)
		mark = node_find(v->root, path)->mark;
	va_list ap;
	va_start(ap, fmt);
	const char *message = arena_vprintf(v->findings->arena, fmt, ap);
	va_end(ap);
	findings_add(v->findings, code, mark, path, hint,
		     findings_message(v->findings, "%s", message));
}

const char *validate_path(const struct validate *v, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *path = arena_vprintf(v->findings->arena, fmt, ap);
	va_end(ap);
	return findings_message(v->findings, "%s", path);
}

static bool is_deployment_name(const char *s)
{
	size_t n = strlen(s);
	if (n < DEPLOYMENT_NAME_MIN || n > LIMIT_DEPLOYMENT_NAME || *s == '-')
		return false;
	for (; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') &&
		    !(*s >= '0' && *s <= '9') && *s != '-')
			return false;
	return true;
}

static void check_top(const struct validate *v)
{
	const struct deployment *d = v->deployment;
	if (d->version && strcmp(d->version, "v1") != 0)
		validate_complain(v, FINDING_VERSION, "version", "write version: v1",
				  "version must be 'v1', found '%s'", d->version);
	if (d->name && !is_deployment_name(d->name))
		validate_complain(v, FINDING_DEPLOYMENT_NAME, "deployment",
				  "3 to 63 letters, digits and dashes, no dash in front",
				  "invalid deployment name '%s'", d->name);
	if (d->services.n > LIMIT_SERVICES)
		validate_complain(v, FINDING_TOO_MANY_SERVICES, "services", NULL,
				  "%zu services; at most %d are possible", d->services.n,
				  LIMIT_SERVICES);
}

static void check_endpoints(const struct validate *v, const char *in, const char *name,
			    const struct endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->n; i++) {
		const struct endpoint_spec *e = &endpoints->items[i];
		if (e->name && !*e->name)
			validate_complain(
				v, FINDING_ENDPOINT_NAME,
				validate_path(v, "%s.%s.endpoints[%zu].name", in, name, i), NULL,
				"endpoint name cannot be empty");
		if (e->port == 0)
			validate_complain(
				v, FINDING_PORT,
				validate_path(v, "%s.%s.endpoints[%zu].port", in, name, i), NULL,
				"port must be between 1 and 65535");
	}
}

static void check_resources(const struct validate *v, const char *at,
			    const struct resources_spec *r)
{
	uint64_t bytes;
	if (r->cpu.has && r->cpu.value <= 0)
		validate_complain(v, FINDING_CPU, validate_path(v, "%s.cpu", at), NULL,
				  "CPU limit must be > 0, found %g", r->cpu.value);
	if (r->memory && !memory_parse(r->memory, &bytes))
		validate_complain(v, FINDING_MEMORY, validate_path(v, "%s.memory", at),
				  "a number above 0 and Ki, Mi, Gi or Ti, as in 512Mi",
				  "invalid memory format: '%s'", r->memory);
}

/* [a-z]([a-z0-9-]{0,28}[a-z0-9])? */
static bool is_role(const char *s)
{
	size_t n = strlen(s);
	if (n < 1 || n > 30 || s[0] < 'a' || s[0] > 'z' || s[n - 1] == '-')
		return false;
	return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static void check_groups(const struct validate *v, const struct service *s)
{
	for (size_t i = 0; i < s->replica_groups.n; i++) {
		const struct replica_group *g = &s->replica_groups.items[i];
		const char *at = validate_path(v, "services.%s.replica_groups[%zu]", s->name, i);
		if (g->role && !is_role(g->role))
			validate_complain(v, FINDING_ROLE, validate_path(v, "%s.role", at),
					  "1 to 30 of a-z, 0-9 and inner dashes, a letter first",
					  "invalid role '%s'", g->role);
		if (g->count == 0)
			validate_complain(v, FINDING_GROUP_COUNT, validate_path(v, "%s.count", at),
					  NULL, "count must be at least 1");
		if (g->resources)
			check_resources(v, validate_path(v, "%s.resources", at), g->resources);
	}
}

static void check_schedule(const struct validate *v, const struct service *s)
{
	const char *why;
	const char *at = validate_path(v, "services.%s.schedule", s->name);
	if (s->schedule && !cron_check(s->schedule, &why))
		validate_complain(v, FINDING_SCHEDULE, at,
				  "six fields, as in 0 30 2 * * * for 02:30:00 each day",
				  "invalid schedule '%s': %s", s->schedule, why);
	else if (s->schedule && s->rtype != RTYPE_CRON)
		validate_complain(v, FINDING_SCHEDULE_NOT_CRON, at, "write rtype: cron",
				  "schedule is only for rtype cron");
	if (!s->schedule && s->rtype == RTYPE_CRON)
		validate_complain(v, FINDING_CRON_SCHEDULE, at, NULL,
				  "rtype cron needs a schedule");
}

static void check_ttls(const struct validate *v, const struct service *s)
{
	for (size_t i = 0; i < s->endpoints.n; i++) {
		const struct endpoint_tunnel *t = s->endpoints.items[i].tunnel;
		struct duration d;
		const char *why;
		if (t && t->access && t->access->max_ttl &&
		    !duration_parse(t->access->max_ttl, &d, &why))
			validate_complain(
				v, FINDING_TUNNEL_TTL,
				validate_path(v, "services.%s.endpoints[%zu].tunnel.access.max_ttl",
					      s->name, i),
				"durations look like 10s, 1m30s", "invalid max_ttl '%s': %s",
				t->access->max_ttl, why);
	}
}

static void check_service(const struct validate *v, const struct service *s)
{
	check_schedule(v, s);
	check_resources(v, validate_path(v, "services.%s.resources", s->name), &s->resources);
	check_endpoints(v, "services", s->name, &s->endpoints);
	if (s->scale.mode == SCALE_ADAPTIVE && s->scale.min > s->scale.max)
		validate_complain(v, FINDING_SCALE,
				  validate_path(v, "services.%s.scale.min", s->name), NULL,
				  "min %lld is above max %lld", (long long)s->scale.min,
				  (long long)s->scale.max);
	check_groups(v, s);
	check_ttls(v, s);
	validate_wasm_service(v, s);
}

static void check_externals(const struct validate *v)
{
	for (size_t i = 0; i < v->deployment->externals.n; i++) {
		const struct external_spec *e = &v->deployment->externals.items[i];
		if (e->backends.n == 0)
			validate_complain(v, FINDING_BACKENDS,
					  validate_path(v, "externals.%s.backends", e->name), NULL,
					  "at least one backend address is required");
		check_endpoints(v, "externals", e->name, &e->endpoints);
	}
}

static void check_tunnels(const struct validate *v)
{
	for (size_t i = 0; i < v->deployment->tunnels.n; i++) {
		const struct tunnel_spec *t = &v->deployment->tunnels.items[i];
		if (t->local_port == 0)
			validate_complain(v, FINDING_PORT,
					  validate_path(v, "tunnels.%s.local_port", t->name), NULL,
					  "local_port must be between 1 and 65535");
		if (t->remote_port == 0)
			validate_complain(v, FINDING_PORT,
					  validate_path(v, "tunnels.%s.remote_port", t->name), NULL,
					  "remote_port must be between 1 and 65535");
	}
}

void validate_deployment(const struct deployment *d, const struct node *root,
			 struct findings *findings)
{
	struct validate v = { d, root, findings, findings->n };
	check_top(&v);
	for (size_t i = 0; i < d->services.n; i++)
		check_service(&v, &d->services.items[i]);
	check_externals(&v);
	check_tunnels(&v);
	validate_strict_deployment(&v);
}
