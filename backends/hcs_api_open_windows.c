/* SPDX-License-Identifier: Apache-2.0 */
/* From system32 and nowhere else: the program has all rights, so nothing beside it is loaded. */
#include "backends/hcs_api_open.h"

#include <string.h>
#include <windows.h>

int hcs_api_library_open(const char *name, const char *path, void **ret, struct error *err)
{
	HMODULE library;
	DWORD code;

	if (path)
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "hcs.library is set, and Windows has %s of its own", name);
	library = LoadLibraryExA(name, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
	if (!library) {
		code = GetLastError();
		error_set(err, ERR_UNAVAILABLE, (int)code, "no %s: Windows error %lu", name, code);
		error_hint(err, "enable the Windows feature 'Containers', then start again");
		return -ERR_UNAVAILABLE;
	}
	*ret = library;
	return 0;
}

void hcs_api_library_close(void *library)
{
	if (library)
		(void)FreeLibrary(library); /* a module that is loaded can be freed */
}

bool hcs_api_library_find(void *library, const char *function, void *ret)
{
	FARPROC symbol = GetProcAddress(library, function);

	memcpy(ret, &symbol, sizeof(symbol));
	return symbol != NULL;
}
