/* SPDX-License-Identifier: Apache-2.0 */
/* The functions are loaded as a shim would, and none of the service's is called. */
#include "backends/hcs_look.h"

#include "backends/hcs_api.h"
#include "backends/hcs_host.h"

int hcs_look(const char *library, struct arena *a, const char **ret_version, struct error *err)
{
	struct hcs_api *api CLEAN(hcs_api) = NULL;
	struct hcs_version version;
	struct hcs_host host;
	int r = hcs_api_open(library, &api, err);

	if (r < 0)
		return r;
	hcs_host_read(api, &version, &host);
	*ret_version = arena_printf(a, "%u.%u.%u", version.major, version.minor, version.build);
	return 0;
}
