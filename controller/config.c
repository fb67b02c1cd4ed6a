/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which setting counts, and whether it can be used. Reading the file is config_file.c's;
 * nothing is created and no directory is looked at here.
 */
#include "controller/config.h"

#include <errno.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "controller/config_file.h"
#include "specs/duration.h"
#include "specs/runtime_id.h"

#define DEFAULT_FILE   "/etc/tallyman/config.yaml"
#define DEFAULT_OWNER  "tallyman"
#define DEFAULT_STATE  "/var/lib/tallyman/state"
#define DEFAULT_RUN    "/run/tallyman"
#define DEFAULT_CLAIMS "/var/lib/tallyman/owners"
#define DEFAULT_SLICE  "10.220.0.0/16"
#define DEFAULT_GRACE  (INT64_C(300) * CLOCK_SEC)

enum { MAX_DIR = 2048 }; /* leaves room for every name below it within a path */

/* An empty variable is as good as none. */
static const char *from_env(const struct config_given *given, const char *name)
{
	const char *value = given->env ? given->env(name) : NULL;

	return value && *value ? value : NULL;
}

static const char *first(const char *a, const char *b, const char *c)
{
	return a ? a : b ? b : c;
}

/* @path absolute and without a slash at its end. */
static int make_absolute(const char *what, const char *path, struct arena *arena, const char **ret,
			 struct error *err)
{
	char cwd[LIMIT_PATH];
	char *full;
	size_t n;

	if (!*path)
		return error_set(err, ERR_INVALID, 0, "%s is empty", what);
	if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return error_sys(err, errno, "working directory");
	full = path[0] == '/' ? arena_strdup(arena, path) : arena_printf(arena, "%s/%s", cwd, path);
	for (n = strlen(full); n > 1 && full[n - 1] == '/'; n--)
		full[n - 1] = '\0';
	if (n > MAX_DIR)
		return error_set(err, ERR_LIMIT, 0, "%s is longer than %d bytes", what, MAX_DIR);
	*ret = full;
	return 0;
}

static int check_socket(const struct layout *l, struct arena *arena, struct error *err)
{
	/* The longest name of a runtime that has a shim. */
	size_t n = strlen(layout_shim_socket(l, arena, "youki"));
	const size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (n <= max)
		return 0;
	(void)error_set(err, ERR_LIMIT, 0,
			"the run directory is too long: its sockets would have %zu bytes of %zu", n,
			max);
	error_hint(err, "choose a shorter one with --run-dir or TALLYMAN_RUN_DIR");
	return -ERR_LIMIT;
}

static int load_layout(const struct config_given *given, const struct config_file *file,
		       struct arena *arena, struct config *ret, struct error *err)
{
	struct layout *l = &ret->layout;
	const char *state =
		first(given->state_dir, from_env(given, "TALLYMAN_STATE_DIR"), file->state_dir);
	const char *run = first(given->run_dir, from_env(given, "TALLYMAN_RUN_DIR"), file->run_dir);
	int r;

	l->owner = first(given->owner, from_env(given, "TALLYMAN_OWNER"), file->owner);
	l->owner = l->owner ? l->owner : DEFAULT_OWNER;
	if (!runtime_id_is_owner(l->owner))
		return error_set(err, ERR_INVALID, 0,
				 "owner '%s' is not a-z and then up to 30 of a-z, 0-9 and -",
				 l->owner);
	if (!state)
		state = arena_printf(arena, "%s/%s", DEFAULT_STATE, l->owner);
	if (!run)
		run = arena_printf(arena, "%s/%s", DEFAULT_RUN, l->owner);
	r = make_absolute("the state directory", state, arena, &l->state_dir, err);
	if (r == 0)
		r = make_absolute("the run directory", run, arena, &l->run_dir, err);
	if (r == 0)
		r = make_absolute("claims_dir",
				  file->claims_dir ? file->claims_dir : DEFAULT_CLAIMS, arena,
				  &ret->claims_dir, err);
	return r < 0 ? r : check_socket(l, arena, err);
}

static int load_rest(const struct config_given *given, const struct config_file *file,
		     struct config *ret, struct error *err)
{
	const char *level = first(given->log_level, file->log_level, "warn");
	const char *why;
	struct duration grace;

	ret->primary = file->primary;
	ret->delegate = file->delegate;
	ret->oci_path = file->oci_path;
	ret->shim_unit = file->shim_unit;
	ret->hcs_library = file->hcs_library;
	ret->watch = file->watch;
	ret->n_watch = file->n_watch;
	ret->orphan_grace_us = DEFAULT_GRACE;
	if (!log_level_from_string(level, &ret->log_level))
		return error_set(err, ERR_INVALID, 0,
				 "log level '%s' is none of error, warn, info, debug", level);
	if (file->orphan_grace && !duration_parse(file->orphan_grace, &grace, &why))
		return error_set(err, ERR_INVALID, 0, "orphan_grace '%s': %s", file->orphan_grace,
				 why);
	if (file->orphan_grace)
		ret->orphan_grace_us = duration_us(grace);
	if (ret->hcs_library && ret->hcs_library[0] != '/')
		return error_set(err, ERR_INVALID, 0, "hcs.library '%s' is not absolute",
				 ret->hcs_library);
	if (ret->shim_unit && (!strstr(ret->shim_unit, "@.service") || ret->shim_unit[0] == '-'))
		return error_set(err, ERR_INVALID, 0,
				 "runtime.shim_unit '%s' is no name like tallyman-shim@.service",
				 ret->shim_unit);
	if (ret->oci_path && ret->oci_path[0] != '/')
		return error_set(err, ERR_INVALID, 0, "runtime.oci.path '%s' is not absolute",
				 ret->oci_path);
	return 0;
}

static const char *const slice_runtimes[CONFIG_MAX_SLICES] = { "hcs", "youki" };

/* One network for the whole node: a half for each of its runtimes. */
static int share_slice(const char *text, struct config *ret, struct error *err)
{
	struct slice all, halves[CONFIG_MAX_SLICES];
	int r = slice_parse(text, &all, err);

	if (r < 0)
		return r;
	if (!slice_halve(&all, &halves[0], &halves[1])) {
		(void)error_set(err, ERR_INVALID, 0, "%s is too small to be shared", text);
		error_hint(err, "a /28 or larger, or one for each: slices: {hcs: ..., youki: ...}");
		return -ERR_INVALID;
	}
	for (size_t i = 0; i < CONFIG_MAX_SLICES; i++)
		ret->slices[i] = (struct runtime_slice){ slice_runtimes[i], halves[i] };
	ret->n_slices = CONFIG_MAX_SLICES;
	return 0;
}

static int add_slice(const struct config_pair *p, struct config *ret, struct error *err)
{
	struct runtime_slice *to = &ret->slices[ret->n_slices];
	int r;

	for (size_t i = 0; i < CONFIG_MAX_SLICES; i++)
		if (strcmp(slice_runtimes[i], p->key) == 0)
			to->runtime = slice_runtimes[i];
	if (!to->runtime)
		return error_set(err, ERR_INVALID, 0, "'%s' is no runtime: hcs or youki", p->key);
	r = slice_parse(p->value, &to->slice, err);
	if (r < 0)
		return r;
	if (ret->n_slices == 1 && slice_meets(&ret->slices[0].slice, &to->slice))
		return error_set(err, ERR_INVALID, 0, "the slices of hcs and youki overlap");
	ret->n_slices++;
	return 0;
}

static int load_slices(const struct config_file *file, struct config *ret, struct error *err)
{
	int r = 0;

	if (file->n_slices == 0)
		r = share_slice(file->node_slice ? file->node_slice : DEFAULT_SLICE, ret, err);
	for (size_t i = 0; r == 0 && i < file->n_slices; i++)
		r = add_slice(&file->slices[i], ret, err);
	return r < 0 ? error_wrap(err, r, "slices") : 0;
}

/* Is @file in the directory @dir, not deeper? Then it would be watched twice. */
static bool lies_in(const char *file, const char *dir)
{
	const char *slash = strrchr(file, '/');
	size_t n = (size_t)(slash - file);

	return strncmp(file, dir, n) == 0 && dir[n] == '\0';
}

static int load_watch(struct config *ret, struct arena *arena, struct error *err)
{
	for (size_t i = 0; i < ret->n_watch; i++) {
		const char **path = &ret->watch[i].path;
		int r = make_absolute("a path of watch", *path, arena, path, err);

		if (r < 0)
			return r;
		for (size_t k = 0; k < i; k++) {
			const char *other = ret->watch[k].path;

			if (strcmp(*path, other) == 0 || lies_in(*path, other) ||
			    lies_in(other, *path))
				return error_set(err, ERR_INVALID, 0,
						 "watch: %s and %s are the same files", other,
						 *path);
		}
	}
	return 0;
}

int config_load(const struct config_given *given, struct arena *arena, struct config *ret,
		const char **ret_findings, struct error *err)
{
	const char *path = first(given->config, from_env(given, "TALLYMAN_CONFIG"), DEFAULT_FILE);
	struct config_file file = { 0 };
	struct error e = ERROR_INIT;
	int r;

	*ret = (struct config){ .file = path };
	r = config_file_read(ret->file, arena, &file, ret_findings, &e);
	/* Only a file that was asked for with this very command must be there. */
	if (r == -ERR_NOT_FOUND && !given->config)
		ret->file = NULL;
	else if (r < 0) {
		if (err)
			*err = e;
		return r;
	}
	r = load_layout(given, &file, arena, ret, err);
	if (r == 0)
		r = load_rest(given, &file, ret, err);
	if (r == 0)
		r = load_slices(&file, ret, err);
	if (r == 0)
		r = load_watch(ret, arena, err);
	if (r < 0 && ret->file)
		error_hint(err, "options, environment and %s are looked at in that order",
			   ret->file);
	return r;
}
