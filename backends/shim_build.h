/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Which build of the program this is, as greetings, the API and `version` say it. */

/* "0.1.0". In a file of its own, so that a test links a program that calls itself newer. */
extern const char *const shim_build;

/** shim_build_compare() - numbers between dots, one by one: < 0 when @a is older, 0, > 0. What is
 * no number counts as 0 */
int shim_build_compare(const char *a, const char *b);
