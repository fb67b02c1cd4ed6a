/* SPDX-License-Identifier: Apache-2.0 */
/* Names of kinds and states, both ways. */
#include "specs/leftover.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"

const char *leftover_kind_name(enum leftover_what what)
{
	static const char *const names[LEFTOVER_N_KINDS] = {
#define X(id, name) [LEFTOVER_##id] = name,
		LEFTOVER_KINDS(X)
#undef X
	};

	return names[what];
}

const char *leftover_words(unsigned kinds, struct arena *a)
{
	struct buf text CLEAN(buf) = BUF_INIT(LIMIT_PATH);

	for (int i = 0; i < LEFTOVER_N_KINDS; i++)
		if (kinds & leftover_bit((enum leftover_what)i))
			buf_printf(&text, "%s%s", text.n ? ", " : "",
				   leftover_kind_name((enum leftover_what)i));
	return arena_strndup(a, text.data, text.n);
}

static unsigned kind_of(const char *word, size_t n)
{
	for (int i = 0; i < LEFTOVER_N_KINDS; i++) {
		const char *name = leftover_kind_name((enum leftover_what)i);

		if (strlen(name) == n && memcmp(name, word, n) == 0)
			return leftover_bit((enum leftover_what)i);
	}
	return 0;
}

unsigned leftover_kinds(const char *words)
{
	unsigned kinds = 0;

	while (*words) {
		size_t n = strcspn(words, ", ");

		kinds |= kind_of(words, n);
		words += n;
		words += strspn(words, ", ");
	}
	return kinds;
}

static const char *const state_names[ORPHAN_N_STATES] = {
#define X(id, name) [ORPHAN_##id] = name,
	ORPHAN_STATES(X)
#undef X
};

const char *orphan_state_to_string(enum orphan_state s)
{
	return state_names[s];
}

bool orphan_state_from_string(const char *text, enum orphan_state *ret)
{
	for (int i = 0; i < ORPHAN_N_STATES; i++) {
		if (strcmp(state_names[i], text) != 0)
			continue;
		*ret = (enum orphan_state)i;
		return true;
	}
	return false;
}
