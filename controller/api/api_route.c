/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every route is compared with every request: there are some forty, and a request costs a
 * connection. Among those that match, the one with the earliest word wins.
 */
#include "controller/api/api_route.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"

/* One segment of a path: from p, n bytes, without slashes. */
struct segment {
	const char *p;
	size_t n;
};

/* The segment behind the slash at *at, which moves on; false at the end of the path. */
static bool next_segment(const char **at, const char *end, struct segment *ret)
{
	const char *slash;

	if (*at == end || **at != '/')
		return false;
	ret->p = *at + 1;
	slash = memchr(ret->p, '/', (size_t)(end - ret->p));
	*at = slash ? slash : end;
	ret->n = (size_t)(*at - ret->p);
	return true;
}

static bool is_param(struct segment s)
{
	return s.n > 2 && s.p[0] == '{' && s.p[s.n - 1] == '}';
}

/* Words of a pattern are plain; a path that encodes a letter of one for no reason names none. */
static bool fits(struct segment pattern, struct segment path)
{
	if (is_param(pattern))
		return path.n > 0;
	return pattern.n == path.n && memcmp(pattern.p, path.p, path.n) == 0;
}

/* Does the path match? Bit i of @ret_words is set where segment i of the pattern is a word, the
 * first in the highest: the greater number is the closer match. */
static bool match_path(const char *pattern, const char *path, size_t n, uint32_t *ret_words)
{
	const char *at = path, *end = path + n;
	const char *pat = pattern, *pat_end = pattern + strlen(pattern);
	struct segment want = { 0 }, have = { 0 };
	uint32_t words = 0;

	for (uint32_t bit = UINT32_C(1) << 31;; bit >>= 1) {
		bool more = next_segment(&pat, pat_end, &want);

		if (more != next_segment(&at, end, &have))
			return false;
		if (!more)
			break;
		if (!fits(want, have))
			return false;
		if (!is_param(want))
			words |= bit;
	}
	*ret_words = words;
	return at == end;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Bytes of the UTF-8 character at @p, at most @n; 0 when it is none (overlong, a surrogate, cut).
 */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t want = *p < 0x80 ? 1 : *p >= 0xf8 ? 0 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
	uint32_t c = *p & (0xffu >> (want + 1));

	if (want == 1)
		return 1;
	if (want == 0 || *p < 0xc0 || want > n)
		return 0;
	for (size_t i = 1; i < want; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[want] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : want;
}

static bool is_text(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	for (size_t i = 0, step; i < n; i += step) {
		step = u[i] ? utf8_length(u + i, n - i) : 0;
		if (!step)
			return false;
	}
	return true;
}

/* Percent-decoding; in a query a plus is a space too. */
static int decode(struct segment s, bool is_query, struct arena *a, const char **ret,
		  struct error *err)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool coded = s.p[i] == '%';

		if (coded && (i + 2 >= s.n || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0))
			return error_set(err, ERR_INVALID, 0, "'%.*s' is not well encoded",
					 (int)(s.n < 80 ? s.n : 80), s.p);
		if (coded) {
			out[n++] = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
		} else {
			out[n++] = is_query && s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	if (!is_text(out, n))
		return error_set(err, ERR_INVALID, 0, "'%.*s' is not UTF-8 text",
				 (int)(s.n < 80 ? s.n : 80), s.p);
	*ret = out;
	return 0;
}

static int take_params(const char *path, size_t n, struct arena *a, struct api_match *m,
		       struct error *err)
{
	const char *at = path, *end = path + n;
	const char *pat = m->route->pattern, *pat_end = pat + strlen(pat);
	struct segment want = { 0 }, have = { 0 };

	while (next_segment(&pat, pat_end, &want) && next_segment(&at, end, &have)) {
		struct api_value *v = &m->params[m->n_params];
		int r;

		if (!is_param(want))
			continue;
		assert(m->n_params < LIMIT_API_PARAMS);
		v->name = arena_strndup(a, want.p + 1, want.n - 2);
		r = decode(have, false, a, &v->value, err);
		if (r < 0)
			return r;
		m->n_params++;
	}
	return 0;
}

static int take_pair(struct segment s, struct arena *a, struct api_match *m, struct error *err)
{
	const char *equals = memchr(s.p, '=', s.n);
	struct segment name = { s.p, equals ? (size_t)(equals - s.p) : s.n };
	struct segment value = { s.p + s.n, 0 };
	struct api_value *v = &m->query[m->n_query];
	int r;

	if (equals)
		value = (struct segment){ equals + 1, s.n - name.n - 1 };
	if (m->n_query == LIMIT_API_QUERY)
		return error_set(err, ERR_LIMIT, 0, "more than %d query parameters",
				 LIMIT_API_QUERY);
	r = decode(name, true, a, &v->name, err);
	if (r == 0)
		r = decode(value, true, a, &v->value, err);
	if (r == 0)
		m->n_query++;
	return r;
}

static int take_query(const char *query, struct arena *a, struct api_match *m, struct error *err)
{
	int r = 0;

	while (*query && r == 0) {
		size_t n = strcspn(query, "&");

		if (n)
			r = take_pair((struct segment){ query, n }, a, m, err);
		query += n + (query[n] == '&');
	}
	return r;
}

static bool is_method(const struct api_route *route, const char *method)
{
	return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

/* Routes of a path are never so many that the list does not fit; the test of the table says so. */
static void allow(char list[API_ROUTE_MAX_ALLOW], const char *method)
{
	size_t n = strlen(list);
	const char *also = strcmp(method, "GET") == 0 ? ", HEAD" : "";

	snprintf(list + n, API_ROUTE_MAX_ALLOW - n, "%s%s%s", n ? ", " : "", method, also);
}

/* The closest route of the path; of two equally close, the one with the method. */
static int choose(const struct api_table *t, const char *method, struct segment path,
		  struct api_match *ret)
{
	uint32_t best = 0;
	bool found = false;

	for (size_t i = 0; i < t->n; i++) {
		const struct api_route *route = &t->routes[i];
		uint32_t words;

		if (!match_path(route->pattern, path.p, path.n, &words) || (found && words < best))
			continue;
		if (words > best || !found) {
			ret->route = NULL;
			ret->allow[0] = '\0';
		}
		found = true;
		best = words;
		allow(ret->allow, route->method);
		if (is_method(route, method))
			ret->route = route;
	}
	if (!found)
		return API_ROUTE_UNKNOWN;
	return ret->route ? 0 : API_ROUTE_NOT_ALLOWED;
}

int api_route_match(const struct api_table *table, const char *method, const char *target,
		    struct arena *arena, struct api_match *ret, struct error *err)
{
	const size_t n = strcspn(target, "?");
	struct api_match m = { 0 };
	int r = choose(table, method, (struct segment){ target, n }, &m);

	if (r == 0)
		r = take_params(target, n, arena, &m, err);
	if (r == 0)
		r = take_query(target + n + (target[n] == '?'), arena, &m, err);
	if (r >= 0)
		*ret = m;
	return r;
}

const char *api_route_param(const struct api_match *m, const char *name)
{
	size_t i = 0;

	while (i < m->n_params && strcmp(m->params[i].name, name) != 0)
		i++;
	assert(i < m->n_params);
	return m->params[i].value;
}

const char *api_route_query(const struct api_match *m, const char *name)
{
	for (size_t i = m->n_query; i > 0; i--)
		if (strcmp(m->query[i - 1].name, name) == 0)
			return m->query[i - 1].value;
	return NULL;
}

int api_route_flag(const struct api_match *m, const char *name, bool *ret, struct error *err)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "", true }, { "1", true }, { "true", true }, { "0", false }, { "false", false }
	};
	const char *given = api_route_query(m, name);

	if (!given) {
		*ret = false;
		return 0;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, given) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return error_set(err, ERR_INVALID, 0, "%s=%.60s: neither true nor false", name, given);
}

int api_route_u64(const struct api_match *m, const char *name, uint64_t max, uint64_t *ret,
		  struct error *err)
{
	const char *given = api_route_query(m, name);

	if (!given)
		return API_ROUTE_UNKNOWN;
	if (!number_u64(given, max, ret))
		return error_set(err, ERR_INVALID, 0, "%s=%.60s: no number from 0 to %llu", name,
				 given, (unsigned long long)max);
	return 0;
}

static bool is_among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

int api_route_check(const struct api_match *m, const char *const *names, struct error *err)
{
	for (size_t i = 0; i < m->n_query; i++)
		if (!is_among(m->query[i].name, names))
			return error_set(err, ERR_INVALID, 0, "no query parameter '%.60s' here",
					 m->query[i].name);
	return 0;
}

void api_route_encode(struct buf *ret, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;
		const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				   (c >= 'A' && c <= 'Z') || strchr("-._~", c);

		if (plain) {
			buf_putc(ret, (char)c);
		} else {
			buf_putc(ret, '%');
			buf_putc(ret, digits[c >> 4]);
			buf_putc(ret, digits[c & 15]);
		}
	}
}
