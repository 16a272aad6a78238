/* The templates that jlmkr brings along
 *
 * A template is a config. The comment at its top is its help: the first line says what it
 * is for. Lines "#@ NAME KIND: WHAT IT IS [PRESET]" declare words that stand in it as @NAME@
 * and are given when a jail is made; "#@" lines are not part of the jail's config. Kinds: an
 * `interface`, an `address` with its prefix length, a `range` of two addresses, a `folder`, a
 * `switch`.
 *
 * A word with the preset "[]" may be left out. "#@ |NAME" declares an alternative to the word
 * above: exactly one of them is given. Every line that has the @NAME@ of a word without a
 * value is left out of the config.
 */
#ifndef JAIL_TEMPLATE_H
#define JAIL_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

struct template {
	const char *name;
	const char *text;
};

/* By its index, from 0; NULL behind the last. */
const struct template *template_at(size_t i);

/* ERR_USAGE, with the name that was probably meant. */
const struct template *template_find(const char *name, struct err *e);

/* Its first line. */
const char *template_brief(struct arena *m, const struct template *t);

/* The whole comment at its top, without the number signs. */
const char *template_help(struct arena *m, const struct template *t);

struct template_word {
	const char *name, *kind, *about;
	const char *preset;		/* NULL: it must be given; "": it may be left out */
	bool alternative;		/* to the word before it */
};

/* The words that it wants, ended by one without a name. */
struct template_word *template_words(struct arena *m, const struct template *t);

/* Whether this may be put in the place of the word. Whatever may has no blanks, quotes and
 * the like. */
int template_check_value(const struct template_word *w, const char *value, struct err *e);

/* ERR_USAGE when one of `sets`, NAME=VALUE and NULL-ended, is none, unknown, or not fit, or
 * when two of them are alternatives. */
int template_check_sets(struct arena *m, const struct template *t, char *const *sets,
                        struct err *e);

/* Whether one of `sets` gives the word or one of its alternatives, which follow it. */
bool template_is_given(const struct template_word *w, char *const *sets);

/* The config with the words in place, of several values the last. ERR_USAGE also when one is
 * missing. */
char *template_fill(struct arena *m, const struct template *t, char *const *sets,
                    struct err *e);

#endif
