#include "lib/net/challenge.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"

static const char blanks[] = " \t";

bool challenge_is(const char *text, const char *scheme)
{
	size_t n = strlen(scheme);

	return !strncasecmp(text, scheme, n) && (!text[n] || strchr(blanks, text[n]));
}

/* Take a value, up to what follows it. */
static const char *take_parameter(struct str *out, const char *s)
{
	size_t n = strcspn(s, ", \t");

	if (*s != '"') {
		str_addn(out, s, n);
		return s + n;
	}
	for (s++; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1]) s++;
		str_addc(out, *s);
	}
	return *s ? s + 1 : s;
}

const char *challenge_get(struct arena *m, const char *text, const char *name)
{
	const char *s = text + strcspn(text, blanks);

	for (;;) {
		struct str value = { .m = m };
		size_t n;
		bool found;

		s += strspn(s, ", \t");
		n = strcspn(s, "=, \t\"");
		/* The scheme of the next challenge has no value. */
		if (!n || s[n] != '=') return NULL;
		found = n == strlen(name) && !strncasecmp(s, name, n);
		s = take_parameter(&value, s + n + 1);
		if (found) return str_text(&value);
	}
}
