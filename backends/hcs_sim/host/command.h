/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A Windows command line as a program of this host. What is understood (the README has examples):
 *
 *   cmd /c TEXT          /bin/sh runs TEXT after %NAME% was replaced; `set` alone prints the
 *                        environment
 *   ping, timeout        wait, as Windows users make them do
 *   a path or name       a file of the image: in the scratch layer, then in its parents, nearest
 *                        first, below Files, in any case, also with .exe, .cmd or .bat; what is
 *                        no program of this host is read by /bin/sh
 *   /bin/x, x            a program of the host, when the image has none of that name
 *
 * Words are split as Windows programs split them (CommandLineToArgvW).
 */
#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"

struct command_place {
	const char *const
		*roots;      /* "Files" of scratch and layers, nearest first; NULL-terminated */
	const char *scratch; /* the first of them, which is writable; NULL: none */
	const char *system_id;
	const char *host_name; /* NULL: none */
};

struct command {
	const char *path; /* absolute, of the host */
	const char *const *argv;
	const char *const *env;
	const char *directory;
	const char *image_name; /* "cmd.exe": for the list of processes */
};

/** command_split() - words of a command line; at least one, which may be empty */
const char *const *command_split(const char *line, struct arena *a);

/**
 * command_resolve() - what HcsCreateProcess's parameters run here
 * @parameters: a checked document
 *
 * Return: 0; -ERR_INVALID without a command line; -ERR_NOT_FOUND when there is no such program,
 *         or no such directory.
 */
int command_resolve(const struct command_place *place, struct json_object *parameters,
		    struct arena *a, struct command *ret, struct error *err);
