/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: what is joined is split by CommandLineToArgvW() into the same words again. */
#include "backends/hcs_cmdline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/rand.h"

enum { MAX_WORDS = 8 };

/* The documented rules of CommandLineToArgvW(), written from the reader's side. */
static const char *split_program(const char *p, char *out)
{
	bool quoted = *p == '"';

	p += quoted;
	while (*p && (quoted ? *p != '"' : (unsigned char)*p > ' '))
		*out++ = *p++;
	*out = '\0';
	return *p && quoted ? p + 1 : p;
}

static const char *split_argument(const char *p, char *out)
{
	bool quoted = false;

	while (*p && (quoted || (*p != ' ' && *p != '\t'))) {
		size_t n = strspn(p, "\\");

		if (p[n] != '"') {
			memcpy(out, p, n);
			out += n;
			p += n;
			if (n == 0)
				*out++ = *p++;
			continue;
		}
		memset(out, '\\', n / 2);
		out += n / 2;
		p += n;
		if (n % 2) {
			*out++ = *p++;
		} else if (quoted && p[1] == '"') {
			*out++ = '"'; /* two quotes inside quotes are one, which stays inside */
			p += 2;
		} else {
			quoted = !quoted;
			p++;
		}
	}
	*out = '\0';
	return p;
}

static size_t split(const char *line, struct arena *a, const char *words[MAX_WORDS])
{
	size_t n = 0;
	char *out = arena_alloc(a, strlen(line) + 1);
	const char *p = split_program(line, out);

	words[n++] = out;
	for (;;) {
		p += strspn(p, " \t");
		if (!*p)
			return n;
		assert_true(n < MAX_WORDS);
		out = arena_alloc(a, strlen(line) + 1);
		p = split_argument(p, out);
		words[n++] = out;
	}
}

static void check_round_trip(const struct strings *words, struct arena *a)
{
	struct buf line CLEAN(buf) = BUF_INIT(1 << 20);
	const char *again[MAX_WORDS];
	struct error err = ERROR_INIT;
	size_t n;

	if (hcs_cmdline_join(words, &line, &err) != 0)
		fail_msg("%s", err.msg);
	n = split(line.data, a, again);
	if (n != words->n)
		fail_msg("%zu words became %zu: %s", words->n, n, line.data);
	for (size_t i = 0; i < n; i++)
		if (strcmp(again[i], words->items[i]) != 0)
			fail_msg("%s became %s: %s", words->items[i], again[i], line.data);
}

static void any_words_come_back(void **state)
{
	static const char *const bits[] = { "\\", "\"", " ", "\t", "a", "\\\\", "\n", "é", "%" };
	struct arena *a CLEAN(arena) = arena_new();
	uint64_t seed = 20261126;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		const char *items[MAX_WORDS];
		struct strings words = { items, 1 + rand_next(&seed) % MAX_WORDS };

		arena_reset(a);
		for (size_t i = 0; i < words.n; i++) {
			struct buf word CLEAN(buf) = BUF_INIT(256);
			size_t n = rand_next(&seed) % 9 + (i == 0);

			while (n-- > 0) {
				const char *bit = bits[rand_next(&seed) % 9];

				if (i > 0 || *bit != '"')
					buf_puts(&word, bit);
				else
					buf_putc(&word, 'x');
			}
			items[i] = arena_strdup(a, word.data);
		}
		check_round_trip(&words, a);
	}
}

static void spells_as_people_do(void **state)
{
	static const struct {
		const char *words[4];
		const char *line;
	} cases[] = {
		{ { "cmd", "/c", "echo hi" }, "cmd /c \"echo hi\"" },
		{ { "C:\\a b\\c.exe", "x" }, "\"C:\\a b\\c.exe\" x" },
		{ { "C:\\a b\\", "x" }, "\"C:\\a b\\\" x" }, /* no escape in a program's name */
		{ { "p", "C:\\dir\\", "" }, "p C:\\dir\\ \"\"" },
		{ { "p", "C:\\a b\\" }, "p \"C:\\a b\\\\\"" },
		{ { "p", "say \"hi\"" }, "p \"say \\\"hi\\\"\"" },
		{ { "p", "a\\\"b" }, "p a\\\\\\\"b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf line CLEAN(buf) = BUF_INIT(4096);
		struct strings words = { (const char **)cases[i].words, 0 };

		while (words.n < 4 && words.items[words.n])
			words.n++;
		assert_int_equal(hcs_cmdline_join(&words, &line, NULL), 0);
		assert_string_equal(line.data, cases[i].line);
	}
}

static void takes_a_line_as_it_is(void **state)
{
	const char *items[] = { "powershell -c \"exit 3\"", "a b" };
	const struct strings words = { items, 2 };
	struct buf line CLEAN(buf) = BUF_INIT(4096);

	(void)state;
	assert_int_equal(hcs_cmdline_append(&words, &line, NULL), 0);
	assert_string_equal(line.data, "powershell -c \"exit 3\" \"a b\"");
}

static void refuse(const char *program, const char *argument, int code)
{
	const char *items[] = { program, argument };
	const struct strings words = { items, program ? 2 : 0 };
	struct buf line CLEAN(buf) = BUF_INIT(1 << 20);
	struct error err = ERROR_INIT;

	buf_puts(&line, "kept");
	assert_int_equal(hcs_cmdline_join(&words, &line, &err), -code);
	assert_int_equal(strncmp(err.msg, "command: ", 9), 0);
	assert_string_equal(line.data, "kept");
}

static void refuses_what_cannot_be_spelled(void **state)
{
	struct buf longest CLEAN(buf) = BUF_INIT(1 << 20);

	(void)state;
	refuse(NULL, NULL, ERR_INVALID);
	refuse("", "x", ERR_INVALID);
	refuse("a\"b", "x", ERR_INVALID);
	/* "p " and 16382 characters outside the BMP: two units each */
	for (int i = 0; i < 16382; i++)
		buf_puts(&longest, "\xf0\x9f\x98\x80");
	{
		const char *items[] = { "p", longest.data };
		const struct strings words = { items, 2 };
		struct buf line CLEAN(buf) = BUF_INIT(1 << 20);

		assert_int_equal(hcs_cmdline_join(&words, &line, NULL), 0);
	}
	buf_putc(&longest, 'x');
	refuse("p", longest.data, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_words_come_back),
		cmocka_unit_test(spells_as_people_do),
		cmocka_unit_test(takes_a_line_as_it_is),
		cmocka_unit_test(refuses_what_cannot_be_spelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
