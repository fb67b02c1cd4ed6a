/* SPDX-License-Identifier: Apache-2.0 */
/* links: backends */
/* Shim frames: any bytes are taken apart without a fault, and a frame survives its own encoding. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "backends/shim_protocol.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct shim_frame *f)
{
	struct buf out CLEAN(buf) = BUF_INIT(LIMIT_FRAME_BYTES + SHIM_FRAME_HEAD);
	struct shim_frame again;
	size_t used;

	assert(shim_frame_encode(f, &out, NULL) == 0);
	assert(shim_frame_decode(out.data, out.n, &again, &used, NULL) == 0);
	assert(used == out.n && again.id == f->id && again.kind == f->kind);
	assert(again.n_body == f->n_body && !memcmp(again.body, f->body, f->n_body));
	/* Every shorter piece of it is only a beginning. */
	for (size_t n = 0; n < out.n && n < 64; n++)
		assert(shim_frame_decode(out.data, n, &again, &used, NULL) == SHIM_FRAME_PARTIAL);
}

static void check_hello(struct json_object *o)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct shim_hello h;

	if (shim_hello_from_json(o, a, &h, NULL) == 0)
		assert(shim_hello_check(&h, &h, h.pid, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct shim_frame f;
	size_t used;

	while (shim_frame_decode(p, size, &f, &used, NULL) == 0) {
		struct json_object *o CLEAN(json) = NULL;

		assert(used <= size && f.body + f.n_body == p + used);
		check_again(&f);
		if (shim_frame_body(&f, &o, NULL) == 0 && f.kind == SHIM_FRAME_HELLO)
			check_hello(o);
		p += used;
		size -= used;
	}
	return 0;
}
