/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: what matches, what wins, what is refused; parameters and queries decoded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "controller/api/api_route.h"

enum { LIST, CREATE, SHOW, REMOVE, LOGS, IMAGE, PRUNE, ROOT };

static const struct api_route routes[] = {
	{ "GET", "/v1/images/{ref}", IMAGE, API_READ },
	{ "GET", "/v1/deployments", LIST, API_READ },
	{ "POST", "/v1/deployments", CREATE, API_WRITE },
	{ "GET", "/v1/deployments/{name}", SHOW, API_READ },
	{ "DELETE", "/v1/deployments/{name}", REMOVE, API_WRITE },
	{ "GET", "/v1/deployments/{name}/slots/{slot}/logs", LOGS, API_READ },
	{ "POST", "/v1/images/prune", PRUNE, API_WRITE },
	{ "GET", "/", ROOT, API_READ },
};
static const struct api_table table = { routes, sizeof(routes) / sizeof(routes[0]) };

static int setup(void **state)
{
	*state = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static void test_table(void **state)
{
	static const struct {
		const char *method, *target;
		int outcome; /* 0, an outcome, or an error */
		int id;
		const char *first; /* parameter, or what is allowed */
	} cases[] = {
		{ "GET", "/v1/deployments", 0, LIST, NULL },
		{ "HEAD", "/v1/deployments", 0, LIST, NULL },
		{ "POST", "/v1/deployments?x=1", 0, CREATE, NULL },
		{ "GET", "/v1/deployments?", 0, LIST, NULL },
		{ "GET", "/v1/deployments/shop", 0, SHOW, "shop" },
		{ "DELETE", "/v1/deployments/shop", 0, REMOVE, "shop" },
		{ "GET", "/v1/deployments/a/slots/web-rep-0/logs?follow", 0, LOGS, "a" },
		{ "GET", "/v1/images/docker.io%2Flibrary%2falpine:3.19", 0, IMAGE,
		  "docker.io/library/alpine:3.19" },
		{ "GET", "/v1/images/a+b%20%2B%25", 0, IMAGE, "a+b +%" },
		{ "GET", "/v1/images/%C3%A9", 0, IMAGE, "\xc3\xa9" },
		{ "GET", "/", 0, ROOT, NULL },
		{ "POST", "/v1/images/prune", 0, PRUNE, NULL },
		/* The word is closer: no image is called prune. */
		{ "GET", "/v1/images/prune", API_ROUTE_NOT_ALLOWED, 0, "POST" },
		{ "PUT", "/v1/deployments", API_ROUTE_NOT_ALLOWED, 0, "GET, HEAD, POST" },
		{ "PATCH", "/v1/deployments/shop", API_ROUTE_NOT_ALLOWED, 0, "GET, HEAD, DELETE" },
		{ "get", "/v1/deployments", API_ROUTE_NOT_ALLOWED, 0, "GET, HEAD, POST" },
		{ "GET", "/v1", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "/v1/deployments/", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "/v1/deployments//", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "//v1/deployments", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "/v1/deploymentsx", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "/v1/deployment", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "/v1/deployments/a/b", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "/v1/deployments/../images/x", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "http://host/v1/deployments", API_ROUTE_UNKNOWN, 0, NULL },
		{ "OPTIONS", "*", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "", API_ROUTE_UNKNOWN, 0, NULL },
		{ "GET", "/v1/images/%", -ERR_INVALID, 0, NULL },
		{ "GET", "/v1/images/%4", -ERR_INVALID, 0, NULL },
		{ "GET", "/v1/images/%zz", -ERR_INVALID, 0, NULL },
		{ "GET", "/v1/images/a%00b", -ERR_INVALID, 0, NULL },
		{ "GET", "/v1/images/%C3", -ERR_INVALID, 0, NULL },
		{ "GET", "/v1/images/%c0%af", -ERR_INVALID, 0, NULL },       /* overlong slash */
		{ "GET", "/v1/images/%ed%a0%80", -ERR_INVALID, 0, NULL },    /* half a pair */
		{ "GET", "/v1/images/%f4%90%80%80", -ERR_INVALID, 0, NULL }, /* beyond the last */
		{ "GET", "/v1/images/%80", -ERR_INVALID, 0, NULL },
		{ "GET", "/v1/deployments?a=%f", -ERR_INVALID, 0, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		struct api_match m;
		int r = api_route_match(&table, cases[i].method, cases[i].target, *state, &m, &err);

		if (r != cases[i].outcome)
			fail_msg("%s %s: %d, not %d", cases[i].method, cases[i].target, r,
				 cases[i].outcome);
		if (r == 0)
			assert_int_equal(m.route->id, cases[i].id);
		if (r == 0 && cases[i].first)
			assert_string_equal(m.params[0].value, cases[i].first);
		if (r == API_ROUTE_NOT_ALLOWED)
			assert_string_equal(m.allow, cases[i].first);
	}
}

static void test_params(void **state)
{
	struct api_match m;

	assert_int_equal(api_route_match(&table, "GET", "/v1/deployments/shop/slots/web-rep-3/logs",
					 *state, &m, NULL),
			 0);
	assert_int_equal(m.n_params, 2);
	assert_string_equal(api_route_param(&m, "name"), "shop");
	assert_string_equal(api_route_param(&m, "slot"), "web-rep-3");
	assert_null(api_route_query(&m, "name"));
}

static void test_query(void **state)
{
	static const char *const known[] = { "a", "b", "c c", "flag", "off", "n", "bad", NULL };
	struct error err = ERROR_INIT;
	struct api_match m;
	uint64_t n = 7;
	bool flag;

	assert_int_equal(api_route_match(&table, "GET",
					 "/v1/deployments?a=1&b=x%26y%3D+z&&c+c=%2B&flag&off=0&n=12"
					 "&a=2&bad=maybe",
					 *state, &m, &err),
			 0);
	assert_int_equal(m.n_query, 8);
	assert_string_equal(api_route_query(&m, "a"), "2"); /* the last one */
	assert_string_equal(api_route_query(&m, "b"), "x&y= z");
	assert_string_equal(api_route_query(&m, "c c"), "+");
	assert_string_equal(api_route_query(&m, "flag"), "");
	assert_null(api_route_query(&m, "d"));
	assert_int_equal(api_route_flag(&m, "flag", &flag, &err), 0);
	assert_true(flag);
	assert_int_equal(api_route_flag(&m, "off", &flag, &err), 0);
	assert_false(flag);
	assert_int_equal(api_route_flag(&m, "d", &flag, &err), 0);
	assert_false(flag);
	assert_int_equal(api_route_flag(&m, "bad", &flag, &err), -ERR_INVALID);
	assert_int_equal(api_route_u64(&m, "d", 100, &n, &err), API_ROUTE_UNKNOWN);
	assert_int_equal(n, 7);
	assert_int_equal(api_route_u64(&m, "n", 100, &n, &err), 0);
	assert_int_equal(n, 12);
	assert_int_equal(api_route_u64(&m, "n", 11, &n, &err), -ERR_INVALID);
	assert_int_equal(api_route_u64(&m, "bad", 11, &n, &err), -ERR_INVALID);
	assert_int_equal(api_route_check(&m, known, &err), 0);
	assert_int_equal(api_route_check(&m, known + 1, &err), -ERR_INVALID);
	assert_non_null(strstr(err.msg, "'a'"));
}

static void test_many_names(void **state)
{
	struct buf target CLEAN(buf) = BUF_INIT(4096);
	struct error err = ERROR_INIT;
	struct api_match m;

	buf_puts(&target, "/v1/deployments?a0");
	for (int i = 1; i < LIMIT_API_QUERY; i++)
		buf_printf(&target, "&a%d", i);
	assert_int_equal(api_route_match(&table, "GET", target.data, *state, &m, &err), 0);
	assert_int_equal(m.n_query, LIMIT_API_QUERY);
	buf_puts(&target, "&b");
	assert_int_equal(api_route_match(&table, "GET", target.data, *state, &m, &err), -ERR_LIMIT);
}

/* Whatever a client encodes, the server reads as it was. */
static void test_encode(void **state)
{
	struct buf target CLEAN(buf) = BUF_INIT(4096);
	char all[128];
	struct api_match m;

	for (int i = 1; i < 128; i++)
		all[i - 1] = (char)i;
	all[127] = '\0';
	buf_puts(&target, "/v1/images/");
	api_route_encode(&target, all);
	buf_puts(&target, "?q=");
	api_route_encode(&target, all);
	assert_int_equal(api_route_match(&table, "GET", target.data, *state, &m, NULL), 0);
	assert_string_equal(api_route_param(&m, "ref"), all);
	assert_string_equal(api_route_query(&m, "q"), all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_params, setup, teardown),
		cmocka_unit_test_setup_teardown(test_query, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_encode, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
