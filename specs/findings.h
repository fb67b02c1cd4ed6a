/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is wrong with a file: all of it, each finding with its place. Findings
 * live in the arena they were started with. FORMAT.md lists the codes.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "specs/finding_codes.h"
#include "specs/node.h"

struct arena;
struct json_object;

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct finding {
	enum finding_code code;
	enum severity severity;
	const char *path; /* "services.web.image"; "" for the file as a whole */
	struct mark mark; /* line 0: unknown */
	const char *message;
	const char *hint; /* or NULL */
};

struct findings {
	struct arena *arena;
	const char *file;  /* as the user named it */
	const char *bytes; /* the file's, for the printed line; or NULL */
	size_t n_bytes;
	struct finding *items; /* at most LIMIT_FINDINGS errors and as many warnings */
	size_t n;
	size_t n_errors;   /* counted, shown or not */
	size_t n_warnings; /* counted, shown or not */
};

/** findings_init() - start an empty list; everything given must outlive it */
void findings_init(struct findings *f, struct arena *arena, const char *file);

/**
 * findings_add() - note a finding; its severity follows from the code
 * @path: is copied
 * @hint: or NULL; is copied
 */
void findings_add(struct findings *f, enum finding_code code, struct mark mark, const char *path,
		  const char *hint, const char *message);

/** findings_message() - text for findings_add(), control characters made visible */
const char *findings_message(struct findings *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** findings_strict() - from now on the warnings in the list are errors */
void findings_strict(struct findings *f);

/** findings_sort() - by place, then code; findings of one place keep their order */
void findings_sort(struct findings *f);

/**
 * findings_print() - text for people
 *
 *	FILE:LINE:COL: error: MESSAGE [E0201]
 *	   |     imge:
 *	   |     ^
 *	   hint: did you mean 'image'?
 */
void findings_print(const struct findings *f, struct buf *ret);

/** findings_to_json() - an array of {file, line, column, severity, code, path, message, hint}.
 *  The caller owns it */
struct json_object *findings_to_json(const struct findings *f);

/** findings_code_text() - "E0201" */
const char *findings_code_text(enum finding_code code);

/** findings_code_meaning() - one sentence, or NULL for a number that is no code */
const char *findings_code_meaning(int code);

/** findings_code_severity() - of a finding with that code, as long as nobody says --strict */
enum severity findings_code_severity(enum finding_code code);

/** findings_code_at() - all codes one after the other, errors first; 0 behind the last */
int findings_code_at(size_t i);

/** findings_nearest() - the word in @words closest to a misspelled one, or NULL if none is close */
const char *findings_nearest(const char *word, const char *const *words, size_t n);
