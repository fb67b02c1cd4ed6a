/* SPDX-License-Identifier: Apache-2.0 */
/* A bind of "\\.\pipe\x" is a named pipe, as docker has it; everything else is a directory. */
#include <string.h>
#include <strings.h>

#include "backends/hcs_spec_parts.h"

#define PIPE "\\\\.\\pipe\\"

static bool is_pipe(const char *path)
{
	return strncasecmp(path, PIPE, strlen(PIPE)) == 0 && path[strlen(PIPE)];
}

/* A path of ours, on a Windows host in its spelling. */
static const char *host_path(char *path)
{
	if (*path != '/')
		for (char *p = path; *p; p++)
			if (*p == '/')
				*p = '\\';
	return path;
}

static int add_pipe(const struct storage_spec *s, struct hcs_container *c, struct arena *a,
		    struct error *err)
{
	struct hcs_pipe *list;

	if (s->type != STORAGE_BIND || !is_pipe(s->source) || !is_pipe(s->target))
		return error_set(err, ERR_INVALID, 0,
				 "storage %.60s: a named pipe is bound to a named pipe only",
				 s->target);
	list = arena_grow(a, (void *)c->pipes, c->n_pipes, sizeof(*list));
	list[c->n_pipes++] = (struct hcs_pipe){ s->source, s->target + strlen(PIPE) };
	c->pipes = list;
	return 0;
}

static const char *find_source(const struct hcs_spec *s, size_t i, struct arena *a)
{
	const struct storage_spec *item = &s->spec->service->storage.items[i];

	switch (item->type) {
	case STORAGE_BIND:
		return item->source;
	case STORAGE_NAMED:
		return host_path(arena_strdup(
			a, layout_volume(s->layout, a, s->spec->deployment, item->name)));
	case STORAGE_ANONYMOUS:
		return host_path(arena_printf(a, "%s/anonymous/%zu", s->path, i));
	case STORAGE_TMPFS:
	case STORAGE_S3:
		break;
	}
	return NULL;
}

static int check_target(const struct hcs_container *c, const char *target, struct error *err)
{
	if (strlen(target) <= strlen("C:\\"))
		return error_set(err, ERR_INVALID, 0, "storage %s: a drive cannot be covered",
				 target);
	for (size_t i = 0; i < c->n_directories; i++)
		if (strcasecmp(c->directories[i].container, target) == 0)
			return error_set(err, ERR_INVALID, 0, "storage %.60s: is there twice",
					 target);
	return 0;
}

static int add_directory(const struct hcs_spec *s, size_t i, struct arena *a, struct hcs_wish *w,
			 struct error *err)
{
	const struct storage_spec *item = &s->spec->service->storage.items[i];
	struct hcs_container *c = &w->container;
	struct hcs_directory d = { .host = find_source(s, i, a), .readonly = item->readonly };
	struct hcs_directory *list;
	int r = hcs_spec_path(item->target, "storage", a, &d.container, err);

	if (r == 0)
		r = check_target(c, d.container, err);
	if (r < 0)
		return r;
	list = arena_grow(a, (void *)c->directories, c->n_directories, sizeof(*list));
	list[c->n_directories++] = d;
	c->directories = list;
	if (item->type == STORAGE_BIND)
		return 0;
	w->volumes = arena_grow(a, w->volumes, w->n_volumes, sizeof(*w->volumes));
	w->volumes[w->n_volumes++] = d.host;
	return 0;
}

static int refuse_kind(const struct storage_spec *item, struct error *err)
{
	int r = error_set(err, ERR_UNSUPPORTED, 0,
			  "storage %.60s: %s cannot be mounted in a Windows container",
			  item->target, item->type == STORAGE_S3 ? "s3" : "tmpfs");

	error_hint(err, "use type: named or bind there");
	return r;
}

int hcs_spec_storage(const struct hcs_spec *s, struct arena *a, struct hcs_wish *w,
		     struct error *err)
{
	const struct service *service = s->spec->service;
	int r = 0;

	for (size_t i = 0; r == 0 && i < service->storage.n; i++) {
		const struct storage_spec *item = &service->storage.items[i];

		if (item->type == STORAGE_TMPFS || item->type == STORAGE_S3)
			r = refuse_kind(item, err);
		else if (is_pipe(item->target) ||
			 (item->type == STORAGE_BIND && is_pipe(item->source)))
			r = add_pipe(item, &w->container, a, err);
		else
			r = add_directory(s, i, a, w, err);
	}
	return r;
}
