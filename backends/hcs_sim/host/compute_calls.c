/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on compute systems. */
#include <string.h>

#include "backends/hcs_guid.h"
#include "backends/hcs_sim/host/call_list.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/compute_check.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/layers.h"
#include "backends/hcs_sim/host/machine.h"
#include "backends/hcs_sim/host/schema.h"
#include "base/clock.h"

HRESULT on_HcsGetServiceProperties(struct call *c)
{
	struct json_object *query CLEAN(json) = NULL;
	struct json_object *o, *list, *basic, *versions, *version;
	HRESULT hr = call_document(c, "document", &schema_service_query, true, &query);

	if (hr < 0)
		return hr;
	o = json_object_new_object();
	list = json_object_new_array();
	basic = json_object_new_object();
	versions = json_object_new_array();
	version = json_object_new_object();
	json_put_i64(version, "Major", 2);
	json_put_i64(version, "Minor", c->host->switches.schema_minor);
	json_object_array_add(versions, version);
	json_put_obj(basic, "SupportedSchemaVersions", versions);
	json_object_array_add(list, basic);
	json_put_obj(o, "Properties", list);
	call_put_json(c, "document", o);
	return S_OK;
}

/* --- enumerating ------------------------------------------------------------------------ */

/* A member of the query that is not there asks for nothing; values in one are alternatives. */
static bool is_asked_for(struct json_object *query, const char *member, const char *value)
{
	struct json_object *list = query ? json_object_object_get(query, member) : NULL;

	if (!list || json_object_array_length(list) == 0)
		return true;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), value) == 0)
			return true;
	return false;
}

static const char *type_of(const struct sys *s)
{
	return s->is_machine ? "VirtualMachine" : "Container";
}

static struct json_object *system_to_json(const struct sys *s)
{
	struct json_object *o = json_object_new_object();
	char guid[HCS_GUID_SIZE];

	json_put_str(o, "Id", s->id);
	json_put_str(o, "SystemType", type_of(s));
	json_put_str(o, "Owner", s->owner);
	json_put_str(o, "RuntimeId", hcs_guid_format(&s->runtime_id, guid));
	json_put_str(o, "State", sys_state_to_string(s));
	return o;
}

HRESULT on_HcsEnumerateComputeSystems(struct call *c)
{
	struct json_object *query CLEAN(json) = NULL;
	struct json_object *list;
	HRESULT hr = call_document(c, "document", &schema_system_query, true, &query);
	size_t n;

	if (hr < 0)
		return hr;
	list = json_object_new_array();
	for (const struct sys *s = c->host->compute->systems; s; s = s->next)
		if (is_asked_for(query, "Ids", s->id) && is_asked_for(query, "Names", s->id) &&
		    is_asked_for(query, "Owners", s->owner) &&
		    is_asked_for(query, "Types", type_of(s)))
			json_object_array_add(list, system_to_json(s));
	n = json_object_array_length(list);
	if (c->is_partial && n > 0)
		(void)json_object_array_del_idx(list, n / 2, n - n / 2); /* the places are there */
	call_result(c, list);
	return S_OK;
}

/* --- making and opening ----------------------------------------------------------------- */

static HRESULT create(struct call *c, const char *id, struct json_object *config)
{
	struct error err;
	struct sys *s = NULL;
	HRESULT hr = compute_check(c, config);
	int r;

	if (hr < 0)
		return hr;
	if (compute_find(c->host->compute, id))
		return call_fail(c, HCS_E_SYSTEM_ALREADY_EXISTS, "%s", id);
	r = compute_add(c->host->compute, id, config, &s, &err);
	if (r < 0)
		return call_fail_error(c, r == -ERR_LIMIT ? E_INVALIDARG : WIN32_DISK_FULL, &err);
	s->n_handles = 1;
	if (sys_namespace(s))
		hcn_container_added(c->host->hcn, s);
	/* Its caller may have gone while a rule held this: the handle goes with it. */
	if (c->client) {
		call_open(c, HANDLE_SYSTEM, s, NULL);
	} else {
		struct handle gone = { .kind = HANDLE_SYSTEM, .object = s };

		compute_closed(c->host->compute, &gone);
	}
	return S_OK;
}

HRESULT on_HcsCreateComputeSystem(struct call *c)
{
	struct json_object *config CLEAN(json) = NULL;
	const char *id = call_text(c, "id");
	HRESULT hr;

	if (!id || !call_text(c, "document"))
		return call_refuse(c, E_INVALIDARG);
	hr = call_document(c, "document", &schema_compute_system, false, &config);
	return hr < 0 ? hr : create(c, id, config);
}

HRESULT on_HcsOpenComputeSystem(struct call *c)
{
	const char *id = call_text(c, "id");
	struct sys *s = NULL;

	if (!id)
		return E_INVALIDARG;
	s = compute_find(c->host->compute, id);
	if (!s)
		return HCS_E_SYSTEM_NOT_FOUND;
	if (!c->client)
		return E_HANDLE;
	s->n_handles++;
	call_open(c, HANDLE_SYSTEM, s, NULL);
	if (s->state == SYS_STOPPED)
		call_put_json(c, "data", sys_exit_status(s));
	return S_OK;
}

static HRESULT close_handle(struct call *c)
{
	struct handle *hd = c->client ? client_find(c->client, call_number(c, "handle")) : NULL;

	if (!hd)
		return E_HANDLE;
	client_close(c->client, hd);
	return S_OK;
}

HRESULT on_HcsCloseComputeSystem(struct call *c)
{
	return close_handle(c);
}

HRESULT on_HcsCloseProcess(struct call *c)
{
	return close_handle(c);
}

/* --- starting and ending ---------------------------------------------------------------- */

static HRESULT need_system(struct call *c, struct sys **ret)
{
	struct handle *hd = NULL;
	HRESULT hr = call_handle(c, HANDLE_SYSTEM, &hd);

	*ret = NULL; /* the compiler does not see that a refusal is below 0 */
	if (hr < 0)
		return call_refuse(c, hr);
	*ret = hd->object;
	return S_OK;
}

HRESULT on_HcsStartComputeSystem(struct call *c)
{
	struct error err;
	struct sys *s = NULL;
	HRESULT hr = need_system(c, &s);

	if (hr < 0)
		return hr;
	if (s->state != SYS_CREATED)
		return call_fail(c, HCS_E_INVALID_STATE, "%s is %s", s->id, sys_state_to_string(s));
	if (s->is_machine)
		hr = machine_start(c, s);
	if (hr < 0)
		return hr;
	if (silo_start(&s->silo, &err) < 0)
		return call_fail_error(c, E_ACCESSDENIED, &err);
	s->state = SYS_RUNNING;
	s->started_us = clock_wall().us;
	if (compute_save(s, &err) < 0)
		return call_fail_error(c, WIN32_DISK_FULL, &err);
	return S_OK;
}

/* Begins the end and leaves the call to compute_stop(). */
static HRESULT end(struct call *c, struct sys *s, bool force)
{
	if (s->state == SYS_STOPPED || s->waiting[force])
		return HCS_E_SYSTEM_ALREADY_STOPPED;
	s->waiting[force] = c;
	compute_end(s, force);
	return CALL_LATER;
}

HRESULT on_HcsShutDownComputeSystem(struct call *c)
{
	struct json_object *options CLEAN(json) = NULL;
	struct sys *s = NULL;
	HRESULT hr = need_system(c, &s);

	if (hr >= 0)
		hr = call_document(c, "document", &schema_shutdown_options, true, &options);
	if (hr < 0)
		return hr;
	if (s->state == SYS_CREATED)
		return call_fail(c, HCS_E_INVALID_STATE, "%s was never started", s->id);
	if (s->is_ending)
		return HCS_E_SYSTEM_ALREADY_STOPPED;
	return end(c, s, false);
}

HRESULT on_HcsTerminateComputeSystem(struct call *c)
{
	struct sys *s = NULL;
	HRESULT hr = need_system(c, &s);

	return hr < 0 ? hr : end(c, s, true);
}

/* --- looking and changing --------------------------------------------------------------- */

static bool wants(struct json_object *query, const char *type)
{
	struct json_object *list = query ? json_object_object_get(query, "PropertyTypes") : NULL;

	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(list, i)), type) == 0)
			return true;
	return false;
}

HRESULT on_HcsGetComputeSystemProperties(struct call *c)
{
	struct json_object *query CLEAN(json) = NULL;
	struct json_object *o;
	struct sys *s = NULL;
	HRESULT hr = need_system(c, &s);

	if (hr >= 0)
		hr = call_document(c, "document", &schema_property_query, true, &query);
	if (hr < 0)
		return hr;
	o = system_to_json(s);
	json_put_str(o, "RuntimeOsType", "Windows");
	json_put_bool(o, "Stopped", s->state == SYS_STOPPED);
	if (s->state == SYS_STOPPED)
		json_put_str(o, "ExitType", s->exit_type);
	if (wants(query, "Statistics"))
		json_put_obj(o, "Statistics", compute_statistics(s));
	else
		json_object_object_del(o, "Owner"); /* as hcsshim says of the real one */
	if (wants(query, "GuestConnection") && s->is_machine)
		json_put_obj(o, "GuestConnectionInfo", json_object_new_object());
	if (wants(query, "ProcessList"))
		json_put_obj(o, "ProcessList", compute_process_list(s));
	if (wants(query, "TerminateOnLastHandleClosed"))
		json_put_bool(o, "TerminateOnLastHandleClosed", s->must_end_with_handles);
	call_result(c, o);
	return S_OK;
}

/* What can be modified, and how its Settings look; a NULL schema: a number. */
static const struct {
	const char *path;
	const char *part;     /* of Container */
	const char *requests; /* with blanks around */
	const struct schema *schema;
} resources[] = {
	{ "Container/Memory/SizeInMB", "Memory", " Update ", NULL },
	{ "Container/Processor", "Processor", " Update ", &schema_processor },
	{ "Container/MappedDirectories", "MappedDirectories", " Add Remove ",
	  &schema_mapped_directory },
};

static HRESULT change_list(struct call *c, struct json_object *container, const char *part,
			   const char *request, struct json_object *settings)
{
	struct json_object *list = json_object_object_get(container, part);
	const char *path =
		json_object_get_string(json_object_object_get(settings, "ContainerPath"));
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *at = json_object_get_string(json_object_object_get(o, "ContainerPath"));

		if (!at || !path || strcmp(at, path) != 0)
			continue;
		if (strcmp(request, "Add") == 0)
			return call_fail(c, WIN32_ALREADY_EXISTS, "%s is mapped", path);
		(void)json_object_array_del_idx(list, i, 1);
		return S_OK;
	}
	if (strcmp(request, "Remove") == 0)
		return call_fail(c, WIN32_NOT_FOUND, "%s is not mapped", path ? path : "nothing");
	if (!list) {
		list = json_object_new_array();
		json_put_obj(container, part, list);
	}
	json_object_array_add(list, json_object_get(settings));
	return S_OK;
}

static HRESULT modify(struct call *c, struct sys *s, struct json_object *doc)
{
	struct json_object *resource = json_object_object_get(doc, "ResourcePath");
	const char *path = resource ? json_object_get_string(resource) : NULL;
	struct json_object *type = json_object_object_get(doc, "RequestType");
	struct json_object *settings = json_object_object_get(doc, "Settings");
	const char *request = type ? json_object_get_string(type) : "Add";
	struct json_object *part;

	if (!path)
		return call_fail(c, HCS_E_INVALID_JSON, "ResourcePath: missing");
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		const struct schema *schema = resources[i].schema;

		if (strcmp(resources[i].path, path) != 0)
			continue;
		if (!strstr(resources[i].requests, request))
			return call_fail(c, WIN32_NOT_SUPPORTED, "%s of %s", request, path);
		if (schema ? !schema_check(schema, settings, &c->why)
			   : !json_object_is_type(settings, json_type_int))
			return HCS_E_INVALID_JSON;
		if (strcmp(request, "Update") != 0)
			return change_list(c, sys_container(s), resources[i].part, request,
					   settings);
		part = json_object_get(settings);
		if (!schema) {
			part = json_object_new_object();
			json_put_obj(part, "SizeInMB", json_object_get(settings));
		}
		json_put_obj(sys_container(s), resources[i].part, part);
		return S_OK;
	}
	return call_fail(c, WIN32_NOT_SUPPORTED, "no resource is at %s", path);
}

HRESULT on_HcsModifyComputeSystem(struct call *c)
{
	struct json_object *doc CLEAN(json) = NULL;
	struct error err;
	struct sys *s = NULL;
	HRESULT hr = need_system(c, &s);

	if (hr < 0)
		return hr;
	if (!call_text(c, "document"))
		return call_refuse(c, E_INVALIDARG);
	hr = call_document(c, "document", &schema_system_modify, false, &doc);
	if (hr >= 0 && s->state == SYS_STOPPED)
		hr = HCS_E_SYSTEM_ALREADY_STOPPED;
	if (hr >= 0)
		hr = s->is_machine ? machine_modify(c, s, doc) : modify(c, s, doc);
	if (hr >= 0 && compute_save(s, &err) < 0)
		hr = call_fail_error(c, WIN32_DISK_FULL, &err);
	return hr;
}

/* --- parts of the create document ------------------------------------------------------- */

static struct json_object *part_of(struct json_object *o, const char *name)
{
	return o ? json_object_object_get(o, name) : NULL;
}

static const char *text_of(struct json_object *o, const char *part, const char *name)
{
	struct json_object *v = part_of(part_of(o, part), name);
	const char *text = v ? json_object_get_string(v) : NULL;

	return text && *text ? text : NULL;
}

struct json_object *sys_container(const struct sys *s)
{
	struct json_object *hosted = part_of(s->config, "HostedSystem");

	return part_of(hosted ? hosted : s->config, "Container");
}

const char *sys_namespace(const struct sys *s)
{
	return text_of(sys_container(s), "Networking", "Namespace");
}

const char *sys_host_name(const struct sys *s)
{
	return text_of(sys_container(s), "GuestOs", "HostName");
}

const char *sys_storage_path(const struct sys *s)
{
	return text_of(sys_container(s), "Storage", "Path");
}
