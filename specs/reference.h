/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * References in env values: a value that begins with $E: or $S: stands as a
 * whole for something else. Nothing is looked up here.
 */
struct arena;

enum reference_kind {
	REFERENCE_NONE,   /* an ordinary value */
	REFERENCE_ENV,    /* $E:VAR */
	REFERENCE_SECRET, /* $S:… */
};

/* The forms of a secret:
 *	$S:NAME[/FIELD]              of the deployment
 *	$S:@SERVICE/NAME[/FIELD]     of a service
 *	$S::ENV/NAME[/FIELD]         of an environment
 *	$S:PROJECT:ENV/NAME[/FIELD]  of an environment of a project
 */
struct reference {
	enum reference_kind kind;
	const char *name;        /* variable or secret */
	const char *field;       /* of a secret that is JSON; or NULL */
	const char *service;     /* or NULL */
	const char *project;     /* or NULL */
	const char *environment; /* or NULL */
};

enum { REFERENCE_MALFORMED = 1 };

/**
 * reference_parse() - what an env value stands for
 * @arena: strings of @ret
 *
 * Return: 0; REFERENCE_MALFORMED for a value that begins with $S: and has none of the forms.
 */
int reference_parse(const char *value, struct arena *arena, struct reference *ret);
