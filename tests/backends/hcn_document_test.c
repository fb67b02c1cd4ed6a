/* SPDX-License-Identifier: Apache-2.0 */
/* Documents for the Host Compute Network, against golden ones. */
#include "backends/hcn_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/golden.h"

#define NETWORK "3154417d-75da-5f9c-bc6f-6d1d9dd56fcc"

static void makes_networks(void **state)
{
	const char *servers[] = { "10.220.99.1" };
	struct hcn_network n = { .owner = "tallyman",
				 .name = "tallyman.net",
				 .type = HCN_TYPE_INTERNAL,
				 .subnet = "10.220.99.0/28",
				 .gateway = "10.220.99.1" };
	struct json_object *list = json_object_new_array();

	(void)state;
	json_object_array_add(list, hcn_document_network(&n));
	n.type = HCN_TYPE_TRANSPARENT;
	n.adapter = "Ethernet 2";
	n.servers = (struct strings){ servers, 1 };
	n.is_transient = true;
	json_object_array_add(list, hcn_document_network(&n));
	golden_json("hcs/network.json", list);
}

static void makes_namespaces_and_endpoints(void **state)
{
	const char *servers[] = { "10.220.99.1", "10.220.99.3" }, *search[] = { "shop.local" };
	const char *inside[] = { "10.220.0.0/16", "10.221.0.0/16" };
	const struct hcn_port ports[] = { { TRANSPORT_TCP, 8080, 80, "0.0.0.0" },
					  { TRANSPORT_UDP, 5353, 53, "192.0.2.7" },
					  { TRANSPORT_TCP, 8443, 443, NULL } };
	const struct hcn_endpoint full = { .owner = "tallyman",
					   .name = "tallyman.shop.web-rep-0.17",
					   .network = NETWORK,
					   .address = "10.220.99.2",
					   .prefix_length = 28,
					   .gateway = "10.220.99.1",
					   .domain = "svc.local",
					   .search = { search, 1 },
					   .servers = { servers, 2 },
					   .inside = { inside, 2 },
					   .ports = ports,
					   .n_ports = 3 };
	const struct hcn_endpoint plain = { .owner = "tallyman",
					    .name = "tallyman.shop.web-rep-0.17",
					    .network = NETWORK,
					    .address = "10.220.99.2",
					    .prefix_length = 28,
					    .gateway = "10.220.99.1" };
	const char *id = "11ba37c2-09c9-587d-8b8a-8b110fb2403c";
	struct json_object *list = json_object_new_array();

	(void)state;
	json_object_array_add(list, hcn_document_namespace("tallyman", full.name));
	json_object_array_add(list, hcn_document_attach(id, true));
	json_object_array_add(list, hcn_document_attach(id, false));
	golden_json("hcs/namespace.json", list);
	golden_json("hcs/endpoint_full.json", hcn_document_endpoint(&full));
	golden_json("hcs/endpoint_plain.json", hcn_document_endpoint(&plain));
}

static void asks(void **state)
{
	struct json_object *list = json_object_new_array();

	(void)state;
	json_object_array_add(list, hcn_document_query(HCN_FILTER_NONE, NULL));
	json_object_array_add(list, hcn_document_query(HCN_FILTER_ID, NETWORK));
	json_object_array_add(list, hcn_document_query(HCN_FILTER_NAME, "a\"b\\"));
	json_object_array_add(list, hcn_document_query(HCN_FILTER_NETWORK, NETWORK));
	golden_json("hcs/queries.json", list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_networks),
		cmocka_unit_test(makes_namespaces_and_endpoints),
		cmocka_unit_test(asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
