/* Growing text and growing lists of words, both in an arena
 *
 * Both are sticky builders: appending returns nothing and cannot fail. A zeroed
 * struct with its arena set is an empty one. The text always ends in a NUL that
 * `len` does not count; it may contain others.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"

struct str {
	struct arena *m;
	char *s;		/* NULL before the first append; see str_text */
	size_t len, room;
};

void str_add(struct str *b, const char *s);
void str_addn(struct str *b, const void *p, size_t n);
void str_addc(struct str *b, char c);
void str_addf(struct str *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append a text as a JSON string with its quotes. Control characters (base/shown.h) become
 * \u escapes; each byte that is not UTF-8 becomes U+FFFD. */
void str_add_json(struct str *b, const char *text);

/* The text so far, "" when empty; borrowed until the next append. */
const char *str_text(const struct str *b);

/* A list of words that ends in a NULL, as execve needs it. */
struct words {
	struct arena *m;
	char **v;		/* NULL before the first append; see words_list */
	size_t n, room;
};

void words_add(struct words *w, const char *word);	/* copies the word */
void words_addf(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void words_add_all(struct words *w, char *const *list);
bool words_have(char *const *list, const char *word);

/* The NULL-ended list, never NULL itself; borrowed until the next append. */
char **words_list(const struct words *w);

/* The words of a NULL-ended list as one text, with `between` between them. */
const char *words_join(struct arena *m, char *const *list, const char *between);

bool str_starts(const char *s, const char *start);
bool str_ends(const char *s, const char *end);
bool str_eq(const char *a, const char *b);

/* The value of a hexadecimal digit, -1 for any other character. */
int hex_value(char c);

/* How often `s` contains `c`. */
size_t str_count(const char *s, char c);

#endif
