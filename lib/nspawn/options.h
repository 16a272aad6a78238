/* The words of a config that systemd-nspawn gets
 *
 * Read as getopt_long(3) reads them: `--bind=X`, `--bind X`, `-DX`, abbreviations as
 * long as they are clear. The first word that is no option ends the options. What is
 * found wrong is a list, not a failure: a newer nspawn may know more than this table.
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

/* An option with the value that it is given. */
struct nspawn_option {
	const struct nspawn_row *row;	/* for this folder only */
	const char *name;		/* "bind", however it was abbreviated; "" for -U and -j */
	const char *shown;		/* "--bind", "-D" */
	const char *value;		/* NULL: none */
	unsigned line;			/* of the config */
	size_t word, word_count;	/* where among the words, and how many of them */
};

struct nspawn_options {
	struct split words;		/* all, as nspawn gets them */
	struct nspawn_option *v;	/* those that nspawn would take */
	size_t n, room;
	const char *end;		/* the word that is no option: from there on all goes to the jail's
					 * init, options too; NULL: there is none */
	struct faults faults;		/* options that are unknown, lack their value or are jlmkr's own,
					 * and a word that ends them */
};

/* The words are borrowed for as long as `o` is used; what is added lies in `m`. */
void nspawn_options_parse(struct nspawn_options *o, struct arena *m, const struct split *words);

#endif
