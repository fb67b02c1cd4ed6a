/* SPDX-License-Identifier: Apache-2.0 */
/* glibc's allocator keeps what was freed in the middle of its heap until somebody asks for it. */
#include "base/heap.h"

#include <malloc.h>

/* A turn's worth: to give back less costs more in page faults than it saves. */
#define KEEP_BYTES (256 << 10)

void heap_begin(void)
{
	(void)mallopt(M_ARENA_MAX, 1); /* refused: then there are more of them */
}

void heap_rest(void)
{
	if (mallinfo2().fordblks > KEEP_BYTES)
		(void)malloc_trim(0); /* nothing to give back is fine */
}
