/* What our readers make of a text, for config.py to compare with Python's.
 *
 * Cases come on stdin, each a line "KIND SIZE" and SIZE bytes behind it; each is
 * answered by one line of JSON: a value, or {"line": N, "why": TEXT} for a refusal
 * (line 0: the refusal names none).
 *
 *     ini     a config             {KEY: [VALUE or null, LINE], ...}
 *     split   words                [[WORD, LINE], ...]
 *     args    words with comments  the same
 *     quote   words, NUL behind    TEXT
 *     render  words, NUL behind    the default config with these as the user's
 *     set     KEY NUL VALUE NUL config   the config changed
 *     unset   KEY NUL config       the config changed
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/jail/conf.h"

static void print_text(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\' || (unsigned char)*s < 0x20)
			printf("\\u%04x", *s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void print_fault(const struct err *e)
{
	const char *at = strstr(e->text, "line ");

	printf("{\"line\": %ld, \"why\": ", at ? strtol(at + 5, NULL, 10) : 0);
	print_text(e->text);
	putchar('}');
}

static void print_entry(const struct ini_entry *entry, const char *comma)
{
	printf("%s", comma);
	print_text(entry->key);
	printf(": [");
	if (entry->value) print_text(entry->value);
	else printf("null");
	printf(", %u]", entry->line);
}

static void dump_ini(struct arena *m, const char *s, size_t n)
{
	const char *comma = "";
	struct err e = { 0 };
	struct ini ini;

	ini_parse(m, s, n, &ini);
	if (faults_fail(&ini.faults, &e) < 0) {
		print_fault(&e);
		return;
	}
	putchar('{');
	for (size_t i = 0; i < ini.n; i++) {
		if (ini_find(&ini, ini.v[i].key) != &ini.v[i]) continue;
		print_entry(&ini.v[i], comma);
		comma = ", ";
	}
	putchar('}');
}

static void dump_words(struct arena *m, const char *s, enum split_how how)
{
	struct err e = { 0 };
	struct split out;

	if (word_split(m, s, 1, how, &out, &e) < 0) {
		print_fault(&e);
		return;
	}
	putchar('[');
	for (size_t i = 0; i < out.n; i++) {
		printf(i ? ", [" : "[");
		print_text(out.v[i]);
		printf(", %u]", out.lines[i]);
	}
	putchar(']');
}

static char **read_words(struct arena *m, const char *s, size_t n)
{
	struct words words = { .m = m };

	for (size_t at = 0; at < n; at += strlen(s + at) + 1)
		words_add(&words, s + at);
	return words_list(&words);
}

static void print_result(const char *text, const struct err *e)
{
	if (text) print_text(text);
	else print_fault(e);
}

static void dump(struct arena *m, const char *kind, const char *s, size_t n)
{
	static const struct conf_override none = { 0 };
	const char *second = s + strlen(s) + 1;
	struct err e = { 0 };

	if (str_eq(kind, "ini")) dump_ini(m, s, n);
	else if (str_eq(kind, "split")) dump_words(m, s, SPLIT_PLAIN);
	else if (str_eq(kind, "args")) dump_words(m, s, SPLIT_COMMENTS);
	else if (str_eq(kind, "quote")) print_text(words_quoted(m, read_words(m, s, n)));
	else if (str_eq(kind, "render"))
		print_result(conf_render(m, NULL, &none, read_words(m, s, n), &e), &e);
	else if (str_eq(kind, "unset"))
		print_result(ini_unset(m, second, strlen(second), s, &e), &e);
	else if (str_eq(kind, "set")) {
		const char *third = second + strlen(second) + 1;

		print_result(ini_set(m, third, strlen(third), s, second, &e), &e);
	}
}

int main(void)
{
	char kind[16];
	size_t n;

	while (scanf("%15s %zu", kind, &n) == 2 && getchar() == '\n' && n < CONF_MAX) {
		AUTOFREE struct arena m = { 0 };
		char *s = arena_alloc(&m, n + 1);

		if (fread(s, 1, n, stdin) != n) return 1;
		dump(&m, kind, s, n);
		putchar('\n');
	}
	return 0;
}
