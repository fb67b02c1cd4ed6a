/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of the contract test: a world per case, the sink, and the short ways cases take. */
#include "tests/backends/runtime_contract.h"

#include <signal.h>
#include <string.h>

#include "base/limits.h"
#include "specs/runtime_id.h"

enum { WAIT_MS = 5, WAIT_ROUNDS = 20 * 1000 / WAIT_MS };

/* --- the sink ------------------------------------------------------------------------ */

static void on_exited(void *arg, const struct runtime_exit *e)
{
	struct contract *c = arg;

	pthread_mutex_lock(&c->lock);
	if (c->n_exits < CONTRACT_MAX_EXITS) {
		struct contract_exit *mine = &c->exits[c->n_exits++];

		snprintf(mine->id, sizeof(mine->id), "%s", e->id);
		mine->has_code = e->has_code;
		mine->code = e->code;
		mine->at = e->at;
	}
	pthread_mutex_unlock(&c->lock);
}

static size_t find_exits(struct contract *c, const char *id, struct contract_exit *ret)
{
	size_t n = 0;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->n_exits; i++) {
		if (id && strcmp(c->exits[i].id, id) != 0)
			continue;
		n++;
		if (ret)
			*ret = c->exits[i];
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

size_t contract_count_exits(struct contract *c, const char *id)
{
	return find_exits(c, id, NULL);
}

struct contract_exit contract_exited(struct contract *c, const char *id)
{
	struct contract_exit e = { .has_code = false };

	for (int i = 0; i < WAIT_ROUNDS && find_exits(c, id, &e) == 0; i++)
		clock_sleep(WAIT_MS * CLOCK_MS);
	if (find_exits(c, id, &e) == 0)
		fail_msg("%s: nobody heard of the end of %s", c->subject->name, id);
	return e;
}

/* --- short ways ---------------------------------------------------------------------- */

void contract_is(struct contract *c, int r, int want)
{
	if (r != want)
		fail_msg("%s: result %d, not %d: %s (%s)", c->subject->name, r, want,
			 r < 0 ? c->err.msg : "no error", r < 0 ? c->err.cause : "");
}

void contract_ok(struct contract *c, int r)
{
	contract_is(c, r, 0);
}

bool contract_holds_process(const struct contract *c)
{
	return c->rt->caps & RUNTIME_CAP_LINUX;
}

struct mono contract_soon(void)
{
	return mono_add(clock_mono(), 30 * CLOCK_SEC);
}

void contract_shell(struct contract *c, const char *text)
{
	const char **words = arena_array(c->arena, 3, sizeof(*words));

	words[0] = "/bin/sh";
	words[1] = "-c";
	words[2] = text;
	c->service.command.args = (struct strings){ words, 3 };
}

struct instance_spec contract_spec(struct contract *c, const char *service, unsigned slot,
				   uint64_t generation)
{
	return (struct instance_spec){
		.id = runtime_id_format(c->arena, "test", service, slot, generation),
		.deployment = "test",
		.service_name = service,
		.slot = slot,
		.generation = generation,
		.owner = c->owner,
		.node_id = c->node_id,
		.config_hash = "h1:x",
		.image = c->image,
		.digest = c->digest,
		.service = &c->service,
	};
}

const char *contract_create(struct contract *c, unsigned slot)
{
	const struct instance_spec spec = contract_spec(c, "web", slot, 1);
	struct instance made;

	contract_ok(c, runtime_create(c->rt, &spec, contract_soon(), c->arena, &made, &c->err));
	assert_string_equal(made.id, spec.id);
	return spec.id;
}

const char *contract_start(struct contract *c, unsigned slot)
{
	const char *id = contract_create(c, slot);

	contract_ok(c, runtime_start(c->rt, id, contract_soon(), &c->err));
	return id;
}

struct instance contract_inspect(struct contract *c, const char *id)
{
	struct instance seen = { 0 };

	contract_ok(c, runtime_inspect(c->rt, id, c->arena, &seen, &c->err));
	assert_string_equal(seen.id, id);
	return seen;
}

struct instance contract_wait(struct contract *c, const char *id, enum instance_state state)
{
	struct instance seen = { .state = INSTANCE_UNKNOWN };

	for (int i = 0; i < WAIT_ROUNDS; i++) {
		seen = contract_inspect(c, id);
		if (seen.state == state)
			return seen;
		clock_sleep(WAIT_MS * CLOCK_MS);
	}
	fail_msg("%s: %s is %s, not %s", c->subject->name, id, instance_state_to_string(seen.state),
		 instance_state_to_string(state));
	return seen;
}

void contract_end(struct contract *c, const char *id)
{
	int r = runtime_signal(c->rt, id, SIGKILL, &c->err);

	if (r < 0)
		contract_ok(c, r);
	for (int i = 0; i < WAIT_ROUNDS; i++) {
		r = runtime_remove(c->rt, id, contract_soon(), &c->err);
		if (r != -ERR_CONFLICT)
			break;
		clock_sleep(WAIT_MS * CLOCK_MS);
	}
	if (r != RUNTIME_ABSENT)
		contract_ok(c, r);
}

/* --- a world per case ---------------------------------------------------------------- */

static int setup(void **state)
{
	struct contract *c = xcalloc(1, sizeof(*c));

	c->subject = *state; /* cmocka's initial state: which subject */
	c->arena = arena_new();
	c->sink = (struct runtime_sink){ .exited = on_exited, .arg = c };
	c->service.name = "web";
	pthread_mutex_init(&c->lock, NULL);
	c->subject->open(c);
	c->service.image.name = c->image;
	contract_shell(c, "exec sleep 1000");
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct contract *c = *state;
	struct observed left = { 0 };

	contract_ok(c, runtime_list(c->rt, c->arena, &left, &c->err));
	for (size_t i = 0; i < left.n; i++)
		contract_end(c, left.instances[i].id);
	c->subject->close(c);
	pthread_mutex_destroy(&c->lock);
	arena_free(c->arena);
	free(c);
	return 0;
}

int contract_run(const struct contract_subject *subject)
{
	static const struct contract_case *const lists[] = {
		contract_life_cases,
		contract_look_cases,
		contract_use_cases,
		contract_left_cases,
	};
	struct CMUnitTest tests[128] = { { 0 } };
	size_t n = 0;
	int failed;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (const struct contract_case *w = lists[i]; w->run; w++)
			tests[n++] = (struct CMUnitTest){ w->name, w->run, setup, teardown,
							  (void *)(uintptr_t)subject };
	/* The macro counts an array; this one is filled as far as n. */
	failed = _cmocka_run_group_tests(subject->name, tests, n, NULL, NULL);
	if (subject->real)
		printf("RAN %s %zu\n", subject->real, n);
	return failed;
}
