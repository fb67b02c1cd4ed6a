/* SPDX-License-Identifier: Apache-2.0 */
/* Image and service are merged by upstream's rules, as for Linux; only that names of variables
 * differ in more than case here, and that words become one line. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backends/hcs_cmdline.h"
#include "backends/hcs_spec_parts.h"

/* Of an image that says nothing. */
#define SHELL   "C:\\Windows\\System32\\cmd.exe"
#define WORKDIR "C:\\"

int hcs_spec_path(const char *path, const char *what, struct arena *a, const char **ret,
		  struct error *err)
{
	char *p = arena_strdup(a, path);
	bool has_drive;

	for (char *at = p; *at; at++)
		if (*at == '/')
			*at = '\\';
	has_drive = ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')) && p[1] == ':' &&
		    p[2] == '\\';
	if ((!has_drive && *p != '\\') || (*p == '\\' && p[1] == '\\') ||
	    strchr(p + (has_drive ? 2 : 0), ':'))
		return error_set(err, ERR_INVALID, 0, "%s: %.100s is no absolute path", what, path);
	*ret = has_drive ? p : arena_printf(a, "C:%s", p);
	return 0;
}

/*
 * entrypoint and args: both; one alone is all there is (args alone replace the image's entrypoint
 * too); none: the image's; an image without: a shell.
 */
static int build_line(const struct hcs_spec *s, struct arena *a, const char **ret,
		      struct error *err)
{
	const struct command_spec *c = &s->spec->service->command;
	const struct image_config *image = s->image;
	bool is_own = c->entrypoint.n || c->args.n;
	struct strings words = { NULL, 0 };
	struct buf line CLEAN(buf) = BUF_INIT(4 * HCS_CMDLINE_UNITS);
	int r;

	words.items =
		arena_array(a, c->entrypoint.n + c->args.n + image->entrypoint.n + image->cmd.n + 1,
			    sizeof(*words.items));
	for (size_t i = 0; i < c->entrypoint.n; i++)
		words.items[words.n++] = c->entrypoint.items[i];
	for (size_t i = 0; i < c->args.n; i++)
		words.items[words.n++] = c->args.items[i];
	for (size_t i = 0; !is_own && i < image->entrypoint.n; i++)
		words.items[words.n++] = image->entrypoint.v[i];
	for (size_t i = 0; !is_own && i < image->cmd.n; i++)
		words.items[words.n++] = image->cmd.v[i];
	if (!words.n)
		words.items[words.n++] = SHELL;
	r = !is_own && image->args_escaped ? hcs_cmdline_append(&words, &line, err)
					   : hcs_cmdline_join(&words, &line, err);
	if (r < 0)
		return r;
	*ret = arena_strdup(a, line.data);
	return 0;
}
/* A variable, and when it came: later ones win. */
struct ranked {
	struct env_var var;
	size_t rank;
};

static int by_name(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int c = strcasecmp(x->var.name, y->var.name);

	return c ? c : (x->rank > y->rank) - (x->rank < y->rank);
}

/* Of those that differ in case only the last one stays; sorted by name. */
static void keep_last(struct ranked *all, size_t n, struct arena *a, struct hcs_process *p)
{
	struct env_var *kept = arena_array(a, n, sizeof(*kept));
	size_t n_kept = 0;

	if (n)
		qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || strcasecmp(all[i].var.name, all[i + 1].var.name) != 0)
			kept[n_kept++] = all[i].var;
	p->env = kept;
	p->n_env = n_kept;
}

static struct env_var split_pair(const char *pair, struct arena *a)
{
	size_t n = strcspn(pair, "=");

	return (struct env_var){ arena_strndup(a, pair, n), pair + n + (pair[n] == '=') };
}

static int check_env(const struct instance_spec *spec, struct error *err)
{
	for (size_t i = 0; i < spec->n_env; i++)
		if (!*spec->env[i].name || strchr(spec->env[i].name, '='))
			return error_set(err, ERR_INVALID, 0,
					 "env: no name for a variable: \"%.60s\"",
					 spec->env[i].name);
	return 0;
}

static int build_env(const struct hcs_spec *s, struct arena *a, struct hcs_process *p,
		     struct error *err)
{
	const struct image_words *image = &s->image->env;
	struct ranked *all = arena_array(a, image->n + s->spec->n_env, sizeof(*all));
	size_t n = 0;
	int r = check_env(s->spec, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < image->n; i++) {
		all[n] = (struct ranked){ split_pair(image->v[i], a), n };
		n += *all[n].var.name != '\0'; /* "=C:=C:\" of a shell is none of its business */
	}
	for (size_t i = 0; i < s->spec->n_env; i++, n++)
		all[n] = (struct ranked){ s->spec->env[i], n };
	keep_last(all, n, a, p);
	return 0;
}

int hcs_spec_process(const struct hcs_spec *s, struct arena *a, struct hcs_process *ret,
		     struct error *err)
{
	const struct service *service = s->spec->service;
	const char *workdir =
		service->command.workdir ? service->command.workdir : s->image->workdir;
	const char *user = service->user ? service->user : s->image->user;
	struct hcs_process p = { .with_stdout = true, .with_stderr = true };
	int r = build_line(s, a, &p.command_line, err);

	r = r < 0 ? r
		  : hcs_spec_path(workdir && *workdir ? workdir : WORKDIR, "command.workdir", a,
				  &p.workdir, err);
	r = r < 0 ? r : build_env(s, a, &p, err);
	if (r < 0)
		return r;
	p.user = user && *user ? user : NULL;
	*ret = p;
	return 0;
}

int hcs_spec_exec(const struct hcs_wish *w, const struct hcs_exec *x, struct arena *a,
		  struct hcs_process *ret, struct error *err)
{
	struct buf line CLEAN(buf) = BUF_INIT(4 * HCS_CMDLINE_UNITS);
	struct hcs_process p = w->process;
	struct ranked *all;
	size_t n = 0, n_more = 0;
	int r = hcs_cmdline_join(&x->argv, &line, err);

	if (r == 0 && x->workdir)
		r = hcs_spec_path(x->workdir, "working directory", a, &p.workdir, err);
	if (r < 0)
		return r;
	while (x->env && x->env[n_more])
		n_more++;
	all = arena_array(a, w->process.n_env + n_more, sizeof(*all));
	for (; n < w->process.n_env; n++)
		all[n] = (struct ranked){ w->process.env[n], n };
	for (size_t i = 0; i < n_more; i++, n++)
		all[n] = (struct ranked){ split_pair(x->env[i], a), n };
	keep_last(all, n, a, &p);
	p.command_line = arena_strdup(a, line.data);
	p.user = x->user ? x->user : p.user;
	p.with_stdin = true;
	p.with_console = x->tty;
	*ret = p;
	return 0;
}
