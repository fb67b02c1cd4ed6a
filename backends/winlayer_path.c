/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cleaning never makes a name longer. Components are judged as UTF-16, which is what NTFS counts
 * and compares; the rules are Win32's, since that is who opens the files in the container.
 */
#include "backends/winlayer_path.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "backends/hcs_text.h"
#include "backends/winlayer_case.h"

#define MAX_UNITS 255 /* of a component, NTFS */
#define WHITEOUT  ".wh."
#define META      ".wh..wh." /* beginning of overlay's and aufs' own marks */
#define OPAQUE    ".wh..wh..opq"
#define TOMBS     "tombstones.txt"

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Is the upper case of the first @n units @word, which is? */
static bool is_word(PCWSTR name, size_t n, const char *word)
{
	if (n != strlen(word))
		return false;
	for (size_t i = 0; i < n; i++)
		if (winlayer_case_upper(name[i]) != (unsigned char)word[i])
			return false;
	return true;
}

/* COM1, LPT9 and so on, also with superscript digits. */
static bool is_port(PCWSTR name, size_t n)
{
	WCHAR digit = n == 4 ? name[3] : 0;

	if ((digit < '0' || digit > '9') && digit != 0xB9 && digit != 0xB2 && digit != 0xB3)
		return false;
	return is_word(name, 3, "COM") || is_word(name, 3, "LPT");
}

/* A device's name is one with any extension, and with blanks before that. */
static bool is_device(PCWSTR name, size_t n)
{
	static const char *const devices[] = { "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$" };
	size_t stem = 0;

	while (stem < n && name[stem] != '.')
		stem++;
	while (stem > 0 && name[stem - 1] == ' ')
		stem--;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (is_word(name, stem, devices[i]))
			return true;
	return is_port(name, stem);
}

static bool is_legal(PCWSTR name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name[i] < ' ' || (name[i] < 0x80 && strchr("<>:\"|?*\\/", name[i])))
			return false;
	return true;
}

static bool has_mark(PCWSTR name, size_t n)
{
	size_t n_mark = strlen(WINLAYER_DIRECTORY_MARK);

	return n >= n_mark && is_word(name + n - n_mark, n_mark, ".$WCIDIRS$");
}

/* One component, or the name of a stream, which may end and be called as it likes. */
static int check_name(const char *name, bool is_stream, struct arena *a, struct error *err)
{
	PCWSTR wide;
	size_t n;
	int r = hcs_text_to_utf16(name, a, &wide, err);

	if (r < 0)
		return r;
	n = hcs_text_length(wide);
	if (n > MAX_UNITS)
		return error_set(err, ERR_LIMIT, 0, "a name longer than %d characters: %.60s...",
				 MAX_UNITS, name);
	if (!n || !is_legal(wide, n))
		return error_set(err, ERR_INVALID, 0, "a name Windows cannot have: %.100s", name);
	if (is_stream)
		return 0;
	if (wide[n - 1] == '.' || wide[n - 1] == ' ')
		return error_set(err, ERR_INVALID, 0,
				 "a name that ends with a dot or blank: %.100s", name);
	if (is_device(wide, n))
		return error_set(err, ERR_INVALID, 0, "a device's name: %.100s", name);
	if (has_mark(wide, n))
		return error_set(err, ERR_INVALID, 0, "a name of the layer format itself: %.100s",
				 name);
	return 0;
}

/* The name without empty and "." components into p->path. */
static int clean_name(const char *member, struct winlayer_path *p, struct error *err)
{
	size_t n = 0;
	int depth = 0;

	if (strlen(member) >= sizeof(p->path))
		return error_set(err, ERR_LIMIT, 0, "member name longer than %d bytes: %.60s...",
				 LIMIT_MEMBER_NAME - 1, member);
	for (const char *at = member;; at++) {
		size_t part = strcspn(at, "/");

		if (part == 2 && at[0] == '.' && at[1] == '.')
			return error_set(err, ERR_INVALID, 0, "member leaves its directory: %.150s",
					 member);
		if (part && !(part == 1 && at[0] == '.')) {
			if (n)
				p->path[n++] = '/';
			p->base = n;
			memcpy(p->path + n, at, part);
			n += part;
			depth++;
		}
		at += part;
		if (!*at)
			break;
	}
	p->path[n] = '\0';
	if (!n)
		return error_set(err, ERR_INVALID, 0, "a member without a name");
	if (depth > LIMIT_MEMBER_DEPTH)
		return error_set(err, ERR_LIMIT, 0,
				 "member more than %d directories deep: %.60s...",
				 LIMIT_MEMBER_DEPTH, member);
	return 0;
}

/* Takes the mark off the last component: what is left is what it hides. */
static int strip_whiteout(struct winlayer_path *p, struct error *err)
{
	char *base = p->path + p->base;

	if (!starts(base, WHITEOUT))
		return 0;
	if (!strcmp(base, OPAQUE))
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "opaque directory, which Windows layers do not have: %.150s",
				 p->path);
	if (starts(base, META) || !base[strlen(WHITEOUT)])
		return error_set(err, ERR_INVALID, 0, "whiteout of nothing: %.150s", p->path);
	memmove(base, base + strlen(WHITEOUT), strlen(base + strlen(WHITEOUT)) + 1);
	p->what = WINLAYER_WHITEOUT;
	return 0;
}

/* "file:stream" in the last component. */
static int split_stream(struct winlayer_path *p, struct arena *a, struct error *err)
{
	char *colon = strchr(p->path + p->base, ':');
	size_t n = colon ? strlen(colon + 1) : 0;
	int r;

	if (!colon)
		return 0;
	if (p->what != WINLAYER_MEMBER || colon == p->path + p->base || n >= sizeof(p->stream))
		return error_set(err, ERR_INVALID, 0, "a name Windows cannot have: %.100s",
				 p->path);
	memcpy(p->stream, colon + 1, n + 1);
	*colon = '\0';
	p->what = WINLAYER_STREAM;
	r = check_name(p->stream, true, a, err);
	return r;
}

static int check_components(const struct winlayer_path *p, struct arena *a, struct error *err)
{
	for (const char *at = p->path;; at++) {
		size_t n = strcspn(at, "/");
		const char *name = arena_strndup(a, at, n);
		int r = check_name(name, false, a, err);

		if (r < 0)
			return r;
		at += n;
		if (!*at)
			return 0;
		/* in the middle a mark makes no sense */
		if (starts(name, WHITEOUT))
			return error_set(err, ERR_INVALID, 0, "member below a whiteout: %.150s",
					 p->path);
	}
}

/* The rest after a first component, "" when it is all there is; NULL: it is another. */
static const char *below(const char *path, const char *first)
{
	size_t n = strlen(first);

	if (!starts(path, first) || (path[n] && path[n] != '/'))
		return NULL;
	return path[n] ? path + n + 1 : path + n;
}

static int find_area(struct winlayer_path *p, struct error *err)
{
	const char *rest;
	bool is_root_level = p->base == 0, is_fine = true;

	if ((rest = below(p->path, "Files"))) {
		p->area = WINLAYER_FILES;
	} else if ((rest = below(p->path, "Hives"))) {
		p->area = WINLAYER_HIVES;
		is_fine = p->what == WINLAYER_MEMBER && !strchr(rest, '/');
	} else if ((rest = below(p->path, "UtilityVM"))) {
		p->area = WINLAYER_UVM;
		is_fine = !*rest || below(rest, "Files");
		is_root_level = is_root_level || !strcmp(rest, "Files");
	} else {
		return error_set(err, ERR_INVALID, 0,
				 "a member outside Files, Hives and UtilityVM: %.150s", p->path);
	}
	/* The layer's own directories can neither be deleted nor have streams. */
	if (!is_fine || (is_root_level && p->what != WINLAYER_MEMBER))
		return error_set(err, ERR_INVALID, 0, "not possible in a Windows layer: %.150s",
				 p->path);
	return 0;
}

static int parse(const char *member, struct arena *a, struct winlayer_path *p, struct error *err)
{
	int r = clean_name(member, p, err);

	r = r < 0 ? r : strip_whiteout(p, err);
	r = r < 0 ? r : split_stream(p, a, err);
	r = r < 0 ? r : check_components(p, a, err);
	if (r < 0)
		return r;
	if (!strcmp(p->path, TOMBS) && p->what == WINLAYER_MEMBER) {
		p->what = WINLAYER_SKIP;
		return 0;
	}
	return find_area(p, err);
}

int winlayer_path_parse(const char *member, struct arena *a, struct winlayer_path *ret,
			struct error *err)
{
	struct winlayer_path p = { 0 };
	int r = parse(member, a, &p, err);

	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

int winlayer_path_target(const char *member, struct arena *a, struct winlayer_path *ret,
			 struct error *err)
{
	struct winlayer_path p = { 0 };
	int r = parse(member, a, &p, err);

	if (r < 0)
		return r;
	if (p.what != WINLAYER_MEMBER || p.area == WINLAYER_HIVES || p.base == 0 ||
	    !strcmp(p.path, "UtilityVM/Files"))
		return error_set(err, ERR_INVALID, 0, "hard link to no file: %.150s", p.path);
	*ret = p;
	return 0;
}

const char *winlayer_path_staged(const struct winlayer_path *p, char out[LIMIT_MEMBER_NAME + 4])
{
	if (p->area == WINLAYER_UVM)
		(void)snprintf(out, LIMIT_MEMBER_NAME + 4, "uvm%s", p->path + strlen("UtilityVM"));
	else
		(void)snprintf(out, LIMIT_MEMBER_NAME + 4, "fs/%s", p->path); /* fits */
	return out;
}
