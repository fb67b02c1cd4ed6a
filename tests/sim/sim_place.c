/* SPDX-License-Identifier: Apache-2.0 */
/* Files are copied while the store has them open: that is the point. */
#include "tests/sim/sim_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fs.h"
#include "base/limits.h"

int sim_place_make(char ret[SIM_PLACE_PATH], struct error *err)
{
	snprintf(ret, SIM_PLACE_PATH, "/dev/shm/tallyman-sim-XXXXXX");
	if (mkdtemp(ret))
		return 0;
	snprintf(ret, SIM_PLACE_PATH, "/tmp/tallyman-sim-XXXXXX");
	return mkdtemp(ret) ? 0 : error_sys(err, errno, "a directory for the store");
}

static int copy_file(const char *from, const char *to, const char *name, struct error *err)
{
	struct buf path CLEAN(buf) = BUF_INIT(LIMIT_PATH);
	struct buf bytes CLEAN(buf) = BUF_INIT(64 << 20);
	int r;

	buf_printf(&path, "%s/%s", from, name);
	r = fs_read(AT_FDCWD, path.data, &bytes, err);
	if (r == -ERR_NOT_FOUND)
		return 0;
	buf_clear(&path);
	buf_printf(&path, "%s/%s", to, name);
	return r < 0 ? r : fs_write_atomic(AT_FDCWD, path.data, bytes.data, bytes.n, 0600, err);
}

int sim_place_copy(const char *from, const char *to, struct error *err)
{
	int r = copy_file(from, to, "tallyman.db", err);

	r = r < 0 ? r : copy_file(from, to, "tallyman.db-wal", err);
	return r < 0 ? r : copy_file(from, to, "hmac.key", err);
}
