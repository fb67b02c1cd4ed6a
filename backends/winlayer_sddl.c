/* SPDX-License-Identifier: Apache-2.0 */
/*
 * [MS-DTYP] 2.4.6 and 2.5.1. The four parts stand behind the header in the order owner, group,
 * SACL, DACL; any order is one descriptor.
 */
#include "backends/winlayer_sddl.h"

#include <string.h>

#include "backends/winlayer_stream.h"

enum {
	N_HEADER = 20,
	MAX_BYTES = 65535, /* of a list: its length has 16 bits */
	SELF_RELATIVE = 0x8000,
	DACL_PRESENT = 0x4,
	SACL_PRESENT = 0x10,
	MAX_SUBAUTHORITIES = 15,
};

struct word {
	const char *text;
	uint32_t value;
};

/* Kinds of entries; what is missing is for directory objects, attributes and conditions. */
static const struct word kinds[] = { { "A", 0 },     { "D", 1 },     { "AU", 2 },    { "AL", 3 },
				     { "ML", 0x11 }, { "SP", 0x13 }, { "TL", 0x14 }, { NULL, 0 } };
static const struct word entry_flags[] = { { "OI", 1 },    { "CI", 2 },    { "NP", 4 },
					   { "IO", 8 },    { "ID", 0x10 }, { "SA", 0x40 },
					   { "FA", 0x80 }, { NULL, 0 } };
static const struct word rights[] = {
	{ "GA", 0x10000000 }, { "GX", 0x20000000 }, { "GW", 0x40000000 }, { "GR", 0x80000000 },
	{ "RC", 0x20000 },    { "SD", 0x10000 },    { "WD", 0x40000 },    { "WO", 0x80000 },
	{ "FA", 0x1F01FF },   { "FR", 0x120089 },   { "FW", 0x120116 },   { "FX", 0x1200A0 },
	{ "KA", 0xF003F },    { "KR", 0x20019 },    { "KW", 0x20006 },    { "KX", 0x20019 },
	{ "CC", 0x1 },        { "DC", 0x2 },        { "LC", 0x4 },        { "SW", 0x8 },
	{ "RP", 0x10 },       { "WP", 0x20 },       { "DT", 0x40 },       { "LO", 0x80 },
	{ "CR", 0x100 },      { "NW", 0x1 },        { "NR", 0x2 },        { "NX", 0x4 },
	{ NULL, 0 },
};
/* Control bits of the DACL; the SACL's are one to the left. */
static const struct word list_flags[] = {
	{ "P", 0x1000 }, { "AR", 0x100 }, { "AI", 0x400 }, { NULL, 0 }
};

/* Names that mean the same everywhere. */
static const struct {
	char name[3];
	const char *sid;
} aliases[] = {
	{ "WD", "S-1-1-0" },
	{ "CO", "S-1-3-0" },
	{ "CG", "S-1-3-1" },
	{ "OW", "S-1-3-4" },
	{ "NU", "S-1-5-2" },
	{ "IU", "S-1-5-4" },
	{ "SU", "S-1-5-6" },
	{ "AN", "S-1-5-7" },
	{ "ED", "S-1-5-9" },
	{ "PS", "S-1-5-10" },
	{ "AU", "S-1-5-11" },
	{ "RC", "S-1-5-12" },
	{ "SY", "S-1-5-18" },
	{ "LS", "S-1-5-19" },
	{ "NS", "S-1-5-20" },
	{ "WR", "S-1-5-33" },
	{ "BA", "S-1-5-32-544" },
	{ "BU", "S-1-5-32-545" },
	{ "BG", "S-1-5-32-546" },
	{ "PU", "S-1-5-32-547" },
	{ "AO", "S-1-5-32-548" },
	{ "SO", "S-1-5-32-549" },
	{ "PO", "S-1-5-32-550" },
	{ "BO", "S-1-5-32-551" },
	{ "RE", "S-1-5-32-552" },
	{ "RU", "S-1-5-32-554" },
	{ "RD", "S-1-5-32-555" },
	{ "NO", "S-1-5-32-556" },
	{ "MU", "S-1-5-32-558" },
	{ "LU", "S-1-5-32-559" },
	{ "IS", "S-1-5-32-568" },
	{ "CY", "S-1-5-32-569" },
	{ "ER", "S-1-5-32-573" },
	{ "CD", "S-1-5-32-574" },
	{ "RA", "S-1-5-32-575" },
	{ "ES", "S-1-5-32-576" },
	{ "MS", "S-1-5-32-577" },
	{ "HA", "S-1-5-32-578" },
	{ "AA", "S-1-5-32-579" },
	{ "RM", "S-1-5-32-580" },
	{ "AC", "S-1-15-2-1" },
	{ "LW", "S-1-16-4096" },
	{ "ME", "S-1-16-8192" },
	{ "MP", "S-1-16-8448" },
	{ "HI", "S-1-16-12288" },
	{ "SI", "S-1-16-16384" },
	{ "AS", "S-1-18-1" },
	{ "SS", "S-1-18-2" },
	{ "UD", "S-1-5-84-0-0-0-0-0" },
};

static int invalid(struct error *err, const char *what, const char *text)
{
	return error_set(err, ERR_INVALID, 0, "security descriptor: no %s: %.40s", what, text);
}

/* Decimal, or hex behind 0x, up to @max; moves @at behind it. */
static bool get_number(const char **at, uint64_t max, uint64_t *ret)
{
	bool is_hex = (*at)[0] == '0' && ((*at)[1] == 'x' || (*at)[1] == 'X');
	const char *p = *at + 2 * is_hex, *begin = p;
	uint64_t v = 0;

	for (;; p++) {
		uint64_t d = *p >= '0' && *p <= '9'             ? (uint64_t)(*p - '0')
			     : is_hex && *p >= 'a' && *p <= 'f' ? (uint64_t)(*p - 'a' + 10)
			     : is_hex && *p >= 'A' && *p <= 'F' ? (uint64_t)(*p - 'A' + 10)
								: 16;
		uint64_t base = is_hex ? 16 : 10;

		if (d >= base)
			break;
		if (v > (max - d) / base)
			return false;
		v = v * base + d;
	}
	*ret = v;
	*at = p;
	return p > begin;
}

/* "S-1-5-32-544" at *at. */
static int put_numbered_sid(const char **at, struct buf *out, struct error *err)
{
	uint32_t subs[MAX_SUBAUTHORITIES];
	const char *begin = *at;
	uint64_t authority, v;
	int n = 0;

	if (strncmp(*at, "S-1-", 4) != 0)
		return invalid(err, "identity", begin);
	*at += 4;
	if (!get_number(at, (UINT64_C(1) << 48) - 1, &authority))
		return invalid(err, "identity", begin);
	while (**at == '-') {
		++*at;
		if (n == MAX_SUBAUTHORITIES || !get_number(at, UINT32_MAX, &v))
			return invalid(err, "identity", begin);
		subs[n++] = (uint32_t)v;
	}
	if (!n)
		return invalid(err, "identity", begin);
	buf_putc(out, 1);
	buf_putc(out, (char)n);
	for (int shift = 40; shift >= 0; shift -= 8)
		buf_putc(out, (char)(authority >> shift & 0xFF));
	for (int i = 0; i < n; i++)
		winlayer_stream_u32(out, subs[i]);
	return 0;
}

static int put_sid(const char **at, struct buf *out, struct error *err)
{
	if ((*at)[0] == 'S' && (*at)[1] == '-')
		return put_numbered_sid(at, out, err);
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		const char *sid = aliases[i].sid;

		if (strncmp(*at, aliases[i].name, 2) != 0)
			continue;
		*at += 2;
		return put_numbered_sid(&sid, out, err);
	}
	if ((*at)[0] >= 'A' && (*at)[0] <= 'Z' && (*at)[1] >= 'A' && (*at)[1] <= 'Z')
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "security descriptor: %.2s is of a domain", *at);
	return invalid(err, "identity", *at);
}

/* The longest word of @table at *at. */
static bool get_word(const char **at, const struct word *table, uint32_t *ret)
{
	const struct word *best = NULL;

	for (; table->text; table++)
		if (strncmp(*at, table->text, strlen(table->text)) == 0 &&
		    (!best || strlen(table->text) > strlen(best->text)))
			best = table;
	if (!best)
		return false;
	*at += strlen(best->text);
	*ret |= best->value;
	return true;
}

static bool skip_char(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static int get_rights(const char **at, uint32_t *ret, struct error *err)
{
	const char *begin = *at;
	uint64_t v;

	*ret = 0;
	if (**at >= '0' && **at <= '9') {
		if (!get_number(at, UINT32_MAX, &v))
			return invalid(err, "rights", begin);
		*ret = (uint32_t)v;
	}
	while (**at != ';')
		if (!get_word(at, rights, ret))
			return invalid(err, "rights", begin);
	return 0;
}

/* "(kind;flags;rights;object;inherited;identity)" */
static int put_entry(const char **at, struct buf *out, struct error *err)
{
	struct buf sid CLEAN(buf) = BUF_INIT(256);
	uint32_t kind = 0, flags = 0, mask = 0;
	const char *begin = *at;
	int r;

	if (!skip_char(at, '('))
		return invalid(err, "entry", begin);
	if (!get_word(at, kinds, &kind) || **at != ';')
		return error_set(err, ERR_UNSUPPORTED, 0,
				 "security descriptor: a kind of entry files do not have: %.20s",
				 begin);
	++*at;
	while (**at != ';')
		if (!get_word(at, entry_flags, &flags))
			return invalid(err, "entry", begin);
	++*at;
	r = get_rights(at, &mask, err);
	if (r < 0)
		return r;
	if (strncmp(*at, ";;;", 3) != 0)
		return invalid(err, "entry of a file", begin);
	*at += 3;
	r = put_sid(at, &sid, err);
	if (r < 0)
		return r;
	if (!skip_char(at, ')'))
		return invalid(err, "entry", begin);
	buf_putc(out, (char)kind);
	buf_putc(out, (char)flags);
	winlayer_stream_u16(out, (uint16_t)(8 + sid.n));
	winlayer_stream_u32(out, mask);
	buf_add(out, sid.data, sid.n);
	return 0;
}

struct descriptor {
	uint32_t control;
	struct buf owner, group, sacl, dacl;
};

static int put_list(const char **at, bool is_sacl, struct descriptor *d, struct buf *out,
		    struct error *err)
{
	struct buf entries CLEAN(buf) = BUF_INIT(MAX_BYTES - 8);
	uint32_t flags = 0;
	uint16_t n = 0;

	while (**at && **at != '(' && (*at)[1] != ':')
		if (!get_word(at, list_flags, &flags))
			return invalid(err, "list of entries", *at);
	while (**at == '(') {
		int r = put_entry(at, &entries, err);

		if (r < 0)
			return r;
		if (entries.overflow)
			return error_set(err, ERR_LIMIT, 0,
					 "security descriptor: too many entries");
		n++;
	}
	/* A list that is there and empty is not the same as none. */
	d->control |= flags << is_sacl | (is_sacl ? SACL_PRESENT : DACL_PRESENT);
	winlayer_stream_u16(out, 2);
	winlayer_stream_u16(out, (uint16_t)(8 + entries.n));
	winlayer_stream_u16(out, n);
	winlayer_stream_u16(out, 0);
	buf_add(out, entries.data, entries.n);
	return 0;
}

static int parse_part(const char **at, struct descriptor *d, struct error *err)
{
	char letter = **at;
	struct buf *out = letter == 'O'   ? &d->owner
			  : letter == 'G' ? &d->group
			  : letter == 'D' ? &d->dacl
					  : &d->sacl;

	if (!letter || !strchr("OGDS", letter) || (*at)[1] != ':' || out->n)
		return invalid(err, "part", *at);
	*at += 2;
	if (letter == 'O' || letter == 'G')
		return put_sid(at, out, err);
	return put_list(at, letter == 'S', d, out, err);
}

static void put_descriptor(const struct descriptor *d, struct buf *ret)
{
	const struct buf *parts[] = { &d->owner, &d->group, &d->sacl, &d->dacl };
	uint32_t at = N_HEADER;

	buf_putc(ret, 1);
	buf_putc(ret, 0);
	winlayer_stream_u16(ret, (uint16_t)(d->control | SELF_RELATIVE));
	for (size_t i = 0; i < 4; i++) {
		winlayer_stream_u32(ret, parts[i]->n ? at : 0);
		at += (uint32_t)parts[i]->n;
	}
	for (size_t i = 0; i < 4; i++)
		buf_add(ret, parts[i]->data, parts[i]->n);
}

int winlayer_sddl_parse(const char *text, struct buf *ret, struct error *err)
{
	struct descriptor d = { .owner = BUF_INIT(256),
				.group = BUF_INIT(256),
				.sacl = BUF_INIT(MAX_BYTES),
				.dacl = BUF_INIT(MAX_BYTES) };
	const char *at = text;
	int r = 0;

	while (r == 0 && *at)
		r = parse_part(&at, &d, err);
	if (r == 0)
		put_descriptor(&d, ret);
	buf_done(&d.owner);
	buf_done(&d.group);
	buf_done(&d.sacl);
	buf_done(&d.dacl);
	return r;
}

static uint32_t get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Does a SID (or a list) of its own length begin at @at? */
static bool fits(const unsigned char *p, size_t n, uint32_t at, bool is_list)
{
	size_t length;

	if (at < N_HEADER || n < 8 || at > n - 8)
		return false;
	length = is_list ? (size_t)(p[at + 2] | p[at + 3] << 8) : 8 + 4 * (size_t)p[at + 1];
	return length >= 8 && length <= n - at;
}

bool winlayer_sddl_check(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	if (n < N_HEADER || p[0] != 1 || !((p[2] | p[3] << 8) & SELF_RELATIVE))
		return false;
	for (size_t i = 0; i < 4; i++) {
		uint32_t at = get_u32(p + 4 + 4 * i);

		if (at && !fits(p, n, at, i >= 2))
			return false;
	}
	return true;
}
