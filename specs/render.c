/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spelling of trees. A text stands without quotes only where every reader of
 * YAML, also of version 1.1, takes it for a text; everything else is in double
 * quotes on one line.
 */
#include "specs/render.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "specs/node_json.h"
#include "specs/scalar.h"
#include "specs/schema_service.h"
#include "specs/writer.h"

#define KEY_MAX 128 /* longer keys are written `? key`: libyaml gives up on simple ones at 1024 */

static bool is_word_elsewhere(const char *s)
{
	static const char *const words[] = { "y",   "n",    "yes",   "no",  "on",
					     "off", "true", "false", "null" };
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters, digits and _ . / : @ -, a letter among them, no colon at the end. */
static bool is_plain_text(const char *s)
{
	const struct node as_plain = { .kind = NODE_SCALAR, .is_plain = true, .text = s };
	bool has_letter = false;
	if (!is_letter(*s) && !is_digit(*s) && *s != '/' && *s != '_')
		return false;
	size_t n = strlen(s);
	for (size_t i = 0; i < n; i++) {
		if (!is_letter(s[i]) && !is_digit(s[i]) && !strchr("_./:@-", s[i]))
			return false;
		has_letter = has_letter || is_letter(s[i]);
	}
	if (s[n - 1] == ':' || (!has_letter && *s != '/') || is_word_elsewhere(s))
		return false;
	return scalar_type_of(&as_plain) == SCALAR_TEXT;
}

/* One character of valid UTF-8; moves @at behind it. */
static uint32_t next_character(const char **at)
{
	const unsigned char *s = (const unsigned char *)*at;
	int n = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
	uint32_t c = n == 0 ? *s : *s & (0x3fu >> n);
	for (int i = 1; i <= n && s[i]; i++)
		c = c << 6 | (s[i] & 0x3f);
	*at += n + 1;
	return c;
}

static bool is_printable(uint32_t c)
{
	if (c == 0x2028 || c == 0x2029 || c == 0xfeff)
		return false;
	return (c >= 0x20 && c <= 0x7e) || (c >= 0xa0 && c <= 0xd7ff) ||
	       (c >= 0xe000 && c <= 0xfffd) || c >= 0x10000;
}

static void put_character(uint32_t c, const char *bytes, size_t n, struct buf *ret)
{
	if (c == '"' || c == '\\')
		buf_printf(ret, "\\%c", (char)c);
	else if (c == '\n')
		buf_puts(ret, "\\n");
	else if (c == '\t')
		buf_puts(ret, "\\t");
	else if (is_printable(c))
		buf_add(ret, bytes, n);
	else
		buf_printf(ret, "\\u%04X", (unsigned)c);
}

static void put_quoted(const char *s, struct buf *ret)
{
	buf_putc(ret, '"');
	while (*s) {
		const char *from = s;
		uint32_t c = next_character(&s);
		put_character(c, from, (size_t)(s - from), ret);
	}
	buf_putc(ret, '"');
}

static void put_scalar(const struct node *n, struct buf *ret)
{
	if (n->tag)
		buf_printf(ret, "%s ", n->tag);
	if (n->is_plain || (!n->tag && is_plain_text(n->text)))
		buf_puts(ret, n->text);
	else
		put_quoted(n->text, ret);
}

static void put_indent(unsigned level, struct buf *ret)
{
	for (unsigned i = 0; i < level; i++)
		buf_puts(ret, "  ");
}

static void put_block(const struct node *n, unsigned level, bool is_inline, struct buf *ret);

/* What stands behind "key:" or ": ": a scalar on the line, or a block below it. */
static void put_value(const struct node *n, unsigned level, struct buf *ret)
{
	if (n->kind == NODE_SCALAR || n->n == 0) {
		buf_putc(ret, ' ');
		put_block(n, level, true, ret);
		return;
	}
	buf_putc(ret, '\n');
	put_block(n, level + (n->kind == NODE_MAP), false, ret);
}

static void put_entry(const struct node_entry *e, unsigned level, struct buf *ret)
{
	if (strlen(e->key->text) > KEY_MAX) {
		buf_puts(ret, "? ");
		put_quoted(e->key->text, ret);
		buf_putc(ret, '\n');
		put_indent(level, ret);
	} else {
		put_scalar(e->key, ret);
	}
	buf_putc(ret, ':');
	put_value(e->value, level, ret);
}

/* @is_inline: the first line's indent is there already, as behind "- ". */
static void put_block(const struct node *n, unsigned level, bool is_inline, struct buf *ret)
{
	if (n->kind == NODE_SCALAR || n->n == 0) {
		if (n->kind == NODE_SCALAR)
			put_scalar(n, ret);
		else
			buf_puts(ret, n->kind == NODE_LIST ? "[]" : "{}");
		buf_putc(ret, '\n');
		return;
	}
	for (size_t i = 0; i < n->n; i++) {
		if (i > 0 || !is_inline)
			put_indent(level, ret);
		if (n->kind == NODE_MAP) {
			put_entry(&n->entries[i], level, ret);
		} else {
			buf_puts(ret, "- ");
			put_block(n->items[i], level + 1, true, ret);
		}
	}
}

void render_node(const struct node *n, struct buf *ret)
{
	put_block(n, 0, false, ret);
}

void render_yaml(const struct deployment *d, struct buf *ret)
{
	struct arena *arena CLEAN(arena) = arena_new();
	render_node(writer_write(&schema_deployment, d, arena), ret);
}

struct json_object *render_json(const struct deployment *d)
{
	struct arena *arena CLEAN(arena) = arena_new();
	return node_json_write(writer_write(&schema_deployment, d, arena));
}

struct json_object *render_service_json(const struct service *s)
{
	struct arena *arena CLEAN(arena) = arena_new();
	return node_json_write(writer_write(&schema_service, s, arena));
}
