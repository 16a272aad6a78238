/* The copies of lib/base/memcpy.c, which only take libc's place where that is musl. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tests/unit/test.h"

#undef __GLIBC__
#define memcpy quick_memcpy
#define memmove quick_memmove
#include "lib/base/memcpy.c"
#undef memcpy
#undef memmove

#ifdef __x86_64__

enum { ROOM = 2500, MIDDLE = 600 };

static void fill(unsigned char *p)
{
	for (size_t i = 0; i < ROOM; i++)
		p[i] = (unsigned char)(i * 7 + i / 251);
}

/* `n` bytes moved by `by` within one buffer, next to the same one byte at a time. */
static bool moves(size_t n, ptrdiff_t by)
{
	unsigned char got[ROOM], want[ROOM], copy[ROOM];

	fill(got);
	fill(want);
	fill(copy);
	for (size_t i = 0; i < n; i++)
		want[(size_t)(MIDDLE + by) + i] = copy[MIDDLE + i];
	CHECK(quick_memmove(got + MIDDLE + by, got + MIDDLE, n) == got + MIDDLE + by);
	return !memcmp(got, want, ROOM);
}

TEST(every_size_and_distance)
{
	for (size_t n = 0; n < 140; n++)
		for (ptrdiff_t by = -150; by <= 150; by++)
			CHECK(moves(n, by));
}

TEST(sizes_around_the_string_instruction)
{
	static const ptrdiff_t by[] = { -600, -33, -16, -15, -1, 0, 1, 15, 16, 17, 500 };

	for (size_t n = 1000; n < 1050; n++)
		for (size_t i = 0; i < sizeof by / sizeof *by; i++)
			CHECK(moves(n, by[i]));
}

TEST(copies)
{
	unsigned char from[ROOM], to[ROOM];

	fill(from);
	for (size_t n = 0; n < 1200; n++) {
		memset(to, 0xee, sizeof to);
		CHECK(quick_memcpy(to + 1, from + n % 16, n) == to + 1);
		CHECK(!memcmp(to + 1, from + n % 16, n) && to[0] == 0xee && to[n + 1] == 0xee);
	}
}

#else

TEST(it_is_musl_s_here)
{
	CHECK(true);
}

#endif
