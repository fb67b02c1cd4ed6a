/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of open logs under one lock. The copying thread marks a log busy and works on
 * it without the lock, so a slow disk holds up nobody who opens or ends another log.
 * Whoever ends a log takes it out of the table, waits until it is not busy, and copies
 * the rest itself. What happens to lines in the file is shim_log_file.c's.
 */
#include "backends/shim_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/shim_cri.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"

enum {
	CHUNK = 64 << 10,     /* one turn of one stream: nobody starves the others */
	OUT_MAX = CHUNK * 64, /* a chunk of empty lines, each with its 42 bytes in front */
	PIPE_BYTES = 1 << 20, /* what an unprivileged pipe may have at most by default */
	DRAIN_CHUNKS = 64,    /* at an end: four full pipes, in case somebody still writes */
	SERIAL_WAKE = 0,      /* epoll data of the eventfd; serials start at 1 */
	STREAMS = 2,
};

static const char *const stream_names[STREAMS] = { "stdout", "stderr" };
static const char *const fifo_suffixes[STREAMS] = { ".out", ".err" };

struct stream {
	int fd;          /* our end, non-blocking */
	struct buf line; /* begun, not ended yet */
};

struct entry {
	struct entry *next;
	uint64_t serial;
	char *id;
	char *fifos[STREAMS];
	struct shim_log_place place; /* path: see file */
	struct shim_log_file file;
	bool busy; /* the copying thread works on it */
	struct stream streams[STREAMS];
};

struct shim_log {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct entry *entries;
	uint64_t last_serial;
	int epoll, wake;
	bool stop;
	pthread_t thread;
};

/* --- lines --------------------------------------------------------------------------- */

static void emit_rest(struct entry *e, char tag, struct buf *out)
{
	for (int i = 0; i < STREAMS; i++)
		shim_cri_rest(&e->streams[i].line, stream_names[i], tag, out);
}

/* --- copying ------------------------------------------------------------------------- */

/* One chunk of one stream; false when there was nothing. */
static bool copy_chunk(struct entry *e, int which, char *chunk)
{
	struct buf out CLEAN(buf) = BUF_INIT(OUT_MAX);
	ssize_t n = read(e->streams[which].fd, chunk, CHUNK);

	if (n <= 0)
		return false;
	shim_cri_split(&e->streams[which].line, stream_names[which], chunk, (size_t)n, &out);
	shim_log_file_write(&e->file, out.data, out.n);
	return true;
}

static struct entry **find_entry(struct shim_log *log, const char *id)
{
	struct entry **at = &log->entries;

	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	return at;
}

static struct entry *find_serial(struct shim_log *log, uint64_t serial)
{
	struct entry *e = log->entries;

	while (e && e->serial != serial)
		e = e->next;
	return e;
}

/* A pipe whose writers are gone stays readable: out of the set, so that the thread does not spin.
 * FIFOs have a writer as long as we hold them. */
static void leave_ended(const struct shim_log *log, const struct entry *e, int which)
{
	struct pollfd p = { .fd = e->streams[which].fd, .events = POLLIN };

	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) && !(p.revents & POLLIN))
		(void)epoll_ctl(log->epoll, EPOLL_CTL_DEL, p.fd, NULL);
}

/* The event may be older than the end of its log: then there is no such serial any more. */
static void serve(struct shim_log *log, uint64_t key, char *chunk)
{
	struct entry *e;

	pthread_mutex_lock(&log->lock);
	e = find_serial(log, key / STREAMS);
	if (e)
		e->busy = true;
	pthread_mutex_unlock(&log->lock);
	if (!e)
		return;
	if (!copy_chunk(e, (int)(key % STREAMS), chunk))
		leave_ended(log, e, (int)(key % STREAMS));
	pthread_mutex_lock(&log->lock);
	e->busy = false;
	pthread_cond_broadcast(&log->idle);
	pthread_mutex_unlock(&log->lock);
}

static bool must_stop(struct shim_log *log)
{
	bool stop;

	pthread_mutex_lock(&log->lock);
	stop = log->stop;
	pthread_mutex_unlock(&log->lock);
	return stop;
}

static void *copy_thread(void *arg)
{
	struct shim_log *log = arg;
	struct epoll_event events[64];
	char *chunk = xcalloc(1, CHUNK);

	while (!must_stop(log)) {
		int n = epoll_wait(log->epoll, events, 64, -1);

		for (int i = 0; i < n; i++)
			if (events[i].data.u64 != SERIAL_WAKE)
				serve(log, events[i].data.u64, chunk);
	}
	free(chunk);
	return NULL;
}

/* --- entries ------------------------------------------------------------------------- */

static void free_entry(struct entry *e)
{
	if (!e)
		return;
	for (int i = 0; i < STREAMS; i++) {
		/* Closing ends the epoll registration: the other ends are files of their own. */
		if (e->streams[i].fd >= 0)
			close(e->streams[i].fd);
		buf_done(&e->streams[i].line);
		free(e->fifos[i]);
	}
	shim_log_file_close(&e->file);
	free(e->id);
	free(e);
}
CLEAN_DEFINE(entry, struct entry *, free_entry)

static void remove_fifos(const struct entry *e)
{
	for (int i = 0; i < STREAMS; i++)
		if (e->fifos[i])
			(void)unlink(e->fifos[i]); /* gone is what we want */
}

static int new_entry(const char *id, const struct shim_log_place *place, const char *fifo_prefix,
		     struct entry **ret, struct error *err)
{
	struct entry *e CLEAN(entry) = xcalloc(1, sizeof(*e));
	int r;

	e->file = SHIM_LOG_FILE_INIT;
	e->id = xstrdup(id);
	for (int i = 0; i < STREAMS; i++) {
		size_t size;

		e->streams[i].fd = -1;
		buf_init(&e->streams[i].line, LIMIT_LOG_LINE);
		if (!fifo_prefix)
			continue;
		size = strlen(fifo_prefix) + strlen(fifo_suffixes[i]) + 1;
		e->fifos[i] = xcalloc(1, size);
		snprintf(e->fifos[i], size, "%s%s", fifo_prefix, fifo_suffixes[i]);
	}
	e->place = *place;
	r = shim_log_file_open(&e->file, place, err);
	if (r < 0)
		return error_wrap(err, r, "log of %s", id);
	*ret = TAKE(e);
	return 0;
}

/* Our end. Opened for both ways, so that it never sees an end of file. */
static int open_fifo(struct entry *e, int which, struct error *err)
{
	const char *path = e->fifos[which];
	int fd CLEAN(fd) = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(err, errno, "open %s", path);
	if (!S_ISFIFO(st.st_mode))
		return error_set(err, ERR_CORRUPT, 0, "%s is no FIFO", path);
	/* A larger pipe is a kindness to the container; the default one will do. */
	(void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
	e->streams[which].fd = TAKE_FD(fd);
	return 0;
}

/* Into the table; from here on the thread may work on it. */
static int add_entry(struct shim_log *log, struct entry **take, struct error *err)
{
	struct entry *e = *take;
	int r = 0;

	pthread_mutex_lock(&log->lock);
	e->serial = ++log->last_serial;
	for (int i = 0; i < STREAMS && r == 0; i++) {
		struct epoll_event ev = { .events = EPOLLIN };

		if (e->streams[i].fd < 0)
			continue;
		ev.data.u64 = e->serial * STREAMS + (uint64_t)i;
		if (epoll_ctl(log->epoll, EPOLL_CTL_ADD, e->streams[i].fd, &ev) < 0)
			r = error_sys(err, errno, "watch the output of %s", e->id);
	}
	if (r == 0) {
		e->next = log->entries;
		log->entries = TAKE(*take);
	}
	pthread_mutex_unlock(&log->lock);
	return r;
}

bool shim_log_is_open(struct shim_log *log, const char *id)
{
	bool open;

	pthread_mutex_lock(&log->lock);
	open = *find_entry(log, id) != NULL;
	pthread_mutex_unlock(&log->lock);
	return open;
}

/* --- the interface ------------------------------------------------------------------- */

static int make_fifos(struct entry *e, int fds[STREAMS], struct error *err)
{
	const char *slash = strrchr(e->fifos[0], '/');
	char dir[LIMIT_PATH];
	int r;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - e->fifos[0]) : 0, e->fifos[0]);
	r = *dir ? fs_mkdirs(AT_FDCWD, dir, 0700, err) : 0;

	for (int i = 0; i < STREAMS && r == 0; i++) {
		(void)unlink(e->fifos[i]);
		if (mkfifo(e->fifos[i], 0600) < 0)
			return error_sys(err, errno, "make %s", e->fifos[i]);
		r = open_fifo(e, i, err);
		if (r < 0)
			return r;
		/* A description of its own: the container's end blocks. */
		fds[i] = open(e->fifos[i], O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fds[i] < 0)
			return error_sys(err, errno, "open %s", e->fifos[i]);
	}
	return r;
}

int shim_log_open(struct shim_log *log, const char *id, const struct shim_log_place *place,
		  const char *fifo_prefix, int ret_fds[2], struct error *err)
{
	struct entry *e CLEAN(entry) = NULL;
	int out CLEAN(fd) = -1, other CLEAN(fd) = -1;
	int fds[STREAMS] = { -1, -1 };
	int r;

	if (shim_log_is_open(log, id))
		return error_set(err, ERR_EXISTS, 0, "the log of %s is open already", id);
	r = new_entry(id, place, fifo_prefix, &e, err);
	if (r < 0)
		return r;
	r = make_fifos(e, fds, err);
	out = fds[0];
	other = fds[1];
	if (r == 0)
		r = add_entry(log, &e, err);
	if (r < 0) {
		remove_fifos(e);
		return error_wrap(err, r, "log of %s", id);
	}
	ret_fds[0] = TAKE_FD(out);
	ret_fds[1] = TAKE_FD(other);
	return 0;
}

int shim_log_take(struct shim_log *log, const char *id, const struct shim_log_place *place,
		  const int fds[2], struct error *err)
{
	struct entry *e CLEAN(entry) = NULL;
	int r = 0;

	if (shim_log_is_open(log, id))
		r = error_set(err, ERR_EXISTS, 0, "the log of %s is open already", id);
	if (r == 0)
		r = new_entry(id, place, NULL, &e, err);
	for (int i = 0; i < STREAMS; i++) {
		if (r < 0 && fds[i] >= 0)
			close(fds[i]);
		else if (r == 0)
			e->streams[i].fd = fds[i];
		if (r == 0 && fds[i] >= 0)
			(void)fcntl(fds[i], F_SETFL,
				    O_NONBLOCK); /* the thread serves others, too */
	}
	if (r == 0)
		r = add_entry(log, &e, err);
	return r < 0 ? error_wrap(err, r, "log of %s", id) : 0;
}

static void put_gap(struct buf *b)
{
	shim_cri_tell(b, "the log may have a gap here (shim restarted)");
}

static void tell_gap(struct entry *e)
{
	struct buf b CLEAN(buf) = BUF_INIT(512);

	put_gap(&b);
	shim_log_file_write(&e->file, b.data, b.n);
}

void shim_log_tell_gap(const char *cri_path)
{
	struct buf b CLEAN(buf) = BUF_INIT(512);
	int fd CLEAN(fd) = open(cri_path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	put_gap(&b);
	/* A log that is gone or cannot be written has no place for it. */
	if (fd >= 0)
		(void)fs_write_all(fd, b.data, b.n, NULL);
}

int shim_log_adopt(struct shim_log *log, const char *id, const struct shim_log_place *place,
		   const char *fifo_prefix, struct error *err)
{
	struct entry *e CLEAN(entry) = NULL;
	int r;

	if (shim_log_is_open(log, id))
		return SHIM_LOG_ALREADY;
	r = new_entry(id, place, fifo_prefix, &e, err);
	for (int i = 0; i < STREAMS && r == 0; i++)
		r = open_fifo(e, i, err);
	if (r < 0)
		return r;
	tell_gap(e);
	return add_entry(log, &e, err);
}

void shim_log_finish(struct shim_log *log, const char *id)
{
	struct entry *e CLEAN(entry) = NULL;
	struct buf out CLEAN(buf) = BUF_INIT(OUT_MAX);
	struct entry **at;
	char *chunk;

	pthread_mutex_lock(&log->lock);
	at = find_entry(log, id);
	e = *at;
	if (e)
		*at = e->next;
	while (e && e->busy)
		pthread_cond_wait(&log->idle, &log->lock);
	pthread_mutex_unlock(&log->lock);
	if (!e)
		return;
	chunk = xcalloc(1, CHUNK);
	for (int i = 0; i < STREAMS; i++)
		for (int turn = 0; turn < DRAIN_CHUNKS && copy_chunk(e, i, chunk); turn++)
			;
	free(chunk);
	emit_rest(e, 'F', &out);
	shim_log_file_write(&e->file, out.data, out.n);
	shim_log_file_settle(&e->file); /* the last chance */
	remove_fifos(e);
}

int shim_log_sweep(const char *fifo_prefix, struct error *err)
{
	char path[LIMIT_PATH];

	for (int i = 0; i < STREAMS; i++) {
		snprintf(path, sizeof(path), "%s%s", fifo_prefix, fifo_suffixes[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return error_sys(err, errno, "remove %s", path);
	}
	return 0;
}

static void release(struct shim_log *log)
{
	if (log->epoll >= 0)
		close(log->epoll);
	if (log->wake >= 0)
		close(log->wake);
	pthread_mutex_destroy(&log->lock);
	pthread_cond_destroy(&log->idle);
	free(log);
}

int shim_log_new(struct shim_log **ret, struct error *err)
{
	struct shim_log *log = xcalloc(1, sizeof(*log));
	struct epoll_event ev = { .events = EPOLLIN };
	int e = 0;

	pthread_mutex_init(&log->lock, NULL);
	pthread_cond_init(&log->idle, NULL);
	ev.data.u64 = SERIAL_WAKE;
	log->epoll = epoll_create1(EPOLL_CLOEXEC);
	log->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (log->epoll < 0 || log->wake < 0 ||
	    epoll_ctl(log->epoll, EPOLL_CTL_ADD, log->wake, &ev) < 0)
		e = errno;
	if (!e)
		e = pthread_create(&log->thread, NULL, copy_thread, log);
	if (e) {
		release(log);
		return error_sys(err, e, "set up container logs");
	}
	*ret = log;
	return 0;
}

/* Twice is fine. */
static void stop_thread(struct shim_log *log)
{
	const uint64_t one = 1;
	bool was;

	pthread_mutex_lock(&log->lock);
	was = log->stop;
	log->stop = true;
	pthread_mutex_unlock(&log->lock);
	if (was)
		return;
	if (write(log->wake, &one, sizeof(one)) != sizeof(one))
		abort(); /* a fresh eventfd always takes a one */
	pthread_join(log->thread, NULL);
}

/* What was begun goes into the file; whoever reads puts it together with the rest. */
static void write_begun(struct entry *e)
{
	struct buf out CLEAN(buf) = BUF_INIT(OUT_MAX);

	emit_rest(e, 'P', &out);
	shim_log_file_write(&e->file, out.data, out.n);
	shim_log_file_settle(&e->file);
}

void shim_log_hand_over(struct shim_log *log, struct arena *a, struct shim_handed_log **ret,
			size_t *ret_n)
{
	struct shim_handed_log *all = NULL;
	size_t n = 0;

	stop_thread(log);
	while (log->entries) {
		struct entry *e CLEAN(entry) = log->entries;
		struct shim_handed_log *h;

		log->entries = e->next;
		write_begun(e);
		all = arena_grow(a, all, n, sizeof(*all));
		h = &all[n++];
		h->id = arena_strdup(a, e->id);
		h->place = e->place;
		h->place.path = arena_strdup(a, e->file.path);
		for (int i = 0; i < STREAMS; i++) {
			h->fifos[i] = arena_strdup(a, e->fifos[i]);
			h->fds[i] = TAKE_FD(e->streams[i].fd);
		}
	}
	*ret = all;
	*ret_n = n;
}

int shim_log_take_over(struct shim_log *log, const struct shim_handed_log *from, struct error *err)
{
	struct entry *e CLEAN(entry) = NULL;
	int r = new_entry(from->id, &from->place, NULL, &e, err);

	for (int i = 0; r == 0 && i < STREAMS; i++) {
		e->streams[i].fd = from->fds[i];
		e->fifos[i] = from->fifos[i] ? xstrdup(from->fifos[i]) : NULL;
	}
	if (r == 0)
		r = add_entry(log, &e, err);
	for (int i = 0; e && i < STREAMS; i++)
		e->streams[i].fd = -1; /* it was not added: they are not ours */
	return r;
}

void shim_log_free(struct shim_log *log)
{
	if (!log)
		return;
	stop_thread(log);
	while (log->entries) {
		struct entry *e CLEAN(entry) = log->entries;

		log->entries = e->next;
		write_begun(e);
	}
	release(log);
}
