/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks names up in passwd and group texts of an image, which are foreign: lines
 * that are not as they should be are passed over. Nothing is read from the host.
 */
#include "backends/oci_user.h"

#include <string.h>

#include "base/number.h"

enum { FIELDS = 7 };

/* Docker's and runc's bound; more is never asked for on purpose. */
#define ID_MAX INT32_MAX

/* One line cut at its colons; missing fields are "". */
struct entry {
	const char *f[FIELDS];
};

/* The next line of *@at; false at the end. */
static bool next_entry(const char **at, struct arena *a, struct entry *e)
{
	char *line, *p;

	if (!*at || !**at)
		return false;
	line = arena_strndup(a, *at, strcspn(*at, "\n"));
	*at += strlen(line);
	*at += **at == '\n';
	p = line;
	for (int i = 0; i < FIELDS; i++) {
		e->f[i] = p;
		p += strcspn(p, ":");
		if (*p)
			*p++ = '\0';
	}
	return true;
}

static int no_such(const char *file, const char *what, const char *name, struct error *err)
{
	if (*name && !name[strspn(name, "0123456789")])
		return error_set(err, ERR_INVALID, 0, "%s %s is above %d", what, name, ID_MAX);
	return error_set(err, ERR_INVALID, 0, "the image's %s has no %s %s", file, what, name);
}

static bool is_id(const char *text, uint32_t *ret)
{
	uint64_t n;

	if (!number_u64(text, ID_MAX, &n))
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* @field of the entry says @want: by name, or by number where that is how it was asked. */
static bool find_entry(const char *text, const char *want, int id_field, struct arena *a,
		       struct entry *ret)
{
	uint32_t id, have;
	bool by_id = is_id(want, &id);
	const char *at = text;
	struct entry e;

	while (next_entry(&at, a, &e)) {
		if (strcmp(e.f[0], want) == 0 ||
		    (by_id && is_id(e.f[id_field], &have) && have == id)) {
			*ret = e;
			return true;
		}
	}
	return false;
}

static int find_group(const struct oci_user_request *q, const char *name, struct arena *a,
		      uint32_t *ret, struct error *err)
{
	struct entry e;

	if (is_id(name, ret))
		return 0;
	if (find_entry(q->group, name, 2, a, &e) && is_id(e.f[2], ret))
		return 0;
	return no_such("/etc/group", "group", name, err);
}

static void add_group(struct oci_user *u, struct arena *a, uint32_t gid)
{
	uint32_t *groups = (uint32_t *)(uintptr_t)u->groups;

	for (size_t i = 0; i < u->n_groups; i++)
		if (groups[i] == gid)
			return;
	groups = arena_grow(a, groups, u->n_groups, sizeof(*groups));
	groups[u->n_groups++] = gid;
	u->groups = groups;
}

/* Is @name among the comma separated @members? */
static bool lists_name(const char *members, const char *name)
{
	size_t n = strlen(name);

	while (*members) {
		size_t len = strcspn(members, ",");

		if (len == n && memcmp(members, name, n) == 0)
			return true;
		members += len;
		members += *members == ',';
	}
	return false;
}

static void add_memberships(const struct oci_user_request *q, const char *name, struct arena *a,
			    struct oci_user *u)
{
	const char *at = q->group;
	struct entry e;
	uint32_t gid;

	while (next_entry(&at, a, &e))
		if (lists_name(e.f[3], name) && is_id(e.f[2], &gid) && gid != u->gid)
			add_group(u, a, gid);
}

static int resolve_user(const struct oci_user_request *q, struct arena *a, struct oci_user *u,
			struct error *err)
{
	const char *text = q->user && *q->user ? q->user : "0";
	const char *colon = strchr(text, ':');
	const char *name = colon ? arena_strndup(a, text, (size_t)(colon - text)) : text;
	struct entry e;
	bool known = find_entry(q->passwd, name, 2, a, &e) && is_id(e.f[2], &u->uid);

	if (!known && !is_id(name, &u->uid))
		return no_such("/etc/passwd", "user", name, err);
	if (known) {
		(void)is_id(e.f[3], &u->gid); /* a broken line: group 0 */
		u->home = *e.f[5] ? e.f[5] : NULL;
	}
	if (colon && colon[1])
		return find_group(q, colon + 1, a, &u->gid, err);
	if (known)
		add_memberships(q, e.f[0], a, u);
	return 0;
}

int oci_user_resolve(const struct oci_user_request *q, struct arena *a, struct oci_user *ret,
		     struct error *err)
{
	struct oci_user u = { 0 };
	int r = resolve_user(q, a, &u, err);

	for (size_t i = 0; r == 0 && i < q->extra->n; i++) {
		uint32_t gid;

		r = find_group(q, q->extra->items[i], a, &gid, err);
		if (r == 0)
			add_group(&u, a, gid);
	}
	if (r == 0)
		*ret = u;
	return r;
}
