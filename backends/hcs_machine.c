/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order is runhcs': the VM's own disk, its system, its start; then layers, scratch, directories
 * and network, each a change of the running VM. A failure anywhere is the caller's, who terminates
 * the VM and with it everything in it.
 */
#include "backends/hcs_machine.h"

#include <fcntl.h>
#include <string.h>

#include "backends/hcs_result.h"
#include "base/fs.h"

#define SUFFIX "@vm"
/* The scratch disk's place, and where the guest has it. */
#define SCRATCH_LUN 1
#define GUEST_ROOT  "C:\\mounts\\m1"

const char *hcs_machine_id(const char *id, struct arena *a)
{
	return arena_printf(a, "%s" SUFFIX, id);
}

const char *hcs_machine_instance(const char *id, struct arena *a)
{
	size_t n = strlen(id), n_suffix = strlen(SUFFIX);

	if (n <= n_suffix || strcmp(id + n - n_suffix, SUFFIX) != 0)
		return id;
	return arena_strndup(a, id, n - n_suffix);
}

int hcs_machine_has(struct hcs *h, const char *instance, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	bool is_ours = false;
	int r = hcs_system_is_ours(h, hcs_machine_id(instance, a), &is_ours, err);

	return r < 0 ? r : is_ours ? HCS_MACHINE_THERE : 0;
}

/* --- the VM ---------------------------------------------------------------------------- */

/* The nearest layer that has one: what a later one changed in it is in its own. */
static int find_boot(const struct hcs_machine *m, const char **ret, struct error *err)
{
	for (size_t i = 0; i < m->chain->n; i++) {
		const char *path = arena_printf(m->a, "%s/UtilityVM", m->chain->paths[i]);
		int r = fs_exists(AT_FDCWD, path, err);

		if (r == 0)
			continue;
		*ret = path;
		return r < 0 ? r : 0;
	}
	(void)error_set(err, ERR_UNSUPPORTED, 0,
			"isolation: the image has no utility VM, so it cannot run under hyperv");
	error_hint(err, "set isolation: process, or take an image on a base that has one");
	return -ERR_UNSUPPORTED;
}

static int grant(const struct hcs_machine *m, const char *disk, struct error *err)
{
	HRESULT hr =
		m->h->api->GrantVmAccess(hcs_call_wide(m->id, m->a), hcs_call_wide(disk, m->a));

	return hcs_result_failed(hr)
		       ? hcs_result_error(err, hr, NULL, "let the utility VM use %s", disk)
		       : 0;
}

static int make_disk(const struct hcs_machine *m, const char *boot, struct hcs_vm *vm,
		     struct error *err)
{
	const char *dir = arena_printf(m->a, "%s/vm", m->dir);
	int r = fs_mkdirs(AT_FDCWD, dir, 0700, err);

	vm->boot_files = arena_printf(m->a, "%s/Files", boot);
	vm->scratch_disk = arena_printf(m->a, "%s/sandbox.vhdx", dir);
	if (r == 0)
		r = fs_copy(AT_FDCWD, arena_printf(m->a, "%s/SystemTemplate.vhdx", boot),
			    vm->scratch_disk, 0600, err);
	return r < 0 ? r : grant(m, vm->scratch_disk, err);
}

static HRESULT begin_start(const struct hcs_api *api, HCS_OPERATION op, void *arg)
{
	return api->HcsStartComputeSystem(((struct hcs_target *)arg)->sys, op, NULL);
}

static int boot(const struct hcs_machine *m, struct hcs_target *target, struct error *err)
{
	const struct hcs_call call = { m->h->limbo, m->deadline, target, m->a };
	struct hcs_answer answer;

	hcs_call_run(&call, begin_start, target, &answer);
	if (!hcs_result_failed(answer.result))
		return 0;
	return hcs_result_error(err, answer.result, answer.document, "start the utility VM");
}

int hcs_machine_start(const struct hcs_machine *m, struct hcs_vm *vm, bool *ret_begun,
		      struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct hcs_target target = { 0 };
	struct error why = ERROR_INIT;
	const char *files = NULL;
	int r = find_boot(m, &files, &why);

	r = r < 0 ? r : make_disk(m, files, vm, &why);
	if (r == 0) {
		o = hcs_vm_create(m->h->layout.owner, vm);
		r = hcs_system_create(m->h, m->id, o, m->deadline, &target, &why);
		*ret_begun = r != -ERR_CONFLICT;
	}
	if (r == 0)
		r = boot(m, &target, &why);
	if (target.sys)
		m->h->api->HcsCloseComputeSystem(target.sys);
	if (r < 0 && hcs_result_is((HRESULT)why.sys, HCS_E_HYPERV_NOT_INSTALLED))
		return HCS_MACHINE_NO_HYPERV;
	if (r < 0 && err)
		*err = why;
	return r;
}

/* --- what it needs --------------------------------------------------------------------- */

static int change(const struct hcs_machine *m, struct json_object *take, const char *what,
		  struct error *err)
{
	struct error why = ERROR_INIT;
	int r = hcs_system_modify(m->h, m->id, take, m->deadline, &why);

	if (r < 0 && err)
		*err = why;
	return r < 0 ? error_wrap(err, r, "%s", what) : 0;
}

static int bring_layers(const struct hcs_machine *m, struct hcs_wish *w, struct error *err)
{
	struct hcs_layer *layers;
	int r = hcs_layers_describe(m->h->api, m->chain, m->a, &layers, err);

	for (size_t i = 0; r == 0 && i < m->chain->n; i++) {
		const char *name = arena_printf(m->a, "l%zu", i);

		r = change(m, hcs_vm_layer(name, layers[i].path), "share a layer", err);
		layers[i].path = arena_printf(m->a, HCS_VM_SHARES "%s", name);
	}
	w->container.layers = layers;
	w->container.n_layers = m->chain->n;
	return r;
}

static int bring_scratch(const struct hcs_machine *m, struct hcs_wish *w, struct error *err)
{
	const char *disk = arena_printf(m->a, "%s/scratch/sandbox.vhdx", m->dir);
	int r = grant(m, disk, err);

	if (r == 0)
		r = change(m, hcs_vm_attach(SCRATCH_LUN, disk), "attach the scratch disk", err);
	if (r == 0)
		r = change(m, hcs_vm_mount(SCRATCH_LUN, GUEST_ROOT), "mount the scratch disk", err);
	if (r == 0)
		r = change(m,
			   hcs_vm_combine(GUEST_ROOT, w->container.layers, w->container.n_layers),
			   "combine the layers", err);
	w->container.root = GUEST_ROOT;
	return r;
}

static int bring_directories(const struct hcs_machine *m, struct hcs_wish *w, struct error *err)
{
	struct hcs_container *c = &w->container;
	struct hcs_directory *list = arena_array(m->a, c->n_directories, sizeof(*list));
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_directories; i++) {
		const char *name = arena_printf(m->a, "d%zu", i);

		list[i] = c->directories[i];
		r = change(m, hcs_vm_share(name, list[i].host, list[i].readonly), list[i].container,
			   err);
		list[i].host = arena_printf(m->a, HCS_VM_SHARES "%s", name);
	}
	c->directories = list;
	return r;
}

static int bring_pipes(const struct hcs_machine *m, struct hcs_wish *w, struct error *err)
{
	struct hcs_container *c = &w->container;
	struct hcs_pipe *list = arena_array(m->a, c->n_pipes, sizeof(*list));
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_pipes; i++) {
		list[i] = c->pipes[i];
		r = change(m, hcs_vm_pipe(list[i].host), list[i].host, err);
		list[i].host =
			arena_printf(m->a, HCS_VM_PIPES "%s", strrchr(list[i].host, '\\') + 1);
	}
	c->pipes = list;
	return r;
}

static int bring_gpu(const struct hcs_machine *m, struct hcs_wish *w, struct error *err)
{
	return w->has_gpu ? change(m, hcs_vm_gpu(), "resources.gpu", err) : 0;
}

static int bring_network(const struct hcs_machine *m, struct hcs_wish *w, struct error *err)
{
	struct network_hcn_seen seen;
	int r;

	if (!w->container.network)
		return 0;
	r = network_hcn_look(m->h->network, m->instance, m->a, &seen, err);
	if (r < 0)
		return r;
	r = change(m, hcs_vm_namespace(seen.space), "bring in the namespace", err);
	if (r < 0)
		json_object_put(seen.endpoint);
	else
		r = change(m, hcs_vm_announce(seen.ids.endpoint, seen.endpoint),
			   "announce the endpoint", err);
	if (r == 0)
		r = change(m, hcs_vm_adapter(seen.ids.endpoint, seen.mac), "add the adapter", err);
	return r;
}

int hcs_machine_furnish(const struct hcs_machine *m, struct hcs_wish *w, struct error *err)
{
	static int (*const steps[])(const struct hcs_machine *m, struct hcs_wish *w,
				    struct error *err) = {
		bring_layers, bring_scratch, bring_directories,
		bring_pipes,  bring_gpu,     bring_network,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i](m, w, err);
	return r < 0 ? error_wrap(err, r, "utility VM") : 0;
}
