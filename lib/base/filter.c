#include "lib/base/filter.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/shown.h"
#include "lib/base/str.h"

/* The length of the SGR sequence at `s`; 0: not one; `n` + 1: more bytes are needed to know. */
static size_t colour_length(const char *s, size_t n)
{
	static const char begin[] = "\033[";
	size_t at = 2;

	if (memcmp(s, begin, n < 2 ? n : 2) != 0) return 0;
	if (n < 2) return n + 1;
	while (at < n && at < FILTER_HELD - 1 && s[at] && strchr("0123456789;:", s[at]))
		at++;
	if (at == n) return n + 1;
	return s[at] == 'm' ? at + 1 : 0;
}

/* Whether the `n` bytes are the begin of a longer character in UTF-8. */
static bool is_begun(const char *s, size_t n)
{
	unsigned char first = (unsigned char)*s;
	size_t want = first < 0xc2 || first > 0xf4 ? 1
	              : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80) return false;
	return n < want;
}

static void add_colour(struct filter *f, const char *s, size_t n, struct str *out)
{
	if (!f->colours) return;
	str_addn(out, s, n);
	f->coloured = !(n == 3 || (n == 4 && s[2] == '0'));
}

/* Returns how many bytes were consumed; 0: more bytes are needed to decide. */
static size_t pass(struct filter *f, const char *s, size_t n, bool last, struct str *out)
{
	char piece[SHOWN_MAX + 1];
	size_t len = *s == '\033' ? colour_length(s, n) : 0;

	if (len > n || is_begun(s, n)) {
		if (!last) return 0;
		len = 0;
	}
	if (len) return add_colour(f, s, len, out), len;
	if (*s && strchr(f->returns ? "\n\t\r" : "\n\t", *s)) return str_addc(out, *s), 1;
	len = shown_next(s, n, piece);
	str_add(out, piece);
	return len;
}

static void pass_all(struct filter *f, const char *s, size_t n, bool last, struct str *out)
{
	size_t took;

	for (; n && (took = pass(f, s, n, last, out)); s += took, n -= took)
		;
	memcpy(f->held, s, n);
	f->n = n;
}

void filter_add(struct filter *f, const char *data, size_t n, struct str *out)
{
	AUTOFREE struct arena m = { 0 };
	struct str all = { .m = &m };

	str_addn(&all, f->held, f->n);
	str_addn(&all, data, n);
	pass_all(f, all.s, all.len, false, out);
}

void filter_end(struct filter *f, struct str *out)
{
	char held[FILTER_HELD];

	memcpy(held, f->held, f->n);
	pass_all(f, held, f->n, true, out);
	if (f->coloured) str_add(out, "\033[m");
	f->coloured = false;
}
