/* Words, escapes and encoded bytes, as systemd's clients read them. One function splits nearly
 * all properties that are lists; enum word_how selects how quotes, escapes and separators
 * count. */

#include "lib/systemd/props/impl.h"

#include <string.h>

/* The value of `n` digits of base 8 or 16; -1 if there are fewer. */
static int64_t digits_take(const char *s, int n, int base)
{
	int64_t v = 0;

	for (int i = 0; i < n; i++) {
		int d = hex_value(s[i]);

		if (d < 0 || d >= base) return -1;
		v = v * base + d;
	}
	return v;
}

static void utf8_add(struct str *b, uint32_t c)
{
	if (c < 0x80) {
		str_addc(b, (char)c);
		return;
	}
	if (c < 0x800) {
		str_addc(b, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		str_addc(b, (char)(0xe0 | c >> 12));
		str_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		str_addc(b, (char)(0xf0 | c >> 18));
		str_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		str_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	str_addc(b, (char)(0x80 | (c & 0x3f)));
}

static bool char_is_valid(int64_t c)
{
	if (c >= 0x110000 || (c & 0xfffff800) == 0xd800) return false;
	return !(c >= 0xfdd0 && c <= 0xfdef) && (c & 0xfffe) != 0xfffe;
}

/* Read an escape; `s` is after the backslash. Returns its length, 0 if it is not an escape. */
static size_t escape_take(const char *s, bool nul_too, struct str *out)
{
	static const char letters[] = "abfnrtv\\\"'s", meant[] = "\a\b\f\n\r\t\v\\\"' ";
	const char *simple = *s ? strchr(letters, *s) : NULL;
	bool byte = *s == 'x' || (*s >= '0' && *s <= '7');
	size_t n = *s == 'x' ? 3 : *s == 'u' ? 5 : *s == 'U' ? 9 : 3;
	int64_t c;

	if (simple) {
		str_addc(out, meant[simple - letters]);
		return 1;
	}
	if (!byte && *s != 'u' && *s != 'U') return 0;
	c = n == 3 && *s != 'x' ? digits_take(s, 3, 8) : digits_take(s + 1, (int)n - 1, 16);
	if (c < 0 || (!c && !nul_too) || (byte && c > 255)) return 0;
	if (*s == 'U' && !char_is_valid(c)) return 0;
	if (byte)
		str_addc(out, (char)c);
	else
		utf8_add(out, (uint32_t)c);
	return n;
}

/* Read what a backslash quotes; `*p` is after the backslash, and moves past it. */
static bool backslash_take(const char **p, const char *seps, unsigned how, struct str *out)
{
	size_t n = how & WORD_ESCAPES ? escape_take(*p, false, out) : 0;

	if (!**p) return false;
	if (!n) {
		bool saved = strchr(seps, **p) || **p == '\\';

		if (how & WORD_SAVE_SEPS ? !saved : how & WORD_ESCAPES) return false;
		str_addc(out, **p);
		n = 1;
	}
	*p += n;
	return true;
}

/* Read up to the closing quote; `*p` is after the opening one. */
static bool quoted_take(const char **p, const char *seps, unsigned how, struct str *out)
{
	char quote = (*p)[-1];

	while (**p != quote) {
		if (!**p) return false;
		if (**p == '\\' && !(how & WORD_KEEP_ESCAPES)) {
			(*p)++;
			if (!backslash_take(p, seps, how, out)) return false;
		} else {
			str_addc(out, *(*p)++);
		}
	}
	(*p)++;
	return true;
}

static bool word_body(const char **p, const char *seps, unsigned how, struct str *out)
{
	while (**p && !strchr(seps, **p)) {
		char c = *(*p)++;

		if ((how & WORD_QUOTES) && (c == '\'' || c == '"')) {
			if (!quoted_take(p, seps, how, out)) return false;
		} else if (c == '\\' && !(how & WORD_KEEP_ESCAPES)) {
			if (!backslash_take(p, seps, how, out)) return false;
		} else {
			str_addc(out, c);
		}
	}
	return true;
}

int word_next(struct arena *m, const char **p, char **word, const char *seps, unsigned how)
{
	struct str out = { .m = m };

	*word = NULL;
	if (!*p) return 0;
	if (!(how & WORD_EACH_SEP)) {
		*p += strspn(*p, seps);
		if (!**p) {
			*p = NULL;
			return 0;
		}
	}
	if (!word_body(p, seps, how, &out)) return -1;
	if (**p && how & WORD_EACH_SEP)
		(*p)++;
	else if (!*(*p += strspn(*p, seps)))
		*p = NULL;
	*word = arena_strdup(m, str_text(&out));
	return 1;
}

int words_take(struct arena *m, const char **p, const char *seps, unsigned how, char **list,
               int max)
{
	int n = 0, got = 1;

	memset(list, 0, (size_t)max * sizeof *list);
	while (n < max && (got = word_next(m, p, &list[n], seps, how)) > 0)
		n++;
	return got < 0 ? -1 : n;
}

char *text_unescape(struct arena *m, const char *s, bool nul_too, size_t *n)
{
	struct str out = { .m = m };

	while (*s) {
		size_t taken;

		if (*s != '\\') {
			str_addc(&out, *s++);
			continue;
		}
		if (!(taken = escape_take(s + 1, nul_too, &out))) return NULL;
		s += 1 + taken;
	}
	*n = out.len;
	return arena_memdup(m, str_text(&out), out.len + 1);
}

/* The value of the next base64 digit; 64 for '=', -1 at the end and for any other character. */
static int base64_take(const char **s)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
	const char *at;

	*s += strspn(*s, BLANKS);
	if (!**s || !(at = strchr(letters, **s))) return -1;
	(*s)++;
	return (int)(at - letters);
}

/* Read a group of four; false if it is invalid. `*end`: it was padded. */
static bool base64_group(const char **s, struct str *out, bool *end)
{
	int v[4];
	uint32_t bits;

	for (int i = 0; i < 4; i++)
		if ((v[i] = base64_take(s)) < 0) return false;
	if (v[0] == 64 || v[1] == 64 || (v[2] == 64 && v[3] != 64)) return false;
	*end = v[3] == 64;
	if ((v[2] == 64 && v[1] & 15) || (*end && v[2] != 64 && v[2] & 3)) return false;
	bits = (uint32_t)v[0] << 18 | (uint32_t)v[1] << 12 | (uint32_t)(v[2] & 63) << 6 |
	       (uint32_t)(v[3] & 63);
	str_addc(out, (char)(bits >> 16));
	if (v[2] != 64) str_addc(out, (char)(bits >> 8 & 0xff));
	if (v[3] != 64) str_addc(out, (char)(bits & 0xff));
	return true;
}

void *text_base64(struct arena *m, const char *s, size_t *n)
{
	struct str out = { .m = m };
	bool end = false;

	for (s += strspn(s, BLANKS); *s; s += strspn(s, BLANKS))
		if (end || !base64_group(&s, &out, &end)) return NULL;
	*n = out.len;
	return arena_memdup(m, str_text(&out), out.len);
}

void *text_hex(struct arena *m, const char *s, size_t *n)
{
	struct str out = { .m = m };

	for (s += strspn(s, BLANKS); *s; s += strspn(s, BLANKS)) {
		int high = hex_value(*s++), low;

		s += strspn(s, BLANKS);
		if (high < 0 || (low = hex_value(*s)) < 0) return NULL;
		s++;
		str_addc(&out, (char)(high << 4 | low));
	}
	*n = out.len;
	return arena_memdup(m, str_text(&out), out.len);
}

/* Skip slashes and single dots. */
static char *skip_nothing(char *p)
{
	for (;;) {
		if (*p == '/')
			p++;
		else if (p[0] == '.' && p[1] == '/')
			p += 2;
		else
			return p[0] == '.' && !p[1] ? p + 1 : p;
	}
}

/* Stops at a component that is too long for a file name, as systemd does. */
char *path_simplify(char *path)
{
	enum { NAME_LIMIT = 255 };
	char *to = path, *from = path;
	bool slash = false;

	if (!*path) return path;
	if (*path == '/') to++;
	for (from = skip_nothing(from); *from; from = skip_nothing(from)) {
		size_t n = strcspn(from, "/");

		if (slash) *to++ = '/';
		if (n > NAME_LIMIT) {
			memmove(to, from, strlen(from) + 1);
			return path;
		}
		memmove(to, from, n);
		to += n;
		from += n;
		slash = true;
	}
	if (to == path) *to++ = '.';
	*to = 0;
	return path;
}

int64_t name_lookup(const struct name_value *table, const char *name)
{
	for (; table->name; table++)
		if (str_eq(table->name, name)) return table->value;
	return -1;
}
