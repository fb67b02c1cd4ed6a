/* SPDX-License-Identifier: Apache-2.0 */
/* Whose network objects are whose: names, derived GUIDs, and everything that only looks like ours.
 */
#include "backends/hcn_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NODE "node-1"
#define ID   "shop.web-rep-0.17"

static const char *derive(const char *node, enum hcn_kind kind, const char *id,
			  char text[HCS_GUID_SIZE])
{
	GUID guid;

	hcn_id_derive(node, kind, id, &guid);
	return hcs_guid_format(&guid, text);
}

/* Values from another implementation (Python's uuid): they are on disks and must never change. */
static void derives_the_same_for_ever(void **state)
{
	char text[HCS_GUID_SIZE];

	(void)state;
	assert_string_equal(derive(NODE, HCN_NETWORK_KIND, ID, text),
			    "d4ec9861-ad56-52b1-a8ff-aaa0da805e37");
	assert_string_equal(derive(NODE, HCN_NAMESPACE_KIND, ID, text),
			    "05256dab-9332-5e8b-b930-7da781ce5eb1");
	assert_string_equal(derive(NODE, HCN_ENDPOINT_KIND, ID, text),
			    "11ba37c2-09c9-587d-8b8a-8b110fb2403c");
	assert_string_equal(derive(NODE, HCN_NETWORK_KIND, HCN_ID_NETWORK, text),
			    "3154417d-75da-5f9c-bc6f-6d1d9dd56fcc");
}

static void names_are_whole(void **state)
{
	char name[HCN_ID_NAME_SIZE];
	char owner[LIMIT_OWNER + 1], id[LIMIT_RUNTIME_ID + 1];

	(void)state;
	assert_string_equal(hcn_id_name("tallyman", ID, name), "tallyman." ID);
	memset(owner, 'o', LIMIT_OWNER);
	memset(id, 'i', LIMIT_RUNTIME_ID);
	owner[LIMIT_OWNER] = id[LIMIT_RUNTIME_ID] = '\0';
	assert_int_equal(strlen(hcn_id_name(owner, id, name)), LIMIT_OWNER + 1 + LIMIT_RUNTIME_ID);
}

static void tells_ours_from_others(void **state)
{
	/* A GUID is derived from the id given; NULL: of a stranger. */
	static const struct {
		enum hcn_kind kind;
		const char *name, *node, *id;
		enum hcn_claim want;
	} rows[] = {
		{ HCN_ENDPOINT_KIND, "tallyman." ID, NODE, ID, HCN_OURS },
		{ HCN_NAMESPACE_KIND, "tallyman." ID, NODE, ID, HCN_OURS },
		{ HCN_ENDPOINT_KIND, "TallyMan." ID, NODE, ID, HCN_OURS },
		{ HCN_NETWORK_KIND, "tallyman.net", NODE, "net", HCN_OURS },
		/* nearly our name */
		{ HCN_ENDPOINT_KIND, "tallyman2." ID, NODE, ID, HCN_OTHERS },
		{ HCN_ENDPOINT_KIND, "tallyman-test." ID, NODE, ID, HCN_OTHERS },
		{ HCN_ENDPOINT_KIND, "tally." ID, NODE, ID, HCN_OTHERS },
		{ HCN_ENDPOINT_KIND, "tallyman", NODE, ID, HCN_OTHERS },
		{ HCN_ENDPOINT_KIND, "tallyman-" ID, NODE, ID, HCN_OTHERS },
		{ HCN_ENDPOINT_KIND, "." ID, NODE, ID, HCN_OTHERS },
		{ HCN_ENDPOINT_KIND, "", NODE, ID, HCN_OTHERS },
		{ HCN_ENDPOINT_KIND, "Ethernet", NODE, ID, HCN_OTHERS },
		/* our name, and not made by us */
		{ HCN_ENDPOINT_KIND, "tallyman." ID, "node-2", ID, HCN_FOREIGN },
		{ HCN_ENDPOINT_KIND, "tallyman." ID, NODE, "shop.web-rep-0.18", HCN_FOREIGN },
		{ HCN_ENDPOINT_KIND, "tallyman." ID, NODE, NULL, HCN_FOREIGN },
		{ HCN_ENDPOINT_KIND, "tallyman.Shop.web-rep-0.17", NODE, ID, HCN_FOREIGN },
		{ HCN_ENDPOINT_KIND, "tallyman.x", NODE, "x", HCN_FOREIGN },
		{ HCN_ENDPOINT_KIND, "tallyman.", NODE, "", HCN_FOREIGN },
		{ HCN_ENDPOINT_KIND, "tallyman.net", NODE, "net", HCN_FOREIGN },
		{ HCN_NETWORK_KIND, "tallyman." ID, NODE, ID, HCN_FOREIGN },
		{ HCN_NETWORK_KIND, "tallyman.net2", NODE, "net2", HCN_FOREIGN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *id = "untouched";
		GUID guid = { .Data1 = 1 };
		enum hcn_claim got;

		if (rows[i].id)
			hcn_id_derive(rows[i].node, rows[i].kind, rows[i].id, &guid);
		got = hcn_id_claim("tallyman", NODE, rows[i].kind, rows[i].name, &guid, &id);
		if (got != rows[i].want)
			fail_msg("row %zu (%s): %d", i, rows[i].name, got);
		assert_string_equal(id, got == HCN_OURS ? rows[i].id : "untouched");
	}
}

/* One id, three kinds: a namespace's GUID under an endpoint's name is not ours. */
static void kinds_do_not_mix(void **state)
{
	const char *id = NULL;
	GUID guid;

	(void)state;
	hcn_id_derive(NODE, HCN_NAMESPACE_KIND, ID, &guid);
	assert_int_equal(
		hcn_id_claim("tallyman", NODE, HCN_ENDPOINT_KIND, "tallyman." ID, &guid, &id),
		HCN_FOREIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derives_the_same_for_ever),
		cmocka_unit_test(names_are_whole),
		cmocka_unit_test(tells_ours_from_others),
		cmocka_unit_test(kinds_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
