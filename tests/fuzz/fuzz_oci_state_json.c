/* SPDX-License-Identifier: Apache-2.0 */
/* links: backends */
/* State documents: whatever is accepted is a state with a pid exactly while it can have one. */
#include <assert.h>
#include <stdint.h>

#include "backends/oci_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct error err = ERROR_INIT;
	struct oci_state s;
	int r = oci_state_parse((const char *)data, size, a, &s, &err);

	if (r < 0) {
		assert(r == -ERR_CORRUPT && err.code == ERR_CORRUPT);
		return 0;
	}
	assert(s.id && s.pid >= 0);
	assert(s.state < INSTANCE_UNKNOWN);
	assert(s.state != INSTANCE_EXITED || s.pid == 0);
	assert(s.state == INSTANCE_EXITED || s.state == INSTANCE_BROKEN || s.pid > 0);
	return 0;
}
