/* memcpy and memmove that are fast for small sizes
 *
 * A decoder copies some ten bytes at a time, millions of times. musl's memcpy for x86-64 is
 * one string instruction, which takes longer to start than such a copy takes in pieces that
 * overlap. These replace musl's because our objects are linked before it; with any other
 * libc or processor this file is empty. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __x86_64__ && !defined __GLIBC__

/* Else the compiler turns a loop that copies into a call of memcpy. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

/* From this size on the string instruction is faster. */
enum { LONG = 1024 };

typedef uint16_t two __attribute__((aligned(1), may_alias));
typedef uint32_t four __attribute__((aligned(1), may_alias));
typedef uint64_t eight __attribute__((aligned(1), may_alias));
typedef long long sixteen __attribute__((vector_size(16), aligned(1), may_alias));

/* A second call would take longer than most copies. */
#define QUICK __attribute__((always_inline))

/* Both loads come before both stores: correct for any overlap. */
#define ENDS(type, to, from, n) do { \
	type head = *(const type *)(from); \
	type tail = *(const type *)((from) + (n) - sizeof(type)); \
	*(type *)(to) = head; \
	*(type *)((to) + (n) - sizeof(type)) = tail; \
} while (0)

static inline QUICK void copy_short(char *to, const char *from, size_t n)
{
	if (n > 16) ENDS(sixteen, to, from, n);
	else if (n >= 8) ENDS(eight, to, from, n);
	else if (n >= 4) ENDS(four, to, from, n);
	else if (n >= 2) ENDS(two, to, from, n);
	else if (n) *to = *from;
}

/* More than 32 bytes; `to` below `from`, or apart. */
static inline QUICK void copy_up(char *to, const char *from, size_t n)
{
	sixteen a, b = *(const sixteen *)(from + n - 16);
	char *last = to + n - 16;

	if (n >= LONG) {
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
		return;
	}
	for (; to < last; to += 16, from += 16) {
		a = *(const sixteen *)from;
		*(sixteen *)to = a;
	}
	*(sixteen *)last = b;
}

/* More than 32 bytes; `to` above `from`, overlapping. */
static void copy_down(char *to, const char *from, size_t n)
{
	sixteen a, first = *(const sixteen *)from;
	size_t i;

	for (i = n - 16; i < n && i > 0; i = i > 16 ? i - 16 : 0) {
		a = *(const sixteen *)(from + i);
		*(sixteen *)(to + i) = a;
	}
	*(sixteen *)to = first;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	if (n <= 32) copy_short(to, from, n);
	else copy_up(to, from, n);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	if (n <= 32) copy_short(to, from, n);
	else if ((uintptr_t)to - (uintptr_t)from >= n) copy_up(to, from, n);
	else copy_down(to, from, n);
	return to;
}

#endif
