/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. */
#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/fs.h"

void golden_text(const char *name, const struct buf *have)
{
	struct buf want CLEAN(buf) = BUF_INIT(16 << 20), path CLEAN(buf) = BUF_INIT(4096);
	struct error err = ERROR_INIT;

	assert_false(have->overflow);
	buf_printf(&path, TEST_SOURCE_DIR "/tests/golden/%s", name);
	if (getenv("UPDATE_GOLDEN") &&
	    fs_write_atomic(AT_FDCWD, path.data, have->data, have->n, 0644, &err) < 0)
		fail_msg("%s", err.msg);
	if (fs_read(AT_FDCWD, path.data, &want, &err) < 0)
		fail_msg("%s", err.msg);
	if (want.n != have->n || memcmp(want.data, have->data, want.n) != 0)
		fail_msg("differs from %s:\n%s", path.data, have->data);
}

void golden_json(const char *name, struct json_object *take)
{
	struct json_object *o CLEAN(json) = take;
	struct buf text CLEAN(buf) = BUF_INIT(16 << 20);

	json_pretty(o, &text);
	golden_text(name, &text);
}
