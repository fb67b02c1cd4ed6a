/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The codes of findings, for explain: what each means and what to do about it. */
#include <stdbool.h>

#include "controller/cli/command.h"

/** explain_code_is() - does @word look like a code: "E0201", "e201", "201"? Not whether there is
 * one */
bool explain_code_is(const char *word);

/** explain_code() - print one code; -ERR_NOT_FOUND when there is no such code */
int explain_code(struct cli *cli, const char *word, struct error *err);

/** explain_code_all() - print a table of all codes */
void explain_code_all(struct cli *cli);
