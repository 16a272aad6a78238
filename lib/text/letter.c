#include "lib/text/letter.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum { KEY_MAX = 16, NUMBER_MAX = 20, LABEL_MAX = 200, TOKEN_MAX = 8192, TEXT_SHORT = 8192,
       SAID_SHOWN = 100 };

/* -- heads -- */

void letter_head(enum letter_kind kind, size_t length, unsigned char head[LETTER_HEAD])
{
	head[0] = (unsigned char)kind;
	for (int i = 0; i < 4; i++)
		head[1 + i] = (unsigned char)(length >> (24 - 8 * i));
}

static size_t length_limit(enum letter_kind kind)
{
	switch (kind) {
	case LETTER_DATA: return LETTER_DATA_MAX;
	case LETTER_ANSWER: return LETTER_TEXT_MAX;
	case LETTER_COMMAND:
	case LETTER_FAULT: return TEXT_SHORT;
	case LETTER_END:
	case LETTER_GIVEN_UP: break;
	}
	return 0;
}

int letter_read_head(const unsigned char head[LETTER_HEAD], const char *kinds,
                     enum letter_kind *kind, size_t *length, struct err *e)
{
	size_t n = 0;

	for (int i = 0; i < 4; i++)
		n = n << 8 | head[1 + i];
	if (!head[0] || !strchr(kinds, head[0]))
		return fail(e, ERR_NETWORK, "the other side said something else than expected");
	*kind = (enum letter_kind)head[0];
	if (n > length_limit(*kind))
		return fail(e, ERR_NETWORK, "the other side says more than it may");
	*length = n;
	return 0;
}

/* -- bodies -- */

static bool is_key(const char *text, size_t n)
{
	if (!n || n > KEY_MAX) return false;
	for (size_t i = 0; i < n; i++)
		if (text[i] < 'a' || text[i] > 'z') return false;
	return true;
}

static bool is_value(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) return false;
	return true;
}

static int parse_line(struct arena *m, const char *line, size_t n, struct letter_line *out)
{
	const char *blank = memchr(line, ' ', n);
	size_t key = blank ? (size_t)(blank - line) : n;

	if (!is_key(line, key) || !is_value(line, n)) return -1;
	out->key = arena_strndup(m, line, key);
	out->value = blank ? arena_strndup(m, blank + 1, n - key - 1) : "";
	return 0;
}

int letter_parse(struct arena *m, const char *body, size_t n, struct letter *l, struct err *e)
{
	const char *end = body + n, *line = body, *newline;
	size_t lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += body[i] == '\n';
	*l = (struct letter){ .v = arena_array(m, lines + 1, sizeof *l->v) };
	while (line < end && (newline = memchr(line, '\n', (size_t)(end - line)))) {
		if (parse_line(m, line, (size_t)(newline - line), &l->v[l->n]) < 0) break;
		l->n++;
		line = newline + 1;
	}
	if (line == end && l->n) return 0;
	return fail(e, ERR_NETWORK, "the other side said something that makes no sense");
}

const char *letter_get(const struct letter *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].key, key)) return l->v[i].value;
	return NULL;
}

bool letter_is_number(const char *text, uint64_t *out)
{
	size_t n = strlen(text);

	*out = 0;
	if (!n || n > NUMBER_MAX || strspn(text, "0123456789") != n) return false;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*out > (UINT64_MAX - digit) / 10) return false;
		*out = *out * 10 + digit;
	}
	return true;
}

int letter_number(const struct letter *l, const char *key, uint64_t *out, struct err *e)
{
	const char *text = letter_get(l, key);

	if (text && letter_is_number(text, out)) return 0;
	return fail(e, ERR_NETWORK, "the other side does not say what %s is", key);
}

void letter_add(struct str *body, const char *key, const char *value)
{
	str_addf(body, "%s ", key);
	for (; *value; value++)
		str_addc(body, (unsigned char)*value < ' ' || *value == 0x7f ? ' ' : *value);
	str_addc(body, '\n');
}

void letter_add_number(struct str *body, const char *key, uint64_t value)
{
	str_addf(body, "%s %" PRIu64 "\n", key, value);
}

/* -- values -- */

bool letter_is_label(const char *text)
{
	size_t n = strlen(text);

	return n && n <= LABEL_MAX && *text != '-' && *text != ' ' &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	              ".-_: ") == n;
}

bool letter_is_token(const char *text)
{
	size_t n = strlen(text);

	return n && n <= TOKEN_MAX && *text != '-' && strspn(text, "0123456789abcdef-") == n;
}

int letter_check_hello(const char *line, const char *version, struct err *e)
{
	static const char name[] = "jlmkr-copy ";
	const char *theirs;
	AUTOFREE struct arena m = { 0 };

	if (str_eq(line, arena_printf(&m, LETTER_SPEAKS " %s", version))) return 0;
	if (!str_starts(line, name) || !(theirs = strchr(line + strlen(name), ' ')))
		return fail(e, ERR_NETWORK, "it is not jlmkr that answers, but '%.*s'",
		            SAID_SHOWN, line);
	return fail(e, ERR_HOST,
	            "the other side has jlmkr %.*s, and this is %s: both must be the same; "
	            "--send-binary brings this one for the time of the command", SAID_SHOWN,
	            theirs + 1, version);
}
