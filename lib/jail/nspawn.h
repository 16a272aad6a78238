/* The words of a config that systemd-nspawn gets
 *
 * Read as getopt_long(3) reads them: `--bind=X`, `--bind X`, `-DX`, abbreviations as
 * long as they are clear. The first word that is no option ends the options. What is
 * found wrong is a list, not a failure: a newer nspawn may know more than this table.
 *
 * Source: systemd-nspawn(1) of systemd 252 to 257.
 */
#ifndef JAIL_NSPAWN_H
#define JAIL_NSPAWN_H

#include "lib/text/faults.h"
#include "lib/text/split.h"

/* Options that are unknown, or lack their value. */
void nspawn_check(const struct split *words, struct faults *found);

/* What of the host these words need and what is not there: sources of binds, interfaces,
 * bridges. "--bind=/mnt/x: there is no /mnt/x". What stands in `hook`, a script that is run
 * before (or NULL), may be made by it and is not told. */
void nspawn_missing(const struct split *words, const char *hook, struct faults *found);

#endif
