/* SPDX-License-Identifier: Apache-2.0 */
/* Runs scripts in real containers and compares what they say. */
#include "tests/support/youki_said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"

static const char *const programs[] = { "crun", "runc", "youki" };
static const char *current;

const char *youki_said_service(struct youki_world *w)
{
	static int n;

	return arena_printf(w->arena, "s%d", n++);
}

const char *youki_said_log(struct youki_world *w, const char *service)
{
	const char *log = youki_world_log(w, service);
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_SPEC_BYTES);

	while (*log) {
		size_t n = strcspn(log, "\n");
		const char *f = strstr(log, " F ");

		if (f && f < log + n)
			buf_printf(&text, "%.*s\n", (int)(log + n - f - 3), f + 3);
		log += n + (log[n] == '\n');
	}
	return arena_strdup(w->arena, text.data ? text.data : "");
}

const char *youki_said(struct youki_world *w, const char *script)
{
	const char *service = youki_said_service(w), *id;

	if (script)
		youki_world_shell(w, script);
	id = youki_world_run(w, service);
	w->last_code = youki_world_wait(w, id, INSTANCE_EXITED).exit_code;
	youki_world_end(w, id);
	return youki_said_log(w, service);
}

void youki_said_has(struct youki_world *w, const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s: no \"%s\" in:\n%s", w->program, part, text);
}

void youki_said_lacks(struct youki_world *w, const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("%s: \"%s\" in:\n%s", w->program, part, text);
}

void youki_said_is(struct youki_world *w, const char *text, const char *want)
{
	if (strcmp(text, want) != 0)
		fail_msg("%s: not\n%sbut\n%s", w->program, want, text);
}

int youki_said_setup(void **state)
{
	*state = youki_world_new(current);
	return 0;
}

int youki_said_teardown(void **state)
{
	youki_world_free(*state);
	return 0;
}

int youki_said_main(const struct CMUnitTest *tests, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		const char *missing = youki_world_missing(programs[i]);

		current = programs[i];
		if (missing) {
			printf("SKIP %s %s\n", current, missing);
			continue;
		}
		failed += _cmocka_run_group_tests(current, tests, n, NULL, NULL);
		printf("RAN %s %zu\n", current, n);
	}
	return failed;
}
