#include "lib/base/utf8.h"

/* How many bytes follow the first one, its own bits, and the least character of that length.
 * SIZE_MAX: not a first byte. */
static size_t tail_length(unsigned char first, uint32_t *bits, uint32_t *least)
{
	if (first < 0x80) return *bits = first, *least = 0, 0;
	if (first >= 0xc2 && first < 0xe0) return *bits = first & 0x1f, *least = 0x80, 1;
	if (first >= 0xe0 && first < 0xf0) return *bits = first & 0x0f, *least = 0x800, 2;
	if (first >= 0xf0 && first < 0xf5) return *bits = first & 0x07, *least = 0x10000, 3;
	return SIZE_MAX;
}

size_t utf8_next(const char *s, size_t n, uint32_t *c)
{
	uint32_t least;
	size_t tail = n ? tail_length((unsigned char)*s, c, &least) : SIZE_MAX;

	if (tail >= n) return 0;
	for (size_t i = 1; i <= tail; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80) return 0;
		*c = *c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (*c < least || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000)) return 0;
	return tail + 1;
}

bool utf8_valid(const char *s, size_t n)
{
	uint32_t c;
	size_t k;

	for (; n; s += k, n -= k)
		if (!(k = utf8_next(s, n, &c))) return false;
	return true;
}
