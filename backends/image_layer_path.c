/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text part of the defence against archives that write outside: what comes
 * out of here never leaves the root by its name. Links on the way are the
 * business of image_layer, which resolves below the root only.
 */
#include "backends/image_layer_path.h"

#include <stdbool.h>
#include <string.h>

#define NAME_MAX_BYTES 255 /* of every Linux file system */
#define WHITEOUT       ".wh."
#define META           ".wh..wh." /* beginning of the opaque mark and of aufs' own files */
#define OPAQUE         ".wh..wh..opq"

static bool starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* Appends one component, or takes one away for "..". */
static int add_component(struct image_layer_path *p, size_t *n, const char *name, size_t n_name)
{
	if (n_name == 0 || (n_name == 1 && name[0] == '.'))
		return 0;
	if (n_name == 2 && name[0] == '.' && name[1] == '.') {
		char *slash;

		if (*n == 0)
			return -1;
		slash = strrchr(p->path, '/');
		*n = slash ? (size_t)(slash - p->path) : 0;
	} else {
		if (*n)
			p->path[(*n)++] = '/';
		memcpy(p->path + *n, name, n_name);
		*n += n_name;
	}
	p->path[*n] = '\0';
	return 0;
}

static int clean_name(const char *member, struct image_layer_path *p, struct error *err)
{
	size_t n = 0;
	int depth = 0;

	/* cleaning never makes a name longer */
	if (!member || !*member)
		return error_set(err, ERR_INVALID, 0, "a member without a name");
	if (strlen(member) >= sizeof(p->path))
		return error_set(err, ERR_LIMIT, 0, "member name longer than %d bytes: %.60s...",
				 LIMIT_MEMBER_NAME - 1, member);
	for (const char *at = member;;) {
		size_t part = strcspn(at, "/");

		if (part > NAME_MAX_BYTES)
			return error_set(err, ERR_LIMIT, 0,
					 "member with a component longer than %d bytes: %.60s...",
					 NAME_MAX_BYTES, member);
		if (add_component(p, &n, at, part) < 0)
			return error_set(err, ERR_INVALID, 0, "member leaves the root: %.150s",
					 member);
		if (!at[part])
			break;
		at += part + 1;
	}
	for (const char *at = p->path; (at = strchr(at, '/')); at++)
		depth++;
	if (depth >= LIMIT_MEMBER_DEPTH)
		return error_set(err, ERR_LIMIT, 0,
				 "member more than %d directories deep: %.60s...",
				 LIMIT_MEMBER_DEPTH, member);
	return 0;
}

static void find_base(struct image_layer_path *p)
{
	char *slash = strrchr(p->path, '/');

	p->base = slash ? (size_t)(slash - p->path) + 1 : 0;
}

/* The mark goes, its directory stays. */
static void to_parent(struct image_layer_path *p)
{
	p->path[p->base ? p->base - 1 : 0] = '\0';
	find_base(p);
}

static int sort_whiteout(struct image_layer_path *p, struct error *err)
{
	char *base = p->path + p->base;

	if (!strcmp(base, OPAQUE)) {
		to_parent(p);
		p->kind = IMAGE_LAYER_OPAQUE;
		return 0;
	}
	if (!base[strlen(WHITEOUT)] || !strcmp(base, WHITEOUT ".") || !strcmp(base, WHITEOUT ".."))
		return error_set(err, ERR_INVALID, 0, "whiteout of nothing: %.150s", p->path);
	memmove(base, base + strlen(WHITEOUT), strlen(base + strlen(WHITEOUT)) + 1);
	p->kind = IMAGE_LAYER_WHITEOUT;
	return 0;
}

static int sort_name(struct image_layer_path *p, struct error *err)
{
	p->kind = *p->path ? IMAGE_LAYER_MEMBER : IMAGE_LAYER_ROOT;
	for (const char *at = p->path; at; at = strchr(at, '/')) {
		if (*at == '/')
			at++;
		if (!starts(at, WHITEOUT))
			continue;
		if (at == p->path + p->base && (!starts(at, META) || !strcmp(at, OPAQUE)))
			return sort_whiteout(p, err);
		if (!starts(at, META))
			return error_set(err, ERR_INVALID, 0, "member below a whiteout: %.150s",
					 p->path);
		p->kind = IMAGE_LAYER_SKIP;
		return 0;
	}
	return 0;
}

int image_layer_path_parse(const char *member, struct image_layer_path *ret, struct error *err)
{
	struct image_layer_path p = { 0 };
	int r = clean_name(member, &p, err);

	if (r < 0)
		return r;
	find_base(&p);
	r = sort_name(&p, err);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

int image_layer_path_target(const char *member, struct image_layer_path *ret, struct error *err)
{
	struct image_layer_path p = { 0 };
	int r = clean_name(member, &p, err);

	if (r < 0)
		return r;
	if (!*p.path)
		return error_set(err, ERR_INVALID, 0, "hard link to the root");
	find_base(&p);
	p.kind = IMAGE_LAYER_MEMBER;
	*ret = p;
	return 0;
}
