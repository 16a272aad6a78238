#include "lib/text/osrel.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/shown.h"
#include "lib/base/str.h"
#include "lib/text/utf8.h"

enum { LONGEST_LINE = 4 * OSREL_MAX };

static const char **field(struct osrel *out, const char *name, size_t n)
{
	const struct {
		const char *name, **into;
	} known[] = {
		{ "ID", &out->id },
		{ "VERSION_ID", &out->version_id },
		{ "VERSION_CODENAME", &out->version_codename },
		{ "PRETTY_NAME", &out->pretty_name },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i].name) == n && !memcmp(known[i].name, name, n))
			return known[i].into;
	return NULL;
}

/* Remove quotes as a shell does; between single quotes a backslash is an ordinary character. */
static const char *unquote(struct arena *m, const char *s, size_t n)
{
	struct str out = { .m = m };
	char quote = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && quote != '\'' && i + 1 < n &&
		    (!quote || strchr("$`\"\\", s[i + 1])))
			str_addc(&out, s[++i]);
		else if (quote ? s[i] == quote : s[i] == '\'' || s[i] == '"')
			quote = quote ? 0 : s[i];
		else
			str_addc(&out, s[i]);
	}
	return str_text(&out);
}

/* Returns the value itself, or NULL if it counts as absent. */
static const char *osrel_value(const char *value)
{
	size_t left = strlen(value), n;
	uint32_t c;

	if (!left || left > OSREL_MAX) return NULL;
	for (const char *p = value; left; p += n, left -= n)
		if (!(n = utf8_next(p, left, &c)) || !shown_plain(c)) return NULL;
	return value;
}

static void read_assignment(struct arena *m, const char *s, size_t n, struct osrel *out)
{
	size_t space = utf8_space_before(s, n);
	const char *equals, **into;

	s += space;
	n -= space;
	n -= utf8_space_behind(s, n);
	if (!n || *s == '#' || n > LONGEST_LINE) return;
	if (!(equals = memchr(s, '=', n)) || memchr(s, 0, n)) return;
	if (!(into = field(out, s, (size_t)(equals - s)))) return;
	equals++;
	*into = osrel_value(unquote(m, equals, n - (size_t)(equals - s)));
}

void osrel_parse(struct arena *m, const char *text, size_t len, struct osrel *out)
{
	*out = (struct osrel){ 0 };
	while (len) {
		const char *eol = memchr(text, '\n', len);
		size_t n = eol ? (size_t)(eol - text) : len, step = n + (eol != NULL);

		read_assignment(m, text, n, out);
		text += step;
		len -= step;
	}
}
