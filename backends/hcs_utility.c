/* SPDX-License-Identifier: Apache-2.0 */
/* As hcsshim does it (internal/wclayer/legacy.go): clone, delete, write over, keep the originals.
 */
#include "backends/hcs_utility.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "backends/hcs_call.h"
#include "backends/hcs_result.h"
#include "backends/winlayer_restore.h"
#include "base/fs.h"
#include "base/limits.h"

/* What the import writes into: never shared with the layer below, and kept as it came. */
static const struct {
	const char *path, *copy;
} mutated[] = {
	{ "EFI/Microsoft/Boot/BCD", "bcd.bak" },
	{ "EFI/Microsoft/Boot/BCD.LOG", "bcd.log.bak" },
	{ "EFI/Microsoft/Boot/BCD.LOG1", "bcd.log1.bak" },
	{ "EFI/Microsoft/Boot/BCD.LOG2", "bcd.log2.bak" },
};

enum { N_MUTATED = sizeof(mutated) / sizeof(mutated[0]) };

static bool is_mutated(const char *path)
{
	for (size_t i = 0; i < N_MUTATED; i++)
		if (strcasecmp(path, mutated[i].path) == 0)
			return true;
	return false;
}

static int clone_below(const char *files, const struct hcs_chain *below, struct arena *a,
		       struct error *err)
{
	for (size_t i = 0; i < below->n; i++) {
		const char *from = arena_printf(a, "%s/UtilityVM/Files", below->paths[i]);
		int r = fs_exists(AT_FDCWD, from, err);

		if (r != 0)
			return r < 0 ? r : winlayer_restore_clone(from, files, is_mutated, err);
	}
	return 0;
}

/* A line: '\' and the path below Files, with '\' between; the first line is the version. */
static int delete_one(const char *files, const char *line, size_t n, struct arena *a,
		      struct error *err)
{
	char *path = arena_printf(a, "%s%.*s", files, (int)n, line);

	for (char *p = path + strlen(files); *p; p++)
		*p = *p == '\\' ? '/' : *p;
	return fs_remove_tree(AT_FDCWD, path, err);
}

static int delete_named(const char *files, const char *source, struct arena *a, struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_WINLAYER_LIST);
	int r = fs_read(AT_FDCWD, arena_printf(a, "%s/uvm/tombstones.txt", source), &text, err);

	if (r == -ERR_NOT_FOUND)
		return 0;
	for (const char *p = text.data ? strchr(text.data, '\n') : NULL; r == 0 && p && *++p;) {
		size_t n = strcspn(p, "\n");

		if (n > 0 && *p == '\\')
			r = delete_one(files, p, n, a, err);
		p += n;
		if (!*p)
			break;
	}
	return r;
}

static int keep_originals(const char *path, const char *source, struct arena *a, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < N_MUTATED; i++) {
		const char *from = arena_printf(a, "%s/%s", source, mutated[i].copy);

		r = fs_exists(AT_FDCWD, from, err);
		if (r > 0)
			r = fs_copy(AT_FDCWD, from, arena_printf(a, "%s/%s", path, mutated[i].copy),
				    0600, err);
	}
	return r < 0 ? r : 0;
}

int hcs_utility_begin(const char *path, const char *source, const struct hcs_chain *below,
		      struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *files = arena_printf(a, "%s/UtilityVM/Files", path);
	const char *staged = arena_printf(a, "%s/uvm/Files", source);
	int has_files = fs_exists(AT_FDCWD, staged, err);
	int r = has_files < 0 ? has_files
			      : fs_exists(AT_FDCWD, arena_printf(a, "%s/uvm", source), err);

	if (r <= 0)
		return r < 0 ? r : HCS_UTILITY_NONE;
	r = fs_mkdirs(AT_FDCWD, arena_printf(a, "%s/UtilityVM", path), 0755, err);
	r = r < 0 ? r : clone_below(files, below, a, err);
	r = r < 0 ? r : delete_named(files, source, a, err);
	if (r == 0 && has_files)
		r = winlayer_restore_tree(staged, files, err);
	return r < 0 ? error_wrap(err, r, "utility VM of %s", path)
		     : keep_originals(path, source, a, err);
}

int hcs_utility_end(const struct hcs_api *api, const char *path, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *utility = arena_printf(a, "%s/UtilityVM", path);
	HRESULT hr = api->ProcessUtilityImage(hcs_call_wide(utility, a));

	return hcs_result_failed(hr)
		       ? hcs_result_error(err, hr, NULL, "process the utility VM of %s", path)
		       : 0;
}
