/* What systemd-nspawn's options need and the host does not have */
#ifndef NSPAWN_MISSING_H
#define NSPAWN_MISSING_H

#include "lib/text/faults.h"

struct nspawn_options;

/* Add a fault for each source of a bind mount, interface or bridge that does not exist:
 * "--bind=/mnt/x: there is no /mnt/x". `hook` is the text of a hook that runs before the jail,
 * or NULL; names that occur in it are not checked, because the hook may create them. */
void nspawn_missing(const struct nspawn_options *o, const char *hook, struct faults *found);

#endif
