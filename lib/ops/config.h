/* A jail's config: checked against this machine, changed, replaced
 *
 * What is wrong with a config is found by jail/conf_check.h and shown by the functions below.
 *
 * Changes are made under two locks, the jail's and that of the directory which has the file, on
 * what the file says then. The new one takes its place by a rename, synced, with its owner,
 * mode, ACL and attributes (base/attrs.h). What it said before is .config.before in the jail's
 * directory by then. A config that is a link is changed where it leads, and stays a link; other
 * hard links of it keep the old text, which is warned of. A quota= that differs is set first.
 */
#ifndef OPS_CONFIG_H
#define OPS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text/faults.h"

struct arena;
struct conf_check;
struct engine;
struct err;
struct jail;

/* Print errors and warnings, a line each, as warnings: "WHAT: line 3: ..."; without WHAT if it
 * is NULL. How all commands show them. */
void op_config_tell(const struct faults *found, const char *what);

/* Print the hints. */
void op_config_hints(const struct faults *found, const char *what);

/* Before a start: tell all of them. -1 if there are errors: the first one is the fault then,
 * with the path of the config, and is not printed. */
int op_config_heed(const struct conf_check *k, const char *what, const char *path,
                   struct err *e);

/* The config's text, to be edited: refused where it could not be replaced. The default text for
 * a jail without a config; `*is_new` tells that. */
char *op_config_read(struct arena *m, struct jail *j, bool *is_new, struct err *e);

struct config_change {
	const char *key, *value;	/* NULL: without the key */
	bool add;			/* the value is one more line of the old one */
};

/* What a change of a config means. */
struct config_changed {
	const char *before, *now;
	struct faults news;		/* what is wrong now and was not before */
};

/* All of them or none. Returns 1 when the file is another one now, else 0. `by_user`: make the
 * snapshot first that auto_snapshot=1 asks for. */
int op_config_change(struct arena *m, struct jail *j, const struct config_change *changes,
                     size_t n, bool by_user, struct config_changed *changed, struct err *e);

/* Replace the text `before`: ERR_BUSY when it is no longer what the file says. With a snapshot
 * first, as auto_snapshot= says. */
int op_config_replace(struct arena *m, struct jail *j, const char *before,
                      const char *text, struct err *e);

/* Print when the keys that differ will be read, as far as the user has to do something for it,
 * and which will not. */
void op_config_tell_use(struct engine *en, const struct jail *j, const char *before,
                        const char *now);

#endif
