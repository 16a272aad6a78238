#include "lib/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/shown.h"
#include "lib/base/utf8.h"

static void str_grow(struct str *b, size_t more)
{
	size_t room = b->room ? b->room : 64;
	char *s;

	if (b->room - b->len > more) return;
	while (room - b->len <= more)
		room *= 2;
	s = arena_alloc(b->m, room);
	if (b->len) memcpy(s, b->s, b->len);
	b->s = s;
	b->room = room;
}

void str_addn(struct str *b, const void *p, size_t n)
{
	str_grow(b, n);
	if (n) memcpy(b->s + b->len, p, n);
	b->len += n;
	b->s[b->len] = 0;
}

void str_add(struct str *b, const char *s)
{
	str_addn(b, s, strlen(s));
}

void str_addc(struct str *b, char c)
{
	str_addn(b, &c, 1);
}

void str_addf(struct str *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_add(b, arena_vprintf(b->m, fmt, ap));
	va_end(ap);
}

static void add_json_char(struct str *b, uint32_t c, const char *s, size_t n)
{
	if (!n) str_add(b, "\xef\xbf\xbd");
	else if (c == '"' || c == '\\') str_addf(b, "\\%c", (char)c);
	else if (c == '\n' || c == '\t') str_add(b, c == '\n' ? "\\n" : "\\t");
	else if (shown_plain(c)) str_addn(b, s, n);
	else if (c <= 0xffff) str_addf(b, "\\u%04x", (unsigned)c);
	else str_addf(b, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 | (c & 0x3ff));
}

void str_add_json(struct str *b, const char *text)
{
	size_t left = strlen(text), n;
	uint32_t c = 0;

	str_addc(b, '"');
	for (; left; text += n ? n : 1, left -= n ? n : 1) {
		n = utf8_next(text, left, &c);
		add_json_char(b, c, text, n);
	}
	str_addc(b, '"');
}

const char *str_text(const struct str *b)
{
	return b->s ? b->s : "";
}

void words_add(struct words *w, const char *word)
{
	w->v = arena_grow(w->m, w->v, w->n, &w->room, sizeof *w->v);
	w->v[w->n++] = arena_strdup(w->m, word);
	w->v = arena_grow(w->m, w->v, w->n, &w->room, sizeof *w->v);
	w->v[w->n] = NULL;
}

void words_addf(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	words_add(w, arena_vprintf(w->m, fmt, ap));
	va_end(ap);
}

void words_add_all(struct words *w, char *const *list)
{
	for (; *list; list++)
		words_add(w, *list);
}

bool words_have(char *const *list, const char *word)
{
	for (; *list; list++)
		if (str_eq(*list, word)) return true;
	return false;
}

char **words_list(const struct words *w)
{
	static char *const none[] = { NULL };

	return w->v ? w->v : (char **)none;
}

const char *words_join(struct arena *m, char *const *list, const char *between)
{
	struct str text = { .m = m };

	for (char *const *word = list; *word; word++)
		str_addf(&text, "%s%s", word > list ? between : "", *word);
	return str_text(&text);
}

bool str_starts(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

bool str_ends(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && !memcmp(s + n - k, end, k);
}

bool str_eq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

int hex_value(char c)
{
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'a' && c <= 'f') return c - 'a' + 10;
	if (c >= 'A' && c <= 'F') return c - 'A' + 10;
	return -1;
}

size_t str_count(const char *s, char c)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}
