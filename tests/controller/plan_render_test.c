/* SPDX-License-Identifier: Apache-2.0 */
/* The two faces of a plan, letter by letter: programs and people rely on them. */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "controller/plan_render.h"

#define ARRAY_N(a) (sizeof(a) / sizeof((a)[0]))

/* One change of each kind, with its steps. */
static struct step steps[] = {
	{ .kind = STEP_STAGE, .runtime = "youki", .digest = "sha256:1" },
	{ .kind = STEP_CREATE, .runtime = "youki", .instance_id = "shop.web-rep-0.1" },
	{ .kind = STEP_START, .runtime = "youki", .instance_id = "shop.web-rep-0.1" },
	{ .kind = STEP_SIGNAL, .runtime = "youki", .instance_id = "shop.old-rep-2.7", .signal = 3 },
	{ .kind = STEP_REMOVE, .runtime = "youki", .instance_id = "shop.old-rep-2.7" },
};
static struct plan_change changes[] = {
	{ .verdict = VERDICT_REMOVE,
	  .service = "old",
	  .slot = 2,
	  .name = "old-rep-2",
	  .cause = "scaled to 2",
	  .id = "shop.old-rep-2.7",
	  .first = 3,
	  .n = 2 },
	{ .verdict = VERDICT_CREATE,
	  .service = "web",
	  .name = "web-rep-0",
	  .cause = "not there",
	  .first = 0,
	  .n = 3 },
	{ .verdict = VERDICT_NEEDS_PEER,
	  .service = "iis",
	  .name = "iis-rep-0",
	  .cause = "no runtime for windows here",
	  .os = "windows" },
	{ .verdict = VERDICT_BLOCKED,
	  .service = "bad",
	  .name = "bad-rep-0",
	  .cause = "no such image",
	  .fields = "image",
	  .hint = "tallyman image import \"FILE\"" },
};

static const struct plan whole = {
	.deployment = "shop",
	.changes = changes,
	.n = ARRAY_N(changes),
	.steps = steps,
	.n_steps = ARRAY_N(steps),
	.n_create = 1,
	.n_remove = 1,
	.n_peer = 1,
	.n_blocked = 1,
	.hash = "0123456789abcdef",
};

static void test_text(void **state)
{
	(void)state;
	struct buf text CLEAN(buf) = BUF_INIT(4096);
	plan_render_text(&whole, &text);
	assert_string_equal(text.data,
			    "- remove old-rep-2: scaled to 2\n"
			    "+ create web-rep-0: not there\n"
			    "  needs peer (windows) iis-rep-0: no runtime for windows here\n"
			    "  blocked bad-rep-0: no such image [image]\n"
			    "    hint: tallyman image import \"FILE\"\n"
			    "Not in the plan: 1 for a peer, 1 blocked, 0 waiting.\n"
			    "Plan: 1 to create, 0 to replace, 1 to remove.\n");
}

static const struct {
	size_t create, start, update, replace, remove, waiting;
	const char *text;
} sums[] = {
	{ 0, 0, 0, 0, 0, 0, "Plan: nothing to do\n" },
	{ 2, 0, 0, 1, 0, 0, "Plan: 2 to create, 1 to replace, 0 to remove.\n" },
	{ 0, 0, 1, 0, 0, 0, "Plan: 0 to create, 0 to replace, 0 to remove, 1 to update.\n" },
	{ 0, 3, 2, 0, 0, 0,
	  "Plan: 0 to create, 0 to replace, 0 to remove, 2 to update, 3 to start.\n" },
	{ 0, 0, 0, 0, 0, 4,
	  "Not in the plan: 0 for a peer, 0 blocked, 4 waiting.\nPlan: nothing to do\n" },
};

static void test_sums(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(sums); i++) {
		struct buf text CLEAN(buf) = BUF_INIT(4096);
		const struct plan p = { .n_create = sums[i].create,
					.n_start = sums[i].start,
					.n_update = sums[i].update,
					.n_replace = sums[i].replace,
					.n_remove = sums[i].remove,
					.n_waiting = sums[i].waiting };
		plan_render_text(&p, &text);
		assert_string_equal(text.data, sums[i].text);
	}
}

static const char document[] =
	"{\"changes\":["
	"{\"action\":\"remove\",\"cause\":\"scaled to 2\",\"fields\":null,\"hint\":null,"
	"\"id\":\"shop.old-rep-2.7\",\"replica\":2,\"service\":\"old\",\"slot\":\"old-rep-2\","
	"\"steps\":[{\"id\":\"shop.old-rep-2.7\",\"kind\":\"signal\",\"runtime\":\"youki\","
	"\"signal\":3},"
	"{\"id\":\"shop.old-rep-2.7\",\"kind\":\"remove\",\"runtime\":\"youki\"}]},"
	"{\"action\":\"create\",\"cause\":\"not there\",\"fields\":null,\"hint\":null,"
	"\"id\":null,\"replica\":0,\"service\":\"web\",\"slot\":\"web-rep-0\",\"steps\":["
	"{\"digest\":\"sha256:1\",\"id\":null,\"kind\":\"stage\",\"runtime\":\"youki\"},"
	"{\"id\":\"shop.web-rep-0.1\",\"kind\":\"create\",\"runtime\":\"youki\"},"
	"{\"id\":\"shop.web-rep-0.1\",\"kind\":\"start\",\"runtime\":\"youki\"}]},"
	"{\"action\":\"needs_peer\",\"cause\":\"no runtime for windows here\",\"fields\":null,"
	"\"hint\":null,\"id\":null,\"replica\":0,\"required_os\":\"windows\",\"service\":\"iis\","
	"\"slot\":\"iis-rep-0\",\"steps\":[]},"
	"{\"action\":\"blocked\",\"cause\":\"no such image\",\"fields\":\"image\","
	"\"hint\":\"tallyman image import \\\"FILE\\\"\",\"id\":null,\"replica\":0,"
	"\"service\":\"bad\",\"slot\":\"bad-rep-0\",\"steps\":[]}],"
	"\"deployment\":\"shop\",\"hash\":\"0123456789abcdef\",\"orphans\":[\"lost.db-rep-1.4\"],"
	"\"schema\":\"tallyman.plan.v1\","
	"\"summary\":{\"blocked\":1,\"create\":1,\"needs_peer\":1,\"remove\":1,\"replace\":0,"
	"\"start\":0,\"update\":0,\"waiting\":0}}";

static void test_json(void **state)
{
	(void)state;
	const struct instance orphan = { .id = "lost.db-rep-1.4" };
	const struct instance *const orphans[] = { &orphan };
	struct plan p = whole;
	struct buf text CLEAN(buf) = BUF_INIT(1 << 14);
	struct buf canonical CLEAN(buf) = BUF_INIT(1 << 14);
	struct json_object *o CLEAN(json) = NULL;

	p.orphans = orphans;
	p.n_orphans = 1;
	plan_render_json(&p, &text);
	assert_int_equal(text.data[text.n - 1], '\n');
	assert_int_equal(json_parse(text.data, text.n, &o, NULL), 0);
	json_canonical(o, &canonical);
	assert_string_equal(canonical.data, document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
