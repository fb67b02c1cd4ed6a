/* SPDX-License-Identifier: Apache-2.0 */
/* Networks, namespaces and endpoints of the simulator: documents, addresses, references, lists. */
#include "tests/support/hcs_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/hcs_guid.h"

#define V2 "\"SchemaVersion\":{\"Major\":2,\"Minor\":0}"

enum { NET = 1, NS = 10, NS_2, EP = 20, EP_2, EP_3 };

/* A network with a subnet whose gateway is .1. */
static const char *network(struct hcs_world *w, const char *name, const char *prefix,
			   const char *gateway, const char *more)
{
	return hcs_world_printf(w,
				"{" V2 ",\"Owner\":\"tallyman\",\"Name\":\"%s\",\"Type\":\"NAT\",%s"
				"\"Ipams\":[{\"Type\":\"Static\",\"Subnets\":[{\"IpAddressPrefix\":"
				"\"%s\",\"Routes\":[{\"NextHop\":\"%s\",\"DestinationPrefix\":"
				"\"0.0.0.0/0\"}]}]}]}",
				name, more, prefix, gateway);
}

static const char *endpoint(struct hcs_world *w, const char *name, const char *address,
			    const char *more)
{
	return hcs_world_printf(
		w,
		"{" V2 ",\"Owner\":\"tallyman\",\"Name\":\"%s\",%s"
		"\"IpConfigurations\":[{\"IpAddress\":\"%s\",\"PrefixLength\":28}]}",
		name, more, address);
}

static void need_network(struct hcs_world *w)
{
	assert_int_equal(
		hcs_world_network(w, NET, network(w, "net", "10.220.99.0/28", "10.220.99.1", "")),
		S_OK);
}

static void need_attached(struct hcs_world *w)
{
	need_network(w);
	assert_int_equal(hcs_world_namespace(w, NS, "{" V2 ",\"Type\":\"Host\"}"), S_OK);
	assert_int_equal(
		hcs_world_endpoint(w, NET, EP, endpoint(w, "tallyman.a", "10.220.99.2", "")), S_OK);
	assert_int_equal(hcs_world_attach(w, NS, EP, true), S_OK);
}

static size_t count(struct hcs_world *w, enum hcs_world_kind kind, const char *query)
{
	struct json_object *list CLEAN(json) = NULL;

	assert_int_equal(hcs_world_hcn_list(w, kind, query), S_OK);
	list = hcs_world_json(w);
	return json_object_array_length(list);
}

static void test_way_there_and_back(void **state)
{
	struct hcs_world *w = *state;

	need_attached(w);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_ENDPOINT, EP, HCS_WORLD_V2), S_OK);
	assert_non_null(strstr(w->document, "\"Owner\":\"tallyman\""));
	assert_non_null(strstr(w->document, "\"MacAddress\":\"00-15-5D-"));
	assert_non_null(strstr(w->document, "\"HostComputeNamespace\":\"0000000a-4444"));
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NAMESPACE, NS, HCS_WORLD_V2), S_OK);
	assert_non_null(strstr(w->document,
			       "\"Resources\":[{\"Type\":\"Endpoint\",\"Data\":{\"ID\":"
			       "\"00000014-4444"));
	assert_non_null(strstr(w->document, "\"NamespaceId\":2"));
	assert_int_equal(hcs_world_attach(w, NS, EP, false), S_OK);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_ENDPOINT, EP), S_OK);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, NS), S_OK);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NETWORK, NET), S_OK);
	assert_int_equal(count(w, HCS_WORLD_ENDPOINT, HCS_WORLD_V2), 0);
	assert_int_equal(count(w, HCS_WORLD_NAMESPACE, HCS_WORLD_V2), 0);
	assert_int_equal(count(w, HCS_WORLD_NETWORK, HCS_WORLD_V2), 0);
}

static void test_absences(void **state)
{
	static const struct {
		enum hcs_world_kind kind;
		HRESULT want;
	} cases[] = {
		{ HCS_WORLD_NETWORK, HCN_E_NETWORK_NOT_FOUND },
		{ HCS_WORLD_NAMESPACE, WIN32_NOT_FOUND },
		{ HCS_WORLD_ENDPOINT, HCN_E_ENDPOINT_NOT_FOUND },
	};
	struct hcs_world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(hcs_world_hcn_delete(w, cases[i].kind, 99), cases[i].want);
		assert_non_null(strstr(w->record, "\"Success\":false"));
		assert_int_equal(hcs_result_document(hcs_world_wide(w, w->record)), cases[i].want);
		assert_int_equal(hcs_world_hcn_query(w, cases[i].kind, 99, NULL), cases[i].want);
	}
	need_attached(w);
	assert_int_equal(hcs_world_attach(w, NS, 99, true), HCN_E_ENDPOINT_NOT_FOUND);
	assert_int_equal(hcs_world_attach(w, NS, 99, false), WIN32_NOT_FOUND);
	assert_int_equal(hcs_world_attach(w, 99, EP, true), WIN32_NOT_FOUND);
}

static void test_repeats(void **state)
{
	struct hcs_world *w = *state;

	need_attached(w);
	assert_int_equal(hcs_world_network(w, 2, network(w, "net", "10.1.0.0/24", "10.1.0.1", "")),
			 HCN_E_NETWORK_ALREADY_EXISTS);
	assert_int_equal(
		hcs_world_network(w, 2, network(w, "other", "10.220.99.8/29", "10.220.99.9", "")),
		HCN_E_INVALID_SUBNET);
	assert_int_equal(hcs_world_attach(w, NS, EP, true),
			 HCN_E_ENDPOINT_NAMESPACE_ALREADY_EXISTS);
	assert_int_equal(hcs_world_namespace(w, NS_2, "{" V2 "}"), S_OK);
	assert_int_equal(hcs_world_attach(w, NS_2, EP, true), HCN_E_ENDPOINT_ALREADY_ATTACHED);
	assert_int_equal(
		hcs_world_endpoint(w, NET, EP, endpoint(w, "tallyman.a", "10.220.99.3", "")),
		WIN32_ALREADY_EXISTS);
	/* Another one of that name is none of the service's business. */
	assert_int_equal(
		hcs_world_endpoint(w, NET, EP_2, endpoint(w, "tallyman.a", "10.220.99.3", "")),
		S_OK);
	(void)hcs_world_tool(w, "switch", "hcn_recreate=same", "endpoint_same_name=no", NULL);
	assert_int_equal(
		hcs_world_endpoint(w, NET, EP, endpoint(w, "tallyman.a", "10.220.99.4", "")), S_OK);
	assert_int_equal(
		hcs_world_endpoint(w, NET, EP_3, endpoint(w, "tallyman.a", "10.220.99.4", "")),
		WIN32_ALREADY_EXISTS);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *address;
		HRESULT want;
	} cases[] = {
		{ "10.220.99.2", S_OK },
		{ "10.220.99.2", HCN_E_ADDR_INVALID_OR_RESERVED },  /* taken */
		{ "10.220.99.1", HCN_E_ADDR_INVALID_OR_RESERVED },  /* the gateway */
		{ "10.220.99.0", HCN_E_ADDR_INVALID_OR_RESERVED },  /* the network */
		{ "10.220.99.15", HCN_E_ADDR_INVALID_OR_RESERVED }, /* broadcast */
		{ "10.220.99.16", HCN_E_ADDR_INVALID_OR_RESERVED }, /* not in it */
		{ "10.220.99", HCN_E_INVALID_IP },
		{ "10.220.99.14", S_OK },
	};
	struct hcs_world *w = *state;
	unsigned n = EP;

	need_network(w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			hcs_world_endpoint(w, NET, n++, endpoint(w, "x", cases[i].address, "")),
			cases[i].want);
	/* Who asks for none gets the first that is free: 12 are left, then the network is full. */
	for (int i = 3; i < 14; i++) {
		assert_int_equal(hcs_world_endpoint(w, NET, n, "{" V2 "}"), S_OK);
		assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_ENDPOINT, n++, HCS_WORLD_V2),
				 S_OK);
		assert_non_null(strstr(w->document,
				       hcs_world_printf(w, "\"IpAddress\":\"10.220.99.%d\"", i)));
	}
	assert_int_equal(hcs_world_endpoint(w, NET, n, "{" V2 "}"), HCN_E_ADDR_INVALID_OR_RESERVED);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_ENDPOINT, EP), S_OK);
	assert_int_equal(hcs_world_endpoint(w, NET, n, endpoint(w, "x", "10.220.99.2", "")), S_OK);
}

static void test_refused_documents(void **state)
{
	static const struct {
		const char *more;
		HRESULT want;
	} cases[] = {
		{ "\"Colour\":1,", HCN_E_INVALID_JSON },
		{ "\"MacAddress\":7,", HCN_E_INVALID_JSON },
		{ "\"HostComputeNamespace\":\"0000000a-4444-4555-8001-020304050607\",",
		  E_INVALIDARG },
		{ "\"HostComputeNetwork\":\"0000000a-4444-4555-8001-020304050607\",",
		  HCN_E_INVALID_ENDPOINT },
		{ "\"Policies\":[{\"Type\":\"Colour\"}],", HCN_E_INVALID_POLICY_TYPE },
		{ "\"Policies\":[{\"Type\":\"NetAdapterName\"}],", HCN_E_INVALID_POLICY_TYPE },
		{ "\"Policies\":[{\"Type\":\"ACL\",\"Settings\":{\"Action\":\"Deny\"}}],",
		  HCN_E_INVALID_POLICY },
		{ "\"Policies\":[{\"Settings\":{}}],", HCN_E_INVALID_JSON },
	};
	struct hcs_world *w = *state;
	GUID id = hcs_world_guid(EP);
	HCN_ENDPOINT o = NULL;

	need_network(w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(hcs_world_endpoint(w, NET, EP,
						    endpoint(w, "x", "10.220.99.2", cases[i].more)),
				 cases[i].want);
	assert_int_equal(hcs_world_endpoint(w, NET, EP, ""), HCN_E_INVALID_JSON);
	assert_int_equal(hcs_world_endpoint(w, NET, EP, NULL), E_INVALIDARG);
	assert_int_equal(hcs_world_endpoint(w, NET, EP, "{\"Name\":\"x\"}"), HCN_E_INVALID_JSON);
	assert_int_equal(
		w->api->HcnCreateEndpoint(NULL, &id, hcs_world_wide(w, "{" V2 "}"), &o, NULL),
		E_INVALIDARG);
	assert_int_equal(hcs_world_network(w, 2, network(w, "n", "10.0.0.1/24", "10.0.0.1", "")),
			 HCN_E_INVALID_SUBNET);
	assert_int_equal(hcs_world_namespace(w, NS, "{" V2 ",\"Type\":\"Box\"}"),
			 HCN_E_INVALID_JSON);
}

static void test_ports(void **state)
{
	static const char tcp[] =
		"\"Policies\":[{\"Type\":\"PortMapping\",\"Settings\":{\"Protocol\":6,"
		"\"InternalPort\":80,\"ExternalPort\":8080}}],";
	static const char udp[] =
		"\"Policies\":[{\"Type\":\"PortMapping\",\"Settings\":{\"Protocol\":17,"
		"\"InternalPort\":80,\"ExternalPort\":8080}}],";
	struct hcs_world *w = *state;

	need_network(w);
	assert_int_equal(hcs_world_endpoint(w, NET, EP, endpoint(w, "x", "10.220.99.2", tcp)),
			 S_OK);
	assert_int_equal(hcs_world_endpoint(w, NET, EP_2, endpoint(w, "y", "10.220.99.3", tcp)),
			 HCN_E_PORT_ALREADY_EXISTS);
	assert_int_equal(hcs_world_endpoint(w, NET, EP_2, endpoint(w, "y", "10.220.99.3", udp)),
			 S_OK);
}

static HRESULT modify_policies(struct hcs_world *w, const char *request, const char *policies)
{
	GUID id = hcs_world_guid(EP);
	HCN_ENDPOINT o = NULL;
	const char *text = hcs_world_printf(w,
					    "{\"ResourceType\":\"Policy\",\"RequestType\":\"%s\","
					    "\"Settings\":{\"Policies\":[%s]}}",
					    request, policies);
	HRESULT hr;

	assert_int_equal(w->api->HcnOpenEndpoint(&id, &o, NULL), S_OK);
	hr = w->api->HcnModifyEndpoint(o, hcs_world_wide(w, text), NULL);
	assert_int_equal(w->api->HcnCloseEndpoint(o), S_OK);
	return hr;
}

static void test_policies_change(void **state)
{
	static const char acl[] =
		"{\"Type\":\"ACL\",\"Settings\":{\"Action\":\"Allow\",\"Direction\":\"In\"}}";
	struct hcs_world *w = *state;

	need_attached(w);
	assert_int_equal(modify_policies(w, "Add", acl), S_OK);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_ENDPOINT, EP, HCS_WORLD_V2), S_OK);
	assert_non_null(strstr(w->document, "\"Direction\":\"In\""));
	assert_int_equal(modify_policies(w, "Remove", acl), S_OK);
	assert_int_equal(modify_policies(w, "Remove", acl), HCN_E_POLICY_NOT_FOUND);
	assert_int_equal(modify_policies(w, "Refresh", "{\"Type\":\"Colour\"}"),
			 HCN_E_INVALID_POLICY_TYPE);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_ENDPOINT, EP, HCS_WORLD_V2), S_OK);
	assert_null(strstr(w->document, "\"Direction\":\"In\""));
}

static void test_filters(void **state)
{
	static const struct {
		const char *filter;
		size_t n;
	} cases[] = {
		{ "", 2 },
		{ "{\\\"Name\\\":\\\"tallyman.a\\\"}", 1 },
		{ "{\\\"Name\\\":\\\"tallyman\\\"}", 0 },
		{ "{\\\"VirtualNetwork\\\":\\\"00000001-4444-4555-8001-020304050607\\\"}", 2 },
		{ "{\\\"HostComputeNetwork\\\":\\\"00000001-4444-4555-8001-020304050607\\\"}", 0 },
		{ "{\\\"ID\\\":\\\"{00000014-4444-4555-8001-020304050607}\\\"}", 1 },
		{ "{\\\"Owner\\\":\\\"tallyman\\\"}", 0 },
	};
	struct hcs_world *w = *state;

	need_attached(w);
	assert_int_equal(
		hcs_world_endpoint(w, NET, EP_2, endpoint(w, "tallyman.b", "10.220.99.3", "")),
		S_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(count(w, HCS_WORLD_ENDPOINT,
				       hcs_world_printf(w, "{" V2 ",\"Flags\":0,\"Filter\":\"%s\"}",
							cases[i].filter)),
				 cases[i].n);
	assert_int_equal(hcs_world_hcn_list(w, HCS_WORLD_ENDPOINT, ""), HCN_E_INVALID_JSON);
	assert_int_equal(
		hcs_world_hcn_list(w, HCS_WORLD_ENDPOINT, "{" V2 ",\"Filter\":\"Name=x\"}"),
		HCN_E_INVALID_JSON);
	(void)hcs_world_tool(w, "switch", "hcn_owner_filter=yes", "hcn_guids=braces", NULL);
	assert_int_equal(count(w, HCS_WORLD_ENDPOINT,
			       "{" V2 ",\"Filter\":\"{\\\"Owner\\\":\\\"tallyman\\\"}\"}"),
			 2);
	assert_non_null(strstr(w->document, "\"{00000014-4444-4555-8001-020304050607}\""));
}

/* Without a version answers have the shape of old. */
static void test_old_shapes(void **state)
{
	struct hcs_world *w = *state;

	need_attached(w);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NAMESPACE, NS, "{}"), S_OK);
	assert_non_null(strstr(w->document, "\"ResourceList\":[{\"Type\":\"Endpoint\",\"Data\":"
					    "{\"Id\":\"00000014-"));
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_ENDPOINT, EP, NULL), S_OK);
	assert_non_null(strstr(w->document, "\"IPAddress\":\"10.220.99.2\""));
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NETWORK, NET, NULL), S_OK);
	assert_non_null(strstr(w->document, "\"AddressPrefix\":\"10.220.99.0/28\""));
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NETWORK, NET, HCS_WORLD_V2), S_OK);
	assert_non_null(strstr(w->document, "\"Ipams\""));
	assert_null(strstr(w->document, "\"Type\":\"NAT\""));
}

static void test_references(void **state)
{
	struct hcs_world *w = *state;
	const char *ns = "0000000a-4444-4555-8001-020304050607";
	const char *config;
	HCS_SYSTEM s = NULL;

	need_attached(w);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NETWORK, NET),
			 HCN_E_ENTITY_HAS_REFERENCES);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, NS),
			 HCN_E_ENTITY_HAS_REFERENCES);
	config = hcs_world_printf(w,
				  "{" V2 ",\"Container\":{\"GuestOs\":{\"HostName\":\"h\"},"
				  "\"Networking\":{\"Namespace\":\"%s\"},%s}}",
				  ns, hcs_world_storage(w));
	assert_int_equal(hcs_world_create(w, "a", config, &s), S_OK);
	assert_int_equal(hcs_world_hcn_query(w, HCS_WORLD_NAMESPACE, NS, HCS_WORLD_V2), S_OK);
	assert_non_null(strstr(w->document, "{\"Type\":\"Container\",\"Data\":{\"ID\":\"a\"}}"));
	assert_int_equal(hcs_world_attach(w, NS, EP, false), S_OK);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, NS),
			 HCN_E_REQUEST_UNSUPPORTED);
	assert_int_equal(hcs_world_do(w, HCS_WORLD_TERMINATE, s, NULL), S_OK);
	w->api->HcsCloseComputeSystem(s);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, NS), S_OK);
}

/* An endpoint that is deleted while its namespace lists it spoils the namespace. */
static void test_dangling(void **state)
{
	struct hcs_world *w = *state;
	const char *config;
	HCS_SYSTEM s = NULL;

	need_attached(w);
	config = hcs_world_printf(w,
				  "{" V2 ",\"Container\":{\"GuestOs\":{\"HostName\":\"h\"},"
				  "\"Networking\":{\"Namespace\":\"0000000a-4444-4555-8001-"
				  "020304050607\"},%s}}",
				  hcs_world_storage(w));
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_ENDPOINT, EP), S_OK);
	assert_int_equal(hcs_world_create(w, "a", config, &s), E_INVALIDARG);
	assert_int_equal(hcs_world_attach(w, NS, EP, false), S_OK);
	assert_int_equal(hcs_world_create(w, "a", config, &s), S_OK);
	(void)hcs_world_tool(w, "switch", "endpoint_delete=refused", NULL);
	assert_int_equal(
		hcs_world_endpoint(w, NET, EP, endpoint(w, "tallyman.a", "10.220.99.2", "")), S_OK);
	assert_int_equal(hcs_world_attach(w, NS, EP, true), S_OK);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_ENDPOINT, EP),
			 HCN_E_ENTITY_HAS_REFERENCES);
	(void)hcs_world_tool(w, "switch", "endpoint_delete=detaches", NULL);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_ENDPOINT, EP), S_OK);
	assert_int_equal(hcs_world_attach(w, NS, EP, false), WIN32_NOT_FOUND);
}

/* The host's own namespace is one, whatever GUID is asked for, and stays. */
static void test_host_default(void **state)
{
	struct hcs_world *w = *state;

	assert_int_equal(hcs_world_namespace(w, NS, "{" V2 ",\"Type\":\"HostDefault\"}"), S_OK);
	assert_int_equal(hcs_world_namespace(w, NS_2, "{" V2 ",\"Type\":\"HostDefault\"}"), S_OK);
	assert_int_equal(count(w, HCS_WORLD_NAMESPACE, HCS_WORLD_V2), 1);
	assert_int_equal(hcs_world_hcn_delete(w, HCS_WORLD_NAMESPACE, NS),
			 HCN_E_REQUEST_UNSUPPORTED);
}

static void test_restart_and_reboot(void **state)
{
	struct hcs_world *w = *state;
	GUID id = hcs_world_guid(NET);
	HCN_NETWORK o = NULL;
	PWSTR text = NULL;

	need_attached(w);
	assert_int_equal(
		hcs_world_network(w, 2,
				  network(w, "non", "10.1.0.0/24", "10.1.0.1", "\"Flags\":8,")),
		S_OK);
	assert_int_equal(hcs_world_endpoint(w, 2, EP_2, "{" V2 "}"), S_OK);
	assert_int_equal(w->api->HcnOpenNetwork(&id, &o, NULL), S_OK);
	(void)hcs_world_tool(w, "restart", "hcn", NULL);
	assert_int_equal(w->api->HcnQueryNetworkProperties(o, NULL, &text, NULL),
			 HCN_E_OBJECT_USED_AFTER_UNLOAD);
	assert_int_equal(w->api->HcnCloseNetwork(o), S_OK);
	assert_int_equal(count(w, HCS_WORLD_NETWORK, HCS_WORLD_V2), 1);
	assert_int_equal(count(w, HCS_WORLD_ENDPOINT, HCS_WORLD_V2), 1);
	(void)hcs_world_tool(w, "switch", "reboot_endpoints=lose", "reboot_namespaces=lose", NULL);
	(void)hcs_world_tool(w, "reboot", NULL);
	hcs_world_awake(w);
	assert_int_equal(count(w, HCS_WORLD_NETWORK, HCS_WORLD_V2), 1);
	assert_int_equal(count(w, HCS_WORLD_ENDPOINT, HCS_WORLD_V2), 0);
	assert_int_equal(count(w, HCS_WORLD_NAMESPACE, HCS_WORLD_V2), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hcs_world_setup, hcs_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_way_there_and_back),
		TEST(test_absences),
		TEST(test_repeats),
		TEST(test_addresses),
		TEST(test_refused_documents),
		TEST(test_ports),
		TEST(test_policies_change),
		TEST(test_filters),
		TEST(test_old_shapes),
		TEST(test_references),
		TEST(test_dangling),
		TEST(test_host_default),
		TEST(test_restart_and_reboot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
