/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads meet here: the link's reader puts output into buffers and rings, the caller's
 * thread polls the bell and its own input, and does all reading, writing and sending.
 */
#include "backends/remote_exec.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backends/shim_values.h"
#include "base/base64.h"
#include "base/fs.h"
#include "base/limits.h"

enum {
	CHUNK = 16 << 10,
	MAX_UNACKED = 64 << 10, /* input on its way: what a pipe holds */
	MAX_OUTPUT = 16 << 20,  /* what may wait here; the shim sends less without an ack */
	TICK_MS = 200,          /* cancel and a changed window are looked for that often */
	BEGIN_S = 60,
};

struct exec {
	struct remote_call call; /* first: the reader hands this back */
	struct remote_link *link;
	const struct runtime_exec *x;
	int bell;
	int in; /* the caller's stdin; -1 when it has ended */
	struct winsize size;
	pthread_mutex_t lock;
	/* under the lock */
	struct buf out[3]; /* 1 and 2 */
	size_t n_unacked;  /* input */
	bool ended;
};

static void ring(const struct exec *e)
{
	const uint64_t one = 1;

	/* A full eventfd wakes as well. */
	if (write(e->bell, &one, sizeof(one)) < 0)
		return;
}

static void take_data(struct exec *e, struct json_object *body)
{
	const char *text = NULL;
	int64_t fd = 0;

	if (json_get_i64(body, "fd", &fd, NULL) == 0 &&
	    json_get_str(body, "data", &text, NULL) == 0 && (fd == 1 || fd == 2))
		(void)base64_decode(text, &e->out[fd], NULL); /* rubbish is left out */
}

static void take_ack(struct exec *e, struct json_object *body)
{
	int64_t n = 0;

	if (json_get_i64(body, "n", &n, NULL) == 0 && n > 0)
		e->n_unacked -= (size_t)n < e->n_unacked ? (size_t)n : e->n_unacked;
}

static void on_frame(struct remote_call *c, enum shim_frame_kind kind, struct json_object *body)
{
	struct exec *e = (struct exec *)c;

	pthread_mutex_lock(&e->lock);
	if (!body)
		e->ended = true;
	else if (kind == SHIM_FRAME_DATA)
		take_data(e, body);
	else if (kind == SHIM_FRAME_ACK)
		take_ack(e, body);
	pthread_mutex_unlock(&e->lock);
	ring(e);
}

static void send_ack(struct exec *e, int fd, size_t n)
{
	struct json_object *body = json_object_new_object();

	json_put_i64(body, "fd", fd);
	json_put_i64(body, "n", (int64_t)n);
	(void)remote_link_send(e->link, &e->call, SHIM_FRAME_ACK, body);
}

/* What has come goes out; a reader who left loses it, the program goes on. */
static void give_output(struct exec *e, int fd)
{
	struct buf taken CLEAN(buf) = BUF_INIT(MAX_OUTPUT);

	pthread_mutex_lock(&e->lock);
	buf_add(&taken, e->out[fd].data, e->out[fd].n);
	buf_clear(&e->out[fd]);
	pthread_mutex_unlock(&e->lock);
	if (taken.n == 0)
		return;
	if (e->x->fds[fd] >= 0)
		(void)fs_write_all(e->x->fds[fd], taken.data, taken.n, NULL);
	send_ack(e, fd, taken.n);
}

static void send_input(struct exec *e)
{
	struct buf text CLEAN(buf) = BUF_INIT(2 * CHUNK);
	struct json_object *body = json_object_new_object();
	char chunk[CHUNK];
	ssize_t n = read(e->in, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		json_object_put(body);
		return;
	}
	if (n > 0) {
		base64_encode(chunk, (size_t)n, &text);
		json_put_str(body, "data", text.data);
		pthread_mutex_lock(&e->lock);
		e->n_unacked += (size_t)n;
		pthread_mutex_unlock(&e->lock);
	} else {
		json_put_bool(body, "eof", true);
		e->in = -1;
	}
	(void)remote_link_send(e->link, &e->call, SHIM_FRAME_DATA, body);
}

static void send_size(struct exec *e)
{
	struct winsize now;
	struct json_object *body;

	if (!e->x->tty || e->x->fds[1] < 0 || ioctl(e->x->fds[1], TIOCGWINSZ, &now) < 0 ||
	    (now.ws_row == e->size.ws_row && now.ws_col == e->size.ws_col))
		return;
	e->size = now;
	body = json_object_new_object();
	json_put_i64(body, "rows", now.ws_row);
	json_put_i64(body, "cols", now.ws_col);
	(void)remote_link_send(e->link, &e->call, SHIM_FRAME_DATA, body);
}

static bool may_read(struct exec *e, bool *ret_ended)
{
	bool may;

	pthread_mutex_lock(&e->lock);
	may = e->in >= 0 && e->n_unacked < MAX_UNACKED;
	*ret_ended = e->ended;
	pthread_mutex_unlock(&e->lock);
	return may;
}

static void empty_bell(struct exec *e)
{
	uint64_t n;

	/* Nothing rung is nothing to empty. */
	if (read(e->bell, &n, sizeof(n)) < 0)
		return;
}

static void carry(struct exec *e)
{
	bool ended = false, canceled = false;

	while (!ended) {
		bool reads = may_read(e, &ended);
		struct pollfd fds[] = { { e->bell, POLLIN, 0 }, { reads ? e->in : -1, POLLIN, 0 } };

		if (!ended && poll(fds, 2, TICK_MS) < 0)
			continue;
		empty_bell(e);
		if (fds[1].revents)
			send_input(e);
		send_size(e);
		give_output(e, 1);
		give_output(e, 2);
		if (!canceled && e->x->cancel && __atomic_load_n(e->x->cancel, __ATOMIC_RELAXED)) {
			canceled = true;
			(void)remote_link_send(e->link, &e->call, SHIM_FRAME_CANCEL,
					       json_object_new_object());
		}
	}
}

static int result(struct exec *e, int *ret_code, struct error *err)
{
	struct json_object *value;
	int64_t code = 0;
	size_t n;
	int r = remote_link_wait(e->link, &e->call, mono_add(clock_mono(), CLOCK_SEC), err);

	if (r < 0)
		return r;
	n = json_object_array_length(e->call.values);
	value = n ? json_object_array_get_idx(e->call.values, n - 1) : NULL;
	r = json_need_i64(value, "code", &code, err);
	if (r == 0)
		*ret_code = (int)code;
	return r;
}

static int run(struct exec *e, int *ret_code, struct error *err)
{
	struct json_object *body = shim_values_exec(e->x);
	int r;

	json_put_str(body, "op", "exec");
	r = remote_link_begin(e->link, &e->call, body, mono_add(clock_mono(), BEGIN_S * CLOCK_SEC),
			      err);
	if (r < 0)
		return r;
	carry(e);
	r = result(e, ret_code, err);
	remote_link_end(e->link, &e->call);
	return r;
}

int remote_exec(struct remote_link *l, const struct runtime_exec *x, int *ret_code,
		struct error *err)
{
	struct exec e = { .call = { .on_frame = on_frame }, .link = l, .x = x, .in = x->fds[0] };
	int r;

	e.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e.bell < 0)
		return error_sys(err, errno, "set up an exec");
	pthread_mutex_init(&e.lock, NULL);
	for (int i = 0; i < 3; i++)
		buf_init(&e.out[i], MAX_OUTPUT);
	r = run(&e, ret_code, err);
	for (int i = 0; i < 3; i++)
		buf_done(&e.out[i]);
	pthread_mutex_destroy(&e.lock);
	close(e.bell);
	return r;
}
