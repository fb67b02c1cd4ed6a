/* SPDX-License-Identifier: Apache-2.0 */
/* Which wasm settings go together. The capabilities of each type are a table. */
#include "specs/validate_wasm.h"

#include <stddef.h>

#include "specs/memory.h"

#define CAPABILITY(m)                                                                              \
	{                                                                                          \
#m, offsetof(struct wasm_capabilities, m)                                          \
	}

static const struct {
	const char *name;
	size_t offset;
} capabilities[] = {
	CAPABILITY(config),  CAPABILITY(keyvalue),   CAPABILITY(logging),
	CAPABILITY(secrets), CAPABILITY(metrics),    CAPABILITY(http_client),
	CAPABILITY(cli),     CAPABILITY(filesystem), CAPABILITY(sockets),
};
#define N_CAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))

/* What a type may use; a block may take away but not add. */
static const struct {
	bool is_wasm;
	struct wasm_capabilities may;
} types[] = {
	[SERVICE_STANDARD] = { .is_wasm = false },
	[SERVICE_JOB] = { .is_wasm = false },
	[SERVICE_WASM_HTTP] = { true,
				{ .config = true,
				  .keyvalue = true,
				  .logging = true,
				  .http_client = true } },
	[SERVICE_WASM_ROUTER] = { true,
				  { .config = true,
				    .keyvalue = true,
				    .logging = true,
				    .http_client = true } },
	[SERVICE_WASM_PLUGIN] = { true,
				  { .config = true,
				    .keyvalue = true,
				    .logging = true,
				    .secrets = true,
				    .metrics = true,
				    .http_client = true,
				    .cli = true,
				    .filesystem = true } },
	[SERVICE_WASM_TRANSFORMER] = { true, { .logging = true, .cli = true } },
	[SERVICE_WASM_AUTHENTICATOR] = { true,
					 { .config = true,
					   .logging = true,
					   .secrets = true,
					   .http_client = true } },
	[SERVICE_WASM_RATE_LIMITER] = { true,
					{ .config = true,
					  .keyvalue = true,
					  .logging = true,
					  .metrics = true,
					  .cli = true } },
	[SERVICE_WASM_MIDDLEWARE] = { true,
				      { .config = true, .logging = true, .http_client = true } },
};

static bool has(const struct wasm_capabilities *c, size_t i)
{
	return *(const bool *)((const char *)c + capabilities[i].offset);
}

static void check_capabilities(const struct validate *v, const struct service *s)
{
	const char *type = spec_enum_name(&spec_enum_service_type, (int)s->service_type);
	const struct wasm_capabilities *wants = s->wasm->capabilities;
	for (size_t i = 0; wants && i < N_CAPABILITIES; i++)
		if (has(wants, i) && !has(&types[s->service_type].may, i))
			validate_complain(v, FINDING_WASM_CAPABILITY,
					  validate_path(v, "services.%s.wasm.capabilities.%s",
							s->name, capabilities[i].name),
					  "write it with the value false",
					  "%s does not have the capability %s", type,
					  capabilities[i].name);
}

static void check_http(const struct validate *v, const struct service *s)
{
	bool has_http = s->endpoints.n == 0;
	for (size_t i = 0; i < s->endpoints.n; i++)
		has_http = has_http || s->endpoints.items[i].protocol == PROTOCOL_HTTP ||
			   s->endpoints.items[i].protocol == PROTOCOL_HTTPS;
	if (s->service_type == SERVICE_WASM_HTTP && !has_http)
		validate_complain(v, FINDING_WASM_ENDPOINT,
				  validate_path(v, "services.%s.endpoints", s->name), NULL,
				  "a wasm_http service needs an http or https endpoint");
}

void validate_wasm_service(const struct validate *v, const struct service *s)
{
	const struct wasm_spec *w = s->wasm;
	uint64_t bytes;
	if (!w)
		return;
	if (!types[s->service_type].is_wasm) {
		validate_complain(v, FINDING_WASM_TYPE,
				  validate_path(v, "services.%s.wasm", s->name),
				  "write a service_type that begins with wasm_",
				  "a wasm block on service_type %s",
				  spec_enum_name(&spec_enum_service_type, (int)s->service_type));
		return;
	}
	if (w->max_memory && !memory_parse(w->max_memory, &bytes))
		validate_complain(v, FINDING_MEMORY,
				  validate_path(v, "services.%s.wasm.max_memory", s->name),
				  "a number above 0 and Ki, Mi, Gi or Ti, as in 512Mi",
				  "invalid memory format: '%s'", w->max_memory);
	if (w->min_instances > w->max_instances)
		validate_complain(v, FINDING_WASM_INSTANCES,
				  validate_path(v, "services.%s.wasm.min_instances", s->name), NULL,
				  "min_instances %lld is above max_instances %lld",
				  (long long)w->min_instances, (long long)w->max_instances);
	check_capabilities(v, s);
	check_http(v, s);
	for (size_t i = 0; i < w->preopens.n; i++) {
		const struct wasm_preopen *p = &w->preopens.items[i];
		if (p->source && p->target && (!*p->source || !*p->target))
			validate_complain(
				v, FINDING_WASM_PREOPEN,
				validate_path(v, "services.%s.wasm.preopens[%zu]", s->name, i),
				NULL, "source and target cannot be empty");
	}
}
