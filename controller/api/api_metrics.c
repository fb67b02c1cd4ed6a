/* SPDX-License-Identifier: Apache-2.0 */
/* https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md (2026-11) */
#include "controller/api/api_metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

static const struct {
	const char *word, *suffix;
} kinds[] = {
	[API_METRICS_GAUGE] = { "gauge", "" },
	[API_METRICS_COUNTER] = { "counter", "_total" },
	[API_METRICS_INFO] = { "info", "_info" },
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(const char *s)
{
	if (!is_letter(*s))
		return false;
	while (is_letter(*s) || (*s >= '0' && *s <= '9'))
		s++;
	return !*s;
}

static bool ends_with(const char *s, const char *end)
{
	const size_t n = strlen(s), n_end = strlen(end);

	return n > n_end && strcmp(s + n - n_end, end) == 0;
}

static void put_escaped(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			buf_puts(out, "\\n");
		else if (*s == '"' || *s == '\\')
			buf_printf(out, "\\%c", *s);
		else
			buf_putc(out, *s);
	}
}

void api_metrics_begin(struct api_metrics *m, struct buf *out)
{
	*m = (struct api_metrics){ .out = out };
}

void api_metrics_family(struct api_metrics *m, const char *name, enum api_metrics_kind kind,
			const char *unit, const char *help)
{
	assert(is_name(name) && !ends_with(name, "_total") && !ends_with(name, "_info"));
	assert(!unit || (ends_with(name, unit) && name[strlen(name) - strlen(unit) - 1] == '_'));
	m->family = name;
	m->kind = kind;
	buf_printf(m->out, "# TYPE %s %s\n", name, kinds[kind].word);
	if (unit)
		buf_printf(m->out, "# UNIT %s %s\n", name, unit);
	buf_printf(m->out, "# HELP %s ", name);
	put_escaped(m->out, help);
	buf_putc(m->out, '\n');
}

static void put_name(struct api_metrics *m, const struct api_label *labels, size_t n)
{
	assert(m->family);
	buf_printf(m->out, "%s%s", m->family, kinds[m->kind].suffix);
	for (size_t i = 0; i < n; i++) {
		assert(is_name(labels[i].name));
		buf_printf(m->out, "%c%s=\"", i ? ',' : '{', labels[i].name);
		put_escaped(m->out, labels[i].value);
		buf_putc(m->out, '"');
	}
	buf_puts(m->out, n ? "} " : " ");
}

void api_metrics_u64(struct api_metrics *m, const struct api_label *labels, size_t n,
		     uint64_t value)
{
	assert(m->kind != API_METRICS_INFO || value == 1);
	put_name(m, labels, n);
	buf_printf(m->out, "%" PRIu64 "\n", value);
}

void api_metrics_us(struct api_metrics *m, const struct api_label *labels, size_t n, int64_t us)
{
	const uint64_t size = us < 0 ? -(uint64_t)us : (uint64_t)us;

	assert(m->kind == API_METRICS_GAUGE || us >= 0);
	put_name(m, labels, n);
	buf_printf(m->out, "%s%" PRIu64 ".%06" PRIu64 "\n", us < 0 ? "-" : "", size / 1000000,
		   size % 1000000);
}

void api_metrics_end(struct api_metrics *m)
{
	buf_puts(m->out, "# EOF\n");
	m->family = NULL;
}
