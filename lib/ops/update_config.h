/* The config of a jail whose image becomes another one */
#ifndef OPS_UPDATE_CONFIG_H
#define OPS_UPDATE_CONFIG_H

#include <stdbool.h>

struct arena;
struct err;
struct oci_image;

/* The config `text` for the image `new`. What `old` has said in it, and the user has not
 * changed, becomes what `new` says; of init_env each variable by itself. `old` may be NULL,
 * then all of it stays. Notes what stays though `new` says something else. NULL on failure. */
const char *update_config(struct arena *m, const char *text, const struct oci_image *old,
                          const struct oci_image *new, struct err *e);

/* The same of init_pid1 alone, which the root file systems show: of the old one and its command
 * that they have to be the first process, and of the new one. */
const char *update_first(struct arena *m, const char *text, bool old, bool new, struct err *e);

#endif
