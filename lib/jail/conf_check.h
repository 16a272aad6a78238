/* The one check of a config
 *
 * create, edit, config, start, restart and startup look at a config through this, so all of
 * them find the same. What is found is a list of text/faults.h:
 *
 *   errors     a start cannot read it, or it would be refused; so a start does not begin, and a
 *              restart does not stop the jail
 *   warnings   it probably does something else than its author wants
 *   hints      worth knowing once: what the Python tool did in another way
 *
 * The check looks at this machine (paths, interfaces, programs of hooks) and changes nothing. A
 * program is run only for an option that no systemd-nspawn we know has: 'systemd-nspawn
 * --help'.
 */
#ifndef JAIL_CONF_CHECK_H
#define JAIL_CONF_CHECK_H

#include <stdbool.h>

#include "lib/jail/conf.h"
#include "lib/jail/conf_options.h"

struct err;

struct conf_check {
	struct conf conf;
	struct conf_options options;
	struct faults found;	/* by line */
	bool loads;		/* a start can read it (conf_usable) */
};

void conf_check(struct arena *m, const char *text, struct conf_check *k);

/* 0 without errors; else the first one, with the path before it: ERR_HOST for what this machine
 * lacks, else ERR_INPUT. */
int conf_check_fail(const struct conf_check *k, const char *path, struct err *e);

/* ERR_INPUT unless systemd-nspawn would take it. */
int conf_check_hostname(const char *name, struct err *e);

/* What the config needs of this machine and does not find now, whatever may make it later. */
void conf_check_missing(const struct conf_check *k, struct faults *found);

/* What runs before systemd-nspawn and may make what is missing: "the pre_start_hook", "its
 * unit"; or NULL. */
const char *conf_check_maker(const struct conf_check *k);

/* Whether systemd starts the unit again after a failure, by its Restart=. */
bool conf_check_retries(const struct conf_check *k);

#endif
