/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of HCS in a story: the real runtime over the simulated Host Compute Service, on whose
 * host containers are processes. Those are of this machine's time, so nothing of them may show in a
 * story but that they end: each call is waited for, and so is each end that it must bring, before
 * the story goes on. When that was, and with it the order of what is under way together, is the
 * seed's. What HCS itself does between two calls is not simulated; hcs_faults_test has that.
 */
#include <pthread.h>
#include <string.h>

#include "base/rand.h"
#include "specs/spec_service.h"
#include "tests/sim/models.h"
#include "tests/support/hcs_node.h"

#define ENDS         64
#define STRANGER     "simple.s0-rep-1.1"
#define AWAIT_US     (2 * CLOCK_MS)
#define AWAIT_ROUNDS 10000

struct end {
	char id[MODELS_ID];
	struct runtime_exit exit;
};

struct models_hcs {
	struct models *m;
	struct hcs_node *node;
	HCS_SYSTEM stranger;
	pthread_mutex_t lock; /* of what follows: filled by the runtime's own thread */
	struct end ends[ENDS];
	size_t n_ends;
};

static void on_exited(void *arg, const struct runtime_exit *e)
{
	struct models_hcs *h = arg;
	struct end *end;

	pthread_mutex_lock(&h->lock);
	if (h->n_ends == ENDS)
		models_die(h->m, "more ends than there are processes");
	end = &h->ends[h->n_ends++];
	*end = (struct end){ .exit = *e };
	snprintf(end->id, sizeof(end->id), "%s", e->id);
	pthread_mutex_unlock(&h->lock);
}

void models_hcs_new(struct models *m)
{
	struct models_hcs *h = xcalloc(1, sizeof(*h));
	const struct runtime_sink sink = { on_exited, NULL, h };

	m->hcs = h;
	h->m = m;
	pthread_mutex_init(&h->lock, NULL);
	m->is_real = true;
	h->node = hcs_node_new(&sink);
	h->stranger = hcs_world_running(h->node->host, STRANGER, "somebody");
	m->is_real = false;
}

void models_hcs_free(struct models *m)
{
	struct models_hcs *h = m->hcs;
	struct hcs_world *host = h->node->host;
	const char *state;

	m->is_real = true;
	state = hcs_world_state(host, STRANGER);
	if (!state || strcmp(state, "Running") != 0)
		models_die(m, "what is somebody else's is not there any more");
	(void)hcs_world_do(host, HCS_WORLD_TERMINATE, h->stranger, NULL);
	host->api->HcsCloseComputeSystem(h->stranger);
	hcs_node_free(h->node);
	m->is_real = false;
	pthread_mutex_destroy(&h->lock);
	free(h);
	m->hcs = NULL;
}

struct runtime *models_hcs_open(struct models *m)
{
	bool is_killed = m->ended && models_chance(m, 50);

	m->is_real = true;
	if (is_killed)
		hcs_node_reopen(m->hcs->node);
	m->is_real = false;
	return m->hcs->node->rt;
}

struct instance_spec models_hcs_spec(const struct models *m, const struct instance_spec *spec,
				     struct arena *a)
{
	static const char *runs_on[] = { "/bin/sleep", "1000" };
	static const char *ends[] = { "/bin/true" };
	struct service *service = arena_alloc(a, sizeof(*service));
	struct instance_spec own = *spec;

	*service = *spec->service;
	service->command.args = service->rtype == RTYPE_JOB ? (struct strings){ ends, 1 }
							    : (struct strings){ runs_on, 2 };
	own.service = service;
	own.owner = m->hcs->node->layout.owner;
	own.node_id = "node-1";
	own.digest = m->hcs->node->digest;
	return own;
}

/* Those that have come, to the story: but for what a reboot ended, which it knows. */
static bool take_ends(struct models_hcs *h, const char *id)
{
	bool has_come = false;

	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n_ends; i++) {
		struct end *end = &h->ends[i];

		end->exit.id = end->id;
		if (strcmp(end->id, id) == 0) {
			models_runtime_exited(h->m, &end->exit);
			has_come = true;
		} else if (models_law_lives(models_law_find(h->m, end->id))) {
			models_die(h->m, "an end that nobody has caused");
		}
	}
	h->n_ends = 0;
	pthread_mutex_unlock(&h->lock);
	return has_come;
}

void models_hcs_await(struct models *m, const char *id)
{
	m->is_real = true;
	for (int i = 0; !take_ends(m->hcs, id); i++) {
		if (i == AWAIT_ROUNDS)
			models_die(m, "an end that never comes");
		clock_sleep(AWAIT_US);
	}
	m->is_real = false;
}

void models_hcs_end(struct models *m, const char *id)
{
	m->is_real = true;
	hcs_node_end(m->hcs->node, id);
	models_hcs_await(m, id);
}

void models_hcs_reboot(struct models *m)
{
	m->is_real = true;
	(void)hcs_world_tool(m->hcs->node->host, "reboot", NULL);
	hcs_world_awake(m->hcs->node->host);
	hcs_node_reopen(m->hcs->node);
	/* Nothing lives on; somebody else has begun again, too. */
	m->hcs->node->host->api->HcsCloseComputeSystem(m->hcs->stranger);
	m->hcs->stranger = hcs_world_running(m->hcs->node->host, STRANGER, "somebody");
	m->is_real = false;
}
