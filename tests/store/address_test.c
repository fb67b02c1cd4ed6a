/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: never two instances with one, a slot keeps its own, a full slice says so. */
#include "tests/store/fixture.h"

#include "store/address_store.h"

static int setup(void **state)
{
	struct store_txn *txn;
	struct fixture *f;

	fixture_setup(state);
	f = *state;
	ok(f, fixture_open(f, STORE_WRITE));
	txn = fixture_begin(f);
	fixture_put(f, "shop", "one");
	ok(f, store_commit(&txn, &f->err));
	return 0;
}

/* What is of no use now, as a list with commas. */
static const char *avoided;

static bool is_avoided(const void *arg, const char *address)
{
	const char *at = avoided ? strstr(avoided, address) : NULL;

	(void)arg;
	return at && (at[strlen(address)] == ',' || !at[strlen(address)]);
}

/* An instance of slot @n is about to be made: its slot, its address, its row. */
static const char *make(struct fixture *f, const char *cidr, unsigned n, unsigned generation)
{
	struct instance is = fixture_instance(f, "shop", "web", n, generation);
	const struct slot slot = { .deployment = "shop", .service = "web", .number = n };
	const struct address_for who = { "hcs", "shop", "web", n, is_avoided, NULL };
	struct slice slice;
	const char *address = NULL;

	ok(f, slice_parse(cidr, &slice, &f->err));
	ok(f, slot_store_save(f->store, &slot, &f->err));
	if (ok(f, address_store_take(f->store, &who, &slice, f->arena, &address, &f->err)) ==
	    ADDRESS_FULL)
		return NULL;
	is.runtime = "hcs";
	is.address = address;
	ok(f, instance_store_save(f->store, &is, f->now, &f->err));
	return address;
}

static void drop(struct fixture *f, unsigned n, unsigned generation)
{
	ok(f, instance_store_delete(f->store, fixture_instance(f, "shop", "web", n, generation).id,
				    &f->err));
}

static void test_in_order(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);

	assert_string_equal(make(f, "10.220.99.0/28", 0, 1), "10.220.99.2");
	assert_string_equal(make(f, "10.220.99.0/28", 1, 1), "10.220.99.3");
	assert_string_equal(make(f, "10.220.99.0/28", 7, 1), "10.220.99.4");
	ok(f, store_commit(&txn, &f->err));
}

static void test_a_slot_keeps_its_own(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);

	make(f, "10.220.99.0/28", 0, 1);
	assert_string_equal(make(f, "10.220.99.0/28", 1, 1), "10.220.99.3");
	make(f, "10.220.99.0/28", 2, 1);
	drop(f, 0, 1);
	drop(f, 1, 1);
	assert_string_equal(make(f, "10.220.99.0/28", 1, 2), "10.220.99.3");
	/* Two generations side by side (start-first) have two addresses. */
	assert_string_equal(make(f, "10.220.99.0/28", 1, 3), "10.220.99.5");
	ok(f, store_commit(&txn, &f->err));
}

static void test_full(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);

	for (unsigned n = 0; n < 5; n++)
		assert_non_null(make(f, "10.220.99.0/29", n, 1));
	assert_null(make(f, "10.220.99.0/29", 5, 1));
	drop(f, 3, 1);
	/* Nobody has it now, though slot 3 would like to have it again. */
	assert_string_equal(make(f, "10.220.99.0/29", 5, 1), "10.220.99.5");
	assert_null(make(f, "10.220.99.0/29", 3, 2));
	ok(f, store_commit(&txn, &f->err));
}

static void test_another_slice(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);

	for (unsigned n = 0; n < 5; n++)
		assert_non_null(make(f, "10.220.99.0/29", n, 1));
	drop(f, 0, 1);
	assert_string_equal(make(f, "10.9.0.0/29", 0, 2), "10.9.0.2");
	assert_string_equal(make(f, "10.9.0.0/29", 5, 1), "10.9.0.3");
	ok(f, store_commit(&txn, &f->err));
}

/* A rebuilt store knows instances and not who had which address. */
static void test_adopted(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct instance is = fixture_instance(f, "shop", "web", 0, 1);
	const struct slot slot = { .deployment = "shop", .service = "web", .number = 0 };

	ok(f, slot_store_save(f->store, &slot, &f->err));
	is.runtime = "hcs";
	is.address = "10.220.99.2";
	ok(f, instance_store_save(f->store, &is, f->now, &f->err));
	assert_string_equal(make(f, "10.220.99.0/28", 1, 1), "10.220.99.3");
	ok(f, store_commit(&txn, &f->err));
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, fixture_teardown)

/* A stranger's: neither a new one, nor the slot's own, nor one that got free. */
static void test_what_is_avoided_is_not_given(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);

	avoided = "10.220.99.3";
	assert_string_equal(make(f, "10.220.99.0/29", 0, 1), "10.220.99.2");
	assert_string_equal(make(f, "10.220.99.0/29", 1, 1), "10.220.99.4");
	avoided = "10.220.99.3,10.220.99.4";
	drop(f, 1, 1);
	assert_string_equal(make(f, "10.220.99.0/29", 1, 2), "10.220.99.5");
	assert_string_equal(make(f, "10.220.99.0/29", 2, 1), "10.220.99.6");
	assert_null(make(f, "10.220.99.0/29", 3, 1));
	avoided = NULL;
	assert_string_equal(make(f, "10.220.99.0/29", 3, 1), "10.220.99.3");
	ok(f, store_commit(&txn, &f->err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_in_order), CASE(test_a_slot_keeps_its_own),
		CASE(test_in_order), CASE(test_what_is_avoided_is_not_given),
		CASE(test_full),     CASE(test_another_slice),
		CASE(test_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
