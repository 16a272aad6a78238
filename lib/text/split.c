#include "lib/text/split.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

struct splitter {
	struct arena *m;
	const char *at;
	unsigned line;
	struct str word;
	struct split *out;
	struct err *e;
};

static int fail_split(struct splitter *s, unsigned line, const char *why)
{
	s->out->fault = (struct fault){ .line = line, .kind = "quoting", .subject = "",
	                                .text = why };
	return fail(s->e, ERR_INPUT, "line %u: %s", line, why);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void push_word(struct splitter *s, unsigned line)
{
	struct split *out = s->out;

	out->v = arena_grow(s->m, out->v, out->n + 1, &out->v_room, sizeof *out->v);
	out->lines = arena_grow(s->m, out->lines, out->n, &out->lines_room, sizeof *out->lines);
	out->lines[out->n] = line;
	out->v[out->n++] = arena_strdup(s->m, str_text(&s->word));
	out->v[out->n] = NULL;
}

/* Append the next character to the word. */
static void take_char(struct splitter *s)
{
	if (*s->at == '\n') s->line++;
	str_addc(&s->word, *s->at++);
}

/* Append the character behind a backslash. Between quotes the backslash itself is kept, unless
 * `quote` or another backslash follows. */
static int take_escaped(struct splitter *s, char quote)
{
	s->at++;
	if (!*s->at) return fail_split(s, s->line, "nothing behind a backslash");
	if (quote && *s->at != quote && *s->at != '\\') str_addc(&s->word, '\\');
	take_char(s);
	return 0;
}

static int take_quoted(struct splitter *s)
{
	unsigned opened = s->line;
	char quote = *s->at++;

	while (*s->at && *s->at != quote) {
		if (*s->at != '\\' || quote != '"')
			take_char(s);
		else if (!s->at[1])
			break;
		else if (take_escaped(s, quote) < 0)
			return -1;
	}
	if (!*s->at++ || s->at[-1] != quote)
		return fail_split(s, opened, quote == '"' ? "the quote \" is not closed"
		                                          : "the quote ' is not closed");
	return 0;
}

static int take_word(struct splitter *s)
{
	unsigned begun = s->line;

	s->word.len = 0;
	str_add(&s->word, "");
	while (*s->at && !is_space(*s->at)) {
		if (*s->at == '\\') {
			if (take_escaped(s, 0) < 0) return -1;
		} else if (*s->at == '\'' || *s->at == '"') {
			if (take_quoted(s) < 0) return -1;
		} else {
			take_char(s);
		}
	}
	push_word(s, begun);
	return 0;
}

int word_split(struct arena *m, const char *text, unsigned line, enum split_how how,
               struct split *out, struct err *e)
{
	struct splitter s = { m, text, line, { .m = m }, out, e };
	bool fresh = true;		/* only blanks so far on this line */

	*out = (struct split){ .v = arena_array(m, 1, sizeof *out->v) };
	while (*s.at) {
		if (is_space(*s.at)) {
			fresh |= *s.at == '\n';
			s.line += *s.at++ == '\n';
		} else if (fresh && *s.at == '#' && how == SPLIT_COMMENTS) {
			s.at += strcspn(s.at, "\n");
		} else {
			fresh = false;
			if (take_word(&s) < 0) return -1;
		}
	}
	return 0;
}

/* Whether the word has only characters without a meaning for any shell. */
static bool is_plain_word(const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789@%+=:,./_-";

	return *word && !word[strspn(word, plain)];
}

void word_quote(struct str *out, const char *word)
{
	static const char plain_name[] = "abcdefghijklmnopqrstuvwxyz-";
	size_t name;

	if (is_plain_word(word)) {
		str_add(out, word);
		return;
	}
	/* --bind='/mnt/my media', as people write it. */
	if (*word == '-' && word[name = strspn(word, plain_name)] == '=') {
		str_addn(out, word, name + 1);
		word += name + 1;
	}
	str_addc(out, '\'');
	for (; *word; word++) {
		if (*word == '\'') str_add(out, "'\\''");
		else if (*word == '\n') str_add(out, "''\n''");
		else str_addc(out, *word);
	}
	str_addc(out, '\'');
}

char *words_quoted(struct arena *m, char *const *words)
{
	struct str out = { .m = m };

	str_add(&out, "");
	for (; *words; words++) {
		if (out.len) str_addc(&out, ' ');
		word_quote(&out, *words);
	}
	return out.s;
}

const char *word_without_variables(struct arena *m, const char *word)
{
	struct str out = { .m = m };

	for (; *word; word++) {
		if (*word == '$') str_addc(&out, '$');
		str_addc(&out, *word);
	}
	return str_text(&out);
}
