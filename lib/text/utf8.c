#include "lib/text/utf8.h"

static bool utf8_is_space(uint32_t c)
{
	if (c <= 0x20) return (c >= 0x09 && c <= 0x0d) || c >= 0x1c;
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

size_t utf8_space_before(const char *s, size_t n)
{
	size_t at = 0, k;
	uint32_t c;

	while ((k = utf8_next(s + at, n - at, &c)) && utf8_is_space(c))
		at += k;
	return at;
}

size_t utf8_space_behind(const char *s, size_t n)
{
	size_t end = n, at;
	uint32_t c = 0;

	while (end) {
		at = end - 1;
		while (at && end - at < 4 && ((unsigned char)s[at] & 0xc0) == 0x80)
			at--;
		if (utf8_next(s + at, end - at, &c) != end - at || !utf8_is_space(c)) break;
		end = at;
	}
	return n - end;
}
