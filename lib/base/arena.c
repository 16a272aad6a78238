#include "lib/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_SIZE = 16 * 1024, ALIGN = 16 };

struct arena_block {
	struct arena_block *older;
	size_t used, size;
	_Alignas(16) char data[];
};

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "jlmkr: out of memory\n";

	if (write(2, text, sizeof text - 1) < 0) _exit(1);
	_exit(1);
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b;

	if (size > SIZE_MAX / 2 || !(b = malloc(sizeof *b + size))) out_of_memory();
	b->used = 0;
	b->size = size;
	return b;
}

/* A large request gets a block of its own behind the current one, so that the
 * room left in the current one is not lost. */
void *arena_alloc(struct arena *m, size_t n)
{
	struct arena_block *b = m->blocks;
	void *p;

	if (n > SIZE_MAX / 4) out_of_memory();
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!b || b->size - b->used < n) {
		b = block_new(n > BLOCK_SIZE ? n : BLOCK_SIZE);
		if (n > BLOCK_SIZE && m->blocks) {
			b->older = m->blocks->older;
			m->blocks->older = b;
		} else {
			b->older = m->blocks;
			m->blocks = b;
		}
	}
	p = b->data + b->used;
	b->used += n;
	return memset(p, 0, n);
}

void *arena_array(struct arena *m, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size) out_of_memory();
	return arena_alloc(m, count * size);
}

void *arena_grow(struct arena *m, void *v, size_t n, size_t *room, size_t size)
{
	void *larger;

	if (n < *room) return v;
	*room = *room ? *room * 2 : 16;
	larger = arena_array(m, *room, size);
	return n ? memcpy(larger, v, n * size) : larger;
}

void *arena_memdup(struct arena *m, const void *p, size_t n)
{
	void *copy = arena_alloc(m, n);

	return n ? memcpy(copy, p, n) : copy;
}

char *arena_strndup(struct arena *m, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = arena_alloc(m, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *m, const char *s)
{
	return arena_strndup(m, s, strlen(s));
}

char *arena_vprintf(struct arena *m, const char *fmt, va_list ap)
{
	va_list again;
	char *s;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) out_of_memory();
	s = arena_alloc(m, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	return s;
}

char *arena_printf(struct arena *m, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(m, fmt, ap);
	va_end(ap);
	return s;
}

void arena_free(struct arena *m)
{
	struct arena_block *b = m->blocks;

	while (b) {
		struct arena_block *older = b->older;

		free(b);
		b = older;
	}
	m->blocks = NULL;
}
