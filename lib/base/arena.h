/* Memory that lives as long as its arena
 *
 * A command is one process that does one thing: what it allocates is given back
 * all at once, by arena_free or by the end of the process. No single piece is
 * freed, so nothing leaks and nothing is used after it was freed.
 *
 * If the machine has no memory left, the program prints a message and ends with
 * status 1. Callers check sizes that come from outside before they allocate.
 * This is the only place that calls malloc.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdarg.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;	/* newest first */
};

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *m, size_t n);

/* Zeroed room for `count` elements of `size` bytes; ends the program on overflow. */
void *arena_array(struct arena *m, size_t count, size_t size);

/* Returns an array with room for at least one element more than the `n` in `v`: `v` itself, or
 * a copy twice as large (16 at first). `*room` is how many fit, 0 before the first call. */
void *arena_grow(struct arena *m, void *v, size_t n, size_t *room, size_t size);

char *arena_strdup(struct arena *m, const char *s);
char *arena_strndup(struct arena *m, const char *s, size_t n);
void *arena_memdup(struct arena *m, const void *p, size_t n);
char *arena_printf(struct arena *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *m, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Give everything back; the arena is empty and usable again. Safe on a zeroed one. */
void arena_free(struct arena *m);

#endif
