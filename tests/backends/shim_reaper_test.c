/* SPDX-License-Identifier: Apache-2.0 */
/* The reaper beside many workers: no status is lost, none goes to the wrong one. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/shim_reaper.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/number.h"

enum { N_THREADS = 16, N_RUNS = 25 };

/* Reports, as they come from the reaper's thread. */
struct reports {
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned n, n_without;
	int sum;
};

static void on_ended(void *arg, pid_t pid, bool has_code, int code)
{
	struct reports *s = arg;

	(void)pid;
	pthread_mutex_lock(&s->lock);
	s->n++;
	s->n_without += !has_code;
	s->sum += code;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

static void reports_init(struct reports *s)
{
	*s = (struct reports){ 0 };
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
}

static void reports_wait(struct reports *s, unsigned n)
{
	pthread_mutex_lock(&s->lock);
	while (s->n < n)
		pthread_cond_wait(&s->more, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

static int run(struct shim_reaper *r, const char *script, struct buf *out)
{
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct process_spec spec = { .argv = argv, .waiter = shim_reaper_waiter(r) };

	spec.deadline = mono_add(clock_mono(), 60 * CLOCK_SEC);
	if (process_run(&spec, &res, NULL) < 0)
		return -1;
	if (out)
		buf_add(out, res.out.data, res.out.n);
	return res.exit_code;
}

struct runner {
	struct shim_reaper *r;
	unsigned index, n_right;
};

static void *run_many(void *arg)
{
	struct runner *self = arg;

	for (unsigned i = 0; i < N_RUNS; i++) {
		char script[32];
		int want = (int)((self->index * N_RUNS + i) % 200);

		snprintf(script, sizeof(script), "exit %d", want);
		self->n_right += run(self->r, script, NULL) == want;
	}
	return NULL;
}

static void test_no_status_is_lost(void **state)
{
	struct shim_reaper *r CLEAN(shim_reaper) = NULL;
	pthread_t threads[N_THREADS];
	struct runner runners[N_THREADS];
	unsigned n_right = 0;

	(void)state;
	assert_int_equal(shim_reaper_new(&r, NULL), 0);
	for (unsigned i = 0; i < N_THREADS; i++) {
		runners[i] = (struct runner){ .r = r, .index = i };
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, &runners[i]), 0);
	}
	for (unsigned i = 0; i < N_THREADS; i++) {
		pthread_join(threads[i], NULL);
		n_right += runners[i].n_right;
	}
	assert_int_equal(n_right, N_THREADS * N_RUNS);
}

/* Makes an orphan that ends by @how when it gets SIGUSR1; it is re-parented to us. */
static struct process_id make_orphan(struct shim_reaper *r, const char *how)
{
	struct buf out CLEAN(buf) = BUF_INIT(100);
	struct process_id id = { 0 };
	char script[256];
	uint64_t pid;

	snprintf(script, sizeof(script),
		 "sh -c 'trap \"%s\" USR1; echo $$; exec >&-; while :; do sleep 0.05; done' "
		 "2>/dev/null & exit 0",
		 how);
	assert_int_equal(run(r, script, &out), 0);
	if (out.n)
		out.data[out.n - 1] = '\0';
	assert_true(number_u64(out.data, 1 << 30, &pid));
	assert_int_equal(process_identify((pid_t)pid, &id, NULL), 0);
	return id;
}

/* As many containers end as programs are run, all at once: each status finds its own. */
enum { N_INITS = 200 };

static struct process_id make_init(struct shim_reaper *r, unsigned code)
{
	struct buf out CLEAN(buf) = BUF_INIT(100);
	struct process_id id = { 0 };
	char script[128];
	uint64_t pid;

	snprintf(script, sizeof(script),
		 "sh -c 'echo $$; exec >&-; kill -STOP $$; exit %u' 2>/dev/null & exit 0", code);
	assert_int_equal(run(r, script, &out), 0);
	assert_true(out.n > 1);
	out.data[out.n - 1] = '\0';
	assert_true(number_u64(out.data, 1 << 30, &pid));
	assert_int_equal(process_identify((pid_t)pid, &id, NULL), 0);
	return id;
}

static void wait_stopped(pid_t pid)
{
	char path[64], stat[512] = "";

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	do {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, stat, sizeof(stat) - 1);

		close(fd);
		stat[n > 0 ? n : 0] = '\0';
	} while (!strstr(stat, ") T "));
}

static void test_exits_beside_spawns(void **state)
{
	enum { N = 8 }; /* threads, each with 25 programs to run */
	struct shim_reaper *r CLEAN(shim_reaper) = NULL;
	struct process_id ids[N_INITS];
	struct reports seen;
	pthread_t threads[N];
	struct runner runners[N];
	unsigned n_right = 0;
	int want = 0;

	(void)state;
	reports_init(&seen);
	assert_int_equal(shim_reaper_new(&r, NULL), 0);
	for (unsigned i = 0; i < N_INITS; i++) {
		ids[i] = make_init(r, i % 100 + 1);
		want += (int)(i % 100) + 1;
		assert_int_equal(shim_reaper_watch(r, &ids[i], on_ended, &seen, NULL), 0);
	}
	for (unsigned i = 0; i < N_INITS; i++)
		wait_stopped(ids[i].pid);
	for (unsigned i = 0; i < N; i++) {
		runners[i] = (struct runner){ .r = r, .index = i };
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, &runners[i]), 0);
	}
	for (unsigned i = 0; i < N_INITS; i++)
		assert_int_equal(process_signal(&ids[i], SIGCONT, NULL), 0);
	for (unsigned i = 0; i < N; i++) {
		pthread_join(threads[i], NULL);
		n_right += runners[i].n_right;
	}
	reports_wait(&seen, N_INITS);
	assert_int_equal(n_right, N * N_RUNS);
	assert_int_equal(seen.n, N_INITS);
	assert_int_equal(seen.n_without, 0);
	assert_int_equal(seen.sum, want);
}

static void test_orphans_report_their_code(void **state)
{
	struct shim_reaper *r CLEAN(shim_reaper) = NULL;
	struct reports seen;
	struct process_id a, b;

	(void)state;
	reports_init(&seen);
	assert_int_equal(shim_reaper_new(&r, NULL), 0);
	a = make_orphan(r, "exit 7");
	b = make_orphan(r, "exit 9");
	assert_int_equal(shim_reaper_watch(r, &a, on_ended, &seen, NULL), 0);
	assert_int_equal(process_signal(&a, SIGUSR1, NULL), 0);
	reports_wait(&seen, 1);
	assert_int_equal(seen.sum, 7);
	/* This one is dead and reaped before anybody asks. */
	assert_int_equal(process_signal(&b, SIGKILL, NULL), 0);
	for (enum process_state s = PROCESS_ALIVE; s != PROCESS_GONE; clock_sleep(1000))
		assert_int_equal(process_look(&b, &s, NULL), 0);
	assert_int_equal(shim_reaper_watch(r, &b, on_ended, &seen, NULL), 0);
	reports_wait(&seen, 2);
	assert_int_equal(seen.sum, 7 + 128 + SIGKILL);
	assert_int_equal(seen.n_without, 0);
	/* Asked a second time nobody knows the code any more; nor of a process that never was. */
	assert_int_equal(shim_reaper_watch(r, &b, on_ended, &seen, NULL), 0);
	a = (struct process_id){ .pid = 1, .start_time = UINT64_MAX };
	assert_int_equal(shim_reaper_watch(r, &a, on_ended, &seen, NULL), 0);
	reports_wait(&seen, 4);
	assert_int_equal(seen.n_without, 2);
}

/* A process with a living parent that is not us stands for an adopted container. */
static void test_not_our_child(void **state)
{
	struct shim_reaper *r CLEAN(shim_reaper) = NULL;
	const char *argv[] = { "/bin/sh", "-c",
			       "sleep 600 & echo $! ; exec >&-; wait; exec sleep 600", NULL };
	struct process_spec spec = { .argv = argv };
	struct reports seen;
	struct process_id parent = { 0 }, id = { 0 };
	int fds[2] = { -1, -1 };
	char text[32] = "";
	uint64_t pid;
	pid_t sh;

	(void)state;
	reports_init(&seen);
	assert_int_equal(shim_reaper_new(&r, NULL), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	spec.waiter = shim_reaper_waiter(r);
	spec.stdout_fd = fds[1];
	assert_int_equal(process_spawn(&spec, &sh, NULL), 0);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 1);
	*strchr(text, '\n') = '\0';
	assert_true(number_u64(text, 1 << 30, &pid));
	assert_int_equal(process_identify((pid_t)pid, &id, NULL), 0);
	assert_int_equal(process_identify(sh, &parent, NULL), 0);
	assert_int_equal(shim_reaper_watch(r, &id, on_ended, &seen, NULL), 0);
	assert_int_equal(process_signal(&id, SIGTERM, NULL), 0);
	reports_wait(&seen, 1);
	if (!seen.n_without)
		assert_int_equal(seen.sum, 128 + SIGTERM);
	assert_int_equal(process_signal(&parent, SIGKILL, NULL), 0);
	close(fds[0]);
	close(fds[1]);
}

static void test_unwatch(void **state)
{
	struct shim_reaper *r CLEAN(shim_reaper) = NULL;
	struct reports first, second;
	struct process_id id;

	(void)state;
	reports_init(&first);
	reports_init(&second);
	assert_int_equal(shim_reaper_new(&r, NULL), 0);
	id = make_orphan(r, "exit 3");
	assert_int_equal(shim_reaper_watch(r, &id, on_ended, &first, NULL), 0);
	shim_reaper_unwatch(r, &first);
	assert_int_equal(shim_reaper_watch(r, &id, on_ended, &second, NULL), 0);
	assert_int_equal(process_signal(&id, SIGUSR1, NULL), 0);
	reports_wait(&second, 1);
	assert_int_equal(second.sum, 3);
	assert_int_equal(first.n, 0);
}

static void test_program_that_is_not_there(void **state)
{
	struct shim_reaper *r CLEAN(shim_reaper) = NULL;
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	const char *argv[] = { "/nonexistent/program", NULL };
	struct process_spec spec = { .argv = argv };

	(void)state;
	assert_int_equal(shim_reaper_new(&r, NULL), 0);
	spec.waiter = shim_reaper_waiter(r);
	assert_int_equal(process_run(&spec, &res, NULL), -ERR_NOT_FOUND);
	assert_int_equal(run(r, "exit 5", NULL), 5);
}

/* A program past its deadline is killed and its status still collected. */
static void test_deadline(void **state)
{
	struct shim_reaper *r CLEAN(shim_reaper) = NULL;
	struct process_result res CLEAN(process_result) = PROCESS_RESULT_INIT;
	const char *argv[] = { "/bin/sleep", "600", NULL };
	struct process_spec spec = { .argv = argv };

	(void)state;
	assert_int_equal(shim_reaper_new(&r, NULL), 0);
	spec.waiter = shim_reaper_waiter(r);
	spec.deadline = mono_add(clock_mono(), 50 * CLOCK_MS);
	assert_int_equal(process_run(&spec, &res, NULL), -ERR_TIMEOUT);
	assert_true(res.timed_out);
	assert_int_equal(res.exit_code, 128 + SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_status_is_lost),
		cmocka_unit_test(test_exits_beside_spawns),
		cmocka_unit_test(test_orphans_report_their_code),
		cmocka_unit_test(test_not_our_child),
		cmocka_unit_test(test_unwatch),
		cmocka_unit_test(test_program_that_is_not_there),
		cmocka_unit_test(test_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
