/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor that `apply` is measured against: the same runtime program on the same bundles,
 * overlay mounts, FIFOs and number of workers, and nothing else. It keeps no record, syncs no
 * file, reads no image, tells nobody. Shares no code with the product but the clock.
 *
 *   raw PROGRAM DIR WORKERS LAYER...
 *
 * DIR/bundles/NAME/config.json must be there for each container; layers are absolute, bottom
 * first. Creates and starts them all, asks each for its state, kills and deletes them all, and
 * prints one line: `n=50 failed=0 up_ms=… up_cpu_ms=… state_ms=… down_ms=…`. What it made in DIR
 * stays.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { MAX_CONTAINERS = 2000, MAX_WORKERS = 16, PATH_SIZE = 512, OPTIONS_SIZE = 4096 };

struct container {
	char name[PATH_SIZE / 4];
	char dir[PATH_SIZE];
	int fifo[2];
	pid_t pid;
};

/* One pass of all workers over all containers. */
struct pass {
	bool (*run)(struct container *c);
	atomic_int next;
	atomic_int failed;
};

static struct {
	const char *program, *dir;
	char root[PATH_SIZE];
	char lowers[OPTIONS_SIZE];
	int workers, host_ns;
	int n;
	struct container *items;
} raw;

extern char **environ;

/* Ends with the program's exit code; its stdio is @c's, or nothing. */
static bool run_program(const char *const *argv, const struct container *c)
{
	posix_spawn_file_actions_t fa;
	pid_t pid;
	int status = -1, e;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	for (int i = 0; i < 2; i++) {
		if (c)
			posix_spawn_file_actions_adddup2(&fa, c->fifo[i], i + 1);
		else
			posix_spawn_file_actions_addopen(&fa, i + 1, "/dev/null", O_WRONLY, 0);
	}
	e = posix_spawn(&pid, argv[0], &fa, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	while (e == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return e == 0 && status == 0;
}

static bool make_dirs(const struct container *c)
{
	static const char *const names[] = { "upper", "work", "rootfs" };
	char path[PATH_SIZE * 2];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", c->dir, names[i]);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return false;
	}
	return true;
}

static bool open_fifos(struct container *c)
{
	char path[PATH_SIZE * 2];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/fifo.%d", c->dir, i + 1);
		(void)unlink(path);
		if (mkfifo(path, 0600) < 0)
			return false;
		c->fifo[i] = open(path, O_RDWR | O_CLOEXEC);
		if (c->fifo[i] < 0)
			return false;
	}
	return true;
}

static bool mount_root(const struct container *c)
{
	char options[OPTIONS_SIZE + PATH_SIZE * 3], target[PATH_SIZE * 2];

	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work",
		 raw.lowers, c->dir, c->dir);
	snprintf(target, sizeof(target), "%s/rootfs", c->dir);
	return mount("raw", target, "overlay", 0, options) == 0;
}

static bool read_pid(struct container *c, const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	c->pid = n > 0 ? (pid_t)strtoul(text, NULL, 10) : 0;
	return c->pid > 0;
}

/* In a mount namespace of its own, so that the host's table stays as it is. */
static bool create(struct container *c)
{
	char pid_file[PATH_SIZE * 2];
	const char *const argv[] = { raw.program, "--root",     raw.root, "create", "--bundle",
				     c->dir,      "--pid-file", pid_file, c->name,  NULL };
	bool ok;

	snprintf(pid_file, sizeof(pid_file), "%s/pid", c->dir);
	ok = unshare(CLONE_FS) == 0 && unshare(CLONE_NEWNS) == 0 &&
	     mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 && mount_root(c) &&
	     run_program(argv, c);
	return setns(raw.host_ns, CLONE_NEWNS) == 0 && ok && read_pid(c, pid_file);
}

static bool up(struct container *c)
{
	const char *const argv[] = { raw.program, "--root", raw.root, "start", c->name, NULL };

	return make_dirs(c) && open_fifos(c) && create(c) && run_program(argv, NULL);
}

static bool down(struct container *c)
{
	const char *const argv[] = { raw.program, "--root", raw.root, "delete", c->name, NULL };

	if (c->pid > 0 && kill(c->pid, SIGKILL) == 0)
		(void)waitpid(c->pid, NULL, 0);
	for (int i = 0; i < 2; i++)
		close(c->fifo[i]);
	return run_program(argv, NULL);
}

static bool state(struct container *c)
{
	const char *const argv[] = { raw.program, "--root", raw.root, "state", c->name, NULL };

	return run_program(argv, NULL);
}

static void *work(void *arg)
{
	struct pass *p = arg;
	int i;

	while ((i = atomic_fetch_add(&p->next, 1)) < raw.n) {
		if (!p->run(&raw.items[i]))
			atomic_fetch_add(&p->failed, 1);
	}
	return NULL;
}

static int run_pass(bool (*run)(struct container *c), int64_t *ret_us)
{
	struct pass p = { .run = run };
	struct mono begin = clock_mono();
	pthread_t threads[MAX_WORKERS];

	for (int i = 0; i < raw.workers; i++)
		if (pthread_create(&threads[i], NULL, work, &p) != 0)
			abort();
	for (int i = 0; i < raw.workers; i++)
		pthread_join(threads[i], NULL);
	*ret_us = clock_mono().us - begin.us;
	return p.failed;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct container *)a)->name, ((const struct container *)b)->name);
}

static bool find_bundles(void)
{
	char path[PATH_SIZE];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/bundles", raw.dir);
	d = opendir(path);
	raw.items = calloc(MAX_CONTAINERS, sizeof(*raw.items));
	while (d && raw.items && raw.n < MAX_CONTAINERS && (e = readdir(d))) {
		struct container *c = &raw.items[raw.n];

		if (e->d_name[0] == '.')
			continue;
		c->fifo[0] = c->fifo[1] = -1;
		snprintf(c->name, sizeof(c->name), "%s", e->d_name);
		snprintf(c->dir, sizeof(c->dir), "%s/bundles/%s", raw.dir, c->name);
		raw.n++;
	}
	if (d)
		closedir(d);
	qsort(raw.items, (size_t)raw.n, sizeof(*raw.items), by_name);
	return raw.n > 0;
}

/* Overlayfs wants the topmost layer first. */
static bool join_layers(char **layers, int n)
{
	size_t at = 0;

	for (int i = n; i-- > 0 && at < sizeof(raw.lowers);)
		at += (size_t)snprintf(raw.lowers + at, sizeof(raw.lowers) - at, "%s%s",
				       at ? ":" : "", layers[i]);
	return n > 0 && at < sizeof(raw.lowers);
}

static double cpu_ms(void)
{
	struct rusage r[2];
	double ms = 0;

	(void)getrusage(RUSAGE_SELF, &r[0]);
	(void)getrusage(RUSAGE_CHILDREN, &r[1]);
	for (int i = 0; i < 2; i++)
		ms += (double)(r[i].ru_utime.tv_sec + r[i].ru_stime.tv_sec) * 1e3 +
		      (double)(r[i].ru_utime.tv_usec + r[i].ru_stime.tv_usec) / 1e3;
	return ms;
}

static int measure(void)
{
	int64_t up_us, state_us, down_us;
	double before = cpu_ms(), used;
	int failed = run_pass(up, &up_us);

	used = cpu_ms() - before;
	failed += run_pass(state, &state_us);
	failed += run_pass(down, &down_us);
	printf("n=%d failed=%d up_ms=%.1f up_cpu_ms=%.1f state_ms=%.1f down_ms=%.1f\n", raw.n,
	       failed, (double)up_us / 1e3, used, (double)state_us / 1e3, (double)down_us / 1e3);
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc < 5 || strlen(argv[2]) > PATH_SIZE / 2) {
		fprintf(stderr, "usage: raw PROGRAM DIR WORKERS LAYER...\n");
		return 64;
	}
	raw.program = argv[1];
	raw.dir = argv[2];
	raw.workers = (int)strtoul(argv[3], NULL, 10);
	snprintf(raw.root, sizeof(raw.root), "%s/oci", raw.dir);
	raw.host_ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (raw.workers < 1 || raw.workers > MAX_WORKERS || raw.host_ns < 0 ||
	    !join_layers(argv + 4, argc - 4) || !find_bundles() ||
	    (mkdir(raw.root, 0700) < 0 && errno != EEXIST) ||
	    /* The containers' first processes come to us when `create` ends. */
	    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		fprintf(stderr, "raw: cannot begin: %s\n", strerror(errno));
		return 1;
	}
	return measure();
}
