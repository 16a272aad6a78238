/* Growing text and growing lists of words, both in an arena
 *
 * Both are sticky builders: appending returns nothing and cannot fail. A zeroed
 * struct with its arena set is an empty one. The text is always terminated; it
 * may hold NUL bytes, `len` tells.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"

struct str {
	struct arena *m;
	char *s;		/* NULL until something was added; see str_text */
	size_t len, room;
};

void str_add(struct str *b, const char *s);
void str_addn(struct str *b, const void *p, size_t n);
void str_addc(struct str *b, char c);
void str_addf(struct str *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A text as a string of JSON, quotes included: always ASCII where it would steer a
 * terminal, always UTF-8; U+FFFD stands for each stray byte. */
void str_add_json(struct str *b, const char *text);

/* The text so far, "" when empty; borrowed until the next append. */
const char *str_text(const struct str *b);

/* A list of words, ended by a NULL: fit for execve. */
struct words {
	struct arena *m;
	char **v;		/* NULL until something was added; see words_list */
	size_t n, room;
};

void words_add(struct words *w, const char *word);	/* copies the word */
void words_addf(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void words_add_all(struct words *w, char *const *list);
bool words_have(char *const *list, const char *word);

/* The NULL-ended list, never NULL itself; borrowed until the next append. */
char **words_list(const struct words *w);

/* The words of a NULL-ended list as one text. */
const char *words_join(struct arena *m, char *const *list, const char *between);

bool str_starts(const char *s, const char *start);
bool str_ends(const char *s, const char *end);
bool str_eq(const char *a, const char *b);

/* How often `c` stands in `s`. */
size_t str_count(const char *s, char c);

#endif
