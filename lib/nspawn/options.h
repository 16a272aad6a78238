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

#include <stdbool.h>

#include "lib/text/faults.h"
#include "lib/text/split.h"

/* Options that are unknown, lack their value or are jlmkr's own, and a word that ends them. */
void nspawn_check(const struct split *words, struct faults *found);

struct nspawn_traits {
	const char *end;	/* the word that is no option: from there on all goes to the jail's
				 * init, options too; NULL: there is none */
	bool own_network;	/* not the host's */
	bool own_users;		/* its root is nobody on the host */
	bool root_forgets;	/* what it writes to its root is gone when it ends, or cannot be written */
	bool changes_firewall;	/* may, in the network it is in: it has what Docker and the like need */
};

/* What the words make of a jail, added to what `t` says already. */
void nspawn_read(const struct split *words, struct nspawn_traits *t);

/* What of the host these words need and what is not there: sources of binds, interfaces,
 * bridges. "--bind=/mnt/x: there is no /mnt/x". What stands in `hook`, a script that is run
 * before (or NULL), may be made by it and is not told. */
void nspawn_missing(const struct split *words, const char *hook, struct faults *found);

#endif
