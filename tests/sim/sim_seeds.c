/* SPDX-License-Identifier: Apache-2.0 */
/* The seeds, one after the other. Knows nothing of what a story is about. */
#include "tests/sim/sim_seeds.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"

#define STORY_BYTES (4 << 20)

struct arguments {
	uint64_t numbers[2]; /* first, count */
	bool is_verbose, is_once;
};

static void run(const struct sim_seeds *p, struct sim_story *st, struct sim_seeds_total *sum)
{
	buf_init(&st->text, STORY_BYTES);
	p->run(p, st, sum);
	if (st->text.overflow)
		sim_story_die(st, "a story too long to be told");
}

static void run_seed(const struct sim_seeds *p, const struct arguments *args, uint64_t seed,
		     struct sim_seeds_total *sum)
{
	struct sim_story a = { .seed = seed, .is_verbose = args->is_verbose }, b = a;
	struct sim_seeds_total again = { 0 };

	run(p, &a, sum);
	if (!args->is_once && (seed - args->numbers[0]) % 4 == 0) {
		run(p, &b, &again);
		if (a.text.n != b.text.n || memcmp(a.text.data, b.text.data, a.text.n) != 0)
			sim_story_die(&b, "the same seed tells another story");
		buf_done(&b.text);
	}
	buf_done(&a.text);
}

/* A core that goes round in circles inside one event is found by the clock on the wall only. */
static char alarm_text[64];

static void on_alarm(int sig)
{
	(void)sig;
	_exit(write(STDOUT_FILENO, alarm_text, strlen(alarm_text)) < 0 ? 2 : 1);
}

static void watch(uint64_t seed, unsigned patience_s)
{
	snprintf(alarm_text, sizeof(alarm_text), "FAIL seed=%" PRIu64 ": never answers\n", seed);
	(void)signal(SIGALRM, on_alarm);
	(void)alarm(patience_s);
}

static bool read_arguments(struct arguments *args, int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0)
			args->is_verbose = args->is_once = true;
		else if (strcmp(argv[i], "--once") == 0)
			args->is_once = true;
		else if (n == 2 || !number_u64(argv[i], UINT32_MAX, &args->numbers[n++]))
			return false;
	}
	return true;
}

int sim_seeds_main(const struct sim_seeds *p, int argc, char **argv)
{
	struct arguments args = { .numbers = { 1, p->n_seeds } };
	struct sim_seeds_total sum = { 0 };

	if (!read_arguments(&args, argc, argv)) {
		fprintf(stderr, "usage: %s [SEED [N]] [--trace] [--once]\n", p->name);
		return 64;
	}
	for (uint64_t i = 0; i < args.numbers[1]; i++) {
		watch(args.numbers[0] + i, p->patience_s);
		run_seed(p, &args, args.numbers[0] + i, &sum);
	}
	printf("%" PRIu64 " seeds: %" PRIu64 " events, %" PRIu64 " steps, %" PRIu64
	       " failed, %" PRIu64 " looks, %" PRIu64 " crashes, %.0f s to rest at most\n",
	       args.numbers[1], sum.events, sum.steps, sum.faults, sum.looks, sum.crashes,
	       (double)sum.longest_us / 1e6);
	return 0;
}
