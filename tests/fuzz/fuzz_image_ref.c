/* SPDX-License-Identifier: Apache-2.0 */
/* links: specs */
/* Image references: whatever is accepted has a canonical form that is accepted and stays the same.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "specs/image_ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a CLEAN(arena) = arena_new();
	char *text = arena_strndup(a, (const char *)data, size);
	struct image_ref ref, again;
	const char *canonical;

	if (image_ref_parse(text, a, &ref, NULL) < 0)
		return 0;
	assert(ref.tag || ref.digest);
	assert(!strstr(ref.repository, "..") && !strchr(ref.repository, ':'));
	canonical = image_ref_canonical(&ref, a);
	/* `User/x` is accepted as upstream does it, `docker.io/User/x` is not */
	for (const char *p = ref.repository; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			return 0;
	assert(image_ref_parse(canonical, a, &again, NULL) == 0);
	assert(!strcmp(image_ref_canonical(&again, a), canonical));
	return 0;
}
