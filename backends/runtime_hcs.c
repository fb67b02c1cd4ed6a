/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing and the table of the HCS runtime. The operations are in hcs_*.c. */
#include "backends/runtime_hcs.h"

#include <string.h>
#include <unistd.h>

#include "backends/hcs.h"
#include "backends/hcs_events.h"
#include "backends/hcs_host.h"
#include "backends/hcs_image.h"
#include "base/process.h"

static int stage(struct runtime *rt, const char *digest, struct mono deadline, struct error *err)
{
	(void)deadline; /* bound by the disk; the service has no way to stop an import */
	return hcs_image_stage(hcs_of(rt), digest, err);
}

static bool is_simulated(const struct hcs *h)
{
	return h->library && strstr(h->library, "hcs_sim");
}

/* Things with a name of ours that somebody else made, as many as there is room for. */
static void note_foreign(struct hcs *h, struct arena *a, struct runtime_info *info, size_t n_notes)
{
	const size_t max = sizeof(info->notes) / sizeof(info->notes[0]) - 1;
	struct network_hcn_list all = { 0 };

	if (network_hcn_list(h->network, a, &all, NULL) < 0)
		return; /* the enumeration of systems tells whether the host answers */
	if (all.guest)
		info->stays = arena_printf(a, "the network stays while somebody else's %s is in it",
					   all.guest);
	for (size_t i = 0; i < all.n_foreign && n_notes < max; i++) {
		bool is_cut = n_notes + 1 == max && i + 1 < all.n_foreign;

		info->notes[n_notes++] =
			is_cut ? arena_printf(a, "%zu more with a name of ours", all.n_foreign - i)
			       : arena_printf(a, "foreign, left alone: %s", all.foreign[i]);
	}
}

static int probe(struct runtime *rt, struct arena *a, struct runtime_info *ret, struct error *err)
{
	struct hcs *h = hcs_of(rt);
	struct runtime_candidate *c = arena_alloc(a, sizeof(*c));
	struct hcs_system *all;
	size_t n, n_notes = 0;
	struct error why = ERROR_INIT;
	int r = hcs_system_list(h, a, &all, &n, &why);

	(void)err; /* what does not answer is an answer, too */
	*c = (struct runtime_candidate){
		.name = is_simulated(h) ? "hcs_sim" : "hcs",
		.path = h->library ? arena_strdup(a, h->library) : "computecore.dll",
		.usable = r == 0,
		.why = r < 0 ? arena_strdup(a, why.msg) : NULL,
		.remedy = r < 0 ? "start the Host Compute Service (vmcompute)" : NULL,
	};
	*ret = (struct runtime_info){ .available = r == 0,
				      .os = "windows",
				      .arch = "amd64",
				      .chosen = r == 0 ? c->name : NULL,
				      .why = c->why,
				      .candidates = c,
				      .n_candidates = 1 };
	if (is_simulated(h))
		ret->notes[n_notes++] = "the Host Compute Service is simulated: no Windows "
					"container runs";
	ret->notes[n_notes++] = arena_printf(a, "host version %u.%u.%u", h->version.major,
					     h->version.minor, h->version.build);
	if (r == 0)
		note_foreign(h, a, ret, n_notes);
	return 0;
}

static void free_boxes(struct hcs *h)
{
	struct hcs_box *box, *tmp;

	HASH_ITER (hh, h->boxes, box, tmp)
		hcs_box_drop(box);
}

static void close_hcs(struct runtime *rt)
{
	struct hcs *h = hcs_of(rt);
	bool is_quiet;

	/* Their own thread may be at the boxes; and callbacks end with the handles in those. */
	if (h->events)
		hcs_events_stop(h->events);
	if (h->api)
		free_boxes(h);
	hcs_events_free(h->events);
	network_hcn_free(h->network);
	is_quiet = hcs_limbo_free(h->limbo);
	/* An operation that still runs uses the library: the end of the process is what frees it.
	 */
	if (!is_quiet)
		return;
	hcs_api_close(h->api);
	image_dir_close(h->images);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	pthread_mutex_destroy(&h->importing);
	arena_free(h->arena);
	free(h);
}

static const struct runtime_ops hcs_ops = {
	.name = "hcs",
	.probe = probe,
	.stage = stage,
	.list = hcs_list,
	.inspect = hcs_inspect,
	.create = hcs_create,
	.start = hcs_start,
	.signal = hcs_signal,
	.remove = hcs_remove,
	.exec = hcs_exec,
	.update = hcs_update,
	.stats = hcs_stats,
	.close = close_hcs,
};

static int open_parts(struct hcs *h, struct error *err)
{
	int r = process_boot_id(h->boot_id, err);

	if (r == 0)
		r = hcs_api_open(h->library, &h->api, err);
	if (r < 0)
		return r;
	h->limbo = hcs_limbo_new(h->api);
	h->network = network_hcn_new(h->api, h->layout.owner, h->node_id);
	hcs_host_read(h->api, &h->version, &h->host);
	r = hcs_events_new(h, &h->events, err);
	return r < 0 ? r : hcs_adopt_all(h, err);
}

int runtime_hcs_open(const struct runtime_hcs_options *o, struct runtime **ret, struct error *err)
{
	struct hcs *h = xcalloc(1, sizeof(*h));
	int r;

	h->rt = (struct runtime){ &hcs_ops, "hcs",
				  RUNTIME_CAP_UPDATE | RUNTIME_CAP_EXEC | RUNTIME_CAP_STATS |
					  RUNTIME_CAP_WINDOWS | RUNTIME_CAP_ADDRESS,
				  &hcs_leftovers };
	h->arena = arena_new();
	h->layout = (struct layout){ arena_strdup(h->arena, o->layout->owner),
				     arena_strdup(h->arena, o->layout->state_dir),
				     arena_strdup(h->arena, o->layout->run_dir) };
	h->node_id = arena_strdup(h->arena, o->node_id);
	h->library = arena_strdup(h->arena, o->library);
	h->log = o->log;
	h->sink = o->sink;
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_init(&h->importing, NULL);
	pthread_cond_init(&h->changed, NULL);
	r = open_parts(h, err);
	if (r < 0) {
		close_hcs(&h->rt);
		return r;
	}
	*ret = &h->rt;
	return 0;
}
