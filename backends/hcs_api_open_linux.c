/* SPDX-License-Identifier: Apache-2.0 */
/* A shared library with the whole interface, named by the settings: there is no service here. */
#include "backends/hcs_api_open.h"

#include <dlfcn.h>
#include <string.h>

int hcs_api_library_open(const char *name, const char *path, void **ret, struct error *err)
{
	void *library;

	if (!path) {
		error_set(err, ERR_UNAVAILABLE, 0, "no %s: this is not Windows", name);
		error_hint(err, "set hcs.library to a library that stands in for it");
		return -ERR_UNAVAILABLE;
	}
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		(void)error_set(err, ERR_UNAVAILABLE, 0, "load %s", dlerror());
		error_hint(err,
			   "set hcs.library to a library that can be loaded; 'tallyman doctor' "
			   "tells more");
		return -ERR_UNAVAILABLE;
	}
	*ret = library;
	return 0;
}

void hcs_api_library_close(void *library)
{
	if (library)
		(void)dlclose(library); /* fails for no library of ours */
}

bool hcs_api_library_find(void *library, const char *function, void *ret)
{
	void *symbol = dlsym(library, function);

	memcpy(ret, &symbol, sizeof(symbol));
	return symbol != NULL;
}
