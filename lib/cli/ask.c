#include "lib/cli/ask.h"

#include <ctype.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/nearest.h"
#include "lib/base/shown.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/text/bool.h"
#include "lib/text/utf8.h"

enum { ANSWER_MAX = 4096, SCREEN_WIDTH = 76 };

void ask_tell(const struct ask *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	dprintf(a->out, "%s\n", shown(a->m, arena_vprintf(a->m, fmt, ap)));
	va_end(ap);
}

static void put_question(const struct ask *a, const char *question, const char *preset)
{
	dprintf(a->out, "%s", shown(a->m, question));
	if (preset) dprintf(a->out, " [%s]", shown(a->m, preset));
	dprintf(a->out, " ");
}

/* Read a line, or the rest of the input. Returns 1, 0 at the end of the input, or -1. */
static int read_answer_line(const struct ask *a, struct str *line, struct err *e)
{
	for (;;) {
		ssize_t n;
		char c;

		if (wait_fd(a->in, POLLIN, NO_DEADLINE, e) < 0) return -1;
		if ((n = read(a->in, &c, 1)) < 0) return fail_sys(e, "read the answer");
		if (n == 0) return line->len > 0;
		if (c == '\n') return 1;
		if (line->len <= ANSWER_MAX) str_addc(line, c);
	}
}

static const char *trimmed(struct arena *m, const struct str *line)
{
	const char *s = str_text(line);
	size_t from = utf8_space_before(s, line->len);

	return arena_strndup(m, s + from,
	                     line->len - from - utf8_space_behind(s + from, line->len - from));
}

/* Why the answer is refused, such as the bytes of an arrow key; NULL: it is not. */
static const char *unfit(const struct str *line)
{
	const char *s = str_text(line);

	if (line->len > ANSWER_MAX) return "that is too long";
	if (!utf8_valid(s, line->len)) return "that is not plain text in UTF-8";
	for (size_t i = 0; i < line->len; i++)
		if (((unsigned char)s[i] < 0x20 && !strchr("\t\r", s[i])) || s[i] == 0x7f ||
		    !s[i])
			return "that contains control characters, such as arrow keys";
	return NULL;
}

const char *ask_line(const struct ask *a, const char *question, const char *preset,
                     struct err *e)
{
	for (;;) {
		struct str line = { .m = a->m };
		const char *why, *answer;
		int got;

		put_question(a, question, preset);
		if ((got = read_answer_line(a, &line, e)) <= 0) {
			dprintf(a->out, "\n");
			if (got == 0) fail(e, ERR_INPUT, "the input ended");
			return NULL;
		}
		why = unfit(&line);
		answer = why ? "" : trimmed(a->m, &line);
		if (!isatty(a->in)) ask_tell(a, "%s", answer);
		if (!why) return answer;
		ask_tell(a, "  %s", why);
	}
}

const char *ask_text(const struct ask *a, const char *question, const char *preset,
                     int (*check)(void *arg, const char *answer, struct err *e), void *arg,
                     struct err *e)
{
	for (;;) {
		const char *answer = ask_line(a, question, preset, e);
		struct err why = { 0 };

		if (!answer) return NULL;
		if (!*answer && preset) answer = preset;
		if (check(arg, answer, &why) == 0) return answer;
		if (check_signal(e) < 0) return NULL;
		ask_tell(a, "  %s", why.text);
	}
}

static int read_yes(const char *answer, bool preset)
{
	bool yes;

	if (!*answer) return preset;
	if (bool_read(answer, &yes)) return yes;
	return !strcasecmp(answer, "y") ? 1 : !strcasecmp(answer, "n") ? 0 : -1;
}

int ask_yes(const struct ask *a, const char *question, bool preset, struct err *e)
{
	for (;;) {
		const char *answer = ask_line(a, question, preset ? "Y/n" : "y/N", e);
		int yes;

		if (!answer) return -1;
		if ((yes = read_yes(answer, preset)) >= 0) return yes;
		ask_tell(a, "  Please answer y for yes or n for no.");
	}
}

int ask_letter(const struct ask *a, const char *question, const char *letters, struct err *e)
{
	struct str shown = { .m = a->m };

	for (const char *l = letters; *l; l++)
		str_addf(&shown, "%s%c", l > letters ? "/" : "",
		         l == letters ? toupper((unsigned char)*l) : *l);
	for (;;) {
		const char *answer = ask_line(a, question, str_text(&shown), e);

		if (!answer) return -1;
		if (!*answer) return *letters;
		if (strchr(letters, tolower((unsigned char)*answer)))
			return tolower((unsigned char)*answer);
		ask_tell(a, "  Please answer with one of the letters.");
	}
}

static const char *choice_text(struct arena *m, const struct choice *c)
{
	return shown(m, c->more ? arena_printf(m, "%s (%s)", c->name, c->more) : c->name);
}

/* Long lists are printed in columns, to fit on the screen. */
static void show_choices(const struct ask *a, const struct choice *c, size_t n)
{
	const char **texts = arena_array(a->m, n + 1, sizeof *texts);
	size_t widest = 0, per_row;
	struct str text = { .m = a->m };

	for (size_t i = 0; i < n; i++) {
		texts[i] = choice_text(a->m, &c[i]);
		if (shown_width(texts[i]) > widest) widest = shown_width(texts[i]);
	}
	per_row = n <= 8 ? 1 : SCREEN_WIDTH / (widest + 7);
	if (!per_row) per_row = 1;
	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n || (i + 1) % per_row == 0;

		str_addf(&text, " %3zu  %s", i + 1, texts[i]);
		if (last) str_addc(&text, '\n');
		else str_addf(&text, "%*s", (int)(widest - shown_width(texts[i])) + 2, "");
	}
	dprintf(a->out, "%s", str_text(&text));
}

static int find_choice(const struct choice *c, size_t n, const char *answer)
{
	unsigned long number;
	char *end;

	for (size_t i = 0; i < n; i++)
		if (!strcasecmp(c[i].name, answer)) return (int)i;
	for (size_t i = 0; i < n; i++)
		if (c[i].more && !strcasecmp(c[i].more, answer)) return (int)i;
	number = strtoul(answer, &end, 10);
	return *answer != '-' && end != answer && !*end && number && number <= n ?
	       (int)number - 1 : -1;
}

static void say_no_choice(const struct ask *a, const struct choice *c, size_t n,
                          const char *answer)
{
	struct nearest near = { .word = answer };

	for (size_t i = 0; i < n; i++)
		nearest_offer(&near, c[i].name);
	if (!*answer)
		ask_tell(a, "  Please enter a name from the list, or its number.");
	else if (near.best)
		ask_tell(a, "  '%s' is not in the list; did you mean '%s'?", answer, near.best);
	else
		ask_tell(a, "  '%s' is not in the list; enter a name or its number.", answer);
}

int ask_choice(const struct ask *a, const char *question, const struct choice *choices,
               size_t n, int preset, struct err *e)
{
	show_choices(a, choices, n);
	for (;;) {
		const char *answer = ask_line(a, question, preset < 0 ? NULL :
		                              choices[preset].name, e);
		int found;

		if (!answer) return -1;
		if (!*answer && preset >= 0) return preset;
		if ((found = find_choice(choices, n, answer)) >= 0) return found;
		say_no_choice(a, choices, n, answer);
	}
}
