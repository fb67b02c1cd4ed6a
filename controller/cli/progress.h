/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Progress: what happens while a command works, on stderr. Results are not its business.
 *
 *   plain  a line for each thing that is begun, ends, fails, or comes to rest
 *   tty    the same above a line that says where everything is, rewritten in place
 *   json   one object a line: tallyman.progress.v1
 *   quiet  only what fails
 */
#include "controller/cli/output.h"
#include "controller/news.h"

struct progress;

/**
 * progress_new() - @word: one of the above, or "auto" or NULL: tty on a terminal, else plain
 *
 * Return: 0; -ERR_INVALID for another word.
 */
int progress_new(struct output *out, const char *word, struct progress **ret, struct error *err);
void progress_free(struct progress *p); /* NULL is fine */
CLEAN_DEFINE(progress, struct progress *, progress_free)

/** progress_note() - something happened, as the core tells it */
void progress_note(struct progress *p, const char *deployment, const struct reconcile_note *n);

/**
 * progress_look() - tell which slots came to rest since the last look; the first one tells none
 * @is_last: look in any case, and take the rewritten line away; else only when looks have not cost
 *           more than their share of the time
 */
void progress_look(struct progress *p, const struct driver *d, bool is_last);

/** progress_news() - a slot came to rest or began to wait, as somebody else found */
void progress_news(struct progress *p, const struct news_item *n);

/** progress_counts() - how many slots are in which state; NULL: take the rewritten line away */
void progress_counts(struct progress *p, const size_t *counts);

/** progress_say() - a sentence about the command itself; also when quiet */
void progress_say(struct progress *p, const char *what, const char *text);
