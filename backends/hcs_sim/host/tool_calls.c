/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool hcs_sim asks of the keeper; no function of Windows. */
#include <string.h>

#include "backends/hcs_sim/host/call_list.h"
#include "backends/hcs_sim/host/compute.h"
#include "backends/hcs_sim/host/hcn.h"
#include "backends/hcs_sim/host/layers.h"
#include "backends/hcs_sim/host/lifecycle.h"
#include "backends/hcs_sim/host/machine.h"

static struct json_object *list_systems(const struct host *h)
{
	struct json_object *list = json_object_new_array();

	for (const struct sys *s = h->compute->systems; s; s = s->next) {
		struct json_object *o = json_object_new_object();
		struct json_object *procs = json_object_new_array();

		json_put_str(o, "Id", s->id);
		json_put_str(o, "Owner", s->owner);
		json_put_str(o, "Type", s->is_machine ? "VirtualMachine" : "Container");
		if (machine_of(s))
			json_put_str(o, "Machine", machine_of(s)->id);
		if (s->is_machine)
			json_put_obj(o, "Guest", json_object_get(s->guest));
		json_put_str(o, "State", sys_state_to_string(s));
		json_put_str(o, "Namespace", sys_namespace(s));
		json_put_str(o, "StoragePath", sys_storage_path(s));
		json_put_i64(o, "Handles", s->n_handles);
		for (const struct proc *p = s->procs; p; p = p->next)
			json_object_array_add(procs, proc_status(p));
		json_put_obj(o, "Processes", procs);
		json_object_array_add(list, o);
	}
	return list;
}

static struct json_object *list_objects(const struct hcn *n, enum hcn_kind kind)
{
	struct json_object *list = json_object_new_array();

	for (const struct hcn_object *o = n->objects[kind]; o; o = o->next)
		json_object_array_add(list, hcn_answer(n, o, false));
	return list;
}

static struct json_object *list_layers(const struct layers *s)
{
	struct json_object *list = json_object_new_array();

	for (const struct layer *l = s->layers; l; l = l->next) {
		struct json_object *o;

		if (!l->is_active && !l->is_prepared)
			continue;
		o = json_object_new_object();
		json_put_str(o, "Path", l->path);
		json_put_bool(o, "Active", l->is_active);
		json_put_bool(o, "Prepared", l->is_prepared);
		json_put_str(o, "Volume", l->volume);
		json_object_array_add(list, o);
	}
	return list;
}

static int64_t count_clients(const struct host *h)
{
	int64_t n = 0;

	for (const struct client *c = h->clients; c; c = c->next)
		n++;
	return n;
}

HRESULT on_sim_list(struct call *c)
{
	struct json_object *o = json_object_new_object();
	const struct host *h = c->host;

	json_put_obj(o, "Systems", list_systems(h));
	json_put_obj(o, "Networks", list_objects(h->hcn, HCN_KIND_NETWORK));
	json_put_obj(o, "Namespaces", list_objects(h->hcn, HCN_KIND_NAMESPACE));
	json_put_obj(o, "Endpoints", list_objects(h->hcn, HCN_KIND_ENDPOINT));
	json_put_obj(o, "Layers", list_layers(h->layers));
	json_put_i64(o, "Clients", count_clients(h)); /* the tool is one of them */
	json_put_i64(o, "Calls", (int64_t)calls_count(h->calls));
	call_put_json(c, "document", o);
	return S_OK;
}

HRESULT on_sim_faults(struct call *c)
{
	call_put_json(c, "document", faults_to_json(c->host->faults));
	return S_OK;
}

HRESULT on_sim_set_faults(struct call *c)
{
	struct json_object *o CLEAN(json) = NULL;
	const char *text = call_text(c, "document");
	struct error err;
	int r = text ? json_parse(text, strlen(text), &o, &err) : -ERR_INVALID;

	if (r == 0)
		r = faults_put(c->host->faults, o, &err);
	if (r < 0)
		call_put_text(c, "error", text ? err.msg : "no rules");
	return r < 0 ? E_INVALIDARG : S_OK;
}

HRESULT on_sim_count(struct call *c)
{
	call_put_number(c, "number", (int64_t)calls_count(c->host->calls));
	return S_OK;
}

HRESULT on_sim_restart(struct call *c)
{
	const char *service = call_text(c, "name");

	if (!service || (strcmp(service, "hcs") != 0 && strcmp(service, "hcn") != 0))
		return E_INVALIDARG;
	lifecycle_restart(c->host, strcmp(service, "hcn") == 0);
	return S_OK;
}

HRESULT on_sim_reboot(struct call *c)
{
	lifecycle_reboot(c->host);
	return S_OK;
}

HRESULT on_sim_down(struct call *c)
{
	c->host->leaving = true;
	return S_OK;
}
