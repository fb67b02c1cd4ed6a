/* SPDX-License-Identifier: Apache-2.0 */
/* links: backends */
/* Names of members of Windows layers: what comes out is below its part of the layer, and Windows
 * takes each component for itself; by rules written down here once more. */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "backends/winlayer_names.h"
#include "backends/winlayer_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_device(const char *name)
{
	static const char *const devices[] = { "con", "prn", "aux", "nul" };
	size_t n = strcspn(name, ".");

	while (n > 0 && name[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (n == 3 && strncasecmp(name, devices[i], 3) == 0)
			return true;
	return n == 4 && (strncasecmp(name, "com", 3) == 0 || strncasecmp(name, "lpt", 3) == 0) &&
	       isdigit((unsigned char)name[3]);
}

static void check_component(const char *name, size_t n)
{
	assert(n > 0);
	assert(name[n - 1] != '.' && name[n - 1] != ' ');
	assert(!strpbrk(name, "<>:\"|?*\\"));
	for (size_t i = 0; i < n; i++)
		assert((unsigned char)name[i] >= ' ');
	assert(!is_device(name));
	assert(n < 10 || strcasecmp(name + n - 10, WINLAYER_DIRECTORY_MARK) != 0);
}

static void check(const struct winlayer_path *p, size_t n_member, struct arena *a)
{
	char staged[LIMIT_MEMBER_NAME + 4];
	size_t n = strlen(p->path);

	assert(n > 0 && n <= n_member && p->base < n);
	assert(!strchr(p->path + p->base, '/') && (p->base == 0 || p->path[p->base - 1] == '/'));
	for (const char *at = p->path;; at++) {
		size_t part = strcspn(at, "/");

		check_component(arena_strndup(a, at, part), part);
		at += part;
		if (!*at)
			break;
	}
	assert((p->what == WINLAYER_STREAM) == (*p->stream != '\0'));
	assert(!strpbrk(p->stream, ":/\\"));
	if (p->what == WINLAYER_SKIP)
		return;
	winlayer_path_staged(p, staged);
	assert(!strncmp(staged, "fs/Files", 8) || !strncmp(staged, "fs/Hives", 8) ||
	       !strncmp(staged, "uvm", 3));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct winlayer_names *names CLEAN(winlayer_names) = winlayer_names_new();
	char *member = arena_strndup(a, (const char *)data, size);
	struct winlayer_path p, again;

	if (winlayer_path_parse(member, a, &p, NULL) == 0) {
		check(&p, strlen(member), a);
		if (p.what == WINLAYER_MEMBER) {
			/* a clean name is clean, and is itself in a layer, once */
			assert(winlayer_path_parse(p.path, a, &again, NULL) == 0);
			assert(!strcmp(p.path, again.path) && again.what == p.what);
			if (!p.base)
				assert(winlayer_names_add(names, p.path, WINLAYER_NODE_LEAF,
							  NULL) == 0);
		}
		if (p.what == WINLAYER_WHITEOUT) {
			assert(winlayer_names_add(names, p.path, WINLAYER_NODE_WHITEOUT, NULL) ==
			       0);
			assert(winlayer_names_add(names, p.path, WINLAYER_NODE_LEAF, NULL) < 0);
		}
	}
	if (winlayer_path_target(member, a, &p, NULL) == 0) {
		check(&p, strlen(member), a);
		assert(p.what == WINLAYER_MEMBER && p.area != WINLAYER_HIVES && p.base > 0);
	}
	return 0;
}
