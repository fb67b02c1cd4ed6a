/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes one instance: record first, then image, utility VM, scratch layer, network, compute system.
 * What fails is undone in reverse; if even that fails, the record stays and the instance is seen as
 * broken. A create that the service does not answer in time may still take effect: nothing is
 * undone then, and the next look shows what came of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/hcs.h"
#include "backends/hcs_events.h"
#include "backends/hcs_image.h"
#include "backends/hcs_machine.h"
#include "backends/shim_log_file.h"
#include "base/fs.h"

/* Everything one create works with. */
struct job {
	struct hcs *h;
	struct hcs_box *box;
	const struct instance_spec *spec;
	struct arena *a;
	struct mono deadline;
	const char *dir;
	struct image image;
	struct hcs_chain chain;
	struct hcs_wish wish;
	struct hcs_target target;
	bool has_machine; /* a VM was begun, and is ours to terminate */
};

/* A directory without a box is another node's, or came while we looked away. */
static int make_dir(const struct job *j, struct error *err)
{
	int r = fs_mkdirs(AT_FDCWD, layout_silos(&j->h->layout, j->a), 0700, err);

	if (r < 0)
		return r;
	if (mkdir(j->dir, 0700) == 0)
		return 0;
	if (errno == EEXIST)
		return error_set(err, ERR_LOCKED, EEXIST, "%s is there and not ours", j->dir);
	return error_sys(err, errno, "make %s", j->dir);
}

static int save_record(struct job *j, struct error *err)
{
	const struct instance_spec *s = j->spec;
	struct arena *keep = j->box->arena;
	struct network_hcn_ids ids;
	const struct shim_log_place log =
		shim_log_place_of(s->service, layout_log(&j->h->layout, keep, s->deployment,
							 s->service_name, s->slot));
	struct hcs_record rec = {
		.id = j->box->id,
		.node_id = arena_strdup(keep, s->node_id),
		.owner = arena_strdup(keep, s->owner),
		.deployment = arena_strdup(keep, s->deployment),
		.service = arena_strdup(keep, s->service_name),
		.slot = s->slot,
		.generation = s->generation,
		.config_hash = arena_strdup(keep, s->config_hash),
		.image = arena_strdup(keep, s->image),
		.digest = arena_strdup(keep, s->digest),
		.address = arena_strdup(keep, s->address),
		.slice = arena_strdup(keep, s->slice),
		.boot_id = j->h->boot_id,
		.own_end = instance_file_own_end(s->service),
		.log_path = log.path,
		.layer = arena_strdup(keep, s->layer),
		.log_max_bytes = log.max_bytes,
		.log_keep_s = log.keep_s,
		.created = clock_wall(),
	};
	int r;

	network_hcn_derive(j->h->network, s->id, &ids);
	rec.endpoint = s->address ? arena_strdup(keep, ids.endpoint) : NULL;
	rec.space = s->address ? arena_strdup(keep, ids.space) : NULL;
	r = hcs_record_save(j->dir, &rec, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&j->h->lock);
	j->box->rec = rec;
	pthread_mutex_unlock(&j->h->lock);
	return 0;
}

/* The lease comes first: from then on nobody takes the layers away. */
static int find_image(struct job *j, struct error *err)
{
	struct image_dir *images;
	int r = hcs_box_images(j->h, &images, err);

	if (r == 0)
		r = image_dir_lease(images, j->box->id, j->spec->digest, err);
	if (r == 0)
		r = image_dir_find(images, j->spec->digest, j->a, &j->image, err);
	if (r == IMAGE_DIR_ABSENT) {
		(void)error_set(err, ERR_NOT_FOUND, 0, "image %s is not on this node",
				j->spec->image);
		error_hint(err, "tallyman image import FILE --as %s", j->spec->image);
		return -ERR_NOT_FOUND;
	}
	return r < 0 ? r : hcs_image_chain(j->h, j->spec->digest, j->a, &j->chain, err);
}

static int read_wish(struct job *j, struct error *err)
{
	struct hcs_host host;
	const struct hcs_spec s = { .spec = j->spec,
				    .image = &j->image.config,
				    .host = &host,
				    .layout = &j->h->layout,
				    .path = j->dir };
	int r;

	pthread_mutex_lock(&j->h->lock);
	host = j->h->host;
	pthread_mutex_unlock(&j->h->lock);
	r = hcs_spec_read(&s, j->a, &j->wish, err);
	for (size_t i = 0; r == 0 && i < j->wish.n_volumes; i++)
		r = fs_mkdirs(AT_FDCWD, j->wish.volumes[i], 0700, err);
	return r;
}

static bool is_hyperv(const struct job *j)
{
	return j->wish.isolation == HCS_ISOLATION_HYPERV;
}

/* The record once more, now that it is known what will be made, and before it is. */
static int keep_wish(struct job *j, struct error *err)
{
	const char *vm = is_hyperv(j) ? hcs_machine_id(j->box->id, j->box->arena) : NULL;

	pthread_mutex_lock(&j->h->lock);
	j->box->rec.limits = j->wish.container.limits;
	j->box->rec.vm = vm;
	j->box->rec.vm_memory_mb = vm ? j->wish.vm.memory_mb : 0;
	j->box->rec.vm_processors = vm ? j->wish.vm.processors : 0;
	pthread_mutex_unlock(&j->h->lock);
	return hcs_record_save(j->dir, &j->box->rec, err);
}

/* Should it never run, what was kept goes back (hcs_remove.c). */
static int take_layer(const struct job *j, struct error *err)
{
	struct quarantine q = hcs_box_quarantine(j->h, j->spec->layer);

	q.dir = j->dir;
	return j->spec->layer ? quarantine_take(&q, err) : 0;
}

/* Under hyperv the guest mounts it. */
static int make_layers(struct job *j, struct error *err)
{
	struct hcs_container *c = &j->wish.container;
	const char *scratch = arena_printf(j->a, "%s/scratch", j->dir);
	struct hcs_layer *layers;
	int r = take_layer(j, err);

	if (r < 0)
		return r;
	if (is_hyperv(j))
		return hcs_layers_make(j->h->api, scratch, &j->chain, err);
	r = hcs_layers_describe(j->h->api, &j->chain, j->a, &layers, err);
	c->layers = layers;
	c->n_layers = j->chain.n;
	return r < 0 ? r : hcs_layers_mount(j->h->api, scratch, &j->chain, j->a, &c->root, err);
}

static int attach_network(struct job *j, struct error *err)
{
	struct hcn_endpoint *ep = &j->wish.endpoint;
	const char **inside = arena_array(j->a, 1, sizeof(*inside));
	struct slice slice;
	int r;

	if (!j->wish.has_network || !j->spec->address)
		return 0;
	r = slice_parse(j->spec->slice ? j->spec->slice : "", &slice, err);
	if (r < 0)
		return r;
	inside[0] = j->spec->slice;
	ep->address = j->spec->address;
	ep->inside = (struct strings){ inside, 1 };
	j->wish.container.network = j->box->rec.space;
	return network_hcn_attach(j->h->network, j->box->id, &slice, ep, err);
}

/* --- the system ---------------------------------------------------------------------- */

static struct hcs_machine machine_of(const struct job *j)
{
	return (struct hcs_machine){ .h = j->h,
				     .instance = j->box->id,
				     .id = j->box->rec.vm,
				     .dir = j->dir,
				     .chain = &j->chain,
				     .deadline = j->deadline,
				     .a = j->a };
}

/* Only the service knows whether this host can start one; told once, it is known. */
static int start_machine(struct job *j, struct error *err)
{
	const struct hcs_machine m = machine_of(j);
	int r;

	if (!is_hyperv(j))
		return 0;
	r = hcs_machine_start(&m, &j->wish.vm, &j->has_machine, err);
	if (r != HCS_MACHINE_NO_HYPERV)
		return r;
	pthread_mutex_lock(&j->h->lock);
	j->h->host.has_hyperv = false;
	pthread_mutex_unlock(&j->h->lock);
	return read_wish(j, err);
}

static int make_system(struct job *j, struct error *err)
{
	const struct hcs_machine m = machine_of(j);
	const struct hcs_container *c = &j->wish.container;
	const char *owner = j->h->layout.owner;
	struct json_object *o CLEAN(json) = NULL;
	int r = is_hyperv(j) ? hcs_machine_furnish(&m, &j->wish, err) : 0;

	if (r == 0)
		r = is_hyperv(j) ? hcs_document_hosted(owner, m.id, c, &o, err)
				 : hcs_document_container(owner, c, &o, err);
	if (r == 0)
		r = hcs_system_create(j->h, j->box->id, o, j->deadline, &j->target, err);
	return r;
}

/* What start and exec need. */
static int keep_process(struct job *j, struct error *err)
{
	struct arena *keep = j->box->arena;
	struct hcs_process p = j->wish.process;
	struct env_var *env = arena_array(keep, p.n_env, sizeof(*env));

	p.command_line = arena_strdup(keep, p.command_line);
	p.application = arena_strdup(keep, p.application);
	p.workdir = arena_strdup(keep, p.workdir);
	p.user = arena_strdup(keep, p.user);
	for (size_t i = 0; i < p.n_env; i++)
		env[i] = (struct env_var){ arena_strdup(keep, p.env[i].name),
					   arena_strdup(keep, p.env[i].value) };
	p.env = env;
	p.with_stdout = p.with_stderr = true;
	pthread_mutex_lock(&j->h->lock);
	j->box->process_spec = p;
	pthread_mutex_unlock(&j->h->lock);
	return hcs_record_save_command(j->dir, &p, err);
}

static int create_all(struct job *j, struct error *err)
{
	int r = save_record(j, err);

	r = r < 0 ? r : find_image(j, err);
	r = r < 0 ? r : read_wish(j, err);
	r = r < 0 ? r : keep_wish(j, err);
	r = r < 0 ? r : keep_process(j, err);
	r = r < 0 ? r : start_machine(j, err);
	r = r < 0 ? r : make_layers(j, err);
	r = r < 0 ? r : attach_network(j, err);
	r = r < 0 ? r : make_system(j, err);
	if (r < 0)
		return r;
	pthread_mutex_lock(&j->h->lock);
	j->box->sys = TAKE(j->target.sys);
	pthread_mutex_unlock(&j->h->lock);
	hcs_events_watch(j->h->events, j->box);
	return 0;
}

/* True when nothing of it is left. A system that came of a call that failed is ours alone, and is
 * taken away like the rest; one that is somebody else's was never made by us. */
static bool undo(struct job *j, int r)
{
	struct error unused = ERROR_INIT;

	if (j->target.sys)
		j->h->api->HcsCloseComputeSystem(TAKE(j->target.sys));
	if (r == -ERR_TIMEOUT)
		return false;
	if (r != -ERR_CONFLICT && hcs_system_terminate(j->h, j->box->id, j->deadline, &unused) < 0)
		return false;
	if (j->has_machine && hcs_remove_machine(j->h, j->box, j->deadline, &unused) < 0)
		return false;
	return hcs_remove_rest(j->h, j->box, &unused) == 0;
}

static int finish(struct job *j, int r)
{
	if (r == 0 || !undo(j, r))
		hcs_box_settle(j->box);
	else
		hcs_box_drop(j->box);
	return r;
}

int hcs_create(struct runtime *rt, const struct instance_spec *spec, struct mono deadline,
	       struct arena *a, struct instance *ret, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct job j = { .h = h, .spec = spec, .a = a, .deadline = deadline };
	int r;

	if (strcmp(spec->node_id, h->node_id) != 0 || strcmp(spec->owner, h->layout.owner) != 0)
		return error_set(err, ERR_LOCKED, 0, "this runtime belongs to %s of node %s",
				 h->layout.owner, h->node_id);
	/* Takes in what is on the disk or the service only. */
	r = hcs_inspect(rt, spec->id, a, ret, err);
	if (r != RUNTIME_ABSENT)
		return r < 0 ? r : RUNTIME_ALREADY;
	j.box = hcs_box_new(h, spec->id);
	if (!j.box)
		return error_set(err, ERR_CONFLICT, 0, "another call works on %s", spec->id);
	j.dir = layout_silo(&h->layout, a, spec->id);
	r = make_dir(&j, err);
	if (r < 0) {
		hcs_box_drop(j.box);
		return r;
	}
	r = finish(&j, create_all(&j, err));
	return r < 0 ? r : hcs_inspect(rt, spec->id, a, ret, err);
}
