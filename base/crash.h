/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Crash points: places where the program may be asked to die, as suddenly as by kill -9, to see
 * that the next start mends whatever that leaves. In test builds only (TALLYMAN_CRASH_POINTS):
 * elsewhere this is nothing at all, and no switch is in the program.
 *
 * CRASH_AT=N:FILE      the N-th point that a command reaches kills it
 * CRASH_AT=shim:N:FILE the same for a shim
 *
 * FILE gets the name of that point, and while it exists nobody dies: a shim that is started in the
 * place of the dead one lives.
 */
#ifdef TALLYMAN_CRASH_POINTS

/** crash_begin() - arm it, by what @env says; @command: what this process is */
void crash_begin(const char *(*env)(const char *name), const char *command);

/** crash_point() - one of the places; @what: which of many. From any thread */
void crash_point(const char *name, const char *what);

#else

static inline void crash_begin(const char *(*env)(const char *name), const char *command)
{
	(void)env;
	(void)command;
}

static inline void crash_point(const char *name, const char *what)
{
	(void)name;
	(void)what;
}

#endif
