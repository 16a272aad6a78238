/* A jail's config: checked against this machine, changed, replaced
 *
 * Changes are made under two locks, the jail's and that of the directory which has the file, on
 * what the file says then. The new one takes its place by a rename, synced, with its owner, mode,
 * ACL and attributes (base/attrs.h). What it said before is .config.before in the jail's directory
 * by then. A config that is a link is changed where it leads, and stays a link; other hard links
 * of it keep the old text, which is warned of.
 */
#ifndef OPS_CONFIG_H
#define OPS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text/faults.h"

struct arena;
struct conf;
struct conf_options;
struct err;
struct jail;

/* All problems of a text, in the order of its lines: what does not load, what is unknown, what
 * systemd-run or systemd-nspawn would refuse, what this machine does not have. Returns whether a
 * start can read it. */
bool op_config_check(struct arena *m, const char *text, struct faults *found);

/* The same of one that is good for a start, whatever this machine has. */
void op_config_doubts(const struct conf *c, const struct conf_options *o, struct faults *found);

/* What of the machine the config needs for a start and does not find. `hooked`: but for what is
 * named by its pre_start_hook, or by properties of the unit, which may make it. */
void op_config_missing(struct arena *m, const struct conf *c, const struct conf_options *o,
                       bool hooked, struct faults *found);

/* Whether something of the config comes before nspawn and may make what is missing. */
bool op_config_prepares(const struct conf *c, const struct conf_options *o);

/* The config's text, to be edited: refused where it could not be replaced. */
char *op_config_read(struct arena *m, struct jail *j, struct err *e);

struct config_change {
	const char *key, *value;	/* NULL: without the key */
};

/* All of them or none. Returns 1 when the file is another one now, else 0. `news`: what is
 * wrong with it and was not before. */
int op_config_change(struct arena *m, struct jail *j, const struct config_change *changes, size_t n,
                     struct faults *news, struct err *e);

/* Replace the text `before`: ERR_BUSY when it is no longer what the file says. */
int op_config_replace(struct arena *m, struct jail *j, const char *before,
                      const char *text, struct err *e);

#endif
