/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An OCI program that behaves badly when it is told to: a script in front of a real one, as
 * `runtime.oci.path` may name it. In between it is the real one.
 */
#include "tests/support/youki_world.h"

struct bad_program {
	struct youki_world *w;
	const char *path; /* of the script; its name begins with the program's */
};

/** bad_program_new() - in the world's directory; texts in its arena */
struct bad_program bad_program_new(struct youki_world *w);

/**
 * bad_program_set() - what the next calls of @verb ("create", "--version") are answered with
 * @action: "stall"     it never ends
 *          "rubbish"   it prints what nobody can read, and ends well
 *          "fail"      it prints some on stderr, and ends with 3
 *          "die"       the real one is killed as soon as it has made its state directory
 *          "cut"       the real one does it, its own note of that is lost, and it ends with 137
 *          NULL        as the real one does
 */
void bad_program_set(const struct bad_program *b, const char *verb, const char *action);

/** bad_program_hits() - how often it has misbehaved since it was last set */
int bad_program_hits(const struct bad_program *b);

/** bad_program_mend() - the script becomes another file, as an upgrade would make it */
void bad_program_mend(const struct bad_program *b);

/** bad_program_move() - out of its place, or back */
void bad_program_move(const struct bad_program *b, bool away);
