/* What systemd-nspawn's options need and the host does not have, and how bind mounts are
 * written */
#ifndef NSPAWN_MISSING_H
#define NSPAWN_MISSING_H

#include "lib/text/faults.h"

struct nspawn_options;

/* The kind of what is not there; the subject is the path, or the name of the interface. */
#define NSPAWN_MISSING "missing"

/* Add a fault for each source of a bind mount, interface or bridge that does not exist:
 * "--bind=/mnt/x: there is no /mnt/x". All are errors, of the kind NSPAWN_MISSING. */
void nspawn_missing(const struct nspawn_options *o, struct faults *found);

/* Add what nspawn refuses about bind mounts, whatever the machine has: paths that are not
 * absolute, and the style of other tools (SOURCE:DESTINATION:ro). Errors, with the right
 * spelling. */
void nspawn_check_binds(const struct nspawn_options *o, struct faults *found);

#endif
