/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place of the program that writes results. The buffer is written at the end, or
 * when it is large: a command that fails half way has usually printed nothing.
 */
#include "controller/cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/arena.h"
#include "base/fs.h"
#include "controller/document.h"

enum {
	FLUSH_AT = 64 << 10,  /* stdout's buffer; one pipe's worth */
	MAX_TEXT = 256 << 20, /* one document; a status of 100 000 instances has 60 MB */
	MAX_LINE = 64 << 10,  /* one line of stderr */
};

struct output {
	struct output_options opt;
	struct buf buf;
	bool has_document;  /* stdout has its document already */
	bool is_closed;     /* nobody reads any more */
	char *live;         /* the line at the bottom of stderr; NULL: none */
	struct error error; /* the first failed write */
};

struct output *output_new(const struct output_options *o)
{
	struct output *out = xcalloc(1, sizeof(*out));

	out->opt = *o;
	buf_init(&out->buf, MAX_TEXT);
	return out;
}

void output_free(struct output *out)
{
	if (!out)
		return;
	buf_done(&out->buf);
	free(out->live);
	free(out);
}

bool output_is_json(const struct output *out)
{
	return out->opt.is_json;
}

int output_fd(const struct output *out)
{
	return out->opt.out_fd;
}

bool output_is_terminal(const struct output *out)
{
	return out->opt.is_terminal;
}

/* --- the line at the bottom --- */

#define CLEAR_LINE "\r\033[K"

static void write_err(struct output *out, const char *text)
{
	/* There is nobody left to tell when stderr does not work. */
	(void)fs_write_all(out->opt.err_fd, text, strlen(text), NULL);
}

static void hide_live(struct output *out)
{
	if (out->live)
		write_err(out, CLEAR_LINE);
}

static void show_live(struct output *out)
{
	struct winsize size = { 0 };
	struct buf line CLEAN(buf) = BUF_INIT(MAX_LINE);
	size_t n;

	if (!out->live)
		return;
	n = strlen(out->live);
	/* One less: a line that fills the terminal wraps, and is not cleared by the next. */
	if (ioctl(out->opt.err_fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && n >= size.ws_col)
		n = size.ws_col - 1U;
	buf_puts(&line, CLEAR_LINE);
	buf_add(&line, out->live, n);
	write_err(out, line.data);
}

void output_live(struct output *out, const char *text)
{
	if (text && out->live && strcmp(text, out->live) == 0)
		return; /* it stands there */
	if (!text)
		hide_live(out);
	free(out->live);
	out->live = xstrdup(text);
	show_live(out);
}

/* --- */

static void drain(struct output *out)
{
	struct error e = ERROR_INIT;

	if (out->buf.n > 0)
		hide_live(out);
	if (out->buf.overflow && !out->error.code)
		(void)error_set(&out->error, ERR_LIMIT, 0, "the output is too large");
	if (!out->is_closed && !out->error.code && out->buf.n > 0 &&
	    fs_write_all(out->opt.out_fd, out->buf.data, out->buf.n, &e) < 0) {
		if (e.sys == EPIPE)
			out->is_closed = true;
		else
			out->error = e;
	}
	if (out->buf.n > 0)
		show_live(out);
	buf_clear(&out->buf);
}

static void drain_if_large(struct output *out)
{
	if (out->buf.n >= FLUSH_AT)
		drain(out);
}

void output_puts(struct output *out, const char *text)
{
	buf_puts(&out->buf, text);
	drain_if_large(out);
}

void output_bytes(struct output *out, const void *p, size_t n)
{
	buf_add(&out->buf, p, n);
	drain_if_large(out);
}

void output_printf(struct output *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&out->buf, fmt, ap);
	va_end(ap);
	drain_if_large(out);
}

struct json_object *output_schema(const char *what)
{
	return document_new(what);
}

void output_json(struct output *out, struct json_object *take)
{
	json_pretty(take, &out->buf);
	json_object_put(take);
	out->has_document = true;
	drain_if_large(out);
}

void output_json_line(struct output *out, struct json_object *take)
{
	buf_puts(&out->buf, json_object_to_json_string_ext(take, JSON_C_TO_STRING_NOSLASHESCAPE));
	buf_putc(&out->buf, '\n');
	json_object_put(take);
	out->has_document = true;
	drain_if_large(out);
}

void output_bare(struct output *out)
{
	out->has_document = true;
}

int output_flush(struct output *out, struct error *err)
{
	drain(out);
	if (out->is_closed)
		return OUTPUT_CLOSED;
	if (!out->error.code)
		return 0;
	if (err)
		*err = out->error;
	return error_wrap(err, -(int)out->error.code, "write to stdout");
}

void output_raw(struct output *out, const char *text)
{
	drain(out);
	hide_live(out);
	write_err(out, text);
	show_live(out);
}

__attribute__((format(printf, 3, 0))) static void say(struct output *out, const char *prefix,
						      const char *fmt, va_list ap)
{
	struct buf line CLEAN(buf) = BUF_INIT(MAX_LINE);

	buf_puts(&line, prefix);
	buf_vprintf(&line, fmt, ap);
	buf_putc(&line, '\n');
	output_raw(out, line.data);
}

static const char *error_prefix(const struct output *out)
{
	return out->opt.has_color ? "tallyman: \033[31merror:\033[0m " : "tallyman: error: ";
}

void output_complain(struct output *out, const char *hint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(out, error_prefix(out), fmt, ap);
	va_end(ap);
	if (hint)
		output_note(out, "hint: %s", hint);
}

void output_warn(struct output *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(out,
	    out->opt.has_color ? "tallyman: \033[33mwarning:\033[0m " : "tallyman: warning: ", fmt,
	    ap);
	va_end(ap);
}

void output_note(struct output *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(out, "", fmt, ap);
	va_end(ap);
}

struct json_object *output_error_document(const struct error *err)
{
	struct json_object *doc = output_schema("error");

	json_put_str(doc, "code", error_name(err->code));
	json_put_str(doc, "message", err->msg);
	json_put_str(doc, "cause", err->cause);
	json_put_str(doc, "hint", err->hint[0] ? err->hint : NULL);
	return doc;
}

void output_error(struct output *out, const struct error *err)
{
	struct buf text CLEAN(buf) = BUF_INIT(MAX_LINE);

	if (out->opt.is_json && !out->has_document)
		output_json(out, output_error_document(err));
	buf_puts(&text, error_prefix(out));
	buf_puts(&text, err->msg);
	/* The cause is in the message unless the context was too long for both. */
	if (err->cause[0] && !strstr(err->msg, err->cause))
		buf_printf(&text, " ... %s", err->cause);
	buf_putc(&text, '\n');
	if (err->hint[0])
		buf_printf(&text, "hint: %s\n", err->hint);
	output_raw(out, text.data);
}
