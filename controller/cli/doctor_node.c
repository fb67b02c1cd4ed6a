/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories, store, claim, locks and images. Everything is opened for reading; a directory that
 * is not there yet is judged by the nearest one above it that is.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/un.h>

#include "backends/image_dir.h"
#include "base/fs.h"
#include "controller/api/api_client.h"
#include "controller/cli/doctor.h"
#include "controller/cli/open.h"
#include "controller/config.h"
#include "controller/text.h"
#include "store/claim.h"
#include "store/deployment_store.h"
#include "store/instance_store.h"
#include "store/node_store.h"
#include "store/place.h"
#include "store/store.h"

#define FREE_LEAST (INT64_C(64) << 20) /* the store, its journal and the first logs */
#define FREE_LOW   (INT64_C(1) << 30)  /* a few images */

static void check_settings(struct doctor *d)
{
	const char *file = d->cli->config->file;

	report_add(d->report, "settings", REPORT_OK, NULL, "%s",
		   file ? file : "no settings file; defaults");
	report_add(d->report, "owner", REPORT_OK, NULL, "%s", d->node.layout.owner);
}

/* @path, or the nearest directory above it that is there. */
static int find_there(struct doctor *d, const char *path, const char **ret, struct error *err)
{
	char *at = arena_strdup(d->cli->arena, path);

	for (;;) {
		char *slash = strrchr(at, '/');
		int r = fs_exists(AT_FDCWD, at, err);

		if (r < 0)
			return r;
		if (r == FS_EXISTS || slash == at || !slash)
			break;
		*slash = '\0';
	}
	*ret = *at ? at : "/";
	return 0;
}

struct place {
	const char *check;  /* name of the check */
	const char *path;   /* as set */
	const char *option; /* that sets it */
	bool must_be_local;
	bool has_content; /* its file system needs room */
};

static int judge_place(const struct place *p, const char *there, struct error *err)
{
	int r = p->must_be_local ? place_check_local(there, err) : 0;

	return r < 0 ? r : place_check_writable(there, p->option, err);
}

static void add_space(struct doctor *d, const struct place *p, const char *there, const char *note)
{
	struct statvfs fs;
	int64_t left;
	enum report_level level = REPORT_OK;

	if (!p->has_content || statvfs(there, &fs) < 0) {
		report_add(d->report, p->check, REPORT_OK, NULL, "%s%s", p->path, note);
		return;
	}
	left = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (left < FREE_LOW)
		level = left < FREE_LEAST ? REPORT_ERROR : REPORT_WARNING;
	if (fs.f_files && !fs.f_favail)
		level = REPORT_ERROR;
	report_add(d->report, p->check, level,
		   level == REPORT_OK ? NULL
				      : arena_printf(d->cli->arena,
						     "make room there, or choose another directory "
						     "with %s",
						     p->option),
		   "%s%s: %s free%s", p->path, note, text_size(d->cli->arena, left),
		   fs.f_files && !fs.f_favail ? ", but no file can be made (no inodes)" : "");
}

static void check_place(struct doctor *d, const struct place *p)
{
	struct error err = ERROR_INIT;
	const char *there = p->path;
	int r = find_there(d, p->path, &there, &err);

	if (r == 0)
		r = judge_place(p, there, &err);
	if (r < 0)
		report_add(d->report, p->check, REPORT_ERROR,
			   arena_printf(d->cli->arena,
					"make it usable, or choose another directory with %s",
					p->option),
			   "%s%s%s", strstr(err.msg, p->path) ? "" : p->path,
			   strstr(err.msg, p->path) ? "" : ": ", err.msg);
	else
		add_space(d, p, there,
			  strcmp(there, p->path) == 0 ? "" : " (made by the first apply)");
}

static void check_socket(struct doctor *d)
{
	const char *path = layout_shim_socket(&d->node.layout, d->cli->arena, "youki");
	const size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	/* A longer one is refused with the settings, before any command runs. */
	report_add(d->report, "socket", REPORT_OK, NULL, "%s: %zu of %zu bytes", path, strlen(path),
		   max);
}

/* A daemon that answers does what commands ask: nothing has to wait for it. */
static bool is_daemon(const struct doctor *d)
{
	struct error unused = ERROR_INIT;

	return api_client_knock(layout_api_socket(&d->node.layout, d->cli->arena), &unused) == 0;
}

static void check_holder(struct doctor *d, const char *check, const char *path)
{
	struct error err = ERROR_INIT;
	char holder[PLACE_HOLDER_SIZE];
	int r = place_holder(path, holder, &err);

	if (r < 0)
		report_add(d->report, check, REPORT_WARNING, NULL, "nobody knows who holds %s: %s",
			   path, err.msg);
	else if (r == PLACE_HELD && is_daemon(d))
		report_add(d->report, check, REPORT_OK, NULL,
			   "held by %s, which does what commands ask", holder);
	else if (r == PLACE_HELD)
		report_add(d->report, check, REPORT_WARNING,
			   "wait until it has ended: changing commands end with 6 until then",
			   "%s is held by %s", path, holder);
	else
		report_add(d->report, check, REPORT_OK, NULL, "free");
}

static void describe_store(struct doctor *d, struct store *s, const struct node_row *node)
{
	struct deployment_rows deployments = { 0 };
	struct instance_rows instances = { 0 };
	struct error err = ERROR_INIT;
	int r = deployment_store_list(s, d->cli->arena, &deployments, &err);

	if (r == 0)
		r = instance_store_list(s, NULL, d->cli->arena, &instances, &err);
	if (r < 0) {
		report_add(d->report, "store", REPORT_ERROR, err.hint[0] ? err.hint : NULL, "%s",
			   err.msg);
		return;
	}
	report_add(d->report, "store", REPORT_OK, NULL,
		   "node %.8s, %zu deployment%s, %zu instance%s", node->node_id, deployments.n,
		   deployments.n == 1 ? "" : "s", instances.n, instances.n == 1 ? "" : "s");
	if (node->accept != NODE_ACCEPTED)
		report_add(d->report, "recover", REPORT_WARNING,
			   "look at 'tallyman status', then type 'tallyman recover --accept'",
			   "the store was %s: nothing is deleted until it is accepted",
			   node->accept == NODE_REBUILT ? "rebuilt" : "restored or taken over");
}

static void check_store(struct doctor *d, struct store *s)
{
	struct node_row node;
	struct error err = ERROR_INIT;
	int r = node_store_load(s, &node, &err);

	if (r < 0) {
		report_add(d->report, "store", REPORT_ERROR, NULL, "%s", err.msg);
		return;
	}
	if (r == NODE_ABSENT)
		return;
	d->node_id = arena_strdup(d->cli->arena, node.node_id);
	describe_store(d, s, &node);
}

/* A store that a writer would mend by itself is no error: it is moved aside, not lost. */
static void tell_no_store(struct doctor *d, int r, const struct error *err)
{
	if (r == 0)
		report_add(d->report, "store", REPORT_OK, NULL,
			   "none yet: the first apply makes it");
	else if (r == -ERR_CORRUPT)
		report_add(d->report, "store", REPORT_WARNING,
			   "the next changing command moves it aside and rebuilds what is known",
			   "%s", err->msg);
	else
		report_add(d->report, "store", REPORT_ERROR, err->hint[0] ? err->hint : NULL, "%s",
			   err->msg);
}

static void check_claim(struct doctor *d, struct store *s)
{
	const struct layout *l = &d->node.layout;
	const char *base = d->node.claims_dir;
	struct error why = ERROR_INIT, err = ERROR_INIT;
	int r;

	if (!base)
		return; /* a model's world belongs to nobody */
	r = session_claim(&d->node, s, &why, &err);
	if (r < 0)
		report_add(d->report, "claim", REPORT_ERROR, err.hint[0] ? err.hint : NULL, "%s",
			   err.msg);
	else if (r == CLAIM_FOREIGN)
		report_add(d->report, "claim", REPORT_ERROR, why.hint, "%s", why.msg);
	else if (r == CLAIM_NEW_EPOCH)
		report_add(
			d->report, "claim", REPORT_WARNING,
			"apply, look at 'tallyman status', then type 'tallyman recover --accept'",
			"the store is older than what was done with it: it was restored from a "
			"backup");
	else
		report_add(d->report, "claim", REPORT_OK, NULL, "%s/%s: this store's, or nobody's",
			   base, l->owner);
	check_holder(d, "claim_lock", arena_printf(d->cli->arena, "%s/%s.lock", base, l->owner));
}

static void check_images(struct doctor *d)
{
	const char *path = layout_images(&d->node.layout, d->cli->arena);
	struct image_dir *dir CLEAN(image_dir) = NULL;
	struct error err = ERROR_INIT;
	struct image *images = NULL;
	size_t n = 0;
	int r = image_dir_open(path, IMAGE_DIR_READ, &dir, &err);

	if (r == 0)
		r = image_dir_list(dir, d->cli->arena, &images, &n, &err);
	if (r < 0)
		report_add(d->report, "images", REPORT_ERROR, err.hint[0] ? err.hint : NULL,
			   "%s: %s", path, err.msg);
	else
		report_add(d->report, "images", n ? REPORT_OK : REPORT_NOTE,
			   n ? NULL : "tallyman image import FILE --as NAME", "%s: %zu image%s",
			   path, n, n == 1 ? "" : "s");
}

void doctor_node(struct doctor *d)
{
	const struct layout *l = &d->node.layout;
	const struct place state = { "state_dir", l->state_dir, "--state-dir", true, true };
	const struct place run = { "run_dir", l->run_dir, "--run-dir", false, false };
	const struct place claims = { "claims_dir", d->node.claims_dir,
				      "claims_dir in the settings file", true, false };
	struct store *store CLEAN(store) = NULL;
	struct error err = ERROR_INIT;
	int r;

	report_section(d->report, "node");
	check_settings(d);
	check_place(d, &state);
	check_place(d, &run);
	if (claims.path)
		check_place(d, &claims);
	if (!d->is_memory)
		check_socket(d);
	r = open_store_of(&d->node, &store, &err);
	if (store)
		check_store(d, store);
	else
		tell_no_store(d, r, &err);
	check_holder(d, "lock", layout_store_lock(l, d->cli->arena));
	if (r == 0)
		check_claim(d, store);
	if (!d->is_memory)
		check_images(d);
}
