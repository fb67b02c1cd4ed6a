/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Scope-bound cleanup. A local that owns something carries CLEAN(kind), is
 * initialised on its declaration, and is released on every return; TAKE()
 * hands the value on. Release is in reverse order of declaration, so declare
 * the container before the thing inside. Never goto over such a declaration.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEAN(name) __attribute__((cleanup(clean_##name)))

/* The value moves out; the variable is left empty. */
#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

/* A descriptor moves out; the variable is left -1. */
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

/* For pointers: fn is not called for NULL. */
#define CLEAN_DEFINE(name, type, fn)                                                               \
	static inline void clean_##name(type *p)                                                   \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}

/* void * rather than void **: it must accept the address of any pointer type. */
static inline void clean_free(void *p)
{
	free(*(void **)p);
}

static inline void clean_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

CLEAN_DEFINE(file, FILE *, fclose)
