/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to look for an address, in order. New ones are handed out one after the other, so that
 * their number says where the next one is. When as many are known as the slice has, each may have
 * been somebody's already, or they are a former slice's: then what is unused comes first, and only
 * if there is none does a create look at all addresses.
 */
#include "store/address_store.h"

#include "store/queries.h"
#include "store/stmt.h"

enum { FOUND = 1 };

struct search {
	struct store *s;
	const struct address_for *who;
	const struct slice *slice;
	uint32_t address; /* the lowest that was found */
};

static bool is_avoided(const struct search *x, const char *address)
{
	return x->who->is_avoided && x->who->is_avoided(x->who->arg, address);
}

/* The lowest address of the slice among the rows; FOUND. */
static int lowest(struct search *x, struct stmt *st, struct error *err)
{
	struct arena *a CLEAN(arena) = arena_new();
	int found = 0, r;

	while ((r = stmt_step(st, err)) == STMT_ROW) {
		const char *text = stmt_text(st, "address", a);
		uint32_t address;

		if (!slice_address_parse(text, &address) || !slice_holds(x->slice, address))
			continue; /* of a slice that was replaced */
		if (is_avoided(x, text))
			continue;
		if (!found || address < x->address)
			x->address = address;
		found = FOUND;
	}
	return r < 0 ? r : found;
}

static int find_own(struct search *x, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(x->s, Q_ADDRESS_OF_SLOT);

	stmt_bind_text(st, "runtime", x->who->runtime);
	stmt_bind_text(st, "deployment", x->who->deployment);
	stmt_bind_text(st, "service", x->who->service);
	stmt_bind_i64(st, "number", x->who->slot);
	return lowest(x, st, err);
}

static int find_unused(struct search *x, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(x->s, Q_ADDRESS_UNUSED);

	stmt_bind_text(st, "runtime", x->who->runtime);
	return lowest(x, st, err);
}

static int count(const struct search *x, uint32_t *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(x->s, Q_ADDRESS_COUNT);
	int r;

	stmt_bind_text(st, "runtime", x->who->runtime);
	r = stmt_step(st, err);
	if (r < 0)
		return r;
	*ret = (uint32_t)stmt_i64(st, "n");
	return 0;
}

static int is_known(const struct search *x, uint32_t address, bool *ret, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(x->s, Q_ADDRESS_KNOWN);
	char text[SLICE_TEXT];
	int r;

	slice_address_to_string(address, text);
	stmt_bind_text(st, "runtime", x->who->runtime);
	stmt_bind_text(st, "address", text);
	r = stmt_step(st, err);
	if (r < 0)
		return r;
	*ret = stmt_bool(st, "known") || is_avoided(x, text);
	return 0;
}

static int find_new(struct search *x, uint32_t n, struct error *err)
{
	const uint32_t size = slice_size(x->slice);
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < size; i++) {
		uint32_t address = slice_address(x->slice, (n + i) % size);
		bool known;

		r = is_known(x, address, &known, err);
		if (r == 0 && !known) {
			x->address = address;
			return FOUND;
		}
	}
	return r;
}

static int put(const struct search *x, const char *address, struct error *err)
{
	struct stmt *st CLEAN(stmt) = stmt_get(x->s, Q_ADDRESS_PUT);

	stmt_bind_text(st, "runtime", x->who->runtime);
	stmt_bind_text(st, "address", address);
	stmt_bind_text(st, "deployment", x->who->deployment);
	stmt_bind_text(st, "service", x->who->service);
	stmt_bind_i64(st, "number", x->who->slot);
	return stmt_run_one(st, x->who->deployment, err);
}

static int find(struct search *x, struct error *err)
{
	uint32_t n = 0;
	int r = find_own(x, err);
	bool all_known;

	if (r == 0)
		r = count(x, &n, err);
	all_known = n >= slice_size(x->slice);
	if (r == 0 && !all_known)
		r = find_new(x, n, err);
	if (r == 0)
		r = find_unused(x, err);
	if (r == 0 && all_known)
		r = find_new(x, n, err);
	return r;
}

int address_store_take(struct store *s, const struct address_for *who, const struct slice *slice,
		       struct arena *a, const char **ret, struct error *err)
{
	struct search x = { .s = s, .who = who, .slice = slice };
	char text[SLICE_TEXT];
	int r = find(&x, err);

	if (r <= 0)
		return r < 0 ? r : ADDRESS_FULL;
	slice_address_to_string(x.address, text);
	*ret = arena_strdup(a, text);
	return put(&x, *ret, err);
}
