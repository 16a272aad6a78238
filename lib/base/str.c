#include "lib/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

const char *str_text(const struct str *b)
{
	return b->s ? b->s : "";
}

void words_add(struct words *w, const char *word)
{
	if (w->n + 1 >= w->room) {
		size_t room = w->room ? w->room * 2 : 16;
		char **v = arena_array(w->m, room, sizeof *v);

		if (w->n) memcpy(v, w->v, w->n * sizeof *v);
		w->v = v;
		w->room = room;
	}
	w->v[w->n++] = arena_strdup(w->m, word);
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
	static char *none[] = { NULL };

	return w->v ? w->v : none;
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
