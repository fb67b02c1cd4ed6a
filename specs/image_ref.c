/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of image references, by hand: upstream's parser is one regular
 * expression, and each scan_* function here is one group of it. The scanners
 * take a position and return the position after what they matched, or NULL.
 * Nothing here asks whether the image exists.
 */
#include "specs/image_ref.h"

#include <stddef.h>
#include <string.h>

#define REPOSITORY_MAX 255 /* distribution/reference's NameTotalLengthMax */
#define TAG_MAX        128
#define HEX_MIN        32 /* fewer digits are no digest at all */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_alpha(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_alpha(c) || is_digit(c);
}

static bool is_path_char(char c)
{
	return is_lower(c) || is_digit(c);
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* One label of a host name: letters and digits, dashes inside. */
static const char *scan_label(const char *p)
{
	const char *end = NULL;

	for (; is_alnum(*p) || (end && *p == '-'); p++)
		if (*p != '-')
			end = p + 1;
	/* what follows decides: a trailing dash is neither '.', ':' nor '/' */
	return end;
}

/* host[:port]/ */
static const char *scan_domain(const char *p)
{
	p = scan_label(p);
	while (p && *p == '.')
		p = scan_label(p + 1);
	if (p && *p == ':') {
		if (!is_digit(*++p))
			return NULL;
		while (is_digit(*p))
			p++;
	}
	return p && *p == '/' ? p + 1 : NULL;
}

/* One dot, one or two underscores, any number of dashes. */
static const char *scan_separator(const char *p)
{
	if (*p == '.')
		return p + 1;
	if (*p == '_')
		return p + (p[1] == '_' ? 2 : 1);
	while (*p == '-')
		p++;
	return p;
}

static const char *scan_path(const char *p)
{
	if (!is_path_char(*p))
		return NULL;
	for (;;) {
		const char *next;

		while (is_path_char(*p))
			p++;
		next = *p == '/' ? p + 1 : scan_separator(p);
		if (next == p || !is_path_char(*next))
			return p;
		p = next;
	}
}

static const char *scan_tag(const char *p)
{
	const char *start = p;

	if (!is_alnum(*p) && *p != '_')
		return NULL;
	while (is_alnum(*p) || *p == '_' || *p == '.' || *p == '-')
		p++;
	return p - start <= TAG_MAX ? p : NULL;
}

/* An algorithm name such as "sha256" or "multihash+base58", a colon, hex digits. */
static const char *scan_digest(const char *p)
{
	const char *hex;

	for (;;) {
		if (!is_alpha(*p))
			return NULL;
		while (is_alnum(*p))
			p++;
		if (!*p || !strchr("-_+.", *p))
			break;
		p++;
	}
	if (*p != ':')
		return NULL;
	for (hex = ++p; is_hex(*p); p++)
		;
	return p - hex >= HEX_MIN ? p : NULL;
}

/* Where the pieces of a well-formed reference end; the tag and the digest may be absent. */
struct pieces {
	const char *name_end;
	const char *tag, *tag_end;
	const char *digest;
};

/* All after the domain, which may be empty. */
static bool match_rest(const char *p, struct pieces *ret)
{
	struct pieces m = { 0 };

	m.name_end = p = scan_path(p);
	if (!p)
		return false;
	if (*p == ':') {
		m.tag = p + 1;
		m.tag_end = p = scan_tag(m.tag);
		if (!p)
			return false;
	}
	if (*p == '@') {
		m.digest = p + 1;
		p = scan_digest(m.digest);
		if (!p)
			return false;
	}
	if (*p)
		return false;
	*ret = m;
	return true;
}

static int check_digest(const char *digest, struct error *err)
{
	static const struct {
		const char *prefix;
		size_t n_hex;
	} known[] = { { "sha256:", 64 }, { "sha384:", 96 }, { "sha512:", 128 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t n = strlen(known[i].prefix);

		if (strncmp(digest, known[i].prefix, n))
			continue;
		if (strlen(digest + n) == known[i].n_hex)
			return 0;
		return error_set(err, ERR_INVALID, 0, "invalid checksum digest length");
	}
	return error_set(err, ERR_INVALID, 0, "unsupported digest algorithm");
}

/* A first component names a registry only when it could not be a Docker Hub user. */
static void split_domain(const char *name, struct arena *arena, struct image_ref *ret)
{
	const char *slash = strchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;

	ret->registry = "docker.io";
	ret->repository = name;
	if (slash && (memchr(name, '.', n) || memchr(name, ':', n) ||
		      (n == strlen("localhost") && !strncmp(name, "localhost", n)))) {
		ret->registry = arena_strndup(arena, name, n);
		ret->repository = slash + 1;
	}
	if (!strcmp(ret->registry, "index.docker.io"))
		ret->registry = "docker.io";
	if (!strcmp(ret->registry, "docker.io") && !strchr(ret->repository, '/'))
		ret->repository = arena_printf(arena, "library/%s", ret->repository);
}

/* Hex digits have one spelling, so that one digest has one canonical form. */
static char *lower_hex(struct arena *arena, const char *digest)
{
	char *copy = arena_strdup(arena, digest);

	for (char *p = strchr(copy, ':'); *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p - 'A' + 'a');
	return copy;
}

int image_ref_parse(const char *text, struct arena *arena, struct image_ref *ret, struct error *err)
{
	struct image_ref ref = { 0 };
	struct pieces m;
	const char *after;

	if (!*text)
		return error_set(err, ERR_INVALID, 0,
				 "repository name must have at least one component");
	after = scan_domain(text);
	if (!(after && match_rest(after, &m)) && !match_rest(text, &m))
		return error_set(err, ERR_INVALID, 0, "invalid reference format");
	split_domain(arena_strndup(arena, text, (size_t)(m.name_end - text)), arena, &ref);
	if (strlen(ref.repository) > REPOSITORY_MAX)
		return error_set(err, ERR_INVALID, 0,
				 "repository name must not be more than %d characters",
				 REPOSITORY_MAX);
	if (m.tag)
		ref.tag = arena_strndup(arena, m.tag, (size_t)(m.tag_end - m.tag));
	else if (!m.digest)
		ref.tag = "latest";
	if (m.digest) {
		int r = check_digest(m.digest, err);

		if (r < 0)
			return r;
		ref.digest = lower_hex(arena, m.digest);
	}
	*ret = ref;
	return 0;
}

const char *image_ref_canonical(const struct image_ref *ref, struct arena *arena)
{
	return arena_printf(arena, "%s/%s%s%s%s%s", ref->registry, ref->repository,
			    ref->tag ? ":" : "", ref->tag ? ref->tag : "", ref->digest ? "@" : "",
			    ref->digest ? ref->digest : "");
}
