/* SPDX-License-Identifier: Apache-2.0 */
/* links: backends */
/* Documents of images: read or refused, never more; what is written again reads as the same. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "backends/image_document_put.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_manifest(const char *text, size_t n, struct arena *a)
{
	struct buf first CLEAN(buf) = BUF_INIT(64 << 20), second CLEAN(buf) = BUF_INIT(64 << 20);
	struct image_manifest m, again;

	if (image_document_manifest(text, n, a, &m, NULL) < 0)
		return;
	assert(m.n_layers <= LIMIT_IMAGE_LAYERS && image_document_is_digest(m.config.digest));
	image_document_put_manifest(&m, &first);
	assert(image_document_manifest(first.data, first.n, a, &again, NULL) == 0);
	image_document_put_manifest(&again, &second);
	assert(first.n == second.n && !memcmp(first.data, second.data, first.n));
}

static void check_config(const char *text, size_t n, struct arena *a)
{
	struct buf first CLEAN(buf) = BUF_INIT(64 << 20), second CLEAN(buf) = BUF_INIT(64 << 20);
	struct image_config c, again;

	if (image_document_config(text, n, a, &c, NULL) < 0)
		return;
	assert(c.platform.os && c.platform.arch);
	image_document_put_config(&c, &first);
	assert(image_document_config(first.data, first.n, a, &again, NULL) == 0);
	image_document_put_config(&again, &second);
	assert(first.n == second.n && !memcmp(first.data, second.data, first.n));
}

static void check_index(const char *text, size_t n, struct arena *a)
{
	struct buf first CLEAN(buf) = BUF_INIT(64 << 20), second CLEAN(buf) = BUF_INIT(64 << 20);
	struct image_index index, again;

	if (image_document_index(text, n, a, &index, NULL) < 0)
		return;
	image_document_put_index(&index, &first);
	assert(image_document_index(first.data, first.n, a, &again, NULL) == 0);
	image_document_put_index(&again, &second);
	assert(first.n == second.n && !memcmp(first.data, second.data, first.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct image_docker_entry *entries;
	size_t n;

	check_manifest((const char *)data, size, a);
	check_config((const char *)data, size, a);
	check_index((const char *)data, size, a);
	(void)image_document_is_index(NULL, (const char *)data, size); /* must only not crash */
	if (image_document_docker((const char *)data, size, a, &entries, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			assert(entries[i].config && entries[i].layers.n <= LIMIT_IMAGE_LAYERS);
	return 0;
}
