/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hcs_sim: looks at a simulated host and makes things happen to it. The directory is given by -d,
 * or HCS_SIM_DIR. 0 done, 1 failed, 64 usage.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "backends/hcs_result.h"
#include "backends/hcs_sim/host/store.h"
#include "backends/hcs_sim/host/switches.h"
#include "backends/hcs_sim/place.h"
#include "backends/hcs_sim/wire.h"
#include "base/arena.h"
#include "base/fs.h"

static const char usage_text[] =
	"usage: hcs_sim [-d DIR] COMMAND\n"
	"\n"
	"  ls                     systems, networks, namespaces, endpoints and layers in use, as "
	"JSON\n"
	"  calls                  how many calls there were that are points for faults\n"
	"  faults                 the rules, with what they have seen and hit\n"
	"  fault RULE...          add rules: JSON objects, as in faults.json\n"
	"  clear                  remove all rules; what hangs by one goes on\n"
	"  switch [NAME=VALUE...] show the switches, or set some\n"
	"  restart hcs|hcn        the service starts again: its handles are dead\n"
	"  reboot                 the host does\n"
	"  down                   end everything that runs; networks and layers stay\n";

enum { EXIT_USAGE = 64, MAX_FILE = 1 << 20 };

struct tool {
	const char *dir;
	char program[PATH_MAX]; /* the keeper's, beside this one */
	int dirfd;
	struct error err;
};

/* --- output ------------------------------------------------------------------------------ */

static void say(int fd, const char *text)
{
	(void)fs_write_all(fd, text, strlen(text),
			   NULL); /* to a terminal or pipe that may be gone */
}

static int complain(const struct tool *t)
{
	say(STDERR_FILENO, "hcs_sim: ");
	say(STDERR_FILENO, t->err.msg);
	say(STDERR_FILENO, "\n");
	return EXIT_FAILURE;
}

static int usage(void)
{
	say(STDERR_FILENO, usage_text);
	return EXIT_USAGE;
}

/* JSON text, as people read it. */
static void say_json(const char *text)
{
	struct json_object *o CLEAN(json) = NULL;
	struct buf out CLEAN(buf) = BUF_INIT(WIRE_BYTES * 2);

	if (json_parse(text, strlen(text), &o, NULL) < 0)
		return;
	json_pretty(o, &out);
	say(STDOUT_FILENO, out.data);
	say(STDOUT_FILENO, "\n");
}

/* --- asking the keeper --------------------------------------------------------------------- */

static int send_call(struct tool *t, int fd, const char *name, struct json_object *args)
{
	struct json_object *o = json_object_new_object();
	struct buf out CLEAN(buf) = BUF_INIT(WIRE_BYTES);

	json_put_i64(o, "id", 1);
	json_put_str(o, "call", name);
	json_put_obj(o, "args", args);
	wire_put(&out, o);
	if (wire_send(fd, &out, NULL, 0) != 0)
		return error_set(&t->err, ERR_UNAVAILABLE, 0, "the keeper is gone");
	return 0;
}

/* Until the answer comes; events are for others. */
static int read_answer(struct tool *t, int fd, struct json_object **ret)
{
	struct buf in CLEAN(buf) = BUF_INIT(2 * WIRE_BYTES);
	struct wire_fds fds CLEAN(wire_fds) = { .n = 0 };
	int64_t id = 0;
	int r;

	for (;;) {
		struct json_object *o CLEAN(json) = NULL;

		r = wire_get(&in, &o, &t->err);
		if (r < 0)
			return r;
		if (r == 0 && json_get_i64(o, "id", &id, NULL) == 0) {
			*ret = TAKE(o);
			return 0;
		}
		if (r == WIRE_PARTIAL && wire_receive(fd, &in, &fds) != 0)
			return error_set(&t->err, ERR_UNAVAILABLE, 0, "the keeper is gone");
	}
}

/* Asks, starting a keeper when there is none; @ret_value may be NULL. */
static int ask_on(struct tool *t, int fd, const char *name, struct json_object *args,
		  struct json_object **ret_value)
{
	struct json_object *answer CLEAN(json) = NULL;
	struct json_object *value = NULL;
	const char *why = NULL;
	int64_t hr = E_FAIL;
	int r = send_call(t, fd, name, args);

	r = r < 0 ? r : read_answer(t, fd, &answer);
	r = r < 0 ? r : json_get_i64(answer, "hr", &hr, &t->err);
	r = r < 0 ? r : json_get_obj(answer, "value", &value, &t->err);
	if (r < 0)
		return r;
	if (value)
		(void)json_get_str(value, "error", &why, NULL); /* not always there */
	if (hr < 0)
		return error_set(&t->err, ERR_INVALID, (int)hr, "%s",
				 why ? why : hcs_result_name((HRESULT)hr));
	if (ret_value)
		*ret_value = json_object_get(value);
	return 0;
}

static int ask(struct tool *t, const char *name, struct json_object *args,
	       struct json_object **ret_value)
{
	int fd CLEAN(fd) = -1;
	int r = place_start(t->dirfd, t->dir, t->program, &fd, &t->err);

	if (r != 0) {
		json_object_put(args);
		return r < 0 ? r
			     : error_set(&t->err, ERR_UNAVAILABLE, 0, "the keeper did not start");
	}
	return ask_on(t, fd, name, args, ret_value);
}

/* --- commands ------------------------------------------------------------------------------ */

static int show(struct tool *t, const char *call)
{
	struct json_object *value CLEAN(json) = NULL;
	const char *text = "{}";
	int r = ask(t, call, json_object_new_object(), &value);

	r = r < 0 ? r : json_need_str(value, "document", &text, &t->err);
	if (r == 0)
		say_json(text);
	return r;
}

static int cmd_ls(struct tool *t, int n, char **args)
{
	(void)args;
	return n ? EXIT_USAGE : show(t, "sim_list");
}

static int cmd_faults(struct tool *t, int n, char **args)
{
	(void)args;
	return n ? EXIT_USAGE : show(t, "sim_faults");
}

static int cmd_calls(struct tool *t, int n, char **args)
{
	struct json_object *value CLEAN(json) = NULL;
	char text[32];
	int64_t count = 0;
	int r;

	(void)args;
	if (n)
		return EXIT_USAGE;
	r = ask(t, "sim_count", json_object_new_object(), &value);
	r = r < 0 ? r : json_need_i64(value, "number", &count, &t->err);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "%" PRId64 "\n", count);
	say(STDOUT_FILENO, text);
	return 0;
}

static int set_faults(struct tool *t, struct json_object *rules)
{
	struct json_object *args = json_object_new_object();
	struct json_object *o CLEAN(json) = json_object_new_object();

	json_put_obj(o, "rules", rules);
	json_put_str(args, "document", json_object_to_json_string(o));
	return ask(t, "sim_set_faults", args, NULL);
}

static int cmd_fault(struct tool *t, int n, char **args)
{
	struct json_object *value CLEAN(json) = NULL;
	struct json_object *now CLEAN(json) = NULL;
	struct json_object *list = NULL;
	const char *text = "";
	int r;

	if (n == 0)
		return EXIT_USAGE;
	r = ask(t, "sim_faults", json_object_new_object(), &value);
	r = r < 0 ? r : json_need_str(value, "document", &text, &t->err);
	r = r < 0 ? r : json_parse(text, strlen(text), &now, &t->err);
	r = r < 0 ? r : json_get_array(now, "rules", &list, &t->err);
	for (int i = 0; r == 0 && i < n; i++) {
		struct json_object *rule = NULL;

		r = json_parse(args[i], strlen(args[i]), &rule, &t->err);
		if (r == 0)
			json_object_array_add(list, rule);
	}
	return r < 0 ? r : set_faults(t, json_object_get(list));
}

static int cmd_clear(struct tool *t, int n, char **args)
{
	(void)args;
	return n ? EXIT_USAGE : set_faults(t, json_object_new_array());
}

/* The file as it is, with defaults for what it does not say. */
static int read_switches(struct tool *t, struct switches *ret)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_FILE);
	int r = fs_read(t->dirfd, PLACE_SWITCHES, &text, &t->err);

	if (r == -ERR_NOT_FOUND) {
		switches_default(ret);
		return 0;
	}
	return r < 0 ? r : switches_read(text.data, text.n, ret, &t->err);
}

/* A number where it is one. */
static struct json_object *value_of(const char *text)
{
	char *end;
	int64_t n = strtoll(text, &end, 10);

	return *text && !*end ? json_object_new_int64(n) : json_object_new_string(text);
}

static int cmd_switch(struct tool *t, int n, char **args)
{
	struct json_object *o CLEAN(json) = NULL;
	struct buf text CLEAN(buf) = BUF_INIT(MAX_FILE);
	struct switches s;
	int r = read_switches(t, &s);

	if (r < 0)
		return r;
	o = switches_to_json(&s);
	for (int i = 0; i < n; i++) {
		char *equals = strchr(args[i], '=');

		if (!equals)
			return EXIT_USAGE;
		*equals = '\0';
		json_put_obj(o, args[i], value_of(equals + 1));
	}
	json_pretty(o, &text);
	buf_putc(&text, '\n');
	if (n == 0) {
		say(STDOUT_FILENO, text.data);
		return 0;
	}
	r = switches_read(text.data, text.n, &s, &t->err);
	return r < 0 ? r : store_write(t->dirfd, PLACE_SWITCHES, text.data, text.n, &t->err);
}

static int cmd_restart(struct tool *t, int n, char **args)
{
	struct json_object *o;

	if (n != 1 || (strcmp(args[0], "hcs") != 0 && strcmp(args[0], "hcn") != 0))
		return EXIT_USAGE;
	o = json_object_new_object();
	json_put_str(o, "name", args[0]);
	return ask(t, "sim_restart", o, NULL);
}

static int cmd_reboot(struct tool *t, int n, char **args)
{
	(void)args;
	return n ? EXIT_USAGE : ask(t, "sim_reboot", json_object_new_object(), NULL);
}

/* Returns when the keeper is gone: the lock is free. */
static int cmd_down(struct tool *t, int n, char **args)
{
	int fd CLEAN(fd) = -1;
	int lock CLEAN(fd) = -1;
	int r;

	(void)args;
	if (n)
		return EXIT_USAGE;
	r = place_connect(t->dirfd, t->dir, &fd, &t->err);
	if (r == 0)
		r = ask_on(t, fd, "sim_down", json_object_new_object(), NULL);
	return r < 0 ? r : place_lock(t->dirfd, "lock", true, &lock, &t->err);
}

static const struct {
	const char *name;
	/* 0, EXIT_USAGE, or < 0 with the error in @t */
	int (*run)(struct tool *t, int n, char **args);
} commands[] = {
	{ "ls", cmd_ls },           { "calls", cmd_calls },   { "faults", cmd_faults },
	{ "fault", cmd_fault },     { "clear", cmd_clear },   { "switch", cmd_switch },
	{ "restart", cmd_restart }, { "reboot", cmd_reboot }, { "down", cmd_down },
};

static int find_keeper(struct tool *t)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return error_set(&t->err, ERR_IO, 0, "where am I?");
	self[n] = '\0';
	snprintf(t->program, sizeof(t->program), "%.*s/hcs_sim_host", PATH_MAX - 20, dirname(self));
	return 0;
}

static int run(struct tool *t, int n, char **args)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, args[0]) == 0)
			return commands[i].run(t, n - 1, args + 1);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct tool t = { .dir = getenv("HCS_SIM_DIR"), .dirfd = -1 };
	int opt, r;

	while ((opt = getopt(argc, argv, "+d:")) != -1) {
		if (opt != 'd')
			return usage();
		t.dir = optarg;
	}
	if (!t.dir || optind == argc)
		return usage();
	r = find_keeper(&t);
	r = r < 0 ? r : place_open(t.dir, &t.dirfd, &t.err);
	r = r < 0 ? r : run(&t, argc - optind, argv + optind);
	if (t.dirfd >= 0)
		close(t.dirfd);
	if (r == EXIT_USAGE)
		return usage();
	return r < 0 ? complain(&t) : 0;
}
