/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of findings and its two forms. Finding what is wrong is the business
 * of yaml.c, reader.c and validate*.c; whoever prints decides where to.
 */
#include "specs/findings.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"

#define LINE_SHOWN 100 /* bytes of a long line around the caret */

static const struct {
	int number;
	enum severity severity;
	const char *text;
	const char *meaning;
} codes[] = {
#define AS_ERROR(id, number, meaning)   { number, SEVERITY_ERROR, "E0" #number, meaning },
#define AS_WARNING(id, number, meaning) { number, SEVERITY_WARNING, "E0" #number, meaning },
	FINDING_ERRORS(AS_ERROR) FINDING_WARNINGS(AS_WARNING)
};
#define N_CODES (sizeof(codes) / sizeof(codes[0]))

static size_t find_code(int code)
{
	size_t i = 0;
	while (i < N_CODES && codes[i].number != code)
		i++;
	return i;
}

const char *findings_code_text(enum finding_code code)
{
	return codes[find_code((int)code)].text;
}

const char *findings_code_meaning(int code)
{
	size_t i = find_code(code);
	return i < N_CODES ? codes[i].meaning : NULL;
}

enum severity findings_code_severity(enum finding_code code)
{
	return codes[find_code((int)code)].severity;
}

int findings_code_at(size_t i)
{
	return i < N_CODES ? codes[i].number : 0;
}

void findings_init(struct findings *f, struct arena *arena, const char *file)
{
	*f = (struct findings){ .arena = arena, .file = file };
}

void findings_add(struct findings *f, enum finding_code code, struct mark mark, const char *path,
		  const char *hint, const char *message)
{
	enum severity severity = findings_code_severity(code);
	size_t *count = severity == SEVERITY_ERROR ? &f->n_errors : &f->n_warnings;
	if ((*count)++ >= LIMIT_FINDINGS)
		return;
	f->items = arena_grow(f->arena, f->items, f->n, sizeof(*f->items));
	f->items[f->n++] = (struct finding){
		.code = code,
		.severity = severity,
		.path = arena_strdup(f->arena, path),
		.mark = mark,
		.message = message,
		.hint = arena_strdup(f->arena, hint),
	};
}

const char *findings_message(struct findings *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = arena_vprintf(f->arena, fmt, ap);
	va_end(ap);
	for (char *s = text; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	return text;
}

void findings_strict(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		f->items[i].severity = SEVERITY_ERROR;
	f->n_errors += f->n_warnings;
	f->n_warnings = 0;
}

static int compare(const struct finding *a, const struct finding *b)
{
	if (a->mark.line != b->mark.line)
		return a->mark.line < b->mark.line ? -1 : 1;
	if (a->mark.column != b->mark.column)
		return a->mark.column < b->mark.column ? -1 : 1;
	return (a->code > b->code) - (a->code < b->code);
}

/* At most 2 * LIMIT_FINDINGS of them, nearly in order already: insertion keeps it stable. */
void findings_sort(struct findings *f)
{
	for (size_t i = 1; i < f->n; i++) {
		struct finding it = f->items[i];
		size_t j = i;
		for (; j > 0 && compare(&it, &f->items[j - 1]) < 0; j--)
			f->items[j] = f->items[j - 1];
		f->items[j] = it;
	}
}

/* Bytes of the line break at @s: what libyaml counts as one line; 0 if there is none. */
static size_t break_length(const char *s, size_t n)
{
	if (n >= 2 && s[0] == '\r' && s[1] == '\n')
		return 2;
	if (n >= 1 && (s[0] == '\n' || s[0] == '\r'))
		return 1;
	if (n >= 2 && memcmp(s, "\xc2\x85", 2) == 0)
		return 2;
	if (n >= 3 && memcmp(s, "\xe2\x80", 2) == 0 && (s[2] == '\xa8' || s[2] == '\xa9'))
		return 3;
	return 0;
}

/* Lines are looked up in rising order: the walk through the file goes on where it was. */
struct line_walk {
	const char *bytes;
	size_t n;
	size_t at; /* start of @line */
	unsigned line;
};

static const char *find_line(struct line_walk *w, unsigned line, size_t *ret_n)
{
	while (w->line < line && w->at < w->n) {
		size_t step = break_length(w->bytes + w->at, w->n - w->at);
		w->line += step > 0;
		w->at += step ? step : 1;
	}
	size_t end = w->at;
	while (end < w->n && break_length(w->bytes + end, w->n - end) == 0)
		end++;
	*ret_n = end - w->at;
	return w->line == line ? w->bytes + w->at : NULL;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The bytes before the caret: column - 1 characters. */
static size_t caret_offset(const char *line, size_t n, unsigned column)
{
	size_t at = 0;
	for (unsigned i = 1; i < column && at < n; i++)
		for (at++; at < n && is_continuation(line[at]);)
			at++;
	return at;
}

static void print_line(struct line_walk *w, const struct finding *it, struct buf *ret)
{
	size_t n;
	const char *line = find_line(w, it->mark.line, &n);
	if (!line || n == 0)
		return;
	size_t caret = caret_offset(line, n, it->mark.column);
	size_t from = caret > LINE_SHOWN ? caret - LINE_SHOWN / 2 : 0;
	while (from > 0 && is_continuation(line[from]))
		from--;
	size_t to = n > from + 2 * LINE_SHOWN ? from + 2 * LINE_SHOWN : n;
	while (to < n && is_continuation(line[to]))
		to++;
	buf_puts(ret, "   | ");
	for (size_t i = from; i < to; i++)
		buf_putc(ret, (unsigned char)line[i] < ' ' || line[i] == 0x7f ? ' ' : line[i]);
	buf_puts(ret, "\n   | ");
	for (size_t i = from; i < caret; i++)
		if (!is_continuation(line[i]))
			buf_putc(ret, ' ');
	buf_puts(ret, "^\n");
}

static void print_count(const char *what, size_t n, struct buf *ret)
{
	if (n > LIMIT_FINDINGS)
		buf_printf(ret, "%zu more %s not shown\n", n - LIMIT_FINDINGS, what);
}

void findings_print(const struct findings *f, struct buf *ret)
{
	struct line_walk walk = { .bytes = f->bytes, .n = f->n_bytes, .line = 1 };
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *it = &f->items[i];
		const char *word = it->severity == SEVERITY_ERROR ? "error" : "warning";
		buf_puts(ret, f->file);
		if (it->mark.line)
			buf_printf(ret, ":%u:%u", it->mark.line, it->mark.column);
		buf_printf(ret, ": %s: %s%s%s [%s]\n", word, it->path, *it->path ? ": " : "",
			   it->message, findings_code_text(it->code));
		if (it->mark.line && f->bytes) {
			if (it->mark.line < walk.line) /* not sorted: start again */
				walk = (struct line_walk){ f->bytes, f->n_bytes, 0, 1 };
			print_line(&walk, it, ret);
		}
		if (it->hint)
			buf_printf(ret, "   hint: %s\n", it->hint);
	}
	print_count("errors", f->n_errors, ret);
	print_count("warnings", f->n_warnings, ret);
}

struct json_object *findings_to_json(const struct findings *f)
{
	struct json_object *list = json_object_new_array();
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *it = &f->items[i];
		struct json_object *o = json_object_new_object();
		json_put_str(o, "file", f->file);
		json_put_i64(o, "line", it->mark.line);
		json_put_i64(o, "column", it->mark.column);
		json_put_str(o, "severity", it->severity == SEVERITY_ERROR ? "error" : "warning");
		json_put_str(o, "code", findings_code_text(it->code));
		json_put_str(o, "path", it->path);
		json_put_str(o, "message", it->message);
		json_put_str(o, "hint", it->hint);
		json_object_array_add(list, o);
	}
	return list;
}

#define WORD_MAX 32 /* longer words are not compared: the longest field has 23 letters */

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;
	return ab < c ? ab : c;
}

/* Levenshtein's distance, in bytes. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t row[WORD_MAX + 1];
	for (size_t j = 0; j <= n_b; j++)
		row[j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t above = row[j];
			row[j] = smallest(above + 1, row[j - 1] + 1,
					  diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[n_b];
}

const char *findings_nearest(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t n_word = strlen(word);
	size_t best_distance = n_word < 3 ? 2 : n_word / 3 + 2; /* a third of it may be wrong */
	if (n_word > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t n_other = strlen(words[i]);
		if (n_other > WORD_MAX)
			continue;
		size_t d = distance(word, n_word, words[i], n_other);
		if (d < best_distance && d < n_other) {
			best = words[i];
			best_distance = d;
		}
	}
	return best;
}
