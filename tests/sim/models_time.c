/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program asks the machine, answered by the simulation: the linker sends these calls here
 * (--wrap in tests/CMakeLists.txt). A call that waits spends its own time and no other's: the
 * simulated worker comes back that much later.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/process.h"
#include "base/rand.h"
#include "tests/sim/models.h"

static struct models *the;
static pthread_t main_thread; /* others belong to a runtime that waits for real processes */

void models_time_use(struct models *m)
{
	the = m;
	main_thread = pthread_self();
}

static bool is_real(void)
{
	return the->is_real || !pthread_equal(pthread_self(), main_thread);
}

struct models *models_time_now(void)
{
	return the;
}

struct mono __wrap_clock_mono(void);
struct mono __wrap_clock_mono(void)
{
	return (struct mono){ the->now_us + the->spent_us };
}

struct wall __wrap_clock_wall(void);
struct wall __wrap_clock_wall(void)
{
	return (struct wall){ the->now_us + the->spent_us + the->wall_us };
}

struct boot __wrap_clock_boot(void);
struct boot __wrap_clock_boot(void)
{
	return (struct boot){ the->now_us + the->spent_us - the->boot_us + CLOCK_SEC };
}

/* Where processes are real, so is the time they need; it costs none of the story's. */
void __real_clock_sleep(int64_t us);
void __wrap_clock_sleep(int64_t us);
void __wrap_clock_sleep(int64_t us)
{
	if (is_real())
		__real_clock_sleep(us);
	else
		the->spent_us += us;
}

/* Nobody else is there to signal it. */
int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *lock,
				  const struct timespec *at);
int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *lock,
				  const struct timespec *at)
{
	int64_t until = (int64_t)at->tv_sec * CLOCK_SEC + at->tv_nsec / 1000;

	(void)c, (void)lock;
	if (until > the->now_us + the->spent_us)
		the->spent_us = until - the->now_us;
	return ETIMEDOUT;
}

void __wrap_rand_bytes(void *p, size_t n);
void __wrap_rand_bytes(void *p, size_t n)
{
	uint64_t *rng = is_real() ? &the->rng_real : &the->rng;

	for (size_t i = 0; i < n; i++)
		((unsigned char *)p)[i] = (unsigned char)rand_next(rng);
}

int __wrap_process_boot_id(char ret[PROCESS_BOOT_ID_SIZE], struct error *err);
int __wrap_process_boot_id(char ret[PROCESS_BOOT_ID_SIZE], struct error *err)
{
	(void)err;
	snprintf(ret, PROCESS_BOOT_ID_SIZE, "boot-%u", the->n_boots);
	return 0;
}
