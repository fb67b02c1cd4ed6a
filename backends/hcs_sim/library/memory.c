/* SPDX-License-Identifier: Apache-2.0 */
/* A word in front of each block, 16 bytes away so that the block is aligned for anything. */
#include "backends/hcs_sim/library/memory.h"

#include <stdlib.h>
#include <string.h>

#include "backends/hcs_sim/library/exports.h"
#include "backends/hcs_text.h"
#include "base/arena.h"
#include "base/log.h"

enum { HEAD = 16 };

static const char local_mark[HEAD] = "LocalAlloc";
static const char task_mark[HEAD] = "CoTaskMemAlloc";

static PWSTR allocate(const char *utf8, const char mark[HEAD])
{
	struct arena *a CLEAN(arena) = arena_new();
	PCWSTR text = NULL;
	size_t size;
	char *block;

	if (!utf8 || hcs_text_to_utf16(utf8, a, &text, NULL) < 0)
		return NULL; /* what the keeper says is UTF-8 */
	size = (hcs_text_length(text) + 1) * sizeof(*text);
	block = xcalloc(1, HEAD + size);
	memcpy(block, mark, HEAD);
	memcpy(block + HEAD, text, size);
	return (PWSTR)(void *)(block + HEAD);
}

PWSTR memory_local(const char *utf8)
{
	return allocate(utf8, local_mark);
}

PWSTR memory_task(const char *utf8)
{
	return allocate(utf8, task_mark);
}

static void release(void *p, const char mark[HEAD])
{
	char *block;

	if (!p)
		return;
	block = (char *)p - HEAD;
	if (memcmp(block, mark, HEAD) != 0) {
		log_line(LOG_ERROR, "msg=\"memory of %.15s was given to the free of %s\"", block,
			 mark);
		abort();
	}
	memset(block, 0, HEAD);
	free(block);
}

void *LocalFree(void *p)
{
	release(p, local_mark);
	return NULL;
}

void CoTaskMemFree(void *p)
{
	release(p, task_mark);
}
