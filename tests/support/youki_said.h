/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Scripts in real containers of each OCI program that is here, and what they say. */
#include "tests/support/youki_world.h"

struct CMUnitTest;

/** youki_said_main() - @tests with each program; the result of main(). They have the two below */
int youki_said_main(const struct CMUnitTest *tests, size_t n);
int youki_said_setup(void **state);
int youki_said_teardown(void **state);

/** youki_said() - all that a container of the world's service says which runs @script (NULL: what
 *  the service says); it is gone afterwards, and w->last_code is its exit code */
const char *youki_said(struct youki_world *w, const char *script);

/** youki_said_service() - a name that no container had, so that its log is its own */
const char *youki_said_service(struct youki_world *w);

/** youki_said_log() - the lines of a service's log, without what stands before their texts */
const char *youki_said_log(struct youki_world *w, const char *service);

/* Fail the test, with all of @text. */
void youki_said_has(struct youki_world *w, const char *text, const char *part);
void youki_said_lacks(struct youki_world *w, const char *text, const char *part);
void youki_said_is(struct youki_world *w, const char *text, const char *want);
