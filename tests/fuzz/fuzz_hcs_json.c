/* SPDX-License-Identifier: Apache-2.0 */
/* links: backends */
/* Answers of the Host Compute Service and Network: accepted and sound, or corrupt; nothing else. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "backends/hcn_reply.h"
#include "backends/hcs_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_result(int r, const struct error *err)
{
	assert(r == 0 || (r == -ERR_CORRUPT && err->code == ERR_CORRUPT));
	assert((r == 0) == (err->code == ERR_OK));
}

static void check_system(const struct hcs_system *s)
{
	assert(s->id && *s->id && s->type);
	assert(s->state < HCS_N_STATES && hcs_reply_state_name(s->state));
	for (const char *p = s->owner; p && *p; p++)
		assert(*p < 'A' || *p > 'Z');
}

static void read_systems(const char *text, size_t n, struct arena *a)
{
	struct error err = ERROR_INIT;
	struct hcs_system *list = NULL;
	size_t n_list = 0;

	check_result(hcs_reply_systems(text, n, a, &list, &n_list, &err), &err);
	for (size_t i = 0; i < n_list; i++)
		check_system(&list[i]);
}

static void read_properties(const char *text, size_t n, struct arena *a)
{
	struct error err = ERROR_INIT;
	struct hcs_properties p;
	int r = hcs_reply_properties(text, n, a, &p, &err);

	check_result(r, &err);
	if (r < 0)
		return;
	check_system(&p.basics);
	assert(p.has_statistics || (!p.cpu_us && !p.memory_bytes && !p.uptime_us));
	assert(!p.n_processes || p.processes);
}

static void read_exits(const char *text, size_t n, struct arena *a)
{
	struct error err = ERROR_INIT;
	struct hcs_exit x;
	int r = hcs_reply_process_exit(text, n, &x, &err);

	check_result(r, &err);
	assert(r < 0 || !x.has_code || x.exited); /* nobody who lives has a code */
	err = ERROR_INIT;
	r = hcs_reply_system_exit(text, n, a, &x, &err);
	check_result(r, &err);
	assert(r < 0 || x.exited);
}

static void read_networks(const char *text, size_t n, struct arena *a)
{
	struct error err = ERROR_INIT;
	struct hcn_network_reply net;
	struct hcn_endpoint_reply ep;
	struct hcn_namespace_reply ns;
	size_t n_ids;
	GUID *ids;
	int r = hcn_reply_ids(text, n, a, &ids, &n_ids, &err);

	check_result(r, &err);
	err = ERROR_INIT;
	r = hcn_reply_network(text, n, a, &net, &err);
	check_result(r, &err);
	assert(r < 0 || (net.basics.name && net.basics.owner && net.type));
	err = ERROR_INIT;
	r = hcn_reply_endpoint(text, n, a, &ep, &err);
	check_result(r, &err);
	assert(r < 0 || (ep.basics.name && ep.mac && (!ep.n_addresses || ep.addresses)));
	err = ERROR_INIT;
	r = hcn_reply_namespace(text, n, a, &ns, &err);
	check_result(r, &err);
	assert(r < 0 || (ns.type && (!ns.n_endpoints || ns.endpoints)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a CLEAN(arena) = arena_new();
	const char *text = (const char *)data;

	read_systems(text, size, a);
	read_properties(text, size, a);
	read_exits(text, size, a);
	read_networks(text, size, a);
	return 0;
}
