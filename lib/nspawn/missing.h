/* What systemd-nspawn's options need of the host */
#ifndef NSPAWN_MISSING_H
#define NSPAWN_MISSING_H

#include "lib/text/faults.h"

struct nspawn_options;

/* What is not there: sources of binds, interfaces, bridges. "--bind=/mnt/x: there is no
 * /mnt/x". What stands in `hook`, a text that says what is run before (or NULL), may be made by
 * it and is not told. */
void nspawn_missing(const struct nspawn_options *o, const char *hook, struct faults *found);

#endif
