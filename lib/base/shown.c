#include "lib/base/shown.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/base/utf8.h"

/* Unicode's Cc, Zl and Zp, the default ignorable characters except variation selectors
 * (emoji use them), and the marks of annotations. */
static const struct range {
	uint32_t first, last;
} escaped[] = {
	{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x034f, 0x034f }, { 0x061c, 0x061c },
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f },
	{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff },
};

bool shown_plain(uint32_t c)
{
	if (c >= 0x20 && c < 0x7f) return true;
	for (size_t i = 0; i < sizeof escaped / sizeof *escaped; i++)
		if (c <= escaped[i].last) return c < escaped[i].first;
	return true;
}

static void escape_char(uint32_t c, char *out)
{
	char letter = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : 0;

	if (letter) snprintf(out, SHOWN_MAX + 1, "\\%c", letter);
	else if (c < 0x80) snprintf(out, SHOWN_MAX + 1, "\\x%02x", (unsigned)c);
	else if (c <= 0xffff) snprintf(out, SHOWN_MAX + 1, "\\u%04x", (unsigned)c);
	else snprintf(out, SHOWN_MAX + 1, "\\U%08x", (unsigned)c);
}

size_t shown_next(const char *s, size_t n, char out[SHOWN_MAX + 1])
{
	uint32_t c = 0;
	size_t len = utf8_next(s, n, &c);

	if (!len) {
		snprintf(out, SHOWN_MAX + 1, "\\x%02x", (unsigned char)*s);
		return 1;
	}
	if (!shown_plain(c)) return escape_char(c, out), len;
	memcpy(out, s, len);
	out[len] = 0;
	return len;
}

size_t shown_copy(char *out, size_t room, const char *s)
{
	size_t left = strlen(s), at = 0;

	while (left) {
		char piece[SHOWN_MAX + 1];
		size_t took = shown_next(s, left, piece), n = strlen(piece);

		if (at + n >= room) break;
		memcpy(out + at, piece, n);
		at += n;
		s += took;
		left -= took;
	}
	out[at] = 0;
	return at;
}

static bool all_plain(const char *s)
{
	size_t left = strlen(s), n;
	uint32_t c;

	for (; left; s += n, left -= n)
		if (!(n = utf8_next(s, left, &c)) || !shown_plain(c)) return false;
	return true;
}

const char *shown(struct arena *m, const char *s)
{
	size_t left = strlen(s), took;
	char piece[SHOWN_MAX + 1];
	struct str out = { .m = m };

	if (all_plain(s)) return s;
	for (; left; s += took, left -= took) {
		took = shown_next(s, left, piece);
		str_add(&out, piece);
	}
	return str_text(&out);
}

size_t shown_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}
