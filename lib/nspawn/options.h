/* The words of a config that systemd-nspawn gets
 *
 * They are read as getopt_long(3) reads them: `--bind=X`, `--bind X`, `-DX`, and abbreviations
 * that fit one option only. The first word that is not an option ends the options. Faults are
 * listed and parsing goes on: a newer nspawn may know more options than this table.
 *
 * Source: systemd-nspawn(1) of systemd 252 to 257.
 */
#ifndef NSPAWN_OPTIONS_H
#define NSPAWN_OPTIONS_H

#include "lib/text/faults.h"
#include "lib/text/split.h"

struct nspawn_row;

/* The kind of the fault of an option that is not in the table. */
#define NSPAWN_UNKNOWN "unknown nspawn option"

/* That of one whose value is missing, or that takes none; the subject is the option. */
#define NSPAWN_VALUE "nspawn option's value"

/* One option of the words, with its value. */
struct nspawn_option {
	const struct nspawn_row *row;	/* for this folder only */
	const char *name;		/* "bind", even if abbreviated; "" for -U and -j */
	const char *shown;		/* "--bind", "-D" */
	const char *value;		/* NULL: none */
	unsigned line;			/* of the config */
	size_t word, word_count;	/* index of its first word, and how many words it has */
};

struct nspawn_options {
	struct split words;		/* all words, as nspawn gets them */
	struct nspawn_option *v;	/* the options that nspawn would accept */
	size_t n, room;
	/* The word that is not an option: it and everything after it go to the jail's init,
	 * even if they look like options. NULL: there is none. */
	const char *end;
	/* Options that are unknown, lack their value or belong to jlmkr; options without
	 * effect, because the same option follows with another value and only the last one
	 * counts (nspawn does not mention them); and a word that ends the options. */
	struct faults faults;
};

/* Fill `o`. The words are borrowed as long as `o` is used; new memory lives in `m`. */
void nspawn_options_parse(struct nspawn_options *o, struct arena *m, const struct split *words);

#endif
