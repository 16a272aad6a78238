#include "lib/base/secret.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SCHEME LETTERS DIGITS "+-."

/* The length of the scheme and its "://", 0 if the text has none. */
static size_t scheme_size(const char *text)
{
	size_t n = strspn(text, SCHEME);

	return strspn(text, LETTERS) && !strncmp(text + n, "://", 3) ? n + 3 : 0;
}

bool is_url(const char *word)
{
	return scheme_size(word) || !strncasecmp(word, "http:", 5) ||
	       !strncasecmp(word, "https:", 6);
}

/* The '@' behind user and password, or NULL. A '/' in the password that was not escaped ends
 * the host too early: then the text behind the ':' is not a port, and a later '@' counts. */
static const char *secret_end(const char *text)
{
	const char *end = text + strcspn(text, "/?#");
	const char *at = memrchr(text, '@', (size_t)(end - text)), *host = at ? at + 1 : text;
	const char *colon = memchr(host, ':', (size_t)(end - host)), *later = strchr(end, '@');

	if (!later || !colon || *host == '[') return at;
	return colon + 1 + strspn(colon + 1, DIGITS) < end ? strrchr(later, '@') : at;
}

const char *url_shown(struct arena *m, const char *text)
{
	size_t scheme = scheme_size(text);
	const char *rest = text + scheme;
	const char *at = scheme ? secret_end(rest) : strrchr(rest, '@');
	struct str out = { .m = m };
	size_t n;

	str_addn(&out, text, scheme);
	if (at) {
		n = strcspn(rest, ":@");
		if (rest[n] == ':') str_addn(&out, rest, n + 1);
		str_add(&out, "***@");
		rest = at + 1;
	}
	n = strcspn(rest, "?#");
	str_addn(&out, rest, n);
	if (rest[n] == '?') str_add(&out, "?...");
	return arena_strdup(m, str_text(&out));
}

/* Where in the word the URL begins whose "://" is at `mark`. */
static size_t url_begin(const char *word, const char *mark)
{
	size_t n = (size_t)(mark - word);

	while (n && strchr(SCHEME, word[n - 1]))
		n--;
	return n;
}

static void add_shown(struct str *out, const char *word)
{
	const char *mark = strstr(word, "://");
	size_t begin = mark ? url_begin(word, mark) : strlen(word);

	str_addn(out, word, begin);
	if (mark) str_add(out, url_shown(out->m, word + begin));
}

/* Blanks separate URLs only if there are several; else they are part of a bad URL. */
const char *word_shown(struct arena *m, const char *word)
{
	struct str out = { .m = m };
	const char *mark = strstr(word, "://");
	size_t n;

	if (!mark) return is_url(word) ? url_shown(m, word) : word;
	if (!strstr(mark + 3, "://")) {
		add_shown(&out, word);
		return arena_strdup(m, str_text(&out));
	}
	for (; *word; word += n) {
		n = strspn(word, " \t\n");
		str_addn(&out, word, n);
		word += n;
		n = strcspn(word, " \t\n");
		add_shown(&out, arena_strndup(m, word, n));
	}
	return arena_strdup(m, str_text(&out));
}
