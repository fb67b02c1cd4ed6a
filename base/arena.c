/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of blocks, each twice the last up to a megabyte; allocation bumps a
 * pointer. Freed memory is not reused before the reset: rounds are short.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* What is not handed out must not be touched: the sanitizer is told, where it is built in. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum {
	BLOCK_MIN =
		1 << 10, /* small: some live as long as a container, with a few strings in them */
	BLOCK_MAX = 1 << 20,
	ALIGN = _Alignof(max_align_t),
};

struct block {
	struct block *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(max_align_t) char data[];
};

struct arena {
	struct block *head; /* allocations come from here; never NULL */
	size_t used;
};

static struct block *block_new(size_t size, struct block *next)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (!b)
		abort();
	b->next = next;
	b->size = size;
	b->used = 0;
	ASAN_POISON_MEMORY_REGION(b->data, size);
	return b;
}

static void free_chain(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
		free(b);
		b = next;
	}
}

struct arena *arena_new(void)
{
	struct arena *a = xcalloc(1, sizeof(*a));

	a->head = block_new(BLOCK_MIN, NULL);
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	free_chain(a->head);
	free(a);
}

void arena_reset(struct arena *a)
{
	free_chain(a->head->next);
	a->head->next = NULL;
	a->head->used = 0;
	a->used = 0;
	ASAN_POISON_MEMORY_REGION(a->head->data, a->head->size);
}

static void *alloc_raw(struct arena *a, size_t size)
{
	size_t rounded = (size + ALIGN - 1) / ALIGN * ALIGN;
	struct block *b = a->head;
	void *p;

	if (rounded < size)
		abort();
	if (b->size - b->used < rounded) {
		size_t want = b->size < BLOCK_MAX ? b->size * 2 : BLOCK_MAX;

		b = a->head = block_new(want > rounded ? want : rounded, b);
	}
	p = b->data + b->used;
	ASAN_UNPOISON_MEMORY_REGION(p, rounded);
	b->used += rounded;
	a->used += rounded;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return memset(alloc_raw(a, size), 0, size);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		abort();
	return arena_alloc(a, n * size);
}

void *arena_grow(struct arena *a, void *items, size_t n, size_t size)
{
	void *bigger;

	if (n & (n - 1)) /* not a power of two: the last doubling left room */
		return items;
	bigger = arena_array(a, n ? n * 2 : 1, size);
	if (n)
		memcpy(bigger, items, n * size);
	return bigger;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = alloc_raw(a, n + 1);

	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	assert(n >= 0);
	p = alloc_raw(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		abort();
	return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
	void *q;

	if (size && n > SIZE_MAX / size)
		abort();
	q = realloc(p, n && size ? n * size : 1);
	if (!q)
		abort();
	return q;
}

char *xstrdup(const char *s)
{
	char *p = s ? strdup(s) : NULL;

	if (s && !p)
		abort();
	return p;
}
