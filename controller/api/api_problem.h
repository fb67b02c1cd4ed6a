/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Errors on the wire: one document for all, `tallyman.error.v1` with code, message, cause and
 * hint, the one that commands print with -o json; and the table of codes to HTTP statuses. Pure.
 */
#include "base/error.h"
#include "base/json.h"

/** api_problem_status() - the HTTP status of a code; 500 for one that a client cannot help */
unsigned api_problem_status(enum error_code code);

/** api_problem_code() - what a status means when there is no document: of another server, or of
 *  the HTTP library's own */
enum error_code api_problem_code(unsigned status);

/** api_problem_document() - a new document; `cause` is the root, `hint` null when there is none */
struct json_object *api_problem_document(const struct error *err);

/**
 * api_problem_read() - the error that a document was made of
 *
 * Return: 0; -ERR_INVALID when @text is no such document.
 */
int api_problem_read(const char *text, size_t n, struct error *ret, struct error *err);
