/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU time of what needs no container, as lines `NAME SIZE OURS_US FLOOR_US`, medians of REPS:
 *
 *   core_figures plan REPS        plan of N slots in which nothing is to be done
 *   core_figures loop REPS        the same in the loop: a new wish and the look after it
 *   core_figures parse REPS FILE  parse and validate a deployment file
 *
 * The floor of plan and loop is one walk over both lists that compares each name and hash; that
 * of parse is libyaml's events of the same bytes, looked at by nobody. Both sizes of a doubling
 * are measured in one run, so their quotient says how the cost grows.
 */
#include <assert.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <yaml.h>

#include "base/fs.h"
#include "base/limits.h"
#include "controller/plan.h"
#include "controller/reconcile.h"
#include "specs/hash.h"
#include "specs/parse.h"
#include "specs/runtime_id.h"

enum { MAX_REPS = 101, REPLICAS = 3, MANY_REPLICAS = 5 };

static const struct diff_now now = { { 5000 * CLOCK_SEC }, { 5000 * CLOCK_SEC }, "boot" };

/* Equal lists of what is wanted and what is there. */
struct world {
	struct arena *arena, *work;
	struct desired desired;
	struct observed observed;
	struct slot *slots;
};

static int64_t cpu_us(void)
{
	struct rusage r;

	(void)getrusage(RUSAGE_SELF, &r);
	return (int64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * CLOCK_SEC + r.ru_utime.tv_usec +
	       r.ru_stime.tv_usec;
}

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Median of @reps runs; short ones are repeated, since CPU time is told in ticks on some kernels.
 */
static double median_us(void (*run)(void *arg), void *arg, int reps)
{
	int64_t times[MAX_REPS];

	for (int i = 0; i < reps; i++) {
		int64_t begin = cpu_us(), spent = 0;
		int n = 0;

		do {
			run(arg);
			n++;
			spent = cpu_us() - begin;
		} while (spent < 20 * CLOCK_MS);
		times[i] = spent * 1000 / n;
	}
	qsort(times, (size_t)reps, sizeof(times[0]), compare_times);
	return (double)times[reps / 2] / 1000;
}

static const struct deployment *make_deployment(size_t n, int replicas, struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);
	struct findings findings;
	struct deployment *d = NULL;
	const char *bytes;
	int r;

	buf_puts(&text, "version: v1\ndeployment: many\nservices:\n");
	for (size_t i = 0; i < n; i++)
		buf_printf(&text,
			   "  s%zu: { image: { name: local/a:1 }, env: { COLOR: blue }, "
			   "scale: { mode: fixed, replicas: %d } }\n",
			   i, replicas);
	assert(!text.overflow);
	bytes = arena_strndup(a, text.data, text.n);
	findings_init(&findings, a, "many.yaml");
	r = parse_deployment(bytes, text.n, a, &findings, &d, NULL);
	assert(r == 0);
	(void)r;
	return d;
}

static void resolve(struct expand_groups *groups, struct arena *a)
{
	char hash[HASH_SIZE];

	for (size_t i = 0; i < groups->n; i++) {
		struct expand_group *g = &groups->items[i];

		hash_service(g->service, NULL, hash);
		g->config_hash = arena_strdup(a, hash);
		g->digest = "sha256:a";
		g->route = (struct route){ .kind = ROUTE_RUNTIME, .runtime = "youki" };
	}
}

/* Each slot has its instance, as a runtime shows it: with texts of its own. */
static void fill(struct world *w)
{
	struct arena *a = w->arena;

	w->observed.instances = arena_array(a, w->desired.n, sizeof(*w->observed.instances));
	w->slots = arena_array(a, w->desired.n, sizeof(*w->slots));
	for (size_t i = 0; i < w->desired.n; i++) {
		const struct desired_slot *s = &w->desired.slots[i];

		w->slots[i] = (struct slot){ .deployment = "many",
					     .service = arena_strdup(a, s->service),
					     .number = s->number,
					     .generation = 1 };
		w->observed.instances[w->observed.n++] = (struct instance){
			.id = runtime_id_format(a, "many", s->service, s->number, 1),
			.deployment = arena_strdup(a, "many"),
			.service = arena_strdup(a, s->service),
			.slot = s->number,
			.generation = 1,
			.runtime = arena_strdup(a, "youki"),
			.state = INSTANCE_RUNNING,
			.pid = 1000,
			.config_hash = arena_strdup(a, s->group->config_hash),
			.image = arena_strdup(a, "local/a:1"),
			.digest = arena_strdup(a, "sha256:a"),
		};
	}
}

static void world_init(struct world *w, size_t n_slots, int replicas)
{
	struct expand_input in = { .deployment = "many" };
	int r;

	*w = (struct world){ .arena = arena_new(), .work = arena_new() };
	in.current = make_deployment(n_slots / (size_t)replicas, replicas, w->arena);
	expand_groups(in.current, w->arena, &in.groups);
	resolve(&in.groups, w->arena);
	r = expand_slots(&in, w->arena, &w->desired, NULL);
	assert(r == 0 && w->desired.n == n_slots / (size_t)replicas * (size_t)replicas);
	(void)r;
	fill(w);
}

static void world_done(struct world *w)
{
	arena_free(w->arena);
	arena_free(w->work);
}

static void run_plan(void *arg)
{
	struct world *w = arg;
	const struct plan_input in = { .desired = &w->desired,
				       .observed = &w->observed,
				       .slots = w->slots,
				       .n_slots = w->desired.n,
				       .now = now };
	struct plan plan;
	int r;

	arena_reset(w->work);
	r = plan_compute(&in, w->work, &plan, NULL);
	assert(r == PLAN_NOTHING);
	(void)r;
}

static void run_loop(void *arg)
{
	struct world *w = arg;
	const struct reconcile_options o = { .boot_id = "boot" };
	struct reconciler *r CLEAN(reconciler) = reconcile_new(&o);
	struct reconcile_event ev = { .type = RECONCILE_DESIRED,
				      .now = { 5000 * CLOCK_SEC },
				      .boot = now.boot,
				      .wall = now.wall,
				      .desired = &w->desired,
				      .slots = w->slots,
				      .n_slots = w->desired.n };
	struct reconcile_update up;

	reconcile_step(r, &ev, &up);
	ev.type = RECONCILE_OBSERVED;
	ev.observed = &w->observed;
	reconcile_step(r, &ev, &up);
	assert(up.overall == RECONCILE_CONVERGED && up.n_steps == 0);
}

static void run_floor(void *arg)
{
	const struct world *w = arg;
	volatile size_t equal = 0;

	for (size_t i = 0; i < w->desired.n; i++) {
		const struct desired_slot *s = &w->desired.slots[i];
		const struct instance *is = &w->observed.instances[i];

		if (strcmp(s->service, is->service) == 0 && s->number == is->slot &&
		    strcmp(s->group->config_hash, is->config_hash) == 0)
			equal = equal + 1;
	}
	assert(equal == w->desired.n);
}

static void measure(const char *name, void (*run)(void *arg), int reps)
{
	static const struct {
		size_t n;
		int replicas;
	} sizes[] = {
		{ 3000, REPLICAS },       { 6250, MANY_REPLICAS },  { 12500, MANY_REPLICAS },
		{ 25000, MANY_REPLICAS }, { 50000, MANY_REPLICAS }, { 100000, MANY_REPLICAS }
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct world w;

		world_init(&w, sizes[i].n, sizes[i].replicas);
		printf("%s %zu %.1f %.1f\n", name, w.desired.n, median_us(run, &w, reps),
		       median_us(run_floor, &w, reps));
		world_done(&w);
	}
}

static void run_parse(void *arg)
{
	const struct buf *text = arg;
	struct arena *a CLEAN(arena) = arena_new();
	struct findings findings;
	struct deployment *d;

	findings_init(&findings, a, "file");
	/* Files that are refused are parsed to their end as well: all findings, not the first. */
	(void)parse_deployment(text->data, text->n, a, &findings, &d, NULL);
}

static void run_events(void *arg)
{
	const struct buf *text = arg;
	yaml_parser_t parser;
	yaml_event_t event;
	bool more = true;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, (const unsigned char *)text->data, text->n);
	while (more && yaml_parser_parse(&parser, &event)) {
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

static int measure_parse(const char *path, int reps)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);

	if (fs_read(AT_FDCWD, path, &text, NULL) < 0) {
		fprintf(stderr, "core_figures: cannot read %s\n", path);
		return 1;
	}
	printf("parse %zu %.1f %.1f\n", text.n, median_us(run_parse, &text, reps),
	       median_us(run_events, &text, reps));
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long reps = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (reps < 1 || reps > MAX_REPS)
		argc = 0;
	if (argc == 3 && strcmp(argv[1], "plan") == 0) {
		measure("plan", run_plan, (int)reps);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "loop") == 0) {
		measure("loop", run_loop, (int)reps);
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "parse") == 0)
		return measure_parse(argv[3], (int)reps);
	fprintf(stderr, "usage: core_figures plan|loop REPS | parse REPS FILE\n");
	return 64;
}
