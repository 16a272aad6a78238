/* The templates that jlmkr brings along
 *
 * A template is a config. The comment at its top is its help: the first line says what it
 * is for. Lines "#@ NAME: WHAT IT IS [PRESET]" declare words that stand in it as @NAME@
 * and are given when a jail is made; "#@" lines are not part of the jail's config.
 */
#ifndef JAIL_TEMPLATE_H
#define JAIL_TEMPLATE_H

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
	const char *name, *about;
	const char *preset;		/* or NULL: it must be given */
};

/* The words that it wants, ended by one without a name. */
struct template_word *template_words(struct arena *m, const struct template *t);

/* Whether this may be put in the place of a word: no blanks, quotes and the like. */
int template_check_value(const char *value, struct err *e);

/* The config with the words in place. `sets`: NULL-ended NAME=VALUE, the last of a name
 * counts. ERR_USAGE when one is missing, unknown, or cannot stand in a config. */
char *template_fill(struct arena *m, const struct template *t, char *const *sets,
                    struct err *e);

#endif
