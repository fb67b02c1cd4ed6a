/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hcs_stranger LIBRARY NETWORK NAME ADDRESS: somebody else on the simulated host makes an endpoint
 * NAME with that address in the network called NETWORK. hcs_stranger LIBRARY NAME: takes every
 * endpoint of that name away again. Its GUID is one that no node of ours derives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/hcn_document.h"
#include "backends/hcs_call.h"
#include "backends/network_hcn_kind.h"

struct stranger {
	struct hcs_api *api;
	struct arena *a;
	struct error err;
};

/* The objects of a kind that have that name. */
static int find(struct stranger *s, const struct network_hcn_kind *k, const char *name,
		struct network_hcn_guids *ret)
{
	struct json_object *query CLEAN(json) = hcn_document_query(HCN_FILTER_NAME, name);

	return network_hcn_kind_ids(s->api, k, query, s->a, ret, &s->err);
}

static int make(struct stranger *s, char **args)
{
	static const GUID space = { 0x5f3a, 1, 2, { 3, 4, 5, 6, 7, 8, 9, 10 } };
	const struct hcn_endpoint ep = { .name = args[1], .address = args[2], .prefix_length = 28 };
	struct json_object *o CLEAN(json) = NULL;
	struct network_hcn_guids networks = { NULL, 0 };
	char network[HCS_GUID_SIZE];
	struct hcn_endpoint spec = ep;
	enum hcs_outcome unused;
	PWSTR record = NULL;
	HCN_NETWORK on = NULL;
	HCN_ENDPOINT made = NULL;
	HRESULT hr;
	GUID id;
	int r = find(s, &network_hcn_networks, args[0], &networks);

	if (r < 0)
		return r;
	if (networks.n != 1)
		return error_set(&s->err, ERR_NOT_FOUND, 0, "%zu networks '%s'", networks.n,
				 args[0]);
	spec.network = hcs_guid_format(&networks.items[0], network);
	o = hcn_document_endpoint(&spec);
	hcs_guid_derive(&space, args[1], strlen(args[1]), &id);
	hr = s->api->HcnOpenNetwork(&networks.items[0], &on, &record);
	r = network_hcn_kind_result(s->api, hr, record, "open", &unused, &s->err);
	if (r < 0)
		return r;
	record = NULL;
	hr = s->api->HcnCreateEndpoint(on, &id, hcs_call_document(o, s->a), &made, &record);
	if (made)
		(void)s->api->HcnCloseEndpoint(made);
	(void)s->api->HcnCloseNetwork(on);
	return network_hcn_kind_result(s->api, hr, record, "make", &unused, &s->err);
}

static int take_away(struct stranger *s, const char *name)
{
	struct network_hcn_guids ids = { NULL, 0 };
	int r = find(s, &network_hcn_endpoints, name, &ids);

	for (size_t i = 0; r == 0 && i < ids.n; i++)
		r = network_hcn_kind_remove(s->api, &network_hcn_endpoints, &ids.items[i], &s->err);
	if (r == 0 && ids.n == 0)
		return error_set(&s->err, ERR_NOT_FOUND, 0, "no endpoint '%s'", name);
	return r;
}

int main(int argc, char **argv)
{
	struct arena *a CLEAN(arena) = arena_new();
	struct hcs_api *api CLEAN(hcs_api) = NULL;
	struct stranger s = { .a = a };
	int r;

	if (argc != 3 && argc != 5) {
		fputs("usage: hcs_stranger LIBRARY [NETWORK] NAME [ADDRESS]\n", stderr);
		return 64;
	}
	r = hcs_api_open(argv[1], &api, &s.err);
	s.api = api;
	if (r == 0)
		r = argc == 5 ? make(&s, argv + 2) : take_away(&s, argv[2]);
	if (r < 0)
		fprintf(stderr, "hcs_stranger: %s\n", s.err.msg);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
