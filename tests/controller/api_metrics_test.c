/* SPDX-License-Identifier: Apache-2.0 */
/* The text is read back by a strict parser of its own, and compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "controller/api/api_metrics.h"

/* A reader of what OpenMetrics allows and we write; each function moves on or fails the test. */
struct reader {
	const char *p;
	char family[64], type[16];
	unsigned n_samples, n_families;
};

static void want(struct reader *r, const char *text)
{
	if (strncmp(r->p, text, strlen(text)) != 0)
		fail_msg("wanted '%s' at '%.40s'", text, r->p);
	r->p += strlen(text);
}

static void read_name(struct reader *r, char *ret, size_t size)
{
	const size_t n =
		strspn(r->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	assert_in_range(n, 1, size - 1);
	assert_false(*r->p >= '0' && *r->p <= '9');
	memcpy(ret, r->p, n);
	ret[n] = '\0';
	r->p += n;
}

/* Up to the quote or the line's end; every backslash escapes what may be escaped. */
static void read_text(struct reader *r, char end)
{
	for (; *r->p != end; r->p++) {
		assert_true(*r->p != '\0' && *r->p != '\n' && (*r->p != '"' || end != '"'));
		if (*r->p != '\\')
			continue;
		r->p++;
		assert_non_null(strchr("n\"\\", *r->p));
	}
	r->p++;
}

static void read_head(struct reader *r)
{
	char again[64], unit[32];

	want(r, "# TYPE ");
	read_name(r, r->family, sizeof(r->family));
	want(r, " ");
	read_name(r, r->type, sizeof(r->type));
	want(r, "\n");
	if (strncmp(r->p, "# UNIT", 6) == 0) {
		want(r, "# UNIT ");
		read_name(r, again, sizeof(again));
		assert_string_equal(again, r->family);
		want(r, " ");
		read_name(r, unit, sizeof(unit));
		assert_string_equal(r->family + strlen(r->family) - strlen(unit), unit);
		want(r, "\n");
	}
	want(r, "# HELP ");
	read_name(r, again, sizeof(again));
	assert_string_equal(again, r->family);
	want(r, " ");
	read_text(r, '\n');
	r->n_families++;
}

static void read_sample(struct reader *r)
{
	char label[64];
	size_t n;

	want(r, r->family);
	if (strcmp(r->type, "counter") == 0)
		want(r, "_total");
	else if (strcmp(r->type, "info") == 0)
		want(r, "_info");
	if (*r->p == '{') {
		do {
			r->p++;
			read_name(r, label, sizeof(label));
			want(r, "=\"");
			read_text(r, '"');
		} while (*r->p == ',');
		want(r, "}");
	}
	want(r, " ");
	n = strspn(r->p, "-0123456789.");
	assert_in_range(n, 1, 40);
	r->p += n;
	want(r, "\n");
	r->n_samples++;
}

static void read_all(struct reader *r, const struct buf *text)
{
	*r = (struct reader){ .p = text->data };
	while (strcmp(r->p, "# EOF\n") != 0) {
		if (*r->p == '#')
			read_head(r);
		else
			read_sample(r);
	}
}

static void test_text(void **state)
{
	const struct api_label hard[] = { { "deployment", "a\"b\\c\nd" }, { "runtime", "youki" } };
	const struct api_label version[] = { { "version", "0.1.0" } };
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);
	struct api_metrics m;
	struct reader r;

	(void)state;
	api_metrics_begin(&m, &text);
	api_metrics_family(&m, "tallyman_build", API_METRICS_INFO, NULL, "What runs.");
	api_metrics_u64(&m, version, 1, 1);
	api_metrics_family(&m, "tallyman_steps", API_METRICS_COUNTER, NULL,
			   "Steps\\done\n\"so far\".");
	api_metrics_u64(&m, hard, 2, 18446744073709551615u);
	api_metrics_u64(&m, NULL, 0, 0);
	api_metrics_family(&m, "tallyman_loop_seconds", API_METRICS_GAUGE, "seconds", "Of a turn.");
	api_metrics_us(&m, NULL, 0, 1000001);
	api_metrics_us(&m, version, 1, -5);
	api_metrics_end(&m);
	assert_string_equal(
		text.data, "# TYPE tallyman_build info\n"
			   "# HELP tallyman_build What runs.\n"
			   "tallyman_build_info{version=\"0.1.0\"} 1\n"
			   "# TYPE tallyman_steps counter\n"
			   "# HELP tallyman_steps Steps\\\\done\\n\\\"so far\\\".\n"
			   "tallyman_steps_total{deployment=\"a\\\"b\\\\c\\nd\",runtime=\"youki\"} "
			   "18446744073709551615\n"
			   "tallyman_steps_total 0\n"
			   "# TYPE tallyman_loop_seconds gauge\n"
			   "# UNIT tallyman_loop_seconds seconds\n"
			   "# HELP tallyman_loop_seconds Of a turn.\n"
			   "tallyman_loop_seconds 1.000001\n"
			   "tallyman_loop_seconds{version=\"0.1.0\"} -0.000005\n"
			   "# EOF\n");
	read_all(&r, &text);
	assert_int_equal(r.n_families, 3);
	assert_int_equal(r.n_samples, 5);
}

static void test_empty(void **state)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);
	struct api_metrics m;
	struct reader r;

	(void)state;
	api_metrics_begin(&m, &text);
	api_metrics_end(&m);
	read_all(&r, &text);
	assert_int_equal(r.n_families, 0);
}

/* Whatever bytes are in a label, the text stays one. */
static void test_any_label(void **state)
{
	struct buf text CLEAN(buf) = BUF_INIT(1 << 20);
	struct api_metrics m;
	struct reader r;

	(void)state;
	api_metrics_begin(&m, &text);
	api_metrics_family(&m, "x", API_METRICS_GAUGE, NULL, "");
	for (int c = 1; c < 256; c++) {
		const char value[] = { 'a', (char)c, (char)c, '\\', '\0' };
		const struct api_label label = { "l", value };

		api_metrics_u64(&m, &label, 1, 7);
	}
	api_metrics_end(&m);
	read_all(&r, &text);
	assert_int_equal(r.n_samples, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_any_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
