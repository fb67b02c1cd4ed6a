/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills the table by name. All or nothing: a host that lacks one function has an older service
 * than this program needs, and the error says which. Calls nothing of what it loads.
 */
#include "backends/hcs_api.h"

#include "backends/hcs_api_open.h"
#include "base/arena.h"
#include "base/buf.h"

enum library { COMPUTECORE, COMPUTENETWORK, VMCOMPUTE, KERNEL32, OLE32, N_LIBRARIES };
_Static_assert((int)N_LIBRARIES == (int)HCS_API_MAX_LIBRARIES, "one place for each");

enum { N_NAMED = 3 }; /* missing functions an error names */

static const char *const names[N_LIBRARIES] = {
	[COMPUTECORE] = "computecore.dll",
	[COMPUTENETWORK] = "computenetwork.dll",
	[VMCOMPUTE] = "vmcompute.dll",
	[KERNEL32] = "kernel32.dll",
	[OLE32] = "ole32.dll",
};

static const struct {
	enum library library;
	const char *name;
	size_t offset;
} functions[] = {
#define X(library, result, name, params) { library, #name, offsetof(struct hcs_api, name) },
	HCS_API_FUNCTIONS(X)
#undef X
};

static int fill(struct hcs_api *api, struct error *err)
{
	struct buf missing CLEAN(buf) = BUF_INIT(sizeof(err->msg));
	size_t n = 0;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (hcs_api_library_find(api->libraries[functions[i].library], functions[i].name,
					 (char *)api + functions[i].offset))
			continue;
		if (n++ < N_NAMED)
			buf_printf(&missing, "%s%s", n == 1 ? "" : ", ", functions[i].name);
	}
	if (n == 0)
		return 0;
	if (n > N_NAMED)
		buf_printf(&missing, " and %zu more", n - N_NAMED);
	(void)error_set(err, ERR_UNAVAILABLE, 0, "the Host Compute Service here has no %s",
			missing.data);
	error_hint(err, "a newer Windows is needed, or another hcs.library in the settings");
	return -ERR_UNAVAILABLE;
}

int hcs_api_open(const char *library, struct hcs_api **ret, struct error *err)
{
	struct hcs_api *api CLEAN(hcs_api) = xcalloc(1, sizeof(*api));
	int r;

	for (int i = 0; i < N_LIBRARIES; i++) {
		r = hcs_api_library_open(names[i], library, &api->libraries[i], err);
		if (r < 0)
			return r;
	}
	r = fill(api, err);
	if (r < 0)
		return library ? error_wrap(err, r, "%s", library) : r;
	*ret = TAKE(api);
	return 0;
}

void hcs_api_close(struct hcs_api *api)
{
	if (!api)
		return;
	for (int i = 0; i < N_LIBRARIES; i++)
		hcs_api_library_close(api->libraries[i]);
	free(api);
}
