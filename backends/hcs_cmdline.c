/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backslash escapes only where a quote follows its run: 2n backslashes and a quote are n
 * backslashes and the end of the quoted part, 2n+1 are n backslashes and a quote. Everywhere else
 * it is itself, so paths stay readable.
 */
#include "backends/hcs_cmdline.h"

#include <stdbool.h>
#include <string.h>

/* Only blanks and tabs split; quoting the other controls costs nothing and some programs like it.
 */
static bool must_quote(const char *word)
{
	for (const char *p = word; *p; p++)
		if ((unsigned char)*p <= ' ')
			return true;
	return !*word;
}

static void put_backslashes(struct buf *ret, size_t n)
{
	while (n-- > 0)
		buf_putc(ret, '\\');
}

static void put_argument(const char *word, struct buf *ret)
{
	bool quoted = must_quote(word);
	size_t run = 0;

	if (quoted)
		buf_putc(ret, '"');
	for (const char *p = word; *p; p++) {
		if (*p == '"')
			put_backslashes(ret, run + 1);
		run = *p == '\\' ? run + 1 : 0;
		buf_putc(ret, *p);
	}
	if (!quoted)
		return;
	put_backslashes(ret, run);
	buf_putc(ret, '"');
}

static int put_program(const char *word, struct buf *ret, struct error *err)
{
	if (!*word)
		return error_set(err, ERR_INVALID, 0, "command: the program's name is empty");
	if (strchr(word, '"'))
		return error_set(err, ERR_INVALID, 0,
				 "command: a program cannot have a quote in its name: %.60s", word);
	if (must_quote(word))
		buf_printf(ret, "\"%s\"", word);
	else
		buf_puts(ret, word);
	return 0;
}

/* UTF-16 units of UTF-8: a character is one, or two where UTF-8 needs four bytes. */
static size_t count_units(const char *text)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		n += ((*p & 0xC0) != 0x80) + (*p >= 0xF0);
	return n;
}

static int join(const struct strings *words, bool first_is_line, struct buf *ret, struct error *err)
{
	struct buf line CLEAN(buf) = BUF_INIT(4 * HCS_CMDLINE_UNITS);
	int r = 0;

	if (!words->n)
		return error_set(err, ERR_INVALID, 0, "command: nothing to run");
	if (first_is_line && *words->items[0])
		buf_puts(&line, words->items[0]);
	else
		r = put_program(words->items[0], &line, err);
	if (r < 0)
		return r;
	for (size_t i = 1; i < words->n; i++) {
		buf_putc(&line, ' ');
		put_argument(words->items[i], &line);
	}
	if (line.overflow || count_units(line.data) > HCS_CMDLINE_UNITS)
		return error_set(err, ERR_LIMIT, 0, "command: longer than %d characters",
				 HCS_CMDLINE_UNITS);
	buf_add(ret, line.data, line.n);
	return 0;
}

int hcs_cmdline_join(const struct strings *words, struct buf *ret, struct error *err)
{
	return join(words, false, ret, err);
}

int hcs_cmdline_append(const struct strings *words, struct buf *ret, struct error *err)
{
	return join(words, true, ret, err);
}
