/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the Host Compute Network in either schema's spelling; rubbish is never absence. */
#include "backends/hcn_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define A     "11ba37c2-09c9-587d-8b8a-8b110fb2403c"
#define B     "05256dab-9332-5e8b-b930-7da781ce5eb1"
#define ZEROS "00000000-0000-0000-0000-000000000000"

static bool is(const GUID *id, const char *text)
{
	char have[HCS_GUID_SIZE];

	return strcmp(hcs_guid_format(id, have), text) == 0;
}

static void lists_ids(void **state)
{
	static const char text[] = "[\"" A "\",\"{05256DAB-9332-5E8B-B930-7DA781CE5EB1}\"]";
	static const char *const none[] = { NULL, "", "null", "[]" };
	static const char *const broken[] = { "{}", "[1]", "[\"x\"]", "[\"" A "\"", "[null]" };
	struct arena *a CLEAN(arena) = arena_new();
	GUID *ids;
	size_t n;

	(void)state;
	assert_int_equal(hcn_reply_ids(text, strlen(text), a, &ids, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_true(is(&ids[0], A) && is(&ids[1], B));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(
			hcn_reply_ids(none[i], none[i] ? strlen(none[i]) : 0, a, &ids, &n, NULL),
			0);
		assert_int_equal(n, 0);
	}
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(hcn_reply_ids(broken[i], strlen(broken[i]), a, &ids, &n, NULL),
				 -ERR_CORRUPT);
}

static void reads_networks(void **state)
{
	static const char text[] =
		"{\"ID\":\"" A "\",\"Name\":\"tallyman.net\",\"Owner\":\"tallyman\",\"Type\":"
		"\"Internal\",\"Ipams\":[{\"Type\":\"Static\",\"Subnets\":[{\"IpAddressPrefix\":"
		"\"10.220.99.0/28\",\"Routes\":[]},{\"IpAddressPrefix\":\"10.1.0.0/16\"}]},{}]}";
	static const char other[] = "{\"Id\":\"{11BA37C2-09C9-587D-8B8A-8B110FB2403C}\"}";
	struct arena *a CLEAN(arena) = arena_new();
	struct hcn_network_reply n;

	(void)state;
	assert_int_equal(hcn_reply_network(text, strlen(text), a, &n, NULL), 0);
	assert_true(is(&n.basics.id, A));
	assert_string_equal(n.basics.name, "tallyman.net");
	assert_string_equal(n.basics.owner, "tallyman");
	assert_string_equal(n.type, "Internal");
	assert_int_equal(n.n_subnets, 2);
	assert_string_equal(n.subnets[0], "10.220.99.0/28");
	assert_int_equal(hcn_reply_network(other, strlen(other), a, &n, NULL), 0);
	assert_true(is(&n.basics.id, A));
	assert_string_equal(n.basics.name, "");
	assert_string_equal(n.type, "NAT"); /* it is left out for that one */
	assert_int_equal(n.n_subnets, 0);
}

static void reads_endpoints(void **state)
{
	static const char text[] =
		"{\"ID\":\"" A "\",\"Name\":\"tallyman.shop.web-rep-0.17\",\"HostComputeNetwork\":"
		"\"" B "\",\"HostComputeNamespace\":\"" B "\",\"IpConfigurations\":[{\"IpAddress\":"
		"\"10.220.99.2\",\"PrefixLength\":28},{}],\"MacAddress\":\"00-15-5D-00-00-01\"}";
	static const char schema1[] =
		"{\"ID\":\"" A "\",\"VirtualNetwork\":\"" B "\",\"IPAddress\":\"10.220.99.2\"}";
	static const char upstreams[] =
		"{\"ID\":\"" A "\",\"HostComputeNamespace\":\"" ZEROS
		"\",\"IPConfigurations\":[{\"IpAddress\":\"10.220.99.2\"}]}";
	struct arena *a CLEAN(arena) = arena_new();
	struct hcn_endpoint_reply e;

	(void)state;
	assert_int_equal(hcn_reply_endpoint(text, strlen(text), a, &e, NULL), 0);
	assert_true(is(&e.network, B) && is(&e.space, B));
	assert_string_equal(e.mac, "00-15-5D-00-00-01");
	assert_int_equal(e.n_addresses, 1);
	assert_string_equal(e.addresses[0], "10.220.99.2");
	assert_int_equal(hcn_reply_endpoint(schema1, strlen(schema1), a, &e, NULL), 0);
	assert_true(is(&e.network, B) && hcs_guid_is_zero(&e.space));
	assert_int_equal(e.n_addresses, 1);
	assert_string_equal(e.mac, "");
	assert_int_equal(hcn_reply_endpoint(upstreams, strlen(upstreams), a, &e, NULL), 0);
	assert_true(hcs_guid_is_zero(&e.space) && hcs_guid_is_zero(&e.network));
	assert_string_equal(e.addresses[0], "10.220.99.2");
}

static void reads_namespaces(void **state)
{
	static const char text[] =
		"{\"ID\":\"" B "\",\"NamespaceId\":5,\"Type\":\"Host\",\"Resources\":[{\"Type\":"
		"\"Endpoint\",\"Data\":{\"ID\":\"" A "\"}},{\"Type\":\"Container\",\"Data\":"
		"{\"ID\":\"shop.web-rep-0.17\"}},{\"Type\":\"Later\",\"Data\":{\"ID\":\"x\"}},"
		"{\"Type\":\"Empty\"}]}";
	static const char schema1[] = "{\"ID\":\"" B "\",\"ResourceList\":[{\"Type\":\"Endpoint\","
				      "\"Data\":{\"Id\":\"" A "\"}}]}";
	struct arena *a CLEAN(arena) = arena_new();
	struct hcn_namespace_reply s;

	(void)state;
	assert_int_equal(hcn_reply_namespace(text, strlen(text), a, &s, NULL), 0);
	assert_string_equal(s.type, "Host");
	assert_int_equal(s.n_endpoints, 1);
	assert_true(is(&s.endpoints[0], A));
	assert_int_equal(s.n_containers, 1);
	assert_string_equal(s.containers[0], "shop.web-rep-0.17");
	assert_int_equal(hcn_reply_namespace(schema1, strlen(schema1), a, &s, NULL), 0);
	assert_int_equal(s.n_endpoints, 1);
	assert_int_equal(s.n_containers, 0);
}

static void refuses_rubbish(void **state)
{
	static const char *const texts[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"ID\":\"x\"}",
		"{\"ID\":5}",
		"{\"ID\":\"\"}",
		"{\"ID\":\"" A "\",\"Name\":1}",
		"{\"ID\":\"" A "\",\"Owner\":[]}",
		"{\"ID\":\"" A "\"",
	};
	static const char *const of_kind[] = {
		"{\"ID\":\"" A "\",\"Ipams\":{}}",
		"{\"ID\":\"" A "\",\"Ipams\":[{\"Subnets\":[3]}]}",
		"{\"ID\":\"" A "\",\"HostComputeNetwork\":\"x\"}",
		"{\"ID\":\"" A "\",\"IpConfigurations\":[{\"IpAddress\":3}]}",
		"{\"ID\":\"" A "\",\"Resources\":[{}]}",
		"{\"ID\":\"" A
		"\",\"Resources\":[{\"Type\":\"Endpoint\",\"Data\":{\"ID\":\"x\"}}]}",
	};
	struct arena *a CLEAN(arena) = arena_new();
	struct hcn_network_reply n;
	struct hcn_endpoint_reply e;
	struct hcn_namespace_reply s;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t size = strlen(texts[i]);

		assert_int_equal(hcn_reply_network(texts[i], size, a, &n, NULL), -ERR_CORRUPT);
		assert_int_equal(hcn_reply_endpoint(texts[i], size, a, &e, NULL), -ERR_CORRUPT);
		assert_int_equal(hcn_reply_namespace(texts[i], size, a, &s, NULL), -ERR_CORRUPT);
	}
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(hcn_reply_network(of_kind[i], strlen(of_kind[i]), a, &n, NULL),
				 -ERR_CORRUPT);
	for (size_t i = 2; i < 4; i++)
		assert_int_equal(hcn_reply_endpoint(of_kind[i], strlen(of_kind[i]), a, &e, NULL),
				 -ERR_CORRUPT);
	for (size_t i = 4; i < 6; i++)
		assert_int_equal(hcn_reply_namespace(of_kind[i], strlen(of_kind[i]), a, &s, NULL),
				 -ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_ids),       cmocka_unit_test(reads_networks),
		cmocka_unit_test(reads_endpoints), cmocka_unit_test(reads_namespaces),
		cmocka_unit_test(refuses_rubbish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
