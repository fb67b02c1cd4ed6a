/* SPDX-License-Identifier: Apache-2.0 */
/* Watched first, then looked at: what happens in between is told once more. */
#include "controller/api/api_home.h"

#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/log.h"

/* The directory may be gone, too: as it was made for the daemon, so it is made again. */
static int make_dir(const char *path, struct error *err)
{
	char *dir CLEAN(free) = xstrdup(path);
	char *slash = strrchr(dir, '/');

	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	return fs_mkdirs(AT_FDCWD, dir, 0700, err);
}

static int watch_home(struct api *api, struct error *err)
{
	int r = watch_path(api->watch, api->opt.path, err);

	if (r == 0)
		watch_prune(api->watch);
	return r;
}

int api_home_open(struct api *api, struct error *err)
{
	int r = api_listen_open(api->opt.path, api->opt.gid, &api->listen, err);

	if (r == 0)
		r = watch_new(WATCH_NAMES, &api->watch, err);
	return r < 0 ? r : watch_home(api, err);
}

static int listen_again(struct api *api, struct error *err)
{
	struct api_listen fresh = API_LISTEN_INIT;
	int r = make_dir(api->opt.path, err);

	if (r == 0)
		r = watch_home(api, err);
	if (r == 0)
		r = api_listen_open(api->opt.path, api->opt.gid, &fresh, err);
	if (r < 0)
		return r;
	api_listen_close(&api->listen);
	api->listen = fresh;
	return 0;
}

void api_home_turn(struct api *api)
{
	struct error err = ERROR_INIT;

	if (!watch_take(api->watch) || !api_listen_is_lost(&api->listen))
		return;
	if (listen_again(api, &err) == 0) {
		log_line(LOG_WARN, "step=api msg=the socket was taken away: listening again");
		return;
	}
	log_error(LOG_ERROR, &err, "step=api");
	(void)watch_home(api, NULL); /* of the nearest directory that is there */
}
