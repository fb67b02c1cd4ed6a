/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Arena: memory that is freed all at once. Values that live one round (spec,
 * observed, plan) come from the round's arena; there is no free per object.
 * Not thread-safe: one owner at a time. Running out of memory aborts; sizes
 * from outside are compared with base/limits.h before they get here.
 */
#include <stdarg.h>
#include <stddef.h>

#include "base/clean.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine */
CLEAN_DEFINE(arena, struct arena *, arena_free)

/** arena_reset() - forget everything; keeps one block, so a steady round allocates nothing */
void arena_reset(struct arena *a);

/** arena_alloc() - @size zeroed bytes, aligned for any type */
void *arena_alloc(struct arena *a, size_t size);

/** arena_array() - @n zeroed elements of @size bytes; aborts on overflow */
void *arena_array(struct arena *a, size_t n, size_t size);

/**
 * arena_grow() - room for one more element in an array that doubles
 * @items: NULL or an array made by this function with this @n history
 * @n:     elements in use; the array is reallocated when @n is 0 or a power of two
 *
 * Return: the array to use from now on; element @n is zeroed.
 */
void *arena_grow(struct arena *a, void *items, size_t n, size_t size);

char *arena_strdup(struct arena *a, const char *s);            /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n); /* n bytes and a NUL */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/** arena_used() - bytes handed out since the last reset */
size_t arena_used(const struct arena *a);

/* Heap memory that aborts instead of failing, for what outlives a round. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s); /* NULL gives NULL */
