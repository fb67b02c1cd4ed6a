/* SPDX-License-Identifier: Apache-2.0 */
/* One table of questions; a file that asks another one is refused, as a slip in it would be. */
#include "backends/hcs_sim/host/switches.h"

#include <inttypes.h>
#include <string.h>

static const struct question {
	const char *name;
	size_t offset;
	const char *words; /* NULL: a number */
	const char *word;  /* the default */
	int64_t number, least, most;
} questions[] = {
#define X(id, default_word, list)                                                                  \
	{ .name = #id,                                                                             \
	  .offset = offsetof(struct switches, id),                                                 \
	  .words = (list),                                                                         \
	  .word = (default_word) },
	SWITCH_WORDS(X)
#undef X
#define X(id, default_number, lowest, highest)                                                     \
	{ .name = #id,                                                                             \
	  .offset = offsetof(struct switches, id),                                                 \
	  .number = (default_number),                                                              \
	  .least = (lowest),                                                                       \
	  .most = (highest) },
		SWITCH_NUMBERS(X)
#undef X
};

static int64_t *place_of(struct switches *s, const struct question *q)
{
	return (int64_t *)(void *)((char *)s + q->offset);
}

/* The place of a word in a list with blanks between; -1 when it is not there. */
static int64_t find_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (int64_t i = 0; *list; i++) {
		size_t len = strcspn(list, " ");

		if (len == n && memcmp(list, word, n) == 0)
			return i;
		list += len + (list[len] == ' ');
	}
	return -1;
}

/* The word at a place of such a list. */
static struct json_object *word_at(const char *list, int64_t place)
{
	for (; place > 0; place--)
		list += strcspn(list, " ") + 1;
	return json_object_new_string_len(list, (int)strcspn(list, " "));
}

void switches_default(struct switches *ret)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *q = &questions[i];

		*place_of(ret, q) = q->words ? find_word(q->words, q->word) : q->number;
	}
}

static int answer(struct switches *s, const char *name, struct json_object *value,
		  struct error *err)
{
	const struct question *q = NULL;
	int64_t v = -1;

	for (size_t i = 0; !q && i < sizeof(questions) / sizeof(questions[0]); i++)
		if (strcmp(questions[i].name, name) == 0)
			q = &questions[i];
	if (!q)
		return error_set(err, ERR_INVALID, 0, "no switch is called '%s'", name);
	if (q->words) {
		if (json_object_is_type(value, json_type_string))
			v = find_word(q->words, json_object_get_string(value));
		if (v < 0)
			return error_set(err, ERR_INVALID, 0, "switch %s is one of: %s", name,
					 q->words);
	} else {
		v = json_object_get_int64(value);
		if (!json_object_is_type(value, json_type_int) || v < q->least || v > q->most)
			return error_set(err, ERR_INVALID, 0,
					 "switch %s is a number from %" PRId64 " to %" PRId64, name,
					 q->least, q->most);
	}
	*place_of(s, q) = v;
	return 0;
}

int switches_read(const char *text, size_t n, struct switches *ret, struct error *err)
{
	struct json_object *o CLEAN(json) = NULL;
	struct switches s;
	int r = json_parse(text, n, &o, err);

	if (r < 0)
		return r;
	if (!json_object_is_type(o, json_type_object))
		return error_set(err, ERR_INVALID, 0, "switches are one JSON object");
	switches_default(&s);
	json_object_object_foreach (o, name, value) {
		r = answer(&s, name, value, err);
		if (r < 0)
			return r;
	}
	*ret = s;
	return 0;
}

struct json_object *switches_to_json(const struct switches *s)
{
	struct json_object *o = json_object_new_object();
	struct switches copy = *s;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct question *q = &questions[i];
		int64_t v = *place_of(&copy, q);

		json_put_obj(o, q->name,
			     q->words ? word_at(q->words, v) : json_object_new_int64(v));
	}
	return o;
}
